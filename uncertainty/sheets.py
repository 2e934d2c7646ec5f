"""Data sheets of devices and batteries, and of what a document concludes: where they lie, and which one is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import schema
from .document import Conclusions
from .files import is_file, read, shipped, tables_of, validate
from .quantity import UNKNOWN
from .resolve import Problem
from .strict import NAME, alike, nearest

SHEETS: dict[str, Any] = {"devices": schema.Device, "batteries": schema.Battery, "documents": Conclusions}


def _places(kind: str, folder: Path) -> list[Path]:
    return [folder, folder / kind, folder.parent / kind, shipped() / kind]


def find_sheet(kind: str, name: str, folder: Path) -> Path | None:
    """Where the sheet lies that a study in a folder names, if anywhere: beside it first, and shipped last."""
    return next((p for p in (place / f"{name}.toml" for place in _places(kind, folder)) if is_file(p)), None)


def sheet(kind: str, name: Any, where: str, folder: Path, files: dict[str, str],
           found: list[Problem]) -> Any:
    """A sheet whose text is in `files` already, or beside the study, or among the configs it lies in, or shipped."""
    unknown = SHEETS[kind].model_construct(headline_format="fp16", **dict.fromkeys(schema.FIELDS, UNKNOWN))
    if not (isinstance(name, str) and re.fullmatch(NAME, name)):
        return unknown  # as the study's own validation says
    before, key, path = len(found), f"{kind}/{name}", folder / f"{name}.toml"
    if key in files:
        raw = tables_of(files[key], path.name, found)
    elif (lies := _sheet_path(kind, name, where, folder, found)) is not None:
        path = lies
        files[key], raw = read(path, path.name, found)
    valid = validate(SHEETS[kind], raw, path.parent, f"{path.name}: ", found) if len(found) == before else None
    return valid or unknown


def _sheet_path(kind: str, name: str, where: str, folder: Path, found: list[Problem]) -> Path | None:
    """Where a sheet lies; None where it is nowhere, which is a problem."""
    path = find_sheet(kind, name, folder)
    if path is None:
        hint = nearest(name, _known(kind, folder))
        found.append(Problem(where, f"no {kind}/{name}.toml beside the study or shipped; {hint}"))
    return path


def _known(kind: str, folder: Path) -> list[str]:
    """Names of sheets that there are for a study in a folder."""
    return sorted({p.stem for place in _places(kind, folder)[1:] for p in place.glob("*.toml")})


def meant(builds: Any, text: str, folder: Path, files: Mapping[str, str]) -> Any:
    """Names of devices that a study gives, each without a sheet as the one like it that the study goes on to use.

    What it says of that one is no problem more.
    """
    if not isinstance(builds, list):
        return builds
    names = list(builds)
    for i, name in enumerate(builds):
        if isinstance(name, str) and re.fullmatch(NAME, name) and not (
                f"devices/{name}" in files or find_sheet("devices", name, folder)):
            near = alike(name, _known("devices", folder))
            if near and near not in names and _uses(text, near) >= _uses(text, name):
                names[i] = near
    return names


def _uses(text: str, name: str) -> int:
    return len(re.findall(rf"(?<![\w-]){name}(?![\w-])", text))
