"""Quantiles of what has a heavy tail, and of whole numbers: of sums, products and steps of independent inputs."""

import numpy as np
from judge import LEVEL, REPLICATES, checks, number, sizes
from scipy import stats
from table import Known, Row

import uncertainty as un
from uncertainty.analysis.error import half_width

LEVELS = (0.01, 0.05, 0.5, 0.95, 0.99)
GAUSS = un.normal(0, 1)

# inputs, what is made of them, and how that is distributed
HEAVY = {
    "sum of two Cauchy": (stats.cauchy(), lambda x, y: x + y, stats.cauchy(0, 2)),
    "product of two lognormal, sigma = 1.5": (un.lognormal(1, 1.5), lambda x, y: x * y, stats.lognorm(4.5**0.5)),
    "product of two Pareto, a = 1.5": (stats.pareto(1.5), lambda x, y: x * y, None),
    "larger of two Pareto, a = 0.8": (stats.pareto(0.8), np.maximum, None),
}
COUNTED = {
    "sum of two Poisson, means 1.5": (stats.poisson(1.5), lambda x, y: x + y, stats.poisson(3)),
    "sum of two Poisson, means 400": (stats.poisson(400), lambda x, y: x + y, stats.poisson(800)),
    "difference of two Poisson, means 5": (stats.poisson(5), lambda x, y: x - y, stats.skellam(5, 5)),
    "3 x + 4 y of two normals, rounded up": (GAUSS, lambda x, y: np.ceil(3 * x + 4 * y), None),
    "sum of two dice": (un.discrete(range(1, 7)), lambda x, y: x + y, None),
}


def pareto_product(q):
    """Its logarithm is the sum of two exponentials."""
    return np.exp(stats.gamma(2, scale=1 / 1.5).ppf(q))


def dice(q):
    below = np.cumsum([6 - abs(7 - k) for k in range(2, 13)]) / 36
    return 2.0 + np.searchsorted(below, q - 1e-12)


TRUTHS = {
    "product of two Pareto, a = 1.5": pareto_product,
    "larger of two Pareto, a = 0.8": lambda q: stats.pareto(0.8).ppf(q**0.5),
    "3 x + 4 y of two normals, rounded up": lambda q: np.ceil(stats.norm(0, 5).ppf(q)),
    "sum of two dice": dice,
}


def cases():
    for case, (marginal, f, law) in (HEAVY | COUNTED).items():
        y = un.propagate({"a": marginal, "b": marginal}, lambda x, f=f: {"y": f(x["a"], x["b"])}, **sizes(case)).y
        truths = TRUTHS[case](np.array(LEVELS)) if law is None else law.ppf(LEVELS)
        found = checks(case, "closed form", truths, un.percentile_bands(y, LEVELS), "percentile_bands",
                       [f"{100 * q:g} % quantile" for q in LEVELS])
        yield from (in_doubt(check, y, q) for check, q in zip(found, LEVELS, strict=True)) if case in COUNTED else found
    yield undefined_mean()


def in_doubt(check, y, level):
    """A whole number may be one off where it cannot be told on which side of a jump the level is."""
    for jump in (check.truth, check.truth - 1):
        below = un.probability(y <= jump)
        found, half = float(below.probability), half_width(float(below.probability_se), REPLICATES, LEVEL)
        if abs(found - level) <= half:
            return check._replace(beyond=1.0, known=Known("a level at a jump", f"""a quantile of a whole number that is
                the next number, with no error shown. Its level, {level:g}, is not told from P(at most {number(jump)}),
                which came out as {found:.5f} ± {half:.1g} (5 standard errors), so that either number may be printed; an
                interval of 95 % need not have both"""))
    return check


def undefined_mean():
    """The mean of a Cauchy is not defined, and what is printed of it has to say so."""
    found = un.percentile_bands(un.propagate({"x": stats.cauchy()}, lambda x: {"y": x["x"]}, **sizes("Cauchy")).y)
    error = "infinite" if np.isinf(found["mean_se"]) else str(float(found["mean_se"]))
    return Row("Cauchy, error of the mean", "no mean exists", "infinite", error, error == "infinite")
