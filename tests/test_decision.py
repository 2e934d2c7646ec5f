"""docs/decision.md: its code runs as a reader would paste it, and prints what is shown below it."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

DECISION = Path(__file__).parent.parent / "docs" / "decision.md"
pytestmark = pytest.mark.skipif(not DECISION.is_file(), reason="no checkout: the docs are not there")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What each block of code printed, and what is shown below it; and the folder where it ran."""
    text = DECISION.read_text(encoding="utf-8")
    found, scope, folder = [], {}, tmp_path_factory.mktemp("decision")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for code, shown in re.findall(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", text, re.DOTALL):
            with redirect_stdout(StringIO()) as out:
                exec(code, scope)
            found.append((out.getvalue(), shown))
    return found, scope, folder


def test_it_prints_what_is_shown(ran):
    for printed, shown in ran[0]:
        assert printed.split() == shown.split()


def test_figures_of_the_text_are_those_that_were_printed(ran):
    text = re.sub(r"```.*?```", "", DECISION.read_text(encoding="utf-8"), flags=re.DOTALL)
    decision = re.search(r"The decision: .*?\n\n", text, re.DOTALL)[0]
    printed = set(re.findall(r"\d[\d.,]*", " ".join(printed for printed, _ in ran[0])))
    figures = {figure.rstrip(".,") for figure in re.findall(r"(?<!PRO )\b\d[\d.,]*", decision)}
    assert figures == {"109", "50", "37", "33", "44", "11", "85.1", "962"}
    assert figures <= printed | {"85.1"}
    assert any("85.1%" in one for one, _ in ran[0])


def test_it_is_a_dozen_lines_to_the_decision(ran):
    steps = re.findall(r"```python\n(.*?)```", DECISION.read_text(encoding="utf-8"), re.DOTALL)[:6]
    lines = [line for step in steps for line in step.splitlines() if line and not line.startswith("print")]
    assert len(lines) <= 12


def test_it_writes_what_it_says(ran):
    _, scope, folder = ran
    assert (folder / "results" / "reference" / "summary.json").is_file()
    assert (folder / "tables" / "bands.csv").is_file()
    assert (folder / "capex.csv").read_text(encoding="utf-8").startswith("build,output,unit,")
    assert "capex" in scope["every"]
