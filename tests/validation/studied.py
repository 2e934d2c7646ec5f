"""Intervals that a study prints, beside what `truths` makes of it."""

import numpy as np
from intervals import REPLICATES, Case
from procurement import MEANS, claim, load
from table import Known
from truths import SPARK_PRICE, SPARKS, STUDIES, Truth

import uncertainty as un

SAMPLES = 256
BATTERIES = 1  # after CapEx among the criteria
STEPPED = {
    "known": Known("steps of one input", """probabilities, and means of whole numbers, that hang on steps of one input
    alone. Of evenly spread points each replicate counts those below a step right to less than one sample, so that
    replicates differ by a sample or not at all. The error that is shown is never less than that of 3 of all samples,
    whatever step it is: the truth is to be held at least as often as promised, and may be always"""),
    "aim": (0.95, 1.0)}
DEAR = 300_000


def plain(results, group, name, *at):
    """A statistic of a study and its error, (2, figure), of its only scenario and first build, the A5000."""
    return np.stack([np.ravel(results.figures[group][f"{name}{end}"][at]) for end in ("", "_se")])


NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


def regret(truth):
    """How much dearer than the Spark the A5000 is expected to be, where it is the dearer one: over its price."""
    n, w, v, low, high, p = (x[:, None] for x in (truth.n, truth.w, truth.v, truth.low, truth.high, truth.p))
    price = truth.price
    even = (SPARKS * SPARK_PRICE + (v - w) * truth.units) / n  # the price at which both cost the same
    end = np.minimum(high, price.high)
    half = (end - np.clip(even, np.maximum(low, price.low), end)) / 2
    x = end[..., None] + half[..., None] * (NODES - 1)
    dearer = ((x - even[..., None]) * price.parent.pdf(x) / price.kept) @ WEIGHTS
    return float((p * n * half * dearer).sum() / len(truth.units))


def study(name):
    """A study of one, two or three inputs, and what it converges to."""
    price, pue, units, given = STUDIES[name]
    return (load(**given | {"rest": given["rest"] + claim(DEAR)}, samples=SAMPLES, replicates=REPLICATES),
            Truth(price, pue, units))


def shortfall(results, truth):
    """P(the number of batteries that is said to be enough is not), less what it is of that number."""
    enough = results.figures["counts"]["battery_count_enough"][0, 0]
    share, se = plain(results, "counts", "battery_count_shortfall", 0, 0)
    return np.stack([share - truth.joint[truth.w > enough].sum(), se])


def by_capex(results):
    """What says in five ways which of two builds is the cheaper."""
    return np.concatenate([plain(results, "ranking", "rank_acceptability", 0, 0, 0, 0),
                           plain(results, "ranking", "expected_rank", 0, 0, 0),
                           *(plain(results, "ranking", name, 0, 0) for name in
                             ("order_differs", "first_differs", "kendall_tau"))], axis=1)


def win_or_tie(results):
    """P(fewer batteries) and P(as many)."""
    return np.concatenate([plain(results, "ranking", name, BATTERIES, 0, 0, 1) for name in ("win", "tie")], axis=1)


def studies():
    for name, title in (("three", "three inputs"), ("both", "two inputs"), ("price", "one input")):
        asked, truth = study(name)
        pmf = truth.pmf(truth.w, range(100))
        often = np.sort(np.argsort(pmf)[-3:])
        stepped = STEPPED if name == "price" else {}

        def run(seed, asked=asked, truth=truth, often=often):
            results = un.run(asked.with_sampling(seed=seed))
            there = np.searchsorted(results.figures["counts"]["number"], often)
            means = np.concatenate([plain(results, "means", name, 0, 0) for name in MEANS], axis=1)
            return [means, plain(results, "bands", "capex", ..., 0, 0),
                    plain(results, "counts", "battery_count_probability", there, 0, 0), shortfall(results, truth),
                    by_capex(results), win_or_tie(results), plain(results, "ranking", "expected_rank", BATTERIES, 0, 0),
                    plain(results, "ranking", "expected_regret", 0, 0, 0),
                    plain(results, "ranking", "expected_regret", BATTERIES, 0),
                    plain(results, "claims", "probability", 0)]

        cheaper, apart = truth.cheaper(), truth.w - truth.v
        fewer, tied = truth.joint[apart < 0].sum(), truth.joint[apart == 0].sum()
        yield [Case(f"means of CapEx, batteries and memory per dollar, {title}", run,
                    [truth.mean(f) for f in MEANS.values()]),
               Case(f"5, 25, 50, 75 and 95 % quantiles of CapEx, {title}", run,
                    list(map(truth.capex_quantile, (0.05, 0.25, 0.5, 0.75, 0.95)))),
               Case(f"P(k batteries), the three likeliest, {title}", run, pmf[often], **stepped),
               Case(f"P(more batteries than are said to be enough), {title}", run, 0.0, **stepped),
               Case("P(first), mean rank, P(another order), P(another first) and Kendall's tau by CapEx: of two builds "
                    f"one event, {title}", run, [cheaper, 2 - cheaper, cheaper, cheaper, 1 - 2 * cheaper],
                    one_event=True),
               Case(f"P(fewer batteries), P(as many), {title}", run, [fewer, tied], **stepped),
               Case(f"mean rank by batteries, {title}", run, 2 - fewer - tied / 2, **stepped),
               Case(f"mean regret by CapEx, {title}", run, regret(truth)),
               Case(f"mean regret by batteries of both builds, {title}", run,
                    [truth.joint @ np.maximum(apart, 0), truth.joint @ np.maximum(-apart, 0)]),
               Case(f"P(a claim on CapEx holds), {title}", run, truth.capex_below(DEAR), **stepped)]
