"""Points at ledges of several inputs and where needs are whole, and thence down the slope of the margin."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from .field import Bools, Floats, Search

COMBINED, TRIED, LEFT = 800, 12000, 40  # places at ledges, those with whole needs, and those to go on from
LENGTHS = np.array([0.8, 0.9, 1.0, 1.03, 1.07, 1.12, 1.2, 1.3, 1.5])  # of the way that the slope tells
BESIDE = 2e-5  # of a whole need, to be safely at one side of it
WHOLE = np.array([[0, 1], [1, 1], [-1, -1], [-2, -1], [0, -1], [-1, 1]])  # whole needs from the next on, and the side
MOVED = 4000  # to whole needs of one build, or of two
BALLS = (0.6, 1.2, 2.4)  # radii that are tried before the whole reach
CORRECTIONS = 3
STEP = 0.01  # of differences


def at_ledges(search: Search) -> Floats:
    """Flips (point, input) at ledges, in the smallest ball that shows some; none where more than two inputs have any.
    """
    stepped = [i for i, at in enumerate(search.field.ledges) if len(at)]
    if len(stepped) > 2:
        return np.empty((0, search.inputs))
    slopes, slope, saw = _slopes(search)
    if not len(search.basins) and not slopes.any():
        return search.basins  # not even the corner flips to which scans of all inputs point
    most = 1.02 * min(search.distance, search.reach)
    for size in [*(ball for ball in BALLS if ball < most), most]:
        found = _inside(search, {i: _sides(search.field.ledges[i], saw[i], size) for i in stepped}, slopes, slope, size)
        if len(found):
            break
    return found


def _inside(search: Search, sides: dict[int, Floats], slopes: Floats, slope: Floats, size: float) -> Floats:
    """Flips no farther than a size."""
    places = [np.concatenate([[0.0], at]) for at in sides.values()]
    points = np.zeros((int(np.prod([len(at) for at in places])), search.inputs))
    for i, at in zip(sides, np.meshgrid(*places, indexing="ij"), strict=True):
        points[:, i] = at.ravel()
    points = _cheapest(search, points, size, COMBINED)
    if slopes.any():
        points = _cheapest(search, _whole(search, points, slopes, size), size, TRIED)
    flips, margin = search.at(points)
    known = _cheapest(search, points[flips], size, 64)
    return np.concatenate([known, _downhill(search, points[~flips], margin[~flips], slope, size)])


def _sides(at: Floats, both: bool, size: float) -> Floats:
    """Of each ledge within reach the side farther from the centre, or both."""
    low, high = at.reshape(2, -1)
    found = at if both else np.where(high > 0, high, low)
    return found[np.abs(found) <= size]


def _cheapest(search: Search, points: Floats, size: float, most: int) -> Floats:
    norm = search.norm(points)
    order = np.argsort(norm, kind="stable")[:most]
    return points[order[norm[order] <= size]]


def _slopes(search: Search) -> tuple[Floats, Floats, Bools]:
    """Slopes at the centre, of needs (need, input), and of the margin (input,) along inputs that move none.

    Last whether the margin has a slope between ledges, as sums that are spent have.
    """
    near = STEP * np.concatenate([np.eye(search.inputs), -np.eye(search.inputs)])
    need, margin = search.field.needs(near), search.at(near)[1][None]
    slopes, slope = ((x[:, :search.inputs] - x[:, search.inputs:]) / (2 * STEP) for x in (need, margin))
    priced = np.array([len(at) > 0 for at in search.field.ledges])
    slopes[:, priced] = 0.0
    return slopes, np.where(priced | slopes.any(axis=0), 0.0, slope[0]), priced & (np.abs(slope[0]) > 1e-9)


def _whole(search: Search, points: Floats, slopes: Floats, size: float) -> Floats:
    """The points, and each moved on to where one need is whole, or two are."""
    _, rows = np.unique(np.round(slopes, 9), axis=0, return_index=True)
    rows = rows[slopes[rows].any(axis=1)]
    log, found = search.field.needs(points)[rows], [points]
    next_ = np.ceil(np.exp(log) - 1e-9)
    with np.errstate(divide="ignore"):
        whole = np.log(np.maximum(next_ + WHOLE[:, 0, None, None], 0.0)) + BESIDE * WHOLE[:, 1, None, None]
    ones, pairs = [(i,) for i in range(len(rows))], [(i, j) for i in range(len(rows)) for j in range(i)]
    for at in [*ones, *pairs]:
        slope = slopes[rows[list(at)]]
        ways = np.linalg.pinv(slope @ search.field.correlation @ slope.T) @ slope @ search.field.correlation
        choice = np.array(list(product(range(2 + 2 * len(at)), repeat=len(at))))  # one by itself goes over a step
        target = np.stack([whole[choice[:, k], i] for k, i in enumerate(at)], axis=-1)  # (choice, point, need)
        moved = points + np.einsum("...n,ni->...i", target - log[list(at)].T, ways)
        moved, target = moved.reshape(-1, search.inputs), target.reshape(-1, len(at))
        norm = np.where(np.isfinite(moved).all(axis=1), search.norm(np.nan_to_num(moved)), np.inf)
        near = np.argsort(norm, kind="stable")[:MOVED]
        near = near[norm[near] <= 1.05 * size]
        found.append(_corrected(search, moved[near], target[near], ways, rows[list(at)]))
    return np.concatenate(found)


def _corrected(search: Search, points: Floats, target: Floats, ways: Floats, rows: NDArray[np.intp]) -> Floats:
    """Points moved on until needs are what is wanted of them, since their logarithms are not quite linear."""
    left = np.arange(len(points))
    for _ in range(CORRECTIONS if len(points) else 0):
        short = target[left] - search.field.needs(points[left])[rows].T
        far = np.abs(short).max(axis=1) > BESIDE / 4
        left, short = left[far], short[far]
        if not len(left):
            break
        points[left] += np.einsum("pn,ni->pi", short, ways)
    return points


def _downhill(search: Search, points: Floats, margin: Floats, slope: Floats, size: float) -> Floats:
    """Flips down the slope from points that do not flip, those first that are likely to be the nearest."""
    steep = float(np.sqrt(slope @ search.field.correlation @ slope))
    if not steep:
        return np.empty((0, search.inputs))
    left = margin / steep
    total = np.hypot(search.norm(points), left)
    k = np.argsort(total, kind="stable")[:LEFT]
    k = k[total[k] < 1.05 * size]
    way = -(search.field.correlation @ slope) / steep
    trials = (points[k, None, :] + (left[k, None] * LENGTHS)[:, :, None] * way).reshape(-1, search.inputs)
    return np.asarray(trials[search.at(trials)[0]])
