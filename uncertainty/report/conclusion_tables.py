"""What a document concludes, as plain tables: which claims hold, what breaks them, who is picked, how stars fare.

A target is the id of a claim, or the name of a criterion whose first place it is, in a scenario.
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np

from ..breaking import CLEAR, Break
from ..reported import Reported
from .figures import ERROR_DIGITS, Table, all_rounded, both, paired, pairs, rounded, rows

SEARCH_DIGITS = 6  # significant ones of what a search found: it comes no nearer
TELLING = 3  # inputs of a claim whose levels are told, if they separate surely
NOTHING = float("nan")
_TARGET = ["target", "scenario"]


def met(probability: float, must_hold: float) -> bool:
    """Whether a claim holds as probably as it must; at exactly the threshold it does."""
    return rounded(probability) >= must_hold


# --- claims ------------------------------------------------------------------------------------------------------


def _claims(results: Reported) -> Table:
    claims, listed = results.figures["claims"], results.study.ledger.claims
    found = []
    for i, (claim, probability) in enumerate(zip(listed, pairs(claims, "probability").tolist(), strict=True)):
        least = _or_missing(claim.must_hold)
        found.append([claim.id, claim.says, claim.where, _or_missing(claim.quantile), _truth(claim.printed),
                      int(claims["holds_centrally"][i]), *probability,
                      rounded(claims["upper_limit"][i], ERROR_DIGITS), str(claims["verdict"][i]), least,
                      "" if claim.must_hold is None else _truth(met(probability[0], least))])
    return Table(["claim", "says", "where", "quantile", "holds_as_printed", "holds_centrally", *both(["probability"]),
                  "upper_limit", "verdict", "must_hold", "met"], found)


def _or_missing(value: float | None) -> float:
    return NOTHING if value is None else value


def _truth(value: bool | None) -> int | str:
    return "" if value is None else int(value)


def _claim_scenarios(results: Reported) -> Table:
    """Of claims that name no scenario."""
    found = pairs(results.figures["claims"], "scenario_probability")
    some = ~np.isnan(found[..., 0])
    leads = product([c.id for c in results.study.ledger.claims], results.study.scenarios)
    return Table(["claim", "scenario", *both(["probability"])],
                 rows([lead for lead, there in zip(leads, some.ravel(), strict=True) if there], found[some]))


# --- what breaks them --------------------------------------------------------------------------------------------


def _nearest(results: Reported) -> Table:
    """One row an input that moves; one without an input where no flip was found."""
    nothing = ["", "", *[NOTHING] * 4]
    found = []
    for each in results.breaks:
        limit, how_far = rounded(each.upper_limit, ERROR_DIGITS), [
            rounded(x, SEARCH_DIGITS) for x in (each.distance, each.radius)]
        moves = [[m.input, m.unit, rounded(m.value), rounded(m.central),
                  *(rounded(x, SEARCH_DIGITS) for x in (m.level, m.share))] for m in each.moves]
        found += [[each.target, each.scenario, int(each.held), *_paired(*each.flips), limit, *how_far, each.searched,
                   *move] for move in moves or [nothing]]
    return Table([*_TARGET, "held", *both(["flip_probability"]), "upper_limit", "distance", "radius", "searched",
                  "input", "unit", "value", "central", "level", "share"], found)


def _paired(value: Any, se: Any) -> list[float]:
    return list(paired(np.asarray(value), np.asarray(se)).tolist())


def _crossings(results: Reported) -> Table:
    return Table([*_TARGET, "input", "unit", "central", "low", "high", "first", "last", "probability"],
                 [[each.target, each.scenario, c.input, c.unit, *map(rounded, (c.central, c.low, c.high)),
                   int(c.first), int(c.last), rounded(c.probability)]
                  for each in results.breaks for c in each.crossings])


def _separation(results: Reported) -> Table:
    return Table([*_TARGET, "input", "statistic", "adjusted_p", "direction"],
                 [[each.target, each.scenario, s.input, rounded(s.statistic), rounded(s.adjusted, ERROR_DIGITS),
                   s.direction] for each in results.breaks for s in each.separation])


def telling(each: Break) -> list[str]:
    """The inputs that separate most where a test holds from where it fails, if any do."""
    return [s.input for s in each.separation if s.adjusted < CLEAR][:TELLING]


def _levels(results: Reported) -> Table:
    """Of claims alone, and their telling inputs: all that there is would be a megabyte."""
    found = []
    for each in (each for each in results.breaks if not each.scenario):
        curves = {curve.input: curve for curve in each.curves}
        for curve in (curves[name] for name in telling(each)):
            edges = np.linspace(0, 1, len(curve.probability) + 1).tolist()
            leads = ([each.target, curve.input, *ends] for ends in pairwise(edges))
            found += rows(leads, paired(curve.probability, curve.se))
    return Table(["claim", "input", "from", "to", *both(["probability"])], found)


# --- picks and stars ---------------------------------------------------------------------------------------------


def _picks(results: Reported) -> Table:
    """One row a criterion of the pick, in whose unit the regret is."""
    picks, study = results.figures["picks"], results.study
    best, regret = pairs(picks, "best").tolist(), pairs(picks, "regret_if_wrong").tolist()
    found = []
    for i, pick in enumerate(study.ledger.picks):
        for (s, scenario), (b, build), criterion in product(
                enumerate(study.scenarios), enumerate(study.builds), pick.best_by):
            found.append([pick.says, scenario, build.key, int(picks["picked"][i, b]), *best[i][s][b], criterion.name,
                          *regret[i][study.criteria.index(criterion)][s][b]])
    return Table(["pick", "scenario", "build", "picked", *both(["best"]), "criterion", *both(["regret_if_wrong"])],
                 found)


def _ratings(results: Reported) -> Table:
    """Stars, and ranks by what they can be told by; of a width, narrow or wide."""
    study, group = results.study, results.figures["ratings"]
    ranks, width = pairs(group, "expected_rank").tolist(), all_rounded(group["width"]).tolist()
    found = []
    for (i, rating), (s, scenario), (b, build) in product(
            enumerate(study.ledger.ratings), enumerate(study.scenarios), enumerate(study.builds)):
        told = "" if rating.criterion is None else f"{'width of ' if rating.width else ''}{rating.criterion.name}"
        found.append([rating.says, told, scenario, build.key, rating.stars[b], *ranks[i][s][b], width[i][s][b]])
    return Table(["metric", "output", "scenario", "build", "stars", *both(["expected_rank"]), "width"], found)


def _preference(results: Reported) -> Table:
    """How builds fare over all weightings of the rated metrics; empty without ratings."""
    study, group = results.study, results.figures.get("preference")
    columns = ["scenario", "build", *both(["confidence", *(f"rank_{r + 1}" for r in range(len(study.builds)))])]
    if group is None:
        return Table(columns, [])
    figures = np.concatenate([pairs(group, "confidence")[..., None, :], pairs(group, "rank_acceptability")], axis=-2)
    return Table(columns, rows(product(study.scenarios, [b.key for b in study.builds]), figures, axes=2))


def _central_weights(results: Reported) -> Table:
    """Mean weights with which each build is first; missing where it never is."""
    study, group = results.study, results.figures.get("preference")
    columns = ["scenario", "build", "metric", *both(["central_weight"])]
    if group is None:
        return Table(columns, [])
    leads = product(study.scenarios, [b.key for b in study.builds], group["metric"].tolist())
    return Table(columns, rows(leads, pairs(group, "central_weight")))


CONCLUSIONS = {"claims": _claims, "claim_scenarios": _claim_scenarios, "nearest": _nearest, "crossings": _crossings,
               "separation": _separation, "levels": _levels, "picks": _picks, "ratings": _ratings,
               "preference": _preference, "central_weights": _central_weights}
SEARCHED = ("nearest", "crossings", "separation", "levels")  # those of what breaks conclusions
