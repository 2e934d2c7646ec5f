"""Figures of sweeps by what their artists hold, and the words beside them."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from support import PRICES, dist, study_text

import uncertainty as un
from uncertainty.analysis.bands import QUANTILES
from uncertainty.analysis.error import half_width
from uncertainty.analysis.labels import Group
from uncertainty.charts import option_map, style, sweep_lines, swept
from uncertainty.charts.option_map import Map
from uncertainty.charts.panels import PANELS
from uncertainty.report.sweep_answer import sweep_answer
from uncertainty.report.sweep_sections import sections

SMALL = {"samples": 64, "replicates": 8, "outputs": ["throughput"], "precisions": ["fp16"],
         "pue": dist("uniform", low=1.1, high=1.4)}
TWO = "budget = [20_000, 50_000, 250_000]\nrun_hours = [4, 8]\n"
THREE = TWO + "rtx_a5000.unit_price = [2_000, 2_500, 3_500]\n"
WORDS = 'budget_covers = ["hardware", "hardware and storage"]\n'
SCENARIOS = "[scenarios.cool]\ndischarge_efficiency = 0.95\n[scenarios.hot]\ndischarge_efficiency = 0.85\n"


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    def make(sweep, rest=PRICES, **given):
        path = tmp_path_factory.mktemp("swept") / "study.toml"
        path.write_text(study_text(rest=f"{rest}\n[sweep]\n{sweep}", **SMALL | given), encoding="utf-8")
        return un.run(un.load(path))

    return make


@pytest.fixture(scope="module")
def two(make):
    return make(TWO, PRICES + SCENARIOS)


@pytest.fixture(scope="module")
def three(make):
    return make(THREE)


@pytest.fixture(scope="module")
def one(make):
    return make("budget = [20_000, 50_000, 100_000, 250_000]\n")


def drawn_axes(each):
    return [axes for axes in each.figure().axes if axes.axison]


def legend(each):
    return [text.get_text() for found in each.figure().legends for text in found.get_texts()]


def cells(axes):
    """Faces and texts of cells, and which are hatched, by row and column."""
    squares = [p for p in axes.patches if np.ptp(p.get_xy()[:, 1]) > 0.9]
    at = [tuple(np.round(p.get_xy()[:-1].mean(axis=0)).astype(int)[::-1]) for p in squares]
    faces = {key: p.get_facecolor()[:3] for key, p in zip(at, squares, strict=True) if not p.get_hatch()}
    texts = {tuple(round(x) for x in t.get_position()[::-1]): t for t in axes.texts}
    return faces, texts, {key for key, p in zip(at, squares, strict=True) if p.get_hatch()}


def turned(sweep):
    """The same sweep with its points the other way round in the option map."""
    group, over = sweep.figures["option_map"], tuple(range(len(sweep.study.sweep)))

    def back(frames):
        return {k: f._replace(values=np.flip(f.values, over)) if len(f.dims) > 1 else f for k, f in frames.items()}

    return replace(sweep, figures=sweep.figures | {"option_map": Group(back(group.variables), back(group.coords))})


# --- maps --------------------------------------------------------------------------------------------------------


def assert_is_the_map(found, axes, at=()):
    faces, texts, hatched = cells(axes)
    best, share, is_open = (found.of(name)[at] for name in ("best", "probability", "open"))
    keys = [build.key for build in found.sweep.study.builds]
    assert set(faces) == set(texts) == set(np.ndindex(*best.shape))
    for place, face in faces.items():
        builds = [keys.index(key) for key in best[place].split(" = ")]
        assert face == pytest.approx(option_map.shade(builds, share[place]))
        words = texts[place].get_text().replace("\n", " ")
        assert words.startswith(" = ".join(found.sweep.study.builds[b].label for b in builds))
        assert words.removesuffix(" ?").endswith(option_map.short_share(share[place]))
        assert words.endswith("?") == bool(is_open[place])
    assert hatched == {tuple(place) for place in np.argwhere(is_open)}


@pytest.mark.parametrize("criterion", [0, 1])
@pytest.mark.parametrize("scenario", [0, 1])
def test_cells_are_the_option_map(two, criterion, scenario):
    found = Map(two, scenario, criterion)
    each = next(d for d in option_map.maps(two) if (d.scenario, d.criterion) == (
        two.study.scenarios[scenario], found.by.name))
    (axes,) = drawn_axes(each)
    assert_is_the_map(found, axes)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["4 h", "8 h"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["$20,000", "$50,000", "$250,000"]
    assert (option_map.MARK in legend(each)) == bool(found.of("open").any())
    led = {b for at in np.ndindex(3, 2) for b in found.best(at)}
    assert legend(each)[: len(led)] == [two.study.builds[b].label for b in sorted(led)]


def test_other_numbers_are_another_map(three):
    found = Map(turned(three), 0, 0)
    axes = drawn_axes(option_map.maps(three)[0])[0]
    with pytest.raises(AssertionError):
        assert_is_the_map(found, axes, (0,))
    assert_is_the_map(found, drawn_axes(option_map.maps(turned(three))[0])[0], (0,))


def test_somewhere_the_lead_is_open(three):
    assert 0 < three.figures["option_map"]["open"].mean() < 1


def test_three_quantities_have_a_panel_for_each_value_of_the_first(three):
    each = option_map.maps(three)[0]
    panels = drawn_axes(each)
    assert [axes.get_title(loc="left") for axes in panels] == [
        "budget $20,000", "budget $50,000", "budget $250,000"]
    for k, axes in enumerate(panels):
        assert_is_the_map(Map(three, 0, 0), axes, (k,))
    assert "A panel for each value of budget." in each.caption


def test_of_many_values_some_have_panels_and_the_caption_says_which(make):
    many = make("budget = [20_000, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000, 90_000]\nrun_hours = [8]\n" + WORDS,
                replicates=2)
    each = option_map.maps(many)[0]
    panels = [axes.get_title(loc="left") for axes in drawn_axes(each)]
    assert len(panels) == PANELS
    assert f"Panels are for 6 of the 8 values of budget: {'; '.join(panels).replace('budget ', '')}." in each.caption
    assert (panels[0], panels[-1]) == ("budget $20,000", "budget $90,000")


def test_ties_are_grey_with_the_colours_of_all(two):
    found = Map(two, 0, 1)
    group = two.figures["option_map"]
    best = np.full(group["best"].shape, "rtx_a5000 = dgx_spark", dtype="U40")
    tied = replace(two, figures=two.figures | {"option_map": Group(group.variables, group.coords | {
        "best": group.coords["best"]._replace(values=best)})})
    each = next(d for d in option_map.maps(tied) if (d.scenario, d.criterion) == ("cool", found.by.name))
    (axes,) = drawn_axes(each)
    assert_is_the_map(Map(tied, 0, 1), axes)
    strips = [p.get_facecolor()[:3] for p in axes.patches if np.ptp(p.get_xy()[:, 1]) < 0.2]
    assert strips == [to_rgb(style.colour(b)) for b in (0, 1)] * 6
    assert "tie for first" in legend(each)


def test_without_room_for_names_signs_stand_for_builds(make):
    dense = make(f"budget = [20_000, 50_000]\nrun_hours = {[float(x) for x in range(1, 25)]}\n", replicates=2)
    each, found = option_map.maps(dense)[0], Map(dense, 0, 0)
    (axes,) = drawn_axes(each)
    for place, text in cells(axes)[1].items():
        assert text.get_text().rstrip("?") == "=".join(option_map.SIGNS[b] for b in found.best(place))
    named = {f"{option_map.SIGNS[b]} {build.label}" for b, build in enumerate(dense.study.builds)}
    assert named & set(legend(each))


def contrast(one, other):
    def luminance(colour):
        return np.dot([0.2126, 0.7152, 0.0722], [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4
                                                 for x in to_rgb(colour)])

    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("builds", [*([b] for b in range(len(style.COLOURS))), [0, 1]])
def test_text_is_read_on_every_shade_and_less_sure_is_paler(builds):
    shades = [option_map.shade(builds, share) for share in np.linspace(0, 1, 101)]
    assert min(contrast(back, style.ink_on(back)) for back in shades) >= 4.5
    assert (np.diff([contrast(back, "#000000") for back in shades]) < 0).all()


# --- over one quantity -------------------------------------------------------------------------------------------


def test_lines_are_the_probabilities_and_open_values_are_marked(one):
    each, found = option_map.maps(one)[0], Map(one, 0, 0)
    (axes,) = drawn_axes(each)
    wide = half_width(one.figures["ranking"]["rank_acceptability_se"][:, 0, 0, :, 0], 8)
    for b, build in enumerate(one.study.builds):
        line = next(line for line in axes.lines if line.get_label() == build.label)
        np.testing.assert_allclose(line.get_xdata(), one.study.sweep[0].values)
        np.testing.assert_allclose(line.get_ydata(), 100 * found.first[:, b])
        ends = np.array([segment[:, 1] for segment in axes.collections[b].get_segments()])
        np.testing.assert_allclose(ends[:, 1], 100 * np.clip(found.first[:, b] + wide[:, b], 0, 1))
    marks = [text.get_position()[0] for text in axes.texts if text.get_text() == "?"]
    assert marks == [x for x, o in zip(one.study.sweep[0].values, found.of("open"), strict=True) if o]
    assert marks == sorted(marks)
    assert axes.get_xscale() == "log"


def test_words_are_side_by_side(make):
    each = option_map.maps(make(WORDS))[0]
    (axes,) = drawn_axes(each)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["hardware", "hardware and\nstorage"]
    assert all(line.get_linestyle() == "None" for line in axes.lines)
    assert (np.diff([line.get_xdata() for line in axes.lines], axis=0) > 0).all()


# --- how wide ----------------------------------------------------------------------------------------------------


def test_bands_are_the_quantiles(two):
    each = next(d for d in sweep_lines.widths(two) if (d.key, d.scenario) == ("sweep-bands", "hot"))
    for k, axes in enumerate(drawn_axes(each)):
        values = two.figures["bands"]["capex"][k, :, :, 1, :] / 1000
        low, middle, high = (values[:, QUANTILES.index(q)] for q in (0.05, 0.5, 0.95))
        for b, line in enumerate(axes.lines):
            np.testing.assert_allclose(line.get_ydata(), middle[:, b])
            assert line.get_color() == style.colour(b)
            ends = np.array([segment[:, 1] for segment in axes.collections[b].get_segments()])
            np.testing.assert_allclose(ends, np.stack([low[:, b], high[:, b]], axis=1))
    assert drawn_axes(each)[0].get_ylabel() == "CapEx, 1,000 USD"


def test_batteries_are_those_to_buy(two):
    each = next(d for d in sweep_lines.widths(two) if (d.key, d.scenario) == ("sweep-batteries", "cool"))
    enough = two.figures["counts"]["battery_count_enough"][:, :, 0]
    for k, axes in enumerate(drawn_axes(each)):
        np.testing.assert_allclose([line.get_ydata() for line in axes.lines], enough[k].T)
    assert f"go from {enough.min():.0f} (" in each.caption
    assert f"to {enough.max():.0f} (" in each.caption


def test_what_is_not_bought_is_no_bargain(make):
    sweep = make("budget = [1_000, 3_000, 60_000]\n")
    none = np.array([[True, True], [False, True], [False, False]])  # in the median; A5000 and DGX Spark
    np.testing.assert_array_equal(sweep.figures["bands"]["device_count"][:, QUANTILES.index(0.5), 0] < 1, none)
    for each in sweep_lines.widths(sweep):
        drawn = np.array([line.get_ydata() for line in drawn_axes(each)[0].lines])
        np.testing.assert_array_equal(np.isnan(drawn), none.T)
        assert ", where the budget buys one." in each.caption
    low, high = ([f"{x / 1e3:.1f}" for x in sweep.figures["bands"]["capex"][at, QUANTILES.index(0.5), 0, (0, 1)]]
                 for at in ([1, 2], [2, 2]))
    section = next(s for s in sections(sweep) if s.title == "How wide, over all points")
    assert [row[3] for row in section.rows] == [f"{low[0]} to {high[0]}", high[1]]
    assert section.note.endswith("Of points at which the budget buys no device, nothing but that is told.")
    cost = sweep_answer(sweep)[1]
    assert " over the points where the budget buys one (medians)" in cost
    assert "$0" not in cost


def test_lines_are_named_that_the_last_panel_lacks(make):
    prices = "rtx_a5000.unit_price = [2_000, 200_000]\nrun_hours = [4, 8]\n"
    both = make(prices, budget=100_000)
    for each in sweep_lines.widths(both):
        assert legend(each) == ["A5000", "DGX Spark"]
        assert [len(axes.lines) for axes in drawn_axes(each)] == [2, 1]
    alone = make(prices, "", budget=100_000, builds=["rtx_a5000"])
    assert [legend(each) for each in sweep_lines.widths(alone)] == [["A5000"]] * 2


def test_the_answer_counts_no_point_where_what_is_best_is_not_bought(make):
    sweep = make("rtx_a5000.unit_price = [2_000, 200_000]\n", budget=100_000)
    wins, cost, *_ = sweep_answer(sweep)
    assert "A5000 at 1" in wins
    assert cost.startswith("DGX Spark, best by CapEx at 1 of these,")


@pytest.mark.parametrize(("values", "log"), [((4.0, 8.0, 12.0), False), ((2.0, 4.0, 8.0, 16.0), True),
                                             ((0.0, 1.0, 100.0), False), ((1.0, 100.0), False)])
def test_an_axis_is_logarithmic_where_that_keeps_values_apart(one, values, log):
    axis = one.study.sweep[0]._replace(values=values, labels=values)
    assert sweep_lines.places(axis)[1] == log


# --- lists and words ---------------------------------------------------------------------------------------------


def test_a_page_has_each_once(two, three, one):
    for sweep in (two, three, one):
        found = swept(sweep)
        assert len({each.name for each in found}) == len(found)
        assert list(dict.fromkeys(each.key for each in found)) == ["option-map", "sweep-bands", "sweep-batteries"]
        for each in found:
            ET.fromstring(each.svg())
            assert each.caption.endswith(".")
            assert "  " not in each.caption
            assert "nan" not in each.caption.split()
            assert each.alt
            assert each.scenario in sweep.study.scenarios
    shown = [each for each in swept(two) if each.key == "option-map"]
    assert len(shown) == 2 * len({c.output for c in two.study.criteria[: two.study.listed]})


def test_captions_are_made_of_the_numbers(three):
    each, found = option_map.maps(three)[0], Map(three, 0, 0)
    names, counts = np.unique(found.of("best"), return_counts=True)
    labels = {build.key: build.label for build in three.study.builds}
    assert f"{labels[names[counts.argmax()]]} at {counts.max()} of 18 points" in each.caption
    assert f"The lead is open at {int(found.of('open').sum())}, closest at budget $" in each.caption
    gap = found.of("probability") - found.of("rival_probability")
    least = np.unravel_index(np.argmin(gap), gap.shape)
    assert f"{option_map.short_share(found.of('probability')[least])} against " in each.caption
    assert option_map.maps(turned(three))[0].caption != each.caption


def test_nothing_of_constants_and_no_map_of_one_build(make):
    constants = make(TWO, "", pue=1.2)
    assert swept(constants) == option_map.maps(constants) == sweep_lines.widths(constants) == []
    alone = make(TWO, PRICES.partition("[build.dgx_spark]")[0], builds=["rtx_a5000"], replicates=2)
    assert option_map.maps(alone) == []
    assert [each.key for each in swept(alone)] == ["sweep-bands", "sweep-batteries"]


def test_one_point_is_a_map_too(make):
    each = option_map.maps(make("budget = [50_000]\nrun_hours = [8]\n", replicates=2))[0]
    assert len(cells(drawn_axes(each)[0])[0]) == 1


def test_a_sweep_is_drawn_by_what_is_asked_for(two):
    found = un.figures(two, "hot", two.study.criteria[0].name)
    assert [each.key for each in found] == ["option-map", "sweep-bands", "sweep-batteries"]
    assert {each.scenario for each in found} == {"hot"}
