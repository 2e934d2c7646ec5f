"""By how much tests hold: the sign of a margin is a test's truth, but for rounding dust."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ledger import RANKED, WINNERS, Term, Test
from .resolve import Criterion
from .truths import Sight, present

Floats = NDArray[np.float64]
FARTHEST = 0.999999  # difference over sum of magnitudes, beyond which margins grow no more


class Margins(Sight):
    """By how much tests hold: as logarithms of ratios, negative where they do not."""

    def of(self, test: Test) -> Any:
        """Margin (scenario, sample)."""
        if test.parts:
            margins = [self.of(part) for part in test.parts]
            return reduce(np.minimum if test.relation == "all" else np.maximum, margins)
        if test.relation in RANKED:
            return self._contested(test)
        one = self._values(test.term)
        other = self._values(test.other) if isinstance(test.other, Term) else np.float64(test.other)
        if test.relation == "between":
            low, high = test.numbers
            return np.minimum(_gap(one, low), _gap(high, one))
        if test.relation == "equal":
            return (test.numbers[0] if test.numbers else 0.0) - np.abs(_gap(one, other))
        return _gap(one, other) if test.relation in ("above", "at least") else _gap(other, one)

    def _contested(self, test: Test) -> Any:
        if test.relation in WINNERS:
            one, two = (self._ahead(t, test.better) for t in (test.term, test.other) if isinstance(t, Term))
            same = reduce(np.maximum, (np.minimum(one[b], two[b]) for b in one if b in two))
            return same if test.relation == "same winner" else -same
        gaps = self._gaps(test.term, test.better, test.term.build)
        if test.relation == "rank at least":
            rank = int(test.numbers[0])
            return np.sort(gaps, axis=0)[rank - 1] if rank <= len(gaps) else np.full(gaps.shape[1:], np.inf)
        if test.relation == "worst":
            return (-gaps).min(axis=0)
        return -gaps.min(axis=0) if test.relation == "not best" else gaps.min(axis=0)

    def _ahead(self, term: Term, better: str) -> dict[str, Floats]:
        names = [self.ground.builds[i] for i in present(self.ground, Criterion(term.output, term.precision, ""))]
        return {b: self._gaps(term, better, b).min(axis=0) for b in names}

    def _gaps(self, term: Term, better: str, build: str) -> Floats:
        """By how much a build is ahead of each other, (rival, scenario, sample)."""
        rivals = [self.ground.builds[i] for i in present(self.ground, Criterion(term.output, term.precision, ""))]
        own = self._values(term._replace(build=build))
        gaps = [_gap(own, self._values(term._replace(build=b))) for b in rivals if b != build]
        return np.array(gaps) * (1.0 if better == "higher" else -1.0)


def _gap(one: Any, other: Any) -> Any:
    """Logarithm of the ratio of two values, finite also where one is zero."""
    size = np.abs(one) + np.abs(other)
    return np.arctanh(np.clip((one - other) / np.where(size == 0.0, 1.0, size), -FARTHEST, FARTHEST))
