"""What it is worth to know an input, beside its evidence, and what a quote or a measurement is worth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..analysis.error import half_width
from ..drivers import drivers
from ..inquiry import SHARED, Measurement
from ..model import OUTPUTS
from ..resolve import Criterion
from ..results import Results
from .driver_tables import TOLD
from .text import Section, criterion_name, named, number, percent
from .words import input_words, measure_words, output_name, unit_of, value_words

LOOK_UP = "look up"  # key of what comes first on a page
LINES = 10  # rows where there is little room
MOST = 3  # scenarios that have columns of their own
WIDE = 0.2  # share of an output's variance from which on it is said why an input is not worth knowing


def set_name(results: Results, name: str) -> str:
    """An input, or a group of inputs, in words: `A5000 price`, `price of all builds`, `all of A5000`."""
    study = results.study
    labels = {build.key: build.label for build in study.builds}
    if name in labels:
        return f"all of {labels[name]}"
    if name == SHARED:
        return "all that builds share"
    if name in dict(study.inquiry.groups):
        return f"group {name}"
    each = [input_words(study, part) for part in name.split(" + ")]
    alone = name in results.figures["shapley"]["input"]
    return " + ".join(each) if alone or len(each) > 1 else f"{each[0]} of all builds"


# --- what to look up first ----------------------------------------------------------------------------------------


def look_up(results: Results, full: bool) -> Iterator[Section]:
    """Inputs and groups by what they are worth knowing, beside the grade of their evidence; none of one build alone."""
    if len(results.study.builds) < 2:
        return
    lead, group = _lead(results), results.figures["influence"]
    names = [name for name in _sorted(results, lead) if _told(results, name, lead, full)]
    rows = [[set_name(results, name), str(group["grade"][group["input"] == name][0]), *_values(
        results, "evppi", "input", name, lead), *([_elsewhere(results, name)] if full else [])] for name in names]
    sure = {name for name in group["input"].tolist() if _worth(results, name)}
    others = [name for name in results.figures["shapley"]["input"].tolist() if name not in sure]
    note = [f"What the mean choice gains by {output_name(results.study, lead.output)} if the input is known before one "
            "chooses (EVPPI), ±95 % sampling error; –: no more than chance. Grade: of the evidence, A the best.",
            _everything(results, lead), *_wide(results, lead, set(others))]
    if full:
        note.append("Most by any criterion: as a share of what the best build gives by that.")
    elif told := [name for name in sure.difference(names) if name not in dict(drivers_of(results))]:
        told.sort(key=group["input"].tolist().index)
        note.append(f"Worth something by other criteria only: {', '.join(set_name(results, name) for name in told)}.")
    if others:
        note.append(f"To know any of the {len(others)} other inputs alone would hardly ever change a choice.")
    note.append("All: tables/influence.csv, information.csv.")
    columns = ["input", "grade", *_columns(results, lead), *(["most by any criterion"] if full else [])]
    rows = rows or [["none", "", *["–"] * (len(columns) - 2)]]
    yield Section("What to look up first: what it is worth to know", columns, rows if full else rows[:LINES],
                  " ".join(filter(None, note)), 2, LOOK_UP)


class First(NamedTuple):
    """The input that is worth most to know by itself: its name, grade and worth in words, by which criterion."""

    name: str
    grade: str
    worth: str
    lead: str  # the criterion by which values are told
    by_lead: bool  # whether it is worth something by that


def first_to_look_up(results: Results) -> First | None:
    """The input that is worth most to know by itself; None where none is."""
    if len(results.study.builds) < 2:
        return None
    lead, group = _lead(results), results.figures["influence"]
    for name in _sorted(results, lead):
        if name in results.figures["shapley"]["input"] and _worth(results, name):
            grade = str(group["grade"][group["input"] == name][0])
            sure, called = _sure(results, name, lead), measure_words(results.study, lead.output, lead.precision)
            told = _most(results, name, lead) if sure else _elsewhere(results, name).replace(",\n", " in ")
            return First(set_name(results, name), grade, told, called, sure)
    return None


def _most(results: Results, name: str, lead: Criterion) -> str:
    """The most that an input is worth by a criterion, and where."""
    group = results.figures["information"]
    i, c = group["input"].tolist().index(name), results.study.criteria.index(lead)
    s = int(np.argmax(group["evppi"][i, c]))
    error = half_width(group["evppi_se"][i, c, s], int(group["replicates"]))
    amount = _amount(float(group["evppi"][i, c, s]), float(error), OUTPUTS[lead.output].unit)
    return f"{amount} by {output_name(results.study, lead.output)} in {group['scenario'][s]}"


def _lead(results: Results) -> Criterion:
    """The criterion by which values are told: the first that is in dollars, or else the first."""
    listed = results.study.criteria[: results.study.listed]
    return next((c for c in listed if OUTPUTS[c.output].unit == "USD"), listed[0])


def _columns(results: Results, lead: Criterion) -> list[str]:
    return list(results.study.scenarios) if len(results.study.scenarios) <= MOST else [criterion_name(lead)]


def _sorted(results: Results, lead: Criterion) -> list[str]:
    """Inputs and groups, those first that are worth most by a criterion in any scenario, and then by any criterion."""
    group, names = results.figures["information"], results.figures["influence"]["input"].tolist()
    values = np.max(group["evppi"][:, results.study.criteria.index(lead)], axis=-1)
    most = dict(zip(group["input"].tolist(), values.tolist(), strict=True))
    return sorted(names, key=lambda name: -max(most[name], 0.0) if _sure(results, name, lead) else 0.0)


def _sure(results: Results, name: str, lead: Criterion) -> bool:
    """Whether an input is surely worth anything by a criterion, in any scenario."""
    group = results.figures["information"]
    i, c = group["input"].tolist().index(name), results.study.criteria.index(lead)
    return bool((group["evppi"][i, c] > half_width(group["evppi_se"][i, c], int(group["replicates"]))).any())


def _worth(results: Results, name: str) -> bool:
    """Whether an input is surely worth anything by any criterion."""
    group = results.figures["influence"]
    i = group["input"].tolist().index(name)
    return bool(group["evppi_share"][i] > half_width(group["evppi_share_se"][i], int(group["replicates"])))


def _told(results: Results, name: str, lead: Criterion, full: bool) -> bool:
    """Whether an input has a row: a group that a study names always, others if they are worth anything.

    A group that is worth no more than one of its members alone says no more than that. In full also what moves regret.
    """
    group, members = results.figures["influence"], dict(drivers_of(results))
    if name in dict(results.study.inquiry.groups):
        return True
    if name in members and not _more(results, name, members[name]):
        return False
    if not full:
        return _sure(results, name, lead)
    moves = np.nan_to_num(group["regret_share"][group["input"] == name][0]) >= TOLD
    return _worth(results, name) or bool(moves and name not in members)


def _more(results: Results, name: str, members: list[str]) -> bool:
    """Whether a group is surely worth more than any of its members."""
    group, names = results.figures["influence"], results.figures["influence"]["input"].tolist()
    value, se = group["evppi_share"], group["evppi_share_se"]
    whole, one = names.index(name), max((names.index(m) for m in members), key=lambda i: float(value[i]))
    error = half_width(np.hypot(se[whole], se[one]), int(group["replicates"]))
    return bool(value[whole] - value[one] > error)


def drivers_of(results: Results) -> Iterator[tuple[str, list[str]]]:
    """Groups of inputs, and what is in each."""
    told = drivers(results.plan)
    for name, rows in zip(told.names, told.sets, strict=True) if told else ():
        if name not in results.figures["shapley"]["input"]:
            yield name, [results.plan.streams[row].name for row in rows]


def _values(results: Results, what: str, dim: str, name: str, lead: Criterion) -> list[str]:
    """A value by a criterion in each scenario, if these are few, or else the most of any."""
    group, c = results.figures["information"], results.study.criteria.index(lead)
    i = group[dim].tolist().index(name)
    each = zip(group[what][i, c].tolist(), group[f"{what}_se"][i, c].tolist(), strict=True)
    found = [(value, float(half_width(se, int(group["replicates"])))) for value, se in each]
    if len(found) > MOST:
        found = [max(found)]
    return [_amount(value, error, OUTPUTS[lead.output].unit) for value, error in found]


def _amount(value: float, error: float, unit: str) -> str:
    """A value and its error, to the digits that this leaves; a dash where it is not above chance."""
    if not value > error:
        return "–"
    decimals = max(0, 1 - math.floor(math.log10(error))) if error > 0 else 0
    if unit == "USD":
        coarse = 10 ** max(0, math.floor(math.log10(error))) if error >= 1 else 1
        return f"${round(value / coarse) * coarse:,} ±{max(math.ceil(error / coarse), 1) * coarse:,}"
    return f"{number(value, decimals=min(decimals, 6))} ±{number(error, 1)}"


def _elsewhere(results: Results, name: str) -> str:
    """The most that an input is worth by any criterion, as a share of what the best build gives."""
    group = results.figures["influence"]
    i = group["input"].tolist().index(name)
    if not _worth(results, name):
        return "–"
    return f"{percent(float(group['evppi_share'][i]))} of {named(str(group['criterion'][i]))},\n{group['scenario'][i]}"


def _everything(results: Results, lead: Criterion) -> str:
    """What it is worth to know everything by a criterion, where that is most."""
    group, unit = results.figures["information"], OUTPUTS[lead.output].unit
    evpi = group["evpi"][results.study.criteria.index(lead)]
    s = int(np.argmax(evpi))
    if not evpi[s] > 0:
        return f"By {criterion_name(lead)} there is nothing to be gained: one build is always the best."
    most = f", {group['scenario'][s]}" if len(evpi) > 1 else ""
    worth = value_words(float(evpi[s]), unit) if unit == "USD" else number(float(evpi[s])) + (
        "" if unit == "1" else f" {unit}")
    return f"To know everything is worth at most {worth} (EVPI{most})."


def _wide(results: Results, lead: Criterion, others: set[str]) -> Iterator[str]:
    """Why inputs that have much of the spread of what one chooses by are not among those to look up."""
    group = results.figures["shapley"]
    if lead.output not in group.variables or lead.precision:
        return
    shares = group[lead.output].reshape(len(group["input"]), -1)
    shares = shares[:, ~np.isnan(shares).any(axis=0)]
    for name, share in zip(group["input"].tolist(), shares.mean(axis=1).tolist() if shares.size else [], strict=False):
        if share >= WIDE and name in others and "." not in name:
            words = set_name(results, name)
            yield (f"{words[:1].upper()}{words[1:]} has {percent(share, 0)} of the variance of "
                   f"{output_name(results.study, lead.output)} (mean of all builds), but moves all builds alike: it "
                   "changes what is paid, and not what to choose.")


# --- what a quote is worth ----------------------------------------------------------------------------------------


def measurements(results: Results, full: bool) -> Iterator[Section]:
    """What the measurements that a study names are worth by a criterion, in each scenario; none of one build alone."""
    study, lead = results.study, _lead(results)
    if not study.inquiry.measurements or len(study.builds) < 2:
        return
    rows = [[m.says, f"{input_words(study, m.stream)} {_error(m)}",
             *_values(results, "evsi", "measurement", m.says, lead),
             "–" if m.cost is None else f"${m.cost:,.10g}", *([_best(results, m)] if full else [])]
            for m in study.inquiry.measurements]
    note = (f"What the mean choice gains by {output_name(study, lead.output)} if it is measured before one chooses "
            "(EVSI), with the error that is given, ±95 % sampling error; –: no more than chance.")
    note += (" Most by any criterion: as a share of what it is worth to know everything by that (EVPI)." if full else
             " By other criteria:")
    columns = ["quote or measurement", "of", *_columns(results, lead), "cost",
               *(["most by any criterion"] if full else [])]
    yield Section("What one more quote is worth", columns, rows, f"{note} tables/measurements.csv.", 2)


def _best(results: Results, m: Measurement) -> str:
    """The criterion and scenario in which a measurement surely gives most of what it is worth to know everything."""
    group = results.figures["information"]
    i = group["measurement"].tolist().index(m.says)
    sure = group["evsi"][i] > half_width(group["evsi_se"][i], int(group["replicates"]))
    share = np.zeros_like(group["evpi"])
    np.divide(group["evsi"][i], group["evpi"], out=share, where=sure & (group["evpi"] > 0))
    c, s = np.unravel_index(np.argmax(share), share.shape)
    where = f"{named(str(group['criterion'][c]))},\n{group['scenario'][s]}"
    return f"{percent(float(share[c, s]), 0)} for {where}" if share[c, s] > 0 else "–"


def _error(measurement: Measurement) -> str:
    if measurement.relative:
        return f"±{100 * measurement.error:g} %"
    unit = unit_of(measurement.stream)
    return f"±{measurement.error:g}{'' if unit == '1' else f' {unit}'}"
