"""The procurement and off-grid arithmetic: what may be uncertain, what comes out, one function a quantity.

Every function takes and gives numbers, NumPy arrays or DataArrays alike. Sections and tables are those of the
reference document (Benally, "GPGPU Comparison for Local AI & Scientific Computing", 17 December 2025).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

Value = Any  # float, ndarray or DataArray

PRECISIONS = ("headline", "fp4", "fp8", "fp16", "fp32")
DUST = 1e-9  # what floor and ceil forgive, so that 60.000000000000007 needs is 60
BTU_PER_HOUR = 3412.142  # in one kilowatt


class Input(NamedTuple):
    """What a quantity is, and what it can be: from `low` to `high`, an open end where it cannot be reached."""

    unit: str
    meaning: str
    low: float = 0.0
    high: float = math.inf
    open_low: bool = False
    default: float | None = None
    per_build: bool = False
    typed: bool = False  # by precision
    words: tuple[str, ...] = ()  # what a study says in place of 0, 1, ...


INPUTS: dict[str, Input] = {
    # the order is the order of the Sobol' dimensions: append, never insert
    "pue": Input("1", "facility power / IT power (power usage effectiveness)", low=1.0),
    "discharge_efficiency": Input("1", "energy delivered / energy drawn from the batteries", high=1.0, open_low=True),
    "depth_of_discharge": Input("1", "share of the battery energy that a run may use", high=1.0, open_low=True),
    "battery_unit_price": Input("USD", "price of one battery unit, as bought in an array", open_low=True),
    "run_hours": Input("h", "length of one off-grid run", open_low=True),
    "budget": Input("USD", "what may be spent on devices", open_low=True),
    "battery_capacity": Input("kWh", "energy of one battery unit", open_low=True),
    "battery_power": Input("kW", "continuous power of one battery unit", open_low=True),
    "sparsity_gain": Input("1", "speed-up by 2:4 sparsity where it is realised", low=1.0, high=2.0, default=1.0),
    "sparsity_realised": Input("1", "1 where 2:4 sparsity is realised, 0 where not", high=1.0, default=0.0),
    "unit_price": Input("USD", "price of one device", open_low=True, per_build=True),
    "unit_power": Input("kW", "nameplate power of one device", high=200.0, open_low=True, per_build=True),
    "draw_fraction": Input("1", "power drawn / nameplate power", high=1.0, open_low=True, default=1.0,
                           per_build=True),
    "host_overhead": Input("1", "IT power with hosts / power of the devices", low=1.0, default=1.0, per_build=True),
    "host_power": Input("kW", "host power per device, beside the multiplier", high=50.0, default=0.0, per_build=True),
    "memory": Input("GB", "memory of one device", open_low=True, per_build=True),
    "unit_bandwidth": Input("GB/s", "peak memory bandwidth of one device", open_low=True, per_build=True),
    "bandwidth_ratio": Input("1", "sustained / peak memory bandwidth", high=1.0, open_low=True, default=1.0,
                             per_build=True),
    "devices_per_node": Input("1", "devices that one host or chassis holds", low=1.0, default=1.0, per_build=True),
    "peak": Input("TFLOP/s", "peak of one device: headline as printed, the others dense", open_low=True,
                  per_build=True, typed=True),
    "sustained_ratio": Input("1", "sustained / dense peak throughput", high=1.0, open_low=True, per_build=True,
                             typed=True),
    "replicated_efficiency": Input("1", "share of throughput kept where many independent jobs run", high=1.0,
                                   open_low=True, default=1.0, per_build=True),
    "data_parallel_efficiency": Input("1", "share of throughput kept in data-parallel training over all devices",
                                      high=1.0, open_low=True, default=1.0, per_build=True),
    "tightly_coupled_efficiency": Input("1", "share of throughput kept where devices exchange data every step",
                                        high=1.0, open_low=True, default=1.0, per_build=True),
    "model_footprint": Input("GB", "memory that one copy of an inference model takes", open_low=True, default=70.0),
    "inference_intensity": Input("FLOP/B", "work of inference for each byte of the model read", open_low=True,
                                 default=2.0),
    "arithmetic_intensity": Input("FLOP/B", "work of memory-bound science for each byte moved", open_low=True,
                                  default=1.0),
    "working_set": Input("GB", "memory that a memory-bound problem takes in all", default=0.0),
    "charging_efficiency": Input("1", "energy stored in the batteries / energy generated", high=1.0, open_low=True,
                                 default=1.0),
    "peak_sun_hours": Input("h", "hours of full sun that a day's sunshine amounts to", high=24.0, open_low=True,
                            default=5.0),
    "budget_covers": Input("1", "what the budget pays for", high=1.0, default=0.0,
                           words=("hardware", "hardware and storage")),
}


class Output(NamedTuple):
    """What comes out: unit, meaning, which way is better, and when it is not defined."""

    unit: str
    meaning: str
    better: str = "lower"
    typed: bool = False
    whole: bool = False
    per: str = ""  # the output that it is a ratio to: missing where that is zero
    extra: bool = False  # worked out only where a study asks for it: in its outputs, criteria or claims


OUTPUTS: dict[str, Output] = {
    "device_count": Output("1", "devices the budget buys", whole=True),
    "node_count": Output("1", "hosts or chassis that hold them", whole=True),
    "spend": Output("USD", "cost of the devices"),
    "leftover": Output("USD", "budget that is left"),
    "it_power": Output("kW", "power of the devices"),
    "facility_power": Output("kW", "power of devices, hosts and facility"),
    "run_energy": Output("kWh", "energy of one run"),
    "battery_energy": Output("kWh", "battery energy that one run requires"),
    "battery_count": Output("1", "whole battery units", whole=True),
    "storage_cost": Output("USD", "cost of the battery units"),
    "component_cost": Output("USD", "cost of the further components"),
    "capex": Output("USD", "devices, batteries and further components"),
    "capex_reference": Output("USD", "full budget, batteries and further components, as Table 7 counts"),
    "throughput": Output("TFLOP/s", "sustained throughput of all devices", "higher", typed=True),
    "throughput_per_dollar": Output("TFLOP/s/USD", "throughput / capex", "higher", typed=True, per="capex"),
    "throughput_per_spend": Output("TFLOP/s/USD", "throughput / price of the devices", "higher", typed=True),
    "throughput_per_kw": Output("TFLOP/s/kW", "throughput / power of the devices", "higher", typed=True),
    "memory_pool": Output("GB", "memory of all devices", "higher"),
    "memory_per_dollar": Output("GB/USD", "memory / capex", "higher", per="capex"),
    "memory_per_spend": Output("GB/USD", "memory / price of the devices", "higher"),
    "bandwidth": Output("GB/s", "sustained memory bandwidth of all devices", "higher"),
    "bandwidth_per_dollar": Output("GB/s/USD", "memory bandwidth / capex", "higher", per="capex"),
    "bandwidth_per_spend": Output("GB/s/USD", "memory bandwidth / price of the devices", "higher"),
    "bandwidth_per_watt": Output("GB/s/W", "memory bandwidth / power of the devices", "higher"),
    "heat_rejected": Output("kW", "heat to be removed: all power ends as heat"),
    "heat_rejected_btu": Output("BTU/h", "heat to be removed, as cooling is sold"),
    "charging_power": Output("kW", "solar panels that refill in one day what a run draws from the batteries"),
    "unit_throughput": Output("TFLOP/s", "sustained throughput of one device", "higher", typed=True, extra=True),
    "unit_memory": Output("GB", "memory of one device", "higher", extra=True),
    "unit_sustained_bandwidth": Output("GB/s", "sustained memory bandwidth of one device", "higher", extra=True),
    "training_throughput": Output("TFLOP/s", "throughput in data-parallel training", "higher", typed=True, extra=True),
    "inference_rate": Output("1/s", "passes through an inference model, of all copies", "higher", typed=True,
                             extra=True),
    "memory_bound_throughput": Output("TFLOP/s", "throughput in memory-bound science", "higher", typed=True,
                                      extra=True),
    "independent_throughput": Output("TFLOP/s", "throughput in many independent jobs", "higher", typed=True,
                                     extra=True),
}

PER_UNIT = ("device", "node", "once")  # what a further component's price is per


def ratio(numerator: Value, denominator: Value) -> Value:
    """Quotient that is missing (NaN) where both are zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(numerator, denominator)


def device_count(budget: Value, unit_price: Value) -> Value:
    """Whole devices that the budget [USD] buys (section 3, Table 3)."""
    return np.floor(budget / unit_price + DUST)


def device_count_with_storage(budget: Value, unit_price: Value, battery_unit_price: Value, unit_need: Value) -> Value:
    """Whole devices that the budget [USD] buys together with the whole batteries they need (section 13).

    `unit_need` is the battery units, not whole ones, that one device needs. The most devices n of which
    n p + b ceil(n u) is within the budget. A number m of batteries allows m / u devices, which rises with m, and leaves
    money for (budget - b m) / p, which falls: the best m is a whole number next to where the two meet.
    """
    meet = budget * unit_need / (unit_price + battery_unit_price * unit_need)

    def most(batteries: Value) -> Value:
        return np.minimum(np.floor((batteries + DUST) / unit_need),
                          device_count(budget - battery_unit_price * batteries, unit_price))

    return np.maximum(most(np.floor(meet)), most(np.ceil(meet)))


def node_count(device_count: Value, devices_per_node: Value) -> Value:
    """Hosts or chassis that hold the devices (Table 5)."""
    return np.ceil(device_count / devices_per_node - DUST) + 0.0


def spend(device_count: Value, unit_price: Value) -> Value:
    """Cost of the devices [USD]."""
    return device_count * unit_price


def leftover(budget: Value, spend: Value, storage_inside: Value = 0.0) -> Value:
    """Budget that is left [USD] (Table 3), of batteries too where it pays for them."""
    return np.maximum(budget - (spend + storage_inside), 0.0)


def it_power(device_count: Value, unit_power: Value, draw_fraction: Value = 1.0) -> Value:
    """Power of the devices [kW]: P_IT of section 7.2, at the stated share of nameplate."""
    return device_count * (unit_power * draw_fraction)


def facility_power(it_power: Value, pue: Value, host_overhead: Value = 1.0, device_count: Value = 0.0,
                   host_power: Value = 0.0) -> Value:
    """Power of devices, hosts and facility [kW]: (P_IT f_host + n P_host) PUE (section 7.2).

    The multiplier f_host is the document's; `host_power` [kW a device] does not shrink with the devices' draw.
    """
    return (it_power * host_overhead + device_count * host_power) * pue


def run_energy(facility_power: Value, run_hours: Value) -> Value:
    """Energy of one run [kWh] (section 7.2)."""
    return facility_power * run_hours


def battery_energy(run_energy: Value, discharge_efficiency: Value, depth_of_discharge: Value) -> Value:
    """Battery energy that one run requires [kWh] (section 7.2)."""
    return run_energy / (discharge_efficiency * depth_of_discharge)


def battery_need(battery_energy: Value, facility_power: Value, battery_capacity: Value, battery_power: Value) -> Value:
    """Battery units, not whole ones: the larger of the energy need and the power need (sections 1.4 and 7.2)."""
    return np.maximum(battery_energy / battery_capacity, facility_power / battery_power)


def battery_count(battery_energy: Value, facility_power: Value, battery_capacity: Value,
                  battery_power: Value) -> Value:
    """Whole battery units that meet both needs (section 7.2)."""
    need = battery_need(battery_energy, facility_power, battery_capacity, battery_power)
    return np.maximum(np.ceil(need - DUST), 0.0)


def storage_cost(battery_count: Value, battery_unit_price: Value) -> Value:
    """Cost of the battery units [USD]."""
    return battery_count * battery_unit_price


def component_cost(price: Value, per: str, device_count: Value, node_count: Value) -> Value:
    """Cost of one further component [USD], priced per "device", per "node" or "once" (if anything is bought)."""
    units = {"device": device_count, "node": node_count, "once": np.minimum(device_count, 1.0)}
    return price * units[per]


def capex(spend: Value, storage_cost: Value, component_cost: Value = 0.0) -> Value:
    """What is spent in all [USD]."""
    return spend + storage_cost + component_cost


def capex_reference(budget: Value, storage_beside: Value, component_cost: Value = 0.0) -> Value:
    """The flat budget and what is spent beside it [USD], as Table 7 counts; batteries that it pays for are inside."""
    return budget + storage_beside + component_cost


def heat_rejected(facility_power: Value) -> Value:
    """Heat that has to be removed [kW]: all power drawn ends as heat (section 7.4)."""
    return facility_power


def heat_rejected_btu(heat_rejected: Value) -> Value:
    """Heat that has to be removed [BTU/h], as cooling is sold (section 7.4)."""
    return heat_rejected * BTU_PER_HOUR


def charging_power(run_energy: Value, discharge_efficiency: Value, charging_efficiency: Value,
                   peak_sun_hours: Value) -> Value:
    """Solar panels [kW] that refill in one day what one run draws from the batteries (section 7.4)."""
    return run_energy / (discharge_efficiency * charging_efficiency * peak_sun_hours)


def sparsity_factor(sparse: Value, sparsity_gain: Value, sparsity_realised: Value) -> Value:
    """What a printed peak keeps of itself: half for 2:4 sparsity it counts (`sparse` 1), times what is realised.

    Section 1.2: model throughput as the dense case, by dividing the sparse peak by two.
    """
    return 1.0 + sparse * (0.5 * (1.0 + sparsity_realised * (sparsity_gain - 1.0)) - 1.0)


def sustained(peak: Value, sustained_ratio: Value, sparsity_factor: Value = 1.0) -> Value:
    """Sustained throughput of one device [TFLOP/s]."""
    return peak * sustained_ratio * sparsity_factor


def roofline(throughput: Value, bandwidth: Value, intensity: Value) -> Value:
    """Attainable throughput [TFLOP/s] at a memory bandwidth [GB/s] and so many FLOP for each byte of it.

    Williams, Waterman and Patterson (2009), Commun. ACM 52(4), 65.
    """
    return np.minimum(throughput, bandwidth * intensity / 1000.0)


def training_throughput(throughput: Value, data_parallel_efficiency: Value) -> Value:
    """Throughput of data-parallel training over all devices [TFLOP/s] (Table 8, LLM training)."""
    return throughput * data_parallel_efficiency


def inference_rate(device_count: Value, attainable: Value, memory: Value, model_footprint: Value,
                   inference_intensity: Value, replicated_efficiency: Value = 1.0,
                   tightly_coupled_efficiency: Value = 1.0) -> Value:
    """Passes through a model each second [1/s], of all its copies (Table 8, LLM inference).

    A copy takes as few devices as hold it (`model_footprint` and `memory` [GB]), each of which reads its share of the
    weights. One pass takes footprint x intensity [GFLOP]; a device gives what is `attainable` under its roofline
    [TFLOP/s]. Copies of one device are independent jobs; the devices of a larger one exchange data every step.
    """
    shards = np.ceil(model_footprint / memory - DUST)
    serving = np.floor(device_count / shards + DUST) * shards
    alone = shards <= 1.0
    efficiency = alone * replicated_efficiency + (1.0 - alone) * tightly_coupled_efficiency
    return serving * efficiency * attainable * 1000.0 / (model_footprint * inference_intensity)


def memory_bound_throughput(device_count: Value, attainable: Value, tightly_coupled_efficiency: Value,
                            memory_pool: Value, working_set: Value = 0.0) -> Value:
    """Throughput of memory-bound science [TFLOP/s], `attainable` under a device's roofline (Table 8).

    None where the problem's `working_set` is larger than the memory of all devices (both [GB]).
    """
    return device_count * attainable * tightly_coupled_efficiency * (memory_pool >= working_set)


def independent_throughput(throughput: Value, replicated_efficiency: Value) -> Value:
    """Throughput of many independent jobs [TFLOP/s] (Table 8, throughput FP32)."""
    return throughput * replicated_efficiency


class Quantities(dict[str, Value]):
    """Inputs, and what follows from them, each made when it is first asked for."""

    def __init__(self, inputs: Mapping[str, Value], components: Mapping[str, str]) -> None:
        """Take all inputs, and what each component's price is per."""
        super().__init__(inputs)
        self.components = components

    def __missing__(self, name: str) -> Value:
        """Make a quantity by its formula."""
        value = self[name] = FORMULAS[name](self)
        return value


def _device_count(q: Quantities) -> Value:
    """By what the budget covers, which may differ by scenario."""
    bare, covers = device_count(q["budget"], q["unit_price"]), q["budget_covers"]
    if not np.any(covers):
        return bare
    both = device_count_with_storage(q["budget"], q["unit_price"], q["battery_unit_price"], q["unit_battery_need"])
    return (1.0 - covers) * bare + covers * both


def _unit_battery_need(q: Quantities) -> Value:
    power = facility_power(q["unit_draw"], q["pue"], q["host_overhead"], 1.0, q["host_power"])
    energy = battery_energy(run_energy(power, q["run_hours"]), q["discharge_efficiency"], q["depth_of_discharge"])
    return battery_need(energy, power, q["battery_capacity"], q["battery_power"])


def _component_costs(q: Quantities) -> Value:
    nothing = 0.0 * q["device_count"]
    return sum((component_cost(q[name], per, q["device_count"], q["node_count"])
                for name, per in q.components.items()), nothing)


FORMULAS: dict[str, Callable[[Quantities], Value]] = {
    "device_count": _device_count,
    "node_count": lambda q: node_count(q["device_count"], q["devices_per_node"]),
    "spend": lambda q: spend(q["device_count"], q["unit_price"]),
    "leftover": lambda q: leftover(q["budget"], q["spend"], q["storage_inside"]),
    "it_power": lambda q: it_power(q["device_count"], q["unit_power"], q["draw_fraction"]),
    "facility_power": lambda q: facility_power(q["it_power"], q["pue"], q["host_overhead"], q["device_count"],
                                               q["host_power"]),
    "run_energy": lambda q: run_energy(q["facility_power"], q["run_hours"]),
    "battery_energy": lambda q: battery_energy(q["run_energy"], q["discharge_efficiency"], q["depth_of_discharge"]),
    "battery_count": lambda q: battery_count(q["battery_energy"], q["facility_power"], q["battery_capacity"],
                                             q["battery_power"]),
    "storage_cost": lambda q: storage_cost(q["battery_count"], q["battery_unit_price"]),
    "storage_inside": lambda q: q["budget_covers"] * q["storage_cost"] if np.any(q["budget_covers"]) else 0.0,
    "component_cost": _component_costs,
    "capex": lambda q: capex(q["spend"], q["storage_cost"], q["component_cost"]),
    "capex_reference": lambda q: capex_reference(q["budget"], q["storage_cost"] - q["storage_inside"],
                                                 q["component_cost"]),
    "heat_rejected": lambda q: heat_rejected(q["facility_power"]),
    "heat_rejected_btu": lambda q: heat_rejected_btu(q["heat_rejected"]),
    "charging_power": lambda q: charging_power(q["run_energy"], q["discharge_efficiency"], q["charging_efficiency"],
                                               q["peak_sun_hours"]),
    # of one device
    "unit_battery_need": _unit_battery_need,
    "unit_memory": lambda q: q["memory"],
    "unit_draw": lambda q: q["unit_power"] * q["draw_fraction"],
    "unit_throughput": lambda q: sustained(q["peak"], q["sustained_ratio"], sparsity_factor(
        q["sparse"], q["sparsity_gain"], q["sparsity_realised"])),
    "unit_sustained_bandwidth": lambda q: q["unit_bandwidth"] * q["bandwidth_ratio"],
    # of all, and per dollar, kilowatt and watt (Tables 3 and 4)
    "throughput": lambda q: q["device_count"] * q["unit_throughput"],
    "throughput_per_dollar": lambda q: ratio(q["throughput"], q["capex"]),
    "throughput_per_spend": lambda q: q["unit_throughput"] / q["unit_price"],
    "throughput_per_kw": lambda q: q["unit_throughput"] / q["unit_draw"],
    "memory_pool": lambda q: q["device_count"] * q["memory"],
    "memory_per_dollar": lambda q: ratio(q["memory_pool"], q["capex"]),
    "memory_per_spend": lambda q: q["memory"] / q["unit_price"],
    "bandwidth": lambda q: q["device_count"] * q["unit_sustained_bandwidth"],
    "bandwidth_per_dollar": lambda q: ratio(q["bandwidth"], q["capex"]),
    "bandwidth_per_spend": lambda q: q["unit_sustained_bandwidth"] / q["unit_price"],
    "bandwidth_per_watt": lambda q: q["unit_sustained_bandwidth"] / (q["unit_draw"] * 1000.0),
    # by workload (Table 8)
    "training_throughput": lambda q: training_throughput(q["throughput"], q["data_parallel_efficiency"]),
    "inference_rate": lambda q: inference_rate(
        q["device_count"], roofline(q["unit_throughput"], q["unit_sustained_bandwidth"], q["inference_intensity"]),
        q["memory"], q["model_footprint"], q["inference_intensity"], q["replicated_efficiency"],
        q["tightly_coupled_efficiency"]),
    "memory_bound_throughput": lambda q: memory_bound_throughput(
        q["device_count"], roofline(q["unit_throughput"], q["unit_sustained_bandwidth"], q["arithmetic_intensity"]),
        q["tightly_coupled_efficiency"], q["memory_pool"], q["working_set"]),
    "independent_throughput": lambda q: independent_throughput(q["throughput"], q["replicated_efficiency"]),
}


def evaluate(inputs: Mapping[str, Value], components: Mapping[str, str] | None = None,
             outputs: Iterable[str] = tuple(OUTPUTS)) -> dict[str, Value]:
    """Outputs, all or those asked for, from all inputs; every dimension broadcasts.

    `inputs` holds the names of INPUTS, `sparse` (1 where a precision's peak counts 2:4 sparsity, else 0) and
    the price of each component under its name; `components` says what each price is per.
    """
    q = Quantities(inputs, components or {})
    return {name: q[name] for name in outputs}
