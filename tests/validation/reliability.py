"""Reliability problems: how far the nearest failure is, and how probable failure.

The problems and published probabilities are those of otbenchmark 0.2.1, most of them from the TNO challenge of Rozsas
and Slobbe (2019); each is one integral, which is the truth here.
"""

from itertools import pairwise

import numpy as np
from judge import checks, number, sizes
from scipy import integrate, optimize, stats
from table import Row

import uncertainty as un

NORMAL, GAUSS = un.normal(0, 1), stats.norm
TWO = {"a": NORMAL, "b": NORMAL}
SEARCHED = 1e-4  # of the distance, that a search may end beyond the nearest point


def over(f, *limits):
    """E f(z) of a standard normal z, between its kinks."""
    ends = [-9.0, *limits, 9.0]
    return sum(integrate.quad(lambda z: f(z) * GAUSS.pdf(z), low, high, epsabs=1e-13, limit=500)[0]
               for low, high in pairwise(ends))


def branches(a, b):
    bow, along, across = 3 + 0.1 * (a - b) ** 2, (a + b) / 2**0.5, a - b
    return np.min([bow - along, bow + along, across + 7 / 2**0.5, 7 / 2**0.5 - across], axis=0)


def waves(x):
    """RP53 fails where the second input is above this, given the first."""
    return 1 + 20 * (np.sin(2.5 * x) + 2) / (x * x + 4)


def nearest_wave():
    """The least distance to that curve, from a fine grid and then by minimisation."""
    def square(z):
        return z**2 + (waves(1.5 + z) - 2.5) ** 2

    z = np.linspace(-5, 5, 100_001)
    at = z[np.argmin(square(z))]
    return optimize.minimize_scalar(square, bounds=(at - 1e-3, at + 1e-3), method="bounded",
                                    options={"xatol": 1e-12}).fun ** 0.5


# inputs, limit state (failure below zero), P(failure), distance, published probability and its rounding
PROBLEMS = {
    "R - S": ({"a": un.normal(4, 1), "b": un.normal(2, 1)}, lambda a, b: a - b, GAUSS.cdf(-(2**0.5)), 2**0.5, None),
    "linear, ten inputs": ({f"x{i}": NORMAL for i in range(10)}, lambda *x: 3 - sum(x) / 10**0.5, GAUSS.cdf(-3), 3.0,
                           None),
    "RP22": (TWO, lambda a, b: 2.5 - (a + b) / 2**0.5 + 0.1 * (a - b) ** 2, over(lambda v: GAUSS.cdf(-2.5 - 0.2 *
             v * v)), 2.5, (0.00420730551129961794, 1e-12)),
    "RP24": ({"a": un.normal(10, 3), "b": un.normal(10, 3)}, lambda a, b: 2.5 - 0.2357 * (a - b) + 0.00463 * (
             a + b - 20) ** 4, over(lambda v: GAUSS.cdf(-(2.5 + 0.00463 * 324 * v**4) / (0.2357 * 18**0.5))),
             2.5 / (0.2357 * 18**0.5), (0.00286, 5e-6)),
    "RP31": (TWO, lambda a, b: 2 - b + 256 * a**4, over(lambda v: GAUSS.cdf(-2 - 256 * v**4), 0.0), 2.0,
             (0.0032266812095876910, 1e-12)),
    "RP53": ({"a": un.normal(1.5, 1), "b": un.normal(2.5, 1)}, lambda a, b: np.sin(2.5 * a) + 2 - (a * a + 4) * (b -
             1) / 20, over(lambda v: GAUSS.sf(waves(1.5 + v) - 2.5)), nearest_wave(), (0.0313, 5e-5)),
    "RP75": (TWO, lambda a, b: 3 - a * b, over(lambda v: GAUSS.sf(3 / abs(v)) if v else 0.0, 0.0), 6**0.5,
             (0.00981929872154689, 1e-12)),
    "four branches": (TWO, branches, 1 - 4 * integrate.quad(lambda v: (GAUSS.cdf(3 + 0.2 * v * v) - 0.5) *
                      GAUSS.pdf(v), 0, 3.5, epsabs=1e-14)[0], 3.0, (0.2222795066194439987212863444e-2, 1e-12)),
}


def cases():
    for case, (inputs, limit, probability, distance, known) in PROBLEMS.items():
        found = un.nearest_flip(inputs, lambda x, f=limit: {"y": f(*x.values())}, lambda y: y["y"] < 0,
                                **sizes(case, 16_384))
        yield from checks(f"{case}, P(failure)", "quadrature", [probability], found, "probability")
        if known:
            yield from checks(f"{case}, P(failure)", "otbenchmark 0.2.1, published", [known[0]], found, "probability",
                              slack=known[1], exact=False)
        yield searched(f"{case}, distance", "closed form" if case != "RP53" else "minimisation", distance,
                       float(found.distance))


def searched(case, source, distance, found):
    """A search has no standard error: it ends near the nearest failure."""
    off = abs(found - distance) / distance
    return Row(case, source, f"{number(distance)}, to {SEARCHED:g} of it", f"{number(found)}, off by {off:.1g} of it",
               bool(off <= SEARCHED))
