"""How wide: quantile bands, means, and the distribution of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .error import Estimate, combine
from .labels import by_replicate, dataset

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
Tally = tuple[Floats, Floats]  # distinct numbers, and the share of each
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def sample_mean(values: Floats) -> Floats:
    """Mean along the last axis of the values that are there; none there gives missing."""
    missing = np.isnan(values)
    if not missing.any():
        return values.mean(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.where(missing, 0.0, values).sum(axis=-1) / (~missing).sum(axis=-1)


def sample_quantiles(values: Floats, probabilities: Sequence[float] = QUANTILES, whole: bool = False) -> Floats:
    """Sample quantiles along the last axis, which comes first in what is returned.

    Of continuous values by linear interpolation between plotting positions (i - 1/2) / n (Hazen 1914; definition
    5 of Hyndman and Fan 1996), which suits stratified samples; of whole numbers by the inverted CDF (definition
    1), which is attainable. Missing values (NaN) are left out; all missing gives missing.
    """
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.sum(~np.isnan(ordered), axis=-1, keepdims=True) if np.isnan(ordered[..., -1]).any() else None
    n = ordered.shape[-1] if count is None else count
    return np.stack([_at(ordered, n, p, whole) for p in probabilities])


def _at(ordered: Floats, n: Any, probability: float, whole: bool) -> Floats:
    position = np.ceil(probability * n - 1e-9) - 1.0 if whole else probability * n - 0.5
    position = np.clip(position, 0, np.maximum(n - 1, 0))
    below = np.floor(position)
    low, high = _pick(ordered, below), _pick(ordered, np.minimum(below + 1, np.maximum(n - 1, 0)))
    return low + _last(position - below) * (high - low)


def _pick(ordered: Floats, index: Any) -> Floats:
    index = np.asarray(index, np.intp)
    return ordered[..., int(index)] if not index.ndim else np.take_along_axis(ordered, index, -1)[..., 0]


def _last(values: Any) -> Any:
    return values[..., 0] if np.ndim(values) else values


class Counts(NamedTuple):
    """How often each whole number came: `numbers` ascending, `shares` (replicate, number)."""

    numbers: Floats
    shares: Floats

    def probability(self, numbers: Floats) -> Estimate:
        """P(n = k) for each k of ascending `numbers`, of which these are some."""
        shares = np.zeros((len(self.shares), len(numbers)))
        shares[:, np.searchsorted(numbers, self.numbers)] = self.shares
        return combine(shares)

    def quantile(self, probability: float) -> float:
        """Smallest k with P(n <= k) >= probability, over all replicates."""
        reached = np.cumsum(self.shares.mean(axis=0)) >= probability - 1e-9
        return float(self.numbers[np.argmax(reached)])

    def exceedance(self, number: float) -> Estimate:
        """P(n > number): of a shortfall, if that many are bought."""
        return combine(self.shares[:, self.numbers > number].sum(axis=1))


def tally(values: Floats) -> Tally:
    """The distinct numbers of one replicate, ascending, and the share of each; missing ones are left out."""
    numbers, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return numbers, counts / max(counts.sum(), 1)


def pool(tallies: Sequence[Tally]) -> Counts:
    """One `Counts` of the replicates' tallies."""
    numbers = np.unique(np.concatenate([n for n, _ in tallies]))
    shares = np.zeros((len(tallies), len(numbers)))
    for row, (present, share) in enumerate(tallies):
        shares[row, np.searchsorted(numbers, present)] = share
    return Counts(numbers, shares)


def percentile_bands(values: xr.DataArray, quantiles: Sequence[float] = QUANTILES) -> xr.Dataset:
    """Quantiles of samples, with standard errors from the replicates.

    Parameters
    ----------
    values : DataArray over (replicate, sample, ...)
        missing values (NaN) are left out.
    quantiles
        probabilities, between 0 and 1.

    Returns
    -------
    Dataset
        `percentile_bands` (quantile, ...) and `percentile_bands_se`; `mean` (...) and `mean_se`, in the unit of
        `values`. Integer values have attainable (inverted-CDF) quantiles.

    Raises
    ------
    ValueError
        where a probability is outside [0, 1], or `values` has no dimensions `replicate` and `sample`.
    """
    if not all(0 <= q <= 1 for q in quantiles):
        raise ValueError(f"quantiles are {list(quantiles)}; wanted probabilities between 0 and 1")
    whole = bool(np.issubdtype(values.dtype, np.integer))
    x, rest = by_replicate(values)
    bands = combine(np.stack([sample_quantiles(replicate, quantiles, whole) for replicate in x]))
    if whole:
        bands = Estimate(sample_quantiles(np.concatenate(list(x), axis=-1), quantiles, whole), bands.se)
    mean = combine(np.stack([sample_mean(replicate) for replicate in x]))
    return dataset({"percentile_bands": (("quantile", *rest), bands), "mean": (rest, mean)},
                   {"quantile": list(quantiles)}, like=values)
