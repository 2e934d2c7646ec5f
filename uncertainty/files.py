"""Files of studies: where they lie, what is in them and in sheets, and every problem of it."""

from __future__ import annotations

import re
import tomllib
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from . import schema
from .model import PRECISIONS
from .no_toml import told
from .quantity import UNKNOWN
from .resolve import Problem
from .strict import NAME, Strict, content, nearest, printable

MOST, MOST_NUMBERS, MOST_DEEP = 5_000, 100_000, 32  # entries of a list or table; of numbers; tables in tables
SAME = 3  # places that are named of which the same is said
MOST_LINES = 100  # problems that are printed
LONG = 500  # characters of a place, or of what is wrong there, that are printed


class StudyError(ValueError):
    """A study that cannot be run, with every problem found; safe to print whatever the file says."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        """Of a study file, every problem in it."""
        super().__init__(path, problems)
        self.path = _short(path)
        self.problems = list(dict.fromkeys(Problem(*map(_short, p)) for p in problems))

    def __str__(self) -> str:
        """One line for the file, and one for each problem."""
        count = "a problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        places: dict[str, list[str]] = {}
        for where, what in self.problems:
            places.setdefault(what, []).append(where)
        lines = [f"  {where}: {what}" if (where := _where(each)) else f"  {what}" for what, each in places.items()]
        more = [f"  and {len(lines) - MOST_LINES:,} more"] if len(lines) > MOST_LINES else []
        return "\n".join([f"{self.path} has {count}:", *lines[:MOST_LINES], *more])


def _where(each: list[str]) -> str:
    """Where the same is wrong, of many the first."""
    more = f" and {len(each) - SAME + 1} more places" if len(each) > SAME else ""
    return "; ".join(each[: SAME - 1] if more else each) + more


def _short(text: str) -> str:
    text = printable(text[: LONG + 1])
    return text if len(text) <= LONG else f"{text[:LONG]}..."


def shipped() -> Path:
    """The folder of reference studies and data sheets: in the wheel, or in the checkout it was made from."""
    inside = Path(__file__).with_name("configs")
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def is_file(path: Path) -> bool:
    """Whether there is a file of that name, whatever the name."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that the system does not take
        return False


def _is_other(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):
        return False


def locate(study: str | Path) -> Path:
    """A study file by path, or by name among the shipped ones.

    Raises
    ------
    StudyError
        where there is neither.
    """
    path, folder = Path(study), shipped() / "studies"
    if not path.name.isprintable():
        raise StudyError(str(study), [Problem("", "no plain name; rename the file to one that can be printed")])
    if is_file(path):
        return path
    if _is_other(path):
        raise StudyError(str(study), [Problem("", "is a pipe, a device or the like; wanted a file")])
    named = folder / f"{path.name.removesuffix('.toml')}.toml"
    if path.parent.parts in ((), ("configs", "studies")) and is_file(named):
        return named
    known = sorted(p.stem for p in folder.glob("*.toml"))
    raise StudyError(str(study), [Problem("", f"no such file or shipped study; {nearest(path.stem, known)}")])


def read(path: Path, where: str, found: list[Problem]) -> tuple[str, dict[str, Any]]:
    """Text and tables of a file; empty where there is a problem."""
    try:
        text = content(path).decode("utf-8-sig")
        return text, tables_of(text, where, found)
    except OSError as error:
        found.append(Problem(where, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found.append(Problem(where, f"not UTF-8: byte {error.object[error.start]:#04x} in line {line}"))
    return "", {}


def tables_of(text: str, where: str, found: list[Problem]) -> dict[str, Any]:
    """Tables of a file's text; empty where there is a problem."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found.append(Problem(where, f"not TOML: {told(error, text)}"))
        return {}
    if wrong := _too_much(tables):
        found.append(Problem(": ".join(filter(None, (where, wrong.where))), wrong.what))
        return {}
    return tables


def _too_much(tables: dict[str, Any]) -> Problem | None:
    """What of a file's tables is more than any study needs, if anything: the rest need not be wary of it."""
    parts: list[tuple[tuple[int | str, ...], Any]] = [((), tables)]
    for _ in range(MOST_DEEP):
        for loc, part in parts:
            most = MOST_NUMBERS if all(type(one) in (int, float) for one in part) else MOST
            if len(part) > most:
                kind = "a table" if isinstance(part, dict) else "a list"
                return Problem(_path(loc), f"given {kind} of {len(part):,}; wanted at most {most:,}")
        parts = [((*loc, key), one) for loc, part in parts
                 for key, one in (part.items() if isinstance(part, dict) else enumerate(part))
                 if isinstance(one, dict | list)]
        if not parts:
            return None
    deep = f"given tables or lists {MOST_DEEP + 1} deep, one in the other; wanted at most {MOST_DEEP}"
    return Problem(_path(parts[0][0][:1]), deep)


def validate(model: type[Strict], raw: dict[str, Any], folder: Path, where: str,
              found: list[Problem]) -> Any:
    """The model; where parts are wrong, one without them, so that the rest is checked too; else None."""
    try:
        return model.model_validate(raw, context=folder)
    except ValidationError as error:
        wrong = error.errors()
    found += [Problem(where + _path(_by_id(raw, detail["loc"])), detail["msg"]) for detail in wrong]
    for detail in wrong:
        _mend(raw, detail["loc"], detail["type"] == "unknown_key")
    inner = raw.get("sensitivity")
    for table in (raw, inner if isinstance(inner, dict) else {}):
        for key, listed in table.items():
            if isinstance(listed, list):
                table[key] = [one for one in listed if one is not None]
    try:
        return model.model_validate(raw, context=folder)
    except ValidationError:
        return None


def _path(loc: tuple[int | str, ...]) -> str:
    """A place in a file as people write it: correlation #1.spearman."""
    def one(part: int | str) -> str:
        if isinstance(part, int):
            return f" #{part + 1}"
        return f".{part}" if re.fullmatch(r"(claims )?[\w-]+", part) else f'."{part}"'

    return "".join(one(part) for part in loc if part != "[key]").removeprefix(".")


def _by_id(raw: dict[str, Any], loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A place in a claim by the claim's id, where it has one."""
    if loc[0] == "claims" and len(loc) > 1 and isinstance(loc[1], int):
        claim = raw["claims"][loc[1]]
        name = claim.get("id") if isinstance(claim, dict) else None
        if isinstance(name, str) and re.fullmatch(NAME, name):
            return (f"claims {name}", *loc[2:])
    return loc


def _mend(table: Any, loc: tuple[int | str, ...], unknown: bool) -> None:
    """Put UNKNOWN for the number that a problem lies in; take out an unknown key, or anything else.

    Of a list of tables the wrong one becomes None.
    """
    if loc[0] == "sensitivity" and len(loc) > 1 and isinstance(table["sensitivity"], dict):
        _leave_out(table["sensitivity"], loc[1:])
        return
    listed = table.get(loc[0])
    if isinstance(listed, list) and len(loc) > 1 and isinstance(listed[int(loc[1])], dict | None):
        listed[int(loc[1])] = None
        return
    keys = list(takewhile(lambda part: isinstance(part, str) and part != "[key]", loc))
    end = 1 + next((i for i, key in enumerate(keys) if key in schema.FIELDS or key == "price"), len(keys))
    end += keys[end : end + 1] in [[p] for p in PRECISIONS]  # one precision, not all
    *parents, last = keys[:end]
    for key in parents:
        table = table.get(key, {})
    if not isinstance(table, dict):
        return  # UNKNOWN already
    if end < len(keys) or (end == len(keys) and not unknown):
        table[last] = UNKNOWN
    else:
        table.pop(last, None)


def _leave_out(sensitivity: dict[str, Any], loc: tuple[Any, ...]) -> None:
    """Take what is wrong out of what is asked of sensitivity: a cost, a group, a measurement, or else the whole key."""
    key, *rest = loc
    listed = sensitivity.get(key)
    if isinstance(listed, list) and rest[1:] == ["cost"] and isinstance(listed[rest[0]], dict):
        listed[rest[0]].pop("cost", None)
    elif isinstance(listed, list) and rest:
        listed[rest[0]] = None
    elif isinstance(listed, dict) and rest:
        listed.pop(rest[0], None)
    else:
        sensitivity.pop(key, None)
