"""Inputs and their values in words: `A5000 price`, `$2,206`; and what would break a conclusion, in a line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..axes import Axis, Label
from ..breaking import CLEAR, Break, Crossing, Move
from ..model import INPUTS
from ..study import Study
from .text import named, percent

DIRECTIONS = {"holds at high values": "high", "holds at low values": "low"}


def input_words(study: Study, name: str) -> str:
    """An input as `Break` names it, in words: `PRO 6000 sustained ratio fp16`, `PUE (engineering)`."""
    return stream_words({build.key: build.label for build in study.builds}, name)


def stream_words(labels: Mapping[str, str], name: str) -> str:
    """The same by what builds are called."""
    stream, opening, scenarios = name.partition(" (")
    build, _, slot = stream.partition(".")
    lead, slot = ([labels[build]], slot) if build in labels and slot else ([], stream)
    return " ".join([*lead, slot_words(slot)]) + opening + scenarios


def slot_words(slot: str) -> str:
    """An input in words, whatever build it is of: `price`, `PUE`, `sustained ratio fp16`."""
    return "PUE" if slot == "pue" else slot.replace("unit_", "").replace("_", " ").replace(".", " ")


def unit_of(stream: str) -> str:
    """The unit of a stream's input; that of a component is USD."""
    return next((INPUTS[part].unit for part in stream.split(".") if part in INPUTS), "USD")


def count_words(number: int, thing: str) -> str:
    """A number of things: `2 builds`, `1 build`, `no builds`."""
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


def output_name(study: Study, name: str) -> str:
    """An output in words: `CapEx`, `Powerwalls`, `throughput / USD`."""
    words = {"capex": "CapEx", "battery_count": f"{study.battery.label}s"}
    return words.get(name) or named(name)


def value_words(value: float, unit: str, beyond: float = 0.0) -> str:
    """A value with its unit: `$2,206`, `0.106 kW`, `1.31`, `0`; rounded up or down where it is to lie `beyond` it."""
    if unit == "USD":
        return f"${_rounded(value, 0 if abs(value) >= 100 else 2, beyond):,.{0 if abs(value) >= 100 else 2}f}"
    decimals = 0 if value.is_integer() or not value else max(0, 2 - math.floor(math.log10(abs(value))))
    shown = f"{_rounded(value, decimals, beyond):,.{decimals}f}"
    return shown if unit == "1" else f"{shown} {unit}"


def _rounded(value: float, decimals: int, beyond: float) -> float:
    """To so many decimals; to the next, and not back to less than a value, in the direction of `beyond`."""
    near = round(value, decimals)
    back = (near - value) * beyond < 0
    return near + math.copysign(10.0**-decimals, beyond) if back else near


def _target(move: Move) -> str:
    """Where an input goes, rounded away from the central value: at that it is flipped, if the others are too."""
    return value_words(move.value, move.unit, move.value - move.central)


def flip_words(study: Study, found: Break, most: int, centers: bool = False) -> str:
    """The nearest flip: at most so many of its inputs, those that take most of the distance; or why there is none."""
    if not found.searched:
        return "no input of this study bears on it"
    if not found.moves:
        limit = "" if math.isnan(found.upper_limit) else f"; P < {100 * found.upper_limit:.2g} %"
        return f"none found within {found.radius:g} sigma ({found.searched:,} points tried){limit}"
    told = ", ".join(f"{input_words(study, move.input)} {_target(move)}"
                     + (f" (central {value_words(move.central, move.unit)})" if centers else "")
                     for move in found.moves[:most])
    more = f" and {len(found.moves) - most} more" if len(found.moves) > most else ""
    return f"{'fails' if found.held else 'holds'} at {told}{more}"


def threat(study: Study, found: Break, full: bool = False) -> str:
    """The input that decides most, and at which of its values it holds; a dash for none."""
    first = found.separation[0] if found.separation and found.separation[0].adjusted < CLEAR else None
    where = first.direction if first and full else DIRECTIONS.get(first.direction, "") if first else ""
    where = f" ({where})" if where else ""
    return f"{input_words(study, found.threat)}{where}" if found.threat else "–"


def flipped_words(found: Break) -> str:
    """The sampled probability of a flip; of what no sample showed, its limit."""
    share = float(found.flips.value)
    return percent(share) if share or not found.searched else below(found.upper_limit)


def below(limit: float) -> str:
    """Less than a probability."""
    return f"<{percent(limit).lstrip('<>')}"


def above(limit: float) -> str:
    """As good as certain: all but what is less probable than a limit."""
    return f">{percent(1 - limit).lstrip('<>')}"


def sigma(distance: float) -> str:
    """A distance from the central values."""
    return "–" if math.isinf(distance) else f"{distance:.1f}" if distance >= 0.05 else "<0.1"


def ranges(crossings: Iterable[Crossing]) -> str:
    """Intervals of one input's values: `up to $2,250; from $15,996`, which goes on to the end of what was searched."""
    told = []
    for crossing in crossings:
        low, high = value_words(crossing.low, crossing.unit, 1.0), value_words(crossing.high, crossing.unit, -1.0)
        if crossing.first or crossing.last:
            told.append(f"up to {high}" if crossing.first else f"from {low}")
        else:
            told.append(low if low == high else f"{low} to {high}")
    return "; ".join(told)


def share_there(crossings: Iterable[Crossing]) -> str:
    """The probability that an input lies in any of these intervals."""
    return percent(min(float(np.sum([c.probability for c in crossings])), 1.0))


def measure_words(study: Study, output: str, precision: str = "") -> str:
    """An output with its precision, in words: `CapEx`, `Powerwalls`, `throughput fp16`."""
    return " ".join(filter(None, [output_name(study, output), precision]))


def label_words(axis: Axis, label: Label) -> str:
    """A value with its unit: `$25,000`, `8 h`, `hardware`."""
    if isinstance(label, str):
        return label
    figure = f"{label:,.10g}"
    return f"${figure}" if axis.unit == "USD" else figure if axis.unit == "1" else f"{figure} {axis.unit}"


def axis_words(study: Study, axis: Axis) -> str:
    """A swept quantity in words: `A5000 price`, `run hours`."""
    return input_words(study, axis.name)


def place_words(study: Study, labels: Sequence[Label]) -> list[str]:
    """Values of the first swept quantities in words, `$25,000`, `8 h`; with a name where a value does not tell it."""
    units = [axis.unit for axis in study.sweep if not isinstance(axis.labels[0], str)]
    clear = {unit for unit in units if unit != "1" and units.count(unit) == 1}
    return [label_words(axis, label) if isinstance(label, str) or axis.unit in clear else
            f"{axis_words(study, axis)} {label_words(axis, label)}"
            for axis, label in zip(study.sweep, labels, strict=False)]
