"""Where to look: tables of points that depend on nothing but their number."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SPACING, FARTHEST = 0.0125, 5.0  # of a lattice


@lru_cache(maxsize=64)
def uniform(key: int, count: int, columns: int) -> Floats:
    """Uniform numbers (count, columns) inside (0, 1), always the same: of raw words, which numpy does not change."""
    raw = np.random.PCG64(key).random_raw(count * columns) >> np.uint64(12)
    return np.asarray((raw.reshape(count, columns) + 0.5) * 2.0**-52, np.float64)


@lru_cache(maxsize=16)
def axes(inputs: int) -> Floats:
    """Points along each half of each axis, as far as one."""
    count = min(max(512 // inputs, 64), 256)
    along = np.arange(1, count + 1)[:, None, None] / count
    return np.asarray(along * np.concatenate([np.eye(inputs), -np.eye(inputs)])).reshape(-1, inputs)


@lru_cache(maxsize=2)
def lattice(inputs: int) -> Floats:
    """All points (point, input) of a square lattice but the centre, as far as FARTHEST, in order of their norm."""
    count = round(FARTHEST / SPACING)
    line = np.arange(-count, count + 1) * SPACING
    points = np.stack(np.meshgrid(*[line] * inputs, indexing="ij"), axis=-1).reshape(-1, inputs)
    norm = np.sqrt((points * points).sum(axis=1))
    order = np.argsort(norm, kind="stable")
    return points[order[(norm[order] > 0) & (norm[order] <= FARTHEST)]]


@lru_cache(maxsize=32)
def filling(inputs: int, start: int, count: int, by_radius: bool) -> Floats:
    """Points (count, input) spread through the unit ball, evenly by volume or by radius.

    Few inputs take the additive recurrence of the generalised golden ratio (Roberts 2018), many take random points,
    of two thirds of which all but two or three coordinates are zero, since few inputs are wont to matter.
    """
    if inputs <= 3:
        ratio = {1: 1.618033988749895, 2: 1.324717957244746, 3: 1.2207440846057596}[inputs]
        u = np.arange(start + 1, start + count + 1)[:, None] * ratio ** -np.arange(1.0, inputs + 1) % 1.0
        cube = 2.0 * u - 1.0
    else:
        cube = 2.0 * uniform(start, count, inputs) - 1.0
        rank = np.argsort(np.argsort(uniform(start + 1, count, inputs), axis=1), axis=1)
        cube[rank >= np.array([inputs, 3, 2])[np.arange(count) % 3, None]] = 0.0
    return _ball(cube, by_radius)


def _ball(cube: Floats, by_radius: bool) -> Floats:
    """The cube [-1, 1]^n pressed into the ball along its rays."""
    size = np.abs(cube).max(axis=1)
    share = size ** (cube != 0).sum(axis=1)  # of the volume
    near = 1.0 - (1.0 - share) ** 4
    radius = share if by_radius else np.where(np.arange(len(cube)) % 2, near, size)
    return np.asarray(cube * (radius / np.sqrt((cube * cube).sum(axis=1)))[:, None])
