"""One side of a comparison, in plain figures: what a results folder says, or a run of a study."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from .analysis.error import Estimate
from .model import INPUTS, OUTPUTS
from .study import Study

HEADLINES = ("capex", "battery_count", "device_count", "throughput_per_dollar")  # outputs that are compared
LEVELS = (0.05, 0.5, 0.95)  # of their quantiles
EVIDENCE = ("source", "grade", "date")


class Figure(NamedTuple):
    """One number that is compared: a "quantile" or "mean" of an output, P(first) by a criterion, P(claim holds)."""

    kind: str
    name: str  # of the output, the criterion or the claim
    scenario: str = ""
    build: str = ""
    precision: str = ""
    level: float = 0.0


class Spot(NamedTuple):
    """Where an input holds; "" where it is the same for all."""

    input: str
    scenario: str
    build: str
    precision: str


class Told(NamedTuple):
    """An input as a report tells it: in words, its central value and 5 and 95 % quantiles, and its evidence."""

    value: str
    central: float
    low: float
    high: float
    unit: str
    source: str
    grade: str
    date: str

    @property
    def number(self) -> tuple[Any, ...]:
        """What of it results depend on; a missing figure is as good as another."""
        return tuple(None if x != x else x for x in self[:4])


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes
    ----------
    name : as it was given
    sampling, versions, digest : of the run
    inputs, correlation : what went in; the names of a pair are in alphabetical order
    builds : what each is called, by its key
    scenarios, precisions, criteria, claims : names; precisions but the headline; what each claim says, and must hold
    figures : what came out, with standard errors
    study : to run again, if that can be; else `why` not
    """

    name: str
    sampling: dict[str, Any]
    versions: dict[str, str]
    digest: str
    inputs: dict[Spot, Told]
    correlation: dict[tuple[str, str], float]
    builds: dict[str, str]
    scenarios: tuple[str, ...]
    precisions: tuple[str, ...]
    criteria: tuple[str, ...]
    claims: dict[str, tuple[str, Any]]
    figures: dict[Figure, Estimate]
    study: Study | None = None
    why: str = ""


def side(name: str, tree: Mapping[str, Any], study: Study | None, why: str = "") -> Side:
    """A side of a comparison, of what `summary.json` holds.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError, IndexError
        where it does not hold what it should.
    """
    bands, ranking, claims = tree["bands"], tree["ranking"], tree["claims"]
    scenarios, builds = tuple(bands), list(next(iter(bands.values())))
    precisions = _precisions(bands)
    called = {build.key: build.label for build in study.builds} if study else {}
    figures = [*_bands(bands), *_firsts(ranking), *_claims(claims)]
    return Side(
        name, dict(tree["sampling"]), dict(tree["versions"]), tree["digest"],
        _inputs(tree["inputs"], scenarios, builds, precisions),
        {pair_of(row["input"], row["other"]): row["spearman"] for row in tree["correlation"]},
        {key: called.get(key, key) for key in builds}, scenarios, precisions, tuple(ranking),
        {key: (claim["says"], claim["must_hold"]) for key, claim in claims.items()},
        {figure: Estimate(*map(_figure, pair)) for figure, pair in figures if not math.isnan(_figure(pair[0]))}, study,
        why)


def pair_of(one: str, other: str) -> tuple[str, str]:
    """A pair of names, whichever is written first."""
    return (one, other) if one <= other else (other, one)


def common(before: Side, after: Side, what: str) -> list[Any]:
    """Builds, scenarios, criteria, claims or figures that both have, as they come before."""
    return [each for each in getattr(before, what) if each in getattr(after, what)]


def _figure(value: Any) -> float:
    """A number; what is missing is always the one NaN, which is itself if it is not equal."""
    return math.nan if value is None else float(value)


def _bands(tree: Mapping[str, Any]) -> Iterator[tuple[Figure, Any]]:
    """Quantiles and means of the outputs that are compared."""
    for scenario, builds in tree.items():
        for (build, outputs), output in product(builds.items(), HEADLINES):
            found = outputs.get(output, {})
            for precision, band in (found if OUTPUTS[output].typed else {"": found} if found else {}).items():
                at = (output, scenario, build, precision)
                yield Figure("mean", *at), band["mean"]
                yield from ((Figure("quantile", *at, level), band[f"{level:g}"]) for level in LEVELS)


def _firsts(tree: Mapping[str, Any]) -> Iterator[tuple[Figure, Any]]:
    for criterion, scenarios in tree.items():
        for scenario, ranked in scenarios.items():
            for build, found in ranked["builds"].items():
                yield Figure("first", criterion, scenario, build), found["rank_acceptability"][0]


def _claims(tree: Mapping[str, Any]) -> Iterator[tuple[Figure, Any]]:
    return ((Figure("claim", key), claim["probability"]) for key, claim in tree.items())


def _precisions(bands: Mapping[str, Any]) -> tuple[str, ...]:
    """All but the headline, whose sustained ratio is that of a format; "" alone where nothing that is told has any."""
    outputs = next(iter(next(iter(bands.values())).values()))
    found = dict.fromkeys(p for name, band in outputs.items() if OUTPUTS[name].typed for p in band if p != "headline")
    return tuple(found) or ("",)


def _inputs(rows: list[Any], scenarios: tuple[str, ...], builds: list[str],
            precisions: tuple[str, ...]) -> dict[Spot, Told]:
    """Inputs at every scenario, build and precision, one by one."""
    found = {}
    for row in rows:
        if not all(isinstance(row.get(key, ""), str) for key in ("input", "value", "unit", *EVIDENCE)):
            raise TypeError("no text where one is wanted")
        own = row["input"] not in INPUTS or INPUTS[row["input"]].per_build
        central, low, high = (_figure(row.get(key)) for key in ("central", "0.05", "0.95"))
        told = Told(row["value"], central, low, high, row["unit"], *(row.get(key, "") for key in EVIDENCE))
        typed = row["input"] in INPUTS and INPUTS[row["input"]].typed
        places = (row.get("scenario", scenarios), row.get("build", builds if own else [""]),
                  row.get("precision", precisions if typed else [""]))
        for place in product(*places):
            found[Spot(row["input"], *place)] = told
    return found
