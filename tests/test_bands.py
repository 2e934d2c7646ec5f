"""Quantiles, means and whole numbers against numpy, brute force and an urn one can count by hand."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import uncertainty as un
from uncertainty.analysis import bands
from uncertainty.analysis.error import combine

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
finite = st.floats(-1e6, 1e6)


def sampled(values, *rest, **coords):
    return xr.DataArray(values, dims=("replicate", "sample", *rest), coords=coords)


@given(arrays(float, st.integers(1, 40), elements=finite))
def test_continuous_quantiles_are_hazens(values):
    ours = bands.sample_quantiles(values, LEVELS).value
    theirs = np.quantile(values, LEVELS, method="hazen")
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-9)


@given(arrays(np.int64, st.integers(1, 40), elements=st.integers(-20, 20)))
def test_whole_quantiles_are_inverted_cdf_and_attainable(values):
    ours = bands.sample_quantiles(values.astype(float), LEVELS, whole=True).value
    np.testing.assert_array_equal(ours, np.quantile(values, LEVELS, method="inverted_cdf"))
    assert set(ours) <= set(values)


@given(arrays(float, (2, 9), elements=st.one_of(finite, st.just(np.nan))))
def test_missing_values_are_left_out(values):
    quantiles, means = bands.sample_quantiles(values, LEVELS).value.T, bands.sample_mean(values)
    for row, ours, mean in zip(values, quantiles, means, strict=True):
        there = row[~np.isnan(row)]
        if there.size:
            np.testing.assert_allclose(ours, np.quantile(there, LEVELS, method="hazen"), rtol=1e-12, atol=1e-9)
            np.testing.assert_allclose(mean, there.mean(), rtol=1e-12, atol=1e-9)
        else:
            assert np.isnan(ours).all()
            assert np.isnan(mean)


def test_quantiles_of_many_cells_are_those_of_each():
    values = np.random.Generator(np.random.PCG64(1)).normal(size=(3, 2, 50))
    ours = bands.sample_quantiles(values, LEVELS).value
    assert ours.shape == (len(LEVELS), 3, 2)
    np.testing.assert_array_equal(ours[:, 1, 0], bands.sample_quantiles(values[1, 0], LEVELS).value)


def test_percentile_bands_are_means_of_replicates():
    values = np.array([[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]])
    found = un.percentile_bands(sampled(values), quantiles=(0.5,))
    assert found.percentile_bands.item() == 3.5  # medians 2.5 and 4.5
    assert found.percentile_bands_se.item() == 1.0  # their spread, sqrt(2), over sqrt(2)
    assert (found["mean"].item(), found.mean_se.item()) == (3.5, 1.0)


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
])
def test_percentile_bands_refuse(values, quantiles, said):
    with pytest.raises(ValueError, match=said):
        un.percentile_bands(values, quantiles)


numbers = arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(1, 30)), elements=st.integers(0, 12))


@given(numbers)
def test_counts_against_counting(values):
    pooled = bands.pool([bands.tally(row.astype(float)) for row in values])
    k = np.arange(13.0)
    shares = (values[:, :, None] == k).mean(axis=1)  # (replicate, number)
    found = pooled.probability(k)
    np.testing.assert_allclose(found.value, shares.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(found.se, shares.std(axis=0, ddof=1) / np.sqrt(len(values)), atol=1e-15)
    assert found.value.sum() == pytest.approx(1, abs=1e-12)


@given(numbers, st.sampled_from([0.05, 0.5, 0.95]))
def test_pooled_quantile_is_the_smallest_that_is_enough(values, probability):
    pooled = bands.pool([bands.tally(row.astype(float)) for row in values])
    enough = pooled.quantile(probability)
    everything = values.ravel()
    shortfall = pooled.exceedance(enough)
    assert shortfall.value == pytest.approx(np.mean(everything > enough), abs=1e-15)
    assert shortfall.value <= 1 - probability + 1e-9
    fewer = everything[everything < enough]
    if fewer.size:  # the next smaller number that occurs is not enough
        assert np.mean(everything > fewer.max()) > 1 - probability + 1e-9


def test_an_urn_counted_by_hand():
    """19 of 20 need at most 11 units: 11 are enough at 5 %; one sample more above, and 12 are wanted."""
    exactly = [bands.tally(np.repeat([10.0, 11.0, 12.0], [10, 9, 1]))] * 2
    more = [bands.tally(np.repeat([10.0, 11.0, 12.0], [10, 8, 2]))] * 2
    assert bands.pool(exactly).quantile(0.95) == 11
    assert bands.pool(more).quantile(0.95) == 12


def in_lumps(seed, samples=1024, replicates=16):
    """Values about 10 with probability 0.485, else about 20: the median is at the lower edge of the upper lump."""
    rng = np.random.Generator(np.random.PCG64(seed))
    lump = np.where(rng.uniform(size=(replicates, samples)) < 0.485, 10.0, 20.0)
    return lump + rng.uniform(0, 0.1, lump.shape)


@pytest.mark.parametrize("seed", range(10))
def test_a_quantile_beside_a_gap_is_one_that_can_be_had(seed):
    quantiles = [bands.sample_quantiles(x, [0.5]) for x in in_lumps(seed)]
    assert {round(q.value[0] / 10) for q in quantiles} == {1, 2}  # on both sides, or this shows nothing
    found = bands.combine_quantiles(quantiles, [0.5])
    truth = 20 + 0.1 * 0.015 / 0.515
    assert abs(found.value[0] - truth) < 5 * found.se[0]
    assert found.se[0] < 0.01 or found.se[0] > 9


def test_a_quantile_whose_side_of_a_gap_is_in_doubt_has_an_error_as_wide_as_the_gap():
    rng = np.random.Generator(np.random.PCG64(3))
    x = np.where(rng.uniform(size=(16, 1024)) < 0.5, 10.0, 20.0)
    found = bands.combine_quantiles([bands.sample_quantiles(r, [0.5]) for r in x], [0.5])
    assert found.value[0] in (10.0, 20.0)
    assert found.se[0] > 9


def test_without_a_gap_quantiles_are_the_mean_over_replicates():
    x = np.random.Generator(np.random.PCG64(1)).standard_t(2, (16, 5, 4096))
    quantiles = [bands.sample_quantiles(r) for r in x]
    plain = combine([q.value for q in quantiles])
    found = bands.combine_quantiles(quantiles)
    np.testing.assert_array_equal(found.value, plain.value)
    np.testing.assert_array_equal(found.se, plain.se)
