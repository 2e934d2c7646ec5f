"""What studies cost: replicates to be made, memory and disk; and whether there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from errno import ENOSPC
from math import prod
from pathlib import Path
from typing import NamedTuple

from . import samples
from .execution import context, processes
from .jobs import Job
from .memory import available, free_disk, size_words
from .plan import Plan, block_size
from .study import Study
from .watching import watch
from .works import Work

IMPORTS = 90 << 20  # bytes that a process takes before it does anything
POINT = 1 << 20  # bytes of each point of a sweep that are kept until all are done, and then written
RESULTS, CONCLUSION = 1 << 20, 10_000  # bytes of a results folder, and what each claim and first place adds to it
PAGE = 800_000  # bytes that the page and its figures take for each scenario
WRITING, TABLES = 32 << 20, 5 << 20  # bytes of memory that results take to write, and more for each build in a scenario
DRAWING, FIGURES = 20 << 20, 9 << 20  # likewise the page


class Cost(NamedTuple):
    """What a run takes: replicates to be made, samples of them, and bytes at the most.

    `memory` is of the process that writes the results, and `work` what any that makes replicates takes beyond its
    imports; `pieces` is what of the disk it can do without.
    """

    replicates: int
    samples: int
    memory: int
    work: int
    disk: int
    pieces: int


def cost(job: Job, page: bool = True) -> Cost:
    """What is yet to be done for a study, and what it takes; with a tolerance, at the least."""
    job.dry = True
    job.begin()
    if job.error is not None:
        raise job.error
    plan = job.plan
    replicates = sum(task.end - task.first for task in job.waiting)
    kept = samples.more_bytes(Path(job.store.path), plan, job.wanted, job.store.key) if job.store else 0
    work = _making(plan) + (samples.writer_bytes(plan) if job.store else 0)
    point = bool(job.study.point)  # its replicates are in one piece already
    files = POINT if point else RESULTS + _drawn(plan.study, page) + CONCLUSION * len(plan.asked.watched)
    pieces = _pieces(plan, len(job.waiting) + (not point))
    return Cost(replicates, replicates * plan.study.sampling.samples, IMPORTS + work + _writing(plan.study, page), work,
                files + pieces + kept, pieces)


def _writing(study: Study, page: bool) -> int:
    """Bytes of memory that writing the results takes."""
    cells = len(study.scenarios) * len(study.builds)
    return WRITING + TABLES * cells + (DRAWING + FIGURES * cells) * page


def _drawn(study: Study, page: bool) -> int:
    """Bytes of the page and its figures."""
    return PAGE * len(study.scenarios) if page else 0


def _pieces(plan: Plan, files: int) -> int:
    """Bytes of so many files of replicates, one of which holds what all the others do: totals, and statistics."""
    study, seen = plan.study, watch(plan)
    totals = 8 * prod(plan.grid.shape) + 2 * seen.levels.nbytes
    ranked = 32 * len(study.criteria) * len(study.scenarios) * len(study.builds) ** 2
    tests = sum(values.nbytes for values in (seen.flips, seen.counted, seen.distance, seen.nearest))
    return files * totals + 2 * study.sampling.replicates * (ranked + tests)


def _making(plan: Plan) -> int:
    """Bytes of memory that a process takes beyond its imports to make replicates.

    Bins, a block, what each replicate says of tests, and a Latin hypercube's points.
    """
    sampling, block = plan.study.sampling, block_size(plan)
    values = sum(values[..., 0].size for values in plan.central.values()) + len(plan.streams)
    points = 24 * sampling.samples * len(plan.streams) if sampling.method == "lhs" else 0
    tests = sampling.replicates * sum(each.nbytes for each in watch(plan))
    return 48 * prod(plan.grid.shape) + 24 * values * block + tests + points


def cost_of(work: Work, page: bool = True) -> Cost:
    """What is yet to be done for a study, and what it takes: of a sweep for all points together."""
    each = []
    for job in work.jobs:
        each.append(cost(job, page))
        job.forget()
    replicates, made, memory, working, disk, pieces = zip(*each, strict=True)
    swept = bool(work.study.sweep)
    return Cost(sum(replicates), sum(made), max(memory) + POINT * len(each) * swept, max(working),
                sum(disk) + _drawn(work.study, page) * swept, sum(pieces))


@dataclass
class Room:
    """What is free for studies that run in one go, and refused to those that take more.

    Attributes
    ----------
    team : how many processes work
    imports : bytes that each of them takes for its own; those that are forked share them
    taken : what is to be kept free for studies that were let in
    """

    folder: Path
    team: int
    imports: int
    taken: list[Cost] = field(default_factory=list)

    def let_in(self, cost: Cost, name: str) -> str:
        """Keep free what a study takes; gives what is to be said where that does not suffice for its replicates.

        Raises
        ------
        MemoryError, OSError
            where the memory that is free, or the disk of the folder, does not suffice.
        """
        free, need = available(), cost.memory + (self.imports + cost.work) * self.team * (self.team > 1)
        if need > free:
            each = f" in {self.team} processes" if self.team > 1 else ""
            raise MemoryError(f"{name} takes up to {size_words(need)} of memory{each}, and {size_words(free)} are "
                              f"free: fewer {'jobs, ' if self.team > 1 else ''}samples or replicates take less")
        disk = free_disk(self.folder)
        room = max(0, disk - sum(each.disk - each.pieces for each in self.taken))
        if (least := cost.disk - cost.pieces) > room:
            beside = " beside what the studies before it take" if self.taken else ""
            raise OSError(ENOSPC, f"{name} takes up to {size_words(least)} of disk, and {size_words(room)} are free"
                          f"{beside}", str(self.folder))
        self.taken.append(cost)
        if sum(each.disk for each in self.taken) <= disk:
            return ""
        return (f"{name}: replicates to resume from take up to {size_words(cost.pieces)} of disk, which may be more "
                "than is free; those that do not fit are not kept")


def room(works: Sequence[Work], jobs: int | None, folder: Path) -> Room:
    """What is free for studies, with so many processes wanted, or every core."""
    todo = [job for work in works for job in work.jobs]
    shared = context(todo).get_start_method() == "fork"
    return Room(folder, processes(todo, jobs), 0 if shared else IMPORTS)
