"""Many studies in one go: which there are, which run, which fail, and that nothing is done twice."""

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import dist, study_text
from test_execution import until, within

import uncertainty as un
from uncertainty import batch, cli, cost, execution
from uncertainty.dry_run import TRIAL
from uncertainty.execution import Workers, perform
from uncertainty.files import shipped
from uncertainty.jobs import Job
from uncertainty.plan import plan_of
from uncertainty.store import to_json
from uncertainty.works import work_of

GIVEN = {"pue": dist("uniform", low=1.1, high=1.4), "samples": 16, "replicates": 8}
RARE = dist("discrete", values=[1e-305, 2500], probabilities=[0.25, 0.75], central=2500)
FAILING = {"rest": f"[build.rtx_a5000]\nunit_price = {RARE}\n"}
NAMES = ("alpha", "beta", "gamma")


def put(path, **given):
    path.parent.mkdir(exist_ok=True)
    path.write_text(study_text(**GIVEN | given), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of three studies, in the folder that we are in."""
    monkeypatch.chdir(tmp_path)
    for i, name in enumerate(NAMES):
        put(Path("studies") / f"{name}.toml", budget=100_000 + i)
    return Path("studies")


@pytest.fixture
def run(capsys):
    """The command: its exit status, output and error output, in single spaces; the page only where it is asked for."""
    def run(*arguments, page=False):
        status = cli.main(["run", *map(str, arguments), *([] if page else ["--no-report"])])
        return (status, *(" ".join(text.split()) for text in capsys.readouterr()))

    return run


def written(root="results"):
    """Content of every file, hidden ones too, by its path."""
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(Path(root).rglob("*")) if p.is_file()}


def figures(root="results"):
    """Content of all that people read, but for netCDF and what replicates are kept in."""
    return {path: data for path, data in written(root).items() if path.endswith((".json", ".md", ".csv"))}


# --- which there are ---------------------------------------------------------------------------------------


def test_a_folder_stands_for_its_studies_in_alphabetical_order(folder):
    (folder / "notes.txt").write_text("")
    (folder / "below").mkdir()
    put(folder / "below" / "hidden.toml")
    all_three = [str(folder / f"{name}.toml") for name in NAMES]
    assert batch.expand([str(folder)]) == all_three
    assert batch.expand(["reference", str(folder), all_three[1], "reference"]) == ["reference", *all_three]
    assert batch.expand([all_three[2], str(folder)]) == [all_three[2], *all_three[:2]]
    assert batch.expand([]) == []


def test_an_empty_folder_is_an_error_and_the_others_go_on(folder, run):
    Path("empty").mkdir()
    status, out, err = run(folder, "empty")
    assert status == 2
    assert "empty has a problem: no studies (*.toml) in this folder" in err
    assert "empty cannot be read" in out
    assert all(Path("results", name).is_dir() for name in NAMES)
    assert run("empty")[0] == 2


def test_a_data_sheet_beside_a_study_is_none(folder, run):
    sheet = shipped() / "devices" / "rtx_a5000.toml"
    (folder / "mine.toml").write_bytes(sheet.read_bytes())
    assert run(folder)[::2] == (0, "")


def test_samples_that_are_wanted_too_make_a_study_due(folder, run):
    run(folder)
    assert run(folder, "--keep-samples")[0] == 0
    assert all(Path("results", f"{name}.zarr").is_dir() for name in NAMES)
    out = run(folder, "--keep-samples")[1]
    assert out.count("current, not run again") == len(NAMES)


def test_a_disk_that_is_full_costs_one_study(folder, run, monkeypatch):
    def full(results, path, page, write=batch.written):
        if path.name == "beta":
            raise OSError(28, "No space left on device", "results/beta")
        return write(results, path, page)

    monkeypatch.setattr(batch, "written", full)
    status, out, err = run(folder)
    assert status == 2
    assert "beta failed: results/beta: No space left on device" in err
    assert sorted(p.name for p in Path("results").iterdir()) == [".replicates", "alpha", "gamma"]
    assert "beta failed" in out


def test_a_file_and_its_folder_are_one_study(folder, run):
    assert run(folder / "beta.toml", folder, "--json")[0] == 0
    assert sorted(p.name for p in Path("results").iterdir()) == [".replicates", *NAMES]


def test_sources_load_one_by_one_with_other_sampling(folder):
    (folder / "beta.toml").write_text("budget = ")
    one, two, three = batch.sources(batch.expand([str(folder)]), seed=7, samples=None)
    assert (one.study.sampling.seed, three.study.sampling.seed) == (7, 7)
    assert one.study.sampling.samples == 16
    assert two.study is None
    assert "not TOML" in str(two.error)


def test_each_study_is_what_it_is_alone(folder, run):
    assert run(folder)[0] == 0
    for name in NAMES:
        assert Path("results", name, "summary.json").read_text() == to_json(un.run(un.load(folder / f"{name}.toml")))


def test_several_get_a_line_each_and_one_its_tables(folder, run):
    status, out, err = run(folder)
    assert (status, err) == (0, "")
    for name in NAMES:
        assert f"{name}: 128 samples, CapEx" in out
    assert "How wide" not in out
    assert "How wide" in run(folder / "beta.toml")[1]


# --- failures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_study_that_fails_is_told_and_the_others_go_on(folder, run, monkeypatch, jobs):
    monkeypatch.setattr(execution, "SERIAL", 0)
    put(folder / "beta.toml", **FAILING)
    status, out, err = run(folder, "--jobs", jobs)
    assert status == 2
    assert re.search(r"beta failed: device_count .* is not finite in \d+ of 32 values .*; first where", err)
    assert "beta: failed" in out
    assert [Path("results", name).exists() for name in NAMES] == [True, False, True]


def test_a_study_that_fails_at_its_central_values_fails_alone(folder, run):
    put(folder / "alpha.toml", run_hours=1e308)
    status, _, err = run(folder)
    assert status == 2
    assert err.startswith("alpha failed: run_energy")
    assert [Path("results", name).exists() for name in NAMES] == [False, True, True]


def test_a_file_that_is_no_study_is_told_and_the_others_go_on(folder, run):
    put(folder / "beta.toml", budget=-1)
    (folder / "gamma.toml").write_text("not toml")
    status, _, err = run(folder)
    assert status == 2
    assert "beta.toml has a problem" in err
    assert "gamma.toml has a problem" in err
    assert [Path("results", name).exists() for name in NAMES] == [True, False, False]


def test_nothing_but_failures_is_status_2_and_one_document(folder, capsys):
    for name in NAMES:
        put(folder / f"{name}.toml", **FAILING)
    assert cli.main(["run", str(folder), "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == []


def test_earlier_results_of_a_study_that_fails_are_left(folder, run):
    run(folder)
    before = written("results/beta")
    put(folder / "beta.toml", **FAILING)
    assert run(folder)[0] == 2
    assert written("results/beta") == before


def test_two_studies_of_one_name_are_refused(folder, run):
    put(Path("elsewhere") / "beta.toml")
    status, _, err = run(folder, "elsewhere")
    assert status == 2
    assert "two studies are called beta" in err
    assert not Path("results").exists()


# --- current -----------------------------------------------------------------------------------------------


def ran(out):
    """Studies that a run's lines say it did, and those that it did not."""
    return ([n for n in NAMES if f"{n}: 128 samples" in out], [n for n in NAMES if f"{n}: current" in out])


def test_current_studies_are_skipped_and_force_runs_them(folder, run):
    assert ran(run(folder)[1]) == (list(NAMES), [])
    before = {p: p.stat().st_mtime_ns for p in Path("results").rglob("*")}
    assert ran(run(folder)[1]) == ([], list(NAMES))
    assert {p: p.stat().st_mtime_ns for p in Path("results").rglob("*")} == before
    assert ran(run(folder, "--force")[1]) == (list(NAMES), [])


def test_one_study_alone_is_never_skipped(folder, run):
    run(folder)
    assert "How wide" in run(folder / "beta.toml")[1]


def damaged(text):
    return lambda folder: Path("results/beta/summary.json").write_text(text)


def edited(**given):
    return lambda folder: put(folder / "beta.toml", **{"budget": 100_001, **given})


def without(name):
    def remove(folder):
        path = Path("results/beta", name)
        path.rename(path.with_name("elsewhere"))

    return remove


def other(name, value):
    def change(folder):
        path = Path("results/beta/summary.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))

    return change


CHANGES = {
    "a number": edited(budget=100_002), "a title": edited(title="Another"), "a seed": edited(seed=2),
    "a source": lambda folder: (folder / "beta.toml").write_text(
        (folder / "beta.toml").read_text().replace('source = "test"', 'source = "tested"')),
    "a comment": lambda folder: (folder / "beta.toml").write_text((folder / "beta.toml").read_text() + "# why\n"),
    "replicates": edited(replicates=16), "no summary": without("summary.json"), "no netCDF": without("results.nc"),
    "no report": without("report.md"), "no page": without("report.html"), "no figures": without("figures"),
    "no tables": without("tables"), "an empty summary": damaged(""),
    "half a summary": damaged('{"fingerprint": "'), "a list": damaged("[]"), "a word": damaged('"word"'),
    "null": damaged("null"), "no keys": damaged("{}"), "versions": other("versions", {}),
    "a tolerance": other("convergence", {"tolerance": 0.5}), "no convergence": other("convergence", "none"),
    "a fingerprint": other("fingerprint", "0" * 64),
    "bytes": lambda folder: Path("results/beta/summary.json").write_bytes(b"\xff\xfe"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_makes_results_not_current(folder, run, change):
    page = change in ("no page", "no figures")
    (folder / "gamma.toml").unlink()
    run(folder, page=page)
    CHANGES[change](folder)
    status, out, _ = run(folder, page=page)
    assert status == 0
    assert "beta: current" not in out
    assert ran(out)[1] == ["alpha"]
    assert run(folder, page=page)[1].count(": current") == 2  # all is well again


def test_options_that_change_the_results_make_them_not_current(folder, run):
    run(folder)
    assert ran(run(folder)[1])[1] == list(NAMES)
    for options in (["--seed", 2], ["--samples", 32], ["--replicates", 4], ["--tolerance", 0.5]):
        assert ran(run(folder, *options)[1])[1] == [], options
        assert ran(run(folder, *options)[1])[1] == list(NAMES), options
    assert ran(run(folder)[1])[1] == []


def test_options_that_change_no_result_leave_them_current(folder, run):
    run(folder)
    assert ran(run(folder, "--jobs", 1, "--resume", "--no-progress")[1])[1] == list(NAMES)


def test_a_data_sheet_that_changed_makes_results_not_current(folder, run):
    text = (shipped() / "devices" / "rtx_a5000.toml").read_text()
    (folder / "devices").mkdir()
    (folder / "devices" / "rtx_a5000.toml").write_text(text)
    run(folder)
    assert ran(run(folder)[1])[1] == list(NAMES)
    (folder / "devices" / "rtx_a5000.toml").write_text(text + "# checked\n")
    assert ran(run(folder)[1])[1] == []


# --- dry runs ----------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_and_says_what_would_be_done(folder, run):
    status, out, err = run(folder, "--dry-run")
    assert (status, err) == (0, "")
    assert not Path("results").exists()
    for name in NAMES:
        assert re.search(rf"{name} 8 replicates 128 < 1 min \d+ MB \d+ MB", out)


def test_a_dry_run_knows_what_is_current_and_what_is_kept(folder, run):
    run(folder)
    before = written()
    put(folder / "beta.toml", budget=100_001, replicates=20)
    out = run(folder, "--dry-run", "--resume")[1]
    assert "alpha nothing: current" in out
    assert re.search(r"beta 12 replicates \(8 reused\) 192 ", out)
    out = run(folder, "--dry-run", "--force")[1]
    assert re.search(r"alpha 8 replicates 128 ", out)
    assert re.search(r"beta 20 replicates 320 ", out)
    out = run(folder / "alpha.toml", "--dry-run", "--samples", 64, "--tolerance", 0.5)[1]
    assert re.search(r"alpha at least 8 replicates 512 ", out)
    assert written() == before


def test_a_dry_run_says_how_long_a_long_run_takes(folder, run, monkeypatch):
    now = iter([50.0, 53.0, 60.0, 63.0])
    monkeypatch.setattr("uncertainty.dry_run.time", SimpleNamespace(perf_counter=lambda: next(now)))
    monkeypatch.setattr("uncertainty.works.perform", lambda *_, **__: pytest.fail("it runs"))
    line = [folder / "alpha.toml", "--dry-run", "--samples", 1 << 26, "--jobs", 2]
    found = json.loads(run(*line, "--json")[1])
    assert found[0]["seconds"] == pytest.approx(3.0 / TRIAL * 8 * (1 << 26) / 2)
    out = run(*line)[1]
    assert f" {found[0]['seconds'] / 3600:.1f} h " in out
    assert "Time: about that, to make the replicates on this machine in 2 processes" in out
    far = [*line[:-2], "--scheduler", "tcp://there:1"]
    assert json.loads(run(*far, "--json")[1])[0]["seconds"] is None
    assert " – " in run(*far)[1]
    assert " < 1 min " in run(folder / "alpha.toml", "--dry-run")[1]


def test_a_dry_run_of_what_cannot_run_is_status_2(folder, run):
    put(folder / "beta.toml", budget=-1)
    status, out, err = run(folder, "--dry-run")
    assert status == 2
    assert "beta.toml has a problem" in err
    assert "gamma 8 replicates" in out


def test_what_a_run_is_said_to_take_it_takes(folder, run):
    """Disk to a megabyte or a half; memory at the least what the plan holds."""
    study = un.load(folder / "alpha.toml")
    it = cost.cost(Job(study))
    run(folder / "alpha.toml")
    used = sum(len(data) for data in written().values())
    assert (it.replicates, it.samples) == (8, 128)
    assert used <= it.disk <= used + (2 << 20)
    assert it.memory > 90 << 20
    larger = cost.cost(Job(study.with_sampling(samples=1 << 20, method="lhs")))
    assert larger.memory - it.memory > 24 * (1 << 20) * len(study.streams())
    assert larger.samples == 8 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are told in /proc")
@pytest.mark.parametrize("page", [True, False])
def test_no_run_takes_more_memory_than_it_is_said_to(folder, page):
    """The page is most of it in a small one."""
    said = cost.cost_of(work_of(un.load(folder / "alpha.toml")), page).memory
    code = ("import re, sys\nfrom pathlib import Path\nfrom uncertainty import cli\ncli.main(sys.argv[1:])\n"
            "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])")  # ru_maxrss has ours too
    run = ["run", str(folder / "alpha.toml"), "--jobs", "1", *([] if page else ["--no-report"])]
    done = subprocess.run([sys.executable, "-c", code, *run], capture_output=True, text=True, check=True)
    assert 0.5 * said < 1024 * int(done.stdout.split()[-1]) < said


# --- JSON --------------------------------------------------------------------------------------------------


def test_json_of_several_is_one_document_with_those_not_run(folder, capsys):
    assert cli.main(["run", str(folder / "beta.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["study"] == "beta"
    put(folder / "alpha.toml", **FAILING)
    assert cli.main(["run", str(folder), "reference", "--samples", "16", "--replicates", "8", "--json"]) == 2
    out = capsys.readouterr().out
    assert [each["study"] for each in json.loads(out)] == ["beta", "gamma", "reference"]
    assert json.loads(out)[0] == json.loads(Path("results/beta/summary.json").read_text())


# --- stopped -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="signals are of Unix")
def test_a_batch_that_was_killed_comes_to_the_same_end(folder, run):
    """Studies that are done are not done again, and of the one under way not the replicates that are kept."""
    for i, name in enumerate(NAMES):
        put(folder / f"{name}.toml", budget=100_000 + i, samples=1 << 15)
    line = [sys.executable, "-m", "uncertainty.cli", "run", "studies", "--jobs", "2"]
    running = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    until(lambda: list(Path("results/.replicates").glob("gamma/*/*.npz")))
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=20)
    assert not Path("results/gamma").exists()
    done = Path("results/alpha").exists()
    status, out, err = run("studies", "--resume")
    assert (status, err) == (0, "")
    assert ("alpha: current" in out) == done
    assert re.search(r"gamma: .*, [1-8] replicates reused", out)
    assert run("studies", "--out", "whole", "--jobs", 1)[0] == 0
    assert figures() == figures("whole")
    assert [p.name for p in Path("results").iterdir() if p.name not in NAMES] == [".replicates"]
    assert len(list(Path("results/.replicates").rglob("*.npz"))) == 3


# --- one executor for all ----------------------------------------------------------------------------------


class ByHand(Executor):
    """Remembers what it is given, and does nothing until told to."""

    def __init__(self, then):
        self.given, self.then = [], then

    def submit(self, f, /, *args, **kwargs):
        future = Future()
        study, task = args[:2]
        self.given.append((study.name, task.first))
        self.then(self, self.given[-1], lambda: future.set_result(f(*args, **kwargs)))
        return future


def jobs_of(folder):
    return [Job(source.study) for source in batch.sources(batch.expand([str(folder)]))]


def test_the_next_study_begins_while_the_last_task_of_one_takes_long(folder, monkeypatch):
    """It would wait for ever, if nothing of another were begun meanwhile."""
    monkeypatch.setattr("uncertainty.jobs.TASK", 1)
    held = []

    def then(executor, task, do):
        if task == ("alpha", 7):
            held.append(do)
        else:
            do()
        if task == ("gamma", 2):
            held.pop()()

    executor = ByHand(then)
    with within(30):
        finished = [job.study.name for job in perform(jobs_of(folder), Workers(executor, 3))]
    assert sorted(finished) == list(NAMES)
    assert not held
    assert finished[0] == "beta"
    assert executor.given == [(name, r) for name in NAMES for r in range(8)]


def test_no_more_tasks_are_under_way_than_are_wanted(folder, monkeypatch):
    monkeypatch.setattr("uncertainty.jobs.TASK", 1)
    waiting, most = [], []

    def then(executor, task, do):
        waiting.append(do)
        most.append(len(waiting))
        if len(waiting) == 5:
            for each in waiting:
                each()
            waiting.clear()

    executor = ByHand(then)
    jobs = jobs_of(folder)[:2]
    jobs[1].study = jobs[1].study.with_sampling(replicates=2)
    with within(30):
        assert len(list(perform(jobs, Workers(executor, 5)))) == 2
    assert max(most) == 5


def test_jobs_are_begun_no_earlier_than_they_are_needed(folder, monkeypatch):
    """Plans of a hundred studies at once would take their memory."""
    monkeypatch.setattr("uncertainty.jobs.TASK", 1)
    begun = []

    def one_by_one():
        for job in jobs_of(folder):
            begun.append(job.study.name)
            yield job

    for job in perform(one_by_one(), Workers(execution.Here(), 1)):
        assert begun[-1] == job.study.name or begun[-2:-1] == [job.study.name]


def test_studies_that_share_an_executor_are_the_same_bits(folder, run, monkeypatch):
    monkeypatch.setattr(execution, "SERIAL", 0)
    monkeypatch.setattr("uncertainty.jobs.TASK", 32)
    for jobs in (1, 2):
        assert run(folder, "--jobs", jobs, "--out", f"out{jobs}", "--tolerance", 0.02)[0] == 0
    assert figures("out1") == figures("out2")


def test_more_studies_than_plans_are_kept_are_the_same_bits(folder, run):
    for i in range(6):
        put(folder / f"more{i}.toml", budget=200_000 + i)
    assert run(folder, "--json")[0] == 0
    for path in folder.glob("*.toml"):
        study = un.load(path)
        assert plan_of(study).study.digest == study.digest
        assert Path("results", path.stem, "summary.json").read_text() == to_json(un.run(study))
