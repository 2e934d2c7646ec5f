"""Two results side by side, to be read: what went in otherwise, what came out otherwise, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from ..analysis.error import half_width
from ..comparing import Change, Comparison, Move, Setting, verdicts
from ..sides import Figure, Told
from .text import Section, named, number, percent
from .words import stream_words, value_words

TOLD = 3  # changes that are named as what explains a move
LEAST = 0.05  # share of all that is explained that one of them has
MUCH = 0.1  # a probability that moves by less is told where the first or the verdict is another
MOST = 10  # first places and sources that are told
WIDE = 80  # columns of a line


def gist(comparison: Comparison) -> list[str]:
    """What it comes to, in a few lines of which the first is a title."""
    before, after = comparison.before.name, comparison.after.name
    if comparison.same:
        return [f"{before} and {after}: no difference."]
    return [f"{before} -> {after}", *_in_short(comparison)]


def sections(comparison: Comparison) -> list[Section]:
    """The tables; none where there is no difference."""
    if comparison.same:
        return []
    return [*_inputs(comparison), *_settings(comparison.settings), *_bands(comparison), *_firsts(comparison),
            *_claims(comparison)]


def trust(comparison: Comparison) -> str:
    """How differences were judged, and attributed."""
    told = comparison.moves and not comparison.same
    return f"{_errors(comparison)}{_explained(comparison)}" if told else ""


# --- in short ----------------------------------------------------------------------------------------------------


def _in_short(comparison: Comparison) -> Iterator[str]:
    numbers = [change for change in comparison.inputs if not change.source_only]
    inputs = len({(change.spots[0].input, *(spot.build for spot in change.spots)) for change in numbers})
    if not comparison.moves:
        yield ("They have no scenario and build in common: neither what went in there nor what came out can be "
               "compared.")
        return
    yield (f"{_count(inputs, 'input')} and {_count(len(comparison.settings), 'setting')} changed. Beyond sampling "
           "error moved:")
    for kind, things in (("quantile", "CapEx medians"), ("first", "probabilities of first place"), ("claim", "claims")):
        every = [m for m in comparison.moves if m.figure.kind == kind and (kind != "quantile" or _is_median(m.figure))]
        some = [m for m in every if m.moved]
        if every:
            yield f"  {len(some)} of {len(every)} {things}{_reach(kind, some)}"


def _count(number_: int, thing: str) -> str:
    return f"{number_ or 'no'} {thing}{'' if number_ == 1 else 's'}"


def _is_median(figure: Figure) -> bool:
    return figure.name == "capex" and figure.level == 0.5


def _reach(kind: str, moves: list[Move]) -> str:
    if not moves:
        return ""
    low, high = (f(m.difference for m in moves) for f in (min, max))
    if kind == "quantile":
        return f", by {low:+,.0f} to {high:+,.0f} USD"
    if kind == "first":
        return f", by up to {100 * max(high, -low):.0f} points"
    return f", {sum(_other_verdict(m) for m in moves) or 'none'} to another verdict"


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
              {1: "the one order", 2: "both orders"}.get(changes, f"all {math.factorial(changes)} orders"))
    return (f" What explains a move: changes made one after the other, averaged over {orders}, on {found.replicates} x "
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


# --- what went in ------------------------------------------------------------------------------------------------


def _inputs(comparison: Comparison) -> list[Section]:
    changes = [change for change in comparison.inputs if not change.source_only]
    rows = [[_name(change), _where(comparison, change) or "everywhere", *_values(change)] for change in changes]
    return [Section("What went in: inputs that changed", ["input", "where", "before", "after"], rows,
                    _sources(comparison), 4)] if rows or comparison.inputs else []


def _name(change: Change) -> str:
    return stream_words({}, change.spots[0].input)


def _where(comparison: Comparison, change: Change, scenarios_too: bool = True) -> str:
    """Builds, scenarios and precisions of a change; what is the case for all goes without saying."""
    called = _labels(comparison)
    builds, scenarios, precisions = ([x for x in dict.fromkeys(column) if x] for column in zip(
        *((s.build, s.scenario, s.precision) for s in change.spots), strict=True))
    common = [b for b in comparison.before.builds if b in comparison.after.builds]
    told = [] if len(builds) == len(common) > 1 else [called[b] for b in builds]
    every = [s for s in comparison.before.scenarios if s in comparison.after.scenarios]
    if {*precisions} >= {*comparison.before.precisions, *comparison.after.precisions}:
        precisions = []
    words = [told, scenarios if scenarios_too and len(scenarios) < len(every) else [], precisions]
    return "; ".join(", ".join(each) for each in words if each)


def _labels(comparison: Comparison) -> dict[str, str]:
    """What builds are called; by a folder whose study cannot be had, by their keys."""
    one, other = comparison.before.builds, comparison.after.builds
    return {key: next((x for x in (one.get(key), other.get(key)) if x not in (None, key)), key)
            for key in one | other}


def _values(change: Change) -> list[str]:
    """Before and after, as ranges; where these are alike, as the distributions that they are."""
    told = [_value(x) for x in change[1:]]
    return told if told[0] != told[1] else ["none" if x is None else x.value for x in change[1:]]


def _value(told: Told | None) -> str:
    if told is None:
        return "none"
    if math.isnan(told.central):
        return told.value  # in words
    middle = value_words(told.central, told.unit)
    if math.isnan(told.low):
        return middle
    if told.low == told.high:
        return told.value
    low, high = (value_words(x, told.unit).lstrip("$").removesuffix(f" {told.unit}") for x in (told.low, told.high))
    return f"{middle} [{low}–{high}]"


def _sources(comparison: Comparison) -> str:
    """Where what is new comes from."""
    changes = [c for c in comparison.inputs if not c.source_only]
    named_ = [(", ".join(filter(None, [_name(c), _where(comparison, c, False)])), c.after) for c in changes]
    found = list(dict.fromkeys(_short(f"  {name}: {after.source}") for name, after in named_
                               if after is not None and after.source not in ("", "default")))
    found[MOST:] = [f"  and {len(found) - MOST} more: --json"] if len(found) > MOST else []
    told = "Central value [5 % to 95 % quantile]." if changes else ""
    told += f" Sources now:\n{chr(10).join(found)}" if found else ""
    only = dict.fromkeys(_name(c) for c in comparison.inputs if c.source_only)
    return (told + (f"\nOnly the evidence is other of: {', '.join(only)}." if only else "")).strip()


def _short(line: str) -> str:
    return line if len(line) <= WIDE else f"{line[: WIDE - 4].rsplit(' ', 1)[0].rstrip(',;:.')} ..."


def _settings(settings: tuple[Setting, ...]) -> list[Section]:
    rows = [[_short(cell) for cell in setting] for setting in settings]
    return [Section("What else changed", ["setting", "before", "after"], rows, words=3)] if rows else []


# --- what came out -----------------------------------------------------------------------------------------------


def _bands(comparison: Comparison) -> list[Section]:
    """CapEx and battery units where they moved."""
    moves = {move.figure: move for move in comparison.moves}
    rows, called = [], _labels(comparison)
    for scenario, build in product(comparison.before.scenarios, comparison.before.builds):
        found = [[moves.get(Figure("quantile", name, scenario, build, "", level)) for level in (0.05, 0.5, 0.95)]
                 for name in ("capex", "battery_count")]
        if any(move and move.moved for each in found for move in each):
            cells = [_band(found[0], 1e3), _band(found[1], 1.0)]
            rows.append([scenario, called[build], *cells, _because(comparison, found[0][1], 1e-3)])
    note = ("Median [5 % to 95 % quantile], before and below it after; = where nothing is beyond sampling error. Why: "
            f"of the median of CapEx, in 1,000 USD; parts below {100 * LEAST:.0f} % are left out. The budget buys "
            "as many devices as it can: cheaper ones mean more of them, and more batteries. Devices and throughput / "
            "USD: --json.")
    columns = ["scenario", "build", "CapEx, 1,000 USD", "batteries", "why the median"]
    return [Section("How wide: before, and below it after", columns, rows, note, 5)] if rows else []


def _band(moves: list[Move | None], scale: float) -> str:
    if any(move is None for move in moves):
        return "–"
    low, middle, high = (move for move in moves if move)
    if not any(move.moved for move in (low, middle, high)):
        return "="
    shown = [[number(x.value / scale, decimals=int(scale > 1)) for x in each]
             for each in ((m.before for m in (low, middle, high)), (m.after for m in (low, middle, high)))]
    return "\n".join(b if a == c else f"{b} [{a}–{c}]" for a, b, c in shown)


def _because(comparison: Comparison, move: Move | None, scale: float) -> str:
    """What explains a move, the most first."""
    found = comparison.attribution
    if found is None or move is None or move.figure not in found.figures:
        return "–"
    adds = (scale * found.parts.value[found.figures.index(move.figure)]).tolist()
    parts = sorted(zip(found.changes, adds, strict=True), key=lambda part: -abs(part[1]))
    least = LEAST * sum(map(abs, adds))
    told = [part for part in parts[:TOLD] if abs(part[1]) >= least]
    rest = sum(add for _, add in parts[len(told):])
    words = [f"{stream_words(_labels(comparison), change)} {add:+,.1f}" for change, add in told]
    return "\n".join([*words, *([f"others {rest:+,.1f}"] if abs(rest) >= least else [])])


def _firsts(comparison: Comparison) -> list[Section]:
    """First places that change hands, or of which the probability moves much."""
    places: dict[tuple[str, str], list[Move]] = {}
    for move in comparison.moves:
        if move.figure.kind == "first":
            places.setdefault((move.figure.name, move.figure.scenario), []).append(move)
    tops = [(max(moves, key=lambda m: m.before.value), max(moves, key=lambda m: m.after.value))
            for moves in places.values()]
    hands = [one is not other and one.moved and other.moved for one, other in tops]
    told = [(new, one, other) for new, (one, other) in zip(hands, tops, strict=True)
            if new or (other.moved and abs(other.difference) >= MUCH)]
    grouped: dict[tuple[str, ...], list[str]] = {}
    for _, one, other in sorted(told, key=lambda row: (not row[0], -abs(row[2].difference))):
        cells = [f"{_labels(comparison)[m.figure.build]}\n{percent(p, 0)}"
                 for m, p in ((one, one.before.value), (other, other.after.value))]
        grouped.setdefault((named(other.figure.name), *cells, _because(comparison, other, 100)), []).append(
            other.figure.scenario)
    rows = [[name, ", ".join(scenarios), *cells] for (name, *cells), scenarios in grouped.items()]
    return [Section("Who wins: before -> after", ["criterion", "scenario", "before", "after", "why"], rows[:MOST],
                    _counts(len(tops), sum(hands), len(rows) - MOST), 5)] if rows else []


def _counts(of: int, hands: int, more: int) -> str:
    """How many first places change hands, and what a row tells."""
    left = f" {more} more: --json." if more > 0 else ""
    return (f"Of {of} first places, by criterion and scenario, {hands or 'none'} change{'s' * (hands <= 1)} hands; "
            f"then those whose first gains or loses {100 * MUCH:.0f} points or more.{left} Why: of P(first) of the "
            "first after, in points.")


def _claims(comparison: Comparison) -> list[Section]:
    """Claims of another verdict, or of which the probability moves much; the largest moves first."""
    moved = comparison.moved("claim")
    told = [m for m in moved if _other_verdict(m) or abs(m.difference) >= MUCH]
    rows = [[m.figure.name, comparison.after.claims[m.figure.name][0],
             *(f"{percent(p.value)}\n{word}" for p, word in zip((m.before, m.after), verdicts(m), strict=True)),
             _because(comparison, m, 100)] for m in sorted(told, key=lambda m: -abs(m.difference))]
    other, quiet = sum(map(_other_verdict, moved)), len(moved) - len(told)
    note = (f"{other} of {sum(m.figure.kind == 'claim' for m in comparison.moves)} claims have another verdict; "
            f"{quiet or 'none'} more moved by less than {100 * MUCH:.0f} points: --json. Why: in points of P(holds).")
    return [Section("Which conclusions hold: before -> after", ["id", "claim", "before", "after", "why"], rows, note, 5)
            ] if rows else []


def _other_verdict(move: Move) -> bool:
    """Whether a claim has another verdict; holds always counts as robust, never as unlikely."""
    one, other = ({"holds always": "robust", "never": "unlikely"}.get(word, word) for word in verdicts(move))
    return one != other
