"""What the README says is so."""

import json
import re
import tomllib
from pathlib import Path

import pytest

import uncertainty as un
from uncertainty import cli
from uncertainty.model import INPUTS, OUTPUTS
from uncertainty.report import option_map
from uncertainty.report.text import percent

README = Path(__file__).parent.parent / "README.md"
pytestmark = pytest.mark.skipif(not README.is_file(), reason="no checkout: the README is not there")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def plain(text: str) -> str:
    """Words and figures; how wide columns and rules are is up to the version of rich."""
    return " ".join(text.replace("─", "").split())


def test_the_output_it_shows_is_what_the_command_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run"]) == 0
    shown, printed = blocks("text"), plain(capsys.readouterr().out)
    assert len(shown) == 5
    for block in shown:
        assert plain(block.removesuffix("...\n")) in printed


def test_its_table_of_claims_is_what_the_committed_studies_gave():
    text = README.read_text(encoding="utf-8")
    lines = re.findall(r"^\| (C\d+b?) \| (.*?) \| (holds|fails) \| (.*?) \|$", text, re.MULTILINE)
    names = re.search(r"\| printed \| (.*) \|", text)[1].replace("`", "").split(" | ")
    claims = [json.loads((README.parent / "results" / name / "summary.json").read_text(encoding="utf-8"))["claims"]
              for name in names]
    assert len(lines) == 6
    for name, says, printed, shares in lines:
        assert {(c[name]["says"], c[name]["holds_as_printed"]) for c in claims} == {(says, printed == "holds")}
        assert shares.split(" | ") == [percent(c[name]["probability"][0]) for c in claims]


def test_its_option_map_is_what_the_study_gives():
    rows = re.findall(r"^\| (\$\d+,\d+) \| (.*) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 3
    budget, told = rows[1]
    swept = un.run(un.load("market-option-map").at(budget=float(budget.strip("$").replace(",", ""))))
    cells = option_map._cells(swept)[:, 0, 0]
    assert told.split(" | ") == [f"{cell.names} {cell.told}" for cell in cells]


def test_its_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    exec(blocks("python")[0], scope)  # as a reader would paste it
    assert (tmp_path / "results" / "reference" / "summary.json").is_file()
    assert scope["samples"]["cost"].dims == ("replicate", "sample")


def test_its_toml_is_toml():
    for block in blocks("toml"):
        assert tomllib.loads(block)


@pytest.mark.parametrize(("name", "spec"), [*INPUTS.items(), *OUTPUTS.items()], ids=[*INPUTS, *OUTPUTS])
def test_every_input_and_output_is_in_the_nomenclature(name, spec):
    assert re.search(rf"\| `{name}` \| .*{re.escape(spec.meaning)}.* \| {re.escape(spec.unit)} \|",
                     README.read_text(encoding="utf-8"))


def test_every_module_is_on_the_map():
    package = README.parent / "uncertainty"
    text = README.read_text(encoding="utf-8")
    unnamed = [p.name for p in package.glob("*.py") if p.name not in text and not p.name.startswith("__")]
    assert unnamed == []
