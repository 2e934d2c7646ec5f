"""Whether tests hold in each sample, and on what inputs that hangs.

Arrays have the axes (scenario, build, precision, sample), of length one where nothing varies along them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis import claims, ranking
from .analysis.claims import Contest
from .ledger import RANKED, Term, Test
from .model import OUTPUTS
from .resolve import Criterion

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Values = Mapping[str, Floats]
Cell = tuple[int, int, int]  # of (scenario, build, precision)


class Slab(NamedTuple):
    """One input of the model: its constant cells, and the cells that are drawn, each by the number of its draw."""

    constant: Floats  # (scenario, build, precision, 1)
    drawn: tuple[tuple[Cell, int], ...]


class Ground(NamedTuple):
    """The names along the axes of arrays, and which builds lack a precision (1, build, precision)."""

    scenarios: tuple[str, ...]
    builds: tuple[str, ...]
    precisions: tuple[str, ...]
    missing: Bools


def present(ground: Ground, criterion: Criterion) -> NDArray[np.intp]:
    """Builds that a criterion can rank: those that have its precision."""
    if not criterion.precision or not OUTPUTS[criterion.output].typed:
        return np.arange(len(ground.builds))
    lacking = ground.missing[0, :, ground.precisions.index(criterion.precision)]
    return np.flatnonzero(~np.broadcast_to(lacking, len(ground.builds)))


def costs(ground: Ground, criterion: Criterion, outputs: Values) -> Floats:
    """What a criterion ranks the builds it can rank by, lower better: array (scenario, build, sample)."""
    values = outputs[criterion.output]
    values = values[:, :, ground.precisions.index(criterion.precision) if criterion.precision else 0]
    values = np.broadcast_to(values, (values.shape[0], len(ground.builds), values.shape[-1]))
    at = present(ground, criterion)
    if len(at) < values.shape[1]:
        values = values[:, at]
    return ranking.oriented(values, criterion.better)


def contest(ground: Ground, criterion: Criterion, costs: Floats) -> Contest:
    """The contest of builds by a criterion's costs."""
    return claims.contest(costs, [ground.builds[i] for i in present(ground, criterion)])


class Sight:
    """Outputs of some samples, of which tests are decided; what several tests need is made once."""

    def __init__(self, ground: Ground, outputs: Values, contests: Mapping[Criterion, Contest] | None = None) -> None:
        """Of these outputs, and contests that are known already."""
        self.ground, self.outputs = ground, outputs
        self.contests = dict(contests or {})

    def holds(self, test: Test) -> Bools:
        """Whether a test holds, (scenario, sample); of length one along either where it is the same all along."""
        if test.relation in ("all", "any"):
            both = np.logical_and if test.relation == "all" else np.logical_or
            return reduce(both, map(self.holds, test.parts))
        if test.relation in RANKED:
            return self._ranked(test)
        return claims.compare(test.relation, self._values(test.term),
                              self._values(test.other) if isinstance(test.other, Term) else test.other, test.numbers)

    def _values(self, term: Term) -> Floats:
        values = self.outputs[term.output]
        build = self.ground.builds.index(term.build) if values.shape[1] > 1 else 0
        precision = self.ground.precisions.index(term.precision) if term.precision and values.shape[2] > 1 else 0
        found = values[self._scenario(term.scenario, len(values)), build, precision]
        return found if term.times == 1 else found * term.times

    def _scenario(self, name: str, length: int) -> slice:
        at = self.ground.scenarios.index(name) if name and length > 1 else 0
        return slice(at, at + 1) if name else slice(None)

    def contest(self, criterion: Criterion) -> Contest:
        """The contest of builds by a criterion."""
        if criterion not in self.contests:
            self.contests[criterion] = contest(self.ground, criterion, costs(self.ground, criterion, self.outputs))
        return self.contests[criterion]

    def _ranked(self, test: Test) -> Bools:
        one = self._at(test.term, test.better)
        if isinstance(test.other, Term):
            alike = test.other.output == test.term.output  # another output has its own way of being better
            better = test.better if alike else OUTPUTS[test.other.output].better
            same = claims.share_first(one, self._at(test.other, better))
            return same if test.relation == "same winner" else ~same
        return claims.ranked(test.relation, one, test.term.build, test.numbers)

    def _at(self, term: Term, better: str) -> Contest:
        found = self.contest(Criterion(term.output, term.precision, better))
        return found.of(self._scenario(term.scenario, found.scenarios)) if term.scenario else found
