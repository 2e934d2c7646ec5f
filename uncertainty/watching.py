"""What tests say as samples pass by: how often they hold, at which levels of their inputs they flip, and how near.

A flip is where a test is not what it is at the central values. Counts are whole numbers, and the nearest flip of a
replicate the first of those that are nearest: no bit depends on the size of a block.
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
from .plan import Floats, Plan, Values
from .resolve import Criterion
from .space import displacements
from .truths import Sight

LEVELS = 32  # bins of equal probability that an input's levels are counted in
Ints = NDArray[np.int64]


class Watch(NamedTuple):
    """What has passed by of one replicate.

    Attributes
    ----------
    flips : (watched,) samples in which each test is flipped
    counted : (counted, scenario) samples in which each test holds
    levels : (reach, LEVELS) samples flipped, by level of each input that each watched test hangs on, in their order
    whole : (stream, LEVELS) all samples
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


def look(plan: Plan, outputs: Values, contests: Mapping[Criterion, Contest], levels: Floats, seen: Watch) -> None:
    """Take a block of samples, with contests that are known and the levels of streams (stream, sample)."""
    sight = Sight(plan.ground, outputs, contests)
    samples = levels.shape[1]
    for test, row in plan.asked.counted.items():
        held = np.broadcast_to(sight.holds(test), (seen.counted.shape[1], samples))
        seen.counted[row] += np.count_nonzero(held, axis=1)
    bins = (levels * LEVELS).astype(np.intp)
    for stream, own in zip(bins, seen.whole, strict=True):
        own += np.bincount(stream, minlength=LEVELS)
    near = _Distances(levels)
    for i, watched in enumerate(plan.asked.watched):
        flips = sight.holds(watched.test).all(axis=0) != watched.held
        at = np.flatnonzero(np.broadcast_to(flips, samples))
        if len(at):
            seen.flips[i] += len(at)
            reach = len(watched.reach)
            places = bins[np.array(watched.reach)[:, None], at] + np.arange(reach)[:, None] * LEVELS
            seen.levels[watched.levels] += np.bincount(places.ravel(), minlength=reach * LEVELS).reshape(-1, LEVELS)
            _measure(near.of(watched), at, i, seen)


class _Distances:
    """Displacements of a block's samples, and their squares in sum, in the spaces of tests; each made once."""

    def __init__(self, levels: Floats) -> None:
        """Of samples with these levels."""
        self.levels = levels
        self.made: dict[Any, tuple[Floats, Floats]] = {}

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
