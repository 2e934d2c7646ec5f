"""What Results show in a notebook: a whole and harmless piece of HTML, with the figures that the command prints."""

from html.parser import HTMLParser

import pytest
import xarray as xr
from support import PRICES, dist

import uncertainty as un
from uncertainty.notebook import DATASETS
from uncertainty.report.tables import TABLES
from uncertainty.report.text import how_wide, trust, who_wins

EVIL = "<script>alert('x')</script> & \"quotes\""
CLAIMS = """
[[claims]]
id = "a"
says = "<b>x</b>"
output = "capex"
build = "dgx_spark"
is = "best"
"""


class Page(HTMLParser):
    """Tags that are open, all that there were, and what is shown."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.shown = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.shown.append(data)


@pytest.fixture
def results(make_study):
    return un.run(make_study(rest=PRICES + CLAIMS + "[sensitivity]\nsamples = 64\n",
                             pue=dist("uniform", low=1.1, high=1.4)))


def test_it_is_whole_and_shows_what_the_command_prints(results):
    page = Page(results._repr_html_())
    assert page.open == []
    cells = {cell for section in (how_wide(results), who_wins(results, results.study.scenarios))
             for row in [section.columns, *section.rows] for text in row for cell in text.split("\n")}
    assert cells - {""} <= set(page.shown)
    assert {"Test", trust(results)} <= set(page.shown)
    assert any(text.startswith("Of 1 conclusion put to the test: ") for text in page.shown)


def test_it_names_the_datasets_that_there_are_and_the_tables(results, make_study):
    shown = Page(results._repr_html_()).shown
    named = [text[1:] for text in shown if text.startswith(".") and text[1:].isidentifier()]
    assert named == [name for name in (*DATASETS, "stress") if getattr(results, name, None) is not None]
    assert all(isinstance(getattr(results, name), xr.Dataset) for name in named)
    assert "Quantiles of the outputs (quantile, scenario, build[, precision])." in shown
    assert any(f"un.table(results, name): {', '.join(TABLES)}." in text for text in shown)
    without = Page(un.run(make_study())._repr_html_()).shown
    assert not {".first_order", ".stress", ".preference"} & set(without)


def test_every_dataset_is_known_to_it():
    found = {name for kind in un.Results.__mro__ for name, value in vars(kind).items() if "Dataset" in str(getattr(
        getattr(value, "func", None), "__annotations__", {}).get("return", ""))}
    assert found == {*DATASETS, "stress"}


def test_a_studys_texts_are_shown_as_text(tmp_path, make_study):
    make_study(pue=1.2)
    path = tmp_path / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("title = 'Test'", f"title = '''{EVIL}'''\ndescription = "
                                                             f"'''{EVIL}'''"), encoding="utf-8")
    page = Page(un.run(un.load(path))._repr_html_())
    assert "script" not in page.tags
    assert EVIL in "".join(page.shown)


def test_in_plain_text_it_stays_short(results):
    assert len(repr(results)) < 100
