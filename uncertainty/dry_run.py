"""What studies would take: replicates to be made, memory and disk. Nothing is run."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .works import Work


def dry_run(works: list[Work], failed: dict[str, list[str]] | None, arguments: Namespace) -> bool:
    """Say what would run, and what it takes; gives whether all of them can."""
    from .batch import cost_of, is_current, size
    from .report.text import Section
    from .terminal import console, show_section

    rows, fine = [], True
    for work in works:
        name = work.study.name
        if failed is not None and not arguments.force and is_current(
                work, arguments.out / name, not arguments.no_report):
            rows.append([name, "nothing: current", "", "", ""])
            continue
        try:
            it = cost_of(work, not arguments.no_report)
        except (ValueError, OSError, ImportError) as error:
            fine = False
            print(f"{name} cannot run: {error}", file=sys.stderr)
            rows.append([name, "nothing: cannot run", "", "", ""])
            continue
        reused = f" ({work.reused} reused)" if work.reused else ""
        points = f" at {len(work.jobs)} points" if work.study.sweep else ""
        least = "at least " if work.tolerance is not None else ""
        rows.append([name, f"{least}{it.replicates} replicates{points}{reused}", f"{it.samples:,}",
                     size(it.memory), size(it.disk)])
    rows += [[name, "nothing: cannot be read", "", "", ""] for name in failed or {}]
    columns = ["study", "would make", "samples", "memory a process", "disk"]
    show_section(Section("Nothing was run", columns, rows, words=2), console())
    return fine
