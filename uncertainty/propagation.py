"""Samples of any model: inputs by name in, outputs by name out, labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .copula import Copula, copula, correlate
from .design import METHODS, Sampling, Stream, points, unit
from .inverse import quantile_function

Arrays = Mapping[str, NDArray[Any]]


def propagate(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], *, samples: int = 4096,
              replicates: int = 16, seed: int = 0, correlation: Mapping[tuple[str, str], float] | None = None,
              method: str = "sobol") -> xr.Dataset:
    """Send the uncertainty of inputs through a model of your own.

    Parameters
    ----------
    inputs
        name -> marginal (`uniform`, `pert`, ...), frozen scipy.stats distribution, or number. An input's draws are
        keyed by its name and its place; appending one leaves the others as they are.
    f
        vectorised model: takes name -> array (sample,), gives name -> array (sample,), finite.
    samples, replicates
        `replicates` independent point sets of `samples` each, a power of two; at least 8 for firm errors.
    seed
        a whole number, at least 0.
    correlation
        Spearman coefficients of pairs of inputs (Gaussian copula); a matrix that is none is replaced by the
        nearest, which `attrs["correlation_repaired"]` tells.
    method
        "sobol", "lhs" or "random".

    Returns
    -------
    Dataset
        every input and output over (replicate, sample).

    Raises
    ------
    ValueError
        for sizes, names or coefficients that make no sense; where the model gives no mapping, an array of another
        shape, or values that are not finite, with the first inputs that made them.
    """
    sampling = sampling_of(samples, replicates, seed, method)
    dependence = dependence_of(inputs, correlation)
    columns: dict[str, list[NDArray[Any]]] = {}
    for _, x in draws(inputs, sampling, dependence):
        for name, values in (x | outputs_of(f, x, samples)).items():
            columns.setdefault(name, []).append(values)
    about = {"seed": seed, "method": method, "samples": samples, "replicates": replicates,
             "correlation_repaired": int(dependence.repaired)}
    return xr.Dataset({name: (("replicate", "sample"), np.stack(c), {"role": "input" if name in inputs else "output"})
                       for name, c in columns.items()}, attrs=about)


def dependence_of(inputs: Mapping[str, Any], correlation: Mapping[tuple[str, str], float] | None) -> Copula:
    """The copula of those uncertain inputs of which pairs are correlated, in their order."""
    pairs = _checked(correlation or {}, inputs)
    return copula([name for name in inputs if any(name in pair for pair in pairs)], pairs)


def draws(inputs: Mapping[str, Any], sampling: Sampling,
          dependence: Copula) -> Iterator[tuple[NDArray[np.float64], dict[str, NDArray[Any]]]]:
    """Of each replicate the levels (uncertain input, sample), and every input's values (sample,)."""
    drawn = {name: quantile_function(x) for name, x in inputs.items() if not isinstance(x, Real)}
    streams = [Stream(name, i) for i, name in enumerate(inputs) if name in drawn]
    rows = [list(drawn).index(name) for name in dependence.names]
    for replicate in range(sampling.replicates):
        u = unit(points(streams, sampling, replicate)(0, sampling.samples))
        if rows:
            correlate(u, rows, dependence.factor)
        x = {name: np.full(sampling.samples, float(value)) for name, value in inputs.items() if name not in drawn}
        x |= {name: quantile(row) for (name, quantile), row in zip(drawn.items(), u, strict=True)}
        yield u, {name: x[name] for name in inputs}


def outputs_of(f: Callable[[Arrays], Arrays], x: Arrays, samples: int) -> dict[str, NDArray[Any]]:
    """The model's outputs at `x`, refused with a reason where they are not what a model gives."""
    for values in x.values():
        values.flags.writeable = False  # a model that writes into its inputs would falsify them
    try:
        given = f(dict(x))
    except Exception as error:
        error.add_note(f"the model failed at {samples} samples; the first has {_made(x, 0)}")
        raise
    if not isinstance(given, Mapping):
        raise ValueError(f"the model gave {type(given).__name__}; wanted a mapping name -> array")
    outputs = {name: np.array(values) for name, values in given.items()}  # copies: a model may reuse its arrays
    for name, values in outputs.items():
        if name in x:
            raise ValueError(f"the model's output {name!r} has the name of an input")
        if values.shape != (samples,):
            raise ValueError(f"the model's output {name!r} has shape {values.shape}; wanted ({samples},)")
        if np.ma.is_masked(given[name]):
            raise ValueError(f"the model's output {name!r} is masked in places; wanted all its values")
        if values.dtype.kind not in "biuf":
            raise ValueError(f"the model's output {name!r} is of {values.dtype}; wanted real numbers or booleans")
        bad = ~np.isfinite(values)
        if bad.any():
            raise ValueError(f"the model's output {name!r} is not finite in {bad.sum()} of {samples} samples; "
                             f"first where {_made(x, int(np.argmax(bad)))}")
    return outputs


def _made(x: Arrays, sample: int) -> str:
    return ", ".join(f"{name} = {values[sample]:g}" for name, values in x.items())


def sampling_of(samples: int, replicates: int, seed: int, method: str) -> Sampling:
    """The sampling asked for, refused where it makes no sense."""
    whole: dict[str, Any] = {"samples": samples, "replicates": replicates, "seed": seed}
    for name, value in whole.items():
        if not isinstance(value, Integral):
            raise ValueError(f"{name} is {value!r}; wanted a whole number")
    if samples < 2 or samples & (samples - 1):
        raise ValueError(f"samples is {samples}; wanted a power of two, at least 2")
    if replicates < 1:
        raise ValueError(f"replicates is {replicates}; wanted at least 1")
    if seed < 0:
        raise ValueError(f"seed is {seed}; wanted a whole number, at least 0")
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; wanted one of {', '.join(METHODS)}")
    return Sampling(int(samples), int(replicates), int(seed), method)


def _checked(correlation: Mapping[tuple[str, str], float], inputs: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    for (a, b), rho in correlation.items():
        unknown = [n for n in (a, b) if n not in inputs or isinstance(inputs[n], Real)]
        if unknown:
            raise ValueError(f"correlation of {a} and {b}: {unknown[0]} is not among the uncertain inputs")
        if a == b or (b, a) in correlation:
            raise ValueError(f"correlation of {a} and {b}: " + ("with itself" if a == b else "given twice"))
        if not -1 <= rho <= 1:
            raise ValueError(f"correlation of {a} and {b} is {rho}; wanted -1 to 1")
    return dict(correlation)
