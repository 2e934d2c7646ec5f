"""Exact ranks: integrals over the battery load (cells), the battery price (nodes) and the ranked quantity."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse, special

from .exact import Grid, counts, load_cdf, load_table, price_cdf, thresholds, triangular_cdf
from .problem import BATTERY_MEDIAN, BATTERY_SIGMA, BUDGET, BUILDS, HOSTED, INPUTS, PEAK, Floats

GAUSS = (0.5 - np.sqrt(1 / 12), 0.5 + np.sqrt(1 / 12))  # exact for the cubics that linear pieces multiply to


def battery_prices(size: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the battery price: trapezoids in the normal score, which decay at both ends."""
    z = np.linspace(-6.5, 6.5, size)
    weight = np.exp(-z * z / 2)
    return BATTERY_MEDIAN * np.exp(BATTERY_SIGMA * z), weight / weight.sum()


def load_cells(size: int) -> tuple[Floats, Floats]:
    """Edges of the cells of the load with hosts, and their probabilities.

    Beside `size` even ones, every load at which the first build needs one battery more: its devices draw twice what
    the third build's do, so that both need it at once.
    """
    x, _ = load_table(True)
    _, p = counts(0)
    steps = thresholds(0)[p > 1e-7].ravel()
    steps = steps[(steps > x[0]) & (steps < x[-1])]
    edges = np.unique(np.concatenate([np.linspace(x[0], x[-1], size + 1), steps]))
    return edges, np.diff(load_cdf(True, edges))


def batteries(i: int, edges: Floats, share: Floats) -> Floats:
    """P(count of batteries | cell of the load, count of devices), (cell, units, m from 0)."""
    x = thresholds(i)
    if HOSTED[i]:
        below = np.array([load_cdf(True, np.clip(x, a, b)) - load_cdf(True, a) for a, b in pairwise(edges)])
    else:
        below = np.diff(np.array([_joint(x, edge) for edge in edges]), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.diff(below, axis=-1, prepend=0.0) / share[:, None, None]
    return np.where(share[:, None, None] > 0, p, 0.0)


def _joint(x: Floats, s: float, order: int = 16) -> Floats:
    """P(load without hosts <= x, load with hosts <= s), by Gauss-Legendre over the overhead between its kinks."""
    low, mode, high = INPUTS["f_host"][1]
    cut = np.clip(s / np.maximum(x, 1e-9), low, high)  # above it, the load with hosts is what binds
    total = load_cdf(False, x) * triangular_cdf("f_host", cut)
    node, weight = np.polynomial.legendre.leggauss(order)
    middle = np.clip(mode, cut, high)
    for a, b in ((cut, middle), (middle, np.full_like(cut, high))):
        f = a[..., None] + (b - a)[..., None] * (node + 1) / 2
        density = 2 * np.where(f < mode, (f - low) / (mode - low), (high - f) / (high - mode)) / (high - low)
        total = total + (load_cdf(False, s / f) * density) @ weight * (b - a) / 2
    return total


def shares(mass: list[Floats], weight: Floats) -> Floats:
    """Rank acceptability, (build, rank), from the builds' masses in cells of a cost, (condition, cell)."""
    builds = len(mass)
    start = [np.cumsum(m, axis=-1) - m for m in mass]
    result = np.zeros((builds, builds))
    for theta in GAUSS:
        better = [s + theta * m for s, m in zip(start, mass, strict=True)]
        for i in range(builds):
            ranks = [weight[:, None] * mass[i] / 2]
            for j in range(builds):
                if j != i:
                    lower = [r * (1 - better[j]) for r in ranks]
                    ranks = [(lower[k] if k < len(lower) else 0) + (ranks[k - 1] * better[j] if k else 0)
                             for k in range(len(ranks) + 1)]
            result[i] += [r.sum() for r in ranks]
    return result


# --- capex -------------------------------------------------------------------------------------------------


def rank_capex(grid: Grid) -> Floats:
    """Rank acceptability of capex, lower better; its cells are aligned with budget + m w, where densities jump."""
    edges, share = load_cells(grid.load)
    counted = [batteries(i, edges, share) for i in range(len(BUILDS))]
    most = max(p.shape[-1] for p in counted)
    total = np.zeros((len(BUILDS), len(BUILDS)))
    for w, weight in zip(*battery_prices(grid.price), strict=True):
        mass = [_capex_mass(i, p, w, grid.inner, most) for i, p in enumerate(counted)]
        used = np.flatnonzero(sum(m.sum(axis=0) for m in mass) > 1e-9)
        mass = [m[:, used[0] : used[-1] + 1] for m in mass]
        total += weight * shares(mass, share)
    return total


def _capex_mass(i: int, counted: Floats, w: float, inner: int, most: int, periods: int = 12) -> Floats:
    """P(capex in a cell | load), (load, cell): cells of w / inner, from budget - periods * w on."""
    units, _ = counts(i)
    left = BUDGET / (units.min() + 1)  # the most that can be left of the budget
    cells, m = counted.shape[0], counted.shape[-1]
    mass = np.zeros((cells, most + periods, inner))
    for d in range(min(periods, int(left / w) + 1)):
        y = (d + 1) * w - np.arange(inner + 1) * w / inner  # left of the budget, falling as capex rises
        price = (BUDGET - np.minimum(y, BUDGET / (units[:, None] + 1))) / units[:, None]
        step = np.diff(price_cdf(i, price), axis=1)
        mass[:, periods - d : periods - d + m] += np.tensordot(counted, step, axes=(1, 0))
    return mass.reshape(cells, -1)


# --- throughput per dollar ---------------------------------------------------------------------------------


def rank_tpd(grid: Grid) -> Floats:
    """Rank acceptability of throughput per dollar, higher better, in cells of its logarithm."""
    edges, share = load_cells(grid.load)
    t = np.linspace(-np.log(0.6), -np.log(0.002), 16 * grid.inner + 1)  # minus the logarithm: lower is better
    h = np.arange(6.0, 14.0, 0.128 / grid.inner)  # logarithm of capex per device
    laws = [(batteries(i, edges, share), _ratio_matrix(i, t, h)) for i in range(len(BUILDS))]
    total = np.zeros((len(BUILDS), len(BUILDS)))
    for w, weight in zip(*battery_prices(grid.price), strict=True):
        mass = []
        for i, (counted, step) in enumerate(laws):
            cost = _cost_mass(i, counted, w, h)
            used = slice(*np.flatnonzero(cost.sum(axis=0) > 1e-12)[[0, -1]] + [0, 1])
            mass.append(cost[:, used] @ step[used])
        total += weight * shares(mass, share)
    return total


def _cost_mass(i: int, counted: Floats, w: float, h: Floats) -> Floats:
    """P(logarithm of capex per device | load), (load, h): split between neighbours of h, which keeps its mean."""
    units, _ = counts(i)
    m = np.arange(counted.shape[-1])
    x, weight = np.polynomial.legendre.leggauss(4)
    low, high = price_cdf(i, BUDGET / (units + 1)), price_cdf(i, BUDGET / units)
    median, sigma = INPUTS[f"price_{i}"][1]
    price = median * np.exp(sigma * special.ndtri(low + (high - low) * (x[:, None, None] + 1) / 2))  # (node, 1, units)
    at = np.log(price + (m[:, None] / units) * w)  # (node, m, units)
    at = np.minimum((at - h[0]) / (h[1] - h[0]), h.size - 1.5)  # beyond lie only pairs of counts that do not occur
    cell = np.floor(at).astype(int)
    mass = np.broadcast_to((high - low) * weight[:, None, None] / 2, at.shape)
    entries = np.concatenate([(mass * (cell + 1 - at)).ravel(), (mass * (at - cell)).ravel()])
    rows = np.concatenate([cell.ravel(), cell.ravel() + 1])
    columns = np.tile(np.arange(m.size * units.size), 2 * x.size)
    spread = sparse.csr_array((entries, (rows, columns)), shape=(h.size, m.size * units.size))
    return (spread @ np.moveaxis(counted, 1, 2).reshape(len(counted), -1).T).T


def _ratio_matrix(i: int, t: Floats, h: Floats) -> Floats:
    """P(minus the logarithm of throughput per dollar in a cell of t | logarithm of capex per device)."""
    ratio = np.exp(h[:, None] - t) / PEAK[i]
    family, p = INPUTS[f"ratio_{i}"]
    if family == "beta":
        return -np.diff(special.betainc(p[0], p[1], np.minimum(ratio, 1.0)), axis=1)
    return -np.diff(triangular_cdf(f"ratio_{i}", ratio), axis=1)
