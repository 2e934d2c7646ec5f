"""A study to start from: the commented starter, or a copy of another study with the files that it needs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from errno import EEXIST
from pathlib import Path
from typing import Any

from .files import StudyError, locate, read, shipped
from .sheets import find_sheet
from .study import load

KINDS = {"builds": "devices", "battery": "batteries", "document": "documents"}  # a study's keys, and kinds of sheets


def start(path: Path, study: str | None = None) -> list[Path]:
    """Write a study that runs as it is, with all its comments; gives the files written, the study first.

    Parameters
    ----------
    path
        of the new file.
    study
        what it is a copy of: a path, or the name of a shipped study; None is the starter. Sheets and quotes that lie
        beside it are copied beside the new file; shipped sheets are found anyway.

    Raises
    ------
    StudyError
        where there is no such study, or it cannot be run.
    FileExistsError
        where another file is in the way; nothing is written then.
    """
    source = shipped() / "starter.toml" if study is None else locate(study)
    load(source)  # a copy of what does not run is no start
    planned = {path: source} | _beside(source, path.parent)
    due = {new: old.read_bytes() for new, old in planned.items() if not _is_there(new, old, new != path)}
    for new in due:
        if new.exists():
            raise FileExistsError(EEXIST, "exists already", str(new))
    for new, content in due.items():
        if new != path:
            new.parent.mkdir(parents=True, exist_ok=True)
        with new.open("xb") as stream:
            stream.write(content)
    return list(due)


def _is_there(new: Path, old: Path, may_be: bool) -> bool:
    """Whether a file of the same content is in its place already."""
    return may_be and new.is_file() and new.read_bytes() == old.read_bytes()


def _beside(source: Path, folder: Path) -> dict[Path, Path]:
    """The files that a study needs and that are not shipped, by where they are to lie in the folder of a copy."""
    raw = _tables(source)
    found = {folder / file: source.parent / file for file in _quotes(raw)}
    for key, kind in KINDS.items():
        names = raw.get(key, [])
        for name in names if isinstance(names, list) else [names]:
            sheet = find_sheet(kind, name, source.parent)
            if sheet is None or sheet.resolve().is_relative_to(shipped().resolve()):
                continue
            place = folder if sheet.parent == source.parent else folder / kind
            found[place / sheet.name] = sheet
            found |= {place / file: sheet.parent / file for file in _quotes(_tables(sheet))}
    return found


def _tables(path: Path) -> dict[str, Any]:
    found: list[Any] = []
    raw = read(path, "", found)[1]
    if found:
        raise StudyError(str(path), found)
    return raw


def _quotes(value: Any) -> Iterator[str]:
    """CSV files that distributions name."""
    if isinstance(value, dict):
        if "dist" in value and isinstance(value.get("file"), str):
            yield value["file"]
        for one in value.values():
            yield from _quotes(one)
    elif isinstance(value, list):
        for one in value:
            yield from _quotes(one)
