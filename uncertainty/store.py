"""The results folder: figures for programs and for people, written whole or not at all."""

from __future__ import annotations

import csv
import ctypes
import glob
import json
import math
import os
import platform
import re
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr

from . import __version__
from .report.markdown import report
from .report.tables import Table, summary, tables
from .results import Results

OURS = ("results.nc", "summary.json", "report.md", "tables")


def versions() -> dict[str, str]:
    """Versions of all that the figures depend on."""
    return {"uncertainty": __version__, "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy")}}


def write(results: Results, folder: str | os.PathLike[str]) -> Path:
    """Write a results folder: `results.nc`, `summary.json`, `report.md` and `tables/*.csv`.

    The folder takes the place of an earlier one in one step, so that whoever looks, or a run that is killed, finds the
    old results or the new ones, whole. Files of other names in it are kept.

    Parameters
    ----------
    results
        from `run`.
    folder
        made, with its parents, where it is not there.

    Returns
    -------
    Path
        the folder.

    Raises
    ------
    OSError
        where it cannot be written; what was there is as it was.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-{os.getpid()}-", dir=folder.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        _fill(results, new)
        _replace(folder, new, Path(scratch) / "old")
    return folder


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed have left."""
    for left in folder.parent.glob(f".{glob.escape(folder.name)}-*-*"):
        pid = left.name.rsplit("-", 2)[1]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # there, to ask is to kill
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _fill(results: Results, folder: Path) -> None:
    (folder / "tables").mkdir()
    for name, table in tables(results).items():
        _write_csv(folder / "tables" / f"{name}.csv", table)
    (folder / "summary.json").write_text(to_json(results), encoding="utf-8", newline="\n")
    (folder / "report.md").write_text(report(results, versions()), encoding="utf-8", newline="\n")
    dataset(results).to_netcdf(folder / "results.nc", engine="netcdf4", format="NETCDF4")


def _replace(folder: Path, new: Path, old: Path) -> None:
    if not folder.exists():
        new.rename(folder)
        return
    for path in folder.iterdir():
        if path.name not in OURS:
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, new / path.name)
    if _exchange(folder, new):
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, where the system can: Linux's renameat2 with RENAME_EXCHANGE."""
    if sys.platform != "linux":
        return False
    here = -100  # AT_FDCWD
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    return renameat2 is not None and renameat2(here, os.fsencode(one), here, os.fsencode(other), 2) == 0


def to_json(results: Results) -> str:
    """The summary as JSON text."""
    text = json.dumps(summary(results, versions()), indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(r"\[\s+([-\d.e+,\s]+?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text) + "\n"  # pairs on a line


def _write_csv(path: Path, table: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows([_cell(x) for x in row] for row in table.rows)


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.10g}"


def dataset(results: Results) -> xr.Dataset:
    """All statistics in one Dataset: bands as `<output>`, `<output>_mean`, `<output>_central`, counts and ranking."""
    study = results.study
    means = results.means.rename({str(n): _mean_name(str(n)) for n in results.means.data_vars})
    central = results.central.rename({str(n): f"{n}_central" for n in results.central.data_vars})
    merged = xr.merge([results.bands, means, central, results.counts, results.ranking], combine_attrs="override",
                      compat="no_conflicts", join="exact")
    return merged.assign_attrs(
        title=study.title, description=study.description, study=study.name, study_text=study.text,
        sheets=json.dumps(study.files), digest=study.digest, seed=str(study.sampling.seed),
        samples_per_replicate=study.sampling.samples, replicates=results.convergence.replicates,
        method=study.sampling.method, versions=json.dumps(versions()), Conventions="CF-1.11")


def _mean_name(name: str) -> str:
    return f"{name.removesuffix('_se')}_mean{'_se' if name.endswith('_se') else ''}"
