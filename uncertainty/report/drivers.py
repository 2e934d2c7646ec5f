"""What drives a study, to be read: which inputs have which share, what an input does alone, what builds share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..model import OUTPUTS
from ..results import Results
from .conclusions import by_scenario
from .driver_tables import TOLD
from .figures import Floats
from .stress import stress_sections
from .text import Section, criterion_name, percent
from .words import input_words, output_name, slot_words, unit_of, value_words
from .worth import look_up, measurements

NAMED = 5  # inputs that are named of a place
WIDTH = 32  # characters of a tornado's bars
DRAWN = "drawn"  # key of what a page has a figure of
CONTESTED = 0.01  # probability that first place flips, from which on it is told what cancels


def drivers(results: Results, full: bool = False) -> list[Section]:
    """What drives the results; nothing where that was not asked for, or every input is constant."""
    if "influence" not in results.figures:
        return []
    stressed = stress_sections(results.study, results.readings, full)
    found = [*_spread(results), *look_up(results, full), *measurements(results, full), *_shared(results, full)]
    return [*found, *_by_place(results), *_tornados(results), *stressed] if full else [*found, *stressed]


# --- shares of variance -------------------------------------------------------------------------------------------


def _outputs(results: Results) -> list[str]:
    return [name for name in results.figures["shapley"].variables if name in OUTPUTS]


def _spread(results: Results) -> Iterator[Section]:
    """Shares of the variance of outputs, those of the same input of every build together, the mean of all places."""
    study, group = results.study, results.figures["shapley"]
    slots: dict[str, list[int]] = {}
    for i, name in enumerate(group["input"].tolist()):
        build, _, slot = name.partition(".")
        slots.setdefault(slot or build, []).append(i)
    called = {slot: input_words(study, group["input"][rows[0]]) if len(rows) == 1 else
              f"each build's {slot_words(slot)}" for slot, rows in slots.items()}
    shares = {}
    for name in _outputs(results):
        values = group[name].reshape(len(group["input"]), -1)
        told = values[:, ~np.isnan(values).any(axis=0)]
        if told.size:
            shares[name] = [float(told[rows].sum(axis=0).mean()) for rows in slots.values()]
    if not shares:  # nothing that is looked at varies
        return
    table = sorted(zip(slots, *shares.values(), strict=True), key=lambda row: -max(row[1:]))
    rows = [[called[name], *(percent(x, 0) if x >= TOLD else "" for x in each)]
            for name, *each in table if max(each) >= TOLD]
    note = ("Share of the variance that is due to each input (Shapley effects, which sum to 100 % whether or not "
            "inputs are correlated); mean over scenarios, builds and precisions. Shares below 1 % are left out. By "
            "place: tables/indices.csv; all of them: results.nc.")
    if rows:
        yield Section("What drives the spread", ["input", *(output_name(study, name) for name in shares)], rows, note)


def _by_place(results: Results) -> Iterator[Section]:
    """Of every output that has no precisions the inputs that count, by scenario and build."""
    study, group = results.study, results.figures["shapley"]
    for name in _outputs(results):
        if group[name].ndim == 3:
            def told(s: int, values: Floats = group[name]) -> list[list[str]]:
                return [[build.label, _largest(results, values[:, s, b])] for b, build in enumerate(study.builds)]

            rows = [[names, *row] for names, cells in by_scenario(study, told) for row in cells]
            yield Section(f"What drives {output_name(study, name)}", ["scenario", "build", "share of the variance"],
                          rows, "The inputs that have most of it (Shapley effects); those that are correlated take "
                          "part in what the others do.", 3)


def _largest(results: Results, shares: Floats) -> str:
    order = np.argsort(-np.nan_to_num(shares))[:NAMED]
    named = [(str(results.figures["shapley"]["input"][i]), float(shares[i])) for i in order if shares[i] >= TOLD]
    return ", ".join(f"{input_words(results.study, name)} {percent(share, 0)}" for name, share in named) or "–"


# --- what an input does alone -------------------------------------------------------------------------------------


def _tornados(results: Results) -> Iterator[Section]:
    """CapEx of the build of least CapEx at the central values, by scenario, as each input goes from low to high."""
    study, group = results.study, results.figures["tornado"]
    if "capex_baseline" not in group.variables:
        return
    for s, scenario in enumerate(study.scenarios):
        b = int(np.argmin(group["capex_baseline"][s]))
        ends = np.stack([group[f"capex_{end}"][:, s, b] for end in ("low", "high")], axis=-1)
        base, swing = float(group["capex_baseline"][s, b]), group["capex_swing"][:, s, b]
        order = [i for i in np.argsort(-swing, kind="stable") if swing[i] > 0]
        span = min(base, ends[order].min(initial=base)), max(base, ends[order].max(initial=base))
        rows = [[input_words(study, str(group["input"][i])), _range(results, i, s), _bar(ends[i], base, span),
                 *(value_words(float(x), "USD") for x in ends[i])] for i in order]
        note = (f"Each input at its 5 % and 95 % quantile, all others at their central values, where CapEx is "
                f"{value_words(base, 'USD')} (|). Bars from {value_words(span[0], 'USD')} to "
                f"{value_words(span[1], 'USD')}. All outputs and builds, and means in the outer tenths of each input: "
                "tables/tornado.csv.")
        yield Section(f"One input at a time: CapEx of {study.builds[b].label}, {scenario}",
                      ["input", "from – to", "CapEx", "at low", "at high"], rows, note, 3, DRAWN)


def _range(results: Results, i: int, s: int) -> str:
    group = results.figures["tornado"]
    name = str(group["input"][i])
    return " – ".join(value_words(float(group[f"{end}_value"][i, s]), unit_of(name)) for end in ("low", "high"))


def _bar(ends: Floats, base: float, span: tuple[float, float]) -> str:
    """A bar of characters from one end to the other, with a mark where the baseline is."""
    at = [round((x - span[0]) / (span[1] - span[0]) * (WIDTH - 1)) for x in (*ends, base)]
    low, high = min(at), max(at)
    return "".join("|" if i == at[2] else "█" if low <= i <= high else "·" for i in range(WIDTH))


# --- what builds share --------------------------------------------------------------------------------------------


def _shared(results: Results, full: bool) -> Iterator[Section]:
    """What cancels between builds; in full of every listed criterion, and whose inputs the rest of it hangs on."""
    study, group = results.study, results.figures["shared"]
    if len(study.builds) < 2:
        return
    flips, rows = results.figures["ranking"]["first_differs"], list[list[str]]()
    for c, criterion in enumerate(study.criteria[: study.listed]):
        def told(s: int, c: int = c) -> list[list[str]]:
            shares = [group["cancels"][c, s], *group["regret_share"][c, s]]
            return [[percent(float(x), 0) for x in shares]]

        if full or flips[c].max() >= CONTESTED:
            rows += [[criterion_name(criterion), names, *cells[0]] for names, cells in by_scenario(study, told)]
    note = ("Cancels: the share of the builds' variances that they have in common, so that it is gone when they are "
            "compared; negative where what is good for one is bad for another. Then whose inputs the variance of what "
            "a choice falls short (regret) is due to: those that all builds share, or each build's own (Shapley "
            "effects).")
    if not full:
        note += " Criteria of which first place flips in 1 % of samples or more; all: tables/shared.csv."
    if rows:
        labels = [b.label for b in study.builds]
        yield Section("What builds share, and what is their own",
                      ["criterion", "scenario", "cancels", "shared", *labels], rows, note, 2)
