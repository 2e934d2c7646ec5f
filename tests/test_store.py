"""The results folder: complete, reproducible, whole or not at all."""

import csv
import io
import json
import math
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import uncertainty as un
from uncertainty import store

RESULTS = Path(__file__).parent.parent / "results"
STUDIES = ("reference-tables", "reference", "market-2025", "market-late-2026", "inside-budget", "market-option-map")


@pytest.fixture(scope="module")
def results():
    return un.run(un.load("reference").with_sampling(samples=64, replicates=8))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_same_study_same_bytes_but_for_netcdf(results, tmp_path):
    again = un.run(un.load("reference").with_sampling(samples=64, replicates=8))
    one, other = files(un.write(results, tmp_path / "a")), files(un.write(again, tmp_path / "b"))
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name] and not name.endswith(".nc")] == []


def test_netcdf_opens_in_xarray_with_units_names_and_provenance(results, tmp_path):
    with xr.open_dataset(un.write(results, tmp_path / "r", page=False) / "results.nc") as data:
        assert data["capex"].dims == ("quantile", "scenario", "build")
        assert data["capex"].attrs["units"] == "USD"
        assert all("long_name" in v.attrs for v in data.data_vars.values())
        unitless = [n for n, v in data.data_vars.items() if "units" not in v.attrs]
        assert unitless == ["expected_regret", "expected_regret_se", "pick_regret_if_wrong",
                            "pick_regret_if_wrong_se"]  # in the unit of each criterion
        np.testing.assert_array_equal(data["capex"], results.bands["capex"])
        np.testing.assert_array_equal(data["capex_mean_se"], results.means["capex_se"])
        assert data.attrs["study_text"] == results.study.text
        assert data.attrs["digest"] == results.study.digest
        assert json.loads(data.attrs["versions"]) == store.versions()


def test_netcdf_has_every_statistic_as_the_datasets_have_it(results, tmp_path):
    renamed = {"bands": "{}{}", "means": "{}_mean{}", "central": "{}_central{}", "counts": "{}{}", "ranking": "{}{}",
               "claims": "claim_{}{}", "picks": "pick_{}{}", "ratings": "rating_{}{}", "preference": "preference_{}{}"}
    written = set()
    with xr.open_dataset(un.write(results, tmp_path / "r", page=False) / "results.nc") as data:
        for group, form in renamed.items():
            for name, wanted in results.figures[group].dataset().data_vars.items():
                found = form.format(name.removesuffix("_se"), "_se" if name.endswith("_se") else "")
                texts = {c: c.removeprefix("claim_") for c in data[found].coords if str(c).startswith("claim_")}
                read = data[found].rename(texts).rename(name)
                units = {"unit", "better"} if group == "picks" else set()  # those of the criteria
                xr.testing.assert_identical(read.drop_vars(units & set(read.coords)), wanted)
                written.add(found)
        assert written == set(data.data_vars)


def test_results_may_be_written_in_threads(results, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda i: un.write(results, tmp_path / f"r{i}", page=i < 2), range(6)))
    for folder in folders:
        with xr.open_dataset(folder / "results.nc") as data:
            np.testing.assert_array_equal(data["capex"], results.bands["capex"])


def test_the_study_is_in_the_summary_as_it_was_written(make_study):
    results = un.run(make_study(rest="# [ 1, 2 ]\n# \"é\"\\"))
    assert json.loads(store.to_json(results))["study_text"] == results.study.text


def test_summary_has_every_figure_with_its_error(results):
    summary = json.loads(store.to_json(results))
    band = summary["bands"]["engineering"]["dgx_spark"]["capex"]
    at = {"scenario": "engineering", "build": "dgx_spark"}
    assert band["0.95"][0] == pytest.approx(float(results.bands["capex"].sel(at | {"quantile": 0.95})), rel=1e-9)
    assert band["0.95"][1] == pytest.approx(float(results.bands["capex_se"].sel(at | {"quantile": 0.95})), rel=1e-3)
    assert summary["bands"]["engineering"]["rtx_a5000"]["throughput"]["fp4"]["mean"] == [None, None]
    assert summary["digest"] == results.study.digest
    assert summary["study_text"] == results.study.text
    assert summary["sampling"]["seed"] == 20251217
    prices = [i for i in summary["inputs"] if i["input"] == "unit_price"]
    assert len(prices) == 4
    assert all(i["source"] and i["grade"] for i in prices)


def test_other_files_in_the_folder_are_kept_and_stale_ones_of_ours_go(results, tmp_path):
    folder = tmp_path / "r"
    un.write(results, folder, page=False)
    (folder / "notes.txt").write_text("mine")
    (folder / "tables" / "old.csv").write_text("stale")
    un.write(results, folder, page=False)
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "tables" / "old.csv").exists()


@pytest.mark.parametrize("swap", [True, False])
def test_a_write_that_fails_leaves_what_was_there(results, tmp_path, monkeypatch, swap):
    folder = tmp_path / "r"
    before = files(un.write(results, folder, page=False))
    if not swap:
        monkeypatch.setattr(store, "_exchange", lambda *_: False)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "report", full)
    with pytest.raises(OSError, match="No space"):
        un.write(results, folder, page=False)
    assert files(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["r"]
    monkeypatch.undo()
    if not swap:
        monkeypatch.setattr(store, "_exchange", lambda *_: False)
    assert files(un.write(results, folder, page=False)).keys() == before.keys()


WRITER = """
import sys, uncertainty as un
results = un.run(un.load("reference").with_sampling(samples=64, replicates=8))
print("ready", flush=True)
while True:
    un.write(results, sys.argv[1], page=False)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="folders are exchanged in one step on Linux")
def test_a_killed_writer_leaves_whole_results(results, tmp_path):
    folder = tmp_path / "r"
    whole = files(un.write(results, folder, page=False))
    rng = np.random.Generator(np.random.PCG64(1))
    for wait in rng.uniform(0.0, 0.4, 5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(wait)
            writer.send_signal(signal.SIGKILL)
        left = files(folder)
        assert left.keys() == whole.keys()
        assert all(left[n] == whole[n] for n in whole if not n.endswith(".nc"))
    un.write(results, folder, page=False)
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def same(one, other) -> bool:
    """Equal but for rounding, in which processors and library versions may differ: figures are written to ten digits,
    errors to four."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and len(one) == 2 and isinstance(one[1], float):
        error = math.isclose(one[1], other[1], rel_tol=2e-3, abs_tol=1e-9 * max(1, abs(one[0])))
        return error and same(one[0], other[0])
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return math.isclose(one, other, rel_tol=1e-8) if isinstance(one, float) else one == other


def cells(table: bytes) -> list[list[float | str]]:
    """A CSV table, its figures as numbers; a statistic's error follows it."""
    def cell(text):
        try:
            return float(text)
        except ValueError:
            return text

    return [[cell(c) for c in row] for row in csv.reader(io.StringIO(table.decode()))]


def lines(report: bytes) -> list[str]:
    """A report but for the versions that made it."""
    made = re.compile(r"\| (uncertainty|python|numpy|scipy) \|")
    return [line for line in report.decode().splitlines() if not made.match(line)]


def distances(summary: dict) -> list[float]:
    """Take the nearest flips out of a summary: a search may end a hair's breadth apart where processors round apart.

    A sweep has none.
    """
    if "points" in summary:
        return []
    found = [*summary["claims"].values(), *(x for places in summary["first_places"].values() for x in places.values())]
    nearest = [each.pop("nearest") for each in found]
    for each in found:
        if each["threat"] and each["threat"]["by"] == "nearest flip":
            each["threat"].pop("share")
    return [math.inf if flip is None or flip["distance"] is None else flip["distance"] for flip in nearest]


def but_for_searches(table: bytes) -> bytes:
    """What `nearest.csv` says that no search found: targets, and how probably each is flipped."""
    rows = csv.reader(io.StringIO(table.decode()))
    return "\n".join(dict.fromkeys(",".join(row[:6]) for row in rows)).encode()


@pytest.mark.skipif(not RESULTS.is_dir(), reason="no checkout: the committed results are not there")
@pytest.mark.parametrize("name", STUDIES)
def test_committed_results_are_current(name, tmp_path):
    """Regenerate with the README's command when this fails for a reason that is meant."""
    new = files(un.write(un.run(un.load(name)), tmp_path / name, page=False))
    committed = files(RESULTS / name)
    for text in (new, committed):
        text.pop("results.nc", None)
    for drawn in [each for each in committed if each.startswith(("report.html", "figures/"))]:
        committed.pop(drawn)  # of whoever ran the command here: they are not committed
    assert committed.keys() == new.keys()
    before, now = (json.loads(f.pop("summary.json")) for f in (committed, new))
    assert before["digest"] == now["digest"], "the study or a data sheet has changed"
    before.pop("versions")
    now.pop("versions")
    np.testing.assert_allclose(distances(now), distances(before), rtol=1e-3)
    assert same(before, now)
    for made in (new, committed):
        if "tables/nearest.csv" in made:
            made["tables/nearest.csv"] = but_for_searches(made["tables/nearest.csv"])
    assert lines(committed.pop("report.md")) == lines(new.pop("report.md"))
    for table in new:
        for row, wanted in zip(cells(new[table]), cells(committed[table]), strict=True):
            assert same_row(row, wanted), (table, row, wanted)


def same_row(one, other) -> bool:
    """Equal but for rounding: figures to ten digits, errors (which follow them) to four."""
    return len(one) == len(other) and all(
        a == b or (isinstance(a, float) and isinstance(b, float)
                   and (math.isclose(a, b, rel_tol=1e-8) or (math.isclose(a, b, rel_tol=2e-3, abs_tol=1e-9) and i > 0
                        and isinstance(one[i - 1], float))))
        for i, (a, b) in enumerate(zip(one, other, strict=True)))
