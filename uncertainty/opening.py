"""A results folder opened again: its figures, and the study that it is of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import __version__
from .files import StudyError
from .report.netcdf import sheets
from .sides import Side, side
from .study import Study, restore

SWEPT = "a sweep, which is many studies, cannot be compared; run the two studies to be compared without [sweep]"


class FolderError(ValueError):
    """A results folder that cannot be used, in one line."""


def opened(folder: Path) -> Side:
    """What a results folder says; its study, if it can be had, is checked to be the same.

    Raises
    ------
    FolderError
        where it is no results folder, or one that is damaged or of another version.
    """
    if any((folder / name).exists() and not (folder / name).is_file() for name in ("summary.json", "results.nc")):
        raise FolderError(f"{folder}: its summary.json or results.nc is no plain file; run its study again")
    try:
        tree = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if "points" in tree:
            raise FolderError(f"{folder}: {SWEPT}")
        made = tree["versions"]["uncertainty"]
        if made == __version__:
            return side(str(folder), tree, *_study(folder, tree))
    except FileNotFoundError:
        raise FolderError(f"{folder}: no summary.json in it; wanted a results folder, or a study") from None
    except OSError as error:
        raise FolderError(f"{folder}: summary.json cannot be read: {error.strerror}") from None
    except FolderError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, StopIteration):
        raise FolderError(f"{folder}: summary.json is damaged or of another version; run its study again") from None
    raise FolderError(f"{folder}: made by uncertainty {made}, and this is {__version__}; run its study again")


def _study(folder: Path, tree: Mapping[str, Any]) -> tuple[Study | None, str]:
    """The study that a folder is of, or why it cannot be had."""
    files, lacking = None, "results.nc, which keeps its data sheets, is not there, and "
    try:
        files, lacking = sheets(folder / "results.nc"), ""
    except FileNotFoundError:
        pass
    except (OSError, ValueError, RuntimeError):  # of netCDF4
        lacking = "results.nc, which keeps its data sheets, cannot be read, and "
    try:
        study = restore(tree["study"], tree["study_text"], files)
    except StudyError as error:
        place, what = error.problems[0]
        return None, f"{lacking}its study cannot be had again: {place}{': ' if place else ''}{what}"
    ran = study.with_sampling(**tree["sampling"])
    if any(asked.digest == tree["digest"] for asked in _asked(ran, tree["convergence"]["tolerance"])):
        return ran, ""
    return None, f"{lacking}its study{' with the sheets at hand' if lacking else ''} is another by now"


def _asked(ran: Study, tolerance: float | None) -> Iterator[Study]:
    """What may have been asked for; with a tolerance, fewer replicates than were made."""
    yield ran
    if tolerance is not None:
        yield from (ran.with_sampling(replicates=fewer) for fewer in range(2, ran.sampling.replicates))
