"""Who wins, and does it flip: rank acceptability, pairwise winning, regret, and distance from one order.

Terms are those of stochastic multicriteria acceptability analysis (Lahdelma, Hokkanen and Salminen 1998, Eur. J.
Oper. Res. 106, 137): the rank acceptability index is the probability of a rank, and ties share their ranks evenly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BETTER = ("lower", "higher")
TIE = 1e-9  # relative difference below which two values are the same: rounding dust makes no winner
WORST = 1e300  # stands for an undefined value, which loses to every defined one


class Order(NamedTuple):
    """Who beats whom in each sample, shapes (..., option, sample) and, of pairs, (..., pair, sample)."""

    ahead: NDArray[np.int16]  # options strictly better than this one
    tied: NDArray[np.int16]  # other options as good as this one
    sign: NDArray[np.int8]  # 1 where the first of a pair is better, -1 where the second, 0 in a tie
    weight: Floats | None = None  # how many samples each stands for, (..., sample); else one


def oriented(values: Floats, better: str) -> Floats:
    """Values of which lower is better, undefined ones worst.

    Raises
    ------
    ValueError
        where `better` is neither "lower" nor "higher".
    """
    if better not in BETTER:
        raise ValueError(f"better is {better!r}; wanted 'lower' or 'higher'")
    signed = values if better == "lower" else -values
    undefined = signed != signed
    return np.where(undefined, WORST, signed) if undefined.any() else signed


def _compare(costs: Floats) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Of every pair of options, where the first is better, and where the second, by more than TIE of their mean."""
    margin = np.abs(costs)
    margin *= TIE / 2
    above, below = costs + margin, np.subtract(costs, margin, out=margin)
    for i, j in combinations(range(costs.shape[-2]), 2):
        yield above[..., i, :] < below[..., j, :], above[..., j, :] < below[..., i, :]


def order(costs: Floats) -> Order:
    """Pairwise comparison of options, of which lower is better: array (..., option, sample)."""
    options = costs.shape[-2]
    sign = np.empty((*costs.shape[:-2], options * (options - 1) // 2, costs.shape[-1]), np.int8)
    for k, (first, second) in enumerate(_compare(costs)):
        np.subtract(first, second, out=sign[..., k, :], dtype=np.int8)
    return _order(sign, options)


def _order(sign: NDArray[np.int8], options: int) -> Order:
    shape = (*sign.shape[:-2], options, sign.shape[-1])
    ahead, tied = np.zeros(shape, np.int16), np.zeros(shape, np.int16)
    for k, (i, j) in enumerate(combinations(range(options), 2)):
        ahead[..., j, :] += sign[..., k, :] > 0
        ahead[..., i, :] += sign[..., k, :] < 0
        tie = sign[..., k, :] == 0
        tied[..., i, :] += tie
        tied[..., j, :] += tie
    return Order(ahead, tied, sign)


# --- counts, which add up over samples exactly ------------------------------------------------------------------


class Tally(NamedTuple):
    """How many samples show what; whole numbers, as many as there are samples in all.

    ranks : (..., option, options**2), by options ahead times options, plus options tied
    better : (..., pair, 2): the first, or the second of a pair
    order, first : (...): another order than the reference's, and another first
    agreed : (..., 2 pairs + 1), by agreement with the reference
    """

    ranks: Floats
    better: Floats
    order: Floats
    first: Floats
    agreed: Floats


def _counted(codes: NDArray[np.integer], size: int, weight: Floats | None = None) -> Floats:
    """How often each code 0 ... size - 1 comes along the last axis, (..., size)."""
    rows = codes.reshape(-1, codes.shape[-1]) + np.arange(codes[..., 0].size)[:, None] * size
    weights = None if weight is None else np.broadcast_to(weight, codes.shape).ravel()
    counts = np.bincount(rows.ravel(), weights, minlength=len(rows) * size)
    return counts.reshape(*codes.shape[:-1], size).astype(np.float64)


def _sum(condition: NDArray[np.bool_], weight: Floats | None) -> Floats:
    return condition.sum(axis=-1, dtype=np.float64) if weight is None else (condition * weight).sum(axis=-1)


def _rank_counts(found: Order) -> Floats:
    options = found.ahead.shape[-2]
    weight = None if found.weight is None else found.weight[..., None, :]
    return _counted(found.ahead.astype(np.intp) * options + found.tied, options**2, weight)


def _pair_counts(found: Order) -> Floats:
    weight = None if found.weight is None else found.weight[..., None, :]
    return np.stack([_sum(found.sign == s, weight) for s in (1, -1)], axis=-1)


def _flip_counts(found: Order, reference: Order) -> tuple[Floats, Floats, Floats]:
    pairs = found.sign.shape[-2]
    agreed = agreement(found, reference)
    first = ~np.any((found.ahead == 0) & (reference.ahead == 0), axis=-2)
    return (_sum(agreed != pairs, found.weight), _sum(first, found.weight),
            _counted(agreed + pairs, 2 * pairs + 1, found.weight))


MOST_CODED = 4  # options whose order is one of at most 3**6 codes


@dataclass(frozen=True, eq=False)
class Compared:
    """Orders of samples: each by a code of all its pairs (..., sample), where options are few, or spelt out."""

    options: int
    codes: NDArray[np.int16] | None
    order: Order | None

    def __len__(self) -> int:
        """How many there are along the first axis."""
        return len(self.codes if self.order is None else self.order.sign)  # type: ignore[arg-type]

    def of(self, some: slice) -> Compared:
        """Those of a part of the first axis."""
        if self.order is None:
            return Compared(self.options, self.codes[some], None)  # type: ignore[index]
        ahead, tied, sign, _ = self.order
        return Compared(self.options, None, Order(ahead[some], tied[some], sign[some]))

    def ahead(self, option: int) -> NDArray[np.int16]:
        """Options strictly better than one, of every code, or of samples where there are none."""
        return (self.order or _all_orders(self.options)).ahead[..., option, :]

    def tied(self, option: int) -> NDArray[np.int16]:
        """Options as good as one, likewise."""
        return (self.order or _all_orders(self.options)).tied[..., option, :]

    def told(self, by_code: NDArray[Any]) -> NDArray[Any]:
        """What is so of every code, or of samples, for samples (..., sample)."""
        return by_code if self.codes is None else by_code[self.codes]


def compared(costs: Floats) -> Compared:
    """Orders of a block of samples (..., option, sample); few options have one code for all pairs."""
    options = costs.shape[-2]
    if options > MOST_CODED:
        return Compared(options, None, order(costs))
    codes = np.full((*costs.shape[:-2], costs.shape[-1]), _codes(options) // 2, np.int16)
    for k, (first, second) in enumerate(_compare(costs)):
        sign = first.view(np.int8) - second.view(np.int8)
        codes += sign * np.int16(3**k)
    return Compared(options, codes, None)


def _codes(options: int) -> int:
    return int(3 ** (options * (options - 1) // 2))


@cache
def _all_orders(options: int) -> Order:
    """The order that each code stands for, as samples."""
    place = 3 ** np.arange(options * (options - 1) // 2)[:, None]
    return _order((np.arange(_codes(options)) // place % 3 - 1).astype(np.int8), options)


def tally(found: Compared, reference: Order) -> tuple[Floats, ...]:
    """Counts of a block of samples, to be added up and given to `told`."""
    if found.order is not None:
        return Tally(_rank_counts(found.order), _pair_counts(found.order), *_flip_counts(found.order, reference))
    assert found.codes is not None
    return (_counted(found.codes, _codes(found.options)),)


def told(counted: tuple[Floats, ...], options: int, reference: Order) -> Tally:
    """What the sums of `tally` say."""
    if options > MOST_CODED:
        return Tally(*counted)
    found = _decoded(counted[0], options)
    return Tally(_rank_counts(found), _pair_counts(found), *_flip_counts(found, reference))


def _decoded(codes: Floats, options: int) -> Order:
    """The orders that came, as weighted samples."""
    came = np.flatnonzero(codes.reshape(-1, codes.shape[-1]).any(axis=0))
    sign = _all_orders(options).sign[:, came]
    found = _order(np.broadcast_to(sign, (*codes.shape[:-1], *sign.shape)), options)
    return found._replace(weight=codes[..., came])


# --- shares -----------------------------------------------------------------------------------------------------


def rank_shares(found: Order) -> Floats:
    """Share of samples in which an option has a rank, (..., option, rank); a tie splits its ranks evenly."""
    return ranks_of(_rank_counts(found) / found.sign.shape[-1])


def ranks_of(shares: Floats) -> Floats:
    """Shares of ranks of those of options ahead and tied (..., option, options**2)."""
    options = shares.shape[-2]
    ranks = np.zeros((options, options, options))  # (ahead, tied, rank)
    for ahead in range(options):
        for tied in range(options - ahead):
            ranks[ahead, tied, ahead : ahead + tied + 1] = 1 / (tied + 1)
    return shares @ ranks.reshape(options**2, options)


def pairwise_shares(found: Order) -> tuple[Floats, Floats]:
    """Shares of samples in which an option beats, and ties with, another: two arrays (..., option, other)."""
    return pairs_of(_pair_counts(found), found.ahead.shape[-2], found.sign.shape[-1])


def pairs_of(better: Floats, options: int, samples: int) -> tuple[Floats, Floats]:
    """Shares of wins and ties (..., option, other) of counts of pairs (..., pair, 2)."""
    win, tie = (np.zeros((*better.shape[:-2], options, options)) for _ in range(2))
    for k, (i, j) in enumerate(combinations(range(options), 2)):
        first, second = better[..., k, 0], better[..., k, 1]
        win[..., i, j], win[..., j, i] = first / samples, second / samples
        tie[..., i, j] = tie[..., j, i] = (samples - first - second) / samples
    return win, tie


def regret(costs: Floats) -> Floats:
    """Mean shortfall against the best option of each sample, (..., option); missing where it is ever undefined."""
    return losses(costs) / costs.shape[-1]


def losses(costs: Floats) -> Floats:
    """Sum of the shortfalls against the best option of each sample, (..., option); missing where ever undefined."""
    lost = (costs - costs.min(axis=-2, keepdims=True)).sum(axis=-1)
    return np.where(costs.max(axis=-1) == WORST, np.nan, lost)


def agreement(found: Order, reference: Order) -> NDArray[np.intp]:
    """Pairs ordered as in the reference less pairs ordered the other way, (..., sample).

    Over the number of pairs this is Kendall's tau, extended to ties as Emond and Mason (2002), J. Multi-Crit.
    Decis. Anal. 11, 17: a tie on both sides agrees, on one side counts zero.
    """
    a, b = found.sign, reference.sign
    return np.sum(a * b + (1 - np.abs(a)) * (1 - np.abs(b)), axis=-2, dtype=np.intp)


def flips(found: Order, reference: Order) -> tuple[Floats, Floats, Floats]:
    """Shares in which the order differs from the reference, and in which none of its firsts is first; agreements.

    The agreements are -pairs ... pairs, (..., 2 pairs + 1): divided by the pairs, the distribution of tau.
    """
    order, first, agreed = _flip_counts(found, reference)
    whole = found.sign.shape[-1]
    return order / whole, first / whole, agreed / whole
