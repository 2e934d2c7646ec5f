"""From the statistics of replicates to labelled arrays, each with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import engine
from .analysis import bands
from .analysis.error import Estimate, combine
from .analysis.labels import Frame, Group
from .engine import Part, Statistics
from .model import OUTPUTS
from .plan import WHOLE, Plan
from .study import Study

DIMS = ("scenario", "build", "precision")
SHORTFALL = 0.05  # accepted probability that the whole number bought is too small
RANKING = {
    "rank_acceptability": ("build", "rank"), "win": ("build", "other"), "tie": ("build", "other"),
    "expected_rank": ("build",), "expected_regret": ("build",), "order_differs": (), "first_differs": (),
    "kendall_tau": (), "tau_probability": ("tau",)}


def frames(plan: Plan, done: Part) -> dict[str, Group]:
    """All that `Results` has, by the name of its group."""
    return {"central": _central(plan), "bands": _bands(plan, done), "means": _means(plan, done.statistics),
            "counts": _counts(plan, done), "ranking": _ranking(plan, done.statistics)}


def _index(**values: Any) -> dict[str, Frame]:
    """Coordinates of dimensions of their own names."""
    return {name: Frame((name,), np.array(v), {}) for name, v in values.items()}


def _coords(study: Study) -> dict[str, Frame]:
    return _index(scenario=study.scenarios, build=[b.key for b in study.builds], precision=study.precisions)


def _full(plan: Plan, name: str, values: Any) -> Any:
    """An output's statistic over all of (..., scenario, build[, precision])."""
    sizes = len(plan.study.scenarios), len(plan.study.builds), len(plan.study.precisions)
    values = np.asarray(values)
    values = np.broadcast_to(values, (*values.shape[:-3], *sizes))
    return values if OUTPUTS[name].typed else values[..., 0]


def _variable(plan: Plan, name: str, values: Any, lead: Sequence[str] = (), what: str = "") -> Frame:
    spec = OUTPUTS[name]
    dims = (*lead, *(DIMS if spec.typed else DIMS[:2]))
    about = {"units": spec.unit, "long_name": f"{what}{spec.meaning}"}
    return Frame(dims, np.array(_full(plan, name, values)), about)


def _pair(plan: Plan, output: str, label: str, found: Estimate, lead: Sequence[str] = (),
          what: str = "") -> dict[str, Frame]:
    """A statistic of an output and its standard error, as variables."""
    return {label: _variable(plan, output, found.value, lead, what),
            f"{label}_se": _variable(plan, output, found.se, lead, f"standard error: {what}")}


def _central(plan: Plan) -> Group:
    return Group({name: _variable(plan, name, values[..., 0]) for name, values in plan.central.items()},
                 _coords(plan.study))


def _bands(plan: Plan, done: Part) -> Group:
    variables: dict[str, Frame] = {}
    found = engine.quantiles(plan, done, bands.QUANTILES, plan.study.outputs)
    for name in plan.study.outputs:
        variables |= _pair(plan, name, name, found[name], ["quantile"])
    return Group(variables, _index(quantile=bands.QUANTILES) | _coords(plan.study))


def _means(plan: Plan, done: Statistics) -> Group:
    variables: dict[str, Frame] = {}
    for name in plan.study.outputs:
        variables |= _pair(plan, name, name, combine(done.means[name]), what="mean: ")
    return Group(variables, _coords(plan.study))


def _counts(plan: Plan, done: Part) -> Group:
    cells = {name: engine.counts(done, name) for name in WHOLE if name in plan.study.outputs}
    numbers = np.unique(np.concatenate([c.numbers for each in cells.values() for c in each]))
    variables: dict[str, Frame] = {}
    for name, each in cells.items():
        enough = engine.quantiles(plan, done, [1 - SHORTFALL], [name])[name].value[0]
        shortfall = [c.exceedance(number) for c, number in zip(each, enough.ravel(), strict=True)]
        variables[f"{name}_enough"] = _variable(plan, name, enough, (),
                                                f"smallest with P(shortfall) <= {SHORTFALL:g}: ")
        variables |= _pair(plan, name, f"{name}_probability",
                           _together(plan, name, [c.probability(numbers) for c in each]), ["number"], "P(= number): ")
        variables |= _pair(plan, name, f"{name}_shortfall", _together(plan, name, shortfall), (), "P(> enough): ")
    return Group(variables, _index(number=numbers.astype(int)) | _coords(plan.study))


def _together(plan: Plan, name: str, each: Sequence[Estimate]) -> Estimate:
    """One estimate of those of each cell."""
    return Estimate(*(_by_cell(plan, name, part) for part in zip(*each, strict=True)))


def _by_cell(plan: Plan, name: str, values: Any) -> Any:
    """Values of each cell, (cell, ...), as (..., scenario, build, precision)."""
    values = np.moveaxis(np.asarray(values, float), 0, -1)
    return values.reshape(*values.shape[:-1], *plan.central[name].shape[:3])


def _ranking(plan: Plan, done: Statistics) -> Group:
    study = plan.study
    taus = np.unique([tau for r in done.ranking for tau in _taus(r["tau_probability"])])
    variables: dict[str, Frame] = {}
    for name, dims in RANKING.items():
        found = [combine(_on(taus, ranked[name]) if name == "tau_probability" else ranked[name])
                 for ranked in done.ranking]
        for end, values in (("", [f.value for f in found]), ("_se", [f.se for f in found])):
            shape = (len(study.scenarios), *values[0].shape[1:])
            stacked = np.stack([np.broadcast_to(v, shape) for v in values])
            variables[name + end] = Frame(("criterion", "scenario", *dims), stacked, _about(name, end))
    return Group(variables, _ranking_coords(study, taus))


def _ranking_coords(study: Study, taus: Any) -> dict[str, Frame]:
    builds = [b.key for b in study.builds]
    better, units = ([c.better for c in study.criteria], [OUTPUTS[c.output].unit for c in study.criteria])
    return {**_index(criterion=[c.name for c in study.criteria], scenario=study.scenarios, build=builds, other=builds,
                     rank=np.arange(1, len(builds) + 1), tau=taus),
            "better": Frame(("criterion",), np.array(better), {}), "unit": Frame(("criterion",), np.array(units), {})}


_RANKING_MEANING = {
    "rank_acceptability": "probability of the rank, ties split evenly", "win": "P(build better than other)",
    "tie": "P(build as good as other)", "expected_rank": "expected rank",
    "expected_regret": "expected shortfall against the best build of each sample, in the criterion's unit",
    "order_differs": "P(order differs from that at the central values)",
    "first_differs": "P(none of the firsts at the central values is first)",
    "kendall_tau": "expected Kendall tau with the order at the central values",
    "tau_probability": "P(Kendall tau with the order at the central values = tau)"}


def _about(name: str, end: str) -> dict[str, str]:
    unit = {} if name == "expected_regret" else {"units": "1"}  # the criterion's, in the coordinate `unit`
    return {**unit, "long_name": ("standard error: " if end else "") + _RANKING_MEANING[name]}


def _on(taus: Any, shares: Any) -> Any:
    """Shares of the values of tau that some of the builds can have, among those of all builds."""
    full = np.zeros((*shares.shape[:-1], len(taus)))
    full[..., np.searchsorted(taus, _taus(shares))] = shares
    return full


def _taus(shares: Any) -> Any:
    steps = shares.shape[-1]
    return np.round(np.linspace(-1, 1, steps), 12) if steps > 1 else np.ones(1)
