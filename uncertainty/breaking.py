"""What would break a conclusion: each watched test's nearest flip, its crossings along each input, what separates.

The model is asked at points of the test's own inputs, all others being at their central values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis import flips
from .analysis.error import Estimate, counted, upper_limit
from .analysis.flips import Interval, Separation
from .asked import Watched
from .distributions import Marginal
from .engine import Part
from .plan import Plan
from .searching import Searches, bounds, grid
from .space import levels, moved, shares
from .trial import Trial, flipped_at, values_at

Floats = NDArray[np.float64]
CLEAR = 0.05  # adjusted p below which an input is taken to separate what holds from what fails
DIGITS = 10  # of the values of a flip
STARTS = 8  # nearest flips among samples that a search starts from


class Move(NamedTuple):
    """Where an input goes in the nearest flip: in its unit, as a quantile level, and its share of the distance."""

    input: str
    unit: str
    value: float
    central: float
    level: float
    share: float


class Crossing(NamedTuple):
    """Values of one input between which a test is flipped, the others central; and its probability to be there.

    first, last : whether they reach to the lower or upper end of what was searched
    """

    input: str
    unit: str
    central: float
    low: float
    high: float
    first: bool
    last: bool
    probability: float


class Separated(NamedTuple):
    """How an input separates samples in which a test holds from those in which it does not."""

    input: str
    statistic: float
    adjusted: float
    direction: str


class Curve(NamedTuple):
    """Probability that a test holds, in equal parts of an input's probability."""

    input: str
    probability: Floats
    se: Floats


class Break(NamedTuple):
    """What would break a test.

    Attributes
    ----------
    target : id of a claim, or name of a criterion whose first place it is
    scenario : of a first place; "" for a claim
    held : whether it holds at the central values
    flips : probability that it is flipped, with standard error; `upper_limit` where no sample flips, else missing
    distance, moves : of the nearest flip; infinite and none where none was found
    searched, radius : points that were tried, and the distance within which none of them flips
    """

    target: str
    scenario: str
    held: bool
    flips: Estimate
    upper_limit: float
    distance: float
    moves: tuple[Move, ...]
    searched: int
    radius: float
    crossings: tuple[Crossing, ...]
    separation: tuple[Separated, ...]
    curves: tuple[Curve, ...]

    def __repr__(self) -> str:
        """What it is, without the figures."""
        return (f"Break({self.target!r}, scenario={self.scenario!r}, held={self.held}, flips={self.flips.value:.4g}, "
                f"distance={self.distance:.4g})")

    @property
    def threat(self) -> str:
        """The input that decides most: that separates samples best, or takes most of the flip; "" for none."""
        if self.separation and self.separation[0].adjusted < CLEAR:
            return self.separation[0].input
        return max(self.moves, key=lambda move: move.share).input if self.moves else ""


def breaks(plan: Plan, done: Part) -> list[Break]:
    """What would break each test that a study watches, in their order."""
    searches = Searches(plan)
    return [_break(plan, done, i, watched, searches) for i, watched in enumerate(plan.asked.watched)]


def _break(plan: Plan, done: Part, i: int, watched: Watched, searches: Searches) -> Break:
    """What would break the test that is watched as number `i`."""
    tests, samples = done.statistics.tests, plan.study.sampling.samples
    flipped = counted(tests["flips"][:, i] / samples, samples)
    limit = float("nan") if flipped.value else upper_limit(samples * (done.end - done.first))
    said = watched.target, watched.scenario, watched.held, flipped
    if not watched.reach:
        return Break(*said, np.nan, np.inf, (), 0, np.inf, (), (), ())
    certified = None if flipped.value else searches.certified(watched.test)
    near = np.argsort(tests["distance"][:, i])[:STARTS]
    starts = tests["nearest"][near, i, : len(watched.reach)]
    starts = moved(watched.space, starts[np.isfinite(starts).all(axis=1)])
    trial, found = certified or searches.nearest(watched.test, dict(zip(watched.reach, starts, strict=True)))
    moves = _moves(trial, found.point) if np.isfinite(found.distance) else ()
    seen = done.totals.levels[watched.levels]
    separation, curves = _by_level(plan, done, watched) if 0 < flipped.value < 1 and seen.any() else ((), ())
    return Break(*said, limit, found.distance, moves, found.searched, found.radius,
                 tuple(_crossings(plan, searches.crossings(watched.test))), separation, curves)


# --- in words and units ------------------------------------------------------------------------------------------


def label(plan: Plan, draw: int) -> str:
    """What a draw is called: its stream, and its scenarios where others have another distribution."""
    row = plan.draws[draw][0]
    name = plan.streams[row].name
    if sum(other == row for other, _ in plan.draws) == 1:
        return name
    scenarios = dict.fromkeys(plan.ground.scenarios[cell[0]] for _, cell in plan.places[draw])
    return f"{name} ({', '.join(scenarios)})"


def _moves(trial: Trial, point: Floats) -> tuple[Move, ...]:
    """Inputs that have to move in a flip, those that take most of its distance first."""
    level, share = levels(trial.space, point[None])[0], shares(trial.space, point)
    values = _readable(trial, _needed(trial, values_at(trial, point[None])[:, 0], share))
    found, told = list[Move](), set[int]()
    for draw, column, center, value in zip(trial.draws, trial.column, trial.central, values, strict=True):
        if value != center:  # of several distributions with one draw, the first has the share
            found.append(Move(*_named(trial.plan, draw), float(value), float(center), float(level[column]),
                              0.0 if column in told else float(share[column])))
            told.add(column)
    return tuple(sorted(found, key=lambda move: -move.share))


def _needed(trial: Trial, values: Floats, share: Floats) -> Floats:
    """Values (draw,) of a flip, those back at the centre that it does not need: correlated, they only went along."""
    for i in np.argsort(np.abs(share[list(trial.column)]), kind="stable"):
        other = values.copy()
        other[i] = trial.central[i]
        if flipped_at(trial, other[:, None])[0]:
            values = other
    return values


def _readable(trial: Trial, values: Floats) -> Floats:
    """Values (draw,) of a flip to as many digits as tables tell, where these are a flip too."""
    for i in np.flatnonzero(values != trial.central):
        step = 10.0 ** (math.floor(math.log10(abs(values[i]))) - DIGITS + 1) if values[i] else 1.0
        near = np.round(values[i] / step)
        way = 1.0 if values[i] > trial.central[i] else -1.0
        for count in (near, near + way, near - way):
            other = values.copy()
            other[i] = float(f"{count * step:.{DIGITS}g}")
            if flipped_at(trial, other[:, None])[0]:
                values = other
                break
    return values


def _crossings(plan: Plan, crossings: Iterable[tuple[int, Interval]]) -> Iterator[Crossing]:
    """Intervals of draws, with their names and probabilities."""
    for draw, interval in crossings:
        marginal = plan.marginals[draw]
        ends = grid(marginal, bounds(plan, draw))[[0, -1]]
        yield Crossing(*_named(plan, draw), marginal.center(), *interval, bool(interval.low <= ends[0]),
                       bool(interval.high >= ends[1]), _probability(marginal, interval))


def _named(plan: Plan, draw: int) -> tuple[str, str]:
    return label(plan, draw), bounds(plan, draw).unit


def _probability(marginal: Marginal, interval: Interval) -> float:
    below = marginal.cdf(np.nextafter(interval.low, -np.inf))
    return float(marginal.cdf(interval.high) - below)


def _by_level(plan: Plan, done: Part, watched: Watched) -> tuple[tuple[Separated, ...], tuple[Curve, ...]]:
    """What separates samples that hold from those that do not, and how probable holding is by level of each input."""
    reach, rows, replicates = list(watched.reach), watched.levels, done.end - done.first
    totals = done.totals
    whole, flipped = totals.whole[reach], totals.levels[rows]
    held = whole - flipped if watched.held else flipped
    names = [plan.streams[row].name for row in reach]
    found: Separation = flips.separation(held.astype(float), whole.astype(float))
    words = flips.direction_in_words(found)
    separation = sorted((Separated(*each) for each in zip(
        names, found.statistic.tolist(), found.adjusted.tolist(), words, strict=True)), key=lambda s: -s.statistic)
    share = flipped / np.maximum(whole, 1)  # a ratio of means; its error is that of `error.ratio`, from sums
    squares = totals.squares[rows] - 2 * share * totals.products[rows] + share**2 * totals.whole_squares[reach]
    se = np.sqrt(np.maximum(squares, 0.0) * replicates / max(replicates - 1, 1)) / np.maximum(whole, 1)
    curves = (Curve(*each) for each in zip(names, held / np.maximum(whole, 1), se, strict=True))
    return tuple(separation), tuple(curves)
