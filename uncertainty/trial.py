"""One test as a function of its own inputs, all others at their central values.

Points are displacements (point, input) from the central values, in the independent space of the streams that the test
hangs on; values (draw, point) are those of its inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import contains
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import model
from .asked import hangs_on
from .ledger import RANKED, Term, Test
from .plan import Plan
from .space import Space, levels, moved
from .truths import Cell, Ground, Sight, Values

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Trial(NamedTuple):
    """The model, as far as one test looks at it.

    Attributes
    ----------
    held : whether the test holds at the central values
    reach : the streams that it hangs on, of whose inputs `space` is
    draws, column : its inputs by the numbers of their draws, and the place of each one's stream in `reach`
    central : central values of its inputs
    cells : of each input, the arrays' places that it fills
    """

    plan: Plan
    test: Test
    held: bool
    ground: Ground
    reach: tuple[int, ...]
    space: Space
    draws: tuple[int, ...]
    column: tuple[int, ...]
    central: Floats
    cells: tuple[tuple[tuple[str, Cell], ...], ...]
    constants: Values
    outputs: tuple[str, ...]


def trial(plan: Plan, test: Test) -> Trial:
    """The trial of a test; only the scenarios, builds and precisions that it looks at are worked out."""
    asked, ground, terms = plan.asked, plan.ground, list(test.terms())
    hanging = hangs_on(ground, test, asked.made_of, plan.slabs)
    streams, space = asked.drawn.space_of(sorted(hanging))
    outputs = tuple(dict.fromkeys(term.output for term in terms))
    scenarios = tuple(s for s in ground.scenarios if test.everywhere or any(t.scenario == s for t in terms))
    precisions = tuple(p for p in ground.precisions if any(t.precision == p for t in terms)) or ground.precisions[:1]
    ranked = any(leaf.relation in RANKED for leaf in test.leaves())
    builds = tuple(b for b in ground.builds if ranked or any(t.build == b for t in terms)) or ground.builds
    rows, lines, columns = ([axis.index(name) for name in names] for axis, names in (
        (ground.scenarios, scenarios), (ground.builds, builds), (ground.precisions, precisions)))
    constants: dict[str, Floats] = {}
    cells: dict[int, list[tuple[str, Cell]]] = {}
    for name in set().union(*(asked.made_of[output] for output in outputs)):
        constant, drawn = plan.slabs[name]
        s, b, p, _ = constant.shape
        at = rows if s > 1 else [0], lines if b > 1 else [0], columns if p > 1 else [0]
        constants[name] = constant[np.ix_(*at)]
        for cell, draw in drawn:
            if draw in hanging and all(map(contains, at, cell)):
                row, line, column = map(list.index, at, cell)
                cells.setdefault(draw, []).append((name, (row, line, column)))
    draws = tuple(sorted(cells))
    return Trial(plan, test, bool(Sight(ground, plan.central).holds(test).all()),
                 Ground(scenarios, builds, precisions, ground.missing[:, lines][:, :, columns]), streams,
                 space, draws,
                 tuple(streams.index(plan.draws[d][0]) for d in draws),
                 np.array([plan.marginals[d].center() for d in draws]), tuple(tuple(cells[d]) for d in draws),
                 constants, outputs)


def likeness(trial: Trial) -> Any:
    """What is the same of tests that are the same function of the same streams: those of scenarios that agree."""
    def placed(test: Test) -> Any:
        terms = [t._replace(scenario=str(trial.ground.scenarios.index(t.scenario)) if t.scenario else "")
                 if isinstance(t, Term) else t for t in (test.term, test.other)]
        return test.relation, *terms, test.numbers, test.better, tuple(map(placed, test.parts))

    return (placed(trial.test), trial.reach, tuple(trial.plan.marginals[d] for d in trial.draws), trial.cells,
            tuple((name, values.shape, values.tobytes()) for name, values in sorted(trial.constants.items())))


def inputs_at(trial: Trial, values: Sequence[Floats], count: int) -> dict[str, Floats]:
    """All inputs of the model at values (draw, point) of those of the trial."""
    inputs = dict(trial.constants)
    for name in {name for cells in trial.cells for name, _ in cells}:
        inputs[name] = np.repeat(inputs[name], count, axis=-1)
    for cells, row in zip(trial.cells, values, strict=True):
        for name, cell in cells:
            inputs[name][cell] = row
    return inputs


def outputs_at(trial: Trial, values: Sequence[Floats], count: int) -> Values:
    """Outputs at values (draw, point) of its inputs."""
    inputs = inputs_at(trial, values, count)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return model.evaluate(inputs, trial.plan.study.components, trial.outputs)


def flipped_at(trial: Trial, values: Floats) -> Bools:
    """Whether the test is flipped at values (draw, point) of its inputs."""
    return flipped_by(trial, outputs_at(trial, list(values), values.shape[1]), values.shape[1])


def flipped_by(trial: Trial, outputs: Values, count: int) -> Bools:
    """Whether outputs (of so many points) flip the test."""
    held = Sight(trial.ground, outputs).holds(trial.test).all(axis=0)
    return np.broadcast_to(held != trial.held, count)


def values_at(trial: Trial, points: Floats) -> Floats:
    """Values (draw, point) of inputs at displacements: exactly the central one where a score is not moved."""
    u, away = levels(trial.space, points).T, moved(trial.space, points)
    found = [np.where(away[column] == 0.0, center, trial.plan.draws[draw][1](u[column]))
             for draw, column, center in zip(trial.draws, trial.column, trial.central, strict=True)]
    return np.array(found).reshape(len(trial.draws), len(points))


def flipped(trial: Trial, points: Floats) -> Bools:
    """Whether the test is flipped at displacements (point, input)."""
    return flipped_at(trial, values_at(trial, points))
