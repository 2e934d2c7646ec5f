"""The page in a browser: what is picked, sorted and saved, how it fits and reads, and what is on paper."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pages import Page
from support import PRICES, dist, study_text

import uncertainty as un
from uncertainty.cli import main

CLAIM = """
[[claims]]
id = "C1"
says = "A5000 has the least CapEx"
output = "capex"
build = "rtx_a5000"
is = "best"
"""
PICKED = ("data-scenario", "data-criterion")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
browser = pytest.mark.skipif(BROWSER is None, reason="no browser is there: the page is not opened in one")
WATCH = "<script>window.wrong = []; addEventListener('error', e => wrong.push(e.message));" \
        "console.error = (...a) => wrong.push(a.join(' '));" \
        "addEventListener('securitypolicyviolation', e => wrong.push(e.violatedDirective));</script>"
PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")


def opened(tmp_path, *options):
    """Run the browser without a network, and give what it prints."""
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
               "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}",
               "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=5000", "--timeout=60000", *options]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


FRAME = """<!DOCTYPE html><meta name="color-scheme" content="light dark"><body style="margin: 0">
<pre id="findings"></pre>
<script>addEventListener("message", e => document.getElementById("findings").textContent = e.data)</script>
<iframe src="copy.html" style="border: 0; width: {width}px; height: 900px"></iframe>"""  # windows are not so narrow


def probed(text, tmp_path, width, *options):
    """What a script of the tests finds in a copy of the page, of a width in pixels."""
    copy, frame = tmp_path / "copy.html", tmp_path / "frame.html"
    text = text.replace("<title>", f"{WATCH}<title>", 1).replace("</body>", f"<script>{PROBE}</script></body>")
    copy.write_text(text, encoding="utf-8")
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    dom = opened(tmp_path, "--window-size=1400,1000", *options, "--dump-dom", frame.as_uri())
    found = "".join(Page(dom[dom.index("<pre"):dom.index("</pre>") + 6]).words("pre"))
    assert found, "the script of the tests came to its end"
    return json.loads(found)


@pytest.fixture(scope="module", params=["run", "sweep", "comparison"])
def text(request, reference, tmp_path_factory):
    """A page of every kind."""
    if request.param == "run":
        return (reference[1] / "report.html").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp(request.param)
    one, other = folder / "one.toml", folder / "other.toml"
    written = 'criteria = ["capex", "throughput"]\n' + study_text(
        rest=PRICES + CLAIM, pue=dist("uniform", low=1.1, high=1.4))
    if request.param == "sweep":
        one.write_text(f"{written}[sweep]\nbudget = [50_000, 150_000]\nrun_hours = [2, 8, 24]\n", encoding="utf-8")
        return (un.write(un.run(un.load(one)), folder / "out") / "report.html").read_text(encoding="utf-8")
    one.write_text(written, encoding="utf-8")
    other.write_text(written.replace("2500", "3100"), encoding="utf-8")
    assert main(["compare", str(one), str(other), "--page", str(folder / "page.html")]) == 0
    return (folder / "page.html").read_text(encoding="utf-8")


@browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, 1), (1280, 0), (390, 1), (390, 0)],
                         ids=["wide light", "wide dark", "narrow light", "narrow dark"])
def test_it_works_in_a_browser(text, tmp_path, width, scheme):
    found = probed(text, tmp_path, width, f"--blink-settings=preferredColorScheme={scheme}")
    assert found["wrong"] == []
    assert found["width"] == width
    assert found["dark"] == (scheme == 0)
    assert found["overflowing"] == []
    assert found["low_contrast"] == []
    options = {select["id"].removeprefix("pick-"): select for select in Page(text).all("select")}
    assert list(found["first"]) == list(options)
    assert found["picked"][0]["picked"] == found["first"]
    figures, tables = ([{key.removeprefix("data-"): value for key, value in attrs.items() if key in PICKED}
                        for attrs in Page(text).all(tag)] for tag in ("figure", "tbody"))
    for each in found["picked"]:
        fits = [[of for of in every if all(each["picked"].get(key, value) == value for key, value in of.items())]
                for every in (figures, [of for of in tables if of])]
        assert each["figures"] == fits[0]
        assert each["ranked"] == fits[1]
        assert each["unsaid"] == []
    assert found["sorted"] == "ascending, then descending"
    assert found["saved"].endswith(".csv")
    head, *rows = csv.reader(found["csv"].splitlines())
    assert head == found["columns"]
    assert len(rows) == found["rows"] > 0
    assert not [each for each in found["tables"] if re.search(r"(^|,|\")'", each, re.MULTILINE)]
    assert found["unnamed"] == []


@browser
@pytest.mark.parametrize(("paper", "width", "height"), [("A4", 688, 1016), ("Letter", 709, 949)])
def test_no_figure_is_clipped_on_paper(text, tmp_path, paper, width, height):
    """Laid out as for print, in a window as wide as what can be printed on."""
    found = probed(text.replace("@media print", "@media all"), tmp_path, width)
    assert found["wrong"] == []
    assert found["overflowing"] == []
    for each in found["boxes"]:
        assert each["left"] >= 0
        assert each["right"] <= width
        assert each["height"] <= height, each
    sheet = tmp_path / "page.pdf"
    page = tmp_path / "page.html"
    page.write_text(text.replace("@page {", f"@page {{ size: {paper};"), encoding="utf-8")
    opened(tmp_path, f"--print-to-pdf={sheet}", "--no-pdf-header-footer", page.as_uri())
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", sheet.read_bytes())) < 40
