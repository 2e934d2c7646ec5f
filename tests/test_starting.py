"""Studies to start from: the starter and every example in it, and copies of other studies."""

import re
import tomllib
from pathlib import Path

import pytest

import uncertainty as un
from uncertainty import cli
from uncertainty.families import PARAMETERS
from uncertainty.files import shipped
from uncertainty.starting import start

STARTER = (shipped() / "starter.toml").read_text(encoding="utf-8")
LINES = STARTER.splitlines()
EXAMPLES = [i for i, line in enumerate(LINES) if re.match(r"#[^ :]", line)]
BLOCKS = [[i for i in EXAMPLES if i >= first and set(range(first, i)) <= set(EXAMPLES)]
          for first in EXAMPLES if first - 1 not in EXAMPLES]


def uncommented(lines: list[int]) -> str:
    return "\n".join(line[1:] if i in lines else line for i, line in enumerate(LINES))


def load(text: str, folder: Path) -> un.Study:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return un.load(path)


def test_the_starter_is_short_and_shows_what_there_is():
    assert len(LINES) <= 125
    everything = tomllib.loads(uncommented(EXAMPLES))
    assert everything.keys() == {
        "title", "description", "budget", "budget_covers", "run_hours", "builds", "battery", "criteria", "outputs",
        "precisions", "sampling", "inputs", "build", "scenarios", "components", "correlation", "claims", "sensitivity",
        "sweep"}
    assert all(re.search(rf"\b{kind}\b", STARTER) for kind in PARAMETERS)


def test_the_starter_runs_with_every_example(tmp_path):
    text = uncommented(EXAMPLES)
    assert len(load(text, tmp_path).points) == 9
    text = text[: text.index("[sweep]")]  # of a sweep it is not told what drives it
    study = load(text, tmp_path).with_sampling(samples=64, replicates=2)
    assert [claim.id for claim in study.ledger.claims] == ["cheaper", "few"]
    results = un.run(study)
    assert results.study.scenarios == ("as-planned", "hot-room")
    assert results.information.sizes["measurement"] == 2


@pytest.mark.parametrize("lines", BLOCKS, ids=lambda lines: LINES[lines[0]][1:40].strip())
def test_every_example_is_valid_alone(lines, tmp_path):
    with_it, without = load(uncommented(lines), tmp_path), load(STARTER, tmp_path)
    assert (with_it.digest, with_it.ledger) != (without.digest, without.ledger)


def test_the_starters_distribution_of_quotes_may_be_in_a_file(tmp_path):
    (tmp_path / "quotes.csv").write_text("price\n8565\n8900\n9299\n9999\n")
    told = re.search(r"# Quotes in a file beside this one: (\{.*\})", STARTER)[1]
    listed = re.search(r"unit_price = (\{ dist = \"empirical\".*\})", STARTER)[1]
    assert load(STARTER.replace(listed, told), tmp_path).digest == load(STARTER, tmp_path).digest


def test_a_copy_of_a_shipped_study_is_the_same_and_says_what_to_do_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "mine.toml", "--from", "reference"]) == 0
    out = capsys.readouterr().out
    assert "a copy of reference" in out
    assert "uncertainty check mine.toml && uncertainty run mine.toml" in out
    assert Path("mine.toml").read_bytes() == (shipped() / "studies" / "reference.toml").read_bytes()
    assert un.load("mine.toml").digest == un.load("reference").digest
    assert [p.name for p in tmp_path.iterdir()] == ["mine.toml"]


def test_shipped_sheets_are_not_copied_however_the_study_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(shipped().parent)
    assert start(tmp_path / "mine.toml", f"{shipped().name}/studies/reference.toml") == [tmp_path / "mine.toml"]


SHEET = (shipped() / "devices" / "rtx_a5000.toml").read_text(encoding="utf-8")
BATTERY = (shipped() / "batteries" / "powerwall_3.toml").read_text(encoding="utf-8")
OWN = """title = "Own"
budget = 90_000
run_hours = 4
builds = ["own_card", "rtx_a6000", "other_card"]
battery = "own_battery"
[inputs]
pue = { dist = "empirical", file = "data/pue.csv", source = "meter" }
discharge_efficiency = 0.9
depth_of_discharge = 0.9
"""


@pytest.fixture
def own(tmp_path):
    """A study with sheets and quotes in every place where they may lie."""
    files = {"studies/own.toml": OWN, "studies/data/pue.csv": "pue\n1.2\n1.3\n", "studies/own_card.toml": SHEET,
             "devices/other_card.toml": SHEET.replace("[peak]", "[unit_power]\ndist = 'empirical'\nfile = 'power.csv'\n"
                                                      "source = 'meter'\n[peak]", 1),
             "devices/power.csv": "kW\n0.2\n0.22\n", "studies/batteries/own_battery.toml": BATTERY}
    text = files["devices/other_card.toml"]
    files["devices/other_card.toml"] = re.sub(r"(?m)^unit_power .*$", "", text)
    for name, content in files.items():
        path = tmp_path / "there" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path / "there" / "studies" / "own.toml"


def test_a_copy_takes_its_sheets_and_quotes_along(own, tmp_path, capsys):
    new = tmp_path / "here" / "study.toml"
    new.parent.mkdir()
    assert cli.main(["init", str(new), "--from", str(own)]) == 0
    assert capsys.readouterr().out.count("which it needs") == 5
    files = {str(p.relative_to(new.parent)) for p in new.parent.rglob("*") if p.is_file()}
    assert files == {"study.toml", "data/pue.csv", "own_card.toml", "devices/other_card.toml", "devices/power.csv",
                     "batteries/own_battery.toml"}
    assert un.load(new).digest == un.load(own).digest


def test_a_copy_in_the_same_folder_needs_nothing_more(own):
    assert start(own.with_name("again.toml"), str(own))[0].name == "again.toml"
    assert un.load(own.with_name("again.toml")).digest == un.load(own).digest


def test_nothing_is_written_over_or_half(own, tmp_path, capsys):
    new = tmp_path / "here" / "study.toml"
    (new.parent / "devices").mkdir(parents=True)
    other = new.parent / "devices" / "other_card.toml"
    other.write_text("mine", encoding="utf-8")
    assert cli.main(["init", str(new), "--from", str(own)]) == 2
    assert "other_card.toml exists already" in capsys.readouterr().err
    assert [p for p in new.parent.rglob("*") if p.is_file()] == [other]
    assert cli.main(["init", str(own), "--from", str(own)]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(("source", "words"), [
    ("refrence", "did you mean reference?"), ("broken.toml", "battery: is missing")])
def test_what_does_not_run_is_not_copied(source, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("broken.toml").write_text(OWN.replace('battery = "own_battery"\n', ""))
    assert cli.main(["init", "new.toml", "--from", source]) == 2
    assert words in capsys.readouterr().err
    assert not Path("new.toml").exists()
