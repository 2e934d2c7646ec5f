"""How wide over a sweep, in figures: lines over the last quantity, a panel for each value of the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.bands import QUANTILES
from ..axes import Axis
from ..frames import SHORTFALL
from ..report.answer import bought
from ..report.text import certain
from ..report.words import axis_words, label_words, output_name, value_words
from ..sweep import Sweep
from . import style
from .bands import NARROW
from .drawn import Drawn, Floats
from .panels import Panels, legend, point_words, where

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = 100  # characters that there is room for in a row of ticks
DODGE = 0.6  # share of the least distance between values in which builds are side by side


def places(axis: Axis) -> tuple[Floats, bool]:
    """Where values are on an axis, and whether that is logarithmic, as it is where that keeps them farther apart."""
    if isinstance(axis.labels[0], str):
        return np.arange(len(axis.labels), dtype=float), False  # words, one after the other
    values = np.array(axis.values)
    if len(values) < 3 or values[0] <= 0:
        return values, False
    log = np.log(values)
    return values, bool(np.diff(log).min() / np.ptp(log) > np.diff(values).min() / np.ptp(values))


def lines(axes: Axes, sweep: Sweep, middle: Floats, ends: Floats | None = None, dodge: float = DODGE) -> None:
    """Values (value, build) over the last quantity, and side by side from where to where (2, value, build).

    Lines are not moved to the side: which of two is above is to be seen.
    """
    axis = sweep.study.sweep[-1]
    x, log = places(axis)
    even, joined = np.log(x) if log else x, not isinstance(axis.labels[0], str)
    step = (dodge if joined else DODGE) * (np.diff(even).min() if len(even) > 1 else 1.0)
    there = np.flatnonzero(~np.isnan(middle).all(axis=0)).tolist()
    for k, b in enumerate(there):
        moved = even + step * ((k + 0.5) / len(there) - 0.5)
        at = np.exp(moved) if log else moved
        if ends is not None:
            axes.vlines(at, *ends[..., b], color=style.colour(b), linewidth=NARROW, alpha=0.7)
        axes.plot(x if joined else at, middle[:, b], color=style.colour(b), marker=style.marker(b), markersize=5.5,
                  linewidth=0.9, linestyle=style.line(b) if joined else "none", label=sweep.study.builds[b].label,
                  markeredgecolor="#ffffff", markeredgewidth=0.6)
    if log:
        axes.set_xscale("log")
    style.bare(axes, "y")
    edge = max(0.06 * (even[-1] - even[0]), 0.7 * step, 0.0 if joined and len(even) > 1 else 0.5)
    ends_ = np.array([even[0] - edge, even[-1] + edge])
    axes.set_xlim(*(np.exp(ends_) if log else ends_))
    _ticks(axes, axis, even / (ends_[1] - ends_[0]))
    axes.set_xlabel(axis_words(sweep.study, axis))


def _ticks(axes: Axes, axis: Axis, share: Floats) -> None:
    """The values of an axis, as many of them as there is room for, by their places as shares of its length."""
    spec = axes.get_subplotspec()
    room = TICKS / (spec.get_gridspec().ncols if spec else 1)
    words = [style.wrapped(label_words(axis, label), 18, 2) for label in axis.labels]
    kept, last = list[int](), -np.inf
    for i, word in enumerate(words):
        half = 0.5 * (1 + max(map(len, word.split("\n")))) / room
        if share[i] - half >= last:
            kept, last = [*kept, i], share[i] + half
    axes.set_xticks(places(axis)[0][kept], [words[i] for i in kept])
    axes.set_xticks([], minor=True)


# --- how wide ---------------------------------------------------------------------------------------------------------


def widths(sweep: Sweep) -> list[Drawn]:
    """CapEx, and battery units to buy, over the last quantity in every scenario; nothing of constants."""
    if certain(sweep):
        return []
    return [figure(sweep, s) for figure in (bands_figure, buy_figure) for s in range(len(sweep.study.scenarios))]


def _capex(sweep: Sweep, scenario: int) -> Floats:
    """5 %, median and 95 % (quantile, points..., build), as `_there` has them."""
    values = np.moveaxis(sweep.figures["bands"]["capex"][..., scenario, :], -2, 0)
    return _there(sweep, scenario, values[[QUANTILES.index(q) for q in (0.05, 0.5, 0.95)]])


def _enough(sweep: Sweep, scenario: int) -> Floats:
    return _there(sweep, scenario, sweep.figures["counts"]["battery_count_enough"][..., scenario, :])


def _there(sweep: Sweep, scenario: int, values: Floats) -> Floats:
    """Values (..., points..., build), missing where no device is bought, unless none ever is: it costs nothing."""
    return np.where(bought(sweep)[..., scenario, :], values, np.nan)


def band_lines(sweep: Sweep, scenario: int, axes: Any) -> None:
    """CapEx: medians, and from 5 to 95 %."""
    values = _capex(sweep, scenario)
    factor, unit = style.scale("USD", values)
    for panel, at, first, last in Panels(sweep, 1).on(axes):
        here: Any = (slice(None), *at)
        low, middle, high = values[here] / factor
        lines(panel, sweep, middle, np.stack([low, high]))
        panel.set_xlabel(panel.get_xlabel() if last else "")
        panel.set_ylabel(f"{output_name(sweep.study, 'capex')}, {unit}" if first else "")
    legend(panel, _handles(sweep, panel))


def buy_lines(sweep: Sweep, scenario: int, axes: Any) -> None:
    """Battery units to buy, so that they are enough with 95 % probability."""
    values = _enough(sweep, scenario)
    for panel, at, first, last in Panels(sweep, 1).on(axes):
        lines(panel, sweep, values[at], dodge=0.3)
        panel.set_xlabel(panel.get_xlabel() if last else "")
        panel.set_ylim(bottom=0)
        panel.locator_params(axis="y", integer=True)
        panel.set_ylabel(f"{output_name(sweep.study, 'battery_count')} to buy" if first else "")
    legend(panel, _handles(sweep, panel))


def _handles(sweep: Sweep, panel: Axes) -> list[Any]:
    """Lines of any panel, one a build, in the order of builds."""
    figure: Any = panel.get_figure()
    found = {line.get_label(): line for axes in figure.axes for line in axes.lines}
    return [found[build.label] for build in sweep.study.builds if build.label in found]


def bands_figure(sweep: Sweep, scenario: int) -> Drawn:
    """CapEx in a scenario."""
    values = _capex(sweep, scenario)
    *at, b = style.widest(*values)
    here = (*at, b)
    low, middle, high = (_dollars(float(x[here])) for x in values)
    said = (f"Widest beside its median is {sweep.study.builds[b].label} at {point_words(sweep, tuple(at))}: {low} to "
            f"{high}, median {middle}. {_ends(sweep, values[1], _dollars, 'Medians')}")
    what = f"median CapEx of each build, and from where to where 90 % of the samples are (5 to 95 %){_gaps(values)}"
    return _figure(sweep, scenario, "sweep-bands", "How wide: CapEx", what, said, band_lines)


def buy_figure(sweep: Sweep, scenario: int) -> Drawn:
    """Battery units in a scenario."""
    units = output_name(sweep.study, "battery_count")
    values = _enough(sweep, scenario)
    what = f"the fewest {units} of which P(too few) is at most {100 * SHORTFALL:.0f} %, for each build{_gaps(values)}"
    said = _ends(sweep, values, lambda x: f"{x:,.0f}", f"{units} to buy")
    return _figure(sweep, scenario, "sweep-batteries", f"How many {units} to buy", what, said, buy_lines)


def _gaps(values: Floats) -> str:
    return ", where the budget buys one" if np.isnan(values).any() else ""


def _dollars(value: float) -> str:
    return value_words(value, "USD")


def _ends(sweep: Sweep, values: Floats, told: Callable[[float], str], name: str) -> str:
    """Where values (points..., build) are least and most, as a sentence."""
    if np.nanmin(values) == np.nanmax(values):
        return f"{name}: {told(float(np.nanmax(values)))} everywhere."
    ends = []
    for find in (np.nanargmin, np.nanargmax):
        *at, b = (int(i) for i in np.unravel_index(find(values), values.shape))
        ends.append(f"{told(float(values[(*at, b)]))} ({sweep.study.builds[b].label} at "
                    f"{point_words(sweep, tuple(at))})")
    return f"{name} go from {' to '.join(ends)}."


def _figure(sweep: Sweep, scenario: int, key: str, title: str, what: str, said: str,
            paint: Callable[[Sweep, int, Any], None]) -> Drawn:
    panels, last = Panels(sweep, 1), axis_words(sweep.study, sweep.study.sweep[-1])
    caption = f"Over {last}{where(sweep, scenario, ', in ')}: {what}.{panels.words} {said}"
    height = 1.2 + (1.75 if panels.grid[0] > 1 else 2.2) * panels.grid[0]
    return Drawn(key, f"{title}, over {last}{where(sweep, scenario)}", f"Lines, one a build, over {last}. {said}",
                 caption, partial(paint, sweep, scenario), height, panels.grid, sweep.study.scenarios[scenario])
