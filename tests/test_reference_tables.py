"""The document's Tables 3, 4, 6 and 7 as printed, from the study file to the results of a run.

Benally, "GPGPU Comparison for Local AI & Scientific Computing", 17 December 2025. Every number is compared as text,
at the decimals it is printed with. No number lies half-way between two printed ones, so rounding rules do not matter.
"""

import numpy as np
import pytest

import uncertainty as un
from uncertainty.files import shipped

BUILDS = {"PRO": "rtx_pro_6000", "Spark": "dgx_spark", "A6000": "rtx_a6000", "A5000": "rtx_a5000"}

# 64.0 PFLOP/s and so on; A6000's AI peak is printed as "9.910,4"; no FP32 is printed for the Spark
TABLE_3 = """
          Units   Leftover   AI peak   FP32 peak   Memory   Bandwidth
PRO          16   6,000.16      64.0       1,920    1,536      25.552
Spark        37   2,037.00      37.0           -    4,736      10.101
A6000        32   1,200.00    9.9104     1,238.4    1,536      24.576
A5000        60       0.00    13.332       1,668    1,440      46.080
"""
TABLE_4 = """
           AI/USD     AI/kW   FP32/kW   GB/USD   GB/s/W
PRO      4.44e-04      6.67       200   0.0107     2.66
Spark    2.50e-04      4.17         -   0.0320     1.14
A6000    6.66e-05      1.03       129   0.0103     2.56
A5000    8.89e-05      0.97       121   0.0096     3.34
"""
TABLE_6 = """
                       IT kW   Facility kW   8h kWh   Battery kWh   Powerwalls
PRO   optimistic        9.60          9.60     76.8          76.8            6
PRO   engineering       9.60         14.40    115.2        142.22           11
PRO   legacy-room       9.60         18.72   149.76        184.89           14
Spark optimistic        8.88          8.88    71.04         71.04            6
Spark engineering       8.88         10.66    85.25        105.24            8
Spark legacy-room       8.88         13.85   110.85        136.82           11
A6000 optimistic        9.60          9.60     76.8          76.8            6
A6000 engineering       9.60         14.40    115.2        142.22           11
A6000 legacy-room       9.60         18.72   149.76        184.89           14
A5000 optimistic       13.80         13.80    110.4         110.4            9
A5000 engineering      13.80         20.70    165.6        204.44           16
A5000 legacy-room      13.80         26.91   215.28        265.78           20
"""
TABLE_7 = """
        optimistic   engineering   legacy-room
PRO        199,200       240,200       264,800
Spark      199,200       215,600       240,200
A6000      199,200       240,200       264,800
A5000      223,800       281,200       314,000
"""
MISPRINT = ("Table 6", "Spark", "legacy-room", "run_energy")  # 8.88 kW x 1.56 x 8 h = 110.8224 kWh
RIGHT = "110.82"

# column -> output, precision, units of the output in one printed unit
COLUMNS_3 = [("device_count", None, 1), ("leftover", None, 1), ("throughput", "headline", 1000),
             ("throughput", "fp32", 1), ("memory_pool", None, 1), ("bandwidth", None, 1000)]
COLUMNS_4 = [("throughput_per_spend", "headline", 1000), ("throughput_per_kw", "headline", 1000),
             ("throughput_per_kw", "fp32", 1), ("memory_per_spend", None, 1), ("bandwidth_per_watt", None, 1)]
COLUMNS_6 = [(name, None, 1) for name in
             ("it_power", "facility_power", "run_energy", "battery_energy", "battery_count")]


def rows(table):
    return [line.split() for line in table.strip().splitlines()[1:]]


def printed_numbers():
    """(table, build, scenario, output, precision, unit, as printed) of every number printed."""
    found = []
    for table, text, columns in (("Table 3", TABLE_3, COLUMNS_3), ("Table 4", TABLE_4, COLUMNS_4)):
        for build, *cells in rows(text):
            found += [(table, build, "optimistic", *column, cell) for column, cell in zip(columns, cells, strict=True)]
    for build, scenario, *cells in rows(TABLE_6):
        found += [("Table 6", build, scenario, *column, cell) for column, cell in zip(COLUMNS_6, cells, strict=True)]
    scenarios = TABLE_7.strip().splitlines()[0].split()
    for build, *cells in rows(TABLE_7):
        found += [("Table 7", build, s, "capex_reference", None, 1, c) for s, c in zip(scenarios, cells, strict=True)]
    return [number for number in found if number[-1] != "-"]


PRINTED = printed_numbers()


def as_printed(value, like):
    """A value with the decimals, and in the notation, of a printed number."""
    decimals = len(like.partition("e")[0].partition(".")[2])
    return f"{value:.{decimals}e}" if "e" in like else f"{value:,.{decimals}f}"


@pytest.fixture(scope="module")
def results():
    return un.run(un.load("reference-tables"))


def test_the_tables_have_114_numbers():
    assert len(PRINTED) == 114
    assert len(set(PRINTED)) == 114


@pytest.mark.parametrize("statistic", ["central", "mean", "quantiles"])
@pytest.mark.parametrize(("table", "build", "scenario", "output", "precision", "unit", "printed"), PRINTED)
def test_every_printed_number(results, statistic, table, build, scenario, output, precision, unit, printed):
    data = {"central": results.central, "mean": results.means, "quantiles": results.bands}[statistic]
    values = data[output].sel(build=BUILDS[build], scenario=scenario)
    if precision:
        values = values.sel(precision=precision)
    wanted = RIGHT if (table, build, scenario, output) == MISPRINT else printed
    assert {as_printed(v, wanted) for v in np.ravel(values / unit)} == {wanted}


def test_tables_3_and_4_hold_in_every_scenario(results):
    for output in {column[0] for column in COLUMNS_3 + COLUMNS_4}:
        values = results.means[output]
        assert (values == values.isel(scenario=0)).where(values.notnull(), True).all(), output


def test_the_misprint_is_one(results):
    energy = results.means.run_energy.sel(build="dgx_spark", scenario="legacy-room").item()
    assert energy == pytest.approx(37 * 0.240 * 1.56 * 8, rel=1e-12)
    assert as_printed(energy, "110.85") == RIGHT != "110.85"


def test_no_number_lies_half_way_between_two_printed_ones(results):
    for table, build, scenario, output, precision, unit, printed in PRINTED:
        value = results.central[output].sel(build=BUILDS[build], scenario=scenario)
        value = (value.sel(precision=precision) if precision else value).item() / unit
        near = {as_printed(value * (1 + nudge), printed) for nudge in (-1e-9, 0, 1e-9)}
        assert len(near) == 1, (table, build, output)


# "Check of the reference document", sections 2 and 3: real Powerwall needs, and CapEx on what is truly spent
NEEDS = {"PRO": (5.689, 10.535, 13.695), "A6000": (5.689, 10.535, 13.695), "Spark": (5.262, 7.796, 10.135),
         "A5000": (8.178, 15.144, 19.687)}
CAPEX = {"PRO": (193_200, 234_200, 258_800), "Spark": (197_163, 213_563, 238_163),
         "A6000": (198_000, 239_000, 263_600), "A5000": (223_800, 281_200, 314_000)}


@pytest.mark.parametrize("build", BUILDS)
def test_needs_and_true_capex(results, build):
    means = results.means.sel(build=BUILDS[build], scenario=["optimistic", "engineering", "legacy-room"])
    assert tuple(np.round(means.battery_energy.values / 13.5, 3)) == NEEDS[build]
    assert tuple(np.round(means.capex.values)) == CAPEX[build]


# section 4, "Energy inside the $150,000": units and Powerwalls at 8,200 USD; headline and 16-bit PFLOP/s, FP32 TFLOP/s,
# GB, TB/s; units and Powerwalls at 15,400 USD
INSIDE = """
       units  walls  headline   fp16    fp32     GB    TB/s  units  walls
PRO       10      7        40   5.04   1,200    960   15.97      7      5
Spark     25      6        25   3.12     743  3,200    6.83     18      4
A6000     19      7      5.88   2.94     735    912   14.59     15      5
A5000     31      8      6.89   3.44     862    744   23.81     23      6
"""
SCENARIOS = """
[scenarios.inside]
pue = 1.2
budget_covers = "hardware and storage"

[scenarios.inside-dear]
pue = 1.2
battery_unit_price = 15_400
budget_covers = "hardware and storage"
"""


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    path = tmp_path_factory.mktemp("inside") / "study.toml"
    path.write_text((shipped() / "studies" / "reference-tables.toml").read_text(encoding="utf-8") + SCENARIOS, "utf-8")
    return un.run(un.load(path)).means


@pytest.mark.parametrize("row", rows(INSIDE), ids=lambda row: row[0])
def test_energy_inside_the_budget(inside, row):
    here, dear = (inside.sel(build=BUILDS[row[0]], scenario=s) for s in ("inside", "inside-dear"))
    typed = here.throughput
    found = [here.device_count, here.battery_count, typed.sel(precision="headline") / 1000,
             typed.sel(precision="fp16") / 1000, typed.sel(precision="fp32"), here.memory_pool, here.bandwidth / 1000,
             dear.device_count, dear.battery_count]
    assert [as_printed(x.item(), printed) for x, printed in zip(found, row[1:], strict=True)] == row[1:]
    for each in (here, dear):
        assert each.capex_reference == 150_000
        assert each.leftover.item() == pytest.approx(150_000 - each.capex.item(), abs=1e-6)
        assert each.leftover >= 0


def test_what_the_budget_covers_in_one_scenario_changes_no_other(inside, results):
    for name in results.means:
        np.testing.assert_array_equal(inside[name].sel(scenario=results.means.scenario), results.means[name], name)


def test_winners_are_the_same_with_energy_inside_the_budget(inside):
    at = inside.sel(scenario=["engineering", "inside", "inside-dear"])
    for precision in ("headline", "fp16", "fp32"):
        assert set(at.throughput.sel(precision=precision).idxmax("build").values) == {"rtx_pro_6000"}
    assert set(at.memory_pool.idxmax("build").values) == {"dgx_spark"}
    assert set(at.bandwidth.idxmax("build").values) == {"rtx_a5000"}


def test_constants_have_no_error(results):
    for data in (results.means, results.bands, results.counts, results.ranking):
        for name in (n for n in data if str(n).endswith("_se")):
            assert set(np.unique(data[name].fillna(0))) <= {0.0}, name
