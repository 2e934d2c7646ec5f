"""What one replicate says of what drives a study, by points of its own beside the samples that it has anyway.

How much each input and group takes of the variance of what is looked at, and what it would be worth to know it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from .analysis import given, information, pickfreeze
from .analysis.pickfreeze import Points, swapped
from .analysis.ranking import WORST
from .copula import twins
from .design import generator, turn
from .drivers import Drivers
from .inquiry import Measurement
from .plan import Floats, Plan, Values
from .responses import Responses, at_levels
from .truths import present

ORDERS = 2  # in which a replicate learns the inputs: one, and its reverse
BLOCK = 1 << 12  # model runs at once, at most, or else one point's


def driven(told: Drivers, replicate: int, regret: Sequence[Floats]) -> Values:
    """What a replicate says.

    Parameters
    ----------
    regret
        expected regret of each listed criterion (scenario, build that it ranks), in this replicate.

    Returns
    -------
    dict
        variances: closed, total, spread (set, row), whole, chance, largest (row,), shapley (stream, row), as
        `analysis.pickfreeze` has them; low, high (stream, row): means of outputs where an input is in its lower and
        upper tenth; evppi (set, criterion, scenario), evsi (measurement, criterion, scenario); covariance (criterion,
        scenario, build, build). Rows are those of `seen.layout`; what is not told is missing.

    Raises
    ------
    ModelError
        where an output is not finite at its points.
    """
    own = Points(*_twins(told.plan, told.plan.study.driver_samples, replicate), told.plan.asked.drawn.correlation)
    a, b = (at_levels(told.seen, levels) for levels in (own.a, own.b))
    return {**_shares(told, a, b, own), "shapley": _shapley(told, a, b, own, replicate), **_tenths(told, a, b, own),
            **_values(told, replicate, regret), "covariance": _covariance(told, a, b)}


def _twins(plan: Plan, samples: int, replicate: int) -> tuple[Floats, Floats]:
    sampling = plan.study.sampling._replace(samples=samples)
    return twins([s.name for s in plan.streams], plan.rows, plan.copula.factor, sampling, replicate)


# --- variances --------------------------------------------------------------------------------------------------


def _shares(told: Drivers, a: Responses, b: Responses, own: Points) -> Values:
    at = told.telling
    found = pickfreeze.indices(a, b, own, [told.sets[i] for i in at], told.seen.layout)
    rows = pickfreeze.size(told.seen.layout)
    closed, total, spread = (np.full((len(told.sets), rows), np.nan) for _ in range(3))
    closed[at], spread[at] = found.closed, found.spread
    total[at] = np.where(told.closed[at, None], found.total, np.nan)
    return {"closed": closed, "total": total, "spread": spread, "whole": found.whole, "chance": found.chance,
            "largest": found.largest}


def _shapley(told: Drivers, a: Responses, b: Responses, own: Points, replicate: int) -> Floats:
    players = told.sets[: len(told.rows)]
    bits = generator(told.plan.study.sampling.seed, replicate, "orders of inputs")
    orders = pickfreeze.paired([bits.random_raw(len(players)) for _ in range(ORDERS // 2)])
    return pickfreeze.in_orders(a, b, own, players, orders, told.seen.layout)


def _tenths(told: Drivers, a: Responses, b: Responses, own: Points) -> Values:
    """Means of outputs where each input is in its lower and in its upper tenth, (stream, row)."""
    values = np.concatenate([np.concatenate([a.part(key), b.part(key)], axis=1)
                             for key in told.seen.layout if key[0] == "output"])
    weights = given.tails(np.concatenate([own.a, own.b], axis=1)[list(told.rows)])
    # not by BLAS, whose bits hang on the machine
    return dict(zip(("low", "high"), np.einsum("eis,rs->eir", weights, values), strict=True))


def _covariance(told: Drivers, a: Responses, b: Responses) -> Floats:
    """Covariance of the builds' costs, (criterion, scenario, build, build); missing where one is not always defined."""
    study, ground = told.plan.study, told.plan.ground
    found = np.full((len(told.seen.criteria), len(study.scenarios), *[len(study.builds)] * 2), np.nan)
    for i, criterion in enumerate(told.seen.criteria):
        at = present(ground, criterion)
        defined = [np.where(x.costs[criterion] == WORST, np.nan, x.costs[criterion]) for x in (a, b)]
        away = [x - x.mean(axis=-1, keepdims=True) for x in defined]
        found[i][:, at[:, None], at] = sum(np.einsum("sip,sjp->sij", x, x) / x.shape[-1] for x in away) / 2
    return found


# --- values of information --------------------------------------------------------------------------------------


def _values(told: Drivers, replicate: int, regret: Sequence[Floats]) -> Values:
    """What it is worth to know sets of inputs, and to make the measurements."""
    study, shape = told.plan.study, (len(told.chosen.criteria), len(told.plan.study.scenarios))
    points, inner = information.split(study.driver_samples)
    outer = _twins(told.plan, points, replicate)[0]
    known = {key: _defined(costs, regret[key[1]]) for key, costs in _known(told, replicate, outer, inner).items()}
    evppi, evsi = np.zeros((len(told.sets), *shape)), np.zeros((len(study.inquiry.measurements), *shape))
    for (i, c), (costs, means) in known.items():
        evppi[i, c] = information.partial(costs, means)
    start = turn(study.sampling.seed, replicate, "measurement")
    for m, measurement in enumerate(study.inquiry.measurements):
        i = told.names.index(measurement.stream)
        for c in range(len(told.chosen.criteria)):
            if evppi[i, c].any():  # it is worth no more than that
                evsi[m, c] = _measured(told, measurement, outer[told.rows[i]], *known[i, c], start)
    return {"evppi": evppi, "evsi": evsi}


def _known(told: Drivers, replicate: int, outer: Floats, inner: int) -> dict[tuple[int, int], Floats]:
    """Costs where each set of inputs is known, (scenario, build, point, half), by (set, criterion), if they change.

    Every point is met with the same samples, of two halves that are independent, as what takes off a bias needs them.
    """
    found = defaultdict[tuple[int, int], list[Floats]](list)
    keys = (replicate, information.OTHER + replicate)
    others = np.concatenate([_twins(told.plan, inner // 2, key)[1] for key in keys], axis=1)
    size = max(BLOCK // inner, 1)
    for at in (outer[:, start : start + size] for start in range(0, outer.shape[1], size)):
        levels, points = np.tile(others, at.shape[1]), np.repeat(at, inner, axis=1)
        state = at_levels(told.chosen, levels)
        for i, rows in enumerate(told.sets):
            new = state.moved(swapped(levels, points, rows, told.plan.asked.drawn.correlation))
            for c, criterion in enumerate(told.chosen.criteria):
                if ("regret", criterion.name) in new.changed:
                    costs = new.costs[criterion]
                    found[i, c].append(costs.reshape(*costs.shape[:-1], -1, 2, inner // 2).mean(axis=-1))
    return {key: np.concatenate(parts, axis=-2) for key, parts in found.items()}


def _defined(costs: Floats, means: Floats) -> tuple[Floats, Floats]:
    """Costs (scenario, build, point, half) and means, those of a build that has no mean such that none chooses it."""
    there = np.isfinite(means)
    return np.where(there[..., None, None], costs, WORST), np.where(there, means, WORST)


def _measured(told: Drivers, measurement: Measurement, levels: Floats, costs: Floats, means: Floats,
              start: float) -> Floats:
    """What a measurement is worth (scenario,), by costs given its input (scenario, build, point, half) at `levels`."""
    found = np.zeros(len(told.plan.study.scenarios))
    for scenario, draw in _draws_of(told.plan, measurement.stream).items():
        x = told.plan.draws[draw][1](levels)
        there = information.measured(np.moveaxis(costs[min(scenario, len(costs) - 1)], -1, 0),
                                     np.log(x) if measurement.relative else x, measurement.error, turn=start)
        found[scenario] = information.partial(np.moveaxis(there, 0, -1), means[min(scenario, len(means) - 1)])
    return found


def _draws_of(plan: Plan, stream: str) -> dict[int, int]:
    """By scenario the draw that a stream makes in it, where it makes one."""
    found = dict[int, int]()
    for draw, ((row, _), places) in enumerate(zip(plan.draws, plan.places, strict=True)):
        if plan.streams[row].name == stream:
            one = plan.slabs[places[0][0]].constant.shape[0] == 1
            found |= dict.fromkeys(range(len(plan.study.scenarios)) if one else {cell[0] for _, cell in places}, draw)
    return found
