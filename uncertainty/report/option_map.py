"""Who is most probably best where, as a person reads it: maps over two swept quantities, and where that is open."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..axes import Axis
from ..sweep import Sweep
from .text import Section, certain, criterion_name, percent
from .words import axis_words, label_words, place_words

ROOM = 80  # columns of a terminal
OPEN, CLOSEST = " ?", 10  # the mark of a lead that is open, and how many of them the terminal tells
MAP = ("The most probable best by the criterion, and its probability; builds joined by = tie. ? where the lead is "
       "open: another is at least half as probable, or as probable but for sampling error.")
Cells = NDArray[np.object_]


class _Map(NamedTuple):
    """Who leads over a table's rows and columns, of a criterion or of all."""

    title: str
    corner: str
    rows: list[str]
    across: Axis
    cells: list[list[_Cell]]


class _Cell(NamedTuple):
    names: str
    share: float
    told: str


def option_maps(sweep: Sweep, full: bool = False) -> list[Section]:
    """One map a criterion and scenario, over the last two quantities, for all values of others; of one, one in all.

    But in `full` those on which the same build leads everywhere are a line each.
    """
    found = list(_lines(sweep) if len(sweep.study.sweep) == 1 else _maps(sweep))
    alike = [] if full or len(sweep.study.sweep) == 1 else [each for each in found if _settled(each)]
    shown = [part for each in found if each not in alike for part in _cut(each, ROOM if not full else sys.maxsize)]
    if alike:
        least = [min(cell.share for line in each.cells for cell in line) for each in alike]
        rows = [[each.title, each.cells[0][0].names, short_share(p)] for each, p in zip(alike, least, strict=True)]
        shown.append(Section("The same everywhere", ["criterion", "best", "P at least"], rows, words=2))
    note = MAP if any(OPEN in cell for each in shown for row in each.rows for cell in row) else MAP.split(" ? ")[0]
    return shown if certain(sweep) else [*shown[:-1], shown[-1]._replace(note=note)]


def _lines(sweep: Sweep) -> Iterator[_Map]:
    """Criteria by the values of the only swept quantity."""
    axis, study = sweep.study.sweep[0], sweep.study
    cells = _cells(sweep)
    for names, s in _scenarios(sweep, cells):
        yield _Map(names, f"criterion \\ {axis_words(sweep.study, axis)}",
                   [criterion_name(c) for c in study.criteria[: study.listed]], axis, cells[:, :, s].T.tolist())


def _maps(sweep: Sweep) -> Iterator[_Map]:
    study, cells = sweep.study, _cells(sweep)
    *others, down, across = study.sweep
    for (c, criterion), at in product(enumerate(study.criteria[: study.listed]),
                                      product(*(range(len(axis.labels)) for axis in others))):
        where = [f"{axis_words(sweep.study, axis)} {label_words(axis, axis.labels[i])}"
                 for axis, i in zip(others, at, strict=True)]
        here = cells[at][:, :, c]
        for names, s in _scenarios(sweep, here):
            title = ", ".join(filter(None, [criterion_name(criterion), names, *where]))
            yield _Map(title, f"{axis_words(sweep.study, down)} \\ {axis_words(sweep.study, across)}",
                       [label_words(down, x) for x in down.labels], across, here[..., s].tolist())


def _scenarios(sweep: Sweep, cells: Cells) -> Iterator[tuple[str, int]]:
    """Scenarios, those of which all cells (..., scenario) are alike together; unnamed where there is but one."""
    scenarios, told = sweep.study.scenarios, dict[str, list[int]]()
    for s in range(len(scenarios)):
        told.setdefault(repr(cells[..., s].tolist()), []).append(s)
    for alike in told.values():
        every = "all scenarios" if len(alike) == len(scenarios) else ", ".join(scenarios[s] for s in alike)
        yield (every if len(scenarios) > 1 else ""), alike[0]


def _cells(sweep: Sweep) -> Cells:
    """Who leads, how probably, and whether that is open, (..., criterion, scenario)."""
    group, sure, called = sweep.figures["option_map"], certain(sweep), labels(sweep)
    cells = np.empty(group["best"].shape, object)
    for at in np.ndindex(*cells.shape):
        names, share = joined(str(group["best"][at]), called), float(group["probability"][at])
        told = "–" if not share else "" if sure else short_share(share) + (OPEN if group["open"][at] else "")
        cells[at] = _Cell(names if share else "", share, told)
    return cells


def labels(sweep: Sweep) -> dict[str, str]:
    """What builds are called."""
    return {b.key: b.label for b in sweep.study.builds}


def leads(sweep: Sweep, criterion: int) -> dict[str, NDArray[Any]]:
    """The variables of the option map by a criterion, as arrays (point, scenario)."""
    group, shape = sweep.figures["option_map"], (len(sweep.points), len(sweep.study.scenarios))
    return {name: group[name][..., criterion, :].reshape(shape) for name in (
        "best", "probability", "rival", "rival_probability", "open")}


def lead_words(sweep: Sweep, found: dict[str, NDArray[Any]], at: tuple[int, ...]) -> tuple[str, str]:
    """Who leads at a place, and the rival: `DGX Spark 55 %`, `PRO 6000 41 %`; nothing of who is never first."""
    called, told = labels(sweep), []
    for names, share in (("best", "probability"), ("rival", "rival_probability")):
        p = float(found[share][at])
        told.append(f"{joined(str(found[names][at]), called)} {short_share(p)}" if p else "–")
    return told[0], told[1]


def joined(best: str, called: dict[str, str]) -> str:
    """Who is best, and who ties with it: `A6000 = A5000`."""
    return " = ".join(called[b] for b in best.split(" = "))


def short_share(share: float) -> str:
    """A probability as short as a map wants it, never rounded to a certainty that it is not."""
    return percent(share) if share in (0.0, 1.0) else ">99 %" if share > 0.995 else percent(round(share, 2), 0)


def _settled(found: _Map) -> bool:
    """Whether the same leads everywhere on a map, and nowhere is that open."""
    cells = [cell for line in found.cells for cell in line]
    return len({cell.names for cell in cells}) == 1 and not any(OPEN in cell.told for cell in cells)


def _cut(found: _Map, room: int) -> Iterator[Section]:
    """A map that fits: a line a row, or else names above shares, or else as many columns at a time as there is room."""
    heads = [label_words(found.across, label) for label in found.across.labels]
    first = max(map(len, [found.corner, *found.rows]))
    for between in (" ", "\n"):
        cells = [[f"{cell.names}{between}{cell.told}".strip() for cell in line] for line in found.cells]
        widths = [2 + max(len(part) for text in [head, *column] for part in text.split("\n"))
                  for head, column in zip(heads, zip(*cells, strict=True), strict=True)]
        if first + sum(widths) <= room:
            break
    start = 0
    while start < len(heads):
        end = start + 1
        while end < len(heads) and first + sum(widths[start : end + 1]) <= room:
            end += 1
        more = "" if (start, end) == (0, len(heads)) else f"{heads[start]} to {heads[end - 1]}"
        title = ", ".join(filter(None, [found.title, more]))
        yield Section(f"Option map{title and ': '}{title}", [found.corner, *heads[start:end]],
                      [[row, *line[start:end]] for row, line in zip(found.rows, cells, strict=True)])
        start = end


def points(sweep: Sweep) -> tuple[Section, list[tuple[str, str]]]:
    """Who is best at every point, one a row, and the scenario and the criterion that each row is of."""
    study, rows, places = sweep.study, list[list[str]](), list[tuple[str, str]]()
    for (c, criterion), (s, scenario) in product(enumerate(study.criteria[: study.listed]), enumerate(study.scenarios)):
        found = leads(sweep, c)
        for p, labels_ in enumerate(study.places):
            best, rival = lead_words(sweep, found, (p, s))
            rows.append([*map(label_words, study.sweep, labels_), criterion_name(criterion), scenario, best, rival,
                         "yes" if found["open"][p, s] else ""])
            places.append((scenario, criterion.name))
    columns = [*(axis_words(study, axis) for axis in study.sweep), "criterion", "scenario", "best", "next", "open"]
    return Section("Who is best at every point", columns, rows, MAP.split(" ? ")[0], len(columns)), places


def where_open(sweep: Sweep, full: bool) -> Iterator[Section]:
    """Where the lead is open, and who the rival is; not in `full` the closest only."""
    several, rows = len(sweep.study.scenarios) > 1, list[tuple[float, list[str]]]()
    for c, criterion in enumerate(sweep.study.criteria[: sweep.study.listed]):
        found = leads(sweep, c)
        for p, s in np.argwhere(found["open"]).tolist():
            best, rival = (float(found[name][p, s]) for name in ("probability", "rival_probability"))
            where = ", ".join(place_words(sweep.study, sweep.study.places[p]))
            rows.append((best - rival, [criterion_name(criterion), *([sweep.study.scenarios[s]] if several else []),
                                        where, *lead_words(sweep, found, (p, s))]))
    kept = rows if full else sorted(rows, key=lambda each: each[0])[:CLOSEST]
    lead = ["criterion", *(["scenario"] if several else []), "where"]
    note = "" if len(kept) == len(rows) else f"The closest of {len(rows)}; all: report.md."
    if kept:
        yield Section("Where the lead is open", [*lead, "best", "rival"], [row for _, row in kept], note, len(lead))
