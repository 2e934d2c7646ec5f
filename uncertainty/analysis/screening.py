"""Which inputs move an output at all: elementary effects of random steps, and swings from one centre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .error import Estimate, combine

Floats = NDArray[np.float64]
LEAST = 0.25  # of a step between levels


def partners(levels: Floats, draws: Floats) -> Floats:
    """Levels to step to: those at least LEAST away around the circle that levels are on, all equally likely.

    Parameters
    ----------
    levels, draws : (...)
        where the steps begin [1], and how far they go, both inside (0, 1).

    Returns
    -------
    array (...)
        levels [1] from LEAST to 1 - LEAST away; uniform where `levels` are, or else `draws` over the whole circle.
    """
    reached = levels + (LEAST + (1 - 2 * LEAST) * draws)
    return np.asarray(reached - np.floor(reached), np.float64)


def elementary_effects(outputs: Floats, steps: Floats) -> Floats:
    """Elementary effects of a radial design: Campolongo, Saltelli and Cariboni (2011).

    Parameters
    ----------
    outputs : (output, trajectory, 1 + input)
        at the base point of each trajectory, and then one step away from it along each input.
    steps : (input, trajectory)
        by how much the level of each input differs from its base [1], signed.

    Returns
    -------
    array (trajectory, input, output), in the unit of the output.
    """
    moved = outputs[..., 1:] - outputs[..., :1]
    return np.asarray(np.moveaxis(moved / steps.T, 0, -1), np.float64)


def moments(effects: Floats) -> dict[str, Estimate]:
    """Mean `mu`, mean size `mu_star` and standard deviation `sigma` of independent effects (trajectory, ...).

    Also `moved`, the share that is not zero. Morris (1991), Technometrics 33, 161; mu_star is of Campolongo,
    Cariboni and Saltelli (2007), Environ. Model. Softw. 22, 1509.
    """
    return {"mu": combine(effects), "mu_star": combine(np.abs(effects)), "sigma": deviation(effects),
            "moved": combine(effects != 0)}


def deviation(x: Floats) -> Estimate:
    """Standard deviation of independent values (value, ...), at least three, and its jackknife standard error.

    The jackknife asks for no normal values, and errs on the large side: Efron and Stein (1981), Ann. Stat. 9, 586.
    """
    n, offset = len(x), x - x[0]  # so that values that agree deviate by exactly zero
    squares = (offset - offset.mean(axis=0)) ** 2
    total = squares.sum(axis=0)
    without = np.sqrt(np.maximum(total - n / (n - 1) * squares, 0) / (n - 2))
    return Estimate(np.sqrt(total / (n - 1)), np.sqrt((n - 1) * without.var(axis=0)))


def swings(low: Floats, high: Floats, baseline: Floats) -> tuple[Floats, NDArray[Any]]:
    """How far outputs go between two ends and a baseline, and whether both ends lie on one side of it (0 or 1).

    All have shapes (...) that broadcast. An end that does not move the output lies on no side.
    """
    both = np.stack(np.broadcast_arrays(low, high, baseline))
    one_sided = np.sign(low - baseline) * np.sign(high - baseline) > 0
    return both.max(axis=0) - both.min(axis=0), one_sided.astype(np.int64)
