"""How wide before and after, of two results; and how what was before is told from what is after in any figure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..comparing import Comparison, Move
from ..report.changes import labels
from ..report.words import count_words, value_words
from ..sides import LEVELS, Figure
from . import style
from .drawn import Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

APART = 0.17  # of a row, from its middle to before and to after
ROOM = 0.05  # of an axis, at its ends
SHARED = 0.2  # of what all scenarios take up, that each has to take up to have the axis of all


def look(comparison: Comparison, build: str) -> tuple[str, str]:
    """Colour and marker of a build: those that it has in the figures of the results after."""
    place = list(comparison.after.builds).index(build)
    return style.colour(place), style.marker(place)


def dollars(value: float) -> str:
    """A difference in USD with its sign."""
    return f"{'−' if value < 0 else '+'}{value_words(abs(value), 'USD')}"


def ring(axes: Axes, x: float, y: float) -> None:
    """What was before."""
    axes.plot([x], [y], marker="o", markersize=7, markerfacecolor="none", markeredgecolor=style.MUTED,
              markeredgewidth=1.4, linestyle="none")


# --- how wide -----------------------------------------------------------------------------------------------------


def bands(comparison: Comparison, axes: Axes, scenario: str) -> None:
    """CapEx of each build in a row: median and 5 to 95 %, before in grey above and after in its colour below."""
    found, (factor, unit) = quantiles(comparison, scenario), _scale(comparison)
    for row, (build, moves) in enumerate(found.items()):
        colour, shape = look(comparison, build)
        like: dict[str, Any] = {"solid_capstyle": "butt"}
        (low, middle, high), (least, median, most) = ([x / factor for x in each] for each in _ends(moves))
        axes.plot([low, high], [row - APART] * 2, linewidth=2, color=style.MUTED, **like)
        axes.plot([least, most], [row + APART] * 2, linewidth=4, color=colour, **like)
        axes.plot([middle], [row - APART], marker="o", markersize=5.5, color=style.MUTED, markeredgecolor="#ffffff",
                  markeredgewidth=0.8, zorder=3)
        axes.plot([median], [row + APART], marker=shape, markersize=7, color=colour, zorder=3,
                  markeredgecolor="#ffffff", markeredgewidth=0.8)
        note = _note(moves)
        style.beside(axes, row, note or "=", color=style.INK if note else style.MUTED)
    style.bare(axes)
    style.rows(axes, [style.wrapped(labels(comparison)[build]) for build in found])
    axes.set(xlabel=f"CapEx, {unit}", xlim=[x / factor for x in _limits(comparison, scenario)])
    style.legend(axes, handles=_handles())


def quantiles(comparison: Comparison, scenario: str) -> dict[str, list[Move]]:
    """Moves of the quantiles of CapEx, by build."""
    known = {move.figure: move for move in comparison.moves}
    found = {build: [known.get(Figure("quantile", "capex", scenario, build, "", level)) for level in LEVELS]
             for build in comparison.common("builds")}
    return {build: whole for build, moves in found.items() if len(whole := [m for m in moves if m]) == len(LEVELS)}


def _ends(moves: list[Move]) -> tuple[list[float], list[float]]:
    """Quantiles before and after."""
    return [m.before.value for m in moves], [m.after.value for m in moves]


def _note(moves: list[Move]) -> str:
    """By how much the median moved, or else the ends; nothing where none is beyond sampling error."""
    low, middle, high = moves
    if middle.moved:
        return f"median {dollars(middle.difference)}"
    return "\n".join(f"{100 * m.figure.level:g} % {dollars(m.difference)}" for m in (low, high) if m.moved)


def _extent(comparison: Comparison, scenario: str) -> list[float]:
    return [x for moves in quantiles(comparison, scenario).values() for side in _ends(moves) for x in side]


def _every(comparison: Comparison) -> list[float]:
    return [x for scenario in comparison.common("scenarios") for x in _extent(comparison, scenario)]


def _scale(comparison: Comparison) -> tuple[float, str]:
    return style.scale("USD", _every(comparison))


def _limits(comparison: Comparison, scenario: str) -> tuple[float, float]:
    """Ends of the axis: those of all scenarios, unless one of them would be too small to be read."""
    every = _every(comparison)
    own = [_extent(comparison, each) for each in comparison.common("scenarios")]
    wide = all(np.ptp(each) >= SHARED * np.ptp(every) for each in own if each)
    low, high = (f(every if wide else _extent(comparison, scenario)) for f in (min, max))
    room = ROOM * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _handles() -> list[Any]:
    from matplotlib.lines import Line2D

    like: dict[str, Any] = {"marker": "o", "markeredgecolor": "#ffffff"}
    return [Line2D([], [], color=style.MUTED, linewidth=2, label="before", **like),
            Line2D([], [], color=style.INK, linewidth=4, label="after, in the build's colour", **like)]


def bands_figure(comparison: Comparison, scenario: str) -> Drawn | None:
    """Of a scenario in which a quantile of CapEx moved."""
    found = quantiles(comparison, scenario)
    if not any(m.moved for moves in found.values() for m in moves):
        return None
    said = _medians(comparison, found)
    ends = ", or else an end" if any(_note(moves) and not moves[1].moved for moves in found.values()) else ""
    still = "" if all(map(_note, found.values())) else "; = where nothing is beyond sampling error"
    caption = (f"Median (dot) and 5 to 95 % (line) of CapEx in {scenario}: {comparison.before.name} in grey, "
               f"{comparison.after.name} below it in colour. {said}. At the right: by how much the median moved"
               f"{ends}{still}.")
    return Drawn("bands-moved", f"How wide, before and after: CapEx, {scenario}",
                 f"Two horizontal bands, before and after, for {count_words(len(found), 'build')}. {said}.", caption,
                 partial(bands, comparison, scenario=scenario), 1.1 + 0.44 * len(found), scenario=scenario)


def _medians(comparison: Comparison, found: dict[str, list[Move]]) -> str:
    """Of how many builds the median moved, and of which it did most."""
    moved = {build: moves[1] for build, moves in found.items() if moves[1].moved}
    if not moved:
        return "No median moved beyond sampling error, only ends did"
    build = max(moved, key=lambda b: abs(moved[b].difference))
    called, move = labels(comparison)[build], moved[build]
    one, other = (value_words(high - low, "USD") for low, _, high in _ends(found[build]))
    ends = " to ".join(value_words(x.value, "USD") for x in (move.before, move.after))
    wide = "as before" if one == other else f"before {one}"
    spread = f". Its 5 to 95 % range is {other} wide, {wide}" if any(map(np.ptp, _ends(found[build]))) else ""
    return (f"The median moved beyond sampling error for {len(moved)} of {count_words(len(found), 'build')}"
            f"{', most for' if len(moved) > 1 else ':'} {called}, from {ends} ({dollars(move.difference)}){spread}")
