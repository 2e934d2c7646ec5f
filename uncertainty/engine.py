"""From a plan to its statistics: what a replicate says, what several say together, and how sure that is.

The replicate is the unit of work and of Monte Carlo error; its samples pass through in blocks, so that memory does not
grow with them. Whole numbers add up exactly, floats pairwise in a fixed tree: no bit depends on the size of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis import bands, histogram, ranking
from .analysis.bands import Tally
from .analysis.error import Estimate, combine, counted
from .analysis.histogram import Sums
from .driven import driven
from .drivers import DRIVEN, drivers
from .model import OUTPUTS
from .plan import WHOLE, Floats, Plan, Values, blocks, check, evaluate
from .study import Study
from .truths import Sight, contest, costs, present
from .watching import Ints, Watch, look, watch

# glibc gives freed memory back to the system, page by page, until it has freed one large piece: from then on it keeps
# twice as much at hand. Without this a quarter of the time of a block goes into getting its pages again.
HEAP = 31 << 20  # bytes
LEAST_REPLICATES, MOST_REPLICATES = 8, 256  # between which a tolerance may stop


class Task(NamedTuple):
    """Replicates first ... end - 1 of a study."""

    first: int
    end: int


class Statistics(NamedTuple):
    """What replicates say beside the counts of their bins; arrays have the replicate first."""

    means: Values
    ranking: tuple[Values, ...]  # one a criterion
    tallies: dict[str, list[list[Tally]]]  # of whole numbers, by replicate and cell
    drivers: Values  # what `drivers.driven` says, of the first replicates: there may be fewer, or none
    tests: Values  # flips, counted, distance and nearest as `Watch` has them, and quantile: whether claims on one hold


class Totals(NamedTuple):
    """What replicates together say: counts of bins, and of flips by level of the inputs as `Watch` has them.

    squares, products, whole_squares : sums over replicates, of the squares of `levels`, of its products with the counts
        of all samples at the same levels, and of the squares of these
    """

    bins: Sums
    levels: Ints
    whole: Ints
    squares: Ints
    products: Ints
    whole_squares: Ints


class Part(NamedTuple):
    """What replicates first ... end - 1 say."""

    first: int
    end: int
    statistics: Statistics
    totals: Totals

    @property
    def sums(self) -> Sums:
        """Counts of bins."""
        return self.totals.bins


class _Replicate(NamedTuple):
    """What passed by: sums of so many blocks, counts of orders by criterion, and of whole numbers by cell."""

    blocks: int
    sums: Floats
    orders: list[tuple[Floats, ...]]
    numbers: dict[str, list[bands.Count]]
    seen: Watch
    quantile: Floats


Sink = Callable[[int, int, Values], None]  # takes (replicate, first sample, inputs and outputs of a block)


def part(plan: Plan, first: int, end: int, sink: Sink | None = None) -> Part:
    """One unit of work: replicates first ... end - 1; every block goes to `sink` too."""
    np.empty(HEAP, np.uint8)
    totals = nothing(plan)
    passed = [_replicate(plan, replicate, totals, sink) for replicate in range(first, end)]
    statistics = _statistics(plan, passed)
    return Part(first, end, statistics._replace(drivers=_drivers(plan, first, end, statistics)), totals)


def _drivers(plan: Plan, first: int, end: int, statistics: Statistics) -> Values:
    """What drives the study, by those replicates that tell of it, (replicate, ...); nothing where none does."""
    told = drivers(plan) if first < DRIVEN else None
    if told is None:
        return {}
    at = [present(plan.ground, criterion) for criterion in told.seen.criteria]
    regret = [ranked["expected_regret"][..., some] for ranked, some in zip(statistics.ranking, at, strict=False)]
    found = [driven(told, r, [each[r - first] for each in regret]) for r in range(first, min(end, DRIVEN))]
    return {name: np.stack([each[name] for each in found]) for name in found[0]}


def effort(study: Study) -> int:
    """Samples that a replicate amounts to, with those that tell what drives the study: some eight times each input."""
    return study.sampling.samples + 8 * study.driver_samples * len(study.streams())


def nothing(plan: Plan) -> Totals:
    """The totals of no replicates."""
    levels, whole = (np.zeros_like(counts) for counts in watch(plan)[2:4])
    return Totals(_no_sums(plan), levels, whole, np.zeros_like(levels), np.zeros_like(levels), np.zeros_like(whole))


def _no_sums(plan: Plan) -> Sums:
    return Sums(np.zeros(plan.grid.shape, np.int64), np.zeros(plan.grid.shape, np.int64),
                np.zeros(plan.grid.shape[0], np.int64))


def joined(each: Sequence[Statistics]) -> Statistics:
    """Statistics of one set of replicates after the other."""
    means, drivers, tests = ({name: np.concatenate([s[name] for s in all_]) for name in all_[0]} for all_ in (
        [s.means for s in each], [s.drivers for s in each if s.drivers] or [{}], [s.tests for s in each]))
    ranking = tuple({name: np.concatenate([r[name] for r in ranked]) for name in ranked[0]}
                    for ranked in zip(*(s.ranking for s in each), strict=True))
    tallies = {name: [r for s in each for r in s.tallies[name]] for name in each[0].tallies}
    return Statistics(means, ranking, tallies, drivers, tests)


def gather(whole: Totals, part: Part) -> None:
    """Add a part's totals to those of others, in place."""
    for mine, theirs in zip((*whole.bins, *whole[1:]), (*part.totals.bins, *part.totals[1:]), strict=True):
        mine += theirs


def _replicate(plan: Plan, replicate: int, totals: Totals, sink: Sink | None) -> _Replicate:
    """Pass one replicate by; what is counted goes into `totals`."""
    counts, undefined = np.zeros(plan.grid.shape, np.int64), np.zeros(plan.grid.shape[0], np.int64)
    pairs: list[tuple[int, Floats]] = []
    orders: list[tuple[Floats, ...]] = []
    numbers: dict[str, list[bands.Count]] = {}
    seen = watch(plan)
    for block in blocks(plan, replicate):
        outputs = evaluate(plan, block.inputs)
        cost = [costs(plan.ground, criterion, outputs) for criterion in plan.study.criteria]
        _add_pairwise(pairs, _block_sums(plan, outputs, cost, replicate))
        contests = {c: contest(plan.ground, c, each) for c, each in zip(plan.study.criteria, cost, strict=True)}
        found = [ranking.tally(each.found, order) for each, order in zip(contests.values(), plan.orders, strict=True)]
        orders = [_added(*x) for x in zip(orders, found, strict=True)] if orders else found
        for name in (n for n in WHOLE if n in outputs):
            bands.count_whole(outputs[name].reshape(-1, outputs[name].shape[-1]), numbers.setdefault(name, []))
        _bin(plan, outputs, counts, undefined)
        look(plan, outputs, contests, block, seen)
        if sink:
            sink(replicate, block.start, block.inputs | outputs)
    passed = _Replicate(*pairs[0], orders, numbers, seen, np.empty(0))
    passed = passed._replace(quantile=_quantile_claims(plan, passed, counts, undefined))
    histogram.accumulate(totals.bins, counts)
    totals.bins.undefined.__iadd__(undefined)
    at = np.array([row for watched in plan.asked.watched for row in watched.reach], np.intp)
    counted = (seen.levels, seen.whole, seen.levels**2, seen.levels * seen.whole[at], seen.whole**2)
    for total, own in zip(totals[1:], counted, strict=True):
        total += own
    return passed


def _quantile_claims(plan: Plan, passed: _Replicate, counts: Ints, undefined: Ints) -> Floats:
    """Whether claims on quantiles hold in one replicate, (claim,), each 1 or 0."""
    claims = [(claim.quantile, claim.test) for claim in plan.study.ledger.claims if claim.quantile is not None]
    if not claims:
        return np.empty(0)
    sums = _no_sums(plan)._replace(undefined=undefined)
    histogram.accumulate(sums, counts.copy())
    one = Part(0, 1, _statistics(plan, [passed]), Totals(sums, *nothing(plan)[1:]))
    held = []
    for level, test in claims:
        found = quantiles(plan, one, [level], list(dict.fromkeys(term.output for term in test.terms())))
        sight = Sight(plan.ground, {name: estimate.value[0][..., None] for name, estimate in found.items()})
        held.append(sight.holds(test).all())
    return np.array(held, np.float64)


def _added(one: tuple[Floats, ...], other: tuple[Floats, ...]) -> tuple[Floats, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _block_sums(plan: Plan, outputs: Values, ranked: list[Floats], replicate: int) -> Floats:
    """Sums of all outputs and of all regrets of a block, one after the other; what is not finite is refused."""
    return np.concatenate([*check(plan, outputs, replicate), *(ranking.losses(cost).ravel() for cost in ranked)])


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


def _statistics(plan: Plan, passed: list[_Replicate]) -> Statistics:
    samples, blocks = plan.study.sampling.samples, passed[0].blocks
    sums = np.stack([each.sums for each in passed])
    shapes = [plan.central[name].shape[:3] for name in plan.study.outputs] + [o.ahead.shape[:-1] for o in plan.orders]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    parts = [x.reshape(-1, *shape) for x, shape in zip(np.split(sums, ends, axis=1), shapes, strict=True)]
    means = {name: parts.pop(0) / (samples if name in plan.varying else blocks) for name in plan.study.outputs}
    found = []
    for criterion, told, lost in zip(plan.study.criteria, _told(plan, passed), parts, strict=True):
        whole = samples if criterion.output in plan.varying else blocks
        found.append(_ranked(plan, present(plan.ground, criterion), told, lost, whole))
    tallies = {name: [[bands.tallied(cell) for cell in each.numbers[name]] for each in passed]
               for name in passed[0].numbers}
    return Statistics(means, tuple(found), tallies, {}, _tests(plan, passed, found))


def _tests(plan: Plan, passed: list[_Replicate], ranked: list[Values]) -> Values:
    """What tests say, replicate first; how often first places flip, the ranking has counted."""
    seen = {name: np.stack([getattr(each.seen, name) for each in passed]).astype(np.float64)
            for name in ("flips", "counted", "distance", "nearest")}
    criteria = [criterion.name for criterion in plan.study.criteria]
    for i, watched in enumerate(plan.asked.watched):
        if watched.scenario:
            differs = ranked[criteria.index(watched.target)]["first_differs"]
            at = min(plan.study.scenarios.index(watched.scenario), differs.shape[1] - 1)
            seen["flips"][:, i] = np.round(differs[:, at] * plan.study.sampling.samples)
    return {**seen, "quantile": np.stack([each.quantile for each in passed])}


def _told(plan: Plan, passed: list[_Replicate]) -> list[ranking.Tally]:
    """What the counts of each criterion say, replicate first; those of one shape are read together."""
    found: dict[int, ranking.Tally] = {}
    shapes = [(each[0].shape, order.ahead.shape) for each, order in zip(passed[0].orders, plan.orders, strict=True)]
    for shape in dict.fromkeys(shapes):
        alike = [i for i, s in enumerate(shapes) if s == shape]
        counted = tuple(np.stack([np.stack([r.orders[i][k] for r in passed]) for i in alike])
                        for k in range(len(passed[0].orders[alike[0]])))
        orders = zip(*(plan.orders[i][:3] for i in alike), strict=True)
        reference = ranking.Order(*(np.stack(x)[:, None] for x in orders))
        told = ranking.told(counted, shape[1][-2], reference)
        found |= {i: ranking.Tally(*(x[k] for x in told)) for k, i in enumerate(alike)}
    return [found[i] for i in range(len(shapes))]


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


def quantiles(plan: Plan, done: Part, levels: Sequence[float], outputs: Sequence[str]) -> dict[str, Estimate]:
    """Quantiles of some outputs over all replicates, each (level, scenario, build, precision)."""
    binned = [name for name in outputs if name in plan.columns]
    found = {name: _unbinned(plan, done, name, levels) for name in outputs if name not in binned}
    if not binned:
        return found
    rows = slice(min(plan.columns[n].rows.start for n in binned), max(plan.columns[n].rows.stop for n in binned))
    sums, grid = Sums(*(x[rows] for x in done.sums)), plan.grid.of(rows)
    each = [histogram.quantile(grid, sums, done.end - done.first, plan.study.sampling.samples, q) for q in levels]
    for name in binned:
        cells, at = plan.columns[name]
        some = slice(at.start - rows.start, at.stop - rows.start)
        shape = plan.central[name].shape[:3]
        values = ([_among(x[some], cells, shape) for x in of] for of in zip(*each, strict=True))
        found[name] = Estimate(*map(np.stack, values))
    return found


def counts(done: Part, output: str) -> list[bands.Counts]:
    """How often each whole number of an output came, by cell."""
    return [bands.pool(cell) for cell in zip(*done.statistics.tallies[output], strict=True)]


def _unbinned(plan: Plan, done: Part, output: str, levels: Sequence[float]) -> Estimate:
    """Quantiles of whole numbers, or of what does not vary."""
    if output not in WHOLE:
        constant = combine(done.statistics.means[output])
        return Estimate(*(np.stack([x] * len(levels)) for x in constant))
    samples = plan.study.sampling.samples if output in plan.varying else 1
    cells = counts(done, output)
    each = [[cell.quantile(level, samples) for cell in cells] for level in levels]
    shape = (len(levels), *plan.central[output].shape[:3])
    return Estimate(*(np.array([[found[k] for found in row] for row in each], float).reshape(shape) for k in (0, 1)))


def _among(values: Floats, cells: NDArray[np.intp], shape: tuple[int, ...]) -> Floats:
    full = np.full(shape, np.nan)
    full.reshape(-1)[cells] = values
    return full


def worst_errors(plan: Plan, done: Part) -> tuple[float, float]:
    """Largest relative error of CapEx's 5, 50 and 95 % quantiles, and largest absolute one of a rank share."""
    capex = quantiles(plan, done, (0.05, 0.5, 0.95), ["capex"])["capex"]
    shares = [counted(ranked["rank_acceptability"], samples_of(plan, criterion.output)).se
              for ranked, criterion in zip(done.statistics.ranking, plan.study.criteria, strict=True)]
    return (float(np.max(capex.se / np.where(capex.value == 0, 1, capex.value))),
            float(max(np.nanmax(se) for se in shares)))


def samples_of(plan: Plan, output: str) -> float:
    """Samples of a replicate; infinitely many of an output that does not vary, so that ties of it have no error."""
    return plan.study.sampling.samples if output in plan.varying else np.inf


def enough(done: int, worst: float, tolerance: float) -> int:
    """Replicates that should reach the tolerance, as errors fall with their square root; at most four times more."""
    if worst <= tolerance:
        return done
    return min(MOST_REPLICATES, max(done + 1, min(4 * done, int(np.ceil(done * (worst / tolerance) ** 2)))))
