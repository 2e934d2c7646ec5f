"""The tables of a run for other programs: as pandas has them, and as CSV or Parquet files."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .report import sweep_tables
from .report.figures import Table
from .report.tables import TABLES, tables
from .results import Results
from .store import write_csv
from .strict import nearest
from .sweep import Sweep
from .versions import versions

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "parquet")
TEXTS = frozenset({
    "better", "build", "claim", "criterion", "date", "direction", "grade", "input", "measurement", "metric",
    "note", "of", "other", "output", "pick", "precision", "regret_criterion", "regret_scenario", "says",
    "scenario", "source", "target", "unit", "variant", "verdict", "where"})  # columns of words, others of numbers
SOME_TEXTS = {("inputs", "value"), ("option_map", "best"), ("option_map", "rival")}
MISSING = frozenset({"holds_as_printed", "met"})  # whole numbers of which some may be missing


def table(results: Results | Sweep, name: str) -> pd.DataFrame:
    """A table of a run: one row a figure, the same as in the CSV file of that name.

    Parameters
    ----------
    results
        from `run`; of a sweep the columns of what is swept come first.
    name
        of a CSV file in the results folder, such as "bands", "ranks", "claims", "nearest" or "influence".

    Returns
    -------
    DataFrame
        every statistic `<name>` with its standard error `<name>_se`; its `attrs` say what it is of. A text that there
        is not is empty, a number missing.

    Raises
    ------
    ValueError
        where there is no such table.
    """
    if name not in (known := names(results)):
        raise ValueError(f"no table is called {name!r}; {nearest(name, known)}")
    return _frame(results, name, _made(results)[name] if isinstance(results, Sweep) else TABLES[name](results))


def names(results: Results | Sweep) -> list[str]:
    """What tables there are."""
    return sweep_tables.names(results.study) if isinstance(results, Sweep) else list(TABLES)


def _made(results: Results | Sweep) -> dict[str, Table]:
    """All tables."""
    if isinstance(results, Sweep):
        return sweep_tables.tables(results, sweep_tables.by_point(results))
    return tables(results)


def _frame(results: Results | Sweep, name: str, made: Table) -> pd.DataFrame:
    import pandas as pd

    found = pd.DataFrame({column: _column(name, column, [row[i] for row in made.rows])
                          for i, column in enumerate(made.columns)})
    found.attrs = {"table": name, "study": results.study.name, "title": results.study.title,
                   "digest": results.study.digest, "samples": results.samples,
                   "seed": str(results.study.sampling.seed), "versions": versions()}
    return found


def _column(table: str, name: str, values: list[Any]) -> pd.Series:
    """A column of words or of numbers, by its name; what is swept may be either."""
    import pandas as pd

    if name in MISSING:
        return pd.Series([None if value == "" else value for value in values], dtype="Int64")
    if name in TEXTS or (table, name) in SOME_TEXTS or (values and all(isinstance(x, str) for x in values)):
        return pd.Series(values, dtype="str")
    whole = values and all(isinstance(value, int) for value in values)
    return pd.Series(values, dtype="int64" if whole else "float64")


def write_tables(results: Results | Sweep, folder: str | os.PathLike[str], format: str = "csv") -> Path:
    """Write every table of a run as a file of its own, `<name>.csv` or `<name>.parquet`, over those that are there.

    Parameters
    ----------
    results
        from `run`.
    folder
        made, with its parents, where it is not there.
    format
        "csv", the files that `write` makes, or "parquet", with types and with what the run was in their metadata
        (extra: parquet).

    Returns
    -------
    Path
        the folder.

    Raises
    ------
    ValueError, ModuleNotFoundError
        where there is no such format, or pyarrow is not installed.
    """
    if format not in FORMATS:
        raise ValueError(f"format is {format!r}; {nearest(format, FORMATS)}")
    if format == "parquet" and find_spec("pyarrow") is None:
        raise ModuleNotFoundError("to write Parquet, pyarrow is needed: pip install 'uncertainty[parquet]'")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in _made(results).items():
        path = folder / f"{name}.{format}"
        if format == "csv":
            write_csv(path, made)
        else:
            _frame(results, name, made).to_parquet(path, engine="pyarrow", index=False)
    return folder
