"""What conclusions owe to how the inputs were told: the same study, its ranges, prices and tails read otherwise.

Every reading has the same draws as the study itself (streams are keyed by name), so that what differs between two of
them is the reading, and its sampling error that of the difference.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import engine, frames
from .analysis.claims import VERDICTS, verdict
from .analysis.error import Estimate, counted, half_width
from .analysis.labels import Frame, Group
from .engine import Part, Statistics
from .frames import estimated, index
from .inquiry import Inquiry
from .ledger import Ledger
from .plan import Floats, ModelError, Plan, prepare
from .readings import variants
from .resolve import ALWAYS
from .study import Study

SAMPLES, REPLICATES = 4096, 8  # at most so many of each replicate, and of so many: all of them would cost more
GIVEN = "as given"


class _Seen(NamedTuple):
    """Shares of samples, replicate first: in which claims hold (claim), and builds are first, (criterion, ...)."""

    held: Floats
    first: Floats


def stress(plan: Plan, done: Part) -> Group | None:
    """Which claims change their verdict, and criteria their most probable first, where a study is read otherwise.

    Parameters
    ----------
    plan, done
        of the study as it is. The first of its replicates, `REPLICATES` at most, are those of the readings; where they
        have more than `SAMPLES` samples, the readings are compared with others that have so many.

    Returns
    -------
    Group
        None where no reading changes anything. By (variant, claim), the first variant being `GIVEN`, of all of `done`:
        `probability`; `difference` from that as given, of the same draws; and `changed`, 1 where the probability is
        outside what the verdict as given stands for ("holds always" being robust, "never" unlikely) and the difference
        is not zero, both by more than 95 % sampling error.
        By (variant, criterion, scenario[, build]), of listed criteria: `first`, the probability of the first rank; and
        `first_changed`, 1 where another build's is the highest, by more than sampling error.
        A reading of which the model makes no finite outputs is missing, and its meaning says why.
    """
    study, replicates = plan.study, min(REPLICATES, done.end)
    others = variants(study)
    if not others:
        return None
    own = _seen(plan, done.statistics, done.end)
    alike = study.sampling.samples <= SAMPLES
    seen = [_Seen(*(x[:replicates] for x in own)) if alike else _made(study, replicates)]
    meanings = ["as the study has it"]
    for variant in others:
        try:
            seen.append(_made(variant.study, replicates))
            meanings.append(variant.meaning)
        except ModelError as error:
            seen.append(_Seen(*(np.full_like(x, np.nan) for x in seen[0])))
            meanings.append(f"{variant.meaning}: {error}")
    texts = {"meaning": meanings, "kept": ["", *(" ".join(v.kept) for v in others)]}
    claims = _claims(study, own.held, [s.held for s in seen])
    firsts = _firsts(plan, own.first, [s.first for s in seen])
    return Group(claims.variables | firsts.variables, {
        **index(variant=[GIVEN, *(v.key for v in others)]), **claims.coords, **firsts.coords,
        **{name: Frame(("variant",), np.array(text, str), {}) for name, text in texts.items()}})


def _made(study: Study, replicates: int) -> _Seen:
    """What a study's samples say, which is asked nothing else."""
    ledger, criteria = Ledger(study.ledger.claims), study.criteria[: study.listed]
    needed = {*ALWAYS, *ledger.outputs(), *(criterion.output for criterion in criteria)}
    sampling = study.sampling._replace(samples=min(SAMPLES, study.sampling.samples), replicates=replicates)
    plan = prepare(replace(study.bare, sampling=sampling, ledger=ledger, inquiry=Inquiry(), criteria=criteria,
                           outputs=tuple(name for name in study.outputs if name in needed)))
    return _seen(plan, engine.part(plan, 0, replicates).statistics, replicates)


def _seen(plan: Plan, done: Statistics, replicates: int) -> _Seen:
    study = plan.study
    shape = (replicates, len(study.scenarios), len(study.builds))
    first = [np.broadcast_to(ranked["rank_acceptability"][:replicates, ..., 0], shape)
             for ranked in done.ranking[: study.listed]]
    held = frames.held(plan, done)[:replicates] if study.ledger.claims else np.empty((replicates, 0))
    return _Seen(held, np.stack(first, axis=1))


def _claims(study: Study, own: Floats, held: list[Floats]) -> Group:
    """How probably claims hold, and which verdicts change; nothing where a study has no claims."""
    if not study.ledger.claims:
        return Group({}, {})
    dims, replicates = ("variant", "claim"), len(held[0])
    samples = study.sampling.samples
    found = _estimates(held, min(SAMPLES, samples), counted(own, samples))
    moved = _estimates([x - held[0] for x in held], min(SAMPLES, samples))
    words = np.array([["" if math.isnan(p) else verdict(p) for p in row] for row in found.value.tolist()])
    changed = _outside(found, replicates) & _beyond(moved, replicates)
    return Group({
        **estimated("probability", dims, found, "P(claim holds)"),
        **estimated("difference", dims, moved, "P(claim holds) - P(claim holds) as given, of the same draws"),
        "changed": Frame(dims, changed.astype(float), {
            "units": "1", "long_name": "1 where the verdict is another, by more than sampling error"})},
        {**index(claim=np.array([c.id for c in study.ledger.claims])), "verdict": Frame(dims, words, {})})


def _firsts(plan: Plan, own: Floats, first: list[Floats]) -> Group:
    """How probably builds are first, and where another has become the most probable; missing if it is not listed."""
    study, dims, replicates = plan.study, ("variant", "criterion", "scenario", "build"), len(first[0])
    own, *first = (_padded(x, len(study.criteria)) for x in (own, *first))
    samples = np.array([engine.samples_of(plan, c.output) for c in study.criteria])[:, None, None]
    few = np.where(np.isinf(samples), np.inf, np.minimum(SAMPLES, samples))
    found = _estimates(first, few, counted(own, samples))
    top = np.argmax(np.nan_to_num(found.value, nan=-1.0), axis=-1)[..., None]

    def lead(shares: Floats, new: NDArray[np.intp]) -> Floats:
        """Of the new first on the one as given."""
        return (np.take_along_axis(shares, new[None], -1) - np.take_along_axis(shares, top[:1], -1))[..., 0]

    ahead = [lead(shares, new) for shares, new in zip(first, top, strict=True)]
    gained = _estimates([now - lead(first[0], new) for now, new in zip(ahead, top, strict=True)], few[..., 0])
    changed = (top != top[0])[..., 0] & _beyond(_estimates(ahead, few[..., 0]), replicates) & _beyond(
        gained, replicates)
    return Group({
        **estimated("first", dims, found, "P(first by the criterion), ties split evenly"),
        "first_changed": Frame(dims[:3], changed.astype(float), {
            "units": "1", "long_name": "1 where another is the most probable first, by more than sampling error"})},
        index(criterion=[c.name for c in study.criteria], scenario=study.scenarios,
              build=[b.key for b in study.builds]))


def _padded(shares: Floats, criteria: int) -> Floats:
    """Shares (replicate, criterion, ...) with as many criteria."""
    full = np.full((len(shares), criteria, *shares.shape[2:]), np.nan)
    full[:, : shares.shape[1]] = shares
    return full


def _estimates(each: list[Floats], samples: Any, own: Estimate | None = None) -> Estimate:
    """Means over replicates of shares of so many samples, and errors, of several readings, or `own` of the first."""
    found = [counted(shares, samples) for shares in each]
    return Estimate(*map(np.stack, zip(*([own, *found[1:]] if own else found), strict=True)))


def _outside(found: Estimate, replicates: int) -> NDArray[np.bool_]:
    """Where a probability is outside the verdict that the first of its column has, by more than sampling error."""
    ends = np.array([*sorted(VERDICTS.values()), np.inf])
    band = np.searchsorted(ends[:-1], found.value[0], side="right") - 1
    room = half_width(found.se, replicates)
    return np.asarray((found.value + room < ends[band]) | (found.value - room >= ends[band + 1]))


def _beyond(moved: Estimate, replicates: int) -> NDArray[np.bool_]:
    """Where a difference is beyond its 95 % sampling error."""
    return np.asarray(np.abs(moved.value) > half_width(moved.se, replicates))
