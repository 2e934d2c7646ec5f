"""What drives a study, as files and people get it: tables, summary, NetCDF groups, report and terminal."""

import csv
import json
import math

import numpy as np
import pytest
import xarray as xr
from support import dist, study_text

import uncertainty as un
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
    near([row["value"] for row in rows], first.value.values)
    near([row["regret_share"] for row in rows], first.regret_share.values)
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


def test_summary_of_values(results, summary):
    data, found = results.information.sel(scenario="base"), summary["information"]
    near(found["evpi"]["capex"]["base"][0], float(data.evpi.sel(criterion="capex")))
    pair = found["evppi"]["capex"]["base"]["prices"]
    near(pair[0], float(data.evppi.sel(criterion="capex", input="prices")))
    near(pair[1], float(data.evppi_se.sel(criterion="capex", input="prices")), 4)
    near(found["evsi"]["a written quote"]["capex"]["base"][0], float(data.evsi.sel(criterion="capex")[0]))
    assert [each["input"] for each in found["first_to_look_up"]] == results.influence.input.values.tolist()
    assert found["first_to_look_up"][0]["value"][0] == max(each["value"][0] for each in found["first_to_look_up"])
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


def test_dollars_of_what_to_look_up(results):
    """Of an input what it is worth in dollars, the most of all criteria in dollars."""
    rows = {row[0]: row for row in by_title(results, TITLES[1]).rows}
    worth = results.information.evppi.sel(input="rtx_a5000.unit_price", criterion="capex", scenario="base").item()
    assert rows["A5000 price"][2] == f"${worth:,.0f}"
    share = results.influence.regret_share.sel(input="rtx_a5000.unit_price").item()
    assert rows["A5000 price"][-1] == f"{100 * share:.0f} %"


def test_of_several_scenarios_that_counts_in_which_it_is_worth_most(tmp_path):
    more = "[scenarios.cold]\npue = 1.05\n[scenarios.hot]\npue = 1.9\n"
    results = un.run(un.load(made(tmp_path, rest=ASKED + QUOTE + TABLE + more, outputs=["capex"])))
    data = results.information.sel(criterion="capex")
    worth, evsi = data.evppi.sel(input="rtx_a5000.unit_price").values, data.evsi.values[0]
    assert worth.min() < 0.9 * worth.max()
    rows = {row[0]: row for row in by_title(results, TITLES[1]).rows}
    assert rows["A5000 price"][2] == f"${worth.max():,.0f}"
    ((*_, told, _, _, _),) = by_title(results, TITLES[2]).rows
    assert told == f"${evsi.max():,.0f}"


def test_a_quote_is_told_with_what_it_costs(results):
    ((says, of, error, worth, cost, net, part),) = by_title(results, TITLES[2]).rows
    evsi = results.information.evsi.sel(criterion="capex", scenario="base").item()
    assert (says, of, error, cost) == ("a written quote", "A5000 price", "±2 %", "$50")
    assert worth == f"${evsi:,.0f}"
    assert net == f"${evsi - 50:,.0f}"
    assert part.endswith(" %")


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
    assert ["capex", "base", *wanted] in found.rows
    assert found.columns[-2:] == ["A5000", "DGX Spark"]


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
    assert all(title in printed for title in TITLES)
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
