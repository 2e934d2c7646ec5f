"""What the command prints: tables, lines and a progress bar. Progress goes to a terminal only, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from .report.text import Section
    from .results import Results
    from .study import Study
    from .sweep import Sweep
    from .works import Work

LEAST = 40  # columns of a terminal: in fewer, figures would be cut in two
REFRESH = 0.1  # seconds between two pictures of the progress bar


def console() -> Console:
    """Standard output: as wide as the terminal; 80 columns without colour elsewhere."""
    plain: dict[str, Any] = {"highlight": False, "emoji": False}
    if not sys.stdout.isatty():
        return _Screen(width=80, color_system=None, **plain)
    screen = _Screen(**plain)
    screen.width = max(screen.width, LEAST)
    return screen


class _Screen(Console):
    """A console that leaves it to the command what happens when whoever reads has seen enough."""

    def on_broken_pipe(self) -> None:
        """Raise what was raised, where rich would end with the status that a claim gives."""
        raise BrokenPipeError


def show(results: Results | Sweep, screen: Console, brief: bool = False) -> None:
    """Print the answer and, but in `brief`, the tables of a run; and how far to trust them."""
    from .report import sections, sweep_sections
    from .report.answer import answer
    from .report.sweep_answer import sweep_answer
    from .report.text import trust
    from .sweep import Sweep

    heading(results.study, screen)
    for sentence in sweep_answer(results) if isinstance(results, Sweep) else answer(results):
        screen.print(f"{sentence}\n", markup=False)
    if not brief:
        found = sweep_sections.sections(results) if isinstance(results, Sweep) else sections.sections(results)
        for section in found:
            show_section(section, screen)
    screen.print(trust(results), markup=False)
    worth_a_look(results.study, screen)


def worth_a_look(study: Study, screen: Console) -> None:
    """Print what of a study is mostly a slip."""
    for line in study.doubts:
        screen.print(f"Worth a look: {line}.", markup=False)


def heading(study: Study, screen: Console) -> None:
    """Print what a study is."""
    from .report.text import at_point

    screen.print(Text(study.title, style="bold"))
    if told := at_point(study):
        screen.print(told, markup=False)
    if study.description:
        screen.print(f"{' '.join(study.description.split())}\n", markup=False)


def show_section(section: Section, screen: Console) -> None:
    """Print a table whole: where its figures need more room than the screen has, the screen is made wider."""
    widths = _widths(section, screen.width)
    narrow, screen.width = screen.width, max(screen.width, sum(widths) + 2 * len(widths) - 2)
    screen.print(_table(section, widths))
    screen.width = narrow
    if section.note:
        screen.print(f"{section.note}\n", style="dim", markup=False)


def _widths(section: Section, room: int) -> list[int]:
    """Widths of columns: their longest words and figures, and for words more while there is room."""
    cells = list(zip(section.columns, *section.rows, strict=True))
    whole = [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in cells]
    widths = [max((cell_len(word) for cell in column for word in cell.split()), default=0) if i < section.words
              else whole[i] for i, column in enumerate(cells)]
    spare = room - sum(widths) - 2 * len(widths) + 2
    while spare > 0 and (short := [i for i in range(section.words) if widths[i] < whole[i]]):
        for i in short[:spare]:
            widths[i], spare = widths[i] + 1, spare - 1
    return widths


def _table(section: Section, widths: list[int]) -> Any:
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(title=Text(section.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD,
                      pad_edge=False, show_edge=False, collapse_padding=True)
    for i, (column, width) in enumerate(zip(section.columns, widths, strict=True)):
        words = i < section.words
        table.add_column(Text(column), justify="left" if words else "right", no_wrap=not words, overflow="fold",
                         width=width)
    for row in section.rows:
        table.add_row(*map(Text, row))
    return table


def describe(study: Study, screen: Console) -> None:
    """Print the inputs of a study, and that it is in order."""
    from .report.inputs import inputs
    from .report.text import Section, number

    heading(study, screen)
    rows = []
    for name, scenario, build, precision, unit, value, _, low, high, *_, grade, _, _ in inputs(study).rows:
        spread = "" if low != low else f"{number(low)}–{number(high)}"
        where = " ".join(filter(None, [build, scenario]))
        rows.append([f"{name} {precision}".strip(), where, value, spread, unit, grade])
    show_section(Section("Inputs", ["input", "where", "value", "5 %–95 %", "unit", "grade"], rows, words=3), screen)
    _describe_rest(study, screen)
    sampling, uncertain = study.sampling, len(study.points[0].streams())
    if study.sweep:
        sizes = " x ".join(f"{axis.name} ({len(axis.labels)})" for axis in study.sweep)
        screen.print(f"swept: {sizes} = {len(study.points)} points, each a run of its own", markup=False)
    state = "can be run" if study.doubts else "is fine"
    screen.print(f"\n{study.name} {state}: {len(study.builds)} builds, {len(study.scenarios)} scenarios, {uncertain} "
                 f"uncertain inputs, {sampling.replicates} x {sampling.samples:,} samples ({sampling.method}, seed "
                 f"{sampling.seed}).", markup=False)
    worth_a_look(study, screen)


def _describe_rest(study: Study, screen: Console) -> None:
    """Print what is no single input: correlation, components and criteria."""
    from .report.text import criterion_name

    for (a, b), rho in study.correlation.items():
        screen.print(f"correlated: {a} and {b}, Spearman {rho:g}", markup=False)
    for name, per in study.components.items():
        screen.print(f"component: {name}, {'once' if per == 'once' else f'per {per}'}", markup=False)
    screen.print(f"ranked by: {', '.join(map(criterion_name, study.criteria))}", markup=False)
    for name, streams in study.inquiry.groups:
        screen.print(f"group {name}: {', '.join(streams)}", markup=False)
    for m in study.inquiry.measurements:
        cost = "" if m.cost is None else f", {m.cost:,g} USD"
        error = f"{100 * m.error:g} %" if m.relative else f"{m.error:g}"
        screen.print(f"could be measured: {m.stream} within {error}{cost}: {m.says}", markup=False)
    screen.print(tested(study), markup=False)


def tested(study: Study) -> str:
    """How much a study puts to the test, and of which documents."""
    counts = [f"{len(found)} {word}{'' if len(found) == 1 else 's'}"
              for word, found in zip(("claim", "pick", "rating"), study.ledger, strict=True)]
    must = sum(claim.must_hold is not None for claim in study.ledger.claims)
    asked = f" ({must} must hold)" if must else ""
    sheets = [name.removeprefix("documents/") for name in study.files if name.startswith("documents/")]
    of = f"; of document: {', '.join(sheets)}" if sheets else ""
    return f"put to the test: {counts[0]}{asked}, {counts[1]}, {counts[2]}{of}"


# --- progress --------------------------------------------------------------------------------------------------


class Progress:
    """Replicates done, studies or points done and time left, in one line that goes when all is done."""

    def __init__(self, works: Sequence[Work], bar: Any) -> None:
        """Of these studies, on a bar of rich's."""
        self.works, self.bar, self.drawn = works, bar, 0.0
        self.jobs = [job for work in works for job in work.jobs]
        self.begun = time.monotonic()
        self.task = bar.add_task(self._told(), total=max(self._sum("wanted"), 1), left=self._left())

    @property
    def ended(self) -> bool:
        """Whether all is done."""
        return all(job.finished for job in self.jobs)

    def __call__(self, *_: Any) -> None:
        """Draw it anew, but not too often."""
        now = time.monotonic()
        if now - self.drawn > REFRESH or self.ended:
            self.drawn = now
            self.bar.update(self.task, description=self._told(), completed=self._sum("done"),
                            total=max(self._sum("wanted"), 1), left=self._left(), refresh=True)

    def _sum(self, name: str) -> int:
        return sum(getattr(work, name) for work in self.works)

    def _left(self) -> str:
        """How long the rest takes at the pace so far: rich forgets those that were done half a minute ago."""
        made = self._sum("done") - self._sum("reused")
        if not made:
            return ""
        seconds = round((time.monotonic() - self.begun) / made * (self._sum("wanted") - self._sum("done")))
        return f"{timedelta(seconds=seconds)} left"

    def _told(self) -> str:
        """The study; how many of its points, or of several studies, are done."""
        ended = [[job.finished for job in work.jobs] for work in self.works]
        if len(ended) > 1:
            return f"{sum(map(all, ended))} of {len(ended)} studies"
        points = f": {sum(ended[0])} of {len(ended[0])} points" if len(ended[0]) > 1 else ""
        return f"{self.works[0].study.name}{points}"


@contextmanager
def progress(works: Sequence[Work], wanted: bool) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Show how far jobs have come; gives what takes the bar away while something is printed."""
    if not wanted or not works or not sys.stderr.isatty():
        yield nullcontext
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
               TextColumn("replicates"), TextColumn("{task.fields[left]}"))
    with Bar(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        shown = Progress(works, bar)
        for job in shown.jobs:
            job.progress = shown

        @contextmanager
        def pause() -> Iterator[None]:
            bar.stop()
            yield
            if not shown.ended:
                bar.start()

        yield pause
