"""Standard errors: arithmetic by hand, and intervals that cover the truth as often as they say."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import uncertainty as un
from uncertainty.analysis.bands import quantile, windows
from uncertainty.analysis.error import combine, counted, half_width, ratio, upper_limit


def test_combine_by_hand():
    found = combine([[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]])
    np.testing.assert_allclose(found.value, [3, 5])
    np.testing.assert_allclose(found.se, [np.sqrt(7 / 3), 0])


def test_combine_against_scipy():
    x = np.random.Generator(np.random.PCG64(1)).normal(3, 2, (16, 4))
    np.testing.assert_allclose(combine(x).value, x.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(combine(x).se, stats.sem(x), rtol=1e-12)


def test_replicates_that_agree_have_an_error_of_exactly_zero():
    assert combine(np.full((16, 3), 0.1)).se.tolist() == [0, 0, 0]
    assert combine(np.full((16, 3), 0.1)).value.tolist() == [0.1, 0.1, 0.1]


def test_counted_by_hand():
    shares = np.array([[0.25, 0.5, 0.0], [0.5, 0.5, 0.0], [0.75, 0.5, 0.0]])
    found = counted(shares, 4)
    assert found.value.tolist() == [0.5, 0.5, 0]
    np.testing.assert_allclose(found.se, [np.hypot(0.25 / np.sqrt(3), np.sqrt(2) / 12), np.sqrt(2) / 12, 0])


def test_a_mean_that_happens_to_be_whole_is_not_sure():
    mean = np.full((16, 1), 49.0)
    assert counted(mean, 64).se == 0  # as a share of 0 or 1
    assert counted(mean, 64, sure=[False]).se == np.sqrt(2) / 1024
    assert counted(mean, np.inf, sure=[False]).se == 0


def test_where_replicates_agree_half_a_width_is_the_upper_limit():
    share, samples = np.full(16, 0.25), 4096
    assert half_width(counted(share, samples).se, 16) == pytest.approx(upper_limit(16 * samples), rel=0.01)


@pytest.mark.parametrize("step", [0.5, 0.502, 0.508, 0.515])
def test_a_share_with_one_step_is_no_better_known_than_its_samples_tell(step):
    """Between which two points the step is, all replicates agree on; not where, which moves one sample in some."""
    found = [un.probability(un.propagate({"x": un.uniform(0, 1)}, lambda x: {"y": x["x"] < step}, samples=64, seed=seed,
                                         ).y) for seed in range(100)]
    held = [abs(f.probability - step) <= half_width(f.probability_se, 16) for f in found]
    assert np.mean(held) >= 0.95


def test_one_replicate_has_no_error():
    assert np.isnan(combine([[1.0, 2.0]]).se).all()


@pytest.mark.parametrize("replicates", [2, 8, 16, 1000])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_half_width_is_students(replicates, level):
    wanted = 2 * stats.t(replicates - 1).ppf(0.5 + level / 2)
    assert half_width(2.0, replicates, level) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("samples", [1, 100, 65_536])
def test_upper_limit_is_clopper_and_pearsons(samples):
    assert upper_limit(samples) == pytest.approx(stats.beta(1, samples).ppf(0.95), rel=1e-10)


# --- coverage ----------------------------------------------------------------------------------------------

SAMPLES, REPLICATES, TRIALS = 64, 16, 1200
PRICE = stats.lognorm(0.15)
INPUTS = {"a": un.uniform(0, 1), "b": un.uniform(0, 1), "price": un.lognormal(1, 0.15)}

# output of the inputs, and its mean in closed form
OUTPUTS = {
    "smooth product": (lambda a, b, price: a * b, 1 / 4),
    "smooth product with a tail": (lambda a, b, price: price * (1 + b), np.exp(0.15**2 / 2) * 3 / 2),
    "smooth sum": (lambda a, b, price: a**2 + b, 1 / 3 + 1 / 2),
    "floor": (lambda a, b, price: np.floor(60 / price), PRICE.cdf(60 / np.arange(1, 200)).sum()),
    "ceil": (lambda a, b, price: np.ceil(9 * (a + b)), 9.5),
    "probability of a smooth output": (lambda a, b, price: a * b > 0.3, 0.7 + 0.3 * np.log(0.3)),
    "probability of a floored output": (lambda a, b, price: np.floor(60 / price) % 2 == 0,
                                        sum(PRICE.cdf(60 / k) - PRICE.cdf(60 / (k + 1)) for k in range(2, 200, 2))),
    "probability of a ceiled output": (lambda a, b, price: np.ceil(9 * (a + b)) <= 6, 2 / 9),
}


@pytest.fixture(scope="module", params=["sobol", "lhs", "random"])
def draws(request):
    """Inputs of many trials of 16 replicates each; replicates differ by their key, just as seeds do."""
    x = un.propagate(INPUTS, lambda x: {}, samples=SAMPLES, replicates=REPLICATES * TRIALS, method=request.param)
    return [x[name].values for name in INPUTS]


@pytest.mark.parametrize("name", OUTPUTS)
def test_95_percent_intervals_cover_the_truth_93_to_97_percent_of_the_time(draws, name):
    """1,200 trials place a true coverage of 95 % within 1.9 points, three standard errors."""
    f, truth = OUTPUTS[name]
    found = combine(f(*draws).mean(axis=1).reshape(TRIALS, REPLICATES).T)
    covered = np.mean(np.abs(found.value - truth) <= half_width(found.se, REPLICATES))
    assert 0.93 <= covered <= 0.97


# --- coverage of quantiles, in the unit of the value --------------------------------------------------------

WIDER = 256  # samples a replicate
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
BUYS = np.arange(20, 200)  # cards for 60 median prices, with any probability
NEED = 0.23 * 1.25 * 8 / 0.81 / 13.5  # units of storage per card and PUE, before rounding up


def capex(price, pue):
    cards = np.floor(60 / price)
    return cards * 2500 * price + 8200 * np.ceil(NEED * cards * pue)


def capex_below(limit, pue):
    """P(capex <= limit); `pue` is its cumulative distribution function."""
    units = np.arange(1, 60)[:, None]
    probability = pue(units / (NEED * BUYS)) - pue((units - 1) / (NEED * BUYS))
    dearest = np.clip((limit - 8200 * units) / BUYS / 2500, 60 / (BUYS + 1), 60 / BUYS)
    return np.sum(probability * (PRICE.cdf(dearest) - PRICE.cdf(60 / (BUYS + 1))))


def product_with_a_tail_below(limit):
    return integrate.quad(lambda b: PRICE.cdf(limit / (1 + b)), 0, 1)[0]


# output of the inputs, its cumulative distribution function, and where that is 0 and 1
SMOOTH = {
    "product": (lambda a, b, price: a * b, lambda y: y - y * np.log(y), (1e-12, 1)),
    "product with a tail": (lambda a, b, price: price * (1 + b), product_with_a_tail_below, (0.1, 10)),
    "sum": (lambda a, b, price: a + b, lambda y: y**2 / 2 if y < 1 else 1 - (2 - y) ** 2 / 2, (0, 2)),
}
GAPPED = {
    "of a price": (lambda a, b, price: capex(price, 1.2), lambda y: capex_below(y, lambda pue: 1.0 * (pue >= 1.2)),
                   (1e5, 8e5)),
    "of a price and a PUE": (lambda a, b, price: capex(price, 1.1 + 0.3 * a),
                             lambda y: capex_below(y, stats.uniform(1.1, 0.3).cdf), (1e5, 8e5)),
}


@pytest.fixture(scope="module", params=["sobol", "lhs", "random"])
def more_draws(request):
    x = un.propagate(INPUTS, lambda x: {}, samples=WIDER, replicates=REPLICATES * TRIALS, method=request.param)
    return request.param, [x[name].values for name in INPUTS]


def coverages(draws, f, below, ends):
    """How often value +- half width holds the true quantile, at each level; (replicate, trial, sample) at once."""
    values = f(*draws).reshape(TRIALS, REPLICATES, WIDER).swapaxes(0, 1)
    each = [windows(replicate, LEVELS) for replicate in values]
    found = [quantile([w[i] for w in each], level) for i, level in enumerate(LEVELS)]
    truth = [optimize.brentq(lambda y, level=level: below(y) - level, *ends, xtol=1e-9) for level in LEVELS]
    return np.array([np.mean(np.abs(q.value - true) <= half_width(q.se, REPLICATES) + 1e-9 * abs(true))
                     for q, true in zip(found, truth, strict=True)])


@pytest.mark.parametrize("name", SMOOTH)
def test_95_percent_intervals_of_smooth_quantiles_cover_93_to_98_percent_of_the_time(more_draws, name):
    covered = coverages(more_draws[1], *SMOOTH[name])
    assert covered.min() >= 0.93
    assert covered.max() <= 0.98


@pytest.mark.parametrize("name", GAPPED)
def test_95_percent_intervals_of_quantiles_among_gaps_cover_93_percent_of_the_time_at_least(more_draws, name):
    """More, where the quantile is beside a gap: its wider side is the gap."""
    assert coverages(more_draws[1], *GAPPED[name]).min() >= 0.93


def test_95_percent_intervals_of_a_stratified_input_always_cover(more_draws):
    """Its share is off by less than a sample in each replicate, and half of one is the least error given."""
    covered = coverages(more_draws[1], lambda a, b, price: price, PRICE.cdf, (0.1, 10))
    assert covered.min() >= 0.93
    assert covered.max() <= 0.98 or more_draws[0] != "random"


@pytest.mark.parametrize("method", ["sobol", "lhs"])
def test_a_share_with_one_breakpoint_is_off_by_less_than_one_sample(method):
    """Exactly so in every replicate, by stratification.

    Such a share takes two values only, and where one of them is rare 16 replicates may agree on the other: then its
    standard error is zero, and this bound is what there is.
    """
    for limit in (0.1, 1 / 3, 0.5, 0.987):
        x = un.propagate({"x": un.uniform(0, 1)}, lambda x: {}, samples=64, replicates=200, method=method).x
        assert (abs((x < limit).mean("sample") - limit) < 1 / 64).all()


# --- ratios of means ---------------------------------------------------------------------------------------


def test_ratio_by_hand():
    found = ratio([1.0, 2.0, 6.0], [1.0, 1.0, 2.0])
    assert found.value == pytest.approx(9 / 4)
    assert found.se == pytest.approx(np.sqrt((1.25**2 + 0.25**2 + 1.5**2) / 2 / 3) / (4 / 3))


def test_ratio_against_the_delta_method():
    above, below = np.random.Generator(np.random.PCG64(2)).normal([[3], [-2]], 0.5, (2, 16))
    r = above.mean() / below.mean()
    variance = np.array([1, -r]) @ np.cov(above, below) @ [1, -r] / 16 / below.mean() ** 2
    np.testing.assert_allclose(ratio(above, below), [r, np.sqrt(variance)], rtol=1e-12)


def test_ratios_to_one_denominator_and_to_none():
    found = ratio([[[1.0, 2.0], [0.0, 0.0]], [[3.0, 6.0], [0.0, 0.0]]], [[[1.0], [0.0]], [[3.0], [0.0]]])
    np.testing.assert_array_equal(found, [[[1, 2], [np.nan, np.nan]], [[0, 0], [np.nan, np.nan]]])


def test_a_ratio_of_one_replicate_has_no_error():
    np.testing.assert_array_equal(ratio([[6.0]], [[3.0]]), [[2], [np.nan]])


def test_ratios_of_replicates_that_agree_have_an_error_of_exactly_zero():
    assert ratio(np.full(16, 0.1), np.full(16, 0.3)).se == 0


def test_95_percent_intervals_of_ratios_cover_the_truth_93_to_97_percent_of_the_time():
    """The mean of an exponential where it is above 1, which is 2, of 64 random samples a replicate."""
    x = np.random.Generator(np.random.PCG64(4)).exponential(size=(REPLICATES, TRIALS, SAMPLES))
    found = ratio((x * (x > 1)).mean(axis=-1), (x > 1).mean(axis=-1))
    assert 0.93 <= np.mean(np.abs(found.value - 2) <= half_width(found.se, REPLICATES)) <= 0.97
