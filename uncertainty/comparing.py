"""Two results side by side: what went in otherwise, what came out otherwise beyond sampling error, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .analysis.claims import verdict
from .analysis.error import Estimate, combine, half_width, upper_limit
from .attributing import Attribution, Seen, Step, attribution, look, paired
from .mixing import Mixture
from .plan import ModelError
from .sides import Figure, Side, Spot, Told, common, pair_of


class Change(NamedTuple):
    """An input that has changed, or its source, at several places; None where a study does not have it."""

    spots: tuple[Spot, ...]
    before: Told | None
    after: Told | None

    @property
    def source_only(self) -> bool:
        """Whether its numbers are the same."""
        return self.before is not None and self.after is not None and self.before.number == self.after.number


class Setting(NamedTuple):
    """What else has changed, in words."""

    what: str
    before: str
    after: str


class Move(NamedTuple):
    """A figure of both; `error` is the 95 % error of its difference, `moved` whether the difference is beyond it."""

    figure: Figure
    before: Estimate
    after: Estimate
    difference: float
    error: float
    moved: bool


@dataclass(frozen=True)
class Comparison:
    """Two results side by side.

    Attributes
    ----------
    inputs, settings : what has changed
    moves : of all figures that both have
    replicates : pairs that errors of differences come from; 0 where errors of independent runs are combined
    attribution : what explains the moves; None where nothing moved or `why` says what is in the way
    """

    before: Side
    after: Side
    inputs: tuple[Change, ...]
    settings: tuple[Setting, ...]
    moves: tuple[Move, ...]
    replicates: int
    attribution: Attribution | None = None
    why: str = ""

    @property
    def sides(self) -> tuple[Side, Side]:
        """Before and after."""
        return self.before, self.after

    @property
    def same(self) -> bool:
        """Whether nothing at all has changed, sources and versions included."""
        return not (self.inputs or self.settings or any(move.difference for move in self.moves))

    def common(self, what: str) -> list[Any]:
        """Builds, scenarios, criteria, claims or figures that both have, as they come before."""
        return common(*self.sides, what)

    def moved(self, kind: str, name: str = "") -> list[Move]:
        """Moves of one kind, and of one output, criterion or claim, that are beyond sampling error."""
        return [m for m in self.moves if m.moved and m.figure.kind == kind and name in ("", m.figure.name)]


def compare(before: Side, after: Side, step: Step | None = None) -> Comparison:
    """Put two results side by side.

    Parameters
    ----------
    step
        called with (studies run, studies to be run at most) while moves are attributed.
    """
    retold = [name for name in before.claims if _retold(before, after, name)]
    figures = [f for f in common(before, after, "figures") if not (f.kind == "claim" and f.name in retold)]
    inputs, settings = tuple(_inputs(before, after)), tuple(_settings(before, after, retold))
    told = settings or any(not change.source_only for change in inputs)
    if before.digest != after.digest and not (told or _written_otherwise(before, after)):
        settings = (Setting("study", "", "other in what this does not tell: picks, ratings, sensitivity or the like"),)
    bare = Comparison(before, after, inputs, settings, tuple(_moves(before, after, figures, [])), 0)
    if before.study is None or after.study is None:
        lacking = before if before.study is None else after
        return replace(bare, why=f"{lacking.name}: {lacking.why}")
    if bare.same or not figures:
        return bare
    try:
        return _explained(bare, paired(before.study, after.study), figures, step)
    except ModelError as error:
        return replace(bare, why=str(error))


def _explained(bare: Comparison, between: Mixture, figures: list[Figure], step: Step | None) -> Comparison:
    """With errors of pairs of replicates, if both were drawn alike, and what explains the moves."""
    before, after = bare.before, bare.after
    if before.sampling == after.sampling:
        ends = [look(study, figures) for study in (between.one, between.other)]
        moves = tuple(_moves(before, after, figures, ends))
        bare = replace(bare, moves=moves, replicates=between.one.sampling.replicates)
    some = [m.figure for m in bare.moves
            if m.moved and (m.figure.name == "capex" or m.figure.kind in ("first", "claim"))]
    if not some:
        return bare
    if not between.changes:
        return replace(bare, why="nothing that they are worked out from is other, so that they are chance")
    return replace(bare, attribution=attribution(between, some, step))


# --- figures -----------------------------------------------------------------------------------------------------


def _moves(before: Side, after: Side, figures: list[Figure], ends: list[Seen]) -> Iterator[Move]:
    """Differences and their errors: of replicates in pairs, or, where there are none, of independent runs."""
    runs = [side.sampling["replicates"] for side in (before, after)]
    replicates = len(next(iter(ends[0].values()))) if ends else min(runs)
    unseen = upper_limit(min(side.sampling["samples"] * n for side, n in zip((before, after), runs, strict=True)))
    for figure in figures:
        one, other = before.figures[figure], after.figures[figure]
        se = combine(ends[1][figure] - ends[0][figure]).se if ends else math.hypot(one.se, other.se)
        error = float(half_width(se, replicates))
        difference = other.value - one.value
        least = error + (unseen if figure.kind in ("first", "claim") else 0.0)
        yield Move(figure, one, other, difference, error, abs(difference) > least)


def verdicts(move: Move) -> tuple[str, str]:
    """What a claim's probabilities amount to, before and after."""
    return verdict(move.before.value), verdict(move.after.value)


def first_places(comparison: Comparison, criterion: str, scenario: str) -> tuple[dict[str, float], ...]:
    """P(first) by build before and after, of all builds of each side, the most probable first.

    Of builds that are as probable, that which was the first before stays so.
    """
    found = [{f.build: x.value for f, x in side.figures.items() if f[:3] == ("first", criterion, scenario)}
             for side in comparison.sides]
    was = max(found[0], key=lambda build: found[0][build], default="")
    return tuple(dict(sorted(each.items(), key=lambda pair: (-pair[1], pair[0] != was))) for each in found)


def hands(comparison: Comparison, criterion: str, scenario: str) -> tuple[bool, bool]:
    """Whether first place changes hands, and if so whether beyond sampling error."""
    one, other = (next(iter(shares)) for shares in first_places(comparison, criterion, scenario))
    moves = {m.figure.build: m.moved for m in comparison.moves if m.figure[:3] == ("first", criterion, scenario)}
    return one != other, one != other and all(moves.get(build, True) for build in (one, other))


def other_verdict(move: Move) -> bool:
    """Whether a claim has another verdict; holds always counts as robust, never as unlikely."""
    one, other = ({"holds always": "robust", "never": "unlikely"}.get(word, word) for word in verdicts(move))
    return one != other


def _retold(before: Side, after: Side, name: str) -> bool:
    """Whether a claim of one id is put to other tests, as far as is known."""
    tests = [{claim.id: (claim.quantile, claim.test) for claim in side.study.ledger.claims} if side.study else {}
             for side in (before, after)]
    return all(name in found for found in tests) and tests[0][name] != tests[1][name]


# --- what went in ------------------------------------------------------------------------------------------------


def _inputs(before: Side, after: Side) -> Iterator[Change]:
    """Inputs that have changed, those alike at several places together; what one alone has is there by its spots."""
    found: dict[tuple[Any, ...], list[Spot]] = {}
    for spot in dict.fromkeys([*before.inputs, *after.inputs]):
        if all(spot.scenario in side.scenarios and spot.build in ("", *side.builds) for side in (before, after)):
            one, other = before.inputs.get(spot), after.inputs.get(spot)
            if one != other:
                found.setdefault((spot.input, one, other), []).append(spot)
    for (_, one, other), spots in found.items():
        yield Change(tuple(spots), one, other)


def _settings(before: Side, after: Side, retold: list[str]) -> Iterator[Setting]:
    """What else has changed."""
    for key in dict.fromkeys([*before.sampling, *after.sampling]):
        yield from _setting(f"sampling: {key}", before.sampling.get(key), after.sampling.get(key))
    for word in ("builds", "scenarios", "criteria", "claims"):
        names = [tuple(getattr(side, word)) for side in (before, after)]
        gone, new = ([name for name in a if name not in b] for a, b in (names, names[::-1]))
        if gone or new:
            yield Setting(word, _listed("left out", gone), _listed("added", new))
        elif names[0] != names[1]:
            yield Setting(f"{word}: order", ", ".join(names[0]), ", ".join(names[1]))
    if retold:
        yield Setting("claims", "", f"put to other tests, so not compared: {', '.join(retold)}")
    for key in common(before, after, "claims"):
        yield from _setting(f"claim {key}: must hold", before.claims[key][1], after.claims[key][1])
    yield from _correlations(before, after)
    for name in dict.fromkeys([*before.versions, *after.versions]):
        yield from _setting(f"version of {name}", before.versions.get(name), after.versions.get(name))


def _correlations(before: Side, after: Side) -> Iterator[Setting]:
    """Correlations that have changed, those alike of builds' own inputs together."""
    found: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    builds = before.builds | after.builds
    alone = {build for build in builds if build not in before.builds or build not in after.builds}
    for pair in dict.fromkeys([*before.correlation, *after.correlation]):
        if any(name.partition(".")[0] in alone for name in pair):
            continue
        slots = pair_of(*(name.partition(".")[2] if name.partition(".")[0] in builds else name for name in pair))
        found.setdefault((*slots, before.correlation.get(pair), after.correlation.get(pair)), []).append(pair)
    for (one, other, rho, now), pairs in found.items():
        alike = one if one == other else f"{one} and {other}"
        what = f"{len(pairs)} pairs of {alike}" if len(pairs) > 1 else " and ".join(pairs[0])
        yield from _setting(f"correlation of {what}", rho, now)


def _written_otherwise(before: Side, after: Side) -> bool:
    """Whether studies are one, but for the order in which correlations and the inputs of each are written."""
    if before.study is None or after.study is None:
        return False
    one, other = (replace(study, correlation=dict(sorted((pair_of(*pair), rho) for pair, rho in
                                                         study.correlation.items()))).digest
                  for study in (before.study, after.study))
    return one == other


def _setting(what: str, before: Any, after: Any) -> Iterator[Setting]:
    if before != after:
        yield Setting(what, *("none" if x is None else str(x) for x in (before, after)))


def _listed(what: str, names: list[str]) -> str:
    return f"{len(names)} {what}: {', '.join(names)}" if names else ""
