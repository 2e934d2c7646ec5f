"""What it is worth to know an input, beside its evidence, and what a quote or a measurement is worth."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..analysis.error import half_width
from ..analysis.labels import Group
from ..inquiry import Measurement
from ..results import Results
from .text import Section, named, percent
from .words import input_words, output_name, unit_of, value_words

LINES = 10  # rows where there is little room
LEAST = 0.01  # share of regret's variance from which on an input is named that is worth nothing to know


def set_name(results: Results, name: str) -> str:
    """An input, or a group of inputs, in words: `A5000 price`, `all price`, `all of A5000`."""
    study = results.study
    labels = {build.key: build.label for build in study.builds}
    if name in labels:
        return f"all of {labels[name]}"
    if name == "shared":
        return "all that builds share"
    if name in dict(study.inquiry.groups):
        return f"group {name}"
    each = [input_words(study, part) for part in name.split(" + ")]
    alone = name in results.figures["shapley"]["input"]
    return " + ".join(each) if alone or len(each) > 1 else f"{each[0]} of all builds"


def look_up(results: Results, full: bool) -> Section:
    """Inputs and groups by what they are worth knowing, beside the grade of their evidence."""
    group, replicates = results.figures["influence"], len(results.done.statistics.drivers["whole"])
    sure = _surely(group, replicates)
    rows = []
    for i, name in enumerate(group["input"].tolist()):
        alone = name in results.figures["shapley"]["input"]
        counts = sure[i] or (full and group["regret_share"][i] >= LEAST)
        if counts and (alone or not _same_as_one(results, i)):
            rows.append([set_name(results, name), str(group["grade"][i]) if alone else "", _dollars(results, name),
                         _worth(group, i) if sure[i] else "–", percent(float(group["regret_share"][i]), 0)])
    rest = sum(name in results.figures["shapley"]["input"] for name in group["input"][~sure].tolist())
    note = ("Worth knowing: what the mean choice gains if the input is known before it is made (EVPPI), by criteria "
            "in dollars, and at most by any criterion as a share of what the best build gives. Of regret: the largest "
            f"share that it has of the variance of what a choice falls short. {_everything(results)} Grade: of the "
            "evidence, A the best.")
    if rest:
        note += f" To know any of the other {rest} inputs alone would hardly ever change a choice."
    note += " All: tables/influence.csv."
    columns = ["input", "grade", "in dollars", "at most", "of regret"]
    rows = rows or [["none", "", "–", "–", "–"]]
    return Section("What to look up first: what it is worth to know", columns, rows if full else rows[:LINES], note, 2)


def _surely(group: Group, replicates: int) -> NDArray[np.bool_]:
    """Whether it is more than sampling error that an input is worth to know."""
    sure: NDArray[np.bool_] = group["value"] - half_width(np.nan_to_num(group["value_se"]), replicates) > 0
    return sure


def first_to_look_up(results: Results) -> tuple[str, str, str] | None:
    """The input that is worth most to know by itself: its name, grade and worth in words; None where none is."""
    group = results.figures["influence"]
    sure = _surely(group, len(results.done.statistics.drivers["whole"]))
    for i, name in enumerate(group["input"].tolist()):
        if sure[i] and name in results.figures["shapley"]["input"]:
            worth = [] if (dollars := _dollars(results, name)) == "–" else [dollars]
            worth.append(_worth(group, i).replace(",\n", " in "))
            return set_name(results, name), str(group["grade"][i]), " or ".join(worth)
    return None


def _same_as_one(results: Results, i: int) -> bool:
    """Whether a group is worth what one input is that is told anyway."""
    group = results.figures["influence"]
    alone = np.isin(group["input"], results.figures["shapley"]["input"])
    return bool((group["value"][i] == group["value"][alone]).any())


def _worth(group: Group, i: int) -> str:
    return f"{percent(float(group['value'][i]))} of {named(str(group['criterion'][i]))},\n{group['scenario'][i]}"


def _dollars(results: Results, name: str) -> str:
    """The most that it is worth in dollars, by a criterion in dollars, in any scenario."""
    group = results.figures["information"]
    found = group["evppi"][group["input"].tolist().index(name)][group["unit"] == "USD"]
    most = np.nanmax(found) if np.isfinite(found).any() else math.nan
    return _money(float(most)) if most > 0 else "–"


def _everything(results: Results) -> str:
    """What it is worth to know everything, in dollars."""
    group = results.figures["information"]
    found = np.where((group["unit"] == "USD")[:, None], group["evpi"], np.nan)
    if not (np.nan_to_num(found) > 0).any():
        return ""
    c, s = np.unravel_index(np.nanargmax(found), found.shape)
    return (f"To know everything is worth {value_words(float(found[c, s]), 'USD')} by "
            f"{output_name(results.study, str(group['criterion'][c]))} ({group['scenario'][s]}).")


def measurements(results: Results) -> Iterator[Section]:
    """What the measurements that a study names are worth, by the criterion and in the scenario where it is most."""
    group, asked, rows = results.figures["information"], results.study.inquiry.measurements, []
    for i, m in enumerate(asked):
        share = group["evsi"][i] / np.where(group["evpi"] > 0, group["evpi"], np.nan)
        dollars = np.where((group["unit"] == "USD")[:, None], group["evsi"][i], np.nan)
        worth = np.nanmax(dollars) if np.isfinite(dollars).any() else math.nan
        part = np.nanmax(share) if np.isfinite(share).any() else math.nan
        net = worth - (m.cost or 0.0)
        rows.append([m.says, input_words(results.study, m.stream), _error(m), _money(worth),
                     _money(math.nan if m.cost is None else m.cost), _money(net), percent(part, 0)])
    if rows:
        yield Section("What one more quote is worth", ["quote or measurement", "of", "error", "worth", "cost", "net",
                      "of EVPI"], rows, "In dollars, by a criterion that is in dollars, in the scenario where it is "
                      "worth most (EVSI). Of EVPI: the largest share of what it is worth to know everything, by any "
                      "criterion. All: tables/measurements.csv.", 2)


def _money(value: float) -> str:
    """Whole dollars; a dash where missing."""
    return "–" if math.isnan(value) else f"{'-' if round(value) < 0 else ''}${abs(value):,.0f}"


def _error(measurement: Measurement) -> str:
    if measurement.relative:
        return f"±{percent(measurement.error, 0)}"
    return f"±{value_words(measurement.error, unit_of(measurement.stream))}"
