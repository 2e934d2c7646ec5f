"""SMAA-2 against the published analysis of antidepressants, intervals and polygons of weights, and invariants."""

import numpy as np
import pytest
from antidepressants import BETTER, CENTRAL, CONFIDENCE, ITERATIONS, MEASURED, RANKS, incidences
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.special import ndtri
from support import assert_close

from uncertainty.analysis import smaa
from uncertainty.analysis.error import combine, ratio
from uncertainty.design import Sampling, Stream, points, unit

REPLICATES = 8


def central_weights(found):
    """Mean of the weights with which an option is first, of one replicate."""
    first = found.ranks[:, :1]
    return found.favouring / np.where(first == 0, np.nan, first)


def cube(dimensions, samples=4096, method="sobol"):
    """Points of the open unit cube, (replicate, dimension, sample)."""
    streams, sampling = [Stream(f"u{i}", i) for i in range(dimensions)], Sampling(samples, REPLICATES, 3, method)
    return np.array([unit(points(streams, sampling, r)(0, samples)) for r in range(REPLICATES)])


def over_replicates(utilities, weights):
    """Estimates of rank acceptability indices, of central weights and of confidence factors."""
    found = [smaa.acceptability(u, w) for u, w in zip(utilities, weights, strict=True)]
    ranks, favouring = (np.array(part) for part in zip(*found, strict=True))
    central = ratio(favouring, ranks[..., :1])
    return combine(ranks), central, combine([smaa.confidence(u, central.value) for u in utilities])


# --- published -----------------------------------------------------------------------------------------------

WEIGHT_SD = np.sqrt(1 / 6 * 5 / 6 / 7)  # of one of six evenly spread weights


def treatments():
    """Values and weights of each replicate."""
    u = cube(5 * len(MEASURED) + 5)
    for replicate in u:
        normal = ndtri(replicate[5:]).reshape(len(MEASURED), 5, -1)
        yield np.array([incidences(*pair) for pair in zip(normal, MEASURED, strict=True)]), replicate[:5]


@pytest.fixture(scope="module")
def published():
    drawn = list(treatments())
    utilities = [smaa.utilities(values, BETTER, scale=(0, 1)) for values, _ in drawn]
    return over_replicates(utilities, [smaa.weights(u) for _, u in drawn])


def assert_within_four_errors(found, wanted, their_se):
    assert np.all(np.abs(found.value - wanted) <= 4 * np.hypot(found.se, their_se)), found.value - wanted


def test_published_rank_acceptabilities(published):
    assert_within_four_errors(published[0], RANKS, np.sqrt(RANKS * (1 - RANKS) / ITERATIONS))


def test_published_central_weights(published):
    assert_within_four_errors(published[1], CENTRAL, WEIGHT_SD / np.sqrt(ITERATIONS * RANKS[:, :1]))


def test_published_confidence_factors(published):
    assert_within_four_errors(published[2], CONFIDENCE, np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / ITERATIONS))


def test_another_scale_would_not_give_the_published_results():
    values, u = next(treatments())
    found = smaa.acceptability(smaa.utilities(values, BETTER), smaa.weights(u))
    assert np.abs(found.ranks - RANKS).max() > 0.05


# --- closed forms --------------------------------------------------------------------------------------------

# speed, more is better, and price, less is better: partial utilities (1, 0), (0, 1) and (0.6, 0.7)
TOY = np.array([[10.0, 0.0, 6.0], [300.0, 100.0, 160.0]])
TOY_BETTER = ("higher", "lower")


def repeated(values, samples):
    return np.repeat(np.asarray(values, float)[..., None], samples, axis=-1)


def test_two_criteria_are_an_interval_of_weights():
    """The second is first up to a weight of 1/3, the third up to 7/11; the first two change places at 1/2."""
    u = cube(1)[0]
    utilities = smaa.utilities(repeated(TOY, u.shape[1]), TOY_BETTER)
    np.testing.assert_allclose(utilities[..., 0], [[1, 0, 0.6], [0, 1, 0.7]])
    found = smaa.acceptability(utilities, smaa.weights(u))
    wanted = [[4 / 11, 7 / 11 - 1 / 2, 1 / 2], [1 / 3, 1 / 2 - 1 / 3, 1 / 2], [7 / 11 - 1 / 3, 1 - 7 / 11 + 1 / 3, 0]]
    np.testing.assert_allclose(found.ranks, wanted, atol=2 / u.shape[1])
    central = central_weights(found)
    np.testing.assert_allclose(central[:, 0], [(7 / 11 + 1) / 2, 1 / 6, (1 / 3 + 7 / 11) / 2], atol=2 / u.shape[1])
    np.testing.assert_allclose(central.sum(axis=1), 1)
    assert smaa.confidence(utilities, central).tolist() == [1, 1, 1]


def test_an_uncertain_utility():
    """(1, 0) against (0, y), y evenly spread over 0 ... 1: the first is first where w > y (1 - w), half of ln 2."""
    u = cube(2)
    values = np.zeros((REPLICATES, 2, 2, u.shape[-1]))
    values[:, 0, 0], values[:, 1, 1] = 1, u[:, 1]
    utilities = [smaa.utilities(v, ("higher", "higher"), scale=(0, 1)) for v in values]
    ranks, central, _ = over_replicates(utilities, [smaa.weights(x[:1]) for x in u])
    ln2 = np.log(2)
    firsts = np.array([1 - 1 / (4 * ln2), (3 / 4 - ln2) / (1 - ln2)])
    assert_close(ranks.value[:, 0], ranks.se[:, 0], [ln2, 1 - ln2], REPLICATES)
    assert_close(central.value[:, 0], central.se[:, 0], firsts, REPLICATES)
    confidence = combine([smaa.confidence(x, np.column_stack([firsts, 1 - firsts])) for x in utilities])
    assert_close(confidence.value, confidence.se, [1, 1 - firsts[1] / (1 - firsts[1])], REPLICATES, u[:, 0].size)


def clipped(corners, slope):
    """The part of a polygon in which slope @ w >= 0."""
    part = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if a @ slope >= 0:
            part.append(a)
        if (a @ slope) * (b @ slope) < 0:
            part.append(a + (b - a) * (a @ slope) / ((a - b) @ slope))
    return np.array(part).reshape(-1, 3)


def share_and_centroid(corners):
    """Of a polygon on the simplex."""
    triangles = [np.array([corners[0], *corners[i : i + 2]]) for i in range(1, len(corners) - 1)]
    areas = np.array([abs(np.linalg.det(t)) for t in triangles])
    return areas.sum(), areas @ [t.mean(axis=0) for t in triangles] / areas.sum() if areas.sum() else np.full(3, np.nan)


@pytest.mark.parametrize("seed", range(6))
def test_three_criteria_are_polygons_of_weights(seed):
    utility = np.random.Generator(np.random.PCG64(seed)).random((3, 4))
    truth = []
    for mine in utility.T:
        polygon = np.eye(3)
        for other in utility.T:
            polygon = clipped(polygon, mine - other) if len(polygon) else polygon
        truth.append(share_and_centroid(polygon))
    u = cube(2)
    ranks, central, confidence = over_replicates([repeated(utility, u.shape[-1])] * REPLICATES, map(smaa.weights, u))
    first = np.array([share for share, _ in truth])
    assert_close(ranks.value[:, 0], ranks.se[:, 0], first, REPLICATES, u[:, 0].size)
    seen = first > 0.01
    assert_close(central.value[seen], central.se[seen], np.array([c for _, c in truth])[seen], REPLICATES)
    assert np.isnan(central.value[first == 0]).all()
    np.testing.assert_array_equal(confidence.value, np.where(first > 0, 1, np.nan))  # such polygons are convex


# --- weights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("criteria", [1, 2, 3, 4, 6])
def test_weights_have_the_moments_of_a_flat_dirichlet_distribution(criteria):
    w = np.array([smaa.weights(u) for u in cube(criteria - 1)]) if criteria > 1 else np.ones((REPLICATES, 1, 4096))
    assert (w >= 0).all()
    np.testing.assert_allclose(w.sum(axis=1), 1, atol=1e-15)
    products = combine(np.einsum("ris,rjs->rij", w, w) / w.shape[-1])
    assert_close(*products, (1 + np.eye(criteria)) / (criteria * (criteria + 1)), REPLICATES, level=0.99999)
    for power, truth in [(1, 1 / criteria), (3, 6 / (criteria * (criteria + 1) * (criteria + 2)))]:
        found = combine((w**power).mean(axis=-1))
        assert_close(found.value, found.se + 1e-12, truth, REPLICATES, level=0.99999)


@pytest.mark.parametrize("criteria", [2, 3, 5])
def test_weights_and_the_least_of_them_are_beta_distributed(criteria):
    w = smaa.weights(cube(criteria - 1, method="random")[0])
    for row in [*w, criteria * w.min(axis=0)]:
        assert stats.kstest(row, stats.beta(1, criteria - 1).cdf).pvalue > 1e-4


def test_one_criterion_has_all_the_weight():
    assert smaa.weights(np.empty((0, 3))).tolist() == [[1, 1, 1]]


# --- ties, undefined values and invariants ---------------------------------------------------------------------

SIZES = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
VALUES = SIZES.flatmap(lambda shape: arrays(float, shape, elements=st.integers(0, 4).map(float)))


def indices(values, better, weight, scale=None):
    utility = smaa.utilities(values, better, scale)
    found = smaa.acceptability(utility, weight)
    central = central_weights(found)
    return found.ranks, central, smaa.confidence(utility, central)


def drawn(values):
    criteria, _, samples = values.shape
    random = np.random.Generator(np.random.PCG64(criteria * samples))
    return [("higher", "lower")[i % 2] for i in range(criteria)], smaa.weights(random.random((criteria - 1, samples)))


@given(VALUES, st.randoms(use_true_random=False))
def test_permuting_options_permutes_answers(values, random):
    p = random.sample(range(values.shape[1]), values.shape[1])
    better, weight = drawn(values)
    for two, one in zip(indices(values[:, p], better, weight), indices(values, better, weight), strict=True):
        np.testing.assert_allclose(two, one[p], atol=1e-12)


@given(VALUES, st.randoms(use_true_random=False))
def test_permuting_criteria_permutes_central_weights(values, random):
    p = random.sample(range(len(values)), len(values))
    better, weight = drawn(values)
    two, one = indices(values[p], [better[i] for i in p], weight[p]), indices(values, better, weight)
    for a, b in zip(two, (one[0], one[1][:, p], one[2]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@given(VALUES)
def test_units_do_not_matter_and_neither_does_the_direction(values):
    better, weight = drawn(values)
    other = ["lower" if word == "higher" else "higher" for word in better]
    for a, b, c in zip(indices(values, better, weight), indices(1000 * values + 7, better, weight),
                       indices(-values, other, weight), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
        np.testing.assert_allclose(a, c, atol=1e-12)


@given(VALUES)
def test_an_option_worse_than_all_is_last_and_changes_nothing_on_a_fixed_scale(values):
    better, weight = drawn(values)
    worse = np.array([[-1.0] if word == "higher" else [5.0] for word in better])[..., None]
    more = np.append(values, np.broadcast_to(worse, (len(values), 1, values.shape[2])), axis=1)
    one, two = indices(values, better, weight, (-1, 5)), indices(more, better, weight, (-1, 5))
    np.testing.assert_allclose(two[0][:-1, :-1], one[0], atol=1e-12)
    assert two[0][-1].tolist() == [0] * values.shape[1] + [1]
    for a, b in zip(two[1:], one[1:], strict=True):
        np.testing.assert_allclose(a[:-1], b, atol=1e-12)
        assert np.isnan(a[-1]).all()


def test_a_dominated_option_within_the_range_takes_no_first_rank():
    values = np.append(TOY, [[5.0], [170.0]], axis=1)  # slower and dearer than the third
    weight = smaa.weights(cube(1)[0])
    two, one = (indices(repeated(v, weight.shape[1]), TOY_BETTER, weight) for v in (values, TOY))
    np.testing.assert_array_equal(two[0][:, 0], [*one[0][:, 0], 0])
    np.testing.assert_array_equal(two[1][:-1], one[1])


def test_twins_share_their_ranks():
    weight = smaa.weights(cube(1)[0])
    ranks, central, confidence = indices(repeated(TOY[:, [0, 0, 1]], weight.shape[1]), TOY_BETTER, weight)
    np.testing.assert_allclose(ranks, [[0.25, 0.5, 0.25], [0.25, 0.5, 0.25], [0.5, 0, 0.5]])
    np.testing.assert_allclose(central[:, 0], [0.75, 0.75, 0.25], atol=1e-3)
    assert confidence.tolist() == [0.5, 0.5, 1]


@pytest.mark.parametrize("dust", [0, 1e-12])
@pytest.mark.parametrize("value", [0.0, 199_200.0, -1e-7])
def test_options_that_are_equal_but_for_dust_are_all_the_best(value, dust):
    values = repeated([[value, value * (1 + dust)]], 2)
    assert smaa.utilities(values, ["lower"]).tolist() == [[[1, 1], [1, 1]]]
    assert indices(values, ["lower"], np.ones((1, 2)))[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_dust_among_the_worst_makes_no_winner():
    values = repeated([[0.1 + 0.2, 0.3, 1.0]], 1)
    assert indices(values, ["higher"], np.ones((1, 1)))[0].tolist() == [[0, 0.5, 0.5], [0, 0.5, 0.5], [1, 0, 0]]


def test_an_undefined_value_ranks_last_and_stretches_no_scale():
    values = repeated([[1.0, np.nan, 3.0], [5.0, 9.0, 4.0]], 2)
    weight = np.full((2, 2), 0.5)
    ranks, central, confidence = indices(values, ["lower", "higher"], weight)
    assert ranks.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    np.testing.assert_array_equal(central, [[0.5, 0.5], [np.nan, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(confidence, [1, np.nan, np.nan])


def test_an_undefined_value_among_equal_ones_stays_undefined():
    np.testing.assert_array_equal(smaa.utilities(repeated([[2.0, np.nan, 2.0]], 1), ["lower"])[0, :, 0], [1, np.nan, 1])


def test_beyond_a_fixed_scale_utilities_go_on():
    found = smaa.utilities(np.array([[[0.0], [15.0]], [[2.0], [4.0]]]), ["higher", "lower"], ([5, 0], [10, 2]))
    assert found[..., 0].tolist() == [[-1, 2], [0, -1]]


# --- refusals ------------------------------------------------------------------------------------------------

CUBE, UTILITY = np.full((1, 4), 0.5), np.ones((2, 3, 4))

WRONG = [
    (smaa.weights, (CUBE[0],), "wanted as an array"),
    (smaa.weights, (CUBE - 0.5,), "both excluded"),
    (smaa.weights, (CUBE * np.nan,), "both excluded"),
    (smaa.utilities, (UTILITY, ["higher"]), "better has 1 words"),
    (smaa.utilities, (UTILITY[0], ["higher"] * 3), r"shape \(3, 4\)"),
    (smaa.utilities, (UTILITY, ["higher", "more"]), "better is 'more'; wanted 'lower' or 'higher'"),
    (smaa.utilities, (np.where(np.arange(4) == 3, np.inf, UTILITY), ["higher"] * 2), "6 of 24 values are infinite"),
    (smaa.utilities, (UTILITY, ["higher"] * 2, (0, [1, 0])), "scale of criterion 1 is 0.0 to 0.0; wanted low < high"),
    (smaa.utilities, (UTILITY, ["higher"] * 2, (np.nan, 1)), "scale of criterion 0 is nan to 1.0"),
    (smaa.acceptability, (UTILITY, np.ones((3, 4))), r"weights \(3, 4\)"),
    (smaa.acceptability, (UTILITY, np.ones(2)), r"weights \(2,\)"),
    (smaa.confidence, (UTILITY, np.ones((2, 3))), r"central weights \(2, 3\)"),
]


@pytest.mark.parametrize(("ask", "given", "said"), WRONG)
def test_refusals(ask, given, said):
    with pytest.raises(ValueError, match=said):
        ask(*given)
