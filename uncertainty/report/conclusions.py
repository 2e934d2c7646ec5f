"""Which conclusions hold, and what would break them: claims, and the first place by every criterion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np

from ..analysis.claims import VERDICTS
from ..analysis.error import upper_limit
from ..breaking import Break, Crossing
from ..reported import Reported
from ..resolve import Criterion
from ..searching import REACH, SPAN
from ..study import Study
from .text import Section, certain, criterion_name, percent
from .words import (
    flip_words,
    flipped_words,
    input_words,
    ranges,
    share_there,
    sigma,
    threat,
    value_words,
)

NEAR = 3.0  # sigma: the terminal tells no flip farther away than this
ALL = "all"  # scenarios
APART = 0.1  # by which a claim's probability in a scenario is worth telling beside that in all
TIE = 1e-9  # firsts at the central values, over their size


def claims(results: Reported, full: bool = False) -> list[Section]:
    """The ledger of claims and what would break them, in `full` all of it; nothing where there are none."""
    if not results.study.ledger.claims:
        return []
    if certain(results):
        return [_given(results, full)]
    return [_ledger(results, full), *(_flips(results) if full else _near_flips(results))]


def _breaks(results: Reported) -> dict[str, Break]:
    return {b.target: b for b in results.breaks if not b.scenario}


def _truths(results: Reported, name: str) -> list[str]:
    return ["–" if np.isnan(x) else "holds" if x else "fails" for x in results.figures["claims"][name]]


def _points(results: Reported, full: bool) -> dict[str, list[str]]:
    """Truths at single numbers: those of the document, where it is known; in full, or where it is not, central ones."""
    printed, central = (_truths(results, f"holds_{name}") for name in ("as_printed", "centrally"))
    if all(truth == "–" for truth in printed):
        return {"centrally": central}
    if full:
        return {"printed": printed, "centrally": central}
    return {"printed": [p + "*" * (p not in ("–", c)) for p, c in zip(printed, central, strict=True)]}


def _given(results: Reported, full: bool) -> Section:
    """Of constants only: what holds."""
    listed, holds = results.study.ledger.claims, _truths(results, "holds_centrally")
    rows = [[c.id, c.says, *([c.where, c.note] if full else []), h] for c, h in zip(listed, holds, strict=True)]
    true = holds.count("holds")
    return Section("Which conclusions hold", ["id", "claim", *(["where", "note"] if full else []), "as given"], rows,
                   f"{true} of {len(rows)} hold at the values given. {SCOPE}", 2)


POINTS = {"printed": "Printed: at the numbers that the document prints; * where not so at this study's central values.",
          "centrally": "Centrally: at the central values of all inputs of this study."}
SCOPE = "A claim that names no scenario is about all of them at once."


def _ledger(results: Reported, full: bool) -> Section:
    """Whether claims hold at single numbers, how probably, and what that amounts to."""
    group, study, points = results.figures["claims"], results.study, _points(results, full)
    rows = []
    for i, claim in enumerate(study.ledger.claims):
        rows.append([claim.id, claim.says, *([claim.where] if full else []),
                     *(truth[i] for truth in points.values()),
                     *_probability(results, i, full), str(group["verdict"][i]),
                     *([claim.note] if full else [])])
    columns = ["id", "claim", *(["where"] if full else []), *points, "P(holds)",
               *([f"P in {s}" for s in study.scenarios] if full else []), "verdict", *(["note"] if full else [])]
    return Section("Which conclusions hold", columns, rows, " ".join(_ledger_note(results, list(points))), 2)


def _probability(results: Reported, i: int, full: bool) -> list[str]:
    """P(holds) of a claim; by scenario in full, or where that is far from being in all of them."""
    group = results.figures["claims"]
    whole, each = float(group["probability"][i]), group["scenario_probability"][i].tolist()
    if full:
        return [percent(whole), *map(percent, each)]
    apart = max(each) - whole > APART
    return [f"{percent(whole)}\n({'/'.join(f'{100 * p:.0f}' for p in each)})" if apart else percent(whole)]


def _ledger_note(results: Reported, points: list[str]) -> Iterator[str]:
    """What the columns of the ledger mean, and how many claims there are of each kind."""
    group, listed = results.figures["claims"], results.study.ledger.claims
    verdicts = group["verdict"].tolist()
    counts = [f"{word} {verdicts.count(word)}" for word in ("holds always", *VERDICTS, "never") if word in verdicts]
    yield f"Of {len(listed)} {'claim' if len(listed) == 1 else 'claims'}: {', '.join(counts)}."
    yield f"{' '.join(POINTS[point] for point in points)} {SCOPE}"
    if points != ["printed", "centrally"]:
        each = np.nanmax(group["scenario_probability"], axis=1, initial=0.0) - group["probability"] > APART
        if each.any():
            yield "In brackets by scenario, in per cent, where that is more."
    least = ", ".join(f"{word} ({f'at least {100 * p:.0f} %' if p else 'less'})" for word, p in VERDICTS.items())
    yield (f"Verdicts: holds always (in all {results.samples:,} samples), {least}, never (in none: P is below "
           f"{100 * upper_limit(results.samples):.2g} %).")
    for claim in listed:
        if claim.quantile is not None:
            yield (f"{claim.id} is about the {100 * claim.quantile:g} % quantile: its P is the share of "
                   f"{results.convergence.replicates} replicates in which that meets it.")
    missed = [f"{c.id} (P of {100 * c.must_hold:g} %)" for c, p in zip(listed, group["probability"], strict=True)
              if c.must_hold is not None and not p >= c.must_hold]
    if missed:
        yield f"Must hold, and does not: {', '.join(missed)}."


SIGMA = ("What holds at the central values fails at its flip; what fails there holds. All inputs named, and the more "
         "there are (tables/nearest.csv), move together; values are rounded away from the central ones. Sigma: how far "
         "that is; 1 is as far as one standard deviation of one normal input. It is no probability: P(flip) is, of the "
         "samples.")





def _near_flips(results: Reported) -> list[Section]:
    """Nearest flips, the most probable first; those far away and those not found, in the note."""
    found = _breaks(results)
    near = sorted((b for b in found.values() if b.distance <= NEAR), key=lambda b: -float(b.flips.value))
    rows = [[b.target, threat(results.study, b), flip_words(results.study, b, 2), sigma(b.distance), flipped_words(b)]
            for b in near]
    note = [SIGMA] if rows else []
    far = [b.target for b in found.values() if NEAR < b.distance < np.inf]
    none = [b for b in found.values() if b.searched and np.isinf(b.distance)]
    if far:
        note.append(f"{NEAR:g} to {REACH:g} sigma away: {', '.join(far)} (report.md).")
    if none:
        limit = max((b.upper_limit for b in none if np.isfinite(b.upper_limit)), default=np.nan)
        told = f", and P is below {100 * limit:.2g} %" if np.isfinite(limit) else ""
        note.append(f"No flip was found within {min(b.radius for b in none):g} sigma of "
                    f"{', '.join(b.target for b in none)} ({min(b.searched for b in none):,} points or more were tried)"
                    f"{told}.")
    unmoved = [b.target for b in found.values() if not b.searched]
    if unmoved:
        note.append(f"No input of this study bears on {', '.join(unmoved)}.")
    columns = ["id", "holds most by", "nearest flip", "sigma", "P(flip)"]
    if any("(" in row[1] for row in rows):
        note.append("Holds most by: the input that decides most, and whether it holds where that is low or high.")
    title = "What would break them, or make them true: most probable first"
    return [Section(title, columns, rows, " ".join(note), 3)] if note else []


def _flips(results: Reported) -> list[Section]:
    """The nearest flip of every claim, and where each input alone flips it."""
    study, found = results.study, _breaks(results)
    rows = [[b.target, threat(study, b, True), flip_words(study, b, 3, True), sigma(b.distance), flipped_words(b)]
            for b in found.values()]
    if not rows:
        return []
    crossed = [[b.target, *_alone(study, group)] for b in found.values() for group in _useful(b)]
    return [
        Section("What would break them, or make them true", [
            "id", "holds most by", "nearest flip", "sigma", "P(flip)"], rows, f"{SIGMA} {DECIDED}", 3),
        *([Section("Break-even values of claims: one input at a time", [
            "id", "input", "central", "flipped", "P(there)"], crossed, BREAK_EVEN, 4)] if crossed else [])]


DECIDED = ("Holds most by: the input whose values differ most between samples that hold and samples that fail (Monte "
           "Carlo filtering), or, where that shows nothing, that takes most of the way to the nearest flip.")
BREAK_EVEN = (f"All other inputs are central. Looked for from 1/{SPAN:g} of the central value to {SPAN:g} times it and "
              "over the whole distribution; \"up to\" and \"from\" reach to the end of that. Of inputs that are never "
              "there, only the one nearest to its central value (all: tables/crossings.csv). P(there): of the input.")


def _by_input(found: Break) -> Iterator[tuple[str, Iterator[Crossing]]]:
    yield from groupby(found.crossings, key=lambda crossing: crossing.input)


def _alone(study: Study, crossings: list[Crossing]) -> list[str]:
    """An input, its central value, where it flips a conclusion, and the probability that it lies there."""
    first = crossings[0]
    return [input_words(study, first.input), value_words(first.central, first.unit),
            ranges(crossings), share_there(crossings)]


# --- first places, for report.md ---------------------------------------------------------------------------------


def first_places(results: Reported) -> list[Section]:
    """What would flip first place by each criterion, scenarios that agree together."""
    if certain(results):
        return []
    study, found = results.study, {(b.target, b.scenario): b for b in results.breaks if b.scenario}
    rows, crossed = [], []
    for c in study.criteria:
        def flip(s: int, c: Criterion = c) -> list[list[str]]:
            b = found[c.name, study.scenarios[s]]
            return [[_first(results, c, s), threat(study, b, True), flip_words(study, b, 3, True), sigma(b.distance),
                     flipped_words(b)]]

        def alone(s: int, c: Criterion = c) -> list[list[str]]:
            return [_alone(study, group) for group in _useful(found[c.name, study.scenarios[s]])]

        rows += [[criterion_name(c), names, *row] for names, cells in by_scenario(study, flip) for row in cells]
        crossed += [[criterion_name(c), names, *row] for names, cells in by_scenario(study, alone) for row in cells]
    return [
        Section("Does first place hold", ["criterion", "scenario", "first, centrally", "holds most by",
                                          "nearest flip", "sigma", "P(flip)"], rows, f"{SIGMA} {DECIDED}", 5),
        *([Section("Break-even values of first places: one input at a time", [
            "criterion", "scenario", "input", "central", "flipped", "P(there)"], crossed,
            BREAK_EVEN, 5)]
          if crossed else [])]


def by_scenario(study: Study, told: Callable[[int], list[list[str]]]) -> list[tuple[str, list[list[str]]]]:
    """What is told of each scenario, those of which the same is told together; of all of them under ALL."""
    groups: list[tuple[list[str], list[list[str]]]] = []
    for s, scenario in enumerate(study.scenarios):
        cells = told(s)
        alike = [names for names, other in groups if other == cells]
        alike[0].append(scenario) if alike else groups.append(([scenario], cells))
    every = len(groups) == 1 and len(study.scenarios) > 1
    return [(ALL if every else ", ".join(names), cells) for names, cells in groups]


def _useful(found: Break) -> list[list[Crossing]]:
    """Crossings by input: of those that may be there, or else of the one that is nearest to its central value."""
    groups = [list(group) for _, group in _by_input(found)]
    likely = [group for group in groups if any(c.probability > 0 for c in group)]

    def away(group: list[Crossing]) -> float:
        middle = group[0].central
        return min(abs(end - middle) for c in group for end in (c.low, c.high)) / (abs(middle) or 1.0)

    return likely or ([min(groups, key=away)] if groups else [])


def _first(results: Reported, criterion: Criterion, scenario: int) -> str:
    """The best at the central values, and whoever ties with it."""
    study = results.study
    values = results.figures["central"][criterion.output][scenario]
    values = values[:, study.precisions.index(criterion.precision)] if criterion.precision else values
    if np.isnan(values).all():
        return "–"
    best = (np.nanmax if criterion.better == "higher" else np.nanmin)(values)
    return " = ".join(b.label for b, x in zip(study.builds, values, strict=True) if abs(x - best) <= TIE * abs(best))
