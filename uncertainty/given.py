"""Sensitivity from samples that one already has, without a further run of the model; labelled.

What is asked of samples are plain questions of association. Inputs that are correlated share what they do: an input
that the model does not use has an index above zero where it is correlated with one that matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .analysis import given
from .analysis.error import Estimate, combine, not_above, ratio
from .analysis.labels import DUMMY, SAMPLED, by_replicate, dataset
from .design import generator
from .strict import nearest

Floats = NDArray[np.float64]
LEAST = 16  # samples of a replicate in a bin
PAIRS = ("input", "output")


class Rows(NamedTuple):
    """Variables by name, one for each cell of those with more dimensions: names, values (replicate, row, sample)."""

    names: list[str]
    values: Floats


class Outputs(NamedTuple):
    """What statistics of all inputs need, (replicate, output, sample)."""

    values: Floats  # standardised over all replicates, and zero where they are constant
    scores: Floats
    ranks: Floats
    places: tuple[given.Whole, given.Whole]
    overall: tuple[given.Whole, given.Whole]  # places among all samples, (output, all samples)


def given_data(samples: xr.Dataset, inputs: Sequence[str], outputs: Sequence[str] | None = None,
               bins: int = 32) -> xr.Dataset:
    """How much each output depends on each input: correlation, first-order index and PAWN index.

    Parameters
    ----------
    samples : Dataset over (replicate, sample, ...)
        as `propagate` or `sample` give. A variable with further dimensions is one for each of their cells, as
        "capex[scenario=engineering, build=dgx_spark]".
    inputs, outputs
        names of variables; outputs are by default all that vary from sample to sample and are no inputs.
    bins
        at most so many for each input, and at most one for 16 samples of a replicate. They hold equally many samples;
        equal values share one, so an input of few values has one for each of them.

    Returns
    -------
    Dataset
        over (input, output), all [1], each with its `_se`. The last input is "dummy", a random order of the samples,
        the same for the same sizes: what it gets is what chance gives.

        - `pearson`, `spearman`: correlation of values and of ranks, means over replicates;
        - `first_order`: share of the output's variance that knowing the input would take away, from straight lines in
          bins, without the bias of chance (`analysis.given.first_order`); it may be negative by chance. What lines do
          not follow is lost: of a jump amid one of 32 bins and all samples 1 %;
        - `pawn`, `pawn_max`: median and largest over bins of the Kolmogorov-Smirnov distance between the output in a
          bin and in all samples (Pianosi and Wagener 2018, Environ. Model. Softw. 108, 197), larger of few samples;
        - `pawn_dummy`: `pawn` of the input's values in random order, what chance gives with its bins;
        - `noise`, `pawn_noise`: 1 where the lower end of the 95 % interval of `first_order` or `pawn` is not above the
          upper end of the dummy's, or of `pawn_dummy`'s, else 0; missing where either interval is.

        Missing (NaN) where the input or the output is constant or has a missing value; correlations and errors of PAWN
        also where it is constant in one replicate. No errors with one replicate, for `first_order` with fewer than 3.

    Raises
    ------
    ValueError
        for an unknown name, values that are infinite or no real numbers, fewer than two bins or 32 samples of a
        replicate, or an input that is named "dummy".
    """
    x, y = _selected(samples, inputs, outputs)
    size = x.values.shape[-1]
    if DUMMY in x.names:
        raise ValueError(f"an input is named {DUMMY!r}, as the one that is added here; rename it")
    if bins < 2 or size < 2 * LEAST:
        raise ValueError(f"bins is {bins}, of {size} samples; wanted at least 2 bins, and {2 * LEAST} samples")
    bins = min(bins, size // LEAST)
    dummy, prepared = _dummy(*x.values.shape[::2]), _prepared(_defined(y.values))
    every = [*_defined(x.values).swapaxes(0, 1), dummy.astype(np.float64)]
    each = [_associations(row, dummy, prepared, bins) for row in every]
    found = {name: Estimate(*np.stack([one[name] for one in each], axis=1)) for name in each[0]}
    result = dataset({name: (PAIRS, estimate) for name, estimate in found.items()},
                     {"input": [*x.names, DUMMY], "output": y.names})
    noise = not_above(found["first_order"], Estimate(*(part[-1] for part in found["first_order"])), len(dummy))
    pawn_noise = not_above(found["pawn"], found["pawn_dummy"], len(dummy))
    return result.assign(noise=(PAIRS, noise), pawn_noise=(PAIRS, pawn_noise)).assign_attrs(bins=bins)


def conditional_means(samples: xr.Dataset, inputs: Sequence[str], outputs: Sequence[str] | None = None,
                      bins: int = 10) -> xr.Dataset:
    """Mean of each output in bins of each input; parameters as `given_data`, but bins may be of few samples.

    Returns
    -------
    Dataset
        over (input, output, bin), bins in ascending order of the input's values, from 1:

        - `mean` [the output's unit] and `mean_se`, missing where an output is undefined in the bin; the error is that
          between the ends that the bin has, not that of where they are;
        - `value` (input, bin) [the input's unit]: the input's mean there; `share` (input, bin) [1]: of all samples.

        Where an input has fewer bins, as one of few values has, the last are missing and their share is 0. So are all
        bins of an input with a missing value.

    Raises
    ------
    ValueError
        for an unknown name, values that are infinite or no real numbers, or no bin.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}; wanted at least 1")
    x, y = _selected(samples, inputs, outputs)
    mean, se = np.full((2, len(x.names), 1 + len(y.names), bins), np.nan)
    share = np.zeros((len(x.names), bins))
    for i, own in enumerate(x.values.swapaxes(0, 1)):
        if np.isnan(own).any():
            continue
        upper = given.ends(own, bins)
        by = [given.split(row, upper) for row in own]
        rows = np.concatenate([own[:, None], y.values], axis=1)
        sums = np.stack([given.bin_sums(r[:, split.order], split.counts) for r, split in zip(rows, by, strict=True)])
        counts = np.stack([split.counts for split in by])
        mean[i, :, : len(upper)], se[i, :, : len(upper)] = ratio(sums, counts[:, None])
        share[i, : len(upper)] = counts.sum(axis=0) / own.size
    result = dataset({"mean": ((*PAIRS, "bin"), Estimate(mean[:, 1:], se[:, 1:]))},
                     {"input": x.names, "output": y.names, "bin": np.arange(1, bins + 1)})
    return result.assign(value=(("input", "bin"), mean[:, 0]), share=(("input", "bin"), share))


def tornado_of_tenths(samples: xr.Dataset, inputs: Sequence[str], outputs: Sequence[str] | None = None) -> xr.Dataset:
    """Mean of each output where an input is in its lower and in its upper tenth; parameters as `given_data`.

    All other inputs vary as they do in the samples. A tenth is exactly that: samples which have the value at its end
    share its room evenly, so that an input of few values has tenths too, and none depends on the order of samples.

    Returns
    -------
    Dataset
        over (input, output), in the output's unit, each with its `_se`:

        - `low`, `high`: mean in the lower and the upper tenth of the input; `swing`: high less low;
        - `baseline` (output): mean of all samples; `low_value`, `high_value` (input) [the input's unit]: the input's
          mean in its tenths, without errors.

        Missing where the output or the input has a missing value, or the input is constant.

    Raises
    ------
    ValueError
        for an unknown name, or values that are infinite or no real numbers.
    """
    x, y = _selected(samples, inputs, outputs)
    weights = np.stack([given.tails(rows) for rows in x.values], axis=1)  # (end, replicate, input, sample)
    low, high = np.einsum("eris,ros->erio", weights, y.values)
    low_value, high_value = np.einsum("eris,ris->ei", weights, x.values) / len(x.values)
    idle = ~(np.ptp(x.values, axis=(0, -1)) > 0)  # constant, or with a missing value
    low[:, idle] = high[:, idle] = np.nan
    found = {"low": combine(low), "high": combine(high), "swing": combine(high - low)}
    baseline = ("output",), combine(y.values.mean(axis=-1))
    result = dataset({**{name: (PAIRS, estimate) for name, estimate in found.items()}, "baseline": baseline},
                     {"input": x.names, "output": y.names})
    return result.assign(low_value=("input", low_value), high_value=("input", high_value))


# --- from samples to rows ---------------------------------------------------------------------------------------


def _selected(samples: xr.Dataset, inputs: Sequence[str], outputs: Sequence[str] | None) -> tuple[Rows, Rows]:
    inputs = [inputs] if isinstance(inputs, str) else list(inputs)
    if outputs is None:
        outputs = [str(n) for n, v in samples.data_vars.items() if n not in inputs and {*SAMPLED} <= {*v.dims}
                   and v.attrs.get("role") != "input"]
    outputs = [outputs] if isinstance(outputs, str) else list(outputs)
    return _rows(samples, inputs, "input"), _rows(samples, outputs, "output")


def _rows(samples: xr.Dataset, names: Sequence[str], role: str) -> Rows:
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{role}s are {names}; wanted one at least, and each once")
    for name in names:
        if name not in samples.data_vars:
            raise ValueError(f"{role} {name!r} is no variable of the samples; {nearest(name, map(str, samples))}")
    labels, values = zip(*(_cells(samples, name) for name in names), strict=True)
    return Rows([cell for cells in labels for cell in cells], np.concatenate(values, axis=1))


def _cells(samples: xr.Dataset, name: str) -> tuple[list[str], Floats]:
    """A variable's cells by name, and their values (replicate, cell, sample); what does not vary is constant."""
    variable = samples[name]
    if variable.dtype.kind not in "biuf":
        raise ValueError(f"{name!r} is of {variable.dtype}; wanted real numbers or booleans")
    variable = variable.expand_dims({d: samples.sizes[d] for d in SAMPLED if d in {*samples.dims} - {*variable.dims}})
    try:
        x, rest = by_replicate(variable)
    except ValueError as error:
        raise ValueError(f"{name!r}: {error}") from None
    keys = product(*([f"{d}={key}" for key in variable[d].to_numpy().tolist()] for d in rest))
    return [f"{name}[{', '.join(key)}]" if key else name for key in keys], x.reshape(len(x), -1, x.shape[-1])


def _defined(values: Floats) -> Floats:
    """Rows (replicate, row, sample), those with a missing value as constants, which have no statistics either."""
    return np.where(np.isnan(values).any(axis=(0, -1), keepdims=True), 0.0, values)


def _dummy(replicates: int, size: int) -> given.Whole:
    """A random order of each replicate's samples."""
    raw = [generator(0, r, "dummy of given_data").random_raw(size) for r in range(replicates)]
    return np.argsort(raw, axis=-1, kind="stable")


def _prepared(y: Floats) -> Outputs:
    flat = y.swapaxes(0, 1).reshape(y.shape[1], -1)
    values = np.nan_to_num(given.standardised(flat)).reshape(len(flat), *y.shape[::2]).swapaxes(0, 1)
    places = given.places(y)
    return Outputs(values, given.standardised(y), given.standardised(np.add(*places)), places, given.places(flat))


def _associations(x: Floats, dummy: given.Whole, y: Outputs, bins: int) -> dict[str, Estimate]:
    """All statistics, each (output,), of an input (replicate, sample)."""
    upper = given.ends(x, bins)
    by, spread = [given.split(row, upper) for row in x], given.spreads(x, upper)
    lines = np.stack([given.coefficients(*one, spread) for one in zip(x, y.values, by, strict=True)])
    moments = y.values.mean(axis=-1), (y.values**2).mean(axis=-1)
    pawn, chance = _pawn(x, y, upper), _pawn(np.take_along_axis(x, dummy, -1), y, upper)
    return {"pearson": combine(given.correlation(given.standardised(x)[:, None], y.scores)),
            "spearman": combine(given.correlation(given.standardised(np.add(*given.places(x)))[:, None], y.ranks)),
            "first_order": given.first_order(lines, np.stack([split.counts for split in by]), *moments),
            "pawn": pawn[0], "pawn_max": pawn[1], "pawn_dummy": chance[0]}


def _pawn(x: Floats, y: Outputs, upper: Floats) -> list[Estimate]:
    """PAWN indices of all samples, with the error of a mean of replicates' own; these are larger, but vary as much."""
    each = [given.pawn(*one) for one in zip(*y.places, [given.split(row, upper) for row in x], strict=True)]
    whole = given.pawn(*y.overall, given.split(x.ravel(), upper))
    return [Estimate(*parts) for parts in zip(whole, combine(each).se, strict=True)]
