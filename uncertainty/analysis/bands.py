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
ENOUGH = 64  # samples of a replicate below which a gap between two of them says nothing
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def sample_mean(values: Floats) -> Floats:
    """Mean along the last axis of the values that are there; none there gives missing."""
    missing = np.isnan(values)
    if not missing.any():
        return values.mean(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.where(missing, 0.0, values).sum(axis=-1) / (~missing).sum(axis=-1)


class Quantiles(NamedTuple):
    """Quantiles of one replicate, (quantile, ...), and the nearest wide gap between the values about each."""

    value: Floats
    share: Floats  # of the values that lie below the gap
    low: Floats  # where the gap begins
    high: Floats  # and ends
    about: Floats  # width of all that was looked at


def sample_quantiles(values: Floats, probabilities: Sequence[float] = QUANTILES, whole: bool = False) -> Quantiles:
    """Sample quantiles along the last axis.

    Of continuous values by linear interpolation between plotting positions (i - 1/2) / n (Hazen 1914; definition
    5 of Hyndman and Fan 1996), which suits stratified samples; of whole numbers by the inverted CDF (definition
    1), which is attainable. Missing values (NaN) are left out; all missing gives missing.
    """
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.sum(~np.isnan(ordered), axis=-1, keepdims=True) if np.isnan(ordered[..., -1]).any() else None
    n = ordered.shape[-1] if count is None else count
    value = [_at(ordered, n, p, whole) for p in probabilities]
    look = count is None and n >= ENOUGH
    gaps = [_gap(ordered, p) if look else (0 * v, v, v, 0 * v) for p, v in zip(probabilities, value, strict=True)]
    return Quantiles(np.stack(value), *(np.stack(part) for part in zip(*gaps, strict=True)))


def _gap(ordered: Floats, probability: float) -> tuple[Floats, Floats, Floats, Floats]:
    """The gap nearest to a quantile, of those half as wide as the widest within four deviations of its rank."""
    n = ordered.shape[-1]
    rank, reach = probability * n, 4 * np.sqrt(n * probability * (1 - probability)) + 1
    start, stop = max(int(rank - reach), 0), min(int(rank + reach) + 1, n)
    window = ordered[..., start:stop]
    steps = np.diff(window, append=window[..., -1:], axis=-1)
    wide = steps >= 0.5 * steps.max(axis=-1, keepdims=True)
    at = np.where(wide, np.abs(np.arange(start + 1, stop + 1) - rank), np.inf).argmin(axis=-1)
    low, step = (np.take_along_axis(x, at[..., None], -1)[..., 0] for x in (window, steps))
    return (start + at + 1) / n, low, low + step, window[..., -1] - window[..., 0]


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


def combine_quantiles(replicates: Sequence[Quantiles], probabilities: Sequence[float] = QUANTILES) -> Estimate:
    """Quantiles of all samples from those of each replicate, with standard errors.

    Their mean. But about a real gap (CapEx in steps of a battery's price) the mean would be a value that cannot be
    had: there all samples together say on which side of the gap the quantile lies, and each replicate's is taken on
    that side. Where that side is not beyond doubt, the error is as wide as the gap.
    """
    value, share, low, high, about = (np.stack(part) for part in zip(*replicates, strict=True))
    found, below = combine(value), combine(share)
    level = np.reshape(probabilities, (-1, *[1] * (value.ndim - 2)))
    sided = combine(np.where(below.value < level, np.maximum(value, high), np.minimum(value, low)))
    width = high.min(axis=0) - low.max(axis=0)  # of what is empty in every replicate
    gap = width > 0.25 * about.mean(axis=0)
    doubt = np.abs(below.value - level) <= 3 * below.se
    return Estimate(np.where(gap, sided.value, found.value),
                    np.where(gap, np.where(doubt, width, sided.se), found.se))


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
    bands = combine_quantiles([sample_quantiles(replicate, quantiles, whole) for replicate in x], quantiles)
    if whole:
        bands = Estimate(sample_quantiles(np.concatenate(list(x), axis=-1), quantiles, whole).value, bands.se)
    mean = combine(np.stack([sample_mean(replicate) for replicate in x]))
    return dataset({"percentile_bands": (("quantile", *rest), bands), "mean": (rest, mean)},
                   {"quantile": list(quantiles)}, like=values)
