"""How probable is more: exceedance curves, and how many batteries to buy."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import engine
from ..analysis.bands import QUANTILES
from ..frames import SHORTFALL
from ..model import OUTPUTS
from ..report.printed import printed
from ..report.text import percent
from ..results import Results
from . import style
from .drawn import Drawn, Floats, View, pick

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = np.concatenate([[0.005], np.linspace(0.01, 0.99, 99), [0.995]])  # of exceedance curves
MOST_BARS = 80  # beyond which a bar is of several numbers
MARKS = 5  # markers of a curve


def exceedance(results: Results, axes: Axes, output: str, scenario: int, precision: str = "") -> None:
    """P(more than x) of an output against x, a curve for each build; diamonds where the document's number is."""
    values, above = _curves(results, output, scenario, precision)
    factor, name = style.output_scale(results, output, precision, values)
    marks, every = printed(results, output, precision), max(1, len(values) // MARKS)
    for b in np.flatnonzero(~np.isnan(values).any(axis=0)).tolist():
        axes.plot(values[:, b] / factor, 100 * above[:, b], color=style.colour(b), linestyle=style.line(b),
                  drawstyle="steps-post" if OUTPUTS[output].whole else "default", linewidth=1.8,
                  marker=style.marker(b), markersize=4.5, markevery=(every // 2 + b % 4 * every // 5, every),
                  label=results.study.builds[b].label)
        if marks and not np.isnan(marks.value[scenario, b]):
            axes.plot([marks.value[scenario, b] / factor], [100 * (1 - marks.share[scenario, b])], marker="D",
                      color=style.colour(b), markersize=8, markerfacecolor="none", markeredgewidth=1.6,
                      linestyle="none", clip_on=False)
    style.bare(axes, "both")
    axes.set(xlabel=name, ylabel="P(more than that), %", ylim=(0, 101))
    style.legend(axes)


def _curves(results: Results, output: str, scenario: int, precision: str) -> tuple[Floats, Floats]:
    """Values (point, build) and the probability of more; of whole numbers each number, from one below the least."""
    study, counts = results.study, results.figures["counts"]
    if f"{output}_probability" in counts.variables:
        share = counts[f"{output}_probability"][:, scenario]
        came = np.flatnonzero((share > 0).any(axis=1))
        number = counts["number"][came].astype(np.float64)
        values = np.repeat(np.append(number[0] - 1, number)[:, None], len(study.builds), axis=1)
        return values, 1 - np.cumsum(np.vstack([np.zeros(len(study.builds)), share[came]]), axis=0)
    found = engine.quantiles(results.plan, results.done, list(LEVELS), [output])[output].value
    sizes = len(LEVELS), len(study.scenarios), len(study.builds), len(study.precisions)
    at = study.precisions.index(precision) if precision else 0
    return np.broadcast_to(found, sizes)[:, scenario, :, at], np.repeat(1 - LEVELS[:, None], len(study.builds), axis=1)


def exceedance_figure(view: View) -> Drawn | None:
    """Of the criterion's output in the scenario; nothing where it does not vary there."""
    results, output, precision = view.results, view.by.output, view.by.precision
    values = pick(results.figures["bands"][output], view)
    if not (values[-1] > values[0]).any():
        return None
    b = view.first
    half, rare = (style.told(output, values[QUANTILES.index(q), b]) for q in (0.5, 0.95))
    said = f"{view.study.builds[b].label} exceeds {half} in half of the samples at most, and {rare} in 5 % at most"
    marks = printed(results, output, precision)
    mark = " Diamonds: what the document prints." if marks and not np.isnan(marks.value[view.scenario]).all() else ""
    what = "risk to exceed it" if view.by.better == "lower" else "chance to have more"
    caption = (f"P(more than a value) of {view.title}, for any value, by build, in {view.where}. {said}. Read it for "
               f"your own limit: where a curve crosses it is the {what}.{mark}")
    return Drawn("exceedance", f"How probable is more: {view.title}, {view.where}",
                 f"Falling curves, one a build, from 100 to 0 %. {said}.", caption,
                 partial(exceedance, results, output=output, scenario=view.scenario, precision=precision), 3.6,
                 scenario=view.where, criterion=view.by.name)


# --- batteries ----------------------------------------------------------------------------------------------------


def count_bars(results: Results, axes: Axes, scenario: int, build: int, output: str = "battery_count") -> None:
    """P(n = k) of a build, in per cent, and the fewest to buy; hatched are the numbers that would then be too few."""
    enough = float(results.figures["counts"][f"{output}_enough"][scenario, build])
    numbers, share, width = _together(results, scenario, build, output)
    colour = style.colour(build)
    bars = axes.bar(numbers, share, width=0.8 * width, color=colour, edgecolor=colour, linewidth=0.6)
    for bar, n in zip(bars, numbers, strict=True):
        if n > enough:
            bar.set(facecolor="none", hatch="////")
    axes.axvline(enough + 0.5, color=style.INK, linestyle="--", linewidth=1.1)
    axes.annotate(f"buy {enough:,.0f}", (enough + 0.5, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -2),
                  textcoords="offset points", va="top", fontsize=8, color=style.INK, fontweight="bold")
    style.bare(axes, "y")
    axes.set_ylim(0, max(1.25 * share.max(), 1.0))
    axes.set_ylabel(results.study.builds[build].label, rotation=0, ha="right", va="center")


def _together(results: Results, scenario: int, build: int, output: str) -> tuple[Floats, Floats, int]:
    """Middles of bars, P in per cent, and how many numbers a bar is of: one, or some where there are very many.

    No bar is of numbers on both sides of the fewest to buy.
    """
    counts = results.figures["counts"]
    share = 100 * counts[f"{output}_probability"][:, scenario]
    number, enough = counts["number"], counts[f"{output}_enough"][scenario, build]
    came = number[(share > 0).any(axis=1)]
    span = int(came[-1] - came[0]) + 1
    width = 1 if span <= MOST_BARS else -(-2 * span // MOST_BARS)
    own = share[:, build] > 0
    bars, place = np.unique(np.ceil((number[own] - enough) / width), return_inverse=True)
    heights = np.bincount(place, share[own, build]).astype(np.float64)
    return enough + 0.5 + width * (bars - 0.5), heights, width


def _all_counts(results: Results, axes: NDArray[Any], scenario: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes = np.array(axes, ndmin=2)
    for build, each in enumerate(axes[:, 0]):
        count_bars(results, each, scenario, build)
        each.yaxis.set_major_locator(MaxNLocator(3))
    each.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    width = _together(results, scenario, 0, "battery_count")[2]
    of = "exactly so many" if width == 1 else f"one of {width} numbers"
    each.set_xlabel(f"{results.study.battery.label}s, number (bars: P({of}), %)")


def counts_figure(view: View) -> Drawn | None:
    """Battery counts in the scenario, whatever the criterion; nothing where they do not vary."""
    results, s = view.results, view.scenario
    spread = results.figures["bands"]["battery_count"][:, s]
    if not (spread[-1] > spread[0]).any():
        return None
    counts, builds, units = results.figures["counts"], results.study.builds, f"{results.study.battery.label}s"
    enough, short = counts["battery_count_enough"][s], counts["battery_count_shortfall"][s]
    buy = ", ".join(f"{int(n):,} for {b.label}" for n, b in zip(enough, builds, strict=True))
    caption = (f"How probable each number of {units} is, by build, in {view.where}. Right of the dashed line, hatched: "
               f"so many are needed in at most {100 * SHORTFALL:.0f} % of the samples. To be short no more often than "
               f"that, buy {buy}; then P(too few) is {percent(float(short.max()))} or less.")
    alt = f"Bars by number, a row for each build. Buy {buy}."
    return Drawn("battery-counts", f"How many {units}: {view.where}", alt, caption,
                 partial(_all_counts, results, scenario=s), 0.9 + 0.8 * len(builds), (len(builds), 1), view.where)
