"""How wide: quantile bands, means, and the distribution of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .error import Estimate, combine, counted, trusted, woodruff
from .labels import by_replicate, dataset

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
Tally = tuple[Floats, Floats]  # distinct numbers, and the share of each
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
REACH = 5  # standard deviations of a plain random sample's quantile that a window holds on either side


class Window(NamedTuple):
    """Order statistics of one replicate about one quantile, (..., rank), and how many values lie below them."""

    values: Floats
    below: int
    samples: int


def windows(values: Floats, probabilities: Sequence[float] = QUANTILES) -> list[Window]:
    """What `quantile` needs of one replicate, samples along the last axis; an undefined value (NaN) comes last."""
    ordered = np.sort(values, axis=-1)
    n = ordered.shape[-1]
    found = []
    for p in probabilities:
        reach = REACH * np.sqrt(n * p * (1 - p)) + 8
        start, stop = max(int(p * n - reach), 0), min(int(p * n + reach) + 1, n)
        found.append(Window(ordered[..., start:stop].copy(), start, n))
    return found


def quantile(replicates: Sequence[Window], probability: float) -> Estimate:
    """Quantile of all samples of all replicates, by the inverted CDF, and its standard error.

    Every quantile is a value that came, so that whole numbers stay whole and a gap stays empty. The error of the
    probability below it is the replicates', that of the quantile `woodruff`'s.
    """
    values = np.stack([w.values for w in replicates], axis=-2)  # (..., replicate, rank)
    (below, samples), count = replicates[0][1:], len(replicates)
    pooled = np.sort(values.reshape(*values.shape[:-2], -1), axis=-1)

    def at(level: Any) -> Floats:
        rank = np.ceil(np.clip(level, 0, 1) * count * samples - 1e-6) - 1 - count * below
        index = np.clip(rank, 0, pooled.shape[-1] - 1).astype(np.intp)
        return np.take_along_axis(pooled, np.broadcast_to(index, pooled.shape[:-1])[..., None], -1)[..., 0]

    value = at(probability)
    shares = np.moveaxis((np.sum(values <= value[..., None, None], axis=-1) + below) / samples, -1, 0)
    return woodruff(at, value, combine(shares).se, probability, count, samples)


class Counts(NamedTuple):
    """How often each whole number came: `numbers` ascending, `shares` (replicate, number)."""

    numbers: Floats
    shares: Floats

    def probability(self, numbers: Floats, samples: int) -> Estimate:
        """P(n = k) for each k of ascending `numbers`, of which these are some; `samples` of a replicate."""
        shares = np.zeros((len(self.shares), len(numbers)))
        shares[:, np.searchsorted(numbers, self.numbers)] = self.shares
        return counted(shares, samples)

    def exceedance(self, number: float, samples: int) -> Estimate:
        """P(n > number): of a shortfall, if that many are bought; `samples` of a replicate."""
        return counted(self.shares[:, self.numbers > number].sum(axis=1), samples)

    def quantile(self, level: float, samples: int) -> Estimate:
        """Smallest number that is reached with this probability, and its error; `samples` of a replicate."""
        below = np.rint(np.cumsum(self.shares, axis=1) * samples)
        pooled, replicates = below.sum(axis=0), len(below)

        def place(levels: Any) -> NDArray[np.intp]:
            rank = np.ceil(np.clip(levels, 0, 1) * replicates * samples - 1e-6)
            return np.minimum(np.searchsorted(pooled, np.maximum(rank, 1)), len(pooled) - 1)

        share = combine(below[:, place(level)] / samples).se
        return woodruff(lambda levels: self.numbers[place(levels)], self.numbers[place(level)], share, level,
                        replicates, samples)


Count = dict[float, int]  # of each distinct number
FEW = 1 << 16  # whole numbers below this are counted without being sorted


def count_whole(values: Floats, counts: list[Count]) -> None:
    """Add the distinct whole numbers of cells (cell, sample), and how often each came."""
    for i, cell in enumerate(values):
        if i == len(counts):
            counts.append({})
        for number, count in zip(*(x.tolist() for x in _distinct(cell)), strict=True):
            counts[i][number] = counts[i].get(number, 0) + count


def _distinct(cell: Floats) -> tuple[Floats, NDArray[np.intp]]:
    if not (cell.min() >= 0 and cell.max() < FEW):
        return np.unique(cell, return_counts=True)
    counts = np.bincount(cell.astype(np.int32))
    came = np.flatnonzero(counts)
    return came.astype(np.float64), counts[came]


def tallied(count: Count) -> Tally:
    """The distinct numbers of one replicate, ascending, and the share of each."""
    numbers = np.array(sorted(count))
    counts = np.array([count[n] for n in numbers.tolist()], float)
    return numbers, counts / counts.sum()


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
        an undefined value (NaN) comes after every other: a quantile that falls there is missing, and so is the mean.
    quantiles
        probabilities, between 0 and 1.

    Returns
    -------
    Dataset
        `percentile_bands` (quantile, ...) and `percentile_bands_se`; `mean` (...) and `mean_se`, in the unit of
        `values`. Quantiles are of all samples together, and are values that came. The mean's error is infinite
        where one sample holds over a tenth of the variance, as with a variance that is infinite itself.

    Raises
    ------
    ValueError
        where a probability is outside [0, 1], a value infinite, or a dimension not there.
    """
    if not all(0 <= q <= 1 for q in quantiles):
        raise ValueError(f"quantiles are {list(quantiles)}; wanted probabilities between 0 and 1")
    x, rest = by_replicate(values)
    each = [windows(replicate, quantiles) for replicate in x]
    found = [quantile([w[i] for w in each], q) for i, q in enumerate(quantiles)]
    bands = Estimate(np.stack([f.value for f in found]), np.stack([f.se for f in found]))
    return dataset({"percentile_bands": (("quantile", *rest), bands), "mean": (rest, _mean(x))},
                   {"quantile": list(quantiles)}, like=values)


def _mean(x: Floats) -> Estimate:
    found = combine(x.mean(axis=-1))
    square = (x - found.value[..., None]) ** 2
    return trusted(found, square.max(axis=(0, -1)), square.sum(axis=(0, -1)), x.shape[0] * x.shape[-1])
