"""What tests say as samples pass by: how often they hold, at which levels of their inputs they flip, and how near.

A flip is where a test is not what it is at the central values. Counts are whole numbers, and the nearest flip of a
replicate the first of those that are nearest: no bit depends on the size of a block. Levels and nearest flips are those
of the first `LOOKED` samples of a replicate, which are a point set of their own: more would cost more than they tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .analysis.claims import Contest
from .asked import Watched
from .plan import Block, Floats, Plan, Values
from .resolve import Criterion
from .space import displacements
from .truths import Sight

LOOKED = 1 << 11  # samples of each replicate that are looked at closely
LEVELS = 32  # bins of equal probability that an input's levels are counted in
Ints = NDArray[np.int64]


class Watch(NamedTuple):
    """What has passed by of one replicate.

    Attributes
    ----------
    flips : (watched,) samples in which each claim is flipped; of first places the ranking knows
    counted : (counted, scenario) samples in which each test holds
    levels : (reach, LEVELS) of those looked at, samples flipped, by level of each input that a watched test hangs on
    whole : (stream, LEVELS) all that are looked at
    distance, nearest : (watched,), (watched, inputs) of the nearest flip, inf and NaN where there is none
    """

    flips: Ints
    counted: Ints
    levels: Ints
    whole: Ints
    distance: Floats
    nearest: Floats


def watch(plan: Plan) -> Watch:
    """Nothing yet."""
    (watched, counted, *_), streams = plan.asked, len(plan.streams)
    reaches = [len(each.reach) for each in watched]
    return Watch(np.zeros(len(watched), np.int64), np.zeros((len(counted), len(plan.study.scenarios)), np.int64),
                 np.zeros((sum(reaches), LEVELS), np.int64), np.zeros((streams, LEVELS), np.int64),
                 np.full(len(watched), np.inf), np.full((len(watched), max(reaches, default=0)), np.nan))


def look(plan: Plan, outputs: Values, contests: Mapping[Criterion, Contest], block: Block, seen: Watch) -> None:
    """Take a block of samples, with contests that are known."""
    sight, samples = Sight(plan.ground, outputs, contests), block.levels.shape[1]
    held = {test: sight.holds(test) for test in plan.asked.counted}
    for test, row in plan.asked.counted.items():
        shown = np.broadcast_to(held[test], (seen.counted.shape[1], samples))
        seen.counted[row] += np.count_nonzero(shown, axis=1)
    closely = block.levels[:, : max(LOOKED - block.start, 0)]
    near = _Near(closely)
    for stream, own in zip(near.bins, seen.whole, strict=True):
        own += np.bincount(stream, minlength=LEVELS)
    for i, watched in enumerate(plan.asked.watched):
        if watched.scenario and not near.samples:
            continue
        found = held[watched.test] if watched.test in held else sight.holds(watched.test)
        flips = np.broadcast_to(found.all(axis=0) != watched.held, samples)
        if not watched.scenario:
            seen.flips[i] += np.count_nonzero(flips)
        at = np.flatnonzero(flips[: near.samples])
        if len(at):
            seen.levels[watched.levels] += near.levels_of(watched, at)
            _measure(near.of(watched), at, i, seen)


class _Near:
    """Samples that are looked at closely: levels, and displacements and squared distances, each made once."""

    def __init__(self, levels: Floats) -> None:
        """Of samples with these levels (stream, sample)."""
        self.levels, self.samples = levels, levels.shape[1]
        self.made: dict[Any, tuple[Floats, Floats]] = {}

    @cached_property
    def bins(self) -> NDArray[np.intp]:
        """Bins of levels (stream, sample)."""
        return np.asarray((self.levels * LEVELS).astype(np.intp))

    def levels_of(self, watched: Watched, at: NDArray[np.intp]) -> Ints:
        """Counts by level (input, LEVELS) of the inputs of a test, of some samples."""
        inputs = len(watched.reach)
        places = self.bins[np.array(watched.reach)[:, None], at] + np.arange(inputs)[:, None] * LEVELS
        return np.bincount(places.ravel(), minlength=inputs * LEVELS).reshape(-1, LEVELS)

    @cached_property
    def scores(self) -> Floats:
        """Normal scores (stream, sample)."""
        return np.asarray(ndtri(self.levels))

    def of(self, watched: Watched) -> tuple[Floats, Floats]:
        """Displacements (input, sample) and squared distances (sample,) of a test."""
        key = watched.reach, watched.space.origin.tobytes()
        if key not in self.made:
            points = displacements(watched.space, self.scores[list(watched.reach)])
            squared = np.zeros(points.shape[1])
            for row in points:
                squared += row * row
            self.made[key] = points, squared
        return self.made[key]


def _measure(among: tuple[Floats, Floats], at: NDArray[np.intp], i: int, seen: Watch) -> None:
    """Keep the nearest of the flips of a test, which are at these samples."""
    points, squared = among
    nearest = at[int(np.argmin(squared[at]))]
    distance = float(np.sqrt(squared[nearest]))
    if distance < seen.distance[i]:
        seen.distance[i] = distance
        seen.nearest[i, : len(points)] = points[:, nearest]
