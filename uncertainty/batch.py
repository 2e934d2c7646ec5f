"""Many studies in one go: which there are, which are done already, what the others cost, and doing them."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Iterator
from errno import ENOSPC
from math import prod
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from . import samples
from .files import StudyError, read
from .jobs import Job
from .plan import Plan, block_size
from .resolve import Problem
from .store import is_whole, written
from .study import Study, load
from .versions import versions
from .watching import watch
from .works import Outcome, Work
from .works import outcomes as outcomes

IMPORTS = 90 << 20  # bytes that a process takes before it does anything
POINT = 1 << 20  # bytes of each point of a sweep that are kept until all are done, and then written
RESULTS, CONCLUSION = 1 << 20, 10_000  # bytes of a results folder, and what each claim and first place adds to it
PAGE = 800_000  # bytes that the page and its figures take for each scenario
PIECES = ".replicates"  # folder of finished replicates, beside the studies' folders


class Source(NamedTuple):
    """A study as it was named, and what came of loading it."""

    name: str
    study: Study | None
    error: StudyError | None


def expand(names: Iterable[str]) -> list[str]:
    """Names of studies, those in a folder (its *.toml, in alphabetical order) one by one; an empty one stays itself."""
    found: list[str] = []
    for name in names:
        inside = sorted(str(path) for path in Path(name).glob("*.toml") if _is_study(path))
        found += inside if Path(name).is_dir() and inside else [name]
    return list(dict.fromkeys(found))


def _is_study(path: Path) -> bool:
    """Whether a TOML file is a study and no data sheet beside one; what cannot be read is for `load` to say."""
    found: list[Problem] = []
    return "builds" in read(path, "", found)[1] or bool(found)


def sources(names: Iterable[str], **sampling: Any) -> Iterator[Source]:
    """Load studies, with other sampling where it is given; one that is wrong does not keep back the others."""
    for name in names:
        try:
            if Path(name).is_dir():
                raise StudyError(name, [Problem("", "no studies (*.toml) in this folder")])
            yield Source(name, load(name).with_sampling(**sampling), None)
        except StudyError as error:
            yield Source(name, None, error)


def is_current(work: Work, folder: Path, page: bool = True) -> bool:
    """Whether a results folder, and the store of samples if there is to be one, holds what a run would give.

    Of a folder that is to have no `page`, one that has it is current too.
    """
    study, store = work.study, work.store
    try:
        kept = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        same = kept["fingerprint"] == study.fingerprint and kept["versions"] == versions()
        same = same and kept["convergence"]["tolerance"] == work.tolerance and is_whole(folder, study, page)
        sampled = range(kept["sampling"]["replicates"]) if store else range(0)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return same and (store is None or samples.complete(store.path, store.key).issuperset(sampled))


def failing(summary: str) -> list[str]:
    """Lines on the claims that must hold and do not, of a `summary.json`; of a sweep where each holds least."""
    found = json.loads(summary)
    points = found.get("points", [found])
    missed = [(name, claim["probability"][0], claim["must_hold"], point.get("at", {})) for point in points
              for name, claim in point["claims"].items() if claim["met"] is False]
    lines = []
    for name in points[0]["claims"]:
        where = [each for each in missed if each[0] == name]
        if not where:
            continue
        _, probability, least, at = min(where, key=itemgetter(1))
        told = f" at {len(where)} of {len(points)} points, least at {_place(at)}" if at else ""
        lines.append(f"claim {name} fails{told}: P(holds) = {_told(probability, least)} (must hold: "
                     f"{100 * least:.10g} %)")
    return lines


def _told(probability: float, least: float) -> str:
    """A probability, to so many decimals that it can be told from the threshold."""
    from .report.text import percent

    decimals = next((d for d in range(1, 9) if round(100 * probability, d) < 100 * least), 9)
    return percent(probability, decimals)


def _place(at: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value if isinstance(value, str) else format(value, '.10g')}"
                     for name, value in at.items())


class Cost(NamedTuple):
    """What a run takes: replicates to be made, samples of them, and bytes at the most."""

    replicates: int
    samples: int
    memory: int  # of each process
    disk: int


def cost(job: Job, page: bool = True) -> Cost:
    """What is yet to be done for a study, and what it takes; with a tolerance, at the least."""
    job.dry = True
    job.begin()
    if job.error is not None:
        raise job.error
    plan = job.plan
    replicates = sum(task.end - task.first for task in job.waiting)
    kept = samples.disk_bytes(plan, job.wanted) if job.store else 0
    memory = IMPORTS + _memory(plan) + (samples.writer_bytes(plan) if job.store else 0)
    point = bool(job.study.point)  # its replicates are in one piece already
    files = POINT if point else RESULTS + _drawn(plan.study, page) + CONCLUSION * len(plan.asked.watched)
    disk = files + _pieces(plan, len(job.waiting) + (not point)) + kept
    return Cost(replicates, replicates * plan.study.sampling.samples, memory, disk)


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


def _memory(plan: Plan) -> int:
    """Bytes that a process takes for a study beyond its imports.

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
    replicates, made, memory, disk = zip(*each, strict=True)
    swept = bool(work.study.sweep)
    return Cost(sum(replicates), sum(made), max(memory) + POINT * len(each) * swept,
                sum(disk) + _drawn(work.study, page) * swept)


def refuse(it: Cost, name: str, processes: int, folder: Path) -> None:
    """Refuse a run that takes more than there is.

    Raises
    ------
    MemoryError, OSError
        where the memory that is free, or the disk of a folder, does not suffice.
    """
    free, need = _free_memory(), IMPORTS + (it.memory - IMPORTS) * processes  # imports are shared
    if need > free:
        each = f" in {processes} processes" if processes > 1 else ""
        raise MemoryError(f"{name} takes {size(need)} of memory{each}, and {size(free)} are free: fewer "
                          f"{'jobs, ' if processes > 1 else ''}samples or replicates take less")
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    room = shutil.disk_usage(there).free
    if it.disk > room:
        raise OSError(ENOSPC, f"{name} takes {size(it.disk)} of disk, and {size(room)} are free", str(folder))


def _free_memory() -> float:
    """Bytes that can be had without pushing others out, as far as the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return math.inf


def size(bytes_: float) -> str:
    """A number of bytes in words."""
    return f"{bytes_ / 1e6:,.0f} MB" if bytes_ < 1e9 else f"{bytes_ / 1e9:,.1f} GB"


def finish(outcome: Outcome, out: Path, page: bool = True) -> tuple[Path, str]:
    """Write the results folder of a study that has results, and keep its replicates in one piece; gives it with the
    summary."""
    assert outcome.results is not None
    work = outcome.work
    folder, summary = written(outcome.results, out / work.study.name, page)
    for job in work.jobs if not work.study.sweep else []:  # those of a sweep's points are in one piece already
        if job.pieces:
            job.pieces.finish(job.result())
    return folder, summary
