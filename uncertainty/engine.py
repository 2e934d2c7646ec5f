"""From a study to its statistics: points -> inputs -> outputs -> statistics, replicate by replicate.

The replicate is the unit of work, of memory and of Monte Carlo error. Arrays have the axes (scenario, build,
precision, sample), of length one where nothing varies along them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import model
from .analysis import bands, ranking
from .analysis.bands import Tally, Window
from .analysis.error import Estimate, combine
from .design import Block, Copula, Stream, copula, correlate, points, unit
from .inverse import QuantileFunction, quantile_function
from .model import OUTPUTS, PRECISIONS
from .resolve import Criterion, Entry, Place
from .study import Study

Floats = NDArray[np.float64]
Values = dict[str, Floats]
Cell = tuple[int, int, int]  # of (scenario, build, precision)
BLOCK = 1024  # samples worked on at once: intermediate results stay in the cache
SERIAL = 1 << 18  # samples below which starting processes costs more than it brings
LEAST_REPLICATES, MOST_REPLICATES = 8, 256  # between which `tolerance` may stop
MOST_COUNT = 2.0**53  # beyond which floats skip whole numbers
WHOLE = tuple(name for name, spec in OUTPUTS.items() if spec.whole)


class ModelError(ValueError):
    """Outputs that are not finite, with the inputs that made them."""


class Slab(NamedTuple):
    """One input of the model: its constant cells, and the cells that are drawn, each by the number of its draw."""

    constant: Floats  # (scenario, build, precision, 1)
    drawn: tuple[tuple[Cell, int], ...]


class Plan(NamedTuple):
    """What the replicates of a study have in common."""

    study: Study
    streams: list[Stream]
    draws: tuple[tuple[int, QuantileFunction], ...]  # row of the points, and what to make of it
    slabs: dict[str, Slab]
    copula: Copula
    rows: tuple[int, ...]  # of the copula's streams among the points
    missing: NDArray[np.bool_]  # (1, build, precision): declared so
    central: Values
    orders: tuple[ranking.Order, ...]  # at the central values, one a criterion


class Statistics(NamedTuple):
    """What one replicate says: statistics that are averaged over replicates, and tallies of whole numbers."""

    bands: dict[str, list[Window]]  # one a quantile, over (scenario, build, precision)
    means: Values
    ranking: tuple[Values, ...]  # one a criterion
    tallies: dict[str, list[Tally]]  # one a cell


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
    slabs["sparse"] = Slab(np.array([p == "headline" for p in PRECISIONS], float).reshape(1, 1, -1, 1), ())
    names = [s.name for s in streams if any(s.name in pair for pair in study.correlation)]
    missing = np.vectorize(lambda e: e.quantity.value is None, otypes=[bool])(grids["peak"]).any(0, keepdims=True)
    missing = np.broadcast_to(missing, (*missing.shape[:2], len(PRECISIONS)))
    plan = Plan(study, streams, draws, slabs, copula(names, study.correlation), tuple(row[n] for n in names),
                missing, {}, ())
    centers = {name: _centers(grid)[..., None] for name, grid in grids.items()}
    centers["sparse"] = slabs["sparse"].constant
    plan = plan._replace(central=evaluate(plan, centers))
    refuse(plan, plan.central, lambda: centers)
    return plan._replace(orders=tuple(ranking.order(costs(plan, c, plan.central)) for c in study.criteria))


def _grid(study: Study, places: Mapping[Place, Entry]) -> NDArray[Any]:
    """Entries as an array (scenario, build, precision), of length one where they do not vary."""
    keys = (study.scenarios, [b.key for b in study.builds], PRECISIONS)
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


def draw(plan: Plan, block: Block, start: int, size: int) -> Values:
    """The model's inputs for samples start ... start + size - 1 of a replicate."""
    u = unit(block(start, size))
    if plan.rows:
        correlate(u, plan.rows, plan.copula.factor)
    drawn = [quantile(u[row]) for row, quantile in plan.draws]
    inputs = {}
    for name, slab in plan.slabs.items():
        inputs[name] = slab.constant
        if slab.drawn:
            inputs[name] = np.repeat(slab.constant, size, axis=-1)
            for cell, number in slab.drawn:
                inputs[name][cell] = drawn[number]
    return inputs


def evaluate(plan: Plan, inputs: Values) -> Values:
    """All outputs, checked by `refuse`."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return model.evaluate(inputs, plan.study.components)


def refuse(plan: Plan, outputs: Values, inputs: Callable[[], Values]) -> None:
    """Refuse outputs that are not finite, but for what is missing by declaration or a ratio to nothing.

    Raises
    ------
    ModelError
        with their number, and the first inputs that made one; a count beyond 2**53 is as good as infinite.
    """
    for name, values in outputs.items():
        spec = OUTPUTS[name]
        with np.errstate(over="ignore", invalid="ignore"):
            total = values.sum(axis=-1)
        declared = plan.missing if spec.typed else False
        if np.all(declared | np.isfinite(total)) and not (spec.whole and values.max() > MOST_COUNT):
            continue
        bad = ~np.isfinite(values) | (values > MOST_COUNT if spec.whole else False)
        bad &= ~plan.missing[..., None] if spec.typed else True
        bad &= outputs[spec.per] != 0 if spec.per else True
        if bad.any():
            raise ModelError(_first(plan, name, bad, inputs()))


def _first(plan: Plan, name: str, bad: NDArray[np.bool_], inputs: Values) -> str:
    cell = [int(i) for i in np.argwhere(bad)[0]]
    axes = (plan.study.scenarios, [b.key for b in plan.study.builds], PRECISIONS)
    where = ", ".join(names[i] for i, names, n in zip(cell, axes, bad.shape, strict=False) if n > 1)
    given = [f"{k} = {v[tuple(min(i, n - 1) for i, n in zip(cell, v.shape, strict=True))]:g}"
             for k, v in inputs.items()]
    return (f"{name}{f' ({where})' if where else ''} is not finite in {np.count_nonzero(bad)} of {bad.size} values; "
            f"first where {', '.join(given)}")


def simulate(plan: Plan, replicate: int, with_inputs: bool = False) -> Values:
    """Outputs, and inputs if wanted, of one replicate; what does not vary is of length one."""
    def both(x: Values) -> Values:
        return x | evaluate(plan, x)

    values = _whole(plan, replicate, both if with_inputs else partial(evaluate, plan))
    refuse(plan, {name: values[name] for name in OUTPUTS}, lambda: _whole(plan, replicate, lambda x: x))
    return values


def _whole(plan: Plan, replicate: int, f: Callable[[Values], Values]) -> Values:
    """What `f` makes of the inputs of a replicate, block by block."""
    sampling = plan.study.sampling
    block = points(plan.streams, sampling, replicate)
    size = min(BLOCK, sampling.samples)
    whole: Values = {}
    for start in range(0, sampling.samples, size):
        for name, values in f(draw(plan, block, start, size)).items():
            if values.shape[-1] == 1:
                whole[name] = values
                continue
            if name not in whole:
                whole[name] = np.empty((*values.shape[:-1], sampling.samples))
            whole[name][..., start : start + size] = values
    return whole


def present(plan: Plan, criterion: Criterion) -> NDArray[np.intp]:
    """Builds that a criterion can rank: those that have its precision."""
    builds = len(plan.study.builds)
    if not criterion.precision or not OUTPUTS[criterion.output].typed:
        return np.arange(builds)
    lacking = plan.missing[0, :, PRECISIONS.index(criterion.precision)]
    return np.flatnonzero(~np.broadcast_to(lacking, builds))


def costs(plan: Plan, criterion: Criterion, outputs: Values) -> Floats:
    """What a criterion ranks the builds it can rank by, lower better: array (scenario, build, sample)."""
    values = outputs[criterion.output]
    values = values[:, :, PRECISIONS.index(criterion.precision) if criterion.precision else 0]
    values = np.broadcast_to(values, (values.shape[0], len(plan.study.builds), values.shape[-1]))
    return ranking.oriented(values[:, present(plan, criterion)], criterion.better)


def _rank(plan: Plan, criterion: Criterion, reference: ranking.Order, outputs: Values) -> Values:
    cost = costs(plan, criterion, outputs)
    found = ranking.order(cost)
    shares = ranking.rank_shares(found)
    win, tie = ranking.pairwise_shares(found)
    order, first, tau = ranking.flips(found, reference)
    at, builds = present(plan, criterion), len(plan.study.builds)
    ranks = np.arange(len(at))
    return {"rank_acceptability": _spread(shares, builds, at, ranks), "win": _spread(win, builds, at, at),
            "tie": _spread(tie, builds, at, at), "expected_regret": _spread(ranking.regret(cost), builds, at),
            "expected_rank": _spread(shares @ (ranks + 1.0), builds, at),
            "order_differs": order, "first_differs": first, "tau_probability": tau,
            "kendall_tau": tau @ np.linspace(-1, 1, tau.shape[-1]) if len(at) > 1 else np.ones(tau.shape[:-1])}


def _spread(values: Floats, builds: int, *at: NDArray[np.intp]) -> Floats:
    """Values of some builds, one axis for each of `at`, among those of all builds; missing for the others."""
    full = np.full((*values.shape[: -len(at)], *[builds] * len(at)), np.nan)
    where: Any = (..., *np.ix_(*at))
    full[where] = values
    return full


def statistics(plan: Plan, outputs: Values) -> Statistics:
    """All statistics of one replicate."""
    return Statistics(
        {name: bands.windows(v) for name, v in outputs.items()},
        {name: v.mean(axis=-1) for name, v in outputs.items()},
        tuple(_rank(plan, c, o, outputs) for c, o in zip(plan.study.criteria, plan.orders, strict=True)),
        {name: [bands.tally(cell) for cell in outputs[name].reshape(-1, outputs[name].shape[-1])] for name in WHOLE})


_last: dict[str, Plan] = {}  # a worker's plan of the study at hand


def plan_of(study: Study) -> Plan:
    """The plan of a study, made once in a process."""
    plan = _last.get(study.digest)
    if plan is None:  # two threads may both get here, and neither may find the other's clearing
        plan = prepare(study)
        _last.clear()
        _last[study.digest] = plan
    return plan


def replicate_statistics(study: Study, replicate: int) -> Statistics:
    """One unit of work: small to send, the same bits wherever it is done."""
    plan = plan_of(study)
    return statistics(plan, simulate(plan, replicate))


Progress = Callable[[int, int], None]  # replicates done, replicates in all


def collect(study: Study, jobs: int | None = 1, executor: Executor | None = None, tolerance: float | None = None,
            progress: Progress | None = None) -> list[Statistics]:
    """Statistics of every replicate, in their order whoever made them; more of them until `tolerance` is met."""
    done: list[Statistics] = []
    wanted = study.sampling.replicates if tolerance is None else max(study.sampling.replicates, LEAST_REPLICATES)
    pool = _executor(study, jobs) if executor is None else nullcontext(executor)
    with pool as workers:
        while len(done) < wanted:
            make = partial(replicate_statistics, study)
            for found in (workers.map if workers else map)(make, range(len(done), wanted)):
                done.append(found)
                if progress:
                    progress(len(done), wanted)
            if tolerance is not None:
                wanted = _enough(len(done), max(worst_errors(done)), tolerance)
    return done


def _executor(study: Study, jobs: int | None) -> Any:
    """Processes where there is work for them, else none."""
    jobs = jobs or os.cpu_count() or 1
    work = study.sampling.samples * study.sampling.replicates * len(study.scenarios)
    return ProcessPoolExecutor(jobs) if jobs > 1 and work >= SERIAL else nullcontext()


def quantile(done: Sequence[Statistics], output: str, level: float) -> Estimate:
    """A quantile of an output over all replicates, (scenario, build, precision)."""
    return bands.quantile([s.bands[output][bands.QUANTILES.index(level)] for s in done], level)


def worst_errors(done: Sequence[Statistics]) -> tuple[float, float]:
    """Largest relative error of CapEx's 5, 50 and 95 % quantiles, and largest absolute one of a rank share."""
    capex = [quantile(done, "capex", level) for level in (0.05, 0.5, 0.95)]
    shares = [combine([r["rank_acceptability"] for r in each]).se
              for each in zip(*(s.ranking for s in done), strict=True)]
    return (float(max(np.max(q.se / np.where(q.value == 0, 1, q.value)) for q in capex)),
            float(max(np.nanmax(se) for se in shares)))


def _enough(done: int, worst: float, tolerance: float) -> int:
    """Replicates that should reach the tolerance, as errors fall with their square root; at most four times more."""
    if worst <= tolerance:
        return done
    return min(MOST_REPLICATES, max(done + 1, min(4 * done, int(np.ceil(done * (worst / tolerance) ** 2)))))
