"""What a study with one, two or three uncertain inputs converges to: sums, quadrature and root finding.

Nothing of the package's arithmetic or distributions is used: between the breakpoints of floor and ceil all is known
from scipy's cumulative distribution functions.
"""

from itertools import pairwise

import numpy as np
from scipy import integrate, optimize, stats
from support import dist

# the study's constants, once more
BUDGET, HOURS, LOSSES, OVERHEAD, KWH = 150_000, 8, 0.9 * 0.9, 1.25, 13.5
A5000_KW, SPARK_KW, SPARK_PRICE, SPARKS = 0.230, 0.240, 2600, 57  # so cheap that either may be the cheaper build
PER_PUE = OVERHEAD * HOURS / LOSSES / KWH  # powerwalls per kW and unit of PUE, before rounding up


class Constant:
    """A frozen distribution that does not vary."""

    def __init__(self, value):
        self.value = value

    def cdf(self, x):
        return np.where(np.asarray(x) >= self.value, 1.0, 0.0)

    def expect(self, f, low, high):
        return f(self.value) if low < self.value <= high else 0.0


class Truncated:
    """A frozen scipy.stats distribution between two ends."""

    def __init__(self, parent, low, high):
        self.parent, self.low, self.high = parent, low, high
        self.kept = parent.cdf(high) - parent.cdf(low)

    def cdf(self, x):
        return (self.parent.cdf(np.clip(x, self.low, self.high)) - self.parent.cdf(self.low)) / self.kept

    def expect(self, f, low, high):
        low, high = np.clip([low, high], self.low, self.high)
        return integrate.fixed_quad(lambda x: f(x) * self.parent.pdf(x) / self.kept, low, high, n=20)[0]


PRICE = Truncated(stats.lognorm(0.15, 0, 2500), 1700, 3200)
PUE = Truncated(stats.beta(1 + 4 * 0.20 / 0.55, 1 + 4 * 0.35 / 0.55, 1.05, 0.55), 1.05, 1.60)
PRICE_TEXT = dist("lognormal", median=2500, sigma=0.15, min=1700, max=3200)
PUE_TEXT = dist("pert", low=1.05, mode=1.25, high=1.60)

NODES = 200  # of the price of a Powerwall; with 400 no statistic moves by more than 1e-5 of itself
POWERWALL = 8200.0
POWERWALLS = 7000 + 3000 * (np.arange(NODES) + 0.5) / NODES  # equally likely prices of one
POWERWALLS_TEXT = dist("uniform", low=7000, high=10_000)
SPARK = f"[build.dgx_spark]\nunit_price = {SPARK_PRICE}\n"
OF_PRICE = {"rest": f"[build.rtx_a5000]\nunit_price = {PRICE_TEXT}\n{SPARK}"}

STUDIES = {
    "price": (PRICE, Constant(1.2), POWERWALL, OF_PRICE),
    "pue": (Constant(2500), PUE, POWERWALL, {"rest": SPARK, "pue": PUE_TEXT}),
    "both": (PRICE, PUE, POWERWALL, OF_PRICE | {"pue": PUE_TEXT}),
    "three": (PRICE, PUE, POWERWALLS, OF_PRICE | {"pue": PUE_TEXT, "battery_unit_price": POWERWALLS_TEXT}),
}


def pieces(price, pue):
    """(n, walls, walls of the Spark, least price, greatest price, probability of that PUE) with any probability.

    The budget buys n cards at prices in (budget / (n + 1), budget / n]; n cards take w units of storage at a PUE in
    ((w - 1) / c, w / c], c being what they need at a PUE of 1.
    """
    found = []
    for n in range(40, 95):
        low, high = BUDGET / (n + 1), BUDGET / n
        if price.cdf(high) == price.cdf(low):
            continue
        need, need_of_sparks = n * A5000_KW * PER_PUE, SPARKS * SPARK_KW * PER_PUE
        for w in range(1, 60):
            for v in range(1, 30):
                edges = [max((w - 1) / need, (v - 1) / need_of_sparks), min(w / need, v / need_of_sparks)]
                probability = float(np.diff(pue.cdf(edges))[0]) if edges[0] < edges[1] else 0.0
                if probability > 0:
                    found.append((n, w, v, low, high, probability))
    return found


def pieces_inside(price, pue):
    """The same where the budget pays for the cards' batteries too; without the Spark, of which v is 0.

    Between the values of the PUE at which some number of cards takes one unit of storage more, the number that each
    takes is the same; n cards are bought at prices up to (budget - their storage) / n, where n + 1 are too dear.
    """
    counts, need, found = np.arange(20, 61), A5000_KW * PER_PUE, []
    edges = np.unique([w / (n * need) for n in counts for w in range(1, 60)])
    for start, end in pairwise(edges):
        probability = float(np.diff(pue.cdf([start, end]))[0])
        if probability > 0:
            walls = np.ceil(counts * need * (start + end) / 2)
            dearest = (BUDGET - POWERWALL * walls) / counts
            chances = -np.diff(price.cdf(dearest))
            found += [(counts[i], walls[i], 0, dearest[i + 1], dearest[i], probability)
                      for i in np.flatnonzero(chances > 0)]
    return found


class Truth:
    """What the study's statistics converge to."""

    def __init__(self, price, pue, units=POWERWALL, pieces=pieces):
        self.price, self.units, self.pieces = price, np.atleast_1d(units), pieces(price, pue)
        n, w, v, low, high, p = np.array(self.pieces).T
        self.n, self.w, self.v, self.low, self.high, self.p = n, w, v, low, high, p
        self.joint = p * (price.cdf(high) - price.cdf(low))

    def pmf(self, numbers, at):
        return np.array([self.joint[numbers == k].sum() for k in at])

    def below(self, limit, walls):
        """P(n price + so many walls <= limit)."""
        n, low, high = (x[:, None] for x in (self.n, self.low, self.high))
        dearest = np.clip((limit - walls[:, None] * self.units) / n, low, high)
        return float(np.sum(self.p[:, None] * (self.price.cdf(dearest) - self.price.cdf(low))) / len(self.units))

    def capex_below(self, limit):
        return self.below(limit, self.w)

    def cheaper(self):
        """P(the A5000 is cheaper than the Spark)."""
        return self.below(SPARKS * SPARK_PRICE, self.w - self.v)

    def capex_quantile(self, q):
        return optimize.brentq(lambda c: self.capex_below(c) - q, 1e5, 5e5, xtol=1e-6)

    def mean(self, f):
        """Expectation of f(price, n, w, price of a wall)."""
        def averaged(x, n, w):
            values = f(np.asarray(x)[..., None], n, w, self.units)
            return np.broadcast_to(values, (*np.shape(x), len(self.units))).mean(axis=-1)

        return sum(p * self.price.expect(lambda x, n=n, w=w: averaged(x, n, w), low, high)
                   for n, w, _, low, high, p in self.pieces)
