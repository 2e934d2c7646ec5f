"""One figure with its words: what it is called, shows and says, and the SVG of it.

matplotlib's settings are global: a figure is made and drawn under a lock, with settings of its own, and they are put
back as they were. Nothing uses pyplot.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from io import BytesIO
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..model import OUTPUTS
from ..report.words import measure_words
from ..resolve import Criterion
from ..results import Results
from ..study import Study
from .style import INK, WIDTH, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOCK = RLock()
SETTINGS = {"svg.hashsalt": "uncertainty", "svg.fonttype": "none", "font.size": 9, "text.color": INK,
            "font.family": ["sans-serif"], "font.sans-serif": ["DejaVu Sans"], "hatch.linewidth": 0.6,
            "text.parse_math": False}  # a $ is a dollar
FONT = "'DejaVu Sans'"  # which text is measured by; the reader's own is used
DARK = "#e6e8ea"
Floats = NDArray[np.float64]


class View(NamedTuple):
    """Results as seen by one criterion in one scenario, by their places in the study."""

    results: Results
    scenario: int
    criterion: int

    @property
    def study(self) -> Study:
        """What was run."""
        return self.results.study

    @property
    def by(self) -> Criterion:
        """The criterion."""
        return self.study.criteria[self.criterion]

    @property
    def where(self) -> str:
        """The scenario."""
        return self.study.scenarios[self.scenario]

    @property
    def title(self) -> str:
        """The criterion in words."""
        return measure_words(self.study, self.by.output, self.by.precision)

    def of(self, group: str, name: str) -> Floats:
        """An array over (..., criterion, scenario, ...) that has these first, at this place."""
        found: Floats = self.results.figures[group][name][self.criterion, self.scenario]
        return found

    @property
    def present(self) -> list[int]:
        """Builds that the criterion can rank."""
        return [int(i) for i in np.flatnonzero(~np.isnan(self.of("ranking", "rank_acceptability")[:, 0]))]

    @property
    def first(self) -> int:
        """The build that is most probably the best."""
        return int(np.nanargmax(self.of("ranking", "rank_acceptability")[:, 0]))


def pick(values: Floats, view: View) -> Floats:
    """Values (..., scenario, build[, precision]) of the criterion's output at the view: (..., build)."""
    if OUTPUTS[view.by.output].typed:
        values = values[..., view.study.precisions.index(view.by.precision)]
    return values[..., view.scenario, :]


@dataclass(frozen=True)
class Drawn:
    """A figure with its words.

    Attributes
    ----------
    key : what kind of figure it is
    title, alt, caption : what it is called; what it looks like, for who cannot see it; what it shows and says
    paint : draws it, on an Axes, or on an array of so many rows and columns
    height : [inches]
    scenario, criterion : that it is of, or the output; "" where it is of all
    claim : that it is of, by its id
    """

    key: str
    title: str
    alt: str
    caption: str
    paint: Callable[[Any], None]
    height: float
    grid: tuple[int, int] = (1, 1)
    scenario: str = ""
    criterion: str = ""
    claim: str = ""

    @property
    def name(self) -> str:
        """A name that no other figure of a study has, fit for a file and for the ids of a page."""
        parts = (part for part in (self.key, self.scenario, self.criterion, self.claim) if part)
        return "-".join(word for part in parts for word in re.findall(r"[\w-]+", part))

    def figure(self) -> Figure:
        """The figure, drawn with the settings of all."""
        from matplotlib.figure import Figure

        with _settings():
            figure = Figure(figsize=(WIDTH, self.height), layout="constrained", facecolor="none")
            axes = figure.subplots(*self.grid, squeeze=False, sharex="col" if self.grid != (1, 1) else "none")
            self.paint(axes[0, 0] if self.grid == (1, 1) else axes)
            figure.suptitle(wrapped(self.title, 88), x=0.01, ha="left", fontsize=10, fontweight="bold", color=INK)
            return figure

    def svg(self, alone: bool = False) -> str:
        """SVG text to be put into a page, whose text colour it takes; `alone` for a file, which brings its own.

        The same bytes for the same figures and version of matplotlib.
        """
        target = BytesIO()
        with _settings():
            self.figure().savefig(target, format="svg", transparent=True,
                                  metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        text = _own(target.getvalue().decode(), self)
        return self.standing(text) if alone else text

    def _repr_svg_(self) -> str:
        """The figure as a notebook shows it."""
        return self.svg(alone=True)

    def standing(self, svg: str) -> str:
        """The SVG text of a page as that of a file, which brings its own colours, for light and for dark."""
        head, rest = svg.split(">", 1)
        own = f"#{self.name}"
        return (f"{head}><style>{own}{{color:{INK}}}@media (prefers-color-scheme:dark){{{own}{{color:{DARK}}}}}"
                f"</style>{rest}")


@contextmanager
def _settings() -> Iterator[None]:
    """matplotlib as it comes, with the settings of all figures, whatever the user has."""
    import matplotlib

    plain: dict[Any, Any] = {k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith("backend")}
    with LOCK, matplotlib.rc_context(plain | SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")  # the reader's font has it, or not
        yield


# --- SVG ----------------------------------------------------------------------------------------------------------


def _own(svg: str, drawn: Drawn) -> str:
    """matplotlib's SVG with ids of its own, the page's colour and font, short numbers, and words for who cannot see."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg"):], flags=re.DOTALL)
    svg = svg.replace(INK, "currentColor").replace(FONT, "sans-serif").replace("sans-serif, sans-serif", "sans-serif")
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), svg)
    svg = re.sub(r'<g clip-path="([^"]*)">((?:\s*<use [^>]*/>){2,})\s*</g>', _lighter, svg)
    svg = re.sub(r"\n\s*", "\n", _named(svg, drawn.name).replace("*{stroke", f"#{drawn.name} *{{stroke"))
    words = (f'<title id="{drawn.name}-title">{escape(drawn.title)}</title>'
             f'<desc id="{drawn.name}-desc">{escape(drawn.alt)}</desc>')
    head, rest = svg.split(">", 1)
    about = f' id="{drawn.name}" role="img" aria-labelledby="{drawn.name}-title {drawn.name}-desc"'
    return f"{head}{about}>{words}{rest}".rstrip() + "\n"


def _named(svg: str, name: str) -> str:
    """Ids that are referred to, so that no other figure of a page has them; none of the others."""
    used, lead = set(re.findall(r'(?:href="|url\()#([\w.-]+)', svg)), f"f{crc32(name.encode()):08x}-"
    svg = re.sub(r' id="([^"]*)"', lambda own: f' id="{lead}{own[1]}"' if own[1] in used else "", svg)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{lead}", svg)


def _lighter(group: re.Match[str]) -> str:
    """Markers of one look, with that look said once; others as they are."""
    styles = set(re.findall(r' style="([^"]*)"', group[2]))
    if len(styles) != 1:
        return group[0]
    return f'<g clip-path="{group[1]}" style="{styles.pop()}">{re.sub(" style=.*?(?=/>)", "", group[2])}</g>'
