"""A study read otherwise: its ranges wider, its prices apart or together, its tails cut."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

from .copula import copula
from .distributions import Marginal, marginal
from .elicitation import levels_of
from .families import OPTIONS, PARAMETERS
from .model import INPUTS, Input
from .quantity import Quantity
from .resolve import Entry
from .study import Study

RANGES = ("uniform", "triangular", "pert")
INNER = ("p10", "p90")  # what the ends of a range are read as
TAIL = 0.05  # cut from either side
LOOSE, TIGHT = 0.0, 0.9  # Spearman coefficients of prices
PRICE = Input("USD", "price of a further component")


class Variant(NamedTuple):
    """A study read otherwise: a short name, what is changed, the study, and the uncertain inputs left as they are."""

    key: str
    meaning: str
    study: Study
    kept: tuple[str, ...]


def variants(study: Study) -> tuple[Variant, ...]:
    """The readings that change anything.

    "ranges wide", "prices apart", "prices together" and "tails cut". Central values stay the study's own, even where
    tails that are cut no longer reach them.
    """
    ends, told = " and ".join(f"{name[1:]} %" for name in INNER), _by_quantiles(study)
    wide = (f"the ends of uniform, triangular and PERT ranges read as their {ends} quantiles, within what the quantity "
            "can be")
    cut = f"no input beyond its {100 * TAIL:g} % and {100 - 100 * TAIL:g} % quantiles"

    def widen(quantity: Quantity, bounds: Input) -> Quantity:
        return quantity if quantity.value in told else _wide(quantity, bounds)

    return (*_reread(study, "ranges wide", wide, widen), *_prices(study), *_reread(study, "tails cut", cut, _cut))


def _by_quantiles(study: Study) -> set[Any]:
    """Ranges that the study's files tell by quantiles: of these the ends have been worked out, and nobody's guess."""
    found = set()
    for table in (t for text in (study.text, *study.files.values()) for t in _tables(tomllib.loads(text))):
        if table.get("dist") in RANGES and levels_of(table):
            names = {*PARAMETERS[table["dist"]], *OPTIONS, *levels_of(table)}
            found.add(marginal(table["dist"], **{name: x for name, x in table.items() if name in names}))
    return found


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    """All tables of a file."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _tables(part)


def _reread(study: Study, key: str, meaning: str, change: Callable[[Quantity, Input], Quantity]) -> Iterator[Variant]:
    """The study with its distributions changed, if any of them are."""
    kept: dict[str, bool] = {}
    change = cache(change)

    def of(entry: Entry, bounds: Input) -> Entry:
        if not entry.quantity.uncertain:
            return entry
        changed = change(entry.quantity, bounds)
        kept[entry.stream] = kept.get(entry.stream, True) and changed == entry.quantity
        return entry._replace(quantity=changed)

    entries = {name: {place: of(entry, INPUTS.get(name, PRICE)) for place, entry in places.items()}
               for name, places in study.entries.items()}
    if not all(kept.values()):
        yield Variant(key, meaning, replace(study, entries=entries), tuple(name for name, same in kept.items() if same))


def _wide(quantity: Quantity, bounds: Input) -> Quantity:
    """A range whose ends are quantiles, with the same mode; an end beyond which nothing can be stays one.

    That is an end that is the mode, or as far as the quantity or the range's own truncation goes; what would be beyond
    is truncated. As everywhere, quantiles are those before truncation.
    """
    given = quantity.value
    if not isinstance(given, Marginal) or given.kind not in RANGES:
        return quantity
    low, *mode, high = given.parameters
    least, most = max(given.low, bounds.low), min(given.high, bounds.high)
    names = ("low" if low <= least or low in mode else INNER[0], "high" if high >= most or high in mode else INNER[1])
    if names == ("low", "high"):
        return quantity
    known = dict(zip((*names, "mode"), (low, high, *mode), strict=False))
    limits = {name: end for name, end in (("min", least), ("max", most)) if math.isfinite(end)}
    try:
        return replace(quantity, value=marginal(given.kind, **known, **limits, central=given.center()))
    except ValueError:  # there is none
        return quantity


def _cut(quantity: Quantity, _: Input) -> Quantity:
    """Without its tails; values that are listed stay."""
    given = quantity.value
    if not isinstance(given, Marginal) or given.is_discrete:
        return quantity
    low, high = given.ppf([TAIL, 1 - TAIL]).tolist()
    return replace(quantity, value=replace(given, low=low, high=high, central=given.center()))


def _prices(study: Study) -> Iterator[Variant]:
    """Prices of devices that have nothing to do with each other, or nearly everything."""
    streams = dict.fromkeys(e.stream for e in study.entries["unit_price"].values() if e.quantity.uncertain)
    named = {frozenset(pair): pair for pair in study.correlation}
    pairs = [named.get(frozenset(pair), pair) for pair in combinations(streams, 2)]
    for key, rho in (("prices apart", LOOSE), ("prices together", TIGHT)):
        if any(study.correlation.get(pair, 0.0) != rho for pair in pairs):
            wanted = study.correlation | dict.fromkeys(pairs, rho)
            near = copula(sorted({name for pair in wanted for name in pair}), wanted).repaired
            yield Variant(key, f"rank correlation {rho:g} of the devices' prices"
                          f"{', as near as the other correlations allow' if near else ''}",
                          replace(study, correlation=wanted), ())
