"""Who wins, and how probable is it: the statistics of ranking on labelled samples, each with its standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .error import combine, counted, upper_limit
from .labels import by_replicate, dataset
from .ranking import order, oriented, pairwise_shares, rank_shares, regret

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


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
    shares = counted(np.stack([rank_shares(order(c)) for c in costs]), costs[0].shape[-1])
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
    pairs = {name: (dims, counted(np.stack([f[i] for f in found]), costs[0].shape[-1]))
             for i, name in enumerate(("win", "tie"))}
    return dataset(pairs, {"other": _names(values, over)}, like=values)


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
    found = counted(x.mean(axis=-1), x.shape[-1])
    limit = np.where(found.value == 0, upper_limit(len(x) * x.shape[-1]), np.nan)
    return dataset({"probability": (rest, found)}, {}, like=condition).assign(upper_limit=(rest, limit))
