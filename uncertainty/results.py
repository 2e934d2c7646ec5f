"""What a run gives: labelled statistics with their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from . import engine
from .analysis import bands
from .analysis.error import Estimate, combine
from .design import Copula
from .engine import Plan, Statistics
from .model import OUTPUTS, PRECISIONS
from .study import Study

DIMS = ("scenario", "build", "precision")
SHORTFALL = 0.05  # accepted probability that the whole number bought is too small
RANKING = {
    "rank_acceptability": ("build", "rank"), "win": ("build", "other"), "tie": ("build", "other"),
    "expected_rank": ("build",), "expected_regret": ("build",), "order_differs": (), "first_differs": (),
    "kendall_tau": (), "tau_probability": ("tau",)}


class Convergence(NamedTuple):
    """How far sampling went, and how far it was to go.

    `capex` is the largest relative standard error of a 5, 50 or 95 % quantile of CapEx, `rank` the largest absolute
    one of a rank share.
    """

    replicates: int
    capex: float
    rank: float
    tolerance: float | None

    @property
    def reached(self) -> bool:
        """Whether the tolerance, if one was asked for, is met."""
        return self.tolerance is None or max(self.capex, self.rank) <= self.tolerance


@dataclass(frozen=True)
class Results:
    """All that a run of a study gives, as Datasets; every statistic `<name>` has its standard error `<name>_se`.

    Attributes
    ----------
    central : outputs at the central values (scenario, build[, precision])
    bands : quantiles of the outputs (quantile, scenario, build[, precision])
    means : means of the outputs (scenario, build[, precision])
    counts : of each whole-number output `<name>_probability` (number, scenario, build); `<name>_enough`, the smallest
        number with at most 5 % probability of a shortfall, and `<name>_shortfall`, that probability
    ranking : by criterion: rank_acceptability, win, tie, expected_rank, expected_regret, order_differs,
        first_differs, kendall_tau and tau_probability (criterion, scenario, ...)
    copula : the dependence of correlated inputs, as asked for and as it could be had
    convergence : how far sampling went
    """

    study: Study
    central: xr.Dataset
    bands: xr.Dataset
    means: xr.Dataset
    counts: xr.Dataset
    ranking: xr.Dataset
    copula: Copula
    convergence: Convergence

    @property
    def samples(self) -> int:
        """Samples in all."""
        return self.study.sampling.samples * self.convergence.replicates


def run(study: Study, *, jobs: int | None = 1, executor: Executor | None = None, tolerance: float | None = None,
        progress: engine.Progress | None = None) -> Results:
    """Run a study.

    Parameters
    ----------
    study
        from `load`.
    jobs
        processes to work in; None takes every core. The results are the same bits for any number.
    executor
        any `concurrent.futures` executor, in place of `jobs`.
    tolerance
        add replicates until the relative standard error of CapEx's 5, 50 and 95 % quantiles, and the absolute one of
        every rank share, are at most this, or 256 replicates are made; at least 8 are.
    progress
        called with (replicates done, replicates wanted) after each.

    Raises
    ------
    ModelError
        where an output is not finite.
    """
    if tolerance is not None and not 0 < tolerance < 1:
        raise ValueError(f"tolerance is {tolerance}; wanted a number between 0 and 1")
    plan = engine.plan_of(study)
    done = engine.collect(study, jobs, executor, tolerance, progress)
    convergence = Convergence(len(done), *engine.worst_errors(done), tolerance)
    return Results(study, _central(plan), _bands(plan, done), _means(plan, done), _counts(plan, done),
                   _ranking(plan, done), plan.copula, convergence)


def _coords(study: Study) -> dict[str, Any]:
    return {"scenario": list(study.scenarios), "build": [b.key for b in study.builds],
            "precision": list(PRECISIONS)}


def _full(plan: Plan, name: str, values: Any) -> Any:
    """An output's statistic over all of (..., scenario, build[, precision])."""
    coords = _coords(plan.study)
    sizes = [len(coords[d]) for d in DIMS]
    values = np.asarray(values)
    values = np.broadcast_to(values, (*values.shape[:-3], *sizes))
    return values if OUTPUTS[name].typed else values[..., 0]


def _variable(plan: Plan, name: str, values: Any, lead: Sequence[str] = (), what: str = "") -> xr.Variable:
    spec = OUTPUTS[name]
    dims = (*lead, *(DIMS if spec.typed else DIMS[:2]))
    about = {"units": spec.unit, "long_name": f"{what}{spec.meaning}"}
    return xr.Variable(dims, np.array(_full(plan, name, values)), about)


def _pair(plan: Plan, output: str, label: str, found: Estimate, lead: Sequence[str] = (),
          what: str = "") -> dict[str, xr.Variable]:
    """A statistic of an output and its standard error, as variables."""
    return {label: _variable(plan, output, found.value, lead, what),
            f"{label}_se": _variable(plan, output, found.se, lead, f"standard error: {what}")}


def _central(plan: Plan) -> xr.Dataset:
    return xr.Dataset({name: _variable(plan, name, values[..., 0]) for name, values in plan.central.items()},
                      _coords(plan.study))


def _bands(plan: Plan, done: Sequence[Statistics]) -> xr.Dataset:
    variables: dict[str, xr.Variable] = {}
    for name in OUTPUTS:
        found = [engine.quantile(done, name, level) for level in bands.QUANTILES]
        stacked = Estimate(np.stack([f.value for f in found]), np.stack([f.se for f in found]))
        variables |= _pair(plan, name, name, stacked, ["quantile"])
    return xr.Dataset(variables, {"quantile": list(bands.QUANTILES), **_coords(plan.study)})


def _means(plan: Plan, done: Sequence[Statistics]) -> xr.Dataset:
    variables: dict[str, xr.Variable] = {}
    for name in OUTPUTS:
        variables |= _pair(plan, name, name, combine([s.means[name] for s in done]), what="mean: ")
    return xr.Dataset(variables, _coords(plan.study))


def _cells(done: Sequence[Statistics], name: str) -> list[bands.Counts]:
    return [bands.pool(cell) for cell in zip(*(s.tallies[name] for s in done), strict=True)]


def _counts(plan: Plan, done: Sequence[Statistics]) -> xr.Dataset:
    cells = {name: _cells(done, name) for name in engine.WHOLE}
    numbers = np.unique(np.concatenate([c.numbers for each in cells.values() for c in each]))
    variables: dict[str, xr.Variable] = {}
    for name, each in cells.items():
        enough = engine.quantile(done, name, 1 - SHORTFALL).value
        shortfall = [c.exceedance(number) for c, number in zip(each, enough.ravel(), strict=True)]
        variables[f"{name}_enough"] = _variable(plan, name, enough, (),
                                                f"smallest with P(shortfall) <= {SHORTFALL:g}: ")
        variables |= _pair(plan, name, f"{name}_probability",
                           _together(plan, name, [c.probability(numbers) for c in each]), ["number"], "P(= number): ")
        variables |= _pair(plan, name, f"{name}_shortfall", _together(plan, name, shortfall), (), "P(> enough): ")
    return xr.Dataset(variables, {"number": numbers.astype(int), **_coords(plan.study)})


def _together(plan: Plan, name: str, each: Sequence[Estimate]) -> Estimate:
    """One estimate of those of each cell."""
    return Estimate(*(_by_cell(plan, name, part) for part in zip(*each, strict=True)))


def _by_cell(plan: Plan, name: str, values: Any) -> Any:
    """Values of each cell, (cell, ...), as (..., scenario, build, precision)."""
    values = np.moveaxis(np.asarray(values, float), 0, -1)
    return values.reshape(*values.shape[:-1], *plan.central[name].shape[:3])


def _ranking(plan: Plan, done: Sequence[Statistics]) -> xr.Dataset:
    study = plan.study
    builds = [b.key for b in study.builds]
    taus = np.unique([tau for r in done[0].ranking for tau in _taus(r["tau_probability"])])
    variables = {}
    for name, dims in RANKING.items():
        found = [combine([_on(taus, s.ranking[i][name]) if name == "tau_probability" else s.ranking[i][name]
                          for s in done]) for i in range(len(study.criteria))]
        for end, values in (("", [f.value for f in found]), ("_se", [f.se for f in found])):
            shape = (len(study.scenarios), *values[0].shape[1:])
            stacked = np.stack([np.broadcast_to(v, shape) for v in values])
            variables[name + end] = (("criterion", "scenario", *dims), stacked, _about(name, end))
    return xr.Dataset(variables, {
        "criterion": [c.name for c in study.criteria], "scenario": list(study.scenarios), "build": builds,
        "better": ("criterion", [c.better for c in study.criteria]),
        "unit": ("criterion", [OUTPUTS[c.output].unit for c in study.criteria]),
        "other": builds, "rank": np.arange(1, len(builds) + 1), "tau": taus})


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
