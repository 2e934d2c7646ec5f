"""Runs that were stopped and go on: the same bits as if nothing had happened, and nothing done twice."""

import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from support import dist, study_text
from test_execution import STUDY, assert_same, command, made, until

import uncertainty as un
from uncertainty import engine, pieces
from uncertainty.engine import Task
from uncertainty.execution import Here, Workers, perform
from uncertainty.jobs import Job
from uncertainty.pieces import Pieces
from uncertainty.plan import plan_of
from uncertainty.store import to_json
from uncertainty.works import results_of

SMALL = {"pue": dist("uniform", low=1.1, high=1.4), "rest": "", "samples": 16, "replicates": 8}


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    """One replicate a task."""
    monkeypatch.setattr("uncertainty.jobs.TASK", 1)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return made(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def wanted(study):
    return un.run(study)


class Stopping(Here):
    """Stops, as Ctrl-C does, after so many tasks."""

    def __init__(self, after):
        self.left = after

    def submit(self, f, /, *args, **kwargs):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().submit(f, *args, **kwargs)


def stopped(study, root, after, tolerance=None):
    """A run that is stopped after so many tasks."""
    job = Job(study, tolerance, Pieces(study, root))
    with pytest.raises(KeyboardInterrupt):
        list(perform([job], Workers(Stopping(after), 1)))
    return job


def resumed(study, root, tolerance=None):
    """A run that goes on, its results, and how many tasks it did."""
    job, executor = Job(study, tolerance, Pieces(study, root)), Stopping(1 << 20)
    list(perform([job], Workers(executor, 1)))
    return job, results_of(job), (1 << 20) - executor.left


def files(root):
    """Every file below a folder, hidden ones too."""
    return sorted(p for p in Path(root).rglob("*") if p.is_file())


# --- stopped and resumed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 7, 15])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(study, wanted, tmp_path, after):
    assert stopped(study, tmp_path, after).done == after
    assert len(files(tmp_path)) == after
    job, results, tasks = resumed(study, tmp_path)
    assert (job.reused, tasks) == (after, 16 - after)
    assert_same(results, wanted)


def test_a_run_that_is_stopped_again_and_again_comes_to_its_end(study, wanted, tmp_path):
    for i in range(7):
        job = stopped(study, tmp_path, 2)
        assert (job.reused, job.done) == (2 * i, 2 * i + 2)
    job, results, tasks = resumed(study, tmp_path)
    assert (job.reused, tasks) == (14, 2)
    assert_same(results, wanted)


def test_holes_are_filled(study, wanted, tmp_path):
    """Workers finish in any order; what is lacking may be anywhere."""
    stopped(study, tmp_path, 15)
    for path in files(tmp_path)[2:14:3]:
        path.unlink()
    job, results, tasks = resumed(study, tmp_path)
    assert (job.reused, tasks) == (11, 5)
    assert_same(results, wanted)


def test_tasks_of_another_size_fit_too(study, wanted, tmp_path, monkeypatch):
    monkeypatch.setattr("uncertainty.jobs.TASK", 5 * 256)
    assert stopped(study, tmp_path, 2).done == 10
    monkeypatch.setattr("uncertainty.jobs.TASK", 4 * 256)
    job, results, tasks = resumed(study, tmp_path)
    assert (job.reused, tasks) == (10, 2)
    assert_same(results, wanted)


@pytest.mark.skipif(os.name != "posix", reason="signals are of Unix")
@pytest.mark.parametrize(("moment", "jobs"), [(1, 1), (9, 2)])
def test_a_command_that_is_killed_goes_on_to_the_same_files(tmp_path, moment, jobs):
    given = {"samples": 1 << 15, "replicates": 16}
    running = command(tmp_path, "--jobs", str(jobs), **given)
    kept = tmp_path / "results" / ".replicates"
    until(lambda: len(list(kept.glob("*/*/*.npz"))) >= moment)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=20)
    assert not (tmp_path / "results" / "study").exists()
    there = len(list(kept.glob("*/*/*.npz")))
    assert moment <= there < 16
    on = subprocess.run([sys.executable, "-m", "uncertainty.cli", "run", "study.toml", "--resume", "--json"],
                        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert on.returncode == 0, on.stderr
    assert on.stdout.strip() == to_json(un.run(un.load(tmp_path / "study.toml"))).strip()
    assert len(list(kept.glob("*/*/*.npz"))) == 1


def test_without_resume_nothing_is_reused_and_nothing_lost(study, wanted, tmp_path):
    stopped(study, tmp_path, 9)
    seen = []
    results = un.run(study, keep=tmp_path, progress=lambda *p: seen.append(p))
    assert [done for done, _ in seen] == list(range(1, 17))
    assert_same(results, wanted)
    assert_same(un.run(study, keep=tmp_path, resume=True, progress=lambda *_: pytest.fail("done again")), wanted)


def test_resume_needs_a_folder(study):
    with pytest.raises(ValueError, match="resume is given without keep"):
        un.run(study, resume=True)


def test_a_folder_that_is_not_there_yet_is_made(study, wanted, tmp_path):
    assert_same(un.run(study, keep=tmp_path / "a" / "b", resume=True), wanted)
    assert len(files(tmp_path / "a" / "b")) == 1


# --- further -----------------------------------------------------------------------------------------------


@pytest.fixture
def eight(tmp_path):
    """So large a purchase that CapEx has no gaps, in which no tolerance is met soon."""
    return made(tmp_path, budget=150_000_000, samples=64, replicates=8)


TIGHT = 0.002


def test_more_replicates_are_added_to_those_that_there_are(study, tmp_path):
    un.run(study, keep=tmp_path)
    more = study.with_sampling(replicates=20)
    job, results, tasks = resumed(more, tmp_path)
    assert (job.reused, tasks) == (16, 4)
    assert_same(results, un.run(more))


def test_fewer_replicates_are_the_same_as_ever(study, tmp_path):
    """Those of a whole run cannot be taken apart."""
    un.run(study, keep=tmp_path)
    fewer = study.with_sampling(replicates=4)
    assert_same(un.run(fewer, keep=tmp_path, resume=True), un.run(fewer))


def test_a_tighter_tolerance_goes_on_from_a_wider_one(eight, tmp_path):
    wide = un.run(eight, tolerance=0.1, keep=tmp_path)
    job, tight, tasks = resumed(eight, tmp_path, TIGHT)
    assert job.reused == wide.convergence.replicates
    assert tight.convergence.reached
    assert tasks == tight.convergence.replicates - job.reused > 0
    plain = un.run(eight.with_sampling(replicates=tight.convergence.replicates))
    assert_same(tight, dataclasses.replace(plain, convergence=tight.convergence))


def test_a_wider_tolerance_is_met_by_what_there_is(eight, tmp_path):
    tight = un.run(eight, tolerance=TIGHT, keep=tmp_path)
    job, wide, tasks = resumed(eight, tmp_path, 0.5)
    assert (job.reused, tasks) == (tight.convergence.replicates, 0)
    assert wide.convergence.replicates == tight.convergence.replicates > 8


@pytest.mark.parametrize("after", [3, 8, 11, -1])
def test_a_tolerance_that_was_stopped_goes_on_to_the_same_replicates(eight, tmp_path, after):
    whole = un.run(eight, tolerance=TIGHT)
    assert whole.convergence.replicates > 11
    after %= whole.convergence.replicates
    stopped(eight, tmp_path, after, TIGHT)
    job, results, tasks = resumed(eight, tmp_path, TIGHT)
    assert (job.reused, tasks) == (after, whole.convergence.replicates - after)
    assert_same(results, whole)


# --- of another run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["seed", "samples", "method", "number", "build", "version", "format"])
def test_pieces_of_another_run_are_not_used(tmp_path, monkeypatch, change):
    one = made(tmp_path, **SMALL)
    un.run(one, keep=tmp_path / "kept")
    other = one
    if change in ("seed", "samples", "method"):
        other = one.with_sampling(**{change: {"seed": 2, "samples": 32, "method": "lhs"}[change]})
    elif change == "number":
        other = made(tmp_path, **SMALL | {"budget": 150_001})
    elif change == "build":
        other = made(tmp_path, **SMALL | {"builds": ["dgx_spark", "rtx_a5000"]})
    elif change == "version":
        monkeypatch.setattr(pieces, "versions", lambda: {"numpy": "3.0"})
    else:
        monkeypatch.setattr(pieces, "FORMAT", -1)
    assert pieces.key(other) != Pieces(one, tmp_path).key or change in ("version", "format")
    job, results, tasks = resumed(other, tmp_path / "kept")
    assert (job.reused, tasks, job.refused) == (0, 8, [])
    assert_same(results, un.run(other))


def test_words_and_how_many_replicates_do_not_matter(tmp_path):
    one = made(tmp_path, **SMALL)
    un.run(one, keep=tmp_path / "kept")
    other = made(tmp_path, **SMALL | {"title": "Another", "replicates": 9})
    job, results, tasks = resumed(other, tmp_path / "kept")
    assert (job.reused, tasks) == (8, 1)
    assert_same(results, un.run(other))


# --- damage ------------------------------------------------------------------------------------------------


def pickled(path):
    with np.load(path) as arrays:
        content = dict(arrays)
    content["key"] = np.array(["a", {}], object)
    np.savez(path, **content)


def of_another_key(path):
    with np.load(path) as arrays:
        content = dict(arrays)
    np.savez(path, **content | {"key": np.array("0" * 64)})


def lacking(path):
    with np.load(path) as arrays:
        content = dict(arrays)
    del content["total"]
    np.savez(path, **content)


def alone(path):
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "flipped": flipped, "of another key": of_another_key, "pickled": pickled, "lacking": lacking,
    "text": lambda path: path.write_text("not a piece"),
    "an array alone": alone,
    "a zip of something else": lambda path: zipfile.ZipFile(path, "w").writestr("key", "x"),
    "of other replicates": lambda path: path.write_bytes((path.parent / "000000-000001.npz").read_bytes()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_piece_is_told_and_made_again(study, wanted, tmp_path, damage):
    stopped(study, tmp_path, 9)
    path = files(tmp_path)[4]
    DAMAGE[damage](path)
    job, results, tasks = resumed(study, tmp_path)
    assert (job.reused, tasks) == (8, 8)
    assert len(job.refused) == 1
    assert job.refused[0].startswith(f"not used, made again: {path}: ")
    assert len(job.refused[0]) > len(f"{path}: ")
    assert_same(results, wanted)


def test_a_damaged_whole_run_is_made_again(study, wanted, tmp_path):
    un.run(study, keep=tmp_path)
    (path,) = files(tmp_path)
    flipped(path)
    with pytest.warns(UserWarning, match="not used, made again"):
        assert_same(un.run(study, keep=tmp_path, resume=True), wanted)
    job, results, tasks = resumed(study, tmp_path)
    assert (job.reused, tasks, job.refused) == (16, 0, [])
    assert_same(results, wanted)


def test_files_of_other_names_are_left_alone(study, wanted, tmp_path):
    stopped(study, tmp_path, 3)
    folder = Pieces(study, tmp_path).folder
    others = ["notes.txt", "a-b.npz", "7-3.npz", "-1-2.npz", "000001.npz"]
    for name in others:
        (folder / name).write_text("mine")
    job, results, _ = resumed(study, tmp_path)
    assert (job.reused, job.refused) == (3, [])
    Pieces(study, tmp_path).finish(job.result())
    assert {p.name for p in files(folder)} == {*others, "000000-000016.npz"}
    assert_same(results, wanted)


def headers(path):
    """Places in a zip file that are no array's values: names, sizes, shapes, types."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        starts = [info.header_offset for info in archive.infolist()]
        directory = archive.start_dir
    return sorted({at for start in starts for at in range(start, min(start + 200, size))} | set(range(directory, size)))


def same_part(one, two):
    """Whether two parts are the same, to the bit."""
    return repr(plain(one)) == repr(plain(two))


def plain(part):
    def told(x):
        if isinstance(x, dict):
            return sorted((name, told(value)) for name, value in x.items())
        if isinstance(x, list | tuple):
            return [told(value) for value in x]
        return (x.dtype.str, x.shape, x.tobytes()) if isinstance(x, np.ndarray) else x

    return told(list(part))


def test_a_flipped_bit_is_found_or_changes_nothing(tmp_path):
    """Wherever it is: in values, which have checksums, or in sizes, shapes and names, which have few."""
    study = made(tmp_path, **SMALL | {"outputs": ["capex"], "builds": ["rtx_a5000"]})
    kept = Pieces(study, tmp_path / "kept")
    kept.keep(engine.part(plan_of(study), 0, 2))
    task = Task(0, 2)
    path = kept._path(task)
    good, whole = kept.read(task), path.read_bytes()
    rng = np.random.Generator(np.random.PCG64(1))
    places = [*rng.choice(headers(path), 800, replace=False), *rng.integers(0, len(whole), 100)]
    undetected = []
    for place, bit in zip(places, rng.integers(0, 8, len(places)), strict=True):
        data = bytearray(whole)
        data[place] ^= 1 << bit
        path.write_bytes(data)
        part = kept.read(task)
        if part is not None and not same_part(part, good):
            undetected.append((int(place), int(bit)))
    assert len(kept.refused) > 400
    assert not undetected


# --- files -------------------------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_no_file_and_costs_no_run(study, wanted, tmp_path, monkeypatch):
    def full(stream, **_):
        stream.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(UserWarning, match="replicates cannot be kept: No space left"):
        assert_same(un.run(study, keep=tmp_path), wanted)
    assert files(tmp_path) == []


def test_finish_leaves_one_file_and_sweeps_what_is_stale(study, tmp_path):
    others = [study.with_sampling(seed=s) for s in (2, 3)]
    for each in others:
        stopped(each, tmp_path, 2)
    old, young = (Pieces(each, tmp_path).folder for each in others)
    long_ago = time.time() - 2 * pieces.STALE
    os.utime(old, (long_ago, long_ago))
    un.run(study, keep=tmp_path)
    assert not old.exists()
    assert len(files(young)) == 2
    assert [p.name for p in files(Pieces(study, tmp_path).folder)] == ["000000-000016.npz"]


def test_studies_of_other_names_keep_theirs(study, tmp_path):
    (tmp_path / "other.toml").write_text(study.text)
    other = un.load(tmp_path / "other.toml")
    stopped(other, tmp_path / "kept", 2)
    long_ago = time.time() - 2 * pieces.STALE
    os.utime(Pieces(other, tmp_path / "kept").folder, (long_ago, long_ago))
    un.run(study, keep=tmp_path / "kept")
    assert resumed(other, tmp_path / "kept")[0].reused == 2


def test_two_threads_may_run_one_study_into_one_folder(study, wanted, tmp_path):
    with ThreadPoolExecutor(4) as executor:
        runs = [executor.submit(un.run, study, keep=tmp_path, resume=True) for _ in range(4)]
        for run in runs:
            assert_same(run.result(), wanted)
    assert [p.name for p in files(tmp_path)] == ["000000-000016.npz"]
    assert_same(resumed(study, tmp_path)[1], wanted)


def test_two_commands_may_run_one_study_into_one_folder(tmp_path):
    (tmp_path / "study.toml").write_text(study_text(**STUDY | {"samples": 1 << 12}), encoding="utf-8")
    line = [sys.executable, "-m", "uncertainty.cli", "run", "study.toml", "--resume", "--jobs", "1", "--json"]
    running = [subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for _ in range(2)]
    answers = [each.communicate(timeout=60) for each in running]
    assert [each.returncode for each in running] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert answers[0][0].strip() == to_json(un.run(un.load(tmp_path / "study.toml"))).strip()
    assert len(files(tmp_path / "results" / ".replicates")) == 1


# --- what a piece holds ------------------------------------------------------------------------------------


KINDS = {
    "varying": {}, "constants": {"pue": 1.2, "rest": ""}, "one build": {"builds": ["rtx_a5000"], "rest": ""},
    "missing precisions": {"builds": ["rtx_a5000", "dgx_spark", "rtx_pro_6000"], "rest": ""},
    "some outputs": {"outputs": ["memory_pool", "throughput"], "precisions": ["fp16"], "rest": ""},
    "undefined ratios": {"budget": 3000, "rest": "[build.rtx_a5000]\nunit_price = "
                         + dist("discrete", values=[2500, 3500], probabilities=[0.5, 0.5]) + "\n"},
    "nothing bought": {"budget": 1, "rest": ""},
}


@pytest.mark.parametrize(("first", "end"), [(0, 1), (3, 8)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_is_read_as_it_was_written(tmp_path, kind, first, end):
    study = made(tmp_path, **KINDS[kind])
    part = engine.part(plan_of(study), first, end)
    stream = io.BytesIO()
    np.savez(stream, **pieces._packed("key", part))
    with np.load(io.BytesIO(stream.getvalue()), allow_pickle=False) as arrays:
        again = pieces._unpacked(plan_of(study), "key", Task(first, end), arrays)
    assert same_part(part, again)


@pytest.mark.parametrize("kind", KINDS)
def test_studies_of_every_kind_go_on_to_the_same_bits(tmp_path, kind):
    study = made(tmp_path, **KINDS[kind])
    stopped(study, tmp_path / "kept", 5)
    job, results, _ = resumed(study, tmp_path / "kept")
    assert job.reused == 5
    assert_same(results, un.run(study))


def test_sums_beyond_2_to_63_are_kept(tmp_path):
    """Their squares wrap around, and may be negative."""
    study = made(tmp_path, **SMALL)
    part = engine.part(plan_of(study), 0, 2)
    kept = Pieces(study, tmp_path / "kept")
    part.sums.total[0, :2] = [0, 1 << 62]
    for values in ([-5, 0, 5], [0, 0, 255], [0, 0, 256], [np.iinfo(np.int64).min, -1, np.iinfo(np.int64).max]):
        part.sums.square[:] = 0
        part.sums.square[0, :3] = values
        kept.keep(part)
        assert same_part(kept.read(Task(0, 2)), part)
