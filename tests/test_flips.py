"""The nearest flip against closed forms and exhaustive grids; crossings by hand; filtering against scipy."""

import numpy as np
import pytest
from scipy import stats

import uncertainty as un
from uncertainty.analysis.flips import Interval, crossings, direction_in_words, nearest, separation
from uncertainty.breaking import breaks
from uncertainty.engine import part
from uncertainty.fields import field
from uncertainty.plan import plan_of
from uncertainty.simpler import unions
from uncertainty.trial import flipped, trial
from uncertainty.truths import Sight

WEIGHTS = np.random.Generator(np.random.PCG64(5)).normal(size=16)


def found(flips, inputs, starts=()):
    """The nearest flip, checked to be one."""
    result = nearest(flips, inputs, np.reshape(starts, (-1, inputs)).astype(float))
    assert flips(result.point[None])[0]
    assert result.distance == result.radius == pytest.approx(np.linalg.norm(result.point), rel=1e-14)
    return result


# --- smooth limits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [1, 2, 3, 6, 12, 16])
def test_a_plane(inputs):
    a = WEIGHTS[:inputs] / np.linalg.norm(WEIGHTS[:inputs])
    result = found(lambda x: (x * a).sum(axis=1) > 3, inputs)
    assert result.distance == pytest.approx(3, rel=1e-4)
    np.testing.assert_allclose(result.point, 3 * a, atol=0.05)


@pytest.mark.parametrize("inputs", [2, 5, 10])
def test_a_far_sphere(inputs):
    """Outside of a sphere of radius 4 about a point at a distance of 1.5: 2.5, on the one ray through both."""
    center = -1.5 * np.ones(inputs) / np.sqrt(inputs)
    result = found(lambda x: ((x - center) ** 2).sum(axis=1) > 16, inputs)
    assert result.distance == pytest.approx(2.5, rel=1e-4)


def test_a_published_index():
    """g = x1^3 + x2^3 - 18, both normal (10, 5): 2.2401 (Santosh et al. 2006, Int. J. Press. Vess. Pip. 83, 742).

    By symmetry it is sqrt(2) (10 - 9^(1/3)) / 5.
    """
    result = found(lambda x: ((10 + 5 * x) ** 3).sum(axis=1) < 18, 2)
    assert result.distance == pytest.approx(2.2401, abs=5e-5)
    assert result.distance == pytest.approx(np.sqrt(2) * (10 - 9 ** (1 / 3)) / 5, rel=1e-5)


def test_the_nearer_of_two_limits_and_a_start_at_the_farther():
    def flips(x):
        return (x[:, 0] + x[:, 1] > 4) | (x[:, 0] - 2 * x[:, 1] < -6)

    assert found(flips, 2).distance == pytest.approx(6 / np.sqrt(5), rel=1e-6)
    assert found(flips, 2, [[2.5, 2.5], [3.0, 1.5]]).distance == pytest.approx(6 / np.sqrt(5), rel=1e-6)


def test_a_start_beyond_the_reach_counts():
    def flips(x):
        return x[:, 0] > 9

    assert found(flips, 3, [[9.5, 1.0, 1.0]]).distance == pytest.approx(9, rel=1e-9)
    assert nearest(flips, 3, np.empty((0, 3))).distance == np.inf


def test_few_of_many_inputs_matter():
    """x3 + x7^2 / 3 > 2.5: the squared distance x3^2 - 3 x3 + 7.5 is least at x3 = 1.5."""
    result = found(lambda x: x[:, 3] + x[:, 7] ** 2 / 3 > 2.5, 12)
    assert result.distance == pytest.approx(np.sqrt(5.25), rel=1e-5)
    assert np.abs(np.delete(result.point, [3, 7])).max() < 1e-3


def test_a_box_in_many_inputs():
    result = found(lambda x: (x[:, 1] > 1) & (x[:, 4] < -0.5) & (x[:, 9] > 0.7), 16)
    assert result.distance == pytest.approx(np.sqrt(1 + 0.25 + 0.49), rel=1e-4)


# --- steps, against all points of a grid ------------------------------------------------------------------------

AXIS = np.linspace(-5, 5, 801)
GRID = np.stack(np.meshgrid(AXIS, AXIS, indexing="ij"), axis=-1).reshape(-1, 2)


def cards(x):
    return np.floor(60 * np.exp(-0.15 * x[:, 0]))


def spend(x):
    return cards(x) * np.exp(0.15 * x[:, 0])


def walls(x):
    return np.ceil(0.23 * cards(x) * (1.25 + 0.08 * x[:, 1]))


def other(x):
    return np.floor(23 * np.exp(-0.1 * x[:, 1])) * np.exp(0.1 * x[:, 1]) * 2.6


def sliver(x):
    return (np.abs(x[:, 0] * 0.6 + x[:, 1] * 0.8 - 1.7) < 0.03) & (x[:, 0] > 0.4) & (x[:, 0] < 1.4)


STEPPED = {
    "capacity": lambda x: cards(x) * (1 + 0.06 * x[:, 1]) > 85,
    "fewer storage units": lambda x: walls(x) <= 12,
    "more storage units": lambda x: walls(x) >= 25,
    "money left over, a saw": lambda x: 60 - spend(x) > 1.4 + 0.1 * x[:, 1],
    "dearer": lambda x: spend(x) + 3.3 * walls(x) > 140,
    "one build or the other": lambda x: spend(x) + 0.1 * walls(x) < other(x) - 0.5,
    "boxes": lambda x: ((x > 1) & (x < 1.2)).all(axis=1) | ((x > [-3, 0.7]) & (x < [-0.9, 0.75])).all(axis=1),
    "a sliver": sliver,
    "stripes": lambda x: (np.floor((x[:, 0] + 0.4 * x[:, 1]) / 0.3) % 5 == 3) & (x[:, 1] > 1 + 0.5 * x[:, 0] ** 2),
    "a wedge": lambda x: np.abs(x[:, 1] - 0.3 * x[:, 0] ** 2) < 0.2 * (x[:, 0] - 1.2),
}


@pytest.mark.parametrize("name", STEPPED)
def test_steps_against_all_points_of_a_grid(name):
    flips = STEPPED[name]
    hit = GRID[flips(GRID)]
    assert len(hit)
    assert not flips(np.zeros((1, 2)))[0]
    result = found(flips, 2)
    assert result.distance <= np.linalg.norm(hit, axis=1).min()


def test_the_corner_of_a_step_in_closed_form():
    """74 cards need x0 = ln(74 / 60) / 0.15, and then 80 / 74 - 1 = 0.1 x1; other counts are farther off."""
    counts = np.arange(60, 100)
    truth = np.hypot(np.log(counts / 60) / 0.15, np.maximum(80 / counts - 1, 0) / 0.1).min()
    result = found(lambda x: np.floor(60 * np.exp(0.15 * x[:, 3])) * (1 + 0.1 * x[:, 7]) >= 80, 10)
    assert result.distance == pytest.approx(truth, rel=1e-4)


# --- what a search owes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [1, 2, 5, 16])
def test_no_flip_anywhere(inputs):
    tried = []

    def flips(x):
        tried.append(x)
        return np.zeros(len(x), bool)

    result = nearest(flips, inputs, np.empty((0, inputs)))
    assert result.distance == np.inf
    assert np.isnan(result.point).all()
    assert result.radius == 8
    assert result.searched == sum(map(len, tried)) > 5000
    assert nearest(flips, inputs, np.empty((0, inputs)), reach=3.0).radius == 3
    assert np.linalg.norm(np.concatenate(tried), axis=1).max() <= 8 + 1e-9


def test_the_radius_holds_for_every_point_tried_and_the_search_repeats_itself():
    tried = []

    def flips(x):
        tried.append((x.copy(), STEPPED["dearer"](x)))
        return tried[-1][1]

    one, two = (nearest(flips, 2, np.empty((0, 2))) for _ in range(2))
    np.testing.assert_array_equal(one.point, two.point)
    flipped = np.concatenate([x[at] for x, at in tried])
    assert np.linalg.norm(flipped, axis=1).min() >= one.radius * (1 - 1e-14)
    assert one.searched + two.searched == sum(len(x) for x, _ in tried)
    assert len(tried) / 2 < 100
    assert one.searched < 40_000 + np.pi * (one.distance / 0.0125) ** 2 + (1 << 14)  # the lattice, in whole chunks


# --- of a study --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken():
    """The reference study's plan, its tests' breaks, and the simpler tests of each."""
    study = plan_of(un.load("reference"))
    sight = Sight(study.ground, study.central)
    simpler = [set(unions(test, study.ground, lambda t: bool(sight.holds(t).all())))
               for test in (watched.test for watched in study.asked.watched)]
    return study, breaks(study, part(study, 0, 1)), simpler


def weak(tests):
    """The same with ties allowed, which break nowhere else."""
    return {t._replace(relation={"above": "at least", "below": "at most"}.get(t.relation, t.relation)) for t in tests}


def test_what_breaks_wherever_a_part_does_is_no_farther_from_breaking(broken):
    _, found, simpler = broken
    pairs = [(i, j) for i, whole in enumerate(simpler) for j, some in enumerate(simpler)
             if i != j and found[i].moves and (some < whole or (weak(some) == some and some < weak(whole)))]
    assert len({i for i, _ in pairs}) >= 5
    for i, j in pairs:
        assert found[i].distance <= 1.0001 * found[j].distance, (found[i].target, found[j].target, found[j].scenario)


def test_nearest_flips_flip_and_are_no_farther_than_known_ones(broken):
    _, found, _ = broken
    distance = {(each.target, each.scenario): each.distance for each in found}
    known = {("capex", "engineering"): 0.5253, ("capex", "legacy-room"): 0.5253, ("C18", ""): 0.5253,
             ("C13", ""): 0.6191, ("C14", ""): 0.7421, ("battery_count", "engineering"): 1.33,
             ("inference_rate fp16", "engineering"): 1.0145}
    for place, most in known.items():
        assert distance[place] <= 1.005 * most, place
    for each in found:
        assert each.radius == each.distance or (np.isinf(each.distance) and each.radius in (4.0, 6.0))
        # what only goes along with correlated inputs is not among the moves
        assert not each.moves or sum(move.share for move in each.moves) == pytest.approx(1, abs=0.02)


def test_fields_agree_with_the_model(broken):
    study, _, simpler = broken
    for test in sorted({t for tests in simpler for t in tests if not t.parts}, key=repr)[::9]:
        own = trial(study, test)
        if own.reach:
            points = np.random.Generator(np.random.PCG64(2)).normal(size=(500, len(own.reach))) * 2
            flips, margin = field(own).at(points @ own.space.factor.T)
            assert (flips != flipped(own, points)).mean() < 0.01  # but at steps
            assert (margin[flips] <= 1e-9).all()
            assert (margin[~flips] >= -1e-9).all()


# --- along one input --------------------------------------------------------------------------------------------


def test_crossings_by_hand():
    """floor(10 / x) is even, and not 4 as at 2.2: 2 for x in (10/3, 5], 0 above 10, 6 in (10/7, 10/6]."""
    ends = [(10 / 7, 10 / 6), (10 / 3, 5), (10, 12)]
    intervals = crossings(lambda x: np.isin(np.floor(10 / x), [0, 2, 6]), np.linspace(1.3, 12, 100))
    np.testing.assert_allclose(intervals, ends, rtol=1e-11)
    assert all(i.low > low and i.high <= high for i, (low, high) in zip(intervals, ends, strict=True))


def test_crossings_at_the_ends_and_at_single_points():
    grid = np.arange(-3.0, 4)
    assert crossings(lambda x: x == x, grid) == [Interval(-3, 3)]
    assert crossings(lambda x: x != x, grid) == []
    assert crossings(lambda x: x == 1, grid) == [Interval(1, 1)]
    assert crossings(lambda x: x <= 0, grid) == [Interval(-3, pytest.approx(0, abs=1e-300))]
    assert crossings(lambda x: x > 2, np.array([3.0])) == [Interval(3, 3)]


@pytest.mark.parametrize("grid", [[], [1.0, 1.0], [2.0, 1.0], [0.0, np.inf], [[1.0]]])
def test_grids_refused(grid):
    with pytest.raises(ValueError, match="the values to try"):
        crossings(lambda x: x > 0, np.array(grid))


# --- among samples ----------------------------------------------------------------------------------------------


def counts(samples, bins=2000):
    return np.histogram(samples, bins, (0, 1))[0].astype(float)


def test_smirnovs_statistic_and_p_value_against_scipy():
    x = np.random.Generator(np.random.PCG64(3)).random((3, 4000))
    holds = x[0] + 0.3 * x[1] > 0.9
    result = separation(np.stack([counts(r[holds]) for r in x]), np.stack([counts(r) for r in x]))
    for i in range(3):
        truth = stats.ks_2samp(x[i, holds], x[i, ~holds], method="asymp")
        assert result.statistic[i] == pytest.approx(truth.statistic, abs=3e-3)
        n = np.sqrt(holds.sum() * (~holds).sum() / len(holds))
        assert result.p_value[i] == pytest.approx(stats.kstwobign.sf(n * result.statistic[i]), rel=1e-9, abs=1e-300)
    assert result.p_value[2] == pytest.approx(truth.pvalue, rel=0.2)
    assert result.direction.tolist()[:2] == [1, 1]
    assert result.p_value[2] > 0.01


def test_directions_in_words():
    everything = np.full((6, 8), 100.0)
    held = 100.0 * np.array([[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1, 0, 0],
                             [1, 1, 0, 0, 0, 0, 1, 1], [1] * 8, [0.5] * 8])
    result = separation(held, everything)
    assert direction_in_words(result) == ["holds at low values", "holds at high values", "holds in the middle",
                                          "holds at both ends", "", ""]
    assert result.direction.tolist() == [-1, 1, 0, 0, 0, 0]
    np.testing.assert_allclose(result.statistic, [1, 1, 0.5, 0.5, np.nan, 0])
    assert result.p_value[4:].tolist() == [1, 1]


def test_holm_by_hand():
    """P values in order times 4, 3, 2, 1, never falling, at most 1."""
    everything = np.full((4, 2), 100.0)
    held = np.array([[60, 40], [50, 50], [55, 45], [58, 42.0]])
    result = separation(held, everything)
    p = result.p_value
    assert p[0] < p[3] < p[2] < p[1] == 1
    np.testing.assert_allclose(result.adjusted, [4 * p[0], 1, min(2 * p[2], 1), max(4 * p[0], 3 * p[3])])


@pytest.mark.parametrize(("held", "everything"), [
    ([[1.0, 2.0]], [[1.0, 1.0]]), ([[-1.0, 2.0]], [[1.0, 2.0]]), ([1.0], [1.0]), ([[1.0, 1.0]], [[1.0], [2.0]])])
def test_counts_refused(held, everything):
    with pytest.raises(ValueError, match="counts are not"):
        separation(np.array(held), np.array(everything))


# --- of any model -----------------------------------------------------------------------------------------------

SMALL = {"samples": 256, "replicates": 8}


def margin(x):
    return {"margin": x["capacity"] - x["load"] * x["factor"]}


def test_normal_inputs_correlated():
    """(b - a mu) / sqrt(a' Sigma a), the index of a linear limit; and its point, mu - Sigma a beta / the same root."""
    inputs = {"capacity": un.normal(10, 2), "factor": 1.5, "load": un.normal(4, 1)}
    rho = 2 * np.sin(np.pi / 6 * 0.5)
    a, sigma = np.array([1, -1.5]), np.array([[4, 2 * rho], [2 * rho, 1]])
    root = np.sqrt(a @ sigma @ a)
    truth = (10 - 6) / root
    result = un.nearest_flip(inputs, margin, lambda y: y["margin"] > 0, **SMALL,
                             correlation={("load", "capacity"): 0.5})
    assert result.distance == pytest.approx(truth, rel=1e-5)
    assert result.input.values.tolist() == ["capacity", "load"]
    np.testing.assert_allclose(result.point, np.array([10, 4]) - sigma @ a * truth / root, rtol=1e-3)
    np.testing.assert_allclose(result.level, stats.norm([10, 4], [2, 1]).cdf(result.point), rtol=1e-6)
    np.testing.assert_array_equal(result.center, [10, 4])
    assert result.share.sum() == pytest.approx(1)
    assert result.holds_centrally == 1
    assert result.radius == result.distance
    assert abs(result.probability - stats.norm.cdf(-truth)) < 5 * result.probability_se + 3 / 2048


def test_a_product_of_lognormals_with_another_centre():
    """ln(12 / (3 exp(0.2) 2)) / hypot(0.1, 0.3), where the first starts from exp(0.2) times its median."""
    inputs = {"a": un.lognormal(3, 0.1, central=3 * np.exp(0.2)), "b": stats.lognorm(0.3, 0, 2)}
    result = un.nearest_flip(inputs, lambda x: {"y": x["a"] * x["b"]}, lambda y: y["y"] > 12, **SMALL)
    assert result.distance == pytest.approx((np.log(2) - 0.2) / np.hypot(0.1, 0.3), rel=1e-4)
    np.testing.assert_allclose(result.share, [0.1, 0.9], atol=0.01)
    assert result.holds_centrally == 0


def test_discrete_inputs_move_to_the_edge_of_an_atom():
    inputs = {"n": un.discrete([1, 2, 3], [0.7, 0.2, 0.1]), "x": un.normal(0, 1), "m": stats.poisson(3)}
    result = un.nearest_flip(inputs, lambda x: {"y": x["n"]}, lambda y: y["y"] >= 3, **SMALL)
    assert result.distance == pytest.approx(stats.norm.ppf(0.9), rel=1e-6)
    assert result.point.values.tolist() == [3, 0, 3]
    result = un.nearest_flip(inputs, lambda x: {"y": x["m"] + x["n"]}, lambda y: y["y"] >= 5, **SMALL)
    assert result.distance == pytest.approx(min(stats.norm.ppf(0.7), stats.norm.ppf(stats.poisson(3).cdf(3))), rel=1e-6)


def test_no_flip_of_a_model():
    result = un.nearest_flip({"x": un.uniform(0, 1)}, lambda x: {"y": x["x"]}, lambda y: y["y"] < 2, reach=4, **SMALL)
    assert result.distance == np.inf
    assert result.point.isnull().all()
    assert result.share.isnull().all()
    assert result.probability == 0
    assert result.upper_limit > 0
    assert result.radius == 4


REFUSED = [
    ({}, lambda y: y["margin"], "the event gave values of float64; wanted booleans"),
    ({}, lambda y: True, r"the event has shape \(\); wanted \(1,\)"),
    ({}, lambda y: np.ones((len(y["margin"]), 1), bool), r"the event has shape \(1, 1\)"),
    ({"reach": -1.0}, lambda y: y["margin"] > 0, "reach is -1.0; wanted a positive number"),
    ({"correlation": {("load", "factor"): 0.5}}, lambda y: y["margin"] > 0, "factor is not among the uncertain inputs"),
    ({"samples": 100}, lambda y: y["margin"] > 0, "samples is 100; wanted a power of two"),
]


@pytest.mark.parametrize(("given", "event", "said"), REFUSED)
def test_refused(given, event, said):
    inputs = {"capacity": un.normal(10, 2), "factor": 1.5, "load": un.normal(4, 1)}
    with pytest.raises(ValueError, match=said):
        un.nearest_flip(inputs, margin, event, **SMALL | given)


def test_a_model_of_constants_is_refused():
    with pytest.raises(ValueError, match="no input is uncertain"):
        un.nearest_flip({"x": 1.0}, lambda x: {"y": x["x"]}, lambda y: y["y"] > 0)


def test_a_model_that_fails_where_only_the_search_goes_is_refused():
    with pytest.raises(ValueError, match="'y' is not finite"), np.errstate(invalid="ignore"):
        un.nearest_flip({"x": un.normal(5.5, 1)}, lambda x: {"y": np.sqrt(x["x"])}, lambda y: y["y"] < 0, **SMALL)


# --- hard ones, at random ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(24))
def test_no_point_of_an_exhaustive_grid_is_nearer(seed):
    """Boxes, wedges, checks of floor and ceil, and discs, thin and far, at random."""
    random = np.random.Generator(np.random.PCG64(seed))
    centers, halves = random.normal(size=(4, 2)) * 2.2, random.uniform(0.01, 0.5, (4, 2))
    angle, rate = random.uniform(-3, 3), random.uniform(2, 9, 2)
    kinds = [
        lambda x: (np.abs(x[:, None] - centers) < halves).all(axis=-1).any(axis=-1),
        lambda x: (np.abs(np.arctan2(x[:, 1], x[:, 0]) - angle) < 0.02) & (np.hypot(*x.T) > 1.3),
        lambda x: ((np.floor(x[:, 0] * rate[0] + 0.3) % 3 == 2) & (np.ceil(x[:, 1] * rate[1]) % 4 == 3)
                   & (x.sum(axis=1) > 1)),
        lambda x: np.hypot(*(x - centers[0]).T) < halves[0, 0]]

    def flips(x):
        return kinds[seed % 4](x) & (x != 0).any(axis=1)

    norm = np.linalg.norm(GRID, axis=1)
    best = min(norm[flips(GRID) & (norm <= 5)], default=np.inf)
    assert nearest(flips, 2, np.empty((0, 2))).distance <= best * (1 + 1e-12)
