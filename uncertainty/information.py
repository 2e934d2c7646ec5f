"""What it is worth to know more before one chooses among options that any model values: EVPI, EVPPI and EVSI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .analysis.error import Estimate, combine, counted, ratio
from .analysis.information import TIMES, Told, measured
from .analysis.labels import dataset
from .calls import Model
from .design import turn
from .options import Choice, choice_of, product_of
from .propagation import Arrays, sampling_of
from .strict import distinct

Floats = NDArray[np.float64]
MEANINGS = {"evpi": "expected value of perfect information", "evppi": "expected value of knowing the inputs",
            "share": "evppi over evpi", "evsi": "expected value of the measurement", "net_value": "evsi less its cost",
            "expected_value": "mean value", "probability_best": "P(best), ties split evenly"}


def evpi(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *, options: Sequence[str], samples: int = 4096,
         replicates: int = 16, seed: int = 0, correlation: Mapping[tuple[str, str], float] | None = None,
         method: str = "sobol") -> xr.Dataset:
    """Expected value of perfect information: what it is worth to know all inputs before one chooses.

    Parameters
    ----------
    inputs, f, samples, replicates, seed, correlation, method
        as in `propagate`, whose samples these are.
    options
        outputs of the model, two at least: what each option is worth, in one unit. More is better.

    Returns
    -------
    Dataset
        each with its `_se`, from the independent replicates:

        - `evpi` [the options' unit]: the mean over samples of the largest value of any option, less the largest mean;
        - `expected_value` (option) [the options' unit];
        - `probability_best` (option) [1]: share of samples in which the option is best; ties are split evenly.

        Attributes: `best`, the option of the largest mean, which one chooses who knows nothing more; `runs` of the
        model; `samples`, `replicates`, and those of `propagate`.

    Raises
    ------
    ValueError
        as `propagate`; where no input is uncertain, there are fewer than two options, one is given twice, or is no
        output of the model.

    Notes
    -----
    Raiffa and Schlaifer (1961), Applied Statistical Decision Theory. It is estimated by the regret of the best option:
    exactly 0, with an error of 0, where that is best in every sample, for which `upper_limit` of the number of samples
    bounds only the probability that it is not.
    """
    choice = choice_of(inputs, f, options, sampling_of(samples, replicates, seed, method), correlation)
    told = choice.sampled(inputs)
    estimates = {"evpi": ((), told.trusted(combine(told.perfect), samples)),
                 "expected_value": (("option",), told.trusted(combine(-told.means), samples, by_option=True)),
                 "probability_best": (("option",), counted(told.best, samples))}
    return _labelled(choice, told, dataset(estimates, {"option": list(choice.options)}), 0)


def evppi(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *, options: Sequence[str],
          of: Sequence[str] | Mapping[str, Sequence[str]] | None = None, samples: int = 4096, replicates: int = 16,
          seed: int = 0, correlation: Mapping[tuple[str, str], float] | None = None,
          method: str = "sobol") -> xr.Dataset:
    """Expected value of partial perfect information: what it is worth to know some inputs before one chooses.

    Parameters
    ----------
    inputs, f, options, samples, replicates, seed, correlation, method
        as in `evpi`. The model is called again and again, with four times `samples` for each row, and is to give the
        same for the same inputs.
    of
        names of uncertain inputs that are known together; or name -> names, one row for each; by default each
        uncertain input by itself.

    Returns
    -------
    Dataset
        over `input`, rows as `of` has them (a list is one row, "a + b"), each with its `_se`:

        - `evppi` [the options' unit];
        - `share` [1] of the EVPI; missing (NaN) where that is zero.

        Besides, of all inputs together, `evpi`. Attributes as `evpi`, and `points` and `inner`: in each replicate at
        how many points the inputs are known, and how many samples of all others meet each.

    Raises
    ------
    ValueError
        as `evpi`; for a row without names, a name that is no uncertain input, or twice in its row; where the model
        does not give the options every time; with "sobol", for more than 2048 uncertain inputs.

    Notes
    -----
    The means given the known inputs are those of model runs: at every point of the known inputs with the same samples
    of all others. No regression stands in for the model. What these samples err by at all points alike is taken off,
    and the bias of choosing by means of few is too, by two independent halves of them (Giles and Goda 2019, Stat.
    Comput. 29, 739). Values are not clipped: the true ones are from 0 to the EVPI, and no less for more inputs.
    An input that changes no option, and options of which one is best at every point, are worth exactly 0, with an
    error of 0; what chances are that were never met the error does not say. A row of all inputs is the EVPI itself.

    How often intervals hold: docs/validation.md. They do not where a reason to choose
    otherwise is met once in a thousand samples or less, nor where two options have the same mean and an input, which
    changes the mean of neither, interacts with others: it is worth nothing, and a little is found.

    To know an input tells of those that are correlated with it, which follow as the Gaussian copula has it: one that
    the model does not use has a value where it is correlated with one that matters.
    """
    choice = choice_of(inputs, f, options, sampling_of(samples, replicates, seed, method), correlation)
    sets = _sets(choice.model, of)
    told = choice.sampled(inputs)
    some = {name: rows for name, rows in sets.items() if len(rows) < len(choice.model.drawn)}
    values = dict.fromkeys(sets, told.perfect) | _partial(choice, told, some)
    found = np.stack([values[name] for name in sets], axis=-1)
    estimates = {"evppi": (("input",), combine(found)), "share": (("input",), ratio(found, told.perfect[:, None])),
                 "evpi": ((), combine(told.perfect))}
    estimates = {name: (dims, told.trusted(each, samples)) for name, (dims, each) in estimates.items()}
    return _labelled(choice, told, dataset(estimates, {"input": list(sets)}), len(some))


def evsi(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *, options: Sequence[str], of: str, error: float,
         relative: bool = False, cost: float | None = None, samples: int = 4096, replicates: int = 16, seed: int = 0,
         correlation: Mapping[tuple[str, str], float] | None = None, method: str = "sobol") -> xr.Dataset:
    """Expected value of sample information: what it is worth to measure one input, with an error, before one chooses.

    Parameters
    ----------
    inputs, f, options, samples, replicates, seed, correlation, method
        as in `evppi`.
    of
        name of the uncertain input that is measured.
    error
        standard deviation of the measurement, which is normal and without bias: in the unit of the input, or where
        `relative` of its logarithm [1], of which the input has to be positive.
    cost
        of the measurement, in the unit of the options.

    Returns
    -------
    Dataset
        each with its `_se`, in the options' unit:

        - `evsi`;
        - `evppi`: what a measurement without any error would be worth, by the same points;
        - `net_value`: the EVSI less the cost, where that is given; for this one choice.

        Attributes as `evppi`.

    Raises
    ------
    ValueError
        as `evppi`; where the error is no positive number, the cost is negative or not finite, or an input whose
        logarithm is measured is not positive at a point.

    Notes
    -----
    As `evppi`, but the inputs' points are weighed by their likelihood given what is measured (Bayes' rule), 16 measured
    values for each point. An error below the distance of the points tells them apart as no error would.
    """
    if not 0 < error < np.inf:
        raise ValueError(f"error is {error}; wanted a positive number")
    if not isinstance(of, str):
        raise ValueError(f"of is {of!r}; wanted the name of one input")
    if cost is not None and not 0 <= cost < np.inf:
        raise ValueError(f"cost is {cost}; wanted a number, at least 0")
    choice = choice_of(inputs, f, options, sampling_of(samples, replicates, seed, method), correlation)
    row, = choice.model.rows([of])
    told = choice.sampled(inputs)
    each = [_measured(choice, replicate, row, error, relative) for replicate in range(replicates)]
    values = {name: told.trusted(combine(told.worth(np.stack(costs))), samples)
              for name, costs in zip(("evsi", "evppi"), zip(*each, strict=True), strict=True)}
    if cost is not None:
        values["net_value"] = Estimate(values["evsi"].value - cost, values["evsi"].se)
    found = _labelled(choice, told, dataset({name: ((), value) for name, value in values.items()}, {}), 1)
    return found.assign_attrs(of=of, error=error, relative=int(relative), **({} if cost is None else {"cost": cost}))


# --- what is asked ----------------------------------------------------------------------------------------------


def _sets(model: Model, of: Sequence[str] | Mapping[str, Sequence[str]] | None) -> dict[str, list[int]]:
    """Rows of the inputs that are known together, by name."""
    if of is None:
        return {name: [row] for row, name in enumerate(model.drawn)}
    given = of if isinstance(of, Mapping) else {"": of}
    named = {name: [members] if isinstance(members, str) else list(members) for name, members in given.items()}
    if not named:
        raise ValueError("of names no inputs; wanted one row at least")
    for name, members in named.items():
        if not members or not all(isinstance(member, str) for member in members):
            raise ValueError(f"inputs to know are {members!r}{f' in {name!r}' if name else ''}; "
                             "wanted a list of one name at least")
    return {name or " + ".join(members): model.rows(distinct(members)) for name, members in named.items()}


# --- runs of the model ------------------------------------------------------------------------------------------


def _partial(choice: Choice, told: Told, sets: Mapping[str, Sequence[int]]) -> dict[str, Floats]:
    """What it is worth to know each set, (replicate,)."""
    costs: dict[str, list[Floats]] = {name: [] for name in sets}
    for replicate in range(choice.sampling.replicates if sets else 0):
        product = product_of(choice, replicate)
        for name, rows in sets.items():
            costs[name].append(product.costs(rows))
    return {name: told.worth(np.stack(each)) for name, each in costs.items()}


def _measured(choice: Choice, replicate: int, row: int, error: float, relative: bool) -> tuple[Floats, Floats]:
    """Costs given measured values of an input, (option, value, half), and given the input, (option, point, half)."""
    name, quantile = list(choice.model.drawn.items())[row]
    product = product_of(choice, replicate)
    x = quantile(product.outer[row])
    if relative and x.min() <= 0:
        raise ValueError(f"{name!r} is {x.min():g} at a point; wanted a positive input, of which the error is relative")
    costs = product.costs([row])
    start = turn(choice.sampling.seed, replicate, "measurement")
    given = measured(np.moveaxis(costs, -1, 0), np.log(x) if relative else x, error, turn=start)
    return np.moveaxis(given, 0, -1), costs


def _labelled(choice: Choice, told: Told, found: xr.Dataset, rows: int) -> xr.Dataset:
    for name in [name for name in MEANINGS if name in found]:
        found[name].attrs["long_name"] = MEANINGS[name]
    sampling, model = choice.sampling, choice.model
    runs = sampling.replicates * sampling.samples * (1 + TIMES * rows)
    attrs = {"points": choice.points, "inner": choice.inner} if rows else {}
    return found.assign_attrs(best=choice.options[told.choice], runs=runs, samples=sampling.samples,
                              replicates=sampling.replicates, **attrs, seed=sampling.seed, method=sampling.method,
                              correlation_repaired=int(model.dependence.repaired))
