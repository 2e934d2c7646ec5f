"""Do error bars hold: how often nominal 95 % intervals of sensitivity and value of information hold the truth.

    python -m benchmarks.coverage [SEEDS]

On problems of which the truth is known, with few samples; the mean error beside the mean width tells of bias.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import stats

import uncertainty as un
from uncertainty.analysis.error import half_width

REPLICATES = 16
Case = tuple[str, Callable[[int], Any], str, Any]


def ishigami(x: Any) -> Any:
    """Ishigami and Homma (1990), a = 7, b = 0.1."""
    return {"y": np.sin(x["a"]) + 7 * np.sin(x["b"]) ** 2 + 0.1 * x["c"] ** 4 * np.sin(x["a"])}


ANGLES = {name: un.uniform(-np.pi, np.pi) for name in "abc"}
PARTS = np.array([0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 7**2 / 8, 0.0])
BOTH = 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)
FIRST = PARTS / (PARTS.sum() + BOTH)
TOTAL = (PARTS + np.array([BOTH, 0.0, BOTH])) / (PARTS.sum() + BOTH)
NORMALS = {"x": un.normal(0, 1), "y": un.normal(0, 1)}


def _loss(mean: float, deviation: float) -> float:
    return float(deviation * stats.norm.pdf(mean / deviation) - mean * stats.norm.cdf(-mean / deviation))


def _gains(x: Any) -> Any:
    return {"stay": 0 * x["x"], "move": 0.5 + x["x"] + x["y"]}


def cases() -> Iterator[Case]:
    """What is estimated, by seed; the variable; and the truth."""
    for samples in (64, 256):
        for estimator in ("azzini_2021", "saltelli_2010"):
            def sobol(seed: int, samples: int = samples, estimator: str = estimator) -> Any:
                return un.sobol_indices(ANGLES, ishigami, samples=samples, seed=seed, estimator=estimator).isel(
                    input=slice(3), output=0)

            yield f"first-order, Ishigami, {samples} samples, {estimator}", sobol, "first_order", FIRST
            yield f"total-order, Ishigami, {samples} samples, {estimator}", sobol, "total_order", TOTAL
    for exact in (True, False):
        def shapley(seed: int, exact: bool = exact) -> Any:
            return un.shapley_effects(ANGLES, ishigami, samples=256, seed=seed, exact=exact).isel(output=0)

        yield f"Shapley, Ishigami, 256 samples, {'exact' if exact else 'orders'}", shapley, "shapley_effect", (
            FIRST + TOTAL) / 2
    for samples in (256, 4096):
        def evppi(seed: int, samples: int = samples) -> Any:
            return un.evppi(NORMALS, _gains, options=["stay", "move"], samples=samples, seed=seed)

        yield f"EVPPI, two normal parts, {samples} samples", evppi, "evppi", np.full(2, _loss(0.5, 1))
    for error in (0.1, 1.0, 5.0):
        def evsi(seed: int, error: float = error) -> Any:
            return un.evsi(NORMALS, _gains, options=["stay", "move"], of="x", error=error, samples=256, seed=seed)

        yield f"EVSI, error {error:g}, 256 samples", evsi, "evsi", _loss(0.5, (1 + error**2) ** -0.5)


def main(seeds: int) -> None:
    """Print the share of intervals that hold the truth, and the mean error in standard errors."""
    for what, estimate, name, truth in cases():
        found = [estimate(seed) for seed in range(seeds)]
        value, se = (np.stack([each[f"{name}{end}"].values for each in found]) for end in ("", "_se"))
        held = np.abs(value - truth) <= half_width(se, REPLICATES)
        off = (value - truth).mean(axis=0) / np.where(se > 0, se, np.inf).mean(axis=0)
        print(f"{what:55} holds {100 * held.mean():5.1f} %, mean error at most {np.abs(off).max():.2f} standard errors")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
