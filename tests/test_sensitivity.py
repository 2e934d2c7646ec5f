"""Sobol' indices and Shapley effects of any model: closed forms, other programs, error bars, and what is refused."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from problems import (
    ANGLES,
    CUBE,
    FACTORS,
    LOGNORMAL,
    UNIT,
    first_and_total,
    g_function,
    g_functions,
    gaussian,
    ishigami,
    ishigamis,
    of_lognormals,
    of_stairs,
    orders,
    spearman,
    stairs,
    times,
    weighted,
)
from scipy import stats
from support import assert_close

import uncertainty as un
from uncertainty.analysis.error import Estimate, half_width, not_above, ratio, share, trusted
from uncertainty.sensitivity import ESTIMATORS, shapley_effects, sobol_indices

BOTH = pytest.mark.parametrize("analyse", [sobol_indices, shapley_effects])
NAMES = ("first_order", "total_order")
CASES = [(ANGLES, ishigami, ishigamis), (CUBE, g_function, g_functions), (LOGNORMAL, times, of_lognormals),
         (dict.fromkeys("abcd", UNIT), stairs, of_stairs)]
BY_NAME = pytest.mark.parametrize(("inputs", "model", "value"), CASES, ids=["ishigami", "g", "lognormal", "stairs"])


# --- closed forms ----------------------------------------------------------------------------------------------


@BY_NAME
@pytest.mark.parametrize("estimator", ["azzini_2021", "saltelli_2010"])
@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_indices(inputs, model, value, estimator, method):
    found = sobol_indices(inputs, model, estimator=estimator, method=method).sel(output="y", input=list(inputs))
    for name, truth in zip(NAMES, first_and_total(value, len(inputs)).T, strict=True):
        assert (found[f"{name}_se"] < 0.03).all()
        assert_close(found[name], found[f"{name}_se"], truth, 16)


@BY_NAME
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("method", ["sobol", "random"])
def test_effects(inputs, model, value, exact, method):
    found = shapley_effects(inputs, model, exact=exact, method=method).sel(output="y")
    assert (found.shapley_effect_se < 0.01).all()
    assert_close(found.shapley_effect, found.shapley_effect_se, orders(value, len(inputs)), 16)
    np.testing.assert_allclose(found.shapley_effect.sum(), 1, rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_no_first_order_index_exceeds_its_total_order_one(seed):
    found = sobol_indices(CUBE, g_function, samples=8, replicates=1, seed=seed)
    assert (found.first_order < found.total_order)[:4].all()


def test_groups():
    pairs = {f"{i}{j}": (f"x{i}", f"x{j}") for i, j in combinations(range(4), 2)}
    found = sobol_indices(CUBE, g_function, groups=pairs).sel(output="y")
    assert found.input.values.tolist() == [*CUBE, *pairs, "dummy"]
    for i, j in combinations(range(4), 2):
        one, rest = found.sel(input=f"{i}{j}"), tuple(set(range(4)) - {i, j})
        assert_close(one.first_order, one.first_order_se, g_functions((i, j)), 16)
        assert_close(one.total_order, one.total_order_se, 1 - g_functions(rest), 16)


@pytest.mark.parametrize("correlation", [None, {("x1", "x3"): 0.7}])
def test_all_inputs_together_take_all(correlation):
    found = sobol_indices(ANGLES, ishigami, groups={"all": ["x3", "x1", "x2"]}, samples=32, correlation=correlation)
    for name in NAMES:
        np.testing.assert_allclose(found[name].sel(input="all"), 1, rtol=1e-12)


def test_variance_and_boolean_and_integer_outputs():
    found = sobol_indices({"a": UNIT, "b": UNIT, "k": 3}, lambda x: {"y": x["k"] * x["a"] + x["b"], "a < 0.3":
                          x["a"] < 0.3, "n": np.floor(10 * x["b"]).astype(int), "nor": (x["a"] > 0.5) | (x["b"] > 0.5)})
    assert_close(found.variance, found.variance_se, [10 / 12, 0.21, 99 / 12, 3 / 16], 16, 16 * 4096)
    truth = [[0.9, 1, 0, 1 / 3], [0.1, 0, 1, 1 / 3]]
    assert_close(found.first_order[:2], found.first_order_se[:2], truth, 16, 16 * 4096)
    assert_close(found.total_order[:2], found.total_order_se[:2], [[0.9, 1, 0, 2 / 3], [0.1, 0, 1, 2 / 3]], 16, 65536)
    assert found.variance.sizes == {"output": 4}


# --- correlated inputs -----------------------------------------------------------------------------------------


def correlated(seed, count):
    bits = np.random.Generator(np.random.PCG64(seed))
    root = bits.normal(size=(count, count)) + np.eye(count)
    size = np.sqrt((root**2).sum(axis=1))
    return root @ root.T / np.outer(size, size), bits.normal(size=count)


THREE = np.array([[1, 0, 0], [0, 1, 0.6], [0, 0.6, 1]]), np.array([1, 2, -1.5])


@pytest.mark.parametrize(("matrix", "weights", "exact"), [
    (*THREE, True), (*THREE, False), (*correlated(1, 3), None), (*correlated(2, 8), None), (*correlated(2, 8), True)])
def test_effects_of_correlated_normals(matrix, weights, exact):
    inputs = {f"x{i}": stats.norm() for i in range(len(weights))}
    found = shapley_effects(inputs, weighted(weights), correlation=spearman(matrix), exact=exact,
                            samples=256).sel(output="y")
    assert found.attrs["exact"] == (len(weights) < 8 if exact is None else exact)
    assert (found.shapley_effect_se < 0.02).all()
    assert_close(found.shapley_effect, found.shapley_effect_se, orders(gaussian(matrix, weights), len(weights)), 16)


def test_two_correlated_normals_share_as_iooss_and_prieur_have_it():
    """Iooss and Prieur (2019), Int. J. Uncertain. Quantif. 9, 493: the first takes b1^2 (1 - r^2/2) + b2^2 r^2/2
    + b1 b2 r of the variance, here with b1 = 1, b2 = 3 and r = 1/2."""
    found = shapley_effects({"x0": stats.norm(), "x1": stats.norm(0, 3)}, weighted([1, 1]),
                            correlation=spearman(np.array([[1, 0.5], [0.5, 1]]))).sel(output="y")
    effect = np.array([7 / 8 + 9 / 8 + 3 / 2, 9 * 7 / 8 + 1 / 8 + 3 / 2])
    assert_close(found.shapley_effect, found.shapley_effect_se, effect / 13, 16)
    assert_close(found.variance, found.variance_se, 13, 16)


def test_an_input_that_is_not_used_but_correlated_takes_part_in_effects():
    """It takes half of what it tells of the other, r^2/2; and one that is neither takes exactly nothing."""
    found = shapley_effects({"x0": stats.norm(), "x1": stats.norm(), "idle": UNIT}, lambda x: {"y": x["x0"]},
                            correlation=spearman(np.array([[1, 0.8], [0.8, 1]]))).sel(output="y")
    assert_close(found.shapley_effect[:2], found.shapley_effect_se[:2], [0.68, 0.32], 16)
    assert (found.shapley_effect[2], found.shapley_effect_se[2]) == (0, 0)


def test_indices_of_correlated_inputs():
    """Those of a single one are missing, unless it is asked for as a group; a group that is not closed has no total."""
    matrix, weights = THREE
    groups = {"one": ["x1"], "cut": ["x0", "x1"], "closed": ["x2", "x1", "x0"]}
    found = sobol_indices({f"x{i}": stats.norm() for i in range(3)}, weighted(weights), groups=groups,
                          correlation=spearman(matrix)).sel(output="y")
    assert found.input.values.tolist() == ["x0", "x1", "x2", "x1 + x2", *groups, "dummy"]
    value, nan = gaussian(matrix, weights), np.nan
    sets = [(0,), (1, 2), (1,), (0, 1), (0, 1, 2)]
    at = [0, 3, 4, 5, 6]
    assert_close(found.first_order[at], found.first_order_se[at], [value(some) for some in sets], 16)
    assert np.isnan(found.first_order[[1, 2]]).all()
    assert_close(found.total_order[at[:2]], found.total_order_se[at[:2]], [1 - value((1, 2)), 1 - value((0,))], 16)
    np.testing.assert_allclose(found.total_order[6], 1, rtol=1e-9)
    for name in ("total_order", "total_order_se"):
        np.testing.assert_array_equal(np.isnan(found[name]), [0, 1, 1, 0, 1, 1, 0, 1])
    np.testing.assert_array_equal(found.noise, [0, nan, nan, 0, 0, 0, 0, 1])


def test_correlated_inputs_are_a_group_once():
    inputs, correlation = {**ANGLES, "x4": UNIT}, {("x1", "x3"): 0.5, ("x2", "x4"): -0.2}
    found = sobol_indices(inputs, ishigami, groups={"odd": ["x3", "x1"]}, correlation=correlation, samples=64)
    assert found.input.values.tolist() == ["x1", "x2", "x3", "x4", "x2 + x4", "odd", "dummy"]
    assert found.attrs["runs"] == 64 * 16 * (2 + 2 * 2)
    assert found.attrs["correlation_repaired"] == 0
    impossible = {("x1", "x2"): 0.9, ("x2", "x3"): 0.9, ("x1", "x3"): -0.9}
    for analyse in (sobol_indices, shapley_effects):
        assert analyse(ANGLES, ishigami, correlation=impossible, samples=64).attrs["correlation_repaired"] == 1


# --- other programs --------------------------------------------------------------------------------------------


def test_the_same_values_give_what_scipy_gives():
    calls = []

    def model(x):
        calls.append(np.array([10 * ishigami(x)["y"] + 1e4, x["x1"] * x["x3"] + x["x2"]]))
        return dict(zip("yz", calls[-1], strict=True))

    found = sobol_indices(ANGLES, model, replicates=1, samples=256, estimator="saltelli_2010")
    func = {"f_A": calls[0], "f_B": calls[1], "f_AB": np.array(calls[2:])}
    told = stats.sobol_indices(func=func, n=256, method="saltelli_2010")
    np.testing.assert_allclose(found.first_order[:3].T, told.first_order, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.total_order[:3].T, told.total_order, rtol=1e-12, atol=1e-12)


def test_salib_gives_the_same_within_error():
    salib = pytest.importorskip("SALib")
    sample, analyse = pytest.importorskip("SALib.sample.sobol"), pytest.importorskip("SALib.analyze.sobol")
    assert salib is not None
    problem = {"num_vars": 4, "names": list(CUBE), "bounds": [[0, 1]] * 4}
    points = sample.sample(problem, 4096, calc_second_order=False, seed=1)
    told = analyse.analyze(problem, g_function(dict(zip(CUBE, points.T, strict=True)))["y"], calc_second_order=False,
                           seed=1)
    found = sobol_indices(CUBE, g_function).sel(output="y", input=list(CUBE))
    for name, theirs in zip(NAMES, ("S1", "ST"), strict=True):
        se = np.hypot(found[f"{name}_se"], told[f"{theirs}_conf"] / 1.96)
        assert_close(found[name], se, told[theirs], 16)


def test_openturns_gives_the_same_within_error():
    ot = pytest.importorskip("openturns")
    ot.RandomGenerator.SetSeed(1)
    names = [f"x{i}" for i in range(4)]
    formula = "*".join(f"((abs(4*{name}-2)+{a})/(1+{a}))" for name, a in zip(names, FACTORS, strict=True))
    experiment = ot.SobolIndicesExperiment(ot.JointDistribution([ot.Uniform(0, 1)] * 4), 20_000)
    points = experiment.generate()
    told = ot.SaltelliSensitivityAlgorithm(points, ot.SymbolicFunction(names, [formula])(points), 20_000)
    found = sobol_indices(CUBE, g_function).sel(output="y", input=list(CUBE))
    for name, of in zip(NAMES, ("FirstOrder", "TotalOrder"), strict=True):
        spread = getattr(told, f"get{of}IndicesDistribution")().getStandardDeviation()
        theirs = np.array(getattr(told, f"get{of}Indices")())
        assert_close(found[name], np.hypot(found[f"{name}_se"], np.array(spread)), theirs, 16)


# --- errors ----------------------------------------------------------------------------------------------------


def assert_intervals_hold(value, se, truth, replicates):
    """Of seeds that are independent as many cover as their level says, in all but 1 of 10,000 cases on each side."""
    for level in (0.5, 0.95):
        held = (abs(value - truth) <= half_width(se, replicates, level)).sum(axis=0)
        low, high = stats.binom.ppf([1e-4, 1 - 1e-4], len(value), level)
        assert ((low <= held) & (held <= high)).all(), (level, held, low, high)


@pytest.mark.parametrize(("inputs", "model", "value"), CASES[:3], ids=["ishigami", "g", "lognormal"])
def test_errors_of_indices_hold_over_seeds(inputs, model, value):
    runs = [sobol_indices(inputs, model, samples=64, replicates=8, seed=seed) for seed in range(100)]
    for name, truth in zip(NAMES, first_and_total(value, len(inputs)).T, strict=True):
        values, se = (np.array([run[of].values[:-1, 0] for run in runs]) for of in (name, f"{name}_se"))
        assert_intervals_hold(values, se, truth, 8)
    dummy = np.array([[run[of].values[-1, 0] for run in runs] for of in ("first_order", "first_order_se")])
    assert_intervals_hold(*dummy[..., None], 0, 8)


@pytest.mark.parametrize("exact", [True, False])
def test_errors_of_effects_hold_over_seeds(exact):
    matrix, weights = correlated(3, 4)
    truth = orders(gaussian(matrix, weights), 4)
    inputs = {f"x{i}": stats.norm() for i in range(4)}
    runs = [shapley_effects(inputs, weighted(weights), samples=64, replicates=8, seed=seed, exact=exact,
                            correlation=spearman(matrix)) for seed in range(100)]
    values, se = (np.array([run[of].values[:, 0] for run in runs]) for of in ("shapley_effect", "shapley_effect_se"))
    assert_intervals_hold(values, se, truth, 8)


def test_azzinis_estimator_is_nearer_than_saltellis_on_the_same_samples():
    truth = [g_functions((i,)) for i in range(4)]
    away = {name: np.mean([(sobol_indices(CUBE, g_function, samples=256, replicates=4, seed=seed, estimator=name)
                            .first_order.values[:4, 0] - truth) ** 2 for seed in range(20)])
            for name in ("azzini_2021", "saltelli_2010")}
    assert away["azzini_2021"] < away["saltelli_2010"] / 2


# --- noise, constants, few and many ----------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["azzini_2021", "saltelli_2010"])
@pytest.mark.parametrize("seed", range(5))
def test_an_input_that_does_nothing_is_noise(estimator, seed):
    """And so is the rounding of one that cancels out."""
    inputs = {"a": UNIT, "idle": un.normal(0, 1), "cancels": UNIT, "b": UNIT}
    found = sobol_indices(inputs, lambda x: {"y": x["a"] + x["cancels"] + 0.2 * x["b"] - x["cancels"]}, samples=256,
                          replicates=3, seed=seed, estimator=estimator).sel(output="y")
    assert found.noise.values.tolist() == [0, 1, 1, 0, 1]
    assert not np.any([found[name].sel(input="idle") for name in (*NAMES, "first_order_se", "total_order_se")])
    assert np.isnan(found.total_order.sel(input="dummy"))


def test_an_input_that_does_nothing_is_noise_where_the_dummys_interval_is_below_zero():
    inputs = {"a": UNIT, "idle": UNIT}
    found = [sobol_indices(inputs, lambda x: {"y": x["a"]}, samples=256, replicates=3, seed=s) for s in range(100)]
    upper = [float((run.first_order + half_width(run.first_order_se, 3))[-1, 0]) for run in found]
    assert min(upper) < 0  # or this would tell nothing
    assert all((run.noise.values[:2, 0] == [0, 1]).all() for run in found)


@BOTH
def test_a_constant_output_has_no_indices(analyse):
    found = analyse({"a": UNIT, "b": UNIT}, lambda x: {"c": np.full(len(x["a"]), 0.1), "y": x["a"]}, samples=64)
    still = found.sel(output="c")
    assert all(np.isnan(still[name]).all() for name in still if not str(name).startswith("variance"))
    assert (still.variance, still.variance_se) == (0, 0)
    assert not np.isnan(found.variance.sel(output="y"))
    name = "shapley_effect" if analyse is shapley_effects else "first_order"
    np.testing.assert_allclose(found[name].sel(output="y", input="a"), 1, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("offset", [0.1, 1e6])
def test_an_output_that_is_constant_but_for_rounding_has_no_indices(analyse, exact, offset):
    """That is what is left where an input cancels out."""
    given = {"exact": exact} if analyse is shapley_effects else {"estimator": ESTIMATORS[exact]}
    found = analyse({"x": UNIT, "w": UNIT}, lambda x: {"dust": x["x"] + offset - x["x"], "y": x["x"] + 2 * x["w"]},
                    samples=256, **given)
    dust, y = (found.sel(output=name) for name in ("dust", "y"))
    assert all(np.isnan(dust[name]).all() for name in dust if not str(name).startswith("variance"))
    assert (dust.variance, dust.variance_se) == (0, 0)
    name = "shapley_effect" if analyse is shapley_effects else "first_order"
    assert_close(y[name].sel(input=["x", "w"]), y[f"{name}_se"].sel(input=["x", "w"]), [0.2, 0.8], 16)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_noise_is_what_is_not_above_zero_and_chance_does_not_matter(estimator):
    """A total order of 1e-8 is told from zero, which is what an input that does nothing has, however wide chance is."""
    inputs = {"a": UNIT, "tiny": UNIT, "idle": UNIT}
    found = [sobol_indices(inputs, lambda x: {"y": x["a"] + 1e-4 * x["tiny"]}, samples=64, replicates=4, seed=seed,
                           method="random", estimator=estimator).sel(output="y") for seed in range(10)]
    for run in found:
        upper = run.first_order[-1] + half_width(run.first_order_se[-1], 4)
        assert run.noise.values.tolist() == [0, 0, 1, 1]
        assert 0 < run.total_order.sel(input="tiny") < 1e-7 < abs(upper)


def test_noise_is_by_first_order_and_chance_where_the_total_order_is_missing():
    """Of inputs that are correlated there is none; of a group of one of them there is a first order."""
    inputs, groups = dict.fromkeys("abcd", un.normal(0, 1)), {"half": ["a"], "nothing": ["d"]}
    found = sobol_indices(inputs, lambda x: {"y": x["a"] + x["c"]}, samples=1024, seed=1, groups=groups,
                          correlation={("a", "b"): 0.8}).isel(output=0)
    assert np.isnan(found.noise.sel(input=["a", "b"])).all()
    assert np.isnan(found.total_order.sel(input="half"))
    assert found.noise.sel(input=["half", "c", "nothing", "d", "dummy"]).values.tolist() == [0, 0, 1, 1, 1]


PARETO = {"p": stats.pareto(1.5), "x": UNIT}  # of infinite variance


def heavy(x):
    return {"y": x["p"] + x["x"], "z": 2 * x["p"] * x["x"], "light": x["x"] ** 2 + x["p"] ** -2}


@pytest.mark.parametrize("given", [{"estimator": each} for each in ESTIMATORS] + [{"exact": True}, {"exact": False}])
@pytest.mark.parametrize("method", ["sobol", "random"])
def test_where_one_sample_holds_much_of_the_variance_errors_are_infinite(given, method):
    """As of what has no variance at all; of a light output of the same inputs they are finite."""
    analyse = shapley_effects if "exact" in given else sobol_indices
    found = analyse(PARETO, heavy, samples=1024, method=method, **given)
    names = ("shapley_effect", "variance") if "exact" in given else (*NAMES, "variance")
    for name in names:
        told, se = found[name], found[f"{name}_se"]
        for output in ("y", "z"):
            there = told.sel(output=output).notnull()
            assert there.any()
            assert np.isinf(se.sel(output=output).where(there, np.inf)).all()
        assert np.isfinite(se.sel(output="light").where(told.sel(output="light").notnull(), 0)).all()
    if "exact" not in given:
        assert (found.noise.sel(output=["y", "z"]) == 1).all()
        assert found.noise.sel(output="light").values.tolist() == [0, 0, 1]


def test_of_few_samples_none_is_said_to_hold_too_much():
    found = sobol_indices(PARETO, heavy, samples=2, replicates=8)
    assert np.isfinite(found.variance_se).all()


def test_a_share_of_what_is_not_told_from_zero_is_missing():
    """By hand: its 95 % interval reaches zero from 2.13 standard errors on, of 16 replicates."""
    whole, part = np.array([[1.0, 1.0, 0.0], [3.0, 9.0, 0.0]]).repeat(8, axis=0), np.ones((16, 3))
    told, plain = share(part, whole), ratio(part[:, :2], whole[:, :2])
    for one, other in zip(told, plain, strict=True):
        np.testing.assert_array_equal(one[:2], other)
        assert np.isnan(one[2])
    rare = np.zeros((16, 2))
    rare[:3, 0], rare[:4, 1] = 1, 1
    means, errors = rare.mean(axis=0), stats.sem(rare)
    wanted = means <= errors * stats.t(15).ppf(0.975)
    assert wanted.tolist() == [True, False]
    assert np.isnan(share(rare, rare).value).tolist() == wanted.tolist()
    assert np.isnan(share(rare, rare).se).tolist() == wanted.tolist()
    one = share([[1.0, 0.0]], [[2.0, 0.0]])  # of one replicate nothing is known of the error
    assert (one.value[0], np.isnan(one.value[1]), np.isnan(one.se).all()) == (0.5, True, True)


def test_errors_are_infinite_where_a_sample_holds_over_a_tenth():
    found = Estimate(np.arange(5.0), np.array([0.1, 0.2, 0.3, np.nan, 0.0]))
    told = trusted(found, np.array([1.0, 1.01, 10.0, 10.0, 10.0]), 10.0, 100)
    np.testing.assert_array_equal(told.value, found.value)
    np.testing.assert_array_equal(told.se, [0.1, np.inf, np.inf, np.nan, np.inf])
    np.testing.assert_array_equal(trusted(found, 10.0, 10.0, 99).se, found.se)
    np.testing.assert_array_equal(trusted(found, 0.0, 0.0, 100).se, found.se)  # nothing varies


def test_what_is_not_above_chance():
    nan, inf, wide = np.nan, np.inf, half_width(1.0, 8)
    found = Estimate(np.array([wide + 1, wide - 1, 1.0, nan, 9.0, 9.0]), np.array([1.0, 1.0, 0.0, 1.0, nan, inf]))
    np.testing.assert_array_equal(not_above(found, Estimate(0.0, 0.0), 8), [0, 1, 0, nan, nan, 1])
    np.testing.assert_array_equal(not_above(found, Estimate(1.0, 1.0), 8), [1, 1, 1, nan, nan, 1])
    np.testing.assert_array_equal(not_above(found, Estimate(0.0, inf), 8), [1, 1, 1, nan, nan, 1])
    assert np.isnan(not_above(found, Estimate(0.0, nan), 8)).all()


@BOTH
def test_one_uncertain_input_takes_all(analyse):
    found = analyse({"k": 3, "x": stats.norm(1, 2)}, lambda x: {"y": x["k"] * x["x"] ** 2})
    names = ("shapley_effect",) if analyse is shapley_effects else NAMES
    for name in names:
        np.testing.assert_allclose(found[name].sel(input="x"), 1, rtol=1e-12)
    assert_close(found.variance, found.variance_se, 9 * (2 * 4**2 + 4 * 4), 16)  # that of (1 + 2z)^2 is 48


@pytest.mark.parametrize("estimator", ["azzini_2021", "saltelli_2010"])
def test_forty_inputs(estimator):
    weights = 0.8 ** np.arange(40)
    inputs = {f"x{i}": un.normal(0, 1) for i in range(40)}
    truth = weights**2 / (weights**2).sum()
    found = sobol_indices(inputs, weighted(weights), samples=512, replicates=8, estimator=estimator).isel(output=0)
    assert found.attrs["runs"] == 512 * 8 * (82 if estimator == "azzini_2021" else 42)
    for name in NAMES:
        assert_close(found[name][:-1], found[f"{name}_se"][:-1], truth, 8)
    effects = shapley_effects(inputs, weighted(weights), samples=512, replicates=8).isel(output=0)
    assert effects.attrs["runs"] == 512 * 8 * 42
    assert_close(effects.shapley_effect, effects.shapley_effect_se, truth, 8)


@BOTH
def test_runs_are_those_that_were_made(analyse):
    for given in [{"estimator": "saltelli_2010"}, {}] if analyse is sobol_indices else [{"exact": False}, {}]:
        sizes = []

        def model(x, sizes=sizes):
            sizes.append(len(x["x1"]))
            return ishigami(x)

        found = analyse(ANGLES, model, samples=128, replicates=3, seed=2, **given)
        assert found.attrs["runs"] == sum(sizes)
        wanted = {"samples": 128, "replicates": 3, "seed": 2, "method": "sobol", "correlation_repaired": 0}
        assert wanted.items() <= found.attrs.items()
    assert found[next(iter(found))].attrs["long_name"]


@BOTH
def test_the_same_seed_gives_the_same_and_another_does_not(analyse):
    given = {"samples": 256, "replicates": 4, **({"exact": False} if analyse is shapley_effects else {})}
    assert analyse(ANGLES, ishigami, **given).identical(analyse(ANGLES, ishigami, **given))
    assert not analyse(ANGLES, ishigami, **given).equals(analyse(ANGLES, ishigami, seed=1, **given))


@BOTH
def test_one_replicate_has_no_errors(analyse):
    found = analyse(ANGLES, ishigami, samples=64, replicates=1)
    for name in found:
        missing = str(name).endswith("_se") or name == "noise"
        assert np.isnan(found[name]).all() if missing else not np.isnan(found[name][:3]).any()


@BOTH
@pytest.mark.parametrize("size", [2, 4, 16])
def test_few_samples(analyse, size):
    assert np.isfinite(analyse(ANGLES, ishigami, samples=size)[["variance", "variance_se"]].to_array()).all()
    if analyse is shapley_effects:
        found = analyse(ANGLES, ishigami, samples=size, exact=False)
        assert found.attrs["orders"] == 2
        np.testing.assert_allclose(found.shapley_effect.sum(), 1, rtol=1e-12)


def test_each_order_comes_with_its_reverse_and_they_differ():
    calls, names = [], list("abcdefg")

    def model(x):
        calls.append(np.array([x[name] for name in names]))
        return times(x)

    assert shapley_effects(dict.fromkeys(names, UNIT), model, samples=64, replicates=2).attrs["orders"] == 8
    orders = []
    for _, b, *steps in (calls[:58], calls[58:]):
        for i in range(8):
            states = [b[:, 8 * i : 8 * (i + 1)], *steps[7 * i : 7 * (i + 1)]]
            moved = [np.flatnonzero((one != other).all(axis=1)).tolist() for one, other in pairwise(states)]
            orders.append(tuple(row for (row,) in moved))
    assert all(sorted(order) == list(range(7)) for order in orders)
    assert all(one == other[::-1] for one, other in zip(orders[::2], orders[1::2], strict=True))
    assert len(set(orders)) == 16


# --- refusals --------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("inputs", [{}, {"k": 3, "j": 1.5}])
def test_no_uncertain_input(analyse, inputs):
    with pytest.raises(ValueError, match="no input is uncertain; wanted one distribution at least"):
        analyse(inputs, lambda x: {"y": np.ones(1)})


def nowhere_but_inside(x):
    with np.errstate(invalid="ignore"):
        return {"y": np.sqrt(x["a"] - x["k"])}


@BOTH
@pytest.mark.parametrize(("model", "said"), [
    (lambda x: x["a"], "the model gave ndarray; wanted a mapping name -> array"),
    (lambda x: {"y": x["a"][:3]}, r"'y' has shape \(3,\); wanted \(64,\)"),
    (lambda x: {"b": x["a"]}, "'b' has the name of an input"),
    (lambda x: {}, "the model gave no output; wanted one at least"),
    (nowhere_but_inside, r"'y' is not finite in \d+ of 64 samples; first where a = 0.\d+, b = 0.\d+, k = 0.5"),
    (lambda x: {f"y{np.ceil(9e9 * x['b'][0]):g}": x["a"]}, "the model gave y.*; wanted the same outputs every time"),
])
def test_models_refused(analyse, model, said):
    with pytest.raises(ValueError, match=said):
        analyse({"a": UNIT, "b": UNIT, "k": 0.5}, model, samples=64)


@BOTH
def test_what_a_model_raises_is_what_is_raised(analyse):
    with pytest.raises(ZeroDivisionError, match="my own") as caught:
        analyse(ANGLES, lambda x: (_ for _ in ()).throw(ZeroDivisionError("my own")), samples=64)
    assert [note.partition(" = ")[0] for note in caught.value.__notes__] == [
        "the model failed at 64 samples; the first has x1"]


@pytest.mark.parametrize(("groups", "said"), [
    ({"g": []}, "group 'g' is empty; wanted one uncertain input at least"),
    ({"g": ["a", "z"]}, "group 'g': 'z' is not among the inputs; uncertain are a, b, c"),
    ({"g": ["a", "k"]}, "group 'g': 'k' is not uncertain; uncertain are a, b, c"),
    ({"g": ["a", "b", "a"]}, "group 'g': 'a' is in it twice"),
    ({"g": "abc"}, "group 'g': 'abc' is not among the inputs"),
    ({"a": ["b"]}, "group 'a' has the name of an input, the dummy or another group; rename it"),
    ({"k": ["b"]}, "group 'k' has the name of an input"),
    ({"dummy": ["b"]}, "group 'dummy' has the name of an input, the dummy"),
    ({"a + b": ["b", "c"]}, r"group 'a \+ b' has the name of an input, the dummy or another group"),
])
def test_groups_refused(groups, said):
    inputs = {"a": UNIT, "b": UNIT, "c": UNIT, "k": 1}
    with pytest.raises(ValueError, match=said):
        sobol_indices(inputs, lambda x: pytest.fail("called"), groups=groups, correlation={("a", "b"): 0.5})


def test_an_input_named_dummy_is_refused_by_what_adds_one():
    with pytest.raises(ValueError, match="an input is named 'dummy', as the one that is added here; rename it"):
        sobol_indices({"dummy": UNIT}, times)
    assert shapley_effects({"dummy": UNIT}, times, samples=8).input.values.tolist() == ["dummy"]


@BOTH
@pytest.mark.parametrize(("given", "said"), [
    ({"samples": 100}, "samples is 100; wanted a power of two"),
    ({"samples": 64.0}, "samples is 64.0; wanted a whole number"),
    ({"seed": 1.0}, "seed is 1.0; wanted a whole number"),
    ({"replicates": 0}, "replicates is 0; wanted at least 1"),
    ({"seed": -1}, "seed is -1"),
    ({"method": "halton"}, "method is 'halton'; wanted one of sobol, lhs, random"),
    ({"correlation": {("x1", "z"): 0.5}}, "correlation of x1 and z: z is not among the uncertain inputs"),
])
def test_settings_refused(analyse, given, said):
    with pytest.raises(ValueError, match=said):
        analyse(ANGLES, ishigami, **given)


def test_other_settings_refused():
    with pytest.raises(ValueError, match="estimator is 'sobol'; wanted one of azzini_2021, saltelli_2010"):
        sobol_indices(ANGLES, ishigami, estimator="sobol")
    with pytest.raises(ValueError, match="exact is True for 13 uncertain inputs, of which there are 8192 subsets"):
        shapley_effects({f"x{i}": UNIT for i in range(13)}, times, exact=True)


@BOTH
def test_more_inputs_than_sobol_points_have_dimensions(analyse):
    inputs = {f"x{i}": UNIT for i in range(2049)}
    with pytest.raises(ValueError, match="Sobol' points have 4096 dimensions here, 4098 are wanted; sample by 'lhs'"):
        analyse(inputs, times)
