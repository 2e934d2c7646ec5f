"""What the page of a run has, and that of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..report import option_map, sweep_sections
from ..report.answer import answer, by_name
from ..report.appendix import battery_counts, criterion_words, given, provenance, ranks, sampling_errors
from ..report.drivers import DRAWN
from ..report.sections import by_question
from ..report.sweep_answer import sweep_answer
from ..report.text import Section, trust
from ..report.worth import LOOK_UP
from ..reported import Reported
from ..results import Results
from ..sweep import Sweep
from .html import Chapter, Grid, Grids, Group, Page, Picks, Picture

ELSEWHERE = "The folder that this page is from has all figures in figures/ and all numbers in tables/."


def page(results: Results | Sweep, versions: dict[str, str], pictures: Sequence[Picture]) -> Page:
    """What the page has, with figures that are drawn already."""
    grids, study = Grids(), results.study
    if isinstance(results, Sweep):
        chapters, answered = _swept(results, grids, pictures), sweep_answer(results)
    else:
        chapters, answered = _ran(results, grids, pictures), answer(results)
    criteria = study.criteria[: study.listed] if study.sweep else study.criteria
    called = {c.name: by_name(results, i) for i, c in enumerate(criteria)}
    picks = Picks(list(study.scenarios), called, [drawn.criterion for drawn, _ in pictures])
    return Page(study.title, study.description, answered, trust(results), picks, chapters,
                [grids(provenance(results, versions))], {"The study file": study.text}, ELSEWHERE)


def shown(pictures: Iterable[Picture], kinds: Sequence[str]) -> list[Picture]:
    """Figures of some kinds, in the order of these."""
    return sorted((each for each in pictures if each[0].key in kinds), key=lambda each: kinds.index(each[0].key))


def _ran(results: Results, grids: Grids, pictures: Sequence[Picture]) -> list[Chapter]:
    """Chapters of a run, in the order in which they are read."""
    found = by_question(results, full=True)
    lead, more = ([s for s in found.drives if (s.key == LOOK_UP) is first] for first in (True, False))
    chapters = [
        Chapter("wide", "How wide", grids.all(found.wide[:1]),
                shown(pictures, ("bands", "exceedance", "battery-counts")),
                grids.all([*found.wide[1:], *battery_counts(results)], True)),
        Chapter("wins", "Who wins", [*grids.all(found.wins), _ranks(results, grids)],
                shown(pictures, ("ranks", "pairs", "flip", "break-even")), grids.all(found.fits, True)),
        Chapter("holds", "Which conclusions hold, and what would break them", grids.all(found.holds[:2]),
                shown(pictures, ("claims", "claim-flip")), grids.all(found.holds[2:], True)),
        Chapter("drives", "What drives it, and what to look up first", grids.all(lead),
                shown(pictures, ("worth", "tornado", "sobol", "drivers")),
                grids.all([s for s in more if s.key != DRAWN], True)),
        Chapter("trust", "How far to trust each number", grids.all(sampling_errors(results)),
                shown(pictures, ("convergence",)), [], trust(results)),
        _inputs(results, grids)]
    return [c for c in chapters if c.filled]


def _inputs(results: Reported, grids: Grids) -> Chapter:
    return Chapter("inputs", "What went in", grids.all(given(results)), [], [])


def _ranks(results: Results, grids: Grids) -> Grid:
    """The table of all ranks, by what is picked."""
    names = {criterion_words(results, i): c.name for i, c in enumerate(results.study.criteria)}
    return grids(section := ranks(results), groups=_groups(section, [(row[1], names[row[0]]) for row in section.rows]))


def _groups(section: Section, places: Sequence[tuple[str, str]]) -> list[Group]:
    """Rows by the scenario and the criterion that they are of."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for place, row in zip(places, section.rows, strict=True):
        found.setdefault(place, []).append(row)
    return [Group(rows, *place) for place, rows in found.items()]


def _swept(sweep: Sweep, grids: Grids, pictures: Sequence[Picture]) -> list[Chapter]:
    """Chapters of a sweep."""
    found, maps = sweep_sections.by_question(sweep, full=True), shown(pictures, ("option-map",))
    chapters = [
        Chapter("wins", "Who is best where", [], maps, [*grids.all(found.open, True), _map(sweep, grids)]),
        Chapter("wide", "How wide", grids.all(found.wide), shown(pictures, ("sweep-bands", "sweep-batteries")),
                grids.all(found.bands, True)),
        Chapter("holds", "Which conclusions hold where", grids.all(found.holds), [], []),
        Chapter("trust", "How far to trust each number", [], [], [], f"{trust(sweep)} {sweep_sections.ELSEWHERE}"),
        _inputs(sweep, grids)]
    return [c for c in chapters if c.filled]


def _map(sweep: Sweep, grids: Grids) -> Grid:
    """The option map as a table, by what is picked."""
    section, places = option_map.points(sweep)
    return grids(section, True, _groups(section, places))
