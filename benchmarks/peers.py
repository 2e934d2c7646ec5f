"""The peers, each as its own documentation has it: a function from (samples, seed) to the summary.

Each is an object made once, outside the timed region, where the library wants things declared (distributions,
expressions); drawing, evaluating and summarising are timed. Where a library has no quantiles or ranks, `summary` of
the problem serves, the same for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .problem import (
    BUDGET,
    BUILDS,
    CAPACITY,
    HOSTED,
    HOURS,
    INPUTS,
    LEVELS,
    OUTPUTS,
    PEAK,
    POWER,
    Summary,
    model,
    summary,
)

Run = Callable[[int, int], Summary]


def scipy_marginals() -> list[Any]:
    """The inputs as frozen scipy.stats distributions."""
    from scipy import stats

    def one(family: str, p: tuple[float, ...]) -> Any:
        if family == "lognormal":
            return stats.lognorm(p[1], scale=p[0])
        if family == "beta":
            return stats.beta(p[0], p[1], loc=p[2], scale=p[3] - p[2])
        if family == "triangular":
            return stats.triang((p[1] - p[0]) / (p[2] - p[0]), loc=p[0], scale=p[2] - p[0])
        return stats.uniform(p[0], p[1] - p[0])

    return [one(*spec) for spec in INPUTS.values()]


def naive() -> Run:
    """numpy and scipy.stats on whole arrays: PCG64 uniforms through `ppf`."""
    marginals = scipy_marginals()

    def run(n: int, seed: int) -> Summary:
        u = np.random.default_rng(seed).random((len(marginals), n))
        return summary(model(*(m.ppf(row) for m, row in zip(marginals, u, strict=True))))

    return run


def naive_sobol() -> Run:
    """The same on the scrambled Sobol' points of scipy.stats.qmc."""
    from scipy.stats import qmc

    marginals = scipy_marginals()

    def run(n: int, seed: int) -> Summary:
        u = qmc.Sobol(len(marginals), rng=np.random.default_rng(seed)).random(n).T
        return summary(model(*(m.ppf(row) for m, row in zip(marginals, u, strict=True))))

    return run


def squigglepy() -> Run:
    """squigglepy: `distribution @ n`, then numpy."""
    import squigglepy as sq

    def one(family: str, p: tuple[float, ...]) -> Any:
        if family == "lognormal":
            return sq.lognorm(norm_mean=math.log(p[0]), norm_sd=p[1])
        if family == "beta":
            return sq.beta(p[0], p[1]) * (p[3] - p[2]) + p[2] if p[2:] != (0.0, 1.0) else sq.beta(p[0], p[1])
        return sq.triangular(*p) if family == "triangular" else sq.uniform(*p)

    marginals = [one(*spec) for spec in INPUTS.values()]

    def run(n: int, seed: int) -> Summary:
        sq.set_seed(seed)
        return summary(model(*(m @ n for m in marginals)))

    return run


def _openturns() -> tuple[Any, Any]:
    """Joint distribution of the inputs, and the model as a symbolic function of 24 outputs."""
    import openturns as ot

    def one(family: str, p: tuple[float, ...]) -> Any:
        if family == "lognormal":
            return ot.LogNormal(math.log(p[0]), p[1])
        make = {"beta": ot.Beta, "triangular": ot.Triangular, "uniform": ot.Uniform}[family]
        return make(*p)

    names = [[f"{output}_{i}" for i in range(len(BUILDS))] for output in OUTPUTS]
    lines = []
    for i, (units, energy, batteries, capex, throughput, per_dollar) in enumerate(zip(*names, strict=True)):
        host = "f_host*" if HOSTED[i] else ""
        lines += [f"{units}:=floor({BUDGET}/price_{i})",
                  f"{energy}:={units}*{POWER[i]}*{host}pue*{HOURS}/(eta*dod)",
                  f"{batteries}:=ceil({energy}/{CAPACITY})",
                  f"{capex}:={units}*price_{i}+{batteries}*pw_price",
                  f"{throughput}:={units}*{PEAK[i]}*ratio_{i}",
                  f"{per_dollar}:={throughput}/{capex}"]
    outputs = [name for each in names for name in each]
    function = ot.SymbolicFunction(list(INPUTS), outputs, "; ".join(lines) + ";")
    return ot.JointDistribution([one(*spec) for spec in INPUTS.values()]), function


def _of_sample(sample: Any) -> Summary:
    """The summary of an OpenTURNS sample, its quantiles by OpenTURNS."""
    quantiles = np.array(sample.computeQuantilePerComponent(LEVELS))
    columns = np.asarray(sample).T.reshape(len(OUTPUTS), len(BUILDS), -1)
    return summary(list(columns), np.moveaxis(quantiles.reshape(len(LEVELS), len(OUTPUTS), len(BUILDS)), 0, -1))


def openturns() -> Run:
    """OpenTURNS: a composite random vector of a symbolic function, `getSample`."""
    import openturns as ot

    joint, function = _openturns()
    vector = ot.CompositeRandomVector(function, ot.RandomVector(joint))

    def run(n: int, seed: int) -> Summary:
        ot.RandomGenerator.SetSeed(seed)
        return _of_sample(vector.getSample(n))

    return run


def openturns_sobol() -> Run:
    """OpenTURNS: the same function on a randomised low-discrepancy experiment."""
    import openturns as ot

    joint, function = _openturns()

    def run(n: int, seed: int) -> Summary:
        ot.RandomGenerator.SetSeed(seed)
        experiment = ot.LowDiscrepancyExperiment(ot.SobolSequence(), joint, n)
        experiment.setRandomize(True)
        return _of_sample(function(experiment.generate()))

    return run


def chaospy() -> Run:
    """chaospy: `joint.sample`, then numpy."""
    import chaospy as cp

    def one(family: str, p: tuple[float, ...]) -> Any:
        if family == "lognormal":
            return cp.LogNormal(mu=math.log(p[0]), sigma=p[1])
        make = {"beta": cp.Beta, "triangular": cp.Triangle, "uniform": cp.Uniform}[family]
        return make(*p)

    joint = cp.J(*(one(*spec) for spec in INPUTS.values()))
    return lambda n, seed: summary(model(*joint.sample(n, seed=seed)))


def salib() -> Run:
    """SALib: a problem as a dictionary, Latin hypercube; it has no beta distribution, which scipy's `ppf` adds.

    The dictionary and not a `ProblemSpec`, whose default groups send the sampler down a far slower path.
    """
    from SALib.sample import latin

    def one(family: str, p: tuple[float, ...]) -> tuple[str, list[float]]:
        if family == "lognormal":
            return "lognorm", [math.log(p[0]), p[1]]
        if family == "triangular":
            return "triang", [p[0], p[2], (p[1] - p[0]) / (p[2] - p[0])]
        return "unif", [0.0, 1.0] if family == "beta" else list(p)

    dists, bounds = zip(*(one(*spec) for spec in INPUTS.values()), strict=True)
    problem = {"num_vars": len(INPUTS), "names": list(INPUTS), "dists": list(dists), "bounds": list(bounds)}
    betas = {i: m for i, m in enumerate(scipy_marginals()) if list(INPUTS.values())[i][0] == "beta"}

    def run(n: int, seed: int) -> Summary:
        x = latin.sample(dict(problem), n, seed=seed)
        return summary(model(*(betas[i].ppf(column) if i in betas else column for i, column in enumerate(x.T))))

    return run
