"""Ways to use up a margin, as if what each input takes of it added up: dynamic programming over scans of each input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .field import Floats, Search

LEVELS = 112  # into which a margin is cut
WANTED = (1.0, 0.93, 0.85, 0.7, 0.5)  # parts of the margin that ways are sought for, since they do not quite add up
SIDE = 24  # places that are tried to either side of the centre
SLOTS = 24  # ledges that are tried besides
GRID = np.concatenate([-np.arange(SIDE, 0, -1), np.arange(SIDE + 1)]) / SIDE
NEAR = np.concatenate([[0.0], 0.002 * 1.6 ** np.arange(12)])  # parts of a coordinate that it may be drawn in by
FINE = 0.1 * np.concatenate([-NEAR[:0:-1], NEAR])
VARIANTS = 4  # blocks that are left out in turn

Block = tuple[int, ...]  # inputs that are moved together: one, or two that are correlated
Options = tuple[NDArray[np.intp], Floats, Floats]  # of a block: levels that they take, costs, places (option, input)


def from_center(search: Search, size: float, vary: bool) -> Floats:
    """Points to try (point, input), by scans through the centre as far as `size`; the last is the farthest corner."""
    places = np.zeros((1, search.inputs, len(GRID) + SLOTS))
    places[0, :, :len(GRID)] = size * GRID
    for row, at in zip(places[0], search.field.ledges, strict=True):
        inside = at[np.abs(at) <= size]
        inside = inside[np.argsort(np.abs(inside), kind="stable")][:SLOTS]
        row[len(GRID):len(GRID) + len(inside)] = inside
    gain = search.margin - search.lines(np.zeros((1, search.inputs)), places)[0]
    most = gain - 1e-9 * np.abs(places[0])  # what gains nothing stays
    corner = np.take_along_axis(places[0], most.argmax(axis=1)[:, None], 1).T
    return np.concatenate([_ways(search, places[0], gain, search.margin, vary), corner])


def from_bases(search: Search, bases: Floats, size: float) -> Floats:
    """Points to try (point, input), by scans through other points (base, input)."""
    shape = (len(bases), search.inputs, 1)
    whole = np.broadcast_to(size * GRID[::2], (*shape[:2], SIDE + 1))
    places = np.concatenate([whole, bases[:, :, None] * (1.0 - NEAR), bases[:, :, None] + size * FINE,
                             np.zeros(shape)], axis=2)
    margins = search.lines(bases, places)
    own = margins[:, 0, SIDE + 1]  # no part of a coordinate drawn in: the base itself
    return np.concatenate([_ways(search, *each, False) for each in zip(
        places, own[:, None, None] - margins, own, strict=True)])


def _blocks(correlation: Floats) -> list[Block]:
    """Inputs by themselves, and pairs that are correlated."""
    left, blocks = list(range(len(correlation))), list[Block]()
    while left:
        i = left.pop(0)
        others = [j for j in left if correlation[i, j] != 0.0][:1]
        left = [j for j in left if j not in others]
        blocks.append((i, *others))
    return blocks


def _ways(search: Search, places: Floats, gain: Floats, margin: float, vary: bool) -> Floats:
    """Cheapest points (way, input) at which gains (input, place) use up the margin, wholly or nearly."""
    blocks = _blocks(search.field.correlation)
    given = [_moves(search, block, places, gain) for block in blocks]
    least = [float(g[cost.argmin()]) for _, g, cost in given]
    need = max(margin - sum(least), 1e-12)
    options = [_options(x, (g - z) / need, cost) for (x, g, cost), z in zip(given, least, strict=True)]
    found = [_programme(options, blocks, search.inputs, -1)]
    used = [b for b, block in enumerate(blocks) if len(found[0]) and found[0][0, list(block)].any()]
    found += [_programme(options, blocks, search.inputs, b) for b in (used[:VARIANTS] if vary else ())]
    return np.concatenate(found)


def _moves(search: Search, block: Block, places: Floats, gain: Floats) -> tuple[Floats, Floats, Floats]:
    """Places (option, input) of a block, their gains and costs."""
    if len(block) == 1:
        x, g, cost = places[block[0]][:, None], gain[block[0]], places[block[0]] ** 2
    else:
        one, two = places[list(block)]
        a, b = np.repeat(one, len(two)), np.tile(two, len(one))
        rho = search.field.correlation[block]
        x, g = np.stack([a, b], axis=1), (gain[block[0]][:, None] + gain[block[1]]).ravel()
        cost = (a * a - 2.0 * rho * a * b + b * b) / (1.0 - rho * rho)
    keep = cost <= max(search.reach**2, cost.min())
    return x[keep], g[keep], cost[keep]


def _options(x: Floats, gain: Floats, cost: Floats) -> Options:
    """The cheapest for each level that none above undercuts."""
    level = np.clip(np.rint(gain * LEVELS), 0, LEVELS).astype(np.intp)
    best, which = np.full(LEVELS + 1, np.inf), np.zeros(LEVELS + 1, np.intp)
    np.minimum.at(best, level, cost)
    at = np.flatnonzero(cost <= best[level])
    which[level[at]] = at
    use = np.flatnonzero((best <= np.minimum.accumulate(best[::-1])[::-1]) & np.isfinite(best))
    return use, best[use], x[which[use]]


def _programme(options: list[Options], blocks: list[Block], inputs: int, without: int) -> Floats:
    """Cheapest points that take the wanted levels, a block being left where it is."""
    level, choices, found = np.arange(LEVELS + 1), [], []
    cost = np.where(level == 0, 0.0, np.inf)
    for b, (use, own, _) in enumerate(options):
        most = 1 if b == without else len(use)
        total = cost[np.maximum(level - use[:most, None], 0)] + own[:most, None]
        choices.append(total.argmin(axis=0))
        cost = total[choices[-1], level]
    for at in (int(part * LEVELS) for part in WANTED):
        point = np.zeros(inputs)
        for (use, _, x), block, choice in zip(options[::-1], blocks[::-1], choices[::-1], strict=True):
            point[list(block)] = x[choice[at]]
            at = max(at - int(use[choice[at]]), 0)
        found.append(point)
    finite = [bool(np.isfinite(cost[int(part * LEVELS)])) for part in WANTED]
    return np.array(found)[finite]
