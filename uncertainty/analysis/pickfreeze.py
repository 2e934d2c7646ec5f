"""Pick and freeze: what outputs do as some inputs take other values and the rest keep theirs.

Every sample has two independent points, A and B. A model is a `State` at samples, which can be moved to other levels
of some inputs; where inputs are correlated by a Gaussian copula, those that are not moved themselves keep what they
have by themselves, and follow with the rest. Then the two points that share some inputs are independent given these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
ROUNDING = 1e-13  # relative
Levels = Mapping[int, Floats]  # quantile levels of samples, by the row of the input
Layout = Mapping[Any, slice]  # rows of each part of the outputs, among all


class State(Protocol):
    """A model at samples."""

    @property
    def changed(self) -> Mapping[Any, Floats]:
        """Parts of the outputs, (row, sample), that may differ from those where the state was moved from."""

    def part(self, key: Any, /) -> Floats:
        """Any part of the outputs, (row, sample)."""

    def some(self, samples: slice, /) -> State:
        """The state at some of the samples."""

    def moved(self, levels: Levels, /) -> State:
        """The state in which some inputs have other levels."""


class Points(NamedTuple):
    """Two independent points of the inputs, levels (input, sample), and the correlation of the normal scores."""

    a: Floats
    b: Floats
    correlation: Floats

    def some(self, samples: slice) -> Points:
        """Those of some samples."""
        return Points(self.a[:, samples], self.b[:, samples], self.correlation)


def closed_groups(correlation: Floats) -> list[tuple[int, ...]]:
    """Inputs that are linked by correlation, (input, input), each group ascending; one that is not is by itself."""
    linked, groups = correlation != 0, list[tuple[int, ...]]()
    for row in range(len(correlation)):
        if not any(row in group for group in groups):
            group, more = {row}, {row}
            while more:
                more = set(np.flatnonzero(linked[sorted(group)].any(axis=0)).tolist()) - group
                group |= more
            groups.append(tuple(sorted(group)))
    return groups


def is_closed(rows: Sequence[int], linked: Sequence[tuple[int, ...]]) -> bool:
    """Whether no input of a set is in a group of correlated ones of which it has not all."""
    return all(set(group) <= set(rows) or not set(group) & set(rows) for group in linked)


def swapped(own: Floats, other: Floats, rows: Sequence[int], correlation: Floats) -> dict[int, Floats]:
    """Levels of inputs as `rows` of them are taken from other points, those that are correlated with these following.

    With normal scores z and their correlation matrix R the rest is z_v + R_vu R_uu^-1 (z'_u - z_u): what it has by
    itself given the rows u is kept.

    Parameters
    ----------
    own, other : (input, sample)
    correlation : (input, input) of the normal scores

    Returns
    -------
    dict
        levels (sample,) of those inputs that change, by row.
    """
    found = {row: other[row] for row in rows}
    linked = np.flatnonzero((correlation[list(rows)] != 0).any(axis=0))
    rest = [row for row in linked.tolist() if row not in found]
    if rest:
        held = [row for row in rows if np.count_nonzero(correlation[row]) > 1]
        weights = _solved(correlation[np.ix_(held, held)], correlation[np.ix_(held, rest)])
        shift = np.einsum("hr,hs->rs", weights, ndtri(other[held]) - ndtri(own[held]))
        for row, by in zip(rest, shift, strict=True):
            found[row] = ndtr(ndtri(own[row]) + by)
    return found


def _solved(matrix: Floats, right: Floats) -> Floats:
    """What a positive definite matrix takes to the right-hand side: not by LAPACK, whose bits hang on the machine."""
    both = np.concatenate([matrix, right], axis=1)
    for i, row in enumerate(both):
        row /= row[i]
        others = np.arange(len(both)) != i
        both[others] -= both[others, i : i + 1] * row
    return both[:, len(matrix) :]


# --- Sobol' indices ---------------------------------------------------------------------------------------------


class Shares(NamedTuple):
    """Variances of outputs in one set of samples: those that each set of inputs takes (set, row), and all of it (row,).

    closed : of the expectation given the set, V[E[Y | X_u]]: over `whole` the closed index, or first-order of one input
    total : that the set is in, E[V[Y | all but the set]]: over `whole` the total-order index
    whole : V[Y]
    chance : what `closed` is estimated to be of an input that does nothing, where no value is shared
    spread : V[Y] for each set (set, row), of the values that its variances are made of, whose errors it shares
    largest : squared deviation of any sample (row,)
    """

    closed: Floats
    total: Floats
    whole: Floats
    chance: Floats
    spread: Floats
    largest: Floats


def azzini_2021(f_a: Floats, f_b: Floats, f_ab: Floats, f_ba: Floats) -> tuple[Floats, Floats]:
    """Closed and total variance (row,) of values (row, sample) at A, B, and each with a set from the other.

    The numerators of Azzini, Mara and Rosati (2021), Environ. Model. Softw. 144, 105167: only differences are looked
    at, so that no mean has to be taken off, the two use all four values, and no closed variance exceeds its total one.
    The denominator, of the same values, is `Shares.spread`.
    """
    from_b, from_a = f_ba - f_b, f_a - f_ab
    return _mean(from_b, from_a) / 2, (_mean(from_b, from_b) + _mean(from_a, from_a)) / 4


def saltelli_2010(f_a: Floats, f_b: Floats, f_ab: Floats) -> tuple[Floats, Floats]:
    """The same of values at A, B, and A with a set from B: half the model runs, and mostly a larger error.

    Saltelli et al. (2010), Comput. Phys. Commun. 181, 259, table 2: (b) for the closed, Jansen's (f) for the total
    variance. Values at B are taken off the mean of all at A and B.
    """
    from_a = f_ab - f_a
    return _mean(f_b - _center(f_a, f_b), from_a), _mean(from_a, from_a) / 2


def _center(f_a: Floats, f_b: Floats) -> Floats:
    first = f_a[..., :1]  # exactly the mean where all are equal
    away = (f_a - first).mean(axis=-1, keepdims=True) + (f_b - first).mean(axis=-1, keepdims=True)
    return np.asarray(first + away / 2)


def _mean(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.einsum("...s,...s->...", one, other) / one.shape[-1])


def indices(a: State, b: State, points: Points, sets: Sequence[Sequence[int]], layout: Layout,
            both: bool = True) -> Shares:
    """Variances that sets of inputs take; of a part of the outputs that a set does not change it takes none.

    Parameters
    ----------
    a, b
        the model at the points.
    sets
        rows of inputs; what correlated inputs take is theirs alone only where a set has all that are linked.
    both
        whether to move B too (`azzini_2021`), or A alone (`saltelli_2010`).
    """
    whole, chance, largest, dust = _spread(a, b, layout)
    closed, total = (np.zeros((len(sets), len(whole))) for _ in range(2))
    spread = np.tile(whole - chance if both else whole, (len(sets), 1))
    for i, rows in enumerate(sets):
        ab = a.moved(swapped(points.a, points.b, rows, points.correlation))
        ba = b.moved(swapped(points.b, points.a, rows, points.correlation)) if both else None
        for key, f_ab in ab.changed.items():
            given, at = (a.part(key), b.part(key), f_ab), layout[key]
            told = azzini_2021(*given, ba.part(key)) if ba else saltelli_2010(*given)
            closed[i, at], total[i, at] = told
            if ba:
                apart = f_ab - ba.part(key)
                spread[i, at] = ((whole - chance)[at] + _mean(apart, apart) / 2) / 2
    there = (whole > 0) & (total > dust)
    return Shares(np.where(there, closed, 0), np.where(there, total, 0), whole, chance, np.where(whole > 0, spread, 0),
                  largest)


def _spread(a: State, b: State, layout: Layout) -> tuple[Floats, Floats, Floats, Floats]:
    """Variance of values at A and B, their covariance, which is chance, and the largest squared deviation.

    All zero where values differ by no more than rounding, the last: the square of what that may be.
    """
    whole, chance, largest, dust = (np.zeros(size(layout)) for _ in range(4))
    for key, at in layout.items():
        center = _center(a.part(key), b.part(key))
        one, other = (values - center for values in (a.part(key), b.part(key)))
        dust[at], most = (ROUNDING * center[:, 0]) ** 2, np.maximum((one * one).max(axis=-1), (other**2).max(axis=-1))
        whole[at], chance[at], largest[at] = (np.where(most > dust[at], x, 0) for x in (
            (_mean(one, one) + _mean(other, other)) / 2, _mean(one, other), most))
    return whole, chance, largest, dust


def size(layout: Layout) -> int:
    """Rows in all."""
    return max((at.stop for at in layout.values()), default=0)


# --- Shapley effects --------------------------------------------------------------------------------------------


def shapley(a: State, b: State, points: Points, players: Sequence[Sequence[int]], order: Sequence[int],
            layout: Layout) -> Floats:
    """What each player adds to the variance explained, (player, row), as they are learnt in one order.

    From B, all inputs come from A one after the other. The mean over random orders is the Shapley effect, and whatever
    the order all sum to half the mean squared difference of A and B. Goda (2021), Reliab. Eng. Syst. Saf. 213, 107673,
    algorithm 1; with correlated inputs the rest follows as it does given those that have been learnt, which keeps the
    two things that it needs: that values which share these are independent given them, and all of one distribution.
    """
    found = np.zeros((len(players), size(layout)))
    state, learnt = b, list[int]()
    for player in order:
        learnt += players[player]
        there = swapped(points.b, points.a, learnt, points.correlation)
        new = state.moved(_fresh(there, players[player], learnt))
        for key, after in new.changed.items():
            found[player, layout[key]] = _added(a.part(key), state.part(key), after)
        state = new
    return found


def in_orders(a: State, b: State, points: Points, players: Sequence[Sequence[int]], orders: Sequence[Sequence[int]],
              layout: Layout) -> Floats:
    """The mean over orders, each of which has its own part of the samples."""
    size = points.a.shape[1] // len(orders)
    parts = [slice(i * size, (i + 1) * size) for i in range(len(orders))]
    each = [shapley(a.some(part), b.some(part), points.some(part), players, order, layout)
            for part, order in zip(parts, orders, strict=True)]
    return np.where(_spread(a, b, layout)[0] > 0, np.mean(each, axis=0), 0)


def paired(words: Sequence[NDArray[Any]]) -> list[list[int]]:
    """Orders of players, of random words (player,), each followed by its reverse, as in antithetic sampling."""
    some = [np.argsort(word, kind="stable").tolist() for word in words]
    return [order for one in some for order in (one, one[::-1])]


def shapley_exact(a: State, b: State, points: Points, players: Sequence[Sequence[int]], layout: Layout) -> Floats:
    """The same over all orders, by the value of each subset of players: 2**players - 2 states besides A and B.

    To learn a player adds what the mean squared difference from A falls by, so that of each state only this is kept.
    """
    everyone, lost = tuple(range(len(players))), dict[tuple[int, ...], Floats]()
    for known in range(len(players) + 1):
        for some in combinations(everyone, known):
            rows = [row for player in some for row in players[player]]
            ends = {(): b, everyone: a}
            state = ends[some] if some in ends else b.moved(swapped(points.b, points.a, rows, points.correlation))
            lost[some] = _lost(a, state, layout)
    found = np.zeros((len(players), size(layout)))
    for some, before in lost.items():
        for player in set(everyone).difference(some):
            weight = 1.0 / (len(players) * comb(len(players) - 1, len(some)))
            found[player] += weight * (before - lost[tuple(sorted((*some, player)))])
    return np.where(_spread(a, b, layout)[0] > 0, found, 0)


def _lost(a: State, state: State, layout: Layout) -> Floats:
    """Half the mean squared difference of two states, (row,)."""
    found = np.zeros(size(layout))
    for key, at in layout.items():
        apart = a.part(key) - state.part(key)
        found[at] = _mean(apart, apart) / 2
    return found


def _fresh(levels: Levels, now: Sequence[int], learnt: Sequence[int]) -> Levels:
    """Levels that are not what they were a step ago: of those learnt now, and of what follows them."""
    return {row: u for row, u in levels.items() if row in now or row not in learnt}


def _added(f_a: Floats, before: Floats, after: Floats) -> Floats:
    return _mean(f_a - (before + after) / 2, after - before)

