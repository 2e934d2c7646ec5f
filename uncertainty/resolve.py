"""Which number holds where: precedence of a study's tables, their streams, and what no table alone tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any, NamedTuple

from . import document, schema
from .design import DIMENSIONS
from .model import INPUTS, OUTPUTS, PRECISIONS
from .quantity import UNKNOWN, Quantity
from .strict import nearest

SLOTS = [slot for name, spec in INPUTS.items()
         for slot in [name, *(f"{name}.{p}" for p in PRECISIONS if spec.typed)]]
BLOCK = 48  # Sobol' dimensions set aside for the site, and for each build: appending a build moves no other
COMPONENTS, WEIGHTS = 16, 32  # the last of all dimensions, and those before: a new input or build moves none
MOST_PLACES = 2_000  # builds in all scenarios
CRITERIA = ("capex", "battery_count", "throughput", "throughput_per_dollar", "memory_pool",
            "memory_per_dollar", "bandwidth_per_watt")
ALWAYS = ("device_count", "battery_count", "capex")  # outputs that every study works out
TAKEN = {*INPUTS, *OUTPUTS, "sparse", "replicate", "sample", "scenario", "build", "precision"}


class Problem(NamedTuple):
    """One thing wrong with a study: where, and what was given and wanted."""

    where: str
    what: str


class Place(NamedTuple):
    """Where a quantity holds; "" where it is the same everywhere along that dimension."""

    scenario: str
    build: str
    precision: str


class Entry(NamedTuple):
    """A quantity and the name of the stream that it is drawn from."""

    stream: str
    quantity: Quantity


class Criterion(NamedTuple):
    """What builds are ranked by: an output, at a precision where it is typed, and which way is better."""

    output: str
    precision: str
    better: str

    @property
    def name(self) -> str:
        """As results name it; the direction is told where it is not the output's own."""
        other = "" if self.better == OUTPUTS[self.output].better else f"({self.better})"
        return " ".join(filter(None, [self.output, self.precision, other]))


class Tables(NamedTuple):
    """A study file and the data sheets that it names."""

    file: schema.StudyFile
    devices: Mapping[str, Any]
    battery: Any

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios; one where the study has none."""
        return tuple(self.file.scenarios) or ("base",)

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that are worked out, in their usual order."""
        return tuple(p for p in PRECISIONS if p in self.file.precisions) or PRECISIONS


NOTHING = Quantity(0.0, "default")
Entries = dict[str, dict[Place, Entry]]  # by input or component


# --- precedence --------------------------------------------------------------------------------------------


def resolve(tables: Tables) -> Entries:
    """Every input's entry at every place; one that has none is left out, for `problems` to name."""
    entries: Entries = {}
    for name in INPUTS:
        found = {place: _entry(tables, name, place) for place in _places(tables, name)}
        entries[name] = {place: entry for place, entry in found.items() if entry}
    for name, component in tables.file.components.items():
        price = component.price
        if not price.source and component.source:
            price = replace(price, source=component.source)
        needing = component.builds if component.builds is not None else tables.file.builds
        entries[name] = {Place("", build, ""): Entry(name, price if build in needing else NOTHING)
                         for build in tables.file.builds}
    return entries


def _places(tables: Tables, name: str, build: str = "") -> Iterator[Place]:
    """Where an input holds: of all builds or of one."""
    spec = INPUTS[name]
    builds = ([build] if build else tables.file.builds) if spec.per_build else [""]
    return map(Place._make, product(tables.scenarios, builds, tables.precisions if spec.typed else [""]))


def _entry(tables: Tables, name: str, place: Place) -> Entry | None:
    scenario, build, precision = place
    if name == "sustained_ratio" and precision == "headline":
        precision = tables.devices[build].headline_format
    for prefix, given in _levels(tables, name, scenario, build):
        if isinstance(given, Quantity):  # given once for all precisions is one draw for all
            return Entry(prefix + name, given)
        if getattr(given, precision, None) is not None:
            return Entry(f"{prefix}{name}.{precision}", getattr(given, precision))
    default = INPUTS[name].default
    return None if default is None else Entry(name, Quantity(default, source="default"))


def _levels(tables: Tables, name: str, scenario: str, build: str) -> Iterator[tuple[str, Any]]:
    """What each table says of an input, the strongest first, and the prefix of its stream there."""
    file, own = tables.file, f"{build}." if build else ""
    here = file.scenarios.get(scenario)
    levels = [(own, here and here.build.get(build)), ("", here),
              (own, file.build.get(build)), ("", file.inputs), ("", file),
              (own, tables.devices.get(build)), ("", tables.battery)]
    for prefix, table in levels:
        given = getattr(table, name, None)
        if given is not None:
            yield prefix, given


# --- correlation and criteria ------------------------------------------------------------------------------


def members(pattern: str, entries: Entries) -> list[str]:
    """Streams that a name stands for: one stream, or an input's in every build and precision."""
    streams = dict.fromkeys(e.stream for places in entries.values() for e in places.values())
    inputs = {s: s if s.partition(".")[0] in entries else s.partition(".")[2] for s in streams}
    return [s for s, name in inputs.items() if pattern in (s, name) or name.startswith(f"{pattern}.")
            or ("." in pattern and s.startswith(f"{pattern}."))]


def unknown(pattern: str, entries: Entries) -> str:
    """What is wrong with a name that stands for no stream."""
    known = {s for name in entries for s in (name, *members(name, entries))}
    return f"no input {pattern}; {nearest(pattern, sorted(known))}"


def correlations(tables: Tables, entries: Entries) -> list[tuple[tuple[str, str], float]]:
    """Spearman coefficients of pairs of streams."""
    return [(pair, group.spearman) for group in tables.file.correlation for pair in combinations(
        dict.fromkeys(s for pattern in group.inputs for s in members(pattern, entries)), 2)]


def criteria(tables: Tables, entries: Entries) -> list[list[Criterion]]:
    """What each listed criterion stands for: a typed output at every precision that two builds have."""
    shown = tables.file.outputs or CRITERIA
    listed = tables.file.criteria or [document.Criterion(output=c) for c in CRITERIA if c in {*ALWAYS, *shown}]
    found = []
    for c in listed:
        spec = OUTPUTS[c.output]
        precisions = _precisions(entries, c.precision) if spec.typed else [""]
        found.append([Criterion(c.output, p, c.better or spec.better) for p in precisions])
    return found


def outputs(tables: Tables, needed: Iterable[str]) -> tuple[str, ...]:
    """What is worked out, in the usual order: what the study lists or all but the extra, and what it needs."""
    listed = tables.file.outputs or [name for name, spec in OUTPUTS.items() if not spec.extra]
    wanted = {*listed, *ALWAYS, *needed}
    return tuple(name for name in OUTPUTS if name in wanted)


def _precisions(entries: Entries, wanted: str | None) -> list[str]:
    """The precision wanted, if a build has it; without one, those that two builds have, or the only build."""
    enough = 1 if wanted else min(2, len({place.build for place in entries["peak"]}))
    return [p for p, builds in having(entries).items() if len(builds) >= enough and wanted in (None, p)]


def having(entries: Entries) -> dict[str, list[str]]:
    """The builds that have each precision, in every scenario."""
    places = entries["peak"]
    lacking = {place[1:] for place, entry in places.items() if entry.quantity.value is None}
    builds = list(dict.fromkeys(place.build for place in places))
    worked_out = {place.precision for place in places}
    return {p: [b for b in builds if (b, p) not in lacking] for p in PRECISIONS if p in worked_out}


# --- what no table alone tells -----------------------------------------------------------------------------


def too_many(file: schema.StudyFile) -> Iterator[Problem]:
    """What there is more of than can be worked out: to be known before the rest is looked at."""
    for where, most in (("builds", (DIMENSIONS - COMPONENTS - WEIGHTS) // BLOCK - 1), ("components", COMPONENTS),
                        ("ratings", WEIGHTS + 1), ("scenarios", MOST_PLACES // len(file.builds))):
        if (count := len(getattr(file, where))) > most:
            yield Problem(where, f"given {count}; wanted at most {most}")


def problems(tables: Tables, entries: Entries) -> Iterator[Problem]:
    """Everything wrong with tables that are each in order."""
    yield from _names(tables.file)
    yield from _lacking(tables, entries)
    yield from _correlation(tables, entries)
    yield from _criteria(tables, entries)


def _names(file: schema.StudyFile) -> Iterator[Problem]:
    tables: dict[str, Any] = {"": file} | {f"scenarios.{name}.": s for name, s in file.scenarios.items()}
    for where, table in tables.items():
        for name in table.build:
            if name not in file.builds:
                yield Problem(f"{where}build.{name}", f"no build of this study; {nearest(name, file.builds)}")
    for key, component in file.components.items():
        for name in component.builds or []:
            if name not in file.builds:
                yield Problem(f"components.{key}.builds", f"no build of this study; {nearest(name, file.builds)}")
    for name in ("budget", "run_hours", "budget_covers"):
        if None not in (getattr(file.inputs, name), getattr(file, name)):
            yield Problem(f"inputs.{name}", "given at the top of the study too; wanted once")
    for name in [*file.components, *file.builds]:
        if name in TAKEN or (name in file.components and name in file.builds):
            yield Problem("builds" if name in file.builds else "components",
                          f"given {name}, the name of something else; wanted another name")


def _lacking(tables: Tables, entries: Entries) -> Iterator[Problem]:
    for name, spec in INPUTS.items():
        for build in tables.file.builds if spec.per_build else [""]:
            where = f"{build}.{name}" if build else name
            places = [p for p in _places(tables, name, build) if (name, p.precision) != ("sustained_ratio", "headline")]
            absent = [p for p in places if p not in entries[name]]
            if absent:
                yield Problem(where, f"is missing{_at(absent, tables)}; wanted {spec.meaning}"
                              + (', or { missing = "why" }' if spec.typed else ""))
            bare = [p for p in places if name == "sustained_ratio" and _missing(entries[name].get(p))
                    and not _missing(entries["peak"].get(p))]
            if bare and not absent:
                yield Problem(where, f"is missing{_at(bare, tables)}, where the peak is not; wanted a number")


def _missing(entry: Entry | None) -> bool:
    return entry is None or entry.quantity.value is None


def _at(places: list[Place], tables: Tables) -> str:
    precisions = dict.fromkeys(p.precision for p in places if p.precision)
    scenarios = dict.fromkeys(p.scenario for p in places)
    return (f" for {', '.join(precisions)}" if precisions else "") + (
        f" in scenario {', '.join(scenarios)}" if len(scenarios) < len(tables.scenarios) else "")


def _correlation(tables: Tables, entries: Entries) -> Iterator[Problem]:
    uncertain = {e.stream for places in entries.values() for e in places.values()
                 if e.quantity.uncertain or e.quantity is UNKNOWN}
    for i, group in enumerate(tables.file.correlation):
        where = f"correlation #{i + 1}.inputs"
        found = {pattern: members(pattern, entries) for pattern in group.inputs}
        for pattern, streams in found.items():
            if not streams:
                yield Problem(where, unknown(pattern, entries))
            elif uncertain.isdisjoint(streams):
                yield Problem(where, f"{pattern} is constant; wanted uncertain inputs")
        drawn = [uncertain.intersection(streams) for streams in found.values()]
        if all(drawn) and len(set().union(*drawn)) == 1:
            yield Problem(where, "one uncertain input; wanted two")
    counts = Counter(frozenset(pair) for pair, _ in correlations(tables, entries))
    for pair in (pair for pair, count in counts.items() if count > 1):
        yield Problem("correlation", f"{' and '.join(sorted(pair))} are given twice; wanted once")


def _criteria(tables: Tables, entries: Entries) -> Iterator[Problem]:
    for i, (listed, found) in enumerate(zip(tables.file.criteria, criteria(tables, entries), strict=False)):
        if listed.precision and not OUTPUTS[listed.output].typed:
            yield Problem(f"criteria #{i + 1}", f"given a precision; {listed.output} has none")
        elif not found:
            lacking = listed.precision or "a precision that another has"
            yield Problem(f"criteria #{i + 1}", f"no build has {lacking}")
