"""What a person deciding a purchase reads: a few tables in words and figures, for terminal and Markdown alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..analysis.bands import QUANTILES
from ..analysis.error import half_width, upper_limit
from ..analysis.lead import CLOSE, TIED
from ..frames import SHORTFALL
from ..model import OUTPUTS
from ..reported import Reported
from ..resolve import Criterion
from ..study import Study


class Section(NamedTuple):
    """A titled table and what to know when reading it."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    words: int = 1  # leading columns of words; the others are figures
    key: str = ""  # by which a page knows it, where that has its own place there


def number(value: float, digits: int = 3, decimals: int | None = None) -> str:
    """A figure to so many significant digits, or decimals; a dash where missing."""
    if not math.isfinite(value):
        return "–"
    if decimals is None:
        if value and not 1e-4 <= abs(value) < 1e6:
            return f"{value:.{digits - 1}e}"
        decimals = _decimals(value, digits)
    return f"{value:,.{decimals}f}"


def _decimals(value: float, digits: int) -> int:
    return max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def percent(value: float, decimals: int = 1) -> str:
    """A probability in per cent, never rounded to a certainty that it is not."""
    if not math.isfinite(value):
        return "–"
    if value in (0.0, 1.0):
        return f"{100 * value:.0f} %"
    if value < 0.001 or value > 0.999:
        return "<0.1 %" if value < 0.001 else ">99.9 %"
    near = value < 0.01 or value > 0.99
    return f"{100 * value:.{max(decimals, 1) if near else decimals}f} %"


def certain(results: Reported) -> bool:
    """Whether every input is constant, at every point of a sweep too."""
    entries = results.study.points[0].entries.values()
    return not any(entry.quantity.uncertain for places in entries for entry in places.values())


BAND = "Median [5 % to 95 % quantile]."
WINNERS = ("Builds joined by = tie for first; a second line names a rival at least half as probable. The budget buys "
           "as many devices as it can, so a dearer device means fewer of them, and fewer batteries in CapEx.")


def band(results: Reported, name: str, at: tuple[int, ...], scale: float = 1.0, digits: int = 3) -> str:
    """A median with its 5 % and 95 % quantile, of an output at a place (scenario, build[, precision])."""
    values = results.figures["bands"][name]
    low, middle, high = (float(values[(QUANTILES.index(q), *at)]) / scale for q in (0.05, 0.5, 0.95))
    if not math.isfinite(middle):
        return "–"
    decimals = 0 if OUTPUTS[name].whole else min(2, _decimals(middle, digits))
    around = "" if low == high else f" [{number(low, decimals=decimals)}–{number(high, decimals=decimals)}]"
    return number(middle, decimals=decimals) + around


def _grouped(results: Reported, names: list[str], full: bool) -> Iterator[tuple[list[str], tuple[int, int]]]:
    """Places (scenario, build) and what they are called, scenarios that agree in all of `names` together.

    In `full` every row names its scenarios.
    """
    bands, study = results.figures["bands"], results.study
    groups: list[list[int]] = []
    for s in range(len(study.scenarios)):
        alike = [g for g in groups if all(_same(bands[n][:, g[0]], bands[n][:, s]) for n in names)]
        alike[0].append(s) if alike else groups.append([s])
    for group in groups:
        called = [study.scenarios[s] for s in group]
        for i, build in enumerate(study.builds):
            last = i == len(study.builds) - 1
            named = called[i:] if last else called[i : i + 1]
            more = "," if not last and i + 1 < len(group) else ""
            yield [", ".join(called) if full else ", ".join(named) + more, build.label], (group[0], i)


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def how_wide(results: Reported, full: bool = False) -> Section:
    """Devices, CapEx and battery units, with the number to buy."""
    names = ["device_count", "capex", "battery_count"]
    enough = results.figures["counts"]["battery_count_enough"]
    rows = [[*lead, band(results, "device_count", at), band(results, "capex", at, 1e3, 4),
             band(results, "battery_count", at), f"{int(enough[at]):,}"]
            for lead, at in _grouped(results, names, full)]
    units = f"{results.study.battery.label}s"
    return Section("How wide", ["scenario", "build", "devices", "CapEx, 1,000 USD", units, "buy"], rows,
                   "" if certain(results) else f"{BAND} Buy: the fewest {units} of which P(too few) is at most "
                   f"{100 * SHORTFALL:.0f} %. CapEx counts the {units} that each sample needs; buying for the bad case "
                   "costs more. Devices are as many as the budget buys at each sample's prices: how many to order, "
                   "quotes settle.", 2)


def throughput(results: Reported, full: bool = False) -> list[Section]:
    """Sustained throughput at the precisions that every build has; nothing where there is none."""
    precisions = results.study.precisions
    if "throughput" not in results.study.outputs:
        return []
    missing = np.isnan(results.figures["central"]["throughput"])
    having = np.flatnonzero(~missing.all(axis=(0, 1))).tolist()
    common = [p for p in having if not missing[..., p].any()] or having
    rows = [[*lead, *(band(results, "throughput", (*at, p), 1e3) for p in common)]
            for lead, at in _grouped(results, ["throughput"], full)]
    rest = ", ".join(precisions[p] for p in having if p not in common)
    others = f" Others ({rest}): tables/bands.csv." if rest else ""
    headline = "headline: of each device's own peak format." if "headline" in precisions else ""
    note = ("" if certain(results) else f"{BAND} ") + headline + others
    title = "How fast: sustained throughput, PFLOP/s"
    return [Section(title, ["scenario", "build", *(precisions[p] for p in common)], rows, note, 2)] if common else []


WRITTEN = {"capex": "CapEx", "kw": "kW"}


def criterion_name(criterion: Criterion) -> str:
    """A criterion in words: `throughput / USD fp16`."""
    return named(criterion.name)


def named(name: str) -> str:
    """An output, or a criterion by its name, in words."""
    words = name.replace("_per_dollar", " / USD").replace("_per_", " / ").replace("_", " ").split(" ")
    return " ".join(WRITTEN.get(word, word) for word in words)


def leaders(results: Reported, at: tuple[int, int]) -> tuple[list[int], float, list[int]]:
    """The most probable first, with those that mostly tie with it; their probability; rivals half as probable."""
    ranking = results.figures["ranking"]
    share = np.nan_to_num(ranking["rank_acceptability"][at][:, 0], nan=-1.0)
    best = int(np.argmax(share))
    tie = np.nan_to_num(ranking["tie"][at][best])
    group = [i for i in range(len(share)) if i == best or (tie[i] > TIED and share[i] > 0)]
    total = float(share[group].sum())
    return group, total, [i for i in np.argsort(-share).tolist() if i not in group and share[i] >= CLOSE * total]


def _first(results: Reported, at: tuple[int, int]) -> str:
    """The most probable first, with its ties; and whoever is at least half as probable."""
    group, total, rivals = leaders(results, at)
    builds, share = results.study.builds, results.figures["ranking"]["rank_acceptability"][at][:, 0]
    names = " = ".join(builds[i].label for i in group)
    if certain(results):
        return names
    told = [f"{names} {percent(min(total, 1 - upper_limit(results.samples)), 0)}"]
    return "\n".join([*told, *(f"{builds[i].label} {percent(float(share[i]), 0)}" for i in rivals)])


def who_wins(results: Reported, scenarios: tuple[str, ...]) -> Section:
    """The most probable first by every criterion and scenario, and how sure that is."""
    at = [results.study.scenarios.index(s) for s in scenarios]
    rows = [[criterion_name(c), *(_first(results, (i, s)) for s in at)]
            for i, c in enumerate(results.study.criteria[: results.study.listed])]
    return Section("Who wins" if certain(results) else "Who wins: the most probable first place, and its probability",
                   ["criterion", *scenarios], rows, WINNERS)


def how_stable(results: Reported, scenarios: tuple[str, ...]) -> Section:
    """How often first place flips, and the whole order differs, from those at the central values."""
    at = [results.study.scenarios.index(s) for s in scenarios]
    first, order = (results.figures["ranking"][name].tolist() for name in ("first_differs", "order_differs"))
    rows = [[criterion_name(c), *(f"{percent(first[i][s], 0)} / {percent(order[i][s], 0)}" for s in at)]
            for i, c in enumerate(results.study.criteria[: results.study.listed])]
    return Section("How stable: P(first place flips) / P(whole order differs)", ["criterion", *scenarios], rows,
                   "Against the ranking at the central values of all inputs, in which builds may tie: a tie that "
                   "breaks is another order, and no flip.")


def leading(study: Study, most: int) -> list[int]:
    """The first criteria of so many outputs, by their places."""
    outputs = [c.output for c in study.criteria[: study.listed]]
    return [i for i, output in enumerate(outputs) if output not in outputs[:i]][:most]


def at_point(study: Study) -> str:
    """What of a sweep a study is; nothing where it is all or none."""
    told = ", ".join(f"{name} = {label if isinstance(label, str) else format(label, ',.10g')}"
                     for name, label in study.point)
    return told and f"Of the values swept: {told}."


def trust(results: Reported) -> str:
    """How far the figures can be trusted, in a sentence or two."""
    c, sampling = results.convergence, results.study.sampling
    if certain(results):
        return "Every input is constant: the figures are exact and have no sampling error."
    capex, rank = (float(half_width(se, c.replicates)) for se in (c.capex, c.rank))
    none = upper_limit(results.samples)
    points = f"At each of {len(results.study.points)} points " if results.study.sweep else ""
    seed = f"seed {sampling.seed}{', the same draws at all of them' if points else ''}"
    text = (f"{points}{results.samples:,} samples ({c.replicates} replicates of {sampling.samples:,}, "
            f"{sampling.method}, {seed}). Sampling error, 95 %: CapEx quantiles within ±{100 * capex:.2g} %, rank "
            f"probabilities within ±{100 * max(rank, none):.2g} percentage points. 0 % is none of the samples: below "
            f"{100 * none:.2g} %.")
    if c.replicates < 8:
        text += " Fewer than 8 replicates: these errors are themselves rough."
    if c.tolerance is not None:
        text += (f" Tolerance {c.tolerance:g} of standard errors is met." if c.reached else
                 f" Tolerance {c.tolerance:g} of standard errors is NOT met: stopped at {c.replicates} replicates.")
    return text


def gist(results: Reported) -> tuple[str, str, str]:
    """A run in a line: how many samples, and how sure CapEx quantiles and rank probabilities are."""
    c = results.convergence
    if certain(results):
        return "constant", "exact", "exact"
    capex, rank = (100 * float(half_width(se, c.replicates)) for se in (c.capex, c.rank))
    missed = "" if c.reached else " (tolerance not met)"
    points = f"{len(results.study.points)} x " if results.study.sweep else ""
    return f"{points}{results.samples:,}", f"±{capex:.2g} %", f"±{rank:.2g} points{missed}"
