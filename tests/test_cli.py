"""The command as a person or a script meets it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import uncertainty as un
from uncertainty import cli

STUDY = """
title = "Two cards"
budget = 150_000
run_hours = 8
builds = ["rtx_pro_6000", "rtx_a6000"]
battery = "powerwall_3"
sampling = { samples = 64, replicates = 8, seed = 1 }
[inputs]
pue = { dist = "uniform", low = 1.1, high = 1.4, source = "test" }
discharge_efficiency = 0.9
depth_of_discharge = 0.9
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cards.toml"
    path.write_text(STUDY)
    return path


def test_run_prints_tables_of_80_columns_and_writes_the_folder(study, capsys):
    assert cli.main(["run", str(study)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    for words in ("Two cards", "How wide", "Who wins", "512 samples", "PRO 6000", "results/cards"):
        assert words in out
    written = {str(p.relative_to("results/cards")) for p in Path("results/cards").rglob("*") if p.is_file()}
    figures = {name for name in written if name.startswith("figures/")}
    assert len(figures) > 5
    tables = {f"tables/{t}.csv" for t in (
        "bands", "counts", "enough", "ranks", "pairs", "flips", "taus", "inputs", "claims", "claim_scenarios",
        "nearest", "crossings", "separation", "levels", "picks", "ratings", "preference", "central_weights",
        "indices", "influence", "information", "measurements", "shared", "tornado", "stress", "stress_firsts")}
    assert written == {"results.nc", "summary.json", "report.md", "report.html"} | tables | figures


def test_options_reach_the_run(study, capsys):
    assert cli.main(["run", str(study), "--samples", "32", "--replicates", "4", "--seed", "0", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["sampling"] == {"samples": 32, "replicates": 4, "seed": 0, "method": "sobol"}
    assert printed == json.loads(Path("results/cards/summary.json").read_text())


def test_tolerance_says_whether_it_was_met(study, capsys):
    assert cli.main(["run", str(study), "--tolerance", "0.05"]) == 0
    assert "Tolerance 0.05 of standard errors is met" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("arguments", "words"), [
    (["run", "nowhere.toml"], "no such file"),
    (["run", "cards.toml", "--samples", "100"], "power of two"),
    (["run", "cards.toml", "--jobs", "0"], "--jobs is 0"),
    (["run", "cards.toml", "--tolerance", "2"], "between 0 and 1"),
    (["run", "cards.toml", "./cards.toml"], "two studies are called cards"),
    (["run", "broken.toml"], "pue"),
    (["run", "cards.toml", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"], "wanted one"),
    (["run", "empty"], "no studies"),
    (["check", "broken.toml"], "pue"),
    (["init", "cards.toml"], "exists already"),
    (["init", "no/such/folder/study.toml"], "No such file"),
])
def test_bad_input_gives_status_2_a_reason_and_no_output(study, capsys, arguments, words):
    Path("broken.toml").write_text(STUDY.replace("low = 1.1", "low = 0.5"))
    Path("empty").mkdir()
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert words in err
    assert "Traceback" not in out + err
    assert not Path("results").exists()


def test_bad_usage_gives_status_2(study, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["run", "--replicate-count", "3"])
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_results_folder_that_cannot_be_made_is_an_error_without_traceback(study, capsys):
    Path("results").write_text("a file in the way")
    assert cli.main(["run", str(study)]) == 2
    assert "results" in capsys.readouterr().err


def test_an_interrupt_ends_with_130_and_writes_nothing(study, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("uncertainty.works.perform", stop)
    assert cli.main(["run", str(study)]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not Path("results").exists()


def test_check_shows_every_input_and_goes_on_after_a_bad_study(study, capsys):
    Path("broken.toml").write_text(STUDY.replace("low = 1.1", "low = 0.5"))
    assert cli.main(["check", "broken.toml", str(study)]) == 2
    out, err = capsys.readouterr()
    assert "broken.toml has a problem" in err
    assert "cards is fine: 2 builds" in out
    assert "uniform(1.1," in out
    assert "grade" in out


def test_check_shows_what_is_asked_of_sensitivity(study, capsys):
    study.write_text(STUDY + """
[sensitivity.groups]
site = ["pue"]
[[sensitivity.measurements]]
says = "a meter"
input = "pue"
error = 0.03
cost = 1500
[[sensitivity.measurements]]
says = "a guess"
input = "pue"
relative_error = 0.125
""")
    assert cli.main(["check", str(study)]) == 0
    out = capsys.readouterr().out
    for line in ("group site: pue", "could be measured: pue within 0.03, 1,500 USD: a meter",
                 "could be measured: pue within 12.5 %: a guess"):
        assert line in out.splitlines()


def test_init_writes_a_study_that_runs_as_it_is(study, capsys):
    assert cli.main(["init"]) == 0
    assert cli.main(["run", "study.toml", "--samples", "64", "--replicates", "2"]) == 0
    assert "My purchase" in capsys.readouterr().out


def test_the_default_study_is_the_shipped_reference_from_any_folder(study, capsys):
    assert cli.main(["check"]) == 0
    assert "reference is fine: 4 builds, 3 scenarios" in " ".join(capsys.readouterr().out.split())


def test_markup_and_escapes_in_a_title_are_shown_as_text(study, capsys):
    study.write_text(STUDY.replace('"Two cards"', '"[bold]Two[/bold] \\u001b[31mcards"'))
    assert cli.main(["run", str(study)]) == 0
    out = capsys.readouterr().out
    assert "[bold]Two[/bold]" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    code = f"""
import sys
from uncertainty.cli import main
try:
    main({arguments!r})
except SystemExit as stopped:
    assert stopped.code == 0
heavy = {{"numpy", "scipy", "xarray", "pydantic", "rich"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "uncertainty" in done.stdout


def test_the_command_is_installed(tmp_path):
    command = Path(sys.executable).with_name("uncertainty")
    if not command.exists():
        pytest.skip("the package is not installed in this environment")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, cwd=tmp_path, check=True,
                          env=os.environ | {"PYTHONPATH": ""})
    assert done.stdout.startswith("uncertainty ")


def test_figures_are_printed_whole_however_wide(study, capsys):
    """A purchase of thousands: no digit and no name is cut off, if lines must be longer for it."""
    study.write_text(STUDY.replace("budget = 150_000", "budget = 150_000_000"))
    assert cli.main(["run", str(study)]) == 0
    out = capsys.readouterr().out
    printed = set(re.findall(r"[\d,.]+", out))
    bands = un.run(un.load(study)).bands.sel(scenario="base", build="rtx_a6000")
    for output, scale, decimals in (("device_count", 1, 0), ("battery_count", 1, 0), ("capex", 1e3, 0)):
        for level in (0.05, 0.5, 0.95):
            assert f"{float(bands[output].sel(quantile=level)) / scale:,.{decimals}f}" in printed
    assert "A6000" in out
    assert "…" not in out


def test_many_scenarios_are_shown_in_tables_of_three(study, capsys):
    names = [f"scenario-number-{i}" for i in range(7)]
    study.write_text(STUDY + "".join(f"[scenarios.{n}]\npue = 1.{i}\n" for i, n in enumerate(names)))
    assert cli.main(["run", str(study)]) == 0
    out = capsys.readouterr().out
    assert out.count("Who wins") == 3
    assert all(out.count(name) >= 2 for name in names)


def test_two_studies_give_one_json_document(study, capsys):
    study.with_name("again.toml").write_text(STUDY)
    assert cli.main(["run", str(study), "again.toml", "--json"]) == 0
    assert [s["study"] for s in json.loads(capsys.readouterr().out)] == ["cards", "again"]


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(study, capsys, monkeypatch):
    monkeypatch.setattr("uncertainty.works.perform", lambda *_, **__: pytest.fail("it has begun"))
    Path("file").write_text("")
    assert cli.main(["run", str(study), "--out", "file"]) == 2
    assert "no folder" in capsys.readouterr().err


def test_a_terminal_without_the_signs_gets_others(study):
    done = subprocess.run([sys.executable, "-m", "uncertainty.cli", "run", str(study)], capture_output=True,
                          check=False, env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert b"How wide" in done.stdout


def test_components_may_be_for_some_builds(study, capsys):
    text = STUDY + '[components]\nserver = { per = "node", price = 6000, builds = ["rtx_a6000"], source = "test" }\n'
    study.write_text(text)
    cost = un.run(un.load(study)).means["component_cost"].sel(scenario="base")
    assert cost.sel(build="rtx_pro_6000") == 0
    assert cost.sel(build="rtx_a6000") == 4 * 6000
    study.write_text(text.replace('["rtx_a6000"], source', '["rtx_a600"], source'))
    assert cli.main(["check", str(study)]) == 2
    assert "did you mean rtx_a6000?" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are of Unix")
def test_progress_goes_to_a_terminal_and_to_nothing_else(study):
    import pty

    def run(*options):
        ours, theirs = pty.openpty()
        done = subprocess.run([sys.executable, "-m", "uncertainty.cli", "run", str(study), *options], stderr=theirs,
                              stdout=subprocess.PIPE, check=True, env=os.environ | {"TERM": "xterm"})
        os.close(theirs)
        os.set_blocking(ours, False)
        try:
            return done.stdout, os.read(ours, 1 << 16)
        except OSError:  # nothing was written to it
            return done.stdout, b""
        finally:
            os.close(ours)

    printed, drawn = run()
    assert b"cards" in drawn
    assert b"\x1b" not in printed
    assert run("--no-progress") == (printed, b"")
