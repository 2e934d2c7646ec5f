"""The answer of a sweep in a few sentences: who is best where, what that costs, which conclusions hang on it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..analysis.bands import QUANTILES
from ..analysis.claims import VERDICTS
from ..sweep import Sweep
from .answer import BY, bought, by_name, dollars, listed, unbought
from .option_map import joined, labels, lead_words, leads
from .text import certain, leading, number
from .words import place_words


def sweep_answer(sweep: Sweep) -> list[str]:
    """Sentences that answer a study's question over the values swept."""
    return [text for text in (_winners(sweep), _cost(sweep), _claims(sweep)) if text]


def _winners(sweep: Sweep) -> str:
    """Who is most probably best at how many points, by the first criteria of different outputs."""
    study = sweep.study
    if len(study.builds) < 2:
        return f"There is one build, {study.builds[0].label}, and so nothing to choose."
    told = [text for i in leading(study, BY) if (text := _by(sweep, i))]
    points, scenarios = len(sweep.points), len(study.scenarios)
    of = f"Of {points * scenarios} points" if points * scenarios > 1 else "At the only point"
    of += f" ({points} in each of {scenarios} scenarios)" if scenarios > 1 else ""
    return f"{of}: by {'; by '.join(told)}." if told else "By no criterion can the builds be ranked."


def _by(sweep: Sweep, criterion: int) -> str:
    """By one criterion: who leads at how many points, and where that is the most open."""
    found = leads(sweep, criterion)
    share, is_open, called = found["probability"], found["open"], labels(sweep)
    first = Counter(joined(str(name), called) for name in found["best"][share > 0])
    if not first:
        return ""
    (leader, most), *others = first.most_common()
    told = [f"{leader} is {'' if certain(sweep) else 'most probably '}best "
            f"{'everywhere' if most == share.size else f'at {most}'}", *(f"{name} at {n}" for name, n in others)]
    by = f"{by_name(sweep, criterion)} {listed(told)}"
    if certain(sweep) or not is_open.any():
        return by
    p, s = divmod(int(np.argmin(np.where(is_open, share - found["rival_probability"], np.inf))), share.shape[1])
    scenarios = sweep.study.scenarios
    place = [*place_words(sweep.study, sweep.study.places[p]), *([scenarios[s]] if len(scenarios) > 1 else [])]
    count = np.count_nonzero(is_open)
    return (f"{by}; the lead is open at {count}{', closest at' if count > 1 else ':'} {', '.join(place)} "
            f"({', '.join(lead_words(sweep, found, (p, s)))})")


def _cost(sweep: Sweep) -> str:
    """What the build that is most often the best costs, and the battery units it takes."""
    study, (build, points) = sweep.study, _leader(sweep)
    there = bought(sweep)[..., build]
    middle = sweep.figures["bands"]["capex"].take(QUANTILES.index(0.5), len(study.sweep))[..., build][there]
    enough = sweep.figures["counts"]["battery_count_enough"][..., build][there]
    low, high = (dollars(float(x)) for x in (middle.min(), middle.max()))
    every = len(sweep.points) * len(study.scenarios)
    favoured = f", best by {by_name(sweep, 0)} at {points} of these," if len(study.builds) > 1 and every > 1 else ""
    costs = f"{study.builds[build].label}{favoured} costs {low if low == high else f'from {low} to {high}'}"
    where = "" if there.all() else " where the budget buys one"
    if certain(sweep):
        return f"{costs}{where}.{unbought(sweep)}"
    few, many = (number(float(x), decimals=0) for x in (enough.min(), enough.max()))
    return (f"{costs} over the points{where} (medians); to have enough {study.battery.label}s with 95 % probability, "
            f"buy {few if few == many else f'from {few} to {many}'}.{unbought(sweep)}")


def _leader(sweep: Sweep) -> tuple[int, int]:
    """The build that is best, or tied, by the first criterion at most points where it is bought, and at how many."""
    found = leads(sweep, 0)
    there = bought(sweep).reshape(*found["best"].shape, -1) & (found["probability"] > 0)[..., None]
    each = [sum(build.key in str(keys).split(" = ") for keys in found["best"][there[..., b]])
            for b, build in enumerate(sweep.study.builds)]
    return each.index(max(each)), max(each)


def _claims(sweep: Sweep) -> str:
    """How many conclusions hold wherever, nowhere, and here and there."""
    shares = sweep.figures["claims"]["probability"]
    shares = shares.reshape(len(sweep.points), -1)
    if not shares.shape[1]:
        return ""
    least = VERDICTS["likely"]
    always, never = (int(np.count_nonzero(x.all(axis=0))) for x in (shares >= least, shares < VERDICTS["open"]))
    rest = shares.shape[1] - always - never
    hold, fail, hang = (f"{n or 'none'} {verb}{'s' * (n == 1)}" for n, verb in (
        (always, "hold"), (never, "fail"), (rest, "hang")))
    count = shares.shape[1]
    return (f"Of {count} conclusion{'s' * (count > 1)} put to the test {hold} at every point (P at least 2/3), {fail} "
            f"at every point (P below 1/3); {hang} on the point, or {'is' if rest == 1 else 'are'} open.")
