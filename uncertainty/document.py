"""What a document concludes, as files say it: claims that can be put to the test, picks and star ratings.

Structure, never an expression: a claim has a subject, an output, where, and a relation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationInfo

from .model import OUTPUTS, PRECISIONS
from .strict import Line, Name, Number, Reader, Strict, Text, distinct

RELATIONS = ("best", "worst", "best or tied", "not best", "rank at least", "above", "below", "at least", "at most",
             "equal", "between", "same winner", "other winner")
Output = Literal[tuple(OUTPUTS)]  # type: ignore[valid-type]
Precision = Literal[PRECISIONS]  # type: ignore[valid-type]
Precised = Annotated[Precision | None, Field(description="a precision of a typed output")]
Better = Literal["lower", "higher"] | None
BETTER: Any = Field(None, description="which way is better, where it is not the usual one")


def _one_or_more(kind: Any, wanted: str) -> Any:
    """A list of names; a single name is a list of one."""
    def listed(given: Any) -> Any:
        return given if isinstance(given, list) else [given]

    several = Annotated[list[kind], Field(min_length=1), AfterValidator(distinct)]
    return Annotated[several | None, BeforeValidator(_unless_none(listed), json_schema_input_type=kind | several),
                     Field(description=wanted)]


def _unless_none(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda given: None if given is None else f(given)


class Place(Strict):
    """Where an output is looked at; a list stands for every one of its members."""

    scenario: _one_or_more(Name, "scenarios; none is every one of them") = None  # type: ignore[valid-type]
    precision: _one_or_more(Precision, "precisions of a typed output") = None  # type: ignore[valid-type]


class Other(Strict):
    """What a subject is compared with; what is not given is the subject's own."""

    build: Name | None = Field(None, description="another build")
    output: Output | None = Field(None, description="another output")  # type: ignore[valid-type]
    scenario: Name | None = Field(None, description="another scenario")
    precision: Precision | None = Field(None, description="another precision")
    times: Number | None = Field(None, description="a factor of its value")


_NUMBER: TypeAdapter[float] = TypeAdapter(Number)


def _other(given: Any, _: ValidationInfo) -> float | Other:
    """A number, a build by its name, or a table."""
    if isinstance(given, str) and given.replace(".", "", 1).replace("_", "").lstrip("-").isdigit():
        raise ValueError(f"given the text {given!r}; wanted a number without quotes, or a build")
    if isinstance(given, str | dict):
        return Other.model_validate({"build": given} if isinstance(given, str) else given)
    return _NUMBER.validate_python(given)


class Part(Strict, json_schema_extra={"oneOf": [{"required": [key]} for key in ("is", "all", "any")]}):
    """One relation, or several of which all or any hold; what a part does not give is its claim's."""

    elsewhere: ClassVar[dict[str, str]] = {"scenario": 'wanted at = { scenario = "..." }',
                                          "precision": 'wanted at = { precision = "..." }'}
    build: _one_or_more(Name, "the subject; of several, every one") = None  # type: ignore[valid-type]
    output: Output | None = Field(None, description="an output, which is looked at")  # type: ignore[valid-type]
    at: Place = Field(Place(), description="where it is looked at; else everywhere")
    times: Number | None = Field(None, description="a factor of the subject's value")
    better: Better = BETTER
    relation: Literal[RELATIONS] | None = Field(  # type: ignore[valid-type]
        None, alias="is", description="what is said of it")
    than: Annotated[Any, Reader(_other, Number | Name | Other)] = Field(
        None, description="what it is compared with: a number, a build, or a table")
    rank: Annotated[int, Field(ge=1)] | None = Field(None, description='of "rank at least": 1 is the best')
    within: Annotated[Number, Field(ge=0)] | None = Field(None, description='of "equal": relative tolerance')
    low: Number | None = Field(None, description='of "between"')
    high: Number | None = Field(None, description='of "between"')
    all: list[Part] | None = Field(None, description="parts that must all hold")
    any: list[Part] | None = Field(None, description="parts of which one must hold")


class Claim(Part):
    """One sentence of a document, put to the test."""

    id: Name = Field(description="a short name, such as C01")
    says: Line = Field(description="the sentence")
    where: Line | None = Field(None, description="where the document says it")
    note: Text = Field("", description="what else to know of it")
    printed: bool | None = Field(None, description="whether it holds at the numbers that the document prints")
    quantile: Annotated[Number, Field(gt=0, lt=1)] | None = Field(
        None, description="of the outputs: the claim is about it, and not about single samples")
    must_hold: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        None, description="least probability of the claim for the command's exit status to be 0")


class Criterion(Strict):
    """What builds are ranked by."""

    output: Output = Field(description="an output")  # type: ignore[valid-type]
    precision: Precised = None
    better: Better = BETTER


class Pick(Strict):
    """What a document picks for a workload or a priority."""

    says: Line = Field(description="the workload or priority")
    where: Line | None = Field(None, description="where the document says it")
    because: Line | None = Field(None, description="what decides, as the document has it")
    builds: Annotated[list[Name], Field(min_length=1)] = Field(description="the document's picks")
    best_by: Annotated[list[Criterion], Field(min_length=1)] = Field(
        description="what the best build is best by, all of it")
    note: Text = Field("", description="what else to know of it")


class Rating(Strict):
    """Stars that a document gives, and the output whose ranks stand beside them."""

    says: Line = Field(description="the metric that is rated")
    where: Line | None = Field(None, description="where the document says it")
    stars: dict[Name, Annotated[int, Field(ge=0, le=5)]] = Field(description="stars by build, 5 best")
    output: Output | None = Field(None, description="the output that it can be told by, if any")  # type: ignore[valid-type]
    precision: Precised = None
    better: Better = BETTER
    width: bool = Field(False, description="whether it is told by the width of the output: 5 to 95 % over the median")
    note: Text = Field("", description="what else to know of it")


class Conclusions(Strict):
    """A document's conclusions, in a file of its own that several studies may name."""

    title: Line = Field(description="the document")
    claims: list[Claim] = Field([], description="sentences to be put to the test")
    picks: list[Pick] = Field([], description="builds picked for workloads and priorities")
    ratings: list[Rating] = Field([], description="stars by metric")
