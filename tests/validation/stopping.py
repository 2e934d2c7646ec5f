"""Does `--tolerance` keep what it says: when a run stops, is the error of each figure as small as asked for?

JCGM 101, 7.9.4 stops when twice the standard errors, of batches, are below a numerical tolerance; ours when the
standard errors, of replicates, are below T, half of that. Both look again and again, and stop where errors happen to
seem small: so errors could be larger than is printed of them, and by how much is measured here. The rule is that of
`uncertainty run` and `un.run`; `un.propagate` makes as many replicates as it is told, so that the rule is tried on a
procurement study, and on none of JCGM 101's examples. A row passes where every run says that T was met and the root
mean square error is at most T, for each of CapEx's 5, 50 and 95 % quantiles (relative) and P(first), but for chance;
the study has three uncertain inputs, 64 samples a replicate, and begins with 8 replicates.
"""

from typing import NamedTuple

import numpy as np
from procurement import load
from studied import plain
from truths import STUDIES, Truth

import uncertainty as un
from uncertainty.analysis.error import half_width

LEVELS = (0.05, 0.5, 0.95)


class Stopped(NamedTuple):
    """Runs that stopped at a tolerance: how many replicates on average, and by how much they were off.

    `off` is the root of the mean square of errors, in tolerances, and `shortfall` what it is beside the standard errors
    that were printed: above 1 where stopping early makes these too small; of the figures the worst.
    """

    tolerance: float
    method: str
    seeds: int
    replicates: float
    met: int
    off: float
    shortfall: float
    tried: int
    held: int

    @property
    def passed(self):
        """Every run met the tolerance, and errors are within it, root mean square, but for what so few cannot tell."""
        return bool(self.met == self.seeds and self.off <= 1 + 3 / (2 * self.seeds) ** 0.5)


def runs(tolerance, method, seeds):
    """Of each seed the replicates, whether the tolerance was met, and estimates and errors of what it is about."""
    study = load(**STUDIES["three"][3], samples=64, replicates=8, method=method)
    for seed in range(seeds):
        results = un.run(study.with_sampling(seed=seed), tolerance=tolerance)
        capex = plain(results, "bands", "capex", [0, 2, 4], 0, 0)
        first = plain(results, "ranking", "rank_acceptability", 0, 0, 0, 0)
        yield results.convergence.replicates, results.convergence.reached, np.concatenate([capex, first], axis=1)


def stopped(tolerance, method, seeds):
    price, pue, units, _ = STUDIES["three"]
    truth = Truth(price, pue, units)
    truths = np.array([*map(truth.capex_quantile, LEVELS), truth.cheaper()])
    asked = tolerance * np.append(truths[:-1], 1.0)
    replicates, met, found = (np.array(x) for x in zip(*runs(tolerance, method, seeds), strict=True))
    errors, se = found[:, 0] - truths, found[:, 1]
    held = np.abs(errors) <= half_width(1.0, replicates)[:, None] * se
    mean_square = (errors**2).mean(axis=0)
    return Stopped(tolerance, method, seeds, replicates.mean(), int(met.sum()), (mean_square**0.5 / asked).max(),
                   (mean_square / (se**2).mean(axis=0)).max() ** 0.5, held.size, int(held.sum()))


def tried(seeds):
    return [stopped(tolerance, method, seeds) for method in ("sobol", "random")
            for tolerance in ((0.01, 0.005) if method == "sobol" else (0.02, 0.01))]
