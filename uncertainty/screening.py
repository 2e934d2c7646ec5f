"""Which inputs of any model matter at all, for few runs: elementary effects, and one input at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .analysis.error import upper_limit
from .analysis.labels import dataset
from .analysis.screening import LEAST, elementary_effects, moments, partners, swings
from .design import Sampling, Stream, points, unit
from .distributions import Marginal
from .inverse import QuantileFunction, quantile_function
from .propagation import Arrays, outputs_of

Floats = NDArray[np.float64]


def morris(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *, trajectories: int = 64,
           seed: int = 0) -> xr.Dataset:
    """Screen the inputs of a model that costs something to run, by elementary effects.

    From a random base point one step is taken along each uncertain input in turn. The elementary effect is the change
    of the output over the length of the step, in levels: shares of the input's distribution, so that inputs of any
    unit compare. Where an output is linear in a level, it is the change from the input's lowest to its highest value.

    Parameters
    ----------
    inputs, f
        as in `propagate`; inputs are independent. The model is called once, with all points, and is to give the same
        for the same inputs.
    trajectories
        how many base points, at least 3. More of them leave the first as they are.
    seed
        a whole number, at least 0.

    Returns
    -------
    Dataset
        over (input, output), in the unit of the output but where said; uncertain inputs only:

        - `mu`: mean elementary effect, which effects of both signs cancel in;
        - `mu_star`: mean of its absolute value, by which inputs rank;
        - `sigma`: its standard deviation; zero where the output is linear in the level and does not interact;
        - `moved` [1]: share of steps that moved the output;
        - `mu_se`, `mu_star_se`, `sigma_se`, `moved_se`: standard errors, of the independent trajectories;
        - `upper_limit` [1]: where no step moved the output, the 95 % limit of the probability that one does;
          elsewhere missing.

        Attributes: `runs` of the model, trajectories * (uncertain inputs + 1); `trajectories`; `least_step`; `seed`.

    Raises
    ------
    ValueError
        as `propagate`; where no input is uncertain, the model gives no output, or there are too few trajectories.

    Notes
    -----
    The design is the radial one of Campolongo, Saltelli and Cariboni (2011), Comput. Phys. Commun. 182, 978, which
    they find superior to the winding trajectories of Morris (1991), Technometrics 33, 161. Each effect is measured
    from a base point, and none depends on the order of the inputs. Points are plainly random, not Sobol': trajectories
    are then independent, any number of them will do, and errors hold with trajectories - 1 degrees of freedom.

    Steps between levels are 1/4 to 3/4 long, with both ends spread evenly over all levels. Without a least length
    effects on an output that jumps would be as large as one likes, their variance infinite and errors wrong; here they
    are at most four times the change. A single length of 1/2, Morris's choice in the limit of many levels, would not
    see that an output repeats after half the levels, as Ishigami's function does along its second input. An effect is
    zero where a discrete input keeps its value.

    Where few effects rule, as of products of wide lognormals, errors are too small, of sigma above all; they do not
    hold at all where the output's own variance is infinite.
    """
    if trajectories < 3:
        raise ValueError(f"trajectories is {trajectories}; wanted at least 3")
    if seed < 0:
        raise ValueError(f"seed is {seed}; wanted a whole number, at least 0")
    drawn = _uncertain(inputs)
    base, reached = _levels(list(drawn), trajectories, seed)
    centers = {name: q(u) for (name, q), u in zip(drawn.items(), base, strict=True)}
    ends = {name: q(v)[:, None] for (name, q), v in zip(drawn.items(), reached, strict=True)}
    names, outputs = _outputs(inputs, f, centers, ends)
    found = moments(elementary_effects(outputs, reached - base))
    dims, limit = ("input", "output"), np.where(found["moved"].value == 0, upper_limit(trajectories), np.nan)
    screened = dataset({name: (dims, estimate) for name, estimate in found.items()},
                       {"input": list(drawn), "output": names}).assign(upper_limit=(dims, limit))
    return screened.assign_attrs(runs=outputs[0].size, trajectories=trajectories, least_step=LEAST, seed=seed)


def one_at_a_time(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *, low: float = 0.05,
                  high: float = 0.95) -> xr.Dataset:
    """Move each uncertain input to a low and a high quantile, all others at their central values: a tornado diagram.

    Parameters
    ----------
    inputs, f
        as in `propagate`. Central values are medians, or the `central` that a marginal was given; numbers stay as
        they are. The model is called once, with all points.
    low, high
        levels of the quantiles [1], inside (0, 1).

    Returns
    -------
    Dataset
        inputs that are uncertain, in their order; outputs in their own units:

        - `baseline` (output): all inputs at their central values;
        - `low`, `high` (input, output): the input at its low, and at its high quantile;
        - `swing` (input, output): the largest of these three outputs less the smallest, so that an output that turns
          between the quantiles still counts;
        - `one_sided` (input, output): 1 where low and high both lie above the baseline, or both below it, else 0: the
          output turns between the quantiles, or the central value lies outside them;
        - `low_value`, `high_value`, `central` (input): the input's values, in its own unit.

        Attributes: `low_level`, `high_level`, and `runs` of the model, 2 * uncertain inputs + 1.

    Raises
    ------
    ValueError
        as `propagate`; where no input is uncertain, the model gives no output, or the levels make no sense.

    Notes
    -----
    It sees no interaction, and of all that inputs may be only two values each beside the centre: Saltelli and Annoni
    (2010), Environ. Model. Softw. 25, 1508. Nothing is sampled, so that nothing has a standard error.
    """
    if not 0 < low < high < 1:
        raise ValueError(f"low is {low} and high {high}; wanted 0 < low < high < 1")
    values = {name: q.exact(np.array([low, high])) for name, q in _uncertain(inputs).items()}
    central = {name: _center(inputs[name]) for name in values}
    names, outputs = _outputs(inputs, f, {name: np.array([c]) for name, c in central.items()},
                              {name: v[None] for name, v in values.items()})
    baseline, at_low, at_high = outputs[:, 0, 0], outputs[:, 0, 1::2].T, outputs[:, 0, 2::2].T
    swing, one_sided = swings(at_low, at_high, baseline)
    table = {"low": at_low, "high": at_high, "swing": swing, "one_sided": one_sided}
    lows, highs = np.array(list(values.values())).T
    column = {"low_value": lows, "high_value": highs, "central": np.array(list(central.values()))}
    return xr.Dataset({name: (("input", "output"), v) for name, v in table.items()} | {"baseline": ("output", baseline)}
                      | {name: ("input", v) for name, v in column.items()}, {"input": list(values), "output": names},
                      {"low_level": low, "high_level": high, "runs": outputs[0].size})


def _uncertain(inputs: Mapping[str, Any]) -> dict[str, QuantileFunction]:
    found = {name: quantile_function(x) for name, x in inputs.items() if not isinstance(x, Real)}
    if not found:
        raise ValueError("no input is uncertain; wanted one distribution at least")
    return found


def _center(marginal: Any) -> float:
    return marginal.center() if isinstance(marginal, Marginal) else float(marginal.ppf(0.5))


def _levels(names: list[str], trajectories: int, seed: int) -> tuple[Floats, Floats]:
    """Levels of base points and those stepped to, both (input, trajectory)."""
    streams = [Stream(name, i) for i, name in enumerate(names)]
    random = unit(points(streams, Sampling(seed=seed, method="random"), 0)(0, 2 * trajectories))
    base = random[:, ::2]
    return base, partners(base, random[:, 1::2])


def _outputs(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], centers: Mapping[str, Floats],
             ends: Mapping[str, Floats]) -> tuple[list[str], Floats]:
    """Names of outputs, and their values (output, set, 1 + input * end).

    Each set has its centres, name -> (set,), and away from these each input in turn at its ends, name -> (set, end).
    """
    sets, count = next(iter(ends.values())).shape
    x = {}
    for name, value in inputs.items():
        rows = np.empty((sets, 1 + count * len(ends)))
        rows[:] = centers[name][:, None] if name in ends else float(value)
        if name in ends:
            first = 1 + count * list(ends).index(name)
            rows[:, first : first + count] = ends[name]
        x[name] = rows.reshape(-1)
    outputs = outputs_of(f, x, rows.size)
    if not outputs:
        raise ValueError("the model gave no output; wanted one at least")
    return list(outputs), np.array(list(outputs.values()), np.float64).reshape(len(outputs), sets, -1)
