"""What a study asks of its sensitivity: how many samples, groups of inputs, and measurements that could be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .analysis.labels import DUMMY
from .distributions import Marginal
from .resolve import Entries, Problem, Tables, members, unknown


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
    for name, patterns in asked.groups.items():
        where = f"sensitivity.groups.{name}"
        taken = {*tables.file.builds, *_uncertain(entries), SHARED, DUMMY}
        if name in taken or members(name, entries):
            yield Problem(where, f"given {name}, the name of something else; wanted another name")
        for pattern in patterns:
            yield from _uncertain_input(where, pattern, entries)
    for i, m in enumerate(asked.measurements):
        where = f"sensitivity.measurements #{i + 1}"
        found = list(_uncertain_input(f"{where}.input", m.input, entries))
        yield from found
        streams = _streams([m.input], entries)
        if len(streams) > 1:
            yield Problem(f"{where}.input", f"{m.input} is several inputs; wanted one of {', '.join(streams)}")
        elif m.relative_error and not found and _least(streams[0], entries) <= 0:
            yield Problem(f"{where}.relative_error", f"{streams[0]} may be {_least(streams[0], entries):g}; wanted "
                          "error, in its own unit, or an input that is positive")


LEAST_LEVEL = 2.0**-33  # of any sample
SHARED = "shared"  # the group of the inputs that all builds share


def _least(stream: str, entries: Entries) -> float:
    """The least value that a stream's inputs take at any sample."""
    values = {e.quantity.value for places in entries.values() for e in places.values() if e.stream == stream}
    return min(float(value.ppf(LEAST_LEVEL)) for value in values if isinstance(value, Marginal))


def _uncertain(entries: Entries) -> set[str]:
    return {e.stream for places in entries.values() for e in places.values() if e.quantity.uncertain}


def _streams(patterns: Sequence[str], entries: Entries) -> tuple[str, ...]:
    drawn = _uncertain(entries)
    return tuple(dict.fromkeys(s for pattern in patterns for s in members(pattern, entries) if s in drawn))


def _uncertain_input(where: str, pattern: str, entries: Entries) -> Iterator[Problem]:
    if not members(pattern, entries):
        yield Problem(where, unknown(pattern, entries))
    elif not _streams([pattern], entries):
        yield Problem(where, f"{pattern} is constant; wanted an uncertain input")
