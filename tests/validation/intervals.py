"""Whether intervals of many seeds hold the truth, as often as they say or as a known reason lets expect."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from judge import DUST
from table import Known

from uncertainty.analysis.error import half_width

REPLICATES = 16
AIM = 0.93, 0.97


class Case(NamedTuple):
    """Estimates and errors (figure,) by seed, and the truths (figure,).

    `known` is why intervals do not hold the truth in 93 to 97 %: then `aim` is how often they are to. Figures of
    `one_event` say the same in other words, and count once.
    """

    what: str
    estimate: Callable
    truth: object
    known: Known | None = None
    aim: tuple[float, float] = AIM
    one_event: bool = False


class Covered(NamedTuple):
    """How many intervals held the truth, of so many runs, and the mean error over the standard error."""

    case: Case
    seeds: int
    tried: int
    held: int
    bias: float

    @property
    def share(self):
        return self.held / self.tried

    @property
    def within(self):
        """As often as expected, but for two standard errors of what so many seeds tell."""
        low, high = self.case.aim
        doubt = 2 * ((low + high) / 2 * (1 - (low + high) / 2) / self.seeds) ** 0.5
        return bool(low - doubt <= self.share <= high + doubt)


def covered(case, found, half=1.0):
    """Of estimates (seed, 2, figure); `half` narrows the intervals, which a test has to notice.

    The bias is missing where no figure has an error that is finite.
    """
    value, se = np.moveaxis(np.asarray(found, float), 1, 0)
    truth = np.broadcast_to(case.truth, value.shape)
    off = np.abs(value - truth)
    held = off <= half * half_width(se, REPLICATES) + DUST * np.abs(truth)
    held = held.all(axis=1) if case.one_event else held
    spread = np.sqrt(np.median(se**2, axis=0) if np.isinf(se).any() else (se**2).mean(axis=0))
    some = (spread > 0) & np.isfinite(spread)
    bias = np.max(np.abs((value - truth).mean(axis=0))[some] / spread[some]) if some.any() else np.nan
    return Covered(case, len(value), held.size, int(held.sum()), float(bias))


def pair(found, name, **where):
    """A statistic and its error, flat."""
    found = found.sel(**where) if where else found
    return np.stack([np.ravel(found[name]), np.ravel(found[f"{name}_se"])])
