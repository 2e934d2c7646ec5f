"""Search of the nearest flip of a test that is stepped in some inputs and smooth in others, by its margins."""

from __future__ import annotations

import numpy as np

from . import ledges, tangents, ways
from .field import Field, Floats, Search
from .spread import filling

OUTWARD = np.array([1.0, 1.001, 1.004, 1.012, 1.03, 1.07, 1.15, 1.3])  # how much farther each point is tried
WIDER = 1.15  # than the distance found, where it is looked for more closely
BASINS = 5  # that are gone on from
STEPS = (0.03, 0.01, 0.003, 0.003)  # of differences, over the distance
WORTH = 2e-4  # gain, over the distance, that is worth another step
FILL = 512  # points that are tried where nothing flips


def begin(field: Field, starts: Floats, reach: float) -> Search:
    """Where scans of each input tell that a field flips; `starts` (start, input) are tried too, however far."""
    search = Search(field, reach)
    search.basins = np.concatenate([_flips(search, starts, np.inf),
                                    _flips(search, ways.from_center(search, reach, False), 0.0)])
    return search


def widen(search: Search) -> None:
    """Ledges of several inputs together, and closer scans; points in the whole ball where nothing flips."""
    if search.widened:
        return
    search.widened = True
    found = [search.basins, ledges.at_ledges(search)]
    if np.isfinite(search.distance):
        size = min(WIDER * search.distance, search.reach)
        found.append(_flips(search, ways.from_center(search, size, True), 0.0))
    elif not any(map(len, found)):
        found.append(_flips(search, search.reach * filling(search.inputs, 0, FILL, True), 0.0))
    search.basins = search.nearest(np.concatenate(found), BASINS)


def finish(search: Search) -> None:
    """Go on to the nearest flip that can be reached from the basins."""
    widen(search)
    if not len(search.basins):
        return
    points = tangents.nearer(search, search.basins, STEPS[0])
    around = ways.from_bases(search, search.nearest(points, 2), min(1.1 * search.distance, search.reach))
    points = np.concatenate([points, _flips(search, around, 0.0)])
    for step in STEPS:
        before = search.distance
        best = search.point[None] if np.isfinite(before) else points[:0]
        points = tangents.nearer(search, search.nearest(np.concatenate([best, points]), 2), step)
        if step < STEPS[0] and search.distance > before * (1.0 - WORTH):
            break
    search.basins = points[:0]


def _flips(search: Search, points: Floats, reach: float) -> Floats:
    """Of points (point, input) those that flip, some a little farther out."""
    trials = points[:, None, :] * OUTWARD[:, None]
    flips = search.at(trials.reshape(-1, search.inputs), reach)[0].reshape(trials.shape[:2])
    found = np.flatnonzero(flips.any(axis=1))
    return np.asarray(trials[found, flips[found].argmax(axis=1)])
