"""Figures by what their artists hold, the words beside them, and the SVG that they become."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from support import dist, study_text

import uncertainty as un
from uncertainty.analysis.error import combine, half_width
from uncertainty.breaking import Break
from uncertainty.charts import bands, claims, driving, flips, listing, risks, scatter, style, trust, winners
from uncertainty.charts.drawn import INK, View
from uncertainty.report import printed

KEYS = ["bands", "exceedance", "battery-counts", "claims", "ranks", "pairs", "flip", "break-even", "drivers", "tornado",
        "sobol", "worth", "convergence"]
OTHERS = ["claim-flip", "option-map", "sweep-bands", "sweep-batteries", "bands-moved", "attribution", "first-moved",
          "claims-moved"]  # of a page, of sweeps and comparisons
PRICES = f"""
[build.rtx_a5000]
unit_price = {dist("lognormal", median=2500, sigma=0.15)}
[build.dgx_spark]
unit_price = {dist("pert", low=2999, mode=3999, high=4699)}
"""


@pytest.fixture(scope="module")
def study():
    return un.load("reference").with_sampling(samples=128, replicates=8)


@pytest.fixture(scope="module")
def results(study):
    return un.run(study)


@pytest.fixture(scope="module")
def drawn(results):
    return {each.key: each for each in listing.figures(results, "engineering", "capex")}


@pytest.fixture
def axes():
    return Figure().subplots()


@pytest.fixture
def view(results):
    return seen(results, "engineering", "capex")


def seen(results, scenario, criterion):
    names = [c.name for c in results.study.criteria]
    return View(results, results.study.scenarios.index(scenario), names.index(criterion))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def lines(axes, **wanted):
    """Lines that have these properties."""
    return [line for line in axes.lines if all(getattr(line, f"get_{k}")() == v for k, v in wanted.items())]


def asked(folder, rest=PRICES, **given):
    path = folder / "study.toml"
    path.write_text(study_text(rest=rest, **given), encoding="utf-8")
    return un.run(un.load(path))


# --- how wide ----------------------------------------------------------------------------------------------------


def test_bands_are_the_quantiles_and_the_printed_numbers_are_marked(results, axes):
    bands.bands(results, axes, "capex")
    data = results.bands.capex / 1000
    for row, (scenario, build) in enumerate((s, b) for s in data.scenario.values for b in data.build.values):
        at = data.sel(scenario=scenario, build=build)
        broad, narrow = (next(line for line in lines(axes, linewidth=w) if line.get_ydata()[0] == row) for w in (2, 7))
        assert list(broad.get_xdata()) == at.sel(quantile=[0.05, 0.95]).values.tolist()
        assert list(narrow.get_xdata()) == at.sel(quantile=[0.25, 0.75]).values.tolist()
        assert broad.get_color() == style.COLOURS[row % 4]
    marks = [line.get_xdata()[0] for line in lines(axes, label="printed")]
    assert marks == [199.2, 199.2, 199.2, 223.8, 240.2, 215.6, 240.2, 281.2, 264.8, 240.2, 264.8, 314.0]  # Table 7
    assert axes.get_xlabel() == "CapEx, 1,000 USD"
    assert [label.get_text() for label in axes.get_yticklabels()][:4] == ["PRO 6000", "DGX Spark", "A6000", "A5000"]
    assert {"optimistic", "engineering", "legacy-room"} < set(texts(axes))
    assert sum(text.endswith("percentile") for text in texts(axes)) == 12
    assert "printed; at the right its percentile" in [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(("output", "precision"), [("capex", ""), ("battery_count", ""), ("throughput", "headline"),
                                                   ("device_count", ""), ("memory_pool", "")])
def test_the_percentile_of_a_printed_number_is_that_of_the_samples(study, results, output, precision):
    found = printed.printed(results, output, precision)
    samples = un.sample(study)[output]
    if precision:
        samples = samples.sel(precision=precision)
    if "scenario" not in samples.dims:
        samples = samples.expand_dims(scenario=study.scenarios)
    values = samples.transpose("scenario", "build", ...).values.reshape(3, 4, -1)
    assert found.share == pytest.approx((values <= found.value[..., None]).mean(axis=-1), abs=0.01)


def test_percentiles_in_words():
    words = {0.31: "31st percentile", 0.12: "12th percentile", 0.02: "2nd percentile", 0.931: "93rd percentile",
             0.111: "11th percentile", 0.001: "below the 1st percentile", 1.0: "above the 99th percentile"}
    assert {share: printed.ordinal(share) for share in words} == words


def test_what_no_document_prints_is_not_marked(results, tmp_path, axes):
    assert printed.printed(results, "throughput_per_dollar", "fp16") is None
    other = asked(tmp_path)
    assert printed.printed(other, "capex") is None
    bands.bands(other, axes, "capex")
    assert lines(axes, label="printed") == []


def test_a_scenario_that_the_document_has_not_is_not_marked(tmp_path):
    rest = PRICES + "[scenarios.cellar]\npue = 1.5\n[scenarios.engineering]\npue = 1.2\n"
    found = printed.printed(asked(tmp_path, f'{rest}', pue=1.3), "battery_count")
    assert found is None
    path = tmp_path / "study.toml"
    path.write_text('document = "benally-2025"\n' + path.read_text("utf-8").replace('"rtx_a5000", "dgx_spark"', "")
                    .replace("builds = ['rtx_a5000', 'dgx_spark']",
                             "builds = ['rtx_a5000', 'dgx_spark', 'rtx_a6000', 'rtx_pro_6000']")
                    + "[scenarios.optimistic]\npue = 1.0\n[scenarios.legacy-room]\npue = 1.6\n", "utf-8")
    found = printed.printed(un.run(un.load(path)), "battery_count")
    assert np.isnan(found.value[0]).all()
    assert np.isnan(found.share[0]).all()
    assert found.value[1].tolist() == [16, 8, 11, 11]


def test_exceedance_falls_through_the_quantiles(results, axes):
    risks.exceedance(results, axes, "capex", 1)
    curves = [line for line in axes.lines if len(line.get_xdata()) > 1]
    assert [line.get_color() for line in curves] == list(style.COLOURS[:4])
    for line, build in zip(curves, results.bands.build.values, strict=True):
        at = results.bands.capex.sel(scenario="engineering", build=build) / 1000
        assert np.interp([95, 50, 5], line.get_ydata()[::-1], line.get_xdata()[::-1]) == pytest.approx(
            at.sel(quantile=[0.05, 0.5, 0.95]).values)
    assert axes.get_ylabel() == "P(more than that), %"
    assert [line.get_xdata()[0] for line in lines(axes, marker="D", linestyle="None")] == [240.2, 215.6, 240.2, 281.2]


def test_exceedance_of_whole_numbers_is_exact(results, axes):
    risks.exceedance(results, axes, "battery_count", 1)
    share = results.counts.battery_count_probability.sel(scenario="engineering", build="dgx_spark")
    line = next(line for line in axes.lines if line.get_label() == "DGX Spark")
    assert line.get_drawstyle() == "steps-post"
    for number, above in zip(line.get_xdata(), line.get_ydata(), strict=True):
        assert above == pytest.approx(100 * float(share.where(share.number > number, 0).sum()), abs=1e-9)


def test_count_bars_are_the_probabilities_and_the_line_is_what_to_buy(results, axes):
    risks.count_bars(results, axes, 1, 1)
    at = results.counts.sel(scenario="engineering", build="dgx_spark")
    enough = int(at.battery_count_enough)
    for bar in axes.patches:
        number = bar.get_x() + bar.get_width() / 2
        assert bar.get_height() == pytest.approx(100 * float(at.battery_count_probability.sel(number=round(number))))
        assert (bar.get_hatch() is not None) == (number > enough)
    assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(100)
    assert axes.lines[0].get_xdata()[0] == enough + 0.5
    assert texts(axes) == [f"buy {enough}"]


def test_very_many_numbers_share_bars_that_end_where_enough_is(tmp_path, axes):
    found = asked(tmp_path, budget=5_000_000, samples=256, run_hours=20)
    risks.count_bars(found, axes, 0, 0)
    at = found.counts.isel(scenario=0, build=0)
    assert len(axes.patches) < 60 < int((at.battery_count_probability > 0).sum())
    hatched = sum(bar.get_height() for bar in axes.patches if bar.get_hatch())
    assert hatched == pytest.approx(100 * float(at.battery_count_shortfall))
    assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(100)


# --- who wins ----------------------------------------------------------------------------------------------------


def test_rank_bars_are_the_acceptabilities(results, view, axes):
    winners.rank_bars(view, axes)
    share = results.ranking.rank_acceptability.sel(criterion="capex", scenario="engineering")
    widths = np.array([[bar.get_width() for bar in container] for container in axes.containers])
    np.testing.assert_allclose(widths, share.values.T)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [f"rank {r}" for r in range(1, 5)]


def test_a_build_without_the_precision_is_left_out(results, axes):
    view = seen(results, "engineering", "throughput fp8")
    assert [results.study.builds[b].label for b in view.present] == ["PRO 6000", "DGX Spark"]
    winners.rank_bars(view, axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["PRO 6000", "DGX Spark"]
    keys = [each.key for each in listing.figures(results, "engineering", "throughput fp8")]
    assert "ranks" in keys
    assert "tornado" not in keys


def test_pair_cells_are_the_winning_probabilities(results, axes):
    view = seen(results, "optimistic", "battery_count")
    winners.pair_cells(view, axes)
    at = results.ranking.sel(criterion="battery_count", scenario="optimistic")
    found = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts}
    assert len(found) == len(axes.patches) == 12
    for (i, j), text in found.items():
        win, tie = (float(at[name][i, j]) for name in ("win", "tie"))
        assert text.startswith(winners.percent(win, 0))
        assert ("tie" in text) == (tie > winners.TIES)


def test_scatter_colours_say_who_is_first(results, view):
    inputs = scatter.drivers(view)
    assert inputs[0] == "rtx_pro_6000.unit_price"
    assert len(inputs) >= 2
    count = len(inputs) - 1
    grid = Figure().subplots(count, count, squeeze=False)
    scatter.scatter(view, grid, inputs)
    first, price = scatter.winners(view), scatter.values(view, inputs[0])
    shown = {line.get_color(): line.get_xdata() for line in grid[0, 0].lines}
    for build in set(first.tolist()):
        np.testing.assert_array_equal(np.sort(shown[style.colour(build)]), np.sort(price[first == build]))
    assert sum(map(len, shown.values())) == scatter.SAMPLES
    assert grid[-1, 0].get_xlabel() == "PRO 6000 price, USD"
    data = scatter._samples(results)
    least = data.capex.sel(scenario="engineering").values.argmin(axis=1)
    np.testing.assert_array_equal(first, least)


# --- conclusions -------------------------------------------------------------------------------------------------


def test_claim_dots_are_the_probabilities(results, axes):
    claims.claim_dots(results, axes)
    data = results.claims
    names = [label.get_text().split()[0] for label in axes.get_yticklabels()]
    assert sorted(names) == sorted(data.claim.values)
    dots = {}
    for container in axes.containers:
        truth = container.get_label() == "holds, as printed"
        for x, y in zip(*container.lines[0].get_data(), strict=True):
            dots[names[int(y)]] = x
            assert data.holds_as_printed.sel(claim=names[int(y)]) == truth
    for name, x in dots.items():
        assert x == pytest.approx(100 * float(data.probability.sel(claim=name)))
    assert len(dots) == len(names)
    assert list(dots.values()) != []
    assert sorted(dots.values(), reverse=True) == [dots[name] for name in names]


def test_the_steps_of_a_flip_end_at_the_flip(results, view, axes):
    found = results.break_of("capex", "engineering")
    flips.flip_steps(results.study, axes, found)
    shares = [move.share for move in found.moves]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([100 * share for share in shares])
    assert axes.patches[-1].get_x() + axes.patches[-1].get_width() == pytest.approx(100)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0].startswith("PRO 6000 price\n$9,000 → $")
    assert "sigma" in axes.get_xlabel()


def test_curves_are_those_of_the_break(results, axes):
    found = results.break_of("capex", "engineering")
    flips.curves(results, axes, found)
    by = {curve.input: curve for curve in found.curves}
    curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(curves) == flips.CURVES
    for line, each in zip(curves, found.separation, strict=False):
        np.testing.assert_allclose(line.get_ydata(), 100 * by[each.input].probability)
        assert line.get_color() == style.owner_colour(results, each.input)
    assert axes.get_xlabel() == "quantile of the input, %"
    one = next(c for c in found.crossings if c.input == "rtx_pro_6000.unit_price")
    below = np.mean(un.sample(results.study.with_sampling(samples=4096, method="random")).unit_price.sel(
        build="rtx_pro_6000") < one.low)
    marks = [line.get_xdata()[0] for line in lines(axes, marker=(3, 0, 0))]
    assert min(abs(mark - 100 * float(below)) for mark in marks) < 2


def test_claims_have_figures_of_their_own(results):
    found = flips.claim_figures(results, "C18")
    assert [each.key for each in found] == ["flip", "break-even"]
    assert "C18, DGX Spark has the lowest total CapEx" in found[0].title
    assert "stops holding" in found[0].caption
    assert flips.claim_figures(results, "C99") == []


def test_a_break_without_a_flip_has_no_figure(results):
    none = Break("x", "", True, combine(np.zeros(8)), 0.01, np.inf, (), 9, 8.0, (), (), ())
    assert flips.flip_figure(results.study, none, "x", ("", "", "X")) is None
    assert flips.curves_figure(results, none, "x", ("", "", "X")) is None


# --- what drives it ----------------------------------------------------------------------------------------------


def test_tornado_bars_go_from_the_central_value_to_both_ends(results, view, axes):
    driving.tornado(view, axes, 1)
    at = results.tornado.sel(scenario="engineering", build="dgx_spark")
    base = float(at.capex_baseline) / 1000
    largest = at.isel(input=int(np.argmax(at.capex_swing.values)))
    for container, end in zip(axes.containers, ("low", "high"), strict=True):
        bar = container[0]
        assert bar.get_x() == pytest.approx(base)
        assert bar.get_x() + bar.get_width() == pytest.approx(float(largest[f"capex_{end}"]) / 1000)
    assert axes.lines[0].get_xdata()[0] == pytest.approx(base)
    assert axes.get_yticklabels()[0].get_text() == "battery price"
    assert axes.get_xlabel() == "CapEx, 1,000 USD, of DGX Spark"
    assert all(text.startswith("$") for text in texts(axes)[:2])


def test_sobol_bars_are_the_indices_beside_what_chance_gives(results, view, axes):
    driving.sobol_bars(view, axes, 1)
    place = {"scenario": "engineering", "build": "dgx_spark"}
    first, total = results.first_order.capex.sel(place), results.total_order.capex.sel(place)
    bars = [c for c in axes.containers if isinstance(c, BarContainer)]
    assert bars[0][0].get_width() == pytest.approx(float(first.sel(input="battery_unit_price")))
    assert bars[1][0].get_width() == pytest.approx(float(total.sel(input="battery_unit_price")))
    limit = float(first.sel(input="dummy") + half_width(results.first_order.capex_se.sel(**place, input="dummy"), 8))
    dashed = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert dashed.get_xdata()[0] == pytest.approx(limit)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert "price of all builds" in labels
    assert not {"group prices", "all of DGX Spark", "all that builds share"} & set(labels)


def test_worth_bars_are_the_evppi_beside_the_grades(results, axes):
    view = seen(results, "optimistic", "battery_count")
    driving.worth_bars(view, axes)
    at = results.information.sel(criterion="battery_count", scenario="optimistic")
    bars = next(c for c in axes.containers if isinstance(c, BarContainer))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    row = labels.index("PRO 6000 price")
    assert bars[row].get_width() == pytest.approx(float(at.evppi.sel(input="rtx_pro_6000.unit_price")))
    assert to_hex(bars[row].get_facecolor()) == style.HIGH
    assert to_hex(bars[labels.index("price of all builds")].get_facecolor()) == style.PALE
    grades = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold"]
    assert grades[row] == "B"
    dashed = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert dashed.get_xdata()[0] == pytest.approx(float(at.evpi))


# --- how far to trust it -----------------------------------------------------------------------------------------


def test_convergence_ends_at_the_results_and_their_errors(results, view):
    means = results.done.statistics.means["capex"][:, 1, :, 0]
    value, wide = trust.running(means)
    np.testing.assert_allclose(value[-1], results.means.capex.sel(scenario="engineering"))
    np.testing.assert_allclose(wide[-1], half_width(results.means.capex_se.sel(scenario="engineering"), 8))
    np.testing.assert_allclose(value[0], means[:2].mean(axis=0))
    top, bottom = Figure().subplots(2)
    trust.mean_lines(view, top)
    trust.first_lines(view, bottom)
    for each in (top, bottom):
        own = [line for line in each.lines if len(line.get_xdata()) > 2]
        assert [line.get_color() for line in own] == list(style.COLOURS[:4])
        assert all(line.get_ydata()[-1] == 0 for line in own)
        assert own[0].get_xdata().tolist() == list(range(2, 9))


# --- lists, words, SVG -------------------------------------------------------------------------------------------


def test_a_page_has_all_figures_with_their_words(drawn):
    assert list(drawn) == KEYS
    for each in drawn.values():
        assert each.caption.endswith(".")
        assert "  " not in each.caption
        assert "nan" not in (each.caption + each.alt + each.title).lower().split()
        assert each.alt
        assert "engineering" in each.name or not each.scenario
    assert (drawn["bands"].scenario, drawn["bands"].criterion) == ("", "capex")
    assert (drawn["battery-counts"].scenario, drawn["battery-counts"].criterion) == ("engineering", "")
    assert (drawn["claims"].scenario, drawn["claims"].criterion) == ("", "")


def test_what_hangs_on_no_scenario_is_the_same_in_all(results, drawn):
    other = {each.key: each for each in listing.figures(results, "optimistic", "capex")}
    for key in ("bands", "claims"):
        assert (other[key].caption, other[key].name) == (drawn[key].caption, drawn[key].name)


def test_an_output_that_is_no_criterion_has_bands_too(results):
    found = bands.bands_figure(results, "bandwidth")
    assert (found.name, found.title) == ("bands-bandwidth", "How wide: bandwidth")
    assert "bandwidth" not in [c.name for c in results.study.criteria[: results.study.listed]]
    ET.fromstring(found.svg())


def test_captions_are_made_of_the_numbers(results, drawn):
    at = results.ranking.rank_acceptability.sel(criterion="capex", scenario="engineering", rank=1)
    assert f"DGX Spark ({winners.percent(float(at.sel(build='dgx_spark')))})" in drawn["ranks"].caption
    found = printed.printed(results, "capex")
    s, b = np.unravel_index(np.argmax(np.abs(found.share - 0.5)), found.share.shape)
    said = f"the printed ${found.value[s, b]:,.0f} of {results.study.builds[b].label} is the "
    assert said + printed.ordinal(found.share[s, b]) in drawn["bands"].caption
    enough = results.counts.battery_count_enough.sel(scenario="engineering", build="rtx_a5000")
    assert f"{int(enough)} for A5000" in drawn["battery-counts"].caption


def test_scenarios_of_nearly_one_name_have_figures_of_their_own(make_study):
    names = ["site-2", "site--2", "site-2-", "site_2"]
    rest = PRICES + "".join(f"[scenarios.{name}]\npue = 1.{i}\n" for i, name in enumerate(names))
    found = listing.chosen(un.run(make_study(rest=rest)))
    assert [each.name for each in found if each.key == "ranks" and each.criterion == "capex"] == [
        f"ranks-{name}-capex" for name in names]


def test_unknown_places_are_refused(results):
    with pytest.raises(ValueError, match="no 'cellar'; wanted one of optimistic"):
        listing.figures(results, "cellar", "capex")
    with pytest.raises(ValueError, match="no 'price'; wanted one of capex"):
        listing.figures(results, "optimistic", "price")


def test_what_there_is_nothing_for_is_left_out(tmp_path):
    found = asked(tmp_path)
    keys = [each.key for each in listing.figures(found, "base", "capex")]
    assert keys[:2] == ["bands", "exceedance"]
    assert not {"claims", "tornado", "sobol", "worth", "drivers"} & set(keys)
    for each in listing.figures(found, "base", "capex"):
        ET.fromstring(each.svg())


def test_constants_have_no_figures(tmp_path):
    assert listing.figures(asked(tmp_path, ""), "base", "capex") == []


def test_one_build_has_no_ranks(tmp_path):
    found = asked(tmp_path, PRICES.partition("[build.dgx_spark]")[0], builds=["rtx_a5000"])
    keys = [each.key for each in listing.figures(found, "base", "capex")]
    assert "bands" in keys
    assert not {"ranks", "pairs", "flip", "drivers"} & set(keys)
    for each in listing.figures(found, "base", "battery_count"):
        ET.fromstring(each.svg())


def test_every_criterion_in_every_scenario_has_figures(results):
    for scenario in results.study.scenarios:
        for criterion in results.study.criteria:
            assert "bands" in [e.key for e in listing.figures(results, scenario, criterion.name)] or \
                criterion.output in ("node_count", "unit_memory")


@pytest.fixture(scope="module")
def svgs(drawn):
    return {key: each.svg() for key, each in drawn.items()}


def test_svg_is_xml_that_says_what_it_is(drawn, svgs):
    for key, svg in svgs.items():
        root = ET.fromstring(svg)
        space = {"s": "http://www.w3.org/2000/svg"}
        assert root.get("role") == "img"
        assert root.get("id") == drawn[key].name
        title, alt = root.find("s:title", space), root.find("s:desc", space)
        assert (title.text, alt.text) == (drawn[key].title, drawn[key].alt)
        assert root.get("aria-labelledby") == f"{title.get('id')} {alt.get('id')}"
        words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        assert drawn[key].title[:20] in " ".join(words)


def test_svg_takes_the_colour_and_the_font_of_the_page(drawn, svgs):
    for svg in svgs.values():
        assert "currentColor" in svg
        assert INK not in svg
        assert "DejaVu" not in svg
        assert "<metadata" not in svg
        assert "<image" not in svg
    alone = drawn["flip"].svg(alone=True)
    assert "prefers-color-scheme:dark" in alone
    ET.fromstring(alone)


def test_ids_of_a_page_are_unique_and_there(svgs):
    ids = [i for svg in svgs.values() for i in re.findall(r'\bid="([^"]*)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in svgs.values():
        used = set(re.findall(r'(?:href="|url\()#([\w.-]+)', svg))
        assert used <= set(re.findall(r'\bid="([^"]*)"', svg))


def test_svg_is_small(svgs):
    assert max(map(len, svgs.values())) < 150_000
    assert sum(map(len, svgs.values())) < 500_000


def test_svg_is_the_same_bytes_whatever_else_is_drawn_and_however_it_is_set(drawn, svgs):
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert drawn["ranks"].svg() == svgs["ranks"]
        assert matplotlib.rcParams["font.size"] == 20
    before = dict(matplotlib.rcParams)
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda key: drawn[key].svg(), [*KEYS, *KEYS]))
    assert again == [svgs[key] for key in (*KEYS, *KEYS)]
    assert dict(matplotlib.rcParams) == before


def test_a_dollar_is_a_dollar(svgs):
    assert any("→ $" in text for text in re.findall(r"<text[^>]*>([^<]*)", svgs["flip"]))


def test_nothing_imports_matplotlib_but_what_draws():
    code = ("import sys, uncertainty as un, uncertainty.cli, uncertainty.terminal\n"
            "from uncertainty.charts import listing\n"
            "r = un.run(un.load('reference').with_sampling(samples=64, replicates=8))\n"
            "found = listing.figures(r, 'engineering', 'capex')\n"
            "assert 'matplotlib' not in sys.modules\n"
            "found[0].svg()\n"
            "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n")
    subprocess.run([sys.executable, "-c", code], check=True)


# --- colours -----------------------------------------------------------------------------------------------------

SIGHT = {  # Machado, Oliveira and Fernandes 2009, IEEE Trans. Vis. Comput. Graph. 15, 1291: severity 1, linear RGB
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour, sight):
    xyz = TO_XYZ @ np.clip(np.array(SIGHT[sight]) @ linear(colour), 0, 1) / [0.9505, 1.0, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_are_told_apart_by_the_colour_blind(sight):
    for one, other in [*combinations(style.COLOURS[:4], 2), (style.HIGH, style.LOW), (style.HIGH, style.PALE)]:
        assert np.linalg.norm(lab(one, sight) - lab(other, sight)) > 15, (one, other)
    for one, other in combinations(style.COLOURS, 2):
        assert np.linalg.norm(lab(one, sight) - lab(other, sight)) > 5, (one, other)


@pytest.mark.parametrize("colour", [*style.COLOURS, style.HIGH, style.LOW, style.MUTED])
def test_colours_are_read_on_light_and_dark(colour):
    luminance = float(TO_XYZ[1] @ linear(colour))
    dark = float(TO_XYZ[1] @ linear("#14171a"))
    assert 1.05 / (luminance + 0.05) > 2.5
    assert (luminance + 0.05) / (dark + 0.05) > 2.5


def test_more_builds_than_colours_are_told_apart():
    looks = [(style.colour(b), style.marker(b), style.line(b)) for b in range(28)]
    assert len(set(looks)) == len(looks)


def test_long_names_give_way_to_an_ellipsis():
    assert style.wrapped("a word and another word", 12) == "a word and\nanother word"
    assert style.wrapped("one two three four five six seven", 10) == "one two\nthree fou…"
    assert style.wrapped("short") == "short"


def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch):
    page = Path(__file__).parent.parent / "docs" / "figures.md"
    if not page.is_file():
        pytest.skip("no checkout: the page is not there")
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[1]
    exec(code.replace('un.load("reference")', 'un.load("reference").with_sampling(samples=64, replicates=8)'), {})
    assert {path.name.split("-engineering")[0] for path in tmp_path.iterdir()} >= {"exceedance", "ranks", "sobol"}
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)) == {*KEYS, *OTHERS}


def test_bands_around_zero_are_drawn(make_study):
    """A budget that buys nothing in most samples: every median is zero."""
    rest = f"\n[build.rtx_a5000]\nunit_price = {dist('lognormal', median=2500, sigma=0.15)}\n"
    results = un.run(make_study(rest=rest, budget=2_200, builds=["rtx_a5000"]))
    assert results.bands["device_count"].sel(quantile=0.5).max() == 0
    found = bands.bands_figure(results, "capex")
    assert "Widest beside its median is A5000" in found.caption
    found.svg()
