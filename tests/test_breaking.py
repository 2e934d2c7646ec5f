"""What would break a conclusion: crossings, nearest flips, levels, against closed forms, root finding and grids.

"Check" is the check of the reference document, sections 4 and 13. Nothing of the package's arithmetic is used.
"""

from itertools import product

import numpy as np
import pytest
import xarray as xr
from scipy import optimize, stats
from support import SITES, assert_close, dist, study_text
from test_claims import A5000, claimed
from test_truth import SAMPLING
from truths import BUDGET, PER_PUE, POWERWALL, PRICE, PUE, PUE_TEXT, Truth

import uncertainty as un
from uncertainty import execution, plan
from uncertainty.breaking import label
from uncertainty.files import shipped
from uncertainty.model import INPUTS
from uncertainty.report.tables import TABLES
from uncertainty.trial import flipped_at, trial
from uncertainty.watching import LEVELS

PRICES = {"rtx_pro_6000": 8999.99, "dgx_spark": 3999.0, "rtx_a6000": 4650.0, "rtx_a5000": 2500.0}
DEVICES = {  # kW, host's multiplier, GB, GB/s, and TFLOP/s: headline, 16-bit dense, FP32
    "rtx_pro_6000": (0.600, 1.25, 96, 1597, 4000, 503.8, 120), "dgx_spark": (0.240, 1.0, 128, 273, 1000, 125, 29.71),
    "rtx_a6000": (0.300, 1.25, 48, 768, 309.7, 154.8, 38.7), "rtx_a5000": (0.230, 1.25, 24, 768, 222.2, 111.1, 27.8)}
PEAKS = {"headline": 4, "fp16": 5, "fp32": 6}


def cards(price):
    return np.floor(BUDGET / price + 1e-9)


def walls(build, price, pue):
    kw, overhead, *_ = DEVICES[build]
    return np.ceil(cards(price) * kw * overhead * pue * 8 / 0.81 / 13.5 - 1e-9)


def capex(build, price, pue, battery=POWERWALL):
    return cards(price) * price + battery * walls(build, price, pue)


def per_dollar(build, price, precision, pue, battery=POWERWALL):
    return cards(price) * DEVICES[build][PEAKS[precision]] / capex(build, price, pue, battery)


def per_spend(build, price, precision):
    return DEVICES[build][PEAKS[precision]] / price


def broken(results, target, scenario=""):
    found, = (b for b in results.breaks if (b.target, b.scenario) == (target, scenario))
    return found


def of(found, name):
    """Intervals of one input's values in which a test is flipped."""
    return [(c.low, c.high) for c in found.crossings if c.input == name]


# --- break-even values of the check, one input at a time ---------------------------------------------------

CRITERIA = ["bandwidth_per_spend", "memory_per_spend", *(
    {"output": f"throughput{per}", "precision": p} for per in ("_per_spend", "", "_per_dollar") for p in PEAKS)]
WINDOW = "; ".join(['output = "throughput_per_spend"', 'at = { precision = "fp16", scenario = "engineering" }',
                    'is = "same winner"', 'than = { output = "throughput_per_dollar" }'])


def toml(criterion):
    if isinstance(criterion, str):
        return repr(criterion)
    return "{ " + ", ".join(f"{key} = {value!r}" for key, value in criterion.items()) + " }"


def reference_tables(battery, rest=""):
    """The study of the document's tables, with all five prices uncertain around the printed ones."""
    text = (shipped() / "studies" / "reference-tables.toml").read_text(encoding="utf-8")
    text = text.replace('document  = "benally-2025"', f"criteria = [{', '.join(map(toml, CRITERIA))}]")
    for build, price in PRICES.items():
        line = f"unit_price = {dist('uniform', low=0.8 * price, high=1.2 * price, central=price)}\n"
        header = f"[build.{build}]\n"
        text = text.replace(header, header + line) if header in text else f"{text}\n{header}{line}"
    price = dist("uniform", low=0.8 * battery, high=1.2 * battery, central=battery)
    return text.replace("[inputs]\n", f"[inputs]\nbattery_unit_price = {price}\n", 1) + rest


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Results by the price of a Powerwall, at which the claim c0 is that of the window."""
    found = {}
    for battery in (8200.0, 15_400.0):
        path = tmp_path_factory.mktemp("tables") / "study.toml"
        path.write_text(reference_tables(battery, claimed(WINDOW)), encoding="utf-8")
        found[battery] = un.run(un.load(path))
    return found


HARDWARE = [  # who leads, and until when; the value as the check prints it, and exactly
    ("throughput_per_spend headline", "rtx_pro_6000", "above", "15,996", 4000 / 1000 * 3999),
    ("throughput_per_spend fp16", "rtx_pro_6000", "above", "11,337", 503.8 / 111.1 * 2500),
    ("throughput_per_spend fp16", "rtx_a5000", "below", "1,985", 111.1 / 503.8 * 8999.99),
    ("throughput_per_spend fp32", "rtx_pro_6000", "above", "10,791", 120 / 27.8 * 2500),
    ("throughput_per_spend fp32", "rtx_a5000", "below", "2,085", 27.8 / 120 * 8999.99),
    ("bandwidth_per_spend", "rtx_a5000", "above", "4,328", 768 / 1597 * 8999.99),
    ("memory_per_spend", "dgx_spark", "above", "12,000", 128 / 96 * 8999.99),
    ("throughput fp32", "rtx_a5000", "below", "2,142", BUDGET / 70),  # 70 of them beat 16 PRO
    ("throughput fp16", "rtx_a5000", "below", "2,054", BUDGET / 73)]


@pytest.mark.parametrize(("criterion", "build", "side", "printed", "exact"), HARDWARE)
def test_break_even_prices_of_hardware(tables, criterion, build, side, printed, exact):
    floored = criterion.startswith("throughput fp")  # "at most": the last whole dollar
    assert f"{np.floor(exact) if floored else exact:,.0f}" == printed
    for scenario in ("optimistic", "engineering", "legacy-room"):
        found = broken(tables[8200.0], criterion, scenario)
        assert found.held
        intervals = of(found, f"{build}.unit_price")
        edge = intervals[-1][0] if side == "above" else intervals[0][1]
        assert edge == pytest.approx(exact, rel=3e-9)  # ties and dust are 1e-9
        assert intervals[-1][1] == 4 * PRICES[build] if side == "above" else intervals[0][0] == PRICES[build] / 4


def test_who_leads_beyond_the_break_even_price():
    """The check's "then Spark" and "then A5000"."""
    for precision, price, leader in (("headline", 15_997, "dgx_spark"), ("fp16", 11_337, "rtx_a5000"),
                                     ("fp32", 10_792, "rtx_a5000")):
        prices = PRICES | {"rtx_pro_6000": price}
        assert max(prices, key=lambda b, at=prices, p=precision: per_spend(b, at[b], p)) == leader


STORAGE = [  # (precision, scenario, PUE, price of a Powerwall): the PRO leads until about
    ("fp16", "engineering", 1.2, 8200.0, 15_800), ("fp16", "engineering", 1.2, 15_400.0, 18_000),
    ("fp16", "legacy-room", 1.56, 8200.0, 16_450), ("fp16", "legacy-room", 1.56, 15_400.0, 21_375),
    ("fp32", "engineering", 1.2, 8200.0, 14_500), ("fp32", "engineering", 1.2, 15_400.0, 16_975),
    ("fp32", "legacy-room", 1.56, 8200.0, 15_325), ("fp32", "legacy-room", 1.56, 15_400.0, 19_750)]


def leads(price, precision, pue, battery):
    """Whether the PRO 6000 has the most throughput per CapEx at prices of its own."""
    others = max(per_dollar(b, PRICES[b], precision, pue, battery) for b in PRICES if b != "rtx_pro_6000")
    return per_dollar("rtx_pro_6000", price, precision, pue, battery) > others


@pytest.mark.parametrize(("precision", "scenario", "pue", "battery", "about"), STORAGE)
def test_break_even_prices_with_storage(tables, precision, scenario, pue, battery, about):
    every = np.arange(2250, 36_000.0)
    change, = np.flatnonzero(np.diff(leads(every, precision, pue, battery)))
    low, high = every[change], every[change + 1]
    while high - low > 1e-9 * low:
        middle = (low + high) / 2
        low, high = (middle, high) if leads(middle, precision, pue, battery) else (low, middle)
    assert np.ceil(high / 25) * 25 == about  # the check tried every 25 dollars
    intervals = of(broken(tables[battery], f"throughput_per_dollar {precision}", scenario), "rtx_pro_6000.unit_price")
    assert len(intervals) == 1
    assert intervals[0] == pytest.approx((high, 4 * 8999.99), rel=3e-9)


def test_the_inversion_window(tables):
    """Hardware says A5000 and total cost says PRO, at a price of the PRO between $11,337 and about $15,800."""
    found = broken(tables[8200.0], "c0")
    assert found.held  # the document's inversion claim fails at its own prices
    (low, high), = of(found, "rtx_pro_6000.unit_price")
    assert f"{low:,.0f}" == "11,337"
    assert 15_775 < high <= 15_800
    every = np.arange(2250, 36_000.0)
    hardware = per_spend("rtx_pro_6000", every, "fp16") > per_spend("rtx_a5000", 2500, "fp16")
    total = leads(every, "fp16", 1.2, POWERWALL)
    np.testing.assert_array_equal(hardware != total, (every >= low) & (every <= high))  # A5000 leads beyond both
    assert low < 13_250 < high  # reported in June 2026


@pytest.mark.parametrize(("price", "holds"), [(11_336, True), (11_337, False), (13_250, False), (15_775, False),
                                              (15_800, True), (20_000, True)])
def test_the_inversion_window_of_constants(tmp_path, price, holds):
    text = (shipped() / "studies" / "reference-tables.toml").read_text(encoding="utf-8")
    text = text.replace("[build.rtx_pro_6000]\n", f"[build.rtx_pro_6000]\nunit_price = {price}\n")
    (tmp_path / "study.toml").write_text(text + claimed(WINDOW), encoding="utf-8")
    assert un.run(un.load(tmp_path / "study.toml")).claims.sel(claim="c0").probability == holds


# --- the nearest flip of one input, in closed form ---------------------------------------------------------

CENTRAL = dist("lognormal", median=2500, sigma=0.15, min=1700, max=3200, central=2500)
ONE = f"[build.rtx_a5000]\nunit_price = {CENTRAL}\n"
COUNT, WALLS = A5000 + 'output = "device_count"; ', A5000 + 'output = "battery_count"; '


def score(cdf, value):
    return stats.norm.ppf(cdf(value))


def ledge(count):
    """Above this price the budget does not buy so many."""
    return BUDGET / count


LEDGES = {  # claim -> prices at which it flips
    'is = "at least"; than = 58': [ledge(58)], 'is = "at most"; than = 65': [ledge(66)],
    'is = "below"; than = 58': [ledge(58)], 'is = "between"; low = 52; high = 64': [ledge(52), ledge(65)],
    'is = "between"; low = 55; high = 72': [ledge(55), ledge(73)], 'is = "equal"; than = 66': [ledge(66)],
    'is = "at least"; than = "dgx_spark"': [ledge(37)]}


@pytest.fixture(scope="module")
def ledges(tmp_path_factory):
    path = tmp_path_factory.mktemp("ledges") / "study.toml"
    path.write_text(study_text(**SAMPLING, rest=ONE + claimed(*(COUNT + text for text in LEDGES))), encoding="utf-8")
    return un.run(un.load(path))


@pytest.mark.parametrize(("i", "edges"), list(enumerate(LEDGES.values())))
def test_the_nearest_ledge_of_one_price(ledges, i, edges):
    found = broken(ledges, f"c{i}")
    inside = [e for e in edges if 1700 < e < 3200]
    if not inside:
        assert (found.distance, found.moves, found.flips.value) == (np.inf, (), 0)
        assert found.upper_limit == pytest.approx(-np.log(0.05) / ledges.samples, rel=1e-3)
        return
    distances = [abs(score(PRICE.cdf, e) - score(PRICE.cdf, 2500)) for e in inside]
    assert found.distance == pytest.approx(min(distances), rel=1e-6)
    nearest = inside[int(np.argmin(distances))]
    move, = found.moves
    assert move.input == "rtx_a5000.unit_price"
    assert (move.unit, move.central, move.share) == ("USD", 2500, pytest.approx(1))
    assert move.value == pytest.approx(nearest, rel=1e-6)
    assert move.level == pytest.approx(PRICE.cdf(nearest), abs=1e-6)
    assert np.isnan(found.upper_limit)


@pytest.mark.parametrize(("i", "text", "edges"), [(i, *row) for i, row in enumerate(LEDGES.items())])
def test_crossings_and_their_probability(ledges, i, text, edges):
    found = broken(ledges, f"c{i}")
    intervals = [(c.low, c.high) for c in found.crossings]
    inner = sorted(x for interval in intervals for x in interval if 625 < x < 10_000)
    if text.startswith('is = "equal"'):
        edges = [ledge(67), ledge(66)]
    np.testing.assert_allclose(inner, sorted(edges), rtol=3e-9)
    probability = sum(c.probability for c in found.crossings)
    assert probability == pytest.approx(sum(PRICE.cdf(h) - PRICE.cdf(lo) for lo, h in intervals), abs=1e-7)
    assert_close(found.flips.value, found.flips.se, probability, 16, ledges.samples)
    for c in found.crossings:
        assert c.probability == pytest.approx(PRICE.cdf(c.high) - PRICE.cdf(c.low), abs=1e-7)


@pytest.mark.parametrize("central", [746.5, 747, 748, 749, 749.9])
def test_what_holds_at_the_central_value_is_in_no_interval_however_narrow(make_study, central):
    """200 cards at prices above 746.27 and at most 750 USD, half a percent."""
    price = dist("uniform", low=300, high=2000, central=central)
    rest = f"[build.rtx_a5000]\nunit_price = {price}\n" + claimed(COUNT + 'is = "equal"; than = 200')
    intervals = of(broken(un.run(make_study(rest=rest)), "c0"), "rtx_a5000.unit_price")
    inner = [x for interval in intervals for x in interval][1:-1]
    assert inner == pytest.approx([BUDGET / 201, BUDGET / 200], rel=3e-9)


def test_the_nearest_ledge_of_a_pue(make_study):
    """60 cards take 17 Powerwalls up to a PUE of 1.347; the PERT's median is its central value."""
    found = broken(un.run(make_study(pue=PUE_TEXT, rest=claimed(WALLS + 'is = "at most"; than = 17'))), "c0")
    edge = 17 / (60 * 0.230 * PER_PUE)
    assert found.held
    assert found.distance == pytest.approx(score(PUE.cdf, edge), rel=1e-6)
    assert found.moves[0].value == pytest.approx(edge, rel=1e-7)
    assert found.moves[0].central == pytest.approx(optimize.brentq(lambda x: PUE.cdf(x) - 0.5, 1.05, 1.6), rel=1e-7)


def test_a_flip_at_the_central_value_is_a_hairs_breadth_away(make_study):
    """The document's price lies on the ledge of 60 cards."""
    found = broken(un.run(make_study(rest=ONE + claimed(COUNT + 'is = "equal"; than = 60'))), "c0")
    assert found.held
    assert 0 < found.distance < 1e-6
    assert 2500 < found.moves[0].value < 2500.001


# --- two inputs: never farther than an exhaustive grid -----------------------------------------------------

Z = np.linspace(-4, 4, 1601)
SPARK = stats.beta(1 + 4 * 1000 / 1700, 1 + 4 * 700 / 1700, 2999, 1700)
SPARK_TEXT = dist("pert", low=2999, mode=3999, high=4699, central=3999)
BOTH = f"{ONE}[build.dgx_spark]\nunit_price = {SPARK_TEXT}\n"
QUANTILE = np.interp(stats.norm.cdf(Z), PRICE.cdf(np.linspace(1700, 3200, 100_001)), np.linspace(1700, 3200, 100_001))
PLANES = {  # claim -> whether it holds at prices of the A5000 and the Spark; hosts take 1.25 with both
    'output = "capex"; build = "dgx_spark"; is = "best"':
        lambda a, s: capex_of(0.240, s) < capex_of(0.230, a),
    'output = "battery_count"; build = "dgx_spark"; is = "best"':
        lambda a, s: walls_of(0.240, s) < walls_of(0.230, a),
    'output = "throughput_per_spend"; at = { precision = "fp32" }; build = "rtx_a5000"; is = "best"':
        lambda a, s: 27.8 / a > 29.71 / s * (1 + 1e-9),  # a tie is not best
    'output = "device_count"; build = "rtx_a5000"; is = "at least"; than = { build = "dgx_spark", times = 1.4 }':
        lambda a, s: cards(a) >= 1.4 * cards(s),
    'output = "throughput_per_dollar"; at = { precision = "fp32" }; is = "other winner"; than = { output = "capex" }':
        lambda a, s: (27.8 * cards(a) / capex_of(0.230, a) > 29.71 * cards(s) / capex_of(0.240, s))
        != (capex_of(0.230, a) < capex_of(0.240, s)),
    'any = [{ output = "device_count", build = "rtx_a5000", is = "at least", than = 68 }, '
    '{ output = "device_count", build = "dgx_spark", is = "at least", than = 43 }]':
        lambda a, s: (cards(a) >= 68) | (cards(s) >= 43),
    'all = [{ output = "device_count", build = "rtx_a5000", is = "at most", than = 63 }, '
    '{ output = "device_count", build = "dgx_spark", is = "at most", than = 39 }]':
        lambda a, s: (cards(a) <= 63) & (cards(s) <= 39)}


def walls_of(kw, price, pue=1.2):
    return np.ceil(cards(price) * kw * pue * PER_PUE - 1e-9)


def capex_of(kw, price):
    return cards(price) * price + POWERWALL * walls_of(kw, price)


@pytest.fixture(scope="module", params=[0.0, 0.6], ids=["independent", "correlated"])
def planes(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("planes") / "study.toml"
    correlation = f'[[correlation]]\ninputs = ["unit_price"]\nspearman = {request.param}\n' if request.param else ""
    path.write_text(study_text(**SAMPLING, rest=BOTH + correlation + claimed(*PLANES)), encoding="utf-8")
    return request.param, un.run(un.load(path))


@pytest.mark.parametrize(("i", "holds"), list(enumerate(PLANES.values())))
def test_the_nearest_flip_of_two_prices_is_no_farther_than_that_of_a_grid(planes, i, holds):
    spearman, results = planes
    found, r = broken(results, f"c{i}"), 2 * np.sin(np.pi / 6 * spearman)
    a, s = np.meshgrid(QUANTILE, SPARK.ppf(stats.norm.cdf(Z)), indexing="ij")
    flipped = holds(a, s) != holds(2500.0, 3999.0)
    x, y = np.meshgrid(Z - score(PRICE.cdf, 2500), Z - score(SPARK.cdf, 3999), indexing="ij")
    distance = np.sqrt((x * x - 2 * r * x * y + y * y) / (1 - r * r))
    nearest = distance[flipped].min()
    assert found.held == holds(2500.0, 3999.0)
    assert 0 < found.distance <= nearest
    assert found.distance > nearest - 2 * (Z[1] - Z[0]) / np.sqrt(1 - abs(r))  # none is so thin that the grid misses it
    at = {"rtx_a5000.unit_price": 2500.0, "dgx_spark.unit_price": 3999.0} | {m.input: m.value for m in found.moves}
    assert holds(*at.values()) != found.held
    z = score(PRICE.cdf, at["rtx_a5000.unit_price"]), score(SPARK.cdf, at["dgx_spark.unit_price"])
    x, y = z[0] - score(PRICE.cdf, 2500), z[1] - score(SPARK.cdf, 3999)
    if len(found.moves) == 2 or not r:
        assert found.distance == pytest.approx(np.sqrt((x * x - 2 * r * x * y + y * y) / (1 - r * r)), rel=1e-4)
    assert sum(m.share for m in found.moves) == pytest.approx(1, abs=1e-9)


def test_no_sample_flips_nearer_than_the_nearest_flip(planes):
    spearman, results = planes
    r, prices = 2 * np.sin(np.pi / 6 * spearman), un.sample(results.study).unit_price
    a, s = (prices.sel(build=b).values.ravel() for b in ("rtx_a5000", "dgx_spark"))
    x, y = score(PRICE.cdf, a) - score(PRICE.cdf, 2500), score(SPARK.cdf, s) - score(SPARK.cdf, 3999)
    distance = np.sqrt((x * x - 2 * r * x * y + y * y) / (1 - r * r))
    for i, holds in enumerate(PLANES.values()):
        found, flipped = broken(results, f"c{i}"), holds(a, s) != holds(2500.0, 3999.0)
        assert found.flips.value == pytest.approx(flipped.mean(), abs=1e-12)
        assert not flipped.any() or found.distance <= distance[flipped].min() * (1 + 1e-6)


# --- several scenarios and precisions ----------------------------------------------------------------------

HOT = f"[scenarios.cool]\n[scenarios.hot]\npue = {dist('uniform', low=1.4, high=1.8, central=1.6)}\n"


def test_a_claim_about_every_scenario_breaks_in_the_first_that_fails(make_study):
    """At a PUE of 1.2 60 cards take 16 Powerwalls, at 1.6 they take 21."""
    texts = [WALLS + 'is = "at most"; than = 21', WALLS + 'at = { scenario = "cool" }; is = "at most"; than = 21',
             WALLS + 'is = "at most"; than = 20', WALLS + 'is = "above"; than = "dgx_spark"']
    results = un.run(make_study(rest=HOT + claimed(*texts)))
    most = 21 / (60 * 0.230 * PER_PUE)
    assert [broken(results, f"c{i}").held for i in range(4)] == [True, True, False, True]
    level = stats.uniform(1.4, 0.4).cdf
    assert broken(results, "c0").distance == pytest.approx(score(level, most), rel=1e-6)
    assert broken(results, "c0").moves[0].input == "pue"
    assert broken(results, "c1").distance == np.inf
    assert broken(results, "c2").distance == pytest.approx(-score(level, 20 / 21 * most), rel=1e-6)


SPLIT = """
[scenarios.left]
build.rtx_a5000.unit_price = {left}
[scenarios.right]
build.rtx_a5000.unit_price = {right}
"""


def test_any_of_several_may_hold_by_one_part_here_and_by_another_there(make_study):
    """The price is drawn once, and 50 USD more right than left: 60 cards left where there are 58 right."""
    rest = SPLIT.format(left=dist("uniform", low=2300, high=2700, central=2600),
                        right=dist("uniform", low=2350, high=2750, central=2650))
    text = A5000 + 'output = "device_count"; any = [{ is = "equal", than = 60 }, { is = "equal", than = 58 }]'
    found = broken(un.run(make_study(samples=1024, rest=rest + claimed(text))), "c0")
    grid = np.linspace(0, 1, 400_001)[1:-1]
    left, right = cards(2300 + 400 * grid), cards(2350 + 400 * grid)
    holds = np.isin(left, (60, 58)) & np.isin(right, (60, 58))
    assert not (left[holds] == right[holds]).any()  # never by one part in both
    assert not found.held
    assert_close(found.flips.value, found.flips.se, holds.mean(), 8, 8 * 1024)
    assert holds[np.abs(grid - 0.5).argmin() - 1]  # 2,500 and 2,550 USD: 60 cards and 58
    assert not holds[grid > 0.5 + 1e-6].any()
    assert found.distance == pytest.approx(stats.norm.ppf(0.75), rel=1e-6)


def test_not_best_is_about_every_scenario_too(make_study):
    """The A5000 is the cheaper in one scenario only, until it is the dearer in both."""
    rest = (f"[build.rtx_a5000]\nunit_price = {dist('uniform', low=2000, high=5000, central=4500)}\n"
            "[scenarios.left]\n[scenarios.right]\nbuild.dgx_spark.unit_price = 10_000\n")
    text = A5000 + 'output = "memory_per_spend"; better = "lower"; is = "not best"'
    found = broken(un.run(make_study(samples=1024, rest=rest + claimed(text))), "c0")
    # 24 GB a price and 128 GB of 3,999 or 10,000 USD: less where the price is above 749.8, or above 1,875
    assert not found.held
    assert found.flips.value == 0
    assert found.distance == np.inf


def test_not_best_breaks_where_it_is_best_nowhere(make_study):
    """FP32 per dollar: 27.8 a price, and 29.71 of 5,000 or of 2,000 USD. At 3,000 USD it is best left alone."""
    rest = (f"[build.rtx_a5000]\nunit_price = {dist('uniform', low=1000, high=6000, central=3000)}\n"
            "[scenarios.left]\nbuild.dgx_spark.unit_price = 5000\n"
            "[scenarios.right]\nbuild.dgx_spark.unit_price = 2000\n")
    text = A5000 + 'output = "throughput_per_spend"; at = { precision = "fp32" }; is = "not best"'
    found = broken(un.run(make_study(samples=1024, rest=rest + claimed(text))), "c0")
    edge = 27.8 / 29.71 * 5000
    assert not found.held
    assert found.distance == pytest.approx(stats.norm.ppf((edge - 1000) / 5000) - stats.norm.ppf(0.4), rel=1e-6)
    assert found.moves[0].value == pytest.approx(edge, rel=1e-6)


@pytest.mark.parametrize("order", [("fp4", "fp16"), ("fp16", "fp4")])
def test_builds_that_lack_one_precision_are_rivals_by_another(make_study, order):
    """PRO 6000 and Spark alone have FP4; the A5000 is level with the PRO by 16 bits per dollar at 1,985 USD."""
    prices = "".join(f"[build.{b}]\nunit_price = {dist('uniform', low=low, high=high, central=PRICES[b])}\n"
                     for b, low, high in (("rtx_pro_6000", 8000, 10_000), ("rtx_a5000", 1700, 3000)))
    parts = ", ".join(f'{{ at = {{ precision = "{p}" }}, is = "best" }}' for p in order)
    text = f'output = "throughput_per_spend"; build = "rtx_pro_6000"; all = [{parts}]'
    results = un.run(make_study(builds=list(PRICES), samples=1024, rest=prices + claimed(text)))
    found = broken(results, "c0")
    a, p = np.meshgrid(np.linspace(1700, 3000, 2001)[1:-1], np.linspace(8000, 10_000, 2001)[1:-1])
    flipped = 111.1 / a >= 503.8 / p
    away = [stats.norm.ppf((x - low) / width) - stats.norm.ppf((center - low) / width)
            for x, low, width, center in ((a, 1700, 1300, 2500), (p, 8000, 2000, 8999.99))]
    nearest = np.hypot(*away)[flipped].min()
    assert found.held
    assert nearest - 0.01 < found.distance <= nearest


def test_a_rival_that_buys_nothing_is_no_flip_when_it_buys_something(make_study):
    """Above 150,000 USD there is no memory per dollar, below there is little: the Spark has the most all the time."""
    price = dist("uniform", low=100_000, high=300_000, central=200_000)
    text = 'output = "memory_per_dollar"; build = "dgx_spark"; is = "best"'
    found = broken(un.run(make_study(rest=f"[build.rtx_a5000]\nunit_price = {price}\n" + claimed(text))), "c0")
    assert found.held
    assert (found.flips.value, found.crossings) == (0, ())
    assert found.distance == np.inf


# --- put back as constants ---------------------------------------------------------------------------------


def constants(study, moves):
    """A study of constants, as text: central values, but for what moves."""
    def value(entry, scenario):
        for name, moved in moves.items():
            stream, _, where = name.rstrip(")").partition(" (")
            if entry.quantity.uncertain and stream == entry.stream and (not where or scenario in where.split(", ")):
                return moved
        return entry.quantity.center

    def line(name, place, entry, prefix=""):
        if name == "budget_covers":
            return f'{name} = "{INPUTS[name].words[int(entry.quantity.value)]}"'
        given = '{ missing = "test" }' if entry.quantity.value is None else repr(value(entry, place.scenario))
        return f"{prefix}{name}{'.' * bool(place.precision)}{place.precision} = {given}"

    top = {"title": "Constants", "budget": 1, "run_hours": 1, "builds": [b.key for b in study.builds],
           "battery": study.battery.key, "document": "benally-2025"}
    lines = [f"{k} = {v!r}" for k, v in top.items()] + ["[sampling]", "samples = 2", "replicates = 2"]
    for scenario in study.scenarios:
        lines.append(f"[scenarios.{scenario}]")
        at = [(name, place, entry) for name, places in study.entries.items() for place, entry in places.items()
              if place.scenario == scenario and (name, place.precision) != ("sustained_ratio", "headline")]
        lines += [line(*each, f"build.{each[1].build}." * bool(each[1].build)) for each in at]
    return "\n".join(lines)


CONCLUSIONS = ("C01", "C07", "C09", "C13", "C16", "C17", "C18", "C20", "C22", "C23", "C27", "C33")


@pytest.fixture(scope="module")
def reference():
    return un.run(un.load("reference").with_sampling(samples=256, replicates=8))


def test_the_central_values_put_back_decide_as_in_the_study(reference, tmp_path):
    (tmp_path / "study.toml").write_text(constants(reference.study, {}), encoding="utf-8")
    found = un.run(un.load(tmp_path / "study.toml"))
    np.testing.assert_array_equal(found.claims.probability, reference.claims.holds_centrally)
    for name in ("capex", "battery_count", "throughput", "throughput_per_dollar"):
        np.testing.assert_array_equal(found.central[name], reference.central[name], name)


@pytest.mark.parametrize("claim", CONCLUSIONS)
def test_the_nearest_flip_put_back_as_constants_is_one(reference, tmp_path, claim):
    found = broken(reference, claim)
    assert found.distance < 4.5
    text = constants(reference.study, {m.input: m.value for m in found.moves})
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    put_back = un.run(un.load(tmp_path / "study.toml")).claims.sel(claim=claim)
    assert bool(put_back.holds_centrally) != found.held
    assert put_back.probability != found.held


def test_first_places_flip_as_well(reference, tmp_path):
    found = broken(reference, "throughput fp16", "engineering")
    assert found.held
    text = constants(reference.study, {m.input: m.value for m in found.moves})
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    before, after = (r.central.throughput.sel(precision="fp16", scenario="engineering")
                     for r in (reference, un.run(un.load(tmp_path / "study.toml"))))
    first = before.idxmax("build")
    assert after.sel(build=first) < after.max() * (1 - 1e-9)
    assert before.sel(build=first) == before.max()


def test_what_flips_among_samples_has_a_nearest_flip(reference):
    for found in reference.breaks:
        assert (found.flips.value > 0) <= (found.distance < np.inf), found.target
        assert found.radius == found.distance or not found.moves


# --- by level of the inputs --------------------------------------------------------------------------------

EDGES = np.linspace(0, 1, LEVELS + 1)


def between(intervals):
    """The share of each level that intervals of levels take."""
    return sum(np.clip(high, EDGES[:-1], EDGES[1:]) - np.clip(low, EDGES[:-1], EDGES[1:])
               for low, high in intervals) * LEVELS


@pytest.mark.parametrize("method", ["sobol", "lhs", "random"])
def test_probability_by_level_of_one_input(make_study, method):
    texts = [COUNT + 'is = "at least"; than = 60', COUNT + 'is = "between"; low = 55; high = 62',
             COUNT + 'is = "above"; than = 65']
    results = un.run(make_study(**SAMPLING, method=method, rest=ONE + claimed(*texts)))
    wanted = [[(0, PRICE.cdf(ledge(60)))], [(PRICE.cdf(ledge(63)), PRICE.cdf(ledge(55)))],
              [(0, PRICE.cdf(ledge(66)))]]
    for i, intervals in enumerate(wanted):
        found = broken(results, f"c{i}")
        curve, = found.curves
        share = between(intervals)
        assert curve.input == "rtx_a5000.unit_price"
        assert ((share == 0) | (share == 1)).sum() >= LEVELS - 2
        assert_close(curve.probability, curve.se, share, 16, results.samples / LEVELS / 2)
        settled = (share == 0) | (share == 1)
        np.testing.assert_array_equal(curve.probability[settled], share[settled])
        if method != "random":  # as many samples in every level
            assert (curve.se[settled] == 0).all()
    assert [broken(results, f"c{i}").separation[0].direction for i in range(3)] == [
        "holds at low values", "holds in the middle", "holds at low values"]


@pytest.mark.parametrize("method", ["sobol", "random"])
def test_probability_by_level_of_two_inputs(make_study, method):
    """At most 16 Powerwalls: a sum over the cards, at the conditional probability of either input."""
    rest = ONE + claimed(WALLS + 'is = "at most"; than = 16')
    results = un.run(make_study(samples=4096, replicates=16, method=method, pue=PUE_TEXT, rest=rest))
    truth, found = Truth(PRICE, PUE), broken(results, "c0")
    curves = {c.input: c for c in found.curves}
    by_price, by_pue = np.zeros(LEVELS), np.zeros(LEVELS)
    for n in np.unique(truth.n):
        prices, below = PRICE.cdf([ledge(n + 1), ledge(n)]), float(PUE.cdf(16 / (n * 0.230 * PER_PUE)))
        by_price += below * between([prices])
        by_pue += np.diff(prices)[0] * between([(0, below)])
    for name, wanted in (("rtx_a5000.unit_price", by_price), ("pue", by_pue)):
        assert wanted.min() < 0.2
        assert wanted.max() > 0.8
        assert wanted.mean() == pytest.approx(truth.joint[truth.w <= 16].sum(), abs=1e-12)
        assert_close(curves[name].probability, curves[name].se, wanted, 16, results.samples / LEVELS / 2)
    assert {s.input: s.direction for s in found.separation} == {
        "rtx_a5000.unit_price": "holds at high values", "pue": "holds at low values"}
    assert all(s.adjusted < 1e-6 for s in found.separation)


def test_separation_names_the_input_that_decides(make_study):
    """The budget never buys 1,000 Sparks: their price is looked at and does not matter. 24/32 is a level's end."""
    rest = f"""
[build.rtx_a5000]
unit_price = {dist("uniform", low=2000, high=2000 + (2500 - 2000) * 4 / 3)}
[build.dgx_spark]
unit_price = {dist("uniform", low=3000, high=5000)}
""" + claimed('output = "device_count"; any = [{ build = "rtx_a5000", is = "at least", than = 60 }, '
              '{ build = "dgx_spark", is = "at least", than = 1000 }]')
    for method in ("sobol", "lhs", "random"):
        first, second = broken(un.run(make_study(samples=512, method=method, rest=rest)), "c0").separation
        assert (first.input, first.statistic, first.direction) == ("rtx_a5000.unit_price", pytest.approx(1),
                                                                   "holds at low values")
        assert first.adjusted < 1e-12
        assert second.input == "dgx_spark.unit_price"
        assert second.statistic < 0.1
        assert second.adjusted > 0.01


# --- nothing to break --------------------------------------------------------------------------------------


def test_constants_have_nothing_that_moves():
    results = un.run(un.load("reference-tables"))
    assert len(results.breaks) == 39 + len(results.study.criteria) * len(results.study.scenarios)
    for found in results.breaks:
        assert (found.distance, found.moves, found.searched) == (np.inf, (), 0), found.target
        assert (found.crossings, found.separation, found.curves) == ((), (), ())
        assert (found.flips.value, found.flips.se) == (0, 0)


def test_a_claim_that_no_input_bears_on(make_study):
    """What the Sparks cost, and the price of a Powerwall, change nothing about the memory of an A5000."""
    rest = BOTH + claimed('output = "unit_memory"; build = "dgx_spark"; is = "best"',
                          COUNT + 'is = "at least"; than = 58')
    results = un.run(make_study(pue=PUE_TEXT, battery_unit_price=dist("uniform", low=7000, high=9000), rest=rest))
    found = broken(results, "c0")
    assert (found.held, found.distance, found.moves, found.searched) == (True, np.inf, (), 0)
    assert (found.flips.value, found.crossings, found.curves) == (0, (), ())
    assert {c.input for c in broken(results, "c1").crossings} == {"rtx_a5000.unit_price"}
    assert {c.input for c in broken(results, "c1").curves} == {"rtx_a5000.unit_price"}


def test_a_price_that_could_flip_but_is_not_among_those_possible(make_study):
    """58 cards at prices up to 2,586 USD; all that is possible is 2,400 to 2,550."""
    price = dist("uniform", low=2400, high=2550)
    found = broken(un.run(make_study(rest=f"[build.rtx_a5000]\nunit_price = {price}\n" + claimed(
        COUNT + 'is = "at least"; than = 58'))), "c0")
    assert (found.distance, found.moves) == (np.inf, ())
    crossing, = found.crossings
    assert crossing.low == pytest.approx(ledge(58), rel=3e-9)
    assert crossing.probability == 0


# --- the same bits -----------------------------------------------------------------------------------------

SITE = f"{BOTH}\n{SITES}"
SAME = SITE + claimed(*PLANES, WALLS + 'is = "at most"; than = 20', COUNT + 'quantile = 0.9; is = "at most"; than = 66')


def assert_same(one, two):
    """Claims and breaks to the last bit; NaN is as good as itself."""
    xr.testing.assert_identical(one.claims, two.claims)
    assert len(one.breaks) == len(two.breaks) > 0
    for a, b in zip(one.breaks, two.breaks, strict=True):
        plain = [(x.target, x.scenario, x.held, x.distance, x.moves, x.searched, x.radius, x.crossings, x.separation)
                 for x in (a, b)]
        assert plain[0] == plain[1]
        np.testing.assert_array_equal([*a.flips, a.upper_limit], [*b.flips, b.upper_limit])
        for c, d in zip(a.curves, b.curves, strict=True):
            assert c.input == d.input
            np.testing.assert_array_equal([c.probability, c.se], [d.probability, d.se])


@pytest.fixture
def same(make_study):
    return make_study(pue=PUE_TEXT, samples=512, replicates=4, rest=SAME)


@pytest.mark.parametrize("block", [128, 256, 1 << 20])
@pytest.mark.parametrize("method", ["sobol", "random"])
def test_the_block_size_changes_no_bit(same, method, block, monkeypatch):
    study = same.with_sampling(method=method, samples=1024)
    wanted = un.run(study)
    monkeypatch.setattr(plan, "LEAST_BLOCK", block)
    monkeypatch.setattr(plan, "MOST_BLOCK", block)
    assert plan.block_size(plan.plan_of(study)) == min(block, 1024)
    assert_same(un.run(study), wanted)


def test_processes_change_no_bit(same, monkeypatch):
    wanted = un.run(same)
    assert sum(b.distance < np.inf for b in wanted.breaks) > 5
    monkeypatch.setattr(execution, "SERIAL", 0)
    monkeypatch.setattr("uncertainty.jobs.TASK", 1)
    assert_same(un.run(same, jobs=2), wanted)


# --- energy infrastructure inside the budget ---------------------------------------------------------------

INSIDE = {"rtx_pro_6000": (10, 7), "dgx_spark": (25, 6), "rtx_a6000": (19, 7), "rtx_a5000": (31, 8)}  # check, section 4
METRICS = {"headline": "rtx_pro_6000", "fp16": "rtx_pro_6000", "fp32": "rtx_pro_6000", "memory": "dgx_spark",
           "bandwidth": "rtx_a5000"}


@pytest.fixture(scope="module")
def inside():
    return un.run(un.load("inside-budget").with_sampling(samples=1024, replicates=8))


def test_devices_and_powerwalls_of_the_budget(inside):
    both = inside.central.sel(scenario="hardware-and-storage")
    assert {b: (int(both.device_count.sel(build=b)), int(both.battery_count.sel(build=b))) for b in INSIDE} == INSIDE
    assert (both.capex <= BUDGET).all()
    bare = inside.central.sel(scenario="hardware")
    assert bare.device_count.values.tolist() == [16, 37, 32, 60]
    assert bare.battery_count.values.tolist() == [11, 8, 11, 16]  # engineering in Table 6


def test_its_engineering_is_that_of_the_documents_tables(inside):
    tables = un.run(un.load("reference-tables")).central.sel(scenario="engineering")
    bare = inside.central.sel(scenario="hardware")
    for name in (n for n in bare if n in tables):
        same = bare[name], tables[name]
        same = [x.sel(precision=inside.central.precision) if "precision" in x.dims else x for x in same]
        np.testing.assert_array_equal(*same, name)


def test_winners_are_unchanged_at_the_central_values(inside):
    assert inside.claims.holds_centrally.all()
    assert list(inside.claims.claim.values) == [
        *(f"{kind}-{m}" for kind in ("inside", "per-dollar") for m in METRICS), "best-fp16", "best-fp32"]
    for scenario, (metric, winner) in product(inside.study.scenarios, METRICS.items()):
        at = inside.central.sel(scenario=scenario)
        values = {"memory": at.memory_pool, "bandwidth": at.bandwidth}.get(metric)
        values = at.throughput.sel(precision=metric) if values is None else values
        assert values.idxmax("build") == winner


def test_best_value_inverts_where_hardware_and_total_cost_disagree(inside):
    """With the budget for hardware alone it is the window of the check, but for prices of another centre."""
    found = broken(inside, "per-dollar-fp16")
    low, _ = of(found, "rtx_pro_6000.unit_price")[0]
    assert low == pytest.approx(503.8 / 111.1 * 2500, rel=3e-9)
    own = inside.claims.sel(claim="per-dollar-fp16")
    assert (own.scenario_probability < 1).all()
    assert own.probability <= own.scenario_probability.min()


def test_prices_are_those_of_the_reference_study(inside):
    reference, study = un.load("reference"), inside.study
    ours, theirs = ({(p.build, e.quantity) for p, e in s.entries["unit_price"].items()} for s in (study, reference))
    assert ours == theirs
    assert study.correlation.items() <= reference.correlation.items()
    ours, theirs = (next(iter(s.entries["battery_unit_price"].values())).quantity.value for s in (study, reference))
    assert ours.center() == 8200 != theirs.center()
    np.testing.assert_array_equal(ours.ppf(EDGES), theirs.ppf(EDGES))


def test_flips_are_flips_with_the_digits_that_tables_tell(reference):
    told, prepared = {}, reference.plan
    for row in TABLES["nearest"](reference).records():
        if row["input"]:
            told.setdefault((row["target"], row["scenario"]), {})[row["input"]] = float(f"{row['value']:.10g}")
    assert len(told) > 20
    for watched in prepared.asked.watched:
        moves = told.get((watched.target, watched.scenario))
        if moves:
            own = trial(prepared, watched.test)
            at = [moves.get(label(prepared, draw), center) for draw, center in zip(own.draws, own.central, strict=True)]
            assert flipped_at(own, np.array(at)[:, None])[0], watched.target


# --- what once went wrong ----------------------------------------------------------------------------------------


PUE_IN_TWO = """
[scenarios.a]
pue = { dist = "normal", mean = 1.5, std = 0.1, min = 1.0, source = "test" }
[scenarios.b]
pue = { dist = "normal", mean = 1.5, std = 0.1, min = 1.0, central = 1.7, source = "test" }
[[claims]]
id = "far"
says = "at a PUE of 1.9 it needs more"
output = "run_energy"
build = "rtx_a5000"
at = { scenario = "b" }
is = "below"
than = 262.2
"""


def test_a_distance_is_from_the_central_value_of_the_scenario_that_a_claim_looks_at(make_study):
    """60 cards of 230 W with hosts at 1.25 draw 138 kWh in 8 h for each unit of PUE: 1.9 is 2 sigma from 1.7."""
    both = un.run(make_study(rest=PUE_IN_TWO)).breaks[0]
    alone = un.run(make_study(rest=PUE_IN_TWO.replace("[scenarios.a]", "[scenarios.c]"))).breaks[0]
    truncated = stats.truncnorm(-5, np.inf, 1.5, 0.1)
    wanted = stats.norm.ppf(truncated.cdf(1.9)) - stats.norm.ppf(truncated.cdf(1.7))
    assert both.distance == pytest.approx(wanted, abs=1e-3)
    assert alone.distance == both.distance
    assert both.moves[0].central == 1.7


def test_builds_that_all_lack_the_only_precision(make_study):
    """Neither card has FP4: what has no precision is ranked, and what would break that is looked for, all the same."""
    found = un.run(make_study(builds=["rtx_a5000", "rtx_a6000"], precisions=["fp4"],
                              pue=dist("pert", low=1.05, mode=1.25, high=1.6)))
    assert {each.target for each in found.breaks} == {criterion.name for criterion in found.study.criteria}
