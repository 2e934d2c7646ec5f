"""Tables for other programs: the same figures as the CSV files, with types; CSV and Parquet in one call."""

import csv

import numpy as np
import pandas as pd
import pytest
from support import PRICES

import uncertainty as un
from uncertainty import tabular
from uncertainty.report.tables import TABLES

CLAIM = """
[[claims]]
id = "all"
says = "The Spark costs less"
output = "capex"
build = "dgx_spark"
is = "best"
"""


@pytest.fixture(scope="module")
def full():
    """Of a study that has everything: claims, picks, ratings, sensitivity."""
    return un.run(un.load("reference").with_sampling(samples=64, replicates=2))


@pytest.fixture
def small(make_study):
    """Of one that has few things, so that some tables are empty."""
    return un.run(make_study(rest=PRICES + CLAIM))


def same(frame: pd.DataFrame, rows: list[list[str]]) -> bool:
    """Whether a table is what a CSV file holds."""
    def cell(value):
        return "" if pd.isna(value) else f"{value:.10g}" if isinstance(value, float) else str(value)

    return [list(frame.columns), *([cell(value) for value in row] for row in frame.astype(object).values)] == rows


@pytest.mark.parametrize("which", ["full", "small"])
def test_every_table_is_that_of_its_csv_file(which, tmp_path, request):
    results = request.getfixturevalue(which)
    folder = un.write_tables(results, tmp_path / "deep" / "tables")
    assert {path.name for path in folder.iterdir()} == {f"{name}.csv" for name in TABLES}
    for name in TABLES:
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
            assert same(un.table(results, name), list(csv.reader(stream)))


def test_the_csv_files_are_those_of_the_results_folder(small, tmp_path):
    written, alone = un.write(small, tmp_path / "one") / "tables", un.write_tables(small, tmp_path / "two")
    assert {p.name: p.read_bytes() for p in written.iterdir()} == {p.name: p.read_bytes() for p in alone.iterdir()}


def test_words_are_words_and_figures_are_figures_whatever_a_run_has_given(full, small):
    """So that tables of several studies go together."""
    words = {name: set(un.table(full, name).select_dtypes(include=["object", "string"]).columns) for name in TABLES}
    for name in TABLES:
        frame = un.table(small, name)
        assert set(frame.select_dtypes(include=["object", "string"]).columns) == words[name] & set(frame.columns)
    assert "value" in words["inputs"]
    assert "value" not in words["nearest"]
    for results in (full, small):
        claims = un.table(results, "claims")
        assert claims.dtypes[["holds_as_printed", "met", "holds_centrally"]].astype(str).tolist() == [
            "Int64", "Int64", "int64"]
    assert un.table(small, "claims")["met"].isna().all()


def test_a_table_says_what_it_is_of(small):
    about = un.table(small, "ranks").attrs
    assert (about["table"], about["study"], about["digest"]) == ("ranks", "study", small.study.digest)
    assert (about["samples"], about["seed"]) == (512, "1")


def test_figures_are_those_of_the_datasets(small):
    bands = un.table(small, "bands").set_index(["output", "scenario", "build"])
    for build in ("rtx_a5000", "dgx_spark"):
        expected = small.bands.capex.sel(quantile=0.95, scenario="base", build=build).item()
        assert bands.loc[("capex", "base", build), "0.95"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("which", ["full", "small"])
def test_parquet_keeps_types_and_what_it_is_of(which, tmp_path, request):
    pytest.importorskip("pyarrow")
    results = request.getfixturevalue(which)
    folder = un.write_tables(results, tmp_path, "parquet")
    for name in TABLES:
        read, made = pd.read_parquet(folder / f"{name}.parquet"), un.table(results, name)
        pd.testing.assert_frame_equal(read, made)
        assert read.attrs == made.attrs


def test_without_pyarrow_it_is_said_what_to_install(small, tmp_path, monkeypatch):
    monkeypatch.setattr(tabular, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'uncertainty\[parquet\]'"):
        un.write_tables(small, tmp_path / "new", "parquet")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("call", "words"), [
    (lambda r: un.table(r, "band"), "no table is called 'band'; did you mean bands?"),
    (lambda r: un.write_tables(r, "new", "xlsx"), "format is 'xlsx'; wanted one of csv, parquet")])
def test_what_there_is_not_is_named(small, call, words):
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        call(small)


def test_tables_of_a_sweep_have_what_is_swept_in_front(make_study, tmp_path):
    rest = f"{PRICES}[sweep]\nbudget = [50_000, 150_000]\nbudget_covers = [\"hardware\", \"hardware and storage\"]\n"
    sweep = un.run(make_study(rest=rest))
    folder = un.write_tables(sweep, tmp_path / "tables", "parquet")
    csv_folder = un.write(sweep, tmp_path / "out", page=False) / "tables"
    assert {path.stem for path in folder.iterdir()} == {path.stem for path in csv_folder.iterdir()}
    bands = un.table(sweep, "bands")
    assert list(bands.columns[:2]) == ["budget", "budget_covers"]
    assert bands["budget_covers"].dtype == un.table(sweep, "option_map")["best"].dtype
    capex = bands.query("output == 'capex' and build == 'rtx_a5000'").set_index(["budget", "budget_covers"])
    for (budget, covers), row in capex.iterrows():
        truth = sweep.bands["capex"].sel(budget=budget, budget_covers=covers, build="rtx_a5000").squeeze("scenario")
        np.testing.assert_allclose(row[["0.05", "0.5", "0.95"]].astype(float), truth.sel(quantile=[0.05, 0.5, 0.95]),
                                   rtol=1e-9)
    with pytest.raises(ValueError, match="no table is called 'nearest'"):
        un.table(sweep, "nearest")
