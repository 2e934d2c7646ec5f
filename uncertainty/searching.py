"""Searches of one plan: nearest flips by way of simpler tests, and values of single inputs at which tests are flipped.

Tests that are the same function of the same streams are searched once, and each simpler one to the same end whichever
test asks for it: no conjunction that holds is farther from breaking than one of its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis import flips, stepped
from .analysis.field import Search
from .analysis.flips import Interval, Nearest
from .analysis.spread import filling, uniform
from .distributions import Marginal
from .fields import field
from .ledger import Test
from .model import INPUTS, Input
from .plan import Plan
from .simpler import hints, placed, unions
from .space import displacements, moved
from .trial import Trial, flipped, flipped_at, likeness, trial, values_at
from .truths import Sight

Floats = NDArray[np.float64]
REACH = 6.0  # distance beyond which no flip is looked for: a probability of 1e-9
SURE, SPREAD = 4.0, 4096  # radius of the ball, and points, that have to be free of flips where no sample flips
FEW = 3  # inputs that are searched all the same
SPAN = 4.0  # crossings are looked for from a quarter of the central value to four times it, and over the whole range
GRID = 512  # values of one input that are tried before crossings are closed in on
CLOSE, APART = 1.3, 2.0  # rough distances, over the nearest one, that are worth more search, and a wider one
ALONE = 2.5  # distance beyond which all are
JITTER = 10.0 ** np.linspace(-9.0, -4.0, 2048)[:, None]  # onto the flipped side of steps, whichever that is
NEEDLESS = 0.1  # moves of scores that may be left out of a flip
SLACK, ROUNDS, PARTS = 1e-3, 4, np.arange(1, 16) / 16  # by which a coordinate may be drawn in, closing in on it


class Found(NamedTuple):
    """The nearest flip of a test, and the trial of which it is one."""

    trial: Trial
    nearest: Nearest


class Searches:
    """Searches of one plan."""

    def __init__(self, plan: Plan) -> None:
        """None yet."""
        self.plan = plan
        self.trial = cache(partial(trial, plan))
        sight = Sight(plan.ground, plan.central)
        self.holds = cache(lambda test: bool(sight.holds(test).all()))
        self.begun: dict[Any, Search] = {}
        self.hopeful = set[Search]()  # of which all that has to be flipped can be
        self.done: dict[Search, Nearest] = {}
        self.certificates: dict[Any, bool] = {}
        self.edges: dict[Any, list[tuple[int, Interval]]] = {}

    def nearest(self, test: Test, starts: Mapping[int, Floats]) -> Found:
        """The nearest flip of a test; `starts` are moved normal scores of flips by stream."""
        whole, test = self.trial(test), self._in_one(test)
        own = [self.trial(t) for t in unions(test, self.plan.ground, self.holds)]
        best, searched = self._of(whole, own, starts)
        if np.isfinite(best.nearest.distance) and not self._breaks(whole, best):
            best, more = self._of(whole, [whole], starts)  # where a value is undefined
            searched += more
        return best._replace(nearest=best.nearest._replace(searched=searched))

    def certified(self, test: Test) -> Found | None:
        """That none of the points spread through a ball flips a test, if that is so."""
        own = self.trial(test)
        key = likeness(own)
        if len(own.reach) <= FEW:
            return None
        if key not in self.certificates:
            points = SURE * filling(len(own.reach), 0, SPREAD, True)
            self.certificates[key] = not flipped(own, points).any()
        nothing = Nearest(np.full(len(own.reach), np.nan), np.inf, SPREAD, SURE)
        return Found(own, nothing) if self.certificates[key] else None

    def _of(self, whole: Trial, own: Sequence[Trial], starts: Mapping[int, Floats]) -> tuple[Found, int]:
        """The nearest flip of several trials, and the points that were tried."""
        best = Found(whole, Nearest(np.full(len(whole.reach), np.nan), np.inf, 0, REACH))
        parts = sorted(((self._begun(t, starts), t) for t in own if t.reach), key=lambda part: part[0].distance)
        near = parts[0][0].distance if parts else np.inf
        for search, _ in parts:
            if search.distance < APART * near or near > ALONE:
                stepped.widen(search)
        for search, part in sorted(parts, key=lambda part: part[0].distance):
            if search.distance < CLOSE * best.nearest.distance or np.isinf(best.nearest.distance):
                found = self._finished(part, search)
                best = Found(part, found) if found.distance < best.nearest.distance else best
        return best, sum(search.searched for search, _ in parts)

    def _in_one(self, test: Test) -> Test:
        """A test that holds not in every scenario, in one of them where all are alike."""
        if self.holds(test) or not test.everywhere:
            return test
        there = [placed(test, scenario) for scenario in self.plan.ground.scenarios]
        return there[0] if len({likeness(self.trial(t)) for t in there}) == 1 else test

    def _breaks(self, whole: Trial, found: Found) -> bool:
        """Whether a flip of a simpler test is one of the whole."""
        values = dict(zip(found.trial.draws, values_at(found.trial, found.nearest.point[None]), strict=True))
        return bool(flipped_at(whole, np.array([values.get(draw, np.full(1, center)) for draw, center in zip(
            whole.draws, whole.central, strict=True)]).reshape(-1, 1))[0])

    def _begun(self, own: Trial, starts: Mapping[int, Floats]) -> Search:
        """A search that is not yet finished, where it has not been."""
        key = likeness(own)
        if key not in self.begun:
            known, tests = np.array([starts[row] for row in own.reach]).T, hints(own.test, self.plan.ground, self.holds)
            hinted = self._hinted(own, tests, starts)
            search = self.begun[key] = stepped.begin(field(own), np.concatenate([known, *hinted]), REACH)
            if tests and len(hinted[0]) == len(tests):
                self.hopeful.add(search)
        return self.begun[key]

    def _hinted(self, own: Trial, tests: Sequence[Test], starts: Mapping[int, Floats]) -> list[Floats]:
        """Where simpler tests are flipped that have to be, or may, for this one to be: by themselves, and together."""
        found = []
        for test in tests:
            simpler = [t for t in map(self.trial, unions(test, self.plan.ground, self.holds)) if t.reach]
            if simpler:
                search, nearest = min(((self._begun(t, starts), t) for t in simpler), key=lambda part: part[0].distance)
                if np.isfinite(search.distance):
                    found.append(np.zeros(len(own.reach)))
                    found[-1][[own.reach.index(row) for row in nearest.reach]] = search.point
        points = np.array(found).reshape(-1, len(own.reach))
        pairs = (points[:, None, :] + points).reshape(-1, len(own.reach)) if len(points) <= 8 else points[:0]
        return [points, pairs, points.sum(axis=0, keepdims=True)]

    def _finished(self, own: Trial, search: Search) -> Nearest:
        if search not in self.done:
            stepped.finish(search)
            found = _exact(own, search)
            if search in self.hopeful and own.test.parts:  # several at once, which steps by single inputs may miss
                known = found.point[None] if np.isfinite(found.distance) else np.empty((0, search.inputs))
                other = flips.nearest(partial(flipped, own), search.inputs, known, REACH)
                found = other if other.distance < found.distance else found
            self.done[search] = found
        return self.done[search]

    def crossings(self, test: Test) -> list[tuple[int, Interval]]:
        """Draws, and intervals of their values in which a test is flipped, the others central."""
        own = self.trial(test)
        key = likeness(own)
        if key not in self.edges:
            self.edges[key] = list(_crossings(own))
        return self.edges[key]


def _exact(own: Trial, search: Search) -> Nearest:
    """What was found by fast tables, as the exact model has it."""
    missing = Nearest(np.full(search.inputs, np.nan), np.inf, search.searched, REACH)
    if np.isinf(search.distance):
        return missing
    points = displacements(own.space, own.space.origin[:, None] + search.point[:, None]).T
    flips = flipped(own, points)
    if not flips.any():
        z = search.point + JITTER * (2 * uniform(1, len(JITTER), search.inputs) - 1)
        z = np.where(search.point == 0.0, 0.0, z)
        points = displacements(own.space, own.space.origin[:, None] + z.T).T
        flips = flipped(own, points)
    if not flips.any():
        return missing
    distance = np.sqrt((points * points).sum(axis=1))
    point = _drawn_in(own, _sparser(own, points[int(np.where(flips, distance, np.inf).argmin())]))
    length = float(np.sqrt((point * point).sum()))
    return Nearest(point, length, search.searched, length)


def _sparser(own: Trial, point: Floats) -> Floats:
    """A flip without the inputs that it does not need, which move least: scores, and thereby values, go back."""
    z = moved(own.space, point[None])[:, 0]
    for i in np.argsort(np.abs(z)):
        if 0 < abs(z[i]) < NEEDLESS:
            trial = z.copy()
            trial[i] = 0.0
            other = displacements(own.space, own.space.origin[:, None] + trial[:, None]).T
            if flipped(own, other)[0] and (other * other).sum() <= (1.0 + SLACK) * (point * point).sum():
                z, point = trial, other[0]
    return point


def _drawn_in(own: Trial, point: Floats) -> Floats:
    """A flip with the coordinate as near nought as it can be that gains most by it, the others being kept."""
    used = np.flatnonzero(point)
    low, high = np.zeros(len(used)), np.full(len(used), SLACK)  # parts of a coordinate, and those that are too much
    for _ in range(ROUNDS):
        parts = low[:, None] + (high - low)[:, None] * PARTS
        trials = np.repeat(point[None], parts.size, axis=0)
        trials[np.arange(parts.size), np.repeat(used, len(PARTS))] *= 1.0 - parts.ravel()
        flips = flipped(own, trials).reshape(parts.shape)
        first = np.where(flips.all(axis=1), len(PARTS), flips.argmin(axis=1))  # that flips no longer
        ends = np.concatenate([low[:, None], parts, high[:, None]], axis=1)
        rows = np.arange(len(used))
        low, high = ends[rows, first], ends[rows, first + 1]
    gain = low * point[used] ** 2
    point = point.copy()
    if len(used):
        point[used[gain.argmax()]] *= 1.0 - low[gain.argmax()]
    return point


# --- along one input --------------------------------------------------------------------------------------------


def _crossings(own: Trial) -> Iterator[tuple[int, Interval]]:
    def flipped_along(which: NDArray[np.intp], values: Floats) -> NDArray[np.bool_]:
        points = np.repeat(own.central[:, None], len(values), axis=1)
        points[which, np.arange(len(values))] = values
        return flipped_at(own, points)

    tried = [grid(own.plan.marginals[draw], bounds(own.plan, draw)) for draw in own.draws]
    for draw, intervals in zip(own.draws, flips.crossings_of(flipped_along, tried), strict=True):
        for interval in intervals:
            yield draw, interval


def bounds(plan: Plan, draw: int) -> Input:
    """What the input of a draw can be."""
    name = plan.places[draw][0][0]
    return INPUTS.get(name, Input("USD", "price of a further component"))


@cache
def grid(marginal: Marginal, bounds: Input) -> Floats:
    """Values of an input to try: all that it can be within SPAN of its centre, and its distribution's whole range."""
    center, (low, high) = marginal.center(), marginal.support
    if marginal.is_discrete:
        return np.unique(marginal.ppf(np.linspace(0, 1, 4 * GRID + 1)))
    low, high = max(low, center / (8 * SPAN)), min(high, center * 8 * SPAN)  # a support may be endless
    low, high = max(min(low, center / SPAN), bounds.low), min(max(high, center * SPAN), bounds.high)
    low = low or (high / 1e6 if bounds.open_low else 0.0)
    spread = np.geomspace(low, high, GRID) if low > 0 else np.linspace(low, high, GRID)
    return np.unique(np.concatenate([spread, [center], marginal.ppf(np.linspace(0, 1, GRID // 4 + 1)[1:-1])]))
