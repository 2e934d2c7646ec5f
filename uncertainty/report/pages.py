"""What the page of a run has, and that of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..reported import Reported
from ..results import Results
from ..sweep import Sweep
from . import sweep_sections
from .answer import answer, by_name
from .appendix import battery_counts, criterion_words, given, provenance, ranks, sampling_errors
from .html import Chapter, Grid, Grids, Group, Page, Picks, Picture
from .sections import by_question
from .sweep_answer import sweep_answer
from .text import trust

FIRST, DRAWN = "What to look up", "One input at a time"  # titles: of what comes first, of what a figure shows


def page(results: Results | Sweep, versions: dict[str, str], pictures: Sequence[Picture]) -> Page:
    """What the page has, with figures that are drawn already."""
    grids, study = Grids(), results.study
    if isinstance(results, Sweep):
        chapters, answered = _swept(results, grids, pictures), sweep_answer(results)
    else:
        chapters, answered = _ran(results, grids, pictures), answer(results)
    picks = Picks(list(study.scenarios), {c.name: by_name(results, i) for i, c in enumerate(study.criteria)})
    return Page(study.title, study.description, answered, trust(results), picks, chapters,
                [grids(provenance(results, versions))], {"The study file": study.text})


def shown(pictures: Iterable[Picture], kinds: Sequence[str]) -> list[Picture]:
    """Figures of some kinds, in the order of these."""
    return sorted((each for each in pictures if each[0].key in kinds), key=lambda each: kinds.index(each[0].key))


def _ran(results: Results, grids: Grids, pictures: Sequence[Picture]) -> list[Chapter]:
    """Chapters of a run, in the order in which they are read."""
    found = by_question(results, full=True)
    wins = sum(s.title.startswith("Who wins") for s in found.wins)
    first, others = ([s for s in found.drives if s.title.startswith(FIRST) is is_first] for is_first in (True, False))
    chapters = [
        Chapter("wide", "How wide", grids.all(found.wide[:1]),
                shown(pictures, ("bands", "exceedance", "battery-counts")),
                grids.all([*found.wide[1:], *battery_counts(results)], True)),
        Chapter("wins", "Who wins", [*grids.all(found.wins[:wins]), _ranks(results, grids)],
                shown(pictures, ("ranks", "pairs", "flip", "break-even")), grids.all(found.wins[wins:], True)),
        Chapter("holds", "Which conclusions hold, and what would break them", grids.all(found.holds[:2]),
                shown(pictures, ("claims", "claim-flip")), grids.all(found.holds[2:], True)),
        Chapter("drives", "What drives it, and what to look up first", grids.all(first),
                shown(pictures, ("worth", "tornado", "sobol", "drivers")),
                grids.all([s for s in others if not s.title.startswith(DRAWN)], True)),
        Chapter("trust", "How far to trust each number", grids.all(sampling_errors(results)),
                shown(pictures, ("convergence",)), [], trust(results)),
        _inputs(results, grids)]
    return [c for c in chapters if c.filled]


def _inputs(results: Reported, grids: Grids) -> Chapter:
    return Chapter("inputs", "What went in", grids.all(given(results)), [], [])


def _ranks(results: Results, grids: Grids) -> Grid:
    """The table of all ranks, its rows by the criterion and the scenario that they begin with."""
    section, criteria = ranks(results), results.study.criteria
    names = {criterion_words(results, i): c.name for i, c in enumerate(criteria)}
    found: dict[tuple[str, str], list[list[str]]] = {}
    for row in section.rows:
        found.setdefault((names[row[0]], row[1]), []).append(row)
    return grids(section, groups=[Group(rows, *place) for place, rows in found.items()])


def _swept(sweep: Sweep, grids: Grids, pictures: Sequence[Picture]) -> list[Chapter]:
    """Chapters of a sweep."""
    found = sweep_sections.by_question(sweep, full=True)
    chapters = [
        Chapter("wins", "Who is best where", [], shown(pictures, ("option-map",)),
                [*grids.all(found.open, True), *(grids(s, True) for s in found.maps)]),
        Chapter("wide", "How wide", grids.all(found.wide), shown(pictures, ("sweep-bands", "sweep-batteries")),
                grids.all(found.bands, True)),
        Chapter("holds", "Which conclusions hold where", grids.all(found.holds), [], []),
        Chapter("trust", "How far to trust each number", [], [], [], f"{trust(sweep)} {sweep_sections.ELSEWHERE}"),
        _inputs(sweep, grids)]
    return [c for c in chapters if c.filled]
