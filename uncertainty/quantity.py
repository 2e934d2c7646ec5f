"""One number of a study: a constant, a distribution or declared missing, checked against what it can be."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import distributions
from .distributions import Marginal
from .model import Input
from .strict import MOST_QUOTES, content


@dataclass(frozen=True)
class Quantity:
    """One number of a study, and where it comes from; `value` is None where it is declared missing."""

    value: float | Marginal | None
    source: str = ""
    grade: str = ""
    date: str = ""
    note: str = ""

    @property
    def uncertain(self) -> bool:
        """Whether it is a distribution."""
        return isinstance(self.value, Marginal)

    @property
    def center(self) -> float:
        """Its value "at the central values": the constant or the distribution's centre; NaN where missing."""
        if isinstance(self.value, Marginal):
            return self.value.center()
        return math.nan if self.value is None else self.value


UNKNOWN = Quantity(math.nan, "a problem")  # stands in for a wrong number, so that the rest can be checked


def interval(bounds: Input) -> str:
    """What a quantity can be, in words."""
    low = f"above {bounds.low:g}" if bounds.open_low else f"at least {bounds.low:g}"
    unit = "" if bounds.unit == "1" else f" [{bounds.unit}]"
    return low + ("" if math.isinf(bounds.high) else f" and at most {bounds.high:g}") + unit


def inside(number: float, bounds: Input, name: str = "") -> float:
    """The number, if the quantity can be that.

    Raises
    ------
    ValueError
        where it cannot, saying what was given and what is wanted.
    """
    if number < bounds.low or number > bounds.high or (bounds.open_low and number == bounds.low):
        raise ValueError(f"given {name}{number:.12g}; wanted {interval(bounds)}")
    return float(number)


def marginal(kind: str, parameters: Mapping[str, Any], bounds: Input) -> Marginal:
    """The distribution, if it cannot leave what the quantity can be.

    Raises
    ------
    ValueError
        where it can, or where its parameters make no sense.
    """
    found = distributions.marginal(kind, **parameters)
    low, high = found.support
    # an open end may be a support's end (a lognormal's zero), never a value
    below = low < bounds.low or (bounds.open_low and low == bounds.low and found.is_discrete)
    ends = [name for name, out in (("min", below), ("max", high > bounds.high)) if out]
    if ends:
        raise ValueError(f"{kind} reaches from {low:.12g} to {high:.12g}; wanted {interval(bounds)}: set "
                         f"{' and '.join(ends)}, or other parameters")
    inside(found.center(), bounds, "central = ")
    return found


def quotes(file: str, column: str | None, folder: Path) -> list[float]:
    """The numbers in one column of a CSV file.

    Parameters
    ----------
    file, column
        its path in `folder`, and the column's name; None for the only one.

    Raises
    ------
    ValueError
        where the file is outside the folder, cannot be read, or has no such numbers.
    """
    header, *rows = _rows(file, folder) or [[]]
    names = [name.strip() for name in header]
    if column is None and len(names) == 1:
        column = names[0]
    if column not in names:
        raise ValueError(f"file {file!r} has the columns {', '.join(names)}; wanted one of them as column")
    at = names.index(column)
    return [_number(row[at] if at < len(row) else "", f"file {file!r}, column {column}") for row in rows]


def _rows(file: str, folder: Path) -> list[list[str]]:
    try:
        path = (folder / file).resolve()
        if path.is_relative_to(folder.resolve()):
            text = content(path, MOST_QUOTES).decode("utf-8-sig")
            return [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (OSError, RuntimeError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no CSV file in UTF-8"
        raise ValueError(f"file {file!r} cannot be read: {reason}") from None
    raise ValueError(f"file {file!r} is outside the folder of what names it; wanted one inside")


def _number(cell: str, where: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{where}: given {cell!r}; wanted a number") from None
