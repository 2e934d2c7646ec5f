"""What a study may say, but is mostly a slip; and what in it is an example's still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from . import schema
from .axes import Axis, entries_at
from .distributions import Marginal
from .model import INPUTS, Quantities
from .resolve import Entries, Entry, Place, Tables, resolve

FAR = 5.0  # times that a value may be larger or smaller than its data sheet's
WIDE = 10.0  # times that the largest quote may be the smallest
EXAMPLE = "EXAMPLE"  # what sources of the starter begin with


def doubts(tables: Tables, entries: Entries, swept: Sequence[Axis]) -> tuple[str, ...]:
    """What of a study that can be run is worth a look, a line each."""
    return (*_far(tables, entries, swept), *dict.fromkeys(_wide(entries)), *_unaffordable(tables, entries, swept),
            *_examples(tables, entries))


def _far(tables: Tables, entries: Entries, swept: Sequence[Axis]) -> list[str]:
    """Inputs that are far from what the data sheets have, each given number once."""
    taken = {held for axis in swept for held in axis.places}
    listed = _of_sheets(tables)
    told: dict[Entry, str] = {}
    for name, spec in INPUTS.items():
        for place, entry in entries[name].items():
            usual = listed[name].get(place._replace(scenario="base"))
            if usual is None or usual.quantity.source == "default" or (name, place) in taken:
                continue
            one, other = entry.quantity.center, usual.quantity.center
            if min(one, other) > 0 and max(one / other, other / one) > FAR:
                where, unit = ".".join(filter(None, [place.build, name, place.precision])), spec.unit.strip("1")
                told.setdefault(entry, f"{where} is {' '.join([_number(one), unit]).strip()} at its central value; the "
                                       f"data sheet has {_number(other)}")
    return list(told.values())


def _of_sheets(tables: Tables) -> Entries:
    """Entries as they would be if the study gave no number."""
    nothing = dict.fromkeys(("budget", "run_hours", "budget_covers"))
    bare = tables.file.model_copy(update=nothing | {
        "inputs": schema.AllInputs(), "build": {}, "scenarios": {}, "components": {}})
    return resolve(tables._replace(file=bare))


def _wide(entries: Entries) -> Iterator[str]:
    """Quotes of which the largest is many times the smallest, as where a comma parts thousands."""
    for places in entries.values():
        for stream, quantity in places.values():
            if isinstance(quantity.value, Marginal) and quantity.value.kind == "empirical":
                values = quantity.value.parameters[: len(quantity.value.parameters) // 2]
                if 0 < min(values) * WIDE < max(values):
                    yield (f"{stream} has values from {_number(min(values))} to {_number(max(values))}; a comma parts "
                           "values: one of 8,565 is 8565 or 8_565")


def _unaffordable(tables: Tables, entries: Entries, swept: Sequence[Axis]) -> Iterator[str]:
    """Builds of which the budget, the largest of those that are swept, buys none at the central values.

    Not those of which anything else is swept.
    """
    for axis in swept:
        if axis.name == "budget":
            entries = entries_at(entries, axis, axis.values[-1])
    other = {place.build for axis in swept for _, place in axis.places}
    for build in (build for build in tables.file.builds if build not in other):
        none = [scenario for scenario in tables.scenarios if _devices(entries, scenario, build) < 1]
        if none:
            budget = entries["budget"][Place(none[0], "", "")].quantity.center
            where = "" if len(none) == len(tables.scenarios) else f" in {', '.join(none)}"
            yield f"the budget of {_number(budget)} USD buys no {build} at the central values{where}"


def _devices(entries: Entries, scenario: str, build: str) -> float:
    """How many devices the budget buys at the central values."""
    given = {name: entries[name][Place(scenario, build if spec.per_build else "", "")].quantity.center
             for name, spec in INPUTS.items() if not spec.typed}
    with np.errstate(all="ignore"):
        return float(Quantities({name: np.float64(value) for name, value in given.items()}, {})["device_count"])


def _examples(tables: Tables, entries: Entries) -> Iterator[str]:
    """How many sources are those of examples, and of what."""
    given = dict.fromkeys(entry for places in entries.values() for entry in places.values())
    names = [stream for stream, quantity in given if quantity.source.startswith(EXAMPLE)]
    names += [f"correlation #{i + 1}" for i, group in enumerate(tables.file.correlation)
              if group.source.startswith(EXAMPLE)]
    if names:
        begin = "source still begins" if len(names) == 1 else "sources still begin"
        yield f"{len(names)} {begin} with {EXAMPLE}, of {', '.join(dict.fromkeys(names))}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
