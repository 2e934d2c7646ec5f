"""What a study is asked of what drives it: what is looked at, by which inputs and groups of inputs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis.pickfreeze import closed_groups, is_closed
from .inquiry import SHARED
from .model import OUTPUTS
from .plan import Floats, Plan
from .responses import Look, choices, look

DRIVEN = 16  # replicates that tell of it: more would cost more than they tell


class Drivers(NamedTuple):
    """What is told of a study.

    Attributes
    ----------
    rows : of the streams that are uncertain; a constant that a correlation names is none of these
    names, sets : these streams, each by itself, and then groups: names, and rows of streams
    closed : whether no input of the set is correlated with one outside of it
    """

    plan: Plan
    seen: Look
    chosen: Look
    rows: tuple[int, ...]
    names: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]
    closed: NDArray[np.bool_]

    @property
    def telling(self) -> NDArray[np.intp]:
        """Sets of which indices are told: of correlated inputs only the groups."""
        single = np.arange(len(self.sets)) < len(self.rows)
        return np.flatnonzero(self.closed | ~single)


_made = deque[Drivers](maxlen=2)  # the last: every replicate asks for the same


def drivers(plan: Plan) -> Drivers | None:
    """What is told of a study; nothing where it asks for nothing, or no input is uncertain."""
    if not plan.draws or not plan.study.driver_samples:
        return None
    found = next((told for told in list(_made) if told.plan is plan), None)
    if found is None:
        _made.append(found := _drivers(plan))
    return found


def _drivers(plan: Plan) -> Drivers:
    rows = tuple(sorted({row for row, _ in plan.draws}))
    linked = [tuple(rows[i] for i in group) for group in closed_groups(
        plan.asked.drawn.correlation[np.ix_(rows, rows)])]
    groups = _groups(plan, rows, linked)
    sets = (*((row,) for row in rows), *groups.values())
    closed = np.array([is_closed(some, linked) for some in sets])
    return Drivers(plan, look(plan), choices(plan), rows, (*(plan.streams[row].name for row in rows), *groups), sets,
                   closed)


def _groups(plan: Plan, uncertain: Sequence[int], linked: Sequence[tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Rows of correlated inputs, of what all builds share, of what each has for its own, and of what a study names."""
    streams, owner = [s.name for s in plan.streams], owners(plan)
    uncertain_names = [streams[row] for row in uncertain]
    found = {_called([streams[row] for row in rows], uncertain_names, owner): rows for rows in linked}
    found |= {build or SHARED: tuple(row for row in uncertain if owner[row] == build)
              for build in ("", *(b.key for b in plan.study.builds))}
    seen, kept = set[tuple[int, ...]](), dict[str, tuple[int, ...]]()
    for name, rows in found.items():
        if len(rows) > 1 and rows not in seen:
            kept[name] = rows
            seen.add(rows)
    return kept | {name: tuple(sorted(map(streams.index, members))) for name, members in plan.study.inquiry.groups}


def owners(plan: Plan) -> list[str]:
    """The build that each stream is of; "" where all builds share it."""
    builds = [b.key for b in plan.study.builds]
    return [name if name in builds else "" for name, _, _ in (s.name.partition(".") for s in plan.streams)]


def _called(names: Sequence[str], uncertain: Sequence[str], owner: Sequence[str]) -> str:
    """A group of correlated inputs: by what they all are, if they are all such, or else by all their names."""
    def slot(name: str) -> str:
        return name.partition(".")[2] if name.partition(".")[0] in owner else name

    slots = {slot(name) for name in names}
    every = len(slots) == 1 and {name for name in uncertain if slot(name) in slots} == set(names)
    return slots.pop() if every else " + ".join(names)


def outputs_of(told: Drivers, values: Floats) -> dict[str, Floats]:
    """Rows of outputs, (..., row), over all of (..., scenario, build[, precision])."""
    plan, found = told.plan, {}
    study = plan.study
    for name, cells in told.seen.outputs.items():
        shape = plan.central[name].shape[:3]
        full = np.full((*values.shape[:-1], int(np.prod(shape))), np.nan)
        full[..., cells] = values[..., told.seen.layout["output", name]]
        places = (len(study.scenarios), len(study.builds), len(study.precisions))
        full = np.broadcast_to(full.reshape(*full.shape[:-1], *shape), (*full.shape[:-1], *places))
        found[name] = np.array(full if OUTPUTS[name].typed else full[..., 0])
    return found
