"""Standard errors: arithmetic by hand, and intervals that cover the truth as often as they say."""

import numpy as np
import pytest
from scipy import stats

import uncertainty as un
from uncertainty.analysis.error import combine, half_width, upper_limit


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


@pytest.mark.parametrize("method", ["sobol", "lhs"])
def test_a_share_with_one_breakpoint_is_off_by_less_than_one_sample(method):
    """Exactly so in every replicate, by stratification.

    Such a share takes two values only, and where one of them is rare 16 replicates may agree on the other: then its
    standard error is zero, and this bound is what there is.
    """
    for limit in (0.1, 1 / 3, 0.5, 0.987):
        x = un.propagate({"x": un.uniform(0, 1)}, lambda x: {}, samples=64, replicates=200, method=method).x
        assert (abs((x < limit).mean("sample") - limit) < 1 / 64).all()
