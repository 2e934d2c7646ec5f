"""Shapley values of changes: by hand, by brute force over all orders, and what random orders give."""

from itertools import permutations

import numpy as np
import pytest

from uncertainty.analysis.orders import over_all, over_some


def brute_force(worth, changes):
    added = np.zeros((changes, *np.shape(worth(frozenset()))))
    orders = list(permutations(range(changes)))
    for order in orders:
        for k, change in enumerate(order):
            added[change] += worth(frozenset(order[: k + 1])) - worth(frozenset(order[:k]))
    return added / len(orders)


def glove_market(made):
    """Two left gloves (0, 1) and a right one (2): a pair is worth 1. Shapley's values are 1/6, 1/6, 2/3."""
    return np.array(float(2 in made and (0 in made or 1 in made)))


def random_game(changes, seed, order=None):
    """Worth of sets as sums over their subsets of at most `order` changes, two numbers each."""
    rng, terms = np.random.default_rng(seed), {}

    def worth(made):
        total = np.zeros(2)
        for bits in range(1 << changes):
            subset = frozenset(i for i in range(changes) if bits >> i & 1)
            if subset <= made and len(subset) <= (order or changes):
                total = total + terms[subset]
        return total

    for bits in range(1 << changes):
        terms[frozenset(i for i in range(changes) if bits >> i & 1)] = rng.normal(size=2)
    return worth


def test_the_glove_market():
    assert over_all(glove_market, 3) == pytest.approx([1 / 6, 1 / 6, 2 / 3])


@pytest.mark.parametrize("changes", [1, 2, 5])
def test_all_orders_agree_with_brute_force_and_sum_to_the_difference(changes):
    worth = random_game(changes, changes)
    found = over_all(worth, changes)
    assert found == pytest.approx(brute_force(worth, changes))
    assert found.sum(axis=0) == pytest.approx(worth(frozenset(range(changes))) - worth(frozenset()))


def test_a_pair_of_orders_is_exact_where_changes_act_on_each_other_in_twos():
    worth = random_game(6, 0, order=2)
    found = over_some(worth, 6, 3, np.random.default_rng(1))
    assert found.shape == (3, 6, 2)
    for pair in found:
        assert pair == pytest.approx(over_all(worth, 6))


def test_random_orders_are_near_and_each_pair_sums_to_the_difference():
    worth = random_game(5, 2)
    found = over_some(worth, 5, 200, np.random.default_rng(1))
    assert found.sum(axis=1) == pytest.approx(np.tile(worth(frozenset(range(5))) - worth(frozenset()), (200, 1)))
    error = found.std(axis=0, ddof=1) / np.sqrt(200)
    assert np.all(np.abs(found.mean(axis=0) - over_all(worth, 5)) < 4.5 * error)
    assert np.any(found.std(axis=0) > 0)
