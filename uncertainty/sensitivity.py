"""How much of an output's variance each input of any model takes: Sobol' indices and Shapley effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .analysis.error import Estimate, combine, not_above, share, trusted
from .analysis.labels import DUMMY, dataset
from .analysis.pickfreeze import Points, Shares, in_orders, indices, paired, shapley_exact
from .calls import At, Model, Sets, model_of, sets_of
from .design import Sampling, generator
from .propagation import Arrays, sampling_of

Floats = NDArray[np.float64]
ESTIMATORS = ("azzini_2021", "saltelli_2010")
FEW, MANY = 6, 12  # inputs up to which all subsets are gone through, unasked and at all
ORDERS, LEAST = 16, 8  # of inputs in a replicate at most, and samples for each; of few orders errors are skewed
MEANINGS = {"first_order": "first-order index; of a group its closed index", "total_order": "total-order index",
            "shapley_effect": "Shapley effect, of the variance", "variance": "variance"}


def sobol_indices(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *,
                  groups: Mapping[str, Sequence[str]] | None = None, samples: int = 4096, replicates: int = 16,
                  seed: int = 0, correlation: Mapping[tuple[str, str], float] | None = None, method: str = "sobol",
                  estimator: str = "azzini_2021") -> xr.Dataset:
    """Divide the variance of each output among the uncertain inputs, and groups of them, by pick and freeze.

    Parameters
    ----------
    inputs, f, samples, replicates, seed, correlation, method
        as in `propagate`. The model is called again and again, and is to give the same for the same inputs.
    groups
        name -> names of uncertain inputs.
    estimator
        "azzini_2021", with two model runs for each input or group and sample, or "saltelli_2010", with one.

    Returns
    -------
    Dataset
        over (input, output), all [1]. Rows are the uncertain inputs in their order, each group of correlated inputs
        ("a + b", unless it is among yours), your groups, and "dummy", an input that nothing depends on.

        - `first_order`: share of the variance that knowing the input or the group would take away on average,
          V[E[Y|X_u]] / V[Y]; of a group this is its closed index. The dummy's is what chance gives;
        - `total_order`: share that is left on average when all others are known, E[V[Y|X_~u]] / V[Y];
        - `noise`: 1 where the 95 % interval of `total_order` is not above the dummy's, which is zero exactly, or where
          that is missing the one of `first_order` not above the dummy's; else 0.

        `variance` (output) [the output's unit squared]. Estimates have their `_se`, from the independent replicates;
        they are not clipped, and where a share is near 0 or 1 may be beyond it.

        Missing (NaN) where an output is constant but for rounding, or the 95 % interval of its variance reaches zero;
        the errors and `noise` with one replicate. Errors are infinite where one sample holds over a tenth of the
        variance, as where that is infinite itself. Sobol' indices assume
        independence: an input that is correlated has both missing, and a group of which a member is correlated with
        an input outside has no `total_order`. Its `first_order` is that of the definition, and counts in what is
        known of other inputs by correlation; to have that of a single input, name it as a group. The dummy has no
        `total_order`: of an input that does nothing it is zero exactly.

        Attributes: `estimator`, `samples`, `replicates`, `runs` of the model, and those of `propagate`.

    Raises
    ------
    ValueError
        as `propagate`; for an unknown estimator, or a group that is empty, has the name of another row or of an input,
        or a member that is no uncertain input or in it twice; where no input is uncertain, or the model gives no
        output, or not the same outputs every time; with "sobol", for more than 2048 uncertain inputs.

    Notes
    -----
    Azzini, Mara and Rosati (2021), Environ. Model. Softw. 144, 105167, whose numerators and denominator are made of the
    same four values: both indices of an input that does nothing are zero exactly, those of all inputs together one,
    and no first-order index exceeds its total-order one. "saltelli_2010" is table 2 (b) and (f) of Saltelli et al.
    (2010), Comput. Phys. Commun. 181, 259. Of correlated inputs those outside a group follow with it as the Gaussian
    copula has it. The dummy is that of Khorashadi Zadeh et al. (2017), Environ. Model. Softw. 91, 210.
    Replicates are put together by the ratio of the means of numerators and denominators.

    Where the model is smooth one set of Sobol' points is nearer the truth than 16 replicates of as many in all, and
    does not tell how near it is. How often intervals hold: docs/validation.md.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"estimator is {estimator!r}; wanted one of {', '.join(ESTIMATORS)}")
    sampling, model = sampling_of(samples, replicates, seed, method), _model(inputs, f, correlation)
    sets = sets_of(model, groups or {}, DUMMY)
    told, both = np.flatnonzero(sets.told), estimator == ESTIMATORS[0]
    found, outputs = list[Shares](), tuple[str, ...]()
    for points, a, b in _pairs(model, sampling):
        found.append(indices(a, b, points, [sets.rows[i] for i in told], _layout(a), both))
        outputs = a.outputs
    first, total = _divided(found, sets)
    pair, runs = ("input", "output"), samples * replicates * (2 + len(told) * (1 + both))
    estimates = _trusted({"first_order": (pair, first), "total_order": (pair, total), "variance": _variance(found)},
                         found, samples)
    result = _labelled(estimates, [*sets.names, DUMMY], outputs, model, sampling, runs)
    marked = _noise(estimates["first_order"][1], estimates["total_order"][1], replicates)
    noise = pair, marked, {"long_name": "1 where it is not above what an input that does nothing has"}
    return result.assign(noise=noise).assign_attrs(estimator=estimator)


def shapley_effects(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *, samples: int = 4096,
                    replicates: int = 16, seed: int = 0, correlation: Mapping[tuple[str, str], float] | None = None,
                    method: str = "sobol", exact: bool | None = None) -> xr.Dataset:
    """Divide the variance of each output among the uncertain inputs so that the shares sum to one, correlated or not.

    The Shapley effect of an input is what knowing it takes away from the variance, averaged over all orders in which
    the inputs may become known.

    Parameters
    ----------
    inputs, f, samples, replicates, seed, correlation, method
        as in `propagate`. The model is called again and again, and is to give the same for the same inputs.
    exact
        whether to go through all subsets of the inputs, 2**inputs model runs for each sample, or through random
        orders, with inputs + 2. By default all subsets of up to 6 inputs; of more than 12 they are refused.

    Returns
    -------
    Dataset
        - `shapley_effect` (input, output) [1]: not negative, but for chance, and of sum one exactly;
        - `variance` (output) [the output's unit squared].

        Both have their `_se`, from the independent replicates: of random orders it includes what is due to these.
        Missing (NaN) and infinite errors as in `sobol_indices`. An input that does nothing has
        exactly zero; where it is correlated with one that does, it takes part in the effect of that.

        Attributes: `exact` (0 or 1), `orders` (in each replicate; 0 if exact), `samples`, `replicates`, `runs` of the
        model, and those of `propagate`.

    Raises
    ------
    ValueError
        as `propagate`; where no input is uncertain, or too many are to go through all subsets; where the model gives no
        output, or not the same outputs every time; with "sobol", for more than 2048 uncertain inputs.

    Notes
    -----
    Owen (2014), SIAM/ASA J. Uncertain. Quantif. 2, 245; for correlated inputs Song, Nelson and Staum (2016), ibid. 4,
    1060, and Owen and Prieur (2017), ibid. 5, 986. Song et al. nest samples in samples; here two points that share the
    inputs that are known are enough, as Goda (2021), Reliab. Eng. Syst. Saf. 213, 107673, has it for independent
    inputs. Those that are not known follow by the Gaussian copula, which leaves the two points independent given what
    is known. Samples of a replicate are divided among 16 orders (fewer where samples are fewer than 128), of which
    every other is the reverse of the one before it, as in antithetic sampling.

    Effects are divided by their sum, not by the variance of all samples, which makes errors a little smaller. Go
    through all subsets where you can: the errors of random orders do not shrink with samples where inputs are
    correlated.
    """
    sampling, model = sampling_of(samples, replicates, seed, method), _model(inputs, f, correlation)
    players = [(row,) for row in range(len(model.drawn))]
    exact = len(players) <= FEW if exact is None else exact
    if exact and len(players) > MANY:
        raise ValueError(f"exact is True for {len(players)} uncertain inputs, of which there are {2 ** len(players)} "
                         f"subsets; wanted at most {MANY}, or random orders")
    orders = 0 if exact else max(2, min(ORDERS, samples // LEAST))
    effects, found, outputs = list[Floats](), list[Shares](), tuple[str, ...]()
    for replicate, (points, a, b) in enumerate(_pairs(model, sampling)):
        found.append(indices(a, b, points, [], _layout(a)))
        effects.append(shapley_exact(a, b, points, players, _layout(a)) if exact else
                       in_orders(a, b, points, players, _orders(len(players), orders, seed, replicate), _layout(a)))
        outputs = a.outputs
    effect = share(effects, np.sum(effects, axis=1, keepdims=True))
    runs = samples * replicates * (2 ** len(players) if exact else 2 + len(players))
    estimates = {"shapley_effect": (("input", "output"), effect), "variance": _variance(found)}
    result = _labelled(_trusted(estimates, found, samples), list(model.drawn), outputs, model, sampling, runs)
    return result.assign_attrs(exact=int(exact), orders=orders)


def _model(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays],
           correlation: Mapping[tuple[str, str], float] | None) -> Model:
    return model_of(inputs, f, correlation)


def _pairs(model: Model, sampling: Sampling) -> Iterator[tuple[Points, At, At]]:
    """Of each replicate two independent points of each sample, and the model there."""
    a = None
    for replicate in range(sampling.replicates):
        points = model.twins(sampling, replicate)
        a = a.moved(dict(enumerate(points.a))) if a else model.at(points.a)  # moved: outputs are to stay the same
        if not a.outputs:
            raise ValueError("the model gave no output; wanted one at least")
        yield points, a, a.moved(dict(enumerate(points.b)))


def _layout(a: At) -> dict[str, slice]:
    return {key: slice(0, len(values)) for key, values in a.changed.items()}


def _divided(found: Sequence[Shares], sets: Sets) -> tuple[Estimate, Estimate]:
    """First-order and total-order indices (set and the dummy, output), missing where they are not told."""
    spread = np.stack([shares.spread for shares in found])
    chance = share(*(np.stack([getattr(shares, name) for shares in found]) for name in ("chance", "whole")))
    told, rows = np.flatnonzero(sets.told), len(sets.rows) + 1
    each = []
    for name, where in (("closed", sets.told), ("total", sets.closed)):
        estimate = share(np.stack([getattr(shares, name) for shares in found]), spread)
        columns = [np.full((rows, spread.shape[-1]), np.nan) for _ in estimate]
        for column, values in zip(columns, estimate, strict=True):
            column[told] = np.where(where[told, None], values, np.nan)
        each.append(Estimate(*columns))
    each[0].value[-1], each[0].se[-1] = chance
    return each[0], each[1]


def _noise(first: Estimate, total: Estimate, replicates: int) -> Floats:
    """1 where an interval (input, output) is not wholly above the dummy's, else 0: of the total order it is zero."""
    nothing, chance = Estimate(0.0, 0.0), Estimate(*(x[-1] for x in first))
    return np.where(np.isnan(total.value), not_above(first, chance, replicates), not_above(total, nothing, replicates))


def _orders(count: int, orders: int, seed: int, replicate: int) -> list[list[int]]:
    bits = generator(seed, replicate, "orders of inputs")
    return paired([bits.random_raw(count) for _ in range(orders // 2)])


def _trusted(estimates: Mapping[str, tuple[Sequence[str], Estimate]], found: Sequence[Shares],
             samples: int) -> dict[str, tuple[Sequence[str], Estimate]]:
    """Estimates of outputs, those of which one sample holds much of the variance with an infinite error."""
    largest, count = np.max([x.largest for x in found], axis=0), 2 * samples
    squares = count * np.sum([x.whole for x in found], axis=0)
    return {name: (dims, trusted(each, largest, squares, count * len(found)))
            for name, (dims, each) in estimates.items()}


def _variance(found: Sequence[Shares]) -> tuple[tuple[str, ...], Estimate]:
    return ("output",), combine([shares.whole for shares in found])


def _labelled(estimates: Mapping[str, tuple[Sequence[str], Estimate]], names: list[str], outputs: Sequence[str],
              model: Model, sampling: Sampling, runs: int) -> xr.Dataset:
    result = dataset(estimates, {"input": names, "output": list(outputs)})
    for name in estimates:
        result[name].attrs["long_name"] = MEANINGS[name]
    return result.assign_attrs(samples=sampling.samples, replicates=sampling.replicates, runs=runs, seed=sampling.seed,
                               method=sampling.method, correlation_repaired=int(model.dependence.repaired))
