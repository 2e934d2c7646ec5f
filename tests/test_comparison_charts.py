"""Figures of two results side by side, by what their artists hold, and the words beside them."""

import time
from dataclasses import replace
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure as Sheet
from support import dist, study_text

import uncertainty as un
from uncertainty import comparing
from uncertainty.analysis.error import half_width
from uncertainty.charts import attribution, dumbbells, moved, style
from uncertainty.charts import compared as compared_figures
from uncertainty.report.summary import outline
from uncertainty.sides import Figure, side
from uncertainty.study import restore
from uncertainty.versions import versions

PUE = dist("pert", low=1.05, mode=1.25, high=1.6)
CLAIMS = "".join(f"""
[[claims]]
id = "{name}"
says = "{says}"
output = "capex"
build = "rtx_a5000"
is = "{test}"
than = {than}
""" for name, says, test, than in (("X", "A5000 costs less", "below", '{ build = "dgx_spark" }'),
                                   ("Y", "A5000 costs more than 290,000 dollars in all", "above", 290_000),
                                   ("Z", "A5000 costs something", "above", 1)))


def price(build, median):
    return f"\n[build.{build}]\nunit_price = {dist('lognormal', median=median, sigma=0.1)}\n"


def made(a5000=2500, spark=2600, rest="", **given):
    text = study_text(rest=price("rtx_a5000", a5000) + price("dgx_spark", spark) + CLAIMS + rest,
                      **({"pue": PUE, "samples": 256} | given))
    return of("study", text)


def bare(a5000, *builds):
    return study_text(rest=price("rtx_a5000", a5000), pue=PUE, builds=list(builds))


def of(name, text):
    study = restore(name, text)
    return side(name, outline(un.run(study), versions()) | {"digest": study.digest}, study)


@pytest.fixture(scope="module")
def before():
    return made()


@pytest.fixture(scope="module")
def compared(before):
    """A price and the PUE change; DGX Spark's CapEx hangs on the PUE alone."""
    return comparing.compare(before, made(a5000=2200, pue=1.3))


@pytest.fixture(scope="module")
def many(before):
    """More changes than a waterfall has bars."""
    parts = "\n[components]\n" + "".join(
        f'{name} = {{ per = "once", price = {cost}, source = "test" }}\n'
        for name, cost in (("permit", 300), ("rack", 9000), ("spare", 1500)))
    return comparing.compare(before, made(2200, 2500, parts, pue=1.3, discharge_efficiency=0.92, run_hours=9,
                                          depth_of_discharge=0.85, budget=160_000, battery_unit_price=9500))


@pytest.fixture
def axes():
    return Sheet().subplots()


def drawn(comparison, key):
    return [each for each in compared_figures(comparison) if each.key == key]


def move_of(comparison, *figure):
    return next(m for m in comparison.moves if m.figure == Figure(*figure))


def notes(axes):
    """Text in the right margin, from the top."""
    return [t.get_text() for t in axes.texts if t.xycoords == ("axes fraction", "data")]


def rows(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def points(axes, row):
    """Markers at a height, as (x, whether filled)."""
    return [(line.get_xdata()[0], line.get_markerfacecolor() != "none") for line in axes.lines
            if len(line.get_xdata()) == 1 and line.get_ydata()[0] == pytest.approx(row) and line.get_marker() != "None"]


# --- all --------------------------------------------------------------------------------------------------------


def test_figures_come_in_the_order_in_which_they_are_read_and_each_once(compared):
    found = compared_figures(compared)
    order = list(dict.fromkeys(each.key for each in found))
    assert order == ["bands-moved", "attribution", "first-moved", "claims-moved"]
    assert len({each.name for each in found}) == len(found)
    assert {(each.key, each.scenario) for each in found} == {
        ("bands-moved", "base"), ("attribution", "base"), ("first-moved", "base"), ("claims-moved", "")}
    for each in found:
        assert each.title
        assert each.alt
        assert each.caption.endswith(".")


def test_every_figure_is_drawn_at_once(compared, many):
    Sheet().subplots()  # what matplotlib does but once
    compared_figures(compared)[0].svg()
    for each in [*compared_figures(compared), *compared_figures(many)]:
        started = time.process_time()
        assert each.svg().startswith("<svg")
        assert time.process_time() - started < 0.4


def test_nothing_is_drawn_where_nothing_moved_or_nothing_is_in_both(before):
    assert compared_figures(comparing.compare(before, before)) == []
    quiet = comparing.compare(before, made(2200))
    quiet = replace(quiet, moves=tuple(m._replace(moved=False) for m in quiet.moves))
    assert not quiet.same
    assert compared_figures(quiet) == []
    apart = comparing.compare(before, made(rest="\n[scenarios.cellar]\npue = 1.1\n"))
    assert {each.key for each in compared_figures(apart)} == {"claims-moved"}  # claims are of no one scenario


def test_what_is_not_attributed_has_no_waterfall(compared):
    found = replace(compared, attribution=None, why="no study")
    assert drawn(found, "attribution") == []
    assert len(compared_figures(found)) == len(compared_figures(compared)) - 1


# --- how wide -----------------------------------------------------------------------------------------------------


def test_bands_are_the_quantiles_before_and_after(compared, axes):
    moved.bands(compared, axes, "base")
    assert rows(axes) == ["A5000", "DGX Spark"]
    wide = [line for line in axes.lines if len(line.get_xdata()) == 2]
    for row, build in enumerate(("rtx_a5000", "dgx_spark")):
        low, middle, high = (move_of(compared, "quantile", "capex", "base", build, "", q) for q in (0.05, 0.5, 0.95))
        for when, apart, colour in (("before", -moved.APART, style.MUTED), ("after", moved.APART, style.colour(row))):
            values = [getattr(m, when).value / 1000 for m in (low, middle, high)]
            (line,) = (x for x in wide if x.get_ydata()[0] == pytest.approx(row + apart))
            assert list(line.get_xdata()) == [values[0], values[2]]
            assert line.get_color() == colour
            assert points(axes, row + apart) == [(values[1], True)]
        assert axes.get_xlim()[0] < low.before.value / 1000 < high.after.value / 1000 < axes.get_xlim()[1]


def test_what_moved_is_marked_and_what_did_not_is_not(before, axes):
    found = comparing.compare(before, made(a5000=2200))
    moved.bands(found, axes, "base")
    move = move_of(found, "quantile", "capex", "base", "rtx_a5000", "", 0.5)
    assert notes(axes) == [f"median +${move.difference:,.0f}", "="]
    (figure,) = drawn(found, "bands-moved")
    assert "for 1 of 2 builds: A5000" in figure.caption
    assert "= where nothing is beyond" in figure.caption
    assert f"(+${move.difference:,.0f})" in figure.caption


def test_only_what_both_have_is_shown_in_the_colours_of_the_results_after(axes):
    one = of("one", bare(2500, "dgx_spark", "rtx_a5000"))
    other = of("other", bare(2200, "rtx_a6000", "dgx_spark", "rtx_a5000"))
    found = comparing.compare(one, other)
    moved.bands(found, axes, "base")
    assert rows(axes) == ["DGX Spark", "A5000"]
    assert {line.get_color() for line in axes.lines} == {style.MUTED, style.colour(1), style.colour(2)}


def test_the_first_places_of_new_builds_are_shown_too(axes):
    one = of("one", bare(2500, "dgx_spark", "rtx_a5000"))
    other = of("other", bare(2200, "rtx_a6000", "rtx_a5000"))
    found = comparing.compare(one, other)
    dumbbells.firsts(found, axes, "capex", "base")
    assert rows(axes) == ["A5000", "A6000", "DGX Spark"]
    shares = [side.figures[Figure("first", "capex", "base", build)].value
              for side, build in ((other, "rtx_a6000"), (one, "dgx_spark"))]
    assert [line.get_xdata()[0] for line in axes.lines[-2:]] == pytest.approx([100 * share for share in shares])
    told = [text.get_text() for text in axes.texts]
    assert [text.split(":")[0] for text in told if ":" in text] == ["new", "left out"]


def test_scenarios_share_an_axis_unless_one_would_be_too_small(before):
    alike = "\n[scenarios.warm]\npue = 1.4\n[scenarios.cold]\npue = 1.1\n"
    found = comparing.compare(made(rest=alike), made(a5000=2200, rest=alike))
    ends = [moved._limits(found, s) for s in ("warm", "cold")]
    assert ends[0] == ends[1]
    apart = "\n[scenarios.warm]\npue = 1.4\n[scenarios.large]\nbudget = 5000000\n"
    found = comparing.compare(made(rest=apart), made(a5000=2200, rest=apart))
    ends = [moved._limits(found, s) for s in ("warm", "large")]
    assert ends[0][1] < ends[1][0]


# --- what explains it ---------------------------------------------------------------------------------------------


def attributed(comparison, build):
    found = comparison.attribution
    at = found.figures.index(Figure("quantile", "capex", "base", build, "", 0.5))
    return found, at


def test_a_waterfall_leads_from_before_by_the_parts_to_before_and_the_total(compared, axes):
    (figure,) = drawn(compared, "attribution")
    figure.paint(axes)
    moves = [m for m in compared.moved("quantile", "capex") if m.figure.level == 0.5]
    move = max(moves, key=lambda m: abs(m.difference))
    found, at = attributed(compared, move.figure.build)
    parts = dict(zip(found.changes, found.parts.value[at], strict=True))
    order = sorted(parts, key=lambda change: -abs(parts[change]))
    bars = axes.patches
    assert [bar.get_width() for bar in bars] == pytest.approx([parts[c] / 1000 for c in order if parts[c]])
    assert bars[0].get_x() == pytest.approx(move.before.value / 1000)
    for bar, following in pairwise(bars):
        assert following.get_x() == pytest.approx(bar.get_x() + bar.get_width())
    end = (move.before.value + found.total.value[at]) / 1000
    assert bars[-1].get_x() + bars[-1].get_width() == pytest.approx(end)
    assert points(axes, 0) == [(move.before.value / 1000, False)]
    assert points(axes, len(bars) + 1) == [(pytest.approx(end), True)]
    assert (rows(axes)[0], rows(axes)[-1]) == ("before", "after")
    assert len(notes(axes)) == len(bars) + 2


def test_the_largest_bars_have_a_name_and_the_rest_are_together(many, axes):
    (figure,) = drawn(many, "attribution")
    figure.paint(axes)
    assert len(axes.patches) == attribution.STEPS
    idle = attribution.steps(many, "base").idle
    assert rows(axes)[-2] == f"{len(many.attribution.changes) - idle - attribution.STEPS + 1} others"
    widths = [abs(bar.get_width()) for bar in axes.patches[:-1]]
    assert widths == sorted(widths, reverse=True)
    found = attribution.steps(many, "base")
    assert found.parts.sum() == pytest.approx(found.total)
    assert np.isnan(found.errors[-1])
    assert f"averaged over {many.attribution.orders} random orders" in figure.caption


def test_errors_are_those_of_sampling_and_of_orders(many):
    found = attribution.steps(many, "base")
    told, at = attributed(many, found.move.figure.build)
    k = int(np.argmax(np.abs(told.parts.value[at])))
    both = np.hypot(half_width(told.parts.se[at, k], told.replicates),
                    half_width(told.order_se[at, k], told.orders // 2))
    assert found.errors[0] == pytest.approx(both)


def test_a_total_that_is_not_the_move_of_the_results_is_told(compared):
    (figure,) = drawn(compared, "attribution")
    found = attribution.steps(compared, "base")
    assert "differs by sampling error" in figure.caption
    moves = tuple(m._replace(difference=found.total) if m is found.move else m for m in compared.moves)
    (figure,) = drawn(replace(compared, moves=moves), "attribution")
    assert "differs by sampling error" not in figure.caption


# --- who wins -----------------------------------------------------------------------------------------------------


def test_dumbbells_are_the_probabilities_before_and_after(compared, axes):
    dumbbells.firsts(compared, axes, "capex", "base")
    for row, build in enumerate(("rtx_a5000", "dgx_spark")):
        move = move_of(compared, "first", "capex", "base", build)
        assert points(axes, row) == [(100 * move.before.value, False), (100 * move.after.value, True)]
    arrows = [t for t in axes.texts if t.arrow_patch]
    assert [(a.xyann[0], a.xy[0]) for a in arrows] == [
        (100 * m.before.value, 100 * m.after.value) for m in dumbbells._firsts(compared, "capex", "base")]


def test_criteria_are_the_first_and_those_that_moved_most_of_each_output_one(compared):
    by = [each.criterion for each in drawn(compared, "first-moved")]
    assert by[0] == compared.after.criteria[0] == "capex"
    assert 1 < len(by) <= dumbbells.CRITERIA
    assert len({name.split()[0] for name in by}) == len(by)
    most = [max(abs(m.difference) for m in compared.moved("first", name)) for name in by[1:]]
    assert most == sorted(most, reverse=True)


def test_first_place_is_told_of_all_builds_of_each_side():
    """That which both have is not the first only because no other is in both."""
    one = of("one", bare(2500, "dgx_spark", "rtx_a5000"))
    other = of("other", bare(2500, "rtx_a6000", "rtx_a5000"))
    found = comparing.compare(one, other)
    firsts = [max(each.builds, key=lambda b, each=each: each.figures[Figure("first", "capex", "base", b)].value)
              for each in (one, other)]
    said = dumbbells._hands(found, "capex", "base")
    assert firsts == ["dgx_spark", "rtx_a6000"]
    assert "changes hands: most probably from DGX Spark" in said
    assert "to A6000" in said


# --- which conclusions hold ---------------------------------------------------------------------------------------


def test_claims_that_moved_come_with_their_words_and_the_largest_first(compared, axes):
    dumbbells.claims(compared, axes)
    moves = sorted(compared.moved("claim"), key=lambda m: -abs(m.difference))
    assert {m.figure.name for m in moves} == {"X", "Y"}
    assert [row.split()[0] for row in rows(axes)] == [m.figure.name for m in moves]
    assert any("A5000 costs less" in row for row in rows(axes))
    for row, move in enumerate(moves):
        assert points(axes, row) == [(100 * move.before.value, False), (100 * move.after.value, True)]
    limits = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    assert limits == pytest.approx([95, 200 / 3, 100 / 3])
    assert {"robust", "likely", "open", "unlikely"} < {t.get_text() for t in axes.texts}


def test_another_verdict_is_bold_and_told(compared, axes):
    dumbbells.claims(compared, axes)
    moves = dumbbells._claims(compared)
    weights = [t.get_fontweight() for t in axes.texts if t.xycoords == ("axes fraction", "data")]
    assert weights == ["bold" if comparing.other_verdict(m) else "normal" for m in moves]
    always = moves[0]._replace(before=moves[0].before._replace(value=0.97), after=moves[0].after._replace(value=1.0))
    assert not comparing.other_verdict(always)
    (figure,) = drawn(compared, "claims-moved")
    assert f"2 of 3 claims moved beyond sampling error, most: {moves[0].figure.name}" in figure.caption


def test_claims_that_are_too_many_are_counted(compared, axes):
    move = dumbbells._claims(compared)[0]
    more = tuple(move._replace(difference=move.difference * (1 - i / 100)) for i in range(dumbbells.CLAIMS + 3))
    found = replace(compared, moves=more)
    dumbbells.claims(found, axes)
    assert len(rows(axes)) == dumbbells.CLAIMS
    (figure,) = drawn(found, "claims-moved")
    assert "3 that moved less are not drawn" in figure.caption


def test_drawing_leaves_the_settings_of_matplotlib_alone(compared):
    kept = dict(matplotlib.rcParams)
    compared_figures(compared)[0].svg()
    assert dict(matplotlib.rcParams) == kept
