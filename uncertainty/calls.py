"""A model of your own at points of its inputs, from which these can be moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis.pickfreeze import Levels, Points, closed_groups, is_closed
from .copula import Copula, scores_correlation, twins
from .design import Sampling
from .inverse import QuantileFunction, quantile_function
from .propagation import Arrays, dependence_of, outputs_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """A model and its inputs.

    Attributes
    ----------
    order : all inputs, as they were given
    drawn, fixed : those that are uncertain, and the others
    """

    f: Callable[[Arrays], Arrays]
    order: tuple[str, ...]
    drawn: dict[str, QuantileFunction]
    fixed: dict[str, float]
    dependence: Copula

    def rows(self, names: Sequence[str]) -> list[int]:
        """Rows of uncertain inputs; ValueError for a name that is none."""
        uncertain = list(self.drawn)
        for name in names:
            if name not in uncertain:
                what = "is not uncertain" if name in self.fixed else "is not among the inputs"
                raise ValueError(f"{name!r} {what}; uncertain are {', '.join(uncertain) or 'none'}")
        return [uncertain.index(name) for name in names]

    @property
    def correlation(self) -> Floats:
        """Correlation (input, input) of the normal scores of the uncertain inputs."""
        return scores_correlation(len(self.drawn), self.rows(self.dependence.names), self.dependence.factor)

    def twins(self, sampling: Sampling, replicate: int) -> Points:
        """Two independent points of each sample of a replicate."""
        names, factor = self.dependence.names, self.dependence.factor
        return Points(*twins(list(self.drawn), self.rows(names), factor, sampling, replicate), self.correlation)

    def at(self, levels: Floats) -> At:
        """The model at levels (uncertain input, sample)."""
        samples = levels.shape[1]
        x = {name: quantile(u) for (name, quantile), u in zip(self.drawn.items(), levels, strict=True)}
        return self.called(x | {name: np.full(samples, value) for name, value in self.fixed.items()}, samples)

    def called(self, x: dict[str, NDArray[Any]], samples: int) -> At:
        """The model at values of all inputs."""
        outputs = outputs_of(self.f, {name: x[name] for name in self.order}, samples)
        values = np.array(list(outputs.values()), np.float64).reshape(len(outputs), samples)
        return At(self, x, tuple(outputs), values)


class At(NamedTuple):
    """A model at samples, a `State` of `analysis.pickfreeze` of one part; values (output, sample)."""

    model: Model
    x: dict[str, NDArray[Any]]
    outputs: tuple[str, ...]
    values: Floats

    @property
    def changed(self) -> dict[str, Floats]:
        """All outputs: what a model does not use is not known."""
        return {"outputs": self.values}

    def part(self, _: Any) -> Floats:
        """All outputs."""
        return self.values

    def some(self, samples: slice) -> At:
        """The model at some of the samples."""
        x = {name: values[samples] for name, values in self.x.items()}
        return At(self.model, x, self.outputs, self.values[:, samples])

    def moved(self, levels: Levels) -> At:
        """The model where some inputs have other levels."""
        names = list(self.model.drawn)
        new = {names[row]: self.model.drawn[names[row]](u) for row, u in levels.items()}
        found = self.model.called(self.x | new, self.values.shape[1])
        if found.outputs != self.outputs:
            raise ValueError(f"the model gave {', '.join(found.outputs)}, and before {', '.join(self.outputs)}; "
                             "wanted the same outputs every time")
        return found


def model_of(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays],
             correlation: Mapping[tuple[str, str], float] | None) -> Model:
    """A model with inputs as in `propagate`, which are refused where they make no sense, or none is uncertain."""
    drawn = {name: quantile_function(x) for name, x in inputs.items() if not isinstance(x, Real)}
    if not drawn:
        raise ValueError("no input is uncertain; wanted one distribution at least")
    fixed = {name: float(x) for name, x in inputs.items() if name not in drawn}
    return Model(f, tuple(inputs), drawn, fixed, dependence_of(inputs, correlation))


class Sets(NamedTuple):
    """Each uncertain input of a model, and then groups: names, and rows of inputs.

    Attributes
    ----------
    closed : whether no input of the set is correlated with one outside of it
    told : whether it has indices, as any group has, and an input that is correlated with none
    """

    names: list[str]
    rows: list[tuple[int, ...]]
    closed: NDArray[np.bool_]
    told: NDArray[np.bool_]


def sets_of(model: Model, groups: Mapping[str, Sequence[str]], dummy: str) -> Sets:
    """Uncertain inputs, groups of those that are correlated, and groups that are given; none may be named `dummy`."""
    inputs, linked = list(model.drawn), closed_groups(model.correlation)
    if dummy in inputs:
        raise ValueError(f"an input is named {dummy!r}, as the one that is added here; rename it")
    given = {name: _members(model, name, members) for name, members in groups.items()}
    named = [(" + ".join(inputs[row] for row in rows), rows) for rows in linked
             if len(rows) > 1 and rows not in given.values()] + list(given.items())
    taken = {*model.order, dummy}
    for name, _ in named:
        if name in taken:
            raise ValueError(f"group {name!r} has the name of an input, the dummy or another group; rename it")
        taken.add(name)
    rows = [*((row,) for row in range(len(inputs))), *(rows for _, rows in named)]
    closed = np.array([is_closed(some, linked) for some in rows])
    return Sets([*inputs, *(name for name, _ in named)], rows, closed, closed | (np.arange(len(rows)) >= len(inputs)))


def _members(model: Model, group: str, members: Sequence[str]) -> tuple[int, ...]:
    """Rows of a group, ascending."""
    names = [members] if isinstance(members, str) else list(members)
    if not names:
        raise ValueError(f"group {group!r} is empty; wanted one uncertain input at least")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(f"group {group!r}: {twice[0]!r} is in it twice")
    try:
        return tuple(sorted(model.rows(names)))
    except ValueError as error:
        raise ValueError(f"group {group!r}: {error}") from None
