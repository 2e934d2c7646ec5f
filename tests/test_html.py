"""The page: whole without a network or a script, read by keyboard and ear, and as good in a browser and on paper."""

import json
import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from support import PRICES, study_text

import uncertainty as un
from uncertainty import cli
from uncertainty.charts import chosen
from uncertainty.report.answer import answer

LIMIT = 3_000_000  # bytes of the reference report
VOID = {"meta", "link", "br", "hr", "img", "input", "use"}


class Page(HTMLParser):
    """Elements of a page, (tag, attributes, tags around), with what text is in each tag."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.found, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag, **wanted):
        return [attrs for name, attrs, _ in self.found if name == tag
                and all(attrs.get(k.rstrip("_").replace("_", "-")) == v for k, v in wanted.items())]

    def words(self, tag):
        return [text.strip() for name, text in self.texts if name == tag and text.strip()]


@pytest.fixture(scope="module")
def results():
    return un.run(un.load("reference").with_sampling(samples=256, replicates=8))


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory):
    return un.write(results, tmp_path_factory.mktemp("page") / "reference")


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


# --- the page by itself ------------------------------------------------------------------------------------------


def test_it_needs_nothing_else(text, page):
    assert len(text.encode()) < LIMIT
    for tag, attrs, _ in page.found:
        assert tag not in ("link", "img", "iframe", "base", "object"), tag
        assert "src" not in attrs
        for name in ("href", "xlink:href"):
            assert attrs.get(name, "#").startswith("#"), attrs
    assert "default-src 'none'" in page.all("meta", http_equiv="Content-Security-Policy")[0]["content"]
    style = text[text.index("<style>"):text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_headings_go_down_by_one_and_parts_come_in_reading_order(page):
    levels = [int(tag[1]) for tag, *_ in page.found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.words("h2") == [
        "The answer", "How wide", "Who wins", "Which conclusions hold, and what would break them",
        "What drives it, and what to look up first", "How far to trust each number", "What went in", "Provenance"]
    assert page.all("html")[0]["lang"] == "en"
    targets = {attrs["id"] for _, attrs, _ in page.found if "id" in attrs}
    assert {a["href"][1:] for a in page.all("a")} <= targets


def test_ids_are_no_others_and_what_they_name_is_there(page):
    ids = [attrs["id"] for _, attrs, _ in page.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs, _ in page.found:
        assert set(attrs.get("aria-labelledby", "").split()) <= set(ids)


def test_every_figure_has_words_and_a_caption(results, page, text):
    drawn = chosen(results)
    assert len(page.all("figure")) == len(page.all("figcaption")) == len(drawn) > 40
    pictures = [attrs for tag, attrs, around in page.found if tag == "svg" and "figure" in around]
    assert [p["role"] for p in pictures] == ["img"] * len(drawn)
    assert {p["id"] for p in pictures} == {each.name for each in drawn}
    assert all(p["aria-labelledby"] == f"{p['id']}-title {p['id']}-desc" for p in pictures)
    for each in drawn:
        assert escape(each.alt) in text


def test_every_table_has_a_caption_headers_and_can_be_saved(page):
    tables = [attrs["id"] for attrs in page.all("table")]
    assert len(tables) > 20
    assert len(page.words("caption")) == len(page.all("caption")) == len(tables)
    assert [b["data-table"] for b in page.all("button", class_="csv")] == tables
    assert {th["scope"] for th in page.all("th")} == {"col", "row"}


def test_without_a_script_the_first_scenario_and_criterion_are_shown(results, page):
    study = results.study
    first = {"data-scenario": study.scenarios[0], "data-criterion": study.criteria[0].name}
    panels = [attrs for tag, attrs, _ in page.found if tag in ("figure", "tbody")]
    for attrs in panels:
        assert ("hidden" in attrs) == any(attrs.get(k, v) != v for k, v in first.items())
    shown = {(p["data-scenario"], p["data-criterion"]) for p in page.all("tbody") if "data-criterion" in p}
    assert shown == {(s, c.name) for s in study.scenarios for c in study.criteria}
    assert [o["value"] for o in page.all("option") if "value" in o] == [c.name for c in study.criteria]
    assert page.all("noscript")


def test_figures_are_files_too_that_bring_their_own_colours(results, folder):
    files = sorted((folder / "figures").iterdir())
    assert {f.stem for f in files} == {each.name for each in chosen(results)}
    each = chosen(results)[0]
    assert (folder / "figures" / f"{each.name}.svg").read_text(encoding="utf-8") == each.svg(alone=True)


def test_same_study_same_bytes(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(study_text(rest=f"[sensitivity]\n{PRICES}"), encoding="utf-8")
    one, other = ((un.write(un.run(un.load(path)), tmp_path / name) / "report.html").read_bytes() for name in "ab")
    assert one == other


HOSTILE = '</script><script>alert("x")</script> & <b>bold</b> {{ 7 * 7 }} $x$'


def test_hostile_words_stay_words(tmp_path):
    path = tmp_path / "study.toml"
    words = HOSTILE.replace('"', '\\"')
    top = f'title = "{words}"\ndescription = "{words}"\n'
    rest = PRICES.replace('source = "test"', f'source = "{words}"')
    path.write_text(top + re.sub("title = .*", "", study_text(rest=rest)), encoding="utf-8")
    made = (un.write(un.run(un.load(path)), tmp_path / "out") / "report.html").read_text(encoding="utf-8")
    found = Page(made)
    assert len(found.all("script")) == 1
    assert found.all("b") == []
    assert HOSTILE in found.words("h1")
    assert HOSTILE in found.words("title")
    assert "7 * 7" in made
    assert "alert(&#34;x&#34;)" in made


@pytest.mark.parametrize("given", [{}, {"builds": ["rtx_a5000"]}], ids=["constants", "one build"])
def test_studies_with_little_to_say_have_a_page(tmp_path, given):
    path = tmp_path / "study.toml"
    path.write_text(study_text(**given), encoding="utf-8")
    folder = un.write(un.run(un.load(path)), tmp_path / "out")
    found = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert found.words("h2")[0] == "The answer"
    assert (folder / "figures").is_dir()


# --- the answer --------------------------------------------------------------------------------------------------


def test_the_answer_is_three_sentences_of_the_figures(results):
    wide, wins, drives = answer(results)
    band = results.bands.sel(scenario="engineering", build="dgx_spark")
    assert f"${float(band.capex.sel(quantile=0.5)):,.0f}"[:5] in wide
    assert wide.startswith("DGX Spark, favoured by CapEx, costs $")
    assert "Powerwalls" in wide
    assert "it is open between" in wins
    assert "in optimistic" in wins
    assert "DGX Spark probably wins in engineering and legacy-room" in wins
    assert drives.startswith("Its CapEx hangs most on battery price (")
    assert "look up first: PRO 6000 price (its evidence is of grade B" in drives


def test_the_answer_comes_first_everywhere(results, text, folder, capsys):
    from uncertainty.terminal import console, show

    show(results, console())
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    report = (folder / "report.md").read_text(encoding="utf-8")
    plain = re.sub("[\N{WORD JOINER}]", "", text).replace("\N{NO-BREAK SPACE}", " ")
    for sentence in answer(results):
        assert escape(sentence) in plain
        assert sentence in re.sub(r"\\", "", report)
        assert sentence in " ".join(printed.split())
    assert printed.index("favoured by") < printed.index("devices")
    assert report.index("## The answer") < report.index("## How wide")


def test_answers_of_constants_of_one_build_and_of_no_sensitivity(tmp_path):
    def told(**given):
        path = tmp_path / "study.toml"
        path.write_text(study_text(**given), encoding="utf-8")
        return answer(un.run(un.load(path)))

    assert "[" not in told()[0]
    assert "Every input is a single number" in told()[2]
    assert told(builds=["rtx_a5000"])[1] == "There is one build, A5000, and so nothing to choose."
    assert "its sensitivity off" in told(rest=f"[sensitivity]\nsamples = 0\n{PRICES}")[2]


def test_many_scenarios_are_told_by_the_least_and_the_most(tmp_path):
    path = tmp_path / "study.toml"
    rest = PRICES + "".join(f"[scenarios.s{i}]\npue = {1 + i / 5}\n" for i in range(5))
    path.write_text(study_text(rest=rest), encoding="utf-8")
    wide = answer(un.run(un.load(path)))[0]
    assert " costs from $" in wide
    assert "in s0 to $" in wide
    assert "in s4 (" in wide


# --- with it or without it ---------------------------------------------------------------------------------------


def test_no_report_leaves_the_page_out_and_is_current_then(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(f"{name}.toml").write_text(study_text(rest=PRICES), encoding="utf-8")
    assert cli.main(["run", "one.toml", "--no-report"]) == 0
    assert "report.html" not in capsys.readouterr().out
    assert not {"report.html", "figures"} & {p.name for p in Path("results/one").iterdir()}
    assert cli.main(["run", "one.toml", "two.toml", "--no-report"]) == 0
    assert "one: current" in capsys.readouterr().out
    assert cli.main(["run", "one.toml", "two.toml"]) == 0
    assert "current" not in capsys.readouterr().out
    assert Path("results/one/report.html").is_file()
    assert cli.main(["run", "one.toml", "two.toml", "--no-report"]) == 0
    assert capsys.readouterr().out.count(": current") == 2
    assert cli.main(["run", "one.toml", "--no-report"]) == 0
    assert not Path("results/one/report.html").exists()


# --- in a browser ------------------------------------------------------------------------------------------------

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


@browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, 1), (1280, 0), (390, 1), (390, 0)],
                         ids=["wide light", "wide dark", "narrow light", "narrow dark"])
def test_it_works_in_a_browser(text, results, tmp_path, width, scheme):
    found = probed(text, tmp_path, width, f"--blink-settings=preferredColorScheme={scheme}")
    assert found["wrong"] == []
    assert found["width"] == width
    assert found["dark"] == (scheme == 0)
    assert found["overflowing"] == []
    assert found["low_contrast"] == []
    assert found["first"] == ["optimistic", "capex"]
    for scenario, criterion, figures, ranked, unsaid in found["picked"]:
        assert ranked == [[scenario, criterion]]
        assert set(map(tuple, figures)) <= {(s, c) for s in ("", scenario) for c in ("", criterion)}
        assert unsaid == []
    assert len(found["picked"]) == len(results.study.scenarios) * len(results.study.criteria)
    assert found["sorted"] == "ascending, then descending"
    assert found["csv"].splitlines()[0] == "scenario,build,devices,\"CapEx, 1,000 USD\",Powerwalls,buy"
    assert len(found["csv"].splitlines()) == 13
    assert found["saved"].endswith(".csv")
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
    assert 5 < len(re.findall(rb"/Type\s*/Page\b", sheet.read_bytes())) < 40
