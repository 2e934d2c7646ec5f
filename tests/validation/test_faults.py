"""Streams that are closed, folders that are no folders, two runs at once, a cluster that goes: told, and no harm."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import kills
import pytest
from faulty import end_group, living
from kills import INTERRUPTED, contents
from support import study_text
from test_execution import until

import uncertainty as un
from uncertainty import cli, holding, leftovers, running, samples, store
from uncertainty.plan import plan_of
from uncertainty.store import to_json

posix = pytest.mark.skipif(os.name != "posix", reason="as shells of Unix start commands")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
RUN = ["run", "study.toml", "--jobs", "1", "--no-report"]
MANY = {"samples": 1 << 14, "replicates": 16}  # so many that processes are started


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a study, in which we are."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path)
    return tmp_path


def put(folder, name="study", **given):
    (folder / f"{name}.toml").write_text(study_text(**kills.STUDY | given), encoding="utf-8")


def line(*arguments):
    return [sys.executable, "-m", "uncertainty.cli", *arguments]


def started(folder, *arguments, **given):
    return subprocess.Popen(line(*arguments), cwd=folder, text=True, start_new_session=True,
                            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | given)


# --- streams and terminals -------------------------------------------------------------------------------------


def shell(folder, redirected, *arguments, **env):
    """A command as a shell starts it, and its own exit status."""
    text = f'"$@" {redirected}; exit ${{PIPESTATUS[0]}}'
    return subprocess.run(["bash", "-c", text, "-", *line(*arguments)], cwd=folder, capture_output=True, text=True,
                          check=False, env=os.environ | env)


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_no_results(folder, closed):
    done = shell(folder, closed, *RUN)
    assert (done.returncode, done.stderr) == (0, "")
    assert store.is_whole(folder / "results/study", un.load(folder / "study.toml"), page=False)


@posix
def test_words_for_a_closed_error_stream_do_not_get_into_the_output(folder):
    (folder / "broken.toml").write_text("budget = -1")
    done = shell(folder, "2>&-", "run", "study.toml", "broken.toml", "--no-report", "--json")
    assert done.returncode == 2
    assert [each["study"] for each in json.loads(done.stdout)] == ["study"]


@posix
@pytest.mark.parametrize("reader", ["true", "head -1"])
@pytest.mark.parametrize("arguments", [RUN, [*RUN, "--json"]], ids=["tables", "json"])
def test_whoever_reads_no_further_is_not_told_that_a_claim_fails(folder, reader, arguments):
    """Not status 1: 141, as of all commands whose reader goes; or 0, where all was written before."""
    done = shell(folder, f"| {reader}", *arguments)
    assert done.returncode == 141 or (done.returncode == 0 and reader != "true")
    assert done.stderr == ""


@posix
def test_an_error_that_nobody_reads_is_status_2_or_141(folder):
    for redirected, status in (("2>/dev/full", 2), ("2>&1 | true", 141)):
        assert shell(folder, redirected, "run", "nowhere.toml").returncode == status


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [RUN, [*RUN, "--json"], ["schema"], ["check", "study.toml"]])
def test_a_full_disk_behind_the_output_is_told_once(folder, arguments):
    done = shell(folder, ">/dev/full", *arguments)
    assert (done.returncode, done.stderr) == (2, "output cannot be written: No space left on device\n")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What is printed where there is no terminal."""
    folder = tmp_path_factory.mktemp("plain")
    put(folder)
    return subprocess.run(line(*RUN), cwd=folder, capture_output=True, check=True).stdout


@posix
@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"COLUMNS": "1"}, {"COLUMNS": "nonsense"}, {"NO_COLOR": "1"},
                                 {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_figures_are_whole_on_any_terminal(folder, plain, env):
    import pty

    ours, theirs = pty.openpty()
    running = started(folder, *RUN, stdout=theirs, env=os.environ | env)
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 1 << 16)
        except OSError:  # it has ended
            break
    os.close(ours)
    assert (running.wait(), running.communicate()[1]) == (0, "")
    figures = re.compile(rb"\d[\d.,]*\d")
    assert set(figures.findall(plain)) <= set(figures.findall(seen))


@posix
def test_no_home_and_no_temporary_folder(folder):
    env = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
    done = shell(folder, "", "run", "study.toml", "--jobs", "2", "--samples", "16384", "--replicates", "16", **env)
    assert done.returncode == 0, done.stderr
    assert store.is_whole(folder / "results/study", un.load(folder / "study.toml"))


def test_a_clock_that_jumps_changes_nothing(folder, monkeypatch, capsys):
    assert cli.main([*RUN, "--json"]) == 0
    usual = capsys.readouterr().out
    for now in (0.0, 4e9):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        assert cli.main([*RUN, "--json", "--resume"]) == 0
        assert capsys.readouterr() == (usual, "")


# --- folders and files -----------------------------------------------------------------------------------------


def test_a_file_in_the_place_of_a_results_folder_is_told_before_the_work(folder, capsys, monkeypatch):
    monkeypatch.setattr("uncertainty.works.perform", lambda *_, **__: pytest.fail("it has begun"))
    (folder / "results").mkdir()
    (folder / "results/study").write_text("mine")
    assert cli.main(RUN) == 2
    assert capsys.readouterr().err == ("study is to be written to results/study, but that is no folder: use another "
                                       "--out\n")
    assert (folder / "results/study").read_text() == "mine"


def test_the_current_folder_is_not_replaced_under_our_feet(folder, capsys, monkeypatch):
    (folder / "study").mkdir()
    (folder / "study/mine").touch()
    monkeypatch.chdir(folder / "study")
    assert cli.main(["run", "../study.toml", "--jobs", "1", "--no-report", "--out", ".."]) == 2
    assert "but that is the current folder, or holds it: use another --out" in capsys.readouterr().err
    with pytest.raises(OSError, match="results cannot be written: that is the current folder, or holds it"):
        un.write(un.run(un.load("../study.toml"), jobs=1), ".")
    assert [path.name for path in Path().iterdir()] == ["mine"]


def test_a_place_for_replicates_that_is_none_costs_no_results(folder, capsys):
    (folder / "results").mkdir()
    (folder / "results/.replicates").write_text("mine")
    assert cli.main(RUN) == 0
    assert re.fullmatch(r"results/.replicates/study/\w+: replicates cannot be kept: Not a directory\n",
                        capsys.readouterr().err)


# root is refused nothing, until it gives up all it may do beyond what a folder's owner may (capset of Linux)
UNPRIVILEGED = """
import ctypes, os, sys
from uncertainty import cli
if os.geteuid() == 0:
    version, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(version, nothing) == 0
raise SystemExit(cli.main(sys.argv[1:]))
"""


@posix
def test_folders_that_may_not_be_written_are_told(folder):
    (folder / "results").mkdir(mode=0o555)
    done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, *RUN], capture_output=True, text=True, check=False)
    assert not list((folder / "results").iterdir())
    assert (done.returncode, "cannot be written to" in done.stderr) == (2, True), done.stderr


@linux
@pytest.mark.parametrize("arguments", [[*RUN, "--out", "/proc/foo"],
                                       ["compare", "study.toml", "study.toml", "--page", "/proc/new/page.html"]])
def test_where_no_file_can_be_made_that_is_told_before_the_work(folder, capsys, monkeypatch, arguments):
    """Whoever may do everything, as root, may not do this."""
    monkeypatch.setattr("uncertainty.works.perform", lambda *_, **__: pytest.fail("it has begun"))
    assert cli.main(arguments) == 2
    option, place = arguments[-2:]
    assert capsys.readouterr() == ("", f"{option} is {place}, but /proc cannot be written to\n")


def test_what_is_tried_leaves_nothing(folder):
    """Nor does what a run has left that was killed as it tried."""
    (folder / "page.html").write_text("earlier")
    left = folder / leftovers.owned(running.TRIED).replace(f"~{os.getpid()}~", f"~{gone()}~killed")
    left.mkdir()
    running.check_writable("--page", Path("page.html"), Path())
    assert sorted(path.name for path in folder.iterdir()) == ["page.html", "study.toml"]


@linux
def test_a_name_that_is_no_text_is_refused_before_the_work(folder, capsys):
    name = os.fsdecode(b"\xff.toml")
    Path("study.toml").rename(name)
    assert cli.main(["run", name]) == 2
    assert "no plain name; rename the file to one that can be printed" in capsys.readouterr().err


@pytest.mark.parametrize("exchanged", [True, False])
def test_results_put_aside_come_back(folder, monkeypatch, exchanged):
    """Where folders are not exchanged in one step: after Ctrl-C between the two, and after kill -9 by the next run."""
    if not exchanged:
        monkeypatch.setattr(store, "_exchange", lambda *_: False)
    results = un.run(un.load("study.toml"))
    before = contents(un.write(results, "results/study", page=False))
    real = Path.rename

    def stop(path, target):
        if path.name == "new":
            raise KeyboardInterrupt
        return real(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", stop)
        if exchanged:
            un.write(results, "results/study", page=False)
        else:
            with pytest.raises(KeyboardInterrupt):
                un.write(results, "results/study", page=False)
    assert contents(Path("results/study")) == before
    dead = Path(leftovers.owned("results/.study").replace(f"~{os.getpid()}~", f"~{gone()}~") + "x")
    dead.mkdir()
    Path("results/study").rename(dead / "old")
    monkeypatch.setattr(store, "_fill", lambda *_: pytest.fail("full"))
    with pytest.raises(pytest.fail.Exception):
        un.write(results, "results/study", page=False)
    assert contents(Path("results/study")) == before
    assert not dead.exists()


def gone():
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def assert_left_for_a_day(made):
    leftovers.sweep(made.parent, ".study")
    assert made.exists()
    os.utime(made, (0, 0))
    leftovers.sweep(made.parent, ".study")
    assert not made.exists()


def test_what_a_person_has_named_alike_stays(tmp_path):
    names = [".study-2026-11-01", ".study-v0-3-notes", ".study-scratch", ".study-scratch~old", ".study-scratch~a~b~c"]
    for name in names:
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    leftovers.sweep(tmp_path, ".study")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_what_other_machines_write_is_left_for_a_day(tmp_path, monkeypatch):
    made = tmp_path / (leftovers.owned(".study") + "x")
    made.mkdir()
    leftovers.sweep(tmp_path, ".study")
    assert made.exists()  # ours, and alive
    monkeypatch.setattr("platform.node", lambda: "another-machine")
    monkeypatch.setattr(leftovers, "_alive", lambda _: False)
    assert_left_for_a_day(made)


@linux
def test_what_a_container_of_the_same_name_writes_is_left_for_a_day(tmp_path, monkeypatch):
    """Its processes have numbers of their own, of which we know nothing."""
    monkeypatch.setattr(Path, "stat", lambda *_, **__: SimpleNamespace(st_ino=1))
    made = tmp_path / f"{leftovers.owned('.study').replace(str(os.getpid()), str(gone()))}x"
    monkeypatch.undo()
    made.touch()
    assert_left_for_a_day(made)


# --- an end to it ----------------------------------------------------------------------------------------------


@linux
def test_ctrl_c_while_processes_start_is_told_by_nobody_but_us(folder):
    """Processes that write samples are spawned, and import for a while before they are told to leave it to us."""
    put(folder, **MANY)
    running = started(folder, "run", "study.toml", "--jobs", "2", "--no-report", "--keep-samples")
    try:
        until(lambda: len(living(running.pid)) >= 4)  # a tracker of resources, and two
        for _ in range(10):
            for pid in set(living(running.pid)) - {running.pid}:
                os.kill(pid, signal.SIGINT)
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGINT)
        begun = time.monotonic()
        error = running.communicate(timeout=20)[1]
        assert time.monotonic() - begun < kills.PROMPT
    finally:
        assert end_group(running.pid) == 0
    assert running.returncode == 130
    assert INTERRUPTED.fullmatch(error)


def test_what_is_kept_is_told_also_where_all_was_done(folder, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_fill", stop)
    assert cli.main(RUN) == 130
    assert capsys.readouterr().err == "interrupted; 8 finished replicates are kept: --resume goes on from them\n"


@contextmanager
def cluster():
    """A Dask cluster in processes of its own: its group, and its address."""
    pytest.importorskip("distributed")
    code = ("import distributed, sys\nif __name__ == '__main__':\n"
            "    made = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)\n"
            "    print(made.scheduler_address, flush=True)\n    sys.stdin.read()\n")
    Path("cluster.py").write_text(code)
    with subprocess.Popen([sys.executable, "cluster.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            end_group(process.pid, 0)


@linux
def test_a_scheduler_that_goes_away_is_told(folder):
    put(folder, samples=1 << 17, replicates=64)
    with cluster() as (pid, address):
        running = started(folder, "run", "study.toml", "--no-report", "--scheduler", address)
        until(lambda: list(folder.glob("results/.replicates/*/*/*.npz")), 60)
        os.killpg(pid, signal.SIGKILL)
        error = running.communicate(timeout=60)[1]
    assert running.returncode == 2
    assert "Traceback" not in error
    assert error.splitlines()[-1].startswith("the executor gave up its work on study: its scheduler or all of its "
                                             "workers may be gone")


# --- side by side ----------------------------------------------------------------------------------------------


def test_runs_into_one_new_folder_at_once_all_finish(folder):
    """Of two seeds, with and without --resume, beside another study: each prints its own, and the last one stays."""
    put(folder, "other")
    runs = [("study.toml", "1"), ("study.toml", "2"), ("study.toml", "2", "--resume"), ("other.toml", "1")]
    running = [started(folder, "run", study, "--json", "--no-report", "--seed", *more) for study, *more in runs]
    answers = [each.communicate(timeout=60) for each in running]
    assert [each.returncode for each in running] == [0] * 4, answers
    for (study, seed, *_), (out, _) in zip(runs, answers, strict=True):
        assert out.strip() == to_json(un.run(un.load(study).with_sampling(seed=int(seed)))).strip()
    assert Path("results/study/summary.json").read_text().strip() in {out.strip() for out, _ in answers[:3]}
    assert {p.name for p in Path("results").iterdir()} == {".replicates", "study", "other"}


def test_another_run_that_is_faster_is_no_error(folder, monkeypatch):
    results, place = un.run(un.load("study.toml")), Path("results/study")
    monkeypatch.setattr(Path, "exists", lambda path, real=Path.exists: path != place and real(path))
    place.mkdir(parents=True)
    (place / "notes.txt").write_text("of the faster one")
    un.write(results, place, page=False)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert (place / "notes.txt").exists()
    assert store.is_whole(place, results.study, page=False)


def test_json_is_of_this_run_whatever_another_writes(folder, monkeypatch, capsys):
    real = store._replace

    def beaten(path, *others):
        real(path, *others)
        (path / "summary.json").write_text("of another run")

    monkeypatch.setattr(store, "_replace", beaten)
    assert cli.main([*RUN, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["study"] == "study"


@posix
def test_samples_of_a_run_are_not_replaced_while_it_writes_them(folder):
    """Chunks of both would be in one store, each replicate of one or the other."""
    pytest.importorskip("zarr")
    one = un.load("study.toml")
    other = one.with_sampling(seed=2)
    hold = samples.create("s", plan_of(one), 8, "one")
    also = samples.create("s", plan_of(one), 8, "one")  # of the same key
    for held in (hold, also):
        assert held.alone == (held is hold)
        with pytest.raises(FileExistsError, match="s is being written by another run, of other samples: wait for it"):
            samples.create("s", plan_of(other), 8, "other", replace=True)
    for held in (hold, also):
        held.release()
    samples.create("s", plan_of(other), 8, "other", replace=True).release()
    for study in (one, other):  # a run has it no longer than it takes
        un.run(study, keep_samples="s")


@posix
def test_where_there_are_no_locks_nothing_is_removed_that_may_be_in_use(folder, monkeypatch):
    """Another run may be writing: what it has begun, and what has just changed, is left to it."""
    pytest.importorskip("zarr")

    def none(*_):
        raise OSError(37, "No locks available")

    def aged(seconds):
        for path in ("s", *Path("s").rglob("*")):
            os.utime(path, (time.time() - seconds,) * 2)

    monkeypatch.setattr(holding.fcntl, "flock", none)
    one, begun = un.load("study.toml"), Path("s") / f"zarr.json.{'0' * 32}.partial"
    other = plan_of(one.with_sampling(seed=2))
    samples.create("s", plan_of(one), 8, "one").release()
    begun.touch()
    for seconds, left in ((0, True), (12 * 3600, True), (25 * 3600, False)):
        aged(seconds)
        samples.create("s", plan_of(one), 8, "one").release()
        assert begun.exists() == left
    aged(1800)
    with pytest.raises(FileExistsError, match="s holds other samples, has changed within the last hour, and its disk"):
        samples.create("s", other, 8, "other", replace=True)
    aged(2 * 3600)
    samples.create("s", other, 8, "other", replace=True).release()


@posix
def test_links_among_results_stay_links(folder):
    """Emacs makes one that leads nowhere while a file is edited; one to a folder is not to become a copy of it."""
    results = un.run(un.load("study.toml"))
    un.write(results, "results/study", page=False)
    Path("large").mkdir()
    made = {".#report.md": "somebody@host.1234:1", "data": Path("large").resolve(), "sub/link": "nowhere"}
    Path("results/study/sub").mkdir()
    for name, to in made.items():
        (Path("results/study") / name).symlink_to(to)
    un.write(results, "results/study", page=False)
    assert {name: (Path("results/study") / name).readlink() for name in made} == {n: Path(to) for n, to in made.items()}


@pytest.mark.parametrize(("to", "reason"), [("study", "that is a link to itself"), (
    "/proc/none/study", "/proc cannot be written to"), ("large", "a disk is mounted there, which cannot be replaced")])
@linux
def test_a_link_to_where_nothing_can_be_written_is_told_before_the_work(folder, capsys, monkeypatch, to, reason):
    monkeypatch.setattr("uncertainty.works.perform", lambda *_, **__: pytest.fail("it has begun"))
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "large")
    (folder / "results").mkdir()
    (folder / "results/large").mkdir()
    (folder / "results/study").symlink_to(to)
    assert cli.main(RUN) == 2
    assert reason in capsys.readouterr().err
    assert (folder / "results/study").is_symlink()


@linux
def test_a_run_whose_current_folder_is_gone_is_written_elsewhere(folder, monkeypatch):
    results = un.run(un.load("study.toml"), jobs=1)
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    assert un.write(results, folder / "results/study", page=False).is_dir()


def test_results_go_where_a_link_leads(folder):
    (folder / "large").mkdir()
    Path("study").symlink_to("large")
    un.write(un.run(un.load("study.toml"), jobs=1), "study", page=False)
    assert Path("study").readlink() == Path("large")
    assert (folder / "large/summary.json").exists()


@posix
def test_what_cannot_be_kept_is_told_in_words(folder):
    results = un.run(un.load("study.toml"), jobs=1)
    un.write(results, "results/study", page=False)
    Path("results/study/sub").mkdir()
    os.mkfifo("results/study/sub/pipe")
    before = contents(Path("results/study/tables"))
    with pytest.raises(OSError, match=r"results cannot be written: `\S*pipe` is a named pipe: 'results/study'"):
        un.write(results, "results/study", page=False)
    assert contents(Path("results/study/tables")) == before
