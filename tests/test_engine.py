"""From a study to its statistics: extremes, refusals, missing precisions, tolerance, and bits that never change."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support import PRICES, assert_close, dist

import uncertainty as un
from uncertainty import engine, execution, plan
from uncertainty.model import OUTPUTS

PUE = dist("pert", low=1.05, mode=1.25, high=1.6)
LEDGER = """
[[claims]]
id = "C1"
says = "the Spark is the cheaper"
build = "dgx_spark"
output = "capex"
is = "best"
[[claims]]
id = "C2"
says = "and so at the median"
build = "dgx_spark"
output = "capex"
at = { scenario = "hot" }
is = "below"
than = "rtx_a5000"
quantile = 0.5
[[picks]]
says = "training"
builds = ["rtx_a5000"]
best_by = [{ output = "training_throughput", precision = "fp16" }, { output = "capex" }]
[[ratings]]
says = "Memory"
stars = { rtx_a5000 = 1, dgx_spark = 5 }
output = "memory_per_dollar"
[[ratings]]
says = "Confidence"
stars = { rtx_a5000 = 2, dgx_spark = 1 }
output = "capex"
width = true
"""


def assert_same(one, two):
    assert one.figures.keys() == two.figures.keys()
    for name, group in one.figures.items():
        xr.testing.assert_identical(group.dataset(), two.figures[name].dataset())
    np.testing.assert_equal(one.breaks, two.breaks)


def blocks_of(size, monkeypatch):
    monkeypatch.setattr(plan, "LEAST_BLOCK", size)
    monkeypatch.setattr(plan, "MOST_BLOCK", size)


def priced(price):
    return f"[build.rtx_a5000]\nunit_price = {price}\n"


# --- extreme but legal -------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"rest": priced(150_000.01)}, {"budget": 1}, {"rest": priced(1e300)}])
def test_a_budget_that_buys_nothing(make_study, settings):
    means = un.run(make_study(**settings)).means.isel(scenario=0, build=0)
    for name in ("device_count", "node_count", "spend", "run_energy", "battery_count", "capex", "memory_pool"):
        assert means[name] == 0, name
    assert means.leftover == settings.get("budget", 150_000)
    assert means.capex_reference == settings.get("budget", 150_000)
    for name in ("throughput_per_dollar", "memory_per_dollar", "bandwidth_per_dollar"):
        assert means[name].isnull().all(), name
    assert means.memory_per_spend > 0


def test_buying_nothing_is_cheapest_and_worst_value(make_study):
    ranking = un.run(make_study(rest=priced(200_000))).ranking.isel(scenario=0)
    first = ranking.rank_acceptability.sel(build="rtx_a5000", rank=1)
    assert first.sel(criterion="capex") == 1
    assert first.sel(criterion="memory_per_dollar") == 0
    assert ranking.expected_regret.sel(criterion="memory_per_dollar", build="rtx_a5000").isnull()


def test_a_ratio_to_nothing_comes_after_every_other_and_is_not_dropped(make_study):
    """Half the time the only card costs more than the budget."""
    price = dist("discrete", values=[2500, 3500], probabilities=[0.5, 0.5])
    results = un.run(make_study(budget=3000, rest=priced(price)))
    means, bands = (x.sel(build="rtx_a5000").isel(scenario=0) for x in (results.means, results.bands))
    assert means.device_count == 0.5
    for name in ("memory_per_dollar", "memory_per_dollar_se"):
        assert means[name].isnull(), name
    assert means.memory_per_spend == pytest.approx(24 * (1 / 2500 + 1 / 3500) / 2, rel=1e-12)
    found = bands.memory_per_dollar
    np.testing.assert_allclose(found.sel(quantile=[0.05, 0.25, 0.5]), 24 / (2500 + 8200), rtol=1e-12)
    assert found.sel(quantile=[0.75, 0.95]).isnull().all()
    assert (bands.memory_per_dollar_se.sel(quantile=[0.05, 0.25]) == 0).all()
    assert bands.memory_per_dollar_se.sel(quantile=[0.5, 0.75, 0.95]).isnull().all()  # at 1/2 it may be either


@pytest.mark.parametrize(("hours", "losses", "count"), [
    (8, 0.9, 16), (1, 1.0, 2), (0.25, 1.0, 2),  # 20.7 kW: 1.53 units of energy in an hour, 1.8 of power
    (1, 0.9, 2), (1000, 0.9, 1894), (1e6, 1.0, 1_533_334)])
def test_energy_or_power_whichever_needs_more(make_study, hours, losses, count):
    results = un.run(make_study(run_hours=hours, discharge_efficiency=losses, depth_of_discharge=losses))
    assert results.means.battery_count.sel(build="rtx_a5000") == count
    assert results.means.battery_count_se.sel(build="rtx_a5000") == 0


def test_components_are_counted_per_device_per_node_and_once(make_study):
    rest = """
[components]
cable = { per = "device", price = 10, source = "test" }
server = { per = "node", price = 1000, source = "test" }
licence = { per = "once", price = 100_000, source = "test" }
"""
    plain, more = (un.run(make_study(rest=r)).means.isel(scenario=0) for r in ("", rest))
    wanted = xr.DataArray([60 * 10 + 8 * 1000 + 100_000, 37 * 10 + 37 * 1000 + 100_000], dims="build")
    assert (more.component_cost == wanted).all()
    assert (more.capex == plain.capex + wanted).all()
    assert (more.capex_reference == plain.capex_reference + wanted).all()
    assert un.run(make_study(budget=1, rest=rest)).means.component_cost.max() == 0


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "said"), [
    ({"run_hours": 1e308}, r"run_energy \(.*\) is not finite in 2 of 2 values; first where .*run_hours = 1e.308"),
    ({"rest": priced(1e-305)}, r"device_count \(.*\) is not finite in 1 of 2 values .*; first where .*price = 1e-305"),
    ({"discharge_efficiency": 1e-200, "depth_of_discharge": 1e-200}, r"battery_energy \(.*\) is not finite in 2 of 2"),
    ({"rest": priced(dist("discrete", values=[1e-305, 2500], probabilities=[0.25, 0.75], central=2500))},
     r"device_count \(.*\) is not finite in 16 of 128 values .*; first where unit_price = 1e-305"),
])
def test_what_is_not_finite_is_refused_with_its_inputs(make_study, settings, said):
    study = make_study(**settings)
    with pytest.raises(un.ModelError, match=said):
        un.run(study)
    with pytest.raises(ValueError, match=said):
        un.sample(study)


RARE = dist("discrete", values=[1e-305, 2500], probabilities=[0.25, 0.75], central=2500)


@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_what_a_refusal_says_does_not_depend_on_the_block(make_study, method, monkeypatch):
    study, said = make_study(rest=priced(RARE), method=method), set()
    for block in (2, 8, 64, 1 << 20):
        blocks_of(block, monkeypatch)
        for refused in (lambda: un.run(study), lambda: un.sample(study)):
            with pytest.raises(un.ModelError) as error:
                refused()
            said.add(str(error.value))
    assert len(said) == 1


def test_counts_that_floats_cannot_tell_apart_are_refused(make_study):
    with pytest.raises(un.ModelError, match=r"device_count .* in 1 of 2 values .*; first where .*unit_price = 1e-12"):
        un.run(make_study(rest=priced(1e-12)))  # 1.5e17 cards
    price = 1.5e5 / 2.0**53
    assert un.run(make_study(rest=priced(price * (1 + 1e-12)), unit_power=1e-9)).means.device_count[0, 0] < 2.0**53
    with pytest.raises(un.ModelError, match="device_count"):
        un.run(make_study(rest=priced(price * (1 - 1e-12)), unit_power=1e-9))


@pytest.mark.parametrize("tolerance", [0, 1, -0.1, float("nan")])
def test_a_tolerance_that_makes_no_sense_is_refused(make_study, tolerance):
    with pytest.raises(ValueError, match="wanted a number between 0 and 1"):
        un.run(make_study(), tolerance=tolerance)


# --- missing precisions ------------------------------------------------------------------------------------


def test_a_missing_precision_is_missing_everywhere_and_hurts_no_other(make_study):
    results = un.run(make_study(builds=["rtx_a5000", "dgx_spark", "rtx_pro_6000"], pue=PUE, rest=PRICES))
    typed = [n for n in results.bands if "precision" in results.bands[n].dims]
    assert len(typed) == 8  # four outputs and their errors
    for name in typed:
        fp4 = results.bands[name].sel(precision="fp4")
        assert fp4.sel(build="rtx_a5000").isnull().all(), name
        assert fp4.sel(build=["dgx_spark", "rtx_pro_6000"]).notnull().all(), name
    ranks = results.ranking.rank_acceptability.sel(criterion="throughput fp4", scenario="base")
    assert ranks.sel(build="rtx_a5000").isnull().all()
    assert ranks.sel(rank=3).isnull().all()
    there = ranks.sel(build=["dgx_spark", "rtx_pro_6000"], rank=[1, 2])
    np.testing.assert_allclose(there.sum("build"), 1, atol=1e-12)
    np.testing.assert_allclose(there.sum("rank"), 1, atol=1e-12)
    win = results.ranking.win.sel(criterion="throughput fp4", scenario="base")
    assert win.sel(build="rtx_a5000").isnull().all()
    assert win.sel(other="rtx_a5000").isnull().all()


def test_one_number_for_every_precision(make_study):
    throughput = un.run(make_study(peak=100.0)).means.throughput.isel(scenario=0)
    assert throughput.sel(build="rtx_a5000").values.tolist() == [3000, 6000, 6000, 6000, 6000]  # headline: half, dense


def test_one_build_alone(make_study):
    ranking = un.run(make_study(builds=["rtx_a5000"], rest=priced(dist("uniform", low=2000, high=3000)))).ranking
    assert (ranking.rank_acceptability == 1).all()
    assert (ranking.kendall_tau == 1).all()
    assert (ranking.order_differs == 0).all()
    assert (ranking.expected_regret == 0).all()


# --- what statistics are made of ---------------------------------------------------------------------------

SCENARIOS = """
[scenarios.cold]
pue = { dist = "uniform", low = 1.1, high = 1.3, source = "test" }
[scenarios.hot]
pue = { dist = "pert", low = 1.4, mode = 1.65, high = 2.1, source = "test" }
"""


def test_site_and_scenarios_share_their_draws(make_study):
    samples = un.sample(make_study(rest=PRICES + SCENARIOS))
    assert samples.pue.dims == ("replicate", "sample", "scenario")
    ranks = samples.pue.values.argsort(axis=1)
    np.testing.assert_array_equal(ranks[..., 0], ranks[..., 1])
    assert "scenario" not in samples.unit_price.dims
    assert (samples.battery_count.sel(scenario="hot") >= samples.battery_count.sel(scenario="cold")).all()


def test_statistics_are_those_of_the_samples(make_study):
    study = make_study(pue=PUE, rest=PRICES, replicates=4)
    results, samples = un.run(study), un.sample(study)
    capex, walls = samples.capex, samples.battery_count
    everything = ("replicate", "sample")
    found = results.ranking.sel(criterion="capex", scenario="base")
    np.testing.assert_allclose(results.means.capex.sel(scenario="base"), capex.mean(everything), rtol=1e-13)
    np.testing.assert_allclose(found.expected_regret, (capex - capex.min("build")).mean(everything), rtol=1e-12)
    first = (capex == capex.min("build")).mean(everything)
    np.testing.assert_allclose(found.rank_acceptability.sel(rank=1), first, atol=1e-12)
    central = results.central.capex.sel(scenario="base")
    differs = ((capex.isel(build=0) < capex.isel(build=1)) != (central[0] < central[1]).item()).mean(everything)
    for name in ("order_differs", "first_differs"):
        assert found[name].item() == pytest.approx(differs.item(), abs=1e-12)
    assert found.kendall_tau.item() == pytest.approx(1 - 2 * differs.item(), abs=1e-12)
    for build in ("rtx_a5000", "dgx_spark"):
        counts = results.counts.sel(build=build, scenario="base")
        numbers = walls.sel(build=build).values.ravel()
        shares = [np.mean(numbers == k) for k in counts["number"].values]
        np.testing.assert_allclose(counts.battery_count_probability, shares, atol=1e-12)
        enough = counts.battery_count_enough.item()
        assert enough == np.quantile(numbers, 0.95, method="inverted_cdf")
        assert counts.battery_count_shortfall.item() == pytest.approx(np.mean(numbers > enough), abs=1e-12)


@pytest.mark.parametrize(("rare", "enough", "shortfall"), [(1 / 16, 20, 0), (1 / 32, 16, 1 / 32)])
def test_enough_leaves_a_shortfall_of_at_most_5_percent(make_study, rare, enough, shortfall):
    """16 Powerwalls at a PUE of 1.2, 20 at 1.56, as in Table 6."""
    pue = dist("discrete", values=[1.2, 1.56], probabilities=[1 - rare, rare])
    counts = un.run(make_study(pue=pue)).counts.sel(build="rtx_a5000", scenario="base")
    assert counts.battery_count_probability.sel(number=20) == rare
    assert counts.battery_count_enough == enough
    assert counts.battery_count_shortfall == shortfall


def test_shares_sum_to_one_and_whole_numbers_stay_whole(make_study):
    results = un.run(make_study(builds=["rtx_a5000", "dgx_spark", "rtx_a6000"], pue=PUE, rest=PRICES + SCENARIOS))
    ranks = results.ranking.rank_acceptability.dropna("criterion")
    np.testing.assert_allclose(ranks.sum("rank"), 1, atol=1e-12)
    np.testing.assert_allclose(ranks.sum("build"), 1, atol=1e-12)
    tau, probability = results.ranking["tau"], results.ranking.tau_probability
    np.testing.assert_allclose(probability.sum("tau"), 1, atol=1e-12)
    np.testing.assert_allclose(probability @ tau, results.ranking.kendall_tau, atol=1e-12)
    for name in ("device_count", "node_count", "battery_count"):
        np.testing.assert_allclose(results.counts[f"{name}_probability"].sum("number"), 1, atol=1e-12)
        assert (results.bands[name] % 1 == 0).all()


def test_tau_has_the_values_that_some_criterion_can_have(make_study, tmp_path):
    """Ten pairs of five builds make steps of 1/10; of three that have FP4, three pairs steps of 1/3."""
    builds = ["rtx_a5000", "rtx_a6000", "dgx_spark", "rtx_pro_6000", "third"]
    (tmp_path / "devices").mkdir()
    sheet = Path(__file__).parents[1] / "configs" / "devices" / "rtx_pro_6000.toml"
    (tmp_path / "devices" / "third.toml").write_bytes(sheet.read_bytes())
    ranking = un.run(make_study(builds=builds, pue=PUE, rest=PRICES)).ranking
    assert ranking.rank_acceptability.sel(criterion="throughput fp4", rank=1).notnull().sum() == 3
    tenths, thirds = np.arange(-10, 11) / 10, np.arange(-3, 4) / 3
    np.testing.assert_allclose(ranking["tau"], np.unique(np.round([*tenths, *thirds], 9)), atol=1e-9)
    assert (np.diff(ranking["tau"]) > 1e-6).all()
    np.testing.assert_allclose(ranking.tau_probability.sum("tau"), 1, atol=1e-12)
    np.testing.assert_allclose(ranking.tau_probability @ ranking["tau"], ranking.kendall_tau, atol=1e-11)


def test_blocks_are_handed_on_as_they_are_sampled(make_study):
    study = make_study(pue=PUE, rest=PRICES + SCENARIOS)
    its, samples, seen = plan.plan_of(study), un.sample(study), []
    engine.part(its, 5, 6, lambda *block: seen.append(block))
    (replicate, start, values), = seen
    assert (replicate, start) == (5, 0)
    assert set(values) == {name for name, spec in OUTPUTS.items() if not spec.extra} | set(its.slabs)
    for name in ("capex", "pue", "unit_price"):
        np.testing.assert_array_equal(np.squeeze(np.moveaxis(values[name], -1, 0)),
                                      samples[name].isel(replicate=5), err_msg=name)


def test_only_what_is_asked_for_is_worked_out_and_it_is_the_same(make_study):
    study = {"pue": PUE, "rest": PRICES}
    every = un.run(make_study(**study))
    some = un.run(make_study(**study, outputs=["memory_pool", "throughput"], precisions=["fp16"]))
    assert list(some.means.data_vars)[::2] == ["device_count", "battery_count", "capex", "throughput", "memory_pool"]
    assert some.means["precision"].values.tolist() == ["fp16"]
    assert some.ranking["criterion"].values.tolist() == ["capex", "battery_count", "throughput fp16", "memory_pool"]
    for data in ("central", "means", "counts"):
        for name, values in getattr(some, data).items():
            wanted = getattr(every, data)[name]
            if "number" in values.dims:  # of node_count, there are others
                wanted = wanted.sel(number=values["number"])
            xr.testing.assert_equal(values, wanted.sel(precision=["fp16"]) if "precision" in values.dims else wanted)
    xr.testing.assert_equal(some.ranking.win, every.ranking.win.sel(criterion=some.ranking["criterion"]))
    unlike = abs(some.bands.capex - every.bands.capex) / every.bands.capex_se.where(every.bands.capex_se > 0)
    assert unlike.max() < 0.2  # other bins, as there are fewer outputs


def test_listing_the_builds_in_another_order_permutes_the_answers(make_study):
    builds = ["rtx_a5000", "dgx_spark", "rtx_a6000"]
    settings = {"pue": PUE, "rest": PRICES, "samples": 256, "replicates": 16}
    one, two = (un.run(make_study(builds=b, **settings)) for b in (builds, builds[::-1]))
    some = {"criterion": ["capex", "memory_per_dollar", "throughput fp16"], "build": builds, "other": builds}
    means, ranking = ([r.means.sel(build=builds) for r in (one, two)], [r.ranking.sel(some) for r in (one, two)])
    for (a, b), names in ((means, ("capex", "battery_count")),
                          (ranking, ("rank_acceptability", "win", "tie", "expected_regret"))):
        for name in names:
            se = np.hypot(a[f"{name}_se"], b[f"{name}_se"])
            assert_close(a[name].fillna(0), se.fillna(0), b[name].fillna(0).values, 16, samples=one.samples)


def test_constants_have_no_error(make_study):
    results = un.run(make_study())
    for data in (results.bands, results.means, results.counts, results.ranking):
        for name in (n for n in data if str(n).endswith("_se")):
            assert (data[name].fillna(0) == 0).all(), name
    assert results.convergence == (8, 0, 0, None)


# --- tolerance ---------------------------------------------------------------------------------------------


def test_tolerance_adds_replicates_until_it_is_met(make_study):
    study = make_study(pue=PUE, rest=PRICES)
    seen = []
    results = un.run(study, tolerance=0.003, progress=lambda *p: seen.append(p))
    replicates = results.convergence.replicates
    assert results.convergence.reached
    assert max(results.convergence.capex, results.convergence.rank) <= 0.003 < max(un.run(study).convergence[1:3])
    assert replicates > 8
    assert results.samples == 64 * replicates
    done, wanted = zip(*seen, strict=True)
    assert sorted(set(done)) == list(done)
    assert done[-1] == wanted[-1] == replicates
    assert_same(results, un.run(study.with_sampling(replicates=replicates)))


@pytest.mark.parametrize(("done", "worst", "wanted"), [
    (16, 0.01, 16), (16, 0.015, 36), (16, 0.02, 64),  # errors fall with the square root
    (16, 0.5, 64), (200, 0.015, 256), (16, 0.0100001, 17)])  # four times more at once, 256 in all, one at least
def test_how_many_replicates_should_be_enough(done, worst, wanted):
    assert engine.enough(done, worst, 0.01) == wanted


def test_tolerance_that_is_met_already_adds_nothing(make_study):
    assert un.run(make_study(pue=PUE), tolerance=0.9).convergence.replicates == 8


def test_tolerance_trusts_no_error_of_fewer_than_8_replicates(make_study):
    study = make_study(pue=PUE, replicates=2)
    assert un.run(study).convergence.replicates == 2
    results = un.run(study, tolerance=0.9)
    assert results.convergence.replicates == 8
    assert_same(results, un.run(study.with_sampling(replicates=8)))


def test_more_replicates_than_tolerance_would_make_are_made_if_asked_for(make_study):
    convergence = un.run(make_study(pue=PUE, rest=PRICES, samples=4, replicates=260), tolerance=1e-6).convergence
    assert (convergence.replicates, convergence.reached) == (260, False)


def test_tolerance_says_when_it_stopped_at_the_limit(make_study, monkeypatch):
    monkeypatch.setattr(engine, "MOST_REPLICATES", 20)
    convergence = un.run(make_study(pue=PUE, rest=PRICES), tolerance=1e-6).convergence
    assert convergence.replicates == 20
    assert not convergence.reached


# --- the same bits -----------------------------------------------------------------------------------------

CORRELATED = '[[correlation]]\ninputs = ["unit_price"]\nspearman = 0.3\n'
LARGER = {"pue": PUE, "rest": PRICES + SCENARIOS + CORRELATED + LEDGER, "samples": 256}


@pytest.fixture
def study(make_study):
    return make_study(**LARGER)


@pytest.mark.parametrize("block", [128, 256, 512, 1 << 20])
@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_the_block_size_changes_no_bit(study, method, block, monkeypatch):
    """Of 128 samples and more: below that NumPy sums in another order. Figures are of 1,024 samples otherwise."""
    study = study.with_sampling(method=method, replicates=2, samples=1024)
    wanted = un.run(study)
    blocks_of(block, monkeypatch)
    assert plan.block_size(plan.plan_of(study)) == min(block, 1024)
    assert_same(un.run(study), wanted)


def test_the_block_size_changes_no_count_of_tests(study, monkeypatch):
    """Flips, how often claims hold, the nearest flips and the levels at which they are: not only what comes of them."""
    study = study.with_sampling(replicates=2, samples=1024)
    wanted = engine.part(plan.plan_of(study), 0, 2)
    assert wanted.statistics.tests["flips"].any()
    assert wanted.totals.levels.any()
    assert np.isfinite(wanted.statistics.tests["distance"]).any()
    for block in (128, 256, 512):
        blocks_of(block, monkeypatch)
        found = engine.part(plan.plan_of(study), 0, 2)
        np.testing.assert_equal(found.statistics.tests, wanted.statistics.tests)
        np.testing.assert_equal(tuple(found.totals), tuple(wanted.totals))
    apart = [engine.part(plan.plan_of(study), r, r + 1) for r in range(2)]
    totals = engine.nothing(plan.plan_of(study))
    for each in apart:
        engine.gather(totals, each)
    np.testing.assert_equal(tuple(totals), tuple(wanted.totals))
    np.testing.assert_equal(engine.joined([each.statistics for each in apart]).tests, wanted.statistics.tests)


@pytest.mark.parametrize("jobs", [2, None])
def test_processes_change_no_bit(study, jobs, monkeypatch):
    wanted = un.run(study)
    monkeypatch.setattr(execution, "SERIAL", 0)
    assert_same(un.run(study, jobs=jobs), wanted)
    tolerant = un.run(study, tolerance=0.002)
    assert tolerant.convergence.replicates > 8
    assert_same(un.run(study, jobs=jobs, tolerance=0.002), tolerant)


def test_threads_change_no_bit(study):
    with ThreadPoolExecutor(3) as executor:
        assert_same(un.run(study, executor=executor), un.run(study))


def test_small_runs_start_no_process(study, monkeypatch):
    monkeypatch.setattr(execution, "ProcessPoolExecutor", None)
    un.run(study, jobs=2)


def test_seed_zero_is_a_seed(study):
    zero, again, one = (un.run(study.with_sampling(seed=s)) for s in (0, 0, 1))
    assert_same(zero, again)
    assert not zero.bands.capex.equals(one.bands.capex)


def test_studies_in_threads_do_not_take_each_others_plan(make_study):
    studies = [make_study(budget=b) for b in (100_000, 150_000)] * 20
    with ThreadPoolExecutor(4) as executor:
        plans = list(executor.map(plan.plan_of, studies))
    assert [p.study.digest for p in plans] == [s.digest for s in studies]
