"""The procurement model with one, two and three uncertain inputs, as `un.run` has it, beside what `truths` makes of it.

The document's sections 1.4, 3, 4, 7.2 and 7.4 once more in plain arithmetic. The pieces between the steps of floor and
ceil are exact, the price within one is by Gauss and Legendre's rule, and the third input by 200 equally likely values.
Where the budget pays for the batteries too (section 13), n cards are bought at prices up to (budget - their batteries)
/ n; the program finds their number from how many batteries are best.

CapEx has gaps: a battery costs 8,200 USD, and cards nearly all of the budget. Where a level is next to the probability
that so many batteries are enough, as that of 95 % is with price and PUE uncertain, the quantile may as well be on the
other side of the gap, and its interval is as wide: such a row says how near it is. P(CapEx at most 325,000), in that
gap, is known well.
"""

import tempfile
from pathlib import Path

import numpy as np
from judge import checks, sizes
from support import study_text
from truths import BUDGET, OF_PRICE, PRICE, PUE, PUE_TEXT, STUDIES, Constant, Truth, pieces_inside

import uncertainty as un

SAMPLES = 1024
COARSE = 1e-5  # of a truth that is a sum over 200 prices of a Powerwall
MEANS = {
    "capex": lambda p, n, w, unit: n * p + w * unit,
    "battery_count": lambda p, n, w, unit: w,
    "memory_per_dollar": lambda p, n, w, unit: 24 * n / (n * p + w * unit),
}
BOUGHT = {"device_count": lambda p, n, w, unit: n} | MEANS
TITLES = {"price": "an A5000's price uncertain", "both": "price and PUE uncertain",
          "three": "price, PUE and a Powerwall's price uncertain"}


def load(**given):
    """A study that `support.study_text` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(study_text(**given), encoding="utf-8")
        return un.load(path)


INSIDE = {  # where the budget pays for the batteries too
    "the price": (PRICE, Constant(1.2), OF_PRICE), "the PUE": (Constant(2500), PUE, {"pue": PUE_TEXT}),
    "the price and the PUE": (PRICE, PUE, OF_PRICE | {"pue": PUE_TEXT})}
LIMIT = 325_000  # in the gap of CapEx that price and PUE make


def claim(most):
    """That the A5000 build costs so much at most."""
    return f"""
[[claims]]
id = "dear"
says = "The A5000 build costs {most} at most"
output = "capex"
build = "rtx_a5000"
is = "at most"
than = {most}
"""


def cases():
    for name, title in TITLES.items():
        price, pue, units, given = STUDIES[name]
        truth, sampling = Truth(price, pue, units), sizes(name, SAMPLES)
        results = un.run(load(**sampling, method="sobol", **given | {"rest": given["rest"] + claim(LIMIT)}))
        yield from means(title, truth, results, MEANS)
        yield from quantiles(title, truth, results)
        yield from counts(title, truth, results)
        yield from checks(f"{title}: P(the A5000 is first by CapEx)", "quadrature", [truth.cheaper()],
                          at(results.ranking, criterion="capex", rank=1), "rank_acceptability")
        yield from checks(f"{title}: P(CapEx at most {LIMIT:,})", "quadrature", [truth.capex_below(LIMIT)],
                          results.claims.isel(scenario=0), "probability")
    yield from inside()


def inside():
    for name, (price, pue, given) in INSIDE.items():
        title = f"storage inside the budget, {name} uncertain"
        results = un.run(load(**sizes(title, SAMPLES), budget_covers="hardware and storage", **given))
        truth = Truth(price, pue, pieces=pieces_inside)
        yield from means(title, truth, results, BOUGHT)
        yield from counts(title, truth, results)
        if price is PRICE:  # else CapEx jumps too
            yield from quantiles(title, truth, results)


def at(data, **more):
    return data.sel(scenario="base", build="rtx_a5000", **more)


def means(title, truth, results, of):
    for name, f in of.items():
        true = truth.mean(f)
        yield from checks(f"{title}: mean {name.replace('_', ' ')}", "quadrature", [true], at(results.means), name,
                          slack=COARSE * true)


def beside_a_gap(truth, level):
    """What to say of a level within 0.001 of the probability that so many batteries are enough."""
    for k in range(60):
        enough, walls = truth.joint[truth.w <= k].sum(), truth.w == k + 1
        if len(truth.units) == 1 and walls.any() and abs(enough - level) < 1e-3:
            low, high = BUDGET + k * truth.units[0], (truth.n * truth.low + truth.w * truth.units[0])[walls].min()
            return f" (P(at most {k} batteries) = {enough:.5f}: a gap from {low:,.0f} to {high:,.0f})"
    return ""


def quantiles(title, truth, results):
    levels = results.bands["quantile"].values
    for q, true in zip(levels, map(truth.capex_quantile, levels), strict=True):
        yield from checks(f"{title}: CapEx, {100 * q:g} % quantile{beside_a_gap(truth, q)}",
                          "quadrature and root finding", [true], at(results.bands, quantile=q), "capex",
                          slack=COARSE * true)


def counts(title, truth, results):
    """The most probable numbers of batteries and of cards."""
    for name, numbers in (("battery_count", truth.w), ("device_count", truth.n)):
        pmf = truth.pmf(numbers, range(100))
        for k in sorted(k for k in np.argsort(pmf)[-3:] if pmf[k] > 0.01):
            yield from checks(f"{title}: P({k} {'batteries' if name[0] == 'b' else 'cards'})", "quadrature", [pmf[k]],
                              at(results.counts, number=k), f"{name}_probability")
