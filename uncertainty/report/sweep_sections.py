"""What a person reads of a sweep: who is most probably best where, how wide that is, which claims hold where."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from ..axes import Axis, Label
from ..frames import SHORTFALL
from ..reported import Reported
from ..sweep import Sweep
from .conclusions import ALL
from .text import BAND, Section, band, certain, criterion_name, number, percent
from .words import input_words

ROOM = 80  # columns of a terminal
OPEN = " ?"
MAP = ("The most probable best by the criterion, and its probability; builds joined by = tie. ? where the lead is "
       "open: another is at least half as probable, or as probable but for sampling error.")


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
    """Option maps, and over the sweep how wide, and which claims hold; in `full` every point's bands too."""
    found = [*option_maps(sweep), _range(sweep), *_claims(sweep)]
    return [*found, *_bands(sweep)] if full else found


# --- the option map --------------------------------------------------------------------------------------------------


def option_maps(sweep: Sweep) -> list[Section]:
    """One map a criterion and scenario, over the last two quantities, for all values of others; of one, one in all."""
    axes = sweep.study.sweep
    found = list(_lines(sweep) if len(axes) == 1 else _maps(sweep))
    return found if certain(sweep) else [*found[:-1], found[-1]._replace(note=MAP)]


def _lines(sweep: Sweep) -> Iterator[Section]:
    """Criteria by the values of the only swept quantity."""
    axis, study = sweep.study.sweep[0], sweep.study
    for names, s in _scenarios(sweep, _cells(sweep)):
        cells = _cells(sweep)[:, :, s].T
        rows = [criterion_name(c) for c in study.criteria[: study.listed]]
        yield from _cut(f"Option map{names}: by {axis_words(sweep, axis)}", "criterion", rows, axis, cells)


def _maps(sweep: Sweep) -> Iterator[Section]:
    study, cells = sweep.study, _cells(sweep)
    *others, down, across = study.sweep
    for (c, criterion), at in product(enumerate(study.criteria[: study.listed]),
                                      product(*(range(len(axis.labels)) for axis in others))):
        where = "".join(f", {axis_words(sweep, axis)} {label_words(axis, axis.labels[i])}"
                        for axis, i in zip(others, at, strict=True))
        here = cells[at][:, :, c]
        for names, s in _scenarios(sweep, here):
            title = f"Option map{names}: {criterion_name(criterion)}{where}, by {axis_words(sweep, across)}"
            yield from _cut(title, axis_words(sweep, down), [label_words(down, x) for x in down.labels], across,
                            here[..., s])


def _scenarios(sweep: Sweep, cells: np.ndarray) -> Iterator[tuple[str, int]]:
    """Scenarios, those of which all cells (..., scenario) are alike together; unnamed where there is but one."""
    scenarios, told = sweep.study.scenarios, dict[str, list[int]]()
    for s in range(len(scenarios)):
        told.setdefault(repr(cells[..., s].tolist()), []).append(s)
    for alike in told.values():
        every = ALL if len(alike) > 1 and len(alike) == len(scenarios) else ", ".join(scenarios[s] for s in alike)
        yield (f", {every}" if len(scenarios) > 1 else ""), alike[0]


def _cells(sweep: Sweep) -> np.ndarray:
    """Who leads, how probably, and whether that is open, (..., criterion, scenario)."""
    group, sure = sweep.figures["option_map"], certain(sweep)
    labels = {b.key: b.label for b in sweep.study.builds}
    told = [" = ".join(labels[b] for b in best.split(" = ")) + ("" if sure else f" {percent(share, 0)}")
            + (OPEN if is_open else "") if share else "–" for best, share, is_open in zip(
                group["best"].ravel().tolist(), group["probability"].ravel().tolist(), group["open"].ravel(),
                strict=True)]
    return np.array(told, object).reshape(group["best"].shape)


def _cut(title: str, corner: str, rows: list[str], across: Axis, cells: np.ndarray) -> Iterator[Section]:
    """A map in tables that a terminal has room for: as many columns at a time as fit."""
    heads = [label_words(across, label) for label in across.labels]
    first = max(map(len, [corner, *rows]))
    widths = [max(map(len, [head, *column])) + 2 for head, column in zip(heads, cells.T.tolist(), strict=True)]
    start = 0
    while start < len(heads):
        end = start + 1
        while end < len(heads) and first + sum(widths[start : end + 1]) <= ROOM:
            end += 1
        more = "" if (start, end) == (0, len(heads)) else f" ({heads[start]} to {heads[end - 1]})"
        yield Section(title + more, [corner, *heads[start:end]],
                      [[row, *line[start:end]] for row, line in zip(rows, cells.tolist(), strict=True)])
        start = end


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
    return [label_words(axis, label) for axis, (_, label) in zip(
        sweep.study.sweep, sweep.points[point].study.point, strict=True)]


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
