"""What a run of a swept study gives: the statistics of every point, the swept quantities being dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .analysis.labels import Frame, Group
from .analysis.lead import lead
from .axes import Axis
from .frames import index
from .reported import Convergence, Reported
from .study import Study

if TYPE_CHECKING:
    import xarray as xr

OWN = ("verdict", "meaning", "criterion", "scenario")  # texts that each point has its own of


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(Reported):
    """All that a swept study gives: as `Results`, with the swept quantities as first dimensions of everything.

    `results.bands["capex"].sel(budget=150_000)`. What would break conclusions is not searched for; for that run a
    point: `un.run(study.at(budget=150_000, run_hours=8))`.

    Attributes
    ----------
    figures : the groups in plain arrays
    convergence : how far sampling went at the point where it is worst
    points : what is reported of each point, the last quantity changing fastest
    """

    points: tuple[Reported, ...]

    def __repr__(self) -> str:
        """What was run, without the figures."""
        return f"{super().__repr__()[:-1]}, points={len(self.points)})"

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        return str(import_module(".notebook", __package__).sweep_html(self))

    @cached_property
    def option_map(self) -> xr.Dataset:
        """Who is most probably best (..., criterion, scenario), with what probability, and where the lead is open.

        probability (of the first or those that mostly tie with it), rival_probability and open; the builds' names are
        coordinates: `best` (joined by " = " where they tie) and `rival`.
        """
        return self.figures["option_map"].dataset()


def sweep(study: Study, points: Sequence[Reported]) -> Sweep:
    """The points of a swept study, all of them in order, together."""
    names = list(dict.fromkeys(name for point in points for name in point.figures))
    figures = {name: stacked(study.sweep, [point.figures.get(name) for point in points]) for name in names}
    each = [point.convergence for point in points]
    figures["convergence"] = _convergence(study.sweep, each)
    worst = Convergence(min(c.replicates for c in each), max(c.capex for c in each), max(c.rank for c in each),
                        each[0].tolerance)
    figures["option_map"] = _option_map(study, figures["ranking"], worst.replicates)
    return Sweep(study, figures, worst, tuple(points))


# --- one array of many ----------------------------------------------------------------------------------------------


def coordinates(axes: Sequence[Axis]) -> dict[str, Frame]:
    """The swept quantities' values, with their units."""
    return {axis.name: Frame((axis.name,), np.array(axis.labels), {"units": axis.unit, "long_name": axis.meaning})
            for axis in axes}


def stacked(axes: Sequence[Axis], groups: Sequence[Group | None]) -> Group:
    """The same group of every point as one, its variables with the swept quantities first.

    Points may have other values along a dimension, such as numbers of batteries: the result has all of them, with
    probability zero of numbers, and what else is not there missing.
    """
    there = [group or Group({}, {}) for group in groups]
    along = {name: _union(group.coords[name].values for group in there if name in group.coords)
             for name in _names(group.coords for group in there) if _is_index(there, name)}
    variables = {name: _joined(axes, [(g.variables.get(name), g) for g in there], along)
                 for name in _names(group.variables for group in there)}
    coords = coordinates(axes) | {name: Frame((name,), values, {}) for name, values in along.items()}
    for name in _names(group.coords for group in there):
        if name not in along:
            frame = _joined(axes, [(g.coords.get(name), g) for g in there], along)
            flat = frame.values.reshape(len(there), *frame.values.shape[len(axes):])
            own = name in OWN or (flat != flat[0]).any()
            coords[name] = frame if own else Frame(frame.dims[len(axes):], flat[0], frame.attrs)
    return Group(variables, coords)


def _names(each: Iterable[dict[str, Frame]]) -> list[str]:
    return list(dict.fromkeys(name for frames in each for name in frames))


def _is_index(groups: Sequence[Group], name: str) -> bool:
    return next(group.coords[name].dims for group in groups if name in group.coords) == (name,)


def _union(each: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """All values: texts as they come, numbers ascending."""
    arrays = list(each)
    if all(np.array_equal(arrays[0], other) for other in arrays):
        return arrays[0]
    if arrays[0].dtype.kind == "U":
        return np.array(list(dict.fromkeys(x for values in arrays for x in values.tolist())))
    return np.unique(np.concatenate(arrays))


def _joined(axes: Sequence[Axis], frames: Sequence[tuple[Frame | None, Group]],
            along: dict[str, NDArray[Any]]) -> Frame:
    """Arrays of all points as one."""
    first = next(frame for frame, _ in frames if frame is not None)
    shape = tuple(len(along[dim]) for dim in first.dims)
    each = [_aligned(frame or first._replace(values=first.values[:0]), group, along, shape) for frame, group in frames]
    sizes = [len(axis.values) for axis in axes]
    return Frame((*(axis.name for axis in axes), *first.dims), np.stack(each).reshape(*sizes, *shape), first.attrs)


def _aligned(frame: Frame, group: Group, along: dict[str, NDArray[Any]], shape: tuple[int, ...]) -> NDArray[Any]:
    """An array with all values along its dimensions."""
    if frame.values.shape == shape and all(np.array_equal(group[dim], along[dim]) for dim in frame.dims):
        return frame.values
    text = frame.values.dtype.kind == "U"
    full = np.full(shape, "" if text else 0.0 if "number" in frame.dims else math.nan,
                   frame.values.dtype if text else float)
    if frame.values.size:
        at = [[along[dim].tolist().index(x) for x in group[dim].tolist()] for dim in frame.dims]
        full[np.ix_(*at)] = frame.values
    return full


# --- of all points ---------------------------------------------------------------------------------------------------


def _convergence(axes: Sequence[Axis], each: Sequence[Convergence]) -> Group:
    """How far sampling went at every point."""
    meaning = {"replicates": "independent replicates",
               "capex": "largest relative standard error of a 5, 50 or 95 % quantile of CapEx",
               "rank": "largest standard error of a rank probability"}
    sizes, dims = [len(axis.values) for axis in axes], tuple(axis.name for axis in axes)
    names = {"replicates": "replicates", "capex": "capex_error", "rank": "rank_error"}
    return Group({new: Frame(dims, np.array([getattr(c, old) for c in each]).reshape(sizes), {
        "units": "1", "long_name": meaning[old]}) for old, new in names.items()}, coordinates(axes))


def _option_map(study: Study, ranking: Group, replicates: int) -> Group:
    """Who leads at every point, by listed criterion and scenario."""
    listed, before = study.listed, (slice(None),) * len(study.sweep)
    first, first_se = (ranking[f"rank_acceptability{end}"][..., 0][(*before, slice(listed))] for end in ("", "_se"))
    found = lead(first, first_se, ranking["tie"][(*before, slice(listed))], replicates)
    keys = np.array([b.key for b in study.builds])
    dims = (*(axis.name for axis in study.sweep), "criterion", "scenario")
    best = np.array([" = ".join(keys[one]) for one in found.group.reshape(-1, len(keys))]).reshape(found.best.shape)
    rival = np.where(found.rival_probability > 0, keys[found.rival], "")
    meaning = {"probability": "P(best), of those that mostly tie for it together",
               "probability_se": "standard error, at the most: P(best)",
               "rival_probability": "P(best) of the most probable of the others",
               "rival_probability_se": "standard error: P(best) of the most probable of the others",
               "open": "1 where the rival is at least half as probable, or as probable but for sampling error"}
    variables = {name: Frame(dims, getattr(found, name).astype(float), {"units": "1", "long_name": text})
                 for name, text in meaning.items()}
    return Group(variables, {
        **coordinates(study.sweep), **index(criterion=[c.name for c in study.criteria[:listed]],
                                            scenario=study.scenarios),
        "best": Frame(dims, best, {}), "rival": Frame(dims, rival, {})})
