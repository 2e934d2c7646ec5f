"""How far to trust it: headline figures as replicates are added."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.error import combine, half_width, upper_limit
from . import style
from .drawn import Drawn, Floats, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def running(each: Floats) -> tuple[Floats, Floats]:
    """Means of the first 2, 3, ... replicates (count, ...) of values (replicate, ...), and their 95 % half widths."""
    found = [combine(each[:count]) for count in range(2, len(each) + 1)]
    wide = [half_width(e.se, count) for count, e in enumerate(found, 2)]
    return np.stack([e.value for e in found]), np.stack(wide)


def mean_lines(view: View, axes: Axes) -> None:
    """The mean of the output over the first replicates, less that over all, in per cent of it, by build."""
    value, wide = running(_means(view))
    last = np.where(value[-1] == 0, np.nan, np.abs(value[-1]))
    _lines(view, axes, 100 * (value - value[-1]) / last, 100 * wide / last)
    axes.set_ylabel(style.wrapped(f"mean {view.title}, % off", 22, 3))


def first_lines(view: View, axes: Axes) -> None:
    """P(first) over the first replicates, less that over all, in percentage points, by build."""
    value, wide = running(_firsts(view))
    _lines(view, axes, 100 * (value - value[-1]), 100 * wide)
    axes.set_ylabel("P(first), points off")


def _means(view: View) -> Floats:
    """Means of the output, (replicate, build)."""
    study = view.study
    found = view.results.done.statistics.means[view.by.output]
    sizes = len(found), len(study.scenarios), len(study.builds), len(study.precisions)
    at = study.precisions.index(view.by.precision) if view.by.precision else 0
    return np.broadcast_to(found, sizes)[:, view.scenario, :, at]


def _firsts(view: View) -> Floats:
    """P(first), (replicate, build)."""
    found = view.results.done.statistics.ranking[view.criterion]["rank_acceptability"]
    found = np.broadcast_to(found, (len(found), len(view.study.scenarios), *found.shape[2:]))
    return found[:, view.scenario, :, 0]


def _lines(view: View, axes: Axes, value: Floats, wide: Floats) -> None:
    x = np.arange(2, len(value) + 2)
    for b in view.present:
        axes.fill_between(x, value[:, b] - wide[:, b], value[:, b] + wide[:, b], color=style.colour(b), alpha=0.12,
                          linewidth=0)
        axes.plot(x, value[:, b], color=style.colour(b), linestyle=style.line(b), linewidth=1.6, marker=style.marker(b),
                  markersize=3, label=view.study.builds[b].label)
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    style.bare(axes, "both")
    late = slice(len(value) // 4, None)  # the first intervals are so wide that they would hide the rest
    most = float(np.nanmax(np.abs(value[late]) + wide[late], initial=0.0)) or 1.0
    axes.set_ylim(-1.1 * most, 1.1 * most)


def _both(view: View, axes: NDArray[Any]) -> None:
    from matplotlib.ticker import MaxNLocator

    mean_lines(view, axes[0, 0])
    first_lines(view, axes[1, 0])
    style.legend(axes[0, 0])
    axes[1, 0].set_xlabel(f"replicates, each of {view.study.sampling.samples:,} samples")
    axes[1, 0].xaxis.set_major_locator(MaxNLocator(12, integer=True))


def convergence_figure(view: View) -> Drawn | None:
    """Of the criterion in the scenario; nothing with fewer than three replicates, or where nothing varies."""
    means, firsts = _means(view), _firsts(view)
    if len(means) < 3 or not (np.ptp(means[:, view.present], axis=0) > 0).any():
        return None
    value, wide = running(means)
    off = 100 * float(np.nanmax(wide[-1] / np.where(value[-1] == 0, np.nan, np.abs(value[-1]))))
    points = 100 * max(float(np.nanmax(running(firsts)[1][-1])), upper_limit(view.results.samples))
    said = f"of the mean at most ±{off:.2g} %, of P(first) ±{points:.2g} percentage points"
    few = " With fewer than 8 replicates these errors are themselves rough." if len(means) < 8 else ""
    caption = (f"How mean {view.title} and P(first), in {view.where}, settle as replicates are added, less what all "
               f"{len(means)} say; shaded: 95 % intervals (Student's t). At the end the error is {said}. More samples "
               f"narrow this, and only this: not how uncertain the inputs are.{few}")
    return Drawn("convergence", f"How far to trust it: {view.title}, {view.where}",
                 f"Lines by build that close in on zero. Error {said}.", caption, partial(_both, view), 4.4, (2, 1),
                 view.where, view.by.name)
