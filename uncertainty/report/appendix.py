"""Tables that only the reports have: every rank, battery counts, sampling errors, inputs, correlation, provenance."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from ..analysis.bands import QUANTILES
from ..analysis.error import half_width, upper_limit
from ..model import OUTPUTS
from ..reported import Reported
from ..results import Results
from .figures import Floats
from .inputs import correlations, inputs
from .text import Section, certain, criterion_name, number, percent
from .words import value_words

MOST = 40  # numbers of batteries that are told one by one


def criterion_words(results: Results, criterion: int) -> str:
    """A criterion in words, with its unit."""
    by = results.study.criteria[criterion]
    return f"{criterion_name(by)} [{OUTPUTS[by.output].unit}]"


def ranks(results: Results) -> Section:
    """The probability of every rank, by criterion, scenario and build."""
    study = results.study
    places = range(len(study.builds))
    shares, rank, regret, tau = (results.figures["ranking"][name].tolist() for name in (
        "rank_acceptability", "expected_rank", "expected_regret", "kendall_tau"))
    rows = []
    for i, (s, scenario) in product(range(len(study.criteria)), enumerate(study.scenarios)):
        rows += [[criterion_words(results, i), scenario, build.label, *map(percent, shares[i][s][b]),
                  number(rank[i][s][b]), number(regret[i][s][b]), number(tau[i][s])]
                 for b, build in enumerate(study.builds) if not math.isnan(shares[i][s][b][0])]
    columns = ["criterion", "scenario", "build", *(f"P(rank {r + 1})" for r in places), "expected rank",
               "expected regret", "Kendall's tau"]
    note = ("Regret is the mean shortfall against the best build of each sample, in the criterion's unit; tau the mean "
            "agreement with the order at the central values (1 the same, -1 reversed). Standard errors, and who beats "
            "whom, are in tables/ranks.csv, pairs.csv and flips.csv.")
    return Section("Rank probabilities", columns, rows, note, 3)


def battery_counts(results: Results) -> list[Section]:
    """The probability of every number of batteries; nothing where there are very many."""
    counts, study = results.figures["counts"], results.study
    numbers, probability = counts["number"], counts["battery_count_probability"]
    told = probability >= 0.0005
    if np.count_nonzero(told.any(axis=(1, 2))) > MOST:
        return []
    rows = []
    for (s, scenario), (b, build) in product(enumerate(study.scenarios), enumerate(study.builds)):
        here = told[:, s, b]
        shares = zip(numbers[here].tolist(), probability[here, s, b].tolist(), strict=True)
        enough, shortfall = (counts[f"battery_count_{x}"][s, b] for x in ("enough", "shortfall"))
        rows.append([scenario, build.label, ", ".join(f"{n}: {percent(share)}" for n, share in shares),
                     f"{int(enough)}", percent(float(shortfall))])
    return [Section(f"{study.battery.label} counts", [
        "scenario", "build", "probability of each number", "buy", "P(shortfall)"], rows, words=3)]


# --- how far to trust it -----------------------------------------------------------------------------------------


def sampling_errors(results: Results) -> list[Section]:
    """How far headline figures are to be trusted, by scenario and build; nothing where they are exact."""
    if certain(results):
        return []
    study, none = results.study, upper_limit(results.samples)
    capex, count = _error(results, "bands", "capex"), _error(results, "means", "battery_count")
    first = _error(results, "ranking", "rank_acceptability")[0, :, :, 0]
    mean = results.figures["means"]["battery_count"]
    rows = []
    for (s, scenario), (b, build) in product(enumerate(study.scenarios), enumerate(study.builds)):
        middle, high = (_around(results.figures["bands"]["capex"][q, s, b], capex[q, s, b])
                        for q in (QUANTILES.index(0.5), QUANTILES.index(0.95)))
        share = float(results.figures["ranking"]["rank_acceptability"][0, s, b, 0])
        wide = max(float(first[s, b]), none)
        rows.append([scenario, build.label, middle, high, f"{number(float(mean[s, b]))} ± {number(count[s, b], 2)}",
                     "–" if math.isnan(share) else f"{percent(share)} ± {number(100 * wide, 2)} points"])
    columns = ["scenario", "build", "CapEx, median", "CapEx, 95 % quantile", f"mean {study.battery.label}s",
               f"P(first) by {criterion_name(study.criteria[0])}"]
    return [Section("Sampling error of headline figures", columns, rows,
                    "± is half of a 95 % interval (Student's t over the replicates): what more samples would narrow. "
                    "It says nothing of how good the inputs are. Every figure of tables/*.csv has its standard error "
                    "beside it, in the column that ends in _se.", 2)]


def _error(results: Results, group: str, name: str) -> Floats:
    return np.nan_to_num(half_width(results.figures[group][f"{name}_se"], results.convergence.replicates))


def _around(value: float, wide: float) -> str:
    return f"{value_words(float(value), 'USD')} ± {value_words(float(wide), 'USD')}"


# --- what went in ------------------------------------------------------------------------------------------------


def given(results: Reported) -> list[Section]:
    """Every input with its source, and correlated ones."""
    rows = []
    for name, scenario, build, precision, unit, value, central, low, high, source, grade, date, _ in inputs(
            results.study).rows:
        where = " ".join(filter(None, [build, precision, f"({scenario})" if scenario else ""]))
        spread = "" if math.isnan(low) else f"{number(low, 4)}–{number(high, 4)}"
        rows.append([name, where, unit, value, number(central, 4) if spread else "", spread, source, grade, date])
    columns = ["input", "where", "unit", "value", "central", "5 %–95 %", "source", "grade", "date"]
    return [Section("Inputs", columns, rows, "Where: the build, precision and scenario that a value holds in; "
                    "everywhere where that is empty. Grade: of the evidence, A the best. Notes: tables/inputs.csv.", 9),
            *_correlations(results)]


def _correlations(results: Reported) -> list[Section]:
    table = correlations(results)
    if not table.rows:
        return []
    told = "Of the normal scores; discrete and empirical inputs, which have ties, come out a little less correlated."
    if results.copula.repaired:
        told = f"What was asked for is no correlation matrix; the nearest one stands in for it. {told}"
    rows = [[a, b, f"{rho:g}", f"{used:.3g}"] for a, b, rho, used in table.rows]
    return [Section("Correlation", ["input", "other", "Spearman, asked for", "used"], rows, told, 2)]


def provenance(results: Reported, versions: dict[str, str]) -> Section:
    """What determines the figures."""
    study = results.study
    rows = [["study", study.name], ["SHA-256 of what determines the figures", study.digest],
            ["seed", str(study.sampling.seed)], *([name, version] for name, version in versions.items())]
    return Section("What made these figures", ["what", "which"], rows, words=2)
