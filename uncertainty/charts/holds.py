"""Which conclusions hold, and what would flip them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.claims import VERDICTS
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

SENTENCE = 62  # characters of a claim
WIDE = 0.1  # share from which on it is written into its bar
MOVES = 7  # of a flip that have a row of their own
LEAST_SWING = 0.1  # of P(holds) from one end of an input to the other
CURVES = 3  # inputs that have a curve
TRUTHS = {1.0: ("holds, as printed", style.HIGH, "o"), 0.0: ("fails, as printed", style.LOW, "D"),
          None: ("not told", style.MUTED, "s")}


# --- claims -------------------------------------------------------------------------------------------------------


def claim_dots(results: Results, axes: Axes) -> None:
    """P(holds) of each claim with its 95 % interval, the most probable first, by its truth at the printed numbers."""
    group, order = results.figures["claims"], _order(results)
    truth = group["holds_as_printed"][order]
    share, (low, high) = group["probability"][order], _interval(results)[:, order]
    for value, (words, colour, shape) in TRUTHS.items():
        some = np.flatnonzero(np.isnan(truth) if value is None else truth == value)
        if len(some):
            around = 100 * np.stack([share[some] - low[some], high[some] - share[some]])
            axes.errorbar(100 * share[some], some, xerr=around, fmt=shape, color=colour, markersize=4.5, elinewidth=1.2,
                          markerfacecolor=colour if value else "none", label=words)
    style.bare(axes)
    says = [f"{c}  {style.wrapped(s, SENTENCE, 1)}" for c, s in zip(group["claim"][order], group["says"][order], strict=True)]
    style.rows(axes, says, 7)
    for row, p in enumerate(share.tolist()):
        style.beside(axes, row, percent(p), fontsize=6.5)
    for level in (p for p in VERDICTS.values() if p):
        axes.axvline(100 * level, color=style.MUTED, linewidth=0.9, linestyle=":")
    axes.set(xlim=(-2, 102), xlabel="P(holds), %")
    if not np.isnan(truth).all():
        style.legend(axes, 3, loc="lower right", bbox_to_anchor=(1.0, 1.0))


def _order(results: Results) -> list[int]:
    share = results.figures["claims"]["probability"]
    return sorted(range(len(share)), key=lambda i: -share[i])


def _interval(results: Results) -> Floats:
    """Ends of 95 % intervals, (2, claim); one-sided of what no sample, or every sample, showed."""
    group = results.figures["claims"]
    share, limit = group["probability"], np.nan_to_num(group["upper_limit"])
    wide = np.nan_to_num(half_width(group["probability_se"], results.convergence.replicates))
    return np.clip([share - np.where(share == 1, limit, wide), share + np.where(share == 0, limit, wide)], 0, 1)


def claims_figure(view: View) -> Drawn | None:
    """Of a study that has claims, whatever the criterion."""
    results, group = view.results, view.results.figures["claims"]
    count = len(group["claim"])
    if not count:
        return None
    verdicts, words = group["verdict"].tolist(), ("holds always", *VERDICTS, "never")
    told = ", ".join(f"{verdicts.count(word)} {word}" for word in words if word in verdicts)
    truth, share = group["holds_as_printed"], group["probability"]
    lost = [str(c) for c, t, p in zip(group["claim"], truth, share, strict=True) if t == 1 and p < 0.5]
    found = [str(c) for c, t, p in zip(group["claim"], truth, share, strict=True) if t == 0 and p >= 0.5]
    which = f"each of {count} claims" if count > 1 else "the claim"
    caption = (f"P(holds) of {which} with its 95 % sampling interval, often narrower than the dot. Dotted "
               f"lines part the verdicts at {', '.join(f'{100 * p:.0f} %' for p in VERDICTS.values() if p)}: {told}. ")
    if (truth == 1).any():
        caption += (f"True at the printed numbers, yet false in most samples: {', '.join(lost)}." if lost else
                    "None that is true at the printed numbers is false in most samples.")
    caption += f" False as printed, yet mostly true: {', '.join(found)}." if found else ""
    caption = caption.rstrip()
    return Drawn("claims", "Which conclusions hold", f"A row of dots, one a claim, from 0 to 100 %. {told}.", caption,
                 partial(claim_dots, results), 1.0 + 0.17 * count)


# --- the nearest flip ---------------------------------------------------------------------------------------------


def flip_steps(study: Study, axes: Axes, found: Break) -> None:
    """The nearest flip as a waterfall: what each input that moves takes of the squared distance, one after the other."""
    names, shares = _steps(study, found)
    begin = np.concatenate([[0.0], np.cumsum(shares)[:-1]])
    axes.barh(range(len(shares)), 100 * shares, left=100 * begin, height=0.62, color=style.HIGH)
    for i, (at, share) in enumerate(zip(begin, shares, strict=True)):
        if i + 1 < len(shares):
            axes.plot([100 * (at + share)] * 2, [i, i + 1], color=style.MUTED, linewidth=0.8)
        inside, right = share > WIDE, at + share < 0.9
        place = at + share / 2 if inside else max(at, at + share) if right else min(at, at + share)
        axes.annotate(percent(float(share), 0), (100 * place, i), textcoords="offset points", va="center", fontsize=7.5,
                      xytext=(0 if inside else 4 if right else -4, 0), color="#ffffff" if inside else style.INK,
                      ha="center" if inside else "left" if right else "right")
    axes.axvline(100, color=style.INK, linestyle="--", linewidth=1)
    style.bare(axes)
    style.rows(axes, names)
    axes.set(xlabel=f"share of the squared distance to the flip, % (100 %: flipped, at {sigma(found.distance)} sigma)")
    axes.set_xlim(min(0.0, 100 * float(np.min(begin + shares)) - 2), max(104.0, 100 * float(np.max(begin + shares)) + 2))


def _steps(study: Study, found: Break) -> tuple[list[str], Floats]:
    """Rows, and what each takes; the last of many moves are together."""
    moves = found.moves
    names = [f"{style.wrapped(input_words(study, m.input), 34)}\n{' → '.join(_ends(m))}" for m in moves[:MOVES]]
    shares = [m.share for m in moves[:MOVES]]
    if len(moves) > MOVES:
        names, shares = [*names, f"{len(moves) - MOVES} others"], [*shares, sum(m.share for m in moves[MOVES:])]
    return names, np.array(shares)


def _ends(move: Move) -> tuple[str, str]:
    """From where to where an input goes, with its unit; to more digits where these look the same."""
    found = value_words(move.central, move.unit), value_words(move.value, move.unit, move.value - move.central)
    if found[0] != found[1]:
        return found
    unit = "" if move.unit == "1" else f" {move.unit}"
    return f"{move.central:.6g}{unit}", f"{move.value:.6g}{unit}"


def flip_figure(study: Study, found: Break, title: str, **of: str) -> Drawn | None:
    """Of a break that has a nearest flip."""
    if not found.moves:
        return None
    names, shares = _steps(study, found)
    most = max(found.moves, key=lambda m: m.share)
    said = f"the largest part is {input_words(study, most.input)} from {' to '.join(_ends(most))}"
    what = "stops holding" if found.held else "comes to hold"
    many = f"All {len(found.moves)} inputs have to move together; " if len(found.moves) > 1 else "One input is enough; "
    near = " It is near: a guess within its own spread is enough." if found.distance < 1 else ""
    caption = (f"The nearest flip: the smallest move from the central values at which this {what}, {sigma(found.distance)} "
               f"sigma away (1 is one standard deviation of one normal input). {many}{said}. In the samples it is flipped "
               f"with P = {flipped_words(found)}.{near}")
    return Drawn("flip", f"What would flip it: {title}", f"Waterfall of {len(shares)} steps to the flip; {said}.", caption,
                 partial(flip_steps, study, found=found), 1.0 + 0.42 * len(shares), **of)


# --- break-even curves --------------------------------------------------------------------------------------------


def curves(results: Results, axes: Axes, found: Break) -> None:
    """P(holds) by quantile level of the inputs that separate best; triangles where one alone flips it."""
    for i, curve in enumerate(_chosen(found)):
        colour, x = style.COLOURS[i], 100 * (np.arange(len(curve.probability)) + 0.5) / len(curve.probability)
        wide = half_width(curve.se, results.convergence.replicates)
        axes.plot(x, 100 * curve.probability, color=colour, linestyle=style.LINES[i], linewidth=1.8,
                  label=style.wrapped(input_words(results.study, curve.input), 34))
        axes.fill_between(x, 100 * np.clip(curve.probability - wide, 0, 1), 100 * np.clip(curve.probability + wide, 0, 1),
                          color=colour, alpha=0.15, linewidth=0)
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
    """Quantile levels between which and beyond an input alone, the others central, flips a test."""
    plan = results.plan
    marginals = {label(plan, i): marginal for i, marginal in enumerate(plan.marginals)}
    levels = [float(marginals[c.input].cdf(end)) for c in found.crossings if c.input == name
              for end, open_ in ((c.low, c.first), (c.high, c.last)) if not open_]
    return [level for level in levels if 0 < level < 1]


def curves_figure(results: Results, found: Break, title: str, **of: str) -> Drawn | None:
    """Of a break that is flipped in some samples and not in others, and whose inputs make a difference to that."""
    chosen = _chosen(found)
    if not chosen or max(np.ptp(curve.probability) for curve in chosen) < LEAST_SWING:
        return None
    first = chosen[0]
    low, high = (percent(float(p), 0) for p in first.probability[[0, -1]])
    said = (f"{style.sentence(input_words(results.study, first.input))} matters most: P(holds) goes from {low} at its lowest values to "
            f"{high} at its highest")
    even = sum(len(_break_even(results, found, curve.input)) for curve in chosen)
    caption = (f"P(holds) where one input is at a quantile of its distribution and all others vary, with 95 % intervals. "
               f"{said}. ")
    caption += ("Triangles: break-even values, at which that input alone, the others central, flips it."
                if even else "None of these flips it alone, the others central.")
    if first.probability.min() >= 0.5 or first.probability.max() <= 0.5:
        caption += " At no value of that one does the more probable outcome change."
    return Drawn("break-even", f"When does it hold: {title}", f"Curves of {len(chosen)} inputs. {said}.", caption,
                 partial(curves, results, found=found), 3.6, **of)


# --- of first places and of claims --------------------------------------------------------------------------------


def first_place_figures(view: View) -> list[Drawn | None]:
    """What would flip first place by the criterion in the scenario."""
    try:
        found = view.results.break_of(view.by.name, view.where)
    except KeyError:
        return []
    first = _central_first(view)
    title = f"{first} first by {view.title}, {view.where}"
    of: dict[str, Any] = {"scenario": view.where, "criterion": view.by.name}
    return [flip_figure(view.study, found, title, **of), curves_figure(view.results, found, title, **of)]


def _central_first(view: View) -> str:
    """The build, or builds, that are best at the central values."""
    ahead = view.results.plan.orders[view.criterion].ahead[..., 0]
    first = ahead[min(view.scenario, len(ahead) - 1)] == 0
    return " = ".join(view.study.builds[b].label for b in np.array(view.present)[first])


def claim_figures(results: Results, claim: str) -> list[Drawn]:
    """What would flip a claim, by its id: nearest flip and break-even curves, as far as there are any."""
    found = {each.target: each for each in results.breaks if not each.scenario}.get(claim)
    says = {c.id: c.says for c in results.study.ledger.claims}
    if found is None:
        return []
    title = f"{claim}, {says[claim]}"
    drawn = [flip_figure(results.study, found, title, criterion=claim), curves_figure(results, found, title, criterion=claim)]
    return [each for each in drawn if each]
