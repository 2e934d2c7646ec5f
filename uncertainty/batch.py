"""Many studies in one go: which there are, which are done already, and doing the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from . import samples
from .files import StudyError, read
from .resolve import Problem
from .store import is_whole, written
from .study import Study, load
from .versions import versions
from .works import Outcome, Work
from .works import outcomes as outcomes

PIECES = ".replicates"  # folder of finished replicates, beside the studies' folders


class Source(NamedTuple):
    """A study as it was named, and what came of loading it."""

    name: str
    study: Study | None
    error: StudyError | None


def expand(names: Iterable[str]) -> list[str]:
    """Names of studies, those in a folder (its *.toml, in alphabetical order) one by one; an empty one stays itself."""
    found: list[str] = []
    for name in names:
        inside = sorted(str(path) for path in Path(name).glob("*.toml") if _is_study(path))
        found += inside if Path(name).is_dir() and inside else [name]
    return list(dict.fromkeys(found))


def _is_study(path: Path) -> bool:
    """Whether a TOML file is a study and no data sheet beside one; what cannot be read is for `load` to say."""
    found: list[Problem] = []
    return "builds" in read(path, "", found)[1] or bool(found)


def sources(names: Iterable[str], **sampling: Any) -> Iterator[Source]:
    """Load studies, with other sampling where it is given; one that is wrong does not keep back the others."""
    for name in names:
        try:
            if Path(name).is_dir():
                raise StudyError(name, [Problem("", "no studies (*.toml) in this folder")])
            yield Source(name, load(name).with_sampling(**sampling), None)
        except StudyError as error:
            yield Source(name, None, error)


def is_current(work: Work, folder: Path, page: bool = True) -> bool:
    """Whether a results folder, and the store of samples if there is to be one, holds what a run would give.

    Of a folder that is to have no `page`, one that has it is current too.
    """
    study, store = work.study, work.store
    try:
        kept = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        same = kept["fingerprint"] == study.fingerprint and kept["versions"] == versions()
        same = same and kept["convergence"]["tolerance"] == work.tolerance and is_whole(folder, study, page)
        sampled = range(kept["sampling"]["replicates"]) if store else range(0)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return same and (store is None or samples.complete(store.path, store.key).issuperset(sampled))


def failing(summary: str) -> list[str]:
    """Lines on the claims that must hold and do not, of a `summary.json`; of a sweep where each holds least."""
    found = json.loads(summary)
    points = found.get("points", [found])
    missed = [(name, claim["probability"][0], claim["must_hold"], point.get("at", {})) for point in points
              for name, claim in point["claims"].items() if claim["met"] is False]
    lines = []
    for name in points[0]["claims"]:
        where = [each for each in missed if each[0] == name]
        if not where:
            continue
        _, probability, least, at = min(where, key=itemgetter(1))
        told = f" at {len(where)} of {len(points)} points, least at {_place(at)}" if at else ""
        lines.append(f"claim {name} fails{told}: P(holds) = {_told(probability, least)} (must hold: "
                     f"{100 * least:.10g} %)")
    return lines


def _told(probability: float, least: float) -> str:
    """A probability, to so many decimals that it can be told from the threshold."""
    from .report.text import percent

    decimals = next((d for d in range(1, 9) if round(100 * probability, d) < 100 * least), 9)
    return percent(probability, decimals)


def _place(at: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value if isinstance(value, str) else format(value, '.10g')}"
                     for name, value in at.items())


def finish(outcome: Outcome, out: Path, page: bool = True) -> tuple[Path, str]:
    """Write the results folder of a study that has results, and keep its replicates in one piece; gives it with the
    summary."""
    assert outcome.results is not None
    work = outcome.work
    folder, summary = written(outcome.results, out / work.study.name, page)
    for job in work.jobs if not work.study.sweep else []:  # those of a sweep's points are in one piece already
        if job.pieces:
            job.pieces.finish(job.result())
    return folder, summary
