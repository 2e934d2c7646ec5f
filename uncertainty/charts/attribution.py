"""What explains the moves between two results: a waterfall from the median before to that after."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..analysis.error import half_width
from ..attributing import Attribution
from ..comparing import Comparison, Move
from ..report.changes import labels
from ..report.words import count_words, stream_words, value_words
from . import style
from .drawn import Drawn, Floats
from .moved import ROOM, dollars, look, quantiles, ring

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = 8  # bars of a waterfall
SEEN = 0.01  # of an axis, from which on an error is seen
NOTHING = 1e-6  # of all parts, below which one is rounding


class Steps(NamedTuple):
    """What explains the move of a median, the most first; errors are at 95 %, missing where parts are together."""

    attribution: Attribution
    move: Move
    names: list[str]
    parts: Floats
    errors: Floats
    idle: int  # changes that add nothing
    total: float

    @property
    def ends(self) -> Floats:
        """Where each part leads to."""
        found: Floats = self.move.before.value + np.cumsum(self.parts)
        return found

    @property
    def seen(self) -> float:
        """The least error that is seen, beside all that is drawn."""
        return SEEN * float(np.ptp(np.append(self.ends, self.move.before.value)))


def steps(comparison: Comparison, scenario: str) -> Steps | None:
    """Of the build whose median of CapEx moved most in a scenario; nothing where that is not attributed."""
    found = comparison.attribution
    moves = [moves[1] for moves in quantiles(comparison, scenario).values()
             if found and moves[1].moved and moves[1].figure in found.figures]
    if found is None or not moves:
        return None
    move = max(moves, key=lambda m: abs(m.difference))
    at = found.figures.index(move.figure)
    parts: Floats = found.parts.value[at]
    errors = half_width(found.parts.se[at], found.replicates)
    if found.orders:
        errors = np.hypot(errors, half_width(found.order_se[at], found.orders // 2))
    order = [k for k in np.argsort(-np.abs(parts)).tolist() if abs(parts[k]) > NOTHING * np.abs(parts).sum()]
    if not order:  # it moved by chance: nothing that has changed bears on it
        return None
    shown = order if len(order) <= STEPS else order[: STEPS - 1]
    rest = order[len(shown):]
    names = [stream_words(labels(comparison), found.changes[k]) for k in shown]
    if rest:
        names, parts, errors = [*names, f"{len(rest)} others"], *(
            np.append(x[shown], last) for x, last in ((parts, parts[rest].sum()), (errors, np.nan)))
    else:
        parts, errors = parts[shown], errors[shown]
    return Steps(found, move, names, parts, errors, len(found.changes) - len(order), float(found.total.value[at]))


def waterfall(comparison: Comparison, axes: Axes, found: Steps) -> None:
    """The median of CapEx from before to after, a bar for what each change adds."""
    before, ends = found.move.before.value, found.ends
    factor, unit = style.scale("USD", [before, *ends])
    begins, last = np.append(before, ends[:-1]), len(ends)
    colours = [style.LOW if part < 0 else style.HIGH for part in found.parts]
    axes.barh(range(1, last + 1), found.parts / factor, left=begins / factor, height=0.6, color=colours)
    for row, x in enumerate(np.append(before, ends) / factor):
        axes.plot([x, x], [row, row + 1], color=style.MUTED, linewidth=0.8, zorder=0)
    for row, (end, error) in enumerate(zip(ends, found.errors, strict=True), 1):
        if error > found.seen:
            axes.errorbar([end / factor], [row], xerr=[error / factor], color=style.INK, elinewidth=1, capsize=2.5)
    colour, shape = look(comparison, found.move.figure.build)
    ring(axes, before / factor, 0)
    axes.plot([ends[-1] / factor], [last + 1], marker=shape, markersize=7, color=colour, linestyle="none")
    notes = [value_words(before, "USD"), *map(dollars, found.parts.tolist()), value_words(float(ends[-1]), "USD")]
    for row, note in enumerate(notes):
        style.beside(axes, row, note, fontweight="normal" if 0 < row <= last else "bold")
    style.bare(axes)
    style.rows(axes, ["before", *(style.wrapped(name, 34) for name in found.names), "after"])
    low, high = (float(f([before, *ends])) / factor for f in (np.min, np.max))
    axes.set(xlabel=f"median of CapEx, {unit}", xlim=(low - ROOM * (high - low), high + ROOM * (high - low)))


def attribution_figure(comparison: Comparison, scenario: str) -> Drawn | None:
    """Of a scenario in which what explains the move of a median is known."""
    found = steps(comparison, scenario)
    if found is None:
        return None
    build, move = labels(comparison)[found.move.figure.build], found.move
    ends = " to ".join(value_words(float(x), "USD") for x in (move.before.value, found.ends[-1]))
    said = f"{'the most' if found.names[1:] else 'all of it'} is {found.names[0]}, {dollars(float(found.parts[0]))}"
    orders = f"{n} random" if (n := found.attribution.orders) else "all"
    how = ("There is one change" if len(found.attribution.changes) == 1 else
           f"Changes are made one after the other, and what one adds is averaged over {orders} orders")
    caption = (f"What each change adds to the median of CapEx of {build}, which moved most in {scenario}. {how}. "
               f"{style.sentence(said)}.{_directions(found)} The parts sum to the move, {dollars(found.total)}, from "
               f"{ends}.{_honest(found)}")
    return Drawn("attribution", f"What explains the move: CapEx of {build}, {scenario}",
                 f"Waterfall from {ends} in {count_words(len(found.names), 'step')}; {said}.", caption,
                 partial(waterfall, comparison, found=found), 1.2 + 0.34 * (len(found.names) + 2), scenario=scenario)


def _directions(found: Steps) -> str:
    up = int((found.parts > 0).sum())
    down = len(found.parts) - up
    pull = f" {up} of the bars raise{'s' * (up == 1)} it, {down} lower{'s' * (down == 1)} it." if up and down else ""
    plural = "s add" if found.idle > 1 else " adds"
    return pull + (f" {found.idle} other change{plural} nothing to it." if found.idle else "")


def _honest(found: Steps) -> str:
    """What the waterfall is of, where it is not the move between the results, and what whiskers are."""
    told = dollars(found.move.difference)
    runs = f"{found.attribution.replicates} x {found.attribution.samples:,} samples of the same draws"
    other = (f" That is on {runs}; between the two results the move is {told}, which differs by sampling error."
             if told != dollars(found.total) else "")
    return other + (" Whiskers: 95 % errors of the parts." if (found.errors > found.seen).any() else "")
