"""What would break it: the nearest flip, all crossings along one input, and which inputs tell holding from failing.

A flip is a point at which the truth of something is another than at the central values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov

from .search import Nearest as Nearest
from .search import Oracle as Oracle
from .search import nearest as nearest

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
PARTS = np.arange(1, 16) / 16  # into which a bracket is cut at a time


# --- along one input ----------------------------------------------------------------------------------------------


class Interval(NamedTuple):
    """Values of an input, from `low` to `high`."""

    low: float
    high: float


def crossings(flipped: Callable[[Floats], Bools], grid: Floats) -> list[Interval]:
    """All intervals of an input's values in which it is flipped, as far as a grid shows them.

    Parameters
    ----------
    flipped
        values (value,) -> booleans (value,).
    grid : (value,)
        values to try, ascending; the first and the last are the ends of the range.

    Returns
    -------
    list of Interval
        ascending; at both their ends it is flipped, and beyond them, by a relative 1e-12, no longer, but for the
        ends of the grid.

    Raises
    ------
    ValueError
        where the grid is empty or not ascending.
    """
    return crossings_of(lambda _, values: flipped(values), [grid])[0]


def crossings_of(flipped: Callable[[NDArray[np.intp], Floats], Bools], grids: Sequence[Floats]) -> list[list[Interval]]:
    """The same of several inputs, by as few calls: `flipped` takes which one each value is of, and the values."""
    grids = [_checked(grid) for grid in grids]
    which = np.repeat(np.arange(len(grids)), [len(grid) for grid in grids])
    x = np.concatenate([*grids, np.empty(0)])
    at = np.asarray(flipped(which, x), bool) if len(x) else np.empty(0, bool)
    change = np.flatnonzero((at[1:] != at[:-1]) & (which[1:] == which[:-1]))
    begins = at[change + 1]  # whether the flip lies above the change
    inner = _closed_in(flipped, which[change], np.where(begins, x[change + 1], x[change]),
                       np.where(begins, x[change], x[change + 1]))
    found = []
    for k, grid in enumerate(grids):
        own, mine = at[which == k], which[change] == k
        lows = [*([grid[0]] if own[0] else []), *inner[mine & begins]]
        highs = [*inner[mine & ~begins], *([grid[-1]] if own[-1] else [])]
        found.append([Interval(float(low), float(high)) for low, high in zip(lows, highs, strict=True)])
    return found


def _checked(grid: Floats) -> Floats:
    grid = np.asarray(grid, np.float64)
    if grid.ndim != 1 or not grid.size or not np.isfinite(grid).all() or (np.diff(grid) <= 0).any():
        raise ValueError("the values to try are none, not finite, or not ascending")
    return grid


def _closed_in(flipped: Callable[[NDArray[np.intp], Floats], Bools], which: NDArray[np.intp], inner: Floats,
               outer: Floats) -> Floats:
    """Values that flip, by sections within a relative 1e-12 of the others, which do not."""
    while True:
        wide = np.flatnonzero(np.abs(outer - inner) > 1e-12 * np.maximum(np.abs(inner), np.abs(outer)))
        parts = inner[wide, None] + (outer - inner)[wide, None] * PARTS
        new = (parts != inner[wide, None]) & (parts != outer[wide, None])
        wide, parts = wide[new.any(axis=1)], parts[new.any(axis=1)]
        if not len(wide):
            return inner
        found = np.asarray(flipped(np.repeat(which[wide], len(PARTS)), parts.ravel()), bool).reshape(parts.shape)
        first = np.where(found.all(axis=1), len(PARTS), found.argmin(axis=1))  # that does not flip
        ends = np.concatenate([inner[wide, None], parts, outer[wide, None]], axis=1)
        inner[wide], outer[wide] = ends[np.arange(len(wide)), first], ends[np.arange(len(wide)), first + 1]


# --- among samples ------------------------------------------------------------------------------------------------


class Separation(NamedTuple):
    """How an input's distribution where it holds differs from that where it fails, each (input,).

    statistic : largest difference of the two cumulative shares; missing where it always or never holds
    p_value : of so large a statistic among independent samples without a difference
    adjusted : the same, of the most telling of all the inputs (Holm 1979)
    direction : 1 where it holds at higher values, -1 at lower ones, 0 at neither
    middle : where at neither, whether it holds between (else at both ends)
    """

    statistic: Floats
    p_value: Floats
    adjusted: Floats
    direction: NDArray[np.int8]
    middle: Bools


def separation(held: Floats, all: Floats) -> Separation:
    """Monte Carlo filtering: which inputs tell the samples where a claim holds from those where it fails.

    Regional sensitivity analysis (Hornberger and Spear 1981, J. Environ. Manage. 12, 7; Saltelli et al. 2008, Global
    Sensitivity Analysis: The Primer, ch. 5) by the statistic of Smirnov's two-sample test, taken at the edges of
    bins and hence never above that of the samples, with its asymptotic p value. Samples that are more even than
    random ones make the p value larger than it need be.

    Parameters
    ----------
    held, all : (input, bin)
        in how many samples the claim holds, and how many there are, by bins of each input in ascending order.

    Raises
    ------
    ValueError
        where the two have different shapes, or more samples hold than there are.
    """
    held, failed = np.asarray(held, np.float64), np.asarray(all, np.float64) - np.asarray(held, np.float64)
    if held.ndim != 2 or held.shape != failed.shape or (held < 0).any() or (failed < 0).any():
        raise ValueError("counts are not (input, bin), or more samples hold than there are")
    n, m = held.sum(axis=1), failed.sum(axis=1)
    with np.errstate(invalid="ignore"):
        gap = (held / n[:, None]).cumsum(axis=1) - (failed / m[:, None]).cumsum(axis=1)
    lower, higher = np.maximum(gap.max(axis=1), 0.0), np.maximum(-gap.min(axis=1), 0.0)
    statistic = np.maximum(lower, higher)
    p = np.where(np.isnan(statistic), 1.0, kolmogorov(np.sqrt(n * m / np.maximum(n + m, 1.0)) * statistic))
    direction = np.where(lower < higher / 2, 1, np.where(higher < lower / 2, -1, 0)).astype(np.int8)
    middle = (direction == 0) & (gap.argmin(axis=1) < gap.argmax(axis=1))
    return Separation(statistic, p, _holm(p), direction, middle)


def _holm(p: Floats) -> Floats:
    """P values adjusted for the choice among them: Holm (1979), Scand. J. Stat. 6, 65."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


def direction_in_words(separation: Separation) -> list[str]:
    """At which values of each input it holds; empty where it always or never does, or at all alike."""
    words = {1: "holds at high values", -1: "holds at low values"}
    return [("" if not s > 0 else words.get(int(d), "holds in the middle" if m else "holds at both ends"))
            for s, d, m in zip(separation.statistic, separation.direction, separation.middle, strict=True)]
