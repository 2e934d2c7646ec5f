"""How wide: quantile bands, the probability of exceeding any value, and how many batteries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import engine
from ..analysis.bands import QUANTILES
from ..frames import SHORTFALL
from ..model import OUTPUTS
from ..report.text import percent
from ..results import Results
from . import style
from .drawn import Drawn, View, pick
from .printed import Printed, ordinal, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
LEVELS = np.concatenate([[0.005], np.linspace(0.01, 0.99, 99), [0.995]])  # of exceedance curves
NAME = 22  # characters of a build's name
MOST_BARS = 80
BUDGET = " The document counts the whole budget as spent on devices; the study counts what is spent."


def _quantiles(results: Results, output: str, precision: str) -> Floats:
    """Quantiles (quantile, scenario, build) of an output."""
    values: Floats = results.figures["bands"][output]
    return values[..., results.study.precisions.index(precision)] if OUTPUTS[output].typed else values


# --- bands --------------------------------------------------------------------------------------------------------


def bands(results: Results, axes: Axes, output: str, precision: str = "") -> None:
    """Quantile bands, a row for each scenario and build: 5 to 95 %, 25 to 75 %, median; and what is printed."""
    values = _quantiles(results, output, precision)
    factor, name = style.output_scale(results, output, precision, values)
    places = [(s, b) for s in range(values.shape[1]) for b in range(values.shape[2]) if not np.isnan(values[:, s, b]).any()]
    for row, (s, b) in enumerate(places):
        low, quarter, median, most, high = (values[QUANTILES.index(q), s, b] / factor for q in QUANTILES)
        style_ = {"color": style.colour(b), "solid_capstyle": "butt", "zorder": 2}
        axes.plot([low, high], [row, row], linewidth=2, **style_)
        axes.plot([quarter, most], [row, row], linewidth=7, alpha=0.55, **style_)
        axes.plot([median], [row], marker=style.marker(b), color=style.colour(b), markersize=6, markeredgecolor="white",
                  markeredgewidth=0.8, zorder=3)
    style.bare(axes)
    style.rows(axes, [style.wrapped(results.study.builds[b].label, NAME, 1) for _, b in places])
    _scenarios(results, axes, [s for s, _ in places])
    axes.set_xlabel(name)
    _print_marks(results, axes, printed(results, output, precision), places, factor)
    style.legend(axes, loc="lower right", bbox_to_anchor=(1.0, 1.0),
                 handles=_band_handles(printed(results, output, precision) is not None))


def _scenarios(results: Results, axes: Axes, at: list[int]) -> None:
    """The name of each scenario beside its rows, and a line between them."""
    aside = 14 + 5 * min(max(len(build.label) for build in results.study.builds), NAME)
    for s in dict.fromkeys(at):
        first, last = at.index(s), len(at) - 1 - at[::-1].index(s)
        if first:
            axes.axhline(first - 0.5, color=style.MUTED, linewidth=0.6, alpha=0.6)
        axes.annotate(style.wrapped(results.study.scenarios[s], 18, 3), (0.0, (first + last) / 2), va="center", ha="right",
                      xycoords=("axes fraction", "data"), xytext=(-aside, 0), textcoords="offset points", fontsize=8.5,
                      fontweight="bold", color=style.INK)


def _print_marks(results: Results, axes: Axes, found: Printed | None, places: list[tuple[int, int]],
                 factor: float) -> None:
    """What the document prints, and its percentile at the right."""
    for row, place in enumerate(places):
        if found and not np.isnan(found.value[place]):
            axes.plot([found.value[place] / factor], [row], marker="D", markersize=5, markerfacecolor="none",
                      markeredgecolor=style.INK, linestyle="none", zorder=4, label="printed")
            style.beside(axes, row, ordinal(float(found.share[place])))


def _band_handles(marked: bool) -> list[Any]:
    from matplotlib.lines import Line2D

    like: dict[str, Any] = {"color": style.MUTED, "solid_capstyle": "butt"}
    found = [Line2D([], [], linewidth=2, label="5 to 95 %", **like),
             Line2D([], [], linewidth=7, alpha=0.55, label="25 to 75 %", **like),
             Line2D([], [], marker="o", linestyle="none", color=style.MUTED, label="median")]
    mark = Line2D([], [], marker="D", linestyle="none", markerfacecolor="none", markeredgecolor=style.INK, markersize=5,
                  label="printed; at the right its percentile")
    return [*found, mark] if marked else found


def bands_figure(view: View) -> Drawn | None:
    """Bands of the criterion's output in every scenario; nothing where it varies in none."""
    results, output, precision = view.results, view.by.output, view.by.precision
    values = _quantiles(results, output, precision)
    told = ~np.isnan(values).any(axis=0)
    if not (values[-1] > values[0]).any():
        return None
    found = printed(results, output, precision)
    widest = np.where(told, (values[-1] - values[0]) / np.where(values[2] == 0, np.nan, np.abs(values[2])), np.nan)
    s, b = (int(i) for i in np.unravel_index(np.nanargmax(widest), widest.shape))
    said = " to ".join(style.told(output, x) for x in values[[0, -1], s, b])
    caption = (f"Median, middle half and 5 to 95 % of {view.title} by scenario and build, of {results.samples:,} samples. "
               f"Widest beside its median is {results.study.builds[b].label} in {results.study.scenarios[s]}: {said}.")
    caption += _on_print(view, found, values) if found else ""
    return Drawn("bands", f"How wide: {view.title}", f"Horizontal bands of {told.sum()} rows, one a scenario and build. "
                 f"{caption}", caption, partial(bands, results, output=output, precision=precision),
                 1.2 + 0.24 * told.sum(), criterion=view.by.name)


def _on_print(view: View, found: Printed, values: Floats) -> str:
    """What to conclude on the printed values: the one that is farthest off, and how many lie below and outside."""
    known = ~np.isnan(found.value) & ~np.isnan(found.share)
    if not known.any():
        return ""
    s, b = (int(i) for i in np.unravel_index(np.nanargmax(np.where(known, np.abs(found.share - 0.5), -1)), known.shape))
    rank = ordinal(float(found.share[s, b]))
    low, median, high = (values[QUANTILES.index(q)] for q in (0.05, 0.5, 0.95))
    under = int((known & (found.value < median)).sum())
    outside = int((known & ((found.value < low) | (found.value > high))).sum())
    text = (f" Diamonds: what the document prints ({found.table}). Farthest off is {view.study.scenarios[s]}: the printed "
            f"{style.told(view.by.output, found.value[s, b])} of {view.study.builds[b].label} is "
            f"{'' if ' the ' in rank else 'the '}{rank}; {percent(1 - float(found.share[s, b]), 0)} of the samples exceed it. "
            f"Of {int(known.sum())} printed numbers {under} lie below the median, and {outside} outside 5 to 95 %.")
    return text + (BUDGET if view.by.output == "capex" else "")


# --- exceedance ---------------------------------------------------------------------------------------------------


def exceedance(results: Results, axes: Axes, output: str, scenario: int, precision: str = "") -> None:
    """P(more than x) of an output against x, a curve for each build."""
    values, above = _curves(results, output, scenario, precision)
    factor, name = style.output_scale(results, output, precision, values)
    marks = printed(results, output, precision)
    every = max(1, len(values) // 5)
    for b in np.flatnonzero(~np.isnan(values).any(axis=0)).tolist():
        axes.plot(values[:, b] / factor, 100 * above[:, b], color=style.colour(b), linestyle=style.line(b), linewidth=1.8,
                  drawstyle="steps-post" if OUTPUTS[output].whole else "default", marker=style.marker(b), markersize=4.5,
                  markevery=(every // 2 + b % 4 * every // 5, every), label=style.build_name(results, b))
        if marks and not np.isnan(marks.value[scenario, b]):
            axes.plot([marks.value[scenario, b] / factor], [100 * (1 - marks.share[scenario, b])], marker="D", clip_on=False,
                      color=style.colour(b), markersize=8, markerfacecolor="none", markeredgewidth=1.6, linestyle="none")
    style.bare(axes, "both")
    axes.set(xlabel=name, ylabel="P(more than that), %", ylim=(0, 101))
    style.legend(axes)


def _curves(results: Results, output: str, scenario: int, precision: str) -> tuple[Floats, Floats]:
    """Values (point, build) and the probability of more; of whole numbers each number, from one below the least."""
    study, whole = results.study, OUTPUTS[output].whole
    if whole and f"{output}_probability" in results.figures["counts"].variables:
        counts = results.figures["counts"]
        share = counts[f"{output}_probability"][:, scenario]
        came = np.flatnonzero((share > 0).any(axis=1))
        number = counts["number"][came]
        values = np.repeat(np.append(number[0] - 1, number)[:, None], len(study.builds), axis=1).astype(np.float64)
        return values, 1 - np.cumsum(np.vstack([np.zeros(len(study.builds)), share[came]]), axis=0)
    found = engine.quantiles(results.plan, results.done, list(LEVELS), [output])[output].value
    sizes = len(LEVELS), len(study.scenarios), len(study.builds), len(study.precisions)
    values = np.broadcast_to(found, sizes)[:, scenario, :, study.precisions.index(precision) if precision else 0]
    return values, np.repeat(1 - LEVELS[:, None], len(study.builds), axis=1)


def exceedance_figure(view: View) -> Drawn | None:
    """Of the criterion's output in the scenario; nothing where it does not vary there."""
    results, output, precision = view.results, view.by.output, view.by.precision
    values = pick(results.figures["bands"][output], view)
    if not (values[-1] > values[0]).any():
        return None
    median = values[QUANTILES.index(0.5)]
    b = view.first
    high = style.told(output, values[-1, b])
    rare = f"{view.study.builds[b].label} exceeds {style.told(output, median[b])} in half of the samples and {high} in 5 %."
    marks = printed(results, output, precision)
    mark = " Diamonds: what the document prints." if marks and not np.isnan(marks.value[view.scenario]).all() else ""
    what = "risk to exceed it" if view.by.better == "lower" else "chance to have more"
    caption = (f"P(more than a value) of {view.title}, for any value, by build, in {view.where}. {rare} Read it for your own "
               f"limit: where a curve crosses it is the {what}.{mark}")
    return Drawn("exceedance", f"How probable is more: {view.title}, {view.where}",
                 f"Falling curves, one a build, from 100 to 0 %. {rare}", caption,
                 partial(exceedance, results, output=output, scenario=view.scenario, precision=precision), 3.6,
                 scenario=view.where, criterion=view.by.name)


# --- batteries ----------------------------------------------------------------------------------------------------


def count_bars(results: Results, axes: Axes, scenario: int, build: int, output: str = "battery_count") -> None:
    """P(n = k) of a build, in per cent, and the fewest to buy; bars beyond those are what would be too few."""
    enough = float(results.figures["counts"][f"{output}_enough"][scenario, build])
    numbers, share, width = _together(results, scenario, build, output)
    bars = axes.bar(numbers, share, width=0.8 * width, color=style.colour(build), edgecolor=style.colour(build), linewidth=0.6)
    for bar, n in zip(bars, numbers, strict=True):
        if n > enough:
            bar.set(facecolor="none", hatch="////")
    axes.axvline(enough + 0.5, color=style.INK, linestyle="--", linewidth=1.1)
    axes.annotate(f"buy {enough:,.0f}", (enough + 0.5, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -2),
                  textcoords="offset points", va="top", fontsize=8, color=style.INK, fontweight="bold")
    style.bare(axes, "y")
    axes.set_ylim(0, max(1.25 * share.max(), 1.0))
    axes.set_ylabel(style.wrapped(results.study.builds[build].label, 14, 3), rotation=0, ha="right", va="center")


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
    return enough + 0.5 + width * (bars - 0.5), np.bincount(place, share[own, build]), width


def _all_counts(results: Results, axes: NDArray[Any], scenario: int) -> None:
    from matplotlib.ticker import MaxNLocator

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
    caption = (f"How probable each number of {units} is, by build, in {view.where}. Right of the dashed line, hatched: so "
               f"many are needed in at most {100 * SHORTFALL:.0f} % of the samples. To be short no more often than that, "
               f"buy {buy}; then P(too few) is {percent(float(short.max()))} or less.")
    return Drawn("battery-counts", f"How many {units}: {view.where}", f"Bars by number, a row for each build. Buy {buy}.",
                 caption, partial(_all_counts, results, scenario=s), 0.9 + 0.8 * len(builds), (len(builds), 1), view.where)
