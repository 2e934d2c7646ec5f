"""Figures as files hold them: rounded, and in tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..analysis.labels import Group

DIGITS, ERROR_DIGITS = 10, 4  # significant ones written: what is beyond them is rounding
Floats = NDArray[np.float64]
Tree = dict[str, Any]


class Table(NamedTuple):
    """Columns by name, and rows; numbers are floats, missing ones NaN."""

    columns: list[str]
    rows: list[list[Any]]

    def records(self) -> Iterator[dict[str, Any]]:
        """Rows by column."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def rounded(value: float, digits: int = DIGITS) -> float:
    """A figure to so many significant digits."""
    return float(f"{value:.{digits}g}") + 0.0  # no -0.0


def all_rounded(values: Floats, digits: int = DIGITS) -> Floats:
    """Figures to so many significant digits."""
    to = f".{digits}g"
    return np.array([float(format(x, to)) for x in values.ravel().tolist()]).reshape(values.shape) + 0.0


def paired(value: Floats, se: Floats) -> Floats:
    """Statistics and their standard errors, rounded, (..., 2)."""
    se = np.where(se < 1e-13 * np.abs(value), 0.0, se)
    return np.stack([all_rounded(value), all_rounded(se, ERROR_DIGITS)], axis=-1)


def pairs(group: Group, name: str) -> Floats:
    """A statistic of a group and its standard error, rounded, (..., 2)."""
    return paired(group[name], group[f"{name}_se"])


def both(names: Iterable[str]) -> list[str]:
    """Columns of statistics and their standard errors."""
    return [f"{name}{end}" for name in names for end in ("", "_se")]


def rows(leads: Iterable[Iterable[Any]], figures: Floats, axes: int = 1) -> list[list[Any]]:
    """Rows that begin with `leads` and go on with figures, whose last `axes` axes lie along a row."""
    width = int(np.prod(figures.shape[-axes:]))
    return [[*lead, *row] for lead, row in zip(leads, figures.reshape(-1, width).tolist(), strict=True)]


def nest(tree: Tree, path: list[str], value: Any) -> None:
    """Put a value into a tree, at the end of a path."""
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def paired_up(figures: list[Any]) -> list[list[Any]]:
    """Statistics and their standard errors, of a row in which they come in turn."""
    return [list(pair) for pair in zip(figures[::2], figures[1::2], strict=True)]
