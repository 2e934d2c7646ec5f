"""Sweeps: every point is the study with those constants, and all of them are told together."""

import csv
import json
import os
import pickle
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support import PRICES, dist, study_text

import uncertainty as un
from uncertainty import cli, execution, results, works
from uncertainty.analysis.labels import Frame, Group
from uncertainty.analysis.lead import lead
from uncertainty.axes import MOST_POINTS, Axis
from uncertainty.cost import cost_of
from uncertainty.pieces import Pieces
from uncertainty.plan import prepare
from uncertainty.starting import start
from uncertainty.sweep import stacked
from uncertainty.terminal import Progress

SMALL = {"samples": 64, "replicates": 8, "pue": dist("uniform", low=1.1, high=1.4),
         "discharge_efficiency": dist("uniform", low=0.85, high=0.95),
         "outputs": ["throughput", "spend"], "precisions": ["headline", "fp16"]}
CLAIM = """
[[claims]]
id = "C1"
says = "DGX Spark has the least CapEx"
output = "capex"
build = "dgx_spark"
is = "best"
"""
CORRELATED = '\n[[correlation]]\ninputs = ["unit_price", "discharge_efficiency"]\nspearman = 0.5\n'
SWEEP = "\n[sweep]\nbudget = [50_000, 150_000, 250_000]\nrun_hours = [4, 8]\n"
GROUPS = ("central", "bands", "means", "ranking", "claims", "picks", "ratings")


@pytest.fixture
def make(make_study):
    def make(rest=SWEEP, **given):
        return make_study(rest=PRICES + CORRELATED + CLAIM + rest, **SMALL | given)

    return make


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A swept study in the folder that we are in."""
    monkeypatch.chdir(tmp_path)
    path = Path("swept.toml")

    def put(rest=PRICES + CLAIM + SWEEP, **given):
        path.write_text(study_text(rest=rest, **SMALL | given), encoding="utf-8")
        return str(path)

    return put


@pytest.fixture
def run(capsys):
    def run(*arguments):
        status = cli.main(["run", *map(str, arguments)])
        return (status, *(" ".join(text.split()) for text in capsys.readouterr()))

    return run


def at(data, **values):
    """One point of a swept Dataset, as a run of that point alone has it."""
    return data.sel(values).drop_vars(values)


# --- a point is the same study ---------------------------------------------------------------------------------


def same(swept, values, alone):
    """A point of a sweep and a run of its own, to the bit."""
    for group in GROUPS:
        xr.testing.assert_identical(at(getattr(swept, group), **values), getattr(alone, group))
    mine, theirs = at(swept.counts, **values), alone.counts
    xr.testing.assert_identical(mine.sel(number=theirs["number"]), theirs)
    rest = mine.drop_sel(number=theirs["number"].values)
    assert not rest["battery_count_probability"].any()
    assert not rest["battery_count_probability_se"].any()


@pytest.mark.parametrize("budget", [50_000, 150_000, 250_000])
@pytest.mark.parametrize("hours", [4, 8])
def test_a_point_is_the_same_study_run_with_those_constants(make, budget, hours):
    swept, given = make(), make(rest="", budget=budget, run_hours=hours)
    assert swept.at(budget=budget, run_hours=hours).digest == given.digest
    same(un.run(swept), {"budget": budget, "run_hours": hours}, un.run(given))


PRICE = "unit_price = " + dist("lognormal", median=2500, sigma=0.15)
OTHERS = {  # what is swept, its values, and the study with the last of them
    "an uncertain price, correlated": ("rtx_a5000.unit_price", "[2_000, 2_700]", 2_700, lambda text: text.replace(
        PRICE, "unit_price = 2_700")),
    "an uncertain input": ("pue", "[1.1, 1.3]", 1.3, lambda text: re.sub("pue = .*", "pue = 1.3", text)),
    "words": ("budget_covers", '["hardware", "hardware and storage"]', "hardware and storage",
              lambda text: 'budget_covers = "hardware and storage"\n' + text),
    "a default": ("sparsity_gain", "[1, 1.5]", 1.5, lambda text: text.replace(
        "[inputs]", "[inputs]\nsparsity_gain = 1.5")),
    "a sheet's number": ("battery_capacity", "[10, 20]", 20, lambda text: text.replace(
        "[inputs]", "[inputs]\nbattery_capacity = 20")),
    "one build's of a shared number": ("dgx_spark.host_overhead", "[1, 1.1]", 1.1, lambda text: text.replace(
        "[build.dgx_spark]", "[build.dgx_spark]\nhost_overhead = 1.1")),
    "one precision of a shared number": ("rtx_a5000.sustained_ratio.fp16", "[0.4, 0.6]", 0.6, lambda text: text),
}


@pytest.mark.parametrize("case", OTHERS)
def test_whatever_is_swept_a_point_is_the_study_with_that_constant(make, tmp_path, case):
    name, values, last, changed = OTHERS[case]
    swept = make(rest=f"\n[sweep]\n{name} = {values}\n")
    text = changed(study_text(rest=PRICES + CORRELATED + CLAIM, **SMALL))
    if "precision" in case:
        text += "[build.rtx_a5000.sustained_ratio]\nfp4 = 1.0\nfp8 = 1.0\nfp16 = 0.6\nfp32 = 1.0\n"
    (tmp_path / "given.toml").write_text(text, encoding="utf-8")
    given = un.load(tmp_path / "given.toml")
    assert swept.at({name: last}).digest == given.digest
    same(un.run(swept), {name: last}, un.run(given))


def test_all_points_have_the_same_draws(make):
    swept = make(rest="\n[sweep]\nrtx_a5000.unit_price = [2000, 2700]\nrun_hours = [4, 8]\n")
    one, *others = (un.sample(point) for point in swept.points)
    assert one["unit_price"].sel(build="rtx_a5000").std() == 0
    assert one["unit_price"].sel(build="dgx_spark").std() > 0
    for other in others:
        xr.testing.assert_identical(one["pue"], other["pue"])
        xr.testing.assert_identical(one["unit_price"].sel(build="dgx_spark"),
                                    other["unit_price"].sel(build="dgx_spark"))


def test_a_precision_that_a_headline_shares_is_swept_in_both(make):
    swept = make(rest="\n[sweep]\nrtx_a5000.sustained_ratio.fp16 = [0.3, 0.6]\n")
    speed = un.run(swept).means["throughput"].sel(scenario="base", build="rtx_a5000")
    for precision in ("headline", "fp16"):
        np.testing.assert_allclose(speed.sel(precision=precision)[1], 2 * speed.sel(precision=precision)[0])


# --- dimensions --------------------------------------------------------------------------------------------------


AXES = {"budget": "[50_000, 150_000]", "run_hours": "[4, 8, 12]", "rtx_a5000.unit_price": "[2_000, 2_500]"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_swept_are_the_first_dimensions_of_everything(make, count):
    names = list(AXES)[:count]
    swept = un.run(make(rest="\n[sweep]\n" + "".join(f"{name} = {AXES[name]}\n" for name in names)))
    assert isinstance(swept, un.Sweep)
    for group in (*GROUPS, "counts", "option_map"):
        for variable in getattr(swept, group).data_vars.values():
            assert variable.dims[:count] == tuple(names)
    for name, (unit, values) in zip(names, [("USD", [50_000, 150_000]), ("h", [4, 8, 12]), ("USD", [2_000, 2_500])],
                                    strict=False):
        assert swept.bands[name].attrs["units"] == unit
        assert swept.bands[name].attrs["long_name"]
        assert swept.bands[name].values.tolist() == values
    assert swept.claims["verdict"].dims == (*names, "claim")
    assert swept.claims["says"].dims == ("claim",)
    sizes = [2, 3, 2][:count]
    assert len(swept.points) == len(swept.study.points) == np.prod(sizes)
    assert [point.study.point[-1] for point in swept.points[:2]] == [
        (names[-1], value) for value in swept.bands[names[-1]].values[:2]]
    assert repr(swept) == f"Sweep(study='study', builds=2, scenarios=1, samples=512, points={np.prod(sizes)})"


def test_points_are_put_together_by_label():
    axes = (Axis("x", "1", "", (1.0, 2.0), (1.0, 2.0), ()),)
    groups = [Group({"share": Frame(("number",), np.array(values), {})}, {
        "number": Frame(("number",), np.array(numbers), {}), "note": Frame(("number",), np.array(notes), {})})
        for numbers, values, notes in (([1, 2], [0.5, 0.5], ["a", "b"]), ([2, 4], [0.25, 0.75], ["b", "c"]))]
    found = stacked(axes, groups)
    assert found["number"].tolist() == [1, 2, 4]
    assert found["share"].tolist() == [[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]]
    assert found.coords["note"].dims == ("x", "number")
    named = [Group({"value": Frame(("input",), np.array(values), {})},
                   {"input": Frame(("input",), np.array(names), {})})
             for names, values in ((["b", "a"], [1.0, 2.0]), (["a"], [3.0]))]
    found = stacked(axes, [*named])
    assert found["input"].tolist() == ["b", "a"]
    np.testing.assert_array_equal(found["value"], [[1, 2], [np.nan, 3]])
    np.testing.assert_array_equal(stacked(axes, [named[0], None])["value"], [[1, 2], [np.nan, np.nan]])


def test_a_sweep_pickles(make):
    swept = un.run(make())
    again = pickle.loads(pickle.dumps(swept))
    xr.testing.assert_identical(again.option_map, swept.option_map)
    assert again.study.digest == swept.study.digest


def test_scenarios_stay_and_components_can_be_swept(make):
    rest = ('[components]\nrack = { per = "once", price = 1000, builds = ["rtx_a5000"], source = "test" }\n'
            "[scenarios.a]\npue = 1.1\n[scenarios.b]\npue = 1.4\n[sweep]\nrack = [1000, 5000]\n")
    cost = un.run(make(rest=rest, outputs=["component_cost"])).means["component_cost"]
    assert cost.dims == ("rack", "scenario", "build")
    assert cost.sel(build="rtx_a5000").values.tolist() == [[1000, 1000], [5000, 5000]]
    assert not cost.sel(build="dgx_spark").any()


def test_what_is_not_given_stays_swept(make):
    study = make()
    part = study.at(budget=50_000)
    assert [axis.name for axis in part.sweep] == ["run_hours"]
    assert [p.digest for p in part.points] == [p.digest for p in study.points[:2]]
    assert part.at(run_hours=4).points == (part.at(run_hours=4),)
    assert study.digest not in {p.digest for p in study.points}
    for wrong in ({"budget": 1}, {"budgets": 50_000}, {"pue": 1.1}):
        with pytest.raises(ValueError, match=r"is not swept; (did you mean budget\?|wanted)|wanted one of 50000"):
            study.at(wrong)
    with pytest.raises(ValueError, match="nothing is"):
        make(rest="").at(budget=1)


# --- refusals ----------------------------------------------------------------------------------------------------


REFUSED = {
    "pu = [1]": "sweep.pu: no input pu; did you mean pue?",
    "rtx_a500.unit_price = [1]": 'sweep."rtx_a500.unit_price": no input rtx_a500.unit_price; did you mean rtx_a5000',
    "pue = [1.2, 0.5]": "sweep.pue #2: given 0.5; wanted at least 1",
    "run_hours = [0]": "sweep.run_hours #1: given 0; wanted above 0 [h]",
    "run_hours = [8, 4]": "sweep.run_hours: given 4 after 8; wanted ascending values, each once",
    "run_hours = [4, 4.0]": "sweep.run_hours: given 4 after 4; wanted ascending values, each once",
    "run_hours = []": "sweep.run_hours: given an empty list; wanted a list of values",
    "run_hours = 8": "sweep.run_hours: given 8; wanted a list of values",
    'run_hours = [8, "x", true, inf]': "sweep.run_hours #2: given 'x'; wanted a number",
    "run_hours = [[8]]": "sweep.run_hours #1: given a list; wanted a number",
    "run_hours = [8, inf]": "sweep.run_hours #2: given inf; wanted a finite number",
    'budget_covers = ["hard"]': "sweep.budget_covers #1: given 'hard'; did you mean hardware?",
    'budget_covers = ["hardware", "hardware"]': "sweep.budget_covers: given a word twice",
    "unit_price = [1]": "sweep.unit_price: is several numbers here; wanted one of rtx_a5000.unit_price, "
                        "dgx_spark.unit_price",
    "host_overhead = [1.1]\nrtx_a5000.host_overhead = [1.1]": 'sweep."rtx_a5000.host_overhead": swept as host_overhead '
                                                              "too",
    "dgx_spark.peak.fp32 = [1]": 'no input dgx_spark.peak.fp32',
    "budget = 3\nrun_hours = [-1]": "sweep.budget: given 3; wanted a list of values",
}


@pytest.mark.parametrize("swept", REFUSED)
def test_what_cannot_be_swept_is_refused(make, swept):
    with pytest.raises(un.StudyError) as error:
        make(rest=f"\n[sweep]\n{swept}\n")
    assert REFUSED[swept] in str(error.value)


def test_every_problem_is_told_at_once(make):
    with pytest.raises(un.StudyError) as error:
        make(rest="\n[sweep]\n" + "\n".join(["pu = [1]", "budget = [-1, 2, true]", "run_hours = [2, 1]"]), budget=-5)
    assert [problem.where for problem in error.value.problems] == [
        "budget", "sweep.pu", "sweep.budget #1", "sweep.budget #3", "sweep.run_hours"]


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "study.toml").write_text("sweep = [1]\n" + study_text(**SMALL), encoding="utf-8")
    with pytest.raises(un.StudyError, match="sweep: given a list; wanted a table of lists"):
        un.load(tmp_path / "study.toml")


def test_a_scenario_with_its_own_value_is_not_silenced(make):
    with pytest.raises(un.StudyError, match=r"sweep\.pue: is not the same in scenarios a and b; a sweep holds in all"):
        make(rest="\n[scenarios.a]\npue = 1.1\n[scenarios.b]\n[sweep]\npue = [1.2]\n")


def test_declared_missing_numbers_and_names_of_columns_are_refused(make):
    rest = '\n[build.rtx_a5000.peak]\nfp16 = { missing = "no" }\n[sweep]\nrtx_a5000.peak.fp16 = [100]\n'
    with pytest.raises(un.StudyError, match="is declared missing, or no build needs it"):
        make(rest=rest)
    with pytest.raises(un.StudyError, match="given rank, the name of a column of results"):
        make(rest='\n[components]\nrank = { per = "once", price = 1 }\n[sweep]\nrank = [1]\n')


def test_so_many_points_are_wanted_at_most(make):
    line = "\n[sweep]\nrun_hours = {}\nbudget = [50_000, 150_000]\n"
    assert len(make(rest=line.format(list(range(1, 201)))).points) == MOST_POINTS == 400
    with pytest.raises(un.StudyError, match="sweep: given 201 x 2 = 402 points; wanted at most 400"):
        make(rest=line.format(list(range(1, 202))))


def test_a_measurement_of_what_is_swept_is_refused_where_it_is_asked_for(make):
    rest = ('\n[sensitivity]\nsamples = 1024\n[[sensitivity.measurements]]\nsays = "a quote"\ninput = "pue"\n'
            "error = 0.1\n[sweep]\npue = [1.2]\n")
    with pytest.raises(un.StudyError, match="pue is constant; wanted an uncertain input"):
        make(rest=rest)
    assert make(rest=rest.replace("samples = 1024\n", "")).inquiry.measurements == ()


def test_the_battery_price_of_the_starter_can_be_swept(tmp_path):
    """It is in a group and in a measurement there."""
    path = tmp_path / "study.toml"
    start(path)
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[sweep]\nbattery_unit_price = [9000, 13000]\n",
                    encoding="utf-8")
    assert len(un.load(path).points) == 2


def test_samples_are_of_one_point(make, tmp_path):
    with pytest.raises(ValueError, match=r"is swept; wanted one of its points: study\.at"):
        un.sample(make())
    with pytest.raises(ValueError, match=r"is swept, and keep_samples is given"):
        un.run(make(), keep_samples=tmp_path / "x.zarr")


# --- what is made, and what is not -------------------------------------------------------------------------------


def test_each_point_is_prepared_once_searched_never_and_then_forgotten(make, monkeypatch):
    prepared, held = [], []

    def counted(study):
        prepared.append(study.point)
        return prepare(study)

    def reported(job):
        held.append(sum("plan" in other.__dict__ for other in works_of[0].jobs))
        return made(job)

    works_of, made, work_of = [], works.results_of, works.work_of
    monkeypatch.setattr("uncertainty.plan.prepare", counted)
    monkeypatch.setattr("uncertainty.plan._plans", {})
    monkeypatch.setattr(works, "results_of", reported)
    monkeypatch.setattr(results, "breaks", lambda *_: pytest.fail("it is searched for"))
    monkeypatch.setattr("uncertainty.runner.work_of", lambda *a: works_of.append(work_of(*a)) or works_of[0])
    swept = un.run(make())
    assert prepared == [point.point for point in swept.study.points]
    assert max(held) <= 2
    assert not any("plan" in job.__dict__ or job._done for job in works_of[0].jobs)
    assert swept.points[0].breaks == ()


def test_what_drives_a_point_is_told_where_samples_are_asked_for(make):
    assert un.run(make()).first_order is None
    silent = make(rest='\n[sensitivity.groups]\nprices = ["unit_price"]\n' + SWEEP)
    assert silent.inquiry.samples == 0
    asked = make(rest="\n[sensitivity]\nsamples = 64\n[sweep]\nrun_hours = [4, 8]\n")
    swept, alone = un.run(asked), un.run(asked.at(run_hours=8))
    assert swept.shapley["capex"].dims == ("run_hours", "input", "scenario", "build")
    for group in ("first_order", "total_order", "shapley", "shared", "information", "tornado", "stress"):
        xr.testing.assert_identical(at(getattr(swept, group), run_hours=8), getattr(alone, group))
    influence = at(swept.influence, run_hours=8).sel(input=alone.influence["input"])
    one, other = (found["evppi_share"].drop_vars("input") for found in (influence, alone.influence))
    xr.testing.assert_identical(one, other)


def test_progress_counts_the_replicates_of_all_points(make):
    seen = []
    un.run(make(), progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (48, 48)
    assert {wanted for _, wanted in seen} == {48}


def test_the_progress_bar_counts_points(make):
    class Bar:
        def add_task(self, *_, **__):
            pass

    one = works.work_of(make())
    assert Progress([one], Bar())._told() == "study: 0 of 6 points"
    one.jobs[0].error = ValueError()
    assert Progress([one], Bar())._told() == "study: 1 of 6 points"
    assert Progress([one, works.work_of(make(rest=""))], Bar())._told() == "0 of 2 studies"


def test_the_progress_bar_knows_all_from_the_start_and_tells_what_is_left(make, monkeypatch):
    shown, now = {}, 100.0

    class Bar:
        def add_task(self, description, **fields):
            shown.update(fields, description=description)

        def update(self, _, **fields):
            shown.update(fields)

    monkeypatch.setattr("time.monotonic", lambda: now)
    one = works.work_of(make())
    progress = Progress([one], Bar())
    assert (shown["description"], shown["total"], shown["left"]) == ("study: 0 of 6 points", 48, "")
    one.jobs[0].done, one.jobs[0].reused, now = 10, 8, 170.0
    progress()
    assert (shown["completed"], shown["total"], shown["left"]) == (10, 48, "0:22:10 left")


def test_a_tolerance_is_met_at_every_point(make):
    swept = un.run(make(), tolerance=0.004)
    made = swept.figures["convergence"]["replicates"]
    assert made.shape == (3, 2)
    assert made.max() > 8
    assert all(point.convergence.reached for point in swept.points)
    assert swept.convergence.replicates == made.min()


@pytest.mark.parametrize("jobs", [1, 2])
def test_any_number_of_workers_gives_the_same_bits(make, monkeypatch, jobs):
    monkeypatch.setattr(execution, "SERIAL", 0)
    xr.testing.assert_identical(un.run(make(), jobs=jobs).ranking, un.run(make()).ranking)


# --- the option map ----------------------------------------------------------------------------------------------


def test_the_option_map_is_the_most_probable_first(make):
    swept = un.run(make())
    first = swept.ranking["rank_acceptability"].sel(rank=1)
    best = first.fillna(-1).argmax("build")
    for where in np.ndindex(*best.shape):
        place = dict(zip(best.dims, where, strict=True))
        told = swept.option_map.isel(place)
        names = str(told["best"].values).split(" = ")
        assert str(first["build"].values[int(best.isel(place))]) in names
        share = float(first.isel(place).sel(build=names).sum())
        assert float(told["probability"]) == share
        others = first.isel(place).drop_sel(build=names)
        rival = float(others.max()) if others.size else 0.0
        assert float(told["rival_probability"]) == rival
        error = float(told["probability_se"] + told["rival_probability_se"])
        assert bool(told["open"]) == (rival > 0 and (rival >= share / 2 or share - rival <= 2.3646242510 * error))
    assert swept.option_map["best"].dims == best.dims
    assert len({*swept.option_map["best"].values.ravel().tolist()}) > 1


NO_TIES = np.zeros((3, 3))


@pytest.mark.parametrize(("first", "se", "tie", "best", "group", "share", "rival", "is_open"), [
    ([0.7, 0.2, 0.1], 0, NO_TIES, 0, [0], 0.7, 1, False),
    ([0.1, 0.6, 0.3], 0, NO_TIES, 1, [1], 0.6, 2, True),  # half as probable
    ([0.1, 0.61, 0.29], 0, NO_TIES, 1, [1], 0.61, 2, False),
    ([0.1, 0.61, 0.29], 0.1, NO_TIES, 1, [1], 0.61, 2, True),  # within the error
    ([1.0, 0.0, 0.0], 0, NO_TIES, 0, [0], 1.0, None, False),
    ([0.5, 0.5, 0.0], 0, [[0, 1, 0], [1, 0, 0], [0, 0, 0]], 0, [0, 1], 1.0, None, False),  # always tied
    ([0.4, 0.4, 0.2], 0, [[0, 0.4, 0], [0.4, 0, 0], [0, 0, 0]], 0, [0], 0.4, 1, True),
    ([0.0, 1.0, np.nan], 0, np.full((3, 3), np.nan), 1, [1], 1.0, None, False),
    ([np.nan] * 3, np.nan, np.full((3, 3), np.nan), 0, [0], 0.0, None, False)])
def test_who_leads_by_hand(first, se, tie, best, group, share, rival, is_open):
    found = lead(np.array(first), np.full(3, float(se)), np.array(tie, float), 8)
    assert (int(found.best), np.flatnonzero(found.group).tolist(), bool(found.open)) == (best, group, is_open)
    assert float(found.probability) == pytest.approx(share)
    assert (found.rival_probability > 0) == (rival is not None)
    if rival is not None:
        assert int(found.rival) == rival


def test_maps_fit_a_terminal_and_say_what_the_table_says(file, capsys):
    hours = "[1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 36]"
    path = file(rest=PRICES + CLAIM + f"[sweep]\nbudget = [20_000, 50_000, 150_000]\nrun_hours = {hours}\n")
    assert cli.main(["run", path]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "budget \\ run hours" in out
    assert "Which conclusions hold where" in out
    report = Path("results/swept/report.md").read_text(encoding="utf-8")
    labels = {"rtx_a5000": "A5000", "dgx_spark": "DGX Spark"}
    rows = list(csv.DictReader(Path("results/swept/tables/option_map.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 36 * len({row["criterion"] for row in rows})
    lines = [line for line in report.split("## Option map: CapEx\n")[1].splitlines() if line.startswith("| $20,000")]
    cells = [cell.strip() for cell in lines[0].split("|")[2:-1]]
    told = [row for row in rows if row["criterion"] == "capex" and row["budget"] == "20000"]
    assert len(cells) == len(told) == 12
    for cell, row in zip(cells, told, strict=True):
        assert cell.startswith(labels[row["best"]])
        assert cell.endswith("?") == (row["open"] == "1")


def test_maps_of_one_and_of_three_quantities(file, run):
    out = run(file(rest=PRICES + "[sweep]\nrun_hours = [4, 8]\n"))[1]
    assert "Option map criterion \\ run hours 4 h 8 h" in out
    out = run(file(rest=PRICES + "[sweep]\nrtx_a5000.unit_price = [1_500, 3_000]\nbudget = [9_000, 90_000]\n"
                   "run_hours = [4, 8]\n"))[1]
    assert "A5000 price $1,500" in out


# --- the command -------------------------------------------------------------------------------------------------


def test_a_sweep_is_one_folder(file, run):
    status, out, err = run(file())
    assert (status, err) == (0, "")
    assert "At each of 6 points 512 samples" in out
    folder = Path("results/swept")
    assert sorted(p.name for p in folder.iterdir()) == [
        "figures", "report.html", "report.md", "results.nc", "summary.json", "tables"]
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    study = un.load("swept.toml")
    assert summary["sweep"] == {"budget": {"unit": "USD", "values": [50_000, 150_000, 250_000]},
                                "run_hours": {"unit": "h", "values": [4, 8]}}
    assert [point["at"] for point in summary["points"]] == [dict(p.point) for p in study.points]
    alone = un.run(study.points[3])
    un.write(alone, "alone")
    other = json.loads(Path("alone/summary.json").read_text(encoding="utf-8"))
    for key in ("bands", "counts", "enough", "ranking", "picks", "ratings", "preference"):
        assert summary["points"][3][key] == other[key]
    assert summary["points"][3]["claims"]["C1"]["probability"] == other["claims"]["C1"]["probability"]
    assert other["at"] == {"budget": 150_000, "run_hours": 8}
    assert "Of the values swept: budget = 150,000, run_hours = 8." in Path("alone/report.md").read_text()


def read(path):
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_tables_have_the_swept_columns_in_front(file, run):
    run(file())
    un.write(un.run(un.load("swept.toml").at(budget=250_000, run_hours=4)), "alone")
    for path in Path("results/swept/tables").glob("*.csv"):
        header, *rows = read(path)
        if path.stem in ("inputs", "option_map", "convergence"):
            continue
        assert header[:2] == ["budget", "run_hours"], path
        own = [row[2:] for row in rows if row[:2] == ["250000", "4"]]
        assert [header[2:], *own] == read(Path("alone/tables", path.name))
    assert not [name for name in ("nearest", "indices") if Path(f"results/swept/tables/{name}.csv").exists()]
    inputs = Path("results/swept/tables/inputs.csv").read_text(encoding="utf-8")
    assert 'budget,,,,USD,"swept: 50000, 150000, 250000"' in inputs


def test_netcdf_has_the_swept_dimensions(file, run):
    run(file(rest=PRICES + CLAIM + "[sweep]\nrtx_a5000.unit_price = [2000, 2500]\nrun_hours = [4, 8]\n"))
    swept = un.run(un.load("swept.toml"))
    with xr.open_dataset("results/swept/results.nc") as data:
        assert data["capex"].dims[:2] == ("rtx_a5000.unit_price", "run_hours")
        np.testing.assert_array_equal(data["capex"], swept.bands["capex"])
        np.testing.assert_array_equal(data["claim_verdict"], swept.claims["verdict"])
        assert data["run_hours"].attrs["units"] == "h"
    with xr.open_dataset("results/swept/results.nc", group="option_map") as data:
        np.testing.assert_array_equal(data["best"], swept.option_map["best"])


def test_json_check_and_dry_run(file, capsys):
    path = file()
    assert cli.main(["run", path, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["points"]) == 6
    assert cli.main(["check", path]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "swept: budget (3) x run_hours (2) = 6 points" in out
    assert "swept:" in out.split("Inputs")[1]
    assert cli.main(["run", path, "--dry-run", "--out", "other"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert re.search(r"swept 48 replicates at 6 points 3,072 < 1 min \d+ MB \d+ MB", out)
    assert not Path("other").exists()
    used = sum(p.stat().st_size for p in Path("results").rglob("*") if p.is_file())
    assert used <= cost_of(works.work_of(un.load(path))).disk
    assert cli.main(["run", path, "--keep-samples"]) == 2
    assert "swept is swept: un.sample gives those of one point" in capsys.readouterr().err


def test_an_uncertain_input_is_said_to_be_constant_at_each_point(file, run):
    run(file(rest=PRICES + "[sweep]\npue = [1.2, 1.3]\n"))
    assert "constant at each point, in place of uniform(1.1, 1.4)" in Path(
        "results/swept/tables/inputs.csv").read_text(encoding="utf-8")


def test_current_sweeps_are_not_run_again(file, run):
    path = file()
    Path("other.toml").write_text(study_text(**SMALL), encoding="utf-8")
    assert run(path, "other.toml")[0] == 0
    out = run(path, "other.toml")[1]
    assert out.count("current, not run again") == 2
    Path("results/swept/tables/option_map.csv").unlink()
    out = run(path, "other.toml")[1]
    assert "swept: 6 x 512 samples" in out
    file(rest=PRICES + CLAIM + SWEEP.replace("[4, 8]", "[4, 8, 12]"))
    assert "swept: 9 x 512 samples" in run(path, "other.toml")[1]


def test_a_claim_that_must_hold_must_hold_at_every_point(file, run):
    path = file(rest=PRICES + CLAIM + "must_hold = 0.97\n" + SWEEP)
    shares = un.run(un.load(path)).claims["probability"].sel(claim="C1")
    failing = int((shares < 0.97).sum())
    assert 0 < failing < 6
    status, _, err = run(path)
    assert status == 1
    assert f"swept: claim C1 fails at {failing} of 6 points, least at budget = " in err
    low = shares.isel(shares.argmin(...))
    assert f"budget = {float(low['budget']):.0f}, run_hours = {float(low['run_hours']):.0f}: P(holds) = " in err


def test_a_point_that_fails_fails_the_sweep_and_is_named(file, run):
    path = file(rest=PRICES + "[sweep]\nrun_hours = [4, 1e308]\n")
    with pytest.raises(un.ModelError, match=r"^at run_hours = 1e\+308: battery_count"):
        un.run(un.load(path))
    Path("other.toml").write_text(study_text(**SMALL), encoding="utf-8")
    status, out, err = run(path, "other.toml")
    assert status == 2
    assert "swept failed: at run_hours = 1e+308: battery_count" in err
    assert "other: 512 samples" in out
    assert not Path("results/swept").exists()
    assert run(path, "--dry-run")[0] == 2


# --- never starting over -----------------------------------------------------------------------------------------


def made(monkeypatch):
    """Points of which replicates are made from now on."""
    seen, work = [], execution.work

    def counted(study, *rest):
        seen.append(study.point)
        return work(study, *rest)

    monkeypatch.setattr(execution, "work", counted)
    return seen


def test_a_sweep_goes_on_from_the_points_that_are_done(make, tmp_path, monkeypatch):
    study, kept = make(), tmp_path / "kept"
    for point in study.points[:4]:
        Pieces(point, kept).finish(works.results_of(_done(point)).done)
    seen = made(monkeypatch)
    found = un.run(study, keep=kept, resume=True)
    assert seen == [point.point for point in study.points[4:]]
    xr.testing.assert_identical(found.bands, un.run(study).bands)
    seen.clear()
    un.run(make(rest=SWEEP.replace("[4, 8]", "[4, 6, 8]")), keep=kept, resume=True)
    assert {dict(point)["run_hours"] for point in seen} == {6}


def _done(point):
    job = works.work_of(point).jobs[0]
    list(execution.perform([job], execution.Workers(execution.Here(), 1)))
    return job


def test_points_that_are_kept_are_not_stale_but_what_is_no_longer_swept_is(make, tmp_path):
    study, kept = make(), tmp_path / "kept"
    un.run(study, keep=kept)
    folders = sorted((kept / "study").iterdir())
    assert len(folders) == 6
    for folder in folders:
        os.utime(folder, (time.time() - 90_000,) * 2)
    un.run(study, keep=kept, resume=True)
    assert sorted((kept / "study").iterdir()) == folders
    for folder in folders:
        os.utime(folder, (time.time() - 90_000,) * 2)
    un.run(replace(study, sweep=study.at(run_hours=4).sweep, entries=study.at(run_hours=4).entries), keep=kept)
    assert len(list((kept / "study").iterdir())) == 3


def test_the_shipped_option_map_runs(tmp_path):
    study = un.load("market-option-map")
    assert [axis.name for axis in study.sweep] == ["budget", "run_hours"]
    found = un.run(study.with_sampling(samples=64, replicates=2).at(run_hours=8))
    assert found.option_map["best"].dims == ("budget", "criterion", "scenario")
    assert un.write(found, tmp_path / "map").is_dir()
