"""A report as one HTML page that needs nothing else: text, tables, figures, and a picker of what is shown.

The template, the style and the script are beside this file. Without the script the first scenario and criterion are
shown, and every table whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple

from ..charts.drawn import Drawn
from ..report.answer import listed
from ..report.text import Section
from ..strict import KEPT, printable

FIGURE = re.compile(r"[<>±≥~-]?\s?[$±]?\d|–$|$")  # how a cell of figures begins
LONG = 10  # rows from which on a table that may be folded is
SHORT, LINE = 30, 18  # characters of such a cell at most; of words that stay on one line
Picture = tuple[Drawn, str]  # and its SVG


class Group(NamedTuple):
    """Rows of a table that are shown together: of a scenario and a criterion, or of all."""

    rows: list[list[str]]
    scenario: str = ""
    criterion: str = ""


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

    @property
    def filled(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.lead or self.pictures or self.more or self.text)


Options = list[tuple[str, str]]  # values, and what they are called


class Picks(NamedTuple):
    """What can be picked: scenarios, criteria by name with what they are called, and which of these are drawn."""

    scenarios: list[str]
    criteria: dict[str, str]
    drawn: list[str]

    @property
    def lists(self) -> list[tuple[str, str, list[tuple[str, Options]]]]:
        """What there is a choice of: key, title, and groups of options by what is to be said of them."""
        each = list(self.criteria.items())
        groups = [("with figures", [pair for pair in each if pair[0] in self.drawn]),
                  ("tables only", [pair for pair in each if pair[0] not in self.drawn])]
        full = [group for group in groups if group[1]]
        every = [("scenario", "Scenario", [("", [(name, name) for name in self.scenarios])]),
                 ("criterion", "Criterion", full if len(full) > 1 else [("", each)])]
        return [of for of in every if sum(len(options) for _, options in of[-1]) > 1]

    def words(self, names: Sequence[str]) -> str:
        """What criteria are called."""
        return listed([self.criteria[name] for name in names])

    def first(self, scenario: str, criterion: str) -> bool:
        """Whether what is of these is shown at first."""
        return scenario in ("", *self.scenarios[:1]) and criterion in ("", *list(self.criteria)[:1])


class Page(NamedTuple):
    """What a page has, in the order in which it is read.

    Attributes
    ----------
    title, question : what was asked
    answer, note : sentences, and how far to trust them
    elsewhere : where what is not shown is to be had
    made_by, files : tables of what determines the figures, and texts of that by what they are called
    """

    title: str
    question: str
    answer: list[str]
    note: str
    picks: Picks
    chapters: list[Chapter]
    made_by: list[Grid]
    files: dict[str, str]
    elsewhere: str = ""


class Grids:
    """Makes the tables of a page, which are numbered."""

    def __init__(self) -> None:
        """None are made yet."""
        self.numbers = count(1)

    def __call__(self, section: Section, folded: bool = False, groups: Sequence[Group] = ()) -> Grid:
        """A table, which the reader unfolds first if it is `folded`; its rows in `groups`, if there are any."""
        return Grid(f"table-{next(self.numbers)}", section, list(groups) or [Group(section.rows)], folded,
                    _looks(section))

    def all(self, sections: Iterable[Section], fold: bool = False) -> list[Grid]:
        """Tables, of which the long ones are folded if `fold`."""
        return [self(section, fold and len(section.rows) > LONG) for section in sections]


def html(page: Page) -> str:
    """The text of a page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(loader=PackageLoader("uncertainty", "page"), autoescape=True, undefined=StrictUndefined,
                            trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    templates.filters |= {"glued": _glued, "kept": _kept, "printed": partial(printable, keep=KEPT)}
    return templates.get_template("page.html.j2").render(page=page)


def _glued(text: str) -> str:
    """Text in which no line begins with the sign of per cent, nor ends with that of minus."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace("\N{MINUS SIGN}$", "\N{MINUS SIGN}\N{WORD JOINER}$")


def _kept(text: str) -> str:
    """Text in which no line ends within a range."""
    return text.replace("–", "\N{WORD JOINER}–\N{WORD JOINER}")
