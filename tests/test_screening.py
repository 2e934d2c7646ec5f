"""Screening any model: closed forms, effects taken by hand, error bars over many seeds, and what is refused."""

import statistics

import numpy as np
import pytest
from scipy import stats
from support import assert_close

import uncertainty as un
from uncertainty.analysis.error import half_width, upper_limit
from uncertainty.analysis.screening import LEAST, deviation, partners, swings
from uncertainty.screening import morris, one_at_a_time

UNIT = un.uniform(0, 1)
ANGLES = dict.fromkeys(("x1", "x2", "x3"), un.uniform(-np.pi, np.pi))
SQUARES = {"a": UNIT, "b": UNIT}


def ishigami(x, a=7.0, b=0.1):
    return {"y": np.sin(x["x1"]) + a * np.sin(x["x2"]) ** 2 + b * x["x3"] ** 4 * np.sin(x["x1"])}


def product(x):
    return {"y": x["a"] * x["b"]}


def seen(f):
    """A model that keeps what it was called with."""
    calls = []

    def model(x):
        calls.append(x)
        return f(x)

    return model, calls


def mean_over_steps(effect):
    """Quadrature of effect(low, step) over steps from 1/4 to 3/4 and where they begin, by their density 4."""
    step = 0.25 + (np.arange(800) + 0.5) / 1600
    low = (1 - step) * (np.arange(800)[:, None] + 0.5) / 800
    return float((4 * (1 - step) * effect(low, step)).mean() / 2)


# --- elementary effects: closed forms ----------------------------------------------------------------------


def test_a_linear_model_is_exact():
    inputs = {"a": un.uniform(2, 5), "b": un.uniform(-1, 1), "c": stats.uniform(0, 10), "k": 4}
    found = morris(inputs, lambda x: {"y": 2 * x["a"] - 3 * x["b"] + x["k"], "z": x["c"]}, trajectories=8)
    np.testing.assert_allclose(found.mu, [[6, 0], [-6, 0], [0, 10]], rtol=1e-7, atol=0)
    np.testing.assert_allclose(found.mu_star, [[6, 0], [6, 0], [0, 10]], rtol=1e-7, atol=0)
    for name in ("sigma", "mu_se", "mu_star_se", "sigma_se"):
        np.testing.assert_allclose(found[name], 0, atol=1e-6)
    assert found.input.values.tolist() == ["a", "b", "c"]
    assert found.output.values.tolist() == ["y", "z"]


def test_a_product():
    """The effect of one factor is the other."""
    found = morris(SQUARES, product, trajectories=1024).sel(output="y")
    for name, truth in {"mu": 1 / 2, "mu_star": 1 / 2, "sigma": 12**-0.5}.items():
        assert_close(found[name], found[f"{name}_se"], truth, 1024)
    signed = morris(dict.fromkeys(SQUARES, un.uniform(-1, 1)), product, trajectories=1024).sel(output="y")
    for name, truth in {"mu": 0, "mu_star": 1, "sigma": 2 / 3**0.5}.items():
        assert_close(signed[name], signed[f"{name}_se"], truth, 1024)


def test_a_square_and_a_step():
    """Of u^2 effects are sums of both ends; of a step in the middle one over the length where they cross it."""
    found = morris({"u": UNIT}, lambda x: {"y": x["u"] ** 2, "step": x["u"] > 0.5}, trajectories=4096).sel(input="u")
    assert_close(found.mu, found.mu_se, [1, 4 * np.log(1.5)], 4096)
    assert_close(found.mu_star, found.mu_star_se, [1, 4 * np.log(1.5)], 4096)
    second = mean_over_steps(lambda low, step: ((low <= 0.5) & (low + step > 0.5)) / step**2)
    assert_close(found.sigma, found.sigma_se, [(5 / 48) ** 0.5, (second - (4 * np.log(1.5)) ** 2) ** 0.5], 4096)
    assert_close(found.moved, found.moved_se, [1, 3 / 4], 4096)  # 3/4 is 4 (3/32 + 3/32)


def test_sobols_g_function():
    """The mean effect of each factor is that of |4u - 2| / (1 + a), since the others' mean is one."""
    a = np.array([0, 1, 4.5, 9, 99])
    inputs = {f"x{i}": UNIT for i in range(5)}
    found = morris(inputs, lambda x: {"y": np.prod((abs(4 * np.array(list(x.values())) - 2).T + a) / (1 + a), axis=1)},
                   trajectories=4096, seed=1).sel(output="y")
    tent = mean_over_steps(lambda low, step: abs(abs(4 * (low + step) - 2) - abs(4 * low - 2)) / step)
    assert_close(found.mu, found.mu_se, 0, 4096)
    assert_close(found.mu_star, found.mu_star_se, tent / (1 + a), 4096)
    assert (np.diff(found.mu_star) < 0).all()


def test_ishigamis_inputs_are_ranked_as_by_total_order():
    """Total-order indices are 0.558, 0.442 and 0.244: Ishigami and Homma (1990)."""
    found = morris(ANGLES, ishigami, trajectories=4096).sel(output="y")

    def size(g):
        return mean_over_steps(lambda low, step: abs(g(low + step) - g(low)) / step)

    sine, sine_squared = size(lambda u: np.sin(2 * np.pi * u)), size(lambda u: np.sin(2 * np.pi * u) ** 2)
    quartic = size(lambda u: (2 * np.pi * u - np.pi) ** 4)
    truth = [sine * (1 + 0.1 * np.pi**4 / 5), 7 * sine_squared, 0.1 * quartic * 2 / np.pi]
    assert_close(found.mu_star, found.mu_star_se, truth, 4096)
    assert (np.diff(found.mu_star) < -3 * found.mu_star_se[1:]).all()


def test_units_and_marginals_compare_by_level():
    """Any increasing change of unit that the model undoes leaves every effect."""
    plain = morris(SQUARES, product)
    other = morris({"a": un.lognormal(3, 0.5), "b": stats.norm(2, 4)},
                   lambda x: {"y": stats.lognorm(0.5, 0, 3).cdf(x["a"]) * stats.norm(2, 4).cdf(x["b"])})
    for name in plain:
        np.testing.assert_allclose(plain[name], other[name], rtol=0, atol=1e-5)


# --- elementary effects: design and errors -----------------------------------------------------------------


def test_effects_and_their_moments_by_hand():
    model, calls = seen(lambda x: {"y": x["a"] * x["b"] ** 2 + x["k"]})
    found = morris({"a": UNIT, "k": 3.0, "b": UNIT}, model, trajectories=5, seed=7).sel(output="y")
    assert len(calls) == 1
    points = list(zip(calls[0]["a"].tolist(), calls[0]["b"].tolist(), strict=True))
    assert len(points) == found.attrs["runs"] == 15
    effects = {"a": [], "b": []}
    for (a0, b0), (a1, same_b), (same_a, b1) in zip(points[::3], points[1::3], points[2::3], strict=True):
        assert (same_a, same_b) == (a0, b0)
        effects["a"].append((a1 * b0**2 - a0 * b0**2) / (a1 - a0))
        effects["b"].append((a0 * b1**2 - a0 * b0**2) / (b1 - b0))
    for name, e in effects.items():
        spreads = [statistics.stdev(e[:i] + e[i + 1 :]) for i in range(5)]
        wanted = {"mu": statistics.mean(e), "mu_se": statistics.stdev(e) / 5**0.5,
                  "mu_star": statistics.mean(map(abs, e)), "mu_star_se": statistics.stdev(map(abs, e)) / 5**0.5,
                  "sigma": statistics.stdev(e), "sigma_se": (4 / 5) ** 0.5 * 5**0.5 * statistics.pstdev(spreads)}
        for statistic, truth in wanted.items():
            np.testing.assert_allclose(found[statistic].sel(input=name), truth, rtol=1e-9)


def test_steps_are_never_short_and_both_ends_are_uniform():
    levels, draws = np.random.Generator(np.random.PCG64(1)).uniform(size=(2, 10_000))
    reached = partners(levels, draws)
    length = abs(reached - levels)
    assert length.min() >= LEAST
    assert length.max() <= 1 - LEAST
    assert 0 < reached.min() < reached.max() < 1
    assert stats.kstest(reached, "uniform").pvalue > 1e-4
    assert stats.kstest((reached - levels) % 1, stats.uniform(LEAST, 1 - 2 * LEAST).cdf).pvalue > 1e-4


@pytest.mark.parametrize(("inputs", "model", "truth"), [
    (SQUARES, product, {"mu": 0.5, "mu_star": 0.5, "sigma": 12**-0.5}),
    (dict.fromkeys(SQUARES, un.uniform(-1, 1)), product, {"mu": 0, "mu_star": 1, "sigma": 2 / 3**0.5}),
    ({"a": UNIT}, lambda x: {"y": x["a"] > 0.5}, {"mu": 4 * np.log(1.5), "mu_star": 4 * np.log(1.5), "moved": 3 / 4}),
    (ANGLES, ishigami, {"mu_star": 7.6163}),  # the quadrature of the test above, of the first input
])
def test_errors_hold_over_seeds(inputs, model, truth):
    """Nominal 95 % intervals cover 92 to 98 % but for chance."""
    runs = [morris(inputs, model, seed=seed).isel(input=0, output=0) for seed in range(300)]
    for name, value in truth.items():
        held = [abs(float(r[name]) - value) <= half_width(float(r[f"{name}_se"]), 64) for r in runs]
        assert 0.90 <= np.mean(held) <= 0.99, (name, np.mean(held))


def test_trajectories_are_independent_of_each_other_and_of_their_number():
    few, many = (seen(product) for _ in range(2))
    morris(SQUARES, few[0], trajectories=5, seed=3)
    morris(SQUARES, many[0], trajectories=3000, seed=3)
    np.testing.assert_array_equal(few[1][0]["a"], many[1][0]["a"][:15])
    base = many[1][0]["a"][::3]
    assert abs(np.corrcoef(base[1:], base[:-1])[0, 1]) < 4 / 3000**0.5
    assert abs(np.corrcoef(base, many[1][0]["b"][::3])[0, 1]) < 4 / 3000**0.5


def test_neither_the_order_of_inputs_nor_an_inert_one_changes_effects():
    plain = morris(SQUARES, product)
    turned = morris({"b": UNIT, "idle": un.normal(0, 1), "a": UNIT, "k": 1}, product)
    for name in plain:
        np.testing.assert_array_equal(plain[name], turned[name].sel(input=["a", "b"]))
    assert not plain.identical(morris(SQUARES, product, seed=1))
    assert plain.identical(morris(SQUARES, product))


def test_an_output_that_does_not_move():
    found = morris(SQUARES, lambda x: {"y": np.full(len(x["a"]), 0.1), "z": x["a"]})
    still = found.sel(output="y")
    for name in ("mu", "mu_star", "sigma", "moved", "mu_se", "mu_star_se", "sigma_se", "moved_se"):
        assert (still[name] == 0).all()
    np.testing.assert_array_equal(found.upper_limit, [[upper_limit(64), np.nan], [upper_limit(64)] * 2])


def test_effects_of_discrete_inputs_are_zero_where_they_keep_their_value():
    """They do in the share of steps that stay within one half, which is 1/4."""
    found = morris({"n": un.discrete([2, 10]), "m": stats.bernoulli(0.5)}, lambda x: {"y": x["n"] + x["m"]},
                   trajectories=4096)
    assert_close(found.moved, found.moved_se, 3 / 4, 4096)
    assert_close(found.mu[:, 0], found.mu_se[:, 0], 4 * np.log(1.5) * np.array([8, 1]), 4096)


def test_forty_inputs_of_which_few_matter():
    inputs = {f"x{i}": UNIT for i in range(40)}
    found = morris(inputs, lambda x: {"y": 5 * x["x7"] + x["x20"] * x["x31"]}, trajectories=10).sel(output="y")
    assert found.attrs == {"runs": 410, "trajectories": 10, "least_step": 0.25, "seed": 0}
    order = found.input.values[np.argsort(-found.mu_star.values, kind="stable")]
    assert order[0] == "x7"
    assert set(order[1:3]) == {"x20", "x31"}
    assert (found.mu_star.drop_sel(input=["x7", "x20", "x31"]) == 0).all()
    assert set(found.input.values[found.sigma > 1e-9]) == {"x20", "x31"}


def test_the_deviation_of_rare_effects():
    lone = deviation(np.array([0.0] * 9 + [1.0]))
    np.testing.assert_allclose(lone, [statistics.stdev([0.0] * 9 + [1.0])] * 2, rtol=0.1)
    assert deviation(np.full(7, 0.1)) == (0, 0)


def test_a_few_huge_effects_widen_the_error_of_sigma():
    found = morris({"x": un.lognormal(1, 1.5)}, lambda x: {"y": x["x"], "log": np.log(x["x"])}, trajectories=256)
    relative = (found.sigma_se / found.sigma).isel(input=0)
    assert relative[0] > 2 * relative[1]


# --- one at a time -----------------------------------------------------------------------------------------


def test_a_tornado_by_hand():
    inputs = {"a": un.uniform(0, 10), "k": 2, "b": stats.norm(1, 3), "c": un.uniform(0, 1, central=0.2)}
    model, calls = seen(lambda x: {"y": x["k"] * x["a"] - x["b"] * x["c"], "z": x["c"] > 0.5})
    found = one_at_a_time(inputs, model, low=0.1, high=0.9)
    b = 1 + 3 * stats.norm.ppf(0.9) * np.array([-1, 1])
    assert len(calls) == 1
    assert found.attrs == {"low_level": 0.1, "high_level": 0.9, "runs": 7}
    assert found.input.values.tolist() == ["a", "b", "c"]
    assert list(calls[0]) == ["a", "k", "b", "c"]
    np.testing.assert_allclose(found.baseline, [2 * 5 - 0.2, 0])
    np.testing.assert_allclose(found.low_value, [1, b[0], 0.1])
    np.testing.assert_allclose(found.high_value, [9, b[1], 0.9])
    np.testing.assert_allclose(found.central, [5, 1, 0.2])
    np.testing.assert_allclose(found.low, np.array([[2 - 0.2, 10 - 0.2 * b[0], 9.9], [0, 0, 0]]).T)
    np.testing.assert_allclose(found.high, np.array([[18 - 0.2, 10 - 0.2 * b[1], 9.1], [0, 0, 1]]).T)
    np.testing.assert_allclose(found.swing, np.array([[16, 0.2 * (b[1] - b[0]), 0.8], [0, 0, 1]]).T)
    assert (found.one_sided == 0).all()
    assert not any(str(name).endswith("_se") for name in found)


def test_both_ends_on_one_side_of_the_baseline():
    inputs = {"x": un.normal(0, 1), "idle": un.normal(0, 1)}
    found = one_at_a_time(inputs, lambda x: {"cup": x["x"] ** 2, "cap": -abs(x["x"])})
    z = stats.norm.ppf(0.95)
    np.testing.assert_allclose(found.swing, [[z**2, z], [0, 0]])
    np.testing.assert_array_equal(found.one_sided, [[1, 1], [0, 0]])


def test_a_central_value_beyond_a_quantile():
    """Then a monotone output, too, has both ends on one side; its swing counts the centre in."""
    found = one_at_a_time({"x": un.uniform(0, 1, central=0.99)}, lambda x: {"y": x["x"]})
    np.testing.assert_allclose(found.swing, 0.94)
    assert found.one_sided == 1


def test_swings_whose_ends_touch_the_baseline_are_on_no_side():
    swing, one_sided = swings(np.array([1.0, 0.0, 2.0, -1.0]), np.array([0.0, 0.0, 3.0, 1.0]), np.array(0.0))
    assert swing.tolist() == [1, 0, 3, 2]
    assert one_sided.tolist() == [0, 0, 1, 0]


def test_discrete_quantiles_are_values_that_come():
    found = one_at_a_time({"n": un.discrete([1, 2, 4], [0.25, 0.5, 0.25]), "m": stats.poisson(3)},
                          lambda x: {"y": x["n"] * x["m"]})
    assert found.low_value.values.tolist() == [1, stats.poisson(3).ppf(0.05)]
    assert found.high_value.values.tolist() == [4, stats.poisson(3).ppf(0.95)]
    assert found.central.values.tolist() == [2, 3]


# --- refusals ----------------------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("screen", [morris, one_at_a_time])


@BOTH
def test_one_uncertain_input(screen):
    found = screen({"k": 3, "x": UNIT}, lambda x: {"y": x["k"] * x["x"]})
    assert found.input.values.tolist() == ["x"]
    assert found.sizes == {"input": 1, "output": 1}


@BOTH
@pytest.mark.parametrize("inputs", [{}, {"k": 3, "j": 1.5}])
def test_no_uncertain_input(screen, inputs):
    with pytest.raises(ValueError, match="no input is uncertain; wanted one distribution at least"):
        screen(inputs, lambda x: {"y": np.ones(1)})


def not_finite(x):
    with np.errstate(invalid="ignore"):
        return {"y": np.sqrt(x["a"] - x["k"])}


MODELS = [
    (lambda x: x["a"], "the model gave ndarray; wanted a mapping name -> array"),
    (lambda x: {"y": x["a"][:3]}, r"'y' has shape \(3,\); wanted \("),
    (lambda x: {"y": 1.0}, r"'y' has shape \(\)"),
    (lambda x: {"b": x["a"]}, "'b' has the name of an input"),
    (lambda x: {}, "the model gave no output; wanted one at least"),
    (not_finite, r"'y' is not finite in \d+ of \d+ samples; first where a = 0.\d+, b = 0.\d+, k = 0.5"),
    (lambda x: {"y": np.full(len(x["a"]), np.inf)}, r"'y' is not finite in (\d+) of \1 samples"),
]


@BOTH
@pytest.mark.parametrize(("model", "said"), MODELS)
def test_models_refused(screen, model, said):
    with pytest.raises(ValueError, match=said):
        screen({"a": UNIT, "b": UNIT, "k": 0.5}, model)


@BOTH
def test_the_inputs_named_are_those_that_made_the_first_bad_output(screen):
    model, calls = seen(lambda x: {"y": np.where(x["a"] < 0.1, np.nan, 1.0)})
    with pytest.raises(ValueError, match="not finite") as refused:
        screen(SQUARES, model)
    first = int(np.argmax(calls[0]["a"] < 0.1))
    assert f"first where a = {calls[0]['a'][first]:g}, b = {calls[0]['b'][first]:g}" in str(refused.value)


@BOTH
def test_a_model_that_writes_into_its_inputs_is_stopped(screen):
    def model(x):
        x["a"] += 1
        return {"y": x["a"]}

    with pytest.raises(ValueError, match="read-only"):
        screen(SQUARES, model)


@BOTH
def test_what_is_no_distribution_is_refused(screen):
    with pytest.raises(ValueError, match="is no distribution; wanted a Marginal or one frozen"):
        screen({"x": "pert", "y": UNIT}, product)


@pytest.mark.parametrize(("given", "said"), [
    ({"trajectories": 2}, "trajectories is 2; wanted at least 3"),
    ({"seed": -1}, "seed is -1; wanted a whole number, at least 0"),
])
def test_settings_of_screening_refused(given, said):
    with pytest.raises(ValueError, match=said):
        morris(SQUARES, product, **given)


def test_correlation_is_not_taken():
    with pytest.raises(TypeError, match="correlation"):
        morris(SQUARES, product, correlation={("a", "b"): 0.5})


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.5), (0.9, 0.1), (0, 0.95), (0.05, 1), (-0.1, 0.5), (np.nan, 0.5)])
def test_levels_refused(low, high):
    with pytest.raises(ValueError, match=f"low is {low} and high {high}; wanted 0 < low < high < 1"):
        one_at_a_time(SQUARES, product, low=low, high=high)
