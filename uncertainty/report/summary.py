"""The nested summary that programs read, and its JSON text."""

from __future__ import annotations

import json
import math
from typing import Any

from ..analysis.error import upper_limit
from ..reported import Reported
from ..sweep import Sweep
from .conclusion_summary import claims, first_places, picks, preference, ratings
from .driver_summary import information, sensitivity, shared
from .figures import ERROR_DIGITS, Table, Tree, nest, paired_up, pairs, rounded
from .inputs import correlations, inputs
from .stress import stress_tree
from .sweep_tables import option_map
from .tables import FLIPS, TABLES

OUTLINE = ("bands", "flips", "ranks", "pairs", "inputs")  # tables that an outline is made of
PLACES = ("scenario", "build", "precision")


def summary(results: Reported, figures: dict[str, Table], versions: dict[str, str]) -> Tree:
    """What `summary.json` holds, of a run and its `tables`; statistics are [value, standard error]."""
    return {**_about(results, versions), **_given(results, figures["inputs"]),
            **_found(results, figures, {"first_places": first_places(results, figures)}), **_driven(results, figures)}


def sweep_summary(sweep: Sweep, each: list[dict[str, Table]], versions: dict[str, str]) -> Tree:
    """What `summary.json` of a sweep holds, of the tables of every point: its points one by one."""
    study, points = sweep.study, list[Tree]()
    leads = option_map(sweep)
    width = len(leads.rows) // len(sweep.points)
    for i, (point, figures) in enumerate(zip(sweep.points, each, strict=True)):
        points.append({
            "at": dict(point.study.point), "digest": point.study.digest, "convergence": _convergence(point),
            "option_map": _leads(leads, leads.rows[i * width : (i + 1) * width]), **_found(point, figures, {}),
            **(_driven(point, figures) if study.inquiry.samples else {})})
    return {**_about(sweep, versions), **_given(sweep, inputs(study)),
            "sweep": {axis.name: {"unit": axis.unit, "values": list(axis.labels)} for axis in study.sweep},
            "points": points}


def _about(results: Reported, versions: dict[str, str]) -> Tree:
    study = results.study
    return {
        "title": study.title, "study": study.name, "study_text": study.text, "digest": study.digest,
        "fingerprint": study.fingerprint, **({"at": dict(study.point)} if study.point else {}),
        "versions": versions,
        "sampling": study.sampling._asdict() | {"replicates": results.convergence.replicates},
        "convergence": _convergence(results)}


def _convergence(results: Reported) -> Tree:
    convergence = results.convergence
    return {"capex_error": rounded(convergence.capex, ERROR_DIGITS),
            "rank_error": rounded(convergence.rank, ERROR_DIGITS), "tolerance": convergence.tolerance,
            "reached": None if convergence.tolerance is None else convergence.reached,
            "upper_limit_of_zero": rounded(upper_limit(results.samples), ERROR_DIGITS)}


def _given(results: Reported, given: Table) -> Tree:
    correlated = correlations(results)
    return {
        "inputs": _inputs(given),
        "correlation": [dict(zip(correlated.columns, row, strict=True)) for row in correlated.rows]}


def _found(results: Reported, figures: dict[str, Table], searched: Tree) -> Tree:
    return {
        "bands": _bands(figures["bands"]), "counts": _counts(figures["counts"]), "enough": _enough(figures["enough"]),
        "ranking": _ranking(figures), "claims": claims(results, figures), **searched, "picks": picks(results, figures),
        "ratings": ratings(results, figures), "preference": preference(figures)}


def _driven(results: Reported, figures: dict[str, Table]) -> Tree:
    return {"sensitivity": sensitivity(figures), "information": information(figures), "shared": shared(figures),
            "stress": stress_tree(results.readings)}


def _leads(table: Table, rows: list[list[Any]]) -> Tree:
    """Who is most probably best, by criterion and scenario."""
    tree: Tree = {}
    for row in Table(table.columns, rows).records():
        nest(tree, [row["criterion"], row["scenario"]], {
            "best": row["best"].split(" = "), "rival": row["rival"], "open": bool(row["open"]),
            **{name: [row[name], row[f"{name}_se"]] for name in ("probability", "rival_probability")}})
    return tree


def outline(results: Reported, versions: dict[str, str]) -> Tree:
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


_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _encode(value: Any) -> str:
    """One value as JSON; what would steer a terminal as escapes, which read back as what it is."""
    text = _plain(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


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
