"""The report as one HTML page that needs nothing else: text, tables, figures, and a picker of what is shown.

The template, the style and the script are beside this file. Without the script the first scenario and criterion are
shown, and every table whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from ..charts.drawn import Drawn
from ..results import Results
from ..strict import KEPT, printable
from .answer import answer, by_name, listed
from .appendix import battery_counts, criterion_words, given, provenance, ranks, sampling_errors
from .sections import by_question
from .text import Section, trust

LONG = 10  # rows from which on a table that is not a chapter's first is folded
FIGURE = re.compile(r"[<>±≥~-]?\s?[$±]?\d|–$|$")  # how a cell of figures begins
SHORT, LINE = 30, 18  # characters of such a cell at most; of words that stay on one line
FIGURES = {"wide": ("bands", "exceedance", "battery-counts"), "wins": ("ranks", "pairs", "flip", "break-even"),
           "holds": ("claims",), "drives": ("worth", "tornado", "sobol", "drivers"), "trust": ("convergence",)}
FIRST, DRAWN = "What to look up", "One input at a time"  # titles: of what comes first, of what a figure shows
Picture = tuple[Drawn, str]  # and its SVG


class Group(NamedTuple):
    """Rows of a table that are shown together: of a criterion and a scenario, or of all."""

    rows: list[list[str]]
    criterion: str = ""
    scenario: str = ""


class Grid(NamedTuple):
    """A table as the page has it, with how the cells of each column look."""

    key: str
    section: Section
    groups: list[Group]
    folded: bool
    looks: list[str]


def _looks(section: Section) -> list[str]:
    """Attributes of each column's cells, by what is in them: figures, short words, or words of some length."""
    from markupsafe import Markup

    columns = list(zip(*section.rows, strict=True)) or [()] * len(section.columns)
    return [Markup(f' class="{_look(column, i < section.words)}"') for i, column in enumerate(columns)]


def _look(column: Sequence[str], words: bool) -> str:
    longest = max((len(line) for cell in column for line in cell.split("\n")), default=0)
    if not words and longest <= SHORT and all(map(FIGURE.match, column)):
        return "n"
    return "s" if longest <= LINE else "w" if longest > SHORT else "m"


class Chapter(NamedTuple):
    """A part of the page: what it is called, the tables that come first, figures, and further tables."""

    key: str
    title: str
    lead: list[Grid]
    pictures: list[Picture]
    more: list[Grid]
    text: str = ""

    @property
    def criteria(self) -> list[str]:
        """Criteria of which it has figures; none where they hang on no criterion."""
        return list(dict.fromkeys(drawn.criterion for drawn, _ in self.pictures if drawn.criterion))


class Picks(NamedTuple):
    """What can be picked: scenarios, and criteria by name with what they are called."""

    scenarios: list[str]
    criteria: dict[str, str]

    def words(self, names: Sequence[str]) -> str:
        """What criteria are called."""
        return listed([self.criteria[name] for name in names])

    def first(self, scenario: str, criterion: str) -> bool:
        """Whether what is of these is shown at first."""
        return scenario in ("", self.scenarios[0]) and criterion in ("", next(iter(self.criteria)))


class _Page:
    """Chapters of a page, whose tables are numbered."""

    def __init__(self, results: Results, versions: dict[str, str], pictures: list[Picture]) -> None:
        self.results, self.versions, self.pictures, self.count = results, versions, pictures, 0

    @cached_property
    def picks(self) -> Picks:
        study = self.results.study
        return Picks(list(study.scenarios), {c.name: by_name(self.results, i) for i, c in enumerate(study.criteria)})

    def chapters(self) -> list[Chapter]:
        """In the order in which they are read."""
        results = self.results
        found = by_question(results, full=True)
        drives = [s for s in found.drives if not s.title.startswith(DRAWN)]
        wins = sum(s.title.startswith("Who wins") for s in found.wins)
        all_ranks = self._grid(ranks(results), False, True)
        made = [
            self._chapter("wide", "How wide", found.wide[:1], [*found.wide[1:], *battery_counts(results)]),
            self._chapter("wins", "Who wins", found.wins[:wins], found.wins[wins:]),
            self._chapter("holds", "Which conclusions hold, and what would break them", found.holds[:2],
                          found.holds[2:]),
            self._chapter("drives", "What drives it, and what to look up first",
                          [s for s in drives if s.title.startswith(FIRST)],
                          [s for s in drives if not s.title.startswith(FIRST)]),
            self._chapter("trust", "How far to trust each number", sampling_errors(results), [], trust(results)),
            self._chapter("inputs", "What went in", given(results), [])]
        made[1].lead.append(all_ranks)
        return [c for c in made if c.lead or c.more or c.pictures or c.text]

    def _chapter(self, key: str, title: str, lead: Iterable[Section], more: Iterable[Section],
                 text: str = "") -> Chapter:
        kinds = FIGURES.get(key, ())
        pictures = sorted((each for each in self.pictures if each[0].key in kinds),
                          key=lambda each: kinds.index(each[0].key))
        return Chapter(key, title, [self._grid(s) for s in lead], pictures,
                       [self._grid(s, len(s.rows) > LONG) for s in more], text)

    def made_by(self) -> Grid:
        """The table of what determines the figures."""
        return self._grid(provenance(self.results, self.versions))

    def _grid(self, section: Section, folded: bool = False, grouped: bool = False) -> Grid:
        self.count += 1
        groups = self._groups(section) if grouped else [Group(section.rows)]
        return Grid(f"table-{self.count}", section, groups, folded, _looks(section))

    def _groups(self, section: Section) -> list[Group]:
        """Rows by the criterion and the scenario that they begin with."""
        study = self.results.study
        names = {criterion_words(self.results, i): c.name for i, c in enumerate(study.criteria)}
        found: dict[tuple[str, str], list[list[str]]] = {}
        for row in section.rows:
            found.setdefault((names[row[0]], row[1]), []).append(row)
        return [Group(rows, *place) for place, rows in found.items()]


def page(results: Results, versions: dict[str, str], pictures: list[Picture]) -> str:
    """The whole of `report.html`, with figures that are drawn already."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    templates = Environment(loader=PackageLoader("uncertainty", "report"), autoescape=True, undefined=StrictUndefined,
                            trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    templates.filters |= {"glued": _glued, "printed": partial(printable, keep=KEPT)}
    made = _Page(results, versions, [(drawn, Markup(svg)) for drawn, svg in pictures])
    return templates.get_template("page.html.j2").render(
        study=results.study, answer=[_kept(s) for s in answer(results)], trust=trust(results), chapters=made.chapters(),
        picks=made.picks, made_by=made.made_by())


def _glued(text: str) -> str:
    """Text in which no line begins with the sign of per cent."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _kept(text: str) -> str:
    """Text in which no line ends within a range."""
    return text.replace("–", "\N{WORD JOINER}–\N{WORD JOINER}")
