"""Quantile functions against scipy.stats, closed forms and published numbers; specifications and their errors."""

import dataclasses
import pickle
import subprocess
import sys
from math import inf, log, nan, pi, sqrt

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import integrate, stats

from uncertainty import distributions as un
from uncertainty import inverse
from uncertainty.distributions import Marginal, marginal
from uncertainty.elicitation import level_of, levels_of
from uncertainty.inverse import CELLS, quantile_function

EPS = np.finfo(float).eps
TAIL = np.geomspace(1e-12, 1e-4, 100)
U = np.concatenate([TAIL, np.linspace(1e-4, 1 - 1e-4, 30_011), 1 - TAIL[::-1]])
IN_TAIL = (U <= 1e-4) | (U >= 1 - 1e-4)

PAIRS = {
    "uniform": (un.uniform(0.8, 1.0), stats.uniform(0.8, 0.2)),
    "triangular": (un.triangular(0.4, 0.62, 0.85), stats.triang(0.22 / 0.45, 0.4, 0.45)),
    "triangular, mode low": (un.triangular(1, 1, 3), stats.triang(0, 1, 2)),
    "triangular, mode high": (un.triangular(1, 3, 3), stats.triang(1, 1, 2)),
    "pert": (un.pert(1.05, 1.25, 1.6), stats.beta(1 + 0.8 / 0.55, 1 + 1.4 / 0.55, 1.05, 0.55)),
    "pert, mode low": (un.pert(0, 0, 2), stats.beta(1, 5, 0, 2)),
    "pert, mode high": (un.pert(0, 2, 2), stats.beta(5, 1, 0, 2)),
    "normal": (un.normal(3, 2), stats.norm(3, 2)),
    "lognormal": (un.lognormal(11090.54, 0.18357), stats.lognorm(0.18357, 0, 11090.54)),
    "lognormal, wide": (un.lognormal(2, 1.5), stats.lognorm(1.5, 0, 2)),
    "beta": (un.beta(8, 10), stats.beta(8, 10)),
    "beta, scaled": (un.beta(3, 4, 0.85, 0.97), stats.beta(3, 4, 0.85, 0.12)),
    "beta, bathtub": (un.beta(0.5, 0.5), stats.beta(0.5, 0.5)),
    "beta, spike": (un.beta(0.05, 3), stats.beta(0.05, 3)),
    "beta, narrow": (un.beta(4e4, 6e4), stats.beta(4e4, 6e4)),
    "normal, truncated": (un.normal(3, 2, min=1, max=9), stats.truncnorm(-1, 3, 3, 2)),
    "normal, far tail": (Marginal("normal", (0.0, 1.0), 8.0, 9.0), stats.truncnorm(8, 9)),
    "normal, other far tail": (Marginal("normal", (0.0, 1.0), -9.0, -8.0), stats.truncnorm(-9, -8)),
}
FROZEN = {
    "t": stats.t(3),
    "cauchy": stats.cauchy(),
    "gumbel": stats.gumbel_r(0, 1),
    "gamma": stats.gamma(0.3),
    "loguniform": stats.loguniform(1, 1e5),
    "laplace": stats.laplace(),
    "exponential": stats.expon(),
    "spiked histogram": stats.rv_histogram(([1, 0, 5, 900, 3], [0, 1, 2, 2.01, 3, 7]), density=True),
}
CONTINUOUS = PAIRS | {name: (frozen, frozen) for name, frozen in FROZEN.items()}
every_pair = pytest.mark.parametrize(("ours", "scipys"), PAIRS.values(), ids=PAIRS)
every_continuous = pytest.mark.parametrize(("ours", "scipys"), CONTINUOUS.values(), ids=CONTINUOUS)


def u_error(x, u, scipys):
    """|CDF(x) - u| from the tail that has the digits, less what rounding x to a double costs."""
    error = np.where(u < 0.5, np.abs(scipys.cdf(x) - u), np.abs(scipys.sf(x) - (1 - u)))
    rounding = np.abs(scipys.cdf(np.nextafter(x, inf)) - scipys.cdf(np.nextafter(x, -inf)))
    return np.maximum(error - rounding, 0.0)


def same_bits(x, y):
    return x.shape == y.shape and np.array_equal(x.view(np.int64), y.view(np.int64))


# --- published numbers and closed forms ---


def test_normal_quantile_is_the_published_one():
    assert un.normal(0, 1).ppf(0.975) == pytest.approx(1.959963984540054, rel=2 * EPS)


@pytest.mark.parametrize(("low", "mode", "high"), [(1.05, 1.25, 1.6), (0, 0, 1), (-3, 5, 5)])
def test_pert_has_the_mean_of_malcolm_and_the_variance_of_vose(low, mode, high):
    m = un.pert(low, mode, high)
    mean = integrate.quad(lambda x: x * m.pdf(x), low, high, epsabs=1e-13)[0]
    variance = integrate.quad(lambda x: (x - mean) ** 2 * m.pdf(x), low, high, epsabs=1e-13)[0]
    assert mean == pytest.approx((low + 4 * mode + high) / 6, abs=1e-10)
    assert variance == pytest.approx((mean - low) * (high - mean) / 7, abs=1e-10)


def test_lognormal_from_two_quotes_is_the_one_of_the_benchmark_problem():
    median, sigma = un.lognormal(p5=8200, p95=15000).parameters
    assert median == pytest.approx(sqrt(8200 * 15000), rel=20 * EPS)  # rounding of a logarithm of 9.3
    assert sigma == pytest.approx(log(15000 / 8200) / (2 * 1.6448536269514722), rel=8 * EPS)
    assert round(median, 2) == 11090.54
    assert 0.18357 <= sigma < 0.18358  # there cut, not rounded


def test_arcsine_quantiles():
    u = U[U <= 0.5]  # beyond, sin(pi u / 2) loses the digits of 1 - u
    np.testing.assert_allclose(un.beta(0.5, 0.5).ppf(u), np.sin(pi * u / 2) ** 2, rtol=1e-13)


def test_triangular_median_and_quartile():
    m = un.triangular(0, 0.5, 1)
    assert m.median() == 0.5
    assert m.ppf(0.125) == pytest.approx(0.25, rel=2 * EPS)  # u = 2 x^2


# --- scipy.stats ---


@every_pair
def test_exact_functions_agree_with_scipy(ours, scipys):
    x = scipys.ppf(U)
    np.testing.assert_allclose(ours.ppf(U), x, rtol=1e-12)
    # at x = 9, exp(-x^2 / 2) magnifies rounding 40 times
    np.testing.assert_allclose(ours.cdf(x), scipys.cdf(x), rtol=1e-12, atol=40 * EPS)
    inside = scipys.pdf(x) > 0
    np.testing.assert_allclose(ours.pdf(x)[inside], scipys.pdf(x)[inside], rtol=1e-9)
    assert ours.support == pytest.approx(scipys.support(), rel=2 * EPS)
    assert ours.median() == pytest.approx(scipys.median(), rel=1e-12)


@every_continuous
def test_fast_function_keeps_the_u_error_it_states(ours, scipys):
    fast = quantile_function(ours)
    # between the quarters of a cell, where it is measured, t^2 (1 - t)^2 t peaks 11 % higher
    assert u_error(fast(U), U, scipys).max() <= 1.11 * fast.u_error + 4 * EPS
    assert 1.11 * fast.u_error <= 1e-7


@every_continuous
def test_tails_are_exact(ours, scipys):
    u = U[IN_TAIL]
    np.testing.assert_array_equal(quantile_function(ours)(u), ours.ppf(u))
    np.testing.assert_allclose(quantile_function(ours)(u), scipys.ppf(u), rtol=1e-12)


def test_closed_forms_are_not_interpolated():
    for m in (un.uniform(1, 2), un.triangular(1, 2, 4), un.triangular(1, 2, 4, max=3)):
        assert quantile_function(m).table is None
        assert quantile_function(m).u_error <= 4 * EPS


def test_most_of_a_common_marginal_is_interpolated():
    for m in (un.pert(1.05, 1.25, 1.6), un.normal(0, 1), un.lognormal(9000, 0.1), un.beta(8, 10), stats.t(3)):
        assert np.isnan(quantile_function(m).table).any(axis=1).sum() < 0.004 * CELLS


@pytest.mark.parametrize("frozen", [stats.poisson(3), stats.binom(20, 0.3), stats.randint(-5, 1000)])
def test_discrete_scipy_distributions_are_exact(frozen):
    fast = quantile_function(frozen)
    np.testing.assert_array_equal(fast(U), frozen.ppf(U))
    assert fast(np.array([0.0]))[0] == frozen.support()[0]


# --- negative tests: the measures above see what they should ---


def test_a_wrong_coefficient_is_seen():
    m, scipys = PAIRS["pert"]
    right = quantile_function(m)
    wrong = right._replace(table=right.table + np.array([0.0, 0.0, 0.0, 1e-6]))
    assert u_error(wrong(U), U, scipys).max() > 1e-7


def test_a_wrong_density_leaves_nothing_interpolated():
    m = un.normal(3, 2)
    fast = inverse._tabulated(m.ppf, lambda x: 1.01 * m.pdf(x))
    assert np.isnan(fast.table).all()
    np.testing.assert_array_equal(fast(U), m.ppf(U))


def test_a_density_with_a_hidden_jump_is_left_to_the_exact_function():
    jump = 0.5 + 0.9 / CELLS  # inside one cell, off every measured point
    frozen = stats.rv_histogram(([1.0, 3.0], [0.0, 1.0, 1 + (1 / jump - 1) / 3]), density=True)
    fast = quantile_function(frozen)
    u = np.linspace(0, 1, 16 * CELLS + 1)
    assert np.abs(frozen.cdf(fast(u)) - u).max() <= 1e-8


# --- the same bits, wherever a value sits ---

BITS = [
    un.pert(1.05, 1.25, 1.6), un.lognormal(9000, 0.1), un.normal(0, 1, min=-1), un.triangular(0, 1, 3),
    un.uniform(0.8, 1), un.beta(0.05, 3), un.discrete([1, 2, 5], [0.1, 0.7, 0.2]), un.empirical(range(5000)),
    stats.gumbel_r(), stats.t(3), stats.weibull_min(1.7), stats.poisson(3),
]


@pytest.mark.parametrize("m", BITS, ids=str)
def test_no_bit_depends_on_block_size_or_position(m):
    fast, rng = quantile_function(m), np.random.default_rng(1)
    u = np.concatenate([rng.random(16_384), TAIL, 1 - TAIL, rng.random(17) * 1e-3, [0.5]])
    whole = fast(u)
    for block in (1, 7, 4096, 16_384):
        size = min(u.size, 40 * block)  # scipy's calls are slow
        assert same_bits(np.concatenate([fast(u[i : i + block]) for i in range(0, size, block)])[:size], whole[:size])
    shuffled = rng.permutation(u.size)
    assert same_bits(fast(u[shuffled]), whole[shuffled])
    assert same_bits(fast(u[::-3]), whole[::-3])
    assert same_bits(fast(u[:16_600].reshape(100, -1).T), whole[:16_600].reshape(100, -1).T.copy())


@pytest.mark.parametrize("m", BITS, ids=str)
def test_out_may_be_given_and_may_be_the_input(m):
    u = np.random.default_rng(2).random((50, 100))
    expected, out = quantile_function(m)(u), np.empty((100, 50)).T
    assert quantile_function(m)(u, out=out) is out
    assert same_bits(out.copy(), expected.copy())
    assert same_bits(quantile_function(m)(u, out=u), expected)


@pytest.mark.parametrize("m", BITS, ids=str)
def test_out_may_overlap_the_input(m):
    u = np.random.default_rng(3).random(5001)
    expected = quantile_function(m)(u[1:].copy())
    assert same_bits(quantile_function(m)(u[1:], out=u[:-1]), expected)


def horner(c, t):
    return ((c[3] * t + c[2]) * t + c[1]) * t + c[0]


@pytest.mark.parametrize("m", [m for m in BITS if quantile_function(m).table is not None], ids=str)
def test_a_value_is_its_cells_polynomial_or_exact(m):
    """In Python's floats, one by one: the table decides, at the edges of cells and at 0 and 1 too."""
    fast, nodes = quantile_function(m), np.arange(CELLS + 1) / CELLS
    u = np.concatenate([nodes[::7], np.nextafter(nodes[1:], 0)[::7], TAIL, [0.0, 2.0**-53, 1 - 2.0**-53, 1.0]])
    for x, p in zip(fast(u).tolist(), u.tolist(), strict=True):
        cell = int(p * CELLS)
        c = fast.table[cell].tolist()
        value = c if isinstance(c, float) else horner(c, p * CELLS - cell)
        assert x == (value if value == value else fast.exact(np.array([p]))[0])


def test_atoms_are_looked_up_without_a_polynomial():
    for m in (un.discrete([1, 2, 5], [0.1, 0.7, 0.2]), un.empirical(range(5000)), stats.poisson(3)):
        assert quantile_function(m).table.shape == (CELLS + 1,)
    assert quantile_function(un.normal(0, 1)).table.shape == (CELLS + 1, 4)


def test_equal_marginals_share_one_function():
    assert quantile_function(un.pert(1, 2, 3)) is quantile_function(marginal("pert", low=1, mode=2, high=3))


# --- support and monotonicity ---


@st.composite
def marginals(draw):
    width, start = 10 ** draw(st.floats(-3, 5)), draw(st.floats(-1e3, 1e3))
    mode = start + width * draw(st.floats(0, 1))
    shape = st.floats(-1.5, 3).map(lambda x: 10**x)
    parent = draw(
        st.sampled_from(["uniform", "triangular", "pert", "normal", "lognormal", "beta"]).flatmap(
            lambda kind: {
                "uniform": st.just(un.uniform(start, start + width)),
                "triangular": st.just(un.triangular(start, min(mode, start + width), start + width)),
                "pert": st.just(un.pert(start, min(mode, start + width), start + width)),
                "normal": st.just(un.normal(start, width)),
                "lognormal": st.floats(0.01, 3).map(lambda sigma: un.lognormal(width, sigma)),
                "beta": st.tuples(shape, shape).map(lambda ab: un.beta(*ab, start, start + width)),
            }[kind]
        )
    )
    low, high = sorted(draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    cut = parent.ppf([low, high])
    if not draw(st.booleans()) or high - low < 1e-6 or not np.isfinite(cut).all() or cut[0] == cut[1]:
        return parent
    return dataclasses.replace(parent, low=float(cut[0]), high=float(cut[1]))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(marginals(), st.integers(0, 2**32))
def test_values_rise_and_stay_in_the_support(m, seed):
    nodes = np.arange(CELLS + 1) / CELLS
    beside = [np.nextafter(nodes[1:], 0), np.nextafter(nodes[1:-1], 1), [2.0**-53]]
    u = np.sort(np.concatenate([nodes, *beside, np.random.default_rng(seed).random(4096), TAIL, 1 - TAIL]))
    x = quantile_function(m)(u)
    low, high = m.support
    assert x.min() >= low
    assert x.max() <= high
    fall = np.flatnonzero(x[1:] < x[:-1])
    one, two = x[fall], x[fall + 1]
    # some roundings of terms that are at most twelve times the rise within a cell, or of the probability
    assert ((one - two <= 64 * np.spacing(np.abs(one))) | (m.cdf(one) - m.cdf(two) <= 4 * EPS)).all()


# --- truncation ---


@pytest.mark.parametrize(("low", "high"), [(1700, 2900), (None, 2100), (2000, None), (2800, 2900), (4000, 5000)])
def test_truncation_is_the_conditional_distribution(low, high):
    m, parent = un.lognormal(2050, 0.15, min=low, max=high), stats.lognorm(0.15, 0, 2050)
    a, b = 0 if low is None else low, inf if high is None else high
    u = np.linspace(0, 1, 1001)
    kept = parent.sf(a) - parent.sf(b)
    x = m.ppf(u)
    # sf of (4000, 5000) is 4e-6: its 1e-16 of rounding is what remains of the parent's digits
    np.testing.assert_allclose(parent.sf(x), parent.sf(a) - u * kept, rtol=1e-12, atol=4 * EPS * kept)
    assert m.support == (a, b)
    assert m.cdf([a - 1, a]).tolist() == [0, 0]
    assert m.cdf(b) == 1
    assert m.pdf([a - 1, b + 1]).tolist() == [0, 0]


def test_far_tail_keeps_its_digits():
    m = Marginal("normal", (0.0, 1.0), 8.0, 9.0)
    above = (1 - U) * stats.norm.sf(8) + U * stats.norm.sf(9)
    np.testing.assert_allclose(stats.norm.sf(m.ppf(U)), above, rtol=1e-13)


def test_truncation_off_the_support_changes_nothing():
    u = np.linspace(0, 1, 101)
    assert same_bits(un.pert(1, 2, 4, min=0, max=9).ppf(u), un.pert(1, 2, 4).ppf(u))


# --- atoms ---


def test_discrete_quantiles_by_hand():
    m = un.discrete([30, 10, 20], [0.2, 0.1, 0.7])
    u = np.array([0, 0.1, 0.1 + 1e-9, 0.5, 0.8, 0.8 + 1e-9, 1])
    assert m.ppf(u).tolist() == [10, 10, 20, 20, 20, 30, 30]  # though 0.1 + 0.7 < 0.8 in doubles
    assert quantile_function(m)(u).tolist() == m.ppf(u).tolist()
    assert quantile_function(m).u_error == 0
    assert m.cdf([9, 10, 15, 20, 30, 31]) == pytest.approx([0, 0.1, 0.1, 0.8, 1, 1])
    assert m.is_discrete
    assert m.support == (10, 30)


@pytest.mark.parametrize("n", [1, 3, 10, 49, 1000])
def test_edges_of_equal_weights_belong_to_the_atom_below(n):
    m = un.empirical(range(n))
    edges = np.arange(1, n + 1) / n
    np.testing.assert_array_equal(quantile_function(m)(edges), np.arange(n))
    np.testing.assert_array_equal(quantile_function(m)(edges[:-1] + 1e-9), np.arange(1, n))


def test_empirical_quantiles_are_those_of_numpy():
    quotes, u = np.random.default_rng(3).lognormal(8, 0.2, 137).round(-2), np.random.default_rng(4).random(10_000)
    expected = np.quantile(quotes, u, method="inverted_cdf")
    np.testing.assert_array_equal(quantile_function(un.empirical(quotes))(u), expected)


def test_atoms_are_sorted_merged_dropped_and_cut():
    assert un.discrete([2, 1, 2, 5], [0.25, 0.25, 0.5, 0]).parameters == (1, 2, 0.25, 0.75)
    assert un.discrete([1, 2, 3, 4], [0.1, 0.2, 0.2, 0.5], min=2, max=3).parameters == (2, 3, 0.5, 0.5)
    assert un.empirical([7, 5, 7], max=6).parameters == (5, 1)


def test_probabilities_are_normalised_only_within_rounding():
    assert sum(un.discrete([1, 2, 3], [0.3333333333, 0.3333333333, 0.3333333334]).parameters[3:]) == 1
    with pytest.raises(ValueError, match=r"sum 0\.99999;"):
        un.discrete([1, 2], [0.5, 0.49999])


# --- a marginal is data ---


@pytest.mark.parametrize("m", [m for m in BITS if isinstance(m, Marginal)], ids=str)
def test_marginals_are_plain_data(m):
    copy = pickle.loads(pickle.dumps(m))
    assert copy == m
    assert hash(copy) == hash(m)
    u = np.linspace(0, 1, 99)
    assert same_bits(pickle.loads(pickle.dumps(quantile_function(m)))(u), quantile_function(m)(u))


def test_centre_is_the_median_unless_said():
    assert un.lognormal(2050, 0.15).center() == 2050
    assert un.lognormal(2050, 0.15, central=1999).center() == 1999
    assert un.lognormal(2050, 0.15, max=2050).center() < 2050
    assert un.discrete([1, 2, 3]).center() == 2


def test_every_kind_is_dispatched_by_name():
    given = {"low": 1, "mode": 2, "high": 3, "mean": 1, "std": 2, "median": 1, "sigma": 2, "a": 1, "b": 2}
    for kind, names in un.PARAMETERS.items():
        spec = {name: given[name] for name in names if name in given} or {"values": [1, 2]}
        assert marginal(kind, **spec) == getattr(un, kind)(**spec)
        assert marginal(kind, **spec).kind == kind


def test_import_stays_light():
    code = "import sys, uncertainty as d; d.quantile_function(d.pert(1, 2, 3)); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"scipy.stats", "scipy.optimize", "xarray", "pandas"} & set(loaded)


# --- by quantiles ---

BY_QUANTILES = [
    (un.uniform(2, 5), "p10 p90"), (un.uniform(2, 5), "low p90"), (un.uniform(-2, 5), "p2_5 high"),
    (un.normal(3, 2), "p10 p90"), (un.normal(3, 2), "mean p90"), (un.normal(-3, 2), "p10 std"),
    (un.lognormal(9000, 0.1), "p5 p95"), (un.lognormal(9000, 0.1), "median p95"), (un.lognormal(2, 1), "p25 sigma"),
    (un.triangular(1, 2, 4), "mode p10 p90"), (un.triangular(1, 2, 4), "p10 p50 p90"),
    (un.triangular(1, 1, 4), "low mode p90"), (un.triangular(1, 2, 4), "low high p50"),
    (un.triangular(-4, -2, -1), "low p10 p90"), (un.triangular(0, 3, 3), "mode p10 p50"),
    (un.pert(1.05, 1.25, 1.6), "mode p5 p95"), (un.pert(1.05, 1.25, 1.6), "p10 p50 p90"),
    (un.pert(1.05, 1.25, 1.6), "low mode p95"), (un.pert(1.05, 1.25, 1.6), "low high p50"),
    (un.pert(0, 0, 1), "low mode p90"), (un.pert(0, 0, 1), "p10 p50 p90"), (un.pert(-5, 3, 4), "p5 p50 high"),
    (un.beta(8, 10), "p10 p90"), (un.beta(0.5, 0.5), "p25 p50"), (un.beta(3, 4), "a p50"), (un.beta(3, 4), "p90 b"),
    (un.beta(3000, 4, 2, 5), "low high p5 p95"),
]  # fmt: skip


@pytest.mark.parametrize(("m", "names"), BY_QUANTILES, ids=str)
def test_quantiles_give_back_the_marginal(m, names):
    known = dict(zip(un.PARAMETERS[m.kind], m.parameters, strict=True))
    spec = {name: known.get(name) for name in names.split()}
    spec |= {name: float(m.ppf(level_of(name))) for name in spec if spec[name] is None}
    found = marginal(m.kind, **spec)
    for name, level in levels_of(spec).items():
        assert found.cdf(spec[name]) == pytest.approx(level, abs=1e-9)
    # 1e-9 of probability, and slopes of a probability in these parameters of 1e-3 at least
    np.testing.assert_allclose(found.parameters, m.parameters, rtol=1e-6, atol=1e-6)


def test_quantiles_are_those_before_truncation():
    assert un.normal(p10=1, p90=3, min=2).parameters == un.normal(p10=1, p90=3).parameters
    assert un.normal(p10=1, p90=3, min=2).cdf(2) == 0


# --- errors ---

ERRORS = [
    (lambda: un.pert(1.6, 1.25, 1.05), "pert: low 1.6 is above mode 1.25; wanted low <= mode <= high"),
    (lambda: un.uniform(3, 2), "uniform: low 3 is above high 2; wanted low < high"),
    (lambda: un.beta(1, 1, 3, 2), "beta: low 3 is above high 2; wanted low < high"),
    (lambda: un.triangular(1, 1, 1), "triangular: low and high are both 1; wanted low < high"),
    (lambda: un.normal(0, 0), "normal: std is 0; wanted std > 0"),
    (lambda: un.lognormal(-1, 0.2), "lognormal: median is -1; wanted median > 0"),
    (lambda: un.lognormal(1, 0), "lognormal: sigma is 0; wanted sigma > 0"),
    (lambda: un.beta(2, -1), "beta: b is -1; wanted b > 0"),
    (lambda: un.normal(nan, 1), "normal: mean is nan; wanted a finite number"),
    (lambda: un.normal(0, inf), "normal: std is inf; wanted a finite number"),
    (lambda: un.normal("3", 1), "normal: mean is '3'; wanted a finite number"),
    (lambda: un.normal(0, True), "normal: std is True; wanted a finite number"),
    (lambda: un.uniform(0, 1, central=nan), "uniform: central is nan; wanted a finite number"),
    (lambda: un.uniform(0, 1, min=2, max=1), "uniform: min 2 is not below max 1; wanted min < max"),
    (lambda: un.uniform(0, 1, min=5),
     "uniform: min 5 and max inf keep 0 of the probability; wanted at least 1e-9"),
    (lambda: un.normal(0, 1, min=8, max=9),
     "normal: min 8 and max 9 keep 6.2e-16 of the probability; wanted at least 1e-9"),
    (lambda: un.empirical([1, 2], min=3),
     "empirical: min 3 and max inf keep 0 of the probability; wanted at least 1e-9"),
    (lambda: un.discrete([1, 2], max=3, min=4), "discrete: min 4 is not below max 3; wanted min < max"),
    (lambda: un.pert(1.05, 1.25),
     "pert: given low 1.05, mode 1.25; wanted 3 of low, mode, high, or quantiles such as p5 and p95 in their place"),
    (lambda: un.normal(),
     "normal: given nothing; wanted 2 of mean, std, or quantiles such as p5 and p95 in their place"),
    (lambda: un.normal(0, 1, p50=3),
     "normal: given mean 0, std 1, p50 3; wanted 2 of mean, std, or quantiles such as p5 and p95 in their place"),
    (lambda: un.normal(p10=3, p90=1), "normal: p10 3 is not below p90 1; wanted quantiles that rise with p"),
    (lambda: un.normal(p10=1, p10_0=3), "normal: p10 1 is not below p10_0 3; wanted quantiles that rise with p"),
    (lambda: un.normal(p0=3, p90=4),
     "p0 is not a quantile; wanted p and a number between 0 and 100, as p5 or p2_5"),
    (lambda: un.lognormal(p10=-3, p90=1), "lognormal: p10 is -3; wanted p10 > 0"),
    (lambda: un.normal(mean=3, p90=1),
     "normal: no normal distribution has mean 3, p90 1; wanted numbers that fix exactly one"),
    (lambda: un.normal(mean=3, p50=4),
     "normal: no normal distribution has mean 3, p50 4; wanted numbers that fix exactly one"),
    (lambda: un.lognormal(median=3, p50=3),
     "lognormal: more than one lognormal distribution has median 3, p50 3; wanted numbers that fix exactly one"),
    (lambda: un.pert(mode=1, p10=2, p90=3),
     "pert: no pert distribution has mode 1, p10 2, p90 3; wanted numbers that fix exactly one"),
    (lambda: un.pert(p10=0, p50=1, p90=1000),
     "pert: no pert distribution has p10 0, p50 1, p90 1000; wanted numbers that fix exactly one"),
    (lambda: un.triangular(low=0, high=1, p50=1.5),
     "triangular: no triangular distribution has low 0, high 1, p50 1.5; wanted numbers that fix exactly one"),
    (lambda: un.triangular(high=0, p50=-sqrt(0.5), p90=-sqrt(0.1)),  # any mode below the median would do
     "triangular: more than one triangular distribution has high 0, p50 -0.707106781187, p90 -0.316227766017; "
     "wanted numbers that fix exactly one"),
    (lambda: un.beta(p10=0.2, p90=1.5),
     "beta: no beta distribution has low 0, high 1, p10 0.2, p90 1.5; wanted numbers that fix exactly one"),
    (lambda: un.pert(low=1, mode=2, hgih=3),
     "pert: 'hgih' is unknown; the nearest name is 'high', wanted one of low, mode, high, min, max, central"),
    (lambda: un.discrete([1, 2], p5=3),
     "discrete: 'p5' is unknown; the nearest name is 'probabilities', wanted one of values, probabilities, min, "
     "max, central"),
    (lambda: un.discrete([]), "discrete: values is empty; wanted at least one number"),
    (lambda: un.discrete("123"), "discrete: values is '123'; wanted a list of numbers"),
    (lambda: un.empirical([1, None]), "empirical: one of values is None; wanted a finite number"),
    (lambda: un.discrete([1, 2], [1]), "discrete: 1 probabilities for 2 values; wanted one for each value"),
    (lambda: un.discrete([1, 2], [0.5, 0.6]),
     "discrete: probabilities with least 0.5 and sum 1.1; wanted none below 0 and sum 1"),
    (lambda: un.discrete([1, 2], [-0.5, 1.5]),
     "discrete: probabilities with least -0.5 and sum 1; wanted none below 0 and sum 1"),
    (lambda: un.discrete([1, 2]).pdf(1),
     "discrete and empirical distributions have no density; wanted a continuous one"),
    (lambda: marginal("prt", low=1),
     "'prt' is not a distribution; the nearest name is 'pert', wanted one of uniform, triangular, pert, normal, "
     "lognormal, beta, discrete, empirical"),
    (lambda: quantile_function(3), "3 is no distribution; wanted a Marginal or one frozen by scipy.stats"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[message[:40] for _, message in ERRORS])
def test_errors_say_what_was_given_and_what_is_wanted(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert str(caught.value) == message
