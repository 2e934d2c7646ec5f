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
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

from . import engine, samples
from .analysis.histogram import Sums
from .engine import LEAST_REPLICATES, Part, Statistics, Task
from .pieces import Pieces
from .plan import ModelError, Plan, plan_of
from .study import Study

TASK = 1 << 15  # samples that a task has at least, if its replicates are small
SERIAL = 1 << 18  # samples (of all scenarios) below which starting processes costs more than it brings
MOST_LOSSES = 3  # deaths of workers, one after the other, after which the work is given up

Progress = Callable[[int, int], None]  # replicates done, replicates in all


class WorkerError(RuntimeError):
    """Workers that died again and again."""


class Store(NamedTuple):
    """Where every sample is kept: a path that workers can reach too, and a hash of all that determines a replicate."""

    path: str
    key: str


@dataclass(eq=False)
class Job:
    """One study under way: what is wanted, what is yet to be begun, and what has been done.

    Attributes
    ----------
    pieces : where finished replicates are kept
    store : where every sample goes
    dry : whether nothing will be done but saying what would be
    wanted : replicates, as far as is known; with a tolerance there may be more
    waiting : tasks not yet begun, the next one last
    running : how many are under way
    reused : replicates that were kept earlier
    error : why there will be no result
    seconds : from its beginning to its end
    """

    study: Study
    tolerance: float | None = None
    pieces: Pieces | None = None
    store: Store | None = None
    progress: Progress | None = None
    wanted: int = 0
    waiting: list[Task] = field(default_factory=list)
    running: int = 0
    reused: int = 0
    error: BaseException | None = None
    seconds: float = 0.0
    dry: bool = False
    _done: dict[Task, Statistics] = field(default_factory=dict)

    @cached_property
    def plan(self) -> Plan:
        """The study's plan."""
        return plan_of(self.study)

    @cached_property
    def _sums(self) -> Sums:
        return engine.nothing(self.plan)

    @property
    def done(self) -> int:
        """Replicates done."""
        return sum(task.end - task.first for task in self._done)

    @property
    def finished(self) -> bool:
        """Whether there is a result, or will be none."""
        return self.error is not None or (self.wanted > 0 and not (self.waiting or self.running))

    @property
    def refused(self) -> list[str]:
        """What was kept earlier and could not be relied on."""
        return self.pieces.refused if self.pieces else []

    def begin(self) -> None:
        """Take what was kept earlier, and line up what is not yet done."""
        self.seconds = -time.perf_counter()
        replicates = self.study.sampling.replicates
        self.wanted = replicates if self.tolerance is None else max(replicates, LEAST_REPLICATES)
        try:
            self._line_up(self.pieces.tasks() if self.pieces else [])
        except (ModelError, OSError, ImportError) as error:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """There will be no result, for the first of its errors."""
        self.error = self.error or error
        self.waiting.clear()

    def take(self, part: Part) -> None:
        """A task is done."""
        self._add(part)
        if self.finished:
            self._line_up([])
        if self.progress:
            self.progress(self.done, self.wanted)

    def result(self) -> Part:
        """All that was done."""
        return Part(0, self.done, engine.joined([self._done[task] for task in sorted(self._done)]), self._sums)

    def _add(self, part: Part) -> None:
        self._done[Task(part.first, part.end)] = part.statistics
        engine.gather(self._sums, part)

    def _line_up(self, kept: list[Task]) -> None:
        """Tasks for all that lacks; where nothing does and the tolerance is not met, for more."""
        while not self.waiting:
            self._reuse(kept)
            done = {r for task in self._done for r in range(*task)}
            lacking = [r for r in range(self.wanted) if r not in done]
            runs = _runs(lacking, max(1, TASK // self.study.sampling.samples))
            self.waiting = [Task(run[0], run[-1] + 1) for run in runs][::-1]
            if self.waiting and self.store and not self.dry:
                samples.create(self.store.path, self.plan, self.wanted, self.store.key, replace=True)
            if self.waiting or self.tolerance is None:
                return
            worst = max(engine.worst_errors(self.plan, self.result()))
            if (more := engine.enough(self.wanted, worst, self.tolerance)) <= self.wanted:
                return
            self.wanted = more

    def _reuse(self, kept: list[Task]) -> None:
        """Add what was kept and is wanted. One file of a whole earlier run, which had a tolerance too, is wanted."""
        if kept and self.store:
            there = samples.complete(self.store.path, self.store.key)
            kept[:] = [task for task in kept if there.issuperset(range(*task))]
        whole = [task.end for task in kept if task.first < self.wanted < task.end]
        if self.tolerance is not None and whole:
            self.wanted = max(whole)
        for task in [t for t in kept if t.end <= self.wanted]:
            kept.remove(task)
            if all(task.end <= t.first or t.end <= task.first for t in self._done):
                part = self.pieces.read(task) if self.pieces else None
                if part is not None:
                    self._add(part)
                    self.reused += part.end - part.first


def _runs(numbers: list[int], most: int) -> Iterator[list[int]]:
    """Ascending numbers in runs without gaps of at most so many."""
    run: list[int] = []
    for number in numbers:
        if run and (number > run[-1] + 1 or len(run) == most):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


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
        return Workers(executor, 2 * max(getattr(executor, "_max_workers", 0), cores()))
    jobs = jobs or cores()
    if jobs == 1 or sum(_size(job.study) for job in todo) < SERIAL:
        return Workers(Here(), 1)
    # what writes samples has threads, and what has threads should not be forked
    method = multiprocessing.get_context("spawn" if any(job.store for job in todo) else None)
    make = partial(ProcessPoolExecutor, jobs, method, _begin_worker)
    return Workers(make(), jobs + 1, make)


def _size(study: Study) -> int:
    return study.sampling.samples * study.sampling.replicates * len(study.scenarios)


def _begin_worker() -> None:
    """A worker leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
    before: set[Any]  # children of this process that are not ours
    desk: Path  # where processes put their answers, if nothing is to be kept
    under_way: dict[Future[Part | None], tuple[Job, Task]] = field(default_factory=dict)
    losses: int = 0

    def submit(self, job: Job) -> None:
        """Begin the next task of a job."""
        task = job.waiting.pop()
        job.running += 1
        try:
            future = self.executor.submit(work, job.study, task, job.store, self._place(job))
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        self.under_way[future] = job, task

    def _place(self, job: Job) -> Pieces | None:
        """Where a worker puts its answer; nowhere where it may be on another machine."""
        return None if self.team.make is None else job.pieces or Pieces(job.study, self.desk)

    def settle(self) -> None:
        """Wait until a task is done, and hand its answer to its job."""
        for future in wait(self.under_way, return_when=FIRST_COMPLETED).done:
            if future not in self.under_way:
                continue  # taken back when another of its executor's was lost
            job, task = self.under_way.pop(future)
            error = future.exception()
            if isinstance(error, BrokenExecutor):
                self._take_back(job, task, error)
                continue
            self.losses = 0
            job.running -= 1
            try:
                if job.error is None:
                    job.take(self._answer(job, task, future))
            except Exception as error:  # of a worker, or of the disk: it is that study's
                job.fail(error)

    def _answer(self, job: Job, task: Task, future: Future[Part | None]) -> Part:
        part, place = future.result(), self._place(job)
        if part is None and place is not None:
            part = place.read(task)
            if job.pieces is None:
                place.remove(task)
        elif part is not None and job.pieces is not None:
            job.pieces.keep(part)
        if part is None:
            raise OSError(f"what a worker wrote cannot be read: {', '.join(place.refused if place else [])}")
        return part

    def _take_back(self, job: Job, task: Task, error: BrokenExecutor) -> None:
        """A worker died, and with it all that was under way: begin it again."""
        self.losses += 1
        if self.team.make is None or self.losses > MOST_LOSSES:
            raise WorkerError(f"workers died {self.losses} times while {job.study.name} was being worked on: {error}; "
                              "where memory runs out, fewer --jobs help") from error
        for its, lost in [(job, task), *self.under_way.values()]:
            its.running -= 1
            its.waiting.append(lost)
        self.under_way.clear()
        self.executor.shutdown(wait=False)
        self.executor = self.team.make()

    def stop(self, finished: bool) -> None:
        """End our own workers, at once where the work is not finished; of others' executors take back what waits."""
        for future in self.under_way:
            future.cancel()
        if self.team.make is None:
            return
        self.executor.shutdown(wait=finished, cancel_futures=True)
        if not finished:
            children = set(multiprocessing.active_children()) - self.before
            for child in children:
                child.kill()
            for child in children:
                child.join()


def perform(jobs: Iterable[Job], team: Workers) -> Iterator[Job]:
    """Do all jobs, giving each back when it is finished; later ones begin where earlier ones leave workers idle.

    Raises
    ------
    WorkerError
        where workers die again and again.
    """
    desk = tempfile.TemporaryDirectory(prefix="uncertainty-", ignore_cleanup_errors=True)
    crew = _Crew(team, team.executor, set(multiprocessing.active_children()), Path(desk.name))
    begun: list[Job] = []
    upcoming, finished = iter(jobs), False
    try:
        while not finished:
            while len(crew.under_way) < team.width:
                job = next((j for j in begun if j.waiting and not j.finished), None)
                if job is None:
                    if (job := next(upcoming, None)) is None:
                        break
                    job.begin()
                    begun.append(job)
                else:
                    crew.submit(job)
            for job in [j for j in begun if j.finished]:
                begun.remove(job)
                job.seconds += time.perf_counter()
                yield job
            if crew.under_way:
                crew.settle()
            finished = not (begun or crew.under_way)
    finally:
        crew.stop(finished)
        desk.cleanup()
        for job in begun:
            if job.pieces:
                job.pieces.sweep()
