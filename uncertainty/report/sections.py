"""The tables of a run in the order in which they are read."""

from __future__ import annotations

from typing import NamedTuple

from ..results import Results
from .choices import picks, preference, stars
from .conclusions import claims, first_places
from .drivers import drivers
from .text import Section, certain, how_stable, how_wide, throughput, who_wins


class Sections(NamedTuple):
    """Tables by what they answer, in the order in which they are read."""

    wide: list[Section]
    holds: list[Section]
    wins: list[Section]
    fits: list[Section]  # how stable that is, and what is best for whom
    drives: list[Section]


def by_question(results: Results, full: bool = False) -> Sections:
    """How wide, what holds and what would break it, who wins and what fits best, what drives it.

    In `full` those of the reports, which have room for more.
    """
    threes = _threes(results.study.scenarios)
    fits = [] if certain(results) else [how_stable(results, scenarios) for scenarios in threes]
    fits += [*(first_places(results) if full else []), *picks(results, full), *stars(results, full),
             *preference(results, full)]
    return Sections([how_wide(results, full), *throughput(results, full)], claims(results, full),
                    [who_wins(results, scenarios) for scenarios in threes], fits, drivers(results, full))


def sections(results: Results, full: bool = False) -> list[Section]:
    """All of them, one after the other."""
    return [section for found in by_question(results, full) for section in found]


def _threes(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [names[i : i + 3] for i in range(0, len(names), 3)]
