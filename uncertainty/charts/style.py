"""How figures look: colours that the colour-blind tell apart and that are read on light and dark, names and units."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..model import OUTPUTS
from ..report.text import number
from ..report.words import measure_words, value_words
from ..results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#1b1d1f"  # of text and axes: in SVG whatever colour the page's text has
MUTED = "#7d8187"  # of what is less important; read on light and dark alike
COLOURS = ("#0077bb", "#d55e00", "#009e73", "#b5609a", "#c98a00", "#56a7e0", "#7a6a5d")  # after Okabe and Ito
MARKERS = "os^DvPX*"
LINES = ("-", "--", ":", "-.")
HIGH, LOW = "#5b62c4", "#94861a"  # where two things are told apart that are no builds
PALE = "#b3b7e6"  # of groups beside what they are made of
SHADES = "Blues"  # from little to much
EVEN = 0.179  # luminance at which black and white are read as well (WCAG 2.2)
LABEL, WIDTH = 26, 7.2  # characters of a line of a label; inches of a figure
SCALES = {
    "USD": ((1e6, "million USD"), (1e3, "1,000 USD"), (1.0, "USD")),
    "TFLOP/s": ((1e3, "PFLOP/s"), (1.0, "TFLOP/s")),
    "TFLOP/s/USD": ((1.0, "TFLOP/s per USD"), (1e-3, "GFLOP/s per USD"), (1e-6, "MFLOP/s per USD")),
    "TFLOP/s/kW": ((1e3, "PFLOP/s per kW"), (1.0, "TFLOP/s per kW")),
    "GB": ((1e3, "TB"), (1.0, "GB")), "GB/s": ((1e3, "TB/s"), (1.0, "GB/s")),
    "GB/USD": ((1.0, "GB per USD"), (1e-3, "MB per USD")),
    "GB/s/USD": ((1.0, "GB/s per USD"), (1e-3, "MB/s per USD")),
    "GB/s/W": ((1.0, "GB/s per W"),)}
FITS = 1.5  # of a unit, from which largest value on it is used


def colour(build: int) -> str:
    """A build's colour, by its place in the study: the same in every figure."""
    return COLOURS[build % len(COLOURS)]


def owner_colour(results: Results, stream: str) -> str:
    """The colour of the build that an input belongs to, by its stream; of what builds share, none of theirs."""
    keys = [build.key for build in results.study.builds]
    key = stream.partition(".")[0]
    return colour(keys.index(key)) if key in keys else MUTED


def marker(build: int) -> str:
    """A build's marker: with its colour it is told apart where there are more builds than colours."""
    return MARKERS[build % len(MARKERS)]


def line(build: int) -> str:
    """A build's line style."""
    return LINES[build // len(COLOURS) % len(LINES)]


def ink_on(back: Sequence[float]) -> str:
    """Black or white, whichever is read better on red, green and blue from 0 to 1: with a contrast of at least 4.5."""
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in back]
    return "#ffffff" if float(np.dot([0.2126, 0.7152, 0.0722], linear)) < EVEN else "#000000"


def wrapped(text: str, width: int = LABEL, lines: int = 2) -> str:
    """A label in at most so many lines; what does not fit gives way to an ellipsis."""
    found = textwrap.wrap(text, width, break_long_words=True)
    if len(found) > lines:
        found = [*found[: lines - 1], f"{found[lines - 1][: width - 1].rstrip()}…"]
    return "\n".join(found)


def scale(unit: str, values: Any) -> tuple[float, str]:
    """What values are to be divided by to be read with ease, and the unit that they have then."""
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    options = SCALES.get(unit, ((1.0, "" if unit == "1" else unit),))
    return next((option for option in options if largest >= FITS * option[0]), options[-1])


def output_scale(results: Results, output: str, precision: str, values: Any) -> tuple[float, str]:
    """What an output's values are divided by on an axis, and the axis' label with the unit."""
    factor, unit = scale(OUTPUTS[output].unit, values)
    name = measure_words(results.study, output, precision)
    return factor, f"{name}, {unit}" if unit else f"{name}, number" if OUTPUTS[output].whole else name


def widest(low: Any, middle: Any, high: Any) -> tuple[int, ...]:
    """Where a band is widest beside its median, or if all these are zero, at all."""
    spread, beside_ = np.nan_to_num(high - low), np.nan_to_num(np.abs(middle))
    share = np.divide(spread, beside_, out=np.zeros_like(spread), where=beside_ > 0)
    return tuple(int(i) for i in np.unravel_index(np.argmax(share if share.any() else spread), spread.shape))


def sentence(text: str) -> str:
    """Words as a sentence begins."""
    return text[:1].upper() + text[1:]


def told(output: str, value: float) -> str:
    """A value of an output with its unit, for text: `$240,200`, `11`, `64.0 PFLOP/s`."""
    unit = OUTPUTS[output].unit
    if unit == "USD" or OUTPUTS[output].whole:
        return value_words(float(value), unit)
    factor, name = scale(unit, value)
    return f"{number(value / factor)} {name}".strip()


# --- axes ---------------------------------------------------------------------------------------------------------


def bare(axes: Axes, grid: str = "x") -> None:
    """No frame but the line that values are read on, a faint grid, and all in the colour of the ink."""
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(INK)
    axes.patch.set_visible(False)
    axes.tick_params(colors=INK, labelsize=8, length=0)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=MUTED, alpha=0.3, linewidth=0.6)  # type: ignore[arg-type]
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=INK, size=8.5)


def rows(axes: Axes, labels: list[str], size: float = 8) -> None:
    """Labels of rows, the first at the top."""
    axes.set_yticks(range(len(labels)), labels, fontsize=size, parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)


def legend(axes: Axes, columns: int = 4, **more: Any) -> None:
    """What is what, above the axes."""
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2} | more
    axes.legend(ncols=columns, frameon=False, fontsize=8, labelcolor=INK, handlelength=1.6, columnspacing=1.4, **place)


def beside(axes: Axes, row: float, text: str, **more: Any) -> None:
    """A note in the right margin, at the height of a row."""
    axes.annotate(text, (1.0, row), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                  **{"va": "center", "ha": "left", "fontsize": 7.5, "color": INK, **more})
