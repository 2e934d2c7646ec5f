"""What a study sweeps: quantities that take several values, one a point, in place of what the study gives."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from .model import INPUTS, Input
from .quantity import Quantity, inside
from .resolve import NOTHING, Entries, Entry, Place, Problem, Tables
from .strict import nearest, shown

MOST_POINTS = 400
PRICE = Input("USD", "price of a further component")
TAKEN = {"quantile", "number", "criterion", "rank", "other", "tau", "claim", "pick", "metric", "input", "variant",
         "measurement", "output", "unit"}  # dimensions and columns of results
Label = float | str
Held = tuple[tuple[str, Place], ...]  # inputs or components, and where


class Axis(NamedTuple):
    """A swept quantity.

    Attributes
    ----------
    name : as the study has it: "run_hours", "rtx_a5000.unit_price", "sustained_ratio.fp16"
    values, labels : what it takes; labels are the same numbers, or words where a quantity has words
    places : inputs or components, and where they take it
    """

    name: str
    unit: str
    meaning: str
    values: tuple[float, ...]
    labels: tuple[Label, ...]
    places: Held


def entries_at(entries: Entries, axis: Axis, value: float) -> Entries:
    """Entries with one value of a swept quantity, which is a constant."""
    quantity, changed = Quantity(value, "swept"), dict(entries)
    for name in {name for name, _ in axis.places}:
        own = {place for key, place in axis.places if key == name}
        changed[name] = {place: Entry(entry.stream, quantity) if place in own else entry
                         for place, entry in entries[name].items()}
    return changed


def axes(tables: Tables, entries: Entries, found: list[Problem]) -> tuple[Axis, ...]:
    """What a study sweeps, in its order; what is wrong with that goes to `found`."""
    made: list[Axis] = []
    for name, given in tables.file.sweep.items():
        where = f"sweep.{name}" if re.fullmatch(r"[\w-]+", name) else f'sweep."{name}"'
        wrong = len(found)
        held = _places(name, tables, entries)
        if isinstance(held, str):
            found.append(Problem(where, held))
            held = ()
        bounds = _bounds(_parts(name, tables)[1])
        values = _values(given, bounds, where, found)
        for other in made:
            if not set(other.places).isdisjoint(held):
                found.append(Problem(where, f"swept as {other.name} too; wanted each number swept once"))
        if len(found) == wrong:
            labels = tuple(bounds.words[int(x)] for x in values) if bounds.words else values
            made.append(Axis(name, bounds.unit, bounds.meaning, values, labels, held))
    sizes = [len(axis.values) for axis in made]
    if math.prod(sizes) > MOST_POINTS:
        found.append(Problem("sweep", f"given {' x '.join(map(str, sizes))} = {math.prod(sizes)} points; wanted at "
                             f"most {MOST_POINTS}"))
    return tuple(made)


# --- which numbers a name stands for -------------------------------------------------------------------------------


def _parts(name: str, tables: Tables) -> tuple[str, str, str]:
    """Build, input or component, and precision of a name; "" where it names none."""
    build, _, rest = name.partition(".")
    build, rest = (build, rest) if build in tables.file.builds and rest else ("", name)
    key, _, precision = rest.partition(".")
    return build, key, precision


def _bounds(key: str) -> Input:
    return INPUTS.get(key, PRICE)


def _names(tables: Tables, entries: Entries) -> Iterator[str]:
    """All that can be swept."""
    for key in entries:
        spec = _bounds(key)
        builds = ["", *(f"{build}." for build in tables.file.builds if spec.per_build)]
        typed = [p for p in tables.precisions if spec.typed and (key, p) != ("sustained_ratio", "headline")]
        yield from (f"{build}{key}{end}" for build in builds for end in ("", *(f".{p}" for p in typed)))


def _places(name: str, tables: Tables, entries: Entries) -> Held | str:
    """Where the one number that a name stands for holds, or what is wrong with the name."""
    known = list(_names(tables, entries))
    if name not in known:
        return f"no input {name}; {nearest(name, known)}"
    key = _parts(name, tables)[1]
    if key in TAKEN:
        return f"given {key}, the name of a column of results; wanted another name of the component"
    held = _held(name, tables, entries)
    if not held:
        return "is declared missing, or no build needs it; wanted an input that has a number"
    if len(set(held.values())) > 1:
        return _several(held, {other: _held(other, tables, entries) for other in known})
    return tuple((key, place) for place in held)


def _held(name: str, tables: Tables, entries: Entries) -> dict[Place, Entry]:
    """The numbers that a name stands for, by place."""
    build, key, precision = _parts(name, tables)
    return {place: entry for place, entry in entries[key].items()
            if build in ("", place.build) and precision in ("", place.precision, _format(key, place, tables))
            and entry.quantity.value is not None and entry.quantity is not NOTHING}


def _format(key: str, place: Place, tables: Tables) -> str:
    """The precision whose sustained ratio a headline shares; else its own."""
    shares = key == "sustained_ratio" and place.precision == "headline"
    return str(tables.devices[place.build].headline_format) if shares else place.precision


def _several(held: Mapping[Place, Entry], known: Mapping[str, Mapping[Place, Entry]]) -> str:
    """What is wrong with a name that stands for several numbers."""
    scenarios = dict.fromkeys(place.scenario for place in held)
    alike = {s: {(p[1:], e) for p, e in held.items() if p.scenario == s} for s in scenarios}
    last = next(reversed(alike))
    if own := [s for s in alike if alike[s] != alike[last]]:
        return (f"is not the same in scenarios {', '.join(own)} and {last}; a sweep holds in all of them: wanted an "
                "input that no scenario has its own of")
    single = {name: set(other) for name, other in known.items()
              if other and set(other.items()) <= set(held.items()) and len(set(other.values())) == 1}
    told: dict[str, set[Place]] = {}
    for name in sorted(single, key=lambda name: -len(single[name])):
        if not any(single[name] <= places for places in told.values()):
            told[name] = single[name]
    return f"is several numbers here; wanted one of {', '.join(told)}"


# --- their values ---------------------------------------------------------------------------------------------------


def _values(given: Any, bounds: Input, where: str, found: list[Problem]) -> tuple[float, ...]:
    """Values of a list, each of them what the quantity can be; what is wrong with them goes to `found`."""
    if not isinstance(given, list) or not given:
        told = "an empty list" if given == [] else shown(given)
        found.append(Problem(where, f"given {told}; wanted a list of values"))
        return ()
    values = []
    for i, one in enumerate(given):
        try:
            values.append(_word(one, bounds) if bounds.words else _number(one, bounds))
        except ValueError as error:
            found.append(Problem(f"{where} #{i + 1}", str(error)))
    pairs = list(pairwise(values))
    if bounds.words and len(set(values)) < len(values):
        found.append(Problem(where, "given a word twice; wanted each once"))
    elif not bounds.words and (back := next((pair for pair in pairs if pair[1] <= pair[0]), None)):
        found.append(Problem(where, f"given {back[1]:.12g} after {back[0]:.12g}; wanted ascending values, each once"))
    return tuple(values)


def _number(given: Any, bounds: Input) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError(f"given {shown(given)}; wanted a number")
    if (isinstance(given, int) and given.bit_length() > 1023) or not math.isfinite(given):
        raise ValueError(f"given {shown(given)}; wanted a finite number")
    return inside(float(given), bounds)


def _word(given: Any, bounds: Input) -> float:
    if given not in bounds.words:
        raise ValueError(f"given {shown(given)}; {nearest(given, bounds.words)}")
    return float(bounds.words.index(given))
