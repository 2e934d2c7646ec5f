"""Conclusions as tests: what a study's claims, picks and ratings stand for.

A `Test` is a relation between outputs at places, or several of which all or any hold; everything is spelt out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .resolve import Criterion

WINNERS = ("same winner", "other winner")
RANKED = ("best", "worst", "best or tied", "not best", "rank at least", *WINNERS)  # relations of all builds


class Term(NamedTuple):
    """An output at a place, times a factor; without a scenario in every one, without a build of all builds."""

    output: str
    precision: str = ""
    scenario: str = ""
    build: str = ""
    times: float = 1.0


class Test(NamedTuple):
    """A relation of a term, or "all" or "any" of several tests.

    `numbers` are the rank of "rank at least", the tolerance of "equal", the ends of "between".
    """

    relation: str
    term: Term = Term("")
    other: Term | float = 0.0
    numbers: tuple[float, ...] = ()
    better: str = "lower"
    parts: tuple[Test, ...] = ()

    def leaves(self) -> Iterator[Test]:
        """The relations it is made of."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def terms(self) -> Iterator[Term]:
        """All that it looks at."""
        for leaf in self.leaves():
            yield from (t for t in (leaf.term, leaf.other) if isinstance(t, Term))

    @property
    def everywhere(self) -> bool:
        """Whether some of it names no scenario, so that it may hold in one and not in another."""
        return any(not term.scenario for term in self.terms())


class Claim(NamedTuple):
    """A sentence, and the test that it stands for; `printed` is its truth at the document's own numbers, if known."""

    id: str
    says: str
    where: str
    note: str
    printed: bool | None
    quantile: float | None
    must_hold: float | None
    test: Test


class Pick(NamedTuple):
    """What the document picks for a workload or priority; and by build whether it is best, or tied, by all criteria."""

    says: str
    where: str
    because: str
    builds: tuple[str, ...]
    best_by: tuple[Criterion, ...]
    note: str
    tests: dict[str, Test]


class Rating(NamedTuple):
    """Stars by build, missing where there are none; and the criterion that ranks are told by, or its width."""

    says: str
    where: str
    stars: tuple[float, ...]
    criterion: Criterion | None
    width: bool
    note: str


class Ledger(NamedTuple):
    """What the study puts to the test."""

    claims: tuple[Claim, ...] = ()
    picks: tuple[Pick, ...] = ()
    ratings: tuple[Rating, ...] = ()

    def criteria(self) -> Iterator[Criterion]:
        """What picks are best by, and stars are told by."""
        for pick in self.picks:
            yield from pick.best_by
        yield from (r.criterion for r in self.ratings if r.criterion and not r.width)

    def outputs(self) -> Iterator[str]:
        """All outputs that are looked at."""
        for claim in self.claims:
            yield from (term.output for term in claim.test.terms())
        yield from (c.output for c in self.criteria())
        yield from (r.criterion.output for r in self.ratings if r.criterion)
