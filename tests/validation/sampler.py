"""Whether draws are distributed as asked for: margins against scipy, and rank correlations."""

import numpy as np
from judge import LEVEL, ROWS, Check, sizes
from scipy import stats
from table import Row

import uncertainty as un
from uncertainty.analysis.error import combine

SAMPLES, SCRAMBLES = 1024, 1000
INVERTED = 1e-7  # what a quantile function may be off by, in probability

MARGINS = {
    "uniform": (un.uniform(2, 5), stats.uniform(2, 3)),
    "triangular": (un.triangular(0, 1, 4), stats.triang(0.25, 0, 4)),
    "pert": (un.pert(1.05, 1.25, 1.60), stats.beta(1 + 4 * 0.20 / 0.55, 1 + 4 * 0.35 / 0.55, 1.05, 0.55)),
    "normal": (un.normal(3, 2), stats.norm(3, 2)),
    "lognormal": (un.lognormal(2500, 0.15), stats.lognorm(0.15, 0, 2500)),
    "lognormal by 5 and 95 % quantiles": (un.lognormal(p5=8200, p95=15_000), stats.lognorm(
        np.log(15_000 / 8200) / 2 / stats.norm.ppf(0.95), 0, (15_000 * 8200) ** 0.5)),
    "beta": (un.beta(0.5, 3, -1, 4), stats.beta(0.5, 3, -1, 5)),
    "normal, cut at 0": (un.normal(1, 2, min=0), stats.truncnorm(-0.5, np.inf, 1, 2)),
    "discrete": (un.discrete([1, 2, 5], [0.2, 0.5, 0.3]), stats.rv_discrete(values=([1, 2, 5], [0.2, 0.5, 0.3]))()),
    "empirical": (un.empirical([1, 2, 2, 7]), stats.rv_discrete(values=([1, 2, 7], [0.25, 0.5, 0.25]))()),
    "scipy's gumbel_r": (stats.gumbel_r(0, 1), stats.gumbel_r(0, 1)),
    "scipy's poisson": (stats.poisson(3), stats.poisson(3)),
}


def distance(values, law):
    """Largest distance of each replicate's distribution function from the true one, (replicate,)."""
    x, n = np.sort(values, axis=-1), values.shape[-1]
    if isinstance(law.dist, stats.rv_discrete):
        k = np.arange(-1, 60)
        return np.max([abs((x <= each).mean(axis=-1) - law.cdf(each)) for each in k], axis=0)
    below, rank = law.cdf(x), np.arange(n)
    return np.maximum(below - rank / n, (rank + 1) / n - below).max(axis=-1)


def margins():
    """Stratified points are within a sample of the truth everywhere; random ones as far as Kolmogorov's law says."""
    inputs = {name: marginal for name, (marginal, _) in MARGINS.items()}
    for method in ("sobol", "lhs"):
        draws = un.propagate(inputs, lambda x: {}, method=method, **sizes(method, SAMPLES))
        for name, (_, law) in MARGINS.items():
            far = distance(draws[name].values, law).max()
            yield Row(f"{name}, {method}: farthest of {len(draws.replicate)} distribution functions", "scipy",
                      f"at most 1/{SAMPLES} = {1 / SAMPLES:.3g}", f"{far:.3g}", bool(far <= 1 / SAMPLES + INVERTED))
    draws = un.propagate(inputs, lambda x: {}, method="random", **sizes("random", SAMPLES))
    for name, (_, law) in MARGINS.items():
        yield chance(f"{name}, random: {draws[name].size} draws", draws[name].values.ravel(), law)


def chance(case, values, law):
    """By Kolmogorov and Smirnov's test, or for whole numbers by Pearson's."""
    if isinstance(law.dist, stats.rv_discrete):
        k = np.flatnonzero(law.pmf(np.arange(60)) * len(values) > 5)
        expected = np.append(law.pmf(k), max(1 - law.pmf(k).sum(), 0)) * len(values)
        seen = [*(int((values == each).sum()) for each in k), int((~np.isin(values, k)).sum())]
        some = expected > 1e-9
        found = stats.chisquare(np.array(seen)[some], expected[some] * len(values) / expected[some].sum()).pvalue
    else:
        found = stats.kstest(values, law.cdf).pvalue
    return Row(case, "exact test", f"p at least {0.01 / ROWS:g}", f"p = {found:.2g}", bool(found >= 1 - LEVEL))


def scrambles():
    """The first point of each of many replicates is random as a whole, and independent of the one before it."""
    law = stats.uniform()
    for method in ("sobol", "lhs"):
        first = un.propagate({"x": un.uniform(0, 1)}, lambda x: {}, samples=2, replicates=SCRAMBLES, seed=5,
                             method=method).x.values[:, 0]
        yield chance(f"{method}: first points of {SCRAMBLES} replicates", first, law)
        r = stats.pearsonr(first[1:], first[:-1]).statistic
        yield Check(f"{method}: correlation of a replicate's first point with the next one's", "independence", 0.0,
                    float(r), (SCRAMBLES - 1) ** -0.5, SCRAMBLES)


def spearman(a, b):
    """Rank correlation of two inputs, replicate by replicate."""
    each = [stats.spearmanr(x, y).statistic for x, y in zip(a.values, b.values, strict=True)]
    return combine(np.array(each))


def dependence():
    inputs = {"price": un.lognormal(2500, 0.3), "PUE": un.pert(1.05, 1.25, 1.6), "power": un.beta(0.5, 3),
              "coin": un.discrete([0, 1])}
    for rho in (-0.9, -0.3, 0.3, 0.8):
        for pair in (("price", "PUE"), ("PUE", "power"), ("price", "coin")):
            case = f"Spearman {rho} of {pair[0]} and {pair[1]}"
            draws = un.propagate({name: inputs[name] for name in pair}, lambda x: {}, correlation={pair: rho},
                                 **sizes(case, SAMPLES))
            found = spearman(*(draws[name] for name in pair))
            latent = 2 * np.sin(np.pi / 6 * rho)
            coin = "coin" in pair  # 6 cov(Phi(z), 1{w > 0}), made a correlation of ranks with ties
            truth = 3**0.5 * 2 / np.pi * np.arcsin(latent / 2**0.5) if coin else rho
            yield Check(f"{case}{', which has ties' if coin else ''}", "bivariate normal" if coin else "as asked",
                        float(truth), float(found.value), float(found.se))


def cases():
    return [*margins(), *scrambles(), *dependence()]
