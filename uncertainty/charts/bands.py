"""How wide: quantile bands of an output by scenario and build, and what the document prints."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.bands import QUANTILES
from ..model import OUTPUTS
from ..report.printed import Printed, ordinal, printed
from ..report.text import percent
from ..report.words import measure_words
from ..results import Results
from . import style
from .drawn import Drawn, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BUDGET = " The document counts the whole budget as spent on devices; the study counts what is spent."
NARROW, BROAD = 2.0, 7.0  # lines of 5 to 95 % and of 25 to 75 %
FAINT = 0.55


def bands(results: Results, axes: Axes, output: str, precision: str = "") -> None:
    """Quantile bands, a row for each scenario and build: 5 to 95 %, 25 to 75 %, median; and what is printed."""
    values = _quantiles(results, output, precision)
    factor, name = style.output_scale(results, output, precision, values)
    places = [(int(s), int(b)) for s, b in np.argwhere(~np.isnan(values).any(axis=0))]
    for row, (s, b) in enumerate(places):
        low, quarter, median, most, high = (values[QUANTILES.index(q), s, b] / factor for q in QUANTILES)
        like: dict[str, Any] = {"color": style.colour(b), "solid_capstyle": "butt"}
        axes.plot([low, high], [row, row], linewidth=NARROW, **like)
        axes.plot([quarter, most], [row, row], linewidth=BROAD, alpha=FAINT, **like)
        axes.plot([median], [row], marker=style.marker(b), color=style.colour(b), markersize=6, zorder=3,
                  markeredgecolor="#ffffff", markeredgewidth=0.8)
    style.bare(axes)
    style.rows(axes, [results.study.builds[b].label for _, b in places])
    _scenarios(results, axes, [s for s, _ in places])
    axes.set_xlabel(name)
    found = printed(results, output, precision)
    if found:
        _marks(axes, found, places, factor)
    style.legend(axes, loc="lower right", bbox_to_anchor=(1.0, 1.0), handles=_handles(found is not None))


def _quantiles(results: Results, output: str, precision: str) -> Floats:
    """Quantiles (quantile, scenario, build) of an output."""
    values: Floats = results.figures["bands"][output]
    return values[..., results.study.precisions.index(precision)] if OUTPUTS[output].typed else values


def _scenarios(results: Results, axes: Axes, at: list[int]) -> None:
    """The name of each scenario beside its rows, and a line between them."""
    aside = 14 + 5 * max(len(build.label) for build in results.study.builds)
    for s in dict.fromkeys(at):
        first, last = at.index(s), len(at) - 1 - at[::-1].index(s)
        if first:
            axes.axhline(first - 0.5, color=style.MUTED, linewidth=0.6, alpha=0.6)
        axes.annotate(style.wrapped(results.study.scenarios[s], 18, 3), (0.0, (first + last) / 2),
                      xycoords=("axes fraction", "data"), xytext=(-aside, 0), textcoords="offset points", va="center",
                      ha="right", fontsize=8.5, fontweight="bold", color=style.INK)


def _marks(axes: Axes, found: Printed, places: list[tuple[int, int]], factor: float) -> None:
    """What the document prints, and its percentile at the right."""
    for row, place in enumerate(places):
        if not np.isnan(found.value[place]):
            axes.plot([found.value[place] / factor], [row], marker="D", markersize=5, markerfacecolor="none", zorder=4,
                      markeredgecolor=style.INK, linestyle="none", label="printed")
            style.beside(axes, row, ordinal(float(found.share[place])))


def _handles(marked: bool) -> list[Any]:
    from matplotlib.lines import Line2D

    like: dict[str, Any] = {"color": style.MUTED, "solid_capstyle": "butt"}
    found = [Line2D([], [], linewidth=NARROW, label="5 to 95 %", **like),
             Line2D([], [], linewidth=BROAD, alpha=FAINT, label="25 to 75 %", **like),
             Line2D([], [], marker="o", linestyle="none", color=style.MUTED, label="median")]
    mark = Line2D([], [], marker="D", linestyle="none", markerfacecolor="none", markeredgecolor=style.INK, markersize=5,
                  label="printed; at the right its percentile")
    return [*found, mark] if marked else found


def bands_figure(results: Results, output: str, precision: str = "") -> Drawn | None:
    """Bands of an output, whether or not it is a criterion, in every scenario; nothing where it varies in none."""
    title = measure_words(results.study, output, precision)
    values = _quantiles(results, output, precision)
    if not (values[-1] > values[0]).any():
        return None
    rows = int((~np.isnan(values).any(axis=0)).sum())
    s, b = style.widest(values[0], values[2], values[-1])
    said = " to ".join(style.told(output, x) for x in values[[0, -1], s, b])
    found = printed(results, output, precision)
    caption = (f"Median, middle half and 5 to 95 % of {title} by scenario and build, of {results.samples:,} "
               f"samples. Widest beside its median is {results.study.builds[b].label} in {results.study.scenarios[s]}: "
               f"{said}.{_on_print(results, output, found, values) if found else ''}")
    alt = f"Horizontal bands, {rows} rows, one a scenario and build. {caption}"
    paint = partial(bands, results, output=output, precision=precision)
    return Drawn("bands", f"How wide: {title}", alt, caption, paint, 1.2 + 0.24 * rows,
                 criterion=" ".join(filter(None, [output, precision])))


def _on_print(results: Results, output: str, found: Printed, values: Floats) -> str:
    """What to conclude on the printed values: the one that is farthest off, and how many lie below and outside."""
    known = ~np.isnan(found.value) & ~np.isnan(found.share)
    if not known.any():
        return ""
    off = np.where(known, np.abs(found.share - 0.5), -1.0)
    s, b = (int(i) for i in np.unravel_index(np.argmax(off), off.shape))
    rank, share = ordinal(float(found.share[s, b])), float(found.share[s, b])
    low, median, high = (values[QUANTILES.index(q)] for q in (0.05, 0.5, 0.95))
    under = int((known & (found.value < median)).sum())
    outside = int((known & ((found.value < low) | (found.value > high))).sum())
    text = (f" Diamonds: what the document prints ({found.table}). Farthest off is {results.study.scenarios[s]}: the "
            f"printed {style.told(output, found.value[s, b])} of {results.study.builds[b].label} is "
            f"{'' if ' the ' in rank else 'the '}{rank}; {percent(1 - share, 0)} of the samples exceed it. Of "
            f"{int(known.sum())} printed numbers {under} lie below the median, and {outside} outside 5 to 95 %.")
    return text + (BUDGET if output == "capex" else "")
