"""The nested summary that programs read, and its JSON text."""

from __future__ import annotations

import math
from json import JSONEncoder
from typing import Any

from ..analysis.error import upper_limit
from ..results import Results
from .conclusion_summary import claims, first_places, picks, preference, ratings
from .driver_summary import information, sensitivity, shared
from .figures import ERROR_DIGITS, Table, Tree, nest, paired_up, pairs, rounded
from .inputs import correlations
from .stress import stress_tree
from .tables import FLIPS, TABLES

OUTLINE = ("bands", "flips", "ranks", "pairs", "inputs")  # tables that an outline is made of
PLACES = ("scenario", "build", "precision")


def summary(results: Results, figures: dict[str, Table], versions: dict[str, str]) -> Tree:
    """What `summary.json` holds, of a run and its `tables`; statistics are [value, standard error]."""
    study, convergence = results.study, results.convergence
    given, correlated = figures["inputs"], correlations(results)
    return {
        "title": study.title, "study": study.name, "study_text": study.text, "digest": study.digest,
        "fingerprint": study.fingerprint,
        "versions": versions,
        "sampling": study.sampling._asdict() | {"replicates": convergence.replicates},
        "convergence": {"capex_error": rounded(convergence.capex, ERROR_DIGITS),
                        "rank_error": rounded(convergence.rank, ERROR_DIGITS), "tolerance": convergence.tolerance,
                        "reached": None if convergence.tolerance is None else convergence.reached,
                        "upper_limit_of_zero": rounded(upper_limit(results.samples), ERROR_DIGITS)},
        "inputs": _inputs(given),
        "correlation": [dict(zip(correlated.columns, row, strict=True)) for row in correlated.rows],
        "bands": _bands(figures["bands"]), "counts": _counts(figures["counts"]), "enough": _enough(figures["enough"]),
        "ranking": _ranking(figures),
        "claims": claims(results, figures), "first_places": first_places(results, figures),
        "picks": picks(results, figures), "ratings": ratings(results, figures), "preference": preference(figures),
        "sensitivity": sensitivity(figures), "information": information(figures), "shared": shared(figures),
        "stress": stress_tree(results.readings)}


def outline(results: Results, versions: dict[str, str]) -> Tree:
    """What of it is compared with other results, which takes no search for what breaks conclusions."""
    study, correlated = results.study, correlations(results)
    figures = {name: TABLES[name](results) for name in OUTLINE}
    told = results.figures["claims"]
    return {
        "title": study.title, "study": study.name, "digest": study.digest, "versions": versions,
        "sampling": study.sampling._asdict() | {"replicates": results.convergence.replicates},
        "inputs": _inputs(figures["inputs"]),
        "correlation": [dict(zip(correlated.columns, row, strict=True)) for row in correlated.rows],
        "bands": _bands(figures["bands"]), "ranking": _ranking(figures),
        "claims": {claim.id: {"says": claim.says, "must_hold": claim.must_hold, "probability": pair}
                   for claim, pair in zip(study.ledger.claims, pairs(told, "probability").tolist(), strict=True)}}


def _inputs(table: Table) -> list[Tree]:
    return [{k: v.split() if k in PLACES else v for k, v in row.items() if v != "" and v == v}
            for row in table.records()]


def _bands(table: Table) -> Tree:
    """By scenario, build, output and, where it has one, precision."""
    tree: Tree = {}
    names = table.columns[6::2]
    for name, _, scenario, build, precision, central, *figures in table.rows:
        nest(tree, [scenario, build, name, *([precision] if precision else [])],
              {"central": central, **dict(zip(names, paired_up(figures), strict=True))})
    return tree


def _enough(table: Table) -> Tree:
    tree: Tree = {}
    for name, scenario, build, enough, *shortfall in table.rows:
        nest(tree, [scenario, build, name], {"enough": enough, "shortfall": shortfall})
    return tree


def _counts(table: Table) -> Tree:
    """P(n = number) by scenario, build, output and number."""
    tree: Tree = {}
    for name, scenario, build, number, *probability in table.rows:
        nest(tree, [scenario, build, name, str(number)], probability)
    return tree


def _ranking(figures: dict[str, Table]) -> Tree:
    """By criterion and scenario, and there by build."""
    tree: Tree = {}
    for criterion, unit, better, scenario, *flips in figures["flips"].rows:
        nest(tree, [criterion, scenario], {"better": better, "unit": unit,
                                            **dict(zip(FLIPS, paired_up(flips), strict=True)), "builds": {}})
    for criterion, _, _, scenario, build, *ranks in figures["ranks"].rows:
        rank, regret, *shares = paired_up(ranks)
        tree[criterion][scenario]["builds"][build] = {
            "expected_rank": rank, "expected_regret": regret, "rank_acceptability": shares, "win": {}, "tie": {}}
    for criterion, _, _, scenario, build, other, *shares in figures["pairs"].rows:
        found = tree[criterion][scenario]["builds"][build]
        found["win"][other], found["tie"][other], _ = paired_up(shares)
    return tree


_encode = JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def to_json(value: Any, margin: str = "\n") -> str:
    """JSON text, indented but for lists of numbers, which are a line; what is not finite is null."""
    inner = f"{margin} "
    if isinstance(value, dict) and value:
        items = [f"{_encode(k)}: {to_json(v, inner)}" for k, v in value.items()]
        return f"{{{inner}{f',{inner}'.join(items)}{margin}}}"
    if isinstance(value, list) and all(map(_is_number, value)):
        return repr(value)
    if isinstance(value, list):
        return f"[{inner}{f',{inner}'.join(to_json(v, inner) for v in value)}{margin}]"
    return "null" if isinstance(value, float) and not math.isfinite(value) else _encode(value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
