"""What files say of claims, picks and stars: that they parse, agree with `Results`, and make the exit status."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support import PRICES, dist, study_text

import uncertainty as un
from uncertainty import batch, cli, frames, running, terminal
from uncertainty.report.conclusion_tables import CONCLUSIONS, met
from uncertainty.report.tables import tables

HALF = dist("discrete", values=[1.2, 1.4], probabilities=[0.5, 0.5], central=1.2)
REST = f"""{PRICES}[scenarios.cold]
pue = {dist("uniform", low=1.1, high=1.3)}
[scenarios.hot]
pue = {dist("pert", low=1.4, mode=1.65, high=2.1)}
"""
LEDGER = """
[[claims]]
id = "C1"
says = "the A5000, \\"the\\" old card, has the higher bandwidth"
where = "Table 1, a"
printed = true
build = "rtx_a5000"
output = "bandwidth"
is = "best"
[[claims]]
id = "C2"
says = "the Spark is cheaper"
build = "dgx_spark"
output = "capex"
is = "below"
than = "rtx_a5000"
must_hold = 0.1
[[claims]]
id = "C3"
says = "so it is in the hot room, at the 95 % quantile"
build = "dgx_spark"
output = "capex"
at = { scenario = "hot" }
is = "best"
quantile = 0.95
[[claims]]
id = "C4"
says = "never so many"
build = "dgx_spark"
output = "device_count"
is = "above"
than = 1e6
[[picks]]
says = "memory, and much of it"
where = "Table 2"
builds = ["dgx_spark"]
best_by = [{ output = "memory_pool" }, { output = "capex" }]
[[ratings]]
says = "Memory per $"
stars = { rtx_a5000 = 2, dgx_spark = 5 }
output = "memory_per_dollar"
[[ratings]]
says = "Confidence"
stars = { rtx_a5000 = 4, dgx_spark = 3 }
output = "capex"
width = true
[[ratings]]
says = "Ease"
stars = { rtx_a5000 = 1, dgx_spark = 2 }
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(study_text(rest=REST + LEDGER), encoding="utf-8")
    return un.run(un.load(path))


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory):
    return un.write(results, tmp_path_factory.mktemp("out") / "small")


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> float:
    return float(text) if text else math.nan


def summary_of(folder: Path) -> dict:
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads((folder / "summary.json").read_text(encoding="utf-8"), parse_constant=refuse)


# --- files agree with results ------------------------------------------------------------------------------


def test_claims_are_in_table_and_summary_as_in_the_results(results, folder):
    summary, data = summary_of(folder)["claims"], results.claims
    rows = read(folder, "claims")
    assert [row["claim"] for row in rows] == list(summary) == data["claim"].values.tolist()
    assert rows[0]["says"] == 'the A5000, "the" old card, has the higher bandwidth'
    for row in rows:
        claim, told = data.sel(claim=row["claim"]), summary[row["claim"]]
        np.testing.assert_allclose([number(row["probability"]), number(row["probability_se"])],
                                   [claim["probability"], claim["probability_se"]], rtol=1e-3)
        assert told["probability"] == [number(row["probability"]), number(row["probability_se"])]
        assert row["holds_centrally"] == str(int(claim["holds_centrally"])) == str(int(told["holds_centrally"]))
        assert row["verdict"] == told["verdict"] == claim["verdict"].item()
        assert (told["upper_limit"] is None) == (row["upper_limit"] == "") == bool(claim["upper_limit"].isnull())
    assert [row["holds_as_printed"] for row in rows] == ["1", "", "", ""]
    assert [(row["must_hold"], row["met"]) for row in rows] == [("", ""), ("0.1", "1"), ("", ""), ("", "")]
    assert [summary[name]["met"] for name in summary] == [None, True, None, None]
    assert [row["quantile"] for row in rows] == ["", "", "0.95", ""]


def test_probabilities_by_scenario_are_of_claims_that_name_none(results, folder):
    summary = summary_of(folder)["claims"]
    rows = read(folder, "claim_scenarios")
    assert [(r["claim"], r["scenario"]) for r in rows] == [
        (claim, scenario) for claim in ("C1", "C2", "C4") for scenario in results.study.scenarios]
    for row in rows:
        wanted = results.claims["scenario_probability"].sel(claim=row["claim"], scenario=row["scenario"])
        assert number(row["probability"]) == pytest.approx(wanted.item(), rel=1e-9)
        assert summary[row["claim"]]["scenarios"][row["scenario"]][0] == number(row["probability"])
    assert summary["C3"]["scenarios"] == {}


def test_each_nearest_flip_has_its_moves_and_one_that_was_not_found_a_line(results, folder):
    rows, summary = read(folder, "nearest"), summary_of(folder)
    assert len(rows) == sum(max(1, len(each.moves)) for each in results.breaks)
    for each in results.breaks:
        mine = [row for row in rows if (row["target"], row["scenario"]) == (each.target, each.scenario)]
        first, claims = summary["first_places"], summary["claims"]
        told = first[each.target][each.scenario] if each.scenario else claims[each.target]
        assert [row["input"] for row in mine if row["input"]] == [move.input for move in each.moves]
        assert [move["input"] for move in told["nearest"]["moves"]] == [move.input for move in each.moves]
        assert number(mine[0]["distance"]) == pytest.approx(each.distance, rel=1e-5)
        assert told["nearest"]["distance"] == (None if math.isinf(each.distance) else number(mine[0]["distance"]))
        for row, move in zip(mine, each.moves, strict=False):
            np.testing.assert_allclose([number(row[name]) for name in ("value", "central", "level", "share")],
                                       [move.value, move.central, move.level, move.share], rtol=1e-5)
    assert claims["C3"]["nearest"] is None  # on a quantile: no sample decides it
    never = next(row for row in rows if row["target"] == "C4")
    assert (never["distance"], never["input"], number(never["upper_limit"]) > 0) == ("inf", "", True)


def test_what_crosses_and_what_separates(results, folder):
    crossings, separation = read(folder, "crossings"), read(folder, "separation")
    assert len(crossings) == sum(len(each.crossings) for each in results.breaks) > 0
    assert len(separation) == sum(len(each.separation) for each in results.breaks) > 0
    alone = summary_of(folder)["claims"]["C2"]["alone"]
    mine = [row for row in crossings if row["target"] == "C2"]
    assert alone["probability"] == max(number(row["probability"]) for row in mine)
    threat = summary_of(folder)["claims"]["C2"]["threat"]
    first = next(row for row in separation if row["target"] == "C2")
    assert (threat["input"], threat["by"], threat["direction"]) == (first["input"], "separation", first["direction"])


def test_probabilities_by_level_average_to_the_probability(results, folder):
    rows = read(folder, "levels")
    assert {row["claim"] for row in rows} <= {"C1", "C2"}
    claim = [row for row in rows if row["claim"] == "C2"]
    for name in {row["input"] for row in claim}:
        mine = [row for row in claim if row["input"] == name]
        assert [number(row["from"]) for row in mine[1:]] == [number(row["to"]) for row in mine[:-1]]
        assert (mine[0]["from"], mine[-1]["to"]) == ("0", "1")
        curve = next(c for each in results.breaks if each.target == "C2" for c in each.curves if c.input == name)
        np.testing.assert_allclose([number(row["probability"]) for row in mine], curve.probability, rtol=1e-9)
    assert claim


def test_picks_and_stars(results, folder):
    summary = summary_of(folder)
    rows = read(folder, "picks")
    assert len(rows) == 1 * 2 * 2 * 2  # scenarios, builds, criteria
    data = results.picks.isel(pick=0)
    for row in rows:
        at = {"scenario": row["scenario"], "build": row["build"]}
        assert number(row["best"]) == pytest.approx(data["best"].sel(at).item(), rel=1e-9)
        wanted = data["regret_if_wrong"].sel(at | {"criterion": row["criterion"]}).item()
        assert number(row["regret_if_wrong"]) == pytest.approx(wanted, rel=1e-9, nan_ok=True)
        assert summary["picks"][0]["best"][row["scenario"]][row["build"]][0] == number(row["best"])
    assert {row["build"]: row["picked"] for row in rows} == {"rtx_a5000": "0", "dgx_spark": "1"}
    stars = read(folder, "ratings")
    assert len(stars) == 3 * 2 * 2
    expected = results.ranking["expected_rank"].sel(criterion="memory_per_dollar")
    for row in (row for row in stars if row["metric"] == "Memory per $"):
        wanted = expected.sel(scenario=row["scenario"], build=row["build"]).item()
        assert number(row["expected_rank"]) == pytest.approx(wanted, rel=1e-9)
    for row in (row for row in stars if row["metric"] == "Confidence"):
        low, middle, high = results.bands["capex"].sel(scenario=row["scenario"], build=row["build"],
                                                       quantile=[0.05, 0.5, 0.95]).values
        assert number(row["width"]) == pytest.approx((high - low) / middle, rel=1e-9)
        assert row["output"] == "width of capex"
    assert [r["stars"] for r in summary["ratings"]] == [
        {"rtx_a5000": 2, "dgx_spark": 5}, {"rtx_a5000": 4, "dgx_spark": 3}, {"rtx_a5000": 1, "dgx_spark": 2}]


def test_ranks_of_widths_split_ties_and_leave_out_what_is_missing():
    rank = frames._rank(np.array([0.3, 0.1, 0.3, np.nan, 0.1 + 1e-15]))
    np.testing.assert_array_equal(rank, [3.5, 1.5, 3.5, np.nan, 1.5])


def test_preference_sums_to_one(results, folder):
    for row in read(folder, "preference"):
        assert number(row["rank_1"]) + number(row["rank_2"]) == pytest.approx(1)
    weights = read(folder, "central_weights")
    assert [row["metric"] for row in weights[:3]] == ["Memory per $", "Confidence", "Ease"]
    data = results.figures["preference"]
    assert summary_of(folder)["preference"]["hot"]["dgx_spark"]["confidence"][0] == pytest.approx(
        data["confidence"][results.study.scenarios.index("hot"), 1], rel=1e-9)


def test_netcdf_has_claims_picks_and_preference(results, folder):
    with xr.open_dataset(folder / "results.nc") as data:
        np.testing.assert_array_equal(data["claim_probability"], results.claims["probability"])
        assert data["claim_scenario_probability"].dims == ("claim", "scenario")
        assert data["claim_says"].values.tolist() == results.claims["says"].values.tolist()
        assert data["claim_verdict"].values.tolist() == results.claims["verdict"].values.tolist()
        np.testing.assert_array_equal(data["pick_best"], results.picks["best"])
        np.testing.assert_array_equal(data["preference_rank_acceptability"],
                                      results.figures["preference"]["rank_acceptability"])
        np.testing.assert_array_equal(data["rank_acceptability"], results.ranking["rank_acceptability"])
        assert {"claim_says", "claim_where", "claim_note", "claim_verdict", "metric"} <= set(data.coords)
        assert all("long_name" in v.attrs for v in data.data_vars.values())


def test_a_study_of_nothing_to_test_has_headers_alone(make_study, tmp_path):
    results = un.run(make_study())
    folder, wanted = un.write(results, tmp_path / "out"), tables(results)
    for name in CONCLUSIONS:
        lines = (folder / "tables" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == ",".join(wanted[name].columns)
        assert (len(lines) == 1) == (name != "nearest"), name  # of first places
    summary = summary_of(folder)
    assert (summary["claims"], summary["picks"], summary["ratings"], summary["preference"]) == ({}, [], [], None)
    with xr.open_dataset(folder / "results.nc") as data:
        assert not {"claim", "pick", "metric"} & set(data.dims)


def test_processes_change_no_file(results, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("uncertainty.execution.SERIAL", 0)
    other = un.write(un.run(results.study, jobs=2), tmp_path / "out")
    for path in [*folder.glob("tables/*.csv"), folder / "summary.json"]:
        assert path.read_bytes() == (other / path.relative_to(folder)).read_bytes(), path.name


# --- must hold ---------------------------------------------------------------------------------------------


def claim(must_hold: float | None, name: str = "C09", than: int = 20) -> str:
    """That the A5000 needs fewer than so many Powerwalls: at 20 with probability 1/2, at 10 never."""
    must = "" if must_hold is None else f"must_hold = {must_hold}\n"
    return (f'[[claims]]\nid = "{name}"\nsays = "few"\nbuild = "rtx_a5000"\noutput = "battery_count"\nis = "below"\n'
            f"than = {than}\n{must}")


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Write a study of a PUE that is 1.2 or 1.4 (16 or 18 Powerwalls), with claims."""
    monkeypatch.chdir(tmp_path)

    def put(*claims: str, name: str = "reference", **given) -> Path:
        path = Path("studies") / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(study_text(**{"pue": HALF, "rest": "".join(claims)} | given), encoding="utf-8")
        return path

    return put


@pytest.mark.parametrize(("must_hold", "than", "status"), [
    (None, 10, 0), (0.0, 10, 0), (0.5, 17, 0), (0.51, 17, 1), (1.0, 17, 1), (1.0, 30, 0), (1e-9, 10, 1)])
def test_the_exit_status_tells_whether_claims_hold_that_must(put, capsys, must_hold, than, status):
    assert cli.main(["run", str(put(claim(must_hold, than=than)))]) == status
    out, err = capsys.readouterr()
    assert ("claim C09 fails" in err) == bool(status)
    assert "Written to results/reference" in out


def test_each_claim_that_fails_is_told_in_one_line(put, capsys):
    path = put(claim(0.9, than=17), claim(0.2, "fine", 17), claim(1.0, "never", 10))
    assert cli.main(["run", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert err.splitlines() == ["reference: claim C09 fails: P(holds) = 50.0 % (must hold: 90 %)",
                                "reference: claim never fails: P(holds) = 0 % (must hold: 100 %)"]
    told = json.loads(out)["claims"]
    assert {name: told[name]["met"] for name in told} == {"C09": False, "fine": True, "never": False}


def test_a_probability_just_below_the_threshold_is_told_from_it():
    summary = {"claims": {"C1": {"met": False, "probability": [0.89996, 0.001], "must_hold": 0.9},
                          "C2": {"met": True, "probability": [0.95, 0.001], "must_hold": 0.9}}}
    assert batch.failing(json.dumps(summary)) == ["claim C1 fails: P(holds) = 89.996 % (must hold: 90 %)"]


def test_rounding_dust_is_no_failure():
    assert met(0.1 + 0.2, 0.3)
    assert met(0.3, 0.1 + 0.2 - 1e-16)
    assert met(0.9 - 1e-13, 0.9)
    assert not met(0.9 - 1e-9, 0.9)


def test_a_dry_run_checks_nothing(put, capsys):
    assert cli.main(["run", str(put(claim(0.9))), "--dry-run"]) == 0
    assert capsys.readouterr().err == ""


def test_a_batch_tells_of_studies_that_it_skips_too(put, capsys):
    put(claim(0.9, than=17), name="alpha")
    put(claim(0.1, than=17), name="beta")
    line = "alpha: claim C09 fails: P(holds) = 50.0 % (must hold: 90 %)\n"
    for options, skipped in (([], False), ([], True), (["--json"], True), (["--force"], False)):
        before = Path("results/alpha").stat().st_ino if Path("results").exists() else 0
        assert cli.main(["run", "studies", *options]) == 1
        assert capsys.readouterr().err == line
        assert (Path("results/alpha").stat().st_ino == before) == skipped
    assert cli.main(["run", "studies/beta.toml"]) == 0


def test_a_study_that_fails_comes_before_claims_that_fail(put, capsys):
    put(claim(0.9, than=17), name="alpha")
    put(name="beta", run_hours=1e308)
    assert cli.main(["run", "studies"]) == 2
    put(name="beta", budget=-1)
    assert cli.main(["run", "studies"]) == 2
    assert capsys.readouterr().err.count("alpha: claim C09 fails") == 2
    assert cli.main(["run", "studies/alpha.toml", "--samples", "100"]) == 2


def test_an_interrupt_comes_before_both(put, monkeypatch):
    put(claim(0.9, than=17), name="alpha")
    put(name="beta")
    outcomes = batch.outcomes

    def stopped(*arguments):
        for outcome in outcomes(*arguments):
            yield outcome
            raise KeyboardInterrupt

    monkeypatch.setattr(batch, "outcomes", stopped)
    assert cli.main(["run", "studies"]) == running.INTERRUPTED == 130


def test_a_resumed_run_says_the_same(put, capsys):
    path = str(put(claim(0.9, than=17)))
    assert cli.main(["run", path, "--json"]) == 1
    one = capsys.readouterr()
    assert cli.main(["run", path, "--json", "--resume"]) == 1
    assert capsys.readouterr() == one


# --- check -------------------------------------------------------------------------------------------------


def test_check_counts_what_is_put_to_the_test(put, capsys):
    path = put(claim(0.9), claim(None, "C10"))
    assert cli.main(["check", str(path)]) == 0
    assert "put to the test: 2 claims (1 must hold), 0 picks, 0 ratings" in " ".join(capsys.readouterr().out.split())
    assert terminal.tested(un.load("reference")).endswith("; of document: benally-2025")

