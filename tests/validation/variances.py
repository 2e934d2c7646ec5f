"""Variances and what drives them: functions of the literature, and correlated normals, in closed form or by quadrature.

Sobol' indices and Shapley effects follow from what knowing each set of inputs takes of the variance.
"""

from functools import cache

import numpy as np
from judge import checks, sizes
from problems import (
    ANGLES,
    CUBE,
    FACTORS,
    UNIT,
    first_and_total,
    g_function,
    g_functions,
    gaussian,
    ishigami,
    ishigamis,
    orders,
    spearman,
    weighted,
)
from scipy import stats

import uncertainty as un


def compared(case, source, inputs, model, mean, variance, value, exact=True):
    """Mean, variance, indices and effects of a function of independent inputs."""
    names, count, size = list(inputs), len(inputs), sizes(case, 1024)
    yield from checks(f"{case}, mean", source, [mean],
                      un.percentile_bands(un.propagate(inputs, model, **size).y), "mean")
    found = un.sobol_indices(inputs, model, **size).sel(output="y", input=names)
    yield from checks(f"{case}, variance", source, [variance], found, "variance")
    for name, truths in zip(("first_order", "total_order"), first_and_total(value, count).T, strict=True):
        yield from checks(f"{case}, {name.replace('_', '-')}", source, truths, found, name, names)
    effects = un.shapley_effects(inputs, model, exact=exact, **size).sel(output="y")
    yield from checks(f"{case}, Shapley", source, orders(value, count), effects, "shapley_effect", names)


# --- Bratley, Fox and Niederreiter -----------------------------------------------------------------------------

BRATLEYS = {f"x{i}": UNIT for i in range(5)}


def bratley(x):
    """Bratley, Fox and Niederreiter (1992), ACM TOMACS 2, 195: x0 - x0 x1 + x0 x1 x2 - ..., here of other sign."""
    y = np.cumprod(list(x.values()), axis=0)
    return {"y": y[0] - y[1] + y[2] - y[3] + y[4]}


def of_bratley(known, count=5):
    """Sum over pairs of products: a factor both have is 1/3 where it is known, else 1/4; one that one has is 1/2."""
    second = np.where(np.isin(np.arange(count), list(known)), 1 / 3, 1 / 4).cumprod()
    pairs = [(i, j) for i in range(count) for j in range(count)]
    square = sum((-1) ** (i + j) * second[min(i, j)] * 0.5 ** abs(i - j) for i, j in pairs)
    return square - BRATLEY_MEAN**2


BRATLEY_MEAN = (1 - (-0.5) ** 5) / 3


# --- the borehole ----------------------------------------------------------------------------------------------

RADIUS, REACH = stats.norm(0.1, 0.0161812), stats.lognorm(1.0056, 0, np.exp(7.71))
HEADS = {"Hu": (990, 1110), "Hl": (700, 820)}
FLATS = {"Tu": (63_070, 115_600), "Tl": (63.1, 116), "L": (1120, 1680), "Kw": (9855, 12_045)}
BOREHOLE = {"rw": RADIUS, "r": REACH} | {name: un.uniform(*ends) for name, ends in (HEADS | FLATS).items()}


def resistance(rw, r, Tu, Tl, L, Kw):
    return np.log(r / rw) * (1 / Tu + 1 / Tl) + 2 * L / (rw**2 * Kw)


def borehole(x):
    """Worley (1987), ORNL; Morris, Mitchell and Ylvisaker (1993), Technometrics 35, 243: flow of water [m^3/yr]."""
    return {"y": 2 * np.pi * (x["Hu"] - x["Hl"]) / resistance(*(x[n] for n in ("rw", "r", *FLATS)))}


@cache
def borehole_grid():
    """2 pi / resistance over (rw, r, Tu, Tl, L, Kw) by Gauss's rules, and their weights; rw within 6 deviations."""
    (z, weight), (t, flat) = np.polynomial.hermite_e.hermegauss(10), np.polynomial.legendre.leggauss(5)
    wide, dense = np.polynomial.legendre.leggauss(40)
    axes = [(RADIUS.ppf(stats.norm.cdf(6 * wide)), dense * stats.norm.pdf(6 * wide)),
            (np.exp(7.71 + 1.0056 * z), weight),
            *((0.5 * (a + b) + 0.5 * (b - a) * t, flat) for a, b in FLATS.values())]
    grid = np.meshgrid(*(x for x, _ in axes), indexing="ij")
    return 2 * np.pi / resistance(*grid), [w / w.sum() for _, w in axes]


@cache
def square_of_borehole(known):
    """Mean square of what is expected of the flow, a difference of heads times what the others make, given some."""
    square, weights = borehole_grid()
    for axis, name in reversed(list(enumerate(("rw", "r", *FLATS)))):
        if name not in known:
            square = np.tensordot(square, weights[axis], (axis, 0))
    square = square**2
    for axis, name in reversed(list(enumerate(("rw", "r", *FLATS)))):
        if name in known:
            square = np.tensordot(square, weights[axis], (-1, 0))
    heads = 290**2 + sum((b - a) ** 2 / 12 for name, (a, b) in HEADS.items() if name in known)
    return float(square) * heads


def of_borehole(known):
    at = frozenset(list(BOREHOLE)[i] for i in known)
    return square_of_borehole(at) - square_of_borehole(frozenset())


# as otbenchmark 0.2.1 has them, to two digits
BOREHOLE_FIRST = (0.66, 0.00, 0.00, 0.09, 0.00, 0.09, 0.09, 0.02)
BOREHOLE_TOTAL = (0.69, 0.00, 0.00, 0.11, 0.00, 0.11, 0.10, 0.02)


def boreholes():
    """Its inputs in otbenchmark's order."""
    names = ("rw", "r", "Tu", "Hu", "Tl", "Hl", "L", "Kw")
    found = un.sobol_indices(BOREHOLE, borehole, **sizes("to two digits")).sel(output="y", input=list(names))
    for name, truths in (("first_order", BOREHOLE_FIRST), ("total_order", BOREHOLE_TOTAL)):
        yield from checks(f"borehole, {name.replace('_', '-')}", "otbenchmark 0.2.1, published", truths, found, name,
                          names, slack=0.005, exact=False)


# --- correlated normals ----------------------------------------------------------------------------------------

THREE = np.array([[1, 0, 0], [0, 1, 0.6], [0, 0.6, 1]]), np.array([1, 2, -1.5])
BLOCK = np.where(np.eye(4) == 1, 1.0, 0.4), np.array([1.0, 1.0, -0.5, 2.0])


def correlated():
    for case, matrix, weights in (("three normals, two of them correlated", *THREE),
                                  ("four normals, all correlated by 0.4", *BLOCK)):
        count, inputs = len(weights), {f"x{i}": stats.norm() for i in range(len(weights))}
        found = un.shapley_effects(inputs, weighted(weights), correlation=spearman(matrix),
                                   **sizes(case, 1024)).sel(output="y")
        yield from checks(f"{case}, variance", "w' C w", [weights @ matrix @ weights], found, "variance")
        yield from checks(f"{case}, Shapley", "Owen and Prieur (2017), section 4.1",
                          orders(gaussian(matrix, weights), count), found, "shapley_effect", list(inputs))
    for r in (-0.9, 0.5):
        found = un.shapley_effects({"x0": stats.norm(), "x1": stats.norm(0, 3)}, weighted([1, 1]), **sizes(f"{r}"),
                                   correlation=spearman(np.array([[1, r], [r, 1]]))).sel(output="y")
        shared = r**2 * (9 - 1) / 2 + 3 * r
        yield from checks(f"x0 + x1 of deviations 1 and 3 and r = {r}, Shapley", "Iooss and Prieur (2019)",
                          np.array([1 + shared, 9 + 6 * r - shared]) / (10 + 6 * r), found, "shapley_effect",
                          ["x0", "x1"])


def cases():
    spread = {"ishigami": 1 / 2 + 7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18,
              "g": np.prod(1 + 1 / 3 / (1 + np.array(FACTORS)) ** 2) - 1,
              "borehole": of_borehole(range(8))}
    source, flow = "Ishigami and Homma (1990)", "quadrature over the inputs"
    flow_mean = square_of_borehole(frozenset()) ** 0.5
    return [
        *compared("Ishigami", source, ANGLES, ishigami, 7 / 2, spread["ishigami"], ishigamis),
        *compared("Sobol' g", "Sobol' (1993)", CUBE, g_function, 1.0, spread["g"], g_functions),
        *compared("Bratley", "closed form", BRATLEYS, bratley, BRATLEY_MEAN, of_bratley(range(5)),
                  lambda known: of_bratley(known) / of_bratley(range(5))),
        *compared("borehole", flow, BOREHOLE, borehole, flow_mean, spread["borehole"],
                  lambda known: of_borehole(known) / spread["borehole"], exact=False),
        *boreholes(), *correlated()]
