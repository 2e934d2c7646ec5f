"""Studies read otherwise: what is changed, that nothing else is, and which conclusions do not survive it."""

import io

import numpy as np
import pytest
from rich.console import Console
from scipy import stats
from support import assert_close, dist

import uncertainty as un
from uncertainty import stress as stressed
from uncertainty import terminal
from uncertainty.model import INPUTS
from uncertainty.plan import ModelError, leading, plan_of, prepare
from uncertainty.quantity import Quantity
from uncertainty.readings import _wide, variants
from uncertainty.report.stress import _cell, first_table, stress_sections, stress_table, stress_tree
from uncertainty.stress import GIVEN, stress

PRICE = "\n[build.{}]\nunit_price = {}\n".format
UNIFORM = dist("uniform", low=2000, high=3000)
BOTH = PRICE("rtx_a5000", dist("lognormal", median=2500, sigma=0.1)) + PRICE(
    "dgx_spark", dist("lognormal", median=4000, sigma=0.1))
CORRELATED = '\n[[correlation]]\ninputs = ["dgx_spark.unit_price", "rtx_a5000.unit_price"]\nspearman = {}\n'.format
AT_LEAST = """
[[claims]]
id = "L{0}"
says = "A5000: {0} devices or more"
build = "rtx_a5000"
output = "device_count"
is = "at least"
than = {0}
""".format
CHEAP = """
[[claims]]
id = "B"
says = "60 A5000 or more, and 37 Sparks"
[[claims.all]]
build = "rtx_a5000"
output = "device_count"
is = "at least"
than = 60
[[claims.all]]
build = "dgx_spark"
output = "device_count"
is = "at least"
than = 37
"""


def readings(study):
    return {variant.key: variant for variant in variants(study)}


def stress_of(study):
    results = un.run(study)
    return stress(results.plan, results.done)


def value(study, name):
    (found,) = {entry.quantity.value for entry in study.entries[name].values() if entry.quantity.uncertain}
    return found


def wide(kind, name="battery_unit_price", **parameters):
    return _wide(Quantity(un.distributions.marginal(kind, **parameters)), INPUTS[name]).value


def at(group, key):
    return group["variant"].tolist().index(key)


# --- ranges read wide --------------------------------------------------------------------------------------------


def test_the_ends_of_ranges_become_quantiles_and_modes_stay():
    assert wide("uniform", low=8000, high=12000).support == pytest.approx((7500, 12500))
    low, mode, high = wide("triangular", low=8000, mode=9000, high=12000).parameters
    triangle = stats.triang((mode - low) / (high - low), low, high - low)
    assert triangle.cdf([8000, 12000]) == pytest.approx([0.1, 0.9])
    assert mode == 9000
    low, mode, high = wide("pert", low=8000, mode=9000, high=12000).parameters
    a, b = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    assert stats.beta(a, b, low, high - low).cdf([8000, 12000]) == pytest.approx([0.1, 0.9])
    assert mode == 9000


def test_a_range_stays_within_what_the_quantity_can_be():
    found = wide("pert", "discharge_efficiency", low=0.86, mode=0.93, high=0.99)
    assert found.parameters[2] > 1
    assert found.support[1] == 1.0
    kept = 1 - stats.beta.sf(1.0, *_beta(found.parameters))
    assert found.cdf([0.86, 0.99]) * kept == pytest.approx([0.1, 0.9])


def _beta(parameters):
    low, mode, high = parameters
    return 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low), low, high - low


@pytest.mark.parametrize(("kind", "parameters", "fixed"), [
    ("pert", {"low": 0.75, "mode": 0.9, "high": 1.0}, 2), ("triangular", {"low": 0.5, "mode": 0.5, "high": 0.8}, 0),
    ("triangular", {"low": 0.5, "mode": 0.8, "high": 0.8}, 2),
    ("pert", {"low": 0.5, "mode": 0.7, "high": 0.8, "min": 0.6}, 0)])
def test_an_end_beyond_which_nothing_can_be_stays_an_end(kind, parameters, fixed):
    found = wide(kind, "depth_of_discharge", **parameters)
    given = [parameters[name] for name in ("low", "mode", "high")]
    assert found.parameters[fixed] == given[fixed]
    assert found.parameters[1] == given[1]
    family = un.distributions.Marginal(kind, found.parameters)
    assert family.cdf(given[2 - fixed]) == pytest.approx(0.9 if fixed == 0 else 0.1)
    assert found.low == parameters.get("min", 0.0)


def test_a_range_that_is_told_by_quantiles_stays(make_study):
    ranges = {"pue": dist("pert", low=1.1, mode=1.2, high=1.5), "battery_unit_price": dist(
        "triangular", p5=8000, mode=9000, p95=12000), "depth_of_discharge": dist("uniform", p10=0.8, p90=0.9)}
    study = make_study(**ranges, rest=PRICE("rtx_a5000", dist("pert", p2_5=2000, mode=2500, high=3200, max=3100)))
    (found, *_) = variants(study)
    assert set(found.kept) == {"battery_unit_price", "depth_of_discharge", "rtx_a5000.unit_price"}
    told = make_study(pue=dist("uniform", p10=1.1, p90=1.3))
    assert list(readings(told)) == ["tails cut"]


def test_what_no_range_is_stays_and_is_named(make_study):
    study = make_study(pue=dist("pert", low=1.1, mode=1.2, high=1.5), rest=BOTH,
                       depth_of_discharge=dist("discrete", values=[.8, .9]))
    found = readings(study)["ranges wide"]
    assert set(found.kept) == {"depth_of_discharge", "rtx_a5000.unit_price", "dgx_spark.unit_price"}
    assert value(found.study, "depth_of_discharge") == value(study, "depth_of_discharge")
    assert value(found.study, "pue").median() != value(study, "pue").median()
    assert value(found.study, "pue").center() == value(study, "pue").center()


def test_a_range_as_wide_as_can_be_is_no_other_reading(make_study):
    study = make_study(depth_of_discharge=dist("triangular", low=0.5, mode=1.0, high=1.0, min=0.5))
    assert list(readings(study)) == ["tails cut"]


def test_components_have_ranges_too(make_study):
    study = make_study(rest=f"\n[components.rack]\nper = 'once'\nprice = {dist('uniform', low=10, high=100)}\n")
    assert value(readings(study)["ranges wide"].study, "rack").support == (0.0, pytest.approx(111.25))


# --- tails cut, prices -------------------------------------------------------------------------------------------


def test_tails_are_cut_at_the_quantiles_and_central_values_stay(make_study):
    study = make_study(pue=dist("pert", low=1.1, mode=1.2, high=1.5, central=1.1), rest=BOTH,
                       depth_of_discharge=dist("empirical", values=[.7, .8, .9]))
    found = readings(study)["tails cut"]
    assert found.kept == ("depth_of_discharge",)
    before, after = value(study, "pue"), value(found.study, "pue")
    x = before.ppf([0.05, 0.3, 0.5, 0.95])
    assert after.cdf(x) == pytest.approx([0.0, 0.25 / 0.9, 0.5, 1.0])
    assert after.support == pytest.approx((x[0], x[3]))
    assert after.center() == 1.1  # which is no longer reached


def test_prices_have_the_rank_correlation_that_the_reading_says(make_study):
    for rest, keys in ((BOTH, {"prices together": 0.9}),
                       (BOTH + CORRELATED(0.3), {"prices apart": 0.0, "prices together": 0.9})):
        found = readings(make_study(rest=rest, samples=4096, replicates=2))
        assert [key for key in found if key.startswith("prices")] == list(keys)
        for key, rho in keys.items():
            price = un.sample(found[key].study)["unit_price"].isel(replicate=0, scenario=0, missing_dims="ignore")
            assert stats.spearmanr(*price.transpose("build", "sample")).statistic == pytest.approx(rho, abs=0.01)


def test_prices_that_cannot_be_so_correlated_say_so(make_study):
    others = "\n".join(
        f'[[correlation]]\ninputs = ["{build}.unit_price", "pue"]\nspearman = {rho}'
        for build, rho in (("rtx_a5000", 0.8), ("dgx_spark", -0.8)))
    study = make_study(rest=f"{BOTH}\n[[correlation]]\ninputs = ['rtx_a5000.unit_price', 'dgx_spark.unit_price']\n"
                            f"spearman = -0.5\n{others}\n", pue=dist("pert", low=1.1, mode=1.2, high=1.5))
    found = readings(study)
    near = "of the devices' prices, as near as the other correlations allow"
    assert found["prices together"].meaning == f"rank correlation 0.9 {near}"
    assert found["prices together"].study.correlation["rtx_a5000.unit_price", "pue"] == 0.8
    alone = readings(make_study(rest=BOTH))["prices together"]
    assert alone.meaning == "rank correlation 0.9 of the devices' prices"


def test_fewer_than_two_uncertain_prices_cannot_be_correlated(make_study):
    assert list(readings(make_study(rest=PRICE("rtx_a5000", UNIFORM)))) == ["ranges wide", "tails cut"]
    shared = make_study(unit_price=UNIFORM)  # one draw for both builds
    assert list(readings(shared)) == ["ranges wide", "tails cut"]


# --- what changes ------------------------------------------------------------------------------------------------


def test_readings_share_their_draws(make_study):
    study = make_study(rest=BOTH, pue=dist("pert", low=1.1, mode=1.2, high=1.5))
    levels = [leading(prepare(s), s.sampling, 3, 64).levels for s in (
        study, *(v.study for k, v in readings(study).items() if not k.startswith("prices")))]
    assert len(levels) == 3
    assert all(np.array_equal(levels[0], other) for other in levels)


def test_what_a_reading_does_not_touch_has_the_same_bits(make_study):
    study = make_study(rest=BOTH + AT_LEAST(57), pue=dist("pert", low=1.1, mode=1.2, high=1.5))
    group = stress_of(study)
    i = at(group, "ranges wide")
    assert 0 < group["probability"][0, 0] < 1
    assert group["difference"][i, 0] == group["difference_se"][i, 0] == group["changed"][i, 0] == 0
    results = un.run(study)
    one, other = stressed._seen(results.plan, results.done.statistics, 8), stressed._made(study, 8)
    assert all(np.array_equal(*both) for both in zip(one, other, strict=True))


def test_verdicts_change_where_they_must(make_study):
    group = stress_of(make_study(rest=PRICE("rtx_a5000", UNIFORM) + AT_LEAST(51) + AT_LEAST(50) + AT_LEAST(40)))
    # 51 devices from 2,941.18 USD down, 50 from 3,000 and 40 from 3,750; wide is 1,875 to 3,125, cut 2,050 to 2,950
    truth = {GIVEN: [0.94118, 1, 1], "ranges wide": [0.85294, 0.9, 1], "tails cut": [0.99020, 1, 1]}
    assert group["variant"].tolist() == list(truth)
    assert_close(group["probability"], group["probability_se"], np.array(list(truth.values())), 8, 512)
    assert group["changed"].tolist() == [[0, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert group["verdict"].tolist() == [["likely", "holds always", "holds always"],
                                         ["likely", "likely", "holds always"],
                                         ["robust", "holds always", "holds always"]]


def test_correlation_changes_what_hangs_on_two_prices(make_study):
    group = stress_of(make_study(rest=BOTH + CORRELATED(0.3) + CHEAP, samples=4096))
    cheap = stats.norm.cdf(np.log(150_000 / 37 / 4000) / 0.1)
    latent = 2 * np.sin(np.pi / 6 * np.array([0.3, 0.0, 0.9]))
    truth = [stats.multivariate_normal(cov=[[1, r], [r, 1]]).cdf([0.0, stats.norm.ppf(cheap)]) for r in latent]
    assert group["variant"].tolist()[:3] == [GIVEN, "prices apart", "prices together"]
    assert_close(group["probability"][:3, 0], group["probability_se"][:3, 0], np.array(truth), 8, 32768)
    assert group["verdict"][:3, 0].tolist() == ["unlikely", "unlikely", "open"]
    assert group["changed"][:3, 0].tolist() == [0, 0, 1]


def claims_of(make_study, own, *held):
    """What the shares of replicates say in which one claim holds, as given and in readings."""
    study = make_study(rest=PRICE("rtx_a5000", UNIFORM) + AT_LEAST(51), samples=4096)
    return stressed._claims(study, *(np.array(own)[:, None], [np.array(x)[:, None] for x in held]))


@pytest.mark.parametrize(("given", "spread", "other", "changed"), [
    (0.99, 0.001, 0.94, 1),
    (0.99, 0.02, 0.94, 0),  # 95 % may still be reached
    (0.94, 0.001, 0.96, 1), (0.94, 0.02, 0.96, 0),
    (0.99, 0.02, 0.2, 1), (0.5, 0.02, 0.99, 1),  # what else it is does not matter
    (0.99, 0.001, 0.97, 0)])
def test_a_verdict_changes_where_that_is_beyond_sampling_error(make_study, given, spread, other, changed):
    # of 8 replicates the mean is off by 2.36 * 1.07 * spread / sqrt(8) at most: .9 spread
    shares = np.array([-1, 1] * 4) * spread
    group = claims_of(make_study, [given] * 8, [given] * 8, np.minimum(other + shares, 1))
    assert group["changed"].tolist() == [[0], [changed]]


def test_a_difference_that_is_sampling_error_changes_nothing(make_study):
    given, other = [0.939, 0.959] * 4, [0.951] * 8  # on the other side surely, but as given it may be there as well
    group = claims_of(make_study, given, given, other)
    assert group["changed"].tolist() == [[0], [0]]
    assert claims_of(make_study, [0.94] * 8, [0.94] * 8, other)["changed"].tolist() == [[0], [1]]


def test_never_is_not_another_verdict_than_unlikely_nor_always_than_robust(make_study):
    group = claims_of(make_study, [1.0] * 8, [1.0] * 8, [0.999] * 8)
    assert (group["verdict"].ravel().tolist(), group["changed"].any()) == (["holds always", "robust"], False)
    group = claims_of(make_study, [0.0] * 8, [0.0] * 8, [0.2] * 8)
    assert (group["verdict"].ravel().tolist(), group["changed"].any()) == (["never", "unlikely"], False)


def test_as_given_is_what_the_study_itself_says_of_all_replicates(make_study):
    study = make_study(rest=BOTH + AT_LEAST(57), samples=64, replicates=16)
    results = un.run(study)
    group = stress(results.plan, results.done)
    for name in ("probability", "probability_se", "verdict"):
        assert np.array_equal(group[name][0], results.figures["claims"][name])
    ranks = results.figures["ranking"]
    assert np.array_equal(group["first"][0], ranks["rank_acceptability"][..., 0], equal_nan=True)
    few = un.run(study.with_sampling(replicates=8))
    again = stress(few.plan, few.done)
    for name in ("probability", "difference", "first"):
        assert np.array_equal(group[name][1:], again[name][1:])


def test_first_places_change_where_that_is_beyond_sampling_error(make_study):
    study = make_study(rest=BOTH)
    lead = np.array([-0.01, 0.01] * 4)
    for ahead, changed in ((0.1, 1), (0.005, 0)):  # as given .1 behind
        given, other = (np.stack([0.5 + x, 0.5 - x], axis=-1)[:, None, None] for x in (lead - 0.1, lead + ahead))
        shape = (8, study.listed, len(study.scenarios), 2)
        given, other = (np.broadcast_to(x, shape) for x in (given, other))
        group = stressed._firsts(plan_of(study), given, [given, other])
        assert (group["first_changed"][1, : study.listed] == changed).all()
        assert not group["first_changed"][0].any()
    # .499 to .501 as given, but that is chance; surely .501 to .499 is no change either
    near, sure = (np.broadcast_to(np.stack([0.5 + x, 0.5 - x], axis=-1)[:, None, None], shape) for x in (
        lead - 0.001, np.full(8, 0.001)))
    assert not stressed._firsts(plan_of(study), near, [near, sure])["first_changed"].any()


def test_ties_of_what_does_not_vary_have_no_error(make_study):
    study = make_study(pue=dist("uniform", low=1.1, high=1.4), samples=64)
    shares = np.full((8, study.listed, len(study.scenarios), 2), 0.5)
    varies = [c.output in plan_of(study).varying for c in study.criteria[: study.listed]]
    assert 0 < sum(varies) < len(varies)
    se = stressed._firsts(plan_of(study), shares, [shares, shares])["first_se"]
    assert [(se[:, c] > 0).all() for c in range(study.listed)] == varies


def test_readings_are_asked_nothing_that_is_not_told(make_study, monkeypatch):
    study = make_study(rest=BOTH + AT_LEAST(57) + "[sensitivity]\nsamples = 64\n")
    asked, made = [], stressed.prepare
    results = un.run(study)
    monkeypatch.setattr(stressed, "prepare", lambda other: asked.append(other) or made(other))
    group = stress(results.plan, results.done)
    assert study.inquiry.samples == 64
    assert [(s.inquiry.samples, s.ledger.picks, s.ledger.ratings, len(s.criteria)) for s in asked] == [
        (0, (), (), study.listed)] * (len(group["variant"]) - 1)


@pytest.fixture
def first(make_study):
    """A study without claims in which the A5000's price is as given mostly below the Spark's, and read wide above."""
    skewed = dist("triangular", low=2000, mode=2000, high=5000)
    study = make_study(rest='[[criteria]]\noutput = "device_count"\nbetter = "higher"\n' + PRICE(
        "rtx_a5000", skewed) + PRICE("dgx_spark", 3000.0))
    return study, stress_of(study)


def test_without_claims_first_places_may_change(first):
    _, group = first
    # 51 devices up to 2,941.18 USD; up to 3,000 as many as of the Spark, which ties
    price = [stats.triang(0, 2000, width) for width in (3000, 3000 / (1 - np.sqrt(0.1)))]
    less, tied = ([p.cdf(x) for p in price] for x in (150_000 / 51, 3000))
    truth = [(a + b) / 2 for a, b in zip(less, tied, strict=True)]
    truth.append((truth[0] - 0.05) / 0.9)
    assert group["variant"].tolist() == [GIVEN, "ranges wide", "tails cut"]
    assert_close(group["first"][:, 0, 0, 0], group["first_se"][:, 0, 0, 0], np.array(truth), 8, 512)
    assert group["first"].sum(axis=-1) == pytest.approx(1.0)
    assert group["first_changed"][:, 0, 0].tolist() == [0, 1, 0]
    assert "probability" not in group.variables


def test_criteria_that_are_not_listed_are_missing(make_study):
    pick = """
[[picks]]
says = "Most devices"
builds = ["dgx_spark"]
best_by = [{ output = "device_count", better = "higher" }]
"""
    study = make_study(rest=BOTH + pick + '[[criteria]]\noutput = "capex"\n')
    group = stress_of(study)
    assert group["criterion"].tolist() == ["capex", "device_count (higher)"]
    assert np.isnan(group["first"]).any(axis=(0, 2, 3)).tolist() == [False, True]
    assert {row[0] for row in first_table(study, group).rows} == {"capex"}


def test_a_longer_study_is_read_with_fewer_samples(make_study, monkeypatch):
    monkeypatch.setattr(stressed, "SAMPLES", 32)
    monkeypatch.setattr(stressed, "REPLICATES", 4)
    text = PRICE("rtx_a5000", UNIFORM) + AT_LEAST(51)
    one, other = (stress_of(make_study(rest=text, **sampling)) for sampling in (
        {}, {"samples": 32, "replicates": 4}))
    for name, frame in one.variables.items():
        assert np.array_equal(frame.values[1:], other[name][1:], equal_nan=True)
    assert one["probability_se"][0] < other["probability_se"][0]  # as given it is of all samples


def test_a_reading_that_cannot_be_worked_out_is_missing_and_says_why(make_study, monkeypatch):
    study = make_study(rest=PRICE("rtx_a5000", UNIFORM) + AT_LEAST(50))
    results, made = un.run(study), stressed._made

    def refused(other, replicates):
        if other == readings(study)["tails cut"].study:
            raise ModelError("capex is not finite")
        return made(other, replicates)

    monkeypatch.setattr(stressed, "_made", refused)
    group = stress(results.plan, results.done)
    assert group["meaning"][2] == "no input beyond its 5 % and 95 % quantiles: capex is not finite"
    assert np.isnan(group["probability"][2]).all()
    assert group["verdict"][:, 0].tolist() == ["holds always", "likely", ""]
    assert not group["changed"][2].any()
    (section,) = stress_sections(study, group)
    assert section.rows[0][-1] == "–"


# --- what is shown -----------------------------------------------------------------------------------------------


def test_claims_whose_verdict_changes_are_shown_with_it(make_study):
    study = make_study(rest=PRICE("rtx_a5000", UNIFORM) + AT_LEAST(51) + AT_LEAST(50) + AT_LEAST(40))
    group = stress_of(study)
    (section,) = stress_sections(study, group)
    assert section.columns == ["id", "claim", "as\ngiven", "ranges\nwide", "tails\ncut"]
    assert section.rows == [
        ["L51", "A5000: 51 devices or more", "94 %\nlikely", "85 %", "99 %\nrobust"],
        ["L50", "A5000: 50 devices or more", "100 %\nholds always", "90 %\nlikely", "100 %"]]
    assert section.note.startswith("Of 3 claims 2 change: ranges wide 1, tails cut 1. Ranges wide: the ends of ")
    assert "quantiles. A verdict is named" in section.note
    assert section.note.endswith("first places, by criterion and scenario, none changes hands.")


def test_where_nothing_changes_the_readings_are_told(make_study):
    study = make_study(rest=PRICE("rtx_a5000", UNIFORM) + AT_LEAST(40))
    (section,) = stress_sections(study, stress_of(study))
    assert section.title == "What if the inputs are read otherwise: no verdict changes"
    assert [row[0] for row in section.rows] == ["ranges wide", "tails cut"]
    assert section.note.startswith("Of 1 claim none changes. A verdict")


def test_first_places_that_change_are_shown_with_who_takes_them(first):
    (section,) = stress_sections(*first)
    assert section.title == "What if the inputs are read otherwise: first places that change"
    (row,) = section.rows
    assert row[:2] == ["device count (higher)", "base"]
    assert [cell.split("\n")[1:] for cell in row[2:]] == [["A5000"], ["DGX Spark"], []]
    shares = first[1]["first"][[0, 1, 2], 0, 0, [0, 1, 0]]
    assert [cell.split("\n")[0] for cell in row[2:]] == [f"{100 * p:.0f} %" for p in shares]
    found = list(first_table(*first).records())
    assert [(r["variant"], r["build"], r["changed"]) for r in found] == [
        (name, build, int(name == "ranges wide")) for name in (GIVEN, "ranges wide", "tails cut")
        for build in ("rtx_a5000", "dgx_spark")]
    assert [r["first"] for r in found] == pytest.approx(first[1]["first"].ravel().tolist())


def test_constants_cannot_be_read_otherwise(make_study):
    study = make_study(rest=AT_LEAST(51))
    group = stress_of(study)
    assert group is None
    assert variants(study) == ()
    assert stress_sections(study, group) == []
    assert stress_tree(group) is None
    assert not stress_table(study, group).rows
    assert not first_table(study, group).rows


def test_probabilities_are_told_to_digits_that_show_the_verdict_beside_them():
    shown = {0.9499: "94.99 %", 0.9501: "95 %", 0.666: "66.6 %", 0.7: "70 %", 1.0: "100 %", 0.0: "0 %",
             0.0003: "<0.1 %"}
    assert [_cell(p, "so", True) for p in shown] == [f"{text}\nso" for text in shown.values()]
    assert [_cell(p, "so", False) for p in (0.9499, 0.666, 0.0003, np.nan)] == ["95 %", "67 %", "<0.1 %", "–"]


def test_the_full_report_has_first_places_beside_claims(make_study, first):
    study, _ = first
    both = make_study(rest='[[criteria]]\noutput = "device_count"\nbetter = "higher"\n' + PRICE(
        "rtx_a5000", dist("triangular", low=2000, mode=2000, high=5000)) + PRICE("dgx_spark", 3000.0)
        + AT_LEAST(33) + AT_LEAST(20), pue=dist("discrete", values=[1.2, 1.3]))
    group = stress_of(both)
    (short,) = stress_sections(both, group)
    claims, places = stress_sections(both, group, full=True)
    assert short.note.endswith("Of 1 first places, by criterion and scenario, 1 goes to another build (report.md).")
    for note in (short.note, claims.note):
        assert "stay as they are: in ranges wide pue; in tails cut pue." in note
    assert (claims.title, claims.rows) == (short.title, short.rows)
    assert places.rows == stress_sections(study, stress_of(study))[0].rows
    assert places.note.startswith("Of 1 first places, by criterion and scenario, 1 changes: ranges wide 1, tails cut 0")
    assert "Ranges wide: " in claims.note
    assert "Ranges wide: " not in places.note


def test_tables_and_the_summary_have_every_claim_in_every_reading(make_study):
    study = make_study(rest=PRICE("rtx_a5000", UNIFORM) + AT_LEAST(51) + AT_LEAST(40))
    group = stress_of(study)
    found = list(stress_table(study, group).records())
    assert [(row["claim"], row["variant"], row["changed"]) for row in found] == [
        ("L51", GIVEN, 0), ("L51", "ranges wide", 0), ("L51", "tails cut", 1),
        ("L40", GIVEN, 0), ("L40", "ranges wide", 0), ("L40", "tails cut", 0)]
    assert found[1]["probability"] - found[0]["probability"] == pytest.approx(found[1]["difference"])
    assert len(first_table(study, group).rows) == study.listed * 3 * 2
    tree = stress_tree(group)
    assert list(tree) == group["variant"].tolist()
    assert tree["tails cut"]["changed"] == {"L51": "robust"}
    assert tree["ranges wide"]["claims"]["L40"] == [1.0, 0.0]


def test_the_reference_study_fits_a_terminal():
    study = un.load("reference").with_sampling(samples=256, replicates=8)
    (section,) = stress_sections(study, stress_of(study))
    out = io.StringIO()
    terminal.show_section(section, Console(file=out, width=80, highlight=False, color_system=None))
    assert section.rows
    assert [line for line in out.getvalue().splitlines() if len(line) > 80] == []
