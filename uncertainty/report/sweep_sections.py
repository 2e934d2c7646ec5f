"""What a person reads of a sweep: who is most probably best where, how wide that is, which claims hold where."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..axes import Axis, Label
from ..frames import SHORTFALL
from ..reported import Reported
from ..sweep import Sweep
from .text import BAND, Section, band, certain, criterion_name, number, percent
from .words import input_words

ROOM = 80  # columns of a terminal
OPEN, CLOSEST = " ?", 10  # the mark of a lead that is open, and how many of them the terminal tells
MAP = ("The most probable best by the criterion, and its probability; builds joined by = tie. ? where the lead is "
       "open: another is at least half as probable, or as probable but for sampling error.")
Cells = NDArray[np.object_]


def label_words(axis: Axis, label: Label) -> str:
    """A value with its unit: `$25,000`, `8 h`, `hardware`."""
    if isinstance(label, str):
        return label
    figure = f"{label:,.10g}"
    return f"${figure}" if axis.unit == "USD" else figure if axis.unit == "1" else f"{figure} {axis.unit}"


def axis_words(sweep: Sweep, axis: Axis) -> str:
    """A swept quantity in words: `A5000 price`, `run hours`."""
    return input_words(sweep.study, axis.name)


def sections(sweep: Sweep, full: bool = False) -> list[Section]:
    """Option maps, and over the sweep how wide, and which claims hold; in `full` whole, and every point's bands too."""
    found = [*option_maps(sweep, full), *_open(sweep, full), _range(sweep), *_claims(sweep)]
    return [*found, *_bands(sweep)] if full else found


# --- the option map --------------------------------------------------------------------------------------------------


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
        rows = [[each.title, each.cells[0][0].names, _share(min(cell.share for line in each.cells for cell in line))]
                for each in alike]
        shown.append(Section("The same everywhere", ["criterion", "best", "P at least"], rows, words=2))
    note = MAP if any(OPEN in cell for each in shown for row in each.rows for cell in row) else MAP.split(" ? ")[0]
    return shown if certain(sweep) else [*shown[:-1], shown[-1]._replace(note=note)]


def _lines(sweep: Sweep) -> Iterator[_Map]:
    """Criteria by the values of the only swept quantity."""
    axis, study = sweep.study.sweep[0], sweep.study
    cells = _cells(sweep)
    for names, s in _scenarios(sweep, cells):
        yield _Map(names, f"criterion \\ {axis_words(sweep, axis)}",
                   [criterion_name(c) for c in study.criteria[: study.listed]], axis, cells[:, :, s].T.tolist())


def _maps(sweep: Sweep) -> Iterator[_Map]:
    study, cells = sweep.study, _cells(sweep)
    *others, down, across = study.sweep
    for (c, criterion), at in product(enumerate(study.criteria[: study.listed]),
                                      product(*(range(len(axis.labels)) for axis in others))):
        where = [f"{axis_words(sweep, axis)} {label_words(axis, axis.labels[i])}"
                 for axis, i in zip(others, at, strict=True)]
        here = cells[at][:, :, c]
        for names, s in _scenarios(sweep, here):
            title = ", ".join(filter(None, [criterion_name(criterion), names, *where]))
            yield _Map(title, f"{axis_words(sweep, down)} \\ {axis_words(sweep, across)}",
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
    group, sure, labels = sweep.figures["option_map"], certain(sweep), _labels(sweep)
    cells = np.empty(group["best"].shape, object)
    for at in np.ndindex(*cells.shape):
        names, share = _joined(str(group["best"][at]), labels), float(group["probability"][at])
        told = "–" if not share else "" if sure else _share(share) + (OPEN if group["open"][at] else "")
        cells[at] = _Cell(names if share else "", share, told)
    return cells


def _labels(sweep: Sweep) -> dict[str, str]:
    return {b.key: b.label for b in sweep.study.builds}


def _joined(best: str, labels: dict[str, str]) -> str:
    return " = ".join(labels[b] for b in best.split(" = "))


def _share(share: float) -> str:
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


def _open(sweep: Sweep, full: bool) -> Iterator[Section]:
    """Where the lead is open, and who the rival is; not in `full` the closest only."""
    group, labels, rows = sweep.figures["option_map"], _labels(sweep), list[tuple[float, list[str]]]()
    several = len(sweep.study.scenarios) > 1
    for *at, c, s in np.argwhere(group["open"]).tolist():
        where = (*at, c, s)
        point = ", ".join(label_words(axis, axis.labels[i]) for axis, i in zip(sweep.study.sweep, at, strict=True))
        name = criterion_name(sweep.study.criteria[c])
        best, rival = (float(group[key][where]) for key in ("probability", "rival_probability"))
        rows.append((best - rival, [name, *([sweep.study.scenarios[s]] if several else []), point,
                                    f"{_joined(str(group['best'][where]), labels)} {_share(best)}",
                                    f"{labels[group['rival'][where]]} {_share(rival)}"]))
    kept = rows if full else sorted(rows, key=lambda each: each[0])[:CLOSEST]
    lead = ["criterion", *(["scenario"] if several else []), "where"]
    note = "" if len(kept) == len(rows) else f"The closest of {len(rows)}; all: report.md."
    if kept:
        yield Section("Where the lead is open", [*lead, "best", "rival"], [row for _, row in kept], note, len(lead))


# --- how wide, and what holds ----------------------------------------------------------------------------------------


def _range(sweep: Sweep) -> Section:
    """Medians at the points where they are least and most."""
    study, bands = sweep.study, sweep.figures["bands"]
    at = bands["quantile"].tolist().index(0.5)
    over = tuple(range(len(study.sweep)))
    columns = ["scenario", "build", "devices", "CapEx, 1,000 USD", f"{study.battery.label}s", "buy"]
    middle = [np.take(bands[name], at, len(over)) for name in ("device_count", "capex", "battery_count")]
    middle = [middle[0], middle[1] / 1e3, middle[2], sweep.figures["counts"]["battery_count_enough"]]
    rows = [[scenario, build.label, *(_ends(float(x.min(axis=over)[s, b]), float(x.max(axis=over)[s, b]), i == 1)
                                      for i, x in enumerate(middle))]
            for (s, scenario), (b, build) in product(enumerate(study.scenarios), enumerate(study.builds))]
    note = (f"Medians, from the point where they are least to that where they are most. Buy: the fewest {columns[4]} "
            f"of which P(too few) is at most {100 * SHORTFALL:.0f} %.")
    return Section("How wide, over all points", columns, rows, "" if certain(sweep) else note, 2)


def _ends(low: float, high: float, fine: bool) -> str:
    one, other = (number(x, decimals=1 if fine else 0) for x in (low, high))
    return one if one == other else f"{one} to {other}"


def _claims(sweep: Sweep) -> Iterator[Section]:
    """How probably claims hold, where least and where most; nothing where there are none."""
    study, group = sweep.study, sweep.figures["claims"]
    shares = group["probability"].reshape(len(sweep.points), -1)
    rows = []
    for i, claim in enumerate(study.ledger.claims):
        low, high = (int(f(shares[:, i])) for f in (np.argmin, np.argmax))
        ends = [f"{percent(float(shares[p, i]))} at {', '.join(place_words(sweep, p))}" for p in (low, high)]
        if shares[low, i] == shares[high, i]:
            ends = [f"{percent(float(shares[low, i]))} everywhere", ""]
        rows.append([claim.id, claim.says, *ends])
    if rows:
        yield Section("Which conclusions hold where: P(holds)", ["id", "claim", "least", "most"], rows,
                      "At every point: tables/claims.csv.", 4)


def place_words(sweep: Sweep, point: int) -> list[str]:
    """A point in words: `$25,000`, `8 h`."""
    study = sweep.study
    return [label_words(axis, label) for axis, label in zip(study.sweep, study.places[point], strict=True)]


def _bands(sweep: Sweep) -> Iterator[Section]:
    """CapEx and battery units at every point, a table a scenario."""
    study = sweep.study
    units = f"{study.battery.label}s"
    for s, scenario in enumerate(study.scenarios):
        rows = [[*place_words(sweep, p), *(_band(point, s, b) for b in range(len(study.builds)))]
                for p, point in enumerate(sweep.points)]
        yield Section(f"CapEx in 1,000 USD, and {units} to buy: {scenario}",
                      [*(axis_words(sweep, axis) for axis in study.sweep), *(b.label for b in study.builds)], rows,
                      "" if certain(sweep) else BAND, len(study.sweep))


def _band(point: Reported, s: int, b: int) -> str:
    enough = point.figures["counts"]["battery_count_enough"][s, b]
    return f"{band(point, 'capex', (s, b), 1e3, 4)}; {int(enough):,}"
