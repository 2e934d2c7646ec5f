"""What drives a study, as files and people get it: tables, summary, NetCDF groups, report and terminal."""

import csv
import json
import math

import numpy as np
import pytest
import xarray as xr
from support import dist, study_text

import uncertainty as un
from uncertainty.analysis.error import half_width
from uncertainty.cli import main
from uncertainty.report.sections import sections
from uncertainty.report.tables import tables

GROUPS = ("first_order", "total_order", "shapley", "shared", "information", "influence", "tornado")
TABLES = ("indices", "tornado", "information", "measurements", "influence", "shared")
PRICE = dist("lognormal", median=2500, sigma=0.15)[:-1]
STUDY = {"pue": dist("pert", low=1.05, mode=1.25, high=1.6), "discharge_efficiency": dist("uniform", low=0.87,
         high=0.93), "battery_unit_price": dist("lognormal", median=8200,
         sigma=0.2), "outputs": ["capex", "throughput_per_dollar"], "precisions": ["fp8", "fp16"], "replicates": 8}
ASKED = """
[sensitivity]
samples = 64
[sensitivity.groups]
prices = ["unit_price", "battery_unit_price"]
"""
QUOTE = """
[[sensitivity.measurements]]
says = "a written quote"
input = "rtx_a5000.unit_price"
relative_error = 0.02
cost = 50
"""
TABLE = f"""
[build.rtx_a5000]
unit_price = {PRICE}, grade = "C-" }}
[build.dgx_spark]
unit_price = {dist("pert", low=2999, mode=3999, high=4699)}
unit_power = 0.36
"""
CLAIM = """
[[claims]]
id = "P1"
says = "the Spark costs less"
build = "dgx_spark"
output = "capex"
is = "best"
"""
TITLES = ["What drives the spread", "What to look up first: what it is worth to know", "What one more quote is worth",
          "What builds share, and what is their own"]


def made(folder, rest=ASKED + QUOTE + TABLE, **given):
    path = folder / "study.toml"
    path.write_text(study_text(rest=rest, **STUDY | given), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return un.run(un.load(made(tmp_path_factory.mktemp("study"))))


@pytest.fixture(scope="module")
def figures(results):
    return tables(results)


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory):
    return un.write(results, tmp_path_factory.mktemp("out") / "study")


@pytest.fixture(scope="module")
def summary(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    """Of a study that does not ask."""
    folder = tmp_path_factory.mktemp("bare")
    found = un.run(un.load(made(folder, rest="[sensitivity]\nsamples = 0\n" + TABLE)))
    return found, un.write(found, folder / "out")


def near(found, wanted, digits=10):
    """A figure of a file is that of the results, to so many significant digits; zero for dust, missing as that is."""
    np.testing.assert_allclose(found, wanted, rtol=0.51 * 10.0 ** (1 - digits), atol=1e-13, equal_nan=True)


# --- tables ----------------------------------------------------------------------------------------------------


def test_indices_are_those_of_the_datasets(results, figures):
    """Every row, and every place and input of which a share is at least 1 %, once."""
    rows, seen = list(figures["indices"].records()), set()
    for row in rows:
        at = {name: row[name] for name in ("scenario", "build", "precision", "input") if row[name]}
        at |= {"criterion": row["criterion"]} if row["criterion"] else {}
        seen.add((row["of"], *at.values()))
        largest = -math.inf
        for share in ("first_order", "total_order", "shapley"):
            data = getattr(results, share)
            if at["input"] not in data.input:
                assert share == "shapley"
                assert math.isnan(row[share])
                continue
            value, se = (float(data[row["of"] + end].sel(at)) for end in ("", "_se"))
            near(row[share], value)
            near(row[f"{share}_se"], se, 4)
            largest = max(largest, value)
        assert largest >= 0.01
        assert row["noise"] == results.total_order[f"{row['of']}_noise"].sel(at)
    assert len(seen) == len(rows) > 20
    total = results.total_order
    for of in ("capex", "battery_count", "throughput_per_dollar", "regret", "first_place"):
        most = np.fmax(np.nan_to_num(total[of]), np.nan_to_num(results.first_order[of].sel(input=total.input)))
        shapley = np.nan_to_num(results.shapley[of].reindex(input=total.input))
        assert sum(row["of"] == of for row in rows) == np.count_nonzero(np.fmax(most, shapley) >= 0.01)
    assert {row["input"] for row in rows} >= {"pue", "battery_unit_price", "rtx_a5000.unit_price", "prices", "shared"}
    assert "dummy" not in {row["input"] for row in rows}


def test_a_build_without_a_precision_has_no_indices_of_it(results, figures):
    assert results.shapley.throughput_per_dollar.sel(build="rtx_a5000", precision="fp8").isnull().all()
    assert results.shapley.throughput_per_dollar.sel(build="dgx_spark", precision="fp8").notnull().all()
    assert not [row for row in figures["indices"].records() if row["of"] == "throughput_per_dollar" and
                (row["build"], row["precision"]) == ("rtx_a5000", "fp8")]


def test_tornado_rows_are_of_inputs_that_move_the_output(results, figures):
    rows, data = list(figures["tornado"].records()), results.tornado
    for row in rows:
        at = {name: row[name] for name in ("scenario", "build", "precision") if row[name]}
        place = at | {"input": row["input"]}
        for name in ("low", "high", "lower_tenth", "upper_tenth", "one_sided"):
            near(row[name], float(data[f"{row['of']}_{name}"].sel(place)))
        near(row["baseline"], float(data[f"{row['of']}_baseline"].sel(at)))
        near(row["low_value"], float(data.low_value.sel(input=row["input"], scenario=row["scenario"])))
        near(row["lower_tenth_se"], float(data[f"{row['of']}_lower_tenth_se"].sel(place)), 4)
        assert row["low"] != row["high"] or row["one_sided"]
    moved = sum(int((data[f"{name}_swing"] > 0).sum()) for name in ("capex", "battery_count", "throughput_per_dollar"))
    assert len(rows) == moved > 5
    units = {row["of"]: row["unit"] for row in rows}
    assert units == {"capex": "USD", "battery_count": "1", "throughput_per_dollar": "TFLOP/s/USD"}


def test_information_rows_are_those_that_are_not_zero(results, figures):
    rows, data = list(figures["information"].records()), results.information
    for row in rows:
        at = {"criterion": row["criterion"], "scenario": row["scenario"]}
        name = "evpi" if row["input"] == "everything" else "evppi"
        at |= {} if name == "evpi" else {"input": row["input"]}
        near(row["value"], float(data[name].sel(at)))
        near(row["value_se"], float(data[f"{name}_se"].sel(at)), 4)
        near(row["share"], math.nan if name == "evpi" else float(data.evppi_share.sel(at)))
        assert row["unit"] == data.unit.sel(criterion=row["criterion"])
        assert row["value"] != 0
    assert len(rows) == sum(np.count_nonzero(np.nan_to_num(data[name])) for name in ("evpi", "evppi"))
    assert {row["input"] for row in rows} >= {"everything", "prices", "rtx_a5000.unit_price"}


def test_measurements_and_what_to_look_up_and_what_is_shared(results, figures):
    data = results.information.sel(measurement="a written quote")
    rows = list(figures["measurements"].records())
    assert [row["criterion"] for row in rows] == results.information.criterion.values.tolist()
    for row in rows:
        assert (row["measurement"], row["input"], row["cost"]) == ("a written quote", "rtx_a5000.unit_price", 50)
        for column, name in (("value", "evsi"), ("net_value", "net_value")):
            near(row[column], float(data[name].sel(criterion=row["criterion"], scenario=row["scenario"])))
    first = results.influence
    rows = list(figures["influence"].records())
    assert [row["input"] for row in rows] == first.input.values.tolist()
    assert figures["influence"].columns == [
        "input", "grade", "evppi_share", "evppi_share_se", "criterion", "scenario", "regret_share", "regret_share_se",
        "regret_criterion", "regret_scenario"]
    for name in ("evppi_share", "regret_share"):
        near([row[name] for row in rows], first[name].values)
        near([row[f"{name}_se"] for row in rows], first[f"{name}_se"].values, 4)
    for name in ("grade", "criterion", "scenario", "regret_criterion", "regret_scenario"):
        assert [row[name] for row in rows] == first[name].values.tolist()
    nothing = {row["input"] for row in rows if not row["evppi_share"]}
    assert "battery_unit_price" in nothing
    assert all((row["criterion"] == "") == (row["scenario"] == "") == (row["input"] in nothing) for row in rows)
    assert {row["input"]: row["grade"] for row in rows}["rtx_a5000.unit_price"] == "C-"
    for row in figures["shared"].records():
        one = results.shared.sel(criterion=row["criterion"], scenario=row["scenario"])
        near(row["cancels"], float(one.cancels))
        for owner in ("shared", "rtx_a5000", "dgx_spark"):
            near(row[f"regret_{owner}"], float(one.regret_share.sel(owner=owner)))
            near(row[f"regret_{owner}_se"], float(one.regret_share_se.sel(owner=owner)), 4)


def test_tables_are_files(figures, folder):
    for name in TABLES:
        with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
        assert columns == figures[name].columns
        assert len(rows) == len(figures[name].rows) > 0


# --- summary -----------------------------------------------------------------------------------------------------


def test_summary_of_indices(results, summary):
    tree = summary["sensitivity"]["base"]["dgx_spark"]
    for of, path in (("capex", []), ("throughput_per_dollar", ["fp8"]), ("regret", ["capex"])):
        found = tree[of]
        at = {"scenario": "base", "build": "dgx_spark", "input": "dgx_spark.unit_price"}
        for part in path:
            found = found[part]
            at["precision" if of == "throughput_per_dollar" else "criterion"] = part
        for share in ("first_order", "total_order", "shapley"):
            value, se = found["dgx_spark.unit_price"][share]
            near(value, float(getattr(results, share)[of].sel(at)))
            near(se, float(getattr(results, share)[f"{of}_se"].sel(at)), 4)
        assert found["dgx_spark.unit_price"]["noise"] is bool(results.total_order[f"{of}_noise"].sel(at))
    assert "rtx_a5000.unit_price" not in tree["capex"]
    assert set(tree["capex"]["prices"]) == {"first_order", "total_order", "noise"}


def test_summary_of_values(results, summary, figures):
    data, found = results.information.sel(scenario="base"), summary["information"]
    near(found["evpi"]["capex"]["base"][0], float(data.evpi.sel(criterion="capex")))
    pair = found["evppi"]["capex"]["base"]["prices"]
    near(pair[0], float(data.evppi.sel(criterion="capex", input="prices")))
    near(pair[1], float(data.evppi_se.sel(criterion="capex", input="prices")), 4)
    near(found["evsi"]["a written quote"]["capex"]["base"][0], float(data.evsi.sel(criterion="capex")[0]))
    assert [each["input"] for each in found["first_to_look_up"]] == results.influence.input.values.tolist()
    assert set(found["first_to_look_up"][0]) == {"input", "grade", "evppi_share", "criterion", "scenario",
                                                 "regret_share", "regret_criterion", "regret_scenario"}
    for each, row in zip(found["first_to_look_up"], figures["influence"].records(), strict=True):
        for name in ("evppi_share", "regret_share"):
            assert each[name] == [row[name], row[f"{name}_se"]]
        for name in ("input", "grade", "criterion", "scenario", "regret_criterion", "regret_scenario"):
            assert each[name] == row[name]
    assert found["first_to_look_up"][0]["evppi_share"][0] == max(
        each["evppi_share"][0] for each in found["first_to_look_up"])
    shares = summary["shared"]["capex"]["base"]
    near(shares["cancels"][0], float(results.shared.cancels.sel(criterion="capex", scenario="base")))
    assert set(shares["regret_share"]) == {"shared", "rtx_a5000", "dgx_spark"}


# --- NetCDF --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_groups_of_the_file_are_the_datasets(results, folder, group):
    wanted = getattr(results, group)
    with xr.open_dataset(folder / "results.nc", group=group) as found:
        assert set(found.data_vars) == {name for name, v in wanted.data_vars.items() if v.size}
        for name, variable in found.data_vars.items():
            assert variable.dims == wanted[name].dims
            np.testing.assert_array_equal(variable.values, wanted[name].values, err_msg=name)
            assert variable.attrs == wanted[name].attrs
        for name, coordinate in found.coords.items():
            np.testing.assert_array_equal(coordinate.values.astype(wanted[name].dtype), wanted[name].values)
        assert "claim" not in found.dims


def test_texts_and_units_stay_with_the_groups(folder):
    with xr.open_dataset(folder / "results.nc", group="information") as found:
        assert found.unit.sel(criterion="capex") == "USD"
        assert found.measured.values.tolist() == ["rtx_a5000.unit_price"]
        assert found.cost.values.tolist() == [50]
    with xr.open_dataset(folder / "results.nc", group="influence") as found:
        assert found.grade.sel(input="rtx_a5000.unit_price") == "C-"


def test_the_root_of_the_file_is_what_it_is_without(folder, nothing):
    """Groups add nothing to it: whoever reads results finds them as ever."""
    with xr.open_dataset(folder / "results.nc") as one, xr.open_dataset(nothing[1] / "results.nc") as other:
        xr.testing.assert_equal(one, other)
        assert {"measurement", "input", "owner"}.isdisjoint(one.dims)


def test_without_measurements_there_is_no_such_dimension(tmp_path):
    results = un.run(un.load(made(tmp_path, rest=ASKED + TABLE, replicates=2, outputs=["capex"])))
    out = un.write(results, tmp_path / "out")
    with xr.open_dataset(out / "results.nc", group="information") as found:
        assert "measurement" not in found.dims
        assert not {"evsi", "net_value", "cost", "measured"} & {*found.data_vars, *found.coords}
        assert {"evpi", "evppi"} <= set(found.data_vars)
    assert tables(results)["measurements"].rows == []
    assert results.information.sizes["measurement"] == 0
    assert "What one more quote is worth" not in (out / "report.md").read_text(encoding="utf-8")
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["information"]["evsi"] == {}


def test_claims_are_told_of_where_samples_decide_them(tmp_path):
    results = un.run(un.load(made(tmp_path, rest=ASKED + TABLE + CLAIM, outputs=["capex"])))
    claim, first = results.total_order.claim_holds.sel(claim="P1"), results.total_order.first_place
    np.testing.assert_allclose(claim, first.sel(criterion="capex", scenario="base", build="dgx_spark"), rtol=1e-12)
    assert claim.sel(input="rtx_a5000.unit_price") > 0.1
    tree = un.write(results, tmp_path / "out") / "summary.json"
    found = json.loads(tree.read_text(encoding="utf-8"))["sensitivity"]["claims"]["P1"]["rtx_a5000.unit_price"]
    near(found["total_order"][0], float(claim.sel(input="rtx_a5000.unit_price")))


# --- what people read ------------------------------------------------------------------------------------------


def test_sections_of_the_report_and_of_the_terminal(results, folder):
    text = (folder / "report.md").read_text(encoding="utf-8")
    shown = [section.title for section in sections(results)]
    full = [section.title for section in sections(results, full=True)]
    assert [title for title in shown if title in TITLES] == TITLES
    more = ["What drives CapEx", "What drives Powerwalls"]
    assert [title for title in full if title in (*TITLES, *more)] == TITLES + more
    assert [title for title in full if title.startswith("One input at a time")] == [
        f"One input at a time: CapEx of {label}, base" for label in _cheapest(results)]
    for title in (*TITLES, *more):
        assert f"## {title}\n" in text


def _cheapest(results):
    labels = {build.key: build.label for build in results.study.builds}
    capex = results.central.capex.sel(scenario="base")
    return [labels[capex.build.values[np.argmin(capex.values)]]]


def by_title(results, title, full=False):
    return next(section for section in sections(results, full) if section.title == title)


def test_grades_stand_beside_what_to_look_up(results):
    found = by_title(results, TITLES[1])
    rows = {row[0]: row for row in found.rows}
    assert found.columns[1] == "grade"
    assert rows["A5000 price"][1] == "C-"
    assert rows["DGX Spark price"][1] == ""
    assert next(iter(rows)) in {"group prices", "A5000 price"}


def amount(data, name, **place):
    """Dollars that are surely above zero, and the error that they are rounded to, as a cell of the report says them."""
    value, se = (data[name + end].sel(place).item() for end in ("", "_se"))
    error = half_width(se, int(data.replicates))
    assert value > error > 1
    coarse = 10 ** math.floor(math.log10(error))
    return f"${round(value / coarse) * coarse:,} ±{math.ceil(error / coarse) * coarse:,}"


def test_dollars_of_what_to_look_up(results):
    """What an input is worth by the first criterion in dollars, with its error, those first that are worth most."""
    section = by_title(results, TITLES[1])
    assert section.columns == ["input", "grade", "base"]
    rows = {row[0]: row for row in section.rows}
    names = {"group prices": "prices", "A5000 price": "rtx_a5000.unit_price", "DGX Spark price": "dgx_spark.unit_price"}
    assert list(rows) == list(names)
    for words, name in names.items():
        assert rows[words][2] == amount(results.information, "evppi", input=name, criterion="capex", scenario="base")
    assert "by CapEx" in section.note
    evpi = results.information.evpi.sel(criterion="capex", scenario="base").item()
    assert f"To know everything is worth at most ${evpi:,.0f} (EVPI)." in section.note
    share = results.shapley.capex.sel(input="battery_unit_price").mean().item()
    assert (f"Battery price has {100 * share:.0f} % of the variance of CapEx (mean of all builds), but moves all "
            "builds alike") in section.note
    assert "any of the 3 other inputs alone" in section.note


def test_the_full_report_has_the_most_by_any_criterion_and_what_moves_regret(results):
    section, first = by_title(results, TITLES[1], full=True), results.influence
    assert section.columns == ["input", "grade", "base", "most by any criterion"]
    rows = {row[0]: row for row in section.rows}
    assert [row[:3] for row in section.rows[:3]] == by_title(results, TITLES[1]).rows
    price = first.sel(input="rtx_a5000.unit_price")
    assert rows["A5000 price"][3] == f"{100 * price.evppi_share.item():.1f} % of battery count,\nbase"
    for words, name in (("PUE", "pue"), ("discharge efficiency", "discharge_efficiency")):
        assert first.regret_share.sel(input=name) >= 0.01
        assert rows[words][2:] == ["–", "–"]
    assert "battery price" not in rows
    assert "all that builds share" not in rows


SCENARIOS = "".join(f"[scenarios.{name}]\npue = {pue}\n" for name, pue in (
    ("cold", 1.05), ("mild", 1.2), ("warm", 1.5), ("hot", 1.9)))


@pytest.mark.parametrize("names", [["cold", "hot"], ["cold", "warm", "hot"]])
def test_up_to_three_scenarios_have_columns_of_their_own(tmp_path, names):
    more = "".join(f"[scenarios{part}" for part in SCENARIOS.split("[scenarios")[1:] if part[1:].split("]")[0] in names)
    results = un.run(un.load(made(tmp_path, rest=ASKED + QUOTE + TABLE + more, outputs=["capex"])))
    data, look, quote = results.information, *(by_title(results, title) for title in TITLES[1:3])
    assert look.columns == ["input", "grade", *names]
    assert quote.columns == ["quote or measurement", "of", *names, "cost"]
    (row,) = (row for row in look.rows if row[0] == "A5000 price")
    assert row[2:] == [amount(data, "evppi", input="rtx_a5000.unit_price", criterion="capex", scenario=name)
                       for name in names]
    assert quote.rows == [["a written quote", "A5000 price ±2 %", *(amount(
        data, "evsi", measurement="a written quote", criterion="capex", scenario=name) for name in names), "$50"]]
    assert "(EVPI, hot)." in look.note


def test_of_more_scenarios_the_most_of_any_is_told(tmp_path):
    results = un.run(un.load(made(tmp_path, rest=ASKED + QUOTE + TABLE + SCENARIOS, outputs=["capex"])))
    data, look, quote = results.information, *(by_title(results, title) for title in TITLES[1:3])
    assert look.columns == ["input", "grade", "CapEx"]
    assert quote.columns == ["quote or measurement", "of", "CapEx", "cost"]
    place = {"criterion": "capex", "scenario": "hot"}
    for name, found in (("evppi", data.evppi.sel(input="rtx_a5000.unit_price")), ("evsi", data.evsi[0])):
        assert found.sel(criterion="capex").values.argmax() == results.study.scenarios.index("hot"), name
    (row,) = (row for row in look.rows if row[0] == "A5000 price")
    assert row[2] == amount(data, "evppi", input="rtx_a5000.unit_price", **place)
    assert quote.rows[0][2] == amount(data, "evsi", measurement="a written quote", **place)


def test_a_quote_is_told_with_what_it_costs(results):
    worth = amount(results.information, "evsi", measurement="a written quote", criterion="capex", scenario="base")
    section, full = by_title(results, TITLES[2]), by_title(results, TITLES[2], full=True)
    assert section.columns == ["quote or measurement", "of", "base", "cost"]
    assert section.rows == [["a written quote", "A5000 price ±2 %", worth, "$50"]]
    assert full.columns == [*section.columns, "most by any criterion"]
    data = results.information.isel(measurement=0, scenario=0)
    share = (data.evsi / data.evpi).where(data.evpi > 0).fillna(0)
    best = share.criterion.values[share.values.argmax()]
    assert full.rows == [[*section.rows[0], f"{100 * share.max().item():.0f} % for {best.replace('_', ' ')},\nbase"]]


def test_a_measurement_without_cost_and_one_that_is_worth_nothing_show_a_dash(tmp_path):
    """And an error in the input's own unit."""
    free = QUOTE.replace("cost = 50\n", "")
    meter = '[[sensitivity.measurements]]\nsays = "a meter"\ninput = "battery_unit_price"\nerror = 12.5\ncost = 1500\n'
    results = un.run(un.load(made(tmp_path, rest=ASKED + free + meter + TABLE, outputs=["capex"])))
    one, other = by_title(results, TITLES[2]).rows
    assert (one[0], one[-1]) == ("a written quote", "–")
    assert other == ["a meter", "battery price ±12.5 USD", "–", "$1,500"]
    assert by_title(results, TITLES[2], full=True).rows[1] == [*other, "–"]


CRITERION = '[[criteria]]\noutput = "{}"\nbetter = "{}"\n'


@pytest.mark.parametrize(("criteria", "told", "most"), [
    ([("device_count", "higher"), ("capex", "lower")], "CapEx", "$"),
    ([("battery_count", "lower")], "Powerwalls", ""), ([("memory_per_dollar", "higher")], "memory / USD", "")])
def test_values_are_by_the_first_criterion_in_dollars_or_else_the_first(tmp_path, criteria, told, most):
    rest = "".join(CRITERION.format(*each) for each in criteria) + ASKED + QUOTE + TABLE
    results = un.run(un.load(made(tmp_path, rest=rest, outputs=["capex"])))
    look, quote = (by_title(results, title) for title in TITLES[1:3])
    for section in (look, quote):
        assert f"What the mean choice gains by {told} if " in section.note
    data = results.information.sel(scenario="base").isel(criterion=[c.output for c in results.study.criteria].index(
        "capex" if most else criteria[0][0]))
    row = look.rows[0]
    assert row[0] == "group prices"  # which has a row, whatever it is worth
    if told == "memory / USD":  # by which the Spark is always best
        assert look.rows == [["group prices", "", "–"]]
        assert "By memory / USD there is nothing to be gained: one build is always the best." in look.note
        assert quote.rows[0][2] == "–"
        return
    value, _, error = row[2].replace("$", "").replace(",", "").partition(" ±")
    assert row[2].startswith(most or "0.")
    assert abs(float(value) - data.evppi.sel(input="prices")) <= float(error)
    wide = half_width(data.evppi_se.sel(input="prices").item(), int(data.replicates))
    assert 0.5 * float(error) <= wide <= float(error) + 5e-3
    evpi = data.evpi.item()
    assert f"at most {f'${evpi:,.0f}' if most else f'{evpi:.3f}'} (EVPI)." in look.note


def test_an_input_that_moves_all_builds_alike_is_called_what_it_is(tmp_path):
    """In the middle of a sentence as at its beginning: PUE."""
    given = {"battery_unit_price": 8200, "pue": dist("uniform", low=1.0, high=3.0), "outputs": ["capex"]}
    results = un.run(un.load(made(tmp_path, rest=(ASKED + TABLE).replace(', "battery_unit_price"', ""), **given)))
    assert " PUE has " in by_title(results, TITLES[1]).note


def test_groups_that_a_study_names_always_have_a_row(tmp_path):
    rest = ASKED + 'site = ["pue", "discharge_efficiency"]\n' + TABLE
    results = un.run(un.load(made(tmp_path, rest=rest, outputs=["capex"])))
    rows = {row[0]: row for row in by_title(results, TITLES[1]).rows}
    assert rows["group site"] == ["group site", "", "–"]
    assert list(rows)[-1] == "group site"
    assert "all that builds share" not in rows


@pytest.mark.parametrize("other", ["unit_price", "unit_power"])
def test_other_groups_have_a_row_only_if_they_are_surely_worth_more_than_any_member(tmp_path, other):
    """To know both prices is; to know all of a build's is not where but one of them counts."""
    link = '[[correlation]]\ninputs = ["unit_price"]\nspearman = 0.1\n' if other == "unit_price" else ""
    power = f'unit_power = {dist("uniform", low=0.2299, high=0.23)}\n' if other == "unit_power" else ""
    tables_ = TABLE.replace("[build.dgx", f"{power}[build.dgx")
    rest = "[sensitivity]\nsamples = 256\n" + tables_ + link
    results = un.run(un.load(made(tmp_path, rest=rest, outputs=["capex"], samples=256)))
    rows = {row[0] for row in by_title(results, TITLES[1]).rows}
    full = {row[0] for row in by_title(results, TITLES[1], full=True).rows}
    assert "A5000 price" in rows & full
    name, words = ("unit_price", "price of all builds") if link else ("rtx_a5000", "all of A5000")
    first = results.influence
    assert name in first.input
    assert (first.evppi_share.sel(input=name) > half_width(first.evppi_share_se.sel(input=name).item(), 8)).item()
    assert (words in rows) == (words in full) == bool(link)


def test_one_build_alone_has_nothing_to_choose(tmp_path):
    table = TABLE.partition("[build.dgx_spark]")[0]
    results = un.run(un.load(made(tmp_path, rest=ASKED + QUOTE + table, builds=["rtx_a5000"], outputs=["capex"])))
    for full in (False, True):
        titles = [section.title for section in sections(results, full)]
        assert TITLES[0] in titles
        assert not set(TITLES[1:]) & set(titles)
    text = (un.write(results, tmp_path / "out") / "report.md").read_text(encoding="utf-8")
    assert not any(title in text for title in TITLES[1:])


def test_shares_of_the_spread_are_means_of_shapley_effects(results):
    found = by_title(results, TITLES[0])
    rows = {row[0]: dict(zip(found.columns, row, strict=True)) for row in found.rows}
    shapley = results.shapley
    battery = shapley.capex.sel(input="battery_unit_price").mean().item()
    assert rows["battery price"]["CapEx"] == f"{100 * battery:.0f} %"
    prices = shapley.sel(input=["rtx_a5000.unit_price", "dgx_spark.unit_price"])
    assert rows["each build's price"]["CapEx"] == f"{100 * prices.capex.sum('input').mean().item():.0f} %"
    assert rows["battery price"]["Powerwalls"] == ""  # a price moves no count
    largest = [max(float(cell.split()[0]) for cell in row[1:] if cell) for row in found.rows]
    assert largest == sorted(largest, reverse=True)
    assert len(largest) >= 3


def test_what_builds_share_is_in_the_report(results):
    found = by_title(results, TITLES[3], full=True)
    one = results.shared.sel(criterion="capex", scenario="base")
    wanted = [f"{100 * x:.0f} %" for x in (one.cancels.item(), *one.regret_share.values)]
    assert ["CapEx", "base", *wanted] in found.rows
    assert found.columns == ["criterion", "scenario", "cancels", "shared", "A5000", "DGX Spark"]
    assert found.note.startswith("Cancels: ")


def test_bars_of_one_input_at_a_time(results):
    """The widest swing first; a bar goes from its low to its high end, and | is where all are central."""
    title = f"One input at a time: CapEx of {_cheapest(results)[0]}, base"
    found, data = by_title(results, title, full=True), results.tornado.sel(scenario="base")
    build = data.build.values[np.argmin(data.capex_baseline.values)]
    swing = data.capex_swing.sel(build=build)
    moving = swing[swing > 0].sortby(swing[swing > 0], ascending=False)
    assert len(found.rows) == moving.size
    names = {"pue": "PUE", "battery_unit_price": "battery price", "dgx_spark.unit_price": "DGX Spark price",
             "rtx_a5000.unit_price": "A5000 price"}
    assert [row[0] for row in found.rows] == [names[name] for name in moving.input.values.tolist()]
    for row, name in zip(found.rows, moving.input.values.tolist(), strict=True):
        assert row[2].count("|") == 1
        low, high = (data[f"capex_{end}"].sel(build=build, input=name).item() for end in ("low", "high"))
        assert row[3:] == [f"${low:,.0f}", f"${high:,.0f}"]
    assert len({len(row[2]) for row in found.rows}) == 1
    assert len({row[2].index("|") for row in found.rows}) == 1


def test_the_command_prints_what_to_look_up(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made(tmp_path, outputs=["capex"], replicates=4)
    assert main(["run", "study.toml"]) == 0
    printed = capsys.readouterr().out
    assert all(title in " ".join(printed.split()) for title in TITLES)  # which may be broken, over a narrow table
    line = next(line for line in printed.splitlines() if line.startswith("A5000 price"))
    assert " C- " in line
    assert "$" in line


# --- where nothing is asked -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def constant(tmp_path_factory):
    """Of a study that asks, and has no uncertain input."""
    folder = tmp_path_factory.mktemp("constant")
    given = {"pue": 1.2, "discharge_efficiency": 0.9, "battery_unit_price": 8200}
    found = un.run(un.load(made(folder, rest="[sensitivity]\nsamples = 64\n", **given)))
    return found, un.write(found, folder / "out")


def test_inputs_that_move_nothing(tmp_path):
    """There is no spread to be told of, and nothing worth knowing."""
    gain = {"sparsity_gain": dist("uniform", low=1.0, high=2.0), "precisions": ["fp16"]}
    constant = {"pue": 1.2, "discharge_efficiency": 0.9, "battery_unit_price": 8200}
    results = un.run(un.load(made(tmp_path, rest="[sensitivity]\nsamples = 64\n", **gain, **constant)))
    titles = [section.title for section in sections(results, full=True)]
    assert "What drives the spread" not in titles
    assert (un.write(results, tmp_path / "out") / "report.md").is_file()
    assert tables(results)["indices"].rows == []
    assert results.shapley.capex.isnull().all()


@pytest.mark.parametrize("which", ["nothing", "constant"])
def test_where_nothing_is_asked_there_is_nothing(which, request):
    results, folder = request.getfixturevalue(which)
    assert all(getattr(results, group) is None for group in GROUPS)
    found, summary = tables(results), json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    for name in TABLES:
        assert found[name].rows == []
        with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == [found[name].columns]
    assert (summary["sensitivity"], summary["shared"]) == ({}, {})
    assert summary["information"] == {"evpi": {}, "evppi": {}, "evsi": {}, "first_to_look_up": []}
    text = (folder / "report.md").read_text(encoding="utf-8")
    for told in (text, "\n".join(section.title for section in sections(results, full=True))):
        assert not any(title in told for title in TITLES)
        assert "One input at a time: CapEx" not in told
    import netCDF4

    with netCDF4.Dataset(folder / "results.nc") as file:
        assert not file.groups


def test_columns_are_the_same_whether_asked_or_not(figures, nothing):
    for name, table in tables(nothing[0]).items():
        assert table.columns == figures[name].columns
