"""The report as Markdown: what the terminal prints, and behind it every input with its source."""

from __future__ import annotations

import re

from ..reported import Reported
from ..results import Results
from ..strict import KEPT, printable
from ..sweep import Sweep
from . import sweep_sections
from .answer import answer
from .appendix import battery_counts, given, provenance, ranks, sampling_errors
from .sections import sections
from .sweep_answer import sweep_answer
from .text import Section, at_point, trust


def report(results: Results, versions: dict[str, str]) -> str:
    """The whole of `report.md`."""
    study = results.study
    parts = [f"# {escape(study.title)}", escape(study.description), at_point(study), "## The answer",
             *map(escape, answer(results)), trust(results), *(_section(s) for s in sections(results, full=True)),
             *(_section(s) for s in (ranks(results), *battery_counts(results), *sampling_errors(results),
                                     *given(results))),
             _provenance(results, versions)]
    return "\n\n".join(part for part in parts if part) + "\n"


def sweep_report(sweep: Sweep, versions: dict[str, str]) -> str:
    """The whole of `report.md` of a sweep."""
    study = sweep.study
    parts = [f"# {escape(study.title)}", escape(study.description), at_point(study), "## The answer",
             *map(escape, sweep_answer(sweep)), trust(sweep), sweep_sections.ELSEWHERE,
             *(_section(s) for s in sweep_sections.sections(sweep, full=True)),
             *map(_section, given(sweep)), _provenance(sweep, versions)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Text that Markdown and a table cell leave as it is."""
    for mark in "\\`*_<>|#[]":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    head, *lines = (f"| {' | '.join(map(escape, line))} |" for line in [columns, *rows])
    return "\n".join([head, f"|{' :-- |' * len(columns)}", *lines])


def _section(s: Section) -> str:
    return f"## {escape(s.title)}\n\n{_body(s)}"


def _body(s: Section) -> str:
    return "\n\n".join(filter(None, [_table(s.columns, s.rows), re.sub(r"<(?=[\w/!?])", r"\\<", s.note)]))


def _provenance(results: Reported, versions: dict[str, str]) -> str:
    made, text = _body(provenance(results, versions)), printable(results.study.text.rstrip(), KEPT)
    fence = "`" * max(4, *(1 + len(ticks) for ticks in re.findall("`+", text)), 4)
    return f"## Provenance\n\n{made}\n\nThe study file:\n\n{fence}toml\n{text}\n{fence}"
