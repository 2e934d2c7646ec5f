"""The problem GPU4x13: four builds, 13 independent uncertain inputs, in plain numpy; shared by all peers."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BUDGET, HOURS, CAPACITY = 150_000.0, 8.0, 13.5  # USD, h, kWh of one battery unit
BUILDS = ("rtx_pro_6000", "dgx_spark", "rtx_a6000", "rtx_a5000")
POWER = np.array([0.600, 0.240, 0.300, 0.230])  # kW
PEAK = np.array([4000.0, 1000.0, 309.7, 222.2])  # TFLOP/s
HOSTED = np.array([True, False, True, True])  # whether the host overhead applies
LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
OUTPUTS = ("device_count", "battery_energy", "battery_count", "capex", "throughput", "throughput_per_dollar")
CAPEX, TPD = OUTPUTS.index("capex"), OUTPUTS.index("throughput_per_dollar")

BATTERY_MEDIAN = math.sqrt(8200.0 * 15000.0)
BATTERY_SIGMA = math.log(15000.0 / 8200.0) / (2 * 1.6448536269514722)

# name: (family, parameters); columns are in this order
INPUTS: dict[str, tuple[str, tuple[float, ...]]] = {
    "price_0": ("lognormal", (8999.99, 0.10)),  # median, sigma of the logarithm
    "price_1": ("lognormal", (3999.00, 0.06)),
    "price_2": ("lognormal", (4650.00, 0.18)),
    "price_3": ("lognormal", (2500.00, 0.22)),
    "ratio_0": ("beta", (8, 10, 0.0, 1.0)),  # a, b, low, high
    "ratio_1": ("beta", (6, 9, 0.0, 1.0)),
    "ratio_2": ("triangular", (0.45, 0.65, 0.85)),  # low, mode, high
    "ratio_3": ("triangular", (0.40, 0.62, 0.85)),
    "pue": ("triangular", (1.10, 1.20, 1.60)),
    "f_host": ("triangular", (1.10, 1.25, 1.40)),
    "eta": ("beta", (3, 4, 0.85, 0.97)),
    "dod": ("uniform", (0.80, 1.00)),  # low, high
    "pw_price": ("lognormal", (BATTERY_MEDIAN, BATTERY_SIGMA)),
}


class Summary(NamedTuple):
    """What every contestant must deliver."""

    quantiles: Floats  # (output, build, level)
    rank_capex: Floats  # (build, rank): probability
    rank_tpd: Floats
    win_capex: Floats  # (build, other): probability of being strictly better
    win_tpd: Floats


def model(*x: Any) -> list[Floats]:
    """The six outputs of the four builds, each (build, sample), from the 13 inputs in their order."""
    pue, f_host, eta, dod, pw_price = x[8:]
    outputs: list[list[Any]] = [[] for _ in OUTPUTS]
    for i in range(len(BUILDS)):
        units = np.floor(BUDGET / x[i])
        energy = units * POWER[i] * (f_host if HOSTED[i] else 1.0) * pue * HOURS / (eta * dod)
        batteries = np.ceil(energy / CAPACITY)
        capex = units * x[i] + batteries * pw_price
        throughput = units * PEAK[i] * x[4 + i]
        for column, value in zip(outputs, (units, energy, batteries, capex, throughput, throughput / capex),
                                 strict=True):
            column.append(value)
    return [np.array(column) for column in outputs]


def ranks(costs: Floats) -> tuple[Floats, Floats]:
    """Rank acceptability (build, rank) and wins (build, other) of costs (build, sample): lower is better."""
    builds = len(costs)
    better = costs[:, None] < costs[None]  # (build, other, sample): the build is strictly better
    behind = better.sum(axis=0)  # builds strictly better than this one
    shares = [np.bincount(row, minlength=builds) / row.size for row in behind]
    return np.array(shares), better.mean(axis=-1)


def summary(outputs: list[Floats], quantiles: Floats | None = None) -> Summary:
    """The deliverable from outputs (build, sample); quantiles too, unless a library has made them."""
    if quantiles is None:
        quantiles = np.array([np.moveaxis(np.quantile(y, LEVELS, axis=-1), 0, -1) for y in outputs])
    rank_capex, win_capex = ranks(outputs[CAPEX])
    rank_tpd, win_tpd = ranks(-outputs[TPD])
    return Summary(quantiles, rank_capex, rank_tpd, win_capex, win_tpd)
