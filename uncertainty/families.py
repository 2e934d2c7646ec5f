"""Families of distributions: quantile, probability and density, exact, as plain functions.

A quantile comes from the probabilities on both its sides, so that neither tail loses digits. Logarithms and
exponentials are scipy's, whose last bit does not depend on the processor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

PARAMETERS: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "pert": ("low", "mode", "high"),
    "normal": ("mean", "std"),
    "lognormal": ("median", "sigma"),
    "beta": ("a", "b", "low", "high"),
    "discrete": ("values", "probabilities"),
    "empirical": ("values",),
}
OPTIONS = ("min", "max", "central")
DISCRETE = ("discrete", "empirical")


def _exp(x: NDArray[np.floating]) -> Array:
    return np.asarray(special.inv_boxcox(x, 0.0))  # libm's; the last bit of np.exp depends on the vector unit


def _log(x: Array) -> Array:
    return np.asarray(special.xlogy(1.0, np.maximum(x, 0.0)))


def _uniform_ppf(below: Array, above: Array, low: float, high: float) -> Array:
    return np.where(below < above, low + below * (high - low), high - above * (high - low))


def _uniform_cdf(x: Array, upper: bool, low: float, high: float) -> Array:
    return np.clip((high - x if upper else x - low) / (high - low), 0.0, 1.0)


def _uniform_pdf(x: Array, low: float, high: float) -> Array:
    return np.full_like(x, 1.0 / (high - low))


def _triangular_ppf(below: Array, above: Array, low: float, mode: float, high: float) -> Array:
    width, left = high - low, below < (mode - low) / (high - low)
    reach = np.sqrt(np.where(left, below * (width * (mode - low)), above * (width * (high - mode))))
    return np.where(left, low + reach, high - reach)


def _triangle(x: Array, low: float, mode: float, high: float) -> tuple[NDArray[np.bool_], Array, Array]:
    z, c = np.clip((x - low) / (high - low), 0.0, 1.0), (mode - low) / (high - low)
    left = (z < c) | (c == 1.0)
    return left, np.where(left, z, 1.0 - z), np.where(left, c, 1.0 - c)


def _triangular_cdf(x: Array, upper: bool, low: float, mode: float, high: float) -> Array:
    left, z, c = _triangle(x, low, mode, high)
    return np.where(left != upper, z * z / c, 1.0 - z * z / c)


def _triangular_pdf(x: Array, low: float, mode: float, high: float) -> Array:
    _, z, c = _triangle(x, low, mode, high)
    return 2.0 / (high - low) * z / c


def _normal_ppf(below: Array, above: Array, mean: float, std: float) -> Array:
    return mean + std * np.copysign(special.ndtri(np.minimum(below, above)), below - above)


def _normal_cdf(x: Array, upper: bool, mean: float, std: float) -> Array:
    return np.asarray(special.ndtr((mean - x if upper else x - mean) / std))


def _normal_pdf(x: Array, mean: float, std: float) -> Array:
    return _exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2.0 * math.pi))


def _lognormal_ppf(below: Array, above: Array, median: float, sigma: float) -> Array:
    return median * _exp(_normal_ppf(below, above, 0.0, sigma))


def _lognormal_cdf(x: Array, upper: bool, median: float, sigma: float) -> Array:
    return _normal_cdf(_log(x / median), upper, 0.0, sigma)


def _lognormal_pdf(x: Array, median: float, sigma: float) -> Array:
    z = _log(x / median) / sigma
    return _exp(-z * (0.5 * z + sigma)) / (median * sigma * math.sqrt(2.0 * math.pi))


def _beta_ppf(below: Array, above: Array, a: float, b: float, low: float, high: float) -> Array:
    left = below < above
    z = special.betaincinv(a, b, np.where(left, below, 0.0))
    z += special.betainccinv(a, b, np.where(left, 1.0, above))
    return low * (1.0 - z) + high * z


def _beta_cdf(x: Array, upper: bool, a: float, b: float, low: float, high: float) -> Array:
    z = _uniform_cdf(x, upper, low, high)
    return np.asarray(special.betainc(b, a, z) if upper else special.betainc(a, b, z))


def _beta_pdf(x: Array, a: float, b: float, low: float, high: float) -> Array:
    z, y = _uniform_cdf(x, False, low, high), _uniform_cdf(x, True, low, high)
    return _exp(special.xlogy(a - 1.0, z) + special.xlogy(b - 1.0, y) - special.betaln(a, b)) / (high - low)


def _as_beta(low: float, mode: float, high: float) -> tuple[float, float, float, float]:
    return 1.0 + 4.0 * (mode - low) / (high - low), 1.0 + 4.0 * (high - mode) / (high - low), low, high


def _as_steps(*parameters: float) -> tuple[Array, Array, Array]:
    values, probabilities = np.array(parameters).reshape(2, -1)
    cumulative = np.append(0.0, np.cumsum(probabilities))
    cumulative[-1] = 1.0
    edges = cumulative + np.where(cumulative > 0.0, 1e-12, -1e-12)  # rounding dust of the sums
    return edges, np.concatenate(([np.nan], values, [np.nan])), cumulative


def _steps_ppf(below: Array, _above: Array, edges: Array, padded: Array, _cumulative: Array) -> Array:
    return padded[np.searchsorted(edges, below)]


def _steps_cdf(x: Array, upper: bool, _edges: Array, padded: Array, cumulative: Array) -> Array:
    reached = cumulative[np.searchsorted(padded[1:-1], x, side="right")]
    return 1.0 - reached if upper else reached


def _steps_pdf(_x: Array, *_steps: Array) -> Array:
    raise ValueError("discrete and empirical distributions have no density; wanted a continuous one")


def _as_given(*parameters: float) -> tuple[float, ...]:
    return parameters


class Family(NamedTuple):
    """Functions of one family; their last arguments are `arguments(*parameters)`."""

    arguments: Callable[..., tuple[Any, ...]]
    ppf: Callable[..., Array]  # (below, above, ...)
    cdf: Callable[..., Array]  # (x, upper, ...): probability below x, or above it
    pdf: Callable[..., Array]  # (x, ...): within the support


FAMILIES: dict[str, Family] = {
    "uniform": Family(_as_given, _uniform_ppf, _uniform_cdf, _uniform_pdf),
    "triangular": Family(_as_given, _triangular_ppf, _triangular_cdf, _triangular_pdf),
    "pert": Family(_as_beta, _beta_ppf, _beta_cdf, _beta_pdf),
    "normal": Family(_as_given, _normal_ppf, _normal_cdf, _normal_pdf),
    "lognormal": Family(_as_given, _lognormal_ppf, _lognormal_cdf, _lognormal_pdf),
    "beta": Family(_as_given, _beta_ppf, _beta_cdf, _beta_pdf),
    "discrete": Family(_as_steps, _steps_ppf, _steps_cdf, _steps_pdf),
    "empirical": Family(_as_steps, _steps_ppf, _steps_cdf, _steps_pdf),
}
