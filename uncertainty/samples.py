"""Every input and output of every sample: in memory, or in a Zarr store that grows replicate by replicate.

A chunk of the store belongs to one replicate, so that these may be written by any number of processes at once. Whether
a replicate is whole is written last.
"""

from __future__ import annotations

import os
import re
import shutil
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import zarr3
from .engine import Sink
from .model import INPUTS, OUTPUTS
from .plan import MOST_COUNT, WHOLE, Plan, Values, block_size, blocks, evaluate, plan_of, refuse
from .study import Study

if TYPE_CHECKING:
    import xarray as xr

AXES = ("scenario", "build", "precision")
LEAST_CHUNK, MOST_CHUNK = 1 << 10, 1 << 14  # samples of a chunk
CHUNK = 1 << 21  # values of a chunk of the largest array
COMPLETE = "complete"  # the array that says which replicates are whole
StrPath = str | os.PathLike[str]


class Column(NamedTuple):
    """A variable: whether it differs between samples, and where else it varies."""

    varying: bool
    dims: tuple[str, ...]
    lengths: tuple[int, ...]
    dtype: str
    attrs: dict[str, str]
    constant: NDArray[Any]  # its value, where it does not differ between samples


def columns(plan: Plan) -> dict[str, Column]:
    """All inputs and outputs, by name."""
    inputs = {name: _column(name, bool(slab.drawn), slab.constant) for name, slab in plan.slabs.items()}
    return inputs | {name: _column(name, name in plan.varying, values) for name, values in plan.central.items()}


def _column(name: str, varying: bool, values: NDArray[np.float64]) -> Column:
    spec = INPUTS.get(name) or OUTPUTS.get(name)
    dtype = "<i8" if name in WHOLE else "<f8"  # integers, so that their quantiles are attainable
    kept = [(axis, n) for axis, n in zip(AXES, values.shape, strict=False) if n > 1]
    dims, lengths = tuple(axis for axis, _ in kept), tuple(n for _, n in kept)
    return Column(varying, dims, lengths, dtype, {"units": spec.unit, "long_name": spec.meaning} if spec else {},
                  values.reshape(lengths).astype(dtype))


def disk_bytes(plan: Plan, replicates: int) -> int:
    """Bytes of so many replicates; on disk, where they are compressed, somewhat more than half of it."""
    samples = replicates * plan.study.sampling.samples
    return sum(8 * prod(c.lengths) * (samples if c.varying else 1) for c in columns(plan).values())


# --- in memory -------------------------------------------------------------------------------------------------


def sample(study: Study) -> xr.Dataset:
    """Every input and output of every sample of a study.

    Returns
    -------
    Dataset
        over (replicate, sample) and, where they vary along them, (scenario, build, precision). Units and meanings
        are attributes. Inputs and outputs that nothing makes uncertain have no sample dimension.

    Raises
    ------
    MemoryError
        where they would take more than half of the memory that is available, before anything is drawn.
    """
    import xarray as xr

    plan = plan_of(study)
    _refuse_too_large(plan)
    found, sampling = columns(plan), study.sampling
    arrays = {name: np.empty((sampling.replicates, *c.lengths, sampling.samples), c.dtype)
              for name, c in found.items() if c.varying}
    for replicate in range(sampling.replicates):
        for start, inputs in blocks(plan, replicate):
            outputs = evaluate(plan, inputs)
            _check(plan, outputs, replicate)
            for name, array in arrays.items():
                values = (inputs | outputs)[name]
                array[replicate, ..., start : start + values.shape[-1]] = values.reshape(*found[name].lengths, -1)
    variables = {name: (_dims(c), np.moveaxis(arrays[name], -1, 1) if c.varying else c.constant, c.attrs)
                 for name, c in found.items()}
    return xr.Dataset(variables, _coordinates(study))


def _check(plan: Plan, outputs: Values, replicate: int) -> None:
    """Refuse what is not finite; sums tell sooner than values that something is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(np.concatenate([values.sum(axis=-1).ravel() for values in outputs.values()]))
    if not (finite | plan.declared).all() or any(outputs[n].max() > MOST_COUNT for n in WHOLE if n in outputs):
        refuse(plan, outputs, replicate)


def _dims(column: Column) -> tuple[str, ...]:
    return ("replicate", "sample", *column.dims) if column.varying else column.dims


def _coordinates(study: Study) -> dict[str, list[str]]:
    return dict(zip(AXES, ([*study.scenarios], [b.key for b in study.builds], [*study.precisions]), strict=True))


def _refuse_too_large(plan: Plan) -> None:
    size, limit = disk_bytes(plan, plan.study.sampling.replicates), _available() // 2
    if size > limit:
        raise MemoryError(f"all samples would take {_gb(size)}, half of the memory that is available is {_gb(limit)}: "
                          "ask for fewer with study.with_sampling(samples=..., replicates=...), or write them to disk "
                          "with uncertainty run --keep-samples")


def _available() -> int:
    """Bytes of memory that can be had as far as the system tells: on Linux now, elsewhere at most."""
    try:
        found = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
        return int(found[1]) << 10 if found else 8 << 30
    except OSError:
        names = getattr(os, "sysconf_names", {})
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_PHYS_PAGES" in names else 8 << 30


def _gb(size: int) -> str:
    return f"{size / 1e9:.3g} GB"


# --- on disk -------------------------------------------------------------------------------------------------


def create(path: StrPath, plan: Plan, replicates: int, key: str, replace: bool = False) -> None:
    """Make a store for so many replicates, or make ready one of the same key: it may grow, and never shrinks.

    Parameters
    ----------
    key
        a hash of all that determines a replicate.
    replace
        whether a store of another key gives way.

    Raises
    ------
    FileExistsError
        where something else is there.
    OSError
        where the disk has too little room.
    ModuleNotFoundError
        where the zarr extra is not installed.
    """
    path = Path(path)
    zarr3.compressor()
    other = path.exists() and _key(path) != key and any(path.iterdir())
    if other and not (replace and (path / zarr3.ABOUT).exists()):
        raise FileExistsError(f"{path} holds something else than samples of this very study, made by these versions: "
                              "remove it, or name another place")
    replicates = max(replicates, 0 if other else _replicates(_arrays(path)))
    room = sum(file.lstat().st_size for file in path.rglob("*")) if other else 0
    _refuse_without_room(path, disk_bytes(plan, replicates - len(complete(path, key))) - room)
    if other:
        shutil.rmtree(path)
    for left in path.glob("*/.*.partial"):
        left.unlink(missing_ok=True)
    _describe(path, plan, replicates, key)


def _refuse_without_room(path: Path, size: int) -> None:
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if size > free:
        raise OSError(f"the samples in {path} would take up to {_gb(size)}, and the disk has {_gb(free)} left: ask for "
                      "fewer samples or replicates, or name another place")


def _describe(path: Path, plan: Plan, replicates: int, key: str) -> None:
    """Write all of a store but its samples."""
    study, samples = plan.study, plan.study.sampling.samples
    attrs = {"title": study.title, "study": study.name, "seed": str(study.sampling.seed), "key": key,
             "method": study.sampling.method, "samples_per_replicate": samples, "coordinates": COMPLETE}
    zarr3.group(path, attrs, _arrays(path))  # first, so that what is killed here is known as a store
    arrays = {axis: zarr3.texts(path / axis, axis, labels) for axis, labels in _coordinates(study).items()}
    for name, c in columns(plan).items():
        if not c.varying:
            arrays[name] = zarr3.small(path / name, c.constant, c.dims, c.attrs)
            continue
        shape, chunk = (replicates, samples, *c.lengths), (1, _chunk_samples(plan), *c.lengths)
        arrays[name] = zarr3.array(path / name, c.dtype, _dims(c), shape, chunk, c.attrs)
    arrays[COMPLETE] = zarr3.array(path / COMPLETE, "|b1", ["replicate"], [replicates], [1],
                                   {"long_name": "all samples are there"})
    zarr3.group(path, attrs, arrays)


def _chunk_samples(plan: Plan) -> int:
    """Samples of a chunk, a power of two."""
    cells = max(values.size for values in plan.central.values())
    fitting = 1 << max(CHUNK // cells, 1).bit_length() - 1
    return min(plan.study.sampling.samples, max(LEAST_CHUNK, min(MOST_CHUNK, fitting)))


def writer_bytes(plan: Plan) -> int:
    """Bytes of memory that a writer takes: a chunk of every array."""
    return 8 * _chunk_samples(plan) * sum(prod(c.lengths) for c in columns(plan).values() if c.varying)


def writer(path: StrPath, plan: Plan) -> Sink:
    """What takes the blocks of a replicate, one after the other, into a store that has been made."""
    path, size, count = Path(path), _chunk_samples(plan), block_size(plan)
    step, samples, compress = min(size, count), plan.study.sampling.samples, zarr3.compressor()
    varying = {name: c for name, c in columns(plan).items() if c.varying}
    chunks = {name: np.empty((*c.lengths, size), c.dtype) for name, c in varying.items()}

    def take(replicate: int, start: int, values: Values) -> None:
        for at in range(start, start + count, step):
            for name, chunk in chunks.items():
                block = values[name].reshape(*chunk.shape[:-1], count)
                chunk[..., at % size : at % size + step] = block[..., at - start : at - start + step]
                if (at + step) % size == 0:
                    others = [0] * (chunk.ndim - 1)
                    zarr3.write(path / name / zarr3.chunk_name(replicate, at // size, *others), compress(chunk))
        if start + count == samples:
            zarr3.write(path / COMPLETE / zarr3.chunk_name(replicate), compress(np.ones(1, bool)))

    return take


def complete(path: StrPath, key: str) -> set[int]:
    """The replicates that are whole in a store of that key; none where there is no such store."""
    path = Path(path)
    arrays = _arrays(path) if _key(path) == key else {}
    sampled = [(path / name, about) for name, about in arrays.items() if "sample" in about["dimension_names"]]

    def whole(replicate: int) -> bool:
        marked = (path / COMPLETE / zarr3.chunk_name(replicate)).is_file()
        return marked and all(_whole(folder, about, replicate) for folder, about in sampled)

    return {replicate for replicate in range(_replicates(arrays)) if whole(replicate)}


def _whole(folder: Path, about: dict[str, Any], replicate: int) -> bool:
    """Whether all chunks of a replicate are there."""
    _, samples, *others = about["shape"]
    count = samples // about["chunk_grid"]["configuration"]["chunk_shape"][1]
    return all((folder / zarr3.chunk_name(replicate, k, *[0] * len(others))).is_file() for k in range(count))


def _key(path: Path) -> Any:
    return zarr3.about(path).get("attributes", {}).get("key")


def _arrays(path: Path) -> dict[str, Any]:
    """How the arrays of a store are described."""
    return zarr3.about(path).get("consolidated_metadata", {}).get("metadata", {})


def _replicates(arrays: dict[str, Any]) -> int:
    """Replicates that a store has room for."""
    return arrays[COMPLETE]["shape"][0] if COMPLETE in arrays else 0
