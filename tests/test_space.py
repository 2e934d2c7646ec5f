"""Displacements from the central values: scores by hand, round trips, shares that sum to one."""

import numpy as np
import pytest
from scipy import stats

import uncertainty as un
from uncertainty.space import displacements, levels, shares, space, values

EYE = np.eye(1)
RANDOM = np.random.Generator(np.random.PCG64(1))


def correlation(n, rho):
    return np.full((n, n), rho) + (1 - rho) * np.eye(n)


ORIGINS = {
    "a median": (un.lognormal(2500, 0.15), 0),
    "scipy's median": (stats.gumbel_r(0, 1), 0),
    "another centre": (un.normal(1, 2, central=2), 0.5),
    "another centre, interpolated": (un.lognormal(1, 0.2, central=np.exp(0.3)), 1.5),
    "an atom of the middle": (un.discrete([1, 2, 3], [0.3, 0.4, 0.3]), 0),
    "a low atom": (un.discrete([1, 2], [0.2, 0.8], central=1), stats.norm.ppf(0.2)),
    "a high atom": (un.discrete([1, 2], [0.8, 0.2], central=2), stats.norm.ppf(0.8)),
    "between atoms": (un.discrete([1, 2], [0.8, 0.2], central=1.5), stats.norm.ppf(0.8)),
    "the lower end": (un.uniform(0, 1, central=0), stats.norm.ppf(2.0**-33)),
    "above the upper end": (un.uniform(0, 1, central=2), -stats.norm.ppf(2.0**-33)),
}


@pytest.mark.parametrize("name", ORIGINS)
def test_origins(name):
    marginal, score = ORIGINS[name]
    room = space([marginal], EYE)
    assert room.origin[0] == pytest.approx(score, abs=1e-6) if score else room.origin[0] == 0
    center = marginal.center() if isinstance(marginal, un.Marginal) else marginal.median()
    assert values(room, np.zeros((1, 1)))[0, 0] == center


def test_values_of_correlated_inputs():
    marginals = [un.normal(10, 2), un.lognormal(3, 0.2, central=3.3), un.normal(0, 1)]
    room = space(marginals, correlation(3, 0.6))
    points = RANDOM.normal(size=(50, 3))
    z = points @ np.linalg.cholesky(correlation(3, 0.6)).T
    truth = np.stack([10 + 2 * z[:, 0], 3.3 * np.exp(0.2 * z[:, 1]), z[:, 2]], axis=1)
    np.testing.assert_allclose(values(room, points), truth, atol=1e-5)
    np.testing.assert_allclose(levels(room, points)[:, 2], stats.norm.cdf(z[:, 2]), rtol=1e-12)


def test_an_input_that_is_not_moved_has_exactly_its_central_value():
    room = space([un.normal(0, 1), un.discrete([0.0, 1.0], central=0.3)], np.eye(2))
    x = values(room, np.array([[2.0, 0.0], [0.0, 1e-3]]))
    assert x[0, 1] == 0.3
    assert x[1, 0] == 0
    assert x[1, 1] == 1


def test_displacements_are_the_way_back():
    room = space([un.normal(1, 2, central=2), un.normal(0, 1), un.uniform(0, 1)], correlation(3, -0.4))
    points = RANDOM.normal(size=(40, 3))
    scores = stats.norm.ppf(levels(room, points)).T
    found = displacements(room, scores)
    np.testing.assert_allclose(found, points.T, atol=1e-9)
    np.testing.assert_array_equal(displacements(room, scores[:, :7]), found[:, :7])


def test_values_stay_finite_however_far():
    room = space([un.normal(0, 1), stats.lognorm(1)], np.eye(2))
    assert np.isfinite(values(room, np.array([[50.0, 50.0], [-50.0, -50.0]]))).all()


def test_shares():
    assert shares(space([un.normal(0, 1)] * 2, np.eye(2)), np.array([3.0, 4.0])) == pytest.approx([0.36, 0.64])
    r, point = correlation(4, 0.7), np.array([0.5, -2.0, 1.0, 0.1])
    z = np.linalg.cholesky(r) @ point
    found = shares(space([un.normal(0, 1)] * 4, r), point)
    np.testing.assert_allclose(found, z * np.linalg.solve(r, z) / (point @ point), rtol=1e-10)
    assert found.sum() == pytest.approx(1)
    assert np.isnan(shares(space([un.normal(0, 1)], EYE), np.zeros(1))).all()


def test_refusals():
    with pytest.raises(ValueError, match=r"has shape \(2, 2\); wanted \(1, 1\)"):
        space([un.normal(0, 1)], np.eye(2))
    with pytest.raises(ValueError, match="is no distribution"):
        space(["pert"], EYE)
