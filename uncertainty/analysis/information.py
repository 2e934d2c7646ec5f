"""What knowing more is worth to a choice among options: EVPI, EVPPI and EVSI, in the unit of their costs.

Raiffa and Schlaifer (1961), Applied Statistical Decision Theory. Costs are what is to be kept low; all values are of
whoever takes the option of least expected cost, as far as is known then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .error import Estimate, combine, trusted

Floats = NDArray[np.float64]
TIMES = 4  # as many model runs for each set of inputs that is known as there are samples
OTHER = 1 << 32  # added to the number of a replicate, where it needs points that are independent of its own
GOLDEN = (np.sqrt(5.0) - 1) / 2


def perfect(regret: Floats) -> Estimate:
    """Expected value of perfect information (...,), of the expected regret of each replicate (replicate, ..., option).

    The regret of the option that is best on the whole: nothing is lost where its error decides nothing.
    """
    best = np.argmin(np.nan_to_num(combine(regret).value, nan=np.inf), axis=-1)
    return combine(np.take_along_axis(regret, np.asarray(best)[None, ..., None], axis=-1)[..., 0])


def split(samples: int) -> tuple[int, int]:
    """At how many points inputs are known, about twice the root of the runs, and how many samples of others meet each.

    Both powers of two, for samples that are one.
    """
    many = 2 << ((TIMES * samples).bit_length() - 1) // 2
    return many, TIMES * samples // many


def expected(conditional: Floats, means: Floats) -> Floats:
    """Conditional means (..., option, point), moved so that their means are `means` (..., option)."""
    offset = conditional - conditional[..., :1]  # so that what no point changes is exactly the mean
    return np.asarray(offset - offset.mean(axis=-1, keepdims=True) + means[..., None])


def gain(conditional: Floats, means: Floats) -> Floats:
    """What choosing by conditional means (..., option, point) saves against choosing by `means` (..., option).

    It is exactly 0 where the option of least mean is best at every point, and never less.
    """
    known = expected(conditional, means)
    best = np.take_along_axis(known, means.argmin(axis=-1)[..., None, None], axis=-2)[..., 0, :]
    return np.asarray((best - known.min(axis=-2)).mean(axis=-1))


def chosen(conditional: Floats, means: Floats) -> Floats:
    """Share of points at which each option is chosen (..., option): the first where several are best."""
    first = expected(conditional, means).argmin(axis=-2)
    return np.asarray((first[..., None, :] == np.arange(means.shape[-1])[:, None]).mean(axis=-1))


def without_bias(worth: Callable[[Floats], Floats], costs: Floats) -> Floats:
    """The worth (...,) of conditional means, from costs (..., option, point, sample).

    Choosing by means of few samples looks better than it is, by about one over their number. Twice the worth less the
    mean worth by each half of the samples does not (Giles and Goda 2019, Stat. Comput. 29, 739).
    """
    half = costs.shape[-1] // 2
    halves = [worth(part.mean(axis=-1)) for part in (costs[..., :half], costs[..., half:])]
    return np.asarray(2 * worth(costs.mean(axis=-1)) - (halves[0] + halves[1]) / 2)


def partial(costs: Floats, means: Floats) -> Floats:
    """Expected value of knowing some inputs (...,), by the costs (..., option, point, sample) at points of these.

    Every point is met with the same samples of all other inputs, as they are given that point: no regression stands in
    for the model, and what these samples err by on all points alike is taken off with `means` (..., option).
    """
    return without_bias(lambda conditional: gain(conditional, means), costs)


def measured(conditional: Floats, x: Floats, error: float, draws: int = 16, turn: float = 0.5) -> Floats:
    """Expected costs given a measured value, at equally probable ones (..., option, value): Bayes' rule among points.

    Parameters
    ----------
    conditional : (..., option, point)
        expected costs given the input, which is equally probable to be at each point
    x : (point,)
        the input, or its logarithm where the error is relative
    error
        standard deviation of the measurement, in the unit of `x`
    draws
        errors that are tried at each point: one in each of so many equally probable parts
    turn
        where in these parts they lie at the least x [1], inside (0, 1). From there they move on by the golden ratio,
        so that all together fill both x and the error evenly.
    """
    order = np.argsort(np.argsort(x, kind="stable"), kind="stable")
    level = (turn + GOLDEN * order) % 1
    return np.concatenate([_given(conditional, x, x + error * ndtri((part + level) / draws), error)
                           for part in range(draws)], axis=-1)


def _given(conditional: Floats, x: Floats, values: Floats, error: float) -> Floats:
    """Expected costs given each of some measured values, (..., option, value)."""
    away = ((values[:, None] - x) / error) ** 2
    weights = np.exp(-0.5 * (away - away.min(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("...p,vp->...v", conditional, weights)  # not by BLAS, whose bits hang on the machine


class Told(NamedTuple):
    """What the samples of each replicate tell of options, (replicate, option).

    means : of costs
    regret : what taking the option costs more than taking the best in each sample, on average
    best : share of samples in which the option is best; ties are split evenly
    largest, squares : the largest squared deviation of costs from their mean, and their sum
    """

    means: Floats
    regret: Floats
    best: Floats
    largest: Floats
    squares: Floats

    @property
    def choice(self) -> int:
        """The option of least mean cost on the whole."""
        return int(combine(self.means).value.argmin())

    @property
    def perfect(self) -> Floats:
        """Expected value of perfect information (replicate,)."""
        return self.regret[:, self.choice]

    def trusted(self, found: Estimate, samples: int, by_option: bool = False) -> Estimate:
        """What samples of so many a replicate tell; with an infinite error where one holds much of a variance.

        Of each option by itself, or of the choice among them by any.
        """
        each = trusted(Estimate(self.means[0], np.zeros_like(self.means[0])), self.largest.max(axis=0),
                       self.squares.sum(axis=0), samples * len(self.means)).se
        return found._replace(se=np.where(np.isnan(found.se), np.nan, found.se + (each if by_option else each.max())))

    def worth(self, costs: Floats) -> Floats:
        """Expected value of knowing some inputs (replicate,), by costs (replicate, option, point, sample).

        By the means of all replicates, so that what changes no choice is worth exactly 0 in each. What the value owes
        to the error of these, to first order, is in the replicates' differences, and so in the error `combine` gives.
        """
        mean = combine(self.means).value
        means = np.broadcast_to(mean, costs.shape[:2])
        owed = (np.arange(len(mean)) == self.choice) - chosen(costs.mean(axis=-1), means).mean(axis=0)
        return np.asarray(partial(costs, means) + np.einsum("ro,o->r", self.means - mean, owed))


def of_samples(costs: Floats) -> Told:
    """What samples (option, sample) tell, of one replicate: (option,)."""
    least = costs.min(axis=0)
    best = (costs == least) / (costs == least).sum(axis=0)
    squares = (costs - costs.mean(axis=-1, keepdims=True)) ** 2
    return Told(costs.mean(axis=-1), (costs - least).mean(axis=-1), best.mean(axis=-1), squares.max(axis=-1),
                squares.sum(axis=-1))
