"""Models with known answers, in closed form: what knowing inputs takes of the variance, and what it is worth."""

from itertools import combinations, permutations

import numpy as np
from scipy import stats

import uncertainty as un

UNIT = un.uniform(0, 1)
ANGLES = dict.fromkeys(("x1", "x2", "x3"), un.uniform(-np.pi, np.pi))
FACTORS = (0, 1, 4.5, 9)
CUBE = {f"x{i}": UNIT for i in range(len(FACTORS))}
SIGMAS = (0.5, 0.3, 0.1)
LOGNORMAL = {f"x{i}": un.lognormal(2, sigma) for i, sigma in enumerate(SIGMAS)}


def ishigami(x, a=7.0, b=0.1):
    return {"y": np.sin(x["x1"]) + a * np.sin(x["x2"]) ** 2 + b * x["x3"] ** 4 * np.sin(x["x1"])}


def g_function(x):
    return {"y": np.prod([(abs(4 * u - 2) + a) / (1 + a) for u, a in zip(x.values(), FACTORS, strict=True)], axis=0)}


def times(x):
    return {"y": np.prod(list(x.values()), axis=0)}


def stairs(x):
    """Steps that add, and two that interact."""
    return {"y": 3 * np.ceil(3 * x["a"]) + np.ceil(4 * x["b"]) + np.ceil(2 * x["c"]) * np.ceil(2 * x["d"])}


# --- values of sets of inputs: what knowing them takes of the variance ---------------------------------------


def ishigamis(known, a=7.0, b=0.1):
    """Ishigami and Homma (1990)."""
    one, two, both = (1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    return ((0 in known) * one + (1 in known) * two + ({0, 2} <= set(known)) * both) / (one + two + both)


def g_functions(known):
    """Sobol' (1993): factors of mean one, and variances 1/3 / (1 + a)^2."""
    one = 1 + 1 / 3 / (1 + np.array(FACTORS)) ** 2
    return (one[list(known)].prod() - 1) / (one.prod() - 1)


def of_lognormals(known):
    return np.expm1(sum(SIGMAS[i] ** 2 for i in known)) / np.expm1(sum(sigma**2 for sigma in SIGMAS))


def of_stairs(known):
    """By enumeration of all steps, which are equally likely."""
    counts = (3, 4, 2, 2)
    steps = dict(zip("abcd", ((np.indices(counts) + 1) / np.reshape(counts, (4, 1, 1, 1, 1))), strict=True))
    y = stairs(steps)["y"]
    return y.mean(axis=tuple(set(range(4)) - set(known))).var() / y.var()


def gaussian(matrix, weights):
    """Of a sum of correlated normals, by the covariance with what is known: Owen and Prieur (2017), section 4.1."""

    def value(known):
        at = list(known)
        there = (matrix @ weights)[at]
        return there @ np.linalg.solve(matrix[np.ix_(at, at)], there) / (weights @ matrix @ weights) if at else 0.0

    return value


def orders(value, count):
    """Shapley effects by the definition, over all orders."""
    effects, total = np.zeros(count), 0
    values = {some: value(some) for size in range(count + 1) for some in combinations(range(count), size)}
    for order in permutations(range(count)):
        for place, i in enumerate(order):
            before = tuple(sorted(order[:place]))
            effects[i] += values[tuple(sorted((*before, i)))] - values[before]
        total += 1
    return effects / total


def first_and_total(value, count):
    everyone = set(range(count))
    return np.array([[value((i,)), 1 - value(tuple(everyone - {i}))] for i in range(count)])


def rank_correlation(r):
    """Spearman's coefficient of two normals whose correlation is r: Kruskal (1958)."""
    return 6 / np.pi * np.arcsin(r / 2)


def spearman(matrix):
    """The same of normals with a matrix of correlations, by their names."""
    return {(f"x{i}", f"x{j}"): float(rank_correlation(matrix[i, j]))
            for i, j in combinations(range(len(matrix)), 2) if matrix[i, j]}


def weighted(weights):
    return lambda x: {"y": sum(w * x[f"x{i}"] for i, w in enumerate(weights))}


def loss(mean, sd):
    """Unit normal loss: what it is worth to know a normal difference of two options (Raiffa and Schlaifer 1961)."""
    z = abs(mean) / sd
    return sd * (stats.norm.pdf(z) - z * stats.norm.sf(z))
