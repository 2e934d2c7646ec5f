"""What was measured, as a page of Markdown; every number in it is computed here from the measurements."""

from __future__ import annotations

import os
import platform
import textwrap
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from .accuracy import METRICS, P95, TARGET, Law, Points, deviations, megabytes, seconds
from .exact import Reference
from .growth import N, Point
from .measure import CONTESTANTS, FULL, Record

Laws = dict[str, dict[str, Law]]
CHECK = ("The command fails where the pooled runs of any contestant are further from the reference than three times "
         "what plain Monte Carlo would be.")


STAGES = (
    "In one process, nanoseconds a sample of all four builds. Points are 13 numbers a sample, quantile functions "
    "as many look-ups in tables of cubics; the model and the counts are numpy's own arithmetic, gather and "
    "bincount over arrays that stay in the cache. What keeps the ratios above below those of a bare prototype of "
    "the same problem is what is computed beside the deliverable: regrets, ties within rounding, agreement with "
    "the order at the central values, means, whole distributions of the counts, all with standard errors from 16 "
    "independent point sets. Those sets cost accuracy as well: one set of as many points (the row of scipy's "
    "Sobol' points) errs less, and does not know by how much. Below some ten thousand samples the statistics of "
    "16 replicates, which do not depend on the number of samples, are most of the time.")


def number(x: float) -> str:
    """Three significant digits, thousands with commas."""
    rounded = float(f"{x:.3g}")
    if rounded >= 1000:
        return f"{rounded:,.0f}"
    return f"{rounded:.6f}".rstrip("0").rstrip(".")


def stage_table(found: dict[str, Any]) -> str:
    """Nanoseconds a sample by stage, and its share."""
    stages = sorted(found.get("stages", {}).items(), key=lambda item: -item[1])
    whole = sum(spent for _, spent in stages)
    rows = [[stage, number(spent), f"{100 * spent / whole:.0f} %"] for stage, spent in stages]
    return table(["stage", "ns a sample", "share"], [*rows, ["all", number(whole), "100 %"]])


def labels(found: dict[str, Any]) -> str:
    """What labels would cost, were they inside the loop."""
    plain, labelled = found.get("labels", (0.0, 0.0))
    return (f"Labels are put on at the end: the model alone takes {number(plain)} ns a sample on a block of plain "
            f"arrays, and {number(labelled)} ns on the same block of xarray's.")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first column of words."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def paragraph(*sentences: str) -> str:
    """Sentences, wrapped."""
    return textwrap.fill(" ".join(sentences), 120, break_long_words=False, break_on_hyphens=False)


def machine() -> str:
    """Processor, cores, memory and versions."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ["numpy", *dict.fromkeys(c.package for c in CONTESTANTS.values())]
    return (f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}; Python "
            f"{platform.python_version()}, {', '.join(f'{p} {_version(p)}' for p in packages)}.")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


# --- tables ------------------------------------------------------------------------------------------------


def headline(found: dict[str, Any], laws: Laws) -> str:
    """Time, throughput, memory and error of every contestant, at its own largest headline size."""
    rows = []
    for name, contestant in CONTESTANTS.items():
        n = contestant.samples[0] * found["n"] // FULL[0]
        took, _ = seconds(found["records"], name, n)
        law = laws[name]
        rows.append([contestant.label, f"{n:,}", number(took), number(n / took),
                     number(megabytes(found["records"], name, n)),
                     *(number(100 * law[metric].error(n)) for metric in METRICS)])
    return table(["", "samples", "time, s", "samples / s", "peak memory above imports, MiB", "RMSE of P95, %",
                  "of a rank share of CapEx, pp", "of throughput / USD, pp"], rows)


def small(found: dict[str, Any]) -> str:
    """Times at sizes that the contestants which loop can afford too."""
    sizes = [n * found["n"] // FULL[0] for n in (FULL[1],)]
    rows = [[contestant.label, *(number(seconds(found["records"], name, n)[0]) for n in sizes)]
            for name, contestant in CONTESTANTS.items()]
    return table(["", *(f"time at {n:,}, s" for n in sizes)], rows)


def time_at(records: list[Record], name: str, n: int) -> tuple[float, bool]:
    """Time at n samples, and whether it was measured; else in proportion to the largest run."""
    sizes = {r["n"] for r in records if r["name"] == name}
    if n in sizes:
        return seconds(records, name, n)[0], True
    return seconds(records, name, max(sizes))[0] * n / max(sizes), False


def to_accuracy(found: dict[str, Any], laws: Laws, which: int) -> str:
    """Samples and time that an accuracy takes."""
    ours, _ = time_at(found["records"], "ours", found["targets"]["ours"][which])
    rows = []
    for name, contestant in CONTESTANTS.items():
        n = found["targets"][name][which]
        took, known = time_at(found["records"], name, n)
        law = laws[name]
        rows.append([contestant.label, *(f"{law[m].power:.2f}" for m in METRICS), f"{n:,}",
                     ("" if known else "~ ") + number(took), number(took / ours)])
    return table(["", "P95: error ~ n^-", "rank share: n^-", "per USD: n^-", "samples needed", "time, s",
                  "time / this program's"], rows)


GOALS = {"naive": ("20", "", "150"), "openturns": ("15", "", ""), "monaco": ("", "", "1,000")}


def ratios(found: dict[str, Any]) -> str:
    """The headline: this program beside three others, and what was aimed at."""
    lines = []
    for label, name in (("naive numpy", "naive"), ("OpenTURNS", "openturns"), ("Monaco", "monaco")):
        n = min(CONTESTANTS[name].samples[0], FULL[0]) * found["n"] // FULL[0]
        plain = seconds(found["records"], name, n)[0] / seconds(found["records"], "ours", n)[0]
        equal = [time_at(found["records"], name, found["targets"][name][k])[0]
                 / time_at(found["records"], "ours", found["targets"]["ours"][k])[0] for k in (0, 1)]
        aimed = [f" (goal {goal})" if goal else "" for goal in GOALS[name]]
        lines.append([label, *(number(x) + goal for x, goal in zip((plain, *equal), aimed, strict=True))])
    return table(["times as long as this program in one process", "at equal samples", f"to {100 * TARGET:g} % and "
                  f"{100 * TARGET:g} pp", f"at the accuracy of {found['n']:,} plain samples"], lines)


def cold_table(found: dict[str, Any]) -> str:
    """Commands from a cold shell."""
    return table(["command", "time, s", "peak memory, MiB"],
                 [[f"`{c['command']}`", number(c["seconds"]), number(c["mib"])] for c in found["cold"]])


def growth_table(points: Sequence[Point]) -> str:
    """Time and memory of this program as something grows."""
    rows = [[p.axis, f"{p.size:,}", "not run" if p.seconds is None else number(p.seconds),
             "" if p.mib is None else number(p.mib)] for p in points]
    return table(["what grows", "to", "time, s", "peak memory above imports, MiB"], rows)


def checked(found: dict[str, Any], exact: Reference) -> str:
    """How good the reference is, and what a long run says of it."""
    text = (f"The exact reference is a quadrature; its own error, from two resolutions, is {exact.error_capex:.1g} of "
            f"a CapEx quantile and {exact.error_ranks:.1g} of a rank share.")
    if not found["long"]:
        return text
    mean = {m: np.mean([deviations(r, exact)[m] for r in found["long"]], axis=0) for m in METRICS}
    n = sum(r["n"] for r in found["long"])
    worst = max(np.max(np.abs(mean[m])) for m in ("rank_capex", "rank_tpd"))
    return (f"{text} An independent run of {n:,} scrambled Sobol' samples by plain numpy differs from it by at most "
            f"{np.max(np.abs(mean['p95'])):.1g} of a 95 % quantile and {worst:.1g} of a rank share.")


# --- the page ----------------------------------------------------------------------------------------------


def page(found: dict[str, Any], exact: Reference, errors: dict[str, Points], laws: Laws,
         points: Sequence[Point]) -> str:
    """The whole page."""
    seeds = max(count for sizes in errors.values() for count, _ in sizes.values())
    p95 = ", ".join(f"{value:,.2f}" for value in exact.capex[:, P95])
    return f"""# Performance

{paragraph("Written by `python -m benchmarks`; no number here was typed.", machine())}

The problem ([`benchmarks/problem.py`](../benchmarks/problem.py), as a study
[`benchmarks/gpu4x13.toml`](../benchmarks/gpu4x13.toml)): four builds, 13 independent uncertain inputs, `floor` and
`ceil` in the model; five quantiles of 24 columns, rank acceptability and pairwise wins by CapEx and by throughput per
dollar. Every contestant does all of it, as its own documentation recommends
([`benchmarks/peers.py`](../benchmarks/peers.py)), in a warm process of its own, all in turn; times are medians of
the repeated runs, errors are over {seeds} seeds against the exact reference. This program's tables carry standard
errors too, from 16 independent point sets; the others' do not. It runs in one process unless said otherwise; the
others as they come.

{ratios(found)}

Where a goal is missed, [where the time goes](#where-this-programs-time-goes) says why.

![Error against time, and growth with samples](performance.svg)

## Time, memory and error

{headline(found, laws)}

Errors follow the fitted law RMSE = c n^-a, one law for all that sample plainly: of P95 relative, over the four builds;
of a rank share in percentage points (pp), over all 16 entries of a table. Times at a size that the loop over cases can
afford too:

{small(found)}

## Time to an accuracy

To an RMSE of {100 * TARGET:g} % of P95 and {100 * TARGET:g} pp of both tables of rank shares; point sets that want a
power of two get the next one:

{to_accuracy(found, laws, 0)}

To the accuracy that plain Monte Carlo reaches with {found['n']:,} samples (~: in proportion to the largest run):

{to_accuracy(found, laws, 1)}

## From a cold shell

{cold_table(found)}

Peak memory is that of the largest process, imports included.

## Growth

This program in one process; all but the first at {N:,} samples: builds with two uncertain inputs each and five shared
ones, inputs spread over 32 builds, scenarios each with a power usage effectiveness of its own. A size is not run where
its time or memory, in proportion, would go beyond what the command allows.

{growth_table(points)}

## Where this program's time goes

{stage_table(found)}

{paragraph(STAGES, labels(found))}

## What the times are worth

{paragraph(checked(found, exact), f"The exact 95 % quantiles of CapEx are {p95} USD.", CHECK)}

To reproduce: `pip install -e '.[bench]' && python -m benchmarks` (`--quick` for a short one).
"""
