"""What the replicates of a study have in common, and the values of a block of samples: points -> inputs -> outputs.

Arrays have the axes (scenario, build, precision, sample), of length one where nothing varies along them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import model
from .analysis import histogram, ranking
from .analysis.histogram import Grid
from .asked import NOTHING, Asked, asked
from .copula import Copula, copula, correlate, scores_correlation
from .design import Points, Sampling, Stream, points, unit
from .distributions import Marginal
from .inverse import QuantileFunction, quantile_function
from .model import OUTPUTS
from .resolve import Entry, Place
from .study import Study
from .truths import Cell, Ground, Slab, costs

Floats = NDArray[np.float64]
Values = dict[str, Floats]
CACHE = 1 << 19  # values of an array of one block: what the processor's cache holds of several
LEAST_BLOCK, MOST_BLOCK = 1024, 1 << 15  # samples of a block
PILOT = 1024  # samples that say what range the bins have
MOST_COUNT = 2.0**53  # beyond which floats skip whole numbers
WHOLE = tuple(name for name, spec in OUTPUTS.items() if spec.whole)


class ModelError(ValueError):
    """Outputs that are not finite, with the inputs that made them."""


class Columns(NamedTuple):
    """The cells of an output that are put into bins, and their rows among all bins."""

    cells: NDArray[np.intp]
    rows: slice


class Plan(NamedTuple):
    """What the replicates of a study have in common."""

    study: Study
    streams: list[Stream]
    draws: tuple[tuple[int, QuantileFunction], ...]  # row of the points, and what to make of it
    marginals: tuple[Marginal, ...]  # of each draw
    places: tuple[tuple[tuple[str, Cell], ...], ...]  # of each draw, the inputs' cells that it fills
    slabs: dict[str, Slab]
    copula: Copula
    rows: tuple[int, ...]  # of the copula's streams among the points
    central: Values
    ground: Ground
    orders: tuple[ranking.Order, ...]  # at the central values, one a criterion
    asked: Asked  # of every sample
    varying: tuple[str, ...]  # outputs that differ between samples
    declared: NDArray[np.bool_]  # all cells of all outputs, one after the other: whether missing by declaration
    grid: Grid
    columns: dict[str, Columns]


def prepare(study: Study) -> Plan:
    """Resolve a study into what every replicate needs."""
    streams = study.streams()
    row = {s.name: i for i, s in enumerate(streams)}
    grids = {name: _grid(study, places) for name, places in study.entries.items()}
    uncertain = dict.fromkeys((e.stream, e.quantity.value) for grid in grids.values() for e in grid.flat
                              if e.quantity.uncertain)
    order = {key: i for i, key in enumerate(uncertain)}
    draws = tuple((row[stream], quantile_function(marginal)) for stream, marginal in order)
    slabs = {name: _slab(grid, order) for name, grid in grids.items()}
    slabs["sparse"] = Slab(np.array([p == "headline" for p in study.precisions], float).reshape(1, 1, -1, 1), ())
    names = [s.name for s in streams if any(s.name in pair for pair in study.correlation)]
    missing = np.vectorize(lambda e: e.quantity.value is None, otypes=[bool])(grids["peak"]).any(0, keepdims=True)
    missing = np.broadcast_to(missing, (1, len(study.builds), len(study.precisions)))
    places = tuple(tuple((name, cell) for name, slab in slabs.items() for cell, number in slab.drawn if number == i)
                   for i in range(len(draws)))
    ground = Ground(study.scenarios, tuple(b.key for b in study.builds), study.precisions, missing)
    plan = Plan(study, streams, draws, tuple(m for _, m in order), places, slabs, copula(names, study.correlation),
                tuple(row[n] for n in names), {}, ground, (), NOTHING, (), np.empty(0, bool),
                histogram.grid(np.empty((0, 1)), 4), {})
    plan = _with_center(plan, {name: _centers(grid)[..., None] for name, grid in grids.items()})
    drawn = [(row, marginal) for (row, _), marginal in zip(draws, plan.marginals, strict=True)]
    return _with_bins(plan._replace(asked=asked(study, plan.ground, plan.central, plan.orders, slabs, drawn,
                                                scores_correlation(len(streams), plan.rows, plan.copula.factor))))


def _with_center(plan: Plan, centers: Values) -> Plan:
    centers["sparse"] = plan.slabs["sparse"].constant
    plan = plan._replace(central=evaluate(plan, centers))
    insist(plan, plan.central, centers, plan.central)
    return plan._replace(orders=tuple(
        ranking.order(costs(plan.ground, c, plan.central)) for c in plan.study.criteria))


def _with_bins(plan: Plan) -> Plan:
    """Bins that span a pilot sample, and which cells of which outputs they are for."""
    sampling = plan.study.sampling._replace(samples=PILOT)
    outputs = evaluate(plan, leading(plan, sampling, 0, PILOT).inputs)
    varying = tuple(name for name, values in outputs.items() if values.shape[-1] > 1)
    columns, pilots, row = {}, [], 0
    for name in varying:
        if name not in WHOLE:
            cells = np.flatnonzero(~_declared(plan, name, outputs[name].shape[:3]))
            columns[name] = Columns(cells, slice(row, row + len(cells)))
            pilots.append(outputs[name].reshape(-1, PILOT)[cells])
            row += len(cells)
    pilot = np.concatenate(pilots) if pilots else np.empty((0, PILOT))
    bins = histogram.bins_for(row, plan.study.sampling.samples)
    declared = np.concatenate([_declared(plan, n, v.shape[:3]).ravel() for n, v in outputs.items()])
    return plan._replace(varying=varying, declared=declared, grid=histogram.grid(pilot, bins), columns=columns)


def _declared(plan: Plan, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Cells of an output that are missing by declaration."""
    return np.broadcast_to(plan.ground.missing if OUTPUTS[name].typed else False, shape)


def _grid(study: Study, places: Mapping[Place, Entry]) -> NDArray[Any]:
    """Entries as an array (scenario, build, precision), of length one where they do not vary."""
    keys = (study.scenarios, [b.key for b in study.builds], study.precisions)
    axes = [[k for k in axis if any(place[d] == k for place in places)] or [""] for d, axis in enumerate(keys)]
    grid = np.empty([len(axis) for axis in axes], object)
    for cell, place in zip(np.ndindex(*grid.shape), product(*axes), strict=True):
        grid[cell] = places[Place(*place)]
    for axis in range(grid.ndim):
        slices = [[_identity(e) for e in part.flat] for part in np.split(grid, grid.shape[axis], axis)]
        if all(part == slices[0] for part in slices):
            grid = grid.take([0], axis)
    return grid


def _identity(entry: Entry) -> Any:
    return (entry.stream if entry.quantity.uncertain else "", entry.quantity.value)


def _centers(grid: NDArray[Any]) -> Floats:
    return np.vectorize(lambda entry: entry.quantity.center, otypes=[float])(grid)


def _slab(grid: NDArray[Any], order: Mapping[tuple[str, Any], int]) -> Slab:
    drawn = tuple((cell, order[e.stream, e.quantity.value]) for cell, e in np.ndenumerate(grid) if e.quantity.uncertain)
    return Slab(_centers(grid)[..., None], drawn)


PLANS = 4  # kept in a process, for batches in which studies alternate
_plans: dict[tuple[str, ...], Plan] = {}
_lock = threading.Lock()


def plan_of(study: Study) -> Plan:
    """The plan of a study, made once in a process."""
    key = study.name, study.digest, study.fingerprint
    with _lock:
        plan = _plans.pop(key, None) or prepare(study)
        _plans[key] = plan  # the last used comes last
        while len(_plans) > PLANS:
            del _plans[next(iter(_plans))]
    return plan


# --- a block of samples ----------------------------------------------------------------------------------------


class Block(NamedTuple):
    """Samples of a replicate, from `start` on; the arrays are the same ones every time, filled anew."""

    start: int
    inputs: Values
    levels: Floats  # quantile levels of the streams (stream, sample)


def blocks(plan: Plan, replicate: int) -> Iterator[Block]:
    """The model's inputs for one replicate, block by block."""
    sampling, size = plan.study.sampling, block_size(plan)
    block, inputs = points(plan.streams, sampling, replicate), room(plan, size)
    integers, levels = np.empty((len(plan.streams), size), np.uint32), np.empty((len(plan.streams), size))
    for start in range(0, sampling.samples, size):
        draw(plan, block(start, size, out=integers), inputs, levels)
        yield Block(start, inputs, levels)


def leading(plan: Plan, sampling: Sampling, replicate: int, size: int) -> Block:
    """The first samples of a replicate, as many as a power of two."""
    block = Block(0, room(plan, size), np.empty((len(plan.streams), size)))
    draw(plan, points(plan.streams, sampling, replicate)(0, size), block.inputs, block.levels)
    return block


def room(plan: Plan, size: int) -> Values:
    """Arrays for the model's inputs, with what does not vary already in them."""
    return {name: np.repeat(slab.constant, size, axis=-1) if slab.drawn else slab.constant
            for name, slab in plan.slabs.items()}


def block_size(plan: Plan) -> int:
    """Samples of a block, a power of two: no result depends on it."""
    cells = max(values.size for values in plan.central.values())
    fitting = 1 << max(CACHE // cells, 1).bit_length() - 1
    return min(plan.study.sampling.samples, max(LEAST_BLOCK, min(MOST_BLOCK, fitting)))


def draw(plan: Plan, integers: Points, inputs: Values, levels: Floats) -> None:
    """Fill the model's inputs, and the levels of their streams, from points (stream, sample)."""
    unit(integers, out=levels)
    if plan.rows:
        correlate(levels, plan.rows, plan.copula.factor)
    fill(plan, levels, inputs)


def fill(plan: Plan, levels: Floats, inputs: Values) -> None:
    """Fill the model's inputs from the levels of their streams (stream, sample)."""
    for (row, quantile), ((name, cell), *others) in zip(plan.draws, plan.places, strict=True):
        drawn = quantile(levels[row], out=inputs[name][cell])
        for name, cell in others:
            inputs[name][cell] = drawn


def evaluate(plan: Plan, inputs: Values) -> Values:
    """The study's outputs."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return model.evaluate(inputs, plan.study.components, plan.study.outputs)


# --- what is refused -------------------------------------------------------------------------------------------


def refuse(plan: Plan, outputs: Values, replicate: int) -> None:
    """Refuse outputs of a block that are not finite, but for what is missing by declaration or a ratio to nothing.

    Raises
    ------
    ModelError
        with their number in the replicate, and the first inputs that made one; a count beyond 2**53 is as good as
        infinite.
    """
    if any(_bad(plan, name, outputs) is not None for name in outputs):
        raise ModelError(_refusal(plan, replicate))


def insist(plan: Plan, names: Iterable[str], inputs: Values, outputs: Mapping[str, Floats]) -> None:
    """Refuse outputs that are not finite as `refuse` does, of samples that are all there."""
    for name in names:
        bad = _bad(plan, name, outputs)
        if bad is not None:
            place = np.argwhere(bad)[0]
            raise ModelError(_message(plan, name, place, int(bad.sum()), bad.size, _given(plan, inputs, place)))


def check(plan: Plan, outputs: Values, replicate: int) -> list[Floats]:
    """Sums of all outputs of a block, which tell sooner than the values whether `refuse` is needed."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = [values.sum(axis=-1).ravel() for values in outputs.values()]
    finite = (np.isfinite(np.concatenate(sums)) | plan.declared).all()
    if not finite or any(outputs[name].max() > MOST_COUNT for name in WHOLE if name in outputs):
        refuse(plan, outputs, replicate)
    return sums


def _bad(plan: Plan, name: str, outputs: Mapping[str, Floats]) -> NDArray[np.bool_] | None:
    """Where an output is not what it must be, if it is so anywhere."""
    values, spec = outputs[name], OUTPUTS[name]
    bad = ~np.isfinite(values) | (values > MOST_COUNT if spec.whole else False)
    bad &= ~_declared(plan, name, values.shape[:3])[..., None]
    bad &= outputs[spec.per] != 0 if spec.per else True
    return bad if bad.any() else None


def _refusal(plan: Plan, replicate: int) -> str:
    """What is wrong with a replicate: of the first output that is not finite, how often, and where first."""
    counts: dict[str, NDArray[np.intp]] = {}
    first: dict[tuple[str, int], tuple[Sequence[Any], str]] = {}
    for _, inputs, _ in blocks(plan, replicate):
        outputs = evaluate(plan, inputs)
        for name in outputs:
            bad = _bad(plan, name, outputs)
            if bad is not None:
                rows = bad.reshape(-1, bad.shape[-1])
                counts[name] = counts.get(name, 0) + np.count_nonzero(rows, axis=1)
                for cell in np.flatnonzero(rows.any(axis=1)):
                    place = (*np.unravel_index(cell, bad.shape[:-1]), int(np.argmax(rows[cell])))
                    if (name, int(cell)) not in first:
                        first[name, int(cell)] = place, _given(plan, inputs, place)
    name = next(n for n in plan.study.outputs if n in counts)
    found, given = first[name, int(np.flatnonzero(counts[name])[0])]
    samples = plan.study.sampling.samples if name in plan.varying else 1
    return _message(plan, name, found, int(counts[name].sum()), len(counts[name]) * samples, given)


def _given(plan: Plan, inputs: Values, place: Sequence[Any]) -> str:
    """The inputs at a place, in words; those that are drawn first."""
    names = sorted(inputs, key=lambda name: not (name in plan.slabs and plan.slabs[name].drawn))
    at = {name: tuple(min(int(i), n - 1) for i, n in zip(place, inputs[name].shape, strict=True)) for name in names}
    return ", ".join(f"{name} = {inputs[name][at[name]]:g}" for name in names)


def _message(plan: Plan, name: str, place: Sequence[Any], count: int, whole: int, given: str) -> str:
    axes = (plan.study.scenarios, [b.key for b in plan.study.builds], plan.study.precisions)
    sizes = plan.central[name].shape[:3]
    where = ", ".join(names[i] for i, names, n in zip(place, axes, sizes, strict=False) if n > 1)
    told = " (nor is a count beyond 2**53)" if OUTPUTS[name].whole else ""
    return (f"{name}{f' ({where})' if where else ''} is not finite in {count} of {whole} values{told}; "
            f"first where {given}")
