"""The nearest flip of any model: what the least change of its inputs is that makes something true, or false."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from .analysis.flips import Nearest, nearest
from .analysis.labelled import probability
from .copula import Copula
from .design import Sampling
from .propagation import Arrays, dependence_of, draws, outputs_of, sampling_of
from .space import Space, displacements, levels, shares, space, values

STARTS = 128  # flipped samples that the search may start from
Event = Callable[[Arrays], NDArray[np.bool_]]


def nearest_flip(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], event: Event, *, samples: int = 4096,
                 replicates: int = 16, seed: int = 0, correlation: Mapping[tuple[str, str], float] | None = None,
                 method: str = "sobol", reach: float = 8.0) -> xr.Dataset:
    """Search the least change of uncertain inputs, away from their central values, that flips an event.

    Parameters
    ----------
    inputs, f, samples, replicates, seed, correlation, method
        as in `propagate`. Central values are medians, or the `central` that a marginal was given; numbers stay as
        they are. The model is also called with other numbers of samples than `samples`.
    event
        outputs by name -> booleans (sample,); it is flipped where it differs from what it is at the central values.
    reach
        how far to look, in standard deviations, where no sample flips.

    Returns
    -------
    Dataset
        over the uncertain inputs, missing where no flip was found:

        - `point` (input): where the nearest flip is, in the units of the inputs, and `center` (input), whence;
        - `level` (input) [1]: the share of each input's distribution below the point;
        - `share` (input) [1]: of the squared distance; they sum to one, and may be negative where correlated.

        Of the whole:

        - `distance` [standard deviations]: of the point from the central values, in independent standard normal
          space (that of the Gaussian copula); infinite where no flip was found, never missing;
        - `probability` [1] of a flip among the samples, with `probability_se` and `upper_limit` as `probability`
          gives them. The distance is none: it says nothing of how much lies beyond it.

        Attributes: `holds_centrally` (0 or 1), `searched` (points tried besides samples), `radius` (no point that
        was tried flips within it: the distance, or else `reach`); and those of `propagate`.

    Raises
    ------
    ValueError
        as `propagate`, also for points that only the search tries, up to `reach`; where the event gives anything
        but booleans, one for each sample; where no input is uncertain, or `reach` is no positive number.

    Notes
    -----
    For a smooth limit it is the reliability index of Hasofer and Lind (1974), J. Eng. Mech. Div. ASCE 100, 111, with
    the central values as origin; see Der Kiureghian (2005), First- and second-order reliability methods, in
    Engineering Design Reliability Handbook, ch. 14. It is a search, and no proof that there is no nearer flip.
    """
    sampling, dependence = sampling_of(samples, replicates, seed, method), dependence_of(inputs, correlation)
    names = [name for name, x in inputs.items() if not isinstance(x, Real)]
    if not names:
        raise ValueError("no input is uncertain; wanted one distribution at least")
    if not 0 < reach < np.inf:
        raise ValueError(f"reach is {reach}; wanted a positive number")
    room = space([inputs[name] for name in names], _scores(dependence, names))
    problem = _Problem(inputs, names, f, event, room)
    holds = bool(_truth(problem, np.zeros((1, len(names))))[0])
    flipped, starts = _sampled(problem, sampling, dependence, holds)
    found = nearest(lambda points: _truth(problem, points) != holds, len(names), starts, reach)
    attrs = {"holds_centrally": int(holds), "searched": found.searched, "radius": found.radius, "seed": seed,
             "method": method, "correlation_repaired": int(dependence.repaired)}
    return _labelled(problem, found).merge(probability(flipped)).assign_attrs(attrs)


class _Problem(NamedTuple):
    """What is asked: a model, an event, and the space of the uncertain inputs."""

    inputs: Mapping[str, Any]
    names: list[str]
    f: Callable[[Arrays], Arrays]
    event: Event
    room: Space


def _scores(dependence: Copula, names: list[str]) -> NDArray[np.float64]:
    """Correlation matrix of the normal scores of the uncertain inputs."""
    latent, rows = np.eye(len(names)), [names.index(name) for name in dependence.names]
    latent[np.ix_(rows, rows)] = 2 * np.sin(np.pi / 6 * dependence.used)
    return latent


def _truth(problem: _Problem, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the event holds at displacements (point, input), (point,)."""
    count = len(points)
    x = {name: np.full(count, float(v)) for name, v in problem.inputs.items() if name not in problem.names}
    x |= dict(zip(problem.names, values(problem.room, points).T.copy(), strict=True))
    return _holds(problem, {name: x[name] for name in problem.inputs}, count)


def _holds(problem: _Problem, x: dict[str, NDArray[Any]], count: int) -> NDArray[np.bool_]:
    given = np.asarray(problem.event(outputs_of(problem.f, x, count)))
    if given.dtype != bool:
        raise ValueError(f"the event gave values of {given.dtype}; wanted booleans")
    if given.shape != (count,):
        raise ValueError(f"the event has shape {given.shape}; wanted ({count},), one for each sample")
    return given


def _sampled(problem: _Problem, sampling: Sampling, dependence: Copula,
             holds: bool) -> tuple[xr.DataArray, NDArray[np.float64]]:
    """Which samples flip, (replicate, sample), and the displacements of the nearest of these, (start, input)."""
    flipped, starts = [], np.empty((0, len(problem.names)))
    for u, x in draws(problem.inputs, sampling, dependence):
        flipped.append(_holds(problem, x, sampling.samples) != holds)
        starts = np.concatenate([starts, displacements(problem.room, ndtri(u[:, flipped[-1]])).T])
        starts = starts[np.argsort((starts * starts).sum(axis=1), kind="stable")[:STARTS]]
    return xr.DataArray(np.stack(flipped), dims=("replicate", "sample")), starts


def _labelled(problem: _Problem, found: Nearest) -> xr.Dataset:
    point, room = found.point, problem.room
    lost = np.isnan(point)
    at = np.where(lost, 0.0, point)[None]
    columns = {"point": values(room, at)[0], "level": levels(room, at)[0], "share": shares(room, at[0])}
    return xr.Dataset({name: ("input", np.where(lost, np.nan, column)) for name, column in columns.items()}
                      | {"center": ("input", room.centers), "distance": ((), found.distance)},
                      {"input": problem.names})
