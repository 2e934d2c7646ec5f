"""What drives a study, as plain tables, which are empty where it was not asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import compress, product
from typing import Any

import numpy as np

from ..analysis.labels import Group
from ..inquiry import EVERYTHING
from ..model import OUTPUTS
from ..reported import Reported
from ..study import Study
from .figures import Floats, Table, all_rounded, both, pairs, rows
from .stress import first_table, stress_table

TOLD = 0.01  # share of a variance below which an input is left out
SHARES = ("first_order", "total_order", "shapley")
PLACE = ("scenario", "build", "precision")
ENDS = ("baseline", "low", "high", "one_sided")
TENTHS = ("lower_tenth", "upper_tenth")


def _indices(results: Reported) -> Table:
    """Shares of the variance of outputs, regret, first places and claims."""
    columns = ["of", "criterion", *PLACE, "input", *both(SHARES), "noise"]
    if "total_order" not in results.figures:
        return Table(columns, [])
    found: list[list[Any]] = []
    for name, frame in results.figures["total_order"].variables.items():
        if not name.endswith(("_se", "_noise")):
            found += _shares(results, name, frame.dims[1:])
    return Table(columns, found)


def _shares(results: Reported, name: str, dims: tuple[str, ...]) -> Iterator[list[Any]]:
    """Of each place the inputs of which one share is large enough to be told."""
    total = results.figures["total_order"]
    inputs = total["input"].tolist()
    figures = np.stack([_padded(results, key, name) for key in SHARES], axis=-2)
    noise = np.moveaxis(total[f"{name}_noise"], 0, -1).reshape(-1, len(inputs))
    places = product(*(total[dim].tolist() for dim in dims))
    for place, shares, chance in zip(places, figures.reshape(-1, *figures.shape[-3:]), noise, strict=True):
        at = dict(zip(dims, place, strict=True))
        lead = [name, at.get("criterion", at.get("claim", "")), *(at.get(dim, "") for dim in PLACE)]
        for i in np.flatnonzero(np.nan_to_num(shares[..., 0]).max(axis=-1) >= TOLD):
            yield [*lead, inputs[i], *shares[i].ravel().tolist(), chance[i]]


def _padded(results: Reported, key: str, name: str) -> Floats:
    """Shares and their errors, (place..., input, 2), of all inputs and groups; missing where there is none."""
    count = len(results.figures["total_order"]["input"])
    found = pairs(results.figures[key], name)[:count]  # without the dummy
    lacking = [(0, count - len(found))] + [(0, 0)] * (found.ndim - 1)
    return np.moveaxis(np.pad(found, lacking, constant_values=np.nan), 0, -2)


def _tornado(results: Reported) -> Table:
    """Outputs with an input low and high, alone and with all others as they vary; of inputs that move them."""
    group, found = results.figures.get("tornado"), list[list[Any]]()
    if group is not None:
        for name in [n.removesuffix("_baseline") for n in group.variables if n.endswith("_baseline")]:
            found += _moved(group, name)
    return Table(["of", "unit", *PLACE, "input", "low_value", "high_value", *ENDS, *both(TENTHS)], found)


def _moved(group: Group, name: str) -> list[list[Any]]:
    dims, swing = group.variables[f"{name}_baseline"].dims, group[f"{name}_swing"]
    values = np.stack([all_rounded(group[f"{end}_value"]) for end in ("low", "high")], axis=-1)
    values = np.broadcast_to(values.reshape(*values.shape[:2], *[1] * (swing.ndim - 2), 2), (*swing.shape, 2))
    alone = [np.broadcast_to(all_rounded(group[f"{name}_{end}"]), swing.shape)[..., None] for end in ENDS]
    tenths = [pairs(group, f"{name}_{end}") for end in TENTHS]
    figures = np.moveaxis(np.concatenate([values, *alone, *tenths], axis=-1), 0, -2)
    there = np.moveaxis(swing > 0, 0, -1)
    leads = ([name, OUTPUTS[name].unit, *place, *[""] * (len(PLACE) - len(dims)), each] for *place, each in product(
        *(group[dim].tolist() for dim in dims), group["input"].tolist()))
    return rows(compress(leads, there.ravel()), figures[there])


# --- what it would be worth to know -------------------------------------------------------------------------------


def _leads(study: Study, *lead: list[Any]) -> list[tuple[Any, ...]]:
    return [(*first, c.name, OUTPUTS[c.output].unit, scenario) for *first, c, scenario in product(
        *lead, study.criteria, study.scenarios)]


def _information(results: Reported) -> Table:
    """EVPI, as the value of everything, and EVPPI, where they are not zero, by criterion and scenario."""
    columns = ["input", "criterion", "unit", "scenario", *both(["value", "share"])]
    group = results.figures.get("information")
    if group is None:
        return Table(columns, [])
    evpi = pairs(group, "evpi")[None]
    whole = rows(_leads(results.study, [EVERYTHING]), np.stack([evpi, np.full_like(evpi, np.nan)], axis=-2), axes=2)
    figures = np.stack([pairs(group, name) for name in ("evppi", "evppi_share")], axis=-2)
    each = rows(_leads(results.study, group["input"].tolist()), figures, axes=2)
    return Table(columns, [row for row in [*whole, *each] if row[4] and not math.isnan(row[4])])


def _measurements(results: Reported) -> Table:
    """EVSI of the measurements that a study names, by listed criterion and scenario."""
    columns = ["measurement", "input", "cost", "criterion", "unit", "scenario", *both(["value", "net_value"])]
    group, asked = results.figures.get("information"), results.study.inquiry.measurements
    if group is None or not asked:
        return Table(columns, [])
    figures = np.stack([pairs(group, name) for name in ("evsi", "net_value")], axis=-2)
    leads = [(m.says, m.stream, np.nan if m.cost is None else m.cost, *rest) for m, *rest in (
        (m, c.name, OUTPUTS[c.output].unit, scenario) for m, c, scenario in product(
            asked, results.study.criteria, results.study.scenarios))]
    return Table(columns, [row for row in rows(leads, figures, axes=2) if not math.isnan(row[6])])


def _influence(results: Reported) -> Table:
    """What to look up first: inputs and groups, those that are worth most to know first."""
    texts = ("grade", "criterion", "scenario", "regret_criterion", "regret_scenario")
    columns = ["input", texts[0], *both(["evppi_share"]), *texts[1:3], *both(["regret_share"]), *texts[3:]]
    group = results.figures.get("influence")
    if group is None:
        return Table(columns, [])
    names, grade, *words = (group[name].tolist() for name in ("input", *texts))
    value, moved = (pairs(group, name).tolist() for name in ("evppi_share", "regret_share"))
    return Table(columns, [[*row[:2], *row[2], *row[3:5], *row[5], *row[6:]] for row in zip(
        names, grade, value, *words[:2], moved, *words[2:], strict=True)])


def _shared(results: Reported) -> Table:
    """What cancels between builds by criterion and scenario, and who has which share of the variance of regret."""
    group, owners = results.figures.get("shared"), ["shared", *(b.key for b in results.study.builds)]
    columns = ["criterion", "unit", "scenario", *both(["cancels", *(f"regret_{owner}" for owner in owners)])]
    if group is None:
        return Table(columns, [])
    figures = np.concatenate([pairs(group, "cancels")[..., None, :], pairs(group, "regret_share")], axis=-2)
    found = rows(_leads(results.study), figures, axes=2)
    return Table(columns, [row for row in found if not np.isnan(row[3])])


def _stress(results: Reported) -> Table:
    return stress_table(results.study, results.readings)


def _stress_firsts(results: Reported) -> Table:
    return first_table(results.study, results.readings)


DRIVERS = {"indices": _indices, "tornado": _tornado, "information": _information, "measurements": _measurements,
           "influence": _influence, "shared": _shared, "stress": _stress, "stress_firsts": _stress_firsts}
