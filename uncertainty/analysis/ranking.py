"""Who wins, and does it flip: rank acceptability, pairwise winning, regret, and distance from one order.

Terms are those of stochastic multicriteria acceptability analysis (Lahdelma, Hokkanen and Salminen 1998, Eur. J.
Oper. Res. 106, 137): the rank acceptability index is the probability of a rank, and ties share their ranks evenly.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .error import combine, upper_limit
from .labels import by_replicate, dataset

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
BETTER = ("lower", "higher")
TIE = 1e-9  # relative difference below which two values are the same: rounding dust makes no winner
WORST = 1e300  # stands for an undefined value, which loses to every defined one


class Order(NamedTuple):
    """Who beats whom in each sample, shapes (..., option, sample) and, of pairs, (..., pair, sample)."""

    ahead: NDArray[np.int16]  # options strictly better than this one
    tied: NDArray[np.int16]  # other options as good as this one
    sign: NDArray[np.int8]  # 1 where the first of a pair is better, -1 where the second, 0 in a tie


def oriented(values: Floats, better: str) -> Floats:
    """Values of which lower is better, undefined ones worst.

    Raises
    ------
    ValueError
        where `better` is neither "lower" nor "higher".
    """
    if better not in BETTER:
        raise ValueError(f"better is {better!r}; wanted 'lower' or 'higher'")
    signed = values if better == "lower" else -values
    return np.where(np.isnan(signed), WORST, signed)


def order(costs: Floats) -> Order:
    """Pairwise comparison of options, of which lower is better: array (..., option, sample)."""
    options = costs.shape[-2]
    ahead, tied = np.zeros(costs.shape, np.int16), np.zeros(costs.shape, np.int16)
    tolerance = TIE * np.abs(costs)
    pairs = list(combinations(range(options), 2))
    sign = np.empty((*costs.shape[:-2], len(pairs), costs.shape[-1]), np.int8)
    for k, (i, j) in enumerate(pairs):
        gap = costs[..., j, :] - costs[..., i, :]
        within = np.maximum(tolerance[..., i, :], tolerance[..., j, :])
        first, second = gap > within, gap < -within
        ahead[..., j, :] += first
        ahead[..., i, :] += second
        tie = ~(first | second)
        tied[..., i, :] += tie
        tied[..., j, :] += tie
        np.subtract(first, second, out=sign[..., k, :], dtype=np.int8)
    return Order(ahead, tied, sign)


def _shares(codes: NDArray[np.intp], size: int) -> Floats:
    """Share of each code 0 ... size - 1 along the last axis, (..., size)."""
    rows = codes.reshape(-1, codes.shape[-1])
    rows = rows + np.arange(len(rows))[:, None] * size
    counts = np.bincount(rows.ravel(), minlength=len(rows) * size)
    return counts.reshape(*codes.shape[:-1], size) / codes.shape[-1]


def rank_shares(found: Order) -> Floats:
    """Share of samples in which an option has a rank, (..., option, rank); a tie splits its ranks evenly."""
    options = found.ahead.shape[-2]
    code = found.ahead.astype(np.intp) * options + found.tied
    ranks = np.zeros((options, options, options))  # (ahead, tied, rank)
    for ahead in range(options):
        for tied in range(options - ahead):
            ranks[ahead, tied, ahead : ahead + tied + 1] = 1 / (tied + 1)
    return _shares(code, options**2) @ ranks.reshape(options**2, options)


def pairwise_shares(found: Order) -> tuple[Floats, Floats]:
    """Shares of samples in which an option beats, and ties with, another: two arrays (..., option, other)."""
    options, samples = found.ahead.shape[-2:]
    win, tie = (np.zeros((*found.ahead.shape[:-1], options)) for _ in range(2))
    for k, (i, j) in enumerate(combinations(range(options), 2)):
        first, second = (np.count_nonzero(found.sign[..., k, :] == s, axis=-1) for s in (1, -1))
        win[..., i, j], win[..., j, i] = first / samples, second / samples
        tie[..., i, j] = tie[..., j, i] = (samples - first - second) / samples
    return win, tie


def regret(costs: Floats) -> Floats:
    """Mean shortfall against the best option of each sample, (..., option); missing where it is ever undefined."""
    lost = (costs - costs.min(axis=-2, keepdims=True)).mean(axis=-1)
    return np.where((costs == WORST).any(axis=-1), np.nan, lost)


def agreement(found: Order, reference: Order) -> NDArray[np.intp]:
    """Pairs ordered as in the reference less pairs ordered the other way, (..., sample).

    Over the number of pairs this is Kendall's tau, extended to ties as Emond and Mason (2002), J. Multi-Crit.
    Decis. Anal. 11, 17: a tie on both sides agrees, on one side counts zero.
    """
    a, b = found.sign, reference.sign
    return np.sum(a * b + (1 - np.abs(a)) * (1 - np.abs(b)), axis=-2, dtype=np.intp)


def flips(found: Order, reference: Order) -> tuple[Floats, Floats, Floats]:
    """Shares in which the order differs from the reference, and in which none of its firsts is first; agreements.

    The agreements are -pairs ... pairs, (..., 2 pairs + 1): divided by the pairs, the distribution of tau.
    """
    pairs = found.sign.shape[-2]
    agreed = agreement(found, reference)
    first = ~np.any((found.ahead == 0) & (reference.ahead == 0), axis=-2)
    return np.mean(agreed != pairs, axis=-1), first.mean(axis=-1), _shares(agreed + pairs, 2 * pairs + 1)


def _per_replicate(values: xr.DataArray, over: str, better: str) -> tuple[list[Floats], tuple[str, ...]]:
    x, rest = by_replicate(values, over)
    return [oriented(replicate, better) for replicate in x], rest


def _names(values: xr.DataArray, over: str) -> list[Any]:
    return values[over].to_numpy().tolist()


def rank_acceptability(values: xr.DataArray, over: str = "build", better: str = "lower") -> xr.Dataset:
    """Probability of each rank for each option, with standard errors; a tie splits its ranks evenly.

    Parameters
    ----------
    values : DataArray over (replicate, sample, `over`, ...)
        an undefined value (NaN) ranks last.
    over
        the dimension of the options.
    better
        "lower" or "higher".

    Returns
    -------
    Dataset
        `rank_acceptability` (..., `over`, rank) [1], rows and columns of which sum to one, and its `_se`; `rank`
        counts from 1, the best.

    Raises
    ------
    ValueError
        where a dimension is not there, or `better` is another word.
    """
    costs, rest = _per_replicate(values, over, better)
    shares = combine(np.stack([rank_shares(order(c)) for c in costs]))
    ranks = list(range(1, len(_names(values, over)) + 1))
    return dataset({"rank_acceptability": ((*rest, over, "rank"), shares)}, {"rank": ranks}, like=values)


def pairwise_winning(values: xr.DataArray, over: str = "build", better: str = "lower") -> xr.Dataset:
    """Probability that an option beats, and ties with, another; parameters and errors as `rank_acceptability`.

    Returns
    -------
    Dataset
        `win` and `tie` (..., `over`, other) [1] with their `_se`; a loss is the other's win.
    """
    costs, rest = _per_replicate(values, over, better)
    found = [pairwise_shares(order(c)) for c in costs]
    dims = (*rest, over, "other")
    return dataset({name: (dims, combine(np.stack([f[i] for f in found]))) for i, name in enumerate(("win", "tie"))},
                   {"other": _names(values, over)}, like=values)


def expected_regret(values: xr.DataArray, over: str = "build", better: str = "lower") -> xr.Dataset:
    """Mean shortfall against the best option of each sample; parameters and errors as `rank_acceptability`.

    Returns
    -------
    Dataset
        `expected_regret` (..., `over`) in the unit of `values` and its `_se`, never negative; missing for an option
        that is undefined in some sample.
    """
    costs, rest = _per_replicate(values, over, better)
    estimate = combine(np.stack([regret(c) for c in costs]))
    return dataset({"expected_regret": ((*rest, over), estimate)}, {}, like=values)


def probability(condition: xr.DataArray) -> xr.Dataset:
    """Probability of a condition on samples.

    Parameters
    ----------
    condition : DataArray of booleans over (replicate, sample, ...)

    Returns
    -------
    Dataset
        `probability` (...) [1], its `_se`, and `upper_limit`: where no sample showed it, the 95 % limit that
        as many independent samples would give, elsewhere missing.

    Raises
    ------
    ValueError
        where `condition` is not of booleans, or a dimension is not there.
    """
    if condition.dtype != bool:
        raise ValueError(f"the condition is of {condition.dtype}; wanted booleans")
    x, rest = by_replicate(condition)
    found = combine(x.mean(axis=-1))
    limit = np.where(found.value == 0, upper_limit(len(x) * x.shape[-1]), np.nan)
    return dataset({"probability": (rest, found)}, {}, like=condition).assign(upper_limit=(rest, limit))
