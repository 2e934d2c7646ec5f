"""What the document concludes: its claims as the check of it decides them, its picks and its stars.

"Check of the reference document", section 5: 39 claims at the document's own point values. The document is Benally,
"GPGPU Comparison for Local AI & Scientific Computing", 17 December 2025.
"""

import numpy as np
import pytest

import uncertainty as un

BUILDS = {"PRO": "rtx_pro_6000", "Spark": "dgx_spark", "A6000": "rtx_a6000", "A5000": "rtx_a5000"}

CHECKED = """
C01 holds    C02 holds    C03 holds    C04 holds    C05 holds    C06 holds    C07 holds    C08 holds    C09 fails
C10 holds    C11 holds    C12 holds    C13 holds    C14 holds    C15 holds    C16 holds    C17 holds    C18 holds
C19 fails    C20 fails    C21 fails    C22 fails    C23 holds    C23b fails   C24 holds    C24b fails   C24c fails
C25 fails    C26 holds    C27 holds    C28 holds    C28b fails   C29 fails    C30 fails    C31 fails    C32 fails
C33 holds    C34 holds    C34b holds
"""
HOLDS = {name: truth == "holds" for name, truth in zip(CHECKED.split()[::2], CHECKED.split()[1::2], strict=True)}

# the column "Numbers": the unit is that of the output times so much; C19's are those on real spend
NUMBERS = """
claim  output                precision  scenario        unit       PRO     Spark     A6000     A5000
C01    throughput_per_spend  headline   -               1000  4.44e-04  2.50e-04  6.66e-05  8.89e-05
C02    throughput_per_kw     headline   -               1000      6.67      4.17      1.03      0.97
C03    throughput_per_kw     fp32       -                  1     200.0     123.8     129.0     120.9
C04    memory_per_spend      -          -                  1    0.0107     0.032    0.0103    0.0096
C05    bandwidth_per_watt    -          -                  1      2.66      1.14      2.56      3.34
C06    bandwidth_per_spend   -          -                  1    0.1774    0.0683    0.1652    0.3072
C07    memory_pool           -          -                  1     1,536     4,736     1,536     1,440
C09    throughput            fp32       -                  1   1,920.0   1,099.3   1,238.4   1,668.0
C10    bandwidth             -          -               1000     25.55     10.10     24.58     46.08
C11    device_count          -          -                  1        16        37        32        60
C13    battery_count         -          engineering        1        11         8        11        16
C14    battery_count         -          legacy-room        1        14        11        14        20
C15    battery_count         -          optimistic         1         6         6         6         9
C17    it_power              -          -                  1      9.60      8.88      9.60     13.80
C18    capex                 -          engineering        1   234,200   213,563   239,000   281,200
C18    capex                 -          legacy-room        1   258,800   238,163   263,600   314,000
C19    capex_reference       -          optimistic         1   199,200   199,200   199,200   223,800
C19    capex                 -          optimistic         1   193,200   197,163   198,000   223,800
C21    facility_power        -          engineering        1     14.40     10.66     14.40     20.70
C21    facility_power        -          legacy-room        1     18.72     13.85     18.72     26.91
C24b   throughput_per_kw     fp16       -               1000     0.840     0.521     0.516     0.483
C25    unit_memory           -          -                  1        96       128        48        24
C27    throughput            headline   -               1000      64.0      37.0       9.9      13.3
C27    throughput            fp16       -                  1     8,061     4,625     4,954     6,666
C30    throughput_per_spend  fp32       -                  1   0.01333   0.00743   0.00832   0.01112
"""
ROWS = [line.split() for line in NUMBERS.strip().splitlines()[1:]]

# best fit in Table 8, then by the priorities of section 13
PICKS = """
Table 8:     LLM training      PRO
Table 8:     LLM inference     Spark PRO
Table 8:     Memory-bound      A6000
Table 8:     Throughput FP32   A5000
section 13:  Fewest nodes      PRO
section 13:  Fastest           Spark
section 13:  Per-device VRAM   A6000
section 13:  Aggregate FP32    A5000
"""
TABLE_9 = """
Metric                              PRO   Spark   A6000   A5000
Peak AI throughput per $          *****     ***       *      **
Sustained-performance confidence    ***     ***    ****    ****
Power efficiency                  *****    ****      **      **
Deployment ease                      **   *****     ***      **
Per-device memory capacity        *****    ****     ***      **
Scale-out complexity (ops)          ***      **      **       *
"""


@pytest.fixture(scope="module")
def study():
    return un.load("reference-tables")


@pytest.fixture(scope="module")
def results(study):
    return un.run(study)


def test_39_claims_of_which_25_hold():
    assert len(HOLDS) == 39
    assert sum(HOLDS.values()) == 25


def test_the_claims_are_those_of_the_check_and_say_where_they_come_from(study):
    assert [claim.id for claim in study.ledger.claims] == list(HOLDS)
    for claim in study.ledger.claims:
        assert claim.where.startswith(("Table", "section")), claim.id
        assert len(claim.says) <= 75, claim.id


@pytest.mark.parametrize("name", HOLDS)
def test_every_claim_is_decided_as_in_the_check(results, name):
    claim = results.claims.sel(claim=name)
    assert bool(claim.holds_centrally) == bool(claim.holds_as_printed) == HOLDS[name]
    assert claim.probability.item() == HOLDS[name]  # nothing varies


@pytest.mark.parametrize(("claim", "output", "precision", "scenario", "unit", "printed"), [
    (*row[:4], int(row[4]), row[5:]) for row in ROWS])
def test_the_numbers_that_decide(results, claim, output, precision, scenario, unit, printed):
    values = results.central[output].sel(build=list(BUILDS.values()))
    values = values if precision == "-" else values.sel(precision=precision)
    for where in results.central.scenario.values if scenario == "-" else [scenario]:
        here = values.sel(scenario=where).values / unit
        assert [as_printed(v, like) for v, like in zip(here, printed, strict=True)] == printed, where


def as_printed(value, like):
    """A value with the decimals, and in the notation, of a printed number."""
    decimals = len(like.partition("e")[0].partition(".")[2])
    return f"{value:.{decimals}e}" if "e" in like else f"{value:,.{decimals}f}"


def test_the_order_at_16_bits(results):  # C23b
    per_dollar = results.central.throughput_per_spend.sel(precision="fp16", scenario="engineering")
    best_first = per_dollar.build.values[np.argsort(-per_dollar.values)]
    assert list(best_first) == [BUILDS[b] for b in ("PRO", "A5000", "A6000", "Spark")]


def test_the_picks_are_those_of_table_8_and_section_13(study):
    wanted = [line.split("  ") for line in PICKS.strip().splitlines()]
    wanted = [[cell.strip(" :") for cell in row if cell] for row in wanted]
    assert len(study.ledger.picks) == len(wanted)
    for pick, (where, says, builds) in zip(study.ledger.picks, wanted, strict=True):
        assert pick.where == where
        assert pick.says.startswith(says)
        assert list(pick.builds) == [BUILDS[b] for b in builds.split()]


def test_the_stars_are_those_of_table_9(study):
    header, *lines = (line.split() for line in TABLE_9.strip().splitlines())
    assert [BUILDS[b] for b in header[1:]] == [b.key for b in study.builds]
    printed = [(" ".join(words), *map(len, stars)) for *words, a, b, c, d in lines for stars in [(a, b, c, d)]]
    assert [(rating.says, *rating.stars) for rating in study.ledger.ratings] == printed


@pytest.mark.parametrize("name", ["reference", "market-2025", "market-late-2026"])
def test_every_shipped_study_puts_the_same_to_the_test(study, name):
    assert un.load(name).ledger == study.ledger
