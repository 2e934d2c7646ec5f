"""What a study asks of its sensitivity: how many samples, groups of inputs, and measurements that could be made."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from . import schema
from .analysis.labels import DUMMY
from .distributions import LEAST_LEVEL, Marginal
from .quantity import UNKNOWN
from .resolve import Entries, Problem, Tables, members, unknown

SHARED = "shared"  # the group of the inputs that all builds share
EVERYTHING = "everything"  # as tables call all inputs together


class Measurement(NamedTuple):
    """A quote or a measurement of one input that could be had before the choice is made.

    Attributes
    ----------
    stream : of the input
    error : standard deviation of the measurement, in the input's unit, or relative to the input
    cost : of making it [USD], if it is known
    """

    says: str
    stream: str
    error: float
    relative: bool
    cost: float | None


class Inquiry(NamedTuple):
    """What is asked; `groups` are streams by the name of their group, `samples` 0 where nothing is asked."""

    samples: int = 0
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    measurements: tuple[Measurement, ...] = ()


def inquiry(tables: Tables, entries: Entries) -> Inquiry:
    """What a study asks, once there are no `problems`."""
    asked = tables.file.sensitivity
    groups = tuple((name, _streams(patterns, entries)) for name, patterns in asked.groups.items())
    measurements = tuple(Measurement(
        m.says, _streams([m.input], entries)[0], m.error or m.relative_error or 0.0, m.error is None, m.cost)
        for m in asked.measurements)
    return Inquiry(asked.samples, groups, measurements)


def problems(tables: Tables, entries: Entries) -> Iterator[Problem]:
    """Everything wrong with what is asked."""
    asked = tables.file.sensitivity
    kinds = {SHARED: "what all builds share", DUMMY: "the input that does nothing", EVERYTHING: "all inputs"}
    kinds |= dict.fromkeys(tables.file.builds, "a build, whose own inputs are a group anyway")
    for name, patterns in asked.groups.items():
        where = f"sensitivity.groups.{name}"
        if name in kinds or members(name, entries):
            yield Problem(where, f"given the name of {kinds.get(name, 'an input')}; wanted another name")
        for pattern in patterns:
            yield from _uncertain_input(where, pattern, entries, kinds)
    says: set[str] = set()
    for i, m in enumerate(asked.measurements):
        where = f"sensitivity.measurements #{i + 1}"
        if m.says in says:
            yield Problem(f"{where}.says", f"given {m.says!r} again; wanted another name")
        says.add(m.says)
        if (m.error is None) == (m.relative_error is None):
            yield Problem(where, f"given {'neither' if m.error is None else 'both'} of error and relative_error; "
                          "wanted one")
        yield from _measured(where, m, entries, kinds)


def _measured(where: str, m: schema.Measurement, entries: Entries, kinds: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the input that a measurement tells of."""
    streams, wrong = _streams([m.input], entries), list(_uncertain_input(f"{where}.input", m.input, entries, kinds))
    yield from wrong
    if len(streams) > 1:
        yield Problem(f"{where}.input", f"{m.input} is several inputs; wanted one of {', '.join(streams)}")
    elif m.relative_error and not wrong and _least(streams[0], entries) <= 0:
        yield Problem(f"{where}.relative_error", f"{streams[0]} may be {_least(streams[0], entries):g}; wanted error, "
                      "in its own unit, or an input that is positive")


def _least(stream: str, entries: Entries) -> float:
    """The least value that a stream's inputs take at any sample, as far as it is known."""
    values = {e.quantity.value for places in entries.values() for e in places.values() if e.stream == stream}
    return min((float(value.ppf(LEAST_LEVEL)) for value in values if isinstance(value, Marginal)), default=math.inf)


def _uncertain(entries: Entries) -> set[str]:
    """Streams that are uncertain, or may be once what is wrong with them is mended."""
    return {e.stream for places in entries.values() for e in places.values()
            if e.quantity.uncertain or e.quantity is UNKNOWN}


def _streams(patterns: Sequence[str], entries: Entries) -> tuple[str, ...]:
    drawn = _uncertain(entries)
    return tuple(dict.fromkeys(s for pattern in patterns for s in members(pattern, entries) if s in drawn))


def _uncertain_input(where: str, pattern: str, entries: Entries, kinds: Collection[str]) -> Iterator[Problem]:
    if pattern in kinds:
        yield Problem(where, f"given {pattern}, a group of its own; wanted an input")
    elif not members(pattern, entries):
        yield Problem(where, unknown(pattern, entries))
    elif not _streams([pattern], entries):
        yield Problem(where, f"{pattern} is constant; wanted an uncertain input")
