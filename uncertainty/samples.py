"""Every input and output of every sample: in memory, or in a Zarr store that grows replicate by replicate.

A chunk of the store belongs to one replicate, so that these may be written by any number of processes at once. Whether
a replicate is whole is written last. The zarr package keeps threads: a process that has used it should not be forked.
"""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections import Counter
from contextlib import suppress
from math import prod
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .engine import Sink
from .holding import Hold
from .leftovers import young
from .memory import available, free_disk, size_words
from .model import INPUTS, OUTPUTS
from .plan import WHOLE, Plan, Values, block_size, blocks, check, evaluate, plan_of
from .study import Study

if TYPE_CHECKING:
    import xarray as xr

AXES = ("scenario", "build", "precision")
RESTED = 3600.0  # seconds without a change after which a store on a disk without locks is nobody's
LEAST_CHUNK, MOST_CHUNK = 1 << 10, 1 << 14  # samples of a chunk
CHUNK = 1 << 21  # values of a chunk of the largest array
GROUP = "zarr.json"  # the file that says that a folder is a store
PARTIAL = re.compile(r".+\.[0-9a-f]{32}\.partial")  # names that zarr gives to files that it is writing
COMPLETE = "complete"  # the array that says which replicates are whole
StrPath = str | os.PathLike[str]


def layout(plan: Plan, replicates: int) -> xr.Dataset:
    """What samples of so many replicates look like, were all at the center of their inputs; it takes no memory.

    Integers are what counts is, so that its quantiles are attainable.
    """
    import xarray as xr

    study, varying = plan.study, {*plan.varying, *(name for name, slab in plan.slabs.items() if slab.drawn)}
    variables = {}
    for name, values in ({name: slab.constant for name, slab in plan.slabs.items()} | plan.central).items():
        dims = tuple(axis for axis, length in zip(AXES, values.shape, strict=False) if length > 1)
        center = values.squeeze().astype("<i8" if name in WHOLE else "<f8")
        if name in varying:
            dims = ("replicate", "sample", *dims)
            center = np.broadcast_to(center, (replicates, study.sampling.samples, *center.shape))
        spec = INPUTS.get(name) or OUTPUTS.get(name)
        variables[name] = (dims, center, {"units": spec.unit, "long_name": spec.meaning} if spec else {})
    keys = ([*study.scenarios], [build.key for build in study.builds], [*study.precisions])
    return xr.Dataset(variables, dict(zip(AXES, keys, strict=True)))


def disk_bytes(plan: Plan, replicates: int) -> int:
    """Bytes of so many replicates; on disk, where they are compressed, somewhat more than half of it."""
    return sum(variable.nbytes for variable in layout(plan, replicates).data_vars.values())


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
    ValueError
        for a study that is swept: it has samples at each point, `study.at(...)`.
    """
    if study.sweep:
        raise ValueError(f"{study.name} is swept; wanted one of its points: study.at(...)")
    plan, sampling = plan_of(study), study.sampling
    size, limit = disk_bytes(plan, sampling.replicates), available(unknown=8 << 30) / 2
    if size > limit:
        raise MemoryError(f"all samples would take {size_words(size)}, half of the memory that is available is "
                          f"{size_words(limit)}: ask for fewer with study.with_sampling(samples=..., replicates=...), "
                          "or write them to disk with uncertainty run --keep-samples")
    found = layout(plan, sampling.replicates)
    arrays = {str(name): np.empty((sampling.replicates, *v.shape[2:], sampling.samples), v.dtype)
              for name, v in found.data_vars.items() if "sample" in v.dims}
    for replicate in range(sampling.replicates):
        for start, inputs, _ in blocks(plan, replicate):
            outputs = evaluate(plan, inputs)
            check(plan, outputs, replicate)
            for name, array in arrays.items():
                values = (inputs | outputs)[name]
                array[replicate, ..., start : start + values.shape[-1]] = values.reshape(*array.shape[1:-1], -1)
    return found.assign({name: found[name].copy(data=np.moveaxis(array, -1, 1)) for name, array in arrays.items()})


# --- on disk -------------------------------------------------------------------------------------------------


def _zarr() -> ModuleType:
    try:
        import zarr
    except ImportError:
        raise ModuleNotFoundError("to keep samples, zarr is needed: pip install 'uncertainty[zarr]'") from None
    return zarr


def create(path: StrPath, plan: Plan, replicates: int, key: str, replace: bool = False) -> Hold:
    """Make a store for so many replicates, or make ready one of the same key: it may grow, and never shrinks.

    The key is a hash of all that determines a replicate. A store that is damaged or of another key gives way where
    it is to be replaced; not as long as another run keeps what it was given here.

    Raises
    ------
    FileExistsError, OSError, ModuleNotFoundError
        where something else is there, the disk has too little room, or the zarr extra is not installed.
    """
    path = Path(path)
    if not path.is_dir():
        _check_room(path, plan, replicates, key, replace)
        path.mkdir(parents=True, exist_ok=True)
    hold = Hold(path)
    try:
        _make_ready(path, hold, plan, replicates, key, replace)
    except BaseException:
        hold.release()
        raise
    return hold


def _make_ready(path: Path, hold: Hold, plan: Plan, replicates: int, key: str, replace: bool) -> None:
    if hold.alone:
        for left in path.rglob("*.partial"):  # by writers that were killed
            if PARTIAL.fullmatch(left.name) and (hold.known or not young(left)):
                left.unlink(missing_ok=True)
    other = _check_room(path, plan, replicates, key, replace)
    if other and not hold.known and any(young(each, RESTED) for each in path.rglob("*") if each.is_file()):
        raise FileExistsError(f"{path} holds other samples, has changed within the last hour, and its disk has no "
                              "locks to tell whether another run writes it: wait, remove it, or name another place")
    if other and hold.alone:
        _clear(path)
    if hold.alone or not other:
        _make(path, plan, replicates, key)
    hold.share()  # between the two another run may have it alone
    if _zarr().open_group(path, mode="r", zarr_format=3, use_consolidated=False).attrs.get("key") != key:
        raise FileExistsError(f"{path} is being written by another run, of other samples: wait for it, or name another "
                              "place")


def _clear(path: Path) -> None:
    """Remove what is in a store, last the file by which it is known for one."""
    for each in sorted(path.iterdir(), key=lambda each: each.name == GROUP):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _is_other(path: Path, key: str) -> bool:
    """Whether something else is there than a store of that key, whole but for its samples."""
    there = path.exists() and not all(PARTIAL.fullmatch(each.name) for each in path.iterdir())
    return there and _arrays(path, key, consolidated=False) is None


def more_bytes(path: Path, plan: Plan, replicates: int, key: str) -> int:
    """Bytes of disk that a store takes beyond what it has; less what another one leaves that gives way to it."""
    other = _is_other(path, key)
    left = sum(each.lstat().st_size for each in path.rglob("*") if not each.is_dir()) if other else 0
    return max(0, disk_bytes(plan, len(set(range(replicates)) - complete(path, key))) - left)


def _check_room(path: Path, plan: Plan, replicates: int, key: str, replace: bool) -> bool:
    """Refuse what is no store, and samples for which there is no room; gives whether another store is to give way."""
    _zarr()
    other = _is_other(path, key)
    if other and not (replace and (path / GROUP).exists()):
        raise FileExistsError(f"{path} holds something else than samples of this very study, made by these versions: "
                              "remove it, or name another place")
    size, free = more_bytes(path, plan, replicates, key), free_disk(path)
    if size > free:
        raise OSError(f"the samples in {path} would take up to {size_words(size)} more, and the disk has "
                      f"{size_words(free)} left: ask for fewer samples or replicates, or name another place")
    return other


def _make(path: Path, plan: Plan, replicates: int, key: str) -> None:
    """Write all of a store but its samples, where it is not there."""
    zarr, study, samples = _zarr(), plan.study, plan.study.sampling.samples
    attrs = {"title": study.title, "study": study.name, "seed": str(study.sampling.seed), "key": key,
             "method": study.sampling.method, "samples_per_replicate": samples, "coordinates": COMPLETE}
    with suppress(zarr.errors.ContainsGroupError):
        zarr.create_group(path, zarr_format=3, attributes=attrs)
    group = zarr.open_group(path, mode="r+", zarr_format=3, use_consolidated=False)
    if group.attrs.asdict() != attrs:  # of another title
        group.attrs.put(attrs)

    def made(name: Any, like: NDArray[Any], dims: tuple[Any, ...], **settings: Any) -> Any:
        with suppress(zarr.errors.ContainsArrayError):
            group.create_array(name, shape=like.shape, dtype=like.dtype, dimension_names=dims, **settings,
                               chunk_key_encoding={"name": "default", "separator": "."})
        array = group[name]
        if array.shape < like.shape:
            array.resize(like.shape)
        return array

    about = {"long_name": "all samples are there"}
    replicates = made(COMPLETE, np.zeros(replicates, bool), ("replicate",), chunks=(1,), attributes=about).shape[0]
    blosc = zarr.codecs.BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=8)
    for name, v in layout(plan, replicates).variables.items():
        if "sample" in v.dims:
            last = zarr.codecs.TransposeCodec(order=(0, *range(2, v.ndim), 1))  # samples, which compresses them better
            made(name, v.data, v.dims, chunks=(1, _chunk_samples(plan), *v.shape[2:]), filters=last, compressors=blosc,
                 fill_value=-1 if name in WHOLE else np.nan, attributes=v.attrs)
        else:
            values = v.values.astype(np.dtypes.StringDType()) if name in AXES else v.values
            made(name, values, v.dims, attributes=v.attrs)[...] = values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)  # that other programs may not know of this
        zarr.consolidate_metadata(path, zarr_format=3)


def _chunk_samples(plan: Plan) -> int:
    """Samples of a chunk, a power of two."""
    cells = max(values.size for values in plan.central.values())
    fitting = 1 << max(CHUNK // cells, 1).bit_length() - 1
    return min(plan.study.sampling.samples, max(LEAST_CHUNK, min(MOST_CHUNK, fitting)))


def _gathered(plan: Plan) -> dict[str, NDArray[Any]]:
    """What a writer gathers of each array before it writes: a chunk or a block, whichever is longer."""
    size = max(_chunk_samples(plan), block_size(plan))
    return {str(n): np.empty((*v.shape[2:], size), v.dtype) for n, v in layout(plan, 1).items() if "sample" in v.dims}


def writer_bytes(plan: Plan) -> int:
    """Bytes of memory that a writer takes."""
    return sum(array.nbytes for array in _gathered(plan).values())


def writer(path: StrPath, plan: Plan) -> Sink:
    """What takes the blocks of a replicate, one after the other, into a store that has been made."""
    zarr, gathered, count = _zarr(), _gathered(plan), block_size(plan)
    group = zarr.open_group(path, mode="r+", zarr_format=3)
    always = {"write_empty_chunks": True}  # so that a chunk that is not there was never written
    arrays = {n: zarr.Array(zarr.AsyncArray(group[n].metadata, group[n].store_path, always)) for n in gathered}

    def take(replicate: int, start: int, values: Values) -> None:
        end = start + count
        for name, some in gathered.items():
            *cells, size = some.shape
            some[..., start % size :][..., :count] = values[name].reshape(*cells, count)
            if end % size == 0:
                arrays[name][replicate : replicate + 1, end - size : end] = np.moveaxis(some, -1, 0)[np.newaxis]
        if end == plan.study.sampling.samples:
            group[COMPLETE][replicate] = True

    return take


def complete(path: StrPath, key: str) -> set[int]:
    """The replicates that are whole in a store of that key; none where there is no such store."""
    whole = []
    for name, array in (_arrays(Path(path), key, consolidated=True) or {}).items():
        if "replicate" in (array.metadata.dimension_names or ()):
            files = [file.name.split(".") for file in Path(path, name).glob("c.*") if file.suffix != ".partial"]
            chunks = Counter(int(replicate) for _, replicate, *_ in files)
            whole.append({r for r, count in chunks.items() if count == prod(array.cdata_shape[1:])})
    return set.intersection(*whole) if whole else set()


def _arrays(path: Path, key: str, consolidated: bool) -> dict[str, Any] | None:
    """The arrays of a store of that key, all as one file has them or each its own; None where that is damaged."""
    try:
        group = _zarr().open_group(path, mode="r", zarr_format=3, use_consolidated=consolidated)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", _zarr().errors.ZarrUserWarning)  # of what another run is writing
            return dict(group.arrays()) if group.attrs.get("key") == key else None
    except (OSError, AttributeError, LookupError, TypeError, ValueError):
        return None
