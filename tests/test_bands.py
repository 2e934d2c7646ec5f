"""Quantiles, means and whole numbers against numpy, brute force and an urn one can count by hand."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from support import assert_close

import uncertainty as un
from uncertainty.analysis import bands
from uncertainty.analysis.error import counted, half_width

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
finite = st.floats(-1e6, 1e6)


def sampled(values, *rest, **coords):
    return xr.DataArray(values, dims=("replicate", "sample", *rest), coords=coords)


def pooled_of(values):
    """Counts of whole numbers (replicate, sample)."""
    counts = []
    bands.count_whole(values, counts)
    return bands.pool([bands.tallied(count) for count in counts])


def quantile(values, level):
    """Of an array (replicate, ..., sample), as the engine finds it: replicate by replicate."""
    return bands.quantile([bands.windows(replicate, [level])[0] for replicate in values], level)


def numpys(values, level):
    """The inverted-CDF quantile of all samples of (replicate, ..., sample), NaN after every number."""
    together = np.concatenate(list(np.where(np.isnan(values), 1e300, values)), axis=-1)
    found = np.quantile(together, level, axis=-1, method="inverted_cdf")
    return np.where(found == 1e300, np.nan, found)


def woodruffs(values, level):
    """The standard error from its definition, with all samples at hand."""
    replicates, samples = len(values), values.shape[-1]
    value = numpys(values, level)
    shares = (values <= value[..., None]).mean(axis=-1)
    times = stats.t(replicates - 1).ppf(0.975)
    wide = times * np.maximum(shares.std(axis=0, ddof=1), 0.5 / samples) / np.sqrt(replicates)
    se = np.empty(value.shape)
    for cell in np.ndindex(value.shape):
        ends = [numpys(values[(slice(None), *cell)], np.clip(level + s * wide[cell], 0, 1)) for s in (-1, 1)]
        se[cell] = np.max(np.abs(ends - value[cell])) / times
    return se


ELEMENTS = {"continuous": finite, "ties": st.integers(-3, 3).map(float),
            "undefined": st.one_of(finite, st.just(np.nan)), "ties and undefined": st.sampled_from([1.0, 2.0, np.nan])}


@pytest.mark.parametrize("elements", ELEMENTS)
@given(data=st.data(), replicates=st.integers(1, 6), samples=st.integers(1, 40), level=st.sampled_from(LEVELS),
       seed=st.integers(0, 99))
def test_quantiles_are_numpys_of_all_samples_exactly(elements, data, replicates, samples, level, seed):
    """Whatever the numbers are, dealt to the replicates at random, as sampling deals them."""
    given = data.draw(arrays(float, replicates * samples, elements=ELEMENTS[elements]))
    values = np.random.Generator(np.random.PCG64(seed)).permutation(given).reshape(replicates, samples)
    np.testing.assert_array_equal(quantile(values, level).value, numpys(values, level))


@given(arrays(float, st.tuples(st.integers(1, 2), st.integers(1, 25)), elements=st.integers(-9, 9).map(float)),
       st.sampled_from(LEVELS))
def test_quantiles_are_attainable_and_numpys_however_the_numbers_are_dealt(values, level):
    found = quantile(values, level).value
    assert found == np.quantile(values, level, method="inverted_cdf")
    assert found in values


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("samples", [64, 1000, 4096])
def test_quantiles_and_errors_of_many_cells_are_those_of_all_samples(samples, level):
    """Windows of 16 replicates lack most of the samples, and nothing that matters."""
    values = np.random.Generator(np.random.PCG64(samples)).standard_t(2, (16, 3, 2, samples))
    values[:, 1] = np.floor(3 * values[:, 1])
    values[:, 2, 1][values[:, 2, 1] > 1] = np.nan
    found = quantile(values, level)
    np.testing.assert_array_equal(found.value, numpys(values, level))
    np.testing.assert_allclose(found.se, woodruffs(values, level), rtol=1e-12)
    np.testing.assert_array_equal(found.value[1, 0], quantile(values[:, 1, 0], level).value)
    np.testing.assert_array_equal(found.se[1, 0], quantile(values[:, 1, 0], level).se)


def test_a_window_says_where_it_is_and_is_small():
    values = np.random.Generator(np.random.PCG64(1)).permutation(131_072).astype(float)[None]
    for level, window in zip(LEVELS, bands.windows(values, LEVELS), strict=True):
        reach = 5 * np.sqrt(level * (1 - level) * 131_072)
        assert window.samples == 131_072
        assert window.values.base is None  # a view would keep all samples in memory
        assert window.values.shape[-1] < 2 * reach + 20
        assert window.values[0, 0] == window.below <= max(level * 131_072 - reach, 0)
        assert window.values[0, -1] >= min(level * 131_072 + reach, 131_071)


# --- the standard error of a quantile ----------------------------------------------------------------------

TIMES = 3.182446  # Student's t, 97.5 %, of four replicates
DEALT = {  # 1 ... 32 dealt to four replicates of 8, so many of 1 ... 16 to each: and the ends of the median's interval
    "evenly": ((4, 4, 4, 4), 13, 20),  # error of the share: half a sample, 1 / 16 / 2; times t and 32 samples 3.18
    "unevenly": ((2, 4, 4, 6), 6, 27),  # shares 1/4 1/2 1/2 3/4: error sqrt(1/24) / 2; times t and 32 samples 10.4
    "very unevenly": ((0, 0, 8, 8), 1, 32),  # an error of 0.289, of which 3.18 are more than a half
}


@pytest.mark.parametrize("curve", [lambda k: k, lambda k: k**2, lambda k: -((33 - k) ** 2)])
@pytest.mark.parametrize("dealt", DEALT)
def test_the_error_of_a_median_by_hand(dealt, curve):
    shares, low, high = DEALT[dealt]
    lower, upper = iter(range(1, 17)), iter(range(17, 33))
    numbers = [[next(lower) for _ in range(n)] + [next(upper) for _ in range(8 - n)] for n in shares]
    found = quantile(curve(np.array(numbers, float)), 0.5)
    assert found.value == curve(16)
    assert found.se == pytest.approx(max(curve(high) - curve(16), curve(16) - curve(low)) / TIMES, rel=1e-6)


@given(arrays(float, (4, 7), elements=st.integers(-99, 99).map(float)), st.sampled_from(LEVELS),
       st.sampled_from([0.25, 1.0, 64.0]), st.integers(-99, 99))
def test_quantiles_and_errors_scale_with_the_unit(values, level, factor, offset):
    """In numbers that floats hold exactly, so that no two values become one."""
    one, two = quantile(values, level), quantile(factor * values + offset, level)
    assert two.value == factor * one.value + offset
    assert two.se == pytest.approx(factor * one.se, rel=1e-12)


def test_quantiles_of_one_sample_a_replicate_have_an_error():
    found = quantile(np.arange(8.0)[:, None], 0.5)
    assert found.value == 3
    assert found.se > 0


@pytest.mark.parametrize("value", [0.1, np.nan])
def test_what_does_not_vary_is_of_length_one_and_sure_of_itself(value):
    """The engine keeps such outputs so."""
    for samples in (1, 64):
        found = quantile(np.full((16, 2, samples), value), 0.25)
        np.testing.assert_array_equal(found.value, [value] * 2)
        np.testing.assert_array_equal(found.se, [value - value] * 2)  # 0, and of what is undefined none


def test_an_interval_that_reaches_undefined_values_is_undefined():
    values = np.where(np.random.Generator(np.random.PCG64(2)).uniform(size=(16, 256)) < 0.5, 1.0, np.nan)
    assert quantile(values, 0.25) == (1, 0)
    assert np.isnan(quantile(values, 0.5).se)
    assert np.isnan(quantile(values, 0.75)).all()


def test_percentile_bands_by_hand():
    values = np.array([[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]])
    found = un.percentile_bands(sampled(values), quantiles=(0.5,))
    assert found.percentile_bands.item() == 3  # the fourth of 1 2 3 3 4 4 5 6
    # 3/4 and 1/4 are below it, an error of 1/4, of which Student's 12.7 are more than all: 6 - 3 is the wider side
    assert found.percentile_bands_se.item() == pytest.approx(3 / 12.7062, rel=1e-5)
    assert (found["mean"].item(), found.mean_se.item()) == (3.5, 1.0)


@given(arrays(float, (2, 9, 2), elements=st.one_of(finite, st.just(np.nan))))
def test_undefined_values_come_last_and_none_is_dropped(values):
    found = un.percentile_bands(sampled(values, "build"), LEVELS)
    wanted = [numpys(np.moveaxis(values, 1, -1), level) for level in LEVELS]
    np.testing.assert_array_equal(found.percentile_bands, wanted)
    undefined = np.isnan(values).any(axis=(0, 1))
    np.testing.assert_array_equal(found["mean"].isnull(), undefined)
    np.testing.assert_array_equal(found.mean_se.isnull(), undefined)
    there = values[..., ~undefined]
    np.testing.assert_allclose(found["mean"][~undefined], there.mean(axis=(0, 1)), rtol=1e-12, atol=1e-9)


def test_percentile_bands_keep_labels_and_any_order_of_dimensions():
    values = sampled(np.arange(48.0).reshape(2, 8, 3), "build", build=["a", "b", "c"])
    found = un.percentile_bands(values)
    assert found.percentile_bands.dims == ("quantile", "build")
    assert found["quantile"].values.tolist() == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert found.build.values.tolist() == ["a", "b", "c"]
    xr.testing.assert_identical(found, un.percentile_bands(values.transpose("build", "sample", "replicate")))


def test_integers_have_the_quantiles_of_all_replicates_together():
    values = np.array([[9, 11, 11, 12], [12, 12, 12, 14]])
    found = un.percentile_bands(sampled(values), quantiles=(0.5, 0.6, 0.9))
    assert found.percentile_bands.values.tolist() == [12, 12, 14]
    assert found.percentile_bands_se.values[0] > 0


def test_one_replicate_has_no_standard_error():
    found = un.percentile_bands(sampled(np.ones((1, 4))))
    assert found.percentile_bands.notnull().all()
    assert found.percentile_bands_se.isnull().all()


def test_a_constant_has_the_standard_error_zero():
    found = un.percentile_bands(sampled(np.full((8, 4), 0.1)))
    assert (found.percentile_bands_se == 0).all()
    assert (found.percentile_bands == 0.1).all()


@pytest.mark.parametrize(("values", "quantiles", "said"), [
    (xr.DataArray(np.ones((2, 3)), dims=("replicate", "draw")), (0.5,), "sample are wanted too"),
    (xr.DataArray(np.ones(3), dims="x"), (0.5,), "replicate and sample are wanted too"),
    (sampled(np.ones((2, 4))), (0.5, 95), "wanted probabilities between 0 and 1"),
    (sampled(np.ones((2, 4))), (-0.1,), "wanted probabilities between 0 and 1"),
    (sampled(np.ones((2, 4))), (np.nan,), "wanted probabilities between 0 and 1"),
    (sampled([[1.0, np.inf], [2.0, 3.0]]), (0.5,), "1 of 4 values are infinite"),
    (sampled([[1.0, -np.inf], [np.nan, -np.inf]]), (0.5,), "2 of 4 values are infinite"),
])
def test_percentile_bands_refuse(values, quantiles, said):
    with pytest.raises(ValueError, match=said):
        un.percentile_bands(values, quantiles)


numbers = arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(1, 30)), elements=st.integers(0, 12))


@given(numbers)
def test_counts_against_counting(values):
    pooled = pooled_of(values.astype(float))
    k = np.arange(13.0)
    shares = (values[:, :, None] == k).mean(axis=1)  # (replicate, number)
    found, wanted = pooled.probability(k, values.shape[1]), counted(shares, values.shape[1])
    np.testing.assert_allclose(found.value, shares.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(found.se, wanted.se, atol=1e-15)
    assert found.value.sum() == pytest.approx(1, abs=1e-12)


@given(arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(1, 9)), elements=st.integers(0, 12)),
       st.sampled_from([0.05, 0.5, 0.95]))
def test_a_quantile_of_whole_numbers_is_the_smallest_that_is_enough(values, probability):
    values = np.random.Generator(np.random.PCG64(1)).permutation(values.ravel()).reshape(values.shape).astype(float)
    enough = quantile(values, probability).value
    shortfall = pooled_of(values).exceedance(enough, values.shape[1])
    assert shortfall.value == pytest.approx(np.mean(values > enough), abs=1e-15)
    assert shortfall.value <= 1 - probability + 1e-9
    fewer = values[values < enough]
    if fewer.size:  # the next smaller number that occurs is not enough
        assert np.mean(values > fewer.max()) > 1 - probability + 1e-9


def test_an_urn_counted_by_hand():
    """19 of 20 need at most 11 units: 11 are enough at 5 %; one sample more above, and 12 are wanted."""
    exactly = np.tile(np.repeat([10.0, 11.0, 12.0], [10, 9, 1]), (2, 1))
    more = np.tile(np.repeat([10.0, 11.0, 12.0], [10, 8, 2]), (2, 1))
    assert quantile(exactly, 0.95).value == 11
    assert quantile(more, 0.95).value == 12
    assert quantile(np.stack([exactly[0], more[0]]), 0.95).value == 12  # 37 of 40 are at most 11, wanted are 38


def in_lumps(seed, samples=1024, replicates=16):
    """Values about 10 with probability 0.485, else about 20: the median is at the lower edge of the upper lump."""
    rng = np.random.Generator(np.random.PCG64(seed))
    lump = np.where(rng.uniform(size=(replicates, samples)) < 0.485, 10.0, 20.0)
    return lump + rng.uniform(0, 0.1, lump.shape)


@pytest.mark.parametrize("seed", range(10))
def test_a_quantile_beside_a_gap_is_one_that_can_be_had(seed):
    values = in_lumps(seed)
    assert {round(np.median(x) / 10) for x in values} == {1, 2}  # on both sides, or this shows nothing
    found = quantile(values, 0.5)
    truth = 20 + 0.1 * 0.015 / 0.515
    assert found.value in values
    assert abs(found.value - truth) < 5 * found.se
    assert found.se < 0.01 or 9 < half_width(found.se, 16) < 11  # the gap is in the interval, or far from it


def test_a_quantile_whose_side_of_a_gap_is_in_doubt_has_an_interval_over_the_gap():
    rng = np.random.Generator(np.random.PCG64(3))
    found = quantile(np.where(rng.uniform(size=(16, 1024)) < 0.5, 10.0, 20.0), 0.5)
    assert found.value in (10.0, 20.0)
    assert half_width(found.se, 16) == pytest.approx(10)


# --- a mean that no sampling finds -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
@pytest.mark.parametrize("marginal", [stats.cauchy(), stats.pareto(1.1)], ids=["cauchy", "pareto"])
@pytest.mark.parametrize("samples", [8, 64, 4096])
def test_an_infinite_variance_has_no_finite_error(method, marginal, samples):
    for seed in range(5):
        x = un.propagate({"x": marginal}, lambda x: {}, samples=samples, seed=seed, method=method).x
        found = un.percentile_bands(x)
        assert found.mean_se == np.inf
        assert np.isfinite(found.percentile_bands_se).all()  # quantiles are another matter
        assert_close(found.percentile_bands[2], found.percentile_bands_se[2], marginal.median(), 16)


@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
@pytest.mark.parametrize("marginal", [un.normal(0, 1), un.uniform(0, 1), un.lognormal(1, 0.5), stats.expon()])
def test_a_finite_variance_has_a_finite_error(method, marginal):
    for seed in range(5):
        x = un.propagate({"x": marginal}, lambda x: {}, samples=64, seed=seed, method=method).x
        assert un.percentile_bands(x).mean_se < 0.1


@pytest.mark.parametrize(("large", "infinite"), [(3.4, False), (3.6, True)])
def test_a_tenth_of_the_variance_by_hand(large, infinite):
    """One of 128 samples is c, the others 1 and -1 and once 0: it holds about c^2 / (126 + c^2), a tenth at 3.74."""
    values = np.ones(128)
    values[::2] = -1
    values[:2] = [0, large * 3.74 / 3.5]
    found = un.percentile_bands(sampled(values.reshape(8, 16)))
    assert np.isinf(found.mean_se.item()) == infinite
    assert found["mean"].item() == pytest.approx(values.mean())


def test_of_few_samples_one_may_hold_a_tenth_of_the_variance():
    assert np.isfinite(un.percentile_bands(sampled(np.eye(3, 33))).mean_se)  # 99 samples
    assert np.isinf(un.percentile_bands(sampled(np.eye(3, 34))).mean_se)


def test_a_mean_of_many_cells_is_infinite_where_it_should_be():
    values = np.random.Generator(np.random.PCG64(1)).normal(size=(16, 64, 4))
    values[3, 5, 1], values[2, 2, 2], values[..., 3] = 1e6, np.nan, 7
    found = un.percentile_bands(sampled(values, "build"))
    np.testing.assert_array_equal(np.isinf(found.mean_se), [False, True, False, False])
    np.testing.assert_array_equal(found.mean_se.isnull(), [False, False, True, False])
    assert found.mean_se[3] == 0
