"""Claims: what each relation means, what cannot be decided, and how probable a claim is, against exact sums."""

import re
from itertools import product

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from support import assert_close, dist, study_text
from test_truth import METHODS, SAMPLING
from truths import (
    BUDGET,
    PER_PUE,
    POWERWALL,
    PRICE,
    PRICE_TEXT,
    SPARK_PRICE,
    SPARKS,
    STUDIES,
    Truth,
)

import uncertainty as un
from uncertainty.analysis import claims
from uncertainty.document import RELATIONS
from uncertainty.statements import ARGUMENTS

NAN = float("nan")


NAMES = {"PRO": "rtx_pro_6000", "Spark": "dgx_spark", "A6000": "rtx_a6000", "A5000": "rtx_a5000"}


def named(text):
    """The text with the builds' names for the short ones."""
    return re.sub('"(PRO|Spark|A6000|A5000)"', lambda m: f'"{NAMES[m[1]]}"', text)


def claimed(*texts):
    """[[claims]] tables c0, c1 and so on; ";" stands for the end of a line."""
    return "".join(f'[[claims]]\nid = "c{i}"\nsays = "It is so"\n' + text.replace("; ", "\n") + "\n"
                   for i, text in enumerate(texts))


# --- relations of values -----------------------------------------------------------------------------------

BY_HAND = [  # of 1, 2, 3 and what is undefined, to 2
    ("above", (), (0, 0, 1, 0)), ("below", (), (1, 0, 0, 0)), ("at least", (), (0, 1, 1, 0)),
    ("at most", (), (1, 1, 0, 0)), ("equal", (), (0, 1, 0, 0)), ("equal", (0.0,), (0, 1, 0, 0)),
    ("equal", (0.5,), (1, 1, 1, 0)), ("equal", (0.49,), (0, 1, 0, 0)), ("between", (2.0, 3.0), (0, 1, 1, 0)),
    ("between", (1.5, 2.5), (0, 1, 0, 0)), ("between", (2.0, 2.0), (0, 1, 0, 0))]


@pytest.mark.parametrize(("relation", "numbers", "wanted"), BY_HAND)
def test_relations_of_values_by_hand(relation, numbers, wanted):
    found = claims.compare(relation, np.array([1.0, 2.0, 3.0, NAN]), 2.0, numbers)
    assert found.tolist() == [bool(x) for x in wanted]


@pytest.mark.parametrize("relation", ["above", "below", "at least", "at most", "equal"])
def test_what_is_undefined_holds_not_on_either_side(relation):
    assert not claims.compare(relation, np.array([2.0]), np.array([NAN]), (0.1,) if relation == "equal" else ()).any()


@pytest.mark.parametrize("scale", [1.0, -1.0, 1e-12, 1e12])
@pytest.mark.parametrize(("gap", "tie"), [
    (1e-12, True), (-1e-12, True), (0.9e-9, True), (1.1e-9, False), (1e-6, False)])
def test_rounding_dust_makes_no_difference(scale, gap, tie):
    one, other = np.array([scale * (1 + gap)]), np.array([scale])
    holds = {r: claims.compare(r, one, other)[0] for r in ("above", "below", "at least", "at most", "equal")}
    higher = (scale * gap > 0) and not tie
    lower = (scale * gap < 0) and not tie
    assert holds == {"above": higher, "below": lower, "at least": not lower, "at most": not higher, "equal": tie}


def test_equal_within_is_relative_to_the_other():
    holds = claims.compare("equal", np.array([104.0, 106.0, 96.0, 94.0]), 100.0, (0.05,))
    assert holds.tolist() == [True, False, True, False]
    assert claims.compare("equal", np.array([-104.0, -106.0]), -100.0, (0.05,)).tolist() == [True, False]
    assert claims.compare("equal", np.array([0.0, 1e-300]), 0.0, (0.05,)).tolist() == [True, False]


values = st.floats(-1e100, 1e100, allow_subnormal=False)


@given(values, st.one_of(values, st.none()), st.integers(-30, 30))
def test_one_of_above_equal_and_below_holds(one, other, steps):
    other = one * (1 + steps * 1e-10) if other is None else other
    a, b = np.array([one]), np.array([other])
    above, equal, below = (bool(claims.compare(r, a, b)[0]) for r in ("above", "equal", "below"))
    assert above + equal + below == 1
    assert claims.compare("at least", a, b)[0] == (above or equal)
    assert claims.compare("at most", a, b)[0] == (below or equal)
    assert claims.compare("below", b, a)[0] == above
    assert claims.compare("between", a, b, (other, other))[0] == equal


# --- relations of options ----------------------------------------------------------------------------------

COSTS = np.array([[[1, 1, 2, 1, 3, 1], [2, 1, 1, 1, 3, 1 + 1e-12], [3, 2, 1, 1, 1, 2]]], float)  # of a, b, c; 6 samples
RANKED = [
    ("best", (), (1, 0, 0, 0, 0, 0)), ("not best", (), (0, 1, 1, 1, 1, 1)), ("best or tied", (), (1, 1, 0, 1, 0, 1)),
    ("worst", (), (0, 0, 1, 0, 0, 0)), ("rank at least", (1.0,), (1, 1, 0, 1, 0, 1)),
    ("rank at least", (2.0,), (1, 1, 0, 1, 1, 1)), ("rank at least", (3.0,), (1, 1, 1, 1, 1, 1))]


@pytest.mark.parametrize(("relation", "numbers", "wanted"), RANKED)
@pytest.mark.parametrize("shift", [0.0, -10.0])  # costs below zero are those of "higher"
def test_relations_to_all_others_by_hand(relation, numbers, wanted, shift):
    found = claims.ranked(relation, claims.contest(COSTS + shift, "abc"), "a", numbers)
    assert found.tolist() == [[bool(x) for x in wanted]]


def test_relations_to_all_others_by_counting():
    """Every way in which four options can cost 1 to 3."""
    costs = np.array(list(product((1.0, 2.0, 3.0), repeat=4))).T[None]
    among = claims.contest(costs, "abcd")
    for i, option in enumerate("abcd"):
        better, alike, worse = (np.array([[sum(f(x, column[i]) for x in column) for column in costs[0].T]])
                                for f in (np.less, np.equal, np.greater))
        wanted = {"best": worse == 3, "worst": better == 3, "best or tied": better == 0, "not best": worse < 3}
        for relation, holds in wanted.items():
            np.testing.assert_array_equal(claims.ranked(relation, among, option), holds)
        np.testing.assert_array_equal(among.first(option), better == 0)
        for rank in (1, 2, 3, 4):
            np.testing.assert_array_equal(claims.ranked("rank at least", among, option, (rank,)), better < rank)
        assert (better + alike + worse == 4).all()


def test_winners_in_common_by_hand():
    one = claims.contest(COSTS[..., [0, 1, 2, 3]], "abc")  # first are a; a, b; b, c; all
    other = claims.contest(np.array([[[2, 2, 1, 2], [1, 1, 2, 2], [3, 3, 3, 1]]], float), "abc")  # b; b; a; c
    assert claims.share_first(one, other).tolist() == [[False, True, False, True]]
    assert claims.share_first(other, one).tolist() == [[False, True, False, True]]
    some = claims.contest(np.array([[[1, 2, 1, 2], [2, 1, 1, 1]]], float), "ca")  # c; a; both; a
    assert claims.share_first(one, some).tolist() == [[False, True, True, True]]
    assert not claims.share_first(some, claims.contest(np.ones((1, 1, 4)), "b")).any()


def test_no_winner_in_common_where_no_build_has_both_precisions(make_study):
    lacking = {"rtx_pro_6000": "fp8", "dgx_spark": "fp8", "rtx_a6000": "fp4", "rtx_a5000": "fp4"}
    peaks = "".join(f'[build.{b}.peak]\n{p} = {{ missing = "test" }}\n{q} = 100\n' for b, p in lacking.items()
                    for q in {"fp4", "fp8"} - {p})
    text = 'output = "throughput"; at = { precision = "fp4" }; is = "%s"; than = { precision = "fp8" }'
    found = un.run(make_study(**FOUR, rest=peaks + claimed(text % "same winner", text % "other winner"))).claims
    assert found.probability.values.tolist() == [0, 1]


def test_a_contest_in_one_scenario():
    both = claims.contest(np.concatenate([COSTS, 4 - COSTS]), "abc")
    np.testing.assert_array_equal(both.of(slice(1, 2)).first("a"), claims.contest(4 - COSTS, "abc").first("a"))
    assert not (both.first("a")[0] == both.first("a")[1]).all()


@pytest.mark.parametrize(("probability", "word"), [
    (1.0, "holds always"), (np.nextafter(1, 0), "robust"), (0.95, "robust"), (np.nextafter(0.95, 0), "likely"),
    (2 / 3, "likely"), (np.nextafter(2 / 3, 0), "open"), (0.5, "open"), (1 / 3, "open"),
    (np.nextafter(1 / 3, 0), "unlikely"), (1e-300, "unlikely"), (0.0, "never")])
def test_a_probability_in_a_word(probability, word):
    assert claims.verdict(probability) == word


# --- through a study file ----------------------------------------------------------------------------------

# at constants, with 1.25 for every host: 16, 37, 32 and 60 devices; 11, 10, 11 and 16 Powerwalls, in "hot" 14, 13, 14
# and 20; 234,200, 229,963, 239,000 and 281,200 USD; 1,536, 4,736, 1,536 and 1,440 GB; A6000 and A5000 have no FP4
FOUR = {"builds": ["rtx_pro_6000", "dgx_spark", "rtx_a6000", "rtx_a5000"], "samples": 2, "replicates": 2}
HOT = "[scenarios.cool]\n[scenarios.hot]\npue = 1.56\n"
DECIDED = {
    'build = "Spark"; output = "memory_pool"; is = "best"': True,
    'build = "PRO"; output = "memory_pool"; is = "best"': False,
    'build = "Spark"; output = "memory_pool"; is = "not best"': False,
    'build = "A6000"; output = "memory_pool"; is = "not best"': True,
    'build = "Spark"; output = "memory_pool"; better = "lower"; is = "best"': False,
    'build = "A5000"; output = "memory_pool"; better = "lower"; is = "best"': True,
    'build = "A5000"; output = "memory_pool"; is = "worst"': True,
    'build = "A6000"; output = "memory_pool"; is = "worst"': False,
    'build = ["PRO", "A6000"]; output = "memory_pool"; is = "rank at least"; rank = 2': True,
    'build = ["PRO", "A6000"]; output = "memory_pool"; is = "rank at least"; rank = 1': False,
    'build = "A5000"; output = "memory_pool"; is = "rank at least"; rank = 3': False,
    'build = "A5000"; output = "memory_pool"; is = "rank at least"; rank = 4': True,
    'build = "Spark"; output = "memory_pool"; is = "best or tied"': True,
    'build = "A5000"; output = "device_count"; is = "equal"; than = 60': True,
    'build = "A5000"; output = "device_count"; is = "equal"; than = 61': False,
    'build = "A5000"; output = "device_count"; is = "equal"; than = 61; within = 0.02': True,
    'build = "PRO"; output = "memory_pool"; is = "equal"; than = "A6000"': True,
    'build = "PRO"; output = "memory_pool"; is = "above"; than = "A6000"': False,
    'build = "PRO"; output = "memory_pool"; is = "at least"; than = "A6000"': True,
    'build = "PRO"; output = "memory_pool"; is = "at most"; than = { build = "A6000" }': True,
    'build = "PRO"; output = "memory_pool"; is = "below"; than = "Spark"': True,
    'build = "PRO"; output = "memory_pool"; is = "below"; than = 1536': False,
    'build = "A5000"; output = "device_count"; is = "between"; low = 60; high = 60': True,
    'build = "A5000"; output = "device_count"; is = "between"; low = 61; high = 70': False,
    # factors
    'build = "A6000"; output = "device_count"; is = "equal"; than = { build = "PRO", times = 2 }': True,
    'build = "PRO"; output = "device_count"; times = 2; is = "equal"; than = "A6000"': True,
    'build = "PRO"; output = "device_count"; times = 2.01; is = "at most"; than = "A6000"': False,
    'build = "PRO"; output = "device_count"; times = -1; is = "above"; than = -17': True,
    # another output, scenario or precision
    'build = "A5000"; output = "capex"; is = "above"; than = { output = "spend" }': True,
    'build = "A5000"; output = "battery_count"; at = { scenario = "hot" }; is = "above"; '
    'than = { scenario = "cool" }': True,
    'build = "A5000"; output = "battery_count"; at = { scenario = "hot" }; is = "at least"; '
    'than = { scenario = "cool", times = 1.25 }': True,
    'build = "A5000"; output = "battery_count"; at = { scenario = "hot" }; is = "above"; '
    'than = { scenario = "cool", times = 1.25 }': False,
    'build = "Spark"; output = "battery_count"; at = { scenario = "hot" }; is = "below"; '
    'than = { scenario = "cool", build = "A5000" }': True,
    'build = "A5000"; output = "throughput"; at = { precision = "fp16" }; is = "above"; '
    'than = { precision = "fp32" }': True,
    'build = "A5000"; output = "throughput"; at = { precision = "fp16" }; is = "above"; '
    'than = { output = "bandwidth", times = 0.1 }': True,
    # lists: at every one of them
    'build = "A5000"; output = "battery_count"; at = { scenario = "cool" }; is = "equal"; than = 16': True,
    'build = "A5000"; output = "battery_count"; at = { scenario = ["cool", "hot"] }; is = "equal"; than = 16': False,
    'build = "A5000"; output = "battery_count"; at = { scenario = ["cool", "hot"] }; is = "at least"; than = 16': True,
    'build = "A5000"; output = "battery_count"; is = "at least"; than = 17': False,
    'build = "A5000"; output = "battery_count"; is = "worst"': True,
    'build = ["Spark", "A6000"]; output = "device_count"; is = "below"; than = "A5000"': True,
    'build = ["Spark", "A6000"]; output = "device_count"; is = "above"; than = 32': False,
    'build = "PRO"; output = "throughput"; at = { precision = ["headline", "fp16", "fp32"] }; is = "best"': True,
    'build = "A5000"; output = "throughput"; at = { precision = ["fp16", "fp32"] }; is = "rank at least"; '
    'rank = 2': True,
    # winners
    'output = "device_count"; is = "same winner"; than = { output = "node_count" }': True,
    'output = "device_count"; is = "other winner"; than = { output = "capex" }': True,
    'output = "device_count"; is = "same winner"; than = { output = "capex" }': False,
    'output = "capex"; is = "same winner"; than = { output = "battery_count" }': True,
    'output = "capex"; at = { scenario = "cool" }; is = "same winner"; than = { scenario = "hot" }': True,
    'output = "throughput"; at = { precision = "fp16" }; is = "same winner"; than = { precision = "fp32" }': True,
    'output = "throughput"; at = { precision = "fp16" }; is = "other winner"; than = { output = "bandwidth" }': True,
    'output = "memory_pool"; is = "same winner"; than = { output = "capex" }': True,
    'output = "throughput"; at = { precision = "fp16" }; is = "same winner"; than = { output = "device_count" }': True,
    'output = "battery_count"; is = "other winner"; than = { output = "bandwidth" }': True,
    'output = "capex"; better = "higher"; is = "same winner"; than = { output = "bandwidth" }': True,
    'output = "memory_pool"; better = "lower"; is = "same winner"; than = { output = "device_count" }': False,
    'output = "battery_count"; better = "higher"; at = { scenario = "cool" }; is = "same winner"; '
    'than = { scenario = "hot" }': True,
    # builds that lack a precision are not ranked by it
    'build = "PRO"; output = "throughput"; at = { precision = "fp4" }; is = "best"': True,
    'build = "Spark"; output = "throughput"; at = { precision = "fp4" }; is = "worst"': True,
    'output = "throughput"; at = { precision = "fp4" }; is = "same winner"; than = { precision = "fp16" }': True,
    'output = "throughput"; at = { precision = "fp4" }; is = "same winner"; than = { output = "bandwidth" }': False,
    'output = "throughput"; at = { precision = "fp4" }; is = "other winner"; than = { output = "memory_pool" }': True,
    # parts take what they do not give
    'build = "PRO"; output = "device_count"; all = [{ is = "best" }, { output = "capex", is = "rank at least", '
    'rank = 2 }, { build = "A5000", is = "worst" }]': True,
    'output = "device_count"; is = "equal"; build = "A5000"; than = 60.0; at = { scenario = "hot" }': True,
    'output = "battery_count"; at = { scenario = "hot" }; any = [{ build = "PRO", is = "best" }, '
    '{ build = "A5000", is = "equal", than = 20 }]': True,
    'output = "battery_count"; at = { scenario = "hot" }; all = [{ build = "A5000", is = "equal", than = 20 }, '
    '{ build = "A5000", at = { scenario = "cool" }, is = "equal", than = 16 }]': True,
    'output = "throughput"; at = { precision = "fp16" }; build = "A5000"; any = [{ is = "best" }, '
    '{ at = { precision = "fp32" }, is = "best" }, { output = "bandwidth", is = "best" }]': True,
    'output = "throughput"; at = { precision = "fp16" }; build = "A5000"; all = [{ is = "best" }, '
    '{ output = "bandwidth", is = "best" }]': False,
    'output = "device_count"; times = 0.5; all = [{ build = "A6000", is = "equal", than = "PRO" }, '
    '{ build = "PRO", times = 1, is = "equal", than = 16 }]': True,
    'output = "memory_pool"; better = "lower"; all = [{ build = "A5000", is = "best" }, '
    '{ build = "Spark", is = "worst" }]': True,
    'output = "memory_pool"; any = [{ all = [{ build = "A5000", is = "best" }, { build = "Spark", is = "best" '
    '}] }, { any = [{ build = "A6000", is = "best" }, { build = "Spark", is = "best" }] }]': True,
    'output = "memory_pool"; any = [{ build = ["A5000", "Spark"], is = "best" }, '
    '{ build = "A6000", is = "best" }]': False}


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    path = tmp_path_factory.mktemp("decided") / "study.toml"
    path.write_text(study_text(**FOUR, rest=HOT + claimed(*map(named, DECIDED))), encoding="utf-8")
    return un.run(un.load(path)).claims


@pytest.mark.parametrize(("i", "text", "holds"), [(i, *row) for i, row in enumerate(DECIDED.items())])
def test_claims_by_hand(decided, i, text, holds):
    found = decided.sel(claim=f"c{i}")
    assert bool(found.holds_centrally) == holds
    assert found.probability == holds  # nothing varies
    assert found.verdict == ("holds always" if holds else "never")


def test_every_relation_is_among_them():
    assert {re.search(r'is = "([a-z ]+)"', text).group(1) for text in DECIDED} >= set(RELATIONS)
    assert set(RELATIONS) == set(ARGUMENTS)


def test_dust_makes_no_winner_in_a_study(make_study):
    """A5000 and Spark have 24 and 128 GB: as many dollars per GB but for rounding, and then a millionth less."""
    def tried(price):
        rest = f"[build.rtx_a5000]\nunit_price = 750.0\n[build.dgx_spark]\nunit_price = {price!r}\n" + claimed(
            'output = "memory_per_spend"; build = "dgx_spark"; is = "best"',
            'output = "memory_per_spend"; build = "dgx_spark"; is = "best or tied"',
            'output = "memory_per_spend"; build = "dgx_spark"; is = "equal"; than = "rtx_a5000"',
            'output = "memory_per_spend"; build = "dgx_spark"; is = "above"; than = "rtx_a5000"')
        return un.run(make_study(rest=rest, budget=1e6)).claims.probability.values.tolist()

    assert tried(4000.0) == [0, 1, 1, 0]
    assert tried(4000.0 * (1 - 1e-12)) == [0, 1, 1, 0]
    assert tried(4000.0 * (1 + 1e-12)) == [0, 1, 1, 0]
    assert tried(4000.0 * (1 - 1e-6)) == [1, 1, 0, 1]


def test_a_ratio_to_nothing_is_worst_and_compares_with_nothing(make_study):
    rest = "[build.rtx_a5000]\nunit_price = 200_000\n" + claimed(
        'output = "memory_per_dollar"; build = "rtx_a5000"; is = "worst"',
        'output = "memory_per_dollar"; build = "rtx_a5000"; is = "at most"; than = 1e9',
        'output = "memory_per_dollar"; build = "rtx_a5000"; is = "at least"; than = 0',
        'output = "memory_per_dollar"; build = "dgx_spark"; is = "best"')
    assert un.run(make_study(rest=rest)).claims.probability.values.tolist() == [1, 0, 0, 1]


# --- what cannot be decided --------------------------------------------------------------------------------

OK = 'output = "capex"; build = "rtx_a5000"; is = "best"'
BROKEN = [
    # names
    ('output = "capex"; build = "rtx_a500"; is = "best"',
     ["claims c0: no build rtx_a500 in this study; did you mean rtx_a5000?"]),
    ('output = "capex"; build = "rtx_a6000"; is = "best"',
     ["claims c0: no build rtx_a6000 in this study; did you mean rtx_a5000?"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = "spark"',
     ["claims c0: no build spark in this study; did you mean dgx_spark?"]),
    ('output = "capex"; build = "rtx_a5000"; at = { scenario = "hat" }; is = "best"',
     ["claims c0: no scenario hat in this study; did you mean hot?"]),
    ('output = "capex"; is = "same winner"; than = { scenario = "x" }',
     ["claims c0: no scenario x in this study; wanted one of cool, hot"]),
    ('output = "throughput"; build = "dgx_spark"; at = { precision = "fp8" }; is = "above"; than = 3',
     ["claims c0: fp8 is not among this study's precisions"]),
    ('output = "throughput"; build = "rtx_a5000"; at = { precision = "fp4" }; is = "above"; than = 3',
     ["claims c0: rtx_a5000 has no fp4"]),
    ('output = "throughput"; build = "dgx_spark"; at = { precision = "fp4" }; is = "above"; than = "rtx_a5000"',
     ["claims c0: rtx_a5000 has no fp4"]),
    ('output = "throughput"; build = "dgx_spark"; at = { precision = "fp4" }; is = "best"',
     ["claims c0: 1 of this study's builds can be ranked by it; wanted two"]),
    ('output = "throughput"; at = { precision = "fp4" }; is = "same winner"; than = { precision = "fp16" }',
     ["claims c0: 1 of this study's builds can be ranked by it; wanted two"]),
    ('output = "capx"; build = "rtx_a5000"; is = "best"', ["claims c0.output: given 'capx'; did you mean capex?"]),
    ('output = "throughput"; build = "dgx_spark"; at = { precision = "fp61" }; is = "best"',
     ["claims c0.at.precision #1: given 'fp61'; did you mean fp16?"]),
    ('output = "capex"; build = "rtx_a5000"; is = "bset"', ["claims c0.is: given 'bset'; did you mean best?"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = { biuld = "dgx_spark" }',
     ["claims c0.than.biuld: unknown key; did you mean build?"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = { output = "spent" }',
     ["claims c0.than.output: given 'spent'; did you mean spend?"]),
    ('output = "capex"; build = "rtx_a5000"; is = "best"; sasy = "x"',
     ["claims c0.sasy: unknown key; did you mean says?"]),
    ('output = "capex"; any = [{ build = "rtx_a5000", iz = "best" }]',
     ["claims c0.any #1.iz: unknown key; "]),
    ('output = "capex"; build = "rtx_a5000"; at = { scenaro = "hot" }; is = "best"',
     ["claims c0.at.scenaro: unknown key; did you mean scenario?"]),
    # arguments that lack or are too many
    ('output = "capex"; build = "rtx_a5000"; is = "above"', ['claims c0: "above" lacks than']),
    ('output = "capex"; build = "rtx_a5000"; is = "between"', ['claims c0: "between" lacks low and high']),
    ('output = "capex"; build = "rtx_a5000"; is = "between"; low = 3', ['claims c0: "between" lacks high']),
    ('output = "capex"; build = "rtx_a5000"; is = "rank at least"', ['claims c0: "rank at least" lacks rank']),
    ('output = "capex"; is = "other winner"', ['claims c0: "other winner" lacks than',
                                               'claims c0: "other winner" compares all builds; wanted than = ']),
    ('output = "capex"; build = "rtx_a5000"; is = "best"; than = 3', ['claims c0: given than; "best" has none']),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = 3; within = 0.1',
     ['claims c0: given within; "above" has none']),
    ('output = "capex"; build = "rtx_a5000"; is = "worst"; rank = 2; low = 3',
     ['claims c0: given rank; "worst" has none', 'claims c0: given low; "worst" has none']),
    ('output = "capex"; build = "rtx_a5000"; times = 2; is = "best"',
     ['claims c0: given times; "best" compares builds as they are']),
    ('output = "capex"; is = "same winner"; than = 3',
     ['claims c0: "same winner" compares all builds; wanted than = ']),
    ('output = "capex"; is = "same winner"; than = { output = "spend", build = "rtx_a5000" }',
     ['claims c0: "same winner" compares all builds; wanted than = ']),
    ('build = "rtx_a5000"; is = "best"', ["claims c0: output is missing; wanted an output"]),
    ('output = "capex"; is = "best"', ["claims c0: build is missing; wanted the subject"]),
    ('output = "throughput"; build = "rtx_a5000"; is = "best"',
     ["claims c0: at.precision is missing; throughput is by precision"]),
    ('output = "capex"; build = "rtx_a5000"; at = { precision = "fp16" }; is = "best"',
     ["claims c0: given a precision; capex has none"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = { output = "throughput" }',
     ["claims c0: than.precision is missing; throughput is by precision"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = { build = "dgx_spark", precision = "fp16" }',
     ["claims c0: given than.precision; capex has none"]),
    ('output = "capex"; build = "rtx_a5000"; is = "same winner"; than = { output = "spend" }',
     ['claims c0: given build; "same winner" compares all builds']),
    ('output = "capex"; is = "same winner"; than = { output = "spend", times = 2 }',
     ['claims c0: given than.times; "same winner" compares builds as they are']),
    ('output = "capex"; within = 0.1; than = 3; all = [{ build = "dgx_spark", is = "equal", than = 5 }]',
     ["claims c0: given than; wanted it in a part that has is",
      "claims c0: given within; wanted it in a part that has is"]),
    # what makes no sense
    ('output = "capex"; build = "rtx_a5000"', ["claims c0: given no relation; wanted one of is, all, any"]),
    ('output = "capex"; build = "rtx_a5000"; is = "best"; all = [{ is = "worst" }]',
     ["claims c0: given is and all; wanted one of is, all, any"]),
    ('output = "capex"; build = "rtx_a5000"; any = [{ is = "best" }]; all = [{ is = "worst" }]',
     ["claims c0: given all and any; wanted one of is, all, any"]),
    ('output = "capex"; build = "rtx_a5000"; all = []', ["claims c0.all: given nothing; wanted at least one part"]),
    ('output = "capex"; any = [{ all = [] }, { build = "rtx_a5000", is = "best" }]',
     ["claims c0.any #1.all: given nothing; wanted at least one part"]),
    ('output = "capex"; any = [{ build = "rtx_a5000", is = "best" }, { is = "best" }]',
     ["claims c0.any #2: build is missing; wanted the subject"]),
    ('output = "capex"; build = "rtx_a5000"; is = "rank at least"; rank = 3',
     ["claims c0: rank is 3; there are 2 builds"]),
    ('output = "capex"; build = "rtx_a5000"; is = "rank at least"; rank = 0',
     ["claims c0.rank: given 0; wanted at least 1"]),
    ('output = "capex"; build = "rtx_a5000"; is = "rank at least"; rank = 1.5',
     ["claims c0.rank: given 1.5; wanted a whole number"]),
    ('output = "capex"; build = "rtx_a5000"; is = "equal"; than = 3; within = -0.1',
     ["claims c0.within: given -0.1; wanted at least 0"]),
    ('output = "capex"; build = "rtx_a5000"; is = "between"; low = 3; high = 2',
     ["claims c0: low is 3, high 2; wanted low below high"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = "rtx_a5000"',
     ["claims c0: compares with itself; wanted another build, place or output"]),
    ('output = "capex"; build = ["dgx_spark", "rtx_a5000"]; is = "above"; than = "rtx_a5000"',
     ["claims c0: compares with itself; wanted another build, place or output"]),
    ('output = "capex"; is = "same winner"; than = {}',
     ["claims c0: compares with itself; wanted another build, place or output"]),
    ('output = "capex"; build = []; is = "best"', ["claims c0.build: given a list; wanted at least one"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = nan',
     ["claims c0.than: given nan; wanted a finite "]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = true',
     ["claims c0.than: given true; wanted a number"]),
    ('output = "capex"; build = "rtx_a5000"; is = "above"; than = ["dgx_spark"]',
     ["claims c0.than: given a list; wanted a number"]),
    (f"{OK}; quantile = 0", ["claims c0.quantile: given 0"]),
    (f"{OK}; quantile = 1.0", ["claims c0.quantile: given 1.0"]),
    (f"{OK}; must_hold = 1.5", ["claims c0.must_hold: given 1.5; wanted at most 1"]),
    (f'{OK}; better = "more"', ["claims c0.better: given 'more'; wanted one of lower, higher"]),
]
SCENARIOS = "[scenarios.cool]\n[scenarios.hot]\npue = 1.56\n"
PRECISIONS = ["headline", "fp4", "fp16", "fp32"]


def problems(make_study, rest, **given):
    with pytest.raises(un.StudyError) as caught:
        make_study(rest=SCENARIOS + rest, precisions=PRECISIONS, **given)
    return [f"{p.where}: {p.what}" for p in caught.value.problems]


def assert_said(found, wanted):
    assert len(found) == len(wanted), found
    for said, begins in zip(found, wanted, strict=True):
        assert said.startswith(begins)


@pytest.mark.parametrize(("text", "wanted"), BROKEN)
def test_what_cannot_be_decided_is_refused(make_study, text, wanted):
    assert_said(problems(make_study, claimed(text)), wanted)


def test_the_claim_that_is_varied_there_is_in_order(make_study):
    assert len(make_study(rest=SCENARIOS + claimed(OK), precisions=PRECISIONS).ledger.claims) == 1


def test_one_build_cannot_be_ranked(make_study):
    one = {"builds": ["rtx_a5000"]}
    said = ["claims c0: 1 of this study's builds can be ranked by it; wanted two"]
    assert_said(problems(make_study, claimed(OK), **one), said)
    winner = 'output = "capex"; is = "same winner"; than = { output = "spend" }'
    assert_said(problems(make_study, claimed(winner), **one), said * 1)
    above = 'output = "capex"; build = "rtx_a5000"; is = "above"; than = 3'
    assert len(make_study(rest=claimed(above), **one).ledger.claims) == 1


def test_an_id_is_given_once(make_study):
    assert_said(problems(make_study, claimed(OK) * 3), ["claims c0: given twice; wanted each id once"])
    nameless = claimed(OK).replace('id = "c0"\n', "").replace("says", "note")
    assert_said(problems(make_study, nameless),
                ["claims #1.id: is missing; wanted a short name", "claims #1.says: is missing; wanted the sentence"])


PICK = '[[picks]]\nsays = "Training"\nbuilds = ["rtx_a5000"]\n'
RATING = '[[ratings]]\nsays = "Value"\nstars = { rtx_a5000 = 2, dgx_spark = 5 }\n'


@pytest.mark.parametrize(("rest", "wanted"), [
    (PICK, ["picks #1.best_by: is missing; wanted what the best build is best by"]),
    (PICK + "best_by = []", ["picks #1.best_by: given a list; wanted at least one"]),
    (PICK.replace("rtx_a5000", "rtx_a6000") + 'best_by = [{ output = "capex" }]',
     ["picks #1: no build rtx_a6000 in this study; did you mean rtx_a5000?"]),
    (PICK + 'best_by = [{ output = "capex" }, { output = "throughput" }]',
     ["picks #1.best_by #2: precision is missing; throughput is by precision"]),
    (PICK + 'best_by = [{ output = "capex", precision = "fp16" }]',
     ["picks #1.best_by #1: given a precision; capex has none"]),
    (PICK + 'best_by = [{ output = "throughput", precision = "fp4" }]', ["picks #1.best_by #1: rtx_a5000 has no fp4"]),
    (PICK + 'best_by = [{ output = "throughput", precision = "fp8" }]',
     ["picks #1.best_by #1: fp8 is not among this study's precisions"]),
    (PICK + 'best_by = [{ outpt = "capex" }]',
     ["picks #1.best_by #1.outpt: unknown key; did you mean output?", "picks #1.best_by #1.output: is missing; "]),
    (RATING.replace("dgx_spark", "spark"), ["ratings #1.stars: no build spark in this study; did you mean dgx_spark?"]),
    (RATING.replace("5 }", "6 }"), ["ratings #1.stars.dgx_spark: given 6; wanted at most 5"]),
    (RATING.replace("5 }", "2.5 }"), ["ratings #1.stars.dgx_spark: given 2.5; wanted a whole number"]),
    (RATING + 'output = "throughput"', ["ratings #1: precision is missing; throughput is by precision"]),
    (RATING + 'output = "throughput"\nprecision = "fp4"', ["ratings #1: rtx_a5000 has no fp4"]),
    (RATING + 'better = "lower"', ["ratings #1: output is missing, but precision, better or width is given"]),
    (RATING + "width = true", ["ratings #1: output is missing, but precision, better or width is given"]),
])
def test_picks_and_stars_that_cannot_be_told(make_study, rest, wanted):
    assert_said(problems(make_study, rest + "\n"), wanted)


def test_every_problem_comes_at_once(make_study):
    wrong = [text for text, said in BROKEN if said[0].startswith("claims c0")]
    rest = claimed(*wrong) + PICK + 'best_by = [{ output = "throughput" }]\n' + RATING.replace("dgx_spark", "spark")
    wanted = [line.replace("claims c0", f"claims c{i}") for i, text in enumerate(wrong)
              for line in dict(BROKEN)[text]]
    wanted += ["picks #1.best_by #1: ", "ratings #1.stars: no build"]
    found = problems(make_study, rest, run_hours=0)
    assert len(found) == len(wanted) + 1
    for begins in ["run_hours: given 0", *wanted]:
        assert any(line.startswith(begins) for line in found), begins


SHEET = 'title = "A sheet"\n' + claimed(OK)


@pytest.mark.parametrize(("sheet", "rest", "wanted"), [
    (None, "", ["document: no documents/sheet.toml beside the study or shipped; "]),
    (SHEET.replace("capex", "capx"), "", ["sheet.toml: claims c0.output: given 'capx'; did you mean capex?"]),
    (SHEET.replace("rtx_a5000", "a5000"), "",
     ["sheet.toml: claims c0: no build a5000 in this study; did you mean rtx_a5000?"]),
    (SHEET, claimed(OK), ["claims c0: given twice; wanted each id once"]),
    (SHEET + PICK + 'best_by = [{ output = "throughput" }]\n', "", ["sheet.toml: picks #1.best_by #1: precision is "]),
    (SHEET + RATING.replace("rtx_a5000", "a5000"), "",
     ["sheet.toml: ratings #1.stars: no build a5000 in this study; "]),
    ("title =", "", ["sheet.toml: not TOML: "]),
    (claimed(OK), "", ["sheet.toml: title: is missing; wanted the document"]),
    (SHEET + "[inputs]\npue = 1.2\n", "", ["sheet.toml: inputs: unknown key; "]),
])
def test_a_sheet_of_conclusions_that_is_wrong(make_study, tmp_path, sheet, rest, wanted):
    if sheet is not None:
        (tmp_path / "sheet.toml").write_text(sheet, encoding="utf-8")
    text = study_text(rest=rest)
    (tmp_path / "named.toml").write_text(f'document = "sheet"\n{text}', encoding="utf-8")
    with pytest.raises(un.StudyError) as caught:
        un.load(tmp_path / "named.toml")
    assert_said([f"{p.where}: {p.what}" for p in caught.value.problems], wanted)


def test_a_sheet_comes_before_the_studys_own(tmp_path):
    (tmp_path / "sheet.toml").write_text(SHEET.replace('"c0"', '"sheet0"'), encoding="utf-8")
    (tmp_path / "named.toml").write_text(f'document = "sheet"\n{study_text(rest=claimed(OK))}', encoding="utf-8")
    study = un.load(tmp_path / "named.toml")
    assert [claim.id for claim in study.ledger.claims] == ["sheet0", "c0"]
    assert study.ledger.claims[0].test == study.ledger.claims[1].test
    assert list(study.files)[-1] == "documents/sheet"


# --- probabilities against sums and quadrature -------------------------------------------------------------

A5000 = 'build = "rtx_a5000"; '
PRICE_CENTRE = float(optimize.brentq(lambda x: PRICE.cdf(x) - 0.5, 1700, 3200))
BY_COUNTS = {  # text -> whether it holds of n cards, w units of storage, and v of the Sparks
    A5000 + 'output = "battery_count"; is = "at most"; than = 16': lambda n, w, v: w <= 16,
    A5000 + 'output = "battery_count"; is = "above"; than = 16': lambda n, w, v: w > 16,
    A5000 + 'output = "device_count"; is = "equal"; than = 60': lambda n, w, v: n == 60,
    A5000 + 'output = "device_count"; is = "equal"; than = 60; within = 0.05': lambda n, w, v: abs(n - 60) <= 3,
    A5000 + 'output = "device_count"; is = "between"; low = 55; high = 62.5': lambda n, w, v: (n >= 55) & (n <= 62),
    A5000 + 'output = "battery_count"; is = "below"; than = "dgx_spark"': lambda n, w, v: w < v,
    A5000 + 'output = "battery_count"; is = "at least"; than = "dgx_spark"': lambda n, w, v: w >= v,
    A5000 + 'output = "battery_count"; is = "equal"; than = "dgx_spark"': lambda n, w, v: w == v,
    A5000 + 'output = "battery_count"; is = "worst"': lambda n, w, v: w > v,
    A5000 + 'output = "battery_count"; is = "rank at least"; rank = 2': lambda n, w, v: w == w,
    A5000 + 'output = "battery_count"; is = "above"; than = { build = "dgx_spark", times = 1.5 }':
        lambda n, w, v: w > 1.5 * v,
    A5000 + 'output = "memory_pool"; times = 3; is = "at least"; than = "dgx_spark"':
        lambda n, w, v: 3 * 24 * n >= SPARKS * 128,
    A5000 + 'all = [{ output = "battery_count", is = "at most", than = 16 }, '
    '{ output = "device_count", is = "at least", than = 58 }]': lambda n, w, v: (w <= 16) & (n >= 58),
    A5000 + 'any = [{ output = "battery_count", is = "at most", than = 14 }, '
    '{ output = "device_count", is = "at least", than = 65 }]': lambda n, w, v: (w <= 14) | (n >= 65),
    'output = "battery_count"; is = "same winner"; than = { output = "device_count" }':
        lambda n, w, v: np.where(n < SPARKS, w <= v, (w >= v) | (n == SPARKS))}
BY_DOLLARS = {  # text -> whether it holds where the A5000 is the cheaper, and where not, of w units and v of the Sparks
    A5000 + 'output = "capex"; is = "best"': lambda w, v: (w == w, w != w),
    A5000 + 'output = "capex"; is = "not best"': lambda w, v: (w != w, w == w),
    'output = "capex"; is = "same winner"; than = { output = "battery_count" }': lambda w, v: (w <= v, w >= v),
    'output = "capex"; is = "other winner"; than = { output = "battery_count" }': lambda w, v: (w > v, w < v)}
ALL = [*BY_COUNTS, *BY_DOLLARS]
NEGATIONS = [(0, 1), (5, 6), (15, 16), (17, 18)]  # places in ALL


def probabilities(truth):
    """Of all these claims, exactly."""
    cheaper = np.clip((SPARKS * SPARK_PRICE + POWERWALL * (truth.v - truth.w)) / truth.n, truth.low, truth.high)
    cheaper = truth.p * (truth.price.cdf(cheaper) - truth.price.cdf(truth.low))
    found = [truth.joint[holds(truth.n, truth.w, truth.v)].sum() for holds in BY_COUNTS.values()]
    for holds in BY_DOLLARS.values():
        where, elsewhere = holds(truth.w, truth.v)
        found.append(cheaper[where].sum() + (truth.joint - cheaper)[elsewhere].sum())
    return np.array(found)


@pytest.fixture(scope="module", params=["price", "pue", "both"])
def case(request):
    price, pue, _, settings = STUDIES[request.param]
    return Truth(price, pue), {**settings, "rest": settings.get("rest", "") + claimed(*ALL)}


@pytest.fixture(scope="module", params=METHODS)
def results(request, case, tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "study.toml"
    path.write_text(study_text(**SAMPLING, method=request.param, **case[1]), encoding="utf-8")
    return un.run(un.load(path))


def test_probabilities(case, results):
    found, wanted = results.claims, np.clip(probabilities(case[0]), 0, 1)  # sums may be 1 + 1e-16
    assert_close(found.probability, found.probability_se, wanted, 16, results.samples)
    assert ((wanted > 0.01) & (wanted < 0.99)).sum() >= 5
    at_random = np.sqrt(wanted * (1 - wanted) / results.samples)
    assert (found.probability_se <= 2 * at_random + 1 / results.samples).all()  # P(chi-square of 15 > 60) < 1e-6


def test_negations_sum_to_one(results):
    found = results.claims
    for one, other in NEGATIONS:
        assert found.probability[[one, other]].sum().item() == pytest.approx(1, abs=1e-15)
        assert found.holds_centrally[[one, other]].sum() == 1
        assert found.probability_se[one].item() == pytest.approx(found.probability_se[other].item(), rel=1e-9)


def test_what_no_sample_showed_has_a_limit(results):
    found = results.claims
    settled = np.isin(found.probability.values, (0.0, 1.0))
    assert settled.any()
    assert not settled.all()
    bears = np.array([len(w.reach) > 0 for w in results.plan.asked.watched[: len(settled)]])
    assert (settled & bears).any()
    np.testing.assert_array_equal(np.isnan(found.upper_limit), ~settled | ~bears)  # what hangs on nothing is sure
    np.testing.assert_allclose(found.upper_limit.values[settled & bears], -np.log(0.05) / results.samples, rtol=1e-3)


def test_claims_agree_with_the_ranking(results):
    capex = results.ranking.sel(criterion="capex", scenario="base", build="rtx_a5000", other="dgx_spark")
    walls = results.ranking.sel(criterion="battery_count", scenario="base", build="rtx_a5000", other="dgx_spark")
    p = dict(zip(ALL, results.claims.probability.values, strict=True))
    assert p[A5000 + 'output = "capex"; is = "best"'] == pytest.approx(capex.win.item(), abs=1e-12)
    assert p[A5000 + 'output = "battery_count"; is = "equal"; than = "dgx_spark"'] == pytest.approx(
        walls.tie.item(), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_ledge_in_closed_form(make_study, method):
    """The budget buys 60 cards at prices above 150,000 / 61 and at most 2,500."""
    rest = f"[build.rtx_a5000]\nunit_price = {PRICE_TEXT}\n" + claimed(
        A5000 + 'output = "device_count"; is = "equal"; than = 60')
    results = un.run(make_study(**SAMPLING, method=method, rest=rest))
    wanted = PRICE.cdf(2500) - PRICE.cdf(BUDGET / 61)
    assert_close(results.claims.probability, results.claims.probability_se, wanted, 16, results.samples)
    assert results.claims.holds_centrally == (np.floor(BUDGET / PRICE_CENTRE) == 60)


# --- by scenario -------------------------------------------------------------------------------------------

NEED = 60 * 0.230 * PER_PUE  # Powerwalls of 60 cards at a PUE of 1, before rounding up
COLD, HOT_ = (1.0, 1.2), (1.3, 1.7)  # PUE, uniform; one draw for both
TWO = f"""
[scenarios.cold]
pue = {dist("uniform", low=COLD[0], high=COLD[1])}
[scenarios.hot]
pue = {dist("uniform", low=HOT_[0], high=HOT_[1])}
"""
WALLS = A5000 + 'output = "battery_count"; '


def levels(low, high, ends):
    """Levels of a PUE between which so many Powerwalls are needed, from low to high."""
    return [float(np.clip((k / NEED - ends[0]) / (ends[1] - ends[0]), 0, 1)) for k in (low - 1, high)]


def overlap(*intervals):
    lows, highs = zip(*intervals, strict=True)
    return max(min(highs) - max(lows), 0.0)


def test_probability_by_scenario_and_in_all(make_study):
    either = 'any = [{ is = "between", low = 14, high = 15 }, { is = "between", low = 18, high = 20 }]'
    results = un.run(make_study(**SAMPLING, rest=TWO + claimed(
        WALLS + either, WALLS + 'all = [{ at = { scenario = "cold" }, is = "at most", than = 14 }, '
        '{ at = { scenario = "hot" }, is = "at least", than = 18 }]', WALLS + 'at = { scenario = "hot" }; ' + either)))
    found = results.claims
    cold, hot, few, many = (levels(14, 15, COLD), levels(18, 20, HOT_), levels(0, 14, COLD), levels(18, 99, HOT_))
    wanted = [overlap(cold, hot), overlap(few, many), overlap(hot)]
    assert all(0.1 < w < 0.9 for w in wanted)
    assert wanted[0] not in (overlap(cold), overlap(hot))
    assert wanted[0] != pytest.approx(overlap(cold) * overlap(hot), abs=0.05)  # as if each had its own draw
    assert_close(found.probability, found.probability_se, wanted, 16, results.samples)
    own, se = found.scenario_probability, found.scenario_probability_se
    assert_close(own[0], se[0], [overlap(cold), overlap(hot)], 16, results.samples)
    assert own[1:].isnull().all()  # these name their scenarios
    assert se[1:].isnull().all()


def test_in_every_scenario_is_not_more_probable_than_in_any(make_study):
    texts = [WALLS + f'is = "{r}"; than = {k}' for r in ("at most", "above") for k in range(12, 23)]
    found = un.run(make_study(rest=TWO + claimed(*texts))).claims
    assert (found.probability <= found.scenario_probability.min("scenario") + 1e-15).all()
    assert (found.probability + 1 - found.scenario_probability.sum("scenario") >= -1 - 1e-15).all()
    joint = found.probability.values[:11]  # more Powerwalls where it is hot: the joint is that of hot
    np.testing.assert_allclose(joint, found.scenario_probability.sel(scenario="hot")[:11], atol=1e-15)
    assert len(set(joint)) > 3


# --- claims about a quantile -------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_quantile_of_few_samples_holds_as_often_as_the_binomial_has_it(make_study, level):
    """Of 32 samples the quantile of a count is at most k where ceil(32 level) of them are."""
    cards = np.arange(46, 84)
    texts = [f'{A5000}output = "device_count"; quantile = {level}; is = "at most"; than = {k}' for k in cards]
    rest = f"[build.rtx_a5000]\nunit_price = {PRICE_TEXT}\n" + claimed(*texts)
    found = un.run(make_study(samples=32, replicates=400, method="random", rest=rest)).claims
    below = 1 - PRICE.cdf(BUDGET / (cards + 1))
    wanted = stats.binom.sf(np.ceil(32 * level) - 1, 32, below)
    assert ((wanted > 0.02) & (wanted < 0.98)).sum() >= 3
    assert_close(found.probability, found.probability_se, wanted, 400, 400)
    np.testing.assert_array_equal(found.holds_centrally, cards >= np.floor(BUDGET / PRICE_CENTRE))


@pytest.mark.parametrize("method", METHODS)
def test_thresholds_well_on_either_side_of_a_quantile(make_study, method):
    """768 GB/s of one card over its price; the quantile of it is that of the price, from the other side."""
    texts, wanted = [], []
    for level in (0.05, 0.5, 0.95):
        low, high = (768 / (2000 + 1000 * (1 - q)) for q in (level - 0.04, level + 0.04))
        for relation, holds in (("above", (1, 0)), ("below", (0, 1))):
            texts += [f'{A5000}output = "bandwidth_per_spend"; quantile = {level}; is = "{relation}"; than = {limit}'
                      for limit in (low, high)]
            wanted += holds
    rest = f"[build.rtx_a5000]\nunit_price = {dist('uniform', low=2000, high=3000)}\n" + claimed(*texts)
    results = un.run(make_study(samples=1024, replicates=8, method=method, rest=rest))
    assert results.claims.probability.values.tolist() == wanted
    assert (results.claims.probability_se == 0).all()
    assert results.claims.scenario_probability.isnull().all()
    assert not [b for b in results.breaks if b.target.startswith("c") and b.target[1:].isdigit()]


def test_near_a_quantile_some_replicates_are_on_either_side(make_study):
    exact = 768 / 2500
    rest = f"[build.rtx_a5000]\nunit_price = {dist('uniform', low=2000, high=3000)}\n" + claimed(
        f'{A5000}output = "bandwidth_per_spend"; quantile = 0.5; is = "above"; than = {exact}',
        f'{A5000}output = "bandwidth_per_spend"; quantile = 0.5; is = "at most"; than = {exact}')
    found = un.run(make_study(samples=64, replicates=128, method="random", rest=rest)).claims
    assert 0.2 < found.probability[0] < 0.8  # by the binomial 1/2 but for ties: seven standard errors
    assert found.probability.sum().item() == pytest.approx(1, abs=1e-12)
    assert (found.probability_se > 0).all()


def test_quantiles_of_several_builds_are_compared(make_study):
    """60 cards at most, 50 at least; and 37 Sparks."""
    price = dist("uniform", low=2500, high=2970)
    texts = [f'{A5000}output = "spend"; quantile = 0.9; is = "best"',
             f'{A5000}output = "device_count"; quantile = 0.01; is = "above"; than = "dgx_spark"',
             f'{A5000}output = "device_count"; quantile = 0.01; is = "equal"; than = 50',
             f'{A5000}output = "device_count"; quantile = 0.9; is = "equal"; than = 50']
    found = un.run(make_study(rest=f"[build.rtx_a5000]\nunit_price = {price}\n" + claimed(*texts))).claims
    assert found.probability.values.tolist() == [0, 1, 1, 0]


# --- what a claim changes ----------------------------------------------------------------------------------

PUE = dist("pert", low=1.05, mode=1.25, high=1.6)
PLAIN = {"pue": PUE, "rest": f"[build.rtx_a5000]\nunit_price = {PRICE_TEXT}\n"}
CLAIM = claimed(A5000 + 'output = "battery_count"; is = "at most"; than = 16')


def with_claims(make_study, text):
    return make_study(pue=PUE, rest=PLAIN["rest"] + text)


@pytest.mark.parametrize("line", ['where = "Table 6"', 'note = "a reading"', "must_hold = 0.5"])
def test_what_is_said_of_a_claim_changes_no_digest(make_study, line):
    one, two = (with_claims(make_study, text) for text in (CLAIM, f"{CLAIM}{line}\n"))
    assert one.digest == two.digest
    assert one.fingerprint != two.fingerprint
    assert with_claims(make_study, CLAIM.replace("It is so", "So be it")).digest == one.digest


@pytest.mark.parametrize(("old", "new"), [
    ("than = 16", "than = 17"), ("at most", "below"), ("rtx_a5000", "dgx_spark"), ("battery_count", "device_count"),
    ("than = 16", "than = 16\nquantile = 0.5"), ("than = 16", "than = 16\ntimes = 2"), ('"c0"', '"c1"')])
def test_what_a_claim_tests_changes_the_digest(make_study, old, new):
    assert old in CLAIM
    study, other = (with_claims(make_study, text) for text in (CLAIM, CLAIM.replace(old, new)))
    assert study.digest != other.digest


def test_claims_change_no_other_figure(make_study):
    plain = un.run(make_study(**PLAIN))
    more = un.run(with_claims(make_study, CLAIM + claimed(*ALL).replace('id = "c', 'id = "d')))
    for name in ("central", "bands", "means", "counts", "ranking"):
        xr.testing.assert_identical(getattr(plain, name), getattr(more, name))
    assert len(more.claims.claim) == len(ALL) + 1
    assert not len(plain.claims.claim)


def test_a_claim_is_not_changed_by_others(make_study):
    others = claimed(*ALL).replace('id = "c', 'id = "d')
    alone, among = (un.run(with_claims(make_study, text)) for text in (CLAIM, CLAIM + others))
    xr.testing.assert_equal(alone.claims, among.claims.isel(claim=[0]))


# --- what once went wrong ----------------------------------------------------------------------------------------


def test_a_precision_that_lacks_in_one_scenario_lacks_in_all(make_study):
    rest = """
[scenarios.a]
[scenarios.b.build.rtx_a5000]
peak.fp32 = { missing = "test" }
""" + claimed('output = "throughput"\nat = { precision = "fp32", scenario = "a" }\nbuild = "rtx_a5000"\nis = "best"')
    assert any("rtx_a5000 has no fp32" in line for line in problems(make_study, rest))


def test_criteria_of_either_direction_have_names_of_their_own(make_study):
    rest = PICK + 'best_by = [{ output = "battery_count", better = "higher" }]\n'
    names = [criterion.name for criterion in make_study(rest=rest).criteria]
    assert "battery_count" in names
    assert "battery_count (higher)" in names
    assert len(set(names)) == len(names)


def test_a_quantile_that_is_undefined_meets_nothing(make_study):
    rest = claimed('output = "memory_per_dollar"\nbuild = "rtx_a5000"\nis = "above"\nthan = 0\nquantile = 0.95')
    nothing = dist("discrete", values=[1000, 200_000], probabilities=[0.5, 0.5])  # half the time it buys none
    results = un.run(make_study(rest=rest, budget=nothing))
    assert np.isnan(results.bands.memory_per_dollar.sel(build="rtx_a5000", quantile=0.95)).all()
    assert results.claims.probability.item() == 0.0


def test_a_width_over_nothing_is_missing(make_study):
    nothing = dist("discrete", values=[1000, 200_000], probabilities=[0.9, 0.1])
    rest = '[[ratings]]\nsays = "Sure"\nstars = { rtx_a5000 = 1, dgx_spark = 2 }\noutput = "capex"\nwidth = true\n'
    results = un.run(make_study(rest=rest, budget=nothing))
    assert np.isnan(results.ratings["width"]).all()
    assert np.isnan(results.ratings.expected_rank).all()
    assert results.preference is not None


def test_a_build_without_stars_leaves_what_only_stars_tell_out_of_the_preference(make_study):
    rest = ('[[ratings]]\nsays = "Ease"\nstars = { rtx_a5000 = 1 }\n'
            '[[ratings]]\nsays = "Memory"\nstars = { rtx_a5000 = 1 }\noutput = "memory_per_dollar"\n')
    results = un.run(make_study(rest=rest))
    assert np.isnan(results.ratings.stars.sel(build="dgx_spark")).all()
    weights = results.preference.central_weight.sel(build="dgx_spark").squeeze()
    assert np.isnan(weights.sel(metric="Ease"))
    assert weights.sel(metric="Memory") == 1.0
