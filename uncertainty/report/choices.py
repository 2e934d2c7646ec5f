"""What fits best by workload and priority, how stars go with the numbers, what is preferred whatever the weights."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..analysis.error import upper_limit
from ..analysis.lead import CLOSE
from ..ledger import Pick
from ..model import OUTPUTS
from ..reported import Reported
from ..resolve import Criterion
from .conclusions import ALL, TIE, by_scenario
from .text import Section, certain, criterion_name, number, percent
from .words import above

Floats = NDArray[np.float64]


def picks(results: Reported, full: bool = False) -> list[Section]:
    """What the document picks, and what is best; nothing where it picks nothing."""
    study = results.study
    if not study.ledger.picks:
        return []
    labels = [b.label for b in study.builds]
    rows: list[list[str]] = []
    for i, pick in enumerate(study.ledger.picks):
        lead = [pick.says, pick.because, pick.where] if full else [pick.says]
        for names, cells in by_scenario(study, partial(_fit, results, i, full)):
            rows.append([*lead, names, *cells[0]])
            lead = lead if full else [""]
    lead = ["workload or priority", "because", "where"] if full else ["workload or priority"]
    columns = [*lead, "scenario", "document's pick", "most probable best",
               *(f"P({name} best)" for name in labels if full), *(["a wrong pick costs"] if full else [])]
    note = ("" if certain(results) else "Each with its probability of being best, or tied, by all that is asked for; "
            "none: no build is.")
    if full and not certain(results):
        note += " A wrong pick costs: the mean shortfall where the pick is not the best."
    return [Section("Best fit by workload and priority", columns, rows, note, 2)]


def _fit(results: Reported, i: int, full: bool, s: int) -> list[list[str]]:
    """A pick in one scenario: the document's, the best, and in full every probability and what a wrong pick costs."""
    study, sure = results.study, certain(results)
    pick, best = study.ledger.picks[i], results.figures["picks"]["best"][i, s]
    chances = dict(zip((b.key for b in study.builds), best, strict=True))
    labels = {b.key: b.label for b in study.builds}

    def told(build: str) -> str:
        return labels[build] if sure else f"{labels[build]} {_chance(results, float(chances[build]))}"

    top = np.nanmax(best) if np.isfinite(best).any() else 0.0
    first = [told(b) for b, p in chances.items() if p == top and p > 0]
    nobody = 1.0 - float(np.nansum(best))
    if nobody > CLOSE * top + TIE:
        first.append("none" if sure else f"none {'' if _alone(best) else 'at least '}{percent(nobody, 0)}")
    between = "; " if full else "\n"
    cells = [between.join(told(b) for b in pick.builds), between.join(first)]
    every = [_chance(results, float(p)) for p in best]
    return [cells + ([*every, _cost(results, pick, i, s)] if full else [])]


def _chance(results: Reported, share: float) -> str:
    """A probability; of what all samples show, its limit."""
    if share == 1.0 and not certain(results):
        return above(upper_limit(results.samples))
    return percent(share, 0)


def _alone(best: Floats) -> bool:
    """Whether only one build is ever best, so that the rest of the probability is that of none."""
    return int(np.count_nonzero(np.nan_to_num(best))) <= 1


def _cost(results: Reported, pick: Pick, i: int, s: int) -> str:
    """What each of the document's picks falls short where it is wrong, by each criterion."""
    study, regret = results.study, results.figures["picks"]["regret_if_wrong"][i]
    told = []
    for build in pick.builds:
        b = [x.key for x in study.builds].index(build)
        for criterion in pick.best_by:
            lost = float(regret[study.criteria.index(criterion), s, b])
            unit = OUTPUTS[criterion.output].unit
            if math.isfinite(lost):
                whole = _best(results, criterion, s)
                share = f" ({percent(lost / whole, 0)} of the best)" if whole else ""  # 0 where nothing is bought
                told.append(f"{study.builds[b].label}: {number(lost)}{'' if unit == '1' else f' {unit}'} of "
                            f"{criterion_name(criterion)}{share}")
    return "; ".join(told) or "–"


def _best(results: Reported, criterion: Criterion, s: int) -> float:
    """Mean of the best build's value by a criterion: a build's own mean and what it falls short."""
    study = results.study
    means, regret = results.figures["means"][criterion.output][s], results.figures["ranking"]["expected_regret"]
    means = means[:, study.precisions.index(criterion.precision)] if criterion.precision else means
    lost = regret[study.criteria.index(criterion), s]
    return float(np.nanmean(means + lost if criterion.better == "higher" else means - lost))


# --- stars -------------------------------------------------------------------------------------------------------


def stars(results: Reported, full: bool = False) -> list[Section]:
    """Stars and the ranks that the numbers give; nothing where there are no stars."""
    study = results.study
    if not study.ledger.ratings:
        return []
    rows = []
    for i, rating in enumerate(study.ledger.ratings):
        for names, cells in by_scenario(study, partial(_stars, results, i, full)):
            where = "" if names == ALL or len(study.scenarios) == 1 else f"\n{names}"
            rows.append([*([rating.says, names] if full else [rating.says + where]), *cells[0]])
    lead = ["metric", "scenario"] if full else ["metric"]
    ranks = "expected ranks" if not full else "the most probable rank (or width), with its probability"
    note = (f"Stars / {ranks}, 1 the best; – where nothing can be worked out. Order: whether builds with more stars "
            "have the better expected rank.")
    wide = [rating.says for rating in study.ledger.ratings if rating.width]
    if wide:
        note += f" {', '.join(wide)}: by the 5 to 95 % width over the median, narrower being better."
    return [Section("Stars and numbers", [*lead, *(b.label for b in study.builds), "order"], rows, note, len(lead))]


def _stars(results: Reported, i: int, full: bool, s: int) -> list[list[str]]:
    """Stars and ranks of every build in one scenario, and whether they agree."""
    rating, group = results.study.ledger.ratings[i], results.figures["ratings"]
    given, ranks = group["stars"][i], group["expected_rank"][i, s]
    told = [number(float(r), decimals=1) for r in ranks]
    if full and rating.width:
        told = [percent(float(w), 0) + " wide" if np.isfinite(w) else "–" for w in group["width"][i, s]]
    elif full and rating.criterion:
        shares = results.figures["ranking"]["rank_acceptability"][results.study.criteria.index(rating.criterion), s]
        told = [f"{int(np.argmax(p)) + 1} ({_chance(results, float(p.max()))})" if np.isfinite(p).all() else "–"
                for p in shares]
    stars = [f"{int(n)}" if np.isfinite(n) else "–" for n in given]
    return [[*(f"{n} / {t}" for n, t in zip(stars, told, strict=True)), _agreement(given, ranks)]]


def _agreement(given: Floats, ranks: Floats) -> str:
    """Whether builds with more stars rank higher by the numbers: all, some or none of them."""
    signs = [np.sign(ranks[j] - ranks[i]) if abs(ranks[j] - ranks[i]) > TIE else 0.0
             for i, more in enumerate(given) for j, less in enumerate(given)
             if more > less and np.isfinite(ranks[i]) and np.isfinite(ranks[j])]
    if not any(signs):
        return "–"
    return "agrees" if min(signs) >= 0 else "opposite" if max(signs) <= 0 else "in part"


# --- preference --------------------------------------------------------------------------------------------------


def preference(results: Reported, full: bool = False) -> list[Section]:
    """Which build is preferred overall, where nothing is known of the weights."""
    group, study = results.figures.get("preference"), results.study
    if group is None:
        return []

    def told(s: int) -> list[list[str]]:
        return [[b.label, *(_chance(results, float(p)) for p in group["rank_acceptability"][s, i]),
                 _chance(results, float(group["confidence"][s, i])),
                 *(percent(float(w), 0) for w in group["central_weight"][s, i] if full)]
                for i, b in enumerate(study.builds)]

    rows = [[names if full or i == 0 else "", *row] for names, cells in by_scenario(study, told)
            for i, row in enumerate(cells)]
    weights = [f"weight: {name}" for name in group["metric"].tolist()] if full else []
    columns = ["scenario", "build", *(f"rank {r + 1}" for r in range(len(study.builds))), "confidence", *weights]
    note = ("P(rank), all weightings of the metrics with stars being equally likely (SMAA-2). The numbers of a metric "
            "count, and its stars where there are none. Confidence: P(first) with the weights that suit the build, "
            "the mean of those with which it is first.")
    alone = [rating.says for rating in study.ledger.ratings if rating.criterion is None and all(
        math.isfinite(n) for n in rating.stars)]
    if alone:
        note += f" By stars alone, and no measurement: {', '.join(alone)}."
    if certain(results):
        note += " Weights are sampled, so that these figures are not exact."
    if full:
        note += " These are its central weights; – where it is never first."
    return [Section("Overall preference, whatever the weights", columns, rows, note, 2)]
