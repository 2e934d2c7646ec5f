"""What a person reads of a sweep: who is most probably best where, how wide that is, which claims hold where."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from ..frames import SHORTFALL
from ..reported import Reported
from ..sweep import Sweep
from .answer import bought
from .option_map import option_maps, where_open
from .text import BAND, Section, band, certain, number, percent
from .words import axis_words, place_words

ELSEWHERE = ("Every other figure is there at every point: in tables/*.csv, by point in summary.json, and in "
             "results.nc, where what is swept are dimensions. What would break conclusions is not searched for.")


class Found(NamedTuple):
    """Tables by what they answer."""

    maps: list[Section]
    open: list[Section]
    wide: list[Section]
    holds: list[Section]
    bands: list[Section]


def by_question(sweep: Sweep, full: bool = False) -> Found:
    """Option maps, and over the sweep how wide, and which claims hold; in `full` whole, and every point's bands too."""
    return Found(option_maps(sweep, full), list(where_open(sweep, full)), [_range(sweep)], list(_claims(sweep)),
                 list(_bands(sweep)) if full else [])


def sections(sweep: Sweep, full: bool = False) -> list[Section]:
    """All of them, one after the other."""
    return [section for found in by_question(sweep, full) for section in found]


def _range(sweep: Sweep) -> Section:
    """Medians at the points where they are least and most."""
    study, bands = sweep.study, sweep.figures["bands"]
    at = bands["quantile"].tolist().index(0.5)
    over = tuple(range(len(study.sweep)))
    columns = ["scenario", "build", "devices", "CapEx, 1,000 USD", f"{study.battery.label}s", "buy"]
    middle = [np.take(bands[name], at, len(over)) for name in ("device_count", "capex", "battery_count")]
    middle = [middle[0], middle[1] / 1e3, middle[2], sweep.figures["counts"]["battery_count_enough"]]
    there = bought(sweep)
    middle[1:] = [np.where(there, x, np.nan) for x in middle[1:]]
    rows = [[scenario, build.label, *(_ends(float(np.nanmin(x, axis=over)[s, b]), float(np.nanmax(x, axis=over)[s, b]),
                                            i == 1) for i, x in enumerate(middle))]
            for (s, scenario), (b, build) in product(enumerate(study.scenarios), enumerate(study.builds))]
    note = (f"Medians, from the point where they are least to that where they are most. Buy: the fewest {columns[4]} "
            f"of which P(too few) is at most {100 * SHORTFALL:.0f} %."
            f"{'' if there.all() else ' Of points at which the budget buys no device, nothing but that is told.'}")
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
        ends = [f"{percent(float(shares[p, i]))} at {', '.join(place_words(study, study.places[p]))}"
                for p in (low, high)]
        if shares[low, i] == shares[high, i]:
            ends = [f"{percent(float(shares[low, i]))} everywhere", ""]
        rows.append([claim.id, claim.says, *ends])
    if rows:
        yield Section("Which conclusions hold where: P(holds)", ["id", "claim", "least", "most"], rows,
                      "At every point: tables/claims.csv.", 4)


def _bands(sweep: Sweep) -> Iterator[Section]:
    """CapEx and battery units at every point, a table a scenario."""
    study = sweep.study
    units = f"{study.battery.label}s"
    for s, scenario in enumerate(study.scenarios):
        rows = [[*place_words(study, study.places[p]), *(_band(point, s, b) for b in range(len(study.builds)))]
                for p, point in enumerate(sweep.points)]
        yield Section(f"CapEx in 1,000 USD, and {units} to buy: {scenario}",
                      [*(axis_words(study, axis) for axis in study.sweep), *(b.label for b in study.builds)], rows,
                      "" if certain(sweep) else BAND, len(study.sweep))


def _band(point: Reported, s: int, b: int) -> str:
    enough = point.figures["counts"]["battery_count_enough"][s, b]
    return f"{band(point, 'capex', (s, b), 1e3, 4)}; {int(enough):,}"
