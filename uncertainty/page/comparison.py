"""What the page of a comparison has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from itertools import chain

from ..comparing import Comparison
from ..report.comparison import gist, sections, trust
from ..report.text import Section, named
from .html import Chapter, Grids, Page, Picks, Picture
from .study import shown

ELSEWHERE = "Every figure that both have is in what uncertainty compare --json prints."


def page(comparison: Comparison, pictures: Sequence[Picture]) -> Page:
    """What the page has, with figures that are drawn already."""
    grids, found = Grids(), sections(comparison)
    title, *told = (line.replace(" -> ", " → ") for line in gist(comparison))
    chapters = [
        Chapter("changed", "What changed", grids.all(found.changed), [], []),
        Chapter("wide", "How wide", grids.all(found.wide), shown(pictures, ("bands-moved", "attribution")), []),
        Chapter("wins", "Who wins", grids.all(found.wins), shown(pictures, ("first-moved",)), []),
        Chapter("holds", "Which conclusions hold", grids.all(found.holds), shown(pictures, ("claims-moved",)), []),
        Chapter("trust", "How far to trust each move", [], [], [], trust(comparison))]
    chapters = [c for c in chapters if c.filled]
    return Page(title, _question(comparison), _sentences(told or [title]), "", _picks(comparison, pictures), chapters,
                [grids(_provenance(comparison))], dict(_files(comparison)), ELSEWHERE)


def _question(comparison: Comparison) -> str:
    """What is compared, in words."""
    titles = list(dict.fromkeys(side.study.title for side in comparison.sides if side.study))
    about = f"{':' if titles[1:] else ' of'} “{'” and “'.join(titles)}”" if titles else ""
    if comparison.same:
        return f"Two results{about}: nothing is other."
    return f"Two results{about}: what went in otherwise, what came out otherwise beyond sampling error, and why."


def _sentences(told: list[str]) -> list[str]:
    """Lines of a terminal as sentences: those that are indented are a list that the line before leads to."""
    lead, items = ([line for line in told if line.startswith(" ") is is_item] for is_item in (False, True))
    return [" ".join([*lead, f"{'; '.join(item.strip() for item in items)}."])] if items else lead


def _picks(comparison: Comparison, pictures: Sequence[Picture]) -> Picks:
    """What there are figures of."""
    scenarios, criteria = (dict.fromkeys(getattr(drawn, of) for drawn, _ in pictures)
                           for of in ("scenario", "criterion"))
    return Picks([s for s in comparison.before.scenarios if s in scenarios],
                 {name: named(name) for name in criteria if name}, list(criteria))


def _provenance(comparison: Comparison) -> Section:
    """What determines the figures of both."""
    sides = comparison.sides
    rows = [["results", *(side.name for side in sides)],
            ["SHA-256 of what determines the figures", *(side.digest for side in sides)]]
    for what in ("sampling", "versions"):
        each = [getattr(side, what) for side in sides]
        rows += [[name, *(str(of.get(name, "–")) for of in each)] for name in dict.fromkeys(chain(*each))]
    return Section("What made these figures", ["what", "before", "after"], rows, words=3)


def _files(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """What is other in the study files, and these; of those that are the same, one."""
    texts = {side.name: side.study.text for side in comparison.sides if side.study}
    if len(set(texts.values())) == 2:
        (one, before), (other, after) = texts.items()
        lines = unified_diff(before.splitlines(), after.splitlines(), one, other, lineterm="")
        yield "What is other in the study files", "\n".join(lines)
    for name, text in texts.items() if len(set(texts.values())) == 2 else list(texts.items())[:1]:
        yield f"The study file: {name}", text
