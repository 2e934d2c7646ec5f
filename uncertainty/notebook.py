"""A run as a notebook shows it: what comes out in a glance, how far to trust it, and where the figures are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from .report import sweep_sections, sweep_tables
from .report.sweep_answer import sweep_answer
from .report.tables import TABLES
from .report.text import Section, how_wide, trust, who_wins
from .reported import Reported
from .results import Results
from .sweep import Sweep

DATASETS = ("central", "bands", "means", "counts", "ranking", "claims", "picks", "ratings", "preference", "first_order",
            "total_order", "shapley", "shared", "information", "influence", "tornado")
STYLE = """.uncertainty-run table {border-collapse: collapse; margin: .5em 0}
.uncertainty-run caption {text-align: left; font-weight: bold; padding: .2em 0}
.uncertainty-run th, .uncertainty-run td {text-align: right; padding: .15em .6em; vertical-align: top}
.uncertainty-run th {border-bottom: 1px solid currentColor}
.uncertainty-run .words {text-align: left}
.uncertainty-run p {margin: .3em 0; max-width: 60em}
.uncertainty-run .title {font-weight: bold; font-size: 120%}
.uncertainty-run .note {opacity: .7; font-size: 90%}"""


def sweep_html(sweep: Sweep) -> str:
    """What `Sweep` shows in a notebook."""
    found, study = sweep_sections.by_question(sweep), sweep.study
    tables = [*found.maps, *found.open, *found.wide]
    parts = [_line(study.title, "title"), _line(study.description), *map(_line, sweep_answer(sweep)),
             *(part for section in tables for part in (_table(section), _line(section.note, "note"))),
             _line(trust(sweep)), _contents(sweep, sweep_tables.names(study), ["option_map"])]
    return _whole(parts)


def html(results: Results) -> str:
    """What `Results` shows in a notebook, safe whatever the texts of a study are."""
    study, wide = results.study, how_wide(results)
    won = who_wins(results, study.scenarios)
    parts = [_line(study.title, "title"), _line(study.description), _table(wide), _line(wide.note, "note"), _table(won),
             _line(won.note, "note"), _line(_verdicts(results)), _line(trust(results)),
             _contents(results, list(TABLES))]
    return _whole(parts)


def _whole(parts: list[str]) -> str:
    return f'<div class="uncertainty-run"><style>{STYLE}</style>{"".join(parts)}</div>'


def _line(text: str, kind: str = "text") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""


def _table(section: Section) -> str:
    head = _row(section.columns, "th", section.words)
    rows = "".join(_row(cells, "td", section.words) for cells in section.rows)
    caption = f"<caption>{escape(section.title)}</caption>" if section.title else ""
    return f"<table>{caption}<thead>{head}</thead><tbody>{rows}</tbody></table>"


def _row(cells: list[str], tag: str, words: int) -> str:
    shown = [escape(cell).replace("\n", "<br>") for cell in cells]
    return f"<tr>{''.join(f'<{tag}{_left(i < words)}>{cell}</{tag}>' for i, cell in enumerate(shown))}</tr>"


def _left(words: bool) -> str:
    return ' class="words"' if words else ""


def _verdicts(results: Results) -> str:
    """How many claims have which verdict."""
    found = Counter(results.figures["claims"]["verdict"].tolist())
    told = ", ".join(f"{verdict} {count}" for verdict, count in found.most_common())
    count = found.total()
    return f"Of {count} conclusion{'s' * (count > 1)} put to the test: {told}." if found else ""


def _contents(results: Reported, tables: list[str], more: Sequence[str] = ()) -> str:
    """Names of the Datasets that there are, and what is in them; and of the tables."""
    there = [*more, *(name for name in DATASETS if name in results.figures)]
    there += ["stress"] if results.study.inquiry.samples else []  # made when it is first asked for
    rows = [[f".{name}", (getattr(type(results), name).__doc__ or "").split("\n")[0]] for name in there]
    datasets = _table(Section("", ["Dataset", "what it holds"], rows, words=2))
    told = _line(f"Tables for pandas, by un.table(results, name): {', '.join(tables)}.")
    return f"<details><summary>Datasets and tables</summary>{datasets}{told}</details>"
