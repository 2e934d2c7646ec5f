"""The results folder: figures for programs and for people, written whole or not at all."""

from __future__ import annotations

import csv
import ctypes
import errno
import math
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from .leftovers import left_in, owned, sweep
from .report import summary, sweep_tables
from .report.figures import Table
from .report.markdown import report, sweep_report
from .report.tables import TABLES, tables
from .results import Results
from .study import Study
from .sweep import Sweep
from .versions import versions

PAGE = ("report.html", "figures")  # what may be left out
FORMULA = ("=", "+", "-", "@")  # how what a spreadsheet works out begins
OURS = ("results.nc", "summary.json", "report.md", "tables", *PAGE)


def write(results: Results | Sweep, folder: str | os.PathLike[str], page: bool = True) -> Path:
    """Write a results folder: `report.html`, `report.md`, `summary.json`, `results.nc`, `tables/` and `figures/`.

    The folder takes the place of an earlier one in one step, so that whoever looks, or a run that is killed, finds the
    old results or the new ones, whole. Files of other names in it are kept; of a link, it is where that leads to.

    Parameters
    ----------
    results
        from `run`; of a sweep everything has what is swept in front, and the searches' tables are not there.
    folder
        made, with its parents, where it is not there.
    page
        whether `report.html` and `figures/*.svg` are made, which takes some seconds.

    Returns
    -------
    Path
        the folder.

    Raises
    ------
    OSError
        where it cannot be written; what was there is as it was.
    """
    return written(results, folder, page)[0]


def written(results: Results | Sweep, folder: str | os.PathLike[str], page: bool = True) -> tuple[Path, str]:
    """Write a results folder; gives it, and the text of `summary.json`: what is there may soon be of another run."""
    place = Path(os.path.realpath(folder))
    try:
        if unfitting := unfit(place):
            raise OSError(errno.EINVAL, unfitting)
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        with tempfile.TemporaryDirectory(prefix=owned(f".{place.name}"), dir=place.parent) as scratch:
            new = Path(scratch) / "new"
            new.mkdir()
            text = _fill(results, new, page)
            _replace(place, new, Path(scratch) / "old")
    except OSError as error:
        why = error.args[0][0][-1] if isinstance(error, shutil.Error) else error.strerror or error
        raise OSError(error.errno, f"results cannot be written: {why}", str(folder)) from error
    return Path(folder), text


def unfit(folder: Path) -> str:
    """Why results cannot take the place of what is there, or of what a link leads to; empty where they can."""
    place = Path(os.path.realpath(folder))
    if place.is_symlink():
        return "that is a link to itself"
    if place.exists() and not place.is_dir():
        return "that is no folder"
    if place.is_mount():
        return "a disk is mounted there, which cannot be replaced"
    with suppress(OSError):  # the current folder may be gone
        if Path.cwd().is_relative_to(place):
            return "that is the current folder, or holds it"
    return ""


def is_whole(folder: Path, study: Study, page: bool = True) -> bool:
    """Whether all is there that `write` writes of a study, with the page or without it."""
    files = [*(name for name in OURS if page or name not in PAGE),
             *(f"tables/{name}.csv" for name in (sweep_tables.names(study) if study.sweep else TABLES))]
    return all((folder / file).exists() for file in files)


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed have left, but for results that one had put aside and not yet replaced."""
    for left in left_in(folder.parent, f".{folder.name}"):
        if (left / "old").is_dir() and not folder.exists():
            (left / "old").rename(folder)
    sweep(folder.parent, f".{folder.name}")


def _fill(results: Results | Sweep, folder: Path, page: bool) -> str:
    """Write all files; gives the summary."""
    made = versions()
    (folder / "tables").mkdir()
    if isinstance(results, Sweep):
        each = sweep_tables.by_point(results)
        figures = sweep_tables.tables(results, each)
        text, read = _sweep_json(results, each), sweep_report(results, made)
    else:
        figures = tables(results)
        text, read = to_json(results, figures), report(results, made)
    for name, table in figures.items():
        write_csv(folder / "tables" / f"{name}.csv", table)
    (folder / "summary.json").write_text(text, encoding="utf-8", newline="\n")
    (folder / "report.md").write_text(read, encoding="utf-8", newline="\n")
    from .report.netcdf import netcdf  # netCDF4 takes its time to import: after the rest

    (folder / "results.nc").write_bytes(netcdf(results, made))
    if page:
        _draw(results, folder, made)
    return text


def _draw(results: Results | Sweep, folder: Path, made: dict[str, str]) -> None:
    """Write figures, and the page that has them."""
    from .charts import chosen, swept  # these take their time to import: after the rest
    from .page.html import html
    from .page.study import page

    found = swept(results) if isinstance(results, Sweep) else chosen(results)
    pictures = [(each, each.svg()) for each in found]
    (folder / "figures").mkdir()
    for drawn, svg in pictures:
        (folder / "figures" / f"{drawn.name}.svg").write_text(drawn.standing(svg), encoding="utf-8", newline="\n")
    text = html(page(results, made, pictures))
    (folder / "report.html").write_text(text, encoding="utf-8", newline="\n")


def _replace(folder: Path, new: Path, old: Path) -> None:
    """Put the new folder in the place of the old one, if there is one; another run may be doing the same."""
    if not folder.exists() and _moved(new, folder):
        return
    for path in folder.iterdir():
        if path.name not in OURS:
            if path.is_dir() and not path.is_symlink():
                shutil.copytree(path, new / path.name, symlinks=True)
            else:  # a link as a link: an editor's (.#report.md) leads nowhere
                shutil.copy2(path, new / path.name, follow_symlinks=False)
    if _exchange(folder, new):
        return
    try:
        folder.rename(old)
        if not _moved(new, folder):
            _replace(folder, new, old.with_name(f"{old.name}-"))
    except BaseException:  # Ctrl-C too
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise


def _moved(new: Path, folder: Path) -> bool:
    """Whether the new folder could be put where there is none: another run may have been faster."""
    try:
        new.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, where the system can: Linux's renameat2 with RENAME_EXCHANGE."""
    if sys.platform != "linux":
        return False
    here = -100  # AT_FDCWD
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    return renameat2 is not None and renameat2(here, os.fsencode(one), here, os.fsencode(other), 2) == 0


def to_json(results: Results | Sweep, figures: dict[str, Table] | None = None) -> str:
    """The summary as JSON text, of the `tables` of a run if they are there already."""
    if isinstance(results, Sweep):
        return _sweep_json(results, sweep_tables.by_point(results))
    return summary.to_json(summary.summary(results, figures or tables(results), versions())) + "\n"


def _sweep_json(results: Sweep, each: list[dict[str, Table]]) -> str:
    return summary.to_json(summary.sweep_summary(results, each, versions())) + "\n"


def write_csv(path: Path, table: Table) -> None:
    """Write a table as CSV: numbers to 10 digits, and nothing where there is none.

    Before a text that a spreadsheet would take for a formula comes an apostrophe.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows([_cell(x) for x in row] for row in table.rows)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.10g}"
