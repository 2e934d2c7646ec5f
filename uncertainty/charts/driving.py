"""What drives it: one input at a time, shares of the variance, and what it is worth to know an input."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.error import half_width
from ..analysis.labels import DUMMY
from ..inquiry import SHARED
from ..model import OUTPUTS
from ..report.text import percent
from ..report.words import input_words, unit_of, value_words
from ..report.worth import set_name
from ..results import Results
from . import style
from .drawn import Drawn, Floats, View, pick

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 10  # inputs of a figure
LEAST = 0.005  # share of a variance below which an input is not shown


# --- tornado ------------------------------------------------------------------------------------------------------


def tornado(view: View, axes: Axes, build: int) -> None:
    """An output of a build as each input goes to its 5 and 95 % quantile, all others central."""
    group, study = view.results.figures["tornado"], view.study
    order, ends, base = _swings(view, build)
    factor, name = style.output_scale(view.results, view.by.output, view.by.precision, ends)
    for end, (colour, level) in enumerate(((style.LOW, 5), (style.HIGH, 95))):
        axes.barh(range(len(order)), (ends[:, end] - base) / factor, left=base / factor, height=0.62, color=colour,
                  label=f"input at its {level} % quantile")
    for row, i in enumerate(order):
        for end, value in enumerate(("low_value", "high_value")):
            left = ends[row, end] < base or (ends[row, end] == base and ends[row, 1 - end] > base)
            axes.annotate(value_words(float(group[value][i, view.scenario]), unit_of(str(group["input"][i]))),
                          (ends[row, end] / factor, row), xytext=(-3 if left else 3, 0), textcoords="offset points",
                          ha="right" if left else "left", va="center", fontsize=7, color=style.INK)
    axes.axvline(base / factor, color=style.INK, linewidth=1)
    style.bare(axes)
    style.rows(axes, [style.wrapped(input_words(study, str(group["input"][i])), 30) for i in order])
    axes.margins(x=0.14)
    axes.set_xlabel(f"{name}, of {study.builds[build].label}")
    style.legend(axes)


def _swings(view: View, build: int) -> tuple[list[int], Floats, float]:
    """Inputs by their swing, the output at both ends (input, end), and at the central values."""
    group, name = view.results.figures["tornado"], view.by.output
    names = (f"{name}_{end}" for end in ("swing", "low", "high", "baseline"))
    swing, low, high, base = (pick(group[each], view)[..., build] for each in names)
    order = [int(i) for i in np.argsort(-np.nan_to_num(swing), kind="stable")[:SHOWN] if swing[i] > 0]
    return order, np.stack([low, high], axis=-1)[order], float(base)


def tornado_figure(view: View) -> Drawn | None:
    """Of the most probable first; nothing where the output is not looked at, or no input moves it."""
    groups = view.results.figures
    if "tornado" not in groups or f"{view.by.output}_swing" not in groups["tornado"].variables:
        return None
    build = view.first
    order, ends, base = _swings(view, build)
    if not order:
        return None
    label, names = view.study.builds[build].label, groups["tornado"]["input"]
    first = input_words(view.study, str(names[order[0]]))
    span = " and ".join(style.told(view.by.output, float(x)) for x in sorted(ends[0]))
    said = f"{style.sentence(first)} moves it most, between {span}"
    caption = (f"{style.sentence(view.title)} of {label}, most probably the best, in {view.where}, as one input goes "
               "from its 5 % to its 95 % quantile, written at the bars' ends, and all others stay central, where it is "
               f"{style.told(view.by.output, base)}. {said}. Effects that need two inputs to move together are not "
               "seen here.")
    return Drawn("tornado", f"One input at a time: {view.title} of {label}, {view.where}",
                 f"Tornado of {len(order)} inputs. {said}.", caption, partial(tornado, view, build=build),
                 1.2 + 0.3 * len(order), scenario=view.where, criterion=view.by.name)


# --- Sobol' indices -----------------------------------------------------------------------------------------------


def sobol_bars(view: View, axes: Axes, build: int) -> None:
    """First-order and total-order indices with 95 % intervals; a line where an input that does nothing may reach."""
    names, first, total, dummy = _indices(view, build)
    for found, shift, colour, words in ((first, -0.2, style.HIGH, "first order: by itself"),
                                        (total, 0.2, style.LOW, "total order: with all its interactions")):
        axes.barh(np.arange(len(names)) + shift, found[0], xerr=found[1], height=0.38, color=colour, label=words,
                  error_kw={"ecolor": style.MUTED, "elinewidth": 1.2})
    axes.axvline(dummy, color=style.INK, linewidth=1, linestyle="--", label="an input that does nothing (95 % limit)")
    style.bare(axes)
    style.rows(axes, [style.wrapped(set_name(view.results, name), 30) for name in names])
    axes.set(xlabel=f"share of the variance of {view.title}, {view.study.builds[build].label} (1: all of it)",
             xlim=(min(0.0, float(np.nanmin(first[0] - first[1]))) - 0.01, None))
    style.legend(axes, 2)


def _indices(view: View, build: int) -> tuple[list[str], Floats, Floats, float]:
    """Inputs and groups of correlated ones by total order, (value, half width) of both indices, the dummy's limit."""
    figures, name = view.results.figures, view.by.output
    count = len(view.results.done.statistics.drivers["whole"])
    first, total = ([pick(figures[order][name + end], view)[..., build] for end in ("", "_se")]
                    for order in ("first_order", "total_order"))
    listed, rows = figures["total_order"]["input"].tolist(), figures["first_order"]["input"].tolist()
    told = [i for i, each in enumerate(listed) if _basic(view.results, each) and total[0][i] > LEAST]
    order = sorted(told, key=lambda i: -total[0][i])[:SHOWN]
    both = [np.array([found[0][order], np.nan_to_num(half_width(found[1][order], count))]) for found in (first, total)]
    dummy = first[0][rows.index(DUMMY)] + np.nan_to_num(half_width(first[1][rows.index(DUMMY)], count))
    return [listed[i] for i in order], both[0], both[1], float(np.nan_to_num(dummy))


def _basic(results: Results, name: str) -> bool:
    """Whether it is one input, or the group of those that are correlated: others overlap with these."""
    study = results.study
    return name not in {SHARED, *(build.key for build in study.builds), *dict(study.inquiry.groups)}


def sobol_figure(view: View) -> Drawn | None:
    """Of the most probable first; nothing where the output is not looked at, or does not vary."""
    groups, build = view.results.figures, view.first
    if "total_order" not in groups or view.by.output not in groups["total_order"].variables:
        return None
    names, first, total, _ = _indices(view, build)
    if not names:
        return None
    label = view.study.builds[build].label
    most = percent(float(np.clip(total[0, 0], 0, 1)), 0)
    lead = f"{style.sentence(set_name(view.results, names[0]))} has {most} of it"
    apart = float((total[0] - first[0]).sum())
    together = ("Inputs act nearly one by one: first and total order hardly differ." if apart < 0.1 else
                "Where the total order is the longer bar, the input acts together with others.")
    caption = (f"Sobol' indices: whose uncertainty makes {view.title} of {label} uncertain, in {view.where}. {lead}. "
               f"{together} Correlated inputs are told as one group. A bar that does not pass the dashed line is not "
               "told from chance.")
    return Drawn("sobol", f"What drives the spread: {view.title} of {label}, {view.where}",
                 f"Pairs of bars of {len(names)} inputs. {lead}.", caption, partial(sobol_bars, view, build=build),
                 1.3 + 0.36 * len(names), scenario=view.where, criterion=view.by.name)


# --- what it is worth to know -------------------------------------------------------------------------------------


def worth_bars(view: View, axes: Axes) -> None:
    """EVPPI of inputs and groups with 95 % intervals, the grade of their evidence beside them, and EVPI as a line."""
    names, worth, wide, evpi = _worth(view)
    factor, unit = _unit(view, evpi)
    alone = view.results.figures["shapley"]["input"].tolist()
    axes.barh(range(len(names)), worth / factor, xerr=wide / factor, height=0.62,
              color=[style.HIGH if name in alone else style.PALE for name in names],
              error_kw={"ecolor": style.MUTED, "elinewidth": 1.2})
    axes.axvline(evpi / factor, color=style.INK, linestyle="--", linewidth=1)
    axes.annotate("to know all", (evpi / factor, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
                  textcoords="offset points", ha="right", va="bottom", fontsize=8, color=style.INK)
    axes.annotate("grade", (1.0, 1.0), xycoords="axes fraction", xytext=(4, 2), textcoords="offset points", va="bottom",
                  fontsize=8, color=style.INK)
    for row, name in enumerate(names):
        style.beside(axes, row, _grade(view.results, name) or "–", fontsize=8.5, fontweight="bold")
    style.bare(axes)
    style.rows(axes, [style.wrapped(set_name(view.results, name), 30) for name in names])
    axes.set(xlim=(0, 1.08 * max(evpi, float((worth + wide).max())) / factor),
             xlabel=f"worth of knowing it before choosing by {view.title}{f', {unit}' if unit else ''}")


def _unit(view: View, evpi: float) -> tuple[float, str]:
    unit = str(view.results.figures["information"]["unit"][view.criterion])
    return style.scale(unit, evpi) if unit != "1" else (1.0, "number")


def _worth(view: View) -> tuple[list[str], Floats, Floats, float]:
    """Inputs and groups that are worth knowing: names, EVPPI, half widths; and EVPI."""
    group, at = view.results.figures["information"], (view.criterion, view.scenario)
    count = len(view.results.done.statistics.drivers["whole"])
    value = np.nan_to_num(group["evppi"][:, *at])
    wide = np.nan_to_num(half_width(np.nan_to_num(group["evppi_se"][:, *at]), count))
    alone = np.isin(group["input"], view.results.figures["shapley"]["input"])
    single = value[alone].tolist()  # a group that is worth what one input is adds nothing to it
    order = [int(i) for i in np.argsort(-value, kind="stable")
             if value[i] > wide[i] and (alone[i] or value[i] not in single)][:SHOWN]
    return [str(group["input"][i]) for i in order], value[order], wide[order], float(np.nan_to_num(group["evpi"][at]))


def _grade(results: Results, name: str) -> str:
    """The grade of an input's evidence; of groups, and where none is given, nothing."""
    group = results.figures["influence"]
    alone = name in results.figures["shapley"]["input"].tolist()
    return str(group["grade"][group["input"].tolist().index(name)]) if alone else ""


def worth_figure(view: View) -> Drawn | None:
    """By the criterion in the scenario; nothing where to know everything is worth nothing."""
    if "information" not in view.results.figures:
        return None
    names, worth, _, evpi = _worth(view)
    if not names or evpi <= 0:
        return None
    share, title = float(worth[0]) / evpi, f"What it is worth to know: {view.title}, {view.where}"
    part = "as much as" if share > 0.995 else f"{percent(share, 0)} of what"
    first, everything = (_told(view, float(value)) for value in (min(worth[0], evpi), evpi))
    lead = (f"To know {set_name(view.results, names[0])} is worth {first}, {part} it is worth to know everything "
            f"({everything})")
    single = [name for name in names if name in view.results.figures["shapley"]["input"].tolist()]
    advice = f"Look up {set_name(view.results, single[0])} first." if single else "No single input is worth it alone."
    caption = (f"What the mean choice by {view.title} gains, in {view.where}, if an input is known before the choice "
               f"(EVPPI), beside the grade of its evidence (A the best; – none). Pale: groups. {lead}. {advice}")
    if view.results.figures["information"]["unit"][view.criterion] == "USD":
        caption += " A quote that costs more than its bar does not pay for this choice."
    return Drawn("worth", title, f"Bars of {len(names)} inputs. {lead}.", caption, partial(worth_bars, view),
                 1.2 + 0.32 * len(names), scenario=view.where, criterion=view.by.name)


def _told(view: View, value: float) -> str:
    """A worth with its unit; of whole numbers a mean."""
    return f"{value:.2g} {view.title}" if OUTPUTS[view.by.output].whole else style.told(view.by.output, value)
