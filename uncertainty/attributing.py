"""How much of each move between two studies every changed input explains.

Changes are made one after the other, in all their orders or in some, and what each adds is averaged: their Shapley
values. Every study between the two is run on the same draws, so that what they add sums to the whole move.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np

from . import engine, frames
from .analysis.error import Estimate, combine
from .analysis.orders import over_all, over_some
from .inquiry import Inquiry
from .ledger import Ledger
from .mixing import Mixture, mixed, mixture
from .model import OUTPUTS
from .plan import Floats, Plan, Values, prepare
from .resolve import ALWAYS, Criterion
from .sides import LEVELS, Figure
from .study import Study

SAMPLES, REPLICATES = 4096, 8  # at most so many of each replicate, and of so many
EXACT = 6  # changes of which all orders are taken
RUNS, LEAST_PAIRS = 128, 4  # studies that are run where there are more, and pairs of orders if that takes more

Step = Callable[[int, int], None]  # takes how many studies have been run, of how many at most
Seen = dict[Figure, Floats]  # of each figure what every replicate says


class Attribution(NamedTuple):
    """What every change explains of the figures' moves.

    Attributes
    ----------
    changes, figures : the axes
    total : moves of the figures (figure,)
    parts : what each change adds (figure, change); they sum to the total; errors are those of sampling
    orders : how many were taken; 0 where all were
    order_se : standard error of the parts by taking some orders only (figure, change); 0 where all were
    samples, replicates : of each study that was run
    """

    changes: tuple[str, ...]
    figures: tuple[Figure, ...]
    total: Estimate
    parts: Estimate
    orders: int
    order_se: Floats
    samples: int
    replicates: int


def attribution(between: Mixture, figures: Sequence[Figure], step: Step | None = None) -> Attribution:
    """What every change explains of these figures' moves.

    Raises
    ------
    ModelError
        where a study between the two makes outputs that are not finite.
    KeyError
        where a figure is not there in both.
    """
    changes, runs = between.changes, dict[frozenset[int], Floats]()
    count, exact = len(changes), len(changes) <= EXACT
    pairs = 0 if exact else max(LEAST_PAIRS, RUNS // (2 * (count - 1)))
    most = 2**count if exact else 2 * pairs * (count - 1) + 2

    def worth(made: frozenset[int]) -> Floats:
        if made not in runs:
            seen = look(mixed(between, {changes[i] for i in made}), figures)
            runs[made] = np.stack([seen[figure] for figure in figures])
            if step:
                step(len(runs), most)
        return runs[made]

    generator = np.random.Generator(np.random.Philox(between.one.sampling.seed))
    found = over_all(worth, count)[None] if exact else over_some(worth, count, pairs, generator)
    parts = combine(found.mean(axis=0).T)  # of (change, figure, replicate)
    order_se = np.zeros_like(parts.se) if exact else combine(found.mean(axis=-1)).se.T
    total = combine((worth(frozenset(range(count))) - worth(frozenset())).T)
    return Attribution(changes, tuple(figures), total, parts, 2 * pairs, order_se, *between.one.sampling[:2])


def paired(one: Study, other: Study) -> Mixture:
    """What lies between two studies, to be run on the same draws: those of the first, and not too many."""
    both = one.sampling, other.sampling
    samples = min(SAMPLES, max(sampling.samples for sampling in both))
    replicates = min(REPLICATES, max(sampling.replicates for sampling in both))
    sampling = one.sampling._replace(samples=samples, replicates=replicates)
    return mixture(*(replace(study.bare, sampling=sampling, inquiry=Inquiry()) for study in (one, other)))


# --- what a study says -------------------------------------------------------------------------------------------


def look(study: Study, figures: Collection[Figure]) -> Seen:
    """What every replicate of a study says of these figures (replicate,), and of others that come with them."""
    names = {kind: {figure.name for figure in figures if figure.kind == kind} for kind in ("claim", "first")}
    outputs = {figure.name for figure in figures if figure.kind in ("mean", "quantile")}
    claims = Ledger(tuple(c for c in study.ledger.claims if c.id in names["claim"]))
    criteria = tuple(c for c in study.criteria if c.name in names["first"])
    needed = {*ALWAYS, *outputs, *claims.outputs(), *(c.output for c in criteria)}
    plan = prepare(replace(study, ledger=claims, criteria=criteria or CAPEX, listed=len(criteria or CAPEX),
                           outputs=tuple(name for name in OUTPUTS if name in needed)))
    samples: dict[str, list[list[Floats]]] = {
        name: [[] for _ in range(study.sampling.replicates)] for name in outputs}

    def keep(replicate: int, _: int, values: Values) -> None:
        for name, kept in samples.items():
            kept[replicate].append(np.array(values[name]))

    done = engine.part(plan, 0, study.sampling.replicates, keep).statistics
    seen = dict(_firsts(plan, [ranked["rank_acceptability"][..., 0] for ranked in done.ranking]))
    if claims.claims:
        held = frames.held(plan, done)
        seen |= {Figure("claim", claim.id): held[:, i] for i, claim in enumerate(claims.claims)}
    for name, kept in samples.items():
        seen |= _bands(plan.study, name, [np.concatenate(blocks, axis=-1) for blocks in kept])
    return seen


CAPEX = (Criterion("capex", "", "lower"),)  # a study is ranked by something


def _firsts(plan: Plan, shares: list[Floats]) -> Iterator[tuple[Figure, Floats]]:
    """P(first) by each criterion, of shares (replicate, scenario, build)."""
    study = plan.study
    for criterion, first in zip(study.criteria, shares, strict=True):
        whole = np.broadcast_to(first, (len(first), len(study.scenarios), len(study.builds)))
        for (s, scenario), (b, build) in product(enumerate(study.scenarios), enumerate(study.builds)):
            yield Figure("first", criterion.name, scenario, build.key), whole[:, s, b]


def _bands(study: Study, name: str, values: list[Floats]) -> Seen:
    """Mean and quantiles of an output, of samples of each replicate (scenario, build, precision, sample)."""
    precisions = study.precisions if OUTPUTS[name].typed else ("",)
    shape = (len(values), 1 + len(LEVELS), len(study.scenarios), len(study.builds), len(precisions))
    found = np.broadcast_to(np.stack([np.stack([x.mean(axis=-1), *np.quantile(
        x, LEVELS, axis=-1, method="inverted_cdf")]) for x in values]), shape)
    kinds = [("mean", 0.0), *(("quantile", level) for level in LEVELS)]
    return {Figure(kind, name, scenario, build.key, precision, level): found[:, k, s, b, p]
            for (k, (kind, level)), (s, scenario), (b, build), (p, precision) in product(
                enumerate(kinds), enumerate(study.scenarios), enumerate(study.builds), enumerate(precisions))}
