"""The same bits whoever works and in whatever order, and an end to it: deaths, errors, Ctrl-C."""

import multiprocessing
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support import TIED, dist, study_text

import uncertainty as un
from uncertainty import cli, engine, execution
from uncertainty.engine import Task
from uncertainty.execution import MOST_LOSSES, Here, WorkerError, perform, workers
from uncertainty.jobs import Job
from uncertainty.pieces import Pieces
from uncertainty.plan import plan_of

posix = pytest.mark.skipif(os.name != "posix", reason="signals are of Unix")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

STUDY = {"pue": dist("pert", low=1.05, mode=1.25, high=1.6), "rest": TIED, "samples": 256, "replicates": 16}
RARE = dist("discrete", values=[1e-305, 2500], probabilities=[0.002, 0.998], central=2500)


def assert_same(one, two):
    """Every array of the figures is the same, to the bit."""
    assert one.convergence == two.convergence
    assert one.figures.keys() == two.figures.keys()
    for group, figures in one.figures.items():
        for kind in ("variables", "coords"):
            ours, theirs = getattr(figures, kind), getattr(two.figures[group], kind)
            assert list(ours) == list(theirs)
            for name in ours:
                np.testing.assert_array_equal(ours[name].values, theirs[name].values, err_msg=f"{group} {name}")


def made(tmp_path, **given):
    path = tmp_path / "study.toml"
    path.write_text(study_text(**{**STUDY, **given}), encoding="utf-8")
    return un.load(path)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return made(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def wanted(study):
    return un.run(study)


@pytest.fixture
def small_tasks(monkeypatch):
    """One replicate a task, and processes for the smallest of runs."""
    monkeypatch.setattr("uncertainty.jobs.TASK", 1)
    monkeypatch.setattr(execution, "SERIAL", 0)


@contextmanager
def within(seconds):
    """A hang is an error."""
    def stop(*_):
        raise TimeoutError(f"not within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def until(condition, seconds=20.0):
    """Wait until something is so; gives what it is."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
    return found


# --- the same bits -----------------------------------------------------------------------------------------


class Shuffled(Executor):
    """Two threads that take whatever task they please, and remember which."""

    def __init__(self, seed):
        self.random, self.waiting, self.order, self.ended = random.Random(seed), [], [], False
        self.threads = [threading.Thread(target=self._work) for _ in range(2)]
        for thread in self.threads:
            thread.start()

    def submit(self, f, /, *args, **kwargs):
        future = Future()
        self.waiting.append((future, f, args, kwargs))
        return future

    def _work(self):
        while not self.ended:
            time.sleep(0.002)  # for others to be submitted
            if self.waiting:
                future, f, args, kwargs = self.waiting.pop(self.random.randrange(len(self.waiting)))
                self.order.append(args[1].first)
                future.set_result(f(*args, **kwargs))

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.ended = True
        for thread in self.threads:
            thread.join()


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_any_number_of_processes_makes_the_same_bits(study, wanted, small_tasks, jobs):
    assert_same(un.run(study, jobs=jobs), wanted)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_any_number_of_threads_makes_the_same_bits(study, wanted, small_tasks, threads):
    with ThreadPoolExecutor(threads) as executor:
        assert_same(un.run(study, executor=executor), wanted)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_makes_the_same_bits(study, wanted, small_tasks, seed):
    with Shuffled(seed) as executor:
        assert_same(un.run(study, executor=executor), wanted)
    assert sorted(executor.order) == list(range(16))
    assert executor.order != sorted(executor.order)


@pytest.mark.parametrize("task", [1, 512, 1280, 1 << 15])
def test_any_number_of_replicates_a_task_makes_the_same_bits(study, wanted, monkeypatch, task):
    monkeypatch.setattr("uncertainty.jobs.TASK", task)
    with Shuffled(4) as executor:
        assert_same(un.run(study, executor=executor), wanted)


@pytest.mark.parametrize("given", [{"samples": 2}, {"samples": 2, "replicates": 2}, {"method": "lhs"},
                                   {"method": "random"}, {"pue": 1.2, "rest": ""}])
def test_studies_of_every_kind_are_the_same_bits_out_of_order(tmp_path, small_tasks, given):
    study = made(tmp_path, **given)
    with Shuffled(5) as executor:
        assert_same(un.run(study, executor=executor), un.run(study))


def test_tolerance_adds_the_same_replicates_whoever_works(study, small_tasks, monkeypatch):
    monkeypatch.setattr(engine, "MOST_REPLICATES", 40)
    wanted = un.run(study, tolerance=0.005)
    assert wanted.convergence.replicates == 40
    assert_same(un.run(study, tolerance=0.005, jobs=2), wanted)
    with Shuffled(6) as executor:
        assert_same(un.run(study, tolerance=0.005, executor=executor), wanted)
    assert sorted(executor.order) == list(range(wanted.convergence.replicates))


def test_progress_goes_up_to_all_whoever_works(study, small_tasks):
    with Shuffled(7) as executor:
        seen = []
        un.run(study, executor=executor, progress=lambda *p: seen.append(p))
    assert seen == [(i, 16) for i in range(1, 17)]


@pytest.mark.parametrize("name", ["study", "reference", "market-late-2026"])
def test_tasks_are_small_to_send(study, name):
    """A study is text and numbers, and stays so when it has been run."""
    it = study if name == "study" else un.load(name)
    before = len(pickle.dumps((it.bare, 0, 8)))
    if it is study:
        un.run(it)
    assert before <= len(pickle.dumps((it.bare, 0, 8))) < 1 << 16
    assert pickle.loads(pickle.dumps(it.bare)).digest == it.digest


def test_how_many_tasks_are_under_way(study, small_tasks):
    """So many that no worker waits, and not all at once."""
    with ThreadPoolExecutor(8) as executor:
        assert workers([Job(study)], None, executor).width == 16
    team = workers([Job(study)], 3, None)
    assert team.width == 4
    team.executor.shutdown()
    assert isinstance(workers([Job(study)], 1, None).executor, Here)


# --- workers that die --------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("moments", [[1], [3, 6, 9, 12, 14]])
def test_what_a_killed_worker_had_in_hand_is_done_again(study, wanted, small_tasks, moments):
    """However often workers die, if some work is done in between."""
    killed, seen = [], []

    def kill(done, _):
        seen.append(done)
        children = multiprocessing.active_children()  # none between one pool and the next
        if len(killed) < len(moments) and done >= moments[len(killed)] and children:
            killed.append(os.kill(children[0].pid, signal.SIGKILL))

    with within(60):
        assert_same(un.run(study, jobs=2, progress=kill), wanted)
    assert len(killed) == len(moments)
    assert len(moments) == 1 or len(moments) > MOST_LOSSES
    assert seen == list(range(1, 17))
    assert not multiprocessing.active_children()


def test_answers_of_processes_go_through_files_so_that_half_of_one_stops_nobody(study, tmp_path):
    """A pipe takes 4,096 bytes at once or not at all; more, and a worker that dies meanwhile leaves all waiting."""
    pieces = Pieces(study, tmp_path)
    assert WORK(study, Task(3, 5), None, pieces) is None
    assert_same_part(pieces.read(Task(3, 5)), WORK(study, Task(3, 5), None, None))
    assert len(pickle.dumps(WORK(study, Task(3, 5), None, None))) > 4096


def assert_same_part(one, two):
    assert one[:2] == two[:2]
    for name, values in one.statistics.means.items():
        np.testing.assert_array_equal(values, two.statistics.means[name])
    for ours, theirs in zip(one.sums, two.sums, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def dies(study, task, *rest):
    os._exit(1)


def dies_at_last(study, task, *rest):
    return os._exit(1) if task.first == 15 else WORK(study, task, *rest)


WORK = execution.work


@posix
@pytest.mark.parametrize("worker", [dies, dies_at_last])
def test_workers_that_die_again_and_again_are_an_error(study, small_tasks, monkeypatch, worker):
    monkeypatch.setattr(execution, "work", worker)
    said = f"workers died {MOST_LOSSES + 1} times while study was being worked on: .*fewer jobs help"
    with within(30), pytest.raises(WorkerError, match=said):
        un.run(study, jobs=2)
    until(lambda: not multiprocessing.active_children(), 5)


@posix
def test_the_command_says_so_without_a_traceback(study, small_tasks, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(study.text)
    monkeypatch.setattr(execution, "work", dies)
    with within(30):
        assert cli.main(["run", "study.toml", "--jobs", "2"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("workers died")
    assert len(err.splitlines()) == 1
    assert out == ""


@posix
def test_the_pool_of_another_that_dies_is_an_error_and_left_to_its_owner(study, small_tasks, monkeypatch):
    monkeypatch.setattr(execution, "work", dies)
    with (ProcessPoolExecutor(1) as executor, within(30),
          pytest.raises(WorkerError, match="workers died 1 times while study")):
        un.run(study, executor=executor)


def test_the_executor_of_another_is_not_ended(study, small_tasks):
    with ThreadPoolExecutor(2) as executor:
        un.run(study, executor=executor)
        assert executor.submit(pow, 2, 3).result() == 8


# --- errors ------------------------------------------------------------------------------------------------


def rare(tmp_path, **given):
    """A price that is absurd in few of the replicates."""
    return made(tmp_path, rest=f"[build.rtx_a5000]\nunit_price = {RARE}\n", method="random", **given)


def test_a_model_error_in_a_process_is_raised_with_its_message(tmp_path, small_tasks):
    study = rare(tmp_path)
    said = set()
    for replicate in range(16):
        try:
            engine.part(plan_of(study), replicate, replicate + 1)
        except un.ModelError as error:
            said.add(str(error))
    assert 1 < len(said) < 16  # some replicates have it, some not
    with within(30), pytest.raises(un.ModelError) as raised:
        un.run(study, jobs=2)
    assert str(raised.value) in said
    assert re.match(r"device_count \(rtx_a5000\) is not finite in \d of \d+ values .*; .* = 1e-305", str(raised.value))
    assert not multiprocessing.active_children()


class Batches(Here):
    """Does what it is given when told to: `turn` of a list of futures and calls, as soon as there are so many."""

    def __init__(self, at_once):
        self.at_once, self.waiting, self.begun = at_once, [], []

    def submit(self, f, /, *args, **kwargs):
        future = Future()
        self.begun.append(args[1].first)
        self.waiting.append((future, f, args, kwargs))
        if len(self.waiting) == self.at_once:
            for each, g, a, k in self.waiting:
                done = super().submit(g, *a, **k)
                each.set_exception(done.exception()) if done.exception() else each.set_result(done.result())
            self.waiting.clear()
        return future


def fails_at_2(study, task, *rest):
    if task.first == 2:
        raise un.ModelError("no good")
    return WORK(study, task, *rest)


def test_a_model_error_ends_the_work_on_its_study(study, small_tasks, monkeypatch):
    """Nothing is begun after it, whatever else is done at the same time."""
    monkeypatch.setattr(execution, "work", fails_at_2)
    seen = []
    job = Job(study, progress=lambda *p: seen.append(p))
    executor = Batches(4)
    (finished,) = perform([job], execution.Workers(executor, 4))
    assert finished is job
    assert str(job.error) == "no good"
    assert executor.begun == [0, 1, 2, 3]
    with pytest.raises(un.ModelError, match="no good"):
        un.run(study, executor=Batches(4))


class Held(Here):
    """Does at once what fails, and holds the rest until told to do it."""

    def __init__(self):
        self.begun, self.held = [], []

    def submit(self, f, /, *args, **kwargs):
        self.begun.append(args[1].first)
        if args[1].first == 2:
            return super().submit(f, *args, **kwargs)
        future = Future()
        self.held.append(lambda: future.set_result(f(*args, **kwargs)))
        return future


def test_what_is_done_after_a_model_error_is_left(study, small_tasks, monkeypatch):
    """The study is given back at once, and what comes of its other tasks starts nothing."""
    monkeypatch.setattr(execution, "work", fails_at_2)
    seen, executor = [], Held()
    running = perform([Job(study, progress=lambda *p: seen.append(p))], execution.Workers(executor, 3))
    job = next(running)
    assert str(job.error) == "no good"
    for do in executor.held:
        do()
    assert list(running) == []
    assert (executor.begun, seen, job.done) == ([0, 1, 2], [], 0)


def fails_always(study, task, *rest):
    raise un.ModelError(f"no good: {task.first}")


def test_of_many_model_errors_the_first_is_told(study, small_tasks, monkeypatch):
    monkeypatch.setattr(execution, "work", fails_always)
    with ThreadPoolExecutor(1) as executor, pytest.raises(un.ModelError, match="no good: 0"):
        un.run(study, executor=executor)


def fails_otherwise(study, task, *rest):
    raise ZeroDivisionError("a fault of ours")


@pytest.mark.parametrize("jobs", [1, 2])
def test_whatever_goes_wrong_in_a_worker_is_raised(study, small_tasks, monkeypatch, jobs):
    monkeypatch.setattr(execution, "work", fails_otherwise)
    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        un.run(study, jobs=jobs)


@posix
def test_workers_leave_ctrl_c_to_their_parent(study, small_tasks):
    executor = workers([Job(study)], 2, None).executor
    assert executor.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
    executor.shutdown()
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


# --- an end to it ------------------------------------------------------------------------------------------


def command(folder, *options, **given):
    """The command in a process group of its own, with a study of a million samples a replicate."""
    (folder / "study.toml").write_text(study_text(**{**STUDY, **given}), encoding="utf-8")
    return subprocess.Popen([sys.executable, "-m", "uncertainty.cli", "run", "study.toml", *options], cwd=folder,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def group(pid):
    """Living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if its == str(pid) and state != "Z":
            found.append(int(stat.parent.name))
    return found


def pieces(folder):
    return list(Path(folder).glob("results/.replicates/study/*/*.npz"))


@linux
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_at_once_with_130_and_leaves_nobody(tmp_path, jobs):
    running = command(tmp_path, "--jobs", str(jobs), samples=1 << 20)
    try:
        until(lambda: pieces(tmp_path))
        assert len(group(running.pid)) == (1 if jobs == 1 else 3)
        begun = time.monotonic()
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=20)
        assert time.monotonic() - begun < 3
    finally:
        until(lambda: not group(running.pid), 5)
    assert running.returncode == 130
    kept = re.fullmatch(r"interrupted(?:; (\d+) finished replicates are kept: --resume goes on from them)?\n", err)
    assert 0 <= len(pieces(tmp_path)) - int(kept[1] or 0) <= 1  # one may be written and not yet counted
    assert out == ""
    assert [p.name for p in (tmp_path / "results").iterdir()] == [".replicates"]
    assert not list((tmp_path / "results").rglob(".new*"))


@linux
def test_a_parent_that_is_killed_leaves_no_orphans(tmp_path):
    running = command(tmp_path, "--jobs", "2", samples=1 << 20)
    try:
        until(lambda: len(group(running.pid)) == 3)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate(timeout=20)  # of all who have its output open
        until(lambda: not group(running.pid), 5)
    finally:
        for pid in group(running.pid):
            os.kill(pid, signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL


@posix
def test_ctrl_c_among_tasks_kills_our_workers_and_no_others(study, small_tasks):
    other = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    other.start()

    def stop(*_):
        raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            un.run(study, jobs=2, progress=stop)
        until(lambda: multiprocessing.active_children() == [other], 5)
    finally:
        other.kill()
        other.join()


# --- a cluster ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    """A Dask cluster of two processes on this machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            yield cluster


@pytest.fixture
def client(cluster):
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster, set_as_default=False) as client:
        yield client


def test_a_cluster_makes_the_same_bits(study, wanted, small_tasks, client, monkeypatch):
    monkeypatch.setattr(engine, "MOST_REPLICATES", 24)
    with client.get_executor() as executor:
        assert_same(un.run(study, executor=executor), wanted)
        tolerant = un.run(study, executor=executor, tolerance=0.005)
    assert_same(tolerant, un.run(study, tolerance=0.005))


def test_a_cluster_says_what_is_wrong_with_a_model(tmp_path, client):
    study = made(tmp_path, rest=f"[build.rtx_a5000]\nunit_price = {RARE}\n")
    with client.get_executor() as executor, pytest.raises(un.ModelError, match="is not finite in"):
        un.run(study, executor=executor)


def test_the_command_works_on_a_cluster(study, tmp_path, cluster, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(study.text)
    assert cli.main(["run", "study.toml", "--out", "here", "--jobs", "1"]) == 0
    assert cli.main(["run", "study.toml", "--out", "there", "--scheduler", cluster.scheduler_address]) == 0
    assert capsys.readouterr().err == ""
    for file in Path("here").rglob("*.*"):
        if file.suffix in (".json", ".csv", ".md"):
            assert file.read_bytes() == Path("there", file.relative_to("here")).read_bytes()


def test_a_scheduler_that_is_none_is_told(tmp_path, capsys, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "reference", "--scheduler", "carrier-pigeon://home"]) == 2
    assert "no scheduler answers there" in capsys.readouterr().err
    assert cli.main(["run", "reference", "--scheduler", "tcp://localhost:1", "--jobs", "2"]) == 2
    assert "wanted one" in capsys.readouterr().err


def test_workers_that_wait_for_a_lock_are_ended_all_the_same():
    """As they do where one has it that was killed when all was done: nobody looks out for deaths any more then."""
    executor = ProcessPoolExecutor(2, execution.context([]))
    crew = execution._Crew(execution.Workers(executor, 2, ProcessPoolExecutor), executor, None)
    busy = [executor.submit(time.sleep, 0.5) for _ in range(2)]
    until(lambda: all(future.running() for future in busy))
    time.sleep(0.2)  # both have what they are to do
    assert executor._call_queue._rlock.acquire(timeout=10)
    wait(busy)
    processes = list(executor._processes.values())
    ending = threading.Thread(target=crew.stop, daemon=True)
    ending.start()
    ending.join(20)
    ended = not ending.is_alive()
    for process in processes:
        process.kill()
    assert ended
