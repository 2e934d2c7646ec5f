"""What a study asks of every sample: the tests that it watches or counts, and the inputs that these hang on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import model
from .analysis.ranking import Order
from .copula import cholesky
from .distributions import Marginal
from .ledger import RANKED, Term, Test
from .resolve import Criterion
from .space import Space, space
from .study import Study
from .truths import Ground, Sight, Slab, Values, present

Floats = NDArray[np.float64]


class Drawn(NamedTuple):
    """All draws: their streams, the space of each by itself, and the correlation of the streams' normal scores."""

    rows: tuple[int, ...]
    each: Space
    correlation: Floats

    def space_of(self, draws: Sequence[int]) -> tuple[tuple[int, ...], Space]:
        """Streams of some draws, in their order, and the space of the first draw of each."""
        first = {self.rows[draw]: draw for draw in sorted(draws, reverse=True)}
        rows = tuple(sorted(first))
        at = [first[row] for row in rows]
        return rows, Space(tuple(self.each.quantiles[d] for d in at), self.each.centers[at], self.each.origin[at],
                           cholesky(self.correlation[np.ix_(rows, rows)]))


class Watched(NamedTuple):
    """A test of which is kept when it flips: what would break it is looked for.

    Attributes
    ----------
    target, scenario : id of a claim and "", or name of a criterion and the scenario of its first place
    held : whether it holds at the central values
    reach, space : the streams that it hangs on, and the space of their inputs
    levels : its rows among the counts by level
    """

    target: str
    scenario: str
    test: Test
    held: bool
    reach: tuple[int, ...]
    space: Space
    levels: slice


class Asked(NamedTuple):
    """What is asked of every sample.

    Attributes
    ----------
    watched : claims on single samples, and first places by criterion and scenario
    counted : of claims that may hold in one scenario and not in another, and of picks' builds, the row of each test
    made_of : the inputs that outputs are made of
    """

    watched: tuple[Watched, ...]
    counted: dict[Test, int]
    made_of: dict[str, set[str]]
    drawn: Drawn


NOTHING = Asked((), {}, {}, Drawn((), space((), np.empty((0, 0))), np.empty((0, 0))))


def asked(study: Study, ground: Ground, central: Values, orders: Sequence[Order], slabs: Mapping[str, Slab],
          draws: Sequence[tuple[int, Marginal]], correlation: Floats) -> Asked:
    """What a study asks; `draws` are streams and marginals, `correlation` is that of the streams' normal scores."""
    inputs = {name: slab.constant for name, slab in slabs.items()}
    made_of = {name: influences(inputs, study.components, name) for name in study.outputs}
    drawn = Drawn(tuple(row for row, _ in draws), space([m for _, m in draws], np.eye(len(draws))), correlation)
    watched: list[Watched] = []
    sight, end = Sight(ground, central), 0
    for target, scenario, test in _watched(study, ground, orders):
        rows, own = drawn.space_of(sorted(hangs_on(ground, test, made_of, slabs)))
        begin, end = end, end + len(rows)
        held = bool(sight.holds(test).all())
        watched.append(Watched(target, scenario, test, held, rows, own, slice(begin, end)))
    counted = [claim.test for claim in study.ledger.claims if claim.quantile is None and claim.test.everywhere]
    counted += [test for pick in study.ledger.picks for test in pick.tests.values()]
    return Asked(tuple(watched), {test: row for row, test in enumerate(dict.fromkeys(counted))}, made_of, drawn)


def _watched(study: Study, ground: Ground, orders: Sequence[Order]) -> Iterator[tuple[str, str, Test]]:
    for claim in study.ledger.claims:
        if claim.quantile is None:
            yield claim.id, "", claim.test
    for criterion, order in zip(study.criteria, orders, strict=True):
        for scenario in ground.scenarios:
            yield criterion.name, scenario, _first_place(ground, criterion, scenario, order)


def _first_place(ground: Ground, criterion: Criterion, scenario: str, order: Order) -> Test:
    """The test that one of the builds that are first at the central values is first, or tied for it."""
    first = order.ahead[min(ground.scenarios.index(scenario), len(order.ahead) - 1), :, 0] == 0
    return Test("any", parts=tuple(Test("best or tied", Term(
        criterion.output, criterion.precision, scenario, ground.builds[i]), better=criterion.better)
        for i in present(ground, criterion)[first]))


# --- what a test hangs on --------------------------------------------------------------------------------------


def hangs_on(ground: Ground, test: Test, made_of: Mapping[str, set[str]], slabs: Mapping[str, Slab]) -> set[int]:
    """Draws that a test hangs on: of the inputs of its outputs, where it looks at them."""
    found = set()
    axes = (ground.scenarios, ground.builds, ground.precisions)
    for leaf in test.leaves():
        for term in leaf.terms():
            names = (term.scenario, "" if leaf.relation in RANKED else term.build, term.precision)
            wanted = [axis.index(name) if name else None for axis, name in zip(axes, names, strict=True)]
            for name in made_of[term.output]:
                sizes = slabs[name].constant.shape[:3]
                found |= {draw for cell, draw in slabs[name].drawn if all(
                    w is None or n == 1 or w == c for w, n, c in zip(wanted, sizes, cell, strict=True))}
    return found


class _Traced(model.Quantities):
    """Quantities that remember which of them were looked at."""

    def __init__(self, inputs: Mapping[str, Any], components: Mapping[str, str]) -> None:
        super().__init__(inputs, components)
        self.seen: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return super().__getitem__(name)


def influences(inputs: Mapping[str, Any], components: Mapping[str, str], output: str) -> set[str]:
    """Names of the inputs that an output is made of."""
    traced = _Traced(inputs, components)
    with np.errstate(all="ignore"):
        traced[output]
    return traced.seen & inputs.keys()
