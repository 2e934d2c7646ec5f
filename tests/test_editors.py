"""The JSON schema takes the files that there are, and refuses broken ones; every key in it is explained."""

import datetime
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import uncertainty as un
from uncertainty import cli
from uncertainty.editors import KINDS, json_schema
from uncertainty.families import PARAMETERS
from uncertainty.files import shipped, validate
from uncertainty.model import INPUTS, OUTPUTS
from uncertainty.schema import StudyFile
from uncertainty.sheets import SHEETS

FOLDERS = {"study": "studies", "device": "devices", "battery": "batteries", "document": "documents"}
SHIPPED = [(kind, path) for kind, folder in FOLDERS.items() for path in sorted((shipped() / folder).glob("*.toml"))]
STARTER = shipped() / "starter.toml"
STUDY = """
title = "Cards"
budget = 150_000
run_hours = 8
builds = ["rtx_pro_6000", "rtx_a6000"]
battery = "powerwall_3"
[inputs]
discharge_efficiency = 0.9
depth_of_discharge = 0.9
pue = 1.2
"""
VALIDATORS = {kind: Draft202012Validator(json_schema(kind)) for kind in KINDS}


def plain(value: Any) -> Any:
    """As editors have it: a date is a text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def wrong(kind: str, text: str) -> list[str]:
    return [error.message for error in VALIDATORS[kind].iter_errors(plain(tomllib.loads(text)))]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema_of_the_draft_that_it_names(kind, capsys):
    assert cli.main(["schema", kind]) == 0
    found = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(found)
    assert found == json_schema(kind)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"].endswith(kind)


def test_without_a_kind_it_is_that_of_a_study(capsys):
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema("study")


@pytest.mark.parametrize(("kind", "path"), [*SHIPPED, ("study", STARTER)], ids=lambda x: getattr(x, "stem", x))
def test_what_is_shipped_is_right(kind, path):
    assert wrong(kind, path.read_text(encoding="utf-8")) == []


DISTRIBUTIONS = """{ dist = "uniform", low = 1.1, p90 = 1.4, source = "x" }
{ dist = "triangular", low = 1.1, mode = 1.2, high = 1.4, source = "x", grade = "A-", date = 2026-11-01 }
{ dist = "pert", p5 = 1.1, p50 = 1.2, p97_5 = 1.4, source = "x", note = "y" }
{ dist = "normal", mean = 1.2, std = 0.01, min = 1.0, max = 2, source = "x" }
{ dist = "lognormal", median = 1.5, sigma = 0.1, min = 1, central = 1.4, source = "x" }
{ dist = "beta", a = 2, b = 3, low = 1, high = 2, source = "x" }
{ dist = "beta", p10 = 1.2, p90 = 1.5, low = 1, high = 2, source = "x" }
{ dist = "discrete", values = [1.1, 1.2], probabilities = [0.4, 0.6], source = "x" }
{ dist = "empirical", values = [1.1, 1.2], source = "x" }
{ value = 1.2, source = "x", grade = "B", date = 2026-11-01 }
1""".splitlines()
MORE = ["""[[claims]]
id = "a"
says = "x"
any = [{ is = "best", build = "rtx_a6000", output = "capex" },
       { is = "at most", than = 3, build = ["rtx_a6000"], output = "battery_count", at = { scenario = "base" } }]
""", """[[claims]]
id = "b"
says = "x"
is = "above"
build = "rtx_a6000"
output = "throughput"
at = { precision = ["fp16", "fp32"] }
than = { build = "rtx_pro_6000", times = 0.5 }
""", "[build.rtx_a6000]\npeak = { fp16 = { missing = 'none' } }\nsustained_ratio = { fp32 = 0.5 }\n",
        "[scenarios.hot.build.rtx_a6000]\nunit_price = 4000\n", "[sensitivity]\nsamples = 0\n"]


@pytest.mark.parametrize("text", [*(STUDY.replace("pue = 1.2", f"pue = {d}") for d in DISTRIBUTIONS),
                                  *(STUDY + more for more in MORE)])
def test_what_a_study_may_say_is_right(text, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(text)
    un.load(path)
    assert wrong("study", text) == []


BROKEN = {  # what stands in the study above, and what breaks it
    "a key that is misspelt": ("pue", "pua"), "a key at the top that is misspelt": ("run_hours", "run_hour"),
    "a number out of bounds": ("1.2", "0.9"), "a text for a number": ("1.2", '"1.2"'), "nothing": ("run_hours = 8", ""),
    "a truth": ("1.2", "true"), "no budget": ("150_000", "0"), "no builds": ('["rtx_pro_6000", "rtx_a6000"]', "[]"),
    "a build that is no name": ("rtx_a6000", "rtx a6000"), "a distribution that there is not": (
        "1.2", '{ dist = "gauss", mean = 1.2, std = 0.1, source = "x" }'),
    "a parameter of another": ("1.2", '{ dist = "pert", low = 1.1, mean = 1.2, high = 1.3, source = "x" }'),
    "no source": ("1.2", '{ dist = "uniform", low = 1.1, high = 1.3 }'),
    "too few parameters": ("1.2", '{ dist = "pert", source = "x" }'),
    "values and a file": ("1.2", '{ dist = "empirical", values = [1.1], file = "a.csv", source = "x" }'),
    "a quantile of quotes": ("1.2", '{ dist = "empirical", values = [1.1], p5 = 1.1, source = "x" }'),
    "a grade that there is not": ("1.2", '{ value = 1.2, grade = "E" }'),
    "samples": ("[inputs]", "[sampling]\nsamples = 100\n[inputs]"),
    "too many words": ("[inputs]", '[inputs]\nbudget_covers = "all"'),
    "a scenario that is no name": ("[inputs]", '[scenarios."a b"]\n[inputs]'),
    "a correlation": ("[inputs]", '[[correlation]]\ninputs = ["unit_price"]\nspearman = 1.5\n[inputs]'),
    "two errors": ("[inputs]", '[[sensitivity.measurements]]\nsays = "x"\ninput = "pue"\n'
                   "error = 1\nrelative_error = 1\n[inputs]"),
    "a claim of nothing": ("[inputs]", '[[claims]]\nid = "a"\nsays = "x"\noutput = "capex"\n[inputs]'),
    "a relation": ("[inputs]", '[[claims]]\nid = "a"\nsays = "x"\noutput = "capex"\nis = "good"\n[inputs]'),
    "an output": ("[inputs]", '[[claims]]\nid = "a"\nsays = "x"\noutput = "capx"\nis = "best"\n[inputs]'),
    "a component": ("[inputs]", '[components]\nx = { per = "rack", price = 1 }\n[inputs]')}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_refused_as_the_command_refuses_it(name, tmp_path):
    text = STUDY.replace(*BROKEN[name])
    assert text != STUDY
    assert wrong("study", text)
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(un.StudyError):
        un.load(tmp_path / "study.toml")


@pytest.mark.parametrize(("kind", "old", "new"), [
    ("device", "[peak]", "[peek]"), ("device", "label ", "lable "), ("device", '"fp4"', '"fp5"'),
    ("battery", "value = 13.5", "value = '13.5'"), ("battery", "battery_power", "battery_powr"),
    ("document", "build   = ", "biuld   = "), ("document", "says    = ", "said    = ")])
def test_broken_sheets_are_refused(kind, old, new):
    text = next(path for k, path in SHIPPED if k == kind).read_text(encoding="utf-8")
    if kind == "device":
        text = (shipped() / "devices" / "dgx_spark.toml").read_text(encoding="utf-8")
    assert old in text
    assert wrong(kind, text.replace(old, new, 1))
    found: list[Any] = []
    validate(SHEETS[FOLDERS[kind]], tomllib.loads(text.replace(old, new, 1)), Path(), "", found)
    assert found


def properties(schema: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every key that a schema knows, and what it says of it."""
    if isinstance(schema, list):
        for one in schema:
            yield from properties(one, at)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from ((f"{at}.{name}", said) for name, said in value.items())
            yield from properties(value, f"{at}/{key}")


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_explained_and_nothing_is_null(kind):
    found = json_schema(kind)
    assert [at for at, said in properties(found) if not said.get("description")] == []
    assert "null" not in json.dumps(found)


def test_units_names_and_kinds_are_offered():
    found = json_schema("study")
    inputs = found["$defs"]["AllInputs"]["properties"]
    assert inputs.keys() == INPUTS.keys()
    assert all(f"[{spec.unit}]" in inputs[name]["description"] for name, spec in INPUTS.items() if spec.unit != "1")
    kinds = found["$defs"]["Distribution"]["oneOf"]
    assert [kind["properties"]["dist"]["const"] for kind in kinds] == list(PARAMETERS)
    assert found["properties"]["outputs"]["items"]["enum"] == list(OUTPUTS)
    devices = sorted(path.stem for path in (shipped() / "devices").glob("*.toml"))
    assert found["properties"]["builds"]["items"]["anyOf"][0]["enum"] == devices
    assert list(found["properties"]["build"]["properties"]) == devices
    assert found["properties"]["battery"]["anyOf"][0]["enum"] == ["powerwall_3"]
    assert found["properties"].keys() == set(StudyFile.names())
