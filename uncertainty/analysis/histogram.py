"""Quantiles in a memory that does not grow: counts in bins that add up exactly, whoever counted and in which order.

A cell's bins are equal steps of the bits of a double, so that they are fine near zero and coarse far out. They span
what a small pilot sample spans; what lies beyond is counted in the outer two. Counts are integers: the sums of the
replicates' cumulative counts, and of their squares, are all that quantiles and their errors need.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .error import Estimate, woodruff

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_CELLS, MOST_BINS, LEAST_BINS = 1 << 20, 8192, 256
TRIM = 128  # one in so many pilot values is left out at either end, lest a stray one stretches the bins


class Grid(NamedTuple):
    """Bins of some cells: a value lies in bin (bits of (value + offset) >> shift) - first, kept in 0 ... bins - 1."""

    bins: int
    offset: Floats  # (cell, 1), which makes values positive
    shift: Ints  # (cell, 1)
    first: Ints  # (cell, 1)
    single: Ints  # bins, counted through all cells, of which the pilot found one value several times and no other
    atoms: Floats  # that value

    @property
    def shape(self) -> tuple[int, int]:
        """Cells, and bins of each."""
        return len(self.shift), self.bins

    def of(self, rows: slice) -> Grid:
        """The bins of some cells."""
        ends = np.searchsorted(self.single, [rows.start * self.bins, rows.stop * self.bins])
        some = slice(*ends)
        return Grid(self.bins, self.offset[rows], self.shift[rows], self.first[rows],
                    self.single[some] - rows.start * self.bins, self.atoms[some])

    def atom(self, bins: Ints) -> Floats:
        """The one value of a bin, (cell, 1); NaN where there are others."""
        wanted = bins + np.arange(len(bins))[:, None] * self.bins
        found = np.searchsorted(self.single, wanted)
        there = np.append(self.single, -1)[found] == wanted
        return np.where(there, np.append(self.atoms, np.nan)[found], np.nan)

    def edges(self, bins: Ints) -> Floats:
        """Lower ends of bins, (cell, 1); the first's is where the pilot began."""
        bits = (self.first + np.clip(bins, 1, self.bins - 1)) << self.shift
        return bits.view(np.float64) - self.offset


class Sums(NamedTuple):
    """Over replicates: sums of the cumulative counts (cell, bin), of their squares, and undefined values (cell,)."""

    total: Ints
    square: Ints  # modulo 2**64, which the variance, a small number, survives
    undefined: Ints


def bins_for(cells: int, samples: int) -> int:
    """Bins of each of so many cells: as many as memory bears, and some times those that a replicate can fill."""
    fitting = 1 << max(MOST_CELLS // max(cells, 1), 1).bit_length() - 1
    return max(LEAST_BINS, min(MOST_BINS, fitting, 4 * samples))


def grid(pilot: Floats, bins: int) -> Grid:
    """Bins for cells of which a pilot sample (cell, sample) is given; undefined values (NaN) are left out."""
    ordered = np.sort(pilot, axis=1)
    defined = np.maximum(np.count_nonzero(ordered == ordered, axis=1, keepdims=True), 1)
    low = np.take_along_axis(ordered, defined // TRIM, 1)
    high = np.take_along_axis(ordered, defined - 1 - defined // TRIM, 1)
    low, high = np.nan_to_num(low, nan=1.0), np.nan_to_num(high, nan=1.0)
    offset = np.where(low > 0, 0.0, (high - low) / 256 - low + (high == low))
    ends = np.hstack([low, high]) + offset
    bits = ends.view(np.int64)
    span = bits[:, 1:] - bits[:, :1]
    shift = np.maximum(np.frexp(span / (bins - 3))[1].astype(np.int64), 1)
    none: Any = np.empty(0)
    return _with_atoms(Grid(bins, offset, shift, (bits[:, :1] >> shift) - 1, none, none), ordered)


def _with_atoms(grid: Grid, ordered: Floats) -> Grid:
    """Find the bins of which one value came several times, and no other."""
    where = locate(grid, np.nan_to_num(ordered, nan=np.inf)).ravel()
    values, begin = ordered.ravel(), np.flatnonzero(np.diff(where, prepend=-1))
    end = np.append(begin[1:], len(where))[: len(begin)]
    one = (end - begin > 1) & (values[begin] == values[end - 1])
    return grid._replace(single=where[begin[one]], atoms=values[begin[one]])


def locate(grid: Grid, values: Floats) -> Ints:
    """Bin of every value (cell, sample), counted through all cells; no value undefined."""
    moved = values + grid.offset if grid.offset.any() else values
    rows = np.arange(len(values))[:, None] * grid.bins
    bins = moved.view(np.int64) >> grid.shift
    bins -= grid.first - rows
    return np.clip(bins, rows, rows + grid.bins - 1, out=bins)


def count(grid: Grid, values: Floats) -> Ints:
    """Counts (cell, bin) of contiguous values (cell, sample); infinite ones are in the last bin."""
    shape = (len(values), grid.bins)
    return np.bincount(locate(grid, values).ravel(), minlength=shape[0] * shape[1]).reshape(shape)


def accumulate(sums: Sums, counts: Ints) -> None:
    """Add one replicate's counts, which are made cumulative in place."""
    np.cumsum(counts, axis=1, out=counts)
    sums.total.__iadd__(counts)
    counts *= counts
    sums.square.__iadd__(counts)


def quantile(grid: Grid, sums: Sums, replicates: int, samples: int, level: float) -> Estimate:
    """Quantile of all samples of all replicates, (cell,), and its standard error.

    Within a bin values are taken to be evenly spread, but where the pilot found one alone. The error is `woodruff`'s.
    """
    def at(levels: Any) -> Floats:
        return _at(grid, sums, replicates * samples, levels)[0]

    value, place, share = _at(grid, sums, replicates * samples, np.full(len(sums.total), level))
    errors = [_share_error(sums, bins, replicates, samples) for bins in (place - 1, place)]
    return woodruff(at, value, errors[0] + share * (errors[1] - errors[0]), level, replicates, samples)


def _at(grid: Grid, sums: Sums, whole: int, levels: Floats) -> tuple[Floats, Ints, Floats]:
    """Value below which a share of all lies, (cell,), its bin, and the share of the bin's values up to it."""
    rank = np.clip(np.ceil(np.clip(levels, 0, 1) * whole - 1e-6), 1, whole)[:, None]
    place = np.minimum(np.count_nonzero(sums.total < rank, axis=1), grid.bins - 1)[:, None]
    before, up_to = _cumulative(sums.total, place - 1), _cumulative(sums.total, place)
    share = (rank - before - 0.5) / np.maximum(up_to - before, 1)
    low, high = grid.edges(place), grid.edges(place + 1)
    atom = grid.atom(place)
    alone = atom == atom
    value = np.where(alone, atom, low + share * (high - low))
    value = np.where(rank > whole - sums.undefined[:, None], np.nan, value)
    return value[:, 0], place[:, 0], np.where(alone, 1.0, share)[:, 0]


def _cumulative(total: Ints, place: Ints) -> Ints:
    found = np.take_along_axis(total, np.maximum(place, 0), 1)
    return np.where(place < 0, 0, found)


def _share_error(sums: Sums, place: Ints, replicates: int, samples: int) -> Floats:
    """Standard error of the share of values up to the end of a bin, (cell,); missing with one replicate."""
    if replicates < 2:
        return np.full(len(place), np.nan)
    total, square = (_cumulative(x, place[:, None])[:, 0] for x in (sums.total, sums.square))
    variance = (replicates * square - total * total) / (replicates * (replicates - 1))
    return np.sqrt(variance / replicates) / samples


def below(grid: Grid, sums: Sums, whole: int, values: Floats) -> Floats:
    """Share of all `whole` samples that are at most `values`, (cell,): within a bin as `quantile` has it.

    Of the outer bins, the ends of which are not known, half.
    """
    place = locate(grid, values[:, None]) - np.arange(len(values))[:, None] * grid.bins
    low, high, atom = grid.edges(place), grid.edges(place + 1), grid.atom(place)
    inside = np.where(high > low, (values[:, None] - low) / np.where(high > low, high - low, 1.0), 0.5)
    inside = np.where(atom == atom, values[:, None] >= atom, np.clip(inside, 0.0, 1.0))
    before, up_to = _cumulative(sums.total, place - 1), _cumulative(sums.total, place)
    share: Floats = (before + inside * (up_to - before)) / whole
    return share[:, 0]
