"""What a document concludes, as the nested summary has it."""

from __future__ import annotations

from ..breaking import CLEAR
from ..results import Results
from .figures import Table, Tree, nest, paired_up

Tables = dict[str, Table]


def claims(results: Results, figures: Tables) -> Tree:
    """By id."""
    tree: Tree = {}
    for (name, says, where, quantile, printed, holds, value, se, limit, verdict, least, met), claim in zip(
            figures["claims"].rows, results.study.ledger.claims, strict=True):
        tree[name] = {"says": says, "where": where, "note": claim.note, "quantile": quantile,
                      "holds_as_printed": _truth(printed), "holds_centrally": bool(holds), "probability": [value, se],
                      "upper_limit": limit, "verdict": verdict, "must_hold": least, "met": _truth(met),
                      "scenarios": {}, **dict.fromkeys(("nearest", "threat", "alone"))}
    for name, scenario, *probability in figures["claim_scenarios"].rows:
        tree[name]["scenarios"][scenario] = probability
    for (target, scenario), found in _breaks(figures).items():
        if not scenario:
            tree[target] |= {name: found[name] for name in ("nearest", "threat", "alone")}
    return tree


def _truth(told: int | str) -> bool | None:
    return None if told == "" else bool(told)


def first_places(results: Results, figures: Tables) -> Tree:
    """By criterion and scenario: what makes none of the firsts at the central values first."""
    tree: Tree = {criterion.name: {} for criterion in results.study.criteria}
    for (target, scenario), found in _breaks(figures).items():
        if scenario:
            tree[target][scenario] = found
    return tree


def _breaks(figures: Tables) -> dict[tuple[str, str], Tree]:
    """What breaks each target in a scenario.

    The nearest flip; the threat, which is the input that separates samples most, or else that takes most of the way
    to the nearest flip; and the one that alone, all others being central, most probably flips it.
    """
    tree: dict[tuple[str, str], Tree] = {}
    names = figures["nearest"].columns[9:]
    for target, scenario, _, flips, se, limit, distance, radius, searched, *move in figures["nearest"].rows:
        flip = {"distance": distance, "radius": radius, "searched": searched, "moves": []}
        found = tree.setdefault((target, scenario), {"flip_probability": [flips, se], "upper_limit": limit,
                                                     "nearest": flip, "threat": None, "alone": None})
        if move[0]:
            found["threat"] = found["threat"] or {"input": move[0], "by": "nearest flip", "share": move[-1]}
            found["nearest"]["moves"].append(dict(zip(names, move, strict=True)))
    _threaten(tree, figures["separation"])
    for target, scenario, *crossing in figures["crossings"].rows:
        found = tree[target, scenario]
        if crossing[-1] > (found["alone"]["probability"] if found["alone"] else 0.0):
            found["alone"] = dict(zip(figures["crossings"].columns[2:], crossing, strict=True))
    return tree


def _threaten(tree: dict[tuple[str, str], Tree], separation: Table) -> None:
    """Name the input that separates most, the first of each target, if it does so surely."""
    told = set()
    for target, scenario, name, *figures in separation.rows:
        if (target, scenario) not in told and figures[1] < CLEAR:
            tree[target, scenario]["threat"] = {"input": name, "by": "separation",
                                                **dict(zip(separation.columns[3:], figures, strict=True))}
        told.add((target, scenario))


def picks(results: Results, figures: Tables) -> list[Tree]:
    """In their order."""
    rows, trees = iter(figures["picks"].rows), []
    builds = [build.key for build in results.study.builds]
    for pick in results.study.ledger.picks:
        tree: Tree = {"says": pick.says, "where": pick.where, "because": pick.because, "builds": list(pick.builds),
                      "best_by": [criterion.name for criterion in pick.best_by], "best": {}, "regret_if_wrong": {}}
        for _ in range(len(results.study.scenarios) * len(builds) * len(pick.best_by)):
            _, scenario, build, _, value, se, criterion, *regret = next(rows)
            nest(tree, ["best", scenario, build], [value, se])
            nest(tree, ["regret_if_wrong", criterion, scenario, build], regret)
        trees.append(tree)
    return trees


def ratings(results: Results, figures: Tables) -> list[Tree]:
    """In their order."""
    trees: list[Tree] = [{"says": r.says, "where": r.where, "by_width": r.width, "scenarios": {},
              "output": None if r.criterion is None else r.criterion.name} for r in results.study.ledger.ratings]
    each = len(results.study.scenarios) * len(results.study.builds)
    for i, (_, output, scenario, build, stars, *rank, width) in enumerate(figures["ratings"].rows):
        nest(trees[i // each], ["stars", build], stars)
        if output:
            nest(trees[i // each], ["scenarios", scenario, build], {"expected_rank": rank, "width": width})
    return trees


def preference(figures: Tables) -> Tree | None:
    """By scenario and build; none where a study has no ratings."""
    tree: Tree = {}
    for scenario, build, *shares in figures["preference"].rows:
        confidence, *ranks = paired_up(shares)
        nest(tree, [scenario, build], {"confidence": confidence, "rank_acceptability": ranks, "central_weight": {}})
    for scenario, build, metric, *weight in figures["central_weights"].rows:
        tree[scenario][build]["central_weight"][metric] = weight
    return tree or None
