"""What drives a study: shares of variance and values of information against an arithmetic of capex written by hand.

The arithmetic knows nothing of the package: a handful of lines of NumPy, inputs by scipy.stats, points by scipy's own
Sobol' sequence. Where inputs share no correlation its points are freely recombined; else they are drawn anew given the
rest. All tolerances are from the standard errors of both sides.
"""

import tracemalloc
from dataclasses import replace
from functools import cache
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc
from support import assert_close, dist, study_text
from test_execution import assert_same
from test_pieces import resumed, stopped

import uncertainty as un
from uncertainty import driven, execution
from uncertainty.analysis import information
from uncertainty.analysis.error import Estimate, combine, half_width, ratio
from uncertainty.analysis.pickfreeze import swapped
from uncertainty.drivers import DRIVEN, drivers
from uncertainty.inquiry import Inquiry
from uncertainty.plan import blocks, plan_of
from uncertainty.responses import at_levels, look
from uncertainty.shares import shares

REPLICATES = 16


def pert(low, mode, high):
    """The usual one, of shape 4."""
    return stats.beta(1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low), low, high - low)


BUILDS = ("rtx_a5000", "dgx_spark", "rtx_a6000")
LAWS = {"pue": pert(1.05, 1.25, 1.6), "depth_of_discharge": stats.uniform(0.8, 0.2),
        "battery_unit_price": stats.lognorm(0.2, scale=8200), "rtx_a5000.unit_price": stats.lognorm(0.15, scale=2500),
        "dgx_spark.unit_price": pert(2999, 3999, 4699)}
NAMES = tuple(LAWS)
PUE, DEPTH, BATTERY, A5000, SPARK = range(len(NAMES))
SETS = {**{name: (i,) for i, name in enumerate(NAMES)}, "shared": (PUE, DEPTH, BATTERY), "prices": (A5000, SPARK),
        "mixed": (PUE, A5000), "all": tuple(range(len(NAMES)))}
INPUTS = {"pue": dist("pert", low=1.05, mode=1.25, high=1.6),
          "depth_of_discharge": dist("uniform", low=0.8, high=1.0),
          "battery_unit_price": dist("lognormal", median=8200, sigma=0.2)}
QUOTES = {"none": 1e-4, "close": 0.05, "far": 0.2, "useless": 1e6}  # relative errors, or the last in $
BUILD_TABLES = f"""
[build.rtx_a5000]
unit_price = {dist("lognormal", median=2500, sigma=0.15)}
[build.dgx_spark]
unit_price = {dist("pert", low=2999, mode=3999, high=4699)}
unit_power = 0.36
[build.rtx_a6000]
unit_price = 4500
unit_power = 0.40
"""
ASKED = """
[sensitivity]
samples = {samples}
[sensitivity.groups]
prices = ["unit_price"]
mixed = ["pue", "rtx_a5000.unit_price"]
all = ["unit_price", "battery_unit_price", "pue", "depth_of_discharge"]
"""
MEASURED = """
[[sensitivity.measurements]]
says = "{says}"
input = "{input}"
{kind} = {error}
{cost}
"""


def text(asked=512, builds=BUILDS, rest="", tables=BUILD_TABLES, **given):
    """A study of which the arithmetic below knows capex."""
    given = {"samples": 4096, "replicates": REPLICATES, "builds": list(builds), "outputs": ["capex"]} | INPUTS | given
    return study_text(rest=ASKED.format(samples=asked) + rest + tables, **given)


def quote(says, error, input="rtx_a5000.unit_price", kind="relative_error", cost="cost = 50"):
    return MEASURED.format(says=says, error=error, input=input, kind=kind, cost=cost)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    def made(content):
        path = tmp_path_factory.mktemp("study") / "study.toml"
        path.write_text(content, encoding="utf-8")
        return un.load(path)

    return made


@pytest.fixture(scope="module")
def study(load):
    quotes = [quote(says, error, kind="relative_error" if error <= 1 else "error") for says, error in QUOTES.items()]
    more = [quote("meter", 0.03, "pue", "error", "cost = 500"), quote("list", 0.05, "dgx_spark.unit_price", cost="")]
    return load(text(rest="".join(quotes + more)))


@pytest.fixture(scope="module")
def results(study):
    return un.run(study)


# --- the arithmetic ------------------------------------------------------------------------------------------


def of_values(x):
    """Capex and whole batteries of each build, (build, ...): 8 h, 13.5 kWh and 11.5 kW each, 1.25 for hosts."""
    pue, depth, battery, a5000, spark = x
    capex, count = [], []
    for price, power in ((a5000, 0.230), (spark, 0.36), (4500.0, 0.40)):
        devices = np.floor(150_000 / price + 1e-9)
        kilowatts = devices * power * 1.25 * pue
        needed = np.maximum(kilowatts * 8 / (0.9 * depth) / 13.5, kilowatts / 11.5)
        count.append(np.ceil(needed - 1e-9))
        capex.append(devices * price + count[-1] * battery)
    return np.array(np.broadcast_arrays(*capex)), np.array(np.broadcast_arrays(*count))


FINE = np.linspace(0, 1, (1 << 14) + 1)
TABLES = {name: LAWS[name].ppf(FINE) for name in ("pue", "dgx_spark.unit_price")}  # scipy takes long over these


def value(i, u):
    """Of an input at levels."""
    return np.interp(u, FINE, TABLES[NAMES[i]]) if NAMES[i] in TABLES else LAWS[NAMES[i]].ppf(u)


def of_levels(u):
    return of_values([value(i, level) for i, level in enumerate(u)])


def rows(x):
    """All that indices are of, (row, sample): capex, batteries and regret of each build, by ROWS."""
    capex, count = of_values(x)
    return np.concatenate([capex, count, capex - capex.min(axis=0)])


ROWS = {"capex": slice(0, 3), "battery_count": slice(3, 6), "regret": slice(6, 9)}


def sobol(dimensions, power, seed):
    return qmc.Sobol(dimensions, scramble=True, seed=seed).random(1 << power).T


@cache
def left(rho=0.0, power=12):
    """E[V[Y | all but some inputs]] by what these are, (replicate, row): Jansen, and new draws given the rest.

    `rho` is that of the normal scores of the two prices.
    """
    found = []
    for seed in range(REPLICATES):
        levels = sobol(2 * len(NAMES), power, seed)
        own, other = ([value(i, u) for i, u in enumerate(each)] for each in np.split(levels, 2))
        z, w = np.split(stats.norm.ppf(levels), 2)
        z[SPARK] = rho * z[A5000] + np.sqrt(1 - rho**2) * z[SPARK]
        own[SPARK] = value(SPARK, stats.norm.cdf(z[SPARK]))
        f, each = rows(own), {}
        for size in range(len(NAMES) + 1):
            for some in combinations(range(len(NAMES)), size):
                x = [other[i] if i in some else own[i] for i in range(len(NAMES))]
                if rho and SPARK in some:
                    x[SPARK] = follows(SPARK, w[A5000] if A5000 in some else z[A5000], w[SPARK], rho)
                elif rho and A5000 in some:
                    x[A5000] = follows(A5000, z[SPARK], w[A5000], rho)
                each[some] = ((f - rows(x)) ** 2).mean(axis=1) / 2
        found.append(each)
    return {some: np.array([each[some] for each in found]) for some in found[0]}


def follows(i, other, own, rho):
    """A price that has its correlation with the other one's score, and else its own."""
    return value(i, stats.norm.cdf(rho * other + np.sqrt(1 - rho**2) * own))


def closed(rho, some):
    table, everyone = left(rho), SETS["all"]
    return table[everyone] - table[tuple(i for i in everyone if i not in some)]


def shapley_effects(rho):
    """The definition, over all orders, (input, replicate, row)."""
    table, found = left(rho), np.zeros((len(NAMES), *left(rho)[()].shape))
    orders = list(permutations(range(len(NAMES))))
    for order in orders:
        for place, i in enumerate(order):
            before = tuple(sorted(order[:place]))
            found[i] += (table[tuple(sorted((*before, i)))] - table[before]) / len(orders)
    return found


def agree(dataset, name, wanted, **place):
    """An estimate of a dataset and one of the arithmetic are as near as both standard errors say."""
    found = dataset.sel(place)
    assert_close(found[name].values, np.hypot(found[f"{name}_se"].values, wanted.se), wanted.value, REPLICATES)


def at_rows(dataset, per_row, inputs, rho=0.0):
    """The same of variances (input, replicate, row) over the whole, for each of ROWS."""
    whole = left(rho)[SETS["all"]]
    for of, at in ROWS.items():
        there = {"scenario": "base", "input": inputs} | ({"criterion": "capex"} if of == "regret" else {})
        wanted = ratio(np.moveaxis(per_row[..., at], 0, 1), whole[:, None, at])
        agree(dataset, of, wanted, **there)


# --- shares of variance --------------------------------------------------------------------------------------


def test_first_order_and_closed_indices(results):
    names = list(SETS)
    wanted = np.array([closed(0.0, SETS[name]) for name in names])
    at_rows(results.first_order, wanted, names)
    assert (results.first_order.capex_se.sel(input=names) < 0.02).all()


def test_total_order_indices(results):
    names = list(SETS)
    at_rows(results.total_order, np.array([left()[SETS[name]] for name in names]), names)
    assert (results.total_order.capex_se.sel(input=names) < 0.02).all()


def test_shapley_effects(results):
    at_rows(results.shapley, shapley_effects(0.0), list(NAMES))
    assert (results.shapley.capex_se < 0.02).all()


def test_a_build_has_exactly_nothing_of_another_builds_price(results):
    for group in (results.first_order, results.total_order, results.shapley):
        for build, price in ((0, "dgx_spark.unit_price"), (1, "rtx_a5000.unit_price")):
            assert (group.capex.sel(input=price)[:, build] == 0).all()
        assert (group.capex.sel(input=list(NAMES[3:]), build="rtx_a6000") == 0).all()
        assert (group.capex.sel(input="rtx_a5000.unit_price", build="rtx_a5000") > 0.1).all()


def test_indices_of_first_place(results):
    """Of an event indices are of its indicator; where builds are never exactly as good, one of them is best."""
    found = []
    for seed in range(REPLICATES):
        a, b = np.split(sobol(2 * len(NAMES), 12, seed), 2)
        first = [capex == capex.min(axis=0) for capex, _ in map(of_levels, (a, np.concatenate([b[:4], a[4:]])))]
        alone = [capex == capex.min(axis=0) for capex, _ in [of_levels(np.concatenate([a[:4], b[4:]]))]]
        found.append([first[0].var(axis=1), *((first[0] ^ x).mean(axis=1) / 2 for x in (alone[0], first[1]))])
    variance, total, rest = np.moveaxis(found, 1, 0)
    place = {"scenario": "base", "input": "dgx_spark.unit_price", "criterion": "capex"}
    agree(results.total_order, "first_place", ratio(total, variance), **place)
    agree(results.first_order, "first_place", ratio(variance - rest, variance), **place)


def test_an_input_that_does_nothing_is_noise_and_one_that_counts_is_not(load):
    """A gain where no precision's peak counts sparsity, and an efficiency of jobs that nobody asks for."""
    given = {"sparsity_gain": dist("uniform", low=1.0, high=2.0), "precisions": ["fp16"], "sparsity_realised": 1.0,
             "replicated_efficiency": dist("uniform", low=0.5, high=1.0)}
    found = un.run(load(text(128, outputs=["capex", "throughput_per_dollar"], replicates=8, **given)))
    for name in ("sparsity_gain", "replicated_efficiency"):
        for group in (found.first_order, found.total_order, found.shapley):
            assert (group.capex.sel(input=name) == 0).all()
            assert (group.throughput_per_dollar.sel(input=name) == 0).all()
        assert (found.total_order.capex_noise.sel(input=name) == 1).all()
        assert (found.total_order.throughput_per_dollar_noise.sel(input=name) == 1).all()
        assert (found.information.evppi.sel(input=name, criterion="capex") == 0).all()
        assert (found.tornado.capex_swing.sel(input=name) == 0).all()
    assert (found.total_order.capex_noise.sel(input=["battery_unit_price", "all"]) == 0).all()
    assert found.total_order.capex_noise.sel(input="dgx_spark.unit_price").values.tolist() == [[1, 0, 1]]


def test_what_does_nothing_is_noise_even_where_chance_is_below_zero(results):
    """Chance is an estimate of zero, and as often below; a total order never is."""
    values, told = dict(results.done.statistics.drivers), drivers(results.plan)
    assert told.plan is results.plan
    values["chance"] = -0.1 * values["whole"]
    total = shares(told, values)["total_order"].dataset()
    assert (total.capex_noise.sel(input="dgx_spark.unit_price", build=["rtx_a5000", "rtx_a6000"]) == 1).all()
    assert (total.capex_noise.sel(input="pue") == 0).all()


def test_all_inputs_together_take_all(results):
    for group in (results.first_order, results.total_order):
        everyone = group.sel(input="all", criterion="capex")
        for name in ("capex", "battery_count", "regret"):
            np.testing.assert_allclose(everyone[name], 1, rtol=1e-12)


def test_the_dummy_is_chance(results):
    """An input that is not there has an index that is zero but for its error, and no total order."""
    dummy = results.first_order.sel(input="dummy")
    assert_close(dummy.capex, dummy.capex_se, 0, REPLICATES)
    assert (dummy.capex != 0).all()
    assert "dummy" not in results.total_order.input


def test_one_uncertain_input_has_everything(load):
    found = un.run(load(study_text(pue=INPUTS["pue"], rest="[sensitivity]\nsamples = 64", outputs=["capex"])))
    for group in (found.first_order, found.total_order, found.shapley):
        one = group.sel(input="pue")
        for name in ("capex", "battery_count"):
            np.testing.assert_allclose(one[name], 1, rtol=1e-12)
    evpi, evppi = found.information.evpi.sel(criterion="capex"), found.information.evppi.sel(criterion="capex")
    assert (evppi.sel(input="pue") == 0).all()
    assert (evpi == 0).all()


def test_a_constant_has_no_indices(load):
    """A price of batteries moves capex and no count: missing, which is not zero."""
    given = {"battery_unit_price": INPUTS["battery_unit_price"], "outputs": ["capex"]}
    found = un.run(load(study_text(rest="[sensitivity]\nsamples = 64", **given)))
    for group in (found.first_order, found.total_order, found.shapley):
        assert group.battery_count.isnull().all()
        assert group.battery_count_se.isnull().all()
        assert group.capex.notnull().all()
        assert group.regret.sel(criterion="battery_count").isnull().all()
    assert found.total_order.battery_count_noise.isnull().all()
    assert found.shared.cancels.sel(criterion="battery_count").isnull().all()
    assert found.shared.cancels.sel(criterion="capex").item() > 0.5


def test_a_constant_study_or_no_samples_tell_nothing(load):
    names = ("first_order", "total_order", "shapley", "shared", "information", "influence", "tornado")
    constant = load(study_text(rest="[sensitivity]\nsamples = 64"))
    for found in (un.run(constant), un.run(load(text(0, replicates=2, samples=64)))):
        assert [getattr(found, name) for name in names] == [None] * 7
        assert found.done.statistics.drivers == {}
        assert set(names).isdisjoint(found.figures)


@pytest.mark.parametrize("low", [100_000, 200_000])
def test_values_that_are_not_defined_are_no_variance(load, low):
    """A card that the budget may not or cannot buy: memory for a dollar is not there, and the other build is best."""
    price = f'[build.rtx_a5000]\nunit_price = {dist("uniform", low=low, high=300_000)}\n'
    given = {"pue": INPUTS["pue"], "outputs": ["capex", "memory_per_dollar"]}
    found = un.run(load(study_text(rest=f"[sensitivity]\nsamples = 64\n{price}", **given)))
    assert (found.information.evppi.sel(criterion="memory_per_dollar") == 0).all()
    assert found.first_order.capex.sel(input="pue", build="dgx_spark").item() > 0.9


# --- correlated inputs ---------------------------------------------------------------------------------------

SPEARMAN = 0.7
PAIR = '"rtx_a5000.unit_price", "dgx_spark.unit_price"'
CORRELATED = f"""
[[correlation]]
inputs = [{PAIR}]
spearman = {SPEARMAN}
"""


@pytest.fixture(scope="module")
def correlated(load):
    content = text().replace('prices = ["unit_price"]\n', "")
    return un.run(load(content + CORRELATED))


def test_of_correlated_inputs_the_group_is_told(correlated):
    rho, names = 2 * np.sin(np.pi / 6 * SPEARMAN), ["pue", "battery_unit_price", "shared", "unit_price", "all"]
    sets = [(A5000, SPARK) if name == "unit_price" else SETS[name] for name in names]
    at_rows(correlated.first_order, np.array([closed(rho, some) for some in sets]), names, rho=rho)
    at_rows(correlated.total_order, np.array([left(rho)[some] for some in sets]), names, rho=rho)


def test_single_correlated_inputs_have_no_indices(correlated):
    for name in ("rtx_a5000.unit_price", "dgx_spark.unit_price"):
        for group in (correlated.first_order, correlated.total_order):
            found = group.sel(input=name, criterion="capex")
            assert all(found[key].isnull().all() for key in ("capex", "capex_se", "regret", "first_place"))
        assert correlated.total_order.capex_noise.sel(input=name).isnull().all()
    assert correlated.total_order.capex.sel(input="mixed").isnull().all()  # half of a pair has no total order


def test_shapley_effects_of_correlated_inputs(correlated):
    rho = 2 * np.sin(np.pi / 6 * SPEARMAN)
    at_rows(correlated.shapley, shapley_effects(rho), list(NAMES), rho=rho)
    price = correlated.shapley.sel(input="dgx_spark.unit_price", build="rtx_a5000")
    assert (price.capex - half_width(price.capex_se, REPLICATES, 0.9999) > 0.05).all()  # by its correlation alone


def test_a_constant_among_correlated_inputs_has_nothing(load):
    """The A6000's price is one number. A pattern that names it among uncertain ones makes nothing of it to know."""
    found = un.run(load(text(128, samples=1024, replicates=8) + CORRELATED.replace(PAIR, '"unit_price"')))
    assert found.copula.names[:2] == NAMES[3:]
    assert "rtx_a6000.unit_price" not in found.shapley.input.values
    assert "rtx_a6000.unit_price" not in found.influence.input.values


@pytest.mark.parametrize("which", ["results", "correlated"])
def test_shapley_effects_sum_to_one(which, request):
    found = request.getfixturevalue(which)
    sums = found.shapley.capex.sum("input", skipna=False)
    np.testing.assert_allclose(sums, 1, rtol=1e-12)
    values = found.done.statistics.drivers
    total = ratio(values["shapley"].sum(axis=1), values["whole"])  # before they are made to
    there = np.isfinite(total.value)
    assert np.count_nonzero(there) >= 9
    assert_close(total.value[there], total.se[there], 1, REPLICATES)
    assert total.se[there].max() < 0.02


# --- what it is worth to know ----------------------------------------------------------------------------------


@cache
def saved(some, prior=None, outer=7, inner=9):
    """What knowing some inputs saves of the mean capex of the choice: nested, each point with the same others.

    `prior` (standard deviation, error) has the A5000's price measured: outer points are of what is measured, and inner
    ones of the price given that, by Bayes' rule for normal logarithms.
    """
    found = []
    for seed in range(REPLICATES):
        known, rest = sobol(len(NAMES), outer, 100 + seed), sobol(len(NAMES), inner, 200 + seed)
        x = [value(i, known[i])[:, None] if i in some else value(i, rest[i]) for i in range(len(NAMES))]
        if prior:
            sd, error = prior
            kept = sd**2 / (sd**2 + error**2)
            seen = np.sqrt(sd**2 + error**2) * stats.norm.ppf(known[A5000])[:, None]
            x[A5000] = 2500 * np.exp(kept * seen + error * np.sqrt(kept) * stats.norm.ppf(rest[A5000]))
        means = np.broadcast_to(of_values(x)[0], (len(BUILDS), 1 << outer, 1 << inner)).mean(axis=-1)
        means += (expected() - means.mean(axis=1))[:, None]
        found.append(expected().min() - means.min(axis=0).mean())
    return combine(found)


@cache
def expected():
    """Mean capex (build,), by a million points."""
    return np.mean([of_levels(sobol(len(NAMES), 16, 300 + seed))[0].mean(axis=1) for seed in range(16)], axis=0)


@cache
def everything():
    """The expected regret of the build of least expected capex, (replicate,)."""
    best = expected().argmin()
    costs = [of_levels(sobol(len(NAMES), 14, 400 + seed))[0] for seed in range(REPLICATES)]
    return combine([(x[best] - x.min(axis=0)).mean() for x in costs])


def of_capex(results, name="evppi"):
    return results.information[[name, f"{name}_se"]].sel(criterion="capex", scenario="base")


@pytest.mark.parametrize("name", ["dgx_spark.unit_price", "rtx_a5000.unit_price", "battery_unit_price", "prices",
                                  "mixed"])
def test_value_of_knowing_inputs(results, name):
    wanted = saved(SETS[name])
    assert wanted.se < 50
    agree(of_capex(results), "evppi", wanted, input=name)


def test_perfect_information_is_the_regret_of_the_best_build(results):
    evpi = of_capex(results, "evpi")
    agree(evpi, "evpi", everything())
    assert 0 < evpi.evpi_se < 0.02 * evpi.evpi
    regret = results.ranking.sel(criterion="capex", scenario="base")
    best = int(np.argmin(regret.expected_regret.values))
    assert best == expected().argmin()
    np.testing.assert_allclose(evpi.evpi, regret.expected_regret[best], rtol=1e-12)
    np.testing.assert_allclose(evpi.evpi_se, regret.expected_regret_se[best], rtol=1e-9)


def test_all_inputs_are_worth_everything(results):
    evpi, everyone = of_capex(results, "evpi"), of_capex(results).sel(input="all")
    agree(everyone, "evppi", Estimate(evpi.evpi.values, evpi.evpi_se.values))


def test_no_set_is_worth_more_than_one_that_holds_it(results):
    evppi = of_capex(results)
    for small, large in (("rtx_a5000.unit_price", "prices"), ("dgx_spark.unit_price", "prices"), ("prices", "all"),
                         ("rtx_a5000.unit_price", "mixed"), ("pue", "mixed"), ("mixed", "all"), ("pue", "shared"),
                         ("battery_unit_price", "shared"), ("shared", "all")):
        one, other = evppi.sel(input=small), evppi.sel(input=large)
        allowed = half_width(np.hypot(one.evppi_se, other.evppi_se), REPLICATES, 0.9999)
        assert one.evppi <= other.evppi + allowed, (small, large)


def test_what_changes_no_choice_is_worth_exactly_nothing(load):
    """A price far above all others is known to lose; a component that all builds buy alike moves them alike."""
    tables = BUILD_TABLES.replace("unit_power = 0.36", "unit_power = 3.6")  # so many batteries that it never wins
    found = un.run(load(text(128, tables=tables, replicates=8, samples=1024)))
    evppi = of_capex(found)
    assert evppi.evppi.sel(input="dgx_spark.unit_price").item() == 0
    assert evppi.evppi_se.sel(input="dgx_spark.unit_price").item() == 0
    assert evppi.evppi.sel(input="rtx_a5000.unit_price").item() > 100
    assert found.first_order.capex.sel(input="dgx_spark.unit_price", build="dgx_spark").item() > 0.001


def test_values_where_more_is_better(load):
    """By samples: what the best of each has more than the build of most mean memory for a dollar."""
    study = load(text(256, samples=1024, outputs=["capex", "memory_per_dollar"]))
    found, _, _ = by_memory(study)
    assert found.evpi == 0  # the Spark has 128 GB
    less = BUILD_TABLES.replace("unit_power = 0.36", "unit_power = 0.36\nmemory = 38")
    found, gain, best = by_memory(load(text(256, tables=less, samples=1024, outputs=["capex", "memory_per_dollar"])))
    assert found.evpi > 0
    agree(found, "evppi", combine(gain), input="all")
    agree(found, "evppi_share", ratio(gain, best), input="all")
    everyone = found.sel(input="all")
    np.testing.assert_allclose(everyone.evppi / everyone.evppi_share, best.mean(), rtol=1e-7)
    assert found.unit == "GB/USD"


def by_memory(study):
    """What is told of a criterion, what knowing everything gives in samples, and what the best gives anyway."""
    found = un.run(study).information.sel(criterion="memory_per_dollar", scenario="base")
    memory = un.sample(study).memory_per_dollar.transpose("build", "replicate", "sample").values
    best = memory[memory.mean(axis=(1, 2)).argmax()]
    gain = (memory.max(axis=0) - best).mean(axis=1)
    np.testing.assert_allclose([found.evpi, found.evpi_se], combine(gain), rtol=1e-7)
    return found, gain, best.mean(axis=1)


WARM = "[scenarios.warm]\npue = " + dist("uniform", low=1.2, high=1.8) + "\n"
HOT = "[scenarios.hot]\npue = " + dist("uniform", low=1.4, high=2.1) + "\n"
FEE = "[components.fee]\nper = 'once'\nprice = 54000\nbuilds = ['dgx_spark']\n"  # against the batteries it saves


def test_a_scenario_is_told_by_itself(load):
    """Figures of one scenario are those of a study of it alone, to the bit; what is constant in it tells nothing."""
    asked = quote("meter", 0.03, "pue", "error") + quote("close", 0.05)
    tables = BUILD_TABLES.replace("unit_power = 0.36\n", "") + FEE
    both, *each = (un.run(load(text(64, samples=64, replicates=4, rest=asked, tables=tables + more)))
                   for more in (WARM + HOT + "[scenarios.cold]\npue = 1.1\n", WARM, HOT))
    for scenario, one in zip(("warm", "hot"), each, strict=True):
        for group in ("first_order", "total_order", "shapley", "information", "tornado", "shared"):
            alone, found = getattr(one, group), getattr(both, group).sel(scenario=[scenario])
            for name in alone:
                if not name.startswith("first_place"):
                    np.testing.assert_array_equal(alone[name], found[name].transpose(*alone[name].dims), err_msg=name)
        assert one.information.evsi.sel(measurement="meter", criterion="capex").item() > 10
    there = both.tornado.low_value.sel(input="pue")
    assert there.values.tolist()[:2] == [1.2 + 0.05 * (1.8 - 1.2), 1.4 + 0.05 * (2.1 - 1.4)]
    assert np.isnan(there.sel(scenario="cold"))
    for group, name in (("total_order", "capex"), ("shapley", "capex"), ("information", "evppi")):
        assert (getattr(both, group)[name].sel(input="pue", scenario="cold") == 0).all()
    assert (both.total_order.capex.sel(input="pue", scenario="hot") > 0.05).all()
    assert (both.information.evsi.sel(measurement="meter", scenario="cold") == 0).all()


def test_value_as_a_share_of_what_the_best_build_gives(results):
    share = of_capex(results, "evppi_share").sel(input="prices")
    wanted = saved(SETS["prices"])
    agree(share, "evppi_share", Estimate(*(x / expected().min() for x in wanted)))
    assert results.information.evppi_share.attrs["units"] == "1"


@pytest.mark.parametrize(("says", "error"), [("close", 0.05), ("far", 0.2)])
def test_value_of_a_measurement(results, says, error):
    agree(of_capex(results, "evsi"), "evsi", saved((), (0.15, error)), measurement=says)


def test_a_measurement_without_error_is_worth_what_the_input_is_and_a_useless_one_nothing(results):
    evsi, evppi = of_capex(results, "evsi"), of_capex(results).sel(input="rtx_a5000.unit_price")
    agree(evsi, "evsi", Estimate(evppi.evppi.values, evppi.evppi_se.values), measurement="none")
    useless = evsi.sel(measurement="useless")
    assert_close(useless.evsi, useless.evsi_se, 0, REPLICATES)
    worth = [evsi.evsi.sel(measurement=says).item() for says in QUOTES]
    assert worth == sorted(worth, reverse=True)
    assert worth[1] > worth[2] > 0


def test_no_measurement_is_worth_more_than_its_input(results):
    evsi, evppi = of_capex(results, "evsi"), of_capex(results)
    for says, name in (("meter", "pue"), ("list", "dgx_spark.unit_price"), ("close", "rtx_a5000.unit_price")):
        one, other = evsi.sel(measurement=says), evppi.sel(input=name)
        assert one.evsi.item() >= 0
        allowed = half_width(np.hypot(one.evsi_se, other.evppi_se), REPLICATES, 0.9999)
        assert one.evsi <= other.evppi + allowed, says


def test_net_value_is_less_by_the_cost_where_both_are_dollars(results):
    found = results.information.sel(scenario="base")
    capex = found.sel(criterion="capex")
    np.testing.assert_allclose(capex.net_value.sel(measurement="close"), capex.evsi.sel(measurement="close") - 50)
    np.testing.assert_allclose(capex.net_value.sel(measurement="meter"), capex.evsi.sel(measurement="meter") - 500)
    assert np.isnan(capex.net_value.sel(measurement="list"))  # of unknown cost
    assert found.net_value.sel(criterion="battery_count").isnull().all()  # batteries are no dollars
    assert found.unit.values.tolist() == ["USD", "1"]
    assert found.cost.values[:5].tolist() == [50, 50, 50, 50, 500]
    assert np.isnan(found.cost.values[5])
    assert found.measured.values.tolist() == ["rtx_a5000.unit_price"] * 4 + ["pue", "dgx_spark.unit_price"]


def test_what_to_look_up_first(results):
    """In order of what is surely the largest worth, over criteria; and the largest share of regret's variance."""
    found, share = results.influence, results.information.evppi_share
    assert sorted(found.input.values) == sorted(SETS)
    assert (np.diff(found.evppi_share) <= 0).all()
    for name in SETS:
        one = found.sel(input=name)
        assert (one.evppi_share == 0) == (one.criterion.item() == "") == (one.scenario.item() == "")
        if one.evppi_share != 0:
            place = {"input": name, "criterion": one.criterion.item(), "scenario": one.scenario.item()}
            assert one.evppi_share == share.sel(place)
            assert one.evppi_share_se == results.information.evppi_share_se.sel(place)
        worth, se = share.sel(input=name), results.information.evppi_share_se.sel(input=name)
        sure = (worth - half_width(se, REPLICATES)).max()
        assert one.evppi_share - half_width(one.evppi_share_se, REPLICATES) == sure
    for name in NAMES[3:]:  # each the only input of its build
        one = found.sel(input=name)
        wanted = results.shared.regret_share.sel(owner=name.partition(".")[0], criterion=one.regret_criterion.item(),
                                                 scenario=one.regret_scenario.item())
        np.testing.assert_allclose(one.regret_share, wanted, rtol=1e-12)
    np.testing.assert_allclose(found.regret_share.sel(input="all"), 1, rtol=1e-12)


# --- what builds share -----------------------------------------------------------------------------------------


def test_what_cancels_is_the_covariance_of_samples(study, results):
    capex = un.sample(study).capex.transpose("replicate", "build", "sample").values
    covariance = np.array([np.cov(each) for each in capex])
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    both = variance[:, :, None] + variance[:, None]
    found = results.shared.sel(criterion="capex", scenario="base")
    off = ~np.eye(3, dtype=bool)
    wanted = ratio(2 * covariance, both)
    assert_close(found.cancels_between.values[off], np.hypot(found.cancels_between_se.values, wanted.se)[off],
                 wanted.value[off], REPLICATES)
    np.testing.assert_array_equal(np.diag(found.cancels_between), 1)
    pairs = np.triu_indices(3, 1)
    agree(found, "cancels", ratio(2 * covariance[:, *pairs].sum(axis=-1), both[:, *pairs].sum(axis=-1)))


def test_regret_is_of_what_builds_share_and_of_what_each_has(results):
    found = results.shared.sel(criterion="capex", scenario="base")
    effects, whole = shapley_effects(0.0)[..., ROWS["regret"]], left()[SETS["all"]][:, ROWS["regret"]].sum(axis=-1)
    each = effects.sum(axis=-1)
    for owner, own in (("shared", each[:3].sum(axis=0)), ("rtx_a5000", each[A5000]), ("dgx_spark", each[SPARK])):
        agree(found, "regret_share", ratio(own, whole), owner=owner)
    assert found.regret_share.sel(owner="rtx_a6000") == 0
    np.testing.assert_allclose(results.shared.regret_share.sum("owner", skipna=False), 1, rtol=1e-12)


# --- tornado ---------------------------------------------------------------------------------------------------


def test_one_input_at_a_time(results):
    """At the 5 and 95 % quantiles, all others at their medians, by the arithmetic; to the rounding of its quantiles."""
    central, found = [law.median() for law in LAWS.values()], results.tornado.sel(scenario="base")
    base = of_values(central)
    for i, (name, law) in enumerate(LAWS.items()):
        ends = {}
        for end, level in (("low", 0.05), ("high", 0.95)):
            x = [*central[:i], law.ppf(level), *central[i + 1:]]
            ends[end] = of_values(x)
            np.testing.assert_allclose(found[f"{end}_value"].sel(input=name), law.ppf(level), rtol=1e-9)
            for out, values in zip(("capex", "battery_count"), ends[end], strict=True):
                np.testing.assert_allclose(found[f"{out}_{end}"].sel(input=name), values, rtol=1e-9)
        for out, low, high, middle in zip(("capex", "battery_count"), ends["low"], ends["high"], base, strict=True):
            np.testing.assert_allclose(found[f"{out}_baseline"], middle, rtol=1e-9)
            swing = np.maximum(np.maximum(low, high), middle) - np.minimum(np.minimum(low, high), middle)
            np.testing.assert_allclose(found[f"{out}_swing"].sel(input=name), swing, rtol=1e-7, atol=1e-6)
            one_sided = ((low > middle) & (high > middle)) | ((low < middle) & (high < middle))
            if not np.isclose(low, middle, rtol=1e-9, atol=0).any():
                np.testing.assert_array_equal(found[f"{out}_one_sided"].sel(input=name), one_sided)


def test_both_ends_on_one_side(load):
    """60 cards for $150,000 at $2,500 exactly: one dollar more, and it is 59, which together cost less."""
    price = 'unit_price = { dist = "uniform", low = 2490, high = 2530, central = 2500, source = "test" }'
    found = un.run(load(study_text(rest=f"[sensitivity]\nsamples = 64\n[build.rtx_a5000]\n{price}", outputs=["spend"])))
    one = found.tornado.sel(input="rtx_a5000.unit_price", scenario="base")
    spend = [60 * 2492 + 16 * 8200, 59 * 2528 + 15 * 8200]
    assert one.capex_baseline.sel(build="rtx_a5000") == 150_000 + 16 * 8200
    np.testing.assert_allclose([one.capex_low[0], one.capex_high[0]], spend, rtol=1e-12)
    assert one.capex_one_sided.values.tolist() == [1, 0]
    assert one.capex_swing.values.tolist() == [pytest.approx(150_000 + 16 * 8200 - min(spend)), 0]


def test_means_in_the_outer_tenths_are_those_of_samples(study, results):
    samples, found = un.sample(study), results.tornado.sel(scenario="base")
    inputs = {name: samples["unit_price"].sel(build=name.split(".")[0]) if "." in name else samples[name]
              for name in NAMES}
    for name, law in LAWS.items():
        x = inputs[name].transpose("replicate", "sample").values
        for end, inside in (("lower_tenth", x <= law.ppf(0.1)), ("upper_tenth", x >= law.ppf(0.9))):
            for out in ("capex", "battery_count"):
                y = samples[out].transpose("replicate", "build", "sample").values
                wanted = ratio((y * inside[:, None]).sum(axis=-1), inside.sum(axis=-1)[:, None])
                agree(found, f"{out}_{end}", wanted, input=name)


# --- the incremental evaluation --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen():
    """What is looked at in the reference study, which has scenarios, precisions, claims and correlated prices."""
    study = un.load("reference").with_sampling(samples=64, replicates=2)
    return look(plan_of(replace(study, inquiry=Inquiry())))


@pytest.fixture(scope="module")
def points(seen):
    """Levels of all streams, (point, stream, sample)."""
    return np.random.Generator(np.random.PCG64(5)).uniform(size=(2, len(seen.plan.streams), 32))


def assert_fresh(state, before, levels):
    """A state is bit for bit what its levels give afresh; and what differs from before is said to have changed."""
    fresh = at_levels(state.seen, levels)
    assert state.parts.keys() == fresh.parts.keys() == state.seen.layout.keys()
    for key, part in fresh.parts.items():
        np.testing.assert_array_equal(state.part(key), part, err_msg=str(key))
        if key in state.changed:
            np.testing.assert_array_equal(state.changed[key], part, err_msg=str(key))
        else:
            np.testing.assert_array_equal(before.part(key), part, err_msg=f"{key} did change")
    assert state.costs.keys() == fresh.costs.keys()
    for criterion, costs in fresh.costs.items():
        np.testing.assert_array_equal(state.costs[criterion], costs, err_msg=criterion.name)
    for name in state.seen.plan.slabs:
        np.testing.assert_array_equal(state.known[name], fresh.known[name], err_msg=name)


def given(own, levels):
    new = own.copy()
    for row, u in levels.items():
        new[row] = u
    return new


def test_one_input_moved(seen, points):
    own, other = points
    before, correlation = at_levels(seen, own), seen.plan.asked.drawn.correlation
    differ = set()
    for row in range(len(own)):
        levels = swapped(own, other, [row], correlation)
        after = before.moved(levels)
        assert_fresh(after, before, given(own, levels))
        differ |= set(after.changed)
    assert differ == set(seen.layout)


def test_sets_of_inputs_moved(seen, points):
    own, other = points
    before, random = at_levels(seen, own), np.random.Generator(np.random.PCG64(6))
    for _ in range(24):
        rows = random.permutation(len(own))[: random.integers(2, len(own) + 1)].tolist()
        levels = swapped(own, other, rows, seen.plan.asked.drawn.correlation)
        assert_fresh(before.moved(levels), before, given(own, levels))


def test_inputs_moved_one_after_the_other_and_back(seen, points):
    """As they are learnt; every state is moved from the last."""
    own, other = points
    state, now = at_levels(seen, own), own.copy()
    for row in np.random.Generator(np.random.PCG64(7)).permutation(len(own)).tolist():
        now[row] = other[row]
        after = state.moved({row: other[row]})
        assert_fresh(after, state, now)
        state = after
    back = state.moved(dict(enumerate(own)))
    assert_fresh(back, state, own)


def test_some_samples_moved(seen, points):
    own, other = points
    some = slice(8, 24)
    before = at_levels(seen, own).some(some)
    for row in range(0, len(own), 3):
        levels = {row: other[row, some]}
        assert_fresh(before.moved(levels), before, given(own[:, some], levels))


def test_only_what_hangs_on_an_input_is_made_anew(seen, points):
    own, other = points
    before, names = at_levels(seen, own), [s.name for s in seen.plan.streams]

    def kinds(name):
        row = names.index(name)
        return {key for key in before.moved({row: other[row]}).changed if key[0] in ("output", "regret")}

    assert ("output", "capex") not in kinds("rtx_pro_6000.sustained_ratio.fp16")
    assert ("output", "throughput_per_dollar") in kinds("rtx_pro_6000.sustained_ratio.fp16")
    assert ("output", "battery_count") not in kinds("battery_unit_price")
    assert {("output", "capex"), ("regret", "capex")} <= kinds("battery_unit_price")
    assert ("regret", "memory_pool") not in kinds("battery_unit_price")


def test_what_is_looked_at_is_what_samples_and_claims_are(seen):
    """At the levels of the study's own samples: outputs of all, regret and first places by hand, shares of claims."""
    study = seen.plan.study
    samples, found = un.sample(study), un.run(study)
    parts = [at_levels(seen, block.levels).parts for replicate in range(2) for block in blocks(seen.plan, replicate)]
    shape = (len(study.scenarios), len(study.builds), 64)
    for replicate, part in enumerate(parts):
        for name in ("capex", "battery_count"):
            values = samples[name].isel(replicate=replicate).transpose("scenario", "build", "sample").values
            np.testing.assert_array_equal(part["output", name].reshape(shape), values)
        capex = samples.capex.isel(replicate=replicate).transpose("scenario", "build", "sample").values
        regret = capex - capex.min(axis=1, keepdims=True)
        np.testing.assert_array_equal(part["regret", "capex"].reshape(shape), regret)
        first = regret <= 1e-9 * capex
        if ("first", "capex") in part:
            np.testing.assert_array_equal(part["first", "capex"].reshape(shape), first)
        rate = samples.throughput_per_dollar.isel(replicate=replicate).sel(precision="fp16")
        rate = rate.transpose("scenario", "build", "sample").values
        np.testing.assert_array_equal(part["regret", "throughput_per_dollar fp16"].reshape(shape),
                                      rate.max(axis=1, keepdims=True) - rate)
    assert seen.claims
    for claim in seen.claims:
        share = np.mean([part["claim", claim] for part in parts])
        assert share == found.claims.probability.sel(claim=claim), claim


# --- the same bits ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(load):
    more = '[scenarios.cold]\npue = 1.1\n[scenarios.hot]\n' + f'pue = {dist("pert", low=1.4, mode=1.65, high=2.1)}\n'
    return load(text(64, samples=64, rest=quote("close", 0.05), tables=BUILD_TABLES + more))


@pytest.fixture(scope="module")
def wanted(small):
    return un.run(small)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_tasks_of_any_size_and_processes_give_the_same_bits(small, wanted, size, monkeypatch):
    monkeypatch.setattr("uncertainty.engine.effort", lambda study: 1)
    monkeypatch.setattr("uncertainty.jobs.TASK", size)
    monkeypatch.setattr(execution, "SERIAL", 0)
    assert_same(un.run(small, jobs=2 if size == 3 else 1), wanted)


def test_a_run_that_was_stopped_has_the_same_drivers(small, wanted, tmp_path, monkeypatch):
    monkeypatch.setattr("uncertainty.jobs.TASK", 1)
    assert stopped(small, tmp_path, 7).done == 7
    job, found, tasks = resumed(small, tmp_path)
    assert (job.reused, tasks) == (7, 9)
    assert_same(found, wanted)
    assert_same(un.run(small, keep=tmp_path, resume=True, progress=lambda *_: pytest.fail("done again")), wanted)


@pytest.mark.parametrize("task", [1, 1 << 20])
def test_more_replicates_than_tell_change_no_driver(small, wanted, task, monkeypatch):
    """Those beyond the sixteenth only make the best build, and the value of everything, surer."""
    monkeypatch.setattr("uncertainty.jobs.TASK", task)
    found = un.run(small.with_sampling(replicates=DRIVEN + 3))
    assert len(found.done.statistics.drivers["whole"]) == DRIVEN
    for group in ("first_order", "total_order", "shapley", "shared", "tornado", "influence"):
        for name, frame in found.figures[group].variables.items():
            np.testing.assert_array_equal(frame.values, wanted.figures[group][name], err_msg=f"{group} {name}")
    for name in ("evppi", "evppi_se", "evppi_share", "evsi", "net_value"):
        np.testing.assert_array_equal(found.figures["information"][name], wanted.figures["information"][name])
    assert (found.information.evpi != wanted.information.evpi).any()


def test_no_more_samples_tell_than_a_replicate_has(small, wanted, load):
    more = un.run(load(small.text.replace("[sensitivity]\nsamples = 64", "[sensitivity]\nsamples = 256")))
    assert more.study.inquiry.samples == 256
    assert_same(more, wanted)


def test_drivers_leave_the_rest_of_the_bits(small, wanted, load):
    """Whether anything is asked, samples and all that comes of them are the same."""
    bare = un.run(load(small.text.replace("[sensitivity]\nsamples = 64", "[sensitivity]\nsamples = 0")))
    assert bare.influence is None
    for group, figures in bare.figures.items():
        for name, frame in figures.variables.items():
            np.testing.assert_array_equal(frame.values, wanted.figures[group][name], err_msg=f"{group} {name}")


# --- points of its own -----------------------------------------------------------------------------------------


def of_replicate(study):
    """What the first replicate says of what drives a study."""
    told = drivers(plan_of(study))
    return driven.driven(told, 0, [np.zeros((len(study.scenarios), len(study.builds)))] * len(told.chosen.criteria))


@pytest.mark.parametrize("size", [1, 64, 1000, 1 << 20])
def test_blocks_of_runs_change_nothing_but_rounding(small, size, monkeypatch):
    wanted = of_replicate(small)
    monkeypatch.setattr(driven, "BLOCK", size)
    found = of_replicate(small)
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        if name in ("evppi", "evsi"):
            assert values.any()
            np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-9 * np.abs(values).max())
        else:
            np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.fixture
def asked(monkeypatch):
    """What `driven` asks for as it values information: levels of runs, and of known inputs, as it is given them."""
    found = {"runs": [], "known": []}

    def at(seen, levels):
        if not seen.layout:  # costs alone
            found["runs"].append(levels)
        return at_levels(seen, levels)

    def swap(own, other, rows, correlation):
        if any(own is levels for levels in found["runs"]):
            found["known"].append((tuple(rows), other))
        return swapped(own, other, rows, correlation)

    monkeypatch.setattr(driven, "at_levels", at)
    monkeypatch.setattr(driven, "swapped", swap)
    return found


@pytest.mark.parametrize(("samples", "points", "inner"), [(64, 32, 8), (1024, 128, 32), (2048, 128, 64)])
def test_runs_where_inputs_are_known(load, asked, samples, points, inner):
    """Four times as many as samples, at about twice their root of points; never many at once."""
    study = load(text(samples))
    assert information.split(samples) == (points, inner)
    of_replicate(study)
    sizes = [levels.shape[1] for levels in asked["runs"]]
    assert sum(sizes) == points * inner == 4 * samples
    assert max(sizes) <= driven.BLOCK
    assert len(sizes) == max(1, points * inner // driven.BLOCK)


@pytest.mark.parametrize("method", ["sobol", "lhs"])
def test_known_inputs_and_the_others_are_evenly_spread_and_the_halves_independent(load, asked, method):
    """Points of known inputs fill their ranges by themselves, as a Latin hypercube does, and so does each half."""
    study = load(text(1024, method=method))
    of_replicate(study)
    told = drivers(plan_of(study))
    points, inner = information.split(1024)
    known = np.concatenate([other for rows, other in asked["known"] if rows == told.sets[0]], axis=1)
    assert known.shape[1] == points * inner
    outer = known[:, ::inner]
    np.testing.assert_array_equal(known, outer.repeat(inner, axis=1))
    runs = np.concatenate(asked["runs"], axis=1)
    others = runs[:, :inner]
    np.testing.assert_array_equal(runs, np.tile(others, points))
    halves = np.split(others, 2, axis=1)
    for levels in (outer, *halves):
        for row in told.rows:
            cells = np.sort(np.floor(levels[row] * levels.shape[1]))
            np.testing.assert_array_equal(cells, np.arange(levels.shape[1]))
    one, other = (levels[list(told.rows)] for levels in halves)
    assert not np.isin(one, other).any()
    assert not np.isin(outer[list(told.rows)], others[list(told.rows)]).any()


def test_a_replicate_takes_little_memory(load, monkeypatch):
    """However many samples: values of information are worked out in blocks, of which only means are kept."""
    study = load(text(8192, samples=8192, replicates=2, outputs=["capex"]))
    told = drivers(plan_of(study))
    outer = driven._twins(told.plan, information.split(8192)[0], 0)[0]
    peaks = []
    driven._known(told, 0, outer[:, :2], 128)  # whatever is made once
    for size in (driven.BLOCK, 4 * 8192):
        monkeypatch.setattr(driven, "BLOCK", size)
        tracemalloc.start()
        try:
            driven._known(told, 0, outer, 128)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[0] < 0.25 * peaks[1]


def test_points_that_the_study_does_not_stand_are_refused(load):
    """As its samples are: with the output and the inputs of the first of them."""
    study = load(text(64, battery_unit_price=dist("lognormal", median=8200, sigma=85.2)))
    seen = look(plan_of(study))
    levels = np.full((len(seen.plan.streams), 16), 0.5)
    at_levels(seen, levels)
    levels[[s.name for s in seen.plan.streams].index("battery_unit_price"), [3, 7]] = 1 - 2.0**-53
    wanted = r"capex \(rtx_a5000\) is not finite in 6 of 48 values; first where .*battery_unit_price = "
    with pytest.raises(un.ModelError, match=wanted):
        at_levels(seen, levels)


# --- groups ----------------------------------------------------------------------------------------------------

FOUR = ("rtx_a5000", "dgx_spark", "rtx_a6000", "rtx_pro_6000")
PRICED = "".join(f"[build.{build}]\nunit_price = {dist('lognormal', median=price, sigma=0.1)}\n"
                 for build, price in zip(FOUR, (2500, 3999, 4500, 8500), strict=True))


def linked(*groups):
    return "".join(f"[[correlation]]\ninputs = {list(group)!r}\nspearman = 0.5\n" for group in groups)


def prices(*builds):
    return [f"{build}.unit_price" for build in builds]


@pytest.mark.parametrize(("groups", "names"), [
    ([prices(*FOUR[:2]), prices(*FOUR[2:])], [" + ".join(prices(*FOUR[:2])), " + ".join(prices(*FOUR[2:]))]),
    ([prices(*FOUR[:3])], [" + ".join(prices(*FOUR[:3]))]),
    ([["unit_price"]], ["unit_price"]),
    ([prices(*FOUR[:2]), prices(*FOUR[1:3]), prices(*FOUR[2:])], ["unit_price"]),
    ([["pue", "battery_unit_price"]], ["pue + battery_unit_price"]),
    ([["pue", "rtx_a5000.unit_price"]], ["pue + rtx_a5000.unit_price"])])
def test_names_of_groups_of_correlated_inputs(load, groups, names):
    """By what they are if they are all that there are, and else by all of them: two groups of prices are two."""
    content = text(64, FOUR, tables=PRICED).partition("[sensitivity.groups]")[0]
    told = drivers(plan_of(load(content + PRICED + linked(*groups))))
    found = dict(zip(told.names, told.sets, strict=True))
    assert [name for name in told.names[len(told.rows):] if name not in ("shared", *FOUR)] == names
    streams = [s.name for s in told.plan.streams]
    for name in names:
        members = {streams[row] for row in found[name]}
        assert members == ({*prices(*FOUR)} if name == "unit_price" else set(name.split(" + ")))
        assert told.closed[told.names.index(name)]
    assert len(set(told.sets)) == len(told.sets)


def test_two_groups_of_one_slot_are_both_told(load):
    content = text(64, FOUR, tables=PRICED, samples=64, replicates=4).partition("[sensitivity.groups]")[0]
    found = un.run(load(content + PRICED + linked(prices(*FOUR[:2]), prices(*FOUR[2:]))))
    for pair in (FOUR[:2], FOUR[2:]):
        name = " + ".join(prices(*pair))
        for group in (found.first_order, found.total_order):
            there = group.capex.sel(input=name, scenario="base")
            assert (there.sel(build=list(pair)) > 0.1).all()
            assert (there.drop_sel(build=list(pair)) == 0).all()
        assert name in found.influence.input
        assert found.information.evppi.sel(input=name, criterion="capex").notnull().all()


# --- what is seldom --------------------------------------------------------------------------------------------


def test_noise_is_what_has_no_total_order_whatever_chance_gives(results):
    """The total order of an input that does nothing is zero exactly, so that the yardstick is zero, and not chance."""
    told = drivers(results.plan)
    for chance in (-0.5, 0.5):
        values = dict(results.done.statistics.drivers)
        values["chance"] = chance * values["whole"]
        total = shares(told, values)["total_order"].dataset()
        np.testing.assert_array_equal(total.capex_noise, results.total_order.capex_noise)
    noise = results.total_order.capex_noise.sel(scenario="base")
    zero = results.total_order.capex.sel(scenario="base") == 0
    np.testing.assert_array_equal(noise == 1, zero)
    assert zero.any()


@pytest.mark.parametrize("power", [0.434, 0.437, 0.438, 0.439, 0.44, 0.45])
def test_a_first_place_that_is_seldom_has_no_shares_or_no_error(load, power):
    """Of fewer than ten events one holds over a tenth of the variance; of none, or hardly one, nothing is told."""
    tables = BUILD_TABLES.replace("unit_power = 0.36", f"unit_power = {power}")
    found = un.run(load(text(256, tables=tables, samples=256)))
    told, whole = drivers(found.plan), found.done.statistics.drivers["whole"]
    row = told.seen.layout["first", "capex"].start + BUILDS.index("dgx_spark")
    events = np.rint(whole[:, row] * 512 / (1 - whole[:, row])).sum()
    assert events < 40
    sure = combine(whole[:, row])
    for group in (found.first_order, found.total_order, found.shapley):
        names = list(NAMES if group is found.shapley else SETS)
        one = group.sel(input=names, criterion="capex", scenario="base", build="dgx_spark")
        if events < 10:
            assert (one.first_place_se.isnull() | np.isinf(one.first_place_se)).all()
        if not events or sure.value <= half_width(sure.se, REPLICATES):
            assert one.first_place.isnull().all()
        often = group.sel(input=names, criterion="capex", scenario="base", build="rtx_a5000")
        assert np.isfinite(often.first_place_se).all()
        assert often.first_place.notnull().all()
    if events < 10:
        noise = found.total_order.first_place_noise.sel(criterion="capex", scenario="base", build="dgx_spark")
        assert (noise.isnull() | (noise == 1)).all()


def test_regret_of_a_choice_that_is_never_open_is_not_told(load, monkeypatch):
    """What falls short by a build that nobody would take moves nothing: where first place is never another's."""
    tables = BUILD_TABLES.replace("unit_power = 0.36", "unit_power = 3.6").partition("[build.rtx_a6000]")[0]
    study = load(text(64, BUILDS[:2], tables=tables, samples=64, replicates=4))
    found = un.run(study)
    assert (found.ranking.first_differs == 0).all()
    assert found.shared.regret_share.notnull().any()
    one = found.influence
    assert one.regret_share.isnull().all()
    assert one.regret_share_se.isnull().all()
    for name in ("criterion", "scenario", "regret_criterion", "regret_scenario"):
        assert set(one[name].values.tolist()) == {""}
    assert (one.evppi_share == 0).all()
    monkeypatch.setattr("uncertainty.influence.CONTESTED", 0.0)
    assert un.run(study).influence.regret_share.sel(input="all").item() == pytest.approx(1)


def test_regret_is_only_told_of_where_first_place_flips(load):
    """One scenario is open, and in the other the Spark takes so much power that it is none."""
    tables = BUILD_TABLES.partition("[build.rtx_a6000]")[0]
    more = "[scenarios.open]\n[scenarios.shut.build.dgx_spark]\nunit_power = 3.6\n"
    found = un.run(load(text(64, BUILDS[:2], tables=tables + more, samples=256, replicates=4)))
    flips = found.ranking.first_differs.sel(criterion="capex")
    assert flips.sel(scenario="open") > 0.01 > flips.sel(scenario="shut")
    there = found.influence.regret_share.values > 0
    assert found.influence.regret_scenario.values.tolist() == np.where(there, "open", "").tolist()
    assert np.count_nonzero(there) >= 5
    one = found.influence.sel(input="rtx_a5000.unit_price")
    place = {"criterion": one.regret_criterion.item(), "scenario": "open", "owner": "rtx_a5000"}
    np.testing.assert_allclose(one.regret_share, found.shared.regret_share.sel(place), rtol=1e-12)


def test_every_group_says_how_many_replicates_its_errors_are_of(results):
    for name in ("first_order", "total_order", "shapley", "shared", "information", "influence", "tornado"):
        count = getattr(results, name).replicates
        assert (count.dims, count.item()) == ((), REPLICATES)


# --- error bars ------------------------------------------------------------------------------------------------

SEEDS, FEW = 60, 8


@pytest.fixture(scope="module")
def repeated(load):
    """A tiny study, by many seeds."""
    some = text(64, samples=64, replicates=FEW)
    study = load("\n".join(line for line in some.splitlines() if not line.startswith(("mixed", "all"))))
    return [un.run(study.with_sampling(seed=seed)) for seed in range(SEEDS)]


def assert_honest(found, se, truth):
    """95 % intervals hold the truth about so often, and errors are as large as seeds differ.

    By chance either fails once in thousands of tests.
    """
    found, se = np.array(found), np.array(se)
    covered = np.count_nonzero(np.abs(found - truth) <= half_width(se, FEW))
    assert covered >= stats.binom.ppf(1e-4, SEEDS, 0.95), f"{covered} of {SEEDS}"
    spread = found.var(ddof=1) / (se**2).mean()
    low, high = stats.f.ppf([1e-4, 1 - 1e-4], SEEDS - 1, SEEDS * (FEW - 1))
    assert low <= spread <= high, f"{spread} is not between {low} and {high}"


@pytest.mark.parametrize(("group", "input", "build"), [
    ("first_order", "pue", "rtx_a6000"), ("first_order", "rtx_a5000.unit_price", "rtx_a5000"),
    ("total_order", "dgx_spark.unit_price", "dgx_spark"), ("total_order", "battery_unit_price", "rtx_a5000"),
    ("shapley", "dgx_spark.unit_price", "dgx_spark"), ("shapley", "depth_of_discharge", "rtx_a5000")])
def test_error_bars_of_indices_hold(repeated, group, input, build):
    row, some = NAMES.index(input), SETS[input]
    top = {"first_order": lambda: closed(0.0, some), "total_order": lambda: left()[some],
           "shapley": lambda: shapley_effects(0.0)[row]}[group]()
    at = BUILDS.index(build)
    truth = ratio(top[:, at], left()[SETS["all"]][:, at])
    found, se = ([getattr(r, group)[f"capex{end}"].sel(input=input, build=build).item() for r in repeated]
                 for end in ("", "_se"))
    assert truth.se < 0.2 * np.mean(se)
    assert_honest(found, se, truth.value)


@pytest.mark.parametrize("name", ["dgx_spark.unit_price", "rtx_a5000.unit_price", "prices"])
def test_error_bars_of_values_hold(repeated, name):
    truth = saved(SETS[name])
    found, se = ([of_capex(r)[f"evppi{end}"].sel(input=name).item() for r in repeated] for end in ("", "_se"))
    assert truth.se < 0.2 * np.mean(se)
    assert_honest(found, se, truth.value)


def test_error_bars_of_perfect_information_hold(repeated):
    found, se = ([of_capex(r, "evpi")[f"evpi{end}"].item() for r in repeated] for end in ("", "_se"))
    assert everything().se < 0.2 * np.mean(se)
    assert_honest(found, se, everything().value)
