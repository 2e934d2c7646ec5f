"""Copulas: the rank correlation asked for, the marginals as they were, and the nearest matrix where there is none."""

import numpy as np
import pytest
from scipy import stats
from support import assert_close, dist

import uncertainty as un
from uncertainty import copula
from uncertainty.analysis.error import combine
from uncertainty.design import METHODS

PRICE = dist("lognormal", median=2500, sigma=0.15)
A6000 = dist("lognormal", median=4650, sigma=0.12)
SPARK = dist("pert", low=2999, mode=3999, high=4699)
PRICES = f"[build.rtx_a5000]\nunit_price = {PRICE}\n[build.rtx_a6000]\nunit_price = {A6000}\n"
CORRELATED = '[[correlation]]\ninputs = ["unit_price"]\nspearman = 0.5\n'


# --- rank correlation --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("asked", [-0.9, -0.3, 0.3, 0.99])
def test_realised_rank_correlation_is_the_one_asked_for(method, asked):
    x = un.propagate({"a": un.lognormal(1, 0.5), "b": un.uniform(0, 1), "c": un.pert(0, 1, 3)}, lambda x: {},
                     samples=512, correlation={("a", "c"): asked}, method=method)
    for one, other, wanted in (("a", "c", asked), ("a", "b", 0), ("c", "b", 0)):
        found = combine([stats.spearmanr(x[one][r], x[other][r]).statistic for r in range(16)])
        assert_close(found.value, found.se, wanted, 16)


def test_every_pair_of_a_study_correlates_as_asked(make_study):
    rest = PRICES + f"[build.dgx_spark]\nunit_price = {SPARK}\n" + CORRELATED
    prices = un.sample(make_study(builds=["rtx_a5000", "dgx_spark", "rtx_a6000"], rest=rest, samples=512,
                                  replicates=16)).unit_price.values
    found = combine([stats.spearmanr(p).statistic[np.triu_indices(3, 1)] for p in prices])
    assert_close(found.value, found.se, 0.5, 16)


@pytest.mark.parametrize("method", METHODS)
def test_correlation_leaves_the_marginals(method):
    x = un.propagate({"a": un.uniform(0, 1), "b": un.uniform(0, 1)}, lambda x: {}, samples=256,
                     correlation={("a", "b"): 0.7}, method=method)
    alone = un.propagate({"a": un.uniform(0, 1)}, lambda x: {}, samples=256, method=method)
    np.testing.assert_array_equal(x.a, alone.a)
    for level in (0.05, 0.3, 0.5, 0.9):
        found = un.probability(x.b < level)
        assert_close(found.probability, found.probability_se, level, 16, samples=16 * 256)


def test_copula_of_spearman_coefficients():
    """Kruskal (1958): the normal scores of a Spearman coefficient 1/2 correlate by 2 sin(pi / 12) = 0.517638."""
    found = copula.copula(["a", "b"], {("a", "b"): 0.5})
    np.testing.assert_allclose(found.factor @ found.factor.T, [[1, 0.517638090205], [0.517638090205, 1]], atol=1e-12)
    assert found.factor[0, 1] == 0
    assert not found.repaired
    np.testing.assert_array_equal(found.spearman, [[1, 0.5], [0.5, 1]])


def test_cholesky_factor_against_numpy():
    random = np.random.Generator(np.random.PCG64(1)).normal(size=(6, 9))
    matrix = np.corrcoef(random)
    np.testing.assert_allclose(copula.cholesky(matrix), np.linalg.cholesky(matrix), atol=1e-14)


# --- correlation matrices that cannot be -------------------------------------------------------------------


def test_nearest_correlation_of_highams_example():
    """Higham (2002), section 4: distance 0.5278."""
    matrix = np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    found = copula.nearest_correlation(matrix)
    np.testing.assert_allclose(found[[0, 0, 1], [1, 2, 2]], [0.7607, 0.1573, 0.7607], atol=5e-5)
    assert np.linalg.norm(found - matrix) == pytest.approx(0.5278, abs=5e-5)


@pytest.mark.parametrize(("size", "asked"), [(3, -0.9), (4, -0.6), (5, -1.0)])
def test_nearest_of_equal_coefficients_has_a_closed_form(size, asked):
    """By symmetry the nearest has equal coefficients too, and they can be as low as -1 / (size - 1)."""
    matrix = np.where(np.eye(size) == 1, 1.0, asked)
    off = ~np.eye(size, dtype=bool)
    np.testing.assert_allclose(copula.nearest_correlation(matrix)[off], -1 / (size - 1), atol=1e-7)


def clipped(matrix):
    """The crude repair: negative eigenvalues to zero, then the diagonal to one."""
    values, vectors = np.linalg.eigh(matrix)
    matrix = vectors * np.maximum(values, 0) @ vectors.T
    return matrix / np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))


@pytest.mark.parametrize("seed", range(20))
def test_nearest_correlation_exists_and_is_no_farther_than_clipping(seed):
    random = np.random.Generator(np.random.PCG64(seed)).uniform(-1, 1, (5, 5))
    matrix = np.triu(random, 1) + np.triu(random, 1).T + np.eye(5)
    assert np.linalg.eigvalsh(matrix)[0] < 0  # so there is something to repair
    found = copula.nearest_correlation(matrix)
    np.testing.assert_array_equal(np.diag(found), 1)
    np.testing.assert_allclose(found, found.T, atol=1e-15)
    assert np.linalg.eigvalsh(found)[0] > 0.9e-8
    assert np.linalg.norm(found - matrix) <= np.linalg.norm(clipped(matrix) - matrix)


def test_a_matrix_that_exists_is_left_alone():
    matrix = np.array([[1, 0.3, -0.2], [0.3, 1, 0.1], [-0.2, 0.1, 1]])
    np.testing.assert_allclose(copula.nearest_correlation(matrix), matrix, atol=1e-12)


IMPOSSIBLE = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}


def test_an_impossible_matrix_is_repaired_and_both_are_shown():
    found = copula.copula(["a", "b", "c"], IMPOSSIBLE)
    assert found.repaired
    assert found.spearman[0].tolist() == [1, 0.9, -0.9]
    latent = 2 * np.sin(np.pi / 6 * found.used)
    np.testing.assert_allclose(found.factor @ found.factor.T, latent, atol=1e-12)
    # by symmetry the nearest has coefficients r, r, -r, of which 1/2 is the largest that exists
    np.testing.assert_allclose(np.abs(latent[~np.eye(3, dtype=bool)]), 0.5, atol=1e-7)


@pytest.mark.parametrize(("asked", "used"), [(-0.9, 6 / np.pi * np.arcsin(-1 / 4)), (-0.4, -0.4)])
def test_the_results_of_a_study_show_what_was_asked_and_what_could_be_had(make_study, asked, used):
    rest = PRICES + f"[build.dgx_spark]\nunit_price = {SPARK}\n" + CORRELATED.replace("0.5", str(asked))
    found = un.run(make_study(builds=["rtx_a5000", "dgx_spark", "rtx_a6000"], rest=rest)).copula
    assert found.names == ("rtx_a5000.unit_price", "dgx_spark.unit_price", "rtx_a6000.unit_price")
    assert found.repaired == (asked == -0.9)
    off = ~np.eye(3, dtype=bool)
    assert (found.spearman[off] == asked).all()
    np.testing.assert_allclose(found.used[off], used, atol=1e-7)


def test_the_samples_have_the_repaired_matrix_and_say_so():
    marginals = dict.fromkeys("abc", un.normal(0, 1))
    x = un.propagate(marginals, lambda x: {}, samples=512, correlation=IMPOSSIBLE)
    assert x.attrs["correlation_repaired"] == 1
    assert un.propagate(marginals, lambda x: {}, samples=8).attrs["correlation_repaired"] == 0
    wanted = copula.copula(["a", "b", "c"], IMPOSSIBLE).used
    found = combine([stats.spearmanr(x.a[r], x.c[r]).statistic for r in range(16)])
    assert_close(found.value, found.se, wanted[0, 2], 16)
