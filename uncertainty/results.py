"""What a run gives: labelled statistics with their standard errors."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import engine
from .analysis.labels import Group
from .breaking import Break, breaks
from .design import Copula
from .engine import Part
from .execution import perform, workers
from .frames import frames
from .jobs import Job, Progress, Store
from .pieces import Pieces, key
from .plan import Plan
from .preference import preference
from .study import Study

if TYPE_CHECKING:
    import xarray as xr


StrPath = str | os.PathLike[str]


class Convergence(NamedTuple):
    """How far sampling went, and how far it was to go.

    `capex` is the largest relative standard error of a 5, 50 or 95 % quantile of CapEx, `rank` the largest absolute
    one of a rank share.
    """

    replicates: int
    capex: float
    rank: float
    tolerance: float | None

    @property
    def reached(self) -> bool:
        """Whether the tolerance, if one was asked for, is met."""
        return self.tolerance is None or max(self.capex, self.rank) <= self.tolerance


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """All that a run of a study gives; estimates `<name>` have their standard error `<name>_se` beside them.

    Attributes
    ----------
    figures : the groups below, "central" to "preference", in plain arrays: `figures["bands"]["capex"]`; tables and
        files are made of these
    plan, done : what the figures come from
    convergence : how far sampling went
    """

    study: Study
    figures: dict[str, Group]
    plan: Plan
    done: Part
    convergence: Convergence

    def __repr__(self) -> str:
        """What was run, without the figures."""
        study = self.study
        return (f"Results(study={study.name!r}, builds={len(study.builds)}, scenarios={len(study.scenarios)}, "
                f"samples={self.samples})")

    @cached_property
    def central(self) -> xr.Dataset:
        """Outputs at the central values (scenario, build[, precision])."""
        return self.figures["central"].dataset()

    @cached_property
    def bands(self) -> xr.Dataset:
        """Quantiles of the outputs (quantile, scenario, build[, precision])."""
        return self.figures["bands"].dataset()

    @cached_property
    def means(self) -> xr.Dataset:
        """Means of the outputs (scenario, build[, precision])."""
        return self.figures["means"].dataset()

    @cached_property
    def counts(self) -> xr.Dataset:
        """Of each whole-number output: `<name>_probability` (number, scenario, build), `_enough` and `_shortfall`.

        `<name>_enough` is the smallest number with at most 5 % probability of a shortfall, `<name>_shortfall` that
        probability, both (scenario, build).
        """
        return self.figures["counts"].dataset()

    @cached_property
    def ranking(self) -> xr.Dataset:
        """Who wins, by criterion (criterion, scenario, ...).

        rank_acceptability, win, tie, expected_rank, expected_regret, order_differs, first_differs, kendall_tau and
        tau_probability.
        """
        return self.figures["ranking"].dataset()

    @cached_property
    def claims(self) -> xr.Dataset:
        """Which claims hold: at the central values, how probably, and by scenario (claim[, scenario]).

        holds_as_printed (by the document's own numbers), holds_centrally, probability, scenario_probability (of claims
        that name no scenario), upper_limit (of what no sample showed), must_hold; the sentence, its place and its
        verdict are coordinates.
        """
        return self.figures["claims"].dataset()

    @cached_property
    def picks(self) -> xr.Dataset:
        """What is best for each workload and priority (pick, scenario, build), and what a wrong choice costs.

        best, picked (by the document) and regret_if_wrong (pick, criterion, scenario, build).
        """
        return self.figures["picks"].dataset()

    @cached_property
    def ratings(self) -> xr.Dataset:
        """Stars by metric and build, and the ranks that the numbers give (metric, scenario, build).

        stars, expected_rank, and width where the metric is told by it.
        """
        return self.figures["ratings"].dataset()

    @cached_property
    def preference(self) -> xr.Dataset | None:
        """Overall preference whatever the metrics' weights (scenario, build, ...); None where nothing is rated.

        rank_acceptability, central_weight and confidence: SMAA-2.
        """
        return self.figures["preference"].dataset() if "preference" in self.figures else None

    @cached_property
    def breaks(self) -> tuple[Break, ...]:
        """What would break each claim, and each first place: searched for when it is first asked for."""
        return tuple(breaks(self.plan, self.done))

    def break_of(self, target: str, scenario: str = "") -> Break:
        """What would break a claim, by its id, or first place by a criterion in a scenario.

        Raises
        ------
        KeyError
            where there is no such thing; a claim on a quantile has none.
        """
        found = {(each.target, each.scenario): each for each in self.breaks}
        return found[target, scenario]

    @property
    def copula(self) -> Copula:
        """The dependence of correlated inputs, as asked for and as it could be had."""
        return self.plan.copula

    @property
    def samples(self) -> int:
        """Samples in all."""
        return self.study.sampling.samples * self.convergence.replicates


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
    figures = frames(plan, done)
    preferred = preference(plan, figures["ratings"], done.end)
    figures |= {"preference": preferred} if preferred else {}
    return Results(job.study, figures, plan, done, convergence)
