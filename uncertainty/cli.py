"""The command: arguments in, tables on the terminal, results in a folder, an exit status for scripts."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from .report.text import Section
    from .results import Results
    from .study import Study

REFERENCE = "configs/studies/reference.toml"
OK, BAD_INPUT = 0, 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="uncertainty", description="How wide are CapEx, battery counts and throughput of a purchase, who wins, "
        "and does the ranking flip? A study is a TOML file in which any number may be a distribution.")
    top.add_argument("--version", action="version", version=f"uncertainty {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run studies: tables on the terminal, files in a folder",
                              description="Run studies. Without a STUDY, the reference study.",
                              epilog="Exit status: 0, or 2 for bad input or usage.")
    _study_argument(run)
    run.add_argument("--out", metavar="DIR", type=Path, default=Path("results"),
                     help="write DIR/<study>/ (default: results)")
    run.add_argument("--samples", metavar="N", type=int, help="samples a replicate, a power of two")
    run.add_argument("--replicates", metavar="R", type=int, help="independent point sets, from which errors come")
    run.add_argument("--seed", metavar="S", type=int, help="a whole number; same seed, same figures")
    run.add_argument("--jobs", metavar="J", type=int, help="processes (default: every core, where it pays)")
    run.add_argument("--tolerance", metavar="T", type=float,
                     help="add replicates until the standard errors of CapEx quantiles (relative) and of rank "
                          "probabilities (absolute) are below T")
    run.add_argument("--json", action="store_true", help="print the summary as JSON, and no tables")
    run.add_argument("--no-progress", action="store_true", help="no progress bar (there is none but on a terminal)")
    check = commands.add_parser("check", help="validate studies and show their inputs",
                                description="Validate studies and show their inputs; exit status 2 with every problem.")
    _study_argument(check)
    init = commands.add_parser("init", help="write a commented study to start from",
                               description="Write a commented study that runs as it is.")
    init.add_argument("path", metavar="PATH", nargs="?", type=Path, default=Path("study.toml"),
                      help="file to write (default: study.toml); never over an existing one")
    return top


def _study_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("studies", metavar="STUDY", nargs="*", default=[REFERENCE],
                         help=f"path of a TOML file, or name of a shipped study (default: {REFERENCE})")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; gives the exit status."""
    arguments = parser().parse_args(argv)
    commands: dict[str, Any] = {"run": _run, "check": _check, "init": _init}
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a dash or a sign of interval
    try:
        return int(commands[arguments.command](arguments))
    except ValueError as error:
        from .engine import ModelError
        from .study import StudyError

        if not isinstance(error, StudyError | UsageError | ModelError):
            raise
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'results'}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130
    return BAD_INPUT


class UsageError(ValueError):
    """Arguments that make no sense together."""


def _run(arguments: argparse.Namespace) -> int:
    from .study import load

    if arguments.jobs is not None and arguments.jobs < 1:
        raise UsageError(f"--jobs is {arguments.jobs}; wanted at least 1")
    if arguments.tolerance is not None and not 0 < arguments.tolerance < 1:
        raise UsageError(f"--tolerance is {arguments.tolerance}; wanted a number between 0 and 1")
    studies = [load(name).with_sampling(samples=arguments.samples, replicates=arguments.replicates,
                                        seed=arguments.seed) for name in arguments.studies]
    twice = {s.name for s in studies if [t.name for t in studies].count(s.name) > 1}
    if twice:
        raise UsageError(f"two studies are called {twice.pop()} and would share a folder; run them with other --out")
    _check_writable(arguments.out)
    summaries = [_run_one(study, arguments) for study in studies]
    if arguments.json:
        print(summaries[0] if len(summaries) == 1 else f"[\n{','.join(summaries)}]")
    return OK


def _check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made, before the work and not after it."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not there.is_dir():
        raise UsageError(f"--out is {folder}, but {there} is no folder")
    if not os.access(there, os.W_OK):
        raise UsageError(f"--out is {folder}, but {there} cannot be written to")


def _run_one(study: Study, arguments: argparse.Namespace) -> str:
    from .results import run
    from .store import to_json, write

    with _progress(study, arguments) as progress:
        results = run(study, jobs=arguments.jobs, tolerance=arguments.tolerance, progress=progress)
    if not arguments.json:
        show(results, console())
    folder = write(results, arguments.out / study.name)
    if not arguments.json:
        print(f"Written to {folder}: report.md, summary.json, results.nc, tables/\n")
    return to_json(results) if arguments.json else ""


@contextmanager
def _progress(study: Study, arguments: argparse.Namespace) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error while replicates are made; nothing where that is no terminal."""
    if arguments.no_progress or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task(study.name, total=None)
        yield lambda done, wanted: bar.update(task, completed=done, total=wanted, refresh=True)


def console() -> Console:
    """Standard output: as wide as the terminal; 80 columns without colour elsewhere."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(width=80, highlight=False, color_system=None)


def show(results: Results, screen: Console) -> None:
    """Print the tables of a run."""
    from .report.text import sections, trust

    heading(results.study, screen)
    for section in sections(results):
        _print(section, screen)
    screen.print(trust(results), markup=False)


def heading(study: Study, screen: Console) -> None:
    """Print what a study is."""
    from rich.text import Text

    screen.print(Text(study.title, style="bold"))
    if study.description:
        screen.print(f"{' '.join(study.description.split())}\n", markup=False)


def _print(section: Section, screen: Console) -> None:
    """Print a table whole: where its figures need more room than the screen has, the screen is made wider."""
    plain = [section.columns, *section.rows]
    least = [max(max(map(len, cell.split() if i < section.words else cell.split("\n")), default=0)
                 for cell in (row[i] for row in plain)) for i in range(len(section.columns))]
    narrow, screen.width = screen.width, max(screen.width, sum(least) + 2 * len(least))
    screen.print(_table(section))
    screen.width = narrow
    screen.print(f"{section.note}\n", style="dim", markup=False)


def _table(section: Section) -> Any:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(title=Text(section.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD,
                      pad_edge=False, show_edge=False, collapse_padding=True)
    for i, column in enumerate(section.columns):
        words = i < section.words
        longest = max((len(word) for row in section.rows for word in row[i].split()), default=0)
        table.add_column(Text(column), justify="left" if words else "right", no_wrap=not words, overflow="fold",
                         min_width=longest if words else None)
    for row in section.rows:
        table.add_row(*map(Text, row))
    return table


def _check(arguments: argparse.Namespace) -> int:
    from .study import StudyError, load

    failed = []
    for name in arguments.studies:
        try:
            _describe(load(name), console())
        except StudyError as error:
            failed.append(error)
            print(error, file=sys.stderr)
    return BAD_INPUT if failed else OK


def _describe(study: Study, screen: Console) -> None:
    from .report.tables import inputs
    from .report.text import Section, number

    heading(study, screen)
    rows = []
    for name, scenario, build, precision, unit, value, _, low, high, *_, grade, _, _ in inputs(study).rows:
        spread = "" if low != low else f"{number(low)}–{number(high)}"
        where = " ".join(filter(None, [build, scenario]))
        rows.append([f"{name} {precision}".strip(), where, value, spread, unit, grade])
    _print(Section("Inputs", ["input", "where", "value", "5 %–95 %", "unit", "grade"], rows, words=3), screen)
    _describe_rest(study, screen)
    sampling, uncertain = study.sampling, len(study.streams())
    screen.print(f"\n{study.name} is fine: {len(study.builds)} builds, {len(study.scenarios)} scenarios, {uncertain} "
                 f"uncertain inputs, {sampling.replicates} x {sampling.samples:,} samples ({sampling.method}, seed "
                 f"{sampling.seed}).", markup=False)


def _describe_rest(study: Study, screen: Console) -> None:
    """Print what is no single input: correlation, components and criteria."""
    from .report.text import criterion_name

    for (a, b), rho in study.correlation.items():
        screen.print(f"correlated: {a} and {b}, Spearman {rho:g}", markup=False)
    for name, per in study.components.items():
        screen.print(f"component: {name}, {'once' if per == 'once' else f'per {per}'}", markup=False)
    screen.print(f"ranked by: {', '.join(map(criterion_name, study.criteria))}", markup=False)


def _init(arguments: argparse.Namespace) -> int:
    from .study import shipped

    text = (shipped() / "starter.toml").read_text(encoding="utf-8")
    try:
        with arguments.path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(f"{arguments.path} exists already; name another file") from None
    print(f"Wrote {arguments.path}. Put your own numbers in, then: uncertainty run {arguments.path}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
