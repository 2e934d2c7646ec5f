"""The tables of a run in the order in which they are read."""

from __future__ import annotations

from ..results import Results
from .choices import picks, preference, stars
from .conclusions import claims, first_places
from .drivers import drivers
from .text import Section, certain, how_stable, how_wide, throughput, who_wins


def sections(results: Results, full: bool = False) -> list[Section]:
    """The tables that answer: how wide, what holds and what would break it, who wins, how stable, what fits best.

    In `full` those of report.md, which has room for more.
    """
    found = [how_wide(results), *throughput(results), *claims(results, full)]
    for table in (who_wins,) if certain(results) else (who_wins, how_stable):
        found += [table(results, scenarios) for scenarios in _threes(results.study.scenarios)]
    return [*found, *(first_places(results) if full else []), *picks(results, full), *stars(results, full),
            *preference(results, full), *drivers(results, full)]


def _threes(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [names[i : i + 3] for i in range(0, len(names), 3)]
