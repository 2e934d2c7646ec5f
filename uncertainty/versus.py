"""The command that puts two results side by side."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attributing import Step
    from .comparing import Comparison
    from .sides import Side
    from .study import Study


def compare(arguments: Namespace) -> int:
    """Compare what the arguments name; gives the exit status."""
    from . import comparing
    from .report.comparison_tree import tree
    from .report.summary import to_json
    from .running import UsageError, check_writable

    names = arguments.before, arguments.after
    if arguments.page and arguments.page.is_dir():
        raise UsageError(f"--page: {arguments.page} is a folder; name a file, such as {arguments.page}/page.html")
    if arguments.page:
        check_writable("--page", arguments.page, arguments.page.parent)
    found = {name: _side(name) for name in dict.fromkeys(names)}
    with _counted(not arguments.json) as step:
        comparison = comparing.compare(found[names[0]], found[names[1]], step)
    if arguments.json:
        print(to_json(tree(comparison)))
    else:
        _show(comparison)
    if arguments.page:
        _write(comparison, arguments.page)
        if not arguments.json:
            print(f"Written to {arguments.page}")
    return 0


def _write(comparison: Comparison, path: Path) -> None:
    """Write the page, whole or not at all."""
    from .charts import compared
    from .leftovers import sweep
    from .page.comparison import page
    from .page.html import html
    from .pieces import SCRATCH, whole

    sweep(path.parent, SCRATCH)
    text = html(page(comparison, [(drawn, drawn.svg()) for drawn in compared(comparison)]))
    with whole(path) as scratch:
        scratch.write_text(text, encoding="utf-8", newline="\n")


def _show(comparison: Comparison) -> None:
    """Print what it comes to, the tables, and how far to trust them."""
    from .report.comparison import gist, sections, trust
    from .terminal import console, show_section

    screen, (head, *lines) = console(), gist(comparison)
    screen.print(head, style="bold", markup=False)
    for line in [*lines, ""] if lines else []:
        screen.print(line, markup=False)
    for section in chain(*sections(comparison)):
        show_section(section, screen)
        if not section.note:
            screen.print()
    if told := trust(comparison):
        screen.print(told, markup=False)


def _side(name: str) -> Side:
    """A results folder, or else a study, which is run."""
    from .files import StudyError, locate
    from .opening import SWEPT, FolderError, opened
    from .study import load

    if Path(name).is_dir():
        return opened(Path(name))
    try:
        path = locate(name)
    except StudyError as error:
        raise FolderError(f"{name}: no such results folder; and {error.problems[0].what}") from None
    study = load(path)
    if study.sweep:
        raise FolderError(f"{name}: {SWEPT}")
    return _run(name, study)


def _run(name: str, study: Study) -> Side:
    from .inquiry import Inquiry
    from .report.summary import outline
    from .runner import run
    from .sides import side
    from .versions import versions

    results = run(replace(study, inquiry=Inquiry()), jobs=None)
    return side(name, outline(results, versions()) | {"digest": study.digest}, study)


@contextmanager
def _counted(wanted: bool) -> Iterator[Step | None]:
    """Say how many studies have been run, on a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("comparing") as status:
        yield lambda done, most: status.update(f"what explains the moves: {done} of {most} studies in between")
