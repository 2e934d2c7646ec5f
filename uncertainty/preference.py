"""Overall preference among builds where nothing is known of the weights of a document's metrics: SMAA-2.

A metric that can be worked out counts by its numbers, sample by sample; one that cannot by its stars.
"""

from __future__ import annotations

import numpy as np

from . import model
from .analysis import smaa
from .analysis.error import Estimate, combine, ratio
from .analysis.labels import Frame, Group
from .design import points, unit
from .frames import estimated, index
from .ledger import Rating
from .plan import Floats, Plan, Values, leading

SAMPLES, REPLICATES = 1024, 64  # at most so many of each replicate, and of so many: enough for shares to a percent


def preference(plan: Plan, rated: Group, replicates: int) -> Group | None:
    """Rank acceptability, central weights and confidence factors by scenario, from the first samples of replicates.

    `rated` is the group of ratings. A metric that has neither numbers nor stars of every build is left out; where none
    remains there is no preference.
    """
    study = plan.study
    some = [i for i, r in enumerate(study.ledger.ratings) if r.criterion or not np.isnan(r.stars).any()]
    if not some:
        return None
    scenarios = range(len(study.scenarios))
    seen = [_utilities(plan, some, rated["width"], r) for r in range(min(replicates, REPLICATES))]
    found = [[smaa.acceptability(each[s], weight) for s in scenarios] for each, weight in seen]
    ranks, favouring = (np.array([[getattr(f, name) for f in each] for each in found]) for name in (
        "ranks", "favouring"))
    central = ratio(favouring, ranks[..., :1])
    weight, weight_se = (np.full((*x.shape[:-1], len(study.ledger.ratings)), np.nan) for x in central)
    weight[..., some], weight_se[..., some] = central
    sure = combine(np.array([[smaa.confidence(each[s], central.value[s]) for s in scenarios] for each, _ in seen]))
    dims = ("scenario", "build")
    builds = [b.key for b in study.builds]
    variables: dict[str, Frame] = {
        **estimated("rank_acceptability", (*dims, "rank"), combine(ranks), "P(rank) overall, whatever the weights"),
        **estimated("central_weight", (*dims, "metric"), Estimate(weight, weight_se),
                    "mean weight of the metric where the build is first"),
        **estimated("confidence", dims, sure, "P(first) with the build's own central weights")}
    return Group(variables, index(scenario=study.scenarios, build=builds, rank=np.arange(1, len(builds) + 1),
                                  metric=rated["metric"]))


def _utilities(plan: Plan, some: list[int], width: Floats, replicate: int) -> tuple[list[Floats], Floats]:
    """Partial utilities (metric, build, sample) by scenario, and weights (metric, sample), of one replicate."""
    sampling, ratings = plan.study.sampling, [plan.study.ledger.ratings[i] for i in some]
    size = min(SAMPLES, sampling.samples)
    names = {r.criterion.output for r in ratings if r.criterion and not r.width}
    outputs = model.evaluate(leading(plan, sampling, replicate, size).inputs, plan.study.components, names)
    better = ["higher" if r.criterion is None else r.criterion.better for r in ratings]
    found = []
    for s in range(len(plan.study.scenarios)):
        values = [_values(plan, outputs, r, width[i, s], s) for i, r in zip(some, ratings, strict=True)]
        shape = len(plan.study.builds), size
        found.append(smaa.utilities(np.stack([np.broadcast_to(v, shape) for v in values]), better))
    streams = plan.study.weights()[: len(some) - 1]
    return found, smaa.weights(unit(points(streams, sampling, replicate)(0, size)))


def _values(plan: Plan, outputs: Values, rating: Rating, width: Floats, scenario: int) -> Floats:
    """Values of a metric in one scenario, (build, sample), of length one where they do not vary."""
    if rating.criterion is None or rating.width:
        return (np.array(rating.stars) if rating.criterion is None else width)[:, None]
    output, precision = outputs[rating.criterion.output], rating.criterion.precision
    at = plan.study.precisions.index(precision) if precision and output.shape[2] > 1 else 0
    return output[min(scenario, len(output) - 1), :, at]
