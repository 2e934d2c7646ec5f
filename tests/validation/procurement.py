"""The procurement model with one, two and three uncertain inputs, as `un.run` has it, beside what `truths` makes of it.

The document's sections 1.4, 3, 4, 7.2 and 7.4 once more in plain arithmetic. The pieces between the steps of floor and
ceil are exact, the price within one is by Gauss and Legendre's rule, and the third input by 200 equally likely values.
"""

import tempfile
from pathlib import Path

import numpy as np
from judge import REPLICATES, Check, checks, sizes
from support import study_text
from truths import STUDIES, Truth

import uncertainty as un

SAMPLES = 1024
UNSEEN = 1 / SAMPLES  # one sample of each replicate
COARSE = 1e-5  # of a truth that is a sum over 200 prices of a Powerwall
MEANS = {
    "capex": lambda p, n, w, unit: n * p + w * unit,
    "battery_count": lambda p, n, w, unit: w,
    "memory_per_dollar": lambda p, n, w, unit: 24 * n / (n * p + w * unit),
}
TITLES = {"price": "an A5000's price uncertain", "both": "price and PUE uncertain",
          "three": "price, PUE and a Powerwall's price uncertain"}


def load(**given):
    """A study that `support.study_text` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(study_text(**given), encoding="utf-8")
        return un.load(path)


def cases():
    for name, title in TITLES.items():
        price, pue, units, given = STUDIES[name]
        truth, sampling = Truth(price, pue, units), sizes(name, SAMPLES)
        results = un.run(load(**sampling, method="sobol", **given))
        yield from means(title, truth, results)
        yield from quantiles(title, truth, results)
        yield from counts(title, truth, results)


def at(data, **more):
    return data.sel(scenario="base", build="rtx_a5000", **more)


def means(title, truth, results):
    for name, f in MEANS.items():
        true = truth.mean(f)
        yield from checks(f"{title}: mean {name.replace('_', ' ')}", "quadrature", [true], at(results.means), name,
                          slack=COARSE * true)


def quantiles(title, truth, results):
    levels = results.bands["quantile"].values
    for q, true in zip(levels, map(truth.capex_quantile, levels), strict=True):
        yield from checks(f"{title}: CapEx, {100 * q:g} % quantile", "quadrature and root finding", [true],
                          at(results.bands, quantile=q), "capex", slack=COARSE * true)


def counts(title, truth, results):
    """The most probable numbers of batteries and of cards, and first place by CapEx."""
    for name, numbers in (("battery_count", truth.w), ("device_count", truth.n)):
        pmf = truth.pmf(numbers, range(100))
        for k in sorted(np.argsort(pmf)[-3:]):
            yield from checks(f"{title}: P({k} {'batteries' if name[0] == 'b' else 'cards'})", "quadrature", [pmf[k]],
                              at(results.counts, number=k), f"{name}_probability", slack=UNSEEN)
    first = at(results.ranking, criterion="capex", rank=1)
    yield Check(f"{title}: P(the A5000 is first by CapEx)", "quadrature", truth.cheaper(),
                float(first.rank_acceptability), float(first.rank_acceptability_se), REPLICATES, UNSEEN)
