"""Some hundreds of broken files; thousands are of `python tests/validation`."""

import random
import sys
import tempfile
from pathlib import Path

import bad_input
import pytest
from breaking import broken, damaged, file, toml
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.files import tomllib

COUNTS = dict(zip(bad_input.KINDS, (250, 200, 60, 60, 30, 6), strict=True))


@pytest.mark.parametrize("kind", bad_input.KINDS)
def test_what_is_broken_is_run_or_refused_in_words(kind):
    assert list(bad_input.faults(kind, COUNTS[kind], seed=1)) == []


@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_hypothesis_finds_no_other(chance):
    with tempfile.TemporaryDirectory() as scratch:
        wrong, content = bad_input.of_a_study(chance, Path(scratch) / "tried", chance.choice(["tables", "bytes"]))
    assert not wrong, content


@pytest.mark.parametrize("files", bad_input.SEEDS)
def test_what_is_broken_ran_before_and_is_told_as_it_was_read(files, tmp_path):
    """What begins right, and is written anew with nothing wrong."""
    anew = {name: file(tomllib.loads(text)) if name.endswith("toml") else text for name, text in files.items()}
    for i, each in enumerate((files, anew)):
        assert not bad_input.fault("check", bad_input.written(tmp_path / str(i), each) / "study.toml", statuses=(0,))


def test_most_of_what_is_broken_is_refused():
    """Else nothing is tried: a way to break a file that breaks none."""
    for way in (lambda one, chance: file(broken(tomllib.loads(one), chance)[0]),
                lambda one, chance: damaged(one.encode(), chance)):
        made = [way(bad_input.FULL, random.Random(i)) for i in range(100)]
        assert len(set(made)) > 90
    with tempfile.TemporaryDirectory() as scratch:
        statuses = [bad_input.fault("check", bad_input.written(Path(scratch) / str(i), bad_input.SEEDS[0] | {
            "study.toml": file(broken(tomllib.loads(bad_input.FULL), random.Random(i))[0])}) / "study.toml",
            statuses=(2,)) for i in range(100)]
    assert 50 < statuses.count("") < 100


@pytest.mark.parametrize(("spoil", "seen"), [
    (lambda *_: 1 / 0, "ZeroDivisionError"),
    (lambda *_: 1, "exit status 1"),
    (lambda *_: print("\x1b[31m") or 0, "control character"),
    (lambda *_: 2, "no message"),
])
def test_a_program_that_does_wrong_is_found_out(monkeypatch, spoil, seen):
    monkeypatch.setattr("uncertainty.cli._check", spoil)
    assert seen in bad_input.fault("check", "x")
    monkeypatch.setitem(bad_input.KINDS, "spoilt", bad_input.KINDS["files of quotes with bytes wrong"])
    assert len(list(bad_input.faults("spoilt", 3, 1))) == 3


@pytest.mark.parametrize(("said", "right"), [
    ("folder/x.toml: no such file", True), ("x has a problem:\n  budget: 1\n", True), ("--seed is x", True),
    ("TypeError: x", False), ("'NoneType' object has no attribute: x", False), ("memory: ran out", False),
    ("y.toml: no such file", False), ("xy: no such file", False), ("folder/x.toml: Traceback", False),
    ("folder/x.toml: 'NoneType' object", False), ("folder/x.toml: KeyError: 1", False),
    ("folder/x.toml: operands could not be broadcast together", False),
])
def test_a_message_names_a_place_that_was_given(monkeypatch, said, right):
    monkeypatch.setattr("uncertainty.cli._check", lambda *_: print(said.strip(), file=sys.stderr) or 2)
    wrong = bad_input.fault("check", Path("folder/x.toml"))
    assert wrong.startswith("" if right else "no message that names a place")
    assert bool(wrong) != right


@pytest.mark.parametrize("value", [{"a b": [1, -2.5, True, "é\"\x7f\u009b"], "": {}}, {"a": {"b": {"c": [[], [{}]]}}}])
def test_toml_is_written_as_it_is_read(value):
    assert tomllib.loads(f"x = {toml(value)}") == {"x": value}


# what was found so: each a file that had brought a traceback
FOUND = [
    ("builds = [1, 1]", 2), ('criteria = ["x", "x"]', 2), ("claims = [1, 1]", 2), ("picks = [1, 'x', []]", 2),
    ('[sensitivity]\nmeasurements = [{ says = 1, input = "pue", error = 0.1, cost = "x" }]', 2),
    (f"sweep.{'.'.join('a' * 5000)} = [1]", 2),
    ('inputs.depth_of_discharge = { dist = "beta", a = 5e300, b = 2, low = 0.8, high = 1, source = "s" }', 2),
    ('inputs.depth_of_discharge = { dist = "normal", mean = -1e308, std = 0.05, min = 0.7, max = 1, source = "s" }', 2),
]


def test_a_budget_that_buys_nothing_is_told_without_its_share(tmp_path):
    """The best CapEx is 0, which nothing is a share of."""
    text = bad_input.FULL.replace("p95 = 6000", "p95 = 6000000000.0")
    folder = bad_input.written(tmp_path / "study", bad_input.SEEDS[0] | {"study.toml": text})
    run = ["run", folder / "study.toml", "--samples", 2, "--no-report", "--out", folder / "out"]
    assert not bad_input.fault(*run, statuses=(0, 1))


@pytest.mark.parametrize(("lines", "status"), FOUND)
def test_what_was_found_is_refused(lines, status, tmp_path):
    keys = [line.partition(" = ")[0] for line in lines.splitlines()]
    kept = "title = 't'\nbudget = 1\nrun_hours = 1\nbuilds = ['rtx_a5000']\nbattery = 'powerwall_3'\n"
    kept += "inputs.pue = 1.2\ninputs.discharge_efficiency = 0.9\ninputs.depth_of_discharge = 0.9\n"
    text = "\n".join(line for line in kept.splitlines() if line.partition(" = ")[0] not in keys) + "\n" + lines
    folder = bad_input.written(tmp_path / "study", {"study.toml": text})
    assert not bad_input.fault("check", folder / "study.toml", statuses=(status,))
