"""Quantiles from bins against order statistics of the same samples, counts that add up, and errors by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from uncertainty.analysis import bands, histogram
from uncertainty.analysis.histogram import LEAST_BINS, MOST_BINS, MOST_CELLS, Sums

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
REPLICATES, SAMPLES, PILOT, BINS = 8, 4096, 1024, 8192


def zeros(grid):
    shape = grid.shape
    return Sums(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape[0], np.int64))


def counted(grid, values, blocks=1):
    """Sums of values (replicate, cell, sample), as the engine makes them: block by block."""
    sums = zeros(grid)
    for replicate in values:
        counts = np.zeros(grid.shape, np.int64)
        for block in np.split(replicate, blocks, axis=1):
            lacking = np.isnan(block)
            sums.undefined[:] += lacking.sum(axis=1)
            counts += histogram.count(grid, np.where(lacking, np.inf, block))
        histogram.accumulate(sums, counts)
    return sums


def binned(values, level, bins=BINS, pilot=None):
    """Quantile of values (replicate, cell, sample) by way of bins that a pilot, or their first samples, makes."""
    grid = histogram.grid(np.ascontiguousarray(values[0, :, :PILOT]) if pilot is None else pilot, bins)
    return histogram.quantile(grid, counted(grid, values), len(values), values.shape[-1], level)


def pooled(values):
    """All samples of each cell, ascending, undefined ones last."""
    return np.sort(values.swapaxes(0, 1).reshape(values.shape[1], -1), axis=-1)


def exact(values, level):
    """The inverted-CDF quantile of all samples of (replicate, cell, sample), NaN after every number."""
    together = np.nan_to_num(pooled(values), nan=np.inf)
    found = np.quantile(together, level, axis=-1, method="inverted_cdf")
    return np.where(np.isinf(found), np.nan, found)


def woodruffs(values, level):
    """The standard error of a quantile from its definition, with all samples at hand."""
    replicates, _, samples = values.shape
    shares = (values <= exact(values, level)[:, None]).mean(axis=-1)
    times = stats.t(replicates - 1).ppf(0.975)
    wide = times * np.maximum(shares.std(axis=0, ddof=1), 0.5 / samples) / np.sqrt(replicates)
    value = exact(values, level)
    ends = [[exact(values[:, [cell]], np.clip(level + sign * w, 0, 1))[0] for cell, w in enumerate(wide)]
            for sign in (-1, 1)]
    return np.max(np.abs(np.array(ends) - value), axis=0) / times


def drawn(kind, seed=1, replicates=REPLICATES, samples=SAMPLES):
    rng = np.random.Generator(np.random.PCG64(seed))
    return KINDS[kind](rng, (replicates, 1, samples))


def mixed(rng, size):
    return np.where(rng.random(size) < 0.3, 2.5, rng.lognormal(1, 0.5, size))


KINDS = {
    "lognormal": lambda rng, size: rng.lognormal(8, 0.3, size),
    "normal": lambda rng, size: rng.normal(0, 1, size),
    "negative": lambda rng, size: rng.normal(-1e6, 10, size),
    "uniform": lambda rng, size: rng.uniform(0, 1, size),
    "narrow": lambda rng, size: rng.uniform(1e9, 1e9 + 1, size),
    "heavy": lambda rng, size: rng.lognormal(0, 2, size),
    "heavy on both sides": lambda rng, size: rng.standard_t(2, size),
    "near zero": lambda rng, size: rng.lognormal(-650, 3, size),
    "denormal": lambda rng, size: rng.uniform(0, 1e-310, size),
}
SMOOTH = tuple(KINDS)
KINDS |= {
    "of every size": lambda rng, size: 10 ** rng.uniform(-290, 290, size),
    "an atom in a continuum": mixed,
    "an atom above a continuum": lambda rng, size: np.minimum(rng.normal(10, 1, size), 11),
    "an atom below a continuum": lambda rng, size: np.maximum(rng.normal(0, 1, size), 0),
}


# --- values ------------------------------------------------------------------------------------------------


def compared(kind, level, seeds=5, bins=BINS, **size):
    """Root mean squares over seeds: of the gap to the order statistic, of the error found, and of that by definition.

    One gap by itself may be no smaller than one error of eight replicates, which is small now and then.
    """
    runs = []
    for seed in range(seeds):
        values = drawn(kind, seed, **size)
        found = binned(values, level, bins, drawn(kind, 99, 1, PILOT)[0])
        runs.append([found.value - exact(values, level), found.se, woodruffs(values, level)])
    scaled = np.array(runs)[..., 0] / np.mean(runs)  # or squares may be beyond all numbers
    return np.sqrt(np.mean(scaled**2, axis=0))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", SMOOTH)
def test_quantiles_and_their_errors_are_those_of_all_samples_at_hand(kind, level):
    """Nearer than a tenth of the standard error of random samples, which itself is right to a few per cent."""
    gap, se, wanted = compared(kind, level)
    assert gap < 0.1 * wanted
    assert se == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize(("bins", "near", "right"), [(LEAST_BINS, 0.5, 0.1), (1024, 0.15, 0.05)])
@pytest.mark.parametrize("kind", ["lognormal", "uniform", "heavy"])
def test_few_bins_are_near_too(kind, bins, near, right):
    """Of a study of very many cells: a bin holds up to two per cent, which are taken to be evenly spread."""
    for level in LEVELS:
        gap, se, wanted = compared(kind, level, bins=bins)
        assert gap < near * wanted
        assert se == pytest.approx(wanted, rel=right)


@pytest.mark.parametrize("kind", ["lognormal", "narrow"])
@pytest.mark.parametrize(("replicates", "samples"), [(3, 1024), (32, 64), (256, 256)])
def test_few_and_many_replicates_are_near_too(kind, replicates, samples):
    bins = histogram.bins_for(1, samples)
    for level in (0.25, 0.5):
        gap, se, wanted = compared(kind, level, bins=bins, replicates=replicates, samples=samples)
        assert gap < 0.2 * wanted
        assert se == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_quantile_is_off_by_one_bin_at_most(kind):
    values = drawn(kind)
    grid = histogram.grid(values[0, :, :PILOT], BINS)
    sums = counted(grid, values)
    for level in np.linspace(0.02, 0.98, 97):
        wanted = exact(values, level)
        place = histogram.locate(grid, wanted[:, None])
        low, high = grid.edges(place), grid.edges(place + 1)
        found = histogram.quantile(grid, sums, REPLICATES, SAMPLES, level).value
        slack = 4 * np.spacing(np.abs(low).max() + grid.offset.max())
        assert low - slack <= found <= high + slack


@pytest.mark.parametrize("kind", ["lognormal", "normal", "uniform", "heavy", "heavy on both sides"])
def test_quantiles_of_a_million_samples_are_those_of_the_distribution(kind):
    law = {"lognormal": stats.lognorm(0.3, scale=np.exp(8)), "normal": stats.norm(), "uniform": stats.uniform(),
           "heavy": stats.lognorm(2), "heavy on both sides": stats.t(2)}[kind]
    values = law.ppf((np.arange(1 << 20) + 0.5) / (1 << 20)).reshape(1 << 8, 1, 1 << 12).transpose(2, 1, 0)
    pilot = law.ppf((np.arange(PILOT) + 0.5) / PILOT)[None]
    grid = histogram.grid(pilot, BINS)
    counts = histogram.count(grid, np.ascontiguousarray(values.reshape(1, -1)))
    sums = zeros(grid)
    histogram.accumulate(sums, counts)
    for level in LEVELS:
        width = 1e-5 / law.pdf(law.ppf(level))
        assert abs(histogram.quantile(grid, sums, 1, 1 << 20, level).value[0] - law.ppf(level)) < width


ATOMS = {"whole": [3, 4, 5, 6, 90], "of both signs": [-7.5, -0.1, 0.0, 0.1, 100], "near": [1.0, 1.001, 1.002, 7, 8],
         "one": [0.1], "zero": [0.0], "negative": [-3.0], "huge": [1e300, 2e300], "tiny": [5e-324, 1e-320]}


@pytest.mark.parametrize("atoms", ATOMS)
def test_discrete_values_are_exact_and_only_those_come(atoms):
    rng = np.random.Generator(np.random.PCG64(2))
    values = rng.choice(np.array(ATOMS[atoms], float), (REPLICATES, 1, SAMPLES))
    for level in (0.0, *LEVELS, 0.98, 1.0):
        found = binned(values, level)
        assert found.value == exact(values, level)
        np.testing.assert_allclose(found.se, woodruffs(values, level), rtol=1e-9)


def test_constants_have_no_error():
    for value in (0.1, 0.0, -3.0, 1e300, -1e300, 5e-324):
        assert binned(np.full((4, 1, 64), value), 0.5) == (value, 0)


def test_levels_at_an_atoms_very_edge_are_of_the_right_side():
    """Half the samples are 1, half are 2: the median is 1, and whatever is above it 2."""
    values = np.tile(np.repeat([1.0, 2.0], 32), (4, 1, 1))
    assert binned(values, 0.5).value == 1
    assert binned(values, 0.5 + 1 / 512).value == 2
    assert binned(values, 0.0).value == 1
    assert binned(values, 1.0).value == 2


def test_undefined_values_come_last():
    rng = np.random.Generator(np.random.PCG64(3))
    values = rng.lognormal(0, 1, (REPLICATES, 1, SAMPLES))
    values[rng.random(values.shape) < 0.4] = np.nan
    for level in (0.05, 0.25, 0.5):
        found = binned(values, level)
        np.testing.assert_allclose(found.value, exact(values, level), atol=0.05 * found.se[0])
        np.testing.assert_allclose(found.se, woodruffs(values, level), rtol=0.1)
    for level in (0.65, 0.75, 0.95):
        assert np.isnan(binned(values, level).value)
    edge = 1 - np.isnan(values).mean()
    assert np.isnan(binned(values, edge).se)  # which side it is on is in doubt
    last = binned(values, edge).value
    assert last <= np.nanmax(values)
    assert np.isnan(binned(values, edge + 1.5 / values.size).value)


def test_all_undefined_is_undefined():
    found = binned(np.full((4, 1, 64), np.nan), 0.5)
    assert np.isnan(found.value).all()
    assert np.isnan(found.se).all()


def test_what_lies_beyond_the_pilot_is_counted_in_the_outer_bins():
    """Whatever a value is, it is in a bin of its own cell, and in ascending order of values."""
    grid = histogram.grid(np.random.Generator(np.random.PCG64(4)).normal(5, 1, (3, PILOT)), 512)
    values = np.array([-np.inf, -1e308, -1.0, -0.0, 0.0, 5e-324, 4.0, 5.0, 6.0, 1e308, np.inf])
    bins = histogram.locate(grid, np.tile(values, (3, 1))) - 512 * np.arange(3)[:, None]
    assert (np.diff(bins, axis=1) >= 0).all()
    assert (bins[:, :3] == 0).all()
    assert (bins[:, -2:] == 511).all()


@given(arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 40)),
              elements=st.floats(-1e300, 1e300, allow_subnormal=True)), st.sampled_from([256, 8192]))
def test_bins_are_in_order_and_hold_the_pilot(pilot, bins):
    """Of whatever pilot: a bin's edges enclose its values, and nearly all values lie within the outer two."""
    grid = histogram.grid(pilot, bins)
    place = histogram.locate(grid, pilot) - bins * np.arange(len(pilot))[:, None]
    order = np.argsort(pilot, axis=1)
    assert (np.diff(np.take_along_axis(place, order, 1), axis=1) >= 0).all()
    slack = 4 * np.spacing(np.abs(pilot).max(axis=1, keepdims=True) + grid.offset)
    assert (place > 0).all()  # of fewer than 128 none is left out
    assert (place < bins - 1).all()
    assert (grid.edges(place) - slack <= pilot).all()
    assert (pilot <= grid.edges(place + 1) + slack).all()


# --- counts that add up ------------------------------------------------------------------------------------


def some(cells=3, replicates=6, samples=256):
    rng = np.random.Generator(np.random.PCG64(5))
    values = rng.normal(0, 1, (replicates, cells, samples))
    values[:, 1] = np.floor(values[:, 1])
    values[:, 2][rng.random((replicates, samples)) < 0.1] = np.nan
    return values, histogram.grid(rng.normal(0, 1, (cells, PILOT)), 512)


@pytest.mark.parametrize("blocks", [2, 8, 256])
def test_any_split_into_blocks_counts_the_same(blocks):
    values, grid = some()
    for one, two in zip(counted(grid, values), counted(grid, values, blocks), strict=True):
        np.testing.assert_array_equal(one, two)


@given(st.permutations(range(6)), st.lists(st.integers(0, 6), max_size=3))
def test_any_order_and_grouping_of_replicates_counts_the_same(order, cuts):
    values, grid = some()
    whole = zeros(grid)
    for group in np.split(np.array(order), sorted(cuts)):
        for mine, theirs in zip(whole, counted(grid, values[group.astype(int)]), strict=True):
            mine += theirs
    for one, two in zip(counted(grid, values), whole, strict=True):
        np.testing.assert_array_equal(one, two)


def test_cumulative_counts_end_with_all_samples():
    values, grid = some()
    sums = counted(grid, values)
    np.testing.assert_array_equal(sums.total[:, -1], 6 * 256)
    np.testing.assert_array_equal(sums.square[:, -1], 6 * 256**2)
    np.testing.assert_array_equal(sums.undefined, np.isnan(values).sum(axis=(0, 2)))
    assert (np.diff(sums.total, axis=1) >= 0).all()


def test_the_bins_of_some_cells_are_those_bins():
    values, grid = some()
    sums = counted(grid, values)
    whole = histogram.quantile(grid, sums, 6, 256, 0.25)
    part = histogram.quantile(grid.of(slice(1, 3)), Sums(*(x[1:3] for x in sums)), 6, 256, 0.25)
    for one, two in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one[1:3], two)


# --- standard errors ---------------------------------------------------------------------------------------


def test_the_standard_error_is_that_of_quantiles_of_other_samples():
    """The spread of a median over 200 runs of other seeds is what each run says it is."""
    runs = np.array([(f.value[0], f.se[0]) for f in (binned(drawn("lognormal", s, 8, 256), 0.5, 1024)
                                                     for s in range(200))])
    assert np.sqrt(np.mean(runs[:, 1] ** 2)) == pytest.approx(runs[:, 0].std(ddof=1), rel=0.15)


def test_one_replicate_has_no_error_and_two_have_one():
    values = drawn("normal")
    assert np.isnan(binned(values[:1], 0.5).se)
    assert binned(values[:2], 0.5).se > 0


def test_replicates_that_agree_have_the_error_of_half_a_sample():
    """Never 0 where values vary: a sample is either on this side or on that."""
    values = np.tile(drawn("uniform", 9, 1, 1024), (8, 1, 1))
    found = binned(values, 0.5)
    assert 0.3 < found.se / woodruffs(values, 0.5) < 3


@pytest.mark.parametrize("scale", [1, 1 << 31])
def test_squares_beyond_2_to_63_wrap_around_and_do_no_harm(scale):
    """Counts of 2**31 samples a replicate: squares of 2**62 of which eight are beyond any integer of 64 bits."""
    rng = np.random.Generator(np.random.PCG64(10))
    grid = histogram.grid(rng.uniform(1, 2, (1, PILOT)), 256)
    sums, exactly = zeros(grid), np.zeros((2, 1, 256), object)
    for _ in range(64):
        counts = histogram.count(grid, rng.uniform(1, 2, (1, 1024)))
        counts[:] = counts * scale // 1024 if scale > 1 else counts
        cumulative = np.cumsum(counts, axis=1).astype(object)
        exactly += np.stack([cumulative, cumulative**2])
        histogram.accumulate(sums, counts)
    assert (exactly[1].max() > 2**63) == (scale > 1)
    samples = int(sums.total[0, -1]) // 64
    truth = np.array([float(64 * q - t * t) for t, q in exactly.reshape(2, -1).T])
    truth = np.sqrt(truth / 64 / 63 / 64) / samples
    found = [histogram._share_error(sums, np.array([place]), 64, samples)[0] for place in range(256)]
    np.testing.assert_allclose(found, truth, rtol=1e-12)
    assert max(found) > 0


# --- whole numbers -----------------------------------------------------------------------------------------


def tally(values):
    """The distinct numbers, ascending, and the share of each."""
    numbers, counts = np.unique(values, return_counts=True)
    return numbers.astype(float), counts / counts.sum()


@given(arrays(np.int64, st.tuples(st.integers(2, 6), st.integers(1, 40)), elements=st.integers(-20, 20)),
       st.sampled_from((0.0, *LEVELS, 1.0)))
def test_quantiles_of_whole_numbers_are_numpys(values, level):
    values = values.astype(float)
    pooled = bands.pool([tally(row) for row in values])
    found = pooled.quantile(level, values.shape[1])
    assert found.value == np.quantile(values, level, method="inverted_cdf")
    np.testing.assert_allclose(found.se, woodruffs(values[:, None], level)[0], rtol=1e-9)


@given(st.lists(arrays(np.int64, (2, 7), elements=st.integers(-5, 5)), min_size=1, max_size=5))
def test_whole_numbers_counted_block_by_block_are_those_counted_at_once(blocks):
    counts = []
    for block in blocks:
        bands.count_whole(block.astype(float), counts)
    for cell, count in zip(np.concatenate(blocks, axis=1), counts, strict=True):
        numbers, shares = bands.tallied(count)
        wanted = tally(cell)
        np.testing.assert_array_equal(numbers, wanted[0])
        np.testing.assert_array_equal(shares, wanted[1])


def test_whole_numbers_far_from_each_other_are_counted_too():
    counts = []
    bands.count_whole(np.array([[1.0, 2.0**53, 1.0, -(2.0**53)]]), counts)
    assert counts == [{1.0: 2, 2.0**53: 1, -(2.0**53): 1}]


# --- how many bins -----------------------------------------------------------------------------------------


@given(st.integers(0, 1 << 22), st.integers(0, 30))
def test_bins_are_as_many_as_memory_bears(cells, power):
    bins = histogram.bins_for(cells, 1 << power)
    assert LEAST_BINS <= bins <= MOST_BINS
    assert bins & bins - 1 == 0
    assert bins == LEAST_BINS or cells * bins <= MOST_CELLS
    assert bins == LEAST_BINS or bins <= 4 << power
    assert bins == MOST_BINS or 2 * bins > 4 << power or 2 * bins * cells > MOST_CELLS


@pytest.mark.parametrize(("cells", "samples", "bins"), [
    (0, 4096, 8192), (1, 4096, 8192), (128, 4096, 8192), (129, 4096, 4096), (4096, 4096, 256), (10**6, 4096, 256),
    (1, 64, 256), (1, 1, 256), (1, 512, 2048), (1, 2048, 8192)])
def test_how_many_bins_by_hand(cells, samples, bins):
    assert histogram.bins_for(cells, samples) == bins


def test_shares_below_are_those_of_the_samples():
    rng = np.random.Generator(np.random.PCG64(5))
    values = np.sort(rng.lognormal(0, 0.5, (REPLICATES, 3, SAMPLES)), axis=-1)
    values[:, 2] = np.floor(values[:, 2] * 4)
    values = rng.permuted(values, axis=-1)
    grid = histogram.grid(np.ascontiguousarray(values[0, :, :PILOT]), BINS)
    sums, whole = counted(grid, values), REPLICATES * SAMPLES
    for wanted in (0.05, 0.5, 0.9):
        at = exact(values, wanted)
        share = (values <= at[:, None]).mean(axis=(0, 2))
        np.testing.assert_allclose(histogram.below(grid, sums, whole, at), share, atol=2e-3)
    assert histogram.below(grid, sums, whole, np.full(3, -1.0)).max() < 0.01
    assert histogram.below(grid, sums, whole, np.full(3, 1e6)).min() > 0.99
