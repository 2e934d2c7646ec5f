"""What drives it, as far as samples that one already has can tell: correlation, first order, PAWN, conditional means.

Bins end at the same values in all replicates. Equal values always share a bin, or their weight.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .error import Estimate, combine

Floats = NDArray[np.float64]
Whole = NDArray[np.signedinteger[Any]]
TAIL = 0.1  # the share of samples that is a tail
FEW = 4  # samples, of fewer the squares of deviations are too often near zero for their inverse to have a mean


# --- correlation -------------------------------------------------------------------------------------------------


def standardised(rows: Floats | Whole) -> Floats:
    """Rows (..., sample) of mean zero and length one; missing (NaN) where one is constant or holds a missing value."""
    offset = np.subtract(rows, rows[..., :1], dtype=np.float64)  # so that a constant is known by its zeros
    peak = np.abs(offset).max(axis=-1, keepdims=True)
    offset /= np.where(peak == 0, np.nan, peak)
    offset -= offset.mean(axis=-1, keepdims=True)
    return offset / np.sqrt((offset**2).sum(axis=-1, keepdims=True))


def correlation(x: Floats, y: Floats) -> Floats:
    """Pearson's coefficient of rows that are standardised, (..., sample): of their values, or Spearman's of ranks."""
    return np.clip((x * y).sum(axis=-1), -1, 1)


def places(rows: Floats) -> tuple[Whole, Whole]:
    """How many values of its row are below each value, and how many at most it, (..., sample); their mean is a rank."""
    order = np.argsort(rows, axis=-1, kind="stable")
    ordered = np.take_along_axis(rows, order, -1)
    apart = np.ones((*rows.shape[:-1], rows.shape[-1] + 1), bool)
    np.not_equal(ordered[..., 1:], ordered[..., :-1], out=apart[..., 1:-1])
    steps = np.arange(apart.shape[-1])
    first = np.maximum.accumulate(np.where(apart[..., :-1], steps[:-1], 0), axis=-1)
    last = np.minimum.accumulate(np.where(apart, steps, steps[-1])[..., :0:-1], axis=-1)[..., ::-1]
    below, upto = np.empty_like(order, np.int32), np.empty_like(order, np.int32)
    np.put_along_axis(below, order, first, -1)
    np.put_along_axis(upto, order, last, -1)
    return below, upto


# --- bins of an input ---------------------------------------------------------------------------------------------


class Split(NamedTuple):
    """One replicate's samples in the order of an input's bins, and how many each of these holds, maybe none."""

    order: Whole
    counts: Whole


def ends(x: Floats, bins: int) -> Floats:
    """Upper ends of at most `bins` bins of an input, each with as many samples as its ties allow.

    Parameters
    ----------
    x
        the input's values in all samples of all replicates, of any shape: bins are the same for all replicates.

    Returns
    -------
    array (bin,), ascending
        values that came, each the last of its bin. An input with no more values than bins has one bin for each; a value
        that more than a bin's samples share has one of its own, and there are fewer bins.
    """
    ordered = np.sort(x, axis=None)
    distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    if len(distinct) <= bins:
        return distinct
    cuts = ordered[-(-np.arange(1, bins + 1) * len(ordered) // bins) - 1]
    values, times = np.unique(cuts, return_counts=True)
    first = np.searchsorted(ordered, values[times > 1])
    return np.union1d(values, ordered[first[first > 0] - 1])


def split(x: Floats, upper: Floats) -> Split:
    """Samples (sample,) by the bins that end at `upper` (bin,)."""
    label = np.searchsorted(upper, x)
    return Split(np.argsort(label, kind="stable"), np.bincount(label, minlength=len(upper)))


def bin_sums(ordered: Floats, counts: Whole) -> Floats:
    """Sums (row, bin) of values (row, sample) that are in the order of their bins; zero in an empty bin."""
    sums = np.zeros((len(ordered), len(counts)))
    sums[:, counts > 0] = np.add.reduceat(ordered, _starts(counts)[counts > 0], axis=1)
    return sums


def _starts(counts: Whole) -> Whole:
    return np.cumsum(counts) - counts


# --- first-order index ----------------------------------------------------------------------------------------


def spreads(x: Floats, upper: Floats) -> Floats:
    """Standard deviation of an input within each of its bins, in all samples of all replicates, (bin,)."""
    by = split(x.ravel(), upper)
    return np.sqrt(bin_sums(_offsets(x.ravel(), by)[None] ** 2, by.counts)[0] / by.counts)


def coefficients(x: Floats, y: Floats, by: Split, spread: Floats) -> Floats:
    """Outputs as a straight line of the input in each of its bins: mean there, and slope times `spreads`.

    Parameters
    ----------
    x : (sample,)
    y : (row, sample)
    spread : (bin,)

    Returns
    -------
    array (row, bin, 2)
        missing (NaN) where there is nothing to tell: in an empty bin, and the slope where the input has one value or
        fewer than `FEW` samples, of which a slope's variance may be infinite.
    """
    y, offset = y[:, by.order], _offsets(x, by)
    square = bin_sums(offset[None] ** 2, by.counts)[0]
    slopes = bin_sums(y * offset, by.counts) / np.where((square == 0) | (by.counts < FEW), np.nan, square) * spread
    return np.stack([bin_sums(y, by.counts) / np.where(by.counts == 0, np.nan, by.counts), slopes], axis=-1)


def _offsets(x: Floats, by: Split) -> Floats:
    """The input less its mean in the bin, in the order of bins; exactly zero where the bin has one value."""
    counts = by.counts[by.counts > 0]
    ordered = x[by.order]
    offset = ordered - np.repeat(ordered[_starts(counts)], counts)
    return offset - np.repeat(bin_sums(offset[None], counts)[0] / counts, counts)


def first_order(lines: Floats, counts: Whole, mean: Floats, square: Floats) -> Estimate:
    """Variance of an output's conditional mean over its variance, the first-order index of an input.

    The mean square of what a bin shows, as in Plischke, Borgonovo and Smith 2013 (Eur. J. Oper. Res. 226, 536), is too
    large by the bin's noise. How much that is depends on how samples are drawn: among Sobol' points it is far less than
    the (bins - 1) / samples of independent ones, and a correction for these (Kelley 1935, Proc. Natl. Acad. Sci. 21,
    554) makes indices negative. Replicates are independent however they are drawn: so a square is here the mean product
    of two different ones, which has no such bias. A straight line in each bin is what spares bins from being narrow.

    Parameters
    ----------
    lines : (replicate, row, bin, 2)
        `coefficients` of outputs less their mean over all replicates.
    counts : (replicate, bin)
    mean, square : (replicate, row)
        of these outputs in each replicate: their mean, and that of their squares.

    Returns
    -------
    Estimate
        of shape (row,) [1], by the jackknife over replicates (Arvesen 1969, Ann. Math. Stat. 40, 2076). Its error is
        on average too large where there is no effect (Efron and Stein 1981, Ann. Stat. 9, 586). Missing where there is
        one bin, or no variance; the error with fewer than three replicates. One replicate alone is corrected as if its
        samples were independent, without slopes.
    """
    weights, count = counts.sum(axis=0) / counts.sum(), len(lines)
    present = ~np.isnan(lines[:, :1])
    lines = np.where(present, lines - np.stack([mean, np.zeros_like(mean)], axis=-1)[:, :, None], 0)
    parts = (lines, lines**2, present.astype(np.int64), mean, mean**2, square)
    totals = [part.sum(axis=0, keepdims=True) for part in parts]
    whole = _index(weights, count, *totals)[0]
    if count == 1:
        whole = _independent(lines[0, ..., 0], counts[0], square[0] - mean[0] ** 2)
    if len(weights) < 2:
        whole = np.full_like(whole, np.nan)
    if count < 3:
        return Estimate(whole, np.full_like(whole, np.nan))
    without = _index(weights, count - 1, *(total - part for total, part in zip(totals, parts, strict=True)))
    return combine(count * whole - (count - 1) * without)


def _index(weights: Floats, count: int, lines: Floats, line_squares: Floats, present: Whole, mean: Floats,
           mean_square: Floats, square: Floats) -> Floats:
    """First-order index from sums over so many replicates."""
    explained = (_product(lines, line_squares, present) * weights[:, None]).sum(axis=(-2, -1))
    variance = square / count - _product(mean, mean_square, np.array(count))
    return explained / np.where(variance > 0, variance, np.nan)


def _product(total: Floats, squares: Floats, count: Whole) -> Floats:
    """Mean product of two different ones of `count` numbers, from their sum and that of their squares."""
    pairs = count * (count - 1)
    return np.where(pairs > 0, (total**2 - squares) / np.maximum(pairs, 1), 0.0)


def _independent(means: Floats, counts: Whole, variance: Floats) -> Floats:
    """Kelley's epsilon squared (1935) of means (row, bin) less the row's mean; independent samples."""
    share = (means**2 * counts).sum(axis=-1) / counts.sum() / np.where(variance > 0, variance, np.nan)
    return 1 - (1 - share) * (counts.sum() - 1) / (counts.sum() - np.count_nonzero(counts))


# --- PAWN -----------------------------------------------------------------------------------------------------


def kolmogorov_smirnov(below: Whole, upto: Whole, by: Split) -> Floats:
    """Greatest distance of an output's distribution in each bin that is not empty from that in all, (row, bin).

    `below` and `upto` are the `places` of the outputs, (row, sample). Pianosi and Wagener 2018 (Environ. Model. Softw.
    108, 197): PAWN indices are the median or the largest over bins.
    """
    counts = by.counts[by.counts > 0]
    samples, starts, size = below.shape[-1], _starts(counts), np.repeat(counts, counts)
    kind = np.int32 if samples * len(counts) < 1 << 31 else np.int64  # of which the short one is sorted twice as fast
    shift = np.repeat(np.arange(len(counts), dtype=kind) * samples, counts)  # keeps bins apart while they are sorted
    fewer = np.sort(below[:, by.order] + shift, axis=-1) - shift
    most = np.sort(upto[:, by.order] + (shift - 1), axis=-1) - (shift - 1)
    place = np.arange(samples) - np.repeat(starts, counts)
    distance = np.maximum((place + 1) / size - most / samples, fewer / samples - place / size)
    return np.maximum.reduceat(distance, starts, axis=-1)


def pawn(below: Whole, upto: Whole, by: Split) -> Floats:
    """Median and largest `kolmogorov_smirnov`, (2, row); missing where the output or the input is constant."""
    distance = kolmogorov_smirnov(below, upto, by)
    varies = (upto[:, 0] - below[:, 0] < below.shape[-1]) & (distance.shape[-1] > 1)
    return np.where(varies, [np.median(distance, axis=-1), distance.max(axis=-1)], np.nan)


# --- tails ----------------------------------------------------------------------------------------------------


def tails(x: Floats, share: float = TAIL) -> Floats:
    """Weights (2, ..., sample) of samples (..., sample) in the lower and the upper tenth, each summing to one.

    A tenth is exactly that: the samples that have the value at its end share evenly what room is left.
    """
    below, upto = places(x)
    room, ties = share * x.shape[-1], upto - below
    return np.stack([np.clip(room - beyond, 0, ties) / ties / room for beyond in (below, x.shape[-1] - upto)])
