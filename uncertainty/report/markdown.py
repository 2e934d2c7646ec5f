"""The report as Markdown: what the terminal prints, and behind it every input with its source."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from ..model import OUTPUTS
from ..reported import Reported
from ..results import Results
from ..sweep import Sweep
from . import sweep_sections
from .inputs import correlations, inputs
from .sections import sections
from .text import Section, at_point, criterion_name, number, percent, trust


def report(results: Results, versions: dict[str, str]) -> str:
    """The whole of `report.md`."""
    study = results.study
    parts = [f"# {escape(study.title)}", escape(study.description), at_point(study), trust(results),
             *(_section(s) for s in sections(results, full=True)), _ranks(results), _battery_counts(results),
             _inputs(results), _correlations(results), _provenance(results, versions)]
    return "\n\n".join(part for part in parts if part) + "\n"


def sweep_report(sweep: Sweep, versions: dict[str, str]) -> str:
    """The whole of `report.md` of a sweep."""
    study = sweep.study
    parts = [f"# {escape(study.title)}", escape(study.description), at_point(study), trust(sweep), ELSEWHERE,
             *(_section(s) for s in sweep_sections.sections(sweep, full=True)),
             _inputs(sweep), _correlations(sweep), _provenance(sweep, versions)]
    return "\n\n".join(part for part in parts if part) + "\n"


ELSEWHERE = ("Every other figure is there at every point: in `tables/*.csv`, by point in `summary.json`, and in "
             "`results.nc`, where what is swept are dimensions. What would break conclusions is not searched for.")


def escape(text: str) -> str:
    """Text that Markdown and a table cell leave as it is."""
    for mark in "\\`*_<>|#[]":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _table(columns: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are text, the others right-aligned."""
    rule = [":--" if i < left else "--:" for i in range(len(columns))]
    return "\n".join(f"| {' | '.join(line)} |" for line in [columns, rule, *rows])


def _section(s: Section, level: int = 2) -> str:
    body = _table([escape(c) for c in s.columns], [[escape(c) for c in row] for row in s.rows], len(s.columns))
    return "\n\n".join(filter(None, [f"{'#' * level} {escape(s.title)}", body, s.note]))


def _ranks(results: Results) -> str:
    study = results.study
    ranks = range(len(study.builds))
    shares, rank, regret, tau = (results.figures["ranking"][name].tolist() for name in (
        "rank_acceptability", "expected_rank", "expected_regret", "kendall_tau"))
    rows = []
    for (i, c), (s, scenario) in product(enumerate(study.criteria), enumerate(study.scenarios)):
        name = f"{criterion_name(c)} [{OUTPUTS[c.output].unit}]"
        rows += [[name, scenario, build.label, *map(percent, shares[i][s][b]), number(rank[i][s][b]),
                  number(regret[i][s][b]), number(tau[i][s])]
                 for b, build in enumerate(study.builds) if not math.isnan(shares[i][s][b][0])]
    columns = ["criterion", "scenario", "build", *(f"P(rank {r + 1})" for r in ranks), "expected rank",
               "expected regret", "Kendall's tau"]
    note = ("Regret is the mean shortfall against the best build of each sample, in the criterion's unit; tau the mean "
            "agreement with the order at the central values (1 the same, -1 reversed). Standard errors, and who beats "
            "whom, are in tables/ranks.csv, pairs.csv and flips.csv.")
    return f"## Rank probabilities\n\n{_table(columns, rows, 3)}\n\n{note}"


def _battery_counts(results: Results) -> str:
    counts, study = results.figures["counts"], results.study
    numbers, probability = counts["number"], counts["battery_count_probability"]
    told = probability >= 0.0005
    if np.count_nonzero(told.any(axis=(1, 2))) > 40:
        return ""
    rows = []
    for (s, scenario), (b, build) in product(enumerate(study.scenarios), enumerate(study.builds)):
        here = told[:, s, b]
        shares = zip(numbers[here].tolist(), probability[here, s, b].tolist(), strict=True)
        enough, shortfall = (counts[f"battery_count_{x}"][s, b] for x in ("enough", "shortfall"))
        rows.append([scenario, build.label, ", ".join(f"{n}: {percent(share)}" for n, share in shares),
                     f"{int(enough)}", percent(float(shortfall))])
    return (f"## {study.battery.label} counts\n\n"
            + _table(["scenario", "build", "probability of each number", "buy", "P(shortfall)"], rows, 3))


def _inputs(results: Reported) -> str:
    rows = []
    for name, scenario, build, precision, unit, value, central, low, high, source, grade, date, _ in inputs(
            results.study).rows:
        where = " ".join(filter(None, [build, precision, f"({scenario})" if scenario else ""]))
        spread = "" if math.isnan(low) else f"{number(low, 4)}–{number(high, 4)}"
        rows.append([name, where, unit, value, number(central, 4) if spread else "", spread, source, grade, date])
    cells = [[escape(c) for c in row] for row in rows]
    return "## Inputs\n\n" + _table(
        ["input", "where", "unit", "value", "central", "5 %–95 %", "source", "grade", "date"], cells, 9)


def _correlations(results: Reported) -> str:
    table = correlations(results)
    if not table.rows:
        return ""
    told = "Of the normal scores; discrete and empirical inputs, which have ties, come out a little less correlated."
    if results.copula.repaired:
        told = f"What was asked for is no correlation matrix; the nearest one stands in for it. {told}"
    rows = [[escape(a), escape(b), f"{rho:g}", f"{used:.3g}"] for a, b, rho, used in table.rows]
    body = _table(["input", "other", "Spearman, asked for", "used"], rows, 2)
    return "\n\n".join(filter(None, ["## Correlation", body, told]))


def _provenance(results: Reported, versions: dict[str, str]) -> str:
    study = results.study
    rows = [["study", f"`{study.name}`"], ["SHA-256 of what determines the figures", f"`{study.digest}`"],
            ["seed", str(study.sampling.seed)], *([k, v] for k, v in versions.items())]
    fence = "`" * 4
    return (f"## Provenance\n\n{_table(['', ''], rows, 2)}\n\nThe study file:\n\n{fence}toml\n"
            f"{study.text.rstrip()}\n{fence}")
