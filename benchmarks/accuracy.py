"""Errors against the exact reference, how they fall with the number of samples, and what a given accuracy takes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .exact import Reference
from .measure import CONTESTANTS, Record
from .problem import LEVELS, Floats

P95 = LEVELS.index(0.95)
METRICS = ("p95", "rank_capex", "rank_tpd")  # relative; absolute, of all entries; the same
TARGET = 0.001  # 0.1 % of the 95 % quantile, 0.1 percentage points of a rank share
SLACK = 3.0  # times the error of plain Monte Carlo within which pooled runs must agree with the reference


class Law(NamedTuple):
    """RMSE = scale * n ** -power, fitted to measured points."""

    scale: float
    power: float

    def error(self, n: float) -> float:
        """RMSE at n samples."""
        return self.scale * n**-self.power

    def samples(self, error: float) -> float:
        """Samples for an RMSE."""
        return float((self.scale / error) ** (1 / self.power))


Points = dict[int, tuple[int, dict[str, float]]]  # samples: replicates, RMSE by metric


def deviations(record: Record, exact: Reference) -> dict[str, Floats]:
    """A run's figures less the exact ones, by metric."""
    return {"p95": np.array(record["capex"])[:, P95] / exact.capex[:, P95] - 1,
            "rank_capex": (np.array(record["rank_capex"]) - exact.rank_capex).ravel(),
            "rank_tpd": (np.array(record["rank_tpd"]) - exact.rank_tpd).ravel()}


def rms(x: Floats) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(x))))


def grouped(records: Iterable[Record]) -> dict[str, dict[int, list[Record]]]:
    """Records by contestant and number of samples, each seed once: two runs of a seed differ in time only."""
    groups: dict[str, dict[int, dict[int, Record]]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        groups[record["name"]][record["n"]][record["seed"]] = record
    return {name: {n: list(runs.values()) for n, runs in sorted(sizes.items())} for name, sizes in groups.items()}


def errors(records: Iterable[Record], exact: Reference) -> dict[str, Points]:
    """RMSE of every contestant at every number of samples that four seeds or more were run at."""
    found: dict[str, Points] = {}
    for name, sizes in grouped(records).items():
        found[name] = {}
        for n, runs in sizes.items():
            if len(runs) >= 4:
                each = [deviations(run, exact) for run in runs]
                found[name][n] = len(runs), {m: rms(np.array([d[m] for d in each])) for m in METRICS}
    return found


def laws(errors: dict[str, Points]) -> dict[str, dict[str, Law]]:
    """The error laws of every contestant, by metric; contestants that sample alike share one, of all their points."""
    alike: dict[str, list[Points]] = defaultdict(list)
    for name, points in errors.items():
        alike[CONTESTANTS[name].points].append(points)
    return {name: {metric: _law(alike[c.points], metric) for metric in METRICS} for name, c in CONTESTANTS.items()}


def _law(alike: list[Points], metric: str) -> Law:
    """By least squares on logarithms, weighted by the seeds."""
    points = [(n, count, rmse[metric]) for each in alike for n, (count, rmse) in each.items()]
    n, count, rmse = np.array(points).T
    slope, intercept = np.polyfit(np.log(n), np.log(rmse), 1, w=np.sqrt(count))
    return Law(math.exp(intercept), -float(slope))


def needed(name: str, law: dict[str, Law], wanted: dict[str, float]) -> int:
    """Samples at which every metric is as good as wanted; where nets are drawn, the next power of two."""
    n = max(law[metric].samples(error) for metric, error in wanted.items())
    if CONTESTANTS[name].net:
        return 1 << max(10, math.ceil(math.log2(n) - 1e-9))
    return math.ceil(n * (1 - 1e-9))


def seconds(records: Iterable[Record], name: str, n: int) -> tuple[float, int]:
    """Median time of a contestant at n samples, and of how many runs."""
    times = [r["seconds"] for r in records if r["name"] == name and r["n"] == n]
    return float(np.median(times)), len(times)


def megabytes(records: Iterable[Record], name: str, n: int) -> float:
    """Median peak memory above imports [MiB], of runs that came first in their process."""
    return float(np.median([r["mib"] for r in records if r["name"] == name and r["n"] == n and r["first"]]))


def disagreements(records: Iterable[Record], exact: Reference, plain: dict[str, Law]) -> list[str]:
    """Contestants whose runs, pooled, are further from the reference than plain Monte Carlo may be."""
    wrong = []
    for name, sizes in grouped(records).items():
        n, runs = max(sizes.items(), key=lambda item: item[0] * len(item[1]))
        for metric, law in plain.items():
            pooled = rms(np.mean([deviations(run, exact)[metric] for run in runs], axis=0))
            own = exact.error_capex if metric == "p95" else exact.error_ranks
            allowed = SLACK * law.error(n * len(runs)) + own
            if pooled > allowed:
                wrong.append(f"{name}, {len(runs)} x {n:,} samples: {metric} is off by {pooled:.2g}, "
                             f"more than {allowed:.2g}")
    return wrong
