"""Simpler tests that a test is flipped by: pairs of builds in one scenario, where there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .ledger import Term, Test
from .resolve import Criterion
from .truths import Ground, present

Holds = Callable[[Test], bool]  # whether a test holds at the central values
AHEAD = {"lower": ("below", "at most"), "higher": ("above", "at least")}
BEHIND = {"lower": "above", "higher": "below"}


def unions(test: Test, ground: Ground, holds: Holds) -> list[Test]:
    """Simpler tests of which one is flipped wherever the test is, and only there; itself where there are none.

    A conjunction that holds breaks where a part does, what holds in every scenario where it fails in one, a best
    build where one rival is level. Where a value is undefined, and so last, the pairs do not know it.
    """
    held = holds(test)
    if held and test.everywhere:
        return _all(unions(placed(test, scenario), ground, holds) for scenario in ground.scenarios)
    if test.everywhere and len(ground.scenarios) > 1:
        return [test]  # it has to hold in every scenario, by whatever part
    if test.relation == ("all" if held else "any") or (test.relation in ("all", "any") and len(test.parts) == 1):
        return _all(unions(part, ground, holds) for part in test.parts)
    if test.relation == "between" and held:
        return [Test("at least", test.term, test.numbers[0]), Test("at most", test.term, test.numbers[1])]
    if test.relation == "worst" and held:
        return _pairs(BEHIND[test.better], test, test.term, ground)
    if (test.relation, held) in (("best", True), ("best or tied", True), ("not best", False)):
        return _pairs(AHEAD[test.better][test.relation == "best or tied"], test, test.term, ground)
    return [test]


def hints(test: Test, ground: Ground, holds: Holds) -> list[Test]:
    """Simpler tests, some of which are flipped wherever the test is, which `unions` leaves as it is."""
    held = holds(test)
    if test.everywhere and not held:
        return [t for t in (placed(test, scenario) for scenario in ground.scenarios) if not holds(t)]
    if test.parts:
        return [part for part in test.parts if holds(part) == held]
    if (test.relation, held) in (("best", False), ("best or tied", False), ("not best", True)):
        pairs = _pairs(AHEAD[test.better][test.relation == "best or tied"], test, test.term, ground)
        return [pair for pair in pairs if not holds(pair)]
    if (test.relation, held) in (("same winner", True), ("other winner", False)):
        terms = [term for term in (test.term, test.other) if isinstance(term, Term)]
        firsts = [Test("best or tied", term._replace(build=b), better=test.better)
                  for b in _builds(terms[0], ground) for term in terms]
        return [t for t in firsts if holds(t)]
    return []


def placed(test: Test, scenario: str) -> Test:
    """A test that looks at one scenario where it names none."""
    def there(term: Term) -> Term:
        return term._replace(scenario=term.scenario or scenario)

    other = there(test.other) if isinstance(test.other, Term) else test.other
    return test._replace(term=there(test.term), other=other, parts=tuple(placed(part, scenario) for part in test.parts))


def _all(simpler: Iterable[list[Test]]) -> list[Test]:
    return list(dict.fromkeys(test for tests in simpler for test in tests))


def _builds(term: Term, ground: Ground) -> list[str]:
    """Builds that can be ranked."""
    return [ground.builds[i] for i in present(ground, Criterion(term.output, term.precision, ""))]


def _pairs(relation: str, test: Test, term: Term, ground: Ground) -> list[Test]:
    return [Test(relation, term, term._replace(build=b), better=test.better)
            for b in _builds(term, ground) if b != term.build]
