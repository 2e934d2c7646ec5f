"""Which conclusions hold: relations between values, between options, and what a probability amounts to in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ranking import TIE, Compared, compared

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
VERDICTS = {"robust": 0.95, "likely": 2 / 3, "open": 1 / 3, "unlikely": 0.0}  # least probabilities, best first


def verdict(probability: float) -> str:
    """A probability in a word: "holds always" and "never" are of all samples and none, VERDICTS of what is between."""
    if probability in (0.0, 1.0):
        return "holds always" if probability else "never"
    return next(word for word, least in VERDICTS.items() if probability >= least)


def compare(relation: str, one: Floats, other: Any, numbers: Sequence[float] = ()) -> Bools:
    """A relation of values; rounding dust (TIE of their mean) makes no difference, and what is undefined holds not.

    `numbers` are the relative tolerance of "equal", or the ends of "between".
    """
    if relation == "between":
        low, high = numbers
        return compare("at least", one, low) & compare("at most", one, high)
    dust = TIE / 2 * (np.abs(one) + np.abs(other))
    if relation == "equal":
        return np.abs(one - other) <= np.maximum(numbers[0] * np.abs(other) if numbers else 0.0, dust)
    gap = one - other if relation in ("above", "at least") else other - one
    return gap > dust if relation in ("above", "below") else gap >= -dust


class Contest(NamedTuple):
    """Options, and who is ahead of whom in samples (scenario, sample)."""

    options: tuple[str, ...]
    found: Compared

    @property
    def scenarios(self) -> int:
        """How many scenarios there are."""
        return len(self.found)

    def of(self, scenario: slice) -> Contest:
        """The same in some scenarios."""
        return Contest(self.options, self.found.of(scenario))

    def first(self, option: str) -> Bools:
        """Where an option is best or tied, (scenario, sample)."""
        return ranked("best or tied", self, option)


def contest(costs: Floats, options: Sequence[str]) -> Contest:
    """The contest of options with these costs (scenario, option, sample), lower better."""
    return Contest(tuple(options), compared(costs))


def ranked(relation: str, among: Contest, option: str, numbers: Sequence[float] = ()) -> Bools:
    """A relation of an option to all others, (scenario, sample); `numbers` is the rank of "rank at least"."""
    i, found = among.options.index(option), among.found
    ahead = found.ahead(i)
    if relation == "worst":
        return found.told(ahead == len(among.options) - 1)
    if relation in ("best", "not best"):
        best = (ahead == 0) & (found.tied(i) == 0)
        return found.told(best if relation == "best" else ~best)
    return found.told(ahead < (numbers[0] if relation == "rank at least" else 1))


def share_first(one: Contest, other: Contest) -> Bools:
    """Where the two contests have a first, or one tied for it, in common."""
    return np.logical_or.reduce([one.first(o) & other.first(o) for o in one.options if o in other.options])
