"""What a study file and a data sheet may say: pydantic models, from which editors' JSON schema comes too.

Validation turns every number of a file into a `Quantity`, checked against what the quantity can be.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    WithJsonSchema,
    create_model,
)

from .design import METHODS
from .document import Claim, Criterion, Output, Pick, Rating
from .families import PARAMETERS
from .model import INPUTS, PER_UNIT, PRECISIONS, Input
from .quantity import Quantity, inside, interval, marginal, quotes
from .strict import Line, Name, Number, Reader, Strict, Text, distinct, shown

# --- one number --------------------------------------------------------------------------------------------

Grade = Literal["A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D"]
GRADES = "of the evidence: A direct, B good secondary, C weak, D judgement"
SOURCE, DATE, NOTE = "where it comes from", "of the source, as 2026-11", "what else to know of it"
Date = Annotated[Line, BeforeValidator(lambda d: d.isoformat() if isinstance(d, datetime.date) else d)]


class Constant(Strict):
    """A number with its source."""

    value: Number = Field(description="a number")
    source: Text = Field("", description=SOURCE)
    grade: Grade | None = Field(None, description=GRADES)
    date: Date = Field("", description=DATE)
    note: Text = Field("", description=NOTE)


class Missing(Strict):
    """A number that there is not: the device has no such precision."""

    missing: Line = Field(description="why there is none")


class Distribution(Strict):
    """An uncertain number: its kind and parameters, or quantiles such as p5 in their place."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Number]

    dist: Literal[tuple(PARAMETERS)] = Field(description="its kind")  # type: ignore[valid-type]
    source: Line = Field(description="where its numbers come from")
    grade: Grade | None = Field(None, description=GRADES)
    date: Date = Field("", description=DATE)
    note: Text = Field("", description=NOTE)
    central: Number | None = Field(None, description='the value "at the central values"; else the median')
    low: Number | None = Field(None, description="the smallest value")
    mode: Number | None = Field(None, description="the most probable value")
    high: Number | None = Field(None, description="the largest value")
    mean: Number | None = Field(None, description="the mean")
    std: Number | None = Field(None, description="the standard deviation")
    median: Number | None = Field(None, description="the median")
    sigma: Number | None = Field(None, description="the standard deviation of the logarithm: 0.1 is some 10 %")
    a: Number | None = Field(None, description="the first shape: the larger, the nearer to high")
    b: Number | None = Field(None, description="the second shape: the larger, the nearer to low")
    values: list[Number] | None = Field(None, description="the values; of quotes all, each as probable")
    probabilities: list[Number] | None = Field(None, description="of the values, sum 1; else all equal")
    file: str | None = Field(None, description="a CSV file of quotes, in the folder of what names it")
    column: str | None = Field(None, description="its column")
    min: Number | None = Field(None, description="truncation from below")
    max: Number | None = Field(None, description="truncation from above")

    @classmethod
    def knows(cls, key: str) -> bool:
        """Whether it is a parameter, or a quantile."""
        return key in cls.model_fields or bool(re.fullmatch(r"p\d+(_\d+)?", key))


_NUMBER: TypeAdapter[float] = TypeAdapter(Number)
_ABOUT = {"dist", "source", "grade", "date", "note", "file", "column"}


def _quantity(bounds: Input, given: Any, info: ValidationInfo) -> Quantity:
    """What a file says of one number, refused where the quantity cannot be that."""
    if isinstance(given, Quantity):
        return given
    if not isinstance(given, dict):
        return Quantity(inside(_NUMBER.validate_python(given), bounds))
    if "missing" in given:
        if not bounds.typed:
            raise ValueError("is missing; wanted a number: only peak and sustained_ratio can be missing")
        return Quantity(None, note=Missing.model_validate(given).missing)
    uncertain = "value" not in given and any(Distribution.knows(k) and not Constant.knows(k) for k in given)
    spec: Any = (Distribution if uncertain else Constant).model_validate(given)
    value = _marginal(spec, bounds, info) if uncertain else inside(spec.value, bounds)
    return Quantity(value, spec.source, spec.grade or "", spec.date, spec.note)


def _marginal(spec: Distribution, bounds: Input, info: ValidationInfo) -> Any:
    parameters = spec.model_dump(exclude=_ABOUT, exclude_none=True)
    if spec.file is None and spec.column is not None:
        raise ValueError("given column alone; wanted a file beside it")
    if spec.file is not None:
        if spec.dist != "empirical" or spec.values is not None:
            raise ValueError('given file; wanted it with dist = "empirical" only, in place of values')
        parameters["values"] = quotes(spec.file, spec.column, info.context or Path())
    return marginal(spec.dist, parameters, bounds)


def _field(bounds: Input, read: Any, accepted: Any) -> Any:
    return Annotated[Any, Reader(read, accepted), Field(description=f"{bounds.meaning}, {interval(bounds)}")]


def _word(bounds: Input) -> Any:
    """One of a quantity's words, which stand for 0, 1, ..."""
    accepted: Any = Literal[bounds.words]
    check = TypeAdapter(accepted)

    def read(given: Any, _: ValidationInfo) -> Quantity:
        return given if isinstance(given, Quantity) else Quantity(
            float(bounds.words.index(check.validate_python(given))))

    return Annotated[Any, Reader(read, accepted), Field(description=bounds.meaning)]


def _plain(bounds: Input) -> Any:
    """A number inside its bounds, for the JSON schema."""
    low = {"exclusiveMinimum" if bounds.open_low else "minimum": bounds.low}
    return Annotated[Number, WithJsonSchema(
        {"type": "number", **low} | ({} if math.isinf(bounds.high) else {"maximum": bounds.high}))]


def _one(bounds: Input) -> Any:
    if bounds.words:
        return _word(bounds)
    accepted = _plain(bounds) | Constant | Distribution
    return _field(bounds, partial(_quantity, bounds), accepted | Missing if bounds.typed else accepted)


def _table(title: str, fields: Mapping[str, Any]) -> Any:
    optional: Any = {name: (kind, None) for name, kind in fields.items()}
    return create_model(title, __base__=Strict, **optional)


def _by_precision(name: str, bounds: Input) -> Any:
    """One number for all precisions, or a table of them; `headline` has a peak only."""
    own = [p for p in PRECISIONS if p != "headline" or name == "peak"]
    table = _table(f"{name}_by_precision", dict.fromkeys(own, _one(bounds)))

    def read(given: Any, info: ValidationInfo) -> Any:
        keys = set(given) if isinstance(given, dict) else {"value"}
        single = any(key in ("value", "missing") or Distribution.knows(key) for key in keys)
        if single and not keys.intersection(PRECISIONS):
            return _quantity(bounds, given, info)
        return table.model_validate(given, context=info.context)

    return _field(bounds, read, _plain(bounds) | Constant | Distribution | Missing | table)


# --- files -------------------------------------------------------------------------------------------------

FIELDS = {name: _by_precision(name, spec) if spec.typed else _one(spec) for name, spec in INPUTS.items()}
PER_BUILD = tuple(name for name, spec in INPUTS.items() if spec.per_build)
BATTERY = ("battery_unit_price", "battery_capacity", "battery_power")
Budget, RunHours, BudgetCovers = (FIELDS[name] for name in ("budget", "run_hours", "budget_covers"))
AllInputs = _table("AllInputs", FIELDS)
BuildInputs = _table("BuildInputs", {name: FIELDS[name] for name in PER_BUILD})
BatteryInputs = _table("BatteryInputs", {name: FIELDS[name] for name in BATTERY})


class Scenario(AllInputs):  # type: ignore[misc, valid-type]
    """What holds in one scenario."""

    build: dict[str, BuildInputs] = Field({}, description="a build's own")  # type: ignore[valid-type]


class Device(BuildInputs):  # type: ignore[misc, valid-type]
    """A device's data sheet."""

    name: Line = Field(description="the name that tables print in full")
    label: Line = Field(max_length=10, description="the name that narrow tables print")
    headline_format: Literal[PRECISIONS[1:]] = Field(  # type: ignore[valid-type]
        description="the format of the headline peak, whose sustained ratio it shares")


class Battery(BatteryInputs):  # type: ignore[misc, valid-type]
    """A battery's data sheet."""

    name: Line = Field(description="the name that tables print in full")
    label: Line = Field(max_length=10, description="the name that narrow tables print")


def _power_of_two(value: int) -> int:
    if value & (value - 1):
        low = 1 << value.bit_length() - 1
        raise ValueError(f"given {value}; wanted a power of two, such as {low} or {2 * low}")
    return value


LEAST_DRIVEN = 64  # samples of a replicate that tell what drives a study


def _sensible(value: int) -> int:
    if 0 < value < LEAST_DRIVEN:
        raise ValueError(f"given {value}; wanted 0, or {LEAST_DRIVEN} at least")
    return _power_of_two(value)


def _one_of(least: int, most: int, *others: int) -> Any:
    """Powers of two from 2**least to 2**most, for the JSON schema."""
    return Field(json_schema_extra={"enum": [*others, *(1 << i for i in range(least, most + 1))]})


class SamplingTable(Strict):
    """How many samples, of which kind."""

    samples: Annotated[int, Field(ge=2, le=1 << 26, description="of each replicate, a power of two"),
                       AfterValidator(_power_of_two), _one_of(1, 26)] = 4096
    replicates: Annotated[int, Field(ge=2, le=1 << 16, description="at least 8 for firm errors")] = 16
    seed: Annotated[int, Field(ge=0, le=(1 << 63) - 1, description="same seed, same figures")] = 0
    method: Annotated[Literal[METHODS], Field(description="of drawing points")] = "sobol"  # type: ignore[valid-type]


class Correlation(Strict):
    """Inputs of which every two have a rank correlation."""

    inputs: Annotated[list[str], Field(min_length=1), AfterValidator(distinct)] = Field(
        description='inputs, as "unit_price" (every build\'s) or "rtx_a5000.unit_price"')
    spearman: Annotated[Number, AfterValidator(lambda r: inside(r, Input("1", "", -1, 1)))] = Field(
        description="a rank correlation, -1 to 1", json_schema_extra={"minimum": -1, "maximum": 1})
    source: Text = Field("", description=SOURCE)
    grade: Grade | None = Field(None, description=GRADES)


class Component(Strict):
    """A further thing to buy."""

    per: Literal[PER_UNIT] = Field(description="device, node or once: what its price is per")  # type: ignore[valid-type]
    price: _one(Input("USD", "price of a further component"))  # type: ignore[valid-type]
    builds: list[Name] | None = Field(None, description="the builds that need it; else all")
    source: Text = Field("", description=SOURCE)


def _criterion(given: Any, _: ValidationInfo) -> Criterion:
    return Criterion.model_validate({"output": given} if isinstance(given, str) else given)


class Measurement(Strict, json_schema_extra={"oneOf": [{"required": ["error"]}, {"required": ["relative_error"]}]}):
    """A quote or a measurement that could be had before the choice is made."""

    says: Line = Field(description="what it is called")
    input: str = Field(description='the input that it tells of, as "rtx_a5000.unit_price"')
    error: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="its standard deviation, in the input's unit")
    relative_error: Annotated[Number, Field(gt=0, le=1)] | None = Field(
        None, description="its standard deviation relative to the input, in place of error: 0.02 is 2 %")
    cost: Annotated[Number, Field(ge=0)] | None = Field(None, description="of having it, USD")


class SensitivityTable(Strict):
    """What drives the results: how it is told."""

    samples: Annotated[int, Field(ge=0, le=1 << 13, description="of each of at most 16 replicates, a power of two from "
                                  "64 on; 0 where it is not to be told"),
                       AfterValidator(_sensible), _one_of(6, 13, 0)] = 1024
    groups: dict[Name, Annotated[list[str], Field(min_length=1), AfterValidator(distinct)]] = Field(
        {}, description='inputs to be told together, as prices = ["unit_price", "battery_unit_price"]')
    measurements: list[Measurement] = Field([], description="quotes or measurements that could be had")


def _swept(given: Any, _: ValidationInfo) -> dict[str, Any]:
    """Lists by name, those of tables in it too: rtx_a5000.unit_price needs no quotes. `axes` checks them."""
    if not isinstance(given, dict):
        raise ValueError(f"given {shown(given)}; wanted a table of lists")
    parts = {name: _swept(each, _) if isinstance(each, dict) else {"": each} for name, each in given.items()}
    return {f"{name}.{rest}" if rest else name: each for name, part in parts.items() for rest, each in part.items()}


class StudyFile(Strict):
    """A study file."""

    title: Line = Field(description="what the study is called")
    description: Text = Field("", description="the question that the study answers")
    budget: Budget  # type: ignore[valid-type]
    run_hours: RunHours  # type: ignore[valid-type]
    budget_covers: BudgetCovers = None  # type: ignore[valid-type]
    builds: Annotated[list[Name], Field(min_length=1), AfterValidator(distinct)] = Field(
        description="names of device sheets")
    battery: Name = Field(description="the name of a battery sheet")
    sampling: SamplingTable = Field(SamplingTable(), description="how many samples, and of which kind")
    inputs: AllInputs = Field(AllInputs(), description="given once, drawn once")  # type: ignore[valid-type]
    build: dict[str, BuildInputs] = Field({}, description="a build's own")  # type: ignore[valid-type]
    scenarios: dict[Name, Scenario] = Field({}, description="what differs by scenario")
    correlation: list[Correlation] = Field([], description="rank correlations")
    components: dict[Name, Component] = Field({}, description="further things to buy")
    sweep: Annotated[dict[str, Any], Reader(_swept, dict[str, list[float | str]])] = Field(
        {}, description="values that inputs take in turn, as run_hours = [4, 8, 12]: every one with every other")
    criteria: list[Annotated[Criterion, Reader(_criterion, Output | Criterion)]] = Field(
        [], description="what builds are ranked by")
    outputs: Annotated[list[Output], AfterValidator(distinct)] = Field(  # type: ignore[valid-type]
        [], description="what to work out beside device_count, battery_count, capex and what is ranked and tested; "
        "else all that is not extra")
    precisions: Annotated[list[Literal[PRECISIONS]], AfterValidator(distinct)] = Field(  # type: ignore[valid-type]
        [], description="which precisions to work out; else all")
    document: Name | None = Field(None, description="the name of a sheet of conclusions, to be put to the test")
    claims: list[Claim] = Field([], description="sentences to be put to the test")
    picks: list[Pick] = Field([], description="builds picked for workloads and priorities")
    ratings: list[Rating] = Field([], description="stars by metric")
    sensitivity: SensitivityTable = Field(SensitivityTable.model_validate({}), description="how to tell what drives it")
