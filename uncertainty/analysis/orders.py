"""How much of a difference each of several changes explains: made one after the other, averaged over their orders."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Worth = Callable[[frozenset[int]], Any]  # of a set of changes that are made: an array, of one shape for all sets


def over_all(worth: Worth, changes: int) -> Floats:
    """What each change adds, averaged over all orders in which they can be made: the Shapley value.

    Shapley (1953, Contributions to the Theory of Games II), equation 12: a sum over the sets of changes that may be
    made before. The changes' values sum to the whole difference.

    Parameters
    ----------
    worth
        the value (...) with these changes made, numbered from 0; asked for 2**changes sets, several times each.

    Returns
    -------
    array, shape (change, ...)
    """
    everyone = range(changes)
    added = []
    for one in everyone:
        others = [i for i in everyone if i != one]
        total = np.zeros_like(np.asarray(worth(frozenset()), float))
        for size in range(changes):
            orders = factorial(size) * factorial(changes - size - 1) / factorial(changes)
            for before in map(frozenset, combinations(others, size)):
                total = total + orders * (np.asarray(worth(before | {one}), float) - worth(before))
        added.append(total)
    return np.stack(added)


def over_some(worth: Worth, changes: int, pairs: int, generator: np.random.Generator) -> Floats:
    """The same over random orders, each with its reverse; exact where no three changes act on each other.

    Castro, Gómez and Tejada (2009, Computers & Operations Research 36, 1726), with pairs of orders that are antithetic
    (Mitchell et al. 2022, Journal of Machine Learning Research 23, 43). Each pair's values sum to the whole difference.

    Returns
    -------
    array, shape (pair, change, ...)
        their mean over pairs estimates the Shapley value, its error is the pairs' spread.
    """
    found = []
    for _ in range(pairs):
        order = generator.permutation(changes).tolist()
        found.append(sum(_along(worth, way) for way in (order, order[::-1])) / 2)
    return np.stack(found)


def _along(worth: Worth, order: list[int]) -> Floats:
    """What each change adds in one order."""
    steps = np.stack([np.asarray(worth(frozenset(order[:made])), float) for made in range(len(order) + 1)])
    added = np.empty_like(steps[1:])
    added[order] = np.diff(steps, axis=0)
    return added
