"""A table of a file, as pydantic checks it: every problem in the words of whoever wrote the file."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from errno import EFBIG, EINVAL
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import with_info_plain_validator_function


def alike(name: object, known: Iterable[str]) -> str | None:
    """The known name most like one that is not known, if any is like it."""
    return next(iter(difflib.get_close_matches(str(name), list(known), 1)), None)


def nearest(name: object, known: Iterable[str]) -> str:
    """The known name most like one that is not known; all of them where none is like it."""
    names = list(known)
    near = alike(name, names)
    return f"did you mean {near}?" if near else f"wanted one of {', '.join(names)}"


def printable(text: str, keep: str = "") -> str:
    """Text with what would steer a terminal written as escapes."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


KEPT = "\t\r\n"  # what of it steers nothing in the text of a file


def shown(value: object) -> str:
    """A value much as the file has it, and short."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 1023:
        return "a number beyond 1e308"
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."


MOST_BYTES = 4 << 20  # of a file of a study; the longest that is shipped has less than a hundredth of it
MOST_QUOTES = 256 << 20  # of a CSV file of numbers: ten years of every minute have some 150 MB


def content(path: Path, most: int = MOST_BYTES) -> bytes:
    """What is in a file of a study: of nothing that has no end, or waits for who writes to it.

    Raises
    ------
    OSError
        where it cannot be read, is no file, or is larger than `most` bytes.
    """
    if path.exists() and not path.is_file():
        raise OSError(EINVAL, "it is no plain file")
    large = path.stat().st_size > most
    with path.open("rb") as stream:
        found = b"" if large else stream.read(most + 1)  # some, as those of /proc, have more than they say
    if large or len(found) > most:
        raise OSError(EFBIG, f"it is larger than {most >> 20} MB")
    return found


def distinct(names: list[str]) -> list[str]:
    """The names, refused where one comes twice."""
    if (twice := next((name for name, count in Counter(names).items() if count > 1), None)) is not None:
        raise ValueError(f"given {shown(twice)} twice; wanted each once")
    return names


Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Line = Annotated[str, Field(min_length=1), AfterValidator(printable)]
Text = Annotated[str, AfterValidator(partial(printable, keep="\n"))]
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]

_WANTED = {
    "float_type": "a number", "finite_number": "a finite number", "int_type": "a whole number",
    "greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}",
    "greater_than": "above {gt}", "less_than": "below {lt}",
    "string_type": "text", "string_too_short": "text", "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "a name of letters, digits, _ and -",
    "list_type": "a list", "too_short": "at least one", "dict_type": "a table", "model_type": "a table"}


def _words(error: Any, model: type[BaseModel]) -> str:
    """What pydantic found: what was given, and what is wanted."""
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind in ("problem", "unknown_key"):  # worded already, further in
        return str(error["msg"])
    if kind == "value_error":  # a check of ours
        return str(context["error"])
    if kind == "missing":
        return f"is missing; wanted {model.model_fields[error['loc'][-1]].description}"
    if kind == "literal_error":
        return f"given {shown(given)}; " + nearest(given, re.findall("'(.+?)'", context["expected"]))
    return f"given {shown(given)}; wanted " + _WANTED.get(kind, "something else").format(**context)


class Strict(BaseModel):
    """A table that refuses keys it does not know, and words every problem in it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    elsewhere: ClassVar[dict[str, str]] = {}  # where keys belong that are looked for here

    @classmethod
    def names(cls) -> list[str]:
        """The keys that the table may have."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def knows(cls, key: str) -> bool:
        """Whether the table may have a key."""
        return key in cls.names()

    @model_validator(mode="wrap")
    @classmethod
    def _worded(cls, table: Any, read: Callable[[Any], Any]) -> Any:
        unknown = [key for key in table if not cls.knows(key)] if isinstance(table, dict) else []
        hints = {key: cls.elsewhere.get(key) or nearest(key, cls.names()) for key in unknown}
        found: list[Any] = [("unknown_key", (key,), f"unknown key; {hint}") for key, hint in hints.items()]
        try:
            made = read({k: v for k, v in table.items() if k not in unknown} if unknown else table)
        except ValidationError as error:
            found += [("unknown_key" if e["type"] == "unknown_key" else "problem", e["loc"], _words(e, cls))
                      for e in error.errors(include_url=False)]
        if not found:
            return made
        raise ValidationError.from_exception_data(cls.__name__, [
            InitErrorDetails(type=PydanticCustomError(kind, "{what}", {"what": what}), loc=loc, input=None)
            for kind, loc, what in found])


class Reader(NamedTuple):
    """How pydantic reads a field: by a function. What that accepts is built for the JSON schema only."""

    read: Callable[[Any, ValidationInfo], Any]
    accepted: Any

    def __get_pydantic_core_schema__(self, *_: Any) -> CoreSchema:
        """Read by the function."""
        return with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _: Any, schema_of: Callable[[Any], Any]) -> Any:
        """What is accepted."""
        return schema_of(TypeAdapter(self.accepted).core_schema)
