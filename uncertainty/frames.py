"""From the statistics of replicates to labelled arrays, each with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import engine
from .analysis import bands, ranking
from .analysis.claims import verdict
from .analysis.error import Estimate, combine, counted, ratio, upper_limit
from .analysis.labels import Frame, Group
from .engine import Part, Statistics
from .ledger import Claim
from .model import OUTPUTS
from .plan import WHOLE, Plan
from .resolve import Criterion
from .study import Study
from .truths import Sight

DIMS = ("scenario", "build", "precision")
SHORTFALL = 0.05  # accepted probability that the whole number bought is too small
RANKING = {
    "rank_acceptability": ("build", "rank"), "win": ("build", "other"), "tie": ("build", "other"),
    "expected_rank": ("build",), "expected_regret": ("build",), "order_differs": (), "first_differs": (),
    "kendall_tau": (), "tau_probability": ("tau",)}
MEANS = ("expected_regret", "kendall_tau")  # which are no means of whole numbers


def frames(plan: Plan, done: Part) -> dict[str, Group]:
    """All that `Results` has, by the name of its group."""
    wide, ranked = _bands(plan, done), _ranking(plan, done.statistics)
    return {"central": _central(plan), "bands": wide, "means": _means(plan, done),
            "counts": _counts(plan, done), "ranking": ranked, "claims": _claims(plan, done.statistics),
            "picks": _picks(plan, done.statistics), "ratings": _ratings(plan.study, wide, ranked)}


def index(**values: Any) -> dict[str, Frame]:
    """Coordinates of dimensions of their own names."""
    return {name: Frame((name,), np.array(v), {}) for name, v in values.items()}


def _coords(study: Study) -> dict[str, Frame]:
    return index(scenario=study.scenarios, build=[b.key for b in study.builds], precision=study.precisions)


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
    return Group(variables, index(quantile=bands.QUANTILES) | _coords(plan.study))


def _means(plan: Plan, done: Part) -> Group:
    variables: dict[str, Frame] = {}
    for name in plan.study.outputs:
        means = done.statistics.means[name]
        found = combine(means)
        if name in WHOLE:
            alone = _by_cell(plan, name, [len(cell.numbers) == 1 for cell in engine.counts(done, name)])
            found = counted(means, plan.study.sampling.samples, alone.astype(bool))
        variables |= _pair(plan, name, name, found, what="mean: ")
    return Group(variables, _coords(plan.study))


def _counts(plan: Plan, done: Part) -> Group:
    cells = {name: engine.counts(done, name) for name in WHOLE if name in plan.study.outputs}
    numbers = np.unique(np.concatenate([c.numbers for each in cells.values() for c in each]))
    variables, samples = dict[str, Frame](), plan.study.sampling.samples
    for name, each in cells.items():
        enough = engine.quantiles(plan, done, [1 - SHORTFALL], [name])[name].value[0]
        shortfall = [c.exceedance(number, samples) for c, number in zip(each, enough.ravel(), strict=True)]
        variables[f"{name}_enough"] = _variable(plan, name, enough, (),
                                                f"smallest with P(shortfall) <= {SHORTFALL:g}: ")
        shares = _together(plan, name, [c.probability(numbers, samples) for c in each])
        variables |= _pair(plan, name, f"{name}_probability", shares, ["number"], "P(= number): ")
        variables |= _pair(plan, name, f"{name}_shortfall", _together(plan, name, shortfall), (), "P(> enough): ")
    return Group(variables, index(number=numbers.astype(int)) | _coords(plan.study))


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
    samples = [engine.samples_of(plan, criterion.output) for criterion in study.criteria]
    for name, dims in RANKING.items():
        each = [_on(taus, ranked[name]) if name == "tau_probability" else ranked[name] for ranked in done.ranking]
        found = [combine(x) if name in MEANS else counted(x, n, _settled(ranked) if name == "expected_rank" else None)
                 for x, n, ranked in zip(each, samples, done.ranking, strict=True)]
        for end, values in (("", [f.value for f in found]), ("_se", [f.se for f in found])):
            shape = (len(study.scenarios), *values[0].shape[1:])
            stacked = np.stack([np.broadcast_to(v, shape) for v in values])
            variables[name + end] = Frame(("criterion", "scenario", *dims), stacked, _about(name, end))
    return Group(variables, _ranking_coords(study, taus))


def _settled(ranked: Any) -> Any:
    """Builds of which every sample has the same rank, (scenario, build)."""
    return (combine(ranked["rank_acceptability"]).value == 1).any(axis=-1)


def _ranking_coords(study: Study, taus: Any) -> dict[str, Frame]:
    builds = [b.key for b in study.builds]
    better, units = ([c.better for c in study.criteria], [OUTPUTS[c.output].unit for c in study.criteria])
    return {**index(criterion=[c.name for c in study.criteria], scenario=study.scenarios, build=builds, other=builds,
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


# --- conclusions -------------------------------------------------------------------------------------------------


def estimated(name: str, dims: tuple[str, ...], found: Estimate, meaning: str) -> dict[str, Frame]:
    """A probability or the like and its standard error, as variables."""
    return {name: Frame(dims, np.array(found.value), {"units": "1", "long_name": meaning}),
            f"{name}_se": Frame(dims, np.array(found.se), {"units": "1", "long_name": f"standard error: {meaning}"})}


def _claims(plan: Plan, done: Statistics) -> Group:
    """Whether claims hold at the central values, and how probably, in all and by scenario."""
    claims, scenarios, samples = plan.study.ledger.claims, len(plan.study.scenarios), plan.study.sampling.samples
    sight = Sight(plan.ground, plan.central)
    central = np.array([float(sight.holds(claim.test).all()) for claim in claims])
    found = counted(held(plan, done), samples) if claims else Estimate(np.empty(0), np.empty(0))
    by_scenario = np.full((len(done.tests["counted"]), len(claims), scenarios), np.nan)
    for i, claim in enumerate(claims):
        if claim.quantile is None and claim.test.everywhere:
            by_scenario[:, i] = done.tests["counted"][:, plan.asked.counted[claim.test]] / samples
    limit = upper_limit(samples * len(by_scenario))
    unseen = np.isin(found.value, (0.0, 1.0)) & np.array([_hangs(plan, claim) for claim in claims], bool)
    variables = {
        "holds_as_printed": Frame(("claim",), np.array([np.nan if c.printed is None else float(c.printed)
                                                        for c in claims]), {
            "units": "1", "long_name": "1 if true at the numbers that the document prints"}),
        "holds_centrally": Frame(("claim",), central, {"units": "1", "long_name": "1 if true at the central values"}),
        **estimated("probability", ("claim",), found, "P(claim holds)"),
        **estimated("scenario_probability", ("claim", "scenario"), counted(by_scenario, samples),
                     "P(claim holds in the scenario), where it names none"),
        "upper_limit": Frame(("claim",), np.where(unseen, limit, np.nan), {
            "units": "1", "long_name": "95 % limit of the probability of what no sample showed"}),
        "must_hold": Frame(("claim",), np.array([np.nan if c.must_hold is None else c.must_hold for c in claims]), {
            "units": "1", "long_name": "least probability asked for"})}
    texts = {name: Frame(("claim",), np.array([getattr(claim, name) for claim in claims], str), {})
             for name in ("says", "where", "note")}
    words = np.array([verdict(float(p)) for p in found.value], str)
    return Group(variables, {**index(claim=np.array([c.id for c in claims], str), scenario=plan.study.scenarios),
                             **texts, "verdict": Frame(("claim",), words, {})})


def _hangs(plan: Plan, claim: Claim) -> bool:
    """Whether inputs that vary bear on a claim on single samples."""
    return any(watched.reach for watched in plan.asked.watched if (watched.target, watched.scenario) == (claim.id, ""))


def held(plan: Plan, done: Statistics) -> Any:
    """Shares of samples in which each claim holds, (replicate, claim); of those on a quantile whether it holds."""
    claims, samples = plan.study.ledger.claims, plan.study.sampling.samples
    flips = done.tests["flips"] / samples
    alone = {w.target: 1 - share if w.held else share for w, share in zip(plan.asked.watched, flips.T, strict=True)
             if not w.scenario}
    on_quantiles = iter(done.tests["quantile"].T)
    return np.stack([alone[c.id] if c.quantile is None else next(on_quantiles) for c in claims], axis=1)


def _picks(plan: Plan, done: Statistics) -> Group:
    """How probably each build is the best for each pick, and what a wrong choice costs."""
    study, picks = plan.study, plan.study.ledger.picks
    builds, criteria = [b.key for b in study.builds], len(study.criteria)
    replicates, scenarios = len(done.tests["counted"]), len(study.scenarios)
    best = np.full((replicates, len(picks), scenarios, len(builds)), np.nan)
    lost = np.full((replicates, len(picks), criteria, scenarios, len(builds)), np.nan)
    for i, pick in enumerate(picks):
        for build, test in pick.tests.items():
            came = done.tests["counted"][:, plan.asked.counted[test]]
            best[:, i, :, builds.index(build)] = came / study.sampling.samples
        for criterion in pick.best_by:
            c = study.criteria.index(criterion)
            lost[:, i, c] = done.ranking[c]["expected_regret"]
    regret = ratio(lost, 1 - best[:, :, None])
    variables = {
        **estimated("best", ("pick", "scenario", "build"), counted(best, study.sampling.samples),
                    "P(best, or tied, by all the pick asks for)"),
        "picked": Frame(("pick", "build"), np.array([[float(b in p.builds) for b in builds] for p in picks]).reshape(
            len(picks), len(builds)), {"units": "1", "long_name": "1 where the document picks the build"}),
        "regret_if_wrong": Frame(("pick", "criterion", "scenario", "build"), regret.value, {
            "long_name": "mean shortfall by the criterion, in its unit, where the build is not the best"}),
        "regret_if_wrong_se": Frame(("pick", "criterion", "scenario", "build"), regret.se, {
            "long_name": "standard error: mean shortfall where the build is not the best"})}
    names = {"pick": np.array([p.says for p in picks], str), "criterion": np.array([c.name for c in study.criteria])}
    return Group(variables, index(**names, scenario=study.scenarios, build=builds))


def _ratings(study: Study, wide: Group, ranked: Group) -> Group:
    """Stars, and the ranks that builds have by what a metric is told by; of a width, how wide."""
    ratings, builds = study.ledger.ratings, [b.key for b in study.builds]
    shape = (len(ratings), len(study.scenarios), len(builds))
    rank, se, width = (np.full(shape, np.nan) for _ in range(3))
    for i, rating in enumerate(ratings):
        if rating.criterion and rating.width:
            width[i] = _width(study, wide, rating.criterion)
            rank[i], se[i] = _rank(width[i] if rating.criterion.better == "lower" else -width[i]), 0.0
        elif rating.criterion:
            at = study.criteria.index(rating.criterion)
            rank[i], se[i] = ranked["expected_rank"][at], ranked["expected_rank_se"][at]
    dims = ("metric", "scenario", "build")
    return Group({
        "stars": Frame(("metric", "build"), np.array([r.stars for r in ratings]).reshape(shape[0], shape[2]), {
            "units": "1", "long_name": "stars that the document gives"}),
        **estimated("expected_rank", dims, Estimate(rank, se), "expected rank by what the metric is told by"),
        "width": Frame(dims, width, {"units": "1", "long_name": "5 to 95 % width over the median"})},
        index(metric=np.array([r.says for r in ratings], str), scenario=study.scenarios, build=builds))


def _width(study: Study, wide: Group, criterion: Criterion) -> Any:
    """From the 5 to the 95 % quantile, over the median, (scenario, build); missing where that is zero."""
    levels, values = wide["quantile"].tolist(), wide[criterion.output]
    values = values[..., study.precisions.index(criterion.precision)] if criterion.precision else values
    low, middle, high = (values[levels.index(q)] for q in (0.05, 0.5, 0.95))
    return np.divide(high - low, np.abs(middle), out=np.full_like(middle, np.nan), where=middle != 0)


def _rank(values: Any) -> Any:
    """Ranks along the last axis from 1, the least first; a tie shares its ranks, and what is missing has none."""
    found = ranking.order(ranking.oriented(values[..., None], "lower"))
    return np.where(np.isnan(values), np.nan, (found.ahead + found.tied / 2 + 1)[..., 0])
