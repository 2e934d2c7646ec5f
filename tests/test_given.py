"""Sensitivity from samples: closed forms, plain and independent implementations, error bars over seeds, ties, gaps."""

from itertools import permutations

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from support import PRICES, assert_close, dist

import uncertainty as un
from uncertainty.analysis import given
from uncertainty.analysis.error import half_width
from uncertainty.given import conditional_means, given_data, tornado_of_tenths

ANGLES = dict.fromkeys(("x1", "x2", "x3", "idle"), un.uniform(-np.pi, np.pi))
LINEAR = {"a": un.uniform(0, 1), "b": un.normal(0, 1), "n": un.discrete([0, 1, 5], [0.2, 0.5, 0.3])}
TAIL = stats.norm.pdf(stats.norm.ppf(0.1)) / 0.1  # how far from zero the mean of a standard normal's tenth is
ALL = (given_data, conditional_means, tornado_of_tenths)


def ishigami(x, a=7.0, b=0.1):
    return {"y": np.sin(x["x1"]) + a * np.sin(x["x2"]) ** 2 + b * x["x3"] ** 4 * np.sin(x["x1"])}


def ishigami_first_order(a=7.0, b=0.1):
    """Ishigami and Homma (1990); Sobol' and Levitan (1999)."""
    parts = np.array([(1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, 0, 0])
    return parts / (a**2 / 8 + b * np.pi**4 / 5 + b**2 * np.pi**8 / 18 + 0.5)


def linear(x):
    return {"y": 3 * x["a"] - 2 * x["b"] + x["n"]}


def frame(**columns):
    """Columns (replicate, sample) as samples."""
    return xr.Dataset({name: (("replicate", "sample"), np.asarray(v)) for name, v in columns.items()})


def noisy(replicates=3, size=64, seed=1):
    """An input of many values, one of few, outputs with and without ties."""
    random = np.random.Generator(np.random.PCG64(seed))
    x, z = random.normal(size=(2, replicates, size))
    k = random.integers(0, 4, (replicates, size))
    return frame(x=x, k=k, y=x**2 + k + z, t=np.round(x + z))


def shuffled(samples, seed=2):
    random = np.random.Generator(np.random.PCG64(seed))
    order = random.permuted(np.tile(np.arange(samples.sizes["sample"]), (samples.sizes["replicate"], 1)), axis=1)
    return samples.map(lambda v: v.copy(data=np.take_along_axis(v.values, order, 1)))


# --- correlation -------------------------------------------------------------------------------------------


def test_correlations_are_scipys():
    samples = noisy()
    found = given_data(samples, ["x", "k"])
    for name, oracle in {"pearson": stats.pearsonr, "spearman": stats.spearmanr}.items():
        for x in ("x", "k"):
            for y in ("y", "t"):
                each = [oracle(samples[x][r], samples[y][r]).statistic for r in range(3)]
                cell = found.sel(input=x, output=y)
                np.testing.assert_allclose(cell[name], np.mean(each), rtol=1e-12)
                np.testing.assert_allclose(cell[f"{name}_se"], stats.sem(each), rtol=1e-9)


def test_correlations_are_not_lost_far_from_zero_and_at_extreme_scales():
    x = np.arange(64.0).reshape(1, -1)
    found = given_data(frame(x=1e9 + x, y=1e300 * x, z=-1e-200 * x), "x", ["y", "z"]).sel(input="x")
    np.testing.assert_allclose(found.pearson, [1, -1], rtol=1e-12)
    np.testing.assert_allclose(found.spearman, [1, -1], rtol=1e-12)
    rows = given.standardised(np.random.Generator(np.random.PCG64(1)).normal(size=(1000, 32)))
    assert given.correlation(rows, rows).max() <= 1 < (rows * rows).sum(axis=-1).max()


def test_places_are_scipys_ranks():
    rows = np.random.Generator(np.random.PCG64(1)).integers(0, 9, (2, 3, 50)).astype(float)
    below, upto = given.places(rows)
    np.testing.assert_array_equal(below + 1, stats.rankdata(rows, "min", axis=-1))
    np.testing.assert_array_equal(upto, stats.rankdata(rows, "max", axis=-1))


# --- first-order index ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_ishigamis_function(method):
    found = given_data(un.propagate(ANGLES, ishigami, method=method), list(ANGLES)).sel(output="y")
    truth = [*ishigami_first_order(), 0]
    assert_close(found.first_order, found.first_order_se, truth, 16)
    assert found.first_order_se.max() < 0.005
    assert found.noise.values.tolist() == [0, 0, 1, 1, 1]
    assert found.pawn_noise.values.tolist() == [0, 0, 0, 1, 1]  # the third acts, if only with the first


def test_a_sum_of_a_uniform_a_normal_and_a_discrete_input():
    variances = np.array([9 / 12, 4, 0.5 + 0.3 * 25 - 4])
    found = given_data(un.propagate(LINEAR, linear), list(LINEAR)).sel(output="y")
    assert_close(found.first_order[:3], found.first_order_se[:3], variances / variances.sum(), 16)
    assert_close(found.pearson[:3], found.pearson_se[:3], np.array([1, -1, 1]) * (variances / variances.sum())**0.5, 16)


def test_correlated_inputs_share_what_they_do():
    """Of normal a + b it is (1 + rho) / 2 each, and rho^2 times that of a twin that the model does not use."""
    normal, rho = un.normal(0, 1), 2 * np.sin(np.pi / 6 * 0.5)
    samples = un.propagate({"a": normal, "b": normal, "twin": normal}, lambda x: {"sum": x["a"] + x["b"], "a0": x["a"]},
                           correlation={("a", "b"): 0.5, ("a", "twin"): 0.5})
    found = given_data(samples, ["a", "b", "twin"])
    assert_close(found.first_order.sel(output="sum")[:2], found.first_order_se.sel(output="sum")[:2], (1 + rho) / 2, 16)
    twin = found.sel(input="twin", output="a0")
    assert_close(twin.first_order, twin.first_order_se, rho**2, 16)
    assert twin.noise == 0


def plain_index(x, y, bins, kept, weights):
    """The index by lines fitted in each bin, and products of pairs of replicates, in loops."""
    labels = np.empty(x.size, int)
    labels[np.argsort(x, axis=None)] = np.repeat(np.arange(bins), x.size // bins)
    labels, pairs = labels.reshape(x.shape), list(permutations(kept, 2))
    explained = 0.0
    for k in range(bins):
        spread, lines = x[labels == k].std(), {}
        for r in kept:
            inside = labels[r] == k
            slope, _ = np.polyfit(x[r, inside], y[r, inside], 1)
            lines[r] = y[r, inside].mean() - y[r].mean(), slope * spread
        explained += weights[k] * np.mean([lines[r][0] * lines[s][0] + lines[r][1] * lines[s][1] for r, s in pairs])
    square = np.mean([(y[r] ** 2).mean() for r in kept])
    return explained / (square - np.mean([y[r].mean() * y[s].mean() for r, s in pairs]))


def test_first_order_by_loops():
    samples = noisy(4, 96)
    x, y = samples.x.values, samples.y.values - samples.y.values.mean()
    whole = plain_index(x, y, 4, range(4), [0.25] * 4)
    without = [plain_index(x, y, 4, [r for r in range(4) if r != left], [0.25] * 4) for left in range(4)]
    pseudo = 4 * whole - 3 * np.array(without)
    found = given_data(samples, "x", "y", bins=4).sel(input="x", output="y")
    np.testing.assert_allclose(found.first_order, pseudo.mean(), rtol=1e-9)
    np.testing.assert_allclose(found.first_order_se, stats.sem(pseudo), rtol=1e-9)


def test_two_replicates_have_an_index_without_an_error():
    samples = noisy(2, 96)
    y = samples.y.values - samples.y.values.mean()
    found = given_data(samples, "x", "y", bins=4).sel(input="x", output="y")
    np.testing.assert_allclose(found.first_order, plain_index(samples.x.values, y, 4, range(2), [0.25] * 4), rtol=1e-9)
    assert np.isnan([found.first_order_se, found.noise]).all()
    assert np.isfinite([found.pearson_se, found.pawn_se, found.pawn_noise]).all()


def test_one_replicate_is_taken_as_independent_samples():
    """Then it is epsilon squared, from the sums of squares that scipy's analysis of variance has."""
    samples = noisy(1, 512)
    k, y = samples.k.values[0], samples.y.values[0]
    f = stats.f_oneway(*(y[k == value] for value in range(4))).statistic
    found = given_data(samples, "k", "y").sel(input="k", output="y")
    np.testing.assert_allclose(found.first_order, (f - 1) / (f + (512 - 4) / 3), rtol=1e-9)
    for name in ("pearson_se", "spearman_se", "first_order_se", "pawn_se", "noise", "pawn_noise"):
        assert np.isnan(found[name])
    assert found.pawn > 0.1


def test_one_replicate_is_not_biased_by_its_bins():
    found = [given_data(un.propagate({"x": un.uniform(0, 1), "idle": un.uniform(0, 1)}, lambda x: {"y": x["x"] ** 2},
                                     samples=512, replicates=1, method="random", seed=s), "idle", "y").first_order[0, 0]
             for s in range(200)]
    assert abs(np.mean(found)) < 4 * stats.sem(found)  # bins would add 31 / 512 of it, over ten errors
    assert 10 * stats.sem(found) < 31 / 512


@pytest.mark.parametrize(("method", "samples"), [("random", 256), ("sobol", 256)])
def test_errors_hold_over_seeds(method, samples):
    """Nominal 95 % intervals cover 92 to 98 % but for chance; more where there is no effect."""
    names, seeds = ["x1", "x2", "idle"], 200
    runs = [given_data(un.propagate(ANGLES, ishigami, samples=samples, replicates=8, method=method, seed=seed), names)
            .sel(output="y") for seed in range(seeds)]
    values, half = (np.array([r[name].values for r in runs]) for name in ("first_order", "first_order_se"))
    truth, half = ishigami_first_order()[[0, 1, 3]], half_width(half, 8)
    covered = (abs(values[:, :3] - truth) <= half[:, :3]).mean(axis=0)
    assert (covered >= [0.90, 0.90, 0.95]).all(), covered
    assert (covered[:2] <= 0.99).all(), covered
    bias = (values[:, :3] - truth).mean(axis=0)
    assert (abs(bias) < 4 * stats.sem(values[:, :3])).all(), bias
    for noise in ("noise", "pawn_noise"):
        assert np.mean([r[noise][2] for r in runs]) >= 0.98
        assert not any(r[noise][:2].any() for r in runs)


def test_first_order_of_correlated_inputs_is_that_by_ranks():
    """As OpenTURNS has it (Gamboa, Gremaud, Klein and Lagnoux 2022), of each replicate, within both errors."""
    openturns = pytest.importorskip("openturns")
    inputs = {"a": un.normal(0, 1), "b": un.uniform(-1, 1), "c": un.lognormal(1, 0.3)}
    samples = un.propagate(inputs, lambda x: {"y": np.exp(x["a"] / 2) + x["a"] * x["b"] + x["c"] ** 2},
                           samples=1024, method="random", correlation={("a", "c"): 0.6})
    x = np.stack([samples[n].values for n in inputs], axis=-1)
    y = samples.y.values[..., None]
    each = [openturns.RankSobolSensitivityAlgorithm(openturns.Sample(x[r]), openturns.Sample(y[r]))
            .getFirstOrderIndices() for r in range(16)]
    found = given_data(samples, list(inputs)).sel(output="y").drop_sel(input="dummy")
    error = np.hypot(found.first_order_se, stats.sem(each))
    assert_close(found.first_order, error, np.mean(each, axis=0), 16)
    assert error.max() < 0.03


@pytest.mark.parametrize(("at", "loss"), [(0.5, 0), (0.5 + 0.5 / 32, 1 / 16), (0.5 + 1 / 32, 0), (0.51, None)])
def test_what_a_jump_within_a_bin_costs(at, loss):
    """Of a jump at the share t within a bin a line there leaves t (1 - t) (1 - 3 t (1 - t)) over the bins."""
    samples = un.propagate({"x": un.uniform(0, 1)}, lambda x: {"y": x["x"] > at}, samples=1024, replicates=8)
    found = given_data(samples, "x").sel(input="x", output="y")
    within = (at * 32 % 1) * (1 - at * 32 % 1)
    loss = within * (1 - 3 * within) if loss is None else loss
    np.testing.assert_allclose(found.first_order, 1 - loss / 32 / (at * (1 - at)), atol=2e-4)


def test_slopes_of_few_samples_are_not_believed():
    """Between a value that most samples share and its lower neighbour a bin may hold two of each replicate."""
    x = np.array([0.1, 0.2, 0.1000001, 0.2000001, *[0.5] * 60])
    upper = np.array([0.3, 0.5])
    lines = given.coefficients(x, np.arange(64.0)[None], given.split(x, upper), np.array([1.0, 0.0]))
    assert np.isfinite(lines[0, 0, 1])
    lines = given.coefficients(x[1:], np.arange(63.0)[None], given.split(x[1:], upper), np.array([1.0, 0.0]))
    assert np.isnan(lines[0, :, 1]).all()
    np.testing.assert_allclose(lines[0, :, 0], [1, 32.5])


# --- bins ------------------------------------------------------------------------------------------------------


def test_bins_hold_equally_many_and_ties_share_one():
    x = np.random.Generator(np.random.PCG64(1)).permutation(np.arange(1000.0))
    assert np.bincount(np.searchsorted(given.ends(x, 8), x)).tolist() == [125] * 8
    heavy = np.concatenate([np.arange(100), np.full(700, 100), np.arange(101, 301)])
    upper = given.ends(heavy, 8)
    assert 100 in upper
    assert 99 in upper
    assert upper[-1] == 300
    assert given.split(heavy, upper).counts[list(upper).index(100)] == 700
    assert len(upper) <= 8
    assert given.ends(np.array([3.0, 1, 1, 1, 2]), 3).tolist() == [1, 2, 3]
    assert given.ends(np.ones(9), 4).tolist() == [1]


def test_empty_bins_sum_to_zero():
    by = given.split(np.array([5.0, 1.0, 5.0]), np.array([0.0, 1.0, 3.0, 5.0, 7.0]))
    rows = np.array([[1.0, 2.0, np.nan]])
    assert by.counts.tolist() == [0, 1, 0, 2, 0]
    np.testing.assert_array_equal(given.bin_sums(rows[:, by.order], by.counts), [[0, 2, 0, np.nan, 0]])


@pytest.mark.parametrize("analyse", ALL)
def test_neither_ties_nor_the_order_of_samples_matter(analyse):
    """But to what is compared with a random order."""
    samples = noisy(4, 128)
    plain, other = (analyse(s, ["k", "x"]).drop_vars(["noise", "pawn_noise", "pawn_dummy", "pawn_dummy_se"],
                                                     errors="ignore") for s in (samples, shuffled(samples)))
    for name in plain:
        kept = [v.drop_sel(input="dummy", errors="ignore") if "input" in v.dims else v
                for v in (plain[name], other[name])]
        np.testing.assert_allclose(*kept, rtol=1e-9, atol=1e-12, err_msg=name)


# --- PAWN ----------------------------------------------------------------------------------------------------


def plain_pawn(x, y, bins):
    """Median and largest distance by scipy, of bins of equally many samples or of one value each."""
    values = np.unique(x)
    labels = np.searchsorted(values, x) if len(values) <= bins else stats.rankdata(x, "ordinal") * bins - 1
    labels = labels if len(values) <= bins else labels // x.size
    distances = [stats.ks_2samp(y[labels == k], y, method="asymp").statistic for k in np.unique(labels)]
    return np.median(distances), np.max(distances)


@pytest.mark.parametrize("x", ["x", "k"])
@pytest.mark.parametrize("y", ["y", "t"])
def test_pawn_is_what_scipy_makes_of_all_samples(x, y):
    samples = noisy(3, 128)
    found = given_data(samples, x, y, bins=6).sel(input=x, output=y)
    truth = plain_pawn(samples[x].values.ravel(), samples[y].values.ravel(), 6)
    np.testing.assert_allclose([found.pawn, found.pawn_max], truth, rtol=1e-12)


def test_the_error_of_pawn_is_that_of_replicates():
    samples = noisy(3, 128)
    found = given_data(samples, "k", "y").sel(input="k", output="y")
    each = [plain_pawn(samples.k.values[r], samples.y.values[r], 32) for r in range(3)]
    np.testing.assert_allclose([found.pawn_se, found.pawn_max_se], stats.sem(each), rtol=1e-9)


def test_pawn_is_salibs():
    """Which leaves the largest value of an input out of the last of its bins."""
    pawn = pytest.importorskip("SALib.analyze.pawn")
    samples = un.propagate(ANGLES, ishigami, samples=1024, replicates=1)
    found = given_data(samples, list(ANGLES), bins=8).sel(output="y")[["pawn", "pawn_max"]].drop_sel(input="dummy")
    problem = {"num_vars": 4, "names": list(ANGLES), "bounds": [[-np.pi, np.pi]] * 4}
    oracle = pawn.analyze(problem, np.stack([samples[n].values[0] for n in ANGLES], axis=1), samples.y.values[0], S=8)
    assert oracle["names"] == found.input.values.tolist()
    np.testing.assert_allclose(found.pawn, oracle["median"], rtol=0, atol=1 / 127)
    np.testing.assert_allclose(found.pawn_max, oracle["maximum"], rtol=0, atol=1 / 127)


def test_pawn_of_the_input_itself():
    """Bin k of n is k / n from one end and (n - 1 - k) / n from the other."""
    found = given_data(un.propagate({"x": un.normal(0, 1)}, lambda x: {"y": x["x"], "z": -x["x"]}), "x", bins=10)
    distances = np.maximum(np.arange(10), np.arange(10)[::-1]) / 10
    np.testing.assert_allclose(found.pawn.sel(input="x"), np.median(distances), atol=1e-3)
    np.testing.assert_allclose(found.pawn_max.sel(input="x"), 0.9, atol=1e-3)


def test_pawn_of_a_sum_of_normals():
    """By quadrature; errors of 16 replicates, and what chance gives at most where distances are large."""
    u, y = (np.arange(4000) + 0.5) / 4000, np.linspace(-5, 5, 1001)
    within = stats.norm.cdf(y[:, None] - stats.norm.ppf(u)).reshape(len(y), 8, -1).mean(axis=-1)
    distances = abs(within - stats.norm.cdf(y / 2**0.5)[:, None]).max(axis=0)
    found = given_data(un.propagate({"a": un.normal(0, 1), "b": un.normal(0, 1)}, lambda x: {"y": x["a"] + x["b"]}),
                       ["a", "b"], bins=8).sel(output="y")
    chance = float(found.pawn_dummy.max()) ** 2 / np.median(distances)  # squares add up
    for name, truth in {"pawn": np.median(distances), "pawn_max": distances.max()}.items():
        assert (abs(found[name][:2] - truth) <= half_width(found[f"{name}_se"][:2], 16, 0.9999) + chance).all(), name


def test_what_chance_gives_has_the_bins_of_the_input():
    """Few samples have any value of this discrete input but one, and chance sets few far from all others."""
    few = un.discrete([0, 1, 2, 3], [0.97, 0.01, 0.01, 0.01])
    runs = [given_data(un.propagate({"few": few, "many": un.normal(0, 1), "used": un.normal(0, 1)},
                                    lambda x: {"y": x["used"]}, samples=512, replicates=8, method="random", seed=seed),
                       ["few", "many"]).isel(output=0) for seed in range(40)]
    found = xr.concat(runs, "seed")
    excess = (found.pawn - found.pawn_dummy).sel(input=["few", "many"])
    assert (abs(excess.mean("seed")) < 4 * excess.std("seed") / 40**0.5).all()
    chance = found.pawn_dummy.mean("seed")
    assert chance[0] > 1.4 * chance[1]
    assert (found.pawn_noise.mean("seed") >= 0.95).all()


def test_the_dummy_is_the_same_for_the_same_sizes():
    first, second = given_data(noisy(), "x"), given_data(noisy(seed=3).assign(y=noisy().y), "x")
    xr.testing.assert_identical(first.sel(input="dummy", output="y"), second.sel(input="dummy", output="y"))


def test_the_dummy_is_another_order_in_each_replicate():
    alike = noisy(1, 64)
    found = given_data(xr.concat([alike] * 3, "replicate"), "x", "y").isel(output=0)
    assert found.pearson_se.sel(input="x") == 0
    assert found.pearson_se.sel(input="dummy") > 0.01


# --- conditional means ---------------------------------------------------------------------------------------


def test_conditional_means_of_a_square():
    samples = un.propagate({"x": un.uniform(-1, 2), "z": un.normal(0, 1)}, lambda x: {"y": x["x"] ** 2 + x["z"]})
    found = conditional_means(samples, "x", "y", bins=6).sel(input="x", output="y")
    ends = np.linspace(-1, 2, 7)
    assert_close(found["mean"], found.mean_se, np.diff(ends**3) / 3 / np.diff(ends), 16)
    np.testing.assert_allclose(found.value, (ends[1:] + ends[:-1]) / 2, atol=1e-3)
    np.testing.assert_allclose(found.share, 1 / 6, atol=1e-4)
    assert found.bin.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.mean_se.max() < 0.01


def test_conditional_means_by_hand():
    samples = noisy()
    found = conditional_means(samples, ["k", "x"], "y", bins=5)
    x, y = samples.x.values.ravel(), samples.y.values.ravel()
    of_k = [y[samples.k.values.ravel() == k] for k in range(4)]
    of_x = np.array_split(y[np.argsort(x)], np.cumsum(np.diff(np.ceil(np.arange(5) * 192 / 5).astype(int))))
    np.testing.assert_allclose(found["mean"][0, 0], [*(v.mean() for v in of_k), np.nan], rtol=1e-12)
    np.testing.assert_allclose(found["mean"][1, 0], [v.mean() for v in of_x], rtol=1e-12)
    np.testing.assert_allclose(found.share[0], [*(len(v) / 192 for v in of_k), 0])
    np.testing.assert_allclose(found.value[0], [0, 1, 2, 3, np.nan])


def test_errors_of_conditional_means_hold_over_seeds():
    """Between the ends that bins have, which are order statistics."""
    held = []
    for seed in range(300):
        samples = un.propagate({"x": un.uniform(0, 1), "z": un.normal(0, 0.1)}, lambda x: {"y": x["x"] ** 2 + x["z"]},
                               samples=128, replicates=8, method="random", seed=seed)
        found = conditional_means(samples, "x", "y", bins=4).sel(input="x", output="y")
        ends = np.array([0, *np.sort(samples.x.values, axis=None)[255::256]])
        truth = np.diff(ends**3) / 3 / np.diff(ends)
        held.append(abs(found["mean"] - truth) <= half_width(found.mean_se, 8))
    assert (np.mean(held, axis=0) >= 0.90).all(), np.mean(held, axis=0)
    assert (np.mean(held, axis=0) <= 0.99).all(), np.mean(held, axis=0)


# --- tenths --------------------------------------------------------------------------------------------------


def test_tenths_of_a_linear_model():
    found = tornado_of_tenths(un.propagate(LINEAR, linear), list(LINEAR)).sel(output="y")
    centre, lows, highs = 3.5, np.array([0.05, -TAIL, 0]), np.array([0.95, TAIL, 5])
    slopes, means = np.array([3, -2, 1]), np.array([0.5, 0, 2])
    assert_close(found.baseline, found.baseline_se, centre, 16)
    assert_close(found.low, found.low_se, centre + slopes * (lows - means), 16)
    assert_close(found.high, found.high_se, centre + slopes * (highs - means), 16)
    assert_close(found.swing, found.swing_se, slopes * (highs - lows), 16)
    np.testing.assert_allclose(found.low_value, lows, atol=2e-3)
    np.testing.assert_allclose(found.high_value, highs, atol=2e-3)


def test_errors_of_tenths_hold_over_seeds():
    found = [tornado_of_tenths(un.propagate(LINEAR, linear, samples=256, replicates=8, method="random", seed=seed),
                               ["a", "b"]).sel(output="y") for seed in range(300)]
    for name, truth in {"low": [3.5 - 1.35, 3.5 + 2 * TAIL], "swing": [2.7, -4 * TAIL]}.items():
        held = [abs(f[name] - truth) <= half_width(f[f"{name}_se"], 8) for f in found]
        assert (np.mean(held, axis=0) >= 0.90).all(), (name, np.mean(held, axis=0))
        assert (np.mean(held, axis=0) <= 0.99).all(), (name, np.mean(held, axis=0))


def test_tenths_of_few_values():
    """Five of a hundred samples are half of the lower tenth, all ninety-five others share the rest evenly."""
    y = np.arange(100.0)
    x = np.where(y < 5, -1.0, 3.0)
    found = tornado_of_tenths(frame(x=[x], y=[y]), "x", "y").sel(input="x", output="y")
    np.testing.assert_allclose(found.low, (2 + 52) / 2)
    np.testing.assert_allclose(found.high, 52)
    np.testing.assert_allclose([found.low_value, found.high_value], [1, 3])
    np.testing.assert_allclose(given.tails(x).sum(axis=-1), 1)


def test_a_tenth_is_no_whole_number_of_samples():
    x = np.arange(64.0)
    low, high = given.tails(np.stack([x, -x]))[:, 0]
    np.testing.assert_allclose(low, np.array([*[1] * 6, 0.4, *[0] * 57]) / 6.4, atol=1e-12)
    np.testing.assert_allclose(high, low[::-1])
    np.testing.assert_array_equal(given.tails(-x)[0], high)


# --- gaps, kinds and labels ----------------------------------------------------------------------------------


def gaps():
    samples = noisy()
    return samples.assign(hole=samples.y.where(samples.y < samples.y.max()), flat=samples.x * 0 + 0.1,
                          fixed=xr.DataArray(0.1), yes=samples.x > 0, late=samples.x.where(samples.replicate > 0, 1.0))


def test_missing_and_constant_outputs_have_no_indices_and_leave_the_others():
    found = given_data(gaps(), ["x", "k"], ["hole", "flat", "fixed", "y"])
    assert all(found[name].sel(output=["hole", "flat", "fixed"]).isnull().all() for name in found)
    plain = given_data(gaps(), ["x", "k"], ["y"])
    xr.testing.assert_allclose(found.sel(output=["y"]), plain, rtol=1e-9)
    assert all(plain[name].notnull().all() for name in plain)


def test_missing_and_constant_inputs_have_no_indices_and_leave_the_others():
    found = given_data(gaps(), ["hole", "flat", "x", "fixed"], ["y"])
    none = found.sel(input=["hole", "flat", "fixed"])
    assert all(none[name].isnull().all() for name in found)
    xr.testing.assert_identical(found.sel(input=["x", "dummy"]), given_data(gaps(), "x", "y"))


def test_an_input_that_is_constant_in_one_replicate():
    found = given_data(gaps(), "late", "y").sel(input="late", output="y")
    for name in ("pearson", "spearman", "pawn_se", "pawn_noise"):
        assert np.isnan(found[name])
    assert np.isfinite([found.first_order, found.pawn]).all()


def test_means_of_missing_and_constant_variables():
    found = conditional_means(gaps(), ["x", "flat", "hole"], ["hole", "flat", "y"], bins=4)
    assert found["mean"].sel(input="x", output="hole").isnull().sum() == 1
    np.testing.assert_allclose(found["mean"].sel(input="x", output="flat"), 0.1, rtol=1e-12)
    np.testing.assert_allclose(found.share.sel(input="flat"), [1, 0, 0, 0])
    np.testing.assert_allclose(found["mean"].sel(input="flat", output="y")[0], gaps().y.mean())
    assert found["mean"].sel(input="hole").isnull().all()
    assert found.value.sel(input="hole").isnull().all()
    assert (found.share.sel(input="hole") == 0).all()
    tenths = tornado_of_tenths(gaps(), ["x", "flat", "hole"], ["hole", "flat", "y"])
    for name in ("low", "high", "swing", "low_se"):
        assert tenths[name].sel(input=["flat", "hole"]).isnull().all()
        assert tenths[name].sel(output="hole").isnull().all()
        assert tenths[name].sel(input="x", output=["flat", "y"]).notnull().all()
    assert (tenths.swing_se.sel(input="x", output="flat") < 1e-15).all()


def test_whole_numbers_and_booleans_are_numbers():
    found = given_data(gaps(), ["k", "yes"], ["k", "yes"])
    as_floats = given_data(gaps().astype(float), ["k", "yes"], ["k", "yes"])
    xr.testing.assert_identical(found, as_floats)
    np.testing.assert_allclose(found.pearson.sel(input="k", output="k"), 1)


def test_by_default_outputs_are_all_that_varies():
    samples = gaps().drop_vars("late")
    found = conditional_means(samples, "k")
    assert found.output.values.tolist() == ["x", "y", "t", "hole", "flat", "yes"]
    assert given_data(samples, ("x", "k")).input.values.tolist() == ["x", "k", "dummy"]
    assert "x" in conditional_means(samples.rename(k="xx"), "xx").output  # a name is no set of letters


def test_bins_are_no_more_than_samples_can_bear():
    assert given_data(noisy(3, 64), "x").attrs == {"bins": 4}
    assert given_data(noisy(3, 64), "x", bins=3).attrs == {"bins": 3}


@pytest.mark.parametrize("analyse", ALL)
def test_samples_of_a_study(make_study, analyse):
    """Every cell is what it is alone; the spark's price is no matter to the other build's cost."""
    scenarios = f"[scenarios.cold]\npue = 1.1\n[scenarios.hot]\npue = {dist('uniform', low=1.4, high=2.1)}\n"
    samples = un.sample(make_study(rest=PRICES + scenarios, samples=256))
    found = analyse(samples, ["unit_price", "pue", "bandwidth_ratio"], ["capex", "throughput"])
    inputs = ["unit_price[build=rtx_a5000]", "unit_price[build=dgx_spark]", "pue[scenario=cold]", "pue[scenario=hot]",
              "bandwidth_ratio"]
    outputs = [f"capex[scenario={s}, build={b}]" for s in ("cold", "hot") for b in ("rtx_a5000", "dgx_spark")]
    assert found.input.values.tolist()[:5] == inputs
    assert found.output.values.tolist()[:4] == outputs
    assert "throughput[build=rtx_a5000, precision=fp4]" in found.output
    assert samples.throughput.sel(build="rtx_a5000", precision="fp4").isnull().all()
    one = frame(x=samples.unit_price.sel(build="dgx_spark").values,
                y=samples.capex.sel(build="dgx_spark", scenario="hot").values)
    cell, alone = found.sel(input=inputs[1], output=outputs[3]), analyse(one, "x", "y").sel(input="x", output="y")
    for name in alone:
        np.testing.assert_allclose(cell[name], alone[name], rtol=1e-9)


def test_a_price_drives_the_cost_of_its_own_build_only(make_study):
    samples = un.sample(make_study(rest=PRICES, samples=256))
    found = given_data(samples, "unit_price", "capex").drop_sel(input="dummy")
    np.testing.assert_array_equal(found.noise, [[0, 1], [1, 0]])
    assert given_data(samples, ["unit_price"]).sizes["output"] > 20


# --- refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("analyse", ALL)
@pytest.mark.parametrize(("inputs", "outputs", "said"), [
    (["xx"], None, "input 'xx' is no variable of the samples; did you mean x?"),
    (["x"], ["why"], "output 'why' is no variable of the samples"),
    ([], None, r"inputs are \[\]; wanted one at least"),
    (["x", "x"], None, r"inputs are \['x', 'x'\]; wanted one at least, and each once"),
    (["x"], [], r"outputs are \[\]"),
    (["when"], ["y"], r"'when' is of datetime64\[ns\]; wanted real numbers or booleans"),
    (["x"], ["span"], r"'span' is of timedelta64\[ns\]"),
    (["x"], ["text"], "'text' is of <U1"),
    (["x"], ["wave"], "'wave' is of complex128"),
    (["x"], ["endless"], "'endless': 1 of 192 values are infinite"),
])
def test_variables_refused(analyse, inputs, outputs, said):
    samples = noisy()
    when = np.datetime64("2026-01-01", "ns") + np.zeros((3, 64), "timedelta64[ns]")
    samples = samples.assign(
        when=(samples.x.dims, when), span=(samples.x.dims, when - when), text=(samples.x.dims, np.full((3, 64), "a")),
        wave=samples.x * 1j, endless=samples.y.where(samples.y < samples.y.max(), np.inf))
    with pytest.raises(ValueError, match=said):
        analyse(samples, inputs, outputs)


@pytest.mark.parametrize("analyse", ALL)
def test_samples_without_replicates_refused(analyse):
    with pytest.raises(ValueError, match=r"'x': values have the dimensions .* replicate .*wanted too"):
        analyse(noisy().isel(replicate=0), "x", "y")


@pytest.mark.parametrize(("size", "bins"), [(64, 1), (31, 32), (64, 0)])
def test_bins_refused(size, bins):
    with pytest.raises(ValueError, match=f"bins is {bins}, of {size} samples; wanted at least 2 bins, and 32 samples"):
        given_data(noisy(3, size), "x", bins=bins)
    with pytest.raises(ValueError, match="bins is 0; wanted at least 1"):
        conditional_means(noisy(), "x", bins=0)


def test_an_input_named_as_the_dummy_refused():
    with pytest.raises(ValueError, match="an input is named 'dummy'"):
        given_data(noisy().rename(x="dummy"), ["dummy"])
