"""From a plan to its statistics: what a replicate says, what several say together, and how sure that is.

The replicate is the unit of work and of Monte Carlo error; its samples pass through in blocks, so that memory does not
grow with them. Whole numbers add up exactly, floats pairwise in a fixed tree: no bit depends on the size of a block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis import bands, histogram, ranking
from .analysis.bands import Tally
from .analysis.error import Estimate, combine
from .analysis.histogram import Ints, Sums
from .model import OUTPUTS
from .plan import MOST_COUNT, WHOLE, Floats, Plan, Values, blocks, costs, evaluate, present, refuse

# glibc gives freed memory back to the system, page by page, until it has freed one large piece: from then on it keeps
# twice as much at hand. Without this a quarter of the time of a block goes into getting its pages again.
HEAP = 31 << 20  # bytes
LEAST_REPLICATES, MOST_REPLICATES = 8, 256  # between which a tolerance may stop


class Statistics(NamedTuple):
    """What one replicate says beside the counts of its bins."""

    means: Values
    ranking: tuple[Values, ...]  # one a criterion
    tallies: dict[str, list[Tally]]  # of whole numbers, one a cell


class Part(NamedTuple):
    """What consecutive replicates say, from `first` on."""

    first: int
    statistics: list[Statistics]
    sums: Sums

    @property
    def end(self) -> int:
        """The replicate after the last."""
        return self.first + len(self.statistics)


Sink = Callable[[int, int, Values], None]  # takes (replicate, first sample, inputs and outputs of a block)


def part(plan: Plan, first: int, end: int, sink: Sink | None = None) -> Part:
    """One unit of work: replicates first ... end - 1; every block goes to `sink` too."""
    np.empty(HEAP, np.uint8)
    found = Part(first, [], nothing(plan))
    for replicate in range(first, end):
        found.statistics.append(_replicate(plan, replicate, found.sums, sink))
    return found


def nothing(plan: Plan) -> Sums:
    """The sums of no replicates."""
    shape = plan.grid.shape
    return Sums(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape[0], np.int64))


def gather(whole: Sums, part: Part) -> None:
    """Add a part's sums to those of others, in place."""
    for mine, theirs in zip(whole, part.sums, strict=True):
        mine += theirs


def _replicate(plan: Plan, replicate: int, sums: Sums, sink: Sink | None) -> Statistics:
    """Statistics of one replicate; the counts of its bins go into `sums`."""
    counts = np.zeros(plan.grid.shape, np.int64)
    pairs: list[tuple[int, Floats]] = []
    tallied: list[tuple[Floats, ...]] = []
    numbers: dict[str, list[bands.Count]] = {}
    for start, inputs in blocks(plan, replicate):
        outputs = evaluate(plan, inputs)
        ranked = [costs(plan, criterion, outputs) for criterion in plan.study.criteria]
        _add_pairwise(pairs, _block_sums(plan, outputs, ranked, replicate))
        found = [ranking.tally(cost, order) for cost, order in zip(ranked, plan.orders, strict=True)]
        tallied = [_added(*x) for x in zip(tallied, found, strict=True)] if tallied else found
        _count_whole(plan, outputs, numbers, replicate)
        _bin(plan, outputs, counts, sums.undefined)
        if sink:
            sink(replicate, start, inputs | outputs)
    histogram.accumulate(sums, counts)
    return _statistics(plan, outputs, pairs, tallied, numbers)


def _added(one: tuple[Floats, ...], other: tuple[Floats, ...]) -> tuple[Floats, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _block_sums(plan: Plan, outputs: Values, ranked: list[Floats], replicate: int) -> Floats:
    """Sums of all outputs and of all regrets of a block, one after the other; what is not finite is refused."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = [values.sum(axis=-1).ravel() for values in outputs.values()]
        if not (np.isfinite(np.concatenate(sums)) | plan.declared).all():
            refuse(plan, outputs, replicate)
        return np.concatenate([*sums, *(ranking.losses(cost).ravel() for cost in ranked)])


def _count_whole(plan: Plan, outputs: Values, numbers: dict[str, list[bands.Count]], replicate: int) -> None:
    """Count the whole numbers of a block; those that floats cannot tell apart are refused."""
    for name in WHOLE:
        if name in outputs:
            counts = numbers.setdefault(name, [])
            bands.count_whole(outputs[name].reshape(-1, outputs[name].shape[-1]), counts)
            if max(map(max, counts)) > MOST_COUNT:
                refuse(plan, outputs, replicate)


def _add_pairwise(pairs: list[tuple[int, Floats]], sums: Floats, blocks: int = 1) -> None:
    """Add a block's sums; two of as many blocks become one, as NumPy's own pairwise summation goes."""
    while pairs and pairs[-1][0] == blocks:
        blocks, sums = 2 * blocks, pairs.pop()[1] + sums
    pairs.append((blocks, sums))


def _bin(plan: Plan, outputs: Values, counts: Ints, undefined: Ints) -> None:
    """Count a block's values into the bins of their cells."""
    for name, (cells, rows) in plan.columns.items():
        values = outputs[name].reshape(-1, outputs[name].shape[-1])
        if len(cells) < len(values):
            values = values[cells]
        if OUTPUTS[name].per:
            lacking = np.isnan(values)
            if lacking.any():
                undefined[rows] += np.count_nonzero(lacking, axis=1)
                values = np.where(lacking, np.inf, values)
        counts[rows] += histogram.count(plan.grid.of(rows), values)


def _statistics(plan: Plan, outputs: Values, pairs: list[tuple[int, Floats]], tallied: list[tuple[Floats, ...]],
                numbers: dict[str, list[bands.Count]]) -> Statistics:
    samples = plan.study.sampling.samples
    ((count, sums),) = pairs
    means, at = {}, 0
    for name, values in outputs.items():
        shape = values.shape[:-1]
        size = values[..., 0].size
        means[name] = sums[at : at + size].reshape(shape) / (samples if name in plan.varying else count)
        at += size
    found = []
    for criterion, reference, told in zip(plan.study.criteria, plan.orders, _told(plan, tallied), strict=True):
        lost = sums[at : (at := at + reference.ahead[..., 0].size)].reshape(reference.ahead.shape[:-1])
        whole = samples if criterion.output in plan.varying else count
        found.append(_ranked(plan, present(plan, criterion), told, lost, whole))
    tallies = {name: [bands.tallied(cell) for cell in cells] for name, cells in numbers.items()}
    return Statistics(means, tuple(found), tallies)


def _told(plan: Plan, tallied: list[tuple[Floats, ...]]) -> list[ranking.Tally]:
    """What the counts of each criterion say; those of one shape are read together."""
    found: dict[int, ranking.Tally] = {}
    shapes = [(counted[0].shape, order.ahead.shape) for counted, order in zip(tallied, plan.orders, strict=True)]
    for shape in dict.fromkeys(shapes):
        alike = [i for i, s in enumerate(shapes) if s == shape]
        counted = tuple(np.stack(x) for x in zip(*(tallied[i] for i in alike), strict=True))
        orders = zip(*(plan.orders[i][:3] for i in alike), strict=True)
        told = ranking.told(counted, shape[1][-2], ranking.Order(*map(np.stack, orders)))
        found |= {i: ranking.Tally(*(x[k] for x in told)) for k, i in enumerate(alike)}
    return [found[i] for i in range(len(tallied))]


def _ranked(plan: Plan, at: NDArray[np.intp], told: ranking.Tally, lost: Floats, samples: int) -> Values:
    """Ranking statistics of one criterion, for the builds at these places."""
    builds, ranks = len(plan.study.builds), np.arange(len(at))
    shares = ranking.ranks_of(told.ranks / samples)
    win, tie = ranking.pairs_of(told.better, len(at), samples)
    tau = told.agreed / samples
    return {"rank_acceptability": _spread(shares, builds, at, ranks), "win": _spread(win, builds, at, at),
            "tie": _spread(tie, builds, at, at), "expected_regret": _spread(lost / samples, builds, at),
            "expected_rank": _spread(shares @ (ranks + 1.0), builds, at),
            "order_differs": told.order / samples, "first_differs": told.first / samples, "tau_probability": tau,
            "kendall_tau": tau @ np.linspace(-1, 1, tau.shape[-1]) if len(at) > 1 else np.ones(tau.shape[:-1])}


def _spread(values: Floats, builds: int, *at: NDArray[np.intp]) -> Floats:
    """Values of some builds, one axis for each of `at`, among those of all builds; missing for the others."""
    full = np.full((*values.shape[: -len(at)], *[builds] * len(at)), np.nan)
    where: Any = (..., *np.ix_(*at))
    full[where] = values
    return full


# --- several replicates together -------------------------------------------------------------------------------


def quantile(plan: Plan, done: Part, output: str, level: float) -> Estimate:
    """A quantile of an output over all replicates, (scenario, build, precision)."""
    shape, replicates = done.statistics[0].means[output].shape, len(done.statistics)
    samples = plan.study.sampling.samples
    if output in WHOLE:
        each = [bands.pool(cell).quantile(level, samples if output in plan.varying else 1)
                for cell in zip(*(s.tallies[output] for s in done.statistics), strict=True)]
        return Estimate(*(np.array(part, float).reshape(shape) for part in zip(*each, strict=True)))
    if output not in plan.varying:
        return combine([s.means[output] for s in done.statistics])
    cells, rows = plan.columns[output]
    sums = Sums(*(x[rows] for x in done.sums))
    found = histogram.quantile(plan.grid.of(rows), sums, replicates, samples, level)
    return Estimate(*(_among(values, cells, shape) for values in found))


def _among(values: Floats, cells: NDArray[np.intp], shape: tuple[int, ...]) -> Floats:
    full = np.full(shape, np.nan)
    full.reshape(-1)[cells] = values
    return full


def worst_errors(plan: Plan, done: Part) -> tuple[float, float]:
    """Largest relative error of CapEx's 5, 50 and 95 % quantiles, and largest absolute one of a rank share."""
    capex = [quantile(plan, done, "capex", level) for level in (0.05, 0.5, 0.95)]
    shares = [combine([r["rank_acceptability"] for r in each]).se
              for each in zip(*(s.ranking for s in done.statistics), strict=True)]
    return (float(max(np.max(q.se / np.where(q.value == 0, 1, q.value)) for q in capex)),
            float(max(np.nanmax(se) for se in shares)))


def enough(done: int, worst: float, tolerance: float) -> int:
    """Replicates that should reach the tolerance, as errors fall with their square root; at most four times more."""
    if worst <= tolerance:
        return done
    return min(MOST_REPLICATES, max(done + 1, min(4 * done, int(np.ceil(done * (worst / tolerance) ** 2)))))
