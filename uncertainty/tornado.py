"""What outputs do as one input goes from low to high: alone, and with all others as they vary."""

from __future__ import annotations

import numpy as np

from .analysis.error import combine
from .analysis.labels import Frame, Group
from .analysis.screening import swings
from .drivers import Drivers, outputs_of
from .frames import DIMS, index
from .model import OUTPUTS
from .plan import Floats, Values, evaluate, room

LEVELS = (0.05, 0.95)


def tornado(told: Drivers, values: Values) -> Group:
    """Outputs with each input at its 5 and 95 % quantile, all others central; means in its outer tenths."""
    study, variables = told.plan.study, dict[str, Frame]()
    central, low, high = (outputs_of(told, rows) for rows in _alone(told))
    tenths = {end: outputs_of(told, values[name]) for end, name in (("lower_tenth", "low"), ("upper_tenth", "high"))}
    for name in told.seen.outputs:
        variables |= _variables(name, "baseline", central[name][0], "at the central values", ())
        variables |= _variables(name, "low", low[name], "the input at its 5 % quantile, all others central")
        variables |= _variables(name, "high", high[name], "the input at its 95 % quantile, all others central")
        swing, one_sided = swings(low[name], high[name], central[name][0])
        variables |= _variables(name, "swing", swing, "largest less smallest of the three")
        about = {"units": "1", "long_name": "1 where low and high are both above the baseline, or both below"}
        variables[f"{name}_one_sided"] = Frame(variables[f"{name}_low"].dims, one_sided, about)
        for end, means in tenths.items():
            found = combine(means[name])
            variables |= _variables(name, end, found.value, f"mean where the input is in its {end.replace('_', ' ')}")
            variables |= _variables(name, f"{end}_se", found.se, f"standard error: mean in the {end.replace('_', ' ')}")
    coords = index(input=told.names[: len(told.rows)], scenario=study.scenarios, build=[b.key for b in study.builds],
                   precision=study.precisions)
    return Group(variables | _ends(told), coords)


def _variables(name: str, end: str, values: Floats, meaning: str,
               lead: tuple[str, ...] = ("input",)) -> dict[str, Frame]:
    spec = OUTPUTS[name]
    dims = (*lead, *(DIMS if spec.typed else DIMS[:2]))
    return {f"{name}_{end}": Frame(dims, np.array(values), {"units": spec.unit, "long_name": meaning})}


def _alone(told: Drivers) -> tuple[Floats, Floats, Floats]:
    """What is looked at of outputs, (stream, row): at the central values, and with each stream low and high."""
    plan, count = told.plan, len(told.rows)
    inputs = room(plan, 2 * count + 1)
    for (row, quantile), places in zip(plan.draws, plan.places, strict=True):
        for name, cell in places:
            at = 1 + 2 * told.rows.index(row)
            inputs[name][cell][at : at + 2] = quantile.exact(np.array(LEVELS))
    outputs, rows = evaluate(plan, inputs), max(at.stop for key, at in told.seen.layout.items() if key[0] == "output")
    found = np.empty((2 * count + 1, rows))
    for name, cells in told.seen.outputs.items():
        values = np.broadcast_to(outputs[name], (*outputs[name].shape[:-1], 2 * count + 1))
        found[:, told.seen.layout["output", name]] = values.reshape(-1, 2 * count + 1)[cells].T
    return np.broadcast_to(found[:1], (count, rows)), found[1::2], found[2::2]


def _ends(told: Drivers) -> dict[str, Frame]:
    """The values of each input at its ends, (input, scenario), in its own unit."""
    plan = told.plan
    values = np.full((len(LEVELS), len(told.rows), len(plan.study.scenarios)), np.nan)
    for (row, quantile), places in zip(plan.draws, plan.places, strict=True):
        for name, (scenario, *_) in places:
            at = slice(None) if plan.slabs[name].constant.shape[0] == 1 else slice(scenario, scenario + 1)
            values[:, told.rows.index(row), at] = quantile.exact(np.array(LEVELS))[:, None]
    return {name: Frame(("input", "scenario"), x, {"long_name": f"the input's {100 * level:g} % quantile"})
            for name, x, level in zip(("low_value", "high_value"), values, LEVELS, strict=True)}
