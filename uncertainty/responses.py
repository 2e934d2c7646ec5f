"""What a study's sensitivity is told of, at samples: outputs, regret, first places and claims.

Samples can be moved to other levels of some streams; what does not hang on these is not worked out again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import model
from .analysis.claims import Contest
from .analysis.pickfreeze import Levels
from .analysis.ranking import WORST
from .asked import hangs_on, influences
from .ledger import Term, Test
from .plan import PILOT, Floats, Plan, Values, fill, insist, leading, room
from .resolve import Criterion
from .truths import Sight, costs

Key = tuple[str, str]  # of a part: its kind, and what of
LOOKED_AT = ("capex", "battery_count", "throughput_per_dollar")  # outputs, of those that a study has


class Look(NamedTuple):
    """What is looked at.

    Attributes
    ----------
    outputs : by name the cells, of the output's own arrays, that are there
    criteria : those that a study lists
    firsts : of these, those of which first places are looked at
    claims : those on single samples, by id
    needed : outputs that have to be worked out
    stale : by input, all quantities that hang on it
    reach : by claim, ("claim", id), and by criterion, the streams that it hangs on
    layout : rows of each part: ("output", name), ("regret", criterion), ("first", criterion), ("claim", id)
    """

    plan: Plan
    outputs: dict[str, NDArray[np.intp]]
    criteria: tuple[Criterion, ...]
    firsts: frozenset[Criterion]
    claims: dict[str, Test]
    needed: tuple[str, ...]
    stale: dict[str, frozenset[str]]
    reach: dict[Hashable, frozenset[int]]
    layout: dict[Key, slice]


def look(plan: Plan) -> Look:
    """What is looked at in a study: of claims and first places those that are not the same throughout a pilot."""
    study = plan.study
    claims = {claim.id: claim.test for claim in study.ledger.claims if claim.quantile is None}
    outputs = {name: _cells(plan, name) for name in LOOKED_AT if name in study.outputs}
    found = _look(plan, outputs, frozenset(study.criteria[: study.listed]), claims)
    pilot = leading(plan, study.sampling._replace(samples=PILOT), 0, PILOT).inputs
    moving = {key for key, part in responses(found, pilot).parts.items() if np.ptp(part, axis=1).any()}
    firsts = frozenset(c for c in found.criteria if ("first", c.name) in moving)
    found = _look(plan, outputs, firsts, {claim: t for claim, t in claims.items() if ("claim", claim) in moving})
    end = 0
    for key, part in responses(found, {name: slab.constant for name, slab in plan.slabs.items()}).parts.items():
        found.layout[key] = slice(end, end := end + len(part))
    return found


def choices(plan: Plan) -> Look:
    """The costs of all listed criteria, and nothing else."""
    return _look(plan, {}, frozenset(), {})


def _look(plan: Plan, outputs: dict[str, NDArray[np.intp]], firsts: frozenset[Criterion],
          claims: dict[str, Test]) -> Look:
    criteria = plan.study.criteria[: plan.study.listed]
    tests: dict[Hashable, Test] = {("claim", claim): test for claim, test in claims.items()}
    tests |= {c: Test("best", Term(c.output, c.precision)) for c in criteria}
    needed = dict.fromkeys([*outputs, *(term.output for test in tests.values() for term in test.terms())])
    reach = {key: _streams(plan, test) for key, test in tests.items()}
    return Look(plan, outputs, criteria, firsts, claims, tuple(needed), _stale(plan), reach, {})


def _cells(plan: Plan, name: str) -> NDArray[np.intp]:
    shape = plan.central[name].shape[:3]
    missing = plan.ground.missing if model.OUTPUTS[name].typed else np.zeros((1, 1, 1), bool)
    return np.flatnonzero(~np.broadcast_to(missing, shape))


def _streams(plan: Plan, test: Test) -> frozenset[int]:
    hanging = hangs_on(plan.ground, test, plan.asked.made_of, plan.slabs)
    return frozenset(plan.draws[draw][0] for draw in hanging)


def _stale(plan: Plan) -> dict[str, frozenset[str]]:
    """By input, all quantities that hang on it."""
    inputs = {name: slab.constant for name, slab in plan.slabs.items()}
    made_of = {name: influences(inputs, plan.study.components, name) for name in model.FORMULAS}
    return {name: frozenset(q for q, names in made_of.items() if name in names) for name in inputs}


class Responses(NamedTuple):
    """What is looked at, at samples: a `State` of `analysis.pickfreeze`.

    Attributes
    ----------
    known : inputs, and all quantities worked out, (scenario, build, precision, sample)
    costs : by criterion, (scenario, build that it ranks, sample), lower better
    parts : all that is looked at, (row, sample)
    changed : of these, what is not as it was before the samples were moved
    """

    seen: Look
    known: Mapping[str, Any]
    costs: dict[Criterion, Floats]
    contests: dict[Criterion, Contest]
    parts: dict[Key, Floats]
    changed: dict[Key, Floats]

    def part(self, key: Key) -> Floats:
        """One part."""
        return self.parts[key]

    def some(self, samples: slice) -> Responses:
        """Some of the samples."""
        known, costs, parts, changed = (_cut(arrays, samples) for arrays in (
            self.known, self.costs, self.parts, self.changed))
        return Responses(self.seen, known, costs, {}, parts, changed)

    def moved(self, levels: Levels) -> Responses:
        """The same samples with other levels of some streams."""
        plan, inputs = self.seen.plan, {name: self.known[name] for name in self.seen.plan.slabs}
        for (row, quantile), places in zip(plan.draws, plan.places, strict=True):
            if row in levels:
                drawn = quantile(levels[row])
                for name, cell in places:
                    if inputs[name] is self.known[name]:
                        inputs[name] = inputs[name].copy()
                    inputs[name][cell] = drawn
        return responses(self.seen, inputs, self, frozenset(levels))


def _cut(arrays: Mapping[Any, Any], samples: slice) -> dict[Any, Any]:
    return {key: x if x.shape[-1] == 1 else x[..., samples] for key, x in arrays.items()}


def responses(seen: Look, inputs: Values, before: Responses | None = None,
              moved: frozenset[int] = frozenset()) -> Responses:
    """What is looked at, at samples with these inputs; only what hangs on the streams `moved` is made anew."""
    known, stale = model.Quantities(inputs, seen.plan.study.components), frozenset(seen.needed)
    if before:
        stale = frozenset[str]().union(*(seen.stale[n] for n, x in inputs.items() if x is not before.known[n]))
        known.update({n: x for n, x in before.known.items() if n not in stale and n not in inputs})
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for name in seen.needed:
            known[name]
    new = {key for key, rows in seen.reach.items() if before is None or not rows.isdisjoint(moved)}
    ranked = {c: costs(seen.plan.ground, c, known) for c in seen.criteria if c in new}
    sight = Sight(seen.plan.ground, known, {c: x for c, x in before.contests.items() if c.output not in stale or (
        c in seen.reach and c not in new)} if before else {})
    samples = max(x.shape[-1] for x in inputs.values())
    changed = {key: np.broadcast_to(part, (len(part), samples))
               for key, part in _parts(seen, sight, [n for n in seen.outputs if n in stale], new, ranked)}
    return Responses(seen, known, (before.costs if before else {}) | ranked, sight.contests,
                     (before.parts if before else {}) | changed, changed)


def _parts(seen: Look, sight: Sight, outputs: Sequence[str], new: set[Hashable],
           ranked: Mapping[Criterion, Floats]) -> Iterator[tuple[Key, Floats]]:
    """Parts that are new, (row, sample)."""
    for name in outputs:
        values = sight.outputs[name]
        yield ("output", name), values.reshape(-1, values.shape[-1])[seen.outputs[name]]
    for criterion, cost in ranked.items():
        lost = cost - cost.min(axis=1, keepdims=True)
        lost = np.where(cost == WORST, np.nan, lost) if cost.max() == WORST else lost
        yield ("regret", criterion.name), lost.reshape(-1, lost.shape[-1])
        if criterion in seen.firsts:
            yield ("first", criterion.name), _first(sight.contest(criterion))
    for claim, test in seen.claims.items():
        if ("claim", claim) in new:
            yield ("claim", claim), np.asarray(sight.holds(test).all(axis=0, keepdims=True), np.float64)


def _first(found: Contest) -> Floats:
    """1 where an option is best or tied, (row, sample)."""
    first = np.stack([found.first(option) for option in found.options], axis=1)
    return first.reshape(-1, first.shape[-1]).astype(np.float64)


def at_levels(seen: Look, levels: Floats) -> Responses:
    """What is looked at, at quantile levels of the streams (stream, sample)."""
    inputs = room(seen.plan, levels.shape[1])
    fill(seen.plan, levels, inputs)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused with a reason
        found = responses(seen, inputs)
    insist(seen.plan, seen.needed, inputs, found.known)
    return found
