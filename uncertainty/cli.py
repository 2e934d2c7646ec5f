"""The command: arguments in, tables on the terminal, results in a folder, an exit status for scripts."""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.console import Console

    from .batch import Outcome, Source
    from .jobs import Job
    from .study import Study

REFERENCE = "configs/studies/reference.toml"
OK, BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 0, 2, 130, 141


class UsageError(ValueError):
    """Arguments that make no sense together."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="uncertainty", description="How wide are CapEx, battery counts and throughput of a purchase, who wins, "
        "and does the ranking flip? A study is a TOML file in which any number may be a distribution.")
    top.add_argument("--version", action="version", version=f"uncertainty {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _run_arguments(commands.add_parser(
        "run", help="run studies: tables on the terminal, files in a folder",
        description="Run studies: one prints its tables, several a line each. Without a STUDY, the reference study.",
        epilog="Exit status: 0, 2 for bad input or usage or where a study failed, 130 where interrupted."))
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
                         help="path of a TOML file, folder of such files, or name of a shipped study "
                              f"(default: {REFERENCE})")


def _run_arguments(run: argparse.ArgumentParser) -> None:
    _study_argument(run)
    run.add_argument("--out", metavar="DIR", type=Path, default=Path("results"),
                     help="write DIR/<study>/ (default: results)")
    run.add_argument("--samples", metavar="N", type=int, help="samples a replicate, a power of two")
    run.add_argument("--replicates", metavar="R", type=int, help="independent point sets, from which errors come")
    run.add_argument("--seed", metavar="S", type=int, help="a whole number; same seed, same figures")
    run.add_argument("--tolerance", metavar="T", type=float,
                     help="add replicates until the standard errors of CapEx quantiles (relative) and of rank "
                          "probabilities (absolute) are below T, at most 256")
    run.add_argument("--jobs", metavar="J", type=int, help="processes (default: every core, where it pays)")
    run.add_argument("--scheduler", metavar="ADDRESS",
                     help="work on a Dask cluster, such as tcp://host:8786 (extra: dask)")
    run.add_argument("--resume", action="store_true",
                     help="go on from the replicates that an earlier run finished: one that was stopped, or one of "
                          "fewer replicates or a wider tolerance")
    run.add_argument("--force", action="store_true", help="run studies again whose results are current (of several)")
    run.add_argument("--dry-run", action="store_true", help="say what would run, and what it takes; run nothing")
    run.add_argument("--keep-samples", action="store_true",
                     help="write every input and output of every sample to DIR/<study>.zarr (extra: zarr)")
    run.add_argument("--json", action="store_true", help="print the summary as JSON, and no tables")
    run.add_argument("--no-progress", action="store_true", help="no progress bar (there is none but on a terminal)")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; gives the exit status."""
    arguments = parser().parse_args(argv)
    commands: dict[str, Any] = {"run": _run, "check": _check, "init": _init}
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a dash or a sign of interval
    try:
        return int(commands[arguments.command](arguments))
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (ValueError, MemoryError, RuntimeError, ImportError) as error:
        if not isinstance(error, _expected()):
            raise
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'cannot be written'}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return BAD_INPUT


def _expected() -> tuple[type[Exception], ...]:
    """Errors that a user's input or machine makes, as against ours."""
    from .execution import WorkerError
    from .plan import ModelError
    from .study import StudyError

    return StudyError, UsageError, ModelError, WorkerError, MemoryError, ModuleNotFoundError


# --- run -------------------------------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace) -> int:
    from .batch import expand, sources

    _check_usage(arguments)
    names = expand(arguments.studies)
    sampling = {name: getattr(arguments, name) for name in ("samples", "replicates", "seed")}
    found = list(sources(names, **sampling))
    failed = [source for source in found if source.error is not None]
    if failed and len(found) == 1:
        raise failed[0].error or AssertionError
    for source in failed:
        print(source.error, file=sys.stderr)
    _check_names(found)
    jobs = [_job(source.study, arguments) for source in found if source.study is not None]
    _check_writable(arguments.out)
    rows = {source.name: [source.name, "", "", "", "cannot be read"] for source in failed}
    status = (_dry_run if arguments.dry_run else _perform)(jobs, rows if len(found) > 1 else None, arguments)
    return BAD_INPUT if failed else status


def _check_usage(arguments: argparse.Namespace) -> None:
    if arguments.jobs is not None and arguments.jobs < 1:
        raise UsageError(f"--jobs is {arguments.jobs}; wanted at least 1")
    if arguments.jobs is not None and arguments.scheduler:
        raise UsageError("--jobs and --scheduler are given; wanted one: a cluster has its own workers")
    if arguments.tolerance is not None and not 0 < arguments.tolerance < 1:
        raise UsageError(f"--tolerance is {arguments.tolerance}; wanted a number between 0 and 1")


def _check_names(found: Sequence[Source]) -> None:
    """Refuse studies that would share a folder."""
    seen: dict[str, str] = {}
    for source in found:
        if source.study is not None and source.name != seen.setdefault(source.study.name, source.name):
            raise UsageError(f"two studies are called {source.study.name} and would share a folder: "
                             f"{seen[source.study.name]} and {source.name}; run them with other --out")


def _check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made, before the work and not after it."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not there.is_dir():
        raise UsageError(f"--out is {folder}, but {there} is no folder")
    if not os.access(there, os.W_OK):
        raise UsageError(f"--out is {folder}, but {there} cannot be written to")


def _job(study: Study, arguments: argparse.Namespace) -> Job:
    from .batch import PIECES
    from .jobs import Job, Store
    from .pieces import Pieces

    pieces = Pieces(study, arguments.out / PIECES, arguments.resume)
    store = Store(str((arguments.out / f"{study.name}.zarr").resolve()), pieces.key) if arguments.keep_samples else None
    return Job(study, arguments.tolerance, pieces, store)


@contextmanager
def _executor(address: str | None) -> Iterator[Executor | None]:
    """A Dask cluster's executor, if there is an address."""
    if address is None:
        yield None
        return
    if not re.fullmatch(r"((tcp|tls|ucx|wss?)://)?[^/\s]+:\d+", address):
        raise UsageError(f"--scheduler is {address}, but no scheduler answers there; wanted an address such as "
                         "tcp://host:8786")
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise UsageError("--scheduler needs Dask: pip install 'uncertainty[dask]'") from None
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"--scheduler is {address}, but no scheduler answers there: {error}") from None
    if not client.nthreads():
        print(f"waiting: the scheduler at {address} has no workers yet", file=sys.stderr)
    with client, client.get_executor() as executor:
        yield executor


@contextmanager
def _terminable() -> Iterator[None]:
    """While a run is under way, a request to end is as good as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


Rows = dict[str, list[str]]  # of the table of a batch, by study


def _perform(jobs: list[Job], failed: Rows | None, arguments: argparse.Namespace) -> int:
    """Run studies, each to its end in whatever order they get there; of one alone, `failed` is None."""
    from .batch import outcomes
    from .execution import workers
    from .terminal import console, progress

    report = _Report(arguments, failed is not None, console(), failed or {})
    due = [job for job in jobs if not report.skip(job)]
    try:
        with (_terminable(), _executor(arguments.scheduler) as executor,
              progress(due, not arguments.no_progress) as pause):
            team = workers(due, arguments.jobs, executor)
            for outcome in outcomes(due, team):
                with pause():
                    report.finished(outcome)
    except KeyboardInterrupt:
        kept = sum(job.done for job in due if not job.finished)
        print(f"interrupted; {kept} finished replicates are kept: --resume goes on from them", file=sys.stderr)
        return INTERRUPTED
    return report.end([job.study.name for job in jobs])


@dataclass
class _Report:
    """What is said of studies as they end, and written: tables of one, a line each of several."""

    arguments: argparse.Namespace
    several: bool
    screen: Console
    rows: Rows
    summaries: dict[str, str] = field(default_factory=dict)
    status: int = OK

    def skip(self, job: Job) -> bool:
        """Whether a study need not run, as its results are current; one alone is never skipped."""
        from .batch import is_current

        folder = self.arguments.out / job.study.name
        if not self.several or self.arguments.force or not is_current(job, folder):
            return False
        self._summary(job.study.name, folder)
        self._row(job.study.name, "current, not run again (--force would)", ["", "", "", "current"])
        return True

    def finished(self, outcome: Outcome) -> None:
        """Print the answer, then write it."""
        from .batch import finish
        from .report.text import gist
        from .terminal import show

        job, results = outcome
        for line in dict.fromkeys(job.refused):
            print(line, file=sys.stderr)
        if results is None:
            return self._failed(job.study.name, job.error or AssertionError())
        tables = not self.arguments.json and not self.several
        if tables:
            show(results, self.screen)
        try:
            folder = finish(outcome, self.arguments.out)
        except OSError as error:
            return self._failed(job.study.name, error)
        self._summary(job.study.name, folder)
        reused = f", {job.reused} replicates reused" if job.reused else ""
        samples, capex, rank = gist(results)
        self._row(job.study.name, f"{samples} samples, CapEx {capex}, ranks {rank}, {job.seconds:.1f} s{reused}",
                  [samples, capex, rank, f"{job.seconds:.1f} s"])
        if tables:
            every = f"; every sample to {folder}.zarr" if job.store else ""
            if self.arguments.resume:
                print(f"Resumed: {job.reused} of {job.done} replicates were there already.")
            print(f"Written to {folder}: report.md, summary.json, results.nc, tables/{every}\n")
        return None

    def _failed(self, name: str, error: BaseException) -> None:
        if not self.several:
            raise error
        self.status = BAD_INPUT
        print(f"{name} failed: {error}", file=sys.stderr)
        self._row(name, "failed", ["", "", "", "failed"])

    def _summary(self, name: str, folder: Path) -> None:
        if self.arguments.json:
            self.summaries[name] = (folder / "summary.json").read_text(encoding="utf-8")

    def _row(self, name: str, line: str, row: list[str]) -> None:
        self.rows[name] = [name, *row]
        if self.several and not self.arguments.json:
            self.screen.print(f"{name}: {line}", markup=False)

    def end(self, names: list[str]) -> int:
        """Print what is said when all is done, in the order of names; gives the exit status."""
        from .report.text import Section
        from .terminal import show_section

        if self.arguments.json:
            found = [self.summaries[name] for name in names if name in self.summaries]
            print(f"[\n{','.join(found)}]" if self.several else found[0])
        elif self.several:
            rows = [self.rows.pop(name) for name in names] + list(self.rows.values())  # last what could not be read
            show_section(Section("Studies", ["study", "samples", "CapEx quantiles", "rank probabilities", ""], rows,
                                 f"Sampling error, 95 %. Written to {self.arguments.out}/<study>/.", 2), self.screen)
        return self.status


def _dry_run(jobs: list[Job], failed: Rows | None, arguments: argparse.Namespace) -> int:
    """Say what would run, and what it takes."""
    from .batch import cost, is_current
    from .report.text import Section
    from .terminal import console, show_section

    rows, status = [], OK
    for job in jobs:
        name = job.study.name
        if failed is not None and not arguments.force and is_current(job, arguments.out / name):
            rows.append([name, "nothing: current", "", "", ""])
            continue
        try:
            it = cost(job)
        except (ValueError, OSError, ImportError) as error:
            status = BAD_INPUT
            print(f"{name} cannot run: {error}", file=sys.stderr)
            rows.append([name, "nothing: cannot run", "", "", ""])
            continue
        reused = f" ({job.reused} reused)" if job.reused else ""
        least = "at least " if job.tolerance is not None else ""
        rows.append([name, f"{least}{it.replicates} replicates{reused}", f"{it.samples:,}",
                     _size(it.memory), _size(it.disk)])
        job.forget()
    rows += [[name, "nothing: cannot be read", "", "", ""] for name in failed or {}]
    columns = ["study", "would make", "samples", "memory a process", "disk"]
    show_section(Section("Nothing was run", columns, rows, words=2), console())
    return status


def _size(bytes_: int) -> str:
    return f"{bytes_ / 1e6:,.0f} MB" if bytes_ < 1e9 else f"{bytes_ / 1e9:,.1f} GB"


# --- check and init --------------------------------------------------------------------------------------------


def _check(arguments: argparse.Namespace) -> int:
    from .batch import expand, sources
    from .terminal import console, describe

    status = OK
    for source in sources(expand(arguments.studies)):
        if source.study is None:
            status = BAD_INPUT
            print(source.error, file=sys.stderr)
        else:
            describe(source.study, console())
    return status


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
