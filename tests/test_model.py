"""The arithmetic: ledges the check of the document found, cases by hand, monotony, and every kind of argument."""

import inspect
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from uncertainty import model

# "Check of the reference document", section 2: the prices between which the printed count is bought
LEDGES = [("PRO", 8823.53, 9375.00, 16), ("Spark", 3947.37, 4054.05, 37), ("A6000", 4545.45, 4687.50, 32),
          ("A5000", 2459.02, 2500.00, 60)]


@pytest.mark.parametrize(("build", "low", "high", "count"), LEDGES)
def test_ledges_of_the_unit_counts(build, low, high, count):
    assert model.device_count(150_000, low - 0.01) == count + 1
    assert model.device_count(150_000, low + 0.01) == count
    assert model.device_count(150_000, high - 0.01) == count
    assert model.device_count(150_000, high + 0.01) == count - 1


def test_the_a5000_lies_exactly_on_its_ledge():
    assert model.device_count(150_000, 2500.00) == 60
    assert model.device_count(150_000, 2500.01) == 59


# the same section's knife edges: A5000 engineering needs 15.144 units, Spark legacy-room 10.135
@pytest.mark.parametrize(("facility", "less", "wanted", "then"), [(20.70, 0.01, 16, 15), (13.8528, 0.014, 11, 10)])
def test_knife_edges_of_the_battery_counts(facility, less, wanted, then):
    def count(power):
        return model.battery_count(model.battery_energy(model.run_energy(power, 8), 0.9, 0.9), power, 13.5, 11.5)

    assert count(facility) == wanted
    assert count(facility * (1 - less)) == then


@pytest.mark.parametrize(("budget", "price", "count"), [
    (0.3, 0.1, 3),  # 2.9999999999999996
    (150_000, 150_000, 1), (150_000, 150_000.01, 0), (150_000, 1e9, 0), (1.1, 0.1, 11)])
def test_floor_forgives_dust_and_no_more(budget, price, count):
    assert model.device_count(budget, price) == count


@pytest.mark.parametrize(("energy", "power", "count"), [
    (13.5 * 60.000000000000007, 1, 60), (13.5 * 60.0001, 1, 61), (0.0, 0.0, 0), (1e-6, 0.0, 1),
    (26.91, 26.91, 3),  # one hour without losses: 1.99 units of energy, 2.34 of power
    (0.6, 26.91, 3), (26.91 * 1000 / 0.81, 26.91, 2461)])  # 2460.9 units
def test_battery_count_takes_the_larger_need(energy, power, count):
    assert model.battery_count(energy, power, 13.5, 11.5) == count


@pytest.mark.parametrize(("devices", "per_node", "nodes"), [(16, 8, 2), (37, 1, 37), (60, 8, 8), (1, 8, 1), (0, 8, 0)])
def test_node_count_as_table_5(devices, per_node, nodes):
    assert model.node_count(devices, per_node) == nodes
    assert math.copysign(1, model.node_count(devices, per_node)) == 1  # no -0


@pytest.mark.parametrize(("sparse", "gain", "realised", "kept"), [
    (1, 2.0, 1, 1.0),  # a sparse peak in full
    (1, 2.0, 0, 0.5), (1, 1.0, 1, 0.5),  # section 1.2: halve it
    (1, 1.5, 1, 0.75), (1, 1.5, 0.5, 0.625), (0, 2.0, 1, 1.0), (0, 2.0, 0, 1.0)])
def test_what_a_printed_peak_keeps(sparse, gain, realised, kept):
    assert model.sparsity_factor(sparse, gain, realised) == kept


@pytest.mark.parametrize(("per", "cost"), [("device", 600), ("node", 80), ("once", 10)])
def test_components(per, cost):
    assert model.component_cost(10.0, per, 60, 8) == cost
    assert model.component_cost(10.0, per, 0, 0) == 0


def test_host_power_does_not_shrink_with_the_draw():
    it = model.it_power(10, 0.3, 0.5)
    assert it == 1.5
    assert model.facility_power(it, 1.2, 1.25, 10, 0.1) == pytest.approx((1.5 * 1.25 + 1.0) * 1.2, rel=1e-15)


def test_heat_and_panels_by_hand():
    assert model.heat_rejected(14.4) == 14.4
    assert model.heat_rejected_btu(14.4) == pytest.approx(49_134.8448, rel=1e-12)  # 3,412.142 BTU in a kWh
    # 115.2 kWh delivered are 128 from the batteries, 160 generated, in 5 hours
    assert model.charging_power(115.2, 0.9, 0.8, 5.0) == pytest.approx(32.0, rel=1e-15)


# --- batteries inside the budget ---------------------------------------------------------------------------


def most_by_trial(budget, price, battery_price, need, upto=600):
    """The most devices that can be paid for with their batteries, by trying every number."""
    n = np.arange(upto + 1.0)
    paid = n * price + battery_price * np.ceil(n * need - 1e-9)
    return n[paid <= budget + 1e-9 * price][-1]


rough = st.tuples(st.integers(1, 300), st.integers(1, 40), st.integers(0, 200), st.integers(1, 50)).map(
    lambda x: (1000.0 * x[0], 500.0 * x[1], 100.0 * x[2], 0.1 * x[3]))  # with many needs and sums on the edge
smooth = st.tuples(st.floats(0, 3e5), st.floats(500, 1e5), st.floats(0, 1e5), st.floats(1e-12, 100))


@given(st.lists(rough | smooth, min_size=1, max_size=20))
def test_batteries_inside_the_budget_against_trying_every_number(cases):
    found = model.device_count_with_storage(*np.transpose(cases))
    assert found.tolist() == [most_by_trial(*case) for case in cases]


@pytest.mark.parametrize(("budget", "price", "battery", "need", "count"), [
    (150_000, 2500, 8200, 0.25239506172839, 31),  # the A5000's engineering case: 8 batteries
    (143_100, 2500, 8200, 0.25239506172839, 31), (143_099, 2500, 8200, 0.25239506172839, 30),
    (1100, 100, 100, 0.1, 10),  # the last cent, and 1.0000000000000002 batteries
    (10_000, 100, 1e9, 0.1, 0), (10_000, 100, 0, 0.1, 100), (99, 100, 5, 0.1, 0),
    (1e9, 1, 1e6, 0.01, 99_900)])  # a battery for every hundred: 999 and 99,900 devices, and 900,100 USD are left
def test_batteries_inside_the_budget_by_hand(budget, price, battery, need, count):
    assert model.device_count_with_storage(budget, price, battery, need) == count


def test_batteries_inside_the_budget_of_what_is_no_number():
    with np.errstate(invalid="ignore"):
        found = model.device_count_with_storage(np.array([np.nan, np.inf, 1.0, 1.0]), 1.0,
                                                np.array([1.0, 1.0, np.nan, 1.0]), np.array([1.0, 1.0, 1.0, np.inf]))
    assert not np.isfinite(found).any()


@given(st.floats(1e4, 3e5), st.floats(1000, 20_000), st.floats(100, 20_000), st.floats(1, 2), st.floats(0, 1),
       st.floats(0.5, 24))
def test_devices_and_batteries_are_paid_and_one_more_is_not(budget, price, battery, pue, host, hours):
    inputs = A5000 | {"budget": budget, "unit_price": price, "battery_unit_price": battery, "pue": pue,
                      "host_power": host, "run_hours": hours, "budget_covers": 1.0}
    out = model.evaluate(inputs, {"server": "node"})
    n = out["device_count"]
    power = (n + 1) * (0.23 * 0.9 * 1.25 + host) * pue
    more = model.battery_count(power * hours / 0.81, power, 13.5, 11.5)
    assert out["spend"] + out["storage_cost"] <= budget + 1e-6
    assert (n + 1) * price + more * battery > budget
    assert out["leftover"] == pytest.approx(budget - out["spend"] - out["storage_cost"], abs=1e-6)
    assert out["capex_reference"] == pytest.approx(budget + out["component_cost"], rel=1e-15)
    assert out["capex"] == pytest.approx(out["spend"] + out["storage_cost"] + out["component_cost"], rel=1e-15)


def test_what_the_budget_covers_may_differ_from_place_to_place():
    covers = np.array([0.0, 1.0, 0.0])
    both = model.evaluate(A5000 | {"budget_covers": covers}, {"server": "node"})
    for i, one in enumerate(covers):
        alone = model.evaluate(A5000 | {"budget_covers": one}, {"server": "node"})
        assert {name: np.broadcast_to(value, 3)[i] for name, value in both.items()} == alone
    assert both["device_count"].tolist() == [60, 28, 60]  # 70,000 and 9 x 8,200 USD: 29 need 10 batteries


# --- workloads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("intensity", "attainable"), [
    (0.5, 0.4), (2.0, 1.6), (12.5, 10.0),  # the ridge: 10 TFLOP/s / 800 GB/s
    (13.0, 10.0), (1e6, 10.0)])
def test_either_side_of_the_roofline_binds(intensity, attainable):
    assert model.roofline(10.0, 800.0, intensity) == attainable


# document's devices at full peak and bandwidth: a model of 70 GB, 140 GFLOP a pass
@pytest.mark.parametrize(("count", "memory", "bandwidth", "shards", "copies"), [
    (16, 96, 1597, 1, 16), (37, 128, 273, 1, 37), (32, 48, 768, 2, 16), (60, 24, 768, 3, 20),
    (59, 24, 768, 3, 19), (2, 24, 768, 3, 0), (0, 24, 768, 3, 0), (7, 10, 768, 7, 1)])
def test_inference_by_hand(count, memory, bandwidth, shards, copies):
    rate = model.inference_rate(count, model.roofline(100.0, bandwidth, 2.0), memory, 70.0, 2.0, 0.9, 0.5)
    seconds = 70.0 / shards / bandwidth  # in which each device reads its share
    assert rate == pytest.approx(copies / seconds * (0.9 if shards == 1 else 0.5), rel=1e-14)


def test_inference_of_many_requests_at_once_is_bound_by_arithmetic():
    rate = model.inference_rate(16, model.roofline(100.0, 1597, 1000.0), 96, 70.0, 1000.0)
    assert rate == pytest.approx(16 * 100e12 / (70e9 * 1000), rel=1e-14)


@pytest.mark.parametrize(("pool", "working_set", "throughput"), [
    (1440, 0, 12.0), (1440, 1440, 12.0), (1440, 1441, 0.0)])
def test_memory_bound_science_needs_room(pool, working_set, throughput):
    assert model.memory_bound_throughput(60, 0.5, 0.4, pool, working_set) == throughput


def test_a_precision_that_is_missing_has_no_workloads():
    out = model.evaluate(A5000 | {"peak": np.nan, "sustained_ratio": np.nan}, {"server": "node"})
    for name, spec in model.OUTPUTS.items():
        assert bool(np.isnan(out[name])) == spec.typed, name


def test_a_ratio_to_nothing_is_missing_and_says_nothing():
    assert np.isnan(model.ratio(0.0, 0.0))


# --- monotony ----------------------------------------------------------------------------------------------

prices = st.floats(1.0, 1e6)
budgets = st.floats(1.0, 1e7)


@given(budgets, prices)
def test_doubling_the_price_never_buys_more(budget, price):
    assert model.device_count(budget, 2 * price) <= model.device_count(budget, price)


@given(budgets, prices)
def test_what_is_bought_is_paid_and_one_more_is_not(budget, price):
    n = model.device_count(budget, price)
    assert model.spend(n, price) <= budget + 1e-8 * price
    assert model.spend(n + 1, price) > budget
    assert 0 <= model.leftover(budget, model.spend(n, price)) < price * (1 + 1e-6)


@given(st.floats(0.1, 100), st.floats(1, 3), st.floats(0, 1), st.floats(0.1, 1e3), st.floats(0.5, 1), st.floats(0.1, 1))
def test_pue_up_never_needs_fewer_batteries(it, pue, more, hours, efficiency, depth):
    def count(pue):
        power = model.facility_power(it, pue)
        return model.battery_count(model.battery_energy(model.run_energy(power, hours), efficiency, depth), power,
                                   13.5, 11.5)

    assert count(pue + more) >= count(pue) >= 1


# --- numbers, arrays and DataArrays ------------------------------------------------------------------------

NUMBERS = {
    model.ratio: (3.0, 4.0), model.device_count: (150_000, 8999.99), model.node_count: (60, 8),
    model.spend: (60, 2500), model.leftover: (150_000, 143_999.84), model.it_power: (60, 0.23, 0.9),
    model.facility_power: (13.8, 1.2, 1.25, 60, 0.1), model.run_energy: (20.7, 8),
    model.battery_energy: (165.6, 0.9, 0.9), model.battery_count: (204.44, 20.7, 13.5, 11.5),
    model.battery_need: (204.44, 20.7, 13.5, 11.5), model.device_count_with_storage: (150_000, 2500, 8200, 0.2524),
    model.heat_rejected: (20.7,), model.heat_rejected_btu: (20.7,), model.charging_power: (165.6, 0.9, 0.93, 5),
    model.roofline: (111.1, 768, 2), model.training_throughput: (6666, 0.68),
    model.inference_rate: (60, 1.536, 24, 70, 2, 0.98, 0.4),
    model.memory_bound_throughput: (60, 0.768, 0.4, 1440, 500), model.independent_throughput: (1668, 0.98),
    model.storage_cost: (16, 8200), model.capex: (150_000, 131_200, 9000),
    model.capex_reference: (150_000, 131_200, 9000), model.sparsity_factor: (1.0, 1.27, 0.04),
    model.sustained: (222.2, 0.79, 0.5),
}


def test_the_examples_have_every_function():
    functions = {f for _, f in inspect.getmembers(model, inspect.isfunction) if f.__module__ == model.__name__}
    public = {f for f in functions if not f.__name__.startswith("_")}
    assert public - NUMBERS.keys() == {model.component_cost, model.evaluate}  # which have their own tests below


@pytest.mark.parametrize("function", NUMBERS, ids=lambda f: f.__name__)
def test_scalar_is_array_is_dataarray(function):
    numbers = NUMBERS[function]
    scalar = function(*numbers)
    array = function(*(np.full((3, 2), float(x)) for x in numbers))
    assert np.ndim(scalar) == 0
    np.testing.assert_array_equal(array, np.full((3, 2), scalar))
    labelled = function(*(xr.DataArray(np.full(2, float(x)), dims=f"d{i}") for i, x in enumerate(numbers)))
    assert labelled.sizes == {f"d{i}": 2 for i in range(len(numbers))}  # every dimension broadcasts
    assert (labelled == scalar).all()


@pytest.mark.parametrize("per", model.PER_UNIT)
def test_component_cost_of_arrays_and_dataarrays(per):
    scalar = model.component_cost(10.0, per, 60, 8)
    assert (model.component_cost(np.full(3, 10.0), per, np.full(3, 60.0), np.full(3, 8.0)) == scalar).all()
    assert (model.component_cost(xr.DataArray([10.0, 10.0]), per, 60.0, 8.0) == scalar).all()


A5000 = {
    "pue": 1.2, "discharge_efficiency": 0.9, "depth_of_discharge": 0.9, "battery_unit_price": 8200.0,
    "run_hours": 8.0, "budget": 150_000.0, "battery_capacity": 13.5, "battery_power": 11.5, "sparsity_gain": 1.27,
    "sparsity_realised": 0.0, "unit_price": 2500.0, "unit_power": 0.23, "draw_fraction": 0.9, "host_overhead": 1.25,
    "host_power": 0.1, "memory": 24.0, "unit_bandwidth": 768.0, "bandwidth_ratio": 0.87, "devices_per_node": 8.0,
    "peak": 222.2, "sustained_ratio": 0.79, "replicated_efficiency": 0.98, "data_parallel_efficiency": 0.68,
    "tightly_coupled_efficiency": 0.4, "model_footprint": 70.0, "inference_intensity": 2.0,
    "arithmetic_intensity": 1.0, "working_set": 500.0, "charging_efficiency": 0.93, "peak_sun_hours": 5.0,
    "budget_covers": 0.0, "sparse": 1.0, "server": 9000.0}


def test_the_example_has_every_input():
    assert set(A5000) == {*model.INPUTS, "sparse", "server"}


def test_evaluate_by_hand():
    out = model.evaluate(A5000, {"server": "node"})
    power = (60 * 0.23 * 0.9 * 1.25 + 60 * 0.1) * 1.2
    walls = math.ceil(power * 8 / 0.81 / 13.5)
    capex = 150_000 + walls * 8200 + 8 * 9000
    throughput = 60 * 222.2 * 0.79 * 0.5
    bandwidth = 60 * 768 * 0.87
    kilowatts = 60 * 0.23 * 0.9
    by_hand = {
        "device_count": 60, "node_count": 8, "spend": 150_000, "leftover": 0, "it_power": kilowatts,
        "facility_power": power, "run_energy": power * 8, "battery_energy": power * 8 / 0.81, "battery_count": walls,
        "storage_cost": walls * 8200, "component_cost": 72_000, "capex": capex, "capex_reference": capex,
        "throughput": throughput, "throughput_per_dollar": throughput / capex,
        "throughput_per_spend": throughput / 150_000, "throughput_per_kw": throughput / kilowatts, "memory_pool": 1440,
        "memory_per_dollar": 1440 / capex, "memory_per_spend": 1440 / 150_000, "bandwidth": bandwidth,
        "bandwidth_per_dollar": bandwidth / capex, "bandwidth_per_spend": bandwidth / 150_000,
        "bandwidth_per_watt": bandwidth / kilowatts / 1000, "heat_rejected": power,
        "heat_rejected_btu": power * 3412.142, "charging_power": power * 8 / 0.9 / 0.93 / 5,
        "unit_throughput": throughput / 60, "unit_memory": 24, "unit_sustained_bandwidth": bandwidth / 60,
        "training_throughput": throughput * 0.68, "inference_rate": 60 * 768 * 0.87 / 70 * 0.4,
        "memory_bound_throughput": 60 * 768 * 0.87 / 1000 * 0.4, "independent_throughput": throughput * 0.98}
    assert out == pytest.approx(by_hand, rel=1e-13)


def test_evaluate_scalar_is_array_is_dataarray():
    scalar = model.evaluate(A5000, {"server": "node"})
    array = model.evaluate({k: np.full((2, 1, 3), v) for k, v in A5000.items()}, {"server": "node"})
    labelled = model.evaluate({k: xr.DataArray([v], dims=f"d_{k}") for k, v in A5000.items()}, {"server": "node"})
    for name, value in scalar.items():
        assert (array[name] == value).all(), name
        assert array[name].shape == (2, 1, 3)
        assert (labelled[name] == value).all(), name


def test_an_output_varies_only_with_what_it_depends_on():
    labelled = model.evaluate({k: xr.DataArray([v, v], dims=k) for k, v in A5000.items()}, {"server": "once"})
    assert set(labelled["device_count"].dims) == {"budget", "unit_price"}
    assert set(labelled["memory_per_spend"].dims) == {"memory", "unit_price"}
    assert "peak" not in labelled["capex"].dims


def test_outputs_are_those_declared():
    assert list(model.evaluate(A5000, {"server": "node"})) == list(model.OUTPUTS)
    for name, spec in model.OUTPUTS.items():
        assert spec.better in ("lower", "higher"), name
        assert not spec.per or spec.per in model.OUTPUTS, name
