"""As much of Zarr's format 3 as samples need: arrays of numbers in Blosc chunks, small arrays in one raw chunk.

Chunks are written here and not by the zarr package, which takes half as long again over one, and starts threads that no
process should be forked with. A chunk is a file, which appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ABOUT = "zarr.json"
TYPES = {"<f8": ("float64", "NaN"), "<i8": ("int64", -1), "|b1": ("bool", False)}  # and what is not yet there reads as
Attrs = dict[str, Any]


def compressor() -> Callable[[NDArray[Any]], bytes]:
    """What makes a chunk of an array.

    Raises
    ------
    ModuleNotFoundError
        where it is not installed.
    """
    try:
        from numcodecs import blosc  # type: ignore[import-untyped]
    except ImportError:
        raise ModuleNotFoundError("to keep samples, zarr is needed: pip install 'uncertainty[zarr]'") from None
    blosc.use_threads = False  # as the zarr package does: whoever wants more processors starts more processes
    return partial(blosc.compress, cname=b"lz4", clevel=5, shuffle=blosc.SHUFFLE)


def group(folder: Path, attrs: Attrs, arrays: Mapping[str, Attrs]) -> None:
    """Make a group, which describes its arrays too: xarray warns where it does not."""
    folder.mkdir(parents=True, exist_ok=True)
    inside = {"kind": "inline", "must_understand": False, "metadata": arrays}
    _describe(folder, {"zarr_format": 3, "node_type": "group", "attributes": attrs, "consolidated_metadata": inside})


def array(folder: Path, dtype: str, dims: Sequence[str], shape: Sequence[int], chunk: Sequence[int],
          attrs: Attrs) -> Attrs:
    """Make an array of numbers, or change its shape; its description, as all of these.

    Where there are more dimensions than two, the second comes last in a chunk: so its numbers lie side by side, which
    compresses them twice as fast and better.
    """
    order = [0, *range(2, len(shape)), 1]
    codecs = [_codec("transpose", order=order)] if len(shape) > 2 else []
    codecs += [_codec("bytes", endian="little"), _codec("blosc", typesize=np.dtype(dtype).itemsize, blocksize=0,
                                                        cname="lz4", clevel=5, shuffle="shuffle")]
    return _array(folder, *TYPES[dtype], dims, shape, chunk, codecs, attrs)


def small(folder: Path, values: NDArray[Any], dims: Sequence[str], attrs: Attrs) -> Attrs:
    """Write an array of numbers as one chunk."""
    dtype = values.dtype.newbyteorder("<").str
    made = _array(folder, *TYPES[dtype], dims, values.shape, values.shape, [_codec("bytes", endian="little")], attrs)
    write(folder / chunk_name(*[0] * values.ndim), values.astype(dtype).tobytes())
    return made


def texts(folder: Path, dim: str, values: Sequence[str]) -> Attrs:
    """Write texts along a dimension."""
    made = _array(folder, "string", "", [dim], [len(values)], [len(values)], [_codec("vlen-utf8")], {})
    encoded = [text.encode() for text in values]
    write(folder / chunk_name(0), b"".join([struct.pack("<I", len(encoded)),
                                            *(struct.pack("<I", len(text)) + text for text in encoded)]))
    return made


def chunk_name(*numbers: int) -> str:
    """The name of a chunk's file, by its number along each dimension."""
    return ".".join(["c", *map(str, numbers)])


def write(file: Path, content: bytes) -> None:
    """Write a file, whole or not at all; whoever writes the same at once does no harm."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}.partial")
    scratch.write_bytes(content)
    scratch.replace(file)


def about(folder: Path) -> Attrs:
    """How a group is described; not at all where that is damaged or there is none."""
    try:
        found = json.loads((folder / ABOUT).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _describe(folder: Path, about: Attrs) -> None:
    write(folder / ABOUT, json.dumps(about, indent=1).encode())


def _array(folder: Path, data_type: str, fill: Any, dims: Sequence[str], shape: Sequence[int], chunk: Sequence[int],
           codecs: list[Attrs], attrs: Attrs) -> Attrs:
    about = {"zarr_format": 3, "node_type": "array", "shape": [*shape], "data_type": data_type, "fill_value": fill,
             "chunk_grid": _codec("regular", chunk_shape=[*chunk]), "codecs": codecs, "dimension_names": [*dims],
             "chunk_key_encoding": _codec("default", separator="."), "attributes": attrs}
    folder.mkdir(exist_ok=True)
    _describe(folder, about)
    return about


def _codec(name: str, **configuration: Any) -> Attrs:
    return {"name": name, "configuration": configuration}
