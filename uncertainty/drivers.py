"""What drives a study: how much each input and group of inputs takes of the variance of what is looked at, and what it
would be worth to know it. Of each replicate, whose points these are besides the samples that it has anyway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis import information, pickfreeze
from .analysis.pickfreeze import Points, closed_groups, swapped
from .analysis.ranking import WORST
from .copula import correlate
from .design import generator, twins, unit, words
from .inquiry import SHARED, Measurement
from .model import OUTPUTS
from .plan import Floats, Plan, Values
from .responses import Look, Responses, at_levels, choices, look
from .truths import present

DRIVEN = 16  # replicates that tell of it: more would cost more than they tell
ORDERS = 2  # in which each replicate learns the inputs: one, and its reverse
TENTH = 0.1
TIMES = 4  # as many runs for each set of inputs that is known as there are samples


class Drivers(NamedTuple):
    """What is told of a study.

    Attributes
    ----------
    rows : of the streams that are uncertain; a constant that a correlation names is none of these
    names, sets : these streams, each by itself, and then groups: names, and rows of streams
    closed : whether no input of the set is correlated with one outside of it
    """

    plan: Plan
    seen: Look
    chosen: Look
    rows: tuple[int, ...]
    names: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]
    closed: NDArray[np.bool_]

    @property
    def telling(self) -> NDArray[np.intp]:
        """Sets of which indices are told: of correlated inputs only the groups."""
        single = np.arange(len(self.sets)) < len(self.rows)
        return np.flatnonzero(self.closed | ~single)


_made = deque[Drivers](maxlen=2)  # the last: every replicate asks for the same


def drivers(plan: Plan) -> Drivers | None:
    """What is told of a study; nothing where it asks for nothing, or no input is uncertain."""
    if not plan.draws or not plan.study.driver_samples:
        return None
    found = next((told for told in list(_made) if told.plan is plan), None)
    if found is None:
        _made.append(found := _drivers(plan))
    return found


def _drivers(plan: Plan) -> Drivers:
    rows = tuple(sorted({row for row, _ in plan.draws}))
    linked = [tuple(rows[i] for i in group) for group in closed_groups(
        plan.asked.drawn.correlation[np.ix_(rows, rows)])]
    groups = _groups(plan, rows, linked)
    sets = (*((row,) for row in rows), *groups.values())
    closed = np.array([all(set(group) <= set(rows) or not set(group) & set(rows) for group in linked) for rows in sets])
    return Drivers(plan, look(plan), choices(plan), rows, (*(plan.streams[row].name for row in rows), *groups), sets,
                   closed)


def _groups(plan: Plan, uncertain: Sequence[int], linked: Sequence[tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Rows of correlated inputs, of what all builds share, of what each has for its own, and of what a study names."""
    streams, owner = [s.name for s in plan.streams], owners(plan)
    found = {_called([streams[row] for row in rows], owner): rows for rows in linked}
    found |= {build or SHARED: tuple(row for row in uncertain if owner[row] == build)
              for build in ("", *(b.key for b in plan.study.builds))}
    seen, kept = set[tuple[int, ...]](), dict[str, tuple[int, ...]]()
    for name, rows in found.items():
        if len(rows) > 1 and rows not in seen:
            kept[name] = rows
            seen.add(rows)
    return kept | {name: tuple(sorted(map(streams.index, members))) for name, members in plan.study.inquiry.groups}


def owners(plan: Plan) -> list[str]:
    """The build that each stream is of; "" where all builds share it."""
    builds = [b.key for b in plan.study.builds]
    return [name if name in builds else "" for name, _, _ in (s.name.partition(".") for s in plan.streams)]


def _called(names: Sequence[str], owner: Sequence[str]) -> str:
    """A group of correlated inputs: by what they all are, or else by all their names."""
    own = {name.partition(".")[2] if name.partition(".")[0] in owner else name for name in names}
    return own.pop() if len(own) == 1 else " + ".join(names)


def driven(told: Drivers, replicate: int, regret: Sequence[Floats]) -> Values:
    """What one replicate says.

    Parameters
    ----------
    regret
        expected regret of each listed criterion (scenario, build that it ranks), in this replicate.

    Returns
    -------
    dict
        variances: closed, total, spread (set, row), whole, chance (row,), shapley (stream, row), as
        `analysis.pickfreeze` has them; low, high (stream, row): means of outputs where an input is in its lower and
        upper tenth; evppi (set, criterion, scenario), evsi (measurement, criterion, scenario); covariance (criterion,
        scenario, build, build). Rows are those of `seen.layout`; what is not told is missing.
    """
    plan, sampling = told.plan, told.plan.study.sampling._replace(samples=told.plan.study.driver_samples)
    own = Points(*twins([s.name for s in plan.streams], sampling, replicate), plan.asked.drawn.correlation)
    for levels in (own.a, own.b):
        if plan.rows:
            correlate(levels, plan.rows, plan.copula.factor)
    a, b = (at_levels(told.seen, levels) for levels in (own.a, own.b))
    return {**_shares(told, a, b, own), "shapley": _shapley(told, a, b, own, replicate), **_tenths(told, a, b, own),
            **_values(told, own, replicate, regret), "covariance": _covariance(told, a, b)}


def outputs_of(told: Drivers, values: Floats) -> dict[str, Floats]:
    """Rows of outputs, (..., row), over all of (..., scenario, build[, precision])."""
    plan, found = told.plan, {}
    study = plan.study
    for name, cells in told.seen.outputs.items():
        shape = plan.central[name].shape[:3]
        full = np.full((*values.shape[:-1], int(np.prod(shape))), np.nan)
        full[..., cells] = values[..., told.seen.layout["output", name]]
        places = (len(study.scenarios), len(study.builds), len(study.precisions))
        full = np.broadcast_to(full.reshape(*full.shape[:-1], *shape), (*full.shape[:-1], *places))
        found[name] = np.array(full if OUTPUTS[name].typed else full[..., 0])
    return found


# --- variances --------------------------------------------------------------------------------------------------


def _shares(told: Drivers, a: Responses, b: Responses, own: Points) -> Values:
    at = told.telling
    found = pickfreeze.indices(a, b, own, [told.sets[i] for i in at], told.seen.layout)
    rows = pickfreeze.size(told.seen.layout)
    closed, total, spread = (np.full((len(told.sets), rows), np.nan) for _ in range(3))
    closed[at], spread[at] = found.closed, found.spread
    total[at] = np.where(told.closed[at, None], found.total, np.nan)
    return {"closed": closed, "total": total, "spread": spread, "whole": found.whole, "chance": found.chance}


def _shapley(told: Drivers, a: Responses, b: Responses, own: Points, replicate: int) -> Floats:
    players = told.sets[: len(told.rows)]
    size = own.a.shape[1] // ORDERS
    bits = generator(told.plan.study.sampling.seed, replicate, "orders of inputs")
    order = np.argsort(bits.random_raw(len(players)), kind="stable")
    found = np.zeros((len(players), pickfreeze.size(told.seen.layout)))
    for i in range(ORDERS):
        part = slice(i * size, (i + 1) * size)
        one = (order if i % 2 else order[::-1]).tolist()
        found += pickfreeze.shapley(a.some(part), b.some(part), own.some(part), players, one, told.seen.layout) / ORDERS
    return found


def _tenths(told: Drivers, a: Responses, b: Responses, own: Points) -> Values:
    """Means of outputs where each input is in its lower and in its upper tenth, (stream, row)."""
    values = [np.concatenate([x.part(key) for key in told.seen.layout if key[0] == "output"]) for x in (a, b)]
    found = {}
    for name in ("low", "high"):
        inside = [u < TENTH if name == "low" else u >= 1 - TENTH for u in (own.a[told.rows, :], own.b[told.rows, :])]
        masks = [mask.astype(np.float64) for mask in inside]
        # not by BLAS, whose bits hang on how many threads it has
        sums = sum(np.einsum("is,rs->ir", mask, x) for mask, x in zip(masks, values, strict=True))
        found[name] = sums / sum(mask.sum(axis=1) for mask in masks)[:, None]
    return found


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


def _values(told: Drivers, own: Points, replicate: int, regret: Sequence[Floats]) -> Values:
    """What it is worth to know sets of inputs, and to make the measurements."""
    study, least = told.plan.study, TIMES * own.a.shape[1]
    many = 1 << least.bit_length() // 2
    outer = np.repeat(own.a[:, :many], least // many, axis=1)
    inner = np.tile(_others(told.plan, replicate, least // many), many)
    bits = generator(study.sampling.seed, replicate, "measurement")
    turn = float(unit(words(bits.random_raw(1)))[0])
    state, shape = at_levels(told.chosen, inner), (len(told.chosen.criteria), len(study.scenarios))
    evppi, evsi = np.zeros((len(told.sets), *shape)), np.zeros((len(study.inquiry.measurements), *shape))
    for i, rows in enumerate(told.sets):
        new = state.moved(swapped(inner, outer, rows, own.correlation))
        for c, criterion in enumerate(told.chosen.criteria):
            if ("regret", criterion.name) in new.changed:
                costs = new.costs[criterion]
                costs, means = _defined(costs.reshape(*costs.shape[:-1], many, 2, -1).mean(axis=-1), regret[c])
                evppi[i, c] = information.partial(costs, means)
                for m, measurement in enumerate(study.inquiry.measurements):  # which are worth less than to know
                    if i < len(told.rows) and measurement.stream == told.names[i] and evppi[i, c].any():
                        evsi[m, c] = _measured(told, measurement, own.a[rows[0], :many], costs, means, turn)
    return {"evppi": evppi, "evsi": evsi}


def _defined(costs: Floats, means: Floats) -> tuple[Floats, Floats]:
    """Costs (scenario, build, point, half) and means, those of a build that has no mean such that none chooses it."""
    there = np.isfinite(means)
    return np.where(there[..., None, None], costs, WORST), np.where(there, means, WORST)


def _others(plan: Plan, replicate: int, count: int) -> Floats:
    """Samples of all inputs, (stream, sample), in two halves that are independent, as what takes off a bias needs."""
    sampling, names = plan.study.sampling._replace(samples=count // 2), [s.name for s in plan.streams]
    halves = np.concatenate([twins(names, sampling, key)[1] for key in (replicate, DRIVEN + replicate)], axis=1)
    if plan.rows:
        correlate(halves, plan.rows, plan.copula.factor)
    return halves


def _measured(told: Drivers, measurement: Measurement, levels: Floats, costs: Floats, means: Floats,
              turn: float) -> Floats:
    """What a measurement is worth (scenario,), by costs given its input (scenario, build, point, half) at `levels`."""
    found = np.zeros(len(told.plan.study.scenarios))
    for scenario, draw in _draws_of(told.plan, measurement.stream).items():
        x = told.plan.draws[draw][1](levels)
        given = information.measured(np.moveaxis(costs[min(scenario, len(costs) - 1)], -1, 0),
                                     np.log(x) if measurement.relative else x, measurement.error, turn=turn)
        found[scenario] = information.partial(np.moveaxis(given, 0, -1), means[min(scenario, len(means) - 1)])
    return found


def _draws_of(plan: Plan, stream: str) -> dict[int, int]:
    """By scenario the draw that a stream makes in it, where it makes one."""
    found = dict[int, int]()
    for draw, ((row, _), places) in enumerate(zip(plan.draws, plan.places, strict=True)):
        if plan.streams[row].name == stream:
            one = plan.slabs[places[0][0]].constant.shape[0] == 1
            found |= dict.fromkeys(range(len(plan.study.scenarios)) if one else {cell[0] for _, cell in places}, draw)
    return found
