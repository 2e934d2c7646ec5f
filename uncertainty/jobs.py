"""One study under way: which replicates are wanted, which are kept from earlier, and what has been done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from . import engine, samples
from .engine import LEAST_REPLICATES, Part, Statistics, Task, Totals
from .holding import Hold
from .pieces import Pieces
from .plan import ModelError, Plan, plan_of
from .study import Study

TASK = 1 << 15  # samples that a task has at least, if its replicates are small

Progress = Callable[[int, int], None]  # replicates done, replicates in all


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
    wanted, done : replicates, as far as is known; with a tolerance there may be more
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
    done: int = 0
    _done: dict[Task, Statistics] = field(default_factory=dict)
    _hold: Hold | None = None  # of the store

    @cached_property
    def plan(self) -> Plan:
        """The study's plan."""
        return plan_of(self.study)

    @cached_property
    def _totals(self) -> Totals:
        return engine.nothing(self.plan)

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
        if self.error is not None:
            return
        self._add(part)
        if self.finished:
            self._line_up([])
        if self.progress:
            self.progress(self.done, self.wanted)

    def result(self) -> Part:
        """All that was done."""
        return Part(0, self.done, engine.joined([self._done[task] for task in sorted(self._done)]), self._totals)

    def forget(self) -> None:
        """Do without what was done, once it has been looked at: a batch has many jobs."""
        self._done.clear()
        self._have(None)
        for name in ("plan", "_totals"):
            self.__dict__.pop(name, None)

    def _have(self, hold: Hold | None) -> None:
        if self._hold is not None:
            self._hold.release()  # now, and not when it is collected
        self._hold = hold

    def _add(self, part: Part) -> None:
        self._done[Task(part.first, part.end)] = part.statistics
        self.done += part.end - part.first
        engine.gather(self._totals, part)

    def _line_up(self, kept: list[Task]) -> None:
        """Tasks for all that lacks; where nothing does and the tolerance is not met, for more."""
        while not self.waiting:
            self._reuse(kept)
            done = {r for task in self._done for r in range(*task)}
            lacking = [r for r in range(self.wanted) if r not in done]
            runs = _runs(lacking, max(1, TASK // engine.effort(self.study)))
            self.waiting = [Task(run[0], run[-1] + 1) for run in runs][::-1]
            if self.waiting and self.store and not self.dry:
                self._have(samples.create(self.store.path, self.plan, self.wanted, self.store.key, replace=True))
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
