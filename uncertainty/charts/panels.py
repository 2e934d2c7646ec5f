"""Panels of a sweep's figures, one for each value of the outer quantities, and what points are called."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..axes import Axis
from ..report.words import axis_words, label_words, place_words
from ..sweep import Sweep
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 6  # that a figure has at the most
KEYS = 112  # characters that there is room for in a row of a legend
Place = tuple[int, ...]


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
        told = "; ".join(", ".join(label_words(axis, axis.labels[i]) for axis, i in zip(self.others, at, strict=True))
                         for at in self.places)
        return f" Panels are for {len(self.places)} of the {count} values of {over(self.sweep, self.others)}: {told}."

    def named(self, at: Place) -> str:
        """What a panel is of: `budget $25,000, run hours 2 h`."""
        study = self.sweep.study
        return ", ".join(f"{axis_words(study, axis)} {label_words(axis, axis.labels[i])}"
                         for axis, i in zip(self.others, at, strict=True))

    def on(self, axes: Any) -> list[tuple[Axes, Place, bool, bool]]:
        """Axes with their places, titled, and whether one is at the left, at the bottom; those left over are hidden."""
        grid, found = np.array(axes, ndmin=2), []
        for i, (panel, at) in enumerate(zip_longest(grid.flat, self.places)):
            if at is None:
                panel.set_axis_off()
                continue
            last = i + grid.shape[1] >= len(self.places)
            found.append((panel, at, i % grid.shape[1] == 0, last))
            panel.set_title(self.named(at), loc="left", fontsize=8.5, color=style.INK)
            panel.tick_params(labelbottom=last)
        return found


def point_words(sweep: Sweep, at: Place) -> str:
    """A point in words: `$25,000, 2 h`."""
    axes = sweep.study.sweep
    return ", ".join(place_words(sweep.study, [axis.labels[i] for axis, i in zip(axes, at, strict=True)]))


def over(sweep: Sweep, axes: tuple[Axis, ...]) -> str:
    """Quantities in words: `budget and run hours`."""
    *lead, last = (axis_words(sweep.study, axis) for axis in axes)
    return f"{', '.join(lead)} and {last}" if lead else last


def where(sweep: Sweep, scenario: int, before: str = ", ") -> str:
    """How a title names the scenario; not where there is but one."""
    return f"{before}{sweep.study.scenarios[scenario]}" if len(sweep.study.scenarios) > 1 else ""


def legend(axes: Axes, handles: list[Any]) -> None:
    """What is what, below all panels, in as few rows as there is room for; nothing of nothing."""
    figure: Any = axes.get_figure()
    if not handles:
        return
    rows = -(-sum(6 + len(each.get_label()) for each in handles) // KEYS)
    figure.legend(handles=handles, loc="outside lower left", ncols=-(-len(handles) // rows), frameon=False, fontsize=8,
                  labelcolor=style.INK, handlelength=1.6, columnspacing=1.4)
