"""The exact reference, by quadrature: quantiles of capex, and rank acceptability of capex and of throughput per dollar.

Given the battery load per kW (s, with hosts) and the battery price (w), the four builds are independent of each
other, so their ranks follow from one-dimensional distributions. What is left are sums over counts of devices and
batteries, and integrals over s (in cells, in each of which the law of the count of batteries is exact), over w and
over capex. No sampling anywhere.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from .problem import (
    BATTERY_MEDIAN,
    BATTERY_SIGMA,
    BUDGET,
    BUILDS,
    CAPACITY,
    HOSTED,
    HOURS,
    INPUTS,
    LEVELS,
    POWER,
    Floats,
)

RARE = 1e-10  # probability below which a count of devices is left out


class Grid(NamedTuple):
    """How fine the quadrature of ranks is."""

    load: int = 64  # even cells of the battery load per kW
    price: int = 20  # nodes of the battery price
    inner: int = 64  # cells of capex between two counts of batteries; of throughput per dollar, 16 times as many


class Reference(NamedTuple):
    """The exact figures, and the largest difference to those of half the resolution."""

    capex: Floats  # (build, level): quantiles
    rank_capex: Floats  # (build, rank)
    rank_tpd: Floats
    error_capex: float  # relative
    error_ranks: float  # absolute


# --- inputs ------------------------------------------------------------------------------------------------


def price_cdf(i: int, x: Floats) -> Floats:
    """P(price of a device <= x)."""
    median, sigma = INPUTS[f"price_{i}"][1]
    return special.ndtr(np.log(x / median) / sigma)


def triangular_cdf(name: str, x: Floats) -> Floats:
    """P(a triangular input <= x)."""
    low, mode, high = INPUTS[name][1]
    x = np.clip(x, low, high)
    return np.where(x < mode, (x - low) ** 2 / ((high - low) * (mode - low)),
                    1 - (high - x) ** 2 / ((high - low) * (high - mode)))


def pue_integral(y: Floats) -> Floats:
    """Integral of the distribution function of PUE from nothing to y."""
    low, mode, high = INPUTS["pue"][1]
    z = np.clip(y, low, high)
    left = np.minimum(z, mode)
    right = np.maximum(z, mode)
    tail = ((high - mode) ** 3 - (high - right) ** 3) / (3 * (high - low) * (high - mode))
    return (left - low) ** 3 / (3 * (high - low) * (mode - low)) + (right - mode) - tail + np.maximum(y - high, 0)


def nodes(name: str, order: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights of an input, in pieces where its density has a kink."""
    family, p = INPUTS[name]
    edges = p if family == "triangular" else p[-2:]
    x, w = np.polynomial.legendre.leggauss(order)
    pieces = [(a + (b - a) * (x + 1) / 2, w * (b - a) / 2) for a, b in pairwise(edges)]
    at, weight = np.concatenate([q[0] for q in pieces]), np.concatenate([q[1] for q in pieces])
    if family == "triangular":
        density = np.where(at < p[1], (at - p[0]) / (p[1] - p[0]), (p[2] - at) / (p[2] - p[1]))
    else:
        z = (at - p[2]) / (p[3] - p[2])
        density = z ** (p[0] - 1) * (1 - z) ** (p[1] - 1)
    return at, weight * density / np.sum(weight * density)


@cache
def load_table(hosted: bool, order: int = 40) -> tuple[Floats, Floats]:
    """Distribution function of the battery energy per kW of devices, with hosts or without, tabulated."""
    eta, weight = nodes("eta", order)
    low, high = INPUTS["dod"][1]
    factors, shares = nodes("f_host", order) if hosted else (np.ones(1), np.ones(1))
    least, most = (INPUTS["f_host"][1][0], INPUTS["f_host"][1][-1]) if hosted else (1.0, 1.0)
    x = np.linspace(HOURS * 1.10 * least / 0.97, HOURS * 1.60 * most / (0.85 * 0.8), 500 * order + 1)
    total = np.zeros(x.size)
    for f, share in zip(factors, shares, strict=True):
        a = x[:, None] * eta / (HOURS * f)
        total += share * ((pue_integral(a * high) - pue_integral(a * low)) / ((high - low) * a)) @ weight
    return x, total


def load_cdf(hosted: bool, x: Floats, order: int = 40) -> Floats:
    """P(battery energy per kW of devices <= x)."""
    return np.interp(x, *load_table(hosted, order), left=0.0, right=1.0)


# --- one build ---------------------------------------------------------------------------------------------


@cache
def counts(i: int) -> tuple[Floats, Floats]:
    """Counts of devices that a build can have, and their probabilities."""
    units = np.arange(1.0, 2000.0)
    p = price_cdf(i, BUDGET / units) - price_cdf(i, BUDGET / (units + 1))
    return units[p > RARE], p[p > RARE]


def thresholds(i: int) -> Floats:
    """Loads above which one battery more is needed, (count of devices, count of batteries from 0)."""
    units, _ = counts(i)
    most = int(np.ceil(units.max() * POWER[i] * load_table(bool(HOSTED[i]))[0][-1] / CAPACITY))
    return np.arange(most + 1) * CAPACITY / (units[:, None] * POWER[i])


@cache
def combinations(i: int, order: int) -> Floats:
    """Counts that occur together, as rows: devices, batteries, probability of these batteries given the devices."""
    units, p = counts(i)
    batteries = np.diff(load_cdf(bool(HOSTED[i]), thresholds(i), order), axis=1)
    u, m = np.nonzero(batteries * p[:, None] > RARE**2)
    return np.array([units[u], m + 1.0, batteries[u, m]])


def capex_cdf(i: int, c: float, order: int) -> float:
    """P(capex of build i <= c): exact in the counts, by Gauss-Legendre over the battery price between its kinks."""
    units, m, given = combinations(i, 2 * order)
    below = price_cdf(i, BUDGET / (units + 1))
    p = price_cdf(i, BUDGET / units) - below
    ends = [np.maximum((c - spend) / m, 1e-9) for spend in (BUDGET, BUDGET * units / (units + 1))]
    a, b = (np.clip(np.log(w / BATTERY_MEDIAN) / BATTERY_SIGMA, -9, 9) for w in ends)
    total = p * special.ndtr(a)  # battery prices at which any spend will do, then those at which some do
    x, weights = np.polynomial.legendre.leggauss(order)
    for node, weight in zip(x, weights, strict=True):
        z = a + (b - a) * (node + 1) / 2
        price = (c - m * BATTERY_MEDIAN * np.exp(BATTERY_SIGMA * z)) / units
        part = np.clip(price_cdf(i, np.maximum(price, 1.0)) - below, 0, p)
        total += part * np.exp(-z * z / 2) * (weight * (b - a) / np.sqrt(8 * np.pi))
    return float(given @ total)


def capex_quantiles(order: int = 20) -> Floats:
    """Quantiles of capex, (build, level)."""
    return np.array([[optimize.brentq(lambda c, i=i, q=q: capex_cdf(i, c, order) - q, 1e5, 2e6, xtol=1e-6)
                      for q in LEVELS] for i in range(len(BUILDS))])


# --- the reference -----------------------------------------------------------------------------------------


def reference(grid: Grid | None = None) -> Reference:
    """The exact figures; their error is the difference to what half the resolution gives."""
    from .exact_ranks import rank_capex, rank_tpd

    grid = grid or Grid()
    half, quarter = (Grid(grid.load // n, grid.price - 2 * n, grid.inner // n) for n in (2, 4))
    fine, coarse = capex_quantiles(20), capex_quantiles(10)
    ranks, errors = [], []
    for rank in (rank_capex, rank_tpd):
        by_grid = [rank(g) for g in (grid, half, quarter)]
        better, worse = ((4 * a - b) / 3 for a, b in pairwise(by_grid))  # Richardson: errors fall with the square
        ranks.append(better)
        errors.append(float(np.max(np.abs(better - worse))))
    return Reference(fine, *ranks, float(np.max(np.abs(coarse / fine - 1))), max(errors))
