"""Two results side by side, to be read: what went in otherwise, what came out otherwise, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from ..analysis.error import Estimate, half_width
from ..comparing import Comparison, Move, first_places, hands, other_verdict, verdicts
from ..sides import LEVELS, Figure
from .changes import inputs, labels, settings
from .text import Section, named, number, percent
from .words import count_words, stream_words

TOLD = 3  # changes that are named as what explains a move
LEAST = 0.05  # share of all that is explained that one of them has
MUCH = 0.1  # a probability that moves by less is told where the first or the verdict is another
MOST = 10  # first places that are told


class Sections(NamedTuple):
    """Tables by what they answer."""

    changed: list[Section]
    wide: list[Section]
    wins: list[Section]
    holds: list[Section]


def gist(comparison: Comparison) -> list[str]:
    """What it comes to, in a few lines of which the first is a title."""
    before, after = comparison.before.name, comparison.after.name
    if comparison.same:
        return [f"{before} and {after}: no difference."]
    return [f"{before} -> {after}", *_in_short(comparison)]


def sections(comparison: Comparison) -> Sections:
    """The tables; none where there is no difference."""
    if comparison.same:
        return Sections([], [], [], [])
    return Sections([*inputs(comparison), *settings(comparison.settings)], _bands(comparison), _firsts(comparison),
                    _claims(comparison))


def trust(comparison: Comparison) -> str:
    """How differences were judged, and attributed."""
    told = comparison.moves and not comparison.same
    return f"{_errors(comparison)}{_explained(comparison)}" if told else ""


# --- in short ----------------------------------------------------------------------------------------------------


def _in_short(comparison: Comparison) -> Iterator[str]:
    numbers = [change for change in comparison.inputs if not change.source_only]
    several = len({(change.spots[0].input, *(spot.build for spot in change.spots)) for change in numbers})
    if not comparison.moves:
        yield ("They have no scenario and build in common: neither what went in there nor what came out can be "
               "compared.")
        return
    yield (f"{count_words(several, 'input')} and {count_words(len(comparison.settings), 'setting')} changed. Beyond "
           "sampling error moved:")
    for kind, things in (("quantile", "CapEx medians"), ("first", "probabilities of first place"), ("claim", "claims")):
        every = [m for m in comparison.moves if m.figure.kind == kind and (kind != "quantile" or _is_median(m.figure))]
        some = [m for m in every if m.moved]
        if every:
            yield f"  {len(some)} of {len(every)} {things}{_reach(kind, some)}"


def _is_median(figure: Figure) -> bool:
    return figure.name == "capex" and figure.level == 0.5


def _reach(kind: str, moves: list[Move]) -> str:
    if not moves:
        return ""
    low, high = (f(m.difference for m in moves) for f in (min, max))
    if kind == "quantile":
        return f", by {low:+,.0f} to {high:+,.0f} USD"
    if kind == "first":
        most = 100 * max(high, -low)
        return f", by up to {most:.0f} points" if most >= 0.5 else ", by less than a point"
    return f", {sum(other_verdict(m) for m in moves) or 'none'} to another verdict"


def _errors(comparison: Comparison) -> str:
    if comparison.replicates:
        return (f"Errors of differences, 95 %: of {comparison.replicates} pairs of replicates, both studies run again "
                "on the same draws.")
    return ("Errors of differences, 95 %: of both runs, taken as independent; of what is the same, one figure in "
            "twenty is beyond them by chance.")


def _explained(comparison: Comparison) -> str:
    found = comparison.attribution
    if found is None:
        return f" What explains the moves cannot be told: {comparison.why}." if comparison.why else ""
    changes = len(found.changes)
    orders = (f"{found.orders} orders drawn at random" if found.orders else
              "both orders" if changes == 2 else f"all {math.factorial(changes)} orders")
    how = f"changes made one after the other, averaged over {orders}" if changes > 1 else "the one change"
    return (f" What explains a move: {how}, on {found.replicates} x "
            f"{found.samples:,} samples of the same draws{_order_error(comparison)}. There the parts sum to the whole "
            "move, which is that of the tables but for sampling error.")


def _order_error(comparison: Comparison) -> str:
    found = comparison.attribution
    if found is None or not found.orders:
        return ""
    errors = half_width(found.order_se.max(axis=1), found.orders // 2).tolist()
    dollars, shares = ([error for figure, error in zip(found.figures, errors, strict=True)
                        if (figure.kind in ("first", "claim")) == is_share] for is_share in (False, True))
    return (f"; by taking some orders only a part is off by {max(dollars, default=0.0):,.0f} USD or "
            f"{100 * max(shares, default=0.0):.2g} points at most, 95 %")


# --- what came out -----------------------------------------------------------------------------------------------


def _bands(comparison: Comparison) -> list[Section]:
    """CapEx and battery units where they moved, and of builds that only one side has."""
    before, after = comparison.sides
    moves, called = {move.figure: move for move in comparison.moves}, labels(comparison)
    rows = []
    for scenario, build in product(comparison.common("scenarios"), before.builds | after.builds):
        found = [[Figure("quantile", name, scenario, build, "", level) for level in LEVELS]
                 for name in ("capex", "battery_count")]
        if build not in before.builds or build not in after.builds:
            why = "new" if build in after.builds else "left out"
            rows.append([scenario, called[build], *_cells(comparison, found), why])
        elif any(figure in moves and moves[figure].moved for each in found for figure in each):
            cells = ["=" if not any(moves[figure].moved for figure in each if figure in moves) else cell
                     for each, cell in zip(found, _cells(comparison, found), strict=True)]
            rows.append([scenario, called[build], *cells, _because(comparison, moves.get(found[0][1]), 1e-3)])
    note = ("Median [5 % to 95 % quantile], before and below it after; = where nothing is beyond sampling error, and "
            "no row where that is so of both. Why: of the median of CapEx, in 1,000 USD; parts below "
            f"{100 * LEAST:.0f} % are left out. The budget buys as many devices as it can: cheaper ones mean more of "
            "them, and more batteries. Devices and throughput / USD: --json.")
    columns = ["scenario", "build", "CapEx, 1,000 USD", "batteries", "why the median"]
    return [Section("How wide: before, and below it after", columns, rows, note, 5)] if rows else []


def _cells(comparison: Comparison, found: list[list[Figure]]) -> list[str]:
    """CapEx in 1,000 USD and battery units, before and after; a dash where a side does not have them."""
    return ["\n".join(_band([side.figures.get(figure) for figure in each], scale)
                      for side in comparison.sides)
            for each, scale in zip(found, (1e3, 1.0), strict=True)]


def _band(figures: list[Estimate | None], scale: float) -> str:
    if any(figure is None for figure in figures):
        return "–"
    low, middle, high = (number(figure.value / scale, decimals=int(scale > 1)) for figure in figures if figure)
    return middle if low == high else f"{middle} [{low}–{high}]"


def _because(comparison: Comparison, move: Move | None, scale: float) -> str:
    """What explains a move, the most first."""
    found = comparison.attribution
    if found is None or move is None or move.figure not in found.figures:
        return "–"
    adds = (scale * found.parts.value[found.figures.index(move.figure)]).tolist()
    parts = sorted(zip(found.changes, adds, strict=True), key=lambda part: -abs(part[1]))
    least = LEAST * sum(map(abs, adds))
    if not least:
        return "–"  # it moved by chance: nothing that has changed bears on it
    told = [part for part in parts[:TOLD] if abs(part[1]) >= least]
    rest = sum(add for _, add in parts[len(told):])
    words = [f"{stream_words(labels(comparison), change)} {add:+,.1f}" for change, add in told]
    return "\n".join([*words, *([f"others {rest:+,.1f}"] if abs(rest) >= least else [])])


def _firsts(comparison: Comparison) -> list[Section]:
    """First places that change hands, or of which the probability moves much."""
    moves = {move.figure: move for move in comparison.moves if move.figure.kind == "first"}
    places = list(dict.fromkeys((figure.name, figure.scenario) for figure in moves))
    rows: list[tuple[bool, float, list[str]]] = []
    for place in places:
        was, now = (next(iter(shares.items())) for shares in first_places(comparison, *place))
        sure, move = hands(comparison, *place)[1], moves.get(Figure("first", *place, now[0]))
        much = abs(move.difference) if move and move.moved else 0.0
        if sure or much >= MUCH:
            cells = [f"{labels(comparison)[build]}\n{percent(share, 0)}" for build, share in (was, now)]
            why = "a new build" if now[0] not in comparison.before.builds else _because(comparison, move, 100)
            rows.append((sure, much, [named(place[0]), place[1], *cells, why]))
    grouped: dict[tuple[str, ...], list[str]] = {}
    for *_, (name, scenario, *cells) in sorted(rows, key=lambda row: (not row[0], -row[1])):
        grouped.setdefault((name, *cells), []).append(scenario)
    found = [[name, ", ".join(scenarios), *cells] for (name, *cells), scenarios in grouped.items()]
    note = _counts(len(places), sum(sure for sure, *_ in rows), len(found) - MOST)
    columns = ["criterion", "scenario", "before", "after", "why"]
    return [Section("Who wins: before -> after", columns, found[:MOST], note, 5)] if found else []


def _counts(of: int, hands: int, more: int) -> str:
    """How many first places change hands, and what a row tells."""
    left = f" {more} more: --json." if more > 0 else ""
    return (f"Of {of} first places, by criterion and scenario, {hands or 'none'} change{'s' * (hands <= 1)} hands; "
            f"then those whose first gains or loses {100 * MUCH:.0f} points or more.{left} Why: of P(first) of the "
            "first after, in points.")


def _claims(comparison: Comparison) -> list[Section]:
    """Claims of another verdict, or of which the probability moves much; the largest moves first."""
    moved = comparison.moved("claim")
    told = [m for m in moved if other_verdict(m) or abs(m.difference) >= MUCH]
    rows = [[m.figure.name, comparison.after.claims[m.figure.name][0],
             *(f"{percent(p.value)}\n{word}" for p, word in zip((m.before, m.after), verdicts(m), strict=True)),
             _because(comparison, m, 100)] for m in sorted(told, key=lambda m: -abs(m.difference))]
    other, quiet = sum(map(other_verdict, moved)), len(moved) - len(told)
    rest = f" {quiet} more moved by less than {100 * MUCH:.0f} points: --json." if quiet else ""
    note = (f"{other or 'None'} of {count_words(sum(m.figure.kind == 'claim' for m in comparison.moves), 'claim')} "
            f"{'has' if other <= 1 else 'have'} another verdict.{rest} Why: in points of P(holds).")
    return [Section("Which conclusions hold: before -> after", ["id", "claim", "before", "after", "why"], rows, note, 5)
            ] if rows else []
