"""Who wins, and what it is worth to know more: normals of which the orders and losses have closed forms, and ties."""

import numpy as np
from judge import checks, sizes
from problems import loss, rank_correlation
from scipy import stats

import uncertainty as un

CLOSED = "closed form"


def ranked(case, inputs, rho, first, win, regret, tie=None, source=CLOSED):
    """P(first) and regret of each, and P(win), P(tie) of the first against the second; the least is best."""
    names = list(inputs)
    y = un.propagate(inputs, lambda x: {f"{name}'": v for name, v in x.items()},
                     correlation={pair: rank_correlation(r) for pair, r in rho.items()}, **sizes(case))
    values = y[[f"{name}'" for name in names]].to_dataarray("build").assign_coords(build=names)
    found = un.rank_acceptability(values).sel(rank=1)
    yield from checks(f"{case}, P(first)", source, first, found, "rank_acceptability", names)
    pair = un.pairwise_winning(values).isel(build=0, other=1)
    yield from checks(f"{case}, P({names[0]} beats {names[1]})", source, [win], pair, "win")
    if tie is not None:
        yield from checks(f"{case}, P({names[0]} ties with {names[1]})", source, [tie], pair, "tie")
    yield from checks(f"{case}, mean regret", source, regret, un.expected_regret(values), "expected_regret", names)


def two_normals():
    for r in (-0.5, 0.0, 0.8):
        spread = (1 + 4 - 2 * r * 2) ** 0.5
        win = float(stats.norm.cdf(0.5 / spread))
        gain = loss(0.5, spread)  # of choosing the better of the two each time, and not a
        yield from ranked(f"two normals, r = {r:g}", {"a": un.normal(0, 1), "b": un.normal(0.5, 2)},
                          {("a", "b"): r} if r else {}, [win, 1 - win], win, [gain, gain + 0.5])


def three_normals():
    """Of equal means: P(a is least) is an orthant's; what lies between the least and the largest is twice E max."""
    for r in (0.0, 0.6):
        deviations = np.array([1.0, 2.0, 3.0])
        c = np.where(np.eye(3) == 1, 1.0, r) * np.outer(deviations, deviations)
        apart = np.sqrt(np.diag(c)[:, None] + np.diag(c) - 2 * c)  # deviations of the differences
        first = []
        for i, j, k in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
            rho = (c[j, k] - c[i, j] - c[i, k] + c[i, i]) / (apart[i, j] * apart[i, k])
            first.append(0.25 + np.arcsin(rho) / (2 * np.pi))
        worst = apart[np.triu_indices(3, 1)].sum() / (2 * np.sqrt(2 * np.pi))
        yield from ranked(f"three normals of one mean, r = {r:g}",
                          {name: un.normal(0, s) for name, s in zip("abc", deviations, strict=True)},
                          dict.fromkeys([("a", "b"), ("a", "c"), ("b", "c")], r) if r else {}, first, 0.5,
                          [worst] * 3, source="orthants, and half the mean range")


def unequal_normals():
    first = [stats.multivariate_normal.cdf([0.3, 0.6], cov=[[2, 1], [1, 2]]),
             stats.multivariate_normal.cdf([-0.3, 0.3], cov=[[2, 1], [1, 2]]),
             stats.multivariate_normal.cdf([-0.6, -0.3], cov=[[2, 1], [1, 2]])]
    z = np.linspace(-9, 9, 20_001)
    least = np.trapezoid(np.prod([stats.norm.sf(z - m) for m in (0, 0.3, 0.6)], axis=0), z) - 9
    inputs = {name: un.normal(0.3 * i, 1) for i, name in enumerate("abc")}
    yield from ranked("three normals of means 0, 0.3 and 0.6", inputs, {}, first, stats.norm.cdf(0.3 / 2**0.5),
                      [0.3 * i - least for i in range(3)], source="scipy's bivariate normal; quadrature")


def ties():
    """Two Poisson counts: P(a < b) and P(a = b) by summing; a tie is half a first place for each."""
    k = np.arange(60)
    a, b = stats.poisson(3).pmf(k), stats.poisson(4).pmf(k)
    win, tie = float(b @ (np.cumsum(a) - a)), float(a @ b)
    gain = float(np.maximum(k[:, None] - k, 0).T @ a @ b)
    yield from ranked("two Poisson counts, means 3 and 4", {"a": stats.poisson(3), "b": stats.poisson(4)}, {},
                      [win + tie / 2, 1 - win - tie / 2], win, [gain, gain + 1], tie=tie, source="sums over all pairs")
    yield from ranked("three coins", dict.fromkeys("abc", un.discrete([0, 1])), {}, [1 / 3] * 3, 1 / 4,
                      [1 / 2 - 1 / 8] * 3, tie=1 / 2, source="enumeration")


def worth():
    for mean, r in ((0.0, 0.0), (0.5, 0.0), (-1.5, 0.0), (0.3, 0.6)):
        case = f"stay at 0, or go for {mean:g} + N(0, 1) + N(0, 2), r = {r:g}"
        rho = {("x", "y"): rank_correlation(r)} if r else None
        found = un.evppi({"x": un.normal(0, 1), "y": un.normal(0, 2)}, lambda x, m=mean: {
            "stay": 0 * x["x"], "go": m + x["x"] + x["y"]}, options=["stay", "go"], correlation=rho, **sizes(case))
        yield from checks(f"{case}, EVPI", "normal loss", [loss(mean, (5 + 4 * r) ** 0.5)], found, "evpi")
        known = [loss(mean, 1 + 2 * r), loss(mean, 2 + r)]
        yield from checks(f"{case}, EVPPI", "normal loss", known, found, "evppi", ["x", "y"])


def cases():
    return [*two_normals(), *three_normals(), *unequal_normals(), *ties(), *worth()]
