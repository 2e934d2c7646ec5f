"""A test over the scores of its inputs, and what a search of its nearest flip has found so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Judged = tuple[Bools, Floats]  # whether points are flipped, and by what margin they are not: nought or less where so


class Field(NamedTuple):
    """A test over displacements of its inputs' scores from their central values, each of which moves one input.

    Attributes
    ----------
    at : points (point, input) -> (point,)
    lines : bases (k, input), places (k, input, place) -> (k, input, place), one coordinate of a base being elsewhere
    needs : points (point, input) -> (need, point), logarithms of quantities that are rounded up to whole ones
    ledges : of each input (ledge,), displacements at both sides of its steps: all the lower sides come first
    correlation : (input, input) of the scores
    """

    at: Callable[[Floats], Judged]
    lines: Callable[[Floats, Floats], Judged]
    needs: Callable[[Floats], Floats]
    ledges: tuple[Floats, ...]
    correlation: Floats


class Search:
    """Points asked of a field, and the nearest of these that flips."""

    def __init__(self, field: Field, reach: float) -> None:
        """None yet; farther than `reach` none counts."""
        self.field, self.reach, self.searched = field, reach, 0
        self.inputs = len(field.correlation)
        self.precision = np.linalg.inv(field.correlation)
        self.precision[np.abs(self.precision) < 1e-12] = 0.0
        self.point, self.distance = np.full(self.inputs, np.nan), np.inf
        self.basins = np.empty((0, self.inputs))  # flips to go on from
        self.widened = False
        self.margin = float(field.at(np.zeros((1, self.inputs)))[1][0])

    def norm(self, points: Floats) -> Floats:
        """Distances (...,) of points (..., input) from the central values."""
        with np.errstate(over="ignore"):  # as far away as can be
            squares = (points * points * self.precision.diagonal()).sum(axis=-1)
            for i, j in zip(*np.nonzero(np.triu(self.precision, 1)), strict=True):  # no BLAS, whose threads wait
                squares = squares + 2.0 * self.precision[i, j] * points[..., i] * points[..., j]
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)))

    def at(self, points: Floats, reach: float = 0.0) -> Judged:
        """Whether points (point, input) flip, and their margins; the nearest is remembered."""
        flips, margin = self.field.at(points)
        self.searched += len(points)
        self._keep(points[flips], max(self.reach, reach))
        return flips, margin

    def lines(self, bases: Floats, places: Floats) -> Floats:
        """Margins on lines through bases."""
        flips, margin = self.field.lines(bases, places)
        self.searched += flips.size
        k, i, m = np.nonzero(flips)
        points = bases[k]
        points[np.arange(len(k)), i] = places[k, i, m]
        self._keep(points, self.reach)
        return margin

    def _keep(self, points: Floats, reach: float) -> None:
        norm = self.norm(points)
        k = int(norm.argmin()) if len(norm) else -1
        if k >= 0 and norm[k] < min(self.distance, reach * (1.0 + 1e-9)):
            self.point, self.distance = points[k].copy(), float(norm[k])

    def nearest(self, points: Floats, most: int) -> Floats:
        """The nearest points, of which no two lie in almost the same direction."""
        points = points[np.argsort(self.norm(points), kind="stable")][:64]
        directions = points / np.maximum(self.norm(points), 1e-300)[:, None]
        like, left, chosen = (directions @ self.precision) @ directions.T, np.ones(len(points), bool), list[int]()
        while left.any() and len(chosen) < most:
            chosen.append(int(np.argmax(left)))
            left &= like[chosen[-1]] < 0.97
            left[chosen[-1]] = False
        return points[chosen]
