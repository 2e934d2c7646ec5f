"""The JSON schema of each kind of file: what an editor completes it with, and checks as one types.

It says what tables may hold, and one number alone can be. What hangs on several numbers, on the kind of an output or on
other files, `uncertainty check` finds.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from . import __version__
from .document import Conclusions
from .families import DISCRETE, PARAMETERS
from .files import shipped
from .schema import Battery, Device, StudyFile
from .strict import Strict

KINDS: dict[str, type[Strict]] = {
    "study": StudyFile, "device": Device, "battery": Battery, "document": Conclusions}
Schema = dict[str, Any]


def json_schema(kind: str) -> Schema:
    """The JSON schema (draft 2020-12) of a kind of file, a key of `KINDS`."""
    found = KINDS[kind].model_json_schema(schema_generator=_Editors)
    definitions = found.get("$defs", {})
    if "Distribution" in definitions:
        definitions["Distribution"] = _distributions(definitions["Distribution"])
    if kind == "study":
        _name_sheets(found)
    about = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"urn:uncertainty:{__version__}:{kind}"}
    return about | _apart(found)


def to_json(kind: str) -> str:
    """The same as text."""
    return json.dumps(json_schema(kind), indent=1, ensure_ascii=False)


class _Editors(GenerateJsonSchema):
    """Without what pydantic adds that means nothing in TOML, which has no null, or that nobody would read."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if not isinstance(found.get("default"), int | str) or found["default"] == "":
            found.pop("default", None)
        return found

    def dict_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        return found | ({"additionalProperties": False} if "patternProperties" in found else {})


def _apart(schema: Any) -> Any:
    """The same with what stands beside a reference apart from it: editors that know older drafts skip it there."""
    if isinstance(schema, list):
        return [_apart(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _apart(value) for key, value in schema.items()}
    beside = {key: value for key, value in found.items() if key != "$ref"}
    return beside | {"allOf": [{"$ref": found["$ref"]}]} if "$ref" in found and beside else found


# --- distributions -----------------------------------------------------------------------------------------------

COMMON = ("source", "grade", "date", "note", "central", "min", "max")
TOLD = (5, 10, 50, 90, 95)  # quantiles that are offered; others are known too


def _distributions(table: Schema) -> Schema:
    """One of the kinds, each with its own parameters."""
    return {"description": table["description"], "oneOf": [_distribution(kind, table) for kind in PARAMETERS]}


def _distribution(kind: str, table: Schema) -> Schema:
    known, own = table["properties"], PARAMETERS[kind]
    names = [*own, *(["file", "column"] if kind == "empirical" else []), *COMMON]
    found: Schema = {"title": kind, "type": "object", "required": ["dist", "source"], "additionalProperties": False,
             "properties": {"dist": {"const": kind, "description": _words(kind)}, **{n: known[n] for n in names}}}
    if kind == "discrete":
        found["required"].append("values")
    elif kind == "empirical":
        found["oneOf"] = [{"required": ["values"]}, {"required": ["file"]}]
    else:
        found["properties"] |= {f"p{p}": _quantile(f"the {p} % quantile") for p in TOLD}
        found["patternProperties"] = {r"^p[0-9]{1,2}(_[0-9]+)?$": _quantile("a quantile, p2_5 that of 2.5 %")}
        found["minProperties"] = 2 + min(len(own), 3 if kind != "beta" else 2)  # a beta's ends are 0 and 1
    return found


def _quantile(what: str) -> Schema:
    return {"type": "number", "description": f"{what}, in place of a parameter"}


def _words(kind: str) -> str:
    ways = "" if kind in DISCRETE else ", or as many quantiles, such as p5 and p95, in place of some"
    return f"{kind}: by {', '.join(PARAMETERS[kind])}{ways}"


# --- names of sheets ---------------------------------------------------------------------------------------------


def _name_sheets(study: Schema) -> None:
    """Offer the shipped sheets by name; others may lie beside the study."""
    properties = study["properties"]
    properties["builds"]["items"] = _offered("devices", properties["builds"]["items"])
    properties["battery"] = _offered("batteries", properties["battery"])
    properties["document"] = _offered("documents", properties["document"])
    for table in (study, study["$defs"]["Scenario"]):
        own = table["properties"]["build"]
        own["properties"] = {name: {"description": f"of {name} alone"} | own["additionalProperties"]
                             for name in _names("devices")}


def _offered(kind: str, name: Schema) -> Schema:
    about = {"description": name.pop("description")} if "description" in name else {}
    return about | {"anyOf": [{"enum": _names(kind)}, name]}


def _names(kind: str) -> list[str]:
    return sorted(path.stem for path in (shipped() / kind).glob("*.toml"))
