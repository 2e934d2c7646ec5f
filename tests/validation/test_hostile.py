"""Hostile studies, one test each: what would hang, blow up, lead out of the folder or steer who reads it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from bad_input import STEERING, fault, written

import uncertainty as un
from uncertainty import cli, cost, execution
from uncertainty.files import MOST, MOST_DEEP
from uncertainty.strict import MOST_BYTES, MOST_QUOTES
from uncertainty.works import work_of

STUDY = """\
title = "Two cards"
budget = 150_000
run_hours = 8
builds = ["rtx_a6000", "rtx_a5000"]
battery = "powerwall_3"
sampling = { samples = 16, replicates = 2 }
sensitivity.samples = 0
inputs.pue = 1.2
inputs.discharge_efficiency = 0.9
inputs.depth_of_discharge = 0.9
"""


def study(*lines):
    """The study with lines added, or put in place of those with the same key."""
    keys = [line.partition(" = ")[0] for line in lines]
    return "\n".join([*(line for line in STUDY.splitlines() if line.partition(" = ")[0] not in keys), *lines])


@pytest.fixture
def refused(tmp_path, capsys):
    """Check a study that is to be refused, in so many seconds; gives what is said, without the first line."""

    def check(*lines, seconds=10.0, path=None):
        path = path or written(tmp_path / "study", {"study.toml": study(*lines)}) / "study.toml"
        begun = time.process_time()
        assert cli.main(["check", str(path)]) == 2
        assert time.process_time() - begun < seconds
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert len(said) < 70_000
        assert not STEERING.search(said)
        return said.partition("\n")[2]

    return check


# --- paths -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/b", "..", ".", "", "a.b", "a\\b", "C:x", "~",
                                  "ä", "-x", "x" * 65, "a b", "\N{RIGHT-TO-LEFT OVERRIDE}"])
@pytest.mark.parametrize("key", ["builds", "battery", "document"])
def test_no_name_of_a_sheet_is_a_path(refused, key, name):
    given = json.dumps(name, ensure_ascii=False)
    said = refused(f"{key} = [{given}]" if key == "builds" else f"{key} = {given}")
    assert said.startswith(f"  {key}")
    assert "wanted a name of letters, digits, _ and -" in said


@pytest.mark.parametrize("name", ["con", "nul", "_", "0", "__proto__"])
def test_names_that_some_systems_keep_are_names(refused, name):
    assert f"no devices/{name}.toml beside the study or shipped" in refused(f'builds = ["{name}"]')


def test_what_a_link_leads_to_is_read_as_a_sheet_only(refused, tmp_path):
    """A link beside a study is its owner's: what it leads to is no sheet, and nothing of it is shown."""
    secret = written(tmp_path / "out", {"secret": "password = 'hunter2'\n"}) / "secret"
    folder = written(tmp_path / "study", {"study.toml": study('builds = ["own"]')})
    (folder / "own.toml").symlink_to(secret)
    said = refused(path=folder / "study.toml")
    assert "own.toml: password: unknown key" in said
    assert "hunter2" not in said


def test_a_study_may_be_a_link_and_a_loop_of_links_is_refused(refused, tmp_path):
    folder = written(tmp_path / "study", {"study.toml": study()})
    (folder / "link.toml").symlink_to("study.toml")
    (folder / "loop.toml").symlink_to("loop.toml")
    assert un.load(folder / "link.toml").name == "link"
    assert "no such file or shipped study" in refused(path=folder / "loop.toml")


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices are of Unix")
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/stdin", "pipe.toml"])
def test_what_is_no_file_is_not_read(path, tmp_path):
    """In a process of its own, with little memory: it must neither wait nor read without end."""
    import resource

    def little():
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))

    os.mkfifo(tmp_path / "pipe.toml")
    for name in (path, "."):
        done = subprocess.run([sys.executable, "-m", "uncertainty.cli", "check", name], cwd=tmp_path, timeout=60,
                              capture_output=True, text=True, check=False, preexec_fn=little, stdin=subprocess.PIPE)
        assert done.returncode == 2
        assert "is a pipe, a device or the like; wanted a file" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes are of Unix")
def test_a_sheet_or_quotes_that_are_a_pipe_are_not_waited_for(refused, tmp_path):
    folder = written(tmp_path / "study", {"study.toml": study(
        'builds = ["own"]', 'inputs.pue = { dist = "empirical", file = "quotes.csv", source = "s" }')})
    for name in ("own.toml", "quotes.csv"):
        os.mkfifo(folder / name)
    said = refused(path=folder / "study.toml")
    assert "file 'quotes.csv' cannot be read: it is no plain file" in said
    assert "no devices/own.toml beside the study" in said


@pytest.mark.skipif(os.name != "posix", reason="pipes are of Unix")
@pytest.mark.parametrize("name", ["summary.json", "results.nc"])
def test_a_results_folder_with_a_pipe_is_not_waited_for(tmp_path, name, capsys):
    folder = written(tmp_path / "results", {"summary.json": "{}"})
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    assert cli.main(["compare", str(folder), str(folder)]) == 2
    assert "is no plain file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["study.toml", "own.toml", "quotes.csv"])
def test_a_file_without_end_is_not_read_to_it(refused, tmp_path, name):
    folder = written(tmp_path / "study", {"study.toml": study(
        'builds = ["own"]', 'inputs.pue = { dist = "empirical", file = "quotes.csv", source = "s" }')})
    with (folder / name).open("wb") as stream:
        stream.truncate(1 << 40)
    most = MOST_QUOTES if name == "quotes.csv" else MOST_BYTES
    assert f"cannot be read: it is larger than {most >> 20} MB" in refused(path=folder / "study.toml")


def test_five_years_of_prices_by_the_quarter_of_an_hour_are_read(tmp_path):
    """The tables of a study have at most 4 MB; prices of a market have more."""
    prices = "".join(f"2021-01-01T00:00+00:00,{1 + i / 1e6:.6f}\n" for i in range(5 * 365 * 96))
    assert len(prices) > MOST_BYTES
    folder = written(tmp_path / "study", {"quotes.csv": f"time,price\n{prices}", "study.toml": study(
        'inputs.pue = { dist = "empirical", file = "quotes.csv", column = "price", source = "s" }')})
    assert un.load(folder / "study.toml")


# --- too much ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "seen"), [
    ("sampling = { samples = 1_152_921_504_606_846_976 }", "given 1152921504606846976; wanted at most 67108864"),
    ("sampling = { replicates = 1_000_000_000_000 }", "sampling.replicates: given 1000000000000; wanted at most 65536"),
    (f"sampling = {{ seed = 0x1{'0' * 50_000} }}", "sampling.seed: given a number beyond 1e308; wanted at most"),
    (f"inputs.pue = 1{'0' * 100_000}", "not TOML: a number too long"),
    (f"x = {'[' * 10_000}{']' * 10_000}", "not TOML: a number too long, or tables too deep"),
    (f"x = {'{a = ' * 10_000}1{'}' * 10_000}", "not TOML: a number too long, or tables too deep"),
    (f"sweep.{'.'.join('a' * 10_000)} = [1]", f"deep, one in the other; wanted at most {MOST_DEEP}"),
    (f"[{'.'.join('a' * 10_000)}]", f"deep, one in the other; wanted at most {MOST_DEEP}"),
    (f"claims = [{'{all = [' * 40}{']}' * 40}]", f"claims: given tables or lists {MOST_DEEP + 1} deep, one"),
    (f"builds = [{'1, ' * 1_000_000}]", "builds: given a list of 1,000,000; wanted at most 100,000"),
    ("sweep.run_hours = [" + ", ".join(map(str, range(500_000))) + "]", "sweep.run_hours: given a list of 500,000;"),
    ("sweep.run_hours = [" + ", ".join(map(str, range(1, 100_000))) + "]", "99999 points; wanted at most 400"),
    ("sweep.run_hours = [" + ", ".join(map(str, range(1, 1_000_001))) + "]", "it is larger than 4 MB"),
    (f'title = "{"x" * MOST_BYTES}"', "it is larger than 4 MB"),
    ("[[claims]]\n" * 300_000, f"claims: given a list of 300,000; wanted at most {MOST:,}"),
])
def test_what_is_too_much_is_refused_soon(refused, lines, seen):
    assert seen in refused(lines, seconds=15.0)


CLAIM = '[[claims]]\nid = "c{0}"\nsays = "s"\nbuild = "rtx_a5000"\noutput = "capex"\nis = "best"\n'
MEASUREMENT = '{ says = "a", input = "pue", error = 1 }, '
GROWING = {  # studies by how many of something they have, which may be refused
    "claims": lambda n: study(*(CLAIM.format(i) for i in range(n))),
    "criteria": lambda n: study(f"criteria = {['capex'] * n}"),
    "builds": lambda n: study(f"builds = {[f'b{i}' for i in range(n)]}"),
    "one build": lambda n: study(f"builds = {['rtx_a5000'] * n}"),
    "scenarios": lambda n: study(*(f"scenarios.s{i}.pue = 1" for i in range(n))),
    "unknown keys": lambda n: study(*(f"inputs.x{i} = 1" for i in range(n))),
    "unknown inputs": lambda n: study(f"correlation = [{{ spearman = 0.1, inputs = {[f'x{i}' for i in range(n)]} }}]"),
    "measurements": lambda n: study(f"sensitivity.measurements = [{MEASUREMENT * n}]"),
    "places": lambda n: study(CLAIM.format(1) + f"at.scenario = {[f's{i}' for i in range(n)]}"),
}


@pytest.mark.parametrize("what", GROWING)
def test_time_grows_no_faster_than_lists(what, tmp_path):
    """Of as many as are looked at, or of fewer by four: a quarter of the time, and not a sixteenth."""
    took = []
    for n in (MOST // 4 - 10, MOST - 10):
        path = written(tmp_path / str(n), {"study.toml": GROWING[what](n)}) / "study.toml"
        begun = time.process_time()
        assert not fault("check", path)
        took.append(time.process_time() - begun)
    assert took[1] < max(8 * took[0], 1.0)
    assert took[1] < 10


def test_a_run_that_cannot_fit_says_so_before_it_starts(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("uncertainty.works.perform", lambda *_, **__: pytest.fail("it has begun"))
    monkeypatch.setattr("uncertainty.execution.cores", lambda: 2)
    large = study("sampling = { samples = 67_108_864, replicates = 65_536 }")
    path = written(tmp_path / "study", {"study.toml": large})
    run = ["run", str(path / "study.toml"), "--out", str(tmp_path / "out")]
    assert cli.main([*run, "--keep-samples"]) == 2
    said = capsys.readouterr().err
    assert re.search(r"out: study takes up to [\d,.]+ GB of disk, and [\d,.]+ (GB|MB) are free\n", said)
    monkeypatch.setattr(cost, "available", lambda: 5e7)
    assert cli.main(run) == 2
    assert re.search(r"study takes up to [\d.]+ GB of memory in 2 processes, and 50 MB are free: fewer jobs, samples",
                     capsys.readouterr().err)  # as without --jobs every core works
    assert cli.main([*run, "--jobs", "1"]) == 2
    assert re.fullmatch(r"study takes up to \d+ MB of memory, and 50 MB are free: fewer samples or replicates take "
                        r"less\n", capsys.readouterr().err)
    monkeypatch.setattr(cost, "available", lambda: 5e8)
    assert cli.main([*run, "--jobs", "1000"]) == 2
    assert "of memory in 1000 processes, and 500 MB are free: fewer jobs, samples" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_of_several_studies_those_that_fit_are_run(tmp_path, monkeypatch, capsys):
    folder = written(tmp_path / "studies", {"a.toml": study(), "b.toml": study(
        "sampling = { samples = 67_108_864, replicates = 2, method = 'lhs' }",
        'inputs.pue = { dist = "uniform", low = 1, high = 2, source = "s" }')})
    monkeypatch.setattr(cost, "available", lambda: 1e9)
    assert cli.main(["run", str(folder), "--out", str(tmp_path / "out"), "--no-report"]) == 2
    assert "b failed: b takes up to" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["a"]


def free_disk(monkeypatch, size):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 50, 1 << 50, size))


def test_a_run_that_starts_no_processes_is_not_costed_as_though_it_did(tmp_path, monkeypatch):
    path = written(tmp_path / "study", {"a.toml": study()}) / "a.toml"
    monkeypatch.setattr(cost, "available", lambda: 3e8)
    assert cli.main(["run", str(path), "--out", str(tmp_path / "out"), "--jobs", "500", "--no-report"]) == 0


@pytest.mark.parametrize(("wanted", "at_work"), [(None, 6), (1, 1), (3, 3), (500, 16)])
def test_memory_is_that_of_the_processes_which_work(tmp_path, monkeypatch, wanted, at_work):
    path = written(tmp_path / "study", {"a.toml": study("sampling = { samples = 65_536, replicates = 16 }")}) / "a.toml"
    monkeypatch.setattr(execution, "cores", lambda: 6)
    work = work_of(un.load(path), keep_samples=tmp_path / "a.zarr")
    assert cost.room([work], wanted, tmp_path) == cost.Room(tmp_path, at_work, cost.IMPORTS)  # spawned: they import
    team = execution.workers(work.jobs, wanted, None)
    assert team.width == at_work + (at_work > 1)
    team.executor.shutdown()


def test_only_what_cannot_be_done_without_is_refused_for_want_of_disk(tmp_path, monkeypatch, capsys):
    """Replicates to resume from can: no run is lost for them."""
    given = "sampling = { samples = 64, replicates = 65_536 }"
    it = cost.cost_of(work_of(un.load(written(tmp_path / "study", {"a.toml": study(given)}) / "a.toml")))
    needed = it.disk - it.pieces
    assert needed < it.pieces
    free = cost.Room(tmp_path, 1, 0)
    free_disk(monkeypatch, it.disk)
    assert not free.let_in(it, "a")
    free_disk(monkeypatch, needed)
    with pytest.raises(OSError, match=r"a takes up to .* of disk, and 0 MB are free beside what the studies before"):
        free.let_in(it, "a")
    free_disk(monkeypatch, 2 * needed)
    assert re.fullmatch(r"a: replicates to resume from take up to .*; those that do not fit are not kept",
                        free.let_in(it, "a"))
    free_disk(monkeypatch, needed)
    written(tmp_path / "small", {"a.toml": study(), "b.toml": study()})
    small = cost.cost_of(work_of(un.load(tmp_path / "small" / "a.toml")), page=False)
    free_disk(monkeypatch, 2 * (small.disk - small.pieces) - 1)
    run = ["run", str(tmp_path / "small"), "--out", str(tmp_path / "out"), "--no-report"]
    assert cli.main(run) == 2
    said = capsys.readouterr().err
    assert re.search(r"^b failed: .*out: b takes up to \d MB of disk, and \d MB are free beside", said, re.MULTILINE)
    assert "a failed" not in said
    assert (tmp_path / "out" / "a" / "summary.json").exists()
