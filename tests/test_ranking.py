"""Ranks, wins, regret and flips against brute force, scipy.stats and the published definition of tau_x."""

from itertools import permutations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

import uncertainty as un
from uncertainty.analysis import ranking

# few distinct numbers, so that ties are common: array (option, sample), lower is better
costs = arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 7)), elements=st.integers(0, 4).map(float))
distinct = st.integers(2, 6).flatmap(lambda n: st.tuples(st.permutations(range(n)), st.permutations(range(n))))


def sampled(values, *rest, **coords):
    return xr.DataArray(values, dims=("replicate", "sample", *rest), coords=coords)


def acceptability_by_brute_force(column):
    """Shares of ranks, every order of the options that the costs allow counting the same."""
    allowed = [p for p in permutations(range(len(column))) if all(np.diff(column[list(p)]) >= 0)]
    shares = np.zeros((len(column), len(column)))
    for p in allowed:
        for rank, option in enumerate(p):
            shares[option, rank] += 1 / len(allowed)
    return shares


@given(costs)
def test_rank_shares_against_brute_force(values):
    wanted = np.mean([acceptability_by_brute_force(column) for column in values.T], axis=0)
    np.testing.assert_allclose(ranking.rank_shares(ranking.order(values)), wanted, atol=1e-12)


@given(costs)
def test_rank_shares_against_rankdata(values):
    shares = ranking.rank_shares(ranking.order(values))
    expected = stats.rankdata(values, method="average", axis=0).mean(axis=1)
    np.testing.assert_allclose(shares @ np.arange(1, len(values) + 1), expected, atol=1e-12)


@given(costs)
def test_rank_shares_sum_to_one_by_row_and_by_column(values):
    shares = ranking.rank_shares(ranking.order(values))
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)


@given(costs)
def test_wins_ties_and_losses_against_counting(values):
    win, tie = ranking.pairwise_shares(ranking.order(values))
    off = ~np.eye(len(values), dtype=bool)
    np.testing.assert_array_equal(win, (values[:, None] < values[None]).mean(axis=-1))
    np.testing.assert_array_equal(tie[off], (values[:, None] == values[None]).mean(axis=-1)[off])
    np.testing.assert_allclose((win + win.T + tie)[off], 1, atol=1e-12)


@given(costs)
def test_regret_against_the_best_of_each_sample(values):
    regret = ranking.regret(values)
    np.testing.assert_allclose(regret, (values - values.min(axis=0)).mean(axis=1), atol=1e-12)
    assert (regret >= 0).all()


@given(costs, st.randoms(use_true_random=False))
def test_permuting_options_permutes_answers(values, random):
    p = random.sample(range(len(values)), len(values))
    one, two = ranking.order(values), ranking.order(values[p])
    np.testing.assert_array_equal(ranking.rank_shares(two), ranking.rank_shares(one)[p])
    np.testing.assert_array_equal(ranking.regret(values[p]), ranking.regret(values)[p])
    for a, b in zip(ranking.pairwise_shares(two), ranking.pairwise_shares(one), strict=True):
        np.testing.assert_array_equal(a, b[np.ix_(p, p)])
    for a, b in zip(ranking.flips(two, ranking.order(values[p][:, :1])),
                    ranking.flips(one, ranking.order(values[:, :1])), strict=True):
        np.testing.assert_array_equal(a, b)


@given(costs)
def test_better_higher_is_better_lower_of_the_negative(values):
    np.testing.assert_array_equal(ranking.order(ranking.oriented(values, "higher")).ahead,
                                  ranking.order(ranking.oriented(-values, "lower")).ahead)


# --- distance from an order --------------------------------------------------------------------------------


def tau_x(a, b):
    """Emond and Mason (2002), equation 4: scores 1 for ahead or tied, -1 for behind, 0 on the diagonal."""
    off = ~np.eye(len(a), dtype=bool)
    score_a, score_b = (np.where(x[:, None] <= x[None], 1, -1) for x in (a, b))
    return (score_a * score_b)[off].sum() / (len(a) * (len(a) - 1))


def tau(a, b):
    pairs = len(a) * (len(a) - 1) // 2
    orders = [ranking.order(np.array(x, float)[:, None]) for x in (a, b)]
    return ranking.agreement(*orders).item() / pairs


@given(distinct)
def test_agreement_without_ties_is_kendalls_tau(orders):
    assert tau(*orders) == pytest.approx(stats.kendalltau(*orders).statistic, abs=1e-12)


@given(st.integers(2, 6).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n)] * 2)))
def test_agreement_with_ties_is_emond_and_masons_tau_x(orders):
    a, b = map(np.array, orders)
    assert tau(a, b) == pytest.approx(tau_x(a, b), abs=1e-12)


@given(arrays(float, st.tuples(st.integers(2, 4), st.integers(1, 7)), elements=st.integers(0, 3).map(float)))
def test_flips_against_counting(values):
    reference = values[:, 0]
    order, first, shares = ranking.flips(ranking.order(values), ranking.order(values[:, :1]))
    ranks, reference_ranks = stats.rankdata(values, "min", axis=0), stats.rankdata(reference, "min")
    assert order == np.mean([(column != reference_ranks).any() for column in ranks.T])
    firsts = set(np.flatnonzero(reference_ranks == 1))
    assert first == np.mean([firsts.isdisjoint(np.flatnonzero(column == 1)) for column in ranks.T])
    taus = np.linspace(-1, 1, len(shares))
    assert shares.sum() == pytest.approx(1)
    assert shares @ taus == pytest.approx(np.mean([tau_x(column, reference) for column in values.T]), abs=1e-12)


@pytest.mark.parametrize(("reference", "costs", "order_differs", "first_differs"), [
    ([1, 1, 2], [1, 2, 3], 1, 0),  # a tie at the centre breaks, in favour of one of the tied
    ([1, 1, 2], [3, 2, 1], 1, 1),  # or of another
    ([1, 2, 3], [1, 1, 3], 1, 0),  # another catches up
    ([1, 2, 3], [1, 3, 2], 1, 0),
    ([1, 2, 3], [2, 1, 3], 1, 1),
    ([1, 2, 2], [2, 1, 1], 1, 1),
    ([1, 1, 2], [5, 5, 9], 0, 0),
    ([1, 1, 1], [1, 2, 3], 1, 0)])
def test_what_is_a_flip(reference, costs, order_differs, first_differs):
    orders = [ranking.order(np.array(x, float)[:, None]) for x in (costs, reference)]
    assert ranking.flips(*orders)[:2] == (order_differs, first_differs)


# --- rounding dust, and undefined values -------------------------------------------------------------------


@pytest.mark.parametrize("cost", [199_200.0, 1e-7, 1e12, -5.0])
def test_dust_makes_no_winner(cost):
    win, tie = ranking.pairwise_shares(ranking.order(np.array([[cost], [cost * (1 + 1e-12)]])))
    assert tie[0, 1] == 1
    assert not win.any()


@pytest.mark.parametrize("cost", [199_200.0, 1e-7, 1e12])
def test_a_real_difference_makes_one(cost):
    win, tie = ranking.pairwise_shares(ranking.order(np.array([[cost], [cost * (1 + 1e-8)]])))
    assert win[0, 1] == 1
    assert not tie.any()


def test_zeros_tie_and_lose_to_what_is_below():
    shares = ranking.rank_shares(ranking.order(np.array([[0.0], [-0.0], [-1e-30]])))
    np.testing.assert_array_equal(shares, [[0, 0.5, 0.5], [0, 0.5, 0.5], [1, 0, 0]])


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_an_undefined_value_is_worst_whichever_way_is_better(better):
    found = un.rank_acceptability(sampled([[[1.0, np.nan]]], "build"), better=better)
    assert found.rank_acceptability.values.tolist() == [[1, 0], [0, 1]]


def test_undefined_values_tie_and_have_no_regret():
    values = sampled([[[1.0, np.nan, np.nan], [1.0, 2.0, np.nan]]], "build")
    shares = un.rank_acceptability(values).rank_acceptability
    assert shares.values.tolist() == [[1, 0, 0], [0, 0.75, 0.25], [0, 0.25, 0.75]]
    regret = un.expected_regret(values).expected_regret.values
    assert regret[0] == 0
    assert np.isnan(regret[1:]).all()


# --- labels ------------------------------------------------------------------------------------------------

# two replicates of two samples; the first option wins 1 and 3/4 of them, a tie counting half
TOY = sampled([[[1, 2], [1, 3]], [[5, 6], [7, 7]]], "build", build=["a", "b"])


def test_a_toy_case_by_hand():
    ranks, pairs, regret = un.rank_acceptability(TOY), un.pairwise_winning(TOY), un.expected_regret(TOY)
    assert ranks.rank_acceptability.sel(build="a").values.tolist() == [0.875, 0.125]
    assert ranks.rank_acceptability_se.sel(build="a", rank=1).item() == 0.375  # of 1 and 3/4, and 2 / 4 samples
    assert ranks["rank"].values.tolist() == [1, 2]
    assert pairs.win.sel(build="a", other="b").item() == 0.75
    assert pairs.win.sel(build="b", other="a").item() == 0
    assert pairs.tie.sel(build="b", other="a").item() == 0.25
    assert regret.expected_regret.values.tolist() == [0, 1]  # (1 + 2 + 1 + 0) / 4
    assert regret.expected_regret_se.values.tolist() == [0, 0.5]


@pytest.mark.parametrize("ask", [un.rank_acceptability, un.pairwise_winning, un.expected_regret])
def test_other_dimensions_are_kept_and_their_order_does_not_matter(ask):
    random = np.random.Generator(np.random.PCG64(3))
    values = sampled(random.normal(size=(2, 8, 3, 2)), "build", "scenario", build=["a", "b", "c"], scenario=["x", "y"])
    found = ask(values)
    xr.testing.assert_identical(found, ask(values.transpose("scenario", "build", "sample", "replicate")))
    for scenario in ("x", "y"):
        alone = ask(values.sel(scenario=scenario, drop=True))
        xr.testing.assert_equal(found.sel(scenario=scenario, drop=True), alone)


def test_options_may_be_any_dimension():
    values = TOY.rename(build="site")
    assert un.rank_acceptability(values, over="site").rank_acceptability.dims == ("site", "rank")


def test_probability_and_its_upper_limit():
    condition = sampled([[[True, False], [True, False]], [[False, False], [True, False]]], "event")
    found = un.probability(condition)
    assert found.probability.values.tolist() == [0.75, 0]
    assert found.probability_se.values.tolist() == [pytest.approx(np.hypot(0.25, np.sqrt(2) / 4)), 0]
    assert np.isnan(found.upper_limit.values[0])
    assert stats.binom.pmf(0, 4, found.upper_limit.values[1]) == pytest.approx(0.05)  # Clopper and Pearson


INFINITE = TOY.where(TOY < 6, np.inf)

WRONG = [
    (un.rank_acceptability, (INFINITE,), "3 of 8 values are infinite; wanted finite ones, or NaN"),
    (un.pairwise_winning, (-INFINITE,), "3 of 8 values are infinite"),
    (un.expected_regret, (INFINITE,), "3 of 8 values are infinite"),
    (un.rank_acceptability, (TOY, "site"), "site are? wanted"),
    (un.rank_acceptability, (TOY.rename(sample="draw"),), "sample are? wanted"),
    (un.pairwise_winning, (TOY.isel(replicate=0),), "replicate are? wanted"),
    (un.expected_regret, (TOY, "build", "larger"), "better is 'larger'; wanted 'lower' or 'higher'"),
    (un.probability, (TOY,), "wanted booleans"),
    (un.probability, (TOY.isel(sample=0) > 1,), "sample are? wanted"),
]


@pytest.mark.parametrize(("ask", "given", "said"), WRONG)
def test_refusals(ask, given, said):
    with pytest.raises(ValueError, match=said):
        ask(*given)
