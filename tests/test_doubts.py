"""What a study may say, but is mostly a slip: told by check and after a run, and of no study that is in order."""

import re

import pytest
from support import study_text

import uncertainty as un
from uncertainty import cli
from uncertainty.files import shipped

STARTER = (shipped() / "starter.toml").read_text(encoding="utf-8")
QUOTES = "[build.rtx_a5000]\nunit_price = {{ dist = 'empirical', values = [{}], source = 's' }}\n"
COMMA = "rtx_a5000.unit_price has values from {} to 9,999; a comma parts values: one of 8,565 is 8565 or 8_565"


@pytest.mark.parametrize("path", sorted((shipped() / "studies").glob("*.toml")), ids=lambda path: path.stem)
def test_of_the_shipped_studies_nothing_is(path):
    assert un.load(path).doubts == ()


def test_of_the_starter_its_sources_are(tmp_path):
    assert un.load(shipped() / "starter.toml").doubts == (
        "9 sources still begin with EXAMPLE, of pue, discharge_efficiency, battery_unit_price, "
        "rtx_pro_6000.unit_price, dgx_spark.unit_price, rtx_a6000.unit_price, server, correlation #1",)
    mine = re.sub("EXAMPLE: (?!survey)", "", STARTER)
    (tmp_path / "mine.toml").write_text(mine)
    assert un.load(tmp_path / "mine.toml").doubts == ("1 source still begins with EXAMPLE, of pue",)
    assert set(re.findall(r'source *= "(\w+)', STARTER)) == {"EXAMPLE"}


@pytest.mark.parametrize(("given", "told"), [
    ({}, []),
    ({"battery_unit_price": 41_000}, []),
    ({"battery_unit_price": 8.2}, ["battery_unit_price is 8.2 USD at its central value; the data sheet has 8,200"]),
    ({"battery_unit_price": 41_001},
     ["battery_unit_price is 41,001 USD at its central value; the data sheet has 8,200"]),
    ({"rest": "[build.rtx_a5000]\nunit_power = 23"},
     ["rtx_a5000.unit_power is 23 kW at its central value; the data sheet has 0.23"]),
    ({"rest": "[scenarios.a]\n[scenarios.b.build.rtx_a5000]\npeak.fp16 = 1e6"},
     ["rtx_a5000.peak.fp16 is 1,000,000 TFLOP/s at its central value; the data sheet has 111.1"]),
    ({"sustained_ratio": 0.1}, ["rtx_a5000.sustained_ratio.headline is 0.1 at its central value; the data sheet has "]),
    ({"rest": "[sweep]\nbattery_unit_price = [8, 8000]", "battery_unit_price": 8}, []),
    ({"rest": QUOTES.format("999.91, 9999")}, []),
    ({"rest": QUOTES.format("999.89, 9999")}, [COMMA.format("999.9")]),
    ({"rest": QUOTES.format("8,565, 2_500, 9999")}, [COMMA.format("8")]),
    ({"budget": 2600}, ["the budget of 2,600 USD buys no dgx_spark at the central values"]),
    ({"budget": 150}, ["the budget of 150 USD buys no rtx_a5000 at the central values",
                       "the budget of 150 USD buys no dgx_spark at the central values"]),
    ({"budget": 9000, "budget_covers": "hardware and storage"},
     [f"the budget of 9,000 USD buys no {build} at the central values" for build in ("rtx_a5000", "dgx_spark")]),
    ({"rest": "[scenarios.a]\n[scenarios.b]\nbudget = 150"},
     [f"the budget of 150 USD buys no {build} at the central values in b" for build in ("rtx_a5000", "dgx_spark")]),
    ({"rest": "[sweep]\nbudget = [150, 150_000]"}, []),
    ({"rest": "[sweep]\nrtx_a5000.unit_price = [400, 800]", "budget": 1000, "builds": ["rtx_a5000"]}, []),
    ({"rest": "[sweep]\nbudget = [100, 150]", "builds": ["dgx_spark"]},
     ["the budget of 150 USD buys no dgx_spark at the central values"]),
])
def test_slips_are(make_study, given, told):
    doubts = make_study(**given).doubts
    assert len(doubts) == len(told)
    assert all(line.startswith(start) for line, start in zip(doubts, told, strict=True))


def test_they_are_told_by_check_and_after_a_run_and_change_no_status(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "low.toml").write_text(study_text(budget=150))
    line = "Worth a look: the budget of 150 USD buys no dgx_spark at the central values."
    for command in (["check", "low.toml"], ["run", "low.toml", "--no-report"]):
        assert cli.main(command) == 0
        out, err = capsys.readouterr()
        assert line in out.splitlines()
        assert "is fine" not in out
        assert err == ""


def test_of_several_and_beside_json_they_are_told_on_standard_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, budget in (("low", 150), ("high", 150_000)):
        (tmp_path / f"{name}.toml").write_text(study_text(budget=budget))
    line = "low: worth a look: the budget of 150 USD buys no dgx_spark at the central values"
    for command in (["low.toml", "high.toml"], ["low.toml", "high.toml"], ["low.toml", "--json"]):
        assert cli.main(["run", *command, "--no-report"]) == 0
        assert line in capsys.readouterr().err.splitlines()
