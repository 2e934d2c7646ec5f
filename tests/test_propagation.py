"""Any model: Ishigami's closed forms, marginals of ours and scipy's, constants, and what is refused."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from support import assert_close, dist

import uncertainty as un
from uncertainty.analysis.error import combine
from uncertainty.design import METHODS

ANGLES = dict.fromkeys(("x1", "x2", "x3"), un.uniform(-np.pi, np.pi))


def ishigami(x, a=7.0, b=0.1):
    return {"y": np.sin(x["x1"]) + a * np.sin(x["x2"]) ** 2 + b * x["x3"] ** 4 * np.sin(x["x1"])}


@pytest.mark.parametrize("method", METHODS)
def test_ishigamis_mean_and_variance(method):
    """Ishigami and Homma (1990): mean a / 2, variance a^2 / 8 + b pi^4 / 5 + b^2 pi^8 / 18 + 1 / 2."""
    y = un.propagate(ANGLES, ishigami, samples=1024, method=method).y
    mean = un.percentile_bands(y)
    assert_close(mean["mean"], mean.mean_se, 7 / 2, 16)
    variance = combine(((y - 7 / 2) ** 2).mean("sample"))
    assert_close(variance.value, variance.se, 49 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18 + 1 / 2, 16)


MARGINALS = {
    "ours": (un.lognormal(2500, 0.15), stats.lognorm(0.15, 0, 2500)),
    "ours, truncated": (un.normal(1, 2, min=0), stats.truncnorm(-0.5, np.inf, 1, 2)),
    "ours, discrete": (un.discrete([0, 1], [0.25, 0.75]), stats.bernoulli(0.75)),
    "scipy's": (stats.gumbel_r(0, 1), stats.gumbel_r(0, 1)),
    "scipy's, discrete": (stats.poisson(3), stats.poisson(3)),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", MARGINALS)
def test_marginals(name, method):
    given, truth = MARGINALS[name]
    x = un.propagate({"x": given}, lambda x: {}, samples=256, method=method).x
    for level in (0.1, 0.5, 0.9):
        at = truth.ppf(level)
        found = un.probability(x <= at)
        assert_close(found.probability, found.probability_se, truth.cdf(at), 16, samples=x.size)


def test_constants_are_constant_and_cost_no_randomness():
    x = un.propagate({"a": 2, "b": un.uniform(0, 1), "c": 0.5}, lambda x: {"y": x["a"] * x["b"] + x["c"]}, samples=8)
    assert (x.a == 2).all()
    np.testing.assert_array_equal(x.y, 2 * x.b + 0.5)
    uncertain = un.propagate({"a": un.uniform(1, 3), "b": un.uniform(0, 1), "c": 0.5}, lambda x: {}, samples=8)
    np.testing.assert_array_equal(x.b, uncertain.b)


def test_a_constant_model_has_no_error():
    y = un.propagate({"a": 1.0}, lambda x: {"y": x["a"] * 0.1}, samples=8).y
    assert un.percentile_bands(y).percentile_bands_se.max() == 0


@pytest.mark.parametrize("method", METHODS)
def test_appending_an_input_leaves_the_others(method):
    inputs = {"a": un.uniform(0, 1), "b": un.normal(0, 1)}
    kw = {"samples": 64, "replicates": 4, "method": method}
    one = un.propagate(inputs, lambda x: {}, **kw, correlation={("a", "b"): 0.4})
    two = un.propagate(inputs | {"c": un.pert(0, 1, 2)}, lambda x: {}, **kw,
                       correlation={("a", "b"): 0.4, ("c", "a"): 0.2})
    for name in inputs:
        np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize("method", METHODS)
def test_replicates_do_not_depend_on_how_many_there_are(method):
    few, many = (un.propagate(ANGLES, ishigami, samples=16, replicates=n, method=method) for n in (3, 9))
    assert few.identical(many.isel(replicate=slice(3)).assign_attrs(replicates=3))
    assert many.attrs["replicates"] == 9


def test_what_comes_back():
    def model(x):
        return {"y": x["x1"], "one": np.ones(8), "event": x["x1"] > 0}

    x = un.propagate(ANGLES, model, samples=8, replicates=2, seed=3)
    assert list(x) == ["x1", "x2", "x3", "y", "one", "event"]
    assert x.sizes == {"replicate": 2, "sample": 8}
    assert x.event.dtype == bool
    assert (x.one == 1).all()
    assert x.attrs == {"seed": 3, "method": "sobol", "samples": 8, "replicates": 2, "correlation_repaired": 0}
    assert un.probability(x.event).probability == 0.5  # each stratum holds one


def test_a_model_cannot_change_its_inputs_behind_our_back():
    def model(x):
        del x["x2"]
        return {"y": x["x1"]}

    assert "x2" in un.propagate(ANGLES, model, samples=8, replicates=2)


@pytest.mark.parametrize("name", ["x1", "k"])
def test_a_model_that_writes_into_its_inputs_is_stopped(name):
    def model(x):
        x[name] += 1
        return {"y": x[name]}

    with pytest.raises(ValueError, match="read-only"):
        un.propagate(ANGLES | {"k": 1.0}, model, samples=8, replicates=2)


def test_an_input_may_be_an_output_and_samples_can_be_written_to():
    x = un.propagate(ANGLES, lambda x: {"y": x["x1"]}, samples=8, replicates=2)
    np.testing.assert_array_equal(x.y, x.x1)
    x.y[:] = 0
    assert (x.x1 != 0).all()


# --- refusals ----------------------------------------------------------------------------------------------


def at_least_half(x):
    with np.errstate(invalid="ignore"):
        return {"y": np.sqrt(x["x1"])}


MODELS = [
    (lambda x: x["x1"], "the model gave ndarray; wanted a mapping name -> array"),
    (lambda x: None, "the model gave NoneType"),
    (lambda x: {"y": x["x1"][:3]}, r"'y' has shape \(3,\); wanted \(8,\)"),
    (lambda x: {"y": np.ones((8, 2))}, r"'y' has shape \(8, 2\)"),
    (lambda x: {"x2": x["x1"]}, "'x2' has the name of an input"),
    (at_least_half, r"'y' is not finite in 4 of 8 samples; first where x1 = -\S+, x2 = \S+, x3 = "),
    (lambda x: {"y": np.full(8, np.inf)}, "'y' is not finite in 8 of 8 samples"),
    (lambda x: {"y": 1.0}, r"'y' has shape \(\); wanted \(8,\)"),
    (lambda x: {"y": np.ones(1)}, r"'y' has shape \(1,\); wanted \(8,\)"),
    (lambda x: {"y": ["dear"] * 8}, "'y' is of <U4; wanted real numbers or booleans"),
    (lambda x: {"y": x["x1"] + 1j}, "'y' is of complex128"),
    (lambda x: {"y": np.ma.masked_less(x["x1"], 0)}, "'y' is masked in places; wanted all its values"),
]


@pytest.mark.parametrize(("model", "said"), MODELS)
def test_models_refused(model, said):
    with pytest.raises(ValueError, match=said):
        un.propagate(ANGLES, model, samples=8, replicates=2)


def test_a_masked_array_of_which_nothing_is_masked_is_an_array():
    x = un.propagate(ANGLES, lambda x: {"y": np.ma.masked_less(x["x1"], -4)}, samples=8, replicates=2)
    np.testing.assert_array_equal(x.y, x.x1)


def test_a_model_that_raises_keeps_its_exception_and_says_where():
    """The first inputs of those that it was called with, beside what the model itself says."""
    x = un.propagate(ANGLES, lambda x: {}, samples=8, replicates=1).isel(replicate=0, sample=0)
    mine = KeyError("my own")
    with pytest.raises(KeyError) as caught:
        un.propagate(ANGLES | {"k": 1.0}, lambda x: (_ for _ in ()).throw(mine), samples=8, replicates=2)
    assert caught.value is mine
    assert caught.value.args == ("my own",)
    (note,) = caught.value.__notes__
    assert note.startswith("the model failed at 8 samples; the first has ")
    for told in (*(f"{name} = {x[name].item():g}" for name in ANGLES), "k = 1"):
        assert told in note


def test_the_inputs_named_are_those_of_the_first_bad_sample():
    x = un.propagate({"x": un.uniform(-1, 1)}, lambda x: {}, samples=8, replicates=1).x.values[0]
    first = x[x < 0][0]
    with pytest.raises(ValueError, match=f"first where x = {first:g}$"):
        un.propagate({"x": un.uniform(-1, 1)}, lambda x: {"y": np.where(x["x"] < 0, np.nan, 1.0)}, samples=8)


SETTINGS = [
    ({"samples": 100}, "samples is 100; wanted a power of two"),
    ({"samples": 1}, "samples is 1; wanted a power of two, at least 2"),
    ({"samples": 64.0}, "samples is 64.0; wanted a whole number"),
    ({"samples": "64"}, "samples is '64'; wanted a whole number"),
    ({"replicates": 2.5}, "replicates is 2.5; wanted a whole number"),
    ({"replicates": None}, "replicates is None; wanted a whole number"),
    ({"seed": 0.0}, "seed is 0.0; wanted a whole number"),
    ({"replicates": 0}, "replicates is 0; wanted at least 1"),
    ({"seed": -1}, "seed is -1; wanted a whole number, at least 0"),
    ({"method": "halton"}, "method is 'halton'; wanted one of sobol, lhs, random"),
    ({"correlation": {("x1", "x9"): 0.5}}, "x9 is not among the uncertain inputs"),
    ({"correlation": {("x1", "k"): 0.5}}, "k is not among the uncertain inputs"),
    ({"correlation": {("x1", "x1"): 0.5}}, "with itself"),
    ({"correlation": {("x1", "x2"): 0.5, ("x2", "x1"): 0.5}}, "given twice"),
    ({"correlation": {("x1", "x2"): 1.5}}, "is 1.5; wanted -1 to 1"),
    ({"correlation": {("x1", "x2"): np.nan}}, "is nan; wanted -1 to 1"),
]


@pytest.mark.parametrize(("given", "said"), SETTINGS)
def test_settings_refused(given, said):
    with pytest.raises(ValueError, match=said):
        un.propagate(ANGLES | {"k": 1.0}, lambda x: {}, **given)


def test_whole_numbers_of_numpy_are_whole_numbers():
    given = {"samples": np.int64(8), "replicates": np.int32(2), "seed": np.uint8(3)}
    x = un.propagate(ANGLES, ishigami, **given)
    xr.testing.assert_equal(x, un.propagate(ANGLES, ishigami, samples=8, replicates=2, seed=3))


def test_what_is_no_distribution_is_refused():
    with pytest.raises(ValueError, match="is no distribution; wanted a Marginal or one frozen"):
        un.propagate({"x": "pert"} | {"y": stats.norm}, lambda x: {})


# --- a study's own samples ---------------------------------------------------------------------------------


def test_samples_of_a_study_are_those_its_results_come_from(make_study):
    study = make_study(pue=dist("pert", low=1.05, mode=1.25, high=1.6), samples=1024,
                       rest=f"[build.rtx_a5000]\nunit_price = {dist('lognormal', median=2500, sigma=0.15)}")
    samples, results = un.sample(study), un.run(study)
    capex = un.percentile_bands(samples.capex)
    walls = un.percentile_bands(samples.battery_count)
    ranks = un.rank_acceptability(samples.capex)
    gap = abs(capex.percentile_bands - results.bands.capex.sel(scenario="base"))
    assert (gap <= 0.1 * capex.percentile_bands_se + 5e-4 * capex.percentile_bands).all()  # the latter a bin's width
    np.testing.assert_allclose(capex.percentile_bands_se, results.bands.capex_se.sel(scenario="base"), rtol=0.2)
    np.testing.assert_array_equal(walls.percentile_bands, results.bands.battery_count.sel(scenario="base"))
    np.testing.assert_array_equal(walls["mean"], results.means.battery_count.sel(scenario="base"))
    np.testing.assert_array_equal(ranks.rank_acceptability,
                                  results.ranking.rank_acceptability.sel(criterion="capex", scenario="base"))


def test_samples_are_labelled_and_vary_only_where_they_do(make_study):
    samples = un.sample(make_study(pue=dist("uniform", low=1.1, high=1.4), replicates=2))
    assert samples.pue.dims == ("replicate", "sample")
    assert samples.budget.dims == ()
    assert samples.unit_price.dims == ("build",)
    assert samples.battery_count.dims == ("replicate", "sample", "build")
    assert samples.throughput.dims == ("build", "precision")
    assert samples.capex.attrs == {"units": "USD", "long_name": "devices, batteries and further components"}
    assert samples.throughput.sel(build="rtx_a5000", precision="fp4").isnull()


def test_a_model_may_reuse_its_arrays():
    kept = np.empty(64)

    def model(x):
        kept[:] = x["x"]
        return {"y": kept}

    samples = un.propagate({"x": un.uniform(0, 1)}, model, samples=64, replicates=3)
    np.testing.assert_array_equal(samples["y"], samples["x"])
