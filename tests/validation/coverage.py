"""How often nominal 95 % intervals hold the truth, over many seeds, with 16 replicates.

Truths are closed forms, or the sums and quadrature of `truths`; no truth is a run of the program. Studies have 256
samples a replicate. What is not in 93 to 97 % is so by no more than two standard errors of so many runs, or for a
reason that is given; the mean error beside the standard error, of the figure where it is largest, tells of bias.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from judge import DUST
from problems import (
    ANGLES,
    CUBE,
    first_and_total,
    g_function,
    g_functions,
    gaussian,
    ishigami,
    ishigamis,
    loss,
    orders,
    spearman,
    weighted,
)
from procurement import MEANS, load
from scipy import stats
from truths import STUDIES, Truth

import uncertainty as un
from uncertainty.analysis.error import half_width

REPLICATES = 16
AIM = 0.93, 0.97
STEPPED = ("one input and its steps decide: 16 replicates may agree to a sample, and then the interval is too narrow; "
           "what is off is less than a sample of each")


class Covered(NamedTuple):
    """How many intervals held the truth, of so many runs; `why` says what is known where they do not as often."""

    what: str
    seeds: int
    tried: int
    held: int
    bias: float
    why: str = ""

    @property
    def share(self):
        return self.held / self.tried

    @property
    def within(self):
        """In 93 to 97 %, but for two standard errors of what so many seeds tell."""
        doubt = 2 * (0.05 * 0.95 / self.seeds) ** 0.5
        return AIM[0] - doubt <= self.share <= AIM[1] + doubt


class Case(NamedTuple):
    """Estimates and errors (figure,) by seed, and the truths (figure,)."""

    what: str
    estimate: Callable
    truth: object
    why: str = ""


def covered(case, found, half=1.0):
    """Of estimates (seed, 2, figure); `half` narrows the intervals, which a test has to notice."""
    value, se = np.moveaxis(np.asarray(found, float), 1, 0)
    truth = np.broadcast_to(case.truth, value.shape)
    held = np.abs(value - truth) <= half * half_width(se, REPLICATES) + DUST * np.abs(truth)
    spread = np.sqrt(np.median(se**2, axis=0) if np.isinf(se).any() else (se**2).mean(axis=0))
    some = (spread > 0) & np.isfinite(spread)
    bias = np.max(np.abs((value - truth).mean(axis=0))[some] / spread[some], initial=0.0)
    return Covered(case.what, len(value), held.size, int(held.sum()), float(bias), case.why)


def pair(found, name, **where):
    """A statistic and its error, flat."""
    found = found.sel(**where) if where else found
    return np.stack([np.ravel(found[name]), np.ravel(found[f"{name}_se"])])


# --- of any model ----------------------------------------------------------------------------------------------


def indices():
    for title, inputs, model, value in (("Ishigami", ANGLES, ishigami, ishigamis),
                                        ("g", CUBE, g_function, g_functions)):
        truth = first_and_total(value, len(inputs)).T
        for samples in (64, 256):
            for estimator in ("azzini_2021", "saltelli_2010"):
                def sobol(seed, inputs=inputs, model=model, samples=samples, estimator=estimator):
                    found = un.sobol_indices(inputs, model, samples=samples, seed=seed, estimator=estimator)
                    return [pair(found, name, input=list(inputs)) for name in ("first_order", "total_order")]

                yield [Case(f"{name}, {title}, {samples} samples, {estimator}", sobol, each)
                       for name, each in zip(("first-order", "total-order"), truth, strict=True)]
        for exact in (True, False):
            def shapley(seed, inputs=inputs, model=model, exact=exact):
                return [pair(un.shapley_effects(inputs, model, samples=256, seed=seed, exact=exact), "shapley_effect")]

            way = "all subsets" if exact else "some orders"
            yield [Case(f"Shapley, {title}, 256 samples, {way}", shapley, orders(value, len(inputs)))]


def correlated():
    matrix, weights = np.where(np.eye(3) == 1, 1.0, 0.4), np.array([1.0, 2.0, -1.5])

    def shapley(seed):
        return [pair(un.shapley_effects({f"x{i}": stats.norm() for i in range(3)}, weighted(weights), samples=256,
                                        seed=seed, correlation=spearman(matrix)), "shapley_effect")]

    yield [Case("Shapley, three correlated normals, 256 samples", shapley, orders(gaussian(matrix, weights), 3))]


NORMALS = {"x": un.normal(0, 1), "y": un.normal(0, 1)}


def gains(x):
    return {"stay": 0 * x["x"], "move": 0.5 + x["x"] + x["y"]}


def worth():
    for samples in (256, 4096):
        def evppi(seed, samples=samples):
            found = un.evppi(NORMALS, gains, options=["stay", "move"], samples=samples, seed=seed)
            return [pair(found, "evpi"), pair(found, "evppi")]

        yield [Case(f"EVPI, two normal parts, {samples} samples", evppi, loss(0.5, 2**0.5)),
               Case(f"EVPPI, two normal parts, {samples} samples", evppi, np.full(2, loss(0.5, 1)))]
    for error in (0.1, 1.0, 5.0):
        def evsi(seed, error=error):
            return [pair(un.evsi(NORMALS, gains, options=["stay", "move"], of="x", error=error, samples=256,
                                 seed=seed), "evsi")]

        yield [Case(f"EVSI, error {error:g}, 256 samples", evsi, loss(0.5, (1 + error**2) ** -0.5))]


LEVELS = (0.05, 0.5, 0.95)
OUTPUTS = {
    "sum of two Cauchy": (stats.cauchy(), lambda a, b: a + b, stats.cauchy(0, 2).ppf(LEVELS), ""),
    "product of two lognormal, sigma = 0.5": (un.lognormal(1, 0.5), lambda a, b: a * b,
                                              stats.lognorm(0.5**0.5).ppf(LEVELS), ""),
    "sum of two Poisson, means 400": (stats.poisson(400), lambda a, b: a + b, stats.poisson(800).ppf(LEVELS),
                                      "whole numbers: most are told from their neighbours for sure"),
    "3 a + 4 b of normals, rounded up": (un.normal(0, 1), lambda a, b: np.ceil(3 * a + 4 * b), np.ceil(
        stats.norm(0, 5).ppf(LEVELS)), "whole numbers: most are told from their neighbours for sure"),
}


def quantiles():
    for title, (marginal, f, truth, why) in OUTPUTS.items():
        def bands(seed, marginal=marginal, f=f):
            y = un.propagate({"a": marginal, "b": marginal}, lambda x: {"y": f(x["a"], x["b"])}, samples=256,
                             seed=seed).y
            return [pair(un.percentile_bands(y, LEVELS), "percentile_bands")]

        yield [Case(f"5, 50 and 95 % quantiles, {title}, 256 samples", bands, truth, why)]


def hard():
    """Where few samples are all that an estimate hangs on."""
    def rare(seed):
        z = un.propagate({"a": un.normal(0, 1), "b": un.normal(0, 1)}, lambda x: {"z": x["a"] + x["b"]}, samples=256,
                         seed=seed).z
        return [pair(un.probability(z > 2**0.5 * stats.norm.isf(p)), "probability") for p in (0.01, 0.001)]

    yield [Case("P(event) of 1 %, 4,096 samples in all", rare, 0.01),
           Case("P(event) of 0.1 %, 4,096 samples in all", rare, 0.001, "some four events are met in all")]
    for sigma in (0.5, 1.5):
        def mean(seed, sigma=sigma):
            factor = un.lognormal(1, sigma)
            y = un.propagate({"a": factor, "b": factor}, lambda x: {"y": x["a"] * x["b"]}, samples=256, seed=seed).y
            return [pair(un.percentile_bands(y), "mean")]

        yield [Case(f"mean of a product of two lognormal, sigma = {sigma}, 256 samples", mean, np.exp(sigma**2),
                    "" if sigma < 1 else "its error is infinite, as one sample holds over a tenth of the variance")]

    def seldom(seed):
        return [pair(un.evppi(NORMALS, lambda x: {"stay": 0 * x["x"], "move": x["x"] + x["y"] - 3.3}, samples=256,
                              options=["stay", "move"], of=["x"], seed=seed), "evppi")]

    yield [Case("EVPPI, a reason met once in 2,000 samples, 256 samples", seldom, loss(3.3, 1),
                "the reason to choose otherwise is hardly met")]


# --- of studies ------------------------------------------------------------------------------------------------

DEAR = 300_000
CLAIM = f"""
[[claims]]
id = "dear"
says = "The A5000 build costs {DEAR} at most"
output = "capex"
build = "rtx_a5000"
is = "at most"
than = {DEAR}
"""


def plain(results, group, name, *at):
    """A statistic of a study and its error, (2, figure), of its only scenario and first build, the A5000."""
    return np.stack([np.ravel(results.figures[group][f"{name}{end}"][at]) for end in ("", "_se")])


def studies():
    for name, title in (("three", "three inputs"), ("both", "two inputs"), ("price", "one input")):
        price, pue, units, given = STUDIES[name]
        truth = Truth(price, pue, units)
        study = load(**given | {"rest": given["rest"] + CLAIM}, samples=256, replicates=REPLICATES)
        pmf = truth.pmf(truth.w, range(100))
        often = np.sort(np.argsort(pmf)[-3:])

        def run(seed, study=study, often=often):
            results = un.run(study.with_sampling(seed=seed))
            there = np.searchsorted(results.figures["counts"]["number"], often)
            means = np.concatenate([plain(results, "means", name, 0, 0) for name in MEANS], axis=1)
            return [means, plain(results, "bands", "capex", ..., 0, 0),
                    plain(results, "counts", "battery_count_probability", there, 0, 0),
                    plain(results, "ranking", "rank_acceptability", 0, 0, 0, 0),
                    plain(results, "claims", "probability", 0)]

        stepped = STEPPED if name == "price" else ""
        yield [Case(f"means of CapEx, batteries and memory per dollar, {title}", run,
                    [truth.mean(f) for f in MEANS.values()]),
               Case(f"5, 25, 50, 75 and 95 % quantiles of CapEx, {title}", run,
                    list(map(truth.capex_quantile, (0.05, 0.25, 0.5, 0.75, 0.95)))),
               Case(f"P(k batteries), the three likeliest, {title}", run, pmf[often], stepped),
               Case(f"P(first by CapEx), {title}", run, truth.cheaper(), stepped),
               Case(f"P(a claim on CapEx holds), {title}", run, truth.capex_below(DEAR), stepped)]


KINDS = (studies, quantiles, hard, indices, correlated, worth)


def tried(seeds, kinds=KINDS, half=1.0):
    """Of each figure how often its interval held the truth."""
    rows = []
    for kind in kinds:
        for together in kind():
            found = [together[0].estimate(seed) for seed in range(seeds)]
            rows += [covered(case, [each[i] for each in found], half) for i, case in enumerate(together)]
    return rows
