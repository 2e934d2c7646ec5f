"""Which values of the drivers make whom win: samples in pairs of inputs, coloured by who is first."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..model import INPUTS
from ..plan import Floats
from ..report.text import percent
from ..report.words import input_words, unit_of
from ..results import Results
from ..samples import sample
from . import style
from .drawn import Drawn, View

if TYPE_CHECKING:
    import xarray as xr

SAMPLES = 256  # that are shown
DRIVERS = 4  # inputs at most
LEAST = 0.03  # share of the variance of first places below which an input is left out
SURE = 0.99  # probability of being first from which on there is nothing to see
_kept: WeakKeyDictionary[Results, xr.Dataset] = WeakKeyDictionary()
_lock = Lock()


def drivers(view: View) -> list[str]:
    """The inputs that first place hangs on: by Shapley effects on who is first, weighted by how open that is."""
    if "shapley" not in view.results.figures:
        return []
    group = view.results.figures["shapley"]
    first = np.nan_to_num(view.of("ranking", "rank_acceptability")[:, 0])
    effects = np.nan_to_num(group["first_place"][:, view.criterion, view.scenario])
    open_ = np.where(np.isnan(group["first_place"][0, view.criterion, view.scenario]), 0.0, first * (1 - first))
    if not open_.sum():
        return []
    share = effects @ open_ / open_.sum()
    return [str(group["input"][i]) for i in np.argsort(-share)[:DRIVERS] if share[i] >= LEAST]


def _samples(results: Results) -> xr.Dataset:
    """Some samples, drawn once for all figures of a run; random ones: so few Sobol' points would show patterns."""
    with _lock:
        if results not in _kept:
            few = results.study.with_sampling(samples=SAMPLES, replicates=2, method="random")
            _kept[results] = sample(few).isel(replicate=0)
        return _kept[results]


def values(view: View, name: str) -> Floats:
    """Values (sample,) of an input, by its stream, in the view's scenario."""
    for slot, places in view.study.entries.items():
        for place, entry in places.items():
            if entry.stream == name and place.scenario in ("", view.where):
                return _at(_samples(view.results)[slot], view, build=place.build, precision=place.precision)
    raise KeyError(name)


def _at(found: xr.DataArray, view: View, **place: str) -> Floats:
    place = {"scenario": view.where, **place}
    some: Floats = found.sel({d: v for d, v in place.items() if v and d in found.dims}).to_numpy()
    return some


def winners(view: View) -> NDArray[np.intp]:
    """The build that is first in each sample; -1 where several tie."""
    present = view.present
    found = _at(_samples(view.results)[view.by.output], view, precision=view.by.precision)[:, present]
    found = np.where(np.isnan(found), np.inf, found if view.by.better == "lower" else -found)
    best = found == found.min(axis=1, keepdims=True)
    return np.where(best.sum(axis=1) > 1, -1, np.array(present)[best.argmax(axis=1)])


def scatter(view: View, axes: NDArray[Any], inputs: list[str]) -> None:
    """Pairs of inputs below the diagonal, sample by sample, coloured by who is first."""
    first, x = winners(view), [values(view, name) for name in inputs]
    axes = np.array(axes, ndmin=2)
    order = sorted((-1, *view.present), key=lambda b: -np.count_nonzero(first == b))  # the rare ones on top
    for (i, j), each in np.ndenumerate(axes):
        row = i + 1
        if j >= row:
            each.axis("off")
            continue
        for b in (b for b in order if (first == b).any()):
            some = first == b
            marker, colour, edge = ("x", style.MUTED, 0.7) if b < 0 else (style.marker(b), style.colour(b), 0.0)
            each.plot(x[j][some], x[row][some], linestyle="none", marker=marker, markersize=3, color=colour, alpha=0.8,
                      markeredgewidth=edge)
        style.bare(each, "both")
        each.tick_params(labelsize=7)
        each.locator_params(nbins=4, prune="both")
        if row == len(axes):
            each.set_xlabel(_name(view, inputs[j]))
        each.set_ylabel(_name(view, inputs[row])) if j == 0 else each.tick_params(labelleft=False)
    _key(view, axes, first)


def _name(view: View, name: str) -> str:
    unit = unit_of(name) if any(part in INPUTS for part in name.split(".")) else "USD"
    return style.wrapped(f"{input_words(view.study, name)}{f', {unit}' if unit != '1' else ''}", 20, 3)


def _key(view: View, axes: NDArray[Any], first: NDArray[np.intp]) -> None:
    """Who is who, for those that are first in some sample."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], linestyle="none", marker=style.marker(b), color=style.colour(b), markersize=5,
                      label=f"{view.study.builds[b].label} first") for b in view.present if (first == b).any()]
    if (first == -1).any():
        handles.append(Line2D([], [], linestyle="none", marker="x", color=style.MUTED, markersize=5, label="tied"))
    if axes.size == 1:
        style.legend(axes[0, 0], handles=handles)
    else:
        style.legend(axes[0, -1], 1, handles=handles, loc="upper right", bbox_to_anchor=(1.0, 1.0))


def scatter_figure(view: View) -> Drawn | None:
    """Of the criterion in the scenario; nothing where first place is sure, or fewer than two inputs decide it."""
    inputs = drivers(view)
    first = np.nan_to_num(view.of("ranking", "rank_acceptability")[:, 0])
    if len(inputs) < 2 or first.max() > SURE:
        return None
    n = len(inputs) - 1
    names = [input_words(view.study, name) for name in inputs]
    order = [b for b in np.argsort(-first) if first[b] > 0.01]
    shares = ", ".join(f"{view.study.builds[b].label} {percent(float(first[b]), 0)}" for b in order)
    caption = (f"{SAMPLES} random samples by the {len(inputs)} inputs that decide first place by {view.title} most, in "
               f"{view.where}; the colour says who is first. Where colours part along one axis, that input decides. "
               f"{style.sentence(names[0])} decides most. Of all samples first are: {shares}.")
    return Drawn("drivers", f"What decides first place: {view.title}, {view.where}",
                 f"Scatter plots of each pair of {', '.join(names)}, coloured by who is first.", caption,
                 partial(scatter, view, inputs=inputs), 1.2 + 1.75 * n, (n, n), view.where, view.by.name)
