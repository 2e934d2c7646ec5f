"""What went in otherwise, of two results side by side, to be read."""

from __future__ import annotations

import math

from ..comparing import Change, Comparison, Setting
from ..sides import Told
from .text import Section
from .words import stream_words, value_words

MOST = 10  # sources that are told
WIDE = 80  # columns of a line


def inputs(comparison: Comparison) -> list[Section]:
    """Inputs that changed, with where, before and after; and the sources."""
    changes = [change for change in comparison.inputs if not change.source_only]
    rows = [[_name(change), _where(comparison, change) or "everywhere", *_values(change)] for change in changes]
    return [Section("What went in: inputs that changed", ["input", "where", "before", "after"], rows,
                    _sources(comparison), 4)] if rows or comparison.inputs else []


def _name(change: Change) -> str:
    return stream_words({}, change.spots[0].input)


def _where(comparison: Comparison, change: Change, scenarios_too: bool = True) -> str:
    """Builds, scenarios and precisions of a change; what is the case for all goes without saying."""
    called = labels(comparison)
    builds, scenarios, precisions = ([x for x in dict.fromkeys(column) if x] for column in zip(
        *((s.build, s.scenario, s.precision) for s in change.spots), strict=True))
    told = [] if len(builds) == len(comparison.common("builds")) > 1 else [called[b] for b in builds]
    every = len(scenarios) == len(comparison.common("scenarios"))
    if {*precisions} >= {*comparison.before.precisions, *comparison.after.precisions}:
        precisions = []
    words = [told, scenarios if scenarios_too and not every else [], precisions]
    return "; ".join(", ".join(each) for each in words if each)


def labels(comparison: Comparison) -> dict[str, str]:
    """What builds are called; by a folder whose study cannot be had, by their keys."""
    one, other = comparison.before.builds, comparison.after.builds
    return {key: next((x for x in (one.get(key), other.get(key)) if x not in (None, key)), key)
            for key in one | other}


def _values(change: Change) -> list[str]:
    """Before and after, as ranges; where these are alike, as the distributions that they are."""
    told = [_value(x) for x in change[1:]]
    return told if told[0] != told[1] else ["none" if x is None else x.value for x in change[1:]]


def _value(told: Told | None) -> str:
    if told is None:
        return "none"
    if math.isnan(told.central):
        return told.value  # in words
    middle = value_words(told.central, told.unit)
    if math.isnan(told.low):
        return middle
    if told.low == told.high:
        return told.value
    low, high = (value_words(x, told.unit).lstrip("$").removesuffix(f" {told.unit}") for x in (told.low, told.high))
    return f"{middle} [{low}–{high}]"


def _sources(comparison: Comparison) -> str:
    """Where what is new comes from."""
    changes = [c for c in comparison.inputs if not c.source_only]
    named_ = [(", ".join(filter(None, [_name(c), _where(comparison, c, False)])), c.after) for c in changes]
    found = list(dict.fromkeys(_short(f"  {name}: {after.source}") for name, after in named_
                               if after is not None and after.source not in ("", "default")))
    found[MOST:] = [f"  and {len(found) - MOST} more: --json"] if len(found) > MOST else []
    told = "Central value [5 % to 95 % quantile]." if changes else ""
    told += f" Sources now:\n{chr(10).join(found)}" if found else ""
    only = dict.fromkeys(_name(c) for c in comparison.inputs if c.source_only)
    return (told + (f"\nOnly the evidence is other of: {', '.join(only)}." if only else "")).strip()


def _short(line: str) -> str:
    return line if len(line) <= WIDE else f"{line[: WIDE - 4].rsplit(' ', 1)[0].rstrip(',;:.')} ..."


def settings(found: tuple[Setting, ...]) -> list[Section]:
    """What changed that is no input."""
    rows = [[_short(cell) for cell in setting] for setting in found]
    return [Section("What else changed", ["setting", "before", "after"], rows, words=3)] if rows else []
