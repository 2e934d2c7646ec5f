"""What changes where a study is read otherwise: its ranges, its prices and its tails."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from ..analysis.claims import verdict
from ..analysis.labels import Group
from ..study import Study
from .conclusions import by_scenario
from .figures import Table, Tree, both, pairs, rows
from .text import Section, criterion_name, percent

TITLE = "What if the inputs are read otherwise"
VERDICT, FIRST_PLACE = "verdict", "first place"  # what may change
PLACES = "first places, by criterion and scenario,"
COUNTED = {  # as a change
    VERDICT: "A verdict is named where it is another by more than sampling error; holds always counts as robust, never "
             "as unlikely. All: tables/stress.csv.",
    FIRST_PLACE: "The most probable first is meant; another is named where it is that by more than sampling error. "
                 "All: tables/stress_firsts.csv."}
FEW = 5  # inputs that are named where there is little room
CLAIM = ["claim", "variant", *both(["probability", "difference"]), "verdict", "changed"]
FIRST = ["criterion", "scenario", "variant", "build", *both(["first"]), "changed"]


# --- to be read --------------------------------------------------------------------------------------------------


def stress_sections(study: Study, group: Group | None, full: bool = False) -> list[Section]:
    """Claims whose verdict changes in some reading; in `full`, or without claims, first places that do too."""
    if group is None:
        return []
    if not study.ledger.claims:
        return [_section(study, group, FIRST_PLACE, _firsts(study, group), _kept(group, full))]
    found = _section(study, group, VERDICT, _claims(study, group), _kept(group, full))
    if not full:
        return [found._replace(note=f"{found.note} {_elsewhere(study, group)}")]
    return [found, _section(study, group, FIRST_PLACE, _firsts(study, group), "")]


def _section(study: Study, group: Group, what: str, told: list[list[str]], kept: str) -> Section:
    """What changes, or, where nothing does, the readings that do not change it."""
    readings, meanings = (group[name].tolist() for name in ("variant", "meaning"))
    about = list(zip(readings[1:], meanings[1:], strict=True))
    note = [_counts(study, group, what), kept, COUNTED[what]]
    if not told:
        return Section(f"{TITLE}: no {what} changes", ["reading", "what it is"], [list(row) for row in about],
                       " ".join(filter(None, note)), 2)
    if what == VERDICT or not study.ledger.claims:  # or else it has been said
        note.insert(1, " ".join(f"{name.capitalize()}: {meaning}." for name, meaning in about))
    lead = ["id", "claim"] if what == VERDICT else ["criterion", "scenario"]
    return Section(f"{TITLE}: {what}s that change", [*lead, *(name.replace(" ", "\n") for name in readings)], told,
                   " ".join(filter(None, note)), 2)


def _claims(study: Study, group: Group) -> list[list[str]]:
    """Probabilities in every reading of claims whose verdict changes in one, with the verdicts that do."""
    probability, words, changed = (group[name] for name in ("probability", "verdict", "changed"))
    found = []
    for i in np.flatnonzero(changed.any(axis=0)):
        cells = [_cell(p, word, told) for p, word, told in zip(
            probability[:, i].tolist(), words[:, i].tolist(), [True, *changed[1:, i]], strict=True)]
        found.append([study.ledger.claims[i].id, study.ledger.claims[i].says, *cells])
    return found


def _firsts(study: Study, group: Group) -> list[list[str]]:
    """The most probable first and, in other readings, its probability there, or that of another that takes its place.

    Scenarios that agree are told together; those in which nothing changes are left out.
    """
    first, changed = group["first"], group["first_changed"]
    top = np.argmax(np.nan_to_num(first, nan=-1.0), axis=-1)
    found = []
    for i, criterion in enumerate(study.criteria):
        def told(s: int, i: int = i) -> list[list[str]]:
            if not changed[:, i, s].any():
                return []
            new = [True, *changed[1:, i, s].tolist()]
            at = [top[v if other else 0, i, s] for v, other in enumerate(new)]
            return [[percent(float(first[v, i, s, b]), 0) + (f"\n{study.builds[b].label}" if new[v] else "")
                     for v, b in enumerate(at)]]

        found += [[criterion_name(criterion), names, *row] for names, cells in by_scenario(study, told)
                  for row in cells]
    return found


def _cell(probability: float, word: str, told: bool) -> str:
    """A probability, with its verdict where that is told, and then to so many decimals that it is seen."""
    if not told or math.isnan(probability):
        return percent(probability, 0)
    decimals = next(d for d in range(17) if verdict(round(probability, 2 + d)) == verdict(probability))
    return f"{percent(probability, decimals)}\n{word}"


def _counts(study: Study, group: Group, what: str) -> str:
    """How much changes, and in which reading."""
    names, firsts = group["variant"].tolist(), group["first_changed"][:, : study.listed]
    changed = group["changed"] if what == VERDICT else firsts.reshape(len(names), -1)
    some, of = int(changed.any(axis=0).sum()), changed.shape[1]
    things = f"claim{'s' * (of != 1)}" if what == VERDICT else PLACES
    each = ", ".join(f"{name} {n:.0f}" for name, n in zip(names[1:], changed[1:].sum(axis=1), strict=True))
    told = f"{some} change{'s' * (some == 1)}: {each}" if some else "none changes"
    return f"Of {of} {things} {told}."


def _elsewhere(study: Study, group: Group) -> str:
    """How many first places change."""
    changed = group["first_changed"][:, : study.listed]
    some, of = int(changed.any(axis=0).sum()), changed[0].size
    told = f"{some} {'goes' if some == 1 else 'go'} to another build (report.md)" if some else "none changes hands"
    return f"Of {of} {PLACES} {told}."


def _kept(group: Group, full: bool) -> str:
    """Uncertain inputs that a reading of inputs leaves as they are, by name if they are few, or in `full`."""
    stay = "; ".join(f"in {name} {', '.join(kept.split()) if full or len(kept.split()) <= FEW else len(kept.split())}"
                     for name, kept in zip(group["variant"].tolist(), group["kept"].tolist(), strict=True) if kept)
    return f"Uncertain inputs that stay as they are: {stay}." if stay else ""


# --- to be read by programs --------------------------------------------------------------------------------------


def stress_table(study: Study, group: Group | None) -> Table:
    """Every claim in every reading; empty where there is none."""
    if group is None or not study.ledger.claims:
        return Table(CLAIM, [])
    figures = np.stack([pairs(group, name) for name in ("probability", "difference")], axis=-2)
    leads = product(group["claim"].tolist(), group["variant"].tolist())
    ends = zip(group["verdict"].T.ravel().tolist(), group["changed"].T.ravel().astype(int).tolist(), strict=True)
    found = rows(leads, figures.swapaxes(0, 1), axes=2)
    return Table(CLAIM, [[*row, *end] for row, end in zip(found, ends, strict=True)])


def first_table(study: Study, group: Group | None) -> Table:
    """How probably each build is first, by listed criterion and scenario, in every reading."""
    if group is None:
        return Table(FIRST, [])
    some = slice(study.listed)
    figures, changed = (np.moveaxis(x[:, some], 0, 2) for x in (pairs(group, "first"), group["first_changed"]))
    leads = product([c.name for c in study.criteria[some]], study.scenarios, group["variant"].tolist(),
                    [b.key for b in study.builds])
    ends = np.repeat(changed.ravel().astype(int), len(study.builds)).tolist()
    return Table(FIRST, [[*row, end] for row, end in zip(rows(leads, figures), ends, strict=True)])


def stress_tree(group: Group | None) -> Tree | None:
    """By reading: what it is, how probably each claim holds, and the verdicts that change; None without readings."""
    if group is None:
        return None
    about = zip(*(group[name].tolist() for name in ("variant", "meaning", "kept")), strict=True)
    trees: Tree = {name: {"meaning": meaning, "kept": kept.split(), "claims": {}, "changed": {}}
                   for name, meaning, kept in about}
    if "claim" in group.coords:
        found = zip(trees.values(), pairs(group, "probability").tolist(), group["verdict"].tolist(),
                    group["changed"].tolist(), strict=True)
        for tree, probability, verdicts, changed in found:
            claims = group["claim"].tolist()
            tree["claims"] = dict(zip(claims, probability, strict=True))
            tree["changed"] = {claim: word for claim, word, new in zip(claims, verdicts, changed, strict=True) if new}
    return trees
