"""A comparison for programs: the nested summary of `uncertainty compare --json`."""

from __future__ import annotations

from typing import Any

from ..attributing import Attribution
from ..comparing import Change, Comparison, Move, first_places, verdicts
from ..sides import Side, Told
from .figures import ERROR_DIGITS, Tree, nest, rounded


def tree(comparison: Comparison) -> Tree:
    """Everything that is compared; statistics are [value, standard error], `error` is at 95 %."""
    moves: Tree = {"bands": {}, "first_places": {}, "claims": {}}
    for move in comparison.moves:
        nest(moves, _path(move), _move(move))
    for key, claim in moves["claims"].items():
        claim["says"] = comparison.after.claims[key][0]
    return {
        "difference": not comparison.same, "before": _side(comparison.before), "after": _side(comparison.after),
        "inputs": [_change(change) for change in comparison.inputs],
        "settings": [setting._asdict() for setting in comparison.settings],
        "errors": {"from": "pairs of replicates" if comparison.replicates else "independent runs",
                   "replicates": comparison.replicates or None},
        **moves, "first": _firsts(comparison), "attribution": _attribution(comparison.attribution),
        "not_attributed": comparison.why}


def _firsts(comparison: Comparison) -> Tree:
    """Who is most probably first before and after, of all builds of each side: [build, probability]."""
    found: Tree = {}
    for name, scenario in dict.fromkeys(m.figure[1:3] for m in comparison.moves if m.figure.kind == "first"):
        both = (next(iter(shares.items())) for shares in first_places(comparison, name, scenario))
        nest(found, [name, scenario], {when: [build, rounded(p)] for when, (build, p) in zip(
            ("before", "after"), both, strict=True)})
    return found


def _side(side: Side) -> Tree:
    return {"name": side.name, "digest": side.digest, "sampling": side.sampling, "builds": list(side.builds),
            "scenarios": list(side.scenarios)}


def _change(change: Change) -> Tree:
    places: Tree = {key: [x for x in dict.fromkeys(getattr(spot, key) for spot in change.spots) if x]
                    for key in ("scenario", "build", "precision")}
    return {"input": change.spots[0].input, **places, "before": _told(change.before), "after": _told(change.after),
            "source_only": change.source_only}


def _told(told: Told | None) -> Tree | None:
    return None if told is None else {{"low": "0.05", "high": "0.95"}.get(k, k): v for k, v in told._asdict().items()}


def _path(move: Move) -> list[str]:
    kind, name, scenario, build, precision, level = move.figure
    if kind == "claim":
        return ["claims", name]
    if kind == "first":
        return ["first_places", name, scenario, build]
    places = [scenario, build, name, *([precision] if precision else [])]
    return ["bands", *places, "mean" if kind == "mean" else f"{level:g}"]


def _move(move: Move) -> Tree:
    found: Tree = {"before": list(move.before), "after": list(move.after), "difference": rounded(move.difference),
                   "error": rounded(move.error, ERROR_DIGITS), "moved": move.moved}
    return found | (dict(zip(("verdict_before", "verdict_after"), verdicts(move), strict=True))
                    if move.figure.kind == "claim" else {})


def _attribution(found: Attribution | None) -> Tree | None:
    if found is None:
        return None
    figures = []
    for i, figure in enumerate(found.figures):
        parts = {change: _part(found, i, k) for k, change in enumerate(found.changes)}
        about = {k: v for k, v in figure._asdict().items() if v != ""}
        if figure.kind != "quantile":
            about.pop("level")
        value, se = (float(x[i]) for x in found.total)
        figures.append({**about, "total": [value, rounded(se, ERROR_DIGITS)], "parts": parts})
    return {"orders": found.orders or "all", "samples": found.samples, "replicates": found.replicates,
            "changes": list(found.changes), "figures": figures}


def _part(found: Attribution, i: int, k: int) -> list[Any]:
    """What a change adds, its error by sampling, and by taking some orders only."""
    errors = (float(x[i, k]) for x in (found.parts.se, found.order_se))
    return [float(found.parts.value[i, k]), *(rounded(x, ERROR_DIGITS) for x in errors)]
