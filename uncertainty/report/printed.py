"""The numbers that a document prints, and where they lie among what a study's samples gave."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import engine
from ..analysis import bands, histogram
from ..analysis.error import combine
from ..analysis.histogram import Sums
from ..model import OUTPUTS
from ..plan import Plan, plan_of
from ..results import Results
from ..study import load

Floats = NDArray[np.float64]
STUDIES = {"documents/benally-2025": "reference-tables"}  # whose central values are the numbers that it prints
PRINTED = {  # by output and precision: the output that the document prints, and its table
    ("capex", ""): ("capex_reference", "Table 7"), ("capex_reference", ""): ("capex_reference", "Table 7"),
    **{(name, ""): (name, "Table 6") for name in ("it_power", "facility_power", "battery_energy", "battery_count")},
    **{(name, ""): (name, "Table 3") for name in ("device_count", "memory_pool", "bandwidth")},
    ("throughput", "headline"): ("throughput", "Table 3"),
    **{(name, "headline"): (name, "Table 4") for name in ("throughput_per_spend", "throughput_per_kw")},
    **{(name, ""): (name, "Table 4") for name in ("memory_per_spend", "bandwidth_per_watt")}}


class Printed(NamedTuple):
    """What a document prints and the share of samples at or below it, (scenario, build); missing where it does not.

    table : where it stands
    """

    value: Floats
    share: Floats
    table: str


def printed(results: Results, output: str, precision: str = "") -> Printed | None:
    """What the document of a study prints of an output; None where it names none, or that is not printed."""
    study = results.study
    names = [STUDIES[file] for file in study.files if file in STUDIES]
    if not names or (output, precision) not in PRINTED:
        return None
    name, table = PRINTED[output, precision]
    tables = _tables(names[0])
    sizes = len(tables.study.scenarios), len(tables.study.builds), len(tables.study.precisions)
    found = np.broadcast_to(tables.central[name][..., 0], sizes)
    found = found[..., tables.study.precisions.index(precision) if precision else 0]
    builds = [build.key for build in tables.study.builds]
    value = np.full((len(study.scenarios), len(study.builds)), np.nan)
    for s, scenario in enumerate(study.scenarios):
        for b, build in enumerate(study.builds):
            if scenario in tables.study.scenarios and build.key in builds:
                value[s, b] = found[tables.study.scenarios.index(scenario), builds.index(build.key)]
    return None if np.isnan(value).all() else Printed(value, below(results, output, precision, value), table)


@cache
def _tables(study: str) -> Plan:
    return plan_of(load(study))


def below(results: Results, output: str, precision: str, values: Floats) -> Floats:
    """Share of samples (scenario, build) in which an output is at most `values`; missing where these are."""
    at = results.study.precisions.index(precision) if precision else 0
    plan, done = results.plan, results.done
    shares = [_share(plan, done, output, (*place, at), value) for place, value in np.ndenumerate(values)]
    return np.array(shares).reshape(values.shape)


def _share(plan: Plan, done: engine.Part, output: str, place: tuple[int, ...], value: float) -> float:
    """The same at one place (scenario, build, precision)."""
    shape = plan.central[output].shape[:3]
    cell = np.ravel_multi_index([min(i, n - 1) for i, n in zip(place, shape, strict=True)], shape)
    if np.isnan(value):
        return value
    if OUTPUTS[output].whole:
        count = bands.pool([replicate[cell] for replicate in done.statistics.tallies[output]])
        return float(count.shares[:, count.numbers <= value].sum(axis=1).mean())
    if output not in plan.columns:
        return float(combine(done.statistics.means[output]).value.ravel()[cell] <= value)
    cells, rows = plan.columns[output]
    if cell not in cells:
        return float("nan")
    row = rows.start + int(np.searchsorted(cells, cell))
    one = slice(row, row + 1)
    samples = (done.end - done.first) * plan.study.sampling.samples
    return float(histogram.below(plan.grid.of(one), Sums(*(x[one] for x in done.sums)), samples, np.array([value]))[0])


def ordinal(share: float) -> str:
    """A share as a percentile: `31st percentile`, `below the 1st percentile`."""
    rank = round(100 * share)
    if not 1 <= rank <= 99:
        return "below the 1st percentile" if rank < 1 else "above the 99th percentile"
    ending = "th" if rank // 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending} percentile"
