"""A choice among options that any model values, its samples, and its runs where some inputs are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis.information import OTHER, Told, of_samples, split
from .analysis.pickfreeze import swapped
from .calls import At, Model, model_of
from .design import Sampling
from .propagation import Arrays, draws
from .strict import distinct, nearest

Floats = NDArray[np.float64]
BLOCK = 1 << 16  # model runs at once, at most, or else one point's


class Choice(NamedTuple):
    """Options, the model that values them, and how its inputs are sampled."""

    model: Model
    options: tuple[str, ...]
    sampling: Sampling

    def costs(self, at: At) -> Floats:
        """What is to be kept low, (option, sample): the options' values with the other sign."""
        for name in self.options:
            if name not in at.outputs:
                raise ValueError(f"option {name!r} is no output of the model; {nearest(name, at.outputs)}")
        return -at.values[[at.outputs.index(name) for name in self.options]]

    def sampled(self, inputs: Mapping[str, Any]) -> Told:
        """What the samples of `propagate` tell."""
        found = [of_samples(self.costs(self.model.called(x, self.sampling.samples)))
                 for _, x in draws(inputs, self.sampling, self.model.dependence)]
        return Told(*(np.stack(each) for each in zip(*found, strict=True)))

    @property
    def points(self) -> int:
        """At how many points inputs are known."""
        return split(self.sampling.samples)[0]

    @property
    def inner(self) -> int:
        """How many samples of all other inputs meet each point."""
        return split(self.sampling.samples)[1]


def choice_of(inputs: Mapping[str, Any], f: Callable[[Arrays], Arrays], options: Sequence[str], sampling: Sampling,
            correlation: Mapping[tuple[str, str], float] | None) -> Choice:
    """A choice among outputs, refused where it is none."""
    model = model_of(inputs, f, correlation)
    if isinstance(options, str) or len(options) < 2:
        raise ValueError(f"options is {options!r}; wanted a list of two outputs at least")
    return Choice(model, tuple(distinct(list(options))), sampling)


class Product(NamedTuple):
    """Points of known inputs, and the samples of all others that meet each: levels (input, point)."""

    choice: Choice
    outer: Floats
    inner: Floats
    correlation: Floats

    def costs(self, rows: Sequence[int]) -> Floats:
        """Mean costs (option, point, half) where inputs are known at each point, by each half of the samples."""
        size = max(BLOCK // self.choice.inner, 1)
        return np.concatenate([self._of(rows, self.outer[:, start : start + size])
                               for start in range(0, self.choice.points, size)], axis=1)

    def _of(self, rows: Sequence[int], outer: Floats) -> Floats:
        count, model = outer.shape[1], self.choice.model
        linked = np.flatnonzero((self.correlation[list(rows)] != 0).any(axis=0))
        moved = swapped(np.tile(self.inner[linked], count), outer[linked].repeat(self.choice.inner, axis=1),
                        np.searchsorted(linked, rows).tolist(), self.correlation[np.ix_(linked, linked)])
        levels = {int(linked[i]): u for i, u in moved.items()}
        x = {name: quantile(levels[row]) if row in levels else np.tile(quantile(self.inner[row]), count)
             for row, (name, quantile) in enumerate(model.drawn.items())}
        size = count * self.choice.inner
        costs = self.choice.costs(model.called(x | {k: np.full(size, v) for k, v in model.fixed.items()}, size))
        return np.asarray(costs.reshape(len(costs), count, 2, -1).mean(axis=-1))


def product_of(choice: Choice, replicate: int) -> Product:
    """The points of a replicate; both halves of the samples are independent, as what takes off the bias needs them."""
    model, sampling = choice.model, choice.sampling
    outer = model.twins(sampling._replace(samples=choice.points), replicate)
    half = sampling._replace(samples=choice.inner // 2)
    inner = [model.twins(half, key).b for key in (replicate, OTHER + replicate)]
    return Product(choice, outer.a, np.concatenate(inner, axis=1), outer.correlation)
