"""What studies would take: replicates to be made, time, memory and disk. Nothing is run but a moment's trial."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .works import Work

TRIAL = 1 << 16  # samples of the replicate that is timed
LARGE = 1 << 26  # samples of all builds in all scenarios from which a study takes so long that it is timed


def dry_run(works: list[Work], failed: dict[str, list[str]] | None, arguments: Namespace) -> bool:
    """Say what would run, and what it takes; gives whether all of them can."""
    from .execution import processes
    from .report.summary import to_json

    team = processes([job for work in works for job in work.jobs], arguments.jobs)
    found = {work.study.name: _takes(work, failed is not None and not arguments.force, team, arguments)
             for work in works}
    found |= dict.fromkeys(failed or {}, "cannot be read")
    if arguments.json:
        print(to_json([{"study": name} | ({"nothing": it} if isinstance(it, str) else it)
                       for name, it in found.items()]))
    else:
        _show(found, team, here=not arguments.scheduler)
    return "cannot run" not in found.values()


def _takes(work: Work, skip: bool, team: int, arguments: Namespace) -> dict[str, Any] | str:
    """What a study would take, or why it would not run."""
    from .batch import is_current
    from .cost import cost_of

    if skip and is_current(work, arguments.out / work.study.name, not arguments.no_report):
        return "current"
    try:
        it = cost_of(work, not arguments.no_report)
        seconds = None if arguments.scheduler else _seconds(work, it.replicates, team)
    except (ValueError, OSError, ImportError) as error:
        print(f"{work.study.name} cannot run: {error}", file=sys.stderr)
        return "cannot run"
    return {"replicates": it.replicates, "at_least": work.tolerance is not None, "reused": work.reused,
            "points": len(work.jobs) if work.study.sweep else None, "samples": it.samples, "seconds": seconds,
            "memory_per_process": it.memory, "disk": it.disk}


def _seconds(work: Work, replicates: int, team: int) -> float | None:
    """How long replicates take here at the pace of a small one; None where that is soon over."""
    from . import engine
    from .plan import plan_of

    study = work.jobs[0].study
    whole = engine.effort(study) * replicates
    if whole * len(study.scenarios) * len(study.builds) < LARGE:
        return None
    small = study.with_sampling(samples=min(TRIAL, study.sampling.samples), replicates=2)
    plan, begun = plan_of(small), time.perf_counter()
    engine.part(plan, 0, 1)
    return (time.perf_counter() - begun) / engine.effort(small) * whole / team


def _show(found: dict[str, dict[str, Any] | str], team: int, here: bool) -> None:
    from .memory import size_words
    from .report.text import Section
    from .terminal import console, show_section

    taking = {name: it for name, it in found.items() if not isinstance(it, str)}
    rows = [[name, f"nothing: {it}", "", "", "", ""] if isinstance(it, str) else
            [name, _made(it), f"{it['samples']:,}", _time(it["seconds"], here), size_words(it["memory_per_process"]),
             size_words(it["disk"])] for name, it in found.items()]
    columns = ["study", "would make", "samples", "time", "memory a process", "disk"]
    timed = any(it["seconds"] for it in taking.values())
    note = (f"Time: about that, to make the replicates on this machine in {team} process{'es' if team > 1 else ''}, at "
            "the pace of a small one.") if timed else ""
    show_section(Section("Nothing was run", columns, rows, note, words=2), console())


def _time(seconds: float | None, here: bool) -> str:
    """Of a cluster nothing; what is not timed is soon over."""
    if not here:
        return "–"
    if seconds is None or seconds < 60:
        return "< 1 min"
    return f"{seconds / 3600:,.1f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"


def _made(it: dict[str, Any]) -> str:
    reused = f" ({it['reused']} reused)" if it["reused"] else ""
    points = f" at {it['points']} points" if it["points"] else ""
    return f"{'at least ' if it['at_least'] else ''}{it['replicates']} replicates{points}{reused}"
