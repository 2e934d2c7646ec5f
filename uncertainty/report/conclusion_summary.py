"""What a document concludes, as the nested summary has it."""

from __future__ import annotations

from typing import Any

from ..breaking import CLEAR
from ..reported import Reported
from .figures import Table, Tree, nest

Tables = dict[str, Table]


def claims(results: Reported, figures: Tables) -> Tree:
    """By id."""
    tree: Tree = {}
    for row, claim in zip(figures["claims"].records(), results.study.ledger.claims, strict=True):
        told = {name: row[name] for name in ("says", "where", "quantile", "upper_limit", "verdict", "must_hold")}
        tree[row["claim"]] = told | {
            "note": claim.note, "holds_as_printed": _truth(row["holds_as_printed"]),
            "holds_centrally": bool(row["holds_centrally"]), "probability": _pair(row, "probability"),
            "met": _truth(row["met"]), "scenarios": {}, "nearest": None, "threat": None, "alone": None}
    for row in figures["claim_scenarios"].records():
        tree[row["claim"]]["scenarios"][row["scenario"]] = _pair(row, "probability")
    for (target, scenario), found in _breaks(figures).items():
        if not scenario:
            tree[target] |= {name: found[name] for name in ("nearest", "threat", "alone")}
    return tree


def _truth(told: int | str) -> bool | None:
    return None if told == "" else bool(told)


def _pair(row: Tree, name: str) -> list[Any]:
    return [row[name], row[f"{name}_se"]]


def _some(row: Tree, *names: str) -> Tree:
    return {name: row[name] for name in names}


def first_places(results: Reported, figures: Tables) -> Tree:
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
    for row in figures["nearest"].records():
        found = tree.setdefault((row["target"], row["scenario"]), {
            "flip_probability": _pair(row, "flip_probability"), "upper_limit": row["upper_limit"],
            "nearest": _some(row, "distance", "radius", "searched") | {"moves": []}, "threat": None, "alone": None})
        if row["input"]:
            found["threat"] = found["threat"] or {"by": "nearest flip"} | _some(row, "input", "share")
            found["nearest"]["moves"].append(_some(row, "input", "unit", "value", "central", "level", "share"))
    seen = set()
    for row in figures["separation"].records():  # the first of each target separates most
        key = row["target"], row["scenario"]
        if key not in seen and row["adjusted_p"] < CLEAR:
            tree[key]["threat"] = {"by": "separation"} | _some(row, "input", "statistic", "adjusted_p", "direction")
        seen.add(key)
    for row in figures["crossings"].records():
        found = tree[row["target"], row["scenario"]]
        if row["probability"] > (found["alone"]["probability"] if found["alone"] else 0.0):
            found["alone"] = _some(row, "input", "unit", "central", "low", "high", "probability")
    return tree


def picks(results: Reported, figures: Tables) -> list[Tree]:
    """In their order; what is said of two may be the same, so that rows are told apart by their number."""
    trees: list[Tree] = [{"says": pick.says, "where": pick.where, "because": pick.because, "builds": list(pick.builds),
                          "best_by": [criterion.name for criterion in pick.best_by], "best": {}, "regret_if_wrong": {}}
                         for pick in results.study.ledger.picks]
    cells = len(results.study.scenarios) * len(results.study.builds)
    numbers = [i for i, tree in enumerate(trees) for _ in range(cells * len(tree["best_by"]))]
    for i, row in zip(numbers, figures["picks"].records(), strict=True):
        nest(trees[i], ["best", row["scenario"], row["build"]], _pair(row, "best"))
        nest(trees[i], ["regret_if_wrong", row["criterion"], row["scenario"], row["build"]],
             _pair(row, "regret_if_wrong"))
    return trees


def ratings(results: Reported, figures: Tables) -> list[Tree]:
    """In their order."""
    trees: list[Tree] = [{"says": r.says, "where": r.where, "by_width": r.width, "scenarios": {},
                          "output": None if r.criterion is None else r.criterion.name}
                         for r in results.study.ledger.ratings]
    each = len(results.study.scenarios) * len(results.study.builds)
    for i, row in enumerate(figures["ratings"].records()):
        nest(trees[i // each], ["stars", row["build"]], row["stars"])
        if row["output"]:
            nest(trees[i // each], ["scenarios", row["scenario"], row["build"]],
                 {"expected_rank": _pair(row, "expected_rank"), "width": row["width"]})
    return trees


def preference(figures: Tables) -> Tree | None:
    """By scenario and build; none where a study has no ratings."""
    tree: Tree = {}
    for row in figures["preference"].records():
        ranks = [name for name in row if name.startswith("rank_") and not name.endswith("_se")]
        nest(tree, [row["scenario"], row["build"]], {
            "confidence": _pair(row, "confidence"), "rank_acceptability": [_pair(row, r) for r in ranks],
            "central_weight": {}})
    for row in figures["central_weights"].records():
        tree[row["scenario"]][row["build"]]["central_weight"][row["metric"]] = _pair(row, "central_weight")
    return tree or None
