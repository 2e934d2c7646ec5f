"""What would flip it: the nearest flip as a waterfall of moves, and break-even curves."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.error import half_width
from ..breaking import Break, Curve, Move, label
from ..report.text import percent
from ..report.words import flipped_words, input_words, sigma, value_words
from ..results import Results
from ..study import Study
from . import style
from .drawn import Drawn, Floats, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOVES = 7  # of a flip that have a row of their own
WIDE = 0.1  # share from which on it is written into its bar
CURVES = 3  # inputs that have a curve
Of = tuple[str, str, str]  # scenario and criterion, or else claim
LEAST_SWING = 0.1  # of P(holds) between values of an input, below which there is nothing to see


# --- the nearest flip ---------------------------------------------------------------------------------------------


def flip_steps(study: Study, axes: Axes, found: Break) -> None:
    """The nearest flip as a waterfall: the share of the squared distance of each input that moves, one by one."""
    names, shares = _steps(study, found)
    ends = np.cumsum(shares)
    begins = ends - shares
    axes.barh(range(len(shares)), 100 * shares, left=100 * begins, height=0.62, color=style.HIGH)
    for i, (begin, end, share) in enumerate(zip(begins, ends, shares, strict=True)):
        if i + 1 < len(shares):
            axes.plot([100 * end] * 2, [i, i + 1], color=style.MUTED, linewidth=0.8)
        inside, right = share > WIDE, end < 0.9
        place = (begin + end) / 2 if inside else max(begin, end) if right else min(begin, end)
        axes.annotate(f"{'−' * bool(share < 0)}{percent(abs(float(share)), 0)}", (100 * place, i),
                      textcoords="offset points", xytext=(0 if inside else 4 if right else -4, 0), va="center",
                      fontsize=7.5, color="#ffffff" if inside else style.INK,
                      ha="center" if inside else "left" if right else "right")
    axes.axvline(100, color=style.INK, linestyle="--", linewidth=1)
    style.bare(axes)
    style.rows(axes, names)
    axes.set_xlabel(f"share of the squared distance to the flip, % (100 %: flipped, at {sigma(found.distance)} sigma)")
    axes.set_xlim(min(0.0, 100 * float(ends.min()) - 2), max(104.0, 100 * float(ends.max()) + 2))


def _steps(study: Study, found: Break) -> tuple[list[str], Floats]:
    """Rows, and what each takes; the last of many moves are together."""
    names = [f"{style.wrapped(input_words(study, m.input), 34)}\n{' → '.join(_ends(m))}" for m in found.moves[:MOVES]]
    shares = [m.share for m in found.moves[:MOVES]]
    rest = found.moves[MOVES:]
    if rest:
        names, shares = [*names, f"{len(rest)} more"], [*shares, sum(m.share for m in rest)]
    return names, np.array(shares)


def _ends(move: Move) -> tuple[str, str]:
    """From where to where an input goes, with its unit; to more digits where these look the same."""
    found = value_words(move.central, move.unit), value_words(move.value, move.unit, move.value - move.central)
    if found[0] != found[1]:
        return found
    unit = "" if move.unit == "1" else f" {move.unit}"
    return f"{move.central:.6g}{unit}", f"{move.value:.6g}{unit}"


def flip_figure(study: Study, found: Break, title: str, of: Of) -> Drawn | None:
    """Of a break that has a nearest flip."""
    if not found.moves:
        return None
    rows, count = min(len(found.moves), MOVES + 1), len(found.moves)
    most = max(found.moves, key=lambda m: m.share)
    said = (f"{'the largest part is' if count > 1 else 'one input is enough,'} {input_words(study, most.input)} from "
            f"{' to '.join(_ends(most))}")
    what = "stops holding" if found.held else "comes to hold"
    many = f"{'Both' if count == 2 else f'All {count}'} inputs have to move together; {said}"
    near = " It is near: a guess within its own spread is enough." if found.distance < 1 else ""
    caption = (f"The nearest flip: the smallest move from the central values at which this {what}, "
               f"{sigma(found.distance)} sigma away (1 is one standard deviation of one normal input). "
               f"{many if count > 1 else style.sentence(said)}. "
               f"P(flipped) in the samples: {flipped_words(found)}.{near}")
    return Drawn("flip", f"What would flip it: {title}", f"Waterfall of {rows} steps to the flip; {said}.", caption,
                 partial(flip_steps, study, found=found), 1.0 + 0.42 * rows, (1, 1), *of)


# --- break-even curves --------------------------------------------------------------------------------------------


def curves(results: Results, axes: Axes, found: Break) -> None:
    """P(holds) by quantile level of the inputs that separate best; triangles where one alone flips it.

    An input has the colour of the build that it belongs to.
    """
    for i, curve in enumerate(_chosen(found)):
        count, colour = len(curve.probability), style.owner_colour(results, curve.input)
        x, wide = 100 * (np.arange(count) + 0.5) / count, half_width(curve.se, results.convergence.replicates)
        ends = (100 * np.clip(curve.probability + sign * wide, 0, 1) for sign in (-1, 1))
        axes.plot(x, 100 * curve.probability, color=colour, linestyle=style.LINES[i], linewidth=1.8,
                  label=style.wrapped(input_words(results.study, curve.input), 34))
        axes.fill_between(x, *ends, color=colour, alpha=0.15, linewidth=0)
        for level in _break_even(results, found, curve.input):
            axes.plot([100 * level], [0.02], marker=(3, 0, 0), color=colour, markersize=8, clip_on=False, zorder=5,
                      transform=axes.get_xaxis_transform())
    axes.axhline(50, color=style.MUTED, linewidth=0.9, linestyle=":")
    style.bare(axes, "both")
    axes.set(xlim=(0, 100), ylim=(0, 102), xlabel="quantile of the input, %", ylabel="P(holds), %")
    style.legend(axes, 2)


def _chosen(found: Break) -> list[Curve]:
    """Curves of the inputs that separate best."""
    by = {curve.input: curve for curve in found.curves}
    return [by[each.input] for each in found.separation[:CURVES] if each.input in by]


def _break_even(results: Results, found: Break, name: str) -> list[float]:
    """Quantile levels at which an input alone, the others central, begins or ceases to flip a test."""
    plan = results.plan
    marginals = {label(plan, i): marginal for i, marginal in enumerate(plan.marginals)}
    levels = [float(marginals[c.input].cdf(end)) for c in found.crossings if c.input == name
              for end, open_ in ((c.low, c.first), (c.high, c.last)) if not open_]
    return [level for level in levels if 0 < level < 1]


def curves_figure(results: Results, found: Break, title: str, of: Of) -> Drawn | None:
    """Of a break that is flipped in some samples and not in others, and whose inputs make a difference to that."""
    chosen = _chosen(found)
    if not chosen or max(np.ptp(curve.probability) for curve in chosen) < LEAST_SWING:
        return None
    first = chosen[0]
    low, high = (percent(float(p), 0) for p in first.probability[[0, -1]])
    said = (f"{style.sentence(input_words(results.study, first.input))} matters most: P(holds) goes from {low} at its "
            f"lowest values to {high} at its highest")
    even = any(_break_even(results, found, curve.input) for curve in chosen)
    end = ("Triangles: break-even values, at which that input alone, the others central, flips it." if even else
           "None of these flips it alone, the others central.")
    if first.probability.min() >= 0.5 or first.probability.max() <= 0.5:
        end += " At no value of that one does the more probable outcome change."
    caption = ("P(holds) where one input is at a quantile of its distribution and all others vary, with 95 % "
               f"intervals. {said}. {end}")
    return Drawn("break-even", f"When does it hold: {title}", f"Curves of {len(chosen)} inputs. {said}.", caption,
                 partial(curves, results, found=found), 3.6, (1, 1), *of)


# --- of first places and of claims --------------------------------------------------------------------------------


def first_place_figures(view: View) -> list[Drawn]:
    """What would flip first place at the central values, by the criterion in the scenario."""
    found = {(each.target, each.scenario): each for each in view.results.breaks}.get((view.by.name, view.where))
    central, likely = _central_first(view), view.study.builds[view.first].label
    drawn = _both(view.results, found, f"{central} first by {view.title}, {view.where}",
                  (view.where, view.by.name, "")) if found else []
    differs = f" First at the central values is {central}, most probably first {likely}." if central != likely else ""
    return [replace(each, caption=each.caption + differs) for each in drawn]


def _central_first(view: View) -> str:
    """The build, or builds, that are best at the central values."""
    ahead = view.results.plan.orders[view.criterion].ahead[..., 0]
    first = ahead[min(view.scenario, len(ahead) - 1)] == 0
    return " = ".join(view.study.builds[b].label for b in np.array(view.present)[first])


def claim_figures(results: Results, claim: str) -> list[Drawn]:
    """What would flip a claim, by its id: nearest flip and break-even curves, as far as there are any."""
    found = {each.target: each for each in results.breaks if not each.scenario}.get(claim)
    says = {c.id: c.says for c in results.study.ledger.claims}
    return _both(results, found, f"{claim}, {says[claim]}", ("", "", claim)) if found else []


def likely_flips(results: Results, most: int) -> list[Drawn]:
    """The nearest flips of so many claims, of those that are flipped most probably and by several inputs together."""
    says = {c.id: c.says for c in results.study.ledger.claims}
    found = sorted((each for each in results.breaks if not each.scenario), key=lambda each: -float(each.flips.value))
    drawn = (flip_figure(results.study, each, f"{each.target}, {says[each.target]}", ("", "", each.target))
             for each in found if len(each.moves) > 1)
    return [replace(each, key="claim-flip") for each in drawn if each][:most]


def _both(results: Results, found: Break, title: str, of: Of) -> list[Drawn]:
    drawn = [flip_figure(results.study, found, title, of), curves_figure(results, found, title, of)]
    return [each for each in drawn if each]
