"""Every figure of a run as plain tables, one a question, and as the nested summary."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ..analysis.error import upper_limit
from ..distributions import Marginal
from ..engine import WHOLE
from ..inverse import quantile_function
from ..model import INPUTS, OUTPUTS, PRECISIONS
from ..resolve import Criterion, Entry, Place
from ..results import Results
from ..study import Study

DIGITS, ERROR_DIGITS = 10, 4  # significant ones written: what is beyond them is rounding


class Table(NamedTuple):
    """Columns by name, and rows; numbers are floats, missing ones NaN."""

    columns: list[str]
    rows: list[list[Any]]


class Figures:
    """The arrays of a Dataset, for looking up statistics with their errors by position, many and fast."""

    def __init__(self, data: xr.Dataset) -> None:
        """Take the arrays of all variables and coordinates."""
        self.arrays = {str(name): variable.values for name, variable in data.variables.items()}

    def value(self, name: str, *at: int) -> float:
        """One figure, to the digits that are written."""
        return rounded(self.arrays[name][at])

    def pair(self, name: str, *at: int) -> list[float]:
        """A statistic and its standard error."""
        value, se = float(self.arrays[name][at]), float(self.arrays[f"{name}_se"][at])
        return [rounded(value), rounded(0.0 if se < 1e-13 * abs(value) else se, ERROR_DIGITS)]


def rounded(value: Any, digits: int = DIGITS) -> float:
    """A figure to so many significant digits."""
    value = float(value)
    return float(f"{value:.{digits}g}") + 0.0 if math.isfinite(value) else value


def tables(results: Results) -> dict[str, Table]:
    """All tables by name, as the CSV files hold them."""
    return {"bands": _bands(results), "counts": _counts(results), "enough": _enough(results),
            "ranks": _ranks(results), "pairs": _pairs(results), "flips": _flips(results), "taus": _taus(results),
            "inputs": inputs(results.study)}


def _places(study: Study, typed: bool) -> Iterator[tuple[tuple[int, ...], list[str]]]:
    """Positions along (scenario, build[, precision]), and what they are called."""
    for s, scenario in enumerate(study.scenarios):
        for b, build in enumerate(study.builds):
            for p, precision in enumerate(PRECISIONS) if typed else [(-1, "")]:
                yield (s, b, p)[: 3 if typed else 2], [scenario, build.key, precision]


def _both(names: list[str]) -> list[str]:
    return [f"{name}{end}" for name in names for end in ("", "_se")]


def _band(results: tuple[Figures, Figures, Figures], levels: int, name: str, at: tuple[int, ...]) -> list[list[float]]:
    """Mean and quantiles of an output at one place, each with its error."""
    _, means, bands = results
    return [means.pair(name, *at), *(bands.pair(name, q, *at) for q in range(levels))]


def _sources(results: Results) -> tuple[Figures, Figures, Figures]:
    return Figures(results.central), Figures(results.means), Figures(results.bands)


def _levels(results: Results) -> list[str]:
    return [f"{q:g}" for q in results.bands["quantile"].values]


def _bands(results: Results) -> Table:
    sources, levels = _sources(results), _levels(results)
    rows = []
    for name, spec in OUTPUTS.items():
        for at, where in _places(results.study, spec.typed):
            band = _band(sources, len(levels), name, at)
            rows.append([name, spec.unit, *where, sources[0].value(name, *at), *(x for both in band for x in both)])
    return Table(["output", "unit", "scenario", "build", "precision", "central", *_both(["mean", *levels])], rows)


def _counts(results: Results) -> Table:
    counts = Figures(results.counts)
    rows = []
    for name in WHOLE:
        for at, where in _places(results.study, typed=False):
            for i, number in enumerate(counts.arrays["number"]):
                probability = counts.pair(f"{name}_probability", i, *at)
                if probability[0]:
                    rows.append([name, *where[:2], int(number), *probability])
    return Table(["output", "scenario", "build", "number", *_both(["probability"])], rows)


def _enough(results: Results) -> Table:
    counts = Figures(results.counts)
    rows = [[name, *where[:2], int(counts.value(f"{name}_enough", *at)), *counts.pair(f"{name}_shortfall", *at)]
            for name in WHOLE for at, where in _places(results.study, typed=False)]
    return Table(["output", "scenario", "build", "enough", *_both(["shortfall"])], rows)


_CRITERION = ["criterion", "unit", "better", "scenario"]


def _criteria(study: Study) -> Iterator[tuple[tuple[int, int], list[str]]]:
    for c, criterion in enumerate(study.criteria):
        for s, scenario in enumerate(study.scenarios):
            yield (c, s), [criterion.name, OUTPUTS[criterion.output].unit, criterion.better, scenario]


def _ranks(results: Results) -> Table:
    ranking, builds = Figures(results.ranking), results.study.builds
    rows = []
    for at, lead in _criteria(results.study):
        for b, build in enumerate(builds):
            found = [ranking.pair("expected_rank", *at, b), ranking.pair("expected_regret", *at, b),
                     *(ranking.pair("rank_acceptability", *at, b, r) for r in range(len(builds)))]
            rows.append([*lead, build.key, *(x for both in found for x in both)])
    ranks = [f"rank_{r + 1}" for r in range(len(builds))]
    return Table([*_CRITERION, "build", *_both(["expected_rank", "expected_regret", *ranks])], rows)


def _pairs(results: Results) -> Table:
    ranking, builds = Figures(results.ranking), list(enumerate(results.study.builds))
    rows = [[*lead, one.key, other.key, *ranking.pair("win", *at, i, j), *ranking.pair("tie", *at, i, j),
             *ranking.pair("win", *at, j, i)]
            for at, lead in _criteria(results.study) for i, one in builds for j, other in builds if i != j]
    return Table([*_CRITERION, "build", "other", *_both(["win", "tie", "loss"])], rows)


FLIPS = ("order_differs", "first_differs", "kendall_tau")


def _flips(results: Results) -> Table:
    ranking = Figures(results.ranking)
    rows = [[*lead, *(x for name in FLIPS for x in ranking.pair(name, *at))] for at, lead in _criteria(results.study)]
    return Table([*_CRITERION, *_both(list(FLIPS))], rows)


def _taus(results: Results) -> Table:
    ranking = Figures(results.ranking)
    rows = [[*lead, rounded(tau), *ranking.pair("tau_probability", *at, t)] for at, lead in _criteria(results.study)
            for t, tau in enumerate(ranking.arrays["tau"]) if ranking.arrays["tau_probability"][(*at, t)]]
    return Table([*_CRITERION, "tau", *_both(["probability"])], rows)


def inputs(study: Study) -> Table:
    """Every input that is given, once for each distinct value: what it is, where it holds, where it comes from."""
    rows = []
    for name, places in study.entries.items():
        unit = INPUTS[name].unit if name in INPUTS else "USD"
        for entry, held in _distinct(places):
            q = entry.quantity
            rows.append([name, *_where(study, held), unit, describe(q.value), rounded(q.center), *_ends(q.value),
                         q.source, q.grade, q.date, q.note])
    return Table(["input", "scenario", "build", "precision", "unit", "value", "central", "0.05", "0.95", "source",
                  "grade", "date", "note"], rows)


def _distinct(places: dict[Place, Entry]) -> Iterator[tuple[Entry, list[Place]]]:
    """Entries that a study gives, and where they hold; a headline's ratio is its format's."""
    found: dict[Entry, list[Place]] = {}
    for place, entry in places.items():
        of_format = place.precision == "headline" and entry.stream.rpartition(".")[2] in PRECISIONS[1:]
        if not of_format:
            found.setdefault(entry, []).append(place)
    return iter(found.items())


def _where(study: Study, held: list[Place]) -> list[str]:
    """The scenarios, builds and precisions that an entry holds in; "" for all of them."""
    everything = (study.scenarios, [b.key for b in study.builds], PRECISIONS)
    some = [list(dict.fromkeys(place[d] for place in held)) for d in range(3)]
    return ["" if len(s) >= len(e) else " ".join(s) for s, e in zip(some, everything, strict=True)]


def _ends(value: float | Marginal | None) -> list[float]:
    if not isinstance(value, Marginal):
        return [math.nan, math.nan]
    return [rounded(x) for x in quantile_function(value)(np.array([0.05, 0.95]))]


def describe(value: float | Marginal | None) -> str:
    """A quantity in a few words: `8`, `pert(1.05, 1.25, 1.6)`, `lognormal(8999.99, 0.11) in [7600, 12000]`."""
    if value is None:
        return "missing"
    if not isinstance(value, Marginal):
        return f"{value:.10g}"
    if value.is_discrete:
        half = len(value.parameters) // 2
        shown = [f"{x:g}: {p:.3g}" for x, p in zip(value.parameters[:half], value.parameters[half:], strict=True)]
        return f"{value.kind}({', '.join(shown[:5])}{f', ... {half} values' if half > 5 else ''})"
    parameters = ", ".join(f"{p:.6g}" for p in value.parameters)
    truncated = "" if math.isinf(value.low) and math.isinf(value.high) else f" in [{value.low:g}, {value.high:g}]"
    return f"{value.kind}({parameters}){truncated}"


def correlations(results: Results) -> Table:
    """Pairs of correlated inputs: the Spearman coefficient asked for, and the one that could be had."""
    copula = results.copula
    rows = [[a, b, rho, rounded(copula.used[copula.names.index(a), copula.names.index(b)])]
            for (a, b), rho in results.study.correlation.items()]
    return Table(["input", "other", "spearman", "used"], rows)


def summary(results: Results, versions: dict[str, str]) -> dict[str, Any]:
    """What `summary.json` holds; statistics are [value, standard error], missing ones null."""
    study, convergence = results.study, results.convergence
    given, correlated = inputs(study), correlations(results)
    return _nulls({
        "title": study.title, "study": study.name, "study_text": study.text, "digest": study.digest,
        "versions": versions,
        "sampling": study.sampling._asdict() | {"replicates": convergence.replicates},
        "convergence": {"capex_error": rounded(convergence.capex, ERROR_DIGITS),
                        "rank_error": rounded(convergence.rank, ERROR_DIGITS), "tolerance": convergence.tolerance,
                        "reached": None if convergence.tolerance is None else convergence.reached,
                        "upper_limit_of_zero": rounded(upper_limit(results.samples), ERROR_DIGITS)},
        "inputs": [{k: v.split() if k in PLACES else v for k, v in zip(given.columns, row, strict=True)
                    if v != "" and v == v} for row in given.rows],
        "correlation": [dict(zip(correlated.columns, row, strict=True)) for row in correlated.rows],
        "bands": _summary_bands(results), "counts": _summary_counts(results), "enough": _summary_enough(results),
        "ranking": {c.name: {scenario: _summary_ranking(results, i, c, s) for s, scenario in enumerate(study.scenarios)}
                    for i, c in enumerate(study.criteria)}})


PLACES = ("scenario", "build", "precision")


def _nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _nulls(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_nulls(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _nest(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _summary_bands(results: Results) -> dict[str, Any]:
    """By scenario, build, output and, where it has one, precision."""
    sources, levels = _sources(results), _levels(results)
    tree: dict[str, Any] = {}
    for name, spec in OUTPUTS.items():
        for at, (scenario, build, precision) in _places(results.study, spec.typed):
            band = dict(zip(["mean", *levels], _band(sources, len(levels), name, at), strict=True))
            _nest(tree, [scenario, build, name, *([precision] if precision else [])],
                  {"central": sources[0].value(name, *at), **band})
    return tree


def _summary_enough(results: Results) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, scenario, build, *figures in _enough(results).rows:
        _nest(tree, [scenario, build, name], dict(zip(("enough", "shortfall"), (figures[0], figures[1:]), strict=True)))
    return tree


def _summary_counts(results: Results) -> dict[str, Any]:
    """P(n = number) by scenario, build, output and number."""
    tree: dict[str, Any] = {}
    for name, scenario, build, number, *probability in _counts(results).rows:
        _nest(tree, [scenario, build, name, str(number)], probability)
    return tree


def _summary_ranking(results: Results, i: int, criterion: Criterion, s: int) -> dict[str, Any]:
    ranking, builds = Figures(results.ranking), list(enumerate(results.study.builds))
    of_builds = {one.key: {
        "expected_rank": ranking.pair("expected_rank", i, s, b),
        "expected_regret": ranking.pair("expected_regret", i, s, b),
        "rank_acceptability": [ranking.pair("rank_acceptability", i, s, b, r) for r, _ in builds],
        "win": {other.key: ranking.pair("win", i, s, b, o) for o, other in builds if o != b},
        "tie": {other.key: ranking.pair("tie", i, s, b, o) for o, other in builds if o != b}} for b, one in builds}
    return {"better": criterion.better, "unit": OUTPUTS[criterion.output].unit,
            **{name: ranking.pair(name, i, s) for name in FLIPS}, "builds": of_builds}
