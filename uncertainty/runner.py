"""Running one study, in as many processes as are wanted."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import Executor
from pathlib import Path

from . import engine
from .execution import perform, workers
from .frames import frames
from .influence import influence
from .jobs import Job, Progress, Store
from .pieces import Pieces, key
from .preference import preference
from .results import Convergence, Results
from .study import Study

StrPath = str | os.PathLike[str]


def run(study: Study, *, jobs: int | None = 1, executor: Executor | None = None, tolerance: float | None = None,
        progress: Progress | None = None, keep: StrPath | None = None, resume: bool = False,
        keep_samples: StrPath | None = None) -> Results:
    """Run a study.

    Parameters
    ----------
    study
        from `load`.
    jobs
        processes to work in; None takes every core. The results are the same bits for any number. Where processes are
        spawned and not forked (keep_samples, macOS, Windows) a script needs `if __name__ == "__main__":`.
    executor
        any `concurrent.futures` executor, in place of `jobs`.
    tolerance
        add replicates until the relative standard error of CapEx's 5, 50 and 95 % quantiles, and the absolute one of
        every rank share, are at most this, or 256 replicates are made; at least 8 are.
    progress
        called with (replicates done, replicates wanted) as they come.
    keep
        folder in which finished replicates are kept as they come; a warning says where that cannot be.
    resume
        begin with those that were kept there by an earlier run of the same study, of whatever length.
    keep_samples
        Zarr store for every input and output of every sample; one of another study there is replaced.

    Raises
    ------
    ModelError
        where an output is not finite.
    WorkerError
        where processes die again and again.
    OSError
        where the disk has too little room, or something else than a store lies at `keep_samples`.
    ModuleNotFoundError
        where samples are to be kept and zarr is not installed.
    ValueError
        for options that make no sense.
    """
    if tolerance is not None and not 0 < tolerance < 1:
        raise ValueError(f"tolerance is {tolerance}; wanted a number between 0 and 1")
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}; wanted at least 1, or None for every core")
    if resume and keep is None:
        raise ValueError("resume is given without keep; wanted the folder that replicates were kept in")
    pieces = Pieces(study, Path(keep), resume) if keep is not None else None
    store = Store(str(Path(keep_samples).resolve()), key(study)) if keep_samples is not None else None
    job = Job(study, tolerance, pieces, store, progress)
    for _ in perform([job], workers([job], jobs, executor)):
        pass
    results = results_of(job)
    if pieces:
        pieces.finish(job.result())
        for line in dict.fromkeys(pieces.refused):
            warnings.warn(line, stacklevel=2)
    return results


def results_of(job: Job) -> Results:
    """What a finished job gives, or the error that ended it."""
    if job.error is not None:
        raise job.error
    plan, done = job.plan, job.result()
    convergence = Convergence(done.end, *engine.worst_errors(plan, done), job.tolerance)
    figures = frames(plan, done) | influence(plan, done)
    preferred = preference(plan, figures["ratings"], done.end)
    figures |= {"preference": preferred} if preferred else {}
    return Results(job.study, figures, plan, done, convergence)
