"""From claims, picks and ratings as files say them to tests, with all that a study cannot decide."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

from . import document
from .document import Part
from .ledger import RANKED, WINNERS, Claim, Ledger, Pick, Rating, Term, Test
from .model import OUTPUTS
from .resolve import Criterion, Entries, Problem, Tables, having
from .strict import nearest

MOST = 5_000  # places of a part
ARGUMENTS = {  # what a relation needs, and what it may have
    "best": ((), ()), "worst": ((), ()), "best or tied": ((), ()), "not best": ((), ()),
    "rank at least": (("rank",), ()), "above": (("than",), ()), "below": (("than",), ()), "at least": (("than",), ()),
    "at most": (("than",), ()), "equal": (("than",), ("within",)), "between": (("low", "high"), ()),
    "same winner": (("than",), ()), "other winner": (("than",), ())}


class _Study(NamedTuple):
    """What a test can look at: names, and the precisions that builds have."""

    builds: list[str]
    scenarios: tuple[str, ...]
    having: dict[str, list[str]]  # by precision that is worked out


class _Subject(NamedTuple):
    """What a part is about, as far as it and those around it say."""

    build: list[str] | None = None
    output: str | None = None
    scenario: list[str] | None = None
    precision: list[str] | None = None
    times: float | None = None
    better: str | None = None


def ledger(tables: Tables, entries: Entries, conclusions: Any, found: list[Problem]) -> Ledger:
    """The conclusions of a study and of the document that it names; what it cannot decide is added to `found`."""
    file = tables.file
    study = _Study(file.builds, tables.scenarios, having(entries))
    sheet = f"{file.document}.toml: " if file.document else ""
    listed = [("", file)] + ([(sheet, conclusions)] if conclusions else [])
    claims = [_claim(study, c, f"{where}claims {c.id}", found) for where, part in listed[::-1] for c in part.claims]
    found += [Problem(f"claims {name}", "given twice; wanted each id once")
              for name, count in Counter(claim.id for claim in claims).items() if count > 1]
    return Ledger(tuple(claims),
                  tuple(_pick(study, p, f"{where}picks #{i + 1}", found)
                        for where, part in listed[::-1] for i, p in enumerate(part.picks)),
                  tuple(_rating(study, r, f"{where}ratings #{i + 1}", found)
                        for where, part in listed[::-1] for i, r in enumerate(part.ratings)))


def _claim(study: _Study, claim: document.Claim, where: str, found: list[Problem]) -> Claim:
    return Claim(claim.id, claim.says, claim.where or "", claim.note, claim.printed, claim.quantile, claim.must_hold,
                 _test(study, claim, _Subject(), where, found))


def _test(study: _Study, part: Part, above: _Subject, where: str, found: list[Problem]) -> Test:
    """The test that a part stands for; of several places, that it holds at every one."""
    given = _Subject(part.build, part.output, part.at.scenario, part.at.precision, part.times, part.better)
    subject = above._replace(**{k: v for k, v in given._asdict().items() if v is not None})
    kinds = [name for name in ("relation", "all", "any") if getattr(part, name) is not None]
    if len(kinds) != 1:
        found.append(Problem(where, f"given {' and '.join(kinds).replace('relation', 'is') or 'no relation'}; "
                                    "wanted one of is, all, any"))
    elif kinds[0] != "relation":
        parts = getattr(part, kinds[0])
        found += [Problem(where, f"given {name}; wanted it in a part that has is") for name in _arguments(part)]
        if not parts:
            found.append(Problem(f"{where}.{kinds[0]}", "given nothing; wanted at least one part"))
        return Test(kinds[0], parts=tuple(_test(study, p, subject, f"{where}.{kinds[0]} #{i + 1}", found)
                                          for i, p in enumerate(parts)))
    else:
        problems = list(_wrong(part, subject))
        found += [Problem(where, what) for what in problems]
        if not problems:
            leaves = tuple(_leaves(study, part, subject, where, found))
            return leaves[0] if len(leaves) == 1 else Test("all", parts=leaves)
    return Test("all")


def _arguments(part: Part) -> list[str]:
    return [name for name in ("than", "rank", "within", "low", "high") if getattr(part, name) is not None]


def _wrong(part: Part, subject: _Subject) -> Iterator[str]:
    """What is wrong with a relation before one looks at its places."""
    needed, optional = ARGUMENTS[str(part.relation)]
    arguments = _arguments(part)
    lacking = [name for name in needed if name not in arguments]
    if lacking:
        yield f'"{part.relation}" lacks {" and ".join(lacking)}'
    for name in arguments:
        if name not in (*needed, *optional):
            yield f'given {name}; "{part.relation}" has none'
    if subject.output is None:
        yield "output is missing; wanted an output"
    elif OUTPUTS[subject.output].typed and not subject.precision:
        yield f"at.precision is missing; {subject.output} is by precision"
    elif not OUTPUTS[subject.output].typed and part.at.precision:
        yield f"given a precision; {subject.output} has none"
    if part.relation in RANKED and subject.times is not None:
        yield f'given times; "{part.relation}" compares builds as they are'
    if part.relation in WINNERS:
        if part.build:
            yield f'given build; "{part.relation}" compares all builds'
        if not isinstance(part.than, document.Other) or part.than.build is not None:
            yield f'"{part.relation}" compares all builds; wanted than = {{ output = "..." }} or another place'
        elif part.than.times is not None:
            yield f'given than.times; "{part.relation}" compares builds as they are'
    elif not subject.build:
        yield "build is missing; wanted the subject"
    if isinstance(part.than, document.Other) and part.than.precision:
        output = part.than.output or subject.output
        if output and not OUTPUTS[output].typed:
            yield f"given than.precision; {output} has none"
    if part.low is not None and part.high is not None and part.low > part.high:
        yield f"low is {part.low:g}, high {part.high:g}; wanted low below high"


def _leaves(study: _Study, part: Part, subject: _Subject, where: str, found: list[Problem]) -> Iterator[Test]:
    """A relation at each of its places."""
    assert subject.output is not None
    spec = OUTPUTS[subject.output]
    axes = ([""] if part.relation in WINNERS else subject.build or [""], subject.scenario or [""],
            (subject.precision or [""]) if spec.typed else [""])
    if (count := math.prod(map(len, axes))) > MOST:
        found.append(Problem(where, f"is about {count:,} places; wanted at most {MOST:,}"))
        return
    for build, scenario, precision in product(*axes):
        term = Term(subject.output, precision, scenario, build, 1.0 if subject.times is None else subject.times)
        other = _other(part.than, term)
        problems = [what for t in (term, other) if isinstance(t, Term)
                    for what in _unknown(study, t, part.relation in RANKED)]
        if other == term:
            problems.append("compares with itself; wanted another build, place or output")
        if part.rank is not None and part.rank > len(study.builds):
            problems.append(f"rank is {part.rank}; there are {len(study.builds)} builds")
        found += [Problem(where, what) for what in problems]
        numbers = tuple(float(x) for x in (part.rank, part.within, part.low, part.high) if x is not None)
        yield Test(str(part.relation), term, other, numbers, subject.better or spec.better)


def _other(than: float | document.Other | None, term: Term) -> Term | float:
    """The other side of a relation: a number, or a term that is the subject's where it says nothing."""
    if not isinstance(than, document.Other):
        return than or 0.0
    output = than.output or term.output
    return Term(output, (than.precision or term.precision) if OUTPUTS[output].typed else "",
                than.scenario or term.scenario, than.build or term.build, 1.0 if than.times is None else than.times)


def _unknown(study: _Study, term: Term, ranked: bool) -> Iterator[str]:
    """Why a study cannot tell a term."""
    if term.build and term.build not in study.builds:
        yield f"no build {term.build} in this study; {nearest(term.build, study.builds)}"
    if term.scenario and term.scenario not in study.scenarios:
        yield f"no scenario {term.scenario} in this study; {nearest(term.scenario, study.scenarios)}"
    if OUTPUTS[term.output].typed and not term.precision:
        yield f"than.precision is missing; {term.output} is by precision"
    having = study.having.get(term.precision, []) if term.precision else study.builds
    if term.precision and term.precision not in study.having:
        yield f"{term.precision} is not among this study's precisions"
    elif term.build in study.builds and term.build not in having:
        yield f"{term.build} has no {term.precision}"
    elif ranked and len(having) < 2:
        yield f"{len(having)} of this study's builds can be ranked by it; wanted two"


def _criterion(study: _Study, given: Any, builds: Iterable[str], where: str,
               found: list[Problem]) -> Criterion:
    """What builds are ranked by, if these can be."""
    spec = OUTPUTS[given.output]
    if spec.typed != (given.precision is not None):
        found.append(Problem(where, f"given a precision; {given.output} has none" if given.precision else
                             f"precision is missing; {given.output} is by precision"))
    for build in [b for b in builds if b in study.builds] if spec.typed == bool(given.precision) else []:
        found += [Problem(where, what) for what in _unknown(study, Term(
            given.output, given.precision or "", build=build), False)]
    return Criterion(given.output, given.precision or "", given.better or spec.better)


def _pick(study: _Study, pick: document.Pick, where: str, found: list[Problem]) -> Pick:
    found += [Problem(where, f"no build {b} in this study; {nearest(b, study.builds)}") for b in pick.builds
              if b not in study.builds]
    best_by = tuple(_criterion(study, c, pick.builds, f"{where}.best_by #{i + 1}", found)
                    for i, c in enumerate(pick.best_by))
    able = [b for b in study.builds if all(b in study.having.get(c.precision, []) for c in best_by if c.precision)]
    tests = {b: Test("all", parts=tuple(
        Test("best or tied", Term(c.output, c.precision, build=b), better=c.better) for c in best_by)) for b in able}
    return Pick(pick.says, pick.where or "", pick.because or "", tuple(pick.builds), best_by, pick.note, tests)


def _rating(study: _Study, rating: document.Rating, where: str, found: list[Problem]) -> Rating:
    found += [Problem(f"{where}.stars", f"no build {b} in this study; {nearest(b, study.builds)}")
              for b in rating.stars if b not in study.builds]
    criterion, output = None, str(rating.output or "")
    if output:
        criterion = _criterion(study, rating, study.builds, where, found)
        if rating.width and rating.better is None:
            criterion = criterion._replace(better="lower")  # the narrower, the surer
    elif rating.precision or rating.better or rating.width:
        found.append(Problem(where, "output is missing, but precision, better or width is given"))
    stars = tuple(float(rating.stars.get(b, math.nan)) for b in study.builds)
    return Rating(rating.says, rating.where or "", stars, criterion, rating.width, rating.note)
