"""Monaco, which runs one case after another: its documented three functions of a case."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import numpy as np

from .peers import Run, scipy_marginals
from .problem import BUDGET, BUILDS, CAPACITY, HOSTED, HOURS, INPUTS, OUTPUTS, PEAK, POWER, Summary, summary

NAMES = [[f"{output}_{i}" for i in range(len(BUILDS))] for output in OUTPUTS]
CONSTANTS = list(zip(POWER.tolist(), PEAK.tolist(), HOSTED.tolist(), strict=True))


def preprocess(case: Any) -> tuple[list[float]]:
    """A case's inputs."""
    return ([case.invals[name].val for name in INPUTS],)


def run_case(x: list[float]) -> tuple[list[tuple[float, ...]]]:
    """The model, on plain numbers."""
    pue, f_host, eta, dod, pw_price = x[8:]
    outputs = []
    for i, (power, peak, hosted) in enumerate(CONSTANTS):
        units = float(math.floor(BUDGET / x[i]))
        energy = units * power * (f_host if hosted else 1.0) * pue * HOURS / (eta * dod)
        batteries = float(math.ceil(energy / CAPACITY))
        capex = units * x[i] + batteries * pw_price
        throughput = units * peak * x[4 + i]
        outputs.append((units, energy, batteries, capex, throughput, throughput / capex))
    return (outputs,)


def postprocess(case: Any, outputs: list[tuple[float, ...]]) -> None:
    """A case's outputs."""
    for names, values in zip(NAMES, zip(*outputs, strict=True), strict=True):
        for name, value in zip(names, values, strict=True):
            case.addOutVal(name, value)


def monaco() -> Run:
    """Monaco: `Sim`, with its default sampling (scrambled Sobol' points), in one thread, its default too."""
    import monaco as mc

    marginals = dict(zip(INPUTS, scipy_marginals(), strict=True))
    functions = {"preprocess": preprocess, "run": run_case, "postprocess": postprocess}

    def run(n: int, seed: int) -> Summary:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            sim = mc.Sim(name="gpu4x13", ndraws=n, fcns=functions, seed=seed, verbose=False)
            for name, marginal in marginals.items():
                sim.addInVar(name, dist=marginal.dist, distkwargs=_keywords(marginal))
            sim.runSim()
        return summary([np.array([sim.outvars[name].nums for name in names], float) for names in NAMES])

    return run


def _keywords(marginal: Any) -> dict[str, Any]:
    """A frozen distribution's parameters by name."""
    shapes = (marginal.dist.shapes or "").replace(" ", "").split(",") if marginal.dist.shapes else []
    return dict(zip([*shapes, "loc", "scale"], marginal.args, strict=False)) | marginal.kwds
