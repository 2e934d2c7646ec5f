"""The page: whole without a network or a script, and read by ear as well; the answer that it begins with."""

import re
from html import escape
from itertools import pairwise
from pathlib import Path

import pytest
from pages import Page
from support import PRICES, dist, study_text

import uncertainty as un
from uncertainty import cli
from uncertainty.charts import chosen
from uncertainty.report.answer import answer

LIMIT = 3_000_000  # bytes of the reference report


@pytest.fixture(scope="module")
def results(reference):
    return reference[0]


@pytest.fixture(scope="module")
def folder(reference):
    return reference[1]


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
    drawn = {each.criterion for each in chosen(results)}
    criteria = sorted((c.name for c in study.criteria), key=lambda name: name not in drawn)  # figures first
    assert [o["value"] for o in page.all("option")] == [*study.scenarios, *criteria]
    assert [group["label"] for group in page.all("optgroup")] == ["with figures", "tables only"]
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


def test_the_answer_is_of_the_figures(results):
    wide, wins, drives = answer(results)
    band = results.bands.sel(scenario="engineering", build="dgx_spark")
    assert f"${float(band.capex.sel(quantile=0.5)):,.0f}"[:5] in wide
    assert wide.startswith("DGX Spark, favoured by CapEx, costs $")
    assert "buy 7, 11 and 15, each at $9,946 [$7,793–$12,840]." in wide
    assert wide.endswith("All 12 CapEx that the document prints lie below the median.")
    shares = results.figures["claims"]["probability"]
    hold, fail = (shares >= 2 / 3).sum(), (shares < 1 / 3).sum()
    assert wins.endswith(f"Of {shares.size} conclusions put to the test {hold} hold (P at least 2/3) and {fail} fail "
                         "(P below 1/3).")
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


def test_few_conclusions_and_printed_numbers_are_counted(make_study):
    claim = '[[claims]]\nid = "{}"\nsays = "x"\noutput = "capex"\nbuild = "rtx_a5000"\nis = "at most"\nthan = {}\n'
    middling = un.run(make_study(rest=PRICES)).bands.capex.sel(build="rtx_a5000", quantile=0.5).item()
    rest = PRICES + claim.format("sure", 1e9) + claim.format("even", middling)
    told = "Of 2 conclusions put to the test 1 holds (P at least 2/3), none fail (P below 1/3) and 1 is open."
    assert told in answer(un.run(make_study(rest=rest)))[1]
    wide = answer(un.run(un.load("market-2025").with_sampling(samples=256, replicates=4)))[0]
    assert re.search(r"Of 12 CapEx that the document prints (9|10|11) lie below the median\.$", wide)


def test_brief_is_the_answer_without_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("one.toml").write_text(study_text(rest=PRICES), encoding="utf-8")
    whole, brief = ((cli.main(["run", "one.toml", "--no-report", *given]), capsys.readouterr().out) for given in (
        [], ["--brief"]))
    assert "How wide" in whole[1]
    assert "How wide" not in brief[1]
    for said in ("favoured by CapEx", "Sampling error", "Written to results/one:"):
        assert said in " ".join(brief[1].split())


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


def test_a_build_that_the_budget_does_not_buy_is_no_bargain(make_study):
    rest = f"\n[build.rtx_a5000]\nunit_price = {dist('lognormal', median=2500, sigma=0.15)}\n"
    wide = answer(un.run(make_study(rest=rest, budget=2_600)))[0]
    assert "the budget does not buy one A5000 or DGX Spark in 5 % of the samples or more" in wide
    assert "does not buy" not in answer(un.run(make_study(rest=rest)))[0]
