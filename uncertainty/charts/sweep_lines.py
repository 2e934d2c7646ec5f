"""How wide over a sweep, in figures: lines over the last quantity, a panel for each value of the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis.bands import QUANTILES
from ..axes import Axis
from ..frames import SHORTFALL
from ..report.text import certain
from ..report.words import axis_words, label_words, output_name
from ..sweep import Sweep
from . import style
from .bands import NARROW
from .drawn import Drawn, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 6  # that a figure has at the most
TICKS, KEYS = 100, 112  # characters that there is room for in a row of ticks, and of a legend
DODGE = 0.6  # share of the least distance between values in which builds are side by side
Place = tuple[int, ...]


# --- panels -----------------------------------------------------------------------------------------------------------


class Panels(NamedTuple):
    """Panels of a figure over the last `inner` quantities: one for each value of the others, or a few evenly spaced.

    Attributes
    ----------
    most : that a row has
    """

    sweep: Sweep
    inner: int
    most: int = 2

    @property
    def others(self) -> tuple[Axis, ...]:
        """Quantities that differ between panels."""
        return self.sweep.study.sweep[: -self.inner]

    @property
    def places(self) -> list[Place]:
        """What each panel is of."""
        every = list(np.ndindex(*(len(axis.labels) for axis in self.others)))
        return [every[round(i)] for i in np.linspace(0, len(every) - 1, min(PANELS, len(every)))]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns, with as few places left empty as can be."""
        rows = -(-len(self.places) // self.most)
        return rows, -(-len(self.places) // rows)

    @property
    def words(self) -> str:
        """What the panels are of, as a sentence; nothing where there is one."""
        count = int(np.prod([len(axis.labels) for axis in self.others]))
        if count == 1:
            return ""
        if len(self.places) == count:
            return f" A panel for each value of {over(self.sweep, self.others)}."
        told = "; ".join(point_words(self.sweep, at) for at in self.places)
        return f" Panels are for {len(self.places)} of the {count} values of {over(self.sweep, self.others)}: {told}."

    def on(self, axes: Any) -> list[tuple[Axes, Place, bool, bool]]:
        """Axes with their places, titled, and whether one is at the left, at the bottom; those left over are hidden."""
        grid, found = np.array(axes, ndmin=2), []
        for i, (panel, at) in enumerate(zip_longest(grid.flat, self.places)):
            if at is None:
                panel.set_axis_off()
                continue
            last = i + grid.shape[1] >= len(self.places)
            found.append((panel, at, i % grid.shape[1] == 0, last))
            panel.set_title(point_words(self.sweep, at), loc="left", fontsize=8.5, color=style.INK)
            panel.tick_params(labelbottom=last)
        return found


def point_words(sweep: Sweep, at: Place) -> str:
    """A point in words, or the first values of one: `$25,000, 2 h`; a number without a unit has its name."""
    return ", ".join(f"{axis_words(sweep.study, axis)} {label_words(axis, axis.labels[i])}" if axis.unit == "1"
                     and not isinstance(axis.labels[i], str) else label_words(axis, axis.labels[i])
                     for axis, i in zip(sweep.study.sweep, at, strict=False))


def over(sweep: Sweep, axes: tuple[Axis, ...]) -> str:
    """Quantities in words: `budget and run hours`."""
    *lead, last = (axis_words(sweep.study, axis) for axis in axes)
    return f"{', '.join(lead)} and {last}" if lead else last


def where(sweep: Sweep, scenario: int, before: str = ", ") -> str:
    """How a title names the scenario; not where there is but one."""
    return f"{before}{sweep.study.scenarios[scenario]}" if len(sweep.study.scenarios) > 1 else ""


def legend(axes: Axes, handles: list[Any]) -> None:
    """What is what, below all panels, in as few rows as there is room for."""
    figure: Any = axes.get_figure()
    rows = -(-sum(6 + len(each.get_label()) for each in handles) // KEYS)
    figure.legend(handles=handles, loc="outside lower left", ncols=-(-len(handles) // rows), frameon=False, fontsize=8,
                  labelcolor=style.INK, handlelength=1.6, columnspacing=1.4)


# --- lines ------------------------------------------------------------------------------------------------------------


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
    """Values (value, build) over the last quantity, side by side, and from where to where (2, value, build)."""
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
        axes.plot(at, middle[:, b], color=style.colour(b), marker=style.marker(b), markersize=5.5, linewidth=0.9,
                  linestyle=style.line(b) if joined else "none", label=sweep.study.builds[b].label,
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
    """5 %, median and 95 % (quantile, points..., build)."""
    values = np.moveaxis(sweep.figures["bands"]["capex"][..., scenario, :], -2, 0)
    return values[[QUANTILES.index(q) for q in (0.05, 0.5, 0.95)]]


def _enough(sweep: Sweep, scenario: int) -> Floats:
    found: Floats = sweep.figures["counts"]["battery_count_enough"][..., scenario, :]
    return found


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
    legend(panel, list(panel.get_legend_handles_labels()[0]))


def buy_lines(sweep: Sweep, scenario: int, axes: Any) -> None:
    """Battery units to buy, so that they are enough with 95 % probability."""
    values = _enough(sweep, scenario)
    for panel, at, first, last in Panels(sweep, 1).on(axes):
        lines(panel, sweep, values[at], dodge=0.3)
        panel.set_xlabel(panel.get_xlabel() if last else "")
        panel.set_ylim(bottom=0)
        panel.locator_params(axis="y", integer=True)
        panel.set_ylabel(f"{output_name(sweep.study, 'battery_count')} to buy" if first else "")
    legend(panel, list(panel.get_legend_handles_labels()[0]))


def bands_figure(sweep: Sweep, scenario: int) -> Drawn:
    """CapEx in a scenario."""
    values = _capex(sweep, scenario)
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = np.nan_to_num((values[2] - values[0]) / values[1], nan=0.0, posinf=0.0)
    *at, b = (int(i) for i in np.unravel_index(np.argmax(wide), wide.shape))
    here = (*at, b)
    low, middle, high = (_dollars(float(x[here])) for x in values)
    said = (f"Widest beside its median is {sweep.study.builds[b].label} at {point_words(sweep, tuple(at))}: {low} to "
            f"{high}, median {middle}. {_ends(sweep, values[1], _dollars, 'Medians')}")
    what = "median CapEx of each build, and from where to where 90 % of the samples are (5 to 95 %)"
    return _figure(sweep, scenario, "sweep-bands", "How wide: CapEx", what, said, band_lines)


def buy_figure(sweep: Sweep, scenario: int) -> Drawn:
    """Battery units in a scenario."""
    units = output_name(sweep.study, "battery_count")
    what = f"the fewest {units} of which P(too few) is at most {100 * SHORTFALL:.0f} %, for each build"
    said = _ends(sweep, _enough(sweep, scenario), lambda x: f"{x:,.0f}", f"{units} to buy")
    return _figure(sweep, scenario, "sweep-batteries", f"How many {units} to buy", what, said, buy_lines)


def _dollars(value: float) -> str:
    return f"${value:,.0f}"


def _ends(sweep: Sweep, values: Floats, told: Callable[[float], str], name: str) -> str:
    """Where values (points..., build) are least and most, as a sentence."""
    if values.min() == values.max():
        return f"{name}: {told(float(values.max()))} everywhere."
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
