"""What a buyer reads of claims, first places, picks and stars: in the terminal and in report.md."""

import dataclasses
import io
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console
from support import dist, study_text

import uncertainty as un
from uncertainty import terminal
from uncertainty.analysis.labels import Frame, Group
from uncertainty.breaking import Break, Crossing, Move, Separated
from uncertainty.report.choices import picks, preference, stars
from uncertainty.report.conclusions import claims, first_places
from uncertainty.report.markdown import report
from uncertainty.report.sections import sections
from uncertainty.report.words import flip_words, input_words, ranges, sigma, threat, value_words
from uncertainty.searching import REACH

# 150,000 USD buy 60 A5000 at the central 2,500 USD, and 75 to 50 of them from 2,000 to 3,000
UNCERTAIN = f"""
[build.rtx_a5000]
unit_price = {dist("uniform", low=2000, high=3000)}
"""
CLAIMS = """
[[claims]]
id = "L1"
says = "A5000: 55 devices or more"
build = "rtx_a5000"
output = "device_count"
is = "at least"
than = 55

[[claims]]
id = "N1"
says = "A5000: more than 100 devices"
build = "rtx_a5000"
output = "device_count"
is = "above"
than = 100

[[claims]]
id = "A1"
says = "A5000: more than 40 devices"
build = "rtx_a5000"
output = "device_count"
is = "above"
than = 40

[[claims]]
id = "E1"
says = "DGX Spark: the largest memory"
build = "dgx_spark"
output = "unit_memory"
is = "best"
"""
QUANTILE = """
[[claims]]
id = "Q1"
says = "A5000: 50 devices or more, but in 5 cases of 100"
build = "rtx_a5000"
output = "device_count"
quantile = 0.05
is = "at least"
than = 50
"""
CHOICES = """
[[picks]]
says = "Most devices"
builds = ["dgx_spark", "rtx_a5000"]
best_by = [{ output = "device_count", better = "higher" }]

[[picks]]
says = "Most devices and memory"
builds = ["dgx_spark"]
best_by = [{ output = "device_count", better = "higher" }, { output = "unit_memory" }]

[[ratings]]
says = "Memory"
stars = { rtx_a5000 = 5, dgx_spark = 1 }
output = "unit_memory"

[[ratings]]
says = "Devices"
stars = { rtx_a5000 = 5, dgx_spark = 1 }
output = "device_count"
better = "higher"

[[ratings]]
says = "Steadiness"
stars = { rtx_a5000 = 5, dgx_spark = 1 }
output = "device_count"
width = true

[[ratings]]
says = "Ease"
stars = { rtx_a5000 = 1, dgx_spark = 5 }
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("conclusions") / "study.toml"
    path.write_text(study_text(rest=UNCERTAIN + CLAIMS + QUANTILE + CHOICES), encoding="utf-8")
    return un.run(un.load(path))


@pytest.fixture(scope="module")
def reference():
    return un.run(un.load("reference").with_sampling(samples=64, replicates=8))


def rows(section):
    return {row[0]: row[1:] for row in section.rows}


def about(told, truth):
    """Whether a probability of 512 samples is told as near the truth as their spread over 8 replicates allows."""
    return told.endswith(" %") and abs(float(told[:-2]) - truth) < 1.0


def screen(results):
    out = io.StringIO()
    terminal.show(results, Console(file=out, width=80, highlight=False, color_system=None))
    return out.getvalue()


# --- the ledger --------------------------------------------------------------------------------------------------


def test_the_ledger_tells_truth_probability_and_verdict(results):
    ledger, _ = claims(results)
    assert ledger.columns == ["id", "claim", "centrally", "P(holds)", "verdict"]
    told = rows(ledger)
    # P(price <= 150,000 / 55) = .727; 0 of 512 samples: below -log(.05) / 512 = .58 %
    assert told["L1"] == ["A5000: 55 devices or more", "holds", told["L1"][2], "likely"]
    assert about(told["L1"][2], 72.7)
    assert told["N1"][1:] == ["fails", "0 %", "never"]
    assert told["A1"][1:] == ["holds", "100 %", "holds always"]
    assert told["E1"][1:] == ["holds", "100 %", "holds always"]  # no input bears on it: it is certain
    assert "holds always 3, likely 1, never 1" in ledger.note
    assert "robust (at least 95 %), likely (at least 67 %), open (at least 33 %), unlikely (less)" in ledger.note
    assert "P is below 0.58 %" in ledger.note


def test_truth_at_the_documents_own_numbers_is_told_where_it_is_known(make_study):
    known = CLAIMS.replace('id = "N1"', 'id = "N1"\nprinted = true')
    found = un.run(make_study(rest=UNCERTAIN + known))
    ledger, _ = claims(found)
    assert ledger.columns[2:4] == ["printed", "P(holds)"]
    assert [row[2] for row in ledger.rows] == ["–", "holds*", "–", "–"]  # centrally it fails
    assert "Printed: at the numbers that the document prints; *" in ledger.note
    full, *_ = claims(found, full=True)
    assert full.columns[3:5] == ["printed", "centrally"]
    assert rows(full)["N1"][2:4] == ["holds", "fails"]


def test_a_claim_on_a_quantile_says_what_its_probability_is_of_and_has_no_flip(results):
    ledger, flips = claims(results)
    assert rows(ledger)["Q1"][1:] == ["holds", "100 %", "holds always"]
    assert "Q1 is about the 5 % quantile: its P is the share of 8 replicates" in ledger.note
    assert "Q1" not in rows(flips)
    assert "Q1" not in flips.note


def test_only_claims_on_quantiles_have_no_table_of_flips(make_study):
    found = un.run(make_study(rest=UNCERTAIN + QUANTILE))
    for full in (False, True):
        assert [s.title for s in claims(found, full)] == ["Which conclusions hold"]


def test_what_would_break_it_in_a_line(results):
    _, flips = claims(results)
    told = rows(flips)
    assert list(told) == ["L1"]
    # of the samples 27.3 % flip; the normal score of .727 is .605
    assert told["L1"][:3] == ["A5000 price (low)", "fails at A5000 price $2,728", "0.6"]
    assert about(told["L1"][3], 27.3)
    assert f"No flip was found within {REACH:g} sigma" in flips.note
    assert "sigma of N1, A1 (" in flips.note
    assert "and P is below 0.58 %." in flips.note
    assert "No input of this study bears on E1." in flips.note


def test_in_full_every_claim_has_its_place_flip_and_break_even_values(results):
    ledger, flips, crossed = claims(results, full=True)
    assert ledger.columns == ["id", "claim", "where", "centrally", "P(holds)", "P in base", "verdict", "note"]
    told = rows(flips)
    assert told["L1"][:2] == ["A5000 price (holds at low values)", "fails at A5000 price $2,728 (central $2,500)"]
    assert told["N1"][1].startswith(f"none found within {REACH:g} sigma (")
    assert told["N1"][1].endswith(" points tried); P < 0.58 %")
    assert told["E1"] == ["–", "no input of this study bears on it", "–", "0 %"]
    assert crossed.rows == [["L1", "A5000 price", "$2,500", "from $2,728", "27.3 %"],
                            ["N1", "A5000 price", "$2,500", "up to $1,485", "0 %"],
                            ["A1", "A5000 price", "$2,500", "from $3,659", "0 %"]]


def test_constants_show_what_holds_and_no_probability(make_study):
    found = un.run(make_study(rest=CLAIMS + CHOICES))
    (ledger,) = claims(found)
    assert ledger.columns == ["id", "claim", "as given"]
    assert rows(ledger)["L1"] == ["A5000: 55 devices or more", "holds"]
    assert rows(ledger)["N1"][-1] == "fails"
    assert "3 of 4 hold" in ledger.note
    assert "%" not in "".join(c for s in (ledger, *picks(found)) for row in s.rows for c in row)
    assert not first_places(found)


def test_without_conclusions_there_is_no_section_of_them(make_study):
    found = un.run(make_study(rest=UNCERTAIN))
    assert not claims(found)
    assert not picks(found)
    assert not stars(found)
    assert not preference(found)
    assert [s.title.split(":")[0] for s in sections(found)] == ["How wide", "How fast", "Who wins", "How stable"]


def test_a_claim_that_must_hold_and_does_not_is_named(make_study):
    asked = CLAIMS.replace('id = "L1"', 'id = "L1"\nmust_hold = 0.9').replace('id = "A1"', 'id = "A1"\nmust_hold = 0.9')
    ledger, *_ = claims(un.run(make_study(rest=UNCERTAIN + asked)))
    assert "Must hold, and does not: L1 (P of 90 %)." in ledger.note


# --- words -------------------------------------------------------------------------------------------------------

STUDY = SimpleNamespace(builds=[SimpleNamespace(key="rtx_a5000", label="A5000")])


@pytest.mark.parametrize(("name", "words"), [
    ("rtx_a5000.unit_price", "A5000 price"), ("rtx_a5000.sustained_ratio.fp16", "A5000 sustained ratio fp16"),
    ("pue (engineering)", "PUE (engineering)"), ("pue (a, b)", "PUE (a, b)"), ("battery_unit_price", "battery price"),
    ("sustained_ratio.fp16", "sustained ratio fp16"), ("network_switch", "network switch")])
def test_inputs_in_words(name, words):
    assert input_words(STUDY, name) == words


@pytest.mark.parametrize(("value", "unit", "words"), [
    (2110.4, "USD", "$2,110"), (1.5, "USD", "$1.50"), (1.306, "1", "1.31"), (1.0, "1", "1"), (0.1063, "kW", "0.106 kW"),
    (8.0, "h", "8 h")])
def test_values_in_words(value, unit, words):
    assert value_words(value, unit) == words


def broken(moves=(), separation=(), searched=100, radius=8.0, held=True, limit=np.nan):
    flips = un.analysis.error.Estimate(np.array(0.1), np.array(0.0))
    return Break("C1", "", held, flips, limit, np.inf, tuple(moves), searched, radius, (), tuple(separation), ())


def move(value, share, name="rtx_a5000.unit_price"):
    return Move(name, "USD", value, 2500.0, 0.5, share)


def test_a_flip_tells_the_inputs_that_take_most_of_its_distance_and_how_many_more_there_are():
    moves = [move(2206.0, 0.5), move(9000.0, 0.3, "battery_unit_price"), move(3.0, 0.15, "x"), move(1.0, 0.05, "y")]
    assert flip_words(STUDY, broken(moves), 2) == "fails at A5000 price $2,206, battery price $9,000 and 2 more"
    assert flip_words(STUDY, broken(moves, held=False), 3) == (
        "holds at A5000 price $2,206, battery price $9,000, x $3.00 and 1 more")


def test_a_flip_is_rounded_away_from_the_central_value():
    for value, told in ((2500.00000004, "$2,501"), (2499.99999, "$2,499"), (2727.27, "$2,728"), (2205.88, "$2,205"),
                        (2600.0, "$2,600")):
        assert flip_words(STUDY, broken([move(value, 1.0)]), 2) == f"fails at A5000 price {told}"


def test_a_flip_that_was_not_found_says_how_far_and_how_much_was_searched():
    assert flip_words(STUDY, broken(searched=16384, limit=4.57e-5), 2) == (
        "none found within 8 sigma (16,384 points tried); P < 0.0046 %")
    assert flip_words(STUDY, broken(searched=0), 2) == "no input of this study bears on it"


def test_the_threat_is_what_separates_clearly_or_else_what_moves_most():
    moves = [move(2206.0, 0.9), move(9000.0, 0.1, "battery_unit_price")]
    clear = [Separated("battery_unit_price", 0.4, 0.01, "holds at low values")]
    assert threat(STUDY, broken(moves, clear)) == "battery price (low)"
    assert threat(STUDY, broken(moves, clear), True) == "battery price (holds at low values)"
    assert threat(STUDY, broken(moves, [clear[0]._replace(adjusted=0.2)]), True) == "A5000 price"
    assert threat(STUDY, broken()) == "–"


def test_distances_are_never_rounded_to_nothing():
    assert [sigma(x) for x in (0.01, 0.61, np.inf)] == ["<0.1", "0.6", "–"]


def test_ranges_say_where_they_end_with_the_search():
    price = [Crossing("rtx_a5000.unit_price", "USD", 2500.0, *ends, 0.1) for ends in (
        (625.0, 900.0, True, False), (2600.0, 2700.0, False, False), (3000.0, 10_000.0, False, True))]
    assert ranges(price) == "up to $900; $2,600 to $2,700; from $3,000"


# --- first places, picks, stars ----------------------------------------------------------------------------------


def test_first_places_tell_who_is_first_and_where_that_ends(results):
    flips, crossed = first_places(results)
    told = {row[0]: row[1:] for row in flips.rows}
    assert told["CapEx"][:2] == ["base", "DGX Spark"]  # 37 of 0.24 kW, and 60 A5000 of 0.23 kW
    assert told["memory pool"][:2] == ["base", "DGX Spark"]
    # 37 x 128 = 4,736 GB, so that 198 cards of 24 GB are wanted, for 757.57 USD each or less: nothing to be had
    assert ["memory pool", "base", "A5000 price", "$2,500", "up to $757", "0 %"] in crossed.rows


def test_scenarios_that_agree_are_told_together(reference):
    flips, _ = first_places(reference)
    where = {(row[0], row[1]) for row in flips.rows}
    assert ("memory pool", "all") in where
    assert {("CapEx", s) for s in reference.study.scenarios} <= where


def test_picks_tell_each_builds_chance_and_where_none_is_best(results):
    (section,) = picks(results)
    told = rows(section)
    # 50 A5000 or more beat 37 Sparks always; the Spark has the larger memory always, so none is best by both
    assert told["Most devices"] == ["base", "DGX Spark 0 %\nA5000 >99.4 %", "A5000 >99.4 %"]
    assert told["Most devices and memory"] == ["base", "DGX Spark 0 %", "none 100 %"]
    (full,) = picks(results, full=True)
    assert full.columns[-3:] == ["P(A5000 best)", "P(DGX Spark best)", "a wrong pick costs"]
    cost = full.rows[0][-1]
    assert cost.startswith("DGX Spark: ")
    assert "of device count" in cost
    assert "A5000" not in cost  # never wrong


def test_stars_stand_beside_the_ranks_of_the_numbers(results):
    (section,) = stars(results)
    told = rows(section)
    assert told["Memory"] == ["5 / 2.0", "1 / 1.0", "opposite"]
    assert told["Devices"] == ["5 / 1.0", "1 / 2.0", "agrees"]
    assert told["Steadiness"] == ["5 / 2.0", "1 / 1.0", "opposite"]  # only the A5000's price is uncertain
    assert told["Ease"] == ["1 / –", "5 / –", "–"]
    (full,) = stars(results, full=True)
    assert rows(full)["Devices"][1:3] == ["5 / 1 (>99.4 %)", "1 / 2 (>99.4 %)"]


def test_stars_agree_in_part_where_some_pairs_do(reference):
    (section,) = stars(reference)
    # 96 GB has five stars, 128 GB four, 48 GB three and 24 GB two
    assert rows(section)["Per-device memory capacity"] == ["5 / 2.0", "4 / 1.0", "3 / 3.0", "2 / 4.0", "in part"]


def test_preference_tells_ranks_confidence_and_in_full_the_weights(results):
    dims = ("scenario", "build")
    group = Group({"rank_acceptability": Frame((*dims, "rank"), np.array([[[0.7, 0.3], [0.3, 0.7]]]), {}),
                   "confidence": Frame(dims, np.array([[0.9, np.nan]]), {}),
                   "central_weight": Frame((*dims, "metric"), np.array([[[0.25, 0.75], [np.nan, np.nan]]]), {})},
                  {"metric": Frame(("metric",), np.array(["Memory", "Devices"]), {})})
    given = dataclasses.replace(results, figures=results.figures | {"preference": group})
    (section,) = preference(given)
    assert section.columns == ["scenario", "build", "rank 1", "rank 2", "confidence"]
    assert section.rows == [["base", "A5000", "70 %", "30 %", "90 %"], ["", "DGX Spark", "30 %", "70 %", "–"]]
    (full,) = preference(given, full=True)
    assert full.columns[-2:] == ["weight: Memory", "weight: Devices"]
    assert [row[-2:] for row in full.rows] == [["25 %", "75 %"], ["–", "–"]]


# --- where they are shown ----------------------------------------------------------------------------------------


def test_conclusions_come_before_who_wins_and_choices_last(results):
    titles = [s.title.split(":")[0].split(",")[0] for s in sections(results)]
    assert titles == ["How wide", "How fast", "Which conclusions hold", "What would break them", "Who wins",
                      "How stable", "Best fit by workload and priority", "Stars and numbers", "Overall preference"]


def test_the_terminal_is_80_columns_wide(reference):
    shown = screen(reference)
    assert "Which conclusions hold" in shown
    assert "Overall preference" in shown
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_the_report_has_every_claim_and_pick_with_its_place(reference):
    text = report(reference, {"uncertainty": "0"})
    ledger = text[text.index("## Which conclusions hold"):text.index("## What would break them")]
    for claim in reference.study.ledger.claims:
        assert f"| {claim.id} | " in ledger
    assert "Table 3, section 13" in ledger
    assert "fragile: both prices" in ledger
    for title in ("Break-even values of claims", "Does first place hold", "Break-even values of first places"):
        assert f"## {title}" in text
