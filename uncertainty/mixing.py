"""Studies between two: some of the changes made, the others not, and everything on the same draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from .model import INPUTS
from .resolve import NOTHING, Entries, Entry, Place
from .study import Study

CORRELATION = "correlation"
MOST_STREAMS = 12  # beyond which those of one input are one change


class Mixture(NamedTuple):
    """Two studies, and what lies between them.

    Attributes
    ----------
    one, other : each with the components of both, which cost nothing where it has none
    changes : what has changed: streams of inputs, or inputs where these are many; `CORRELATION`; and last `rest`
    rest : all that is no input, in words; "" where nothing of it has changed
    taken_by : the change that an input at a place belongs to, where it has changed
    """

    one: Study
    other: Study
    changes: tuple[str, ...]
    rest: str
    taken_by: dict[tuple[str, Place], str]


def mixture(one: Study, other: Study) -> Mixture:
    """What has changed between two studies."""
    names = tuple(dict.fromkeys([*one.components, *other.components]))
    every = one.components | other.components
    rest = ", ".join(_structure(one, other))
    one, other = (_with_components(study, {name: study.components.get(name, every[name]) for name in names})
                  for study in (one, other))
    taken_by = {at: stream or rest for at, stream in _changed(one, other)}
    if len({*taken_by.values()} - {rest}) > MOST_STREAMS:
        taken_by = {at: rest if change == rest else at[0] for at, change in taken_by.items()}
    streams = sorted({*taken_by.values()} - {rest})
    correlated = [CORRELATION] if _common(one, other) != _common(other, one) else []
    return Mixture(one, other, (*streams, *correlated, *([rest] if rest else [])), rest, taken_by)


def mixed(between: Mixture, made: set[str]) -> Study:
    """The study in which these changes are made: the one with none of them, the other with all."""
    one, other, changes, rest, taken_by = between
    base = other if rest in made else one

    def of(name: str, place: Place, entry: Entry) -> Entry:
        change = taken_by.get((name, place))
        return entry if change is None else (other if change in made else one).entries[name][place]

    entries = {name: {place: of(name, place, entry) for place, entry in places.items()}
               for name, places in base.entries.items()}
    correlated = base if CORRELATION not in changes else other if CORRELATION in made else one
    known = _streams(entries)
    return replace(base, entries=entries, correlation={
        pair: rho for pair, rho in correlated.correlation.items() if known.issuperset(pair)})


def _with_components(study: Study, components: dict[str, str]) -> Study:
    free: Entries = {name: {Place("", build.key, ""): Entry(name, NOTHING) for build in study.builds}
                     for name in components if name not in study.components}
    return replace(study, entries=study.entries | free, components=components)


def _structure(one: Study, other: Study) -> Iterator[str]:
    """What has changed that is no input."""
    if [b.key for b in one.builds] != [b.key for b in other.builds]:
        yield "builds"
    if one.scenarios != other.scenarios:
        yield "scenarios"
    if any(other.components.get(name, per) != per for name, per in one.components.items()):
        yield "what components are per"
    if _unlike(one, other):
        yield "missing values"


def _unlike(one: Study, other: Study) -> set[Place]:
    """Places of both studies at which one of them, and not the other, declares a number missing."""
    places = [{name: {place for place, e in study.entries[name].items() if e.quantity.value is None}
               for name, spec in INPUTS.items() if spec.typed} for study in (one, other)]
    common = one.entries["peak"].keys() & other.entries["peak"].keys()
    return {place for name in places[0] for place in (places[0][name] ^ places[1][name]) & common}


def _changed(one: Study, other: Study) -> Iterator[tuple[tuple[str, Place], str]]:
    """Inputs of both studies that differ, and their streams, the more particular of two; none where one is missing."""
    unlike = _unlike(one, other)
    for name, places in one.entries.items():
        for place in places.keys() & other.entries[name].keys():
            before, after = places[place], other.entries[name][place]
            if place in unlike and INPUTS[name].typed:
                yield (name, place), ""
            elif _identity(before) != _identity(after):
                yield (name, place), max(after.stream, before.stream, key=len)


def _identity(entry: Entry) -> Any:
    return entry.stream if entry.quantity.uncertain else "", entry.quantity.value


def _streams(entries: Entries) -> set[str]:
    return {entry.stream for places in entries.values() for entry in places.values()}


def _common(study: Study, other: Study) -> dict[frozenset[str], float]:
    """Correlations of streams that both studies have."""
    both = _streams(study.entries) & _streams(other.entries)
    return {frozenset(pair): rho for pair, rho in study.correlation.items() if both.issuperset(pair)}
