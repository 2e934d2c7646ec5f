"""Values of information of any model: closed forms, quadrature, published figures, error bars, and what is refused."""

import numpy as np
import pytest
from problems import loss, rank_correlation
from scipy import stats
from scipy.special import expit, logit
from support import assert_close

import uncertainty as un
from uncertainty import options
from uncertainty.analysis.error import half_width
from uncertainty.analysis.information import gain, measured, partial, split, without_bias
from uncertainty.information import evpi, evppi, evsi

AB = ["a", "b"]
NORMALS = {"x": un.normal(0, 1), "y": un.normal(0, 1), "z": un.normal(0, 2)}
FINE = np.polynomial.hermite_e.hermegauss(100)


def zeros(x):
    return np.zeros(len(next(iter(x.values()))))


def against(value):
    """A model of two options, of which one is worth nothing."""
    return lambda x: {"a": zeros(x), "b": value(x)}


def call(median, sigma, price):
    """E max(X - price, 0) of a lognormal X."""
    d = (np.log(median / price) + sigma**2) / sigma
    return median * np.exp(sigma**2 / 2) * stats.norm.cdf(d) - price * stats.norm.cdf(d - sigma)


def over_normals(value):
    """E value(z) of standard normal z, by the trapezoidal rule."""
    z = np.linspace(-9, 9, 20_001)
    return np.average(value(z), weights=stats.norm.pdf(z))


# --- closed forms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [0.0, 0.5, -1.0, 4.0])
@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_evpi_of_two_normal_options(mean, method):
    inputs = {"x": un.normal(10 + mean, 1), "y": un.normal(10, 1.5)}
    found = evpi(inputs, lambda x: {"a": x["x"], "b": x["y"]}, options=AB, method=method)
    assert_close(found.evpi, found.evpi_se, loss(mean, 3.25**0.5), 16)
    assert_close(found.expected_value, found.expected_value_se, [10 + mean, 10], 16)
    share = stats.norm.cdf(mean / 3.25**0.5)
    assert_close(found.probability_best, found.probability_best_se, [share, 1 - share], 16, samples=1 << 16)
    if mean:
        assert found.attrs["best"] == ("a" if mean > 0 else "b")


def test_evpi_is_that_of_the_samples_of_propagate():
    def model(x):
        return {"idle": x["x"], "a": x["x"] * x["y"], "b": 0.2 + 0 * x["x"], "c": x["y"] ** 2 - 0.9}

    samples = un.propagate({"x": un.normal(0, 1), "y": un.normal(0, 1)}, model, samples=256, seed=3)
    found = evpi({"x": un.normal(0, 1), "y": un.normal(0, 1)}, model, options=["a", "b", "c"], samples=256, seed=3)
    values = np.array([samples[name] for name in ("a", "b", "c")])
    each = (values.max(axis=0) - values[1]).mean(axis=-1)
    assert found.attrs["best"] == "b"
    np.testing.assert_allclose(found.evpi, each.mean(), rtol=1e-12)
    np.testing.assert_allclose(found.evpi_se, stats.sem(each), rtol=1e-12)
    np.testing.assert_allclose(found.expected_value, values.mean(axis=(1, 2)), rtol=1e-12)


@pytest.mark.parametrize("mean", [0.0, 0.5, -2.0])
def test_evppi_of_parts_of_a_normal_difference(mean):
    model = against(lambda x: mean + x["x"] - 0.8 * x["y"] + x["z"])
    found = evppi(NORMALS, model, options=AB, of={"x": ["x"], "y": ["y"], "z": ["z"], "xy": ["x", "y"]})
    truth = np.array([loss(mean, sd) for sd in (1, 0.8, 2, 1.64**0.5)])
    assert_close(found.evppi, found.evppi_se, truth, 16)
    assert_close(found.evpi, found.evpi_se, loss(mean, 5.64**0.5), 16)
    assert_close(found.share, found.share_se, truth / loss(mean, 5.64**0.5), 16)


@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_evppi_where_inputs_interact(method):
    """The mean of 0.5 + x (1 + y) + z is 0.5 + x given x, 0.5 whatever y is, 0.5 + x (1 + y) given both."""
    found = evppi(NORMALS, against(lambda x: 0.5 + x["x"] * (1 + x["y"]) + x["z"]), options=AB, method=method,
                  of={"x": ["x"], "y": ["y"], "z": ["z"], "xy": ["y", "x"]})
    truth = [loss(0.5, 1), 0, loss(0.5, 2), over_normals(lambda y: loss(0.5, abs(1 + y)))]
    assert_close(found.evppi, found.evppi_se, truth, 16)


def test_to_know_an_input_tells_of_those_that_are_correlated_with_it():
    inputs = {"x": un.normal(0, 1), "y": un.normal(0, 2), "idle": un.normal(0, 1)}
    rho = {("x", "y"): rank_correlation(0.6), ("y", "idle"): rank_correlation(-0.5)}
    found = evppi(inputs, against(lambda x: 0.3 + x["x"] + x["y"]), options=AB, correlation=rho)
    whole = (1 + 4 + 2 * 0.6 * 2) ** 0.5
    assert_close(found.evpi, found.evpi_se, loss(0.3, whole), 16)
    assert_close(found.evppi, found.evppi_se, [loss(0.3, 1 + 0.6 * 2), loss(0.3, 2 + 0.6), loss(0.3, 0.5 * 2)], 16)
    assert found.attrs["correlation_repaired"] == 0


def test_three_options_by_quadrature():
    inputs = {"x": un.normal(1, 1), "y": un.normal(0.5, 2), "z": un.lognormal(1, 0.5)}

    def model(x):
        return {"a": x["x"] * x["z"], "b": x["y"] * x["z"], "c": 1 + 0.2 * x["y"]}

    found = evppi(inputs, model, options=["a", "b", "c"], of={"x": ["x"], "y": ["y"], "z": ["z"], "xy": ["x", "y"]})
    z = np.linspace(-9, 9, 2001)
    weight, scale = stats.norm.pdf(z) / stats.norm.pdf(z).sum(), np.exp(0.5**2 / 2)
    x, y, price = 1 + z, 0.5 + 2 * z, np.exp(0.5 * z)
    best = scale  # a, against scale / 2 and 1.1
    known = [weight @ np.maximum(x * scale, 1.1), weight @ np.maximum(np.maximum(scale, y * scale), 1 + 0.2 * y),
             weight @ np.maximum(price, 1.1),
             weight @ np.maximum(x[:, None] * scale, np.maximum(y * scale, 1 + 0.2 * y)) @ weight]
    assert_close(found.evppi, found.evppi_se, np.array(known) - best, 16)
    assert found.attrs["best"] == "a"


@pytest.mark.parametrize("error", [0.01, 0.3, 1.0, 3.0, 10.0])
def test_evsi_of_a_normal_input(error):
    """Before the measurement the mean after it is normal, with a share 1 / (1 + error^2) of the variance."""
    inputs = {"x": un.normal(5, 1), "y": un.normal(0, 1.5)}
    found = evsi(inputs, against(lambda x: 0.3 - 5 + x["x"] + x["y"]), options=AB, of="x", error=error, cost=0.1)
    assert_close(found.evsi, found.evsi_se, loss(0.3, (1 + error**2) ** -0.5), 16)
    assert_close(found.evppi, found.evppi_se, loss(0.3, 1), 16)
    assert found.net_value == found.evsi - 0.1
    assert found.net_value_se == found.evsi_se


def test_evsi_of_an_input_that_is_correlated():
    inputs = {"y": un.normal(0, 2), "x": un.normal(0, 1)}
    found = evsi(inputs, against(lambda x: 0.2 + x["y"]), options=AB, of="x", error=0.5,
                 correlation={("x", "y"): rank_correlation(0.8)})
    assert_close(found.evsi, found.evsi_se, loss(0.2, 0.8 * 2 / 1.25**0.5), 16)
    assert_close(found.evppi, found.evppi_se, loss(0.2, 0.8 * 2), 16)


@pytest.mark.parametrize("error", [0.05, 0.5, 2.0])
def test_evsi_of_a_relative_error(error):
    """Given the logarithm with an error a lognormal is lognormal; so is its mean before that is known."""
    inputs, sigma = {"x": un.lognormal(100, 0.4), "y": un.normal(0, 10)}, 0.4
    found = evsi(inputs, against(lambda x: x["x"] - 95 + x["y"]), options=AB, of="x", error=error, relative=True)
    told = sigma * (sigma**2 / (sigma**2 + error**2)) ** 0.5
    mean = 100 * np.exp(sigma**2 / 2)
    assert_close(found.evsi, found.evsi_se, call(mean * np.exp(-(told**2) / 2), told, 95) - (mean - 95), 16)


# --- a published analysis ----------------------------------------------------------------------------------
# Treatments of depression: Fang, Wang, Giles, Jackson, Welton, Andrieu and Thom (2022), Med. Decis. Making 42, 168.
# Inputs and results are those of the authors' program for it, github.com/Bogdasayen/Example_MLMC_and_QMC_for_EVPPI,
# ToyModel_QMC/ReadMeFirst.Rmd: no treatment, cognitive behavioural therapy, antidepressant; recovery and relapse.

ODDS = {"rec": ((0.99, 1.33), (0.22, 0.15, 0.20), (6, 200)), "rel": ((-1.48, -0.4), (0.14, 0.05, 0.11), (2, 100))}
LIVES = {"rec": (26, 2, 1000, 50), "rel": (23, 3, 2000, 100), "norec": (20, 4, 2500, 125)}
TREATMENTS, PRICES = ["none", "cbt", "anti"], [0, 300, 30]
DEPRESSION = {f"p_{end}": stats.beta(*odds[2]) for end, odds in ODDS.items()}
for end, (means, (one, _, other), _) in ODDS.items():
    DEPRESSION |= {f"{end}_cbt": un.normal(means[0], one**0.5), f"{end}_anti": un.normal(means[1], other**0.5)}
for life, (quality, quality_sd, price, price_sd) in LIVES.items():
    DEPRESSION |= {f"q_{life}": un.normal(quality, quality_sd), f"c_{life}": un.normal(price, price_sd)}
TOGETHER = {(f"{end}_cbt", f"{end}_anti"): rank_correlation(v[1] / (v[0] * v[2]) ** 0.5)
            for end, (_, v, _) in ODDS.items()}
EFFECTS = [name for name in DEPRESSION if name[:2] not in ("q_", "c_")]
SETS = {"effects": EFFECTS, "lives": [name for name in DEPRESSION if name not in EFFECTS],
        "cbt": ["rec_cbt", "rel_cbt"], "q_norec": ["q_norec"]}


def shares(rec, rel):
    return {"rec": rec * (1 - rel), "rel": rec * rel, "norec": 1 - rec}


def depression(x):
    found = {}
    for name, price in zip(TREATMENTS, PRICES, strict=True):
        ends = [expit(logit(x[f"p_{end}"]) + x.get(f"{end}_{name}", 0)) for end in ODDS]
        found[name] = sum(share * (20_000 * x[f"q_{life}"] - x[f"c_{life}"])
                          for life, share in shares(*ends).items()) - price
    return found


@pytest.fixture(scope="module")
def treated():
    return evppi(DEPRESSION, depression, options=TREATMENTS, of=SETS, correlation=TOGETHER, samples=1 << 14)


def test_published_values_of_information(treated):
    """EVPI 573.6317 and EVPPI of all effects 275.4283, with the variances 3.7324 and 1.0352 of the authors' means of a
    million cases; of qualities of life and costs 286.7743, variance 0.1003, by quasi-Monte Carlo."""
    assert treated.attrs["best"] == "anti"
    for found, se, published, variance in [
            (treated.evpi, treated.evpi_se, 573.6317, 3.7324),
            (treated.evppi.sel(input="effects"), treated.evppi_se.sel(input="effects"), 275.4283, 1.0352),
            (treated.evppi.sel(input="lives"), treated.evppi_se.sel(input="lives"), 286.7743, 0.1003)]:
        assert_close(found, (se**2 + variance) ** 0.5, published, 16)


def ends_given_cbt(end, z):
    """Mean probabilities (treatment, z), by quadrature, where the log odds ratio of the therapy is z deviations off."""
    means, (one, both, other), alpha_beta = ODDS[end]
    base = logit(stats.beta(*alpha_beta).ppf((np.arange(1000) + 0.5) / 1000))
    nodes, weights = FINE
    rest = (other - both**2 / one) ** 0.5
    anti = means[1] + both / one**0.5 * z + rest * nodes[:, None]
    with_anti = np.einsum("n,nz->z", weights / weights.sum(), expit(base[:, None, None] + anti).mean(axis=0))
    with_cbt = expit(base[:, None] + means[0] + one**0.5 * z).mean(axis=0)
    return np.array([np.full(len(z), expit(base).mean()), with_cbt, with_anti])


def test_the_depression_model_by_quadrature(treated):
    """A value is linear in qualities and costs, and recovery is independent of relapse: only single integrals remain.
    """
    z = np.linspace(-6, 6, 121)
    weight = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    rec, rel = (ends_given_cbt(end, z) for end in ODDS)
    worth = {life: 20_000 * v[0] - v[2] for life, v in LIVES.items()}
    lived = shares(rec[:, :, None], rel[:, None, :])
    values = sum(worth[life] * share for life, share in lived.items()) - np.array(PRICES)[:, None, None]
    means = values @ weight @ weight
    found = treated.sel(input="cbt")
    assert_close(found.evppi, found.evppi_se, weight @ values.max(axis=0) @ weight - means.max(), 16)
    slopes = 20_000 * 4 * (lived["norec"][:, :, 0] @ weight)
    found = treated.sel(input="q_norec")
    truth = over_normals(lambda q: (means[:, None] + slopes[:, None] * q).max(axis=0)) - means.max()
    assert_close(found.evppi, found.evppi_se, truth, 16)


# --- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "samples", "noise"), [("sobol", 256, 0.0), ("random", 512, 10.0)])
def test_errors_hold_over_seeds(method, samples, noise):
    """Nominal 95 % intervals, and means over seeds; 0.92 is what the least covered of them are allowed to be.

    With a noise that none of the known inputs tells of, the error is mostly that of the options' means.
    """
    seeds, model = 100, against(lambda x: 0.5 + x["x"] * (1 + x["y"]) + x["z"] + noise * x["w"])
    inputs = NORMALS | {"w": un.normal(0, 1)}
    truth = {"x": loss(0.5, 1), "z": loss(0.5, 2), "xy": over_normals(lambda y: loss(0.5, abs(1 + y))),
             "evpi": over_normals(lambda y: loss(0.5, ((1 + y) ** 2 + 4 + noise**2) ** 0.5)),
             "evsi": loss(0.5, 2 / 1.25**0.5)}
    found = {name: [] for name in truth}
    for seed in range(seeds):
        given = {"options": AB, "samples": samples, "replicates": 8, "seed": seed, "method": method}
        known = evppi(inputs, model, of={"x": ["x"], "z": ["z"], "xy": ["x", "y"]}, **given)
        told = evsi(inputs, model, of="z", error=1.0, **given)
        for name in ("x", "z", "xy"):
            found[name].append((known.evppi.sel(input=name), known.evppi_se.sel(input=name)))
        found["evpi"].append((known.evpi, known.evpi_se))
        found["evsi"].append((told.evsi, told.evsi_se))
    least = stats.binom.ppf(1e-4, seeds, 0.92)
    for name, value in truth.items():
        each, se = np.array(found[name], dtype=float).T
        assert (abs(each - value) <= half_width(se, 8)).sum() >= least, name
        assert abs(each.mean() - value) < 4 * stats.sem(each), name


def test_rare_reasons_to_choose_otherwise_are_met_by_all_replicates_together():
    """Each misses what is rarer than one in its 512 measured values; were these the same in all, so would the mean."""
    inputs, truth = {"x": un.normal(0.3, 1), "y": un.normal(0, 1)}, loss(0.3, 82**-0.5)
    each = [float(evsi(inputs, against(lambda x: x["x"] + x["y"]), options=AB, of="x", error=9.0, samples=64,
                       seed=seed).evsi) for seed in range(60)]
    assert abs(np.mean(each) - truth) < 4 * stats.sem(each)
    assert stats.sem(each) < 0.1 * truth


def test_both_halves_of_the_samples_are_independent_and_evenly_spread():
    calls = []

    def model(x):
        calls.append(x["y"])
        return {"a": zeros(x), "b": x["x"] * x["y"]}

    known = evppi({"x": un.uniform(0, 1), "y": un.uniform(0, 1)}, model, options=AB, of=["x"], replicates=2)
    products = [y for y in calls if len(y) != 4096]
    assert [len(y) for y in products] == [4 * 4096] * 2
    inner = np.array([y[: known.attrs["inner"]].reshape(2, 32) for y in products])
    for y in products:
        np.testing.assert_array_equal(y.reshape(256, 64), np.broadcast_to(y[:64], (256, 64)))
    places = np.sort(inner.reshape(4, 32)) * 32
    np.testing.assert_array_equal(places // 1, np.broadcast_to(np.arange(32), (4, 32)))
    assert (abs(np.corrcoef(places % 1)[np.triu_indices(4, 1)]) < 4 / 32**0.5).all()


def test_one_replicate_has_no_error():
    found = evppi(NORMALS, against(lambda x: x["x"] + x["y"]), options=AB, samples=64, replicates=1)
    assert np.isfinite(found.evppi).all()
    for name in ("evppi_se", "share_se", "evpi_se"):
        assert np.isnan(found[name]).all()


def test_blocks_of_points_change_nothing(monkeypatch):
    given = {"options": AB, "of": {"x": ["x"]}, "samples": 256, "replicates": 4,
             "correlation": {("x", "z"): 0.5}}
    calls = []

    def model(x):
        calls.append(len(x["x"]))
        return {"a": zeros(x), "b": 0.1 + x["x"] * x["y"] + x["z"]}

    plain = evppi(NORMALS, model, **given)
    assert sum(calls) == plain.attrs["runs"] == 4 * (256 + 1024)
    monkeypatch.setattr(options, "BLOCK", 100)
    calls.clear()
    np.testing.assert_allclose(evppi(NORMALS, model, **given).evppi, plain.evppi, rtol=1e-12)
    assert sum(calls) == plain.attrs["runs"]
    assert min(calls) < 100


# --- heavy tails -------------------------------------------------------------------------------------------

HEAVY = {"p": stats.pareto(1.5), "x": un.uniform(0, 1)}  # the one of infinite variance


def tails(x):
    return {"heavy": x["p"] + x["x"], "more": 2 * x["p"] * x["x"], "light": x["x"] + 3 * x["p"] ** -2,
            "flat": np.full(len(x["p"]), 1.5)}


HEAVY_ASKS = pytest.mark.parametrize(("ask", "names"), [
    (evpi, ["evpi"]), (evppi, ["evppi", "share", "evpi"]),
    (lambda *a, **k: evsi(*a, of="x", error=0.3, cost=0.1, **k), ["evsi", "evppi", "net_value"])])


@HEAVY_ASKS
@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_where_one_sample_holds_much_of_the_variance_errors_are_infinite(ask, names, method):
    """Of a choice among options one of which has no variance; the value itself is what the samples say."""
    found = ask(HEAVY, tails, options=["heavy", "more"], samples=1024, method=method)
    for name in names:
        assert np.isinf(found[f"{name}_se"]).all(), name
        assert np.isfinite(found[name]).all()
    one_replicate = ask(HEAVY, tails, options=["heavy", "more"], samples=1024, method=method, replicates=1)
    assert all(np.isnan(one_replicate[f"{name}_se"]).all() for name in names)


@HEAVY_ASKS
def test_of_light_options_errors_are_finite(ask, names):
    found = ask(HEAVY, tails, options=["light", "flat"], samples=1024)
    assert all(np.isfinite(found[f"{name}_se"]).all() for name in names)


@HEAVY_ASKS
@pytest.mark.parametrize("inputs", [{}, {"y": un.uniform(0, 1)}])
def test_one_heavy_option_is_enough(ask, names, inputs):
    """Whether or not there are as many inputs as options."""
    found = ask(HEAVY | inputs, tails, options=["light", "heavy"], samples=1024)
    for name in names:
        assert np.isinf(found[f"{name}_se"]).all(), name


def test_of_each_option_its_own_variance_counts():
    found = evpi(HEAVY, tails, options=["light", "heavy", "flat"], samples=1024)
    assert np.isinf(found.expected_value_se).values.tolist() == [False, True, False]
    assert np.isfinite(found.probability_best_se).all()


# --- what a value of information is ------------------------------------------------------------------------


def test_values_are_within_bounds_and_grow_with_what_is_known():
    inputs = NORMALS | {"idle": un.uniform(0, 1)}
    sets = {"x": ["x"], "xy": ["x", "y"], "xyz": ["x", "y", "z"], "all": list(inputs)}
    found = evppi(inputs, against(lambda x: 0.5 + x["x"] * (1 + x["y"]) + x["z"] * x["x"]), options=AB, of=sets)
    error = half_width(found.evppi_se, 16, 0.9999)
    assert (found.evppi.values > error).all()
    steps = np.diff(found.evppi)
    assert (steps[:2] > np.hypot(error[1:3], error[:2])).all()
    assert abs(steps[2]) < error[2] + error[3]
    assert found.evppi[3] == found.evpi
    assert found.evppi_se[3] == found.evpi_se
    assert found.share[3] == 1


def test_an_input_that_changes_nothing_is_worth_exactly_nothing():
    inputs = NORMALS | {"idle": un.normal(0, 1), "common": un.normal(0, 100)}

    def model(x):
        return {"a": 0.1 * x["common"], "b": 0.1 * x["common"], "c": x["x"] * x["y"] - 0.01}

    found = evppi(inputs, model, options=["a", "b", "c"], of={"idle": ["idle"], "z": ["z"], "both": ["z", "idle"]})
    assert (found.evppi == 0).all()
    assert (found.evppi_se == 0).all()
    assert found.evpi > 0.1
    told = evsi(inputs, model, options=["a", "b", "c"], of="idle", error=0.1)
    assert (told.evsi, told.evsi_se) == (0, 0)


@pytest.mark.parametrize("worst", [lambda x: x["x"] - 3, lambda x: x["x"] - 1e-9, lambda x: x["x"]])
def test_where_one_option_is_always_best_nothing_is_worth_knowing(worst):
    inputs = {"x": un.normal(0, 1), "y": un.normal(0, 1)}
    given = {"options": AB, "samples": 256}

    def model(x):
        return {"a": x["x"], "b": worst(x)}

    found = evppi(inputs, model, **given)
    for name in ("evppi", "evppi_se", "evpi", "evpi_se"):
        assert (found[name] == 0).all()
    assert np.isnan(found.share).all()
    assert evsi(inputs, model, of="x", error=0.5, **given).evsi == 0
    alike = worst({"x": 0.0}) == 0
    assert evpi(inputs, model, **given).probability_best.values.tolist() == ([0.5, 0.5] if alike else [1, 0])


def test_more_is_better():
    inputs = {"x": un.uniform(0, 1)}
    given = {"options": AB, "samples": 1024}
    found = evpi(inputs, lambda x: {"a": x["x"] ** 0, "b": 3 * x["x"]}, **given)
    assert found.attrs["best"] == "b"
    assert_close(found.evpi, found.evpi_se, 1 / 6, 16)  # of less is better it would be 2/3
    found = evpi(inputs, lambda x: {"a": -(x["x"] ** 0), "b": -3 * x["x"]}, **given)
    assert found.attrs["best"] == "a"
    assert_close(found.evpi, found.evpi_se, 1 / 6, 16)


def test_a_measurement_is_worth_less_the_larger_its_error():
    model = against(lambda x: 0.4 + x["x"] * (1 + x["y"]) + x["z"])
    found = [evsi(NORMALS, model, options=AB, of="x", error=error) for error in (1e-7, 0.2, 0.5, 1, 2, 1e4)]
    worth = np.array([float(each.evsi) for each in found])
    assert (np.diff(worth) < 0).all()
    np.testing.assert_allclose(worth[0], found[0].evppi, rtol=1e-5)
    assert abs(worth[-1]) < 1e-12
    assert "net_value" not in found[0]


def test_discrete_inputs():
    inputs = {"n": un.discrete([0, 1, 4], [0.5, 0.3, 0.2]), "m": stats.bernoulli(0.25)}
    found = evppi(inputs, lambda x: {"a": x["n"] * (1 + x["m"]), "b": 1.5 + 0 * x["n"]}, options=AB)
    assert found.attrs["best"] == "b"  # the mean of a is 1.1 * 1.25
    truth = [0.2 * (4 * 1.25 - 1.5), 0.25 * (1.1 * 2 - 1.5)]
    assert_close(found.evppi, found.evppi_se, truth, 16)
    assert_close(found.evpi, found.evpi_se, 0.25 * (0.3 * (2 - 1.5) + 0.2 * (8 - 1.5)) + 0.75 * 0.2 * (4 - 1.5), 16)


def test_one_input_is_all_there_is_to_know():
    found = evppi({"k": 3, "x": un.normal(0, 1)}, lambda x: {"a": x["k"] * x["x"], "b": 0 * x["x"]}, options=AB)
    assert found.input.values.tolist() == ["x"]
    assert found.evppi[0] == found.evpi
    assert found.attrs["runs"] == 16 * 4096
    assert_close(found.evpi, found.evpi_se, loss(0, 3), 16)


def test_forty_inputs():
    inputs = {f"x{i}": un.normal(0, 1) for i in range(40)}
    found = evppi(inputs, against(lambda x: 1 + 2 * x["x7"] + x["x20"] * x["x31"]), options=AB, samples=256)
    assert found.input.values[np.argsort(found.evppi.values)[-1]] == "x7"
    assert_close(found.evppi[7], found.evppi_se[7], loss(1, 2), 16)
    assert (found.evppi.drop_sel(input=["x7", "x20", "x31"]) == 0).all()


def test_what_is_known_by_name():
    model = against(lambda x: x["x"] + x["y"] + x["z"])
    given = {"options": AB, "samples": 64}
    alone = evppi(NORMALS, model, **given)
    pair = evppi(NORMALS, model, of=["z", "x"], **given)
    named = evppi(NORMALS, model, of={"first": ["z", "x"], "y": ["y"]}, **given)
    assert alone.input.values.tolist() == ["x", "y", "z"]
    assert pair.input.values.tolist() == ["z + x"]
    assert named.input.values.tolist() == ["first", "y"]
    assert named.evppi[0] == pair.evppi[0]
    assert named.evppi[1] == alone.evppi[1]
    assert alone.attrs["runs"] == 16 * 64 * (1 + 4 * 3)
    assert (alone.attrs["points"], alone.attrs["inner"]) == (32, 8)


@pytest.mark.parametrize("ask", [evppi, lambda *a, **k: evsi(*a, of="x", error=0.3, **k), evpi])
def test_runs_repeat_and_seeds_differ(ask):
    model = against(lambda x: x["x"] * x["y"] + x["z"])
    plain = ask(NORMALS, model, options=AB, samples=64)
    assert plain.identical(ask(NORMALS, model, options=AB, samples=64))
    other = ask(NORMALS, model, options=AB, samples=64, seed=1)
    first = next(iter(plain))
    assert (plain[first] != other[first]).all()
    assert ask(NORMALS, model, options=AB, samples=2, replicates=2).attrs["samples"] == 2


# --- estimators by hand ------------------------------------------------------------------------------------


def test_a_gain_by_hand():
    """Costs 1 and 3 at two points, against 1.5 at both, with means moved by the samples that gave them to 2 and 1.75:
    the first is cheaper at one point, by 0.75."""
    conditional = np.array([[1.0, 3.0], [1.5, 1.5]])
    np.testing.assert_allclose(gain(conditional, np.array([2, 1.75])), 0.375)
    np.testing.assert_allclose(gain(conditional + np.array([[7.0], [-4.0]]), np.array([2, 1.75])), 0.375)
    assert gain(conditional, np.array([2, 0.5])) == 0


def test_two_halves_take_the_bias_off():
    """Of a square of means a product of independent means remains, which is without bias."""
    samples = np.array([[2.0, 4.0, 7.0, 1.0]])
    np.testing.assert_allclose(without_bias(lambda mean: mean**2, samples), [3.0 * 4.0])
    costs = np.array([[[1.0, 3.0], [4.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]]])
    means = np.array([2.0, 2.0])
    by_hand = 2 * gain(costs.mean(axis=-1), means) - (gain(costs[..., 0], means) + gain(costs[..., 1], means)) / 2
    np.testing.assert_allclose(partial(costs, means), by_hand)


@pytest.mark.parametrize("turn", [0.1, 0.5, 0.8])
def test_measured_values_have_the_moments_of_bayes_rule(turn):
    x = stats.norm.ppf((np.arange(512) + 0.5) / 512)[np.random.Generator(np.random.PCG64(1)).permutation(512)]
    given = measured(np.array([x, x**2]), x, 0.7, turn=turn)
    share = 1 / 1.49
    assert given.shape == (2, 512 * 16)
    np.testing.assert_allclose(given.mean(axis=1), [0, 1], atol=0.005)
    np.testing.assert_allclose(given[0].var(), share, rtol=0.01)
    np.testing.assert_allclose(given[1], given[0] ** 2 + 1 - share, atol=0.3)
    np.testing.assert_allclose((given[1] - given[0] ** 2).mean(), 1 - share, rtol=0.01)


# --- refusals ----------------------------------------------------------------------------------------------

ALL = pytest.mark.parametrize("ask", [evpi, evppi, lambda *a, **k: evsi(*a, of="x", error=1.0, **k)])


@ALL
@pytest.mark.parametrize(("options", "said"), [
    (["a", "bb"], "option 'bb' is no output of the model; did you mean b?"),
    (["a", "worth"], "option 'worth' is no output of the model; wanted one of a, b"),
    (["a"], r"options is \['a'\]; wanted a list of two outputs at least"),
    ("ab", "options is 'ab'; wanted a list of two outputs at least"),
    (["a", "b", "a"], "given 'a' twice; wanted each once"),
])
def test_options_refused(ask, options, said):
    with pytest.raises(ValueError, match=said):
        ask(NORMALS, against(lambda x: x["x"]), options=options, samples=64)


@ALL
@pytest.mark.parametrize(("model", "said"), [
    (lambda x: {"a": zeros(x), "b": np.where(x["x"] > 0, np.nan, 1.0)},
     r"'b' is not finite in \d+ of \d+ samples; first where x = [\d.]+, y = -?[\d.]+, z = "),
    (lambda x: {"a": zeros(x), "b": np.where(x["x"] > 0, np.inf, 1.0)}, "'b' is not finite"),
    (lambda x: {"a": zeros(x), "b": 1.0}, r"'b' has shape \(\)"),
    (lambda x: x["x"], "the model gave ndarray; wanted a mapping name -> array"),
])
def test_models_refused(ask, model, said):
    with pytest.raises(ValueError, match=said):
        ask(NORMALS, model, options=AB, samples=64)


@ALL
def test_a_model_that_raises_keeps_its_exception_and_says_where(ask):
    mine = ArithmeticError("my own")
    with pytest.raises(ArithmeticError) as caught:
        ask(NORMALS, lambda x: (_ for _ in ()).throw(mine), options=AB, samples=64)
    assert caught.value is mine
    (note,) = caught.value.__notes__
    assert note.startswith("the model failed at 64 samples; the first has x = ")


@pytest.mark.parametrize(("samples", "points"), [(2, 4), (4, 8), (64, 32), (128, 32), (4096, 256), (8192, 256)])
def test_points_of_known_inputs_are_about_twice_the_root_of_the_runs(samples, points):
    assert split(samples) == (points, 4 * samples // points)
    assert 2 <= points**2 / (4 * samples) <= 4
    assert points & (points - 1) == 0


def test_a_model_that_drops_an_option_is_refused():
    def model(x):
        return {"a": zeros(x)} | ({"b": x["x"]} if len(x["x"]) == 64 else {})

    with pytest.raises(ValueError, match="option 'b' is no output of the model; wanted one of a"):
        evppi(NORMALS, model, options=AB, samples=64)


@ALL
def test_no_uncertain_input(ask):
    with pytest.raises(ValueError, match="no input is uncertain; wanted one distribution at least"):
        ask({"x": 3}, against(lambda x: x["x"]), options=AB)


@pytest.mark.parametrize(("of", "said"), [
    (["w"], "'w' is not among the inputs; uncertain are x, y, z"),
    (["k"], "'k' is not uncertain; uncertain are x, y, z"),
    ({"g": ["x", "w"]}, "'w' is not among the inputs"),
    (["x", "x"], "given 'x' twice; wanted each once"),
    ([], r"inputs to know are \[\]; wanted a list of one name at least"),
    ({"g": []}, r"inputs to know are \[\] in 'g'; wanted a list"),
    ({}, "of names no inputs; wanted one row at least"),
    ([3], r"inputs to know are \[3\]; wanted a list of one name at least"),
    ({"g": [["x"]]}, r"inputs to know are \[\['x'\]\] in 'g'; wanted a list"),
    ("w", "'w' is not among the inputs; uncertain are x, y, z"),
])
def test_inputs_to_know_refused(of, said):
    with pytest.raises(ValueError, match=said):
        evppi(NORMALS | {"k": 2}, against(lambda x: x["x"]), options=AB, of=of, samples=64)


def test_one_input_to_know_needs_no_list():
    model = against(lambda x: x["x"] + x["y"])
    given = {"options": AB, "samples": 64, "replicates": 2}
    one = evppi(NORMALS, model, of="x", **given)
    assert one.identical(evppi(NORMALS, model, of=["x"], **given))
    other = evppi(NORMALS, model, of={"mine": "x", "both": ["x", "y"]}, **given)
    assert other.input.values.tolist() == ["mine", "both"]
    assert other.evppi.sel(input="mine") == one.evppi.sel(input="x")


def test_what_was_measured_is_said():
    asked = {"of": "x", "error": 0.5, "options": AB, "samples": 64, "replicates": 2}
    found = evsi(NORMALS, against(lambda x: x["x"] + x["y"]), **asked)
    assert {"of": "x", "error": 0.5, "relative": 0}.items() <= found.attrs.items()
    assert "cost" not in found.attrs
    positive = NORMALS | {"x": un.lognormal(1, 0.1)}
    found = evsi(positive, against(lambda x: x["x"] + x["y"]), cost=3, relative=True, **asked)
    assert {"relative": 1, "cost": 3}.items() <= found.attrs.items()
    assert all(found[name].attrs["long_name"] for name in ("evsi", "evppi", "net_value"))


@pytest.mark.parametrize(("given", "said"), [
    ({"of": "w"}, "'w' is not among the inputs"),
    ({"of": ["x"]}, r"of is \['x'\]; wanted the name of one input"),
    ({"error": 0}, "error is 0; wanted a positive number"),
    ({"error": -1.0}, "error is -1.0; wanted a positive number"),
    ({"error": np.nan}, "error is nan; wanted a positive number"),
    ({"error": np.inf}, "error is inf; wanted a positive number"),
    ({"cost": -1}, "cost is -1; wanted a number, at least 0"),
    ({"cost": np.nan}, "cost is nan; wanted a number, at least 0"),
    ({"relative": True}, "'x' is -[0-9.]+ at a point; wanted a positive input, of which the error is relative"),
    ({"samples": 100}, "samples is 100; wanted a power of two"),
    ({"samples": 64.0}, "samples is 64.0; wanted a whole number"),
    ({"replicates": 2.5}, "replicates is 2.5; wanted a whole number"),
    ({"method": "best"}, "method is 'best'"),
])
def test_measurements_refused(given, said):
    with pytest.raises(ValueError, match=said):
        evsi(NORMALS, against(lambda x: x["x"]), **{"options": AB, "of": "x", "error": 1.0, "samples": 64} | given)
