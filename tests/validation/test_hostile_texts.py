"""Hostile texts: what would steer a terminal, run in a page or a spreadsheet, or be taken for markup."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from bad_input import STEERING, fault, written
from test_browser import browser, probed
from test_hostile import STUDY, study

import uncertainty as un
from uncertainty import cli
from uncertainty.files import shipped

EVIL = r"""\u001b[31m\u0007\u009b2J\u202e</script><script>alert(1)</script> $\\frac{x$ [x](javascript:x) :smile:"""
RAW = "\u009b31m\u202e"  # which TOML lets through
TEXTS = f'''\
# {RAW} <script>alert(2)</script>
title = "{EVIL}"
description = """
`````
<script>alert(3)</script> {RAW}
"""
builds = ["rtx_a6000", "evil"]
inputs.pue = {{ dist = "uniform", low = 1.1, high = 1.4, source = "=HYPERLINK(1)", note = "{EVIL}", date = "@x" }}
build.evil.unit_price = {{ dist = "uniform", low = 2000, high = 5000, source = "-2+3 {EVIL}" }}
components.extra = {{ per = "once", price = 100, source = "+x" }}
sensitivity = {{ samples = 64, measurements = [{{ says = "{EVIL}", input = "pue", error = 0.02 }}] }}
claims = [{{ id = "C1", says = "{EVIL}", where = "=1+1", build = "evil", output = "capex", is = "best" }}]
picks = [{{ says = "{EVIL}", because = "{EVIL}", builds = ["evil"], best_by = [{{ output = "capex" }}] }}]
ratings = [{{ says = "=cmd|' /C calc'!A0", stars = {{ rtx_a6000 = 1, evil = 5 }}, output = "capex" }}]
'''


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """The folder of a study whose texts are hostile, after a run."""
    sheet = (shipped() / "devices/rtx_a5000.toml").read_text(encoding="utf-8")
    sheet = re.sub("(?m)^(name .*=) .*$", f"\\1 '{RAW}<b onload=x>'", sheet)
    sheet = re.sub("(?m)^(label .*=) .*$", '\\1 "<script>$^"', sheet)
    given = ("title", "builds", "inputs.pue", "sensitivity")
    kept = "\n".join(line for line in STUDY.splitlines() if not line.startswith(given))
    folder = written(tmp_path_factory.mktemp("evil") / "evil", {"study.toml": f"{kept}\n{TEXTS}", "evil.toml": sheet})
    assert not fault("run", folder / "study.toml", "--out", folder / "out", statuses=(0,))
    return folder


@pytest.mark.parametrize("command", [["check", "study.toml"], ["run", "study.toml", "--no-report", "--json"],
                                     ["run", "study.toml", "--no-report"], ["compare", "out/study", "study.toml"],
                                     ["compare", "out/study", "study.toml", "--json"], ["check", "\x1b[31m.toml"],
                                     ["compare", "\x1b[31m", "\u009b"],
                                     ["run", "study.toml", "--out", "study.toml/\x1b"]])
def test_nothing_printed_steers_a_terminal(evil, command, monkeypatch):
    monkeypatch.chdir(evil)
    assert not fault(*command, statuses=(0, 2))  # which looks for it


def test_emoji_codes_are_text(evil, capsys):
    assert cli.main(["check", str(evil / "study.toml")]) == 0
    out = capsys.readouterr().out
    assert ":smile:" in out
    assert "\N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}" not in out


def test_no_file_of_a_run_holds_what_steers_a_terminal_or_a_script_of_the_study(evil):
    files = [path for path in (evil / "out/study").rglob("*") if path.is_file() and path.suffix != ".nc"]
    assert {path.suffix for path in files} == {".html", ".md", ".json", ".csv", ".svg"}
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not STEERING.search(text), path
        if path.suffix in (".html", ".svg"):
            assert "alert(1)" not in text or "&lt;script&gt;alert(1)" in text
            assert not re.search(r"<script>(alert|\$)|<b onload", text), path


def test_markdown_has_no_markup_of_the_study(evil):
    lines = (evil / "out/study/report.md").read_text(encoding="utf-8").splitlines()
    fence = next(line for line in lines if line.startswith("``````"))
    assert fence == "``````toml"  # longer than any in the study
    before = "\n".join(lines[: lines.index(fence)])
    assert "\\<script" in before
    assert not re.search(r"(?<!\\)<[a-z/!]", before)
    assert lines[-1] == "``````"
    assert lines.count("``````") == 1


def test_what_a_summary_escapes_reads_back_as_it_was(evil):
    tree = json.loads((evil / "out/study/summary.json").read_text(encoding="utf-8"))
    assert tree["study_text"] == (evil / "study.toml").read_text(encoding="utf-8")


def test_no_cell_of_a_table_is_a_formula(evil):
    cells = [cell for path in (evil / "out/study/tables").glob("*.csv")
             for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) for cell in row]
    for given in ("=HYPERLINK(1)", "@x", "+x", "=1+1", "=cmd|' /C calc'!A0"):
        assert f"'{given}" in cells
    begun = [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert all(np.isfinite(float(cell)) for cell in begun)


@browser
def test_no_cell_of_a_table_that_the_page_saves_is_a_formula(evil, tmp_path):
    """But for figures, of which this page has none that begin so: they are put into its last table."""
    figures = ["-$5", "-1,000", "−5 %", "+3 %", "-1e-05", "-3.2 [-5–-1]", "-4 ± 0.5", "="]
    formulas = ["-2+3", "-1|x", "+A1", "=1", "-$A$1", "-3 [x]", "@1"]
    cells = "".join(f"<td>{each}</td>" for each in figures + formulas)
    before, end, after = (evil / "out/study/report.html").read_text(encoding="utf-8").rpartition("</tbody>")
    found = probed(f"{before}<tr>{cells}</tr>{end}{after}", tmp_path, 1280)
    assert found["wrong"] == []
    tables = [list(csv.reader(each.splitlines())) for each in found["tables"]]
    assert tables[-1][-1] == figures + [f"'{each}" for each in formulas]
    saved = {cell for table in tables[:-1] for row in table for cell in row}
    assert not [cell for cell in saved if cell.startswith(("=", "+", "-", "@"))]
    assert "'=cmd|' /C calc'!A0" in saved


def test_a_notebook_shows_texts_as_text(evil):
    shown = un.run(un.load(evil / "study.toml"))._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert not STEERING.search(shown)


def test_a_folder_from_elsewhere_steers_no_terminal(evil, tmp_path, capsys):
    """Of what its texts say nothing has been checked."""
    tree = json.loads((evil / "out/study/summary.json").read_text(encoding="utf-8"))
    for row in tree["inputs"]:
        row["source"] = "\x1b[31m\u009b"
    folder = written(tmp_path / "other", {"summary.json": json.dumps(tree)})
    assert not fault("compare", evil / "out/study", folder, statuses=(0, 2))


def test_a_build_named_in_other_letters_is_shown_so(evil, tmp_path, capsys):
    sheet = (shipped() / "devices/rtx_a5000.toml").read_text(encoding="utf-8")
    folder = written(tmp_path / "study", {"own.toml": sheet.replace('"A5000"', '"日本 é"'),
                                          "study.toml": study('builds = ["own", "rtx_a6000"]')})
    assert cli.main(["run", str(folder / "study.toml"), "--out", str(folder / "out")]) == 0
    assert "日本" in capsys.readouterr().out
    assert "日本" in (folder / "out/study/report.html").read_text(encoding="utf-8")


def test_what_hostile_tests_look_for_is_found():
    """The looking itself: a text that steers, and one that does not."""
    assert all(STEERING.search(text) for text in ("\x1b[1m", "\u009b", "a\u202eb", "\x00", "\x7f"))
    assert not STEERING.search("a\tb\n é 日本 – ≥")
    assert fault("check", Path("/nowhere")) == ""
