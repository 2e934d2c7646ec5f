"""Who has which share of the variance of all that is looked at: inputs, groups of them, and what builds share."""

from __future__ import annotations

import numpy as np

from .analysis.error import Estimate, not_above, ratio, share, trusted
from .analysis.labels import DUMMY, Frame, Group
from .drivers import Drivers, outputs_of, owners
from .frames import DIMS, estimated, index
from .inquiry import SHARED
from .model import OUTPUTS
from .plan import Floats, Values
from .truths import present

RANKED = ("criterion", "scenario", "build")


def shares(told: Drivers, values: Values) -> dict[str, Group]:
    """Indices and effects of each input and group, and what builds share."""
    return {"first_order": _first_order(told, values), "total_order": _total_order(told, values),
            "shapley": _shapley(told, values), "shared": _shared(told, values)}


# --- shares of variance -------------------------------------------------------------------------------------------


def _first_order(told: Drivers, values: Values) -> Group:
    """Of each input and group, and of an input that does nothing."""
    closed, spread = (np.concatenate([values[name], values[last][:, None]], axis=1)
                      for name, last in (("closed", "chance"), ("spread", "whole")))
    return Group(_estimates(told, _share(told, values, closed, spread), "share of the variance that knowing the inputs "
                            "takes away"), _coords(told, (*told.names, DUMMY)))


def _total_order(told: Drivers, values: Values) -> Group:
    """Of each input and group of which nothing outside is correlated; that of an input that does nothing is zero."""
    total = _share(told, values, values["total"], values["spread"])
    noise = not_above(total, Estimate(0.0, 0.0), len(values["whole"]))
    return Group(_estimates(told, total, "share of the variance that is left when all else is known") | _variables(
        told, noise, "_noise", "1 where the 95 % interval of the total order is not above zero"),
        _coords(told, told.names))


def _shapley(told: Drivers, values: Values) -> Group:
    found = _share(told, values, values["shapley"], values["shapley"].sum(axis=1, keepdims=True))
    return Group(_estimates(told, found, "share of the variance; those of all inputs sum to 1"),
                 _coords(told, _streams(told)))


def _share(told: Drivers, values: Values, of: Floats, whole: Floats) -> Estimate:
    """Shares (set, row), with an infinite error where one sample holds much of the variance."""
    count = 2 * told.plan.study.driver_samples
    squares = count * values["whole"].sum(axis=0)
    return trusted(share(of, whole), values["largest"].max(axis=0), squares, count * len(values["whole"]))


def _streams(told: Drivers) -> tuple[str, ...]:
    return told.names[: len(told.rows)]


def _coords(told: Drivers, names: tuple[str, ...]) -> dict[str, Frame]:
    study = told.plan.study
    return index(input=names, scenario=study.scenarios, build=[b.key for b in study.builds],
                 precision=study.precisions, criterion=[c.name for c in study.criteria],
                 claim=np.array([c.id for c in study.ledger.claims], str))


def _estimates(told: Drivers, found: Estimate, meaning: str) -> dict[str, Frame]:
    return _variables(told, found.value, "", meaning) | _variables(told, found.se, "_se", f"standard error: {meaning}")


def _variables(told: Drivers, values: Floats, end: str, meaning: str) -> dict[str, Frame]:
    """Rows of all that is looked at (input, row), as variables over their places; missing what is not looked at."""
    about = {"units": "1", "long_name": meaning}
    found = {f"{name}{end}": Frame(("input", *(DIMS if OUTPUTS[name].typed else DIMS[:2])), x, about)
             for name, x in outputs_of(told, values).items()}
    for kind, name in (("regret", "regret"), ("first", "first_place")):
        found[f"{name}{end}"] = Frame(("input", *RANKED), _ranked(told, values, kind), about)
    claims = [c.id for c in told.plan.study.ledger.claims]
    held = np.full((len(values), len(claims)), np.nan)
    for claim in told.seen.claims:
        held[:, claims.index(claim)] = values[:, told.seen.layout["claim", claim]][:, 0]
    return found | {f"claim_holds{end}": Frame(("input", "claim"), held, about)}


def _ranked(told: Drivers, values: Floats, kind: str) -> Floats:
    """Rows of criteria, (..., row), over (..., criterion, scenario, build)."""
    study, ground = told.plan.study, told.plan.ground
    found = np.full((*values.shape[:-1], len(study.criteria), len(study.scenarios), len(study.builds)), np.nan)
    for i, criterion in enumerate(told.seen.criteria):
        if (kind, criterion.name) in told.seen.layout:
            at = present(ground, criterion)
            rows = values[..., told.seen.layout[kind, criterion.name]]
            found[..., i, :, at] = np.moveaxis(rows.reshape(*rows.shape[:-1], -1, len(at)), -1, 0)
    return found


# --- what builds share --------------------------------------------------------------------------------------------


def _shared(told: Drivers, values: Values) -> Group:
    """How much of the builds' variance is common to them and cancels, and whose inputs the rest hangs on."""
    study, found = told.plan.study, values["covariance"]
    covariance = np.full((len(found), len(study.criteria), *found.shape[2:]), np.nan)
    covariance[:, : study.listed] = found
    builds, places = np.arange(len(study.builds)), ("criterion", "scenario")
    variance = covariance[..., builds, builds]
    both = variance[..., :, None] + variance[..., None, :]
    pairs = ratio(2 * covariance, both)
    once = builds[:, None] < builds
    above, below = (np.nansum(np.where(once, x, 0.0), axis=(-2, -1)) for x in (2 * covariance, both))
    coords = _coords(told, told.names)
    return Group({
        **estimated("cancels", places, ratio(above, below), "share of the builds' variances that differences lack"),
        **estimated("cancels_between", (*places, "build", "other"), pairs,
                    "share of two builds' variances that their difference lacks: 1 all, 0 independent, -1 opposite"),
        **estimated("regret_share", (*places, "owner"), _owned(told, values),
                    "share of the variance of all builds' regret that inputs have: Shapley effects")},
        {**{name: coords[name] for name in ("criterion", "scenario", "build")},
         **index(other=coords["build"].values, owner=[SHARED, *coords["build"].values])})


def regret_variance(told: Drivers, values: Values) -> tuple[Floats, Floats]:
    """What each stream has of the variance of all builds' regret, (replicate, stream, criterion, scenario), and all."""
    each = np.nansum(_ranked(told, values["shapley"], "regret"), axis=-1)
    return each, each.sum(axis=1)


def _owned(told: Drivers, values: Values) -> Estimate:
    """Shares (criterion, scenario, owner) of the variance of regret: of what builds share, and of what each has."""
    regret, whole = regret_variance(told, values)
    owner = np.array(owners(told.plan))[list(told.rows)]
    by = [regret[:, owner == name].sum(axis=1) for name in ("", *(b.key for b in told.plan.study.builds))]
    return ratio(np.stack(by, axis=-1), whole[..., None])
