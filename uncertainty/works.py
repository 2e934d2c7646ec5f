"""A study to be run: one job, or of a swept study one for each point; and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from . import engine
from .execution import Workers, perform
from .frames import frames
from .influence import influence
from .jobs import Job, Progress, Store
from .pieces import Pieces, key
from .plan import ModelError
from .preference import preference
from .reported import Convergence, Reported
from .results import Results
from .study import Study
from .sweep import Sweep, sweep


@dataclass(eq=False)
class Work:
    """A study under way.

    Attributes
    ----------
    jobs : one, or one for each point of a sweep, in the order of points
    ended : whether all are finished, or one has failed
    error : why there will be no result
    seconds : from its beginning to its end
    """

    study: Study
    jobs: list[Job]
    ended: bool = False
    error: BaseException | None = None
    seconds: float = 0.0
    _points: dict[Job, Reported] = field(default_factory=dict)

    @property
    def store(self) -> Store | None:
        """Where every sample goes."""
        return self.jobs[0].store

    @property
    def tolerance(self) -> float | None:
        """The standard errors that are asked for."""
        return self.jobs[0].tolerance

    @property
    def done(self) -> int:
        """Replicates that are done."""
        return sum(job.done for job in self.jobs)

    @property
    def reused(self) -> int:
        """Replicates that were kept earlier."""
        return sum(job.reused for job in self.jobs)

    @property
    def wanted(self) -> int:
        """Replicates in all, as far as is known."""
        return sum(job.wanted or job.study.sampling.replicates for job in self.jobs)  # of one not begun, at the least

    @property
    def refused(self) -> list[str]:
        """What was kept earlier and could not be relied on, each once."""
        return list(dict.fromkeys(line for job in self.jobs for line in job.refused))

    def begin(self) -> Iterator[Job]:
        """Jobs as they are wanted; no more of them once one has failed."""
        self.seconds = -time.perf_counter()
        return (job for job in self.jobs if job.error is None)

    def take(self, job: Job) -> bool:
        """A job is finished: whether that ends it all. Of a point no more is kept than what is reported."""
        if self.ended:
            return False  # another had failed
        if job.error is not None:
            self.error = _placed(job.error, job.study)
            for other in self.jobs:
                other.fail(job.error)
        elif self.study.sweep:
            self._points[job] = _reported(results_of(job), self.study.points[self.jobs.index(job)])
            if job.pieces:
                job.pieces.finish(job.result())
            job.forget()
        self.ended = self.error is not None or not self.study.sweep or len(self._points) == len(self.jobs)
        self.seconds += time.perf_counter() if self.ended else 0.0
        return self.ended

    def results(self) -> Results | Sweep:
        """What a study that has ended gives, or the error that ended it."""
        if self.error is not None:
            raise self.error
        if self.study.sweep:
            return sweep(self.study, [self._points[job] for job in self.jobs])
        return results_of(self.jobs[0])

    def forget(self) -> None:
        """Do without what was done, once it has been looked at."""
        self._points.clear()
        for job in self.jobs:
            job.forget()


def work_of(study: Study, tolerance: float | None = None, keep: Path | None = None, resume: bool = False,
            keep_samples: Path | None = None, progress: Progress | None = None) -> Work:
    """The jobs of a study; folders and the like as `runner.run` has them."""
    store = Store(str(keep_samples.resolve()), key(study)) if keep_samples is not None else None
    points = study.points
    if study.sweep and not study.inquiry.samples:  # nothing looks at their texts
        points = tuple(point.bare for point in points)  # as workers have them: one plan for both
    pieces = [Pieces(point, keep, resume) for point in points] if keep is not None else []
    if study.sweep:
        beside = frozenset(each.folder.name for each in pieces)
        for each in pieces:
            each.beside = beside
    work = Work(study, [Job(point, tolerance, pieces[i] if pieces else None, store)
                        for i, point in enumerate(points)])
    if progress is not None:
        for job in work.jobs:
            job.progress = lambda *_: progress(work.done, work.wanted)
    return work


class Outcome(NamedTuple):
    """A study that has ended; without results where it has failed."""

    work: Work
    results: Results | Sweep | None


def outcomes(works: Iterable[Work], team: Workers) -> Iterator[Outcome]:
    """Do the jobs of studies, and give each study with its results as soon as it has ended; it is forgotten then."""
    whose: dict[Job, Work] = {}

    def due() -> Iterator[Job]:
        for work in works:
            whose.update(dict.fromkeys(work.jobs, work))
            yield from work.begin()

    for job in perform(due(), team):
        work = whose[job]
        if work.take(job):
            yield Outcome(work, None if work.error else work.results())
            work.forget()


def results_of(job: Job) -> Results:
    """What a finished job gives, or the error that ended it."""
    if job.error is not None:
        raise job.error
    plan, done = job.plan, job.result()
    convergence = Convergence(done.end, *engine.worst_errors(plan, done), job.tolerance)
    figures = frames(plan, done) | influence(plan, done)
    preferred = preference(plan, figures["ratings"], done.end)
    figures |= {"preference": preferred} if preferred else {}
    return Results(job.study, figures, convergence, plan, done)


def _reported(results: Results, point: Study) -> Reported:
    """What is kept of a point, without what it comes from: of hundreds that would be too much."""
    readings = results.readings
    return Reported(point, results.figures | ({"stress": readings} if readings else {}), results.convergence)


def _placed(error: BaseException, study: Study) -> BaseException:
    """An error of the model with the point that it is at."""
    if not (study.point and isinstance(error, ModelError)):
        return error
    return ModelError(f"at {', '.join(f'{name} = {label}' for name, label in study.point)}: {error}")
