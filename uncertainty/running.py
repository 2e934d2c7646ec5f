"""The command that runs studies: one prints its tables, several a line each; files come after the answer.

Everything heavy is imported where it is used, so that what is wrong with the arguments is said at once.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import tempfile
import threading
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .memory import standing

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.console import Console

    from .batch import Source
    from .cost import Room
    from .study import Study
    from .works import Outcome, Work

OK, CLAIM_FAILED, BAD_INPUT = 0, 1, 2  # the larger one of several
INTERRUPTED, BROKEN_PIPE = 130, 141
TRIED = ".tried"  # what names of folders begin with that are made to see whether they can be


class UsageError(ValueError):
    """Arguments that make no sense together."""


def run(arguments: Namespace) -> int:
    """Run the studies that the arguments name; gives the exit status."""
    from .batch import expand, sources
    from .dry_run import dry_run

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
    works = [_work(source.study, arguments) for source in found if source.study is not None]
    check_writable("--out", arguments.out, arguments.out)
    rows = {source.name: [source.name, "", "", "", "cannot be read"] for source in failed}
    several = rows if len(found) > 1 else None
    if arguments.dry_run:
        return OK if dry_run(works, several, arguments) and not failed else BAD_INPUT
    return max(_perform(works, several, arguments), BAD_INPUT if failed else OK)


def _check_usage(arguments: Namespace) -> None:
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


def check_writable(option: str, given: Path, folder: Path) -> None:
    """Refuse what an option names where nothing can be written to its folder, before the work and not after it.

    It is tried: permissions alone do not tell, of root or where the system makes all files itself, as in /proc.
    """
    from .leftovers import owned, sweep

    there = standing(folder)
    if not there.is_dir():
        raise UsageError(f"{option} is {given}, but {there} is no folder")
    try:
        sweep(there, TRIED)
        Path(tempfile.mkdtemp(prefix=owned(TRIED), dir=there)).rmdir()
    except OSError as error:
        reason = "" if isinstance(error, FileNotFoundError) else f": {error.strerror}"  # there it is, though
        raise UsageError(f"{option} is {given}, but {there} cannot be written to{reason}") from None


def _work(study: Study, arguments: Namespace) -> Work:
    from .batch import PIECES
    from .store import unfit
    from .works import work_of

    if study.sweep and arguments.keep_samples:
        raise UsageError(f"--keep-samples is given, but {study.name} is swept: un.sample gives those of one point")
    folder = arguments.out / study.name
    if reason := unfit(folder):
        raise UsageError(f"{study.name} is to be written to {folder}, but {reason}: use another --out")
    if folder.is_symlink():
        check_writable("--out", folder, Path(os.path.realpath(folder)).parent)
    store = arguments.out / f"{study.name}.zarr" if arguments.keep_samples else None
    return work_of(study, arguments.tolerance, arguments.out / PIECES, arguments.resume, store)


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
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what ends a run is told by us
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


def _perform(works: list[Work], failed: Rows | None, arguments: Namespace) -> int:
    """Run studies, each to its end in whatever order they get there; of one alone, `failed` is None."""
    from .batch import outcomes
    from .execution import workers
    from .terminal import console, progress

    report = _Report(arguments, failed is not None, console(), failed or {})
    if failed is not None or arguments.json:  # of one, it is said below its tables
        for work in works:
            for line in work.study.doubts:
                print(f"{work.study.name}: worth a look: {line}", file=sys.stderr)
    due = report.affordable([work for work in works if not report.skip(work)])
    try:
        with (_terminable(), _executor(arguments.scheduler) as executor,
              progress(due, not arguments.no_progress) as pause):
            team = workers([job for work in due for job in work.jobs], arguments.jobs, executor)
            for outcome in outcomes(due, team):
                with pause():
                    report.finished(outcome)
    except KeyboardInterrupt:
        return _interrupted([work for work in due if work.study.name not in report.rows])
    return report.end([work.study.name for work in works])


def _interrupted(works: list[Work]) -> int:
    """Say what is kept of studies that have not come to their end."""
    for line in dict.fromkeys(line for work in works for line in work.refused):
        print(line, file=sys.stderr)
    kept = sum(work.done for work in works)
    more = f"; {kept} finished replicates are kept: --resume goes on from them" if kept else ""
    print(f"interrupted{more}", file=sys.stderr)
    return INTERRUPTED


def told(error: BaseException) -> str:
    """An error in a line, without a number."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.filename or 'output cannot be written'}: {error.strerror}"


@dataclass
class _Report:
    """What is said of studies as they end, and written: tables of one, a line each of several."""

    arguments: Namespace
    several: bool
    screen: Console
    rows: Rows
    summaries: dict[str, str] = field(default_factory=dict)
    status: int = OK

    def skip(self, work: Work) -> bool:
        """Whether a study need not run, as its results are current; one alone is never skipped."""
        from .batch import is_current

        folder = self.arguments.out / work.study.name
        if not self.several or self.arguments.force or not is_current(work, folder, not self.arguments.no_report):
            return False
        self._written(work.study.name, (folder / "summary.json").read_text(encoding="utf-8"))
        self._row(work.study.name, "current, not run again (--force would)", ["", "", "", "current"])
        return True

    def affordable(self, works: list[Work]) -> list[Work]:
        """Studies for which there is memory and disk; on a cluster that is for its workers to say."""
        from .cost import room

        if self.arguments.scheduler:
            return works
        free = room(works, self.arguments.jobs, self.arguments.out)
        return [work for work in works if self._let_in(work, free)]

    def _let_in(self, work: Work, free: Room) -> bool:
        from .cost import cost_of
        from .plan import ModelError

        name = work.study.name
        try:
            it = cost_of(_work(work.study, self.arguments), not self.arguments.no_report)
            if said := free.let_in(it, name):
                print(said, file=sys.stderr)
        except ModelError:
            return True  # which the run says itself
        except (MemoryError, OSError, ImportError) as error:
            self._failed(name, error)
            return False
        return True

    def finished(self, outcome: Outcome) -> None:
        """Print the answer, then write it."""
        from .batch import finish
        from .report.text import gist
        from .terminal import show

        work, results = outcome
        for line in work.refused:
            print(line, file=sys.stderr)
        if results is None:
            return self._failed(work.study.name, work.error or AssertionError())
        tables = not self.arguments.json and not self.several
        if tables:
            with suppress(BrokenPipeError):  # whoever reads has seen enough: what was run is written all the same
                show(results, self.screen, self.arguments.brief)
                sys.stdout.flush()  # whoever reads through a pipe has the answer first too
        try:
            folder, summary = finish(outcome, self.arguments.out, not self.arguments.no_report)
        except OSError as error:
            return self._failed(work.study.name, error)
        reused = f", {work.reused} replicates reused" if work.reused else ""
        samples, capex, rank = gist(results)
        told = f"{samples} samples, CapEx {capex}, ranks {rank}" if capex != rank else "constants only, exact"
        took = f"{work.seconds:.1f} s"
        self._row(work.study.name, f"{told}, {took}{reused}", [samples, capex, rank, took])
        if tables:
            every = f"; every sample to {folder}.zarr" if work.store else ""
            if self.arguments.resume:
                print(f"Resumed: {work.reused} of {work.done} replicates were there already.")
            page = "\nreport.html and figures/, and " if not self.arguments.no_report else " "
            print(f"Written to {folder}:{page}report.md, summary.json, results.nc, tables/{every}\n", flush=True)
        return self._written(work.study.name, summary)

    def _failed(self, name: str, error: BaseException) -> None:
        if not self.several:
            raise error
        self.status = BAD_INPUT
        print(f"{name} failed: {told(error)}", file=sys.stderr)
        self._row(name, "failed", ["", "", "", "failed"])

    def _written(self, name: str, text: str) -> None:
        """Take up a summary, and say which claims fail that must hold."""
        from .batch import failing

        if self.arguments.json:
            self.summaries[name] = text
        for line in failing(text):
            self.status = max(self.status, CLAIM_FAILED)
            print(f"{name}: {line}", file=sys.stderr)

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
