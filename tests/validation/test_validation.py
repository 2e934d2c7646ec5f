"""The validation page is what is computed, and its verdicts notice what is wrong."""

import importlib.util
from functools import partial
from io import StringIO
from pathlib import Path

import coverage
import intervals
import numpy as np
import page
import procurement
import pytest
import sampler
import stopping
import studied
import tails
from judge import LEVEL, ROWS, Check
from scipy import stats
from table import Known, Row, Tried

import uncertainty as un
from uncertainty import engine
from uncertainty.analysis.error import half_width

HERE = Path(__file__).parent
COMMITTED = HERE.parents[1] / "docs" / "validation.md"


@pytest.fixture(scope="module")
def chapters():
    spec = importlib.util.spec_from_file_location("validation_main", HERE / "__main__.py")
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    return main.CHAPTERS


@pytest.fixture(scope="module")
def cases(chapters):
    """Chapters of cases: title, what is said, and rows."""
    return [(title, said, list(make())) for title, said, make in chapters if not isinstance(make, partial)]


def test_every_case_passes_and_they_are_not_too_many(cases):
    rows = [row for _, _, found in cases for row in found]
    assert 300 < sum(isinstance(row, Check) for row in rows) <= len(rows) <= ROWS
    assert [row for row in rows if not row.passed] == []
    assert page.held(rows).passed


checkout = pytest.mark.skipif(not COMMITTED.parent.is_dir(), reason="no checkout: the documentation is not there")


@checkout
def test_the_committed_page_has_these_cases(cases):
    committed = COMMITTED.read_text(encoding="utf-8")
    for title, said, found in cases:
        assert "\n".join(page.chapter(title, said, found)) in committed
    assert page.INTRODUCTION.strip() in committed
    assert "FAIL" not in committed


@checkout
def test_the_committed_page_has_every_chapter_and_counts_its_rows(chapters):
    committed, at = COMMITTED.read_text(encoding="utf-8"), 0
    for title, said, _ in chapters:
        at = committed.index(f"\n## {title}\n\n{said.strip()}\n\n| ", at)
    lines = committed.splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    count = len(rows) - 2 * sum(line.startswith("| --- ") for line in lines)
    known = sum(line.split(" | ")[-1].startswith("exception: ") for line in rows)
    assert lines[-1] == f"{count} rows: {count - known} are as promised, {known} known exceptions, 0 fail."
    assert lines.count(lines[-1]) == 2


@checkout
def test_the_committed_page_says_of_each_exception_why(cases):
    committed = COMMITTED.read_text(encoding="utf-8")
    names = {line.split(" | ")[-1].removeprefix("exception: ").rstrip(" |").partition(";")[0]
             for line in committed.splitlines() if " | exception: " in line}
    said = committed.partition("\nKnown exceptions:\n")[2].partition("\n## ")[0]
    assert names == {line.split("**")[1] for line in said.splitlines() if line.startswith("- **")}
    for row in page.printable([row for _, _, found in cases for row in found]):
        assert not row.known or row.known.text in " ".join(said.split())


# --- what is wrong is noticed ----------------------------------------------------------------------------------


def test_a_case_that_is_off_fails():
    far = half_width(0.1, 32, LEVEL)
    right, wrong = (Check("a", "b", 1.0, 1 + times * far, 0.1) for times in (0.99, 1.01))
    assert (right.passed, wrong.passed) == (True, False)
    assert wrong._replace(slack=0.02 * far).passed
    assert not right._replace(se=float("nan")).passed
    assert not right._replace(se=float("inf")).passed


def test_an_estimate_that_is_not_near_passes_only_as_a_known_exception_and_its_row_says_so():
    why = Known("a reason", "it is known why")
    right = Check("a", "b", 1.0, 1.0, 0.0, beyond=0.1, known=why)
    near_it, too_far = (right._replace(value=1 + off) for off in (0.09, 0.11))
    cells = [page.CELLS[Row](check.row)[-1] for check in (right, near_it, too_far, near_it._replace(known=None))]
    assert cells == ["pass", "exception: a reason", "**FAIL**", "**FAIL**"]
    rows = page.printable([right, near_it, near_it, too_far])
    assert page.verdicts(rows) == "4 rows: 1 are as promised, 2 known exceptions, 1 fail."
    assert page.exceptions(rows) == ["- **a reason**: it is known why (2 rows)."]


def test_an_estimate_that_two_rows_have_counts_once():
    known = Check("a", "closed form", 1.0, 1.1, 0.1)
    found = [known, known._replace(source="published", exact=False), known._replace(value=1.2),
             Check("a", "b", 1, 1, 0), Check("a", "b", 1, 2, 0)]
    said = " ".join(page.repeated(found)[0].split())
    assert said.startswith("- 5 rows hold estimates to references. Of 3 that show an error 2 are different")
    assert said.endswith("Of 2 that show none 1 are the reference itself.")


def test_of_figures_of_one_event_one_that_is_wrong_is_enough():
    case = intervals.Case("a", None, [0.3, 0.7], one_event=True)
    found = np.array([[[0.3, 0.7], [0.1, 0.1]], [[0.3, 1.7], [0.1, 0.1]]])
    assert intervals.covered(case, found)[1:4] == (2, 2, 1)
    assert intervals.covered(case._replace(one_event=False), found)[1:4] == (2, 4, 3)


def test_a_page_with_a_row_that_fails_says_so_and_ends_with_1():
    def chapter(*rows):
        out = StringIO()
        return page.show([("Chapter", "Said.", lambda: rows)], out), out.getvalue()

    exact = [Check("a", "b", 1.0, 1.0 + 0.1 * i, 0.1) for i in range(2)]
    assert chapter(*exact)[0] == 0
    status, text = chapter(*exact, Row("case", "source", "1", "2", False))
    assert (status, text.count("**FAIL**")) == (1, 1)
    assert chapter(Tried("kills", 3, 2))[0] == 1
    assert chapter(*[Check("a", "b", 1.0, 1.3, 0.1)] * 40)[0] == 1  # none of 40 intervals holds the truth
    assert chapter(*[Check("a", "b", 1.0, 1.0, 0.1)] * 266)[0] == 1  # nor may all of so many: they are too wide


def test_a_quantile_that_is_one_off_fails():
    law = stats.poisson(3)
    y = un.propagate({"a": law}, lambda x: {"y": x["a"]}, samples=256, replicates=32).y
    right = Check("a", "b", law.ppf(0.95), law.ppf(0.95), 0.0)
    assert tails.in_doubt(right, y, 0.95).beyond == 0
    doubted = tails.in_doubt(right, y, float(law.cdf(law.ppf(0.95))))
    assert [doubted._replace(value=right.value + off).passed for off in (0, 1, 2)] == [True, True, False]
    assert not right._replace(value=right.value + 1).passed


def test_the_one_quantile_beside_a_gap_says_so_and_the_limit_is_in_it(cases):
    rows = page.printable([row for _, _, found in cases for row in found])
    [(title, gap)] = [row.case.split(": a gap from ") for row in rows if ": a gap from " in row.case]
    assert title == "price and PUE uncertain: CapEx, 95 % quantile (P(at most 21 batteries) = 0.94974"
    low, high = (float(end.replace(",", "")) for end in gap.rstrip(")").split(" to "))
    assert low == procurement.BUDGET + 21 * 8200 < procurement.LIMIT < high


@pytest.mark.parametrize("law", [stats.norm(3, 2.01), stats.norm(3.01, 2)])
def test_another_distribution_is_noticed(law):
    x = un.propagate({"x": un.normal(3, 2)}, lambda x: {}, samples=sampler.SAMPLES, replicates=4).x.values
    assert sampler.distance(x, stats.norm(3, 2)).max() <= 1 / sampler.SAMPLES + sampler.INVERTED
    assert sampler.distance(x, law).max() > 1 / sampler.SAMPLES + sampler.INVERTED


def test_random_draws_of_another_distribution_are_noticed():
    x = un.propagate({"x": un.discrete([0, 1], [0.52, 0.48]), "y": un.normal(0, 1)}, lambda x: {}, method="random")
    assert not sampler.chance("", x.x.values.ravel(), stats.binom(1, 0.5)).passed
    assert not sampler.chance("", x.y.values.ravel(), stats.norm(0, 1.05)).passed


# --- coverage, and stopping, in small --------------------------------------------------------------------------


def test_intervals_cover_and_half_as_wide_are_noticed():
    kinds = (coverage.quantiles, coverage.correlated)
    whole = coverage.tried(60, kinds)
    assert all(row.within for row in whole)
    assert all(row.held > 0.85 * row.tried for row in whole)
    narrow = coverage.tried(60, kinds, half=0.5)
    assert not any(row.within for row in narrow if not row.case.known)
    assert page.failed(narrow)
    assert not page.failed(whole)


@pytest.mark.parametrize("kind", coverage.KINDS)
def test_intervals_that_never_hold_the_truth_fail_also_where_they_seldom_do(kind):
    for case in (case for together in kind() for case in together):
        off = np.broadcast_to(case.truth, (60, np.size(case.truth))) + 1.0
        never = intervals.covered(case, np.stack([off, 0 * off], axis=1))
        assert (never.held, len(page.failed([never]))) == (0, 1)


@pytest.mark.parametrize(("known", "shares"), [
    ({}, (0.95, 0.8, 1.0)), (coverage.WHOLE, (1.0, 0.8)), (coverage.INFINITE, (0.99, 0.9)),
    (studied.STEPPED, (0.99, 0.9)), (coverage.SKEWED, (0.93, 0.85, 1.0)), (coverage.SELDOM, (0.35, 0.25, 0.45))])
def test_a_share_that_is_not_the_one_expected_fails(known, shares):
    case = intervals.Case("a", None, 0.0, **known)
    right, *wrong = (intervals.Covered(case, 250, 1000, round(1000 * share), 0.0) for share in shares)
    assert not page.failed([right])
    assert page.failed(wrong) == wrong


def test_a_bias_without_errors_is_not_zero():
    case = intervals.Case("a", None, 0.0, **coverage.INFINITE)
    found = intervals.covered(case, np.full((60, 2, 1), [[1.0], [np.inf]]))
    assert np.isnan(found.bias)
    assert page.of_covered(found)[4] == "–"


def test_a_run_that_stops_at_a_tolerance_keeps_it():
    found = stopping.stopped(0.01, "sobol", 40)
    assert found.passed
    assert found.met == 40
    assert not found._replace(met=0).passed
    assert found.held > 0.85 * found.tried


def test_a_run_that_stops_too_soon_is_noticed(monkeypatch):
    monkeypatch.setattr(engine, "enough", lambda done, worst, tolerance: done)
    found = stopping.stopped(0.003, "sobol", 20)
    assert not found.passed
    assert found.met < 20
