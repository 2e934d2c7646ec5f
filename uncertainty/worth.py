"""What it would be worth to know the inputs of a study, and to measure them, before a build is chosen."""

from __future__ import annotations

import numpy as np

from .analysis.error import Estimate, combine, ratio
from .analysis.information import perfect
from .analysis.labels import Frame, Group
from .drivers import Drivers
from .engine import Part
from .frames import index
from .model import OUTPUTS
from .plan import Floats, Values
from .resolve import Criterion
from .truths import present

PLACES = ("criterion", "scenario")


def information(told: Drivers, values: Values, done: Part) -> Group:
    """EVPI, EVPPI and EVSI by criterion, in its unit, and EVPPI as a share of what the best build gives.

    EVPI is of all replicates and every criterion, the others of those that tell what drives the study and the listed
    criteria.
    """
    replicates = len(values["evppi"])
    regret = [ranked["expected_regret"] for ranked in done.statistics.ranking]
    evpi = Estimate(*(np.stack(x) for x in zip(*(_each(told, perfect(r)) for r in regret), strict=True)))
    gives = np.stack([_best(told, done, c)[:replicates] for c in told.chosen.criteria], axis=1)
    share = ratio(values["evppi"], np.abs(gives)[:, None])
    net = combine(values["evsi"] - _prices(told)[:, None, None])
    dollars = [OUTPUTS[c.output].unit == "USD" for c in told.chosen.criteria]
    net = Estimate(*(np.where(np.array(dollars)[:, None], x, np.nan) for x in net))
    inputs, measurements = ("input", *PLACES), ("measurement", *PLACES)
    return Group({
        **_in_unit("evpi", PLACES, evpi, "expected value of perfect information"),
        **_in_unit("evppi", inputs, _listed(told, combine(values["evppi"])), "expected value of knowing the inputs"),
        **_in_unit("evppi_share", inputs, _listed(told, share), "the same over what the best build gives", "1"),
        **_in_unit("evsi", measurements, _listed(told, combine(values["evsi"])), "expected value of the measurement"),
        **_in_unit("net_value", measurements, _listed(told, net), "the same less its cost", "USD")}, _coords(told))


def _each(told: Drivers, found: Estimate) -> Estimate:
    """Of each scenario, where it is one for all."""
    return Estimate(*(np.broadcast_to(x, len(told.plan.study.scenarios)) for x in found))


def _best(told: Drivers, done: Part, criterion: Criterion) -> Floats:
    """Means (replicate, scenario) by a criterion of the build that is best on the whole."""
    plan = told.plan
    means = done.statistics.means[criterion.output]
    means = means[..., plan.ground.precisions.index(criterion.precision) if means.shape[-1] > 1 else 0]
    shape = (len(means), len(plan.study.scenarios), len(plan.study.builds))
    means = np.broadcast_to(means, shape)[..., present(plan.ground, criterion)]
    cost = means if criterion.better == "lower" else -means
    best = np.argmin(cost.mean(axis=0), axis=-1)
    return np.take_along_axis(means, best[None, :, None], axis=-1)[..., 0]


def _prices(told: Drivers) -> Floats:
    """What each measurement costs; missing where that is not known."""
    return np.array([np.nan if m.cost is None else m.cost for m in told.plan.study.inquiry.measurements])


def _listed(told: Drivers, found: Estimate) -> Estimate:
    """Estimates (..., criterion, scenario) of listed criteria among those of all."""
    lacking = len(told.plan.study.criteria) - told.plan.study.listed
    return Estimate(*(np.pad(x, [(0, 0)] * (x.ndim - 2) + [(0, lacking), (0, 0)], constant_values=np.nan)
                      for x in found))


def _in_unit(name: str, dims: tuple[str, ...], found: Estimate, meaning: str, unit: str = "") -> dict[str, Frame]:
    """An estimate as variables, where not said otherwise in the criterion's unit, which is the coordinate `unit`."""
    about = {"units": unit} if unit else {}
    return {name: Frame(dims, np.array(found.value), about | {"long_name": meaning}),
            f"{name}_se": Frame(dims, np.array(found.se), about | {"long_name": f"standard error: {meaning}"})}


def _coords(told: Drivers) -> dict[str, Frame]:
    study = told.plan.study
    asked = study.inquiry.measurements
    return {**index(input=told.names, criterion=[c.name for c in study.criteria], scenario=study.scenarios,
                    measurement=np.array([m.says for m in asked], str)),
            "unit": Frame(("criterion",), np.array([OUTPUTS[c.output].unit for c in study.criteria]), {}),
            "measured": Frame(("measurement",), np.array([m.stream for m in asked], str), {}),
            "cost": Frame(("measurement",), _prices(told), {"units": "USD"})}
