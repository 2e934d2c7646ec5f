"""Tests as fields to be searched: margins over the scores of their inputs, by fast tables of these."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from . import model
from .analysis.field import Field, Judged
from .distributions import Marginal
from .inverse import _interpolate, quantile_function
from .margins import Margins
from .space import FARTHEST
from .trial import Trial, flipped_by, inputs_at, outputs_at

Floats = NDArray[np.float64]
CELLS, WIDTH = 64, 9  # cells of a table in one unit of a score, and how far it goes
LEDGES = 12  # of a price, to either side of its central value
HALVINGS = 60  # after which a ledge is as close as numbers are


def field(trial: Trial) -> Field:
    """The field of a test."""
    def at(points: Floats) -> Judged:
        return _judged(trial, _values(trial, points), len(points))

    def lines(bases: Floats, places: Floats) -> Judged:
        values = []
        for i, column in enumerate(trial.column):
            own = np.empty(places.shape)
            own[...] = value(trial, i, bases[:, column])[:, None, None]
            own[:, column] = value(trial, i, places[:, column])
            values.append(own.ravel())
        flips, margin = _judged(trial, values, places.size)
        return flips.reshape(places.shape), margin.reshape(places.shape)

    correlation = trial.space.factor @ trial.space.factor.T
    return Field(at, lines, lambda points: _needs(trial, points), _ledges(trial), correlation)


def _values(trial: Trial, points: Floats) -> list[Floats]:
    z = np.ascontiguousarray(points.T)
    return [value(trial, i, z[column]) for i, column in enumerate(trial.column)]


def _judged(trial: Trial, values: Sequence[Floats], count: int) -> Judged:
    """Whether the test is flipped at values (draw, point) of its inputs, and by what margin it is not."""
    outputs = outputs_at(trial, values, count)
    flips = flipped_by(trial, outputs, count)
    with np.errstate(invalid="ignore"):
        margin = Margins(trial.ground, outputs).of(trial.test).min(axis=0)
    margin = np.broadcast_to(margin if trial.held else -margin, count)
    return flips, np.where(np.isnan(margin), np.where(flips, -1.0, 1.0), margin)


# --- values of scores ------------------------------------------------------------------------------------------


def value(trial: Trial, i: int, z: Floats) -> Floats:
    """Values of the i-th input at displacements of its score, to some 1e-8; the central one at nought."""
    if not z.any():
        return np.full(z.shape, trial.central[i])
    marginal, origin = trial.plan.marginals[trial.draws[i]], float(trial.space.origin[trial.column[i]])
    if marginal.is_discrete:
        x = quantile_function(marginal)(ndtr(np.clip(origin + z, -FARTHEST, FARTHEST)))
    else:
        x = _tabled(marginal, origin, z)
    x[z == 0.0] = trial.central[i]
    return x


def _tabled(marginal: Marginal, origin: float, z: Floats) -> Floats:
    place = np.minimum(np.maximum(z, -WIDTH), WIDTH)
    place *= CELLS
    place += WIDTH * CELLS
    return _interpolate(_table(marginal, origin), place, None)


@lru_cache(maxsize=1024)
def _table(marginal: Marginal, origin: float) -> Floats:
    """Cubics through a value's four nearest nodes, in equal cells of its score's displacement."""
    z = np.arange(-WIDTH * CELLS - 1, WIDTH * CELLS + 2) / CELLS
    x = quantile_function(marginal)(ndtr(np.clip(origin + z, -FARTHEST, FARTHEST)))
    a, b, c, d = x[:-3], x[1:-2], x[2:-1], x[3:]
    cubics = np.stack([b, c - a / 3 - b / 2 - d / 6, (a + c) / 2 - b, (b - c) / 2 + (d - a) / 6], axis=1)
    return np.concatenate([cubics, [[x[-2], 0.0, 0.0, 0.0]]])


# --- where a field has steps -----------------------------------------------------------------------------------


def _needs(trial: Trial, points: Floats) -> Floats:
    """Logarithms of the battery units, not whole ones, of each build (need, point); none where none are counted."""
    inputs = inputs_at(trial, _values(trial, points), len(points))
    known = model.Quantities(inputs, trial.plan.study.components)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for name in trial.outputs:
            known[name]
        if "battery_count" not in known:
            return np.empty((0, len(points)))
        need = np.log(np.maximum(known["unit_battery_need"] * known["device_count"], 1e-9))
    need = need.reshape(-1, need.shape[-1])
    return np.broadcast_to(need, (len(need), len(points)))


def _ledges(trial: Trial) -> tuple[Floats, ...]:
    """Of each input the displacements at both sides of its ledges: only prices have any, where devices are counted."""
    found, budget = [np.empty(0)] * len(trial.reach), trial.constants.get("budget")
    for draw, column, cells in zip(trial.draws, trial.column, trial.cells, strict=True):
        if budget is not None and cells[0][0] == "unit_price" and not trial.plan.marginals[draw].is_discrete:
            found[column] = _steps(trial.plan.marginals[draw], float(trial.space.origin[column]), float(budget.flat[0]))
    return tuple(found)


@lru_cache(maxsize=512)
def _steps(price: Marginal, origin: float, budget: float) -> Floats:
    """Displacements of a price's score between which the budget buys one device fewer; all lower ones come first."""
    def count(z: Floats) -> Floats:
        return np.floor(budget / _tabled(price, origin, z) + model.DUST)

    edge = FARTHEST - 1.0
    least, center, most = count(np.array([edge, 0.0, -edge])).tolist()
    counts = np.arange(max(least, center - LEDGES) + 1, min(most, center + LEDGES) + 1)
    low, high = np.full(len(counts), -edge), np.full(len(counts), edge)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = count(middle) >= counts
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.concatenate([low, high])
