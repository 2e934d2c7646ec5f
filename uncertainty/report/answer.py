"""The answer, made from the figures: how wide, who wins, what drives it and what to look up first."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..analysis.bands import QUANTILES
from ..analysis.claims import VERDICTS
from ..analysis.error import upper_limit
from ..distributions import Marginal
from ..inverse import quantile_function
from ..reported import Reported
from ..results import Results
from ..study import Study
from .figures import Floats
from .printed import printed
from .text import certain, leaders, leading, number, percent
from .words import input_words, measure_words, value_words
from .worth import first_to_look_up

PLACES = 3  # scenarios that are told one by one; of more the least and the most
BY = 3  # criteria, each of another output, by which it is told who wins
DRIVERS, LEAST = 2, 0.05  # inputs that are named as drivers, and the share of the variance that they have at least
OPEN = "it is open"
SURE = (("almost surely", VERDICTS["robust"]), ("probably", VERDICTS["likely"]))


def answer(results: Results) -> list[str]:
    """Sentences that answer a study's question."""
    build = favoured(results)
    return [_wide(results, build), _winners(results), _drivers(results, build)]


def favoured(results: Results) -> int:
    """The build that is most probably first by the first criterion, in the mean of all scenarios."""
    first = np.nan_to_num(results.figures["ranking"]["rank_acceptability"][0, :, :, 0])
    return int(np.argmax(first.mean(axis=0)))


def listed(names: list[str], last: str = "and") -> str:
    """Words in a row: `a, b and c`."""
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def by_name(results: Reported, criterion: int) -> str:
    """A criterion in words, with its precision."""
    by = results.study.criteria[criterion]
    return measure_words(results.study, by.output, by.precision)


# --- how wide ----------------------------------------------------------------------------------------------------


def _wide(results: Results, build: int) -> str:
    """What the favoured build costs, and the battery units it takes, by scenario."""
    study, units = results.study, f"{results.study.battery.label}s"
    order = list(range(len(study.scenarios)))
    if few := len(order) > PLACES:
        order.sort(key=lambda s: float(results.figures["bands"]["capex"][QUANTILES.index(0.5), s, build]))
        order = [order[0], order[-1]]
    told = [f"{_ends(results, 'capex', s, build)} with {_ends(results, 'battery_count', s, build)}"
            f"{f' {units}' if i == 0 else ''}{_place(results, s)}" for i, s in enumerate(order)]
    enough = [f"{int(results.figures['counts']['battery_count_enough'][s, build])}" for s in order]
    rest = f"{on_top(study)}{_beside_printed(results)}{unbought(results)}"
    lead = f"{study.builds[build].label}, favoured by {by_name(results, 0)}," if len(study.builds) > 1 else (
        study.builds[build].label)
    costs = f"{lead} costs {'from ' if few else ''}{listed(told, 'to' if few else 'and')}"
    if certain(results):
        return f"{costs}.{rest}"
    return (f"{costs} (median [5 % to 95 % quantile]); to have enough {units} with 95 % probability, buy "
            f"{listed(enough, 'to' if few else 'and')}{_each(study)}.{rest}")


def _each(study: Study) -> str:
    """What one battery unit costs, where that is the same everywhere and uncertain."""
    found = {entry.quantity.value for entry in study.entries["battery_unit_price"].values()}
    price = found.pop()
    if found or not isinstance(price, Marginal):
        return ""
    low, middle, high = (dollars(float(x)) for x in quantile_function(price)(np.array([0.05, 0.5, 0.95])))
    return f", each at {middle} [{low}–{high}]"


def _beside_printed(results: Results) -> str:
    """How many CapEx that the document prints lie below the medians; nothing of none, and of no samples."""
    found = None if certain(results) else printed(results, "capex")
    if found is None:
        return ""
    count = int(np.isfinite(found.value).sum())
    below = int((found.value < results.figures["bands"]["capex"][QUANTILES.index(0.5)]).sum())
    if below == count > 1:
        return f" All {count} CapEx that the document prints lie below the median."
    return f" Of {count} CapEx that the document prints {below or 'none'} lie{'s' * (below < 2)} below the median."


def bought(results: Reported) -> NDArray[np.bool_]:
    """Where the budget buys a device in the median, (points..., scenario, build); of what it never buys, everywhere."""
    axes = len(results.study.sweep)
    some: NDArray[np.bool_] = results.figures["bands"]["device_count"].take(QUANTILES.index(0.5), axes) >= 1
    return some | ~some.any(axis=tuple(range(axes)), keepdims=True)


def unbought(results: Reported) -> str:
    """Builds that the budget does not always buy, at some point of a sweep: what is not bought costs nothing."""
    axis, builds = len(results.study.sweep), results.study.builds
    few = results.figures["bands"]["device_count"].take(QUANTILES.index(0.05), axis).reshape(-1, len(builds))
    none = [build.label for build, least in zip(builds, few.min(axis=0), strict=True) if least < 1]
    if not none:
        return ""
    often = "" if certain(results) else " in 5 % of the samples or more"
    where = " at some points" if axis else ""
    return (f" Beware: the budget does not buy one {listed(none, 'or')}{often}{where}, and what is not bought costs "
            "nothing, so that its first places by CapEx say nothing.")


def on_top(study: Study) -> str:
    """What the budget does not pay for, where it is one number and that holds everywhere."""
    budgets, covers = ([entry.quantity for entry in study.entries[name].values()] for name in (
        "budget", "budget_covers"))
    amounts = {each.value for each in budgets}
    if len(amounts) > 1 or any(each.uncertain for each in (*budgets, *covers)) or any(each.value for each in covers):
        return ""
    budget = value_words(float(str(amounts.pop())), "USD")
    return (f" The budget of {budget} buys devices only, fewer where they are dearer: a lower CapEx may mean less "
            f"bought. {study.battery.label}s come on top.")


def _place(results: Results, scenario: int) -> str:
    return f" in {results.study.scenarios[scenario]}" if len(results.study.scenarios) > 1 else ""


def _ends(results: Results, output: str, scenario: int, build: int) -> str:
    """Median and band: `$238,400 [$213,200–$274,200]`, `9 [7–11]`."""
    values = results.figures["bands"][output][:, scenario, build]
    low, middle, high = (_figure(output, float(values[QUANTILES.index(q)])) for q in (0.05, 0.5, 0.95))
    return middle if low == high else f"{middle} [{low}–{high}]"


def _figure(output: str, value: float) -> str:
    return dollars(value) if output == "capex" and math.isfinite(value) else number(value, decimals=0)


def dollars(value: float) -> str:
    """Dollars to four significant digits, the whole ones: `$238,400`."""
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0  # four significant ones
    return f"${round(value, min(digits, 0)):,.0f}"


# --- who wins ----------------------------------------------------------------------------------------------------


def _winners(results: Results) -> str:
    """Who is first by the first criteria of different outputs, and how surely; what is open is said to be."""
    study = results.study
    if len(study.builds) < 2:
        return f"There is one build, {study.builds[0].label}, and so nothing to choose."
    told = [text for i in leading(study, BY) if (text := _by(results, i))]
    ranked = f"By {'; by '.join(told)}." if told else "By no criterion can the builds be ranked."
    return f"{ranked}{_conclusions(results)}"


def _conclusions(results: Results) -> str:
    """How many conclusions hold, fail and are open; nothing where there are none."""
    shares = results.figures["claims"]["probability"]
    hold, fail = int((shares >= VERDICTS["likely"]).sum()), int((shares < VERDICTS["open"]).sum())
    if not shares.size:
        return ""
    bounds = ("", "") if certain(results) else (" (P at least 2/3)", " (P below 1/3)")
    told = [f"{count or 'none'} {verb}{'s' * (count == 1)}{bound}" for count, verb, bound in (
        (hold, "hold", bounds[0]), (fail, "fail", bounds[1]))]
    left = shares.size - hold - fail
    told += [f"{left} {'is' if left == 1 else 'are'} open"] if left else []
    return f" Of {shares.size} conclusion{'s' * (shares.size > 1)} put to the test {listed(told)}."


def _by(results: Results, criterion: int) -> str:
    """Who wins by one criterion, scenarios of which the same is to be said together."""
    groups: dict[str, list[tuple[int, float]]] = {}
    for s in range(len(results.study.scenarios)):
        if np.isfinite(results.figures["ranking"]["rank_acceptability"][criterion, s, :, 0]).any():
            words, share = _verdict(results, criterion, s)
            groups.setdefault(words, []).append((s, share))
    if not groups:
        return ""
    everywhere = len(groups) == 1
    told = [f"{words}{'' if everywhere else _places(results, found)}{_shares(results, words, found)}"
            for words, found in groups.items()]
    return f"{by_name(results, criterion)} {', and '.join(told)}"


def _verdict(results: Results, criterion: int, scenario: int) -> tuple[str, float]:
    """Who is first, in words, and the probability."""
    group, total, rivals = leaders(results, (criterion, scenario))
    labels = [b.label for b in results.study.builds]
    name = listed([labels[i] for i in group])
    wins = "wins" if len(group) == 1 else "tie for first"
    if certain(results):
        return f"{name} {wins}", 1.0
    for word, least in SURE:
        if total >= least:
            return f"{name} {word} {wins}", total
    share = results.figures["ranking"]["rank_acceptability"][criterion, scenario, :, 0]
    others = rivals or [i for i in np.argsort(-np.nan_to_num(share)).tolist() if i not in group][:1]
    told = [f"{listed([labels[i] for i in group], '=')} ({percent(total, 0)})",
            *(f"{labels[i]} ({percent(float(share[i]), 0)})" for i in others)]
    return f"{OPEN} between {listed(told)}", total


def _places(results: Results, found: list[tuple[int, float]]) -> str:
    return f" in {listed([results.study.scenarios[s] for s, _ in found])}"


def _shares(results: Results, words: str, found: list[tuple[int, float]]) -> str:
    """Probabilities, from the least to the most, where the words do not have them."""
    if words.startswith(OPEN) or certain(results):
        return ""
    found = [(s, min(p, 1 - upper_limit(results.samples))) for s, p in found]
    ends = dict.fromkeys([percent(min(p for _, p in found), 0), percent(max(p for _, p in found), 0)])
    return f" ({' to '.join(ends)})"


# --- what drives it ----------------------------------------------------------------------------------------------


def _drivers(results: Results, build: int) -> str:
    """What drives the favoured build's CapEx, and what to look up first."""
    if certain(results):
        return "Every input is a single number here, so that nothing is said of how uncertain this is."
    if "influence" not in results.figures:
        return "What drives this was not asked for: the study has its sensitivity off."
    told, found = _largest(results, build), first_to_look_up(results)
    lead = f"Its CapEx hangs most on {listed(told)}" if told else "No single input drives its CapEx"
    if found is None:
        return f"{lead}; there is no one input that is worth looking up before choosing."
    graded = f"its evidence is of grade {found.grade}; " if found.grade else ""
    first = "look up first:" if found.by_lead else (
        f"for a choice by {found.lead} no input is worth looking up, by other criteria first")
    return f"{lead}; {first} {found.name} ({graded}to know it before choosing is worth at most {found.worth})."


def _largest(results: Results, build: int) -> list[str]:
    """The inputs that have most of the variance of CapEx, in the mean of all scenarios, with their shares."""
    group = results.figures["shapley"]
    if "capex" not in group.variables:
        return []
    each: Floats = group["capex"][:, :, build]
    share = np.nan_to_num(each[:, ~np.isnan(each).all(axis=0)]).mean(axis=1) if np.isfinite(each).any() else each[:, 0]
    order = [i for i in np.argsort(-np.nan_to_num(share))[:DRIVERS].tolist() if share[i] >= LEAST]
    names = [input_words(results.study, str(group["input"][i])) for i in order]
    of = f" of the variance{', mean of the scenarios' if len(results.study.scenarios) > 1 else ''}"
    return [f"{name} ({percent(float(share[i]), 0)}{of if i == order[0] else ''})"
            for name, i in zip(names, order, strict=True)]
