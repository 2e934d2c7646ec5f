"""What is wrong with a text that is no TOML, in a line: what the parser says, what may be meant, and where it is."""

from __future__ import annotations

import re
from tomllib import TOMLDecodeError

from .strict import printable

SHOWN, BEFORE = 80, 60  # characters of a line that are shown, and of those before the place at most


def told(error: ValueError | RecursionError, text: str) -> str:
    """An error of the parser of TOML, with the line that it is in."""
    if not isinstance(error, TOMLDecodeError):
        return "a number too long, or tables too deep"
    place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    if place is None:  # at the end
        return str(error)
    line, column = text.replace("\r\n", "\n").split("\n")[int(place[1]) - 1], int(place[2]) - 1
    return f"{error}{_hint(line, column)}: {_cut(line, column)}"


def _hint(line: str, column: int) -> str:
    """What is often meant by what is there."""
    if re.match(r"[$€£]|,\d{3}(?!\d)", line[column:]):
        return "; a number has no $ and no commas, as 150_000"
    left = re.sub(r'"(?:[^"\\]|\\.)*"', "", line.replace('"""', ""))  # but for whole strings
    if '"' in left.partition("#")[0]:
        return '; a quotation mark (") may be missing'
    return ""


def _cut(line: str, column: int) -> str:
    """A line, or of a long one what is around a place in it."""
    first = max(0, min(column - BEFORE, len(line) - SHOWN))
    last = first + SHOWN
    return f"{'...' if first else ''}{printable(line[first:last].strip())}{'...' if last < len(line) else ''}"
