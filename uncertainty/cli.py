"""The command: arguments in, tables on the terminal, results in a folder, an exit status for scripts."""

from __future__ import annotations

import argparse
import io
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import __version__
from .running import BAD_INPUT, BROKEN_PIPE, INTERRUPTED, OK, UsageError, run, told

REFERENCE = "configs/studies/reference.toml"
KINDS = ("study", "device", "battery", "document")  # of files that have a JSON schema


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="uncertainty", description="How wide are CapEx, battery counts and throughput of a purchase, which "
        "conclusions survive and what would break them, who wins? A study is a TOML file in which any number may be a "
        "distribution.")
    top.add_argument("--version", action="version", version=f"uncertainty {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _run_arguments(commands.add_parser(
        "run", help="run studies: tables on the terminal, files in a folder",
        description="Run studies: one prints its tables, several a line each. Without a STUDY, the reference study.",
        epilog="Exit status: 0; 1 where a claim holds less probably than it must (must_hold); 2 for bad input or usage "
               "or where a study failed; 130 where interrupted."))
    check = commands.add_parser("check", help="validate studies and show their inputs",
                                description="Validate studies, show their inputs and count what is put to the test; "
                                            "exit status 2 with every problem.")
    _study_argument(check)
    compare = commands.add_parser(
        "compare", help="two results side by side: what changed, what moved, and why",
        description="Two results side by side: which inputs changed, what moved beyond its sampling error, and how "
                    "much of each move every changed input explains.",
        epilog="Exit status: 0; 2 where one of them cannot be read.")
    for name in ("before", "after"):
        compare.add_argument(name, metavar=name.upper(), help="results folder, or a study, which is run")
    compare.add_argument("--json", action="store_true", help="print the comparison as JSON, and no tables")
    compare.add_argument("--page", metavar="FILE", type=Path,
                         help="write it as a page too, one HTML file with figures, to read and to pass on")
    _init_arguments(commands.add_parser("init", help="write a commented study to start from",
                                        description="Write a commented study that runs as it is."))
    schema = commands.add_parser(
        "schema", help="print the JSON schema by which an editor completes a study",
        description="Print the JSON schema of a kind of file. An editor that knows it completes and explains keys, and "
                    "marks mistakes: write it beside a study, uncertainty schema > study.schema.json, and begin the "
                    "study with the line: #:schema ./study.schema.json")
    schema.add_argument("kind", metavar="KIND", nargs="?", default="study", choices=KINDS,
                        help=f"{', '.join(KINDS)} (default: study)")
    return top


def _study_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("studies", metavar="STUDY", nargs="*", default=[REFERENCE],
                         help="path of a TOML file, folder of such files, or name of a shipped study "
                              f"(default: {REFERENCE})")


def _init_arguments(init: argparse.ArgumentParser) -> None:
    init.add_argument("path", metavar="PATH", nargs="?", type=Path, default=Path("study.toml"),
                      help="file to write (default: study.toml); never over an existing one")
    init.add_argument("--from", metavar="STUDY", dest="source",
                      help="copy this study instead, with its comments: path of a TOML file, or name of a shipped "
                           "study, such as reference; sheets and quotes that lie beside it are copied too")


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
    run.add_argument("--no-report", action="store_true",
                     help="write no report.html and no figures, which take some seconds")
    run.add_argument("--brief", action="store_true", help="print the answer, and no tables: report.md has them")
    run.add_argument("--json", action="store_true", help="print the summary as JSON, and no tables")
    run.add_argument("--no-progress", action="store_true", help="no progress bar (there is none but on a terminal)")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; gives the exit status."""
    _ready_streams()
    try:
        status = _command(argv)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        status = BROKEN_PIPE
    except OSError as error:
        status = BAD_INPUT
        with suppress(OSError):
            print(told(error), file=sys.stderr)
    except KeyboardInterrupt:
        status = INTERRUPTED
        with suppress(OSError):
            print("interrupted", file=sys.stderr)
    if status == INTERRUPTED:
        logging.disable()  # libraries would tell of what they had to leave half done
    _end_streams()
    return status


def _command(argv: Sequence[str] | None) -> int:
    commands: dict[str, Any] = {"run": run, "check": _check, "compare": _compare, "init": _init, "schema": _schema}
    try:
        arguments = parser().parse_args(argv)
        return int(commands[arguments.command](arguments))
    except (ValueError, MemoryError, RuntimeError, ImportError) as error:
        if not isinstance(error, _expected()):
            raise
        _complain(str(error) or "memory ran out")
    return BAD_INPUT


def _complain(text: str) -> None:
    """Say on standard error what is wrong: a name in it may be anything."""
    from .strict import printable

    print(printable(text, "\n"), file=sys.stderr)


def _ready_streams() -> None:
    """Streams that whoever started us has closed swallow what they are given; a terminal may lack a dash."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end_streams() -> None:
    """What cannot be written now would be tried again, and fail with words of Python's, when all is over."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _expected() -> tuple[type[Exception], ...]:
    """Errors that are a user's input's or machine's, and not ours."""
    from .execution import WorkerError
    from .files import StudyError
    from .opening import FolderError
    from .plan import ModelError

    return StudyError, UsageError, FolderError, ModelError, WorkerError, MemoryError, ModuleNotFoundError


# --- compare, check, init and schema -------------------------------------------------------------------------------


def _compare(arguments: argparse.Namespace) -> int:
    from .versus import compare

    return compare(arguments)


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
    from .starting import start

    try:
        study, *others = start(arguments.path, arguments.source)
    except FileExistsError as error:
        raise UsageError(f"{error.filename} exists already; name another file") from None
    copy = f", a copy of {arguments.source}" if arguments.source else ""
    name = shlex.quote(str(study))
    print("\n".join([f"Wrote {study}{copy}.", *(f"Wrote {other}, which it needs." for other in others),
                     "Its data sheets are shipped ones, or lie beside it; [build.NAME] overrides their numbers.",
                     f"Put your own numbers in, then: uncertainty check {name} && uncertainty run {name}"]))
    return OK


def _schema(arguments: argparse.Namespace) -> int:
    from .editors import to_json

    print(to_json(arguments.kind))
    return OK


if __name__ == "__main__":
    sys.exit(main())
