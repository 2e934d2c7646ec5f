"""The worked examples of JCGM 101:2008 (Supplement 1 to the GUM), section 9.

Figures called published were not read in the Supplement itself but where public programs quote it in their tests, or
JCGM GUM-5:2026, which takes its examples up again; all else is worked out here, by closed forms or by quadrature of
distribution functions. Intervals are the probabilistically symmetric ones: the program does not offer the shortest,
which are compared only where they are known to end at quantiles.
"""

from itertools import product

import numpy as np
from judge import Check, checks, sizes
from problems import rank_correlation
from scipy import optimize, special, stats

import uncertainty as un

CLOSED, QUADRATURE = "closed form", "quadrature"
ENDS = (0.025, 0.975)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
ANGLES, ANGLE_WEIGHTS = 0.5 * np.pi * np.array(np.polynomial.legendre.leggauss(200))


def published(of, text, place):
    """An estimate that was made already beside a published number, which is off by half a unit of its last digit."""
    half = 0.5 * 10.0 ** -len(text.partition(".")[2])
    return of._replace(source=f"{place}, published", truth=float(text), text=text, slack=half, exact=False)


def moments(case, y, truths, sources):
    """Mean and standard uncertainty; the error of the latter is that of the mean square deviation."""
    mean, second = un.percentile_bands(y), un.percentile_bands((y - float(y.mean())) ** 2)
    u = float(second["mean"]) ** 0.5
    found = [(mean["mean"], mean["mean_se"]), (u, second["mean_se"] / (2 * u))]
    return [Check(f"{case}, {what}", source, truth, float(value), float(se))
            for what, truth, source, (value, se) in zip(("estimate", "u"), truths, sources, found, strict=True)]


def ends(case, y, truths, source, levels=ENDS, **more):
    found = un.percentile_bands(y, levels)
    return checks(case, source, truths, found, "percentile_bands", [f"{100 * q:g} % quantile" for q in levels], **more)


# --- 9.2: the additive model -----------------------------------------------------------------------------------


def sum_of_uniforms(y, widths):
    """P(X_1 + ... + X_n <= y) of X_i uniform on [-a_i, a_i]: signed volumes of a cube's corners."""
    corners = [(np.prod(signs), max(y + np.dot(signs, widths), 0.0)) for signs in product((-1, 1), repeat=len(widths))]
    volume = special.factorial(len(widths)) * np.prod(2 * np.array(widths))
    return sum(sign * reach ** len(widths) for sign, reach in corners) / volume


def additive():
    root = 3**0.5
    normal, narrow, wide = un.normal(0, 1), un.uniform(-root, root), un.uniform(-10 * root, 10 * root)
    cases = [("9.2.2 four normals", [normal] * 4, (), 2.0, "3.92", "2.0"),
             ("9.2.3 four rectangles", [narrow] * 4, [root] * 4, 2.0, "3.88", "2.0"),
             ("9.2.4 one of four rectangles is ten times as wide", [narrow] * 3 + [wide], [root] * 3 + [10 * root],
              103**0.5, "17", "10.1")]
    for case, inputs, widths, u, end, rounded in cases:
        y = un.propagate({f"x{i}": x for i, x in enumerate(inputs)}, lambda x: {"y": sum(x.values())}, **sizes(case)).y
        upper = optimize.brentq(lambda y, w=widths: sum_of_uniforms(y, w) - ENDS[1], 0, 50) if widths else (
            2 * special.ndtri(ENDS[1]))
        found = [*moments(case, y, [0.0, u], [CLOSED] * 2), *ends(case, y, [-upper, upper], CLOSED)]
        yield from found
        for check, text in zip(found[1:], (rounded, f"-{end}", end), strict=True):
            yield published(check, text, "JCGM GUM-5:2026, 6.4" if case[:5] == "9.2.4" else f"JCGM 101, {case[:5]}")


# --- 9.3: mass calibration -------------------------------------------------------------------------------------

DENSITIES = {"air": (1.10, 1.30), "weight": (7e3, 9e3), "reference": (7.95e3, 8.05e3)}


def mass():
    inputs = {"reference": un.normal(100_000.0, 0.050), "step": un.normal(1.234, 0.020)} | {
        f"density of {name}": un.uniform(*limits) for name, limits in DENSITIES.items()}

    def model(x):
        buoyancy = 1 / x["density of weight"] - 1 / x["density of reference"]
        return {"y": (x["reference"] + x["step"]) * (1 + (x["density of air"] - 1.2) * buoyancy) - 100_000}

    case = "9.3 mass calibration, mg"
    y = un.propagate(inputs, model, **sizes(case)).y
    (a, b), (c, d) = DENSITIES["weight"], DENSITIES["reference"]
    inverse, square = [np.log(q / p) / (q - p) for p, q in ((a, b), (c, d))], [1 / (a * b), 1 / (c * d)]
    second = square[0] + square[1] - 2 * inverse[0] * inverse[1]
    mean, spread = 100_001.234, 0.05**2 + 0.02**2
    u = (spread + (mean**2 + spread) * 0.2**2 / 12 * second) ** 0.5
    found = moments(case, y, [1.234, u], [CLOSED] * 2)
    yield from found
    yield published(found[0], "1.2340", "JCGM GUM-5:2026, 7.3")
    yield from ends(case, y, [optimize.brentq(lambda y, q=q: mass_below(y) - q, 0.5, 2.0) for q in ENDS], QUADRATURE)


def mass_below(y):
    """P(mass <= y), over the densities by Gauss and Legendre's rule; given them it is a normal's."""
    air, weight, reference = (0.5 * (p + q) + 0.5 * (q - p) * NODES for p, q in DENSITIES.values())
    factor = 1 + (air[:, None, None] - 1.2) * (1 / weight[:, None] - 1 / reference)
    below = special.ndtr(((y + 100_000) / factor - 100_001.234) / (0.05**2 + 0.02**2) ** 0.5)
    return np.einsum("ijk,i,j,k->", below, WEIGHTS, WEIGHTS, WEIGHTS) / 8


# --- 9.4: comparison loss --------------------------------------------------------------------------------------

U = 0.005
LOSSES = {(0.0, 0.0): ("50", "50"), (0.010, 0.0): ("150", "112"), (0.050, 0.0): ("2550", "502"), (0.0, 0.9): None,
          (0.010, 0.9): ("150", "121"), (0.050, 0.9): None}  # as published, in millionths


def loss_below(y, x, r):
    """P(X1^2 + X2^2 <= y): along the ellipse's axes they are independent; over the larger one by quadrature."""
    big, small, center = U * (1 + r) ** 0.5, U * (1 - r) ** 0.5, x / 2**0.5
    along, across = np.sqrt(y) * np.sin(ANGLES), np.sqrt(y) * np.cos(ANGLES)
    inside = stats.norm.cdf(across, center, small) - stats.norm.cdf(-across, center, small)
    return float(ANGLE_WEIGHTS @ (stats.norm.pdf(along, center, big) * across * inside))


def comparison_loss():
    for (x, r), texts in LOSSES.items():
        case = f"9.4 comparison loss in millionths, x1 = {x:g}, r = {r:g}"
        rho = {("x1", "x2"): rank_correlation(r)} if r else None
        y = un.propagate({"x1": un.normal(x, U), "x2": un.normal(0, U)},
                         lambda x: {"y": 1e6 * (x["x1"] ** 2 + x["x2"] ** 2)}, correlation=rho, **sizes(case)).y
        u = (4 * U**2 * x**2 + 4 * U**4 * (1 + r**2)) ** 0.5
        found = moments(case, y, [1e6 * (x**2 + 2 * U**2), 1e6 * u], [CLOSED] * 2)
        yield from found
        for check, text in zip(found, texts or (), strict=False):
            yield published(check, text, "JCGM 101, 9.4")
        levels = (0.025, 0.95, 0.975) if not x and not r else ENDS
        yield from ends(case, y, [1e6 * optimize.brentq(lambda y, q=q: loss_below(y, x, r) - q, 1e-12, 0.02)  # noqa: B023
                                  for q in levels], QUADRATURE, levels)
        if not x and not r:  # an exponential: the shortest interval begins at zero and ends at the 95 % quantile
            yield from ends(f"{case}, end of the shortest 95 % interval", y, [150.0], "JCGM 101, 9.4, published",
                            (0.95,), slack=0.5, exact=False)


# --- 9.5: gauge block ------------------------------------------------------------------------------------------


def gauge_block():
    """A curvilinear trapezoid (6.4.3) is a rectangle of which the half-width is uncertain by d."""
    t, half = stats.t, un.uniform(-1, 1)
    inputs = {"standard": t(18, 50_000_623, 25), "difference": t(24, 215, 6), "random": t(5, 0, 4),
              "systematic": t(8, 0, 7), "expansion": un.uniform(9.5e-6, 13.5e-6), "mean": un.normal(-0.1, 0.2),
              "cycle": stats.arcsine(-0.5, 1.0), "of expansions": half, "its width": un.uniform(0.9e-6, 1.1e-6),
              "of temperatures": half, "the width": un.uniform(0.025, 0.075)}

    def model(x):
        expansions, temperatures = x["of expansions"] * x["its width"], x["of temperatures"] * x["the width"]
        strain = expansions * (x["mean"] + x["cycle"]) + x["expansion"] * temperatures
        read = x["difference"] + x["random"] + x["systematic"]
        return {"y": x["standard"] * (1 - strain) + read - 50_000_000}

    case = "9.5 gauge block, nm"
    y = un.propagate(inputs, model, **sizes(case)).y
    length, spread = 50_000_623.0, 25**2 * 18 / 16
    trapezoids = [(w**2 + d**2 / 3) / 3 for w, d in ((1e-6, 0.1e-6), (0.050, 0.025))]
    strain = trapezoids[0] * (0.1**2 + 0.2**2 + 0.5**2 / 2) + trapezoids[1] * (11.5e-6**2 + 4e-6**2 / 12)
    reading = 6**2 * 24 / 22 + 4**2 * 5 / 3 + 7**2 * 8 / 6
    found = moments(case, y, [838.0, (spread + (length**2 + spread) * strain + reading) ** 0.5],
                    [CLOSED] * 2)
    yield from found
    for check, text in zip(found, ("838", "36"), strict=True):
        yield published(check, text, "JCGM 101, 9.5")
    # symmetric, so that the shortest interval, which the Supplement has, is this one; it was made to 0.5 nm
    yield from ends(case, y, [745, 932], "JCGM 101, 9.5, published", (0.005, 0.995), slack=0.5,
                    exact=False)


def cases():
    return [*additive(), *mass(), *comparison_loss(), *gauge_block()]
