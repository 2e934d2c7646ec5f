"""What goes in: every input with its source, in words and figures."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..distributions import Marginal
from ..inverse import quantile_function
from ..model import INPUTS
from ..reported import Reported
from ..resolve import Entry, Place
from ..study import Study
from .figures import Table, rounded


def inputs(study: Study) -> Table:
    """Every input that is given, once for each distinct value: what it is, where it holds, where it comes from.

    Of a swept one all values that it takes, in place of the study's own.
    """
    rows = []
    swept = {place: axis for axis in study.sweep for place in axis.places}
    formats = [p for p in study.precisions if p != "headline"]
    for name, places in study.entries.items():
        unit, words = (INPUTS[name].unit, INPUTS[name].words) if name in INPUTS else ("USD", ())
        own = {place: entry for place, entry in places.items() if (name, place) not in swept}
        for axis in dict.fromkeys(swept[name, place] for place in places if (name, place) in swept):
            held = [place for _, place in axis.places if place.precision in ("", *formats)] or [axis.places[0][1]]
            rows.append([name, *_where(study, held), unit, f"swept: {', '.join(map(_label, axis.labels))}", math.nan,
                         *_ends(None), "the study's [sweep]", "", "", _instead(places[held[0]])])
        for entry, held in _distinct(own, formats):
            q = entry.quantity
            center = math.nan if words else rounded(q.center)
            rows.append([name, *_where(study, held), unit, describe(q.value, words), center, *_ends(q.value),
                         q.source, q.grade, q.date, q.note])
    return Table(["input", "scenario", "build", "precision", "unit", "value", "central", "0.05", "0.95", "source",
                  "grade", "date", "note"], rows)


def _label(label: float | str) -> str:
    return label if isinstance(label, str) else f"{label:.10g}"


def _instead(entry: Entry) -> str:
    """What a swept input would be without the sweep, where that is no constant."""
    return f"constant at each point, in place of {describe(entry.quantity.value)}" if entry.quantity.uncertain else ""


def _distinct(places: dict[Place, Entry], formats: list[str]) -> Iterator[tuple[Entry, list[Place]]]:
    """Entries that a study gives, and where they hold; a headline's ratio is its format's, if that is there."""
    found: dict[Entry, list[Place]] = {}
    for place, entry in places.items():
        of_format = place.precision == "headline" and entry.stream.rpartition(".")[2] in formats
        if not of_format:
            found.setdefault(entry, []).append(place)
    return iter(found.items())


def _where(study: Study, held: list[Place]) -> list[str]:
    """The scenarios, builds and precisions that an entry holds in; "" for all of them."""
    everything = (study.scenarios, [b.key for b in study.builds], study.precisions)
    some = [list(dict.fromkeys(place[d] for place in held)) for d in range(3)]
    return ["" if len(s) >= len(e) else " ".join(s) for s, e in zip(some, everything, strict=True)]


def _ends(value: float | Marginal | None) -> list[float]:
    if not isinstance(value, Marginal):
        return [math.nan, math.nan]
    return [rounded(x) for x in quantile_function(value)(np.array([0.05, 0.95]))]


def describe(value: float | Marginal | None, words: tuple[str, ...] = ()) -> str:
    """A quantity in a few words: `8`, `pert(1.05, 1.25, 1.6)`, `lognormal(8999.99, 0.11) in [7600, 12000]`.

    `words` are what the numbers 0, 1, ... stand for, where they do.
    """
    if value is None:
        return "missing"
    if not isinstance(value, Marginal):
        return words[int(value)] if words else f"{value:.10g}"
    if value.is_discrete:
        half = len(value.parameters) // 2
        shown = [f"{x:g}: {p:.3g}" for x, p in zip(value.parameters[:half], value.parameters[half:], strict=True)]
        return f"{value.kind}({', '.join(shown[:5])}{f', ... {half} values' if half > 5 else ''})"
    parameters = ", ".join(f"{p:.6g}" for p in value.parameters)
    truncated = "" if math.isinf(value.low) and math.isinf(value.high) else f" in [{value.low:g}, {value.high:g}]"
    return f"{value.kind}({parameters}){truncated}"


def correlations(results: Reported) -> Table:
    """Pairs of correlated inputs: the Spearman coefficient asked for, and the one that could be had."""
    copula = results.copula
    rows = [[a, b, rho, rounded(copula.used[copula.names.index(a), copula.names.index(b)])]
            for (a, b), rho in results.study.correlation.items()]
    return Table(["input", "other", "spearman", "used"], rows)
