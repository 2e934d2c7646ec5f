"""From flips to nearer ones, where the tangents of all limits that hold them back meet nearest the centre.

Of a limit it need not be known what it is, a step or a slope: what counts is how much of another input makes up for a
little less of one. A step of one input alone is made up for by none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .field import Bools, Floats, Search

INWARD = np.array([0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0])  # parts of a coordinate
TRADES = 2.0 ** np.arange(-3, 5)  # of another coordinate, over what is taken from one
PUSH = np.array([1e-5, 1e-4, 1e-3, 4e-3, 0.015])  # beyond curved limits
HALT = 1e-7  # beyond steps
PARTS = np.arange(1, 16) / 16
WAY = np.array([1.0, 0.6, 0.3])  # of the way to where tangents meet

Ints = NDArray[np.intp]


def nearer(search: Search, bases: Floats, step: float) -> Floats:
    """Bases (base, input), which flip, moved nearer; `step` is of differences, over the distance."""
    which, moved = np.nonzero(bases)
    base, inward = bases[which], np.zeros((len(which), search.inputs))
    rows = np.arange(len(which))
    inward[rows, moved] = -np.sign(base[rows, moved])
    low, high = _closed(search, base, inward, np.abs(base[rows, moved])[:, None] * INWARD, False)
    edge = base + np.where(np.isfinite(high), low, np.abs(base[rows, moved]))[:, None] * inward
    held = np.flatnonzero(np.isfinite(high))  # by a limit, on the way to nought
    delta = step * search.norm(base[held])
    behind = edge[held] + ((high - low)[held] + delta)[:, None] * inward[held]
    normal = _traded(search, behind, delta, moved[held])
    normal[np.arange(len(held)), moved[held]] = np.sign(base[held, moved[held]])
    trials, owner = [bases, edge], [np.arange(len(bases)), which]
    for k, point in enumerate(bases):
        mine = _of(which[held], k)
        met = _met(search, normal[mine], (normal[mine] * edge[held[mine]]).sum(axis=1))
        trials += [point + part * (met - point) for part in WAY]
        owner += [np.full(len(met), k)] * len(WAY)
    return _best(search, np.concatenate(trials), np.concatenate(owner), len(bases))


def _of(which: Ints, k: int) -> Ints:
    """Rows of one base."""
    return np.flatnonzero(which == k)


def _best(search: Search, points: Floats, owner: Ints, count: int) -> Floats:
    """Of each base the nearest of its points that flips."""
    length = np.where(search.at(points)[0], search.norm(points), np.inf)
    order = np.lexsort((length, owner))
    first = order[np.searchsorted(owner[order], np.arange(count))]
    return points[first]


def _first(search: Search, base: Floats, along: Floats, nodes: Floats, wanted: bool) -> tuple[Floats, Floats]:
    """The nodes (k, node) between which base + t along, (k, input), turns to what is wanted; infinite where not."""
    points = base[:, None, :] + nodes[:, :, None] * along[:, None, :]
    hit = search.at(points.reshape(-1, base.shape[1]))[0].reshape(nodes.shape) == wanted
    first, rows, found = hit.argmax(axis=1), np.arange(len(base)), hit.any(axis=1)
    return (np.where(found, np.where(first > 0, nodes[rows, first - 1], 0.0), nodes[:, -1]),
            np.where(found, nodes[rows, first], np.inf))


def _closed(search: Search, base: Floats, along: Floats, nodes: Floats, wanted: bool) -> tuple[Floats, Floats]:
    """The same, closed in on."""
    low, high = _first(search, base, along, nodes, wanted)
    use = np.flatnonzero(np.isfinite(high))
    if len(use):
        parts = low[use, None] + (high - low)[use, None] * PARTS
        inner, outer = _first(search, base[use], along[use], parts, wanted)
        first = outer == parts[:, 0]
        low[use], high[use] = np.where(first, low[use], inner), np.minimum(high[use], outer)
    return low, high


def _traded(search: Search, behind: Floats, delta: Floats, moved: Ints) -> Floats:
    """How much each input (k, input) makes up for `delta` less of one, as parts of a normal; nought if not at all."""
    count, inputs = behind.shape
    others = (np.arange(inputs) != moved[:, None])[:, None, :] & np.ones((1, 2, 1), bool)
    k, side, j = np.nonzero(others)
    along = np.zeros((len(k), inputs))
    along[np.arange(len(k)), j] = 1.0 - 2.0 * side
    rate = np.zeros((count, 2, inputs))
    if len(k):
        low, high = _closed(search, behind[k], along, delta[k, None] * TRADES, True)
        rate[k, side, j] = np.where(np.isfinite(high), 2.0 * delta[k] / (low + high), 0.0)
    return np.where(rate[:, 0] >= rate[:, 1], rate[:, 0], -rate[:, 1])


def _met(search: Search, normal: Floats, offset: Floats) -> Floats:
    """Points (point, input) nearest the centre on all limits normal x = offset, and a little beyond."""
    pure: Bools = (normal != 0).sum(axis=1) == 1
    size = np.sqrt(((normal @ search.field.correlation) * normal).sum(axis=1))
    normal, offset = normal / size[:, None], offset / size
    while len(normal):
        weight = np.linalg.pinv(normal @ search.field.correlation @ normal.T, rcond=1e-3, hermitian=True)
        keep = weight @ offset >= -1e-9  # others hold nothing back
        if keep.all():
            pushed = offset * (1.0 + np.where(pure, HALT, PUSH[:, None]))
            return np.asarray(pushed @ weight @ normal @ search.field.correlation)
        normal, offset, pure = normal[keep], offset[keep], pure[keep]
    return np.empty((0, search.inputs))
