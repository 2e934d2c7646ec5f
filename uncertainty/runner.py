"""Running one study, in as many processes as are wanted."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import Executor
from pathlib import Path

from .execution import workers
from .jobs import Progress
from .results import Results
from .study import Study
from .sweep import Sweep
from .works import outcomes, work_of

StrPath = str | os.PathLike[str]


def run(study: Study, *, jobs: int | None = 1, executor: Executor | None = None, tolerance: float | None = None,
        progress: Progress | None = None, keep: StrPath | None = None, resume: bool = False,
        keep_samples: StrPath | None = None) -> Results | Sweep:
    """Run a study, or all points of one that is swept.

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
        Zarr store for every input and output of every sample; one of another study there is replaced. Not of a study
        that is swept.

    Returns
    -------
    Results or Sweep
        the latter of a swept study: the same groups, with what is swept as their first dimensions.

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
    if study.sweep and keep_samples is not None:
        raise ValueError(f"{study.name} is swept, and keep_samples is given; wanted one point: run study.at(...)")
    work = work_of(study, tolerance, Path(keep) if keep is not None else None, resume,
                   Path(keep_samples) if keep_samples is not None else None, progress)
    try:
        outcome = next(outcomes([work], workers(work.jobs, jobs, executor)))
        if outcome.results is None:
            raise work.error or AssertionError
        for job in work.jobs if keep is not None and not study.sweep else []:
            if job.pieces:
                job.pieces.finish(job.result())
        for line in work.refused:
            warnings.warn(line, stacklevel=2)
        return outcome.results
    finally:
        work.forget()
