"""Who does the work: replicates of one study or many, on any `concurrent.futures` executor, with nothing done twice.

A task is a study and a range of replicates, its answer what these say: small to send, the same bits wherever it is
done and in whatever order.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, NamedTuple

from . import engine, samples
from .engine import Part, Task
from .jobs import Job, Store
from .leftovers import owned, sweep
from .pieces import Pieces
from .plan import plan_of
from .study import Study

SERIAL = 1 << 18  # samples, of all scenarios together, below which starting processes costs more than it brings
MOST_LOSSES = 3  # deaths of workers, one after the other, that a study survives
DESK = "uncertainty"  # what the names of folders of answers begin with
UNKNOWN = 256  # tasks under way on an executor that does not say how many workers it has


CANCELLED = ("the executor gave up its work on {}: its scheduler or all of its workers may be gone; replicates that "
             "were finished and kept are there to resume from")


class WorkerError(RuntimeError):
    """Workers that died again and again, or an executor that does not do its work."""


def work(study: Study, task: Task, store: Store | None, pieces: Pieces | None) -> Part | None:
    """A task, as a worker does it; what it says is handed back as a piece where there is a place for it.

    Processes of one machine do so: were one to die in the middle of a long answer, the others' could not be read.
    """
    plan = plan_of(study)
    part = engine.part(plan, *task, samples.writer(store.path, plan) if store else None)
    if pieces is None:
        return part
    pieces.keep(part)
    return None


# --- executors -------------------------------------------------------------------------------------------------


class Workers(NamedTuple):
    """An executor, how many tasks to have under way, and how to make it, where it is ours to end and to replace."""

    executor: Executor
    width: int
    make: Callable[[], Executor] | None = None


class Here(Executor):
    """The calling thread as an executor."""

    def submit(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it at once."""
        future: Future[Any] = Future()
        try:
            future.set_result(f(*args, **kwargs))
        except Exception as error:  # whatever it is, it is the caller's to see
            future.set_exception(error)
        return future


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(todo: Sequence[Job], jobs: int | None, executor: Executor | None) -> Workers:
    """The executor that is given; else so many processes, where there is work for them; else the calling thread."""
    if executor is not None:
        return Workers(executor, 2 * getattr(executor, "_max_workers", UNKNOWN // 2))
    jobs, method = processes(todo, jobs), context(todo)
    if jobs == 1:
        return Workers(Here(), 1)
    if method.get_start_method() != "fork" and hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # which would let Ctrl-C through again while it starts
    make = partial(ProcessPoolExecutor, jobs, method, _begin_worker)
    return Workers(make(), jobs + 1, make)


def processes(todo: Sequence[Job], jobs: int | None) -> int:
    """How many work: of those wanted no more than may have a task, and the calling one alone where that is sooner."""
    tasks = sum(engine.MOST_REPLICATES if job.tolerance else job.study.sampling.replicates for job in todo)
    return 1 if sum(_size(job.study) for job in todo) < SERIAL else min(jobs or cores(), tasks)


def context(todo: Sequence[Job]) -> Any:
    """How processes are started: what writes samples has threads, and what has threads should not be forked."""
    return multiprocessing.get_context("spawn" if any(job.store for job in todo) else None)


def _size(study: Study) -> int:
    return engine.effort(study) * study.sampling.replicates * len(study.scenarios)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile hear of no Ctrl-C before they leave it to their parent, who hears of it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    """A worker leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


# --- the work --------------------------------------------------------------------------------------------------


@dataclass
class _Crew:
    """Workers, and what each future is for."""

    team: Workers
    executor: Executor
    desk: Path | None  # where our own processes put their answers
    under_way: dict[Future[Part | None], tuple[Job, Task]] = field(default_factory=dict)
    losses: int = 0

    def submit(self, job: Job) -> None:
        """Begin the next task of a job."""
        task = job.waiting.pop()
        job.running += 1
        try:
            with _deaf() if self.team.make else nullcontext():
                future = self.executor.submit(work, job.study.bare, task, job.store, self._desk(job))
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        self.under_way[future] = job, task

    def _desk(self, job: Job) -> Pieces | None:
        return Pieces(job.study.bare, self.desk) if self.desk else None

    def settle(self) -> None:
        """Wait until a task is done, and hand its answer to its job."""
        for future in wait(self.under_way, return_when=FIRST_COMPLETED).done:
            if future not in self.under_way:
                continue  # taken back when another of its executor's was lost
            job, task = self.under_way.pop(future)
            job.running -= 1
            error = WorkerError(CANCELLED.format(job.study.name)) if future.cancelled() else future.exception()
            if isinstance(error, BrokenExecutor):
                self._take_back(job, task, error)
                continue
            self.losses = 0
            try:
                if error is not None:
                    raise error
                job.take(self._answer(job, task, future))
            except Exception as error:  # of a worker, or of the disk: it is that study's
                job.fail(error)

    def _answer(self, job: Job, task: Task, future: Future[Part | None]) -> Part:
        part, desk = future.result(), self._desk(job)
        if desk is not None:
            part = desk.read(task)
            desk.remove(task)
        if part is None:
            raise OSError(f"what a worker wrote cannot be read: {', '.join(desk.refused if desk else [])}")
        if job.pieces is not None:
            job.pieces.try_keep(part)
        return part

    def _take_back(self, job: Job, task: Task, error: BrokenExecutor) -> None:
        """A worker died, and with it all that was under way: begin it again, unless that goes on and on."""
        lost = [(job, task), *self.under_way.values()]
        self.losses += 1
        for its, _ in lost[1:]:
            its.running -= 1
        self.under_way.clear()
        if self.team.make is None or self.losses > MOST_LOSSES:
            for its, _ in lost:
                its.fail(WorkerError(
                    f"workers died {self.losses} times while {its.study.name} was being worked on: {error} Where "
                    "memory runs out, fewer jobs help; a script that starts processes needs if __name__ == "
                    '"__main__"'))
            self.losses = 0
        else:
            for its, each in lost:
                its.waiting.append(each)
        if self.team.make is not None:
            self.executor.shutdown(wait=False)
            self.executor = self.team.make()

    def stop(self) -> None:
        """End our own workers; of others' executors take back what waits.

        They are killed also where all is done, as they have no more to say: asked to end, they would wait for ever for
        a lock that one of them had when something killed it.
        """
        for future in self.under_way:
            future.cancel()
        if self.team.make is None:
            return
        children = list((getattr(self.executor, "_processes", None) or {}).values())
        self.executor.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.kill()
        for child in children:
            child.join()


def perform(jobs: Iterable[Job], team: Workers) -> Iterator[Job]:
    """Do all jobs, giving each back when it is finished, with a result or an error.

    Later ones begin where earlier ones leave workers idle.
    """
    begun: list[Job] = []
    upcoming, finished = iter(jobs), False
    if team.make:
        sweep(Path(tempfile.gettempdir()), DESK)
    with tempfile.TemporaryDirectory(prefix=owned(DESK)) if team.make else nullcontext() as desk:
        crew = _Crew(team, team.executor, Path(desk) if desk else None)
        try:
            while not finished:
                _begin(crew, begun, upcoming)
                for job in [j for j in begun if j.finished]:
                    begun.remove(job)
                    job.seconds += time.perf_counter()
                    yield job
                if crew.under_way:
                    crew.settle()
                finished = not (begun or crew.under_way)
        finally:
            crew.stop()


def _begin(crew: _Crew, begun: list[Job], upcoming: Iterator[Job]) -> None:
    """Give the workers enough to do."""
    while len(crew.under_way) < crew.team.width:
        job = next((j for j in begun if j.waiting), None)
        if job is not None:
            crew.submit(job)
            continue
        if (job := next(upcoming, None)) is None:
            return
        job.begin()
        begun.append(job)
