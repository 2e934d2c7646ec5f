"""The independent standard normal space of some uncertain inputs, with its origin at their central values.

There the distance from the origin says how far the inputs have to move together, whatever their units and however
they are correlated: it is that of the first-order reliability method where central values are medians (Hasofer and
Lind 1974, J. Eng. Mech. Div. ASCE 100, 111; Der Kiureghian and Liu 1986, J. Eng. Mech. 112, 85).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from .copula import cholesky
from .distributions import Marginal
from .inverse import QuantileFunction, quantile_function

Floats = NDArray[np.float64]
FARTHEST = 8.2  # score beyond which levels are no longer told from 0 and 1
ENDS = 2.0**-33  # level of a central value at or beyond the end of its range: the last that samples reach
PARTS = 64  # into which a bracket of a level is cut at a time


class Space(NamedTuple):
    """Uncertain inputs as displacements, in standard deviations, from their central values."""

    quantiles: tuple[QuantileFunction, ...]  # level -> value
    centers: Floats  # (input,), in the units of the inputs
    origin: Floats  # (input,) normal scores of the central values
    factor: Floats  # (input, input), lower Cholesky factor of the normal scores' correlation matrix


def space(marginals: Sequence[Any], correlation: Floats) -> Space:
    """Space of uncertain inputs.

    Parameters
    ----------
    marginals
        each a `Marginal`, or a frozen scipy.stats distribution, the centre of which is its median.
    correlation : (input, input)
        of the normal scores (not Spearman's), positive definite; the identity where inputs are independent.

    Raises
    ------
    ValueError
        where a marginal is no distribution, or the matrix has another shape.
    """
    wanted = (len(marginals), len(marginals))
    if np.shape(correlation) != wanted:
        raise ValueError(f"the correlation matrix has shape {np.shape(correlation)}; wanted {wanted}")
    quantiles = tuple(quantile_function(m) for m in marginals)
    centers = [m.center() if isinstance(m, Marginal) else float(m.ppf(0.5)) for m in marginals]
    origin = [_score(q, c) for q, c in zip(quantiles, centers, strict=True)]
    return Space(quantiles, np.array(centers), np.array(origin), cholesky(np.asarray(correlation, np.float64)))


def _score(quantile: QuantileFunction, center: float) -> float:
    """Normal score nearest 0 of which `center` is the value; finite, and 0 where it is the median."""
    low = _level(lambda u: quantile(u) >= center)  # sup{u: Q(u) < c}
    high = _level(lambda u: quantile(u) > center)  # inf{u: Q(u) > c}
    return float(ndtri(min(max(min(max(0.5, low), high), ENDS), 1.0 - ENDS)))


def _level(beyond: Callable[[Floats], NDArray[np.bool_]]) -> float:
    """Level in [0, 1], to 2**-54, from which on a condition holds; 1 where it never does."""
    low, high = 0.0, 1.0
    for _ in range(9):
        u = np.linspace(low, high, PARTS + 1)[1:-1]
        first = int(np.searchsorted(beyond(u), True))
        low, high = (u[first - 1] if first else low), (u[first] if first < len(u) else high)
    return float(high)


def moved(space: Space, points: Floats) -> Floats:
    """Displacements of the correlated scores, (input, point), for independent ones (point, input)."""
    by = np.zeros(points.shape[::-1])
    for row, weights in zip(by, space.factor, strict=True):  # in a fixed order, whatever the number of points
        for j in np.flatnonzero(weights):
            row += weights[j] * points[:, j]
    return by


def _levels(space: Space, by: Floats) -> Floats:
    return np.asarray(ndtr(np.clip(space.origin[:, None] + by, -FARTHEST, FARTHEST)))


def levels(space: Space, points: Floats) -> Floats:
    """Quantile levels (point, input), inside (0, 1), of displacements (point, input)."""
    return _levels(space, moved(space, points)).T


def values(space: Space, points: Floats) -> Floats:
    """Values (point, input), in the units of the inputs, of independent displacements (point, input) [1].

    An input whose correlated score is not moved has exactly its central value; beyond a score of `FARTHEST` no value
    changes.
    """
    by = moved(space, points)
    x = np.array([q(u) for q, u in zip(space.quantiles, _levels(space, by), strict=True)]).reshape(by.shape)
    return np.where(by == 0.0, space.centers[:, None], x).T


def displacements(space: Space, scores: Floats) -> Floats:
    """Independent displacements (input, sample) of correlated normal scores (input, sample)."""
    points = scores - space.origin[:, None]
    for i, row in enumerate(points):  # forward substitution in a fixed order, whatever the number of samples
        for j in np.flatnonzero(space.factor[i, :i]):
            row -= space.factor[i, j] * points[j]
        row /= space.factor[i, i]
    return points


def shares(space: Space, point: Floats) -> Floats:
    """Share (input,) of the squared distance of a point (input,) that each input takes.

    With the correlated scores' displacements z and their correlation matrix R it is z_i (R^-1 z)_i / (z R^-1 z): the
    squared cosines of the reliability method where inputs are independent. They sum to one; some may be negative
    where inputs are correlated; all are missing at the origin.
    """
    z, weights = moved(space, point[None])[:, 0], np.array(point, np.float64)
    for i in reversed(range(len(point))):  # weights = factor^-T point = R^-1 z
        for j in range(i + 1, len(point)):
            weights[i] -= space.factor[j, i] * weights[j]
        weights[i] /= space.factor[i, i]
    squared = float((point * point).sum())
    return z * weights / squared if squared else np.full_like(z, np.nan)
