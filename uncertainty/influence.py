"""What drives a study, from what its replicates say of it; and by that, what to look up first."""

from __future__ import annotations

from typing import Any

import numpy as np

from .analysis.error import Estimate, half_width, share
from .analysis.labels import Frame, Group
from .drivers import Drivers, drivers
from .engine import Part
from .frames import estimated, index
from .plan import Floats, Plan, Values
from .shares import regret_variance, shares
from .study import Study
from .tornado import tornado
from .worth import information

CONTESTED = 0.01  # probability that first place flips, from which on regret is looked at


def influence(plan: Plan, done: Part) -> dict[str, Group]:
    """All that `Results` has of what drives a study; nothing where it asks for none, or is certain."""
    told, values = drivers(plan), done.statistics.drivers
    if told is None or not values:
        return {}
    worth = information(told, values, done)
    flips = np.stack([np.broadcast_to(ranked["first_differs"].mean(axis=0), len(plan.study.scenarios))
                      for ranked in done.statistics.ranking])
    found = {**shares(told, values), "information": worth, "tornado": tornado(told, values),
             "influence": _first_to_look_up(told, values, worth, flips)}
    told_by = {"replicates": Frame((), np.array(len(values["whole"])), {"long_name": "that the errors are of"})}
    return {name: Group(group.variables, group.coords | told_by) for name, group in found.items()}


def _first_to_look_up(told: Drivers, values: Values, worth: Group, flips: Floats) -> Group:
    """Inputs and groups by what they are worth knowing, most first, and then by what they have of regret's variance."""
    replicates, places = len(values["whole"]), worth["evppi_share"].shape[1:]
    value, by = _surely_most(Estimate(worth["evppi_share"], worth["evppi_share_se"]), replicates)
    open_ = np.broadcast_to(flips, places) >= CONTESTED
    moved, of = _surely_most(Estimate(*(np.where(open_, x, np.nan) for x in _regret(told, values))), replicates)
    order = np.lexsort((-np.nan_to_num(moved.value), -value.value))
    value, moved = (Estimate(*(x[order] for x in found)) for found in (value, moved))
    names, grades = [told.names[i] for i in order], grades_of(told.plan.study)
    texts: dict[str, Any] = {"grade": [grades.get(name, "") for name in names]}
    for lead, at, there in (("", by[order], value.value != 0), ("regret_", of[order], moved.value > 0)):
        criterion, scenario = np.unravel_index(at, places)
        texts |= {f"{lead}criterion": np.where(there, worth["criterion"][criterion], ""),
                  f"{lead}scenario": np.where(there, worth["scenario"][scenario], "")}
    return Group({
        **estimated("evppi_share", ("input",), value, "expected value of knowing the input, over what the best build "
                    "gives, by that criterion and in that scenario of which it is surely the largest"),
        **estimated("regret_share", ("input",), moved, "largest share of the variance of regret, by any criterion in "
                    "any scenario of which first place flips in 1 % of samples or more")},
        {**index(input=names), **{name: Frame(("input",), np.array(text, str), {}) for name, text in texts.items()}})


def _surely_most(found: Estimate, replicates: int) -> tuple[Estimate, Any]:
    """By input the estimate with the highest lower end of its 95 % interval, and its place among all of the input."""
    value, se = (np.reshape(x, (len(x), -1)) for x in found)
    sure = np.nan_to_num(value - half_width(np.nan_to_num(se), replicates), nan=-np.inf)
    at = np.argmax(sure, axis=-1)
    return Estimate(*(np.take_along_axis(x, at[:, None], axis=-1)[:, 0] for x in (value, se))), at


def _regret(told: Drivers, values: Values) -> Estimate:
    """Shares of the variance of regret, (input or group, criterion, scenario): Shapley effects, groups' summed."""
    each, whole = regret_variance(told, values)
    at = {row: i for i, row in enumerate(told.rows)}
    sums = [each[:, [at[row] for row in rows]].sum(axis=1) for rows in told.sets]
    return share(np.stack(sums, axis=1), whole[:, None])


def grades_of(study: Study) -> dict[str, str]:
    """By uncertain input the grade of its evidence; several where it has several."""
    found: dict[str, dict[str, None]] = {}
    for places in study.entries.values():
        for entry in places.values():
            if entry.quantity.uncertain and entry.quantity.grade:
                found.setdefault(entry.stream, {})[entry.quantity.grade] = None
    return {name: " ".join(grades) for name, grades in found.items()}
