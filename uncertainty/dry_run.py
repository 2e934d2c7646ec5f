"""What studies would take: replicates to be made, memory and disk. Nothing is run."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .works import Work


def dry_run(works: list[Work], failed: dict[str, list[str]] | None, arguments: Namespace) -> bool:
    """Say what would run, and what it takes; gives whether all of them can."""
    from .report.summary import to_json

    found = {work.study.name: _takes(work, failed is not None and not arguments.force, arguments) for work in works}
    found |= dict.fromkeys(failed or {}, "cannot be read")
    if arguments.json:
        print(to_json([{"study": name} | ({"nothing": it} if isinstance(it, str) else it)
                       for name, it in found.items()]))
    else:
        _show(found)
    return "cannot run" not in found.values()


def _takes(work: Work, skip: bool, arguments: Namespace) -> dict[str, Any] | str:
    """What a study would take, or why it would not run."""
    from .batch import is_current
    from .cost import cost_of

    if skip and is_current(work, arguments.out / work.study.name, not arguments.no_report):
        return "current"
    try:
        it = cost_of(work, not arguments.no_report)
    except (ValueError, OSError, ImportError) as error:
        print(f"{work.study.name} cannot run: {error}", file=sys.stderr)
        return "cannot run"
    return {"replicates": it.replicates, "at_least": work.tolerance is not None, "reused": work.reused,
            "points": len(work.jobs) if work.study.sweep else None, "samples": it.samples,
            "memory_per_process": it.memory, "disk": it.disk}


def _show(found: dict[str, dict[str, Any] | str]) -> None:
    from .memory import size_words
    from .report.text import Section
    from .terminal import console, show_section

    rows = [[name, f"nothing: {it}", "", "", ""] if isinstance(it, str) else
            [name, _made(it), f"{it['samples']:,}", size_words(it["memory_per_process"]), size_words(it["disk"])]
            for name, it in found.items()]
    columns = ["study", "would make", "samples", "memory a process", "disk"]
    show_section(Section("Nothing was run", columns, rows, words=2), console())


def _made(it: dict[str, Any]) -> str:
    reused = f" ({it['reused']} reused)" if it["reused"] else ""
    points = f" at {it['points']} points" if it["points"] else ""
    return f"{'at least ' if it['at_least'] else ''}{it['replicates']} replicates{points}{reused}"
