"""Probabilities before and after, of two results: of first places, and of conclusions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..analysis.claims import VERDICTS
from ..comparing import Comparison, Move, first_places, hands, other_verdict, verdicts
from ..report.changes import labels
from ..report.text import named, percent
from ..report.words import count_words
from . import style
from .drawn import Drawn
from .moved import look, ring

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CRITERIA = 4  # that have a figure of first places
CLAIMS = 15  # that are drawn
SENTENCE = 52  # characters of a line of a claim
ARROW = 6.0  # points of probability from which on an arrow has room
NAMED = 3  # claims of another verdict that are named


def _dumbbell(axes: Axes, row: int, move: Move, colour: str, shape: str, bold: bool = False) -> None:
    """A probability before, as a ring, and after; and both in figures at the right."""
    one, other = 100 * move.before.value, 100 * move.after.value
    if abs(other - one) >= ARROW:
        axes.annotate("", (other, row), (one, row), arrowprops={
            "arrowstyle": "-|>", "color": colour if move.moved else style.MUTED, "shrinkA": 3.5, "shrinkB": 2.5,
            "linewidth": 1.4, "mutation_scale": 9})
    ring(axes, one, row)
    axes.plot([other], [row], marker=shape, markersize=5, color=colour, linestyle="none", zorder=3)
    told = f"{percent(move.before.value)} → {percent(move.after.value)}" if move.moved else "="
    style.beside(axes, row, told, color=style.INK if move.moved else style.MUTED,
                 fontweight="bold" if bold else "normal")


def _key(axes: Axes, after: str) -> None:
    from matplotlib.lines import Line2D

    like: dict[str, Any] = {"linestyle": "none", "marker": "o"}
    style.legend(axes, loc="lower left", bbox_to_anchor=(0.0, 1.03), handles=[
        Line2D([], [], markersize=7, markerfacecolor="none", markeredgecolor=style.MUTED, label="before", **like),
        Line2D([], [], markersize=5, color=style.INK, label=after, **like)])


def _percents(axes: Axes, label: str) -> None:
    style.bare(axes)
    axes.set(xlim=(-2, 102), xlabel=label)


# --- who wins -----------------------------------------------------------------------------------------------------


def firsts(comparison: Comparison, axes: Axes, criterion: str, scenario: str) -> None:
    """P(first) by a criterion of each build, before and after; of one that only a side has, there."""
    moves, alone = _firsts(comparison, criterion, scenario), _alone(comparison, criterion, scenario)
    for row, move in enumerate(moves):
        _dumbbell(axes, row, move, *look(comparison, move.figure.build))
    for row, (build, share) in enumerate(alone.items(), len(moves)):
        if build in comparison.after.builds:
            colour, shape = look(comparison, build)
            axes.plot([100 * share], [row], marker=shape, markersize=5, color=colour, linestyle="none", zorder=3)
        else:
            ring(axes, 100 * share, row)
        style.beside(axes, row, f"{'new' if build in comparison.after.builds else 'left out'}: {percent(share)}")
    _percents(axes, f"P(first by {named(criterion)}), %")
    builds = [*(move.figure.build for move in moves), *alone]
    style.rows(axes, [style.wrapped(labels(comparison)[build]) for build in builds])
    _key(axes, "after, in the build's colour")


def _firsts(comparison: Comparison, criterion: str, scenario: str) -> list[Move]:
    """Moves of first places, by build as they come before."""
    found = {m.figure.build: m for m in comparison.moves if m.figure[:3] == ("first", criterion, scenario)}
    return [found[build] for build in comparison.common("builds") if build in found]


def _alone(comparison: Comparison, criterion: str, scenario: str) -> dict[str, float]:
    """P(first) of builds that only one side has, new ones first."""
    before, after = first_places(comparison, criterion, scenario)
    new = {build: share for build, share in after.items() if build not in comparison.before.builds}
    return new | {build: share for build, share in before.items() if build not in comparison.after.builds}


def criteria(comparison: Comparison) -> list[str]:
    """The first criterion, and those by which a first place moved most; of each output one, and of those alike."""
    by = comparison.common("criteria")
    moves = {c: [(m.figure[2:4], m.difference) for m in comparison.moved("first", c)] for c in by}
    most = {c: max((abs(difference) for _, difference in moves[c]), default=0.0) for c in by}
    chosen: list[str] = []
    for c in [*by[:1], *sorted(by[1:], key=lambda c: -most[c])]:
        if not any(c.split()[0] == other.split()[0] or moves[c] == moves[other] for other in chosen):
            chosen.append(c)
    return chosen[:CRITERIA]


def first_figure(comparison: Comparison, criterion: str, scenario: str) -> Drawn | None:
    """Of a criterion and a scenario in which a probability of first place moved."""
    moves = _firsts(comparison, criterion, scenario)
    moved = [m for m in moves if m.moved]
    if not moved:
        return None
    said = _hands(comparison, criterion, scenario)
    alone = len(_alone(comparison, criterion, scenario))
    still = "; = where one did not" if len(moved) < len(moves) else ""
    caption = (f"How probable first place by {named(criterion)} is in {scenario}, before (ring) and after (in "
               f"colour). {said}. Of {count_words(len(moves), 'build')} {len(moved)} moved "
               f"beyond sampling error{still}.")
    return Drawn("first-moved", f"Who wins, before and after: {named(criterion)}, {scenario}",
                 f"{count_words(len(moves) + alone, 'row')}, one a build, from 0 to 100 %. {said}.", caption,
                 partial(firsts, comparison, criterion=criterion, scenario=scenario), 1.1 + 0.3 * (len(moves) + alone),
                 scenario=scenario, criterion=criterion)


def _hands(comparison: Comparison, criterion: str, scenario: str) -> str:
    """Whether first place changes hands, of all builds of each side; and if so whether beyond sampling error."""
    shares = first_places(comparison, criterion, scenario)
    (one, was), (other, now) = (next(iter(share.items())) for share in shares)
    ends = [f"{labels(comparison)[build]} ({percent(share)})" for build, share in ((one, was), (other, now))]
    changes, sure = hands(comparison, criterion, scenario)
    if changes:
        chance = "" if sure else ", if not beyond sampling error"
        return f"First place changes hands{chance}: most probably from {' to '.join(ends)}"
    moved = any(m.figure.build == one and m.figure.scenario == scenario for m in comparison.moved("first", criterion))
    return f"Most probably first is {ends[1]}, as before{f' ({percent(was)})' if moved else ''}"


# --- which conclusions hold ---------------------------------------------------------------------------------------


def claims(comparison: Comparison, axes: Axes) -> None:
    """P(holds) before and after of the claims that moved most, with the limits of verdicts."""
    moves = _claims(comparison)[:CLAIMS]
    for row, move in enumerate(moves):
        colour, shape = (style.LOW, "v") if move.difference < 0 else (style.HIGH, "^")
        _dumbbell(axes, row, move, colour, shape, other_verdict(move))
    _percents(axes, "P(holds), %")
    told = ((m.figure.name, comparison.after.claims[m.figure.name][0]) for m in moves)
    style.rows(axes, [style.wrapped(f"{claim}  {says}", SENTENCE) for claim, says in told], 7)
    top = 1.0
    for word, least in VERDICTS.items():
        if least:
            axes.axvline(100 * least, color=style.MUTED, linewidth=0.9, linestyle=":")
        axes.annotate(word, (50 * (least + top), 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
                      textcoords="offset points", ha="center", fontsize=7, color=style.INK)
        top = least


def _claims(comparison: Comparison) -> list[Move]:
    """Claims that moved, the most first."""
    return sorted(comparison.moved("claim"), key=lambda m: -abs(m.difference))


def claims_figure(comparison: Comparison) -> Drawn | None:
    """Of all scenarios; nothing where no claim moved."""
    moves = _claims(comparison)
    if not moves:
        return None
    other = [m for m in moves if other_verdict(m)]
    every = sum(m.figure.kind == "claim" for m in comparison.moves)
    most = moves[0]
    said = (f"{len(moves)} of {count_words(every, 'claim')} moved beyond sampling error{', most' * (len(moves) > 1)}: "
            f"{most.figure.name}, from {percent(most.before.value)} to {percent(most.after.value)}")
    named_ = "; ".join(f"{m.figure.name} from {' to '.join(verdicts(m))}" for m in other[:NAMED])
    end = (f"{len(other)} {'has' if len(other) == 1 else 'have'} another verdict than before (bold): {named_}"
           f"{f'; and {len(other) - NAMED} more' if len(other) > NAMED else ''}." if other else
           "None has another verdict than before.")
    rest = f" {len(moves) - CLAIMS} that moved less are not drawn." if len(moves) > CLAIMS else ""
    caption = (f"P(holds) before (ring) and after (triangle), the largest moves first. {said}. {end}{rest} Dotted "
               "lines part the verdicts.")
    shown = min(len(moves), CLAIMS)
    return Drawn("claims-moved", "Which conclusions hold, before and after",
                 f"{count_words(shown, 'row')}, one a claim, from 0 to 100 %. {said}.", caption,
                 partial(claims, comparison), 1.1 + 0.3 * shown)
