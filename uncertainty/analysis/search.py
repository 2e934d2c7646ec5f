"""Search of the nearest flip: the point of least norm at which an oracle says yes.

Points are displacements from the central values in independent standard normal space, so that the distance found is
the reliability index of Hasofer and Lind (1974), J. Eng. Mech. Div. ASCE 100, 111, with these at the origin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .spread import axes, filling, lattice, uniform

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Oracle = Callable[[Floats], Bools]  # displacements (point, input) -> whether it is flipped there; not so at zero

FIRST, FILL = 3072, 6144  # points that fill the ball: to begin with, and of the radius found
FEW = 2  # inputs of which twice as many fill a ball well
ROUNDS = 8  # fillings of the ball, each of which may show a nearer flip
BESIDE = 1e-9  # distance that is as good as none
CHUNK = 1 << 14  # points of a lattice that are tried at once
EMPTY = 2  # fillings without any flip before none is found at all
STEPS = (0.1, 0.03, 0.01, 0.003, 0.001)  # finite differences, over the radius
LENGTHS = np.array([0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0])  # of steps, over that of the tangent plane
GAINS = 0.5 ** np.arange(1, 23)  # parts of the radius that a step may save
WALKS = (6, 6, 4, 4, 2, 2) + (1,) * 18  # basins walked in, by round
WALK = 384  # points of a round
WORTH = 1e-5  # gain, over the radius, that is worth another descent
SMALL = 1e-4  # steps, over the radius, that end a walk


class Nearest(NamedTuple):
    """The flip found nearest to the central values.

    point : (input,), missing where none was found
    distance : infinite where none was found
    searched : points tried
    radius : within this no point that was tried flips: the distance, or else how far was looked
    """

    point: Floats
    distance: float
    searched: int
    radius: float


@dataclass
class _Search:
    """The oracle, and what it has said so far."""

    flips: Oracle
    point: Floats
    distance: float = np.inf
    searched: int = 0


def nearest(flips: Oracle, inputs: int, starts: Floats, reach: float = 8.0) -> Nearest:
    """Search the flip of least Euclidean norm.

    Every input is scanned by itself and the ball is filled with points; from the nearest flips of all kinds the
    search goes on by leaving inputs out, by tangent planes (Rackwitz and Fiessler 1978, Comput. Struct. 9, 489) with
    a line search, which converges where the limit is smooth, and by random steps at shrinking scales, which need no
    smoothness. The ball of the radius found is then filled with points, and a flip among these starts anew; with one
    or two inputs by all points of a fine lattice, so that none of these is nearer. It is a search: thin slivers may
    escape it, and `radius` says no more than that no point tried flips within it.

    Parameters
    ----------
    flips
        displacements (point, input) -> booleans (point,), False at zero. It is called with up to 16,384 points.
    inputs
        how many there are.
    starts : (start, input)
        displacements that flip, as found among samples; there may be none.
    reach
        how far to look where none is known.
    """
    search = _Search(flips, np.full(inputs, np.nan))
    if inputs:
        known = _flipped(search, np.concatenate([starts.reshape(-1, inputs), reach * axes(inputs)]))
        inside = min(reach, search.distance) * filling(inputs, 0, FIRST, True)
        known = np.concatenate([known, _flipped(search, inside)])
        fill = 2 * FILL if inputs <= FEW else FILL
        for k in range(ROUNDS):
            if len(known):
                _descend(search, known)
            before, ball = search.distance, _directed(search, filling(inputs, FIRST + k * fill, fill, False))
            known = _flipped(search, min(reach, before) * ball)
            known = known[_norm(known) < before * (1.0 - WORTH)]
            if not len(known) and (k + 1 >= EMPTY or np.isfinite(search.distance)):
                break
        if inputs <= FEW:
            _exhaust(search, lattice(inputs), reach)
    return Nearest(search.point, search.distance, search.searched,
                   search.distance if np.isfinite(search.distance) else reach)


def _exhaust(search: _Search, points: Floats, reach: float) -> None:
    """Try all points of a lattice, in order of their norm, up to the flip that is known, and go on from what flips."""
    for start in range(0, len(points), CHUNK):
        chunk = points[start : start + CHUNK]
        if _norm(chunk[0]) >= min(reach, search.distance):
            break
        known = _flipped(search, chunk)
        if len(known):
            _descend(search, known)


def _try(search: _Search, points: Floats) -> Bools:
    """Whether points (..., input) flip, (...); the nearest that does is remembered."""
    rows = points.reshape(-1, points.shape[-1])
    found = np.asarray(search.flips(rows), bool)
    search.searched += len(rows)
    if found.any():
        flipped = rows[found]
        distance = _norm(flipped)
        k = int(np.argmin(distance))
        if distance[k] < search.distance:
            search.point, search.distance = flipped[k].copy(), float(distance[k])
    return found.reshape(points.shape[:-1])


def _flipped(search: _Search, points: Floats) -> Floats:
    return points[_try(search, points)]


def _norm(points: Floats) -> Floats:
    return np.asarray(np.sqrt((points * points).sum(axis=-1)))


def _directed(search: _Search, points: Floats) -> Floats:
    """Points of the unit ball, a third of which are turned into the inputs that matter where the flip is."""
    inputs = len(search.point)
    used = np.flatnonzero(np.nan_to_num(search.point))
    if inputs <= 3 or not 0 < len(used) <= 3:
        return points
    points, turned = points.copy(), np.arange(1, len(points), 3)
    points[turned] = 0.0
    points[turned[:, None], used] = filling(len(used), 0, len(turned), False)
    return points


# --- from flips to nearer ones ------------------------------------------------------------------------------------


def _descend(search: _Search, known: Floats) -> None:
    """Go from flips to the nearest that can be reached from them."""
    if search.distance < BESIDE:
        return
    basins = _sparser(search, _sparser(search, _distinct(known, 8)))
    basins = _distinct(_drawn_in(search, basins, (48, 32)), 6)
    walked = _walked(search, np.concatenate([_tangent(search, basins[:3], 12), basins]))
    before = search.distance
    _tangent(search, walked[:1], 24)
    if search.distance < 0.9999 * before:
        _walked(search, search.point[None])
    _drawn_in(search, _squeezed(search, _sparser(search, search.point[None])), (64,) * 3)


def _distinct(points: Floats, most: int) -> Floats:
    """The nearest points, of which no two lie in almost the same direction."""
    points = points[np.argsort(_norm(points), kind="stable")]
    directions = points / _norm(points)[:, None]
    left, chosen = np.ones(len(points), bool), list[int]()
    while left.any() and len(chosen) < most:
        chosen.append(int(np.argmax(left)))
        left &= (directions * directions[chosen[-1]]).sum(axis=1) < 0.95
    return points[chosen]


@lru_cache(maxsize=16)
def _kept(inputs: int) -> Bools:
    """Which coordinates to keep: one, two, or all but one."""
    one = np.eye(inputs, dtype=bool)
    first, second = np.triu_indices(inputs, 1)
    return np.concatenate([one, one[first] | one[second], ~one])


def _sparser(search: _Search, points: Floats) -> Floats:
    """Of each point the nearest that flips with some coordinates at zero, or else itself."""
    rank = np.argsort(np.argsort(-np.abs(points), axis=1, kind="stable"), axis=1)
    largest = rank[:, None, :] < np.arange(1, points.shape[1])[:, None]
    kept = np.concatenate([np.broadcast_to(_kept(points.shape[1]), (len(points), *_kept(points.shape[1]).shape)),
                           largest], axis=1)
    return _best(search, points, points[:, None, :] * kept)


def _best(search: _Search, points: Floats, trials: Floats) -> Floats:
    """Of each point (k, input) the nearest of its trials (k, trial, input) that flips, or else itself."""
    length = np.where(_try(search, trials), _norm(trials), np.inf)
    k = length.argmin(axis=1)
    rows = np.arange(len(points))
    nearer = length[rows, k] < _norm(points)
    return np.where(nearer[:, None], trials[rows, k], points)


def _section(search: _Search, base: Floats, along: Floats, low: Floats, high: Floats,
             parts: int) -> tuple[Floats, Floats]:
    """The first of equal parts of [low, high] (k,) whose upper end flips on the line base + t along, (k, input)."""
    t = low[:, None] + (high - low)[:, None] * np.arange(1, parts) / parts
    found = _try(search, base[:, None, :] + t[:, :, None] * along[:, None, :])
    t = np.concatenate([low[:, None], t, high[:, None]], axis=1)
    first = np.where(found.any(axis=1), found.argmax(axis=1), parts - 1)
    rows = np.arange(len(t))
    return t[rows, first], t[rows, first + 1]


def _drawn_in(search: _Search, points: Floats, parts: tuple[int, ...]) -> Floats:
    """The first flips on the way from the origin to flips, by sections into so many parts each."""
    low, high = np.zeros(len(points)), np.ones(len(points))
    for count in parts:
        low, high = _section(search, np.zeros_like(points), points, low, high, count)
    return points * high[:, None]


def _squeezed(search: _Search, point: Floats) -> Floats:
    """The flip (1, input) with each of its few coordinates in turn as near zero as that of the first flip."""
    used = np.flatnonzero(point[0])
    for j in used if len(used) <= 6 else ():
        along = np.zeros_like(point)
        along[0, j] = point[0, j]
        low, high = np.zeros(1), np.ones(1)
        for _ in range(3):
            low, high = _section(search, point - along, along, low, high, 64)
        point = point + (high[0] - 1.0) * along
    return point


def _tangent(search: _Search, points: Floats, parts: int) -> Floats:
    """Nearer flips where the limit's tangent plane is nearest, as long as any comes nearer; (k, input)."""
    for step in STEPS:
        radius = _norm(points)
        normal = _normals(search, points, step * radius, parts)
        target = normal * ((normal * points).sum(axis=1) / (normal * normal).sum(axis=1))[:, None]
        trials = points[:, None, :] + LENGTHS[:, None] * (target - points)[:, None, :]
        trials *= (radius[:, None] / np.maximum(_norm(trials), 1e-300))[:, :, None]
        trials = trials[:, :, None, :] * (1.0 - GAINS)[:, None]
        closer = _best(search, points, trials.reshape(len(points), -1, points.shape[1]))
        gain = 1.0 - _norm(closer) / radius
        points = closer
        if not (gain > 1e-7).any():
            break
        low = np.maximum(1.0 - 2.0 * gain, 0.0) / (1.0 - gain)
        _, high = _section(search, np.zeros_like(points), points, low, np.ones(len(points)), parts)
        points = points * high[:, None]
    return points


def _normals(search: _Search, points: Floats, step: Floats, parts: int) -> Floats:
    """Normals of the limit at points on it, by central differences along the rays of the points; (k, input)."""
    count, inputs = points.shape
    ray = (points / _norm(points)[:, None])[:, None, None, :]
    sides = np.array([1.0, -1.0])[:, None, None] * np.eye(inputs)
    base = points[:, None, None, :] + step[:, None, None, None] * sides
    base, along = base.reshape(-1, inputs), np.broadcast_to(ray, base.shape).reshape(-1, inputs)
    high = np.repeat(2.0 * step, 2 * inputs)
    low = -high
    for _ in range(2):
        low, high = _section(search, base, along, low, high, parts)
    offset = ((low + high) / 2).reshape(count, 2, inputs)
    normal = (offset[:, 1] - offset[:, 0]) / (2.0 * step[:, None])
    return np.where((normal == 0).all(axis=1, keepdims=True), points, normal)


def _walked(search: _Search, points: Floats) -> Floats:
    """Flips that random steps of shrinking size reach; the nearest comes first."""
    scale = np.full(len(points), 0.5)
    for k, most in enumerate(WALKS):
        if scale.max() < SMALL:
            break
        order = np.argsort(_norm(points), kind="stable")[:most]
        points, scale = points[order], scale[order]
        sizes = scale[:, None] * 2.0 ** (-6.0 * uniform(1000 + k, WALK, 1)[: WALK // len(points), 0])
        trials = _steps(points, sizes, k)
        length = np.where(_try(search, trials), _norm(trials), np.inf)
        best, rows = length.argmin(axis=1), np.arange(len(points))
        nearer = length[rows, best] < _norm(points)
        points = np.where(nearer[:, None], trials[rows, best], points)
        scale = np.where(nearer, np.minimum(4.0 * sizes[rows, best], 0.5), scale / 8.0)
    return points[np.argsort(_norm(points), kind="stable")]


def _steps(points: Floats, sizes: Floats, key: int) -> Floats:
    """Nearer points (k, trial, input): in turn some coordinates shrunk, or all turned, or those that are not zero."""
    count, inputs = sizes.shape[1], points.shape[1]
    u, v = uniform(2000 + key, count, inputs), uniform(3000 + key, count, inputs)
    w = uniform(4000 + key, count, 1)[:, 0]
    shrunk = np.where(v < 0.5, 2.0 ** (-24.0 * v), 0.0)
    by_shrinking = points[:, None, :] * (1.0 - sizes[:, :, None] * shrunk)
    radius = _norm(points)[:, None, None]
    kept = (points != 0)[:, None, :] & (np.arange(count) % 3 == 1)[:, None] | (v < 0.25) | (inputs <= 3)
    turned = points[:, None, :] + radius * sizes[:, :, None] * np.where(kept, ndtri(u), 0.0)
    turned *= radius / _norm(turned)[:, :, None] * (1.0 - sizes * 2.0 ** (-10.0 * w))[:, :, None]
    return np.where((np.arange(count) % 3 == 0)[:, None], by_shrinking, turned)
