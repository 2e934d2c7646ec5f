"""From what is known of a distribution, parameters or quantiles, to its parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import special

from .families import FAMILIES, PARAMETERS


def level_of(name: str) -> float | None:
    """Probability [1] in a quantile's name (p2_5 is 0.025); None for other names."""
    match = re.fullmatch(r"p(\d+)(?:_(\d+))?", name)
    level = float(f"{match[1]}.{match[2] or 0}") / 100.0 if match else None
    if level is not None and not 0.0 < level < 1.0:
        raise ValueError(f"{name} is not a quantile; wanted p and a number between 0 and 100, as p5 or p2_5")
    return level


def levels_of(given: dict[str, float]) -> dict[str, float]:
    """Names of the quantiles given and their probabilities [1], ascending."""
    levels = {name: level for name in given if (level := level_of(name)) is not None}
    return dict(sorted(levels.items(), key=lambda item: item[1]))


def check_values(kind: str, given: dict[str, float]) -> None:
    """Refuse parameters and quantiles that are out of range or out of order."""
    levels = levels_of(given)
    positive = ["std", "sigma", "median", "a", "b", *(levels if kind == "lognormal" else ())]
    for name in positive:
        if name in given and not given[name] > 0.0:
            raise ValueError(f"{kind}: {name} is {given[name]:.12g}; wanted {name} > 0")
    for one, two in pairwise(levels):
        if not (levels[one] < levels[two] and given[one] < given[two]):
            said = f"{one} {given[one]:.12g} is not below {two} {given[two]:.12g}"
            raise ValueError(f"{kind}: {said}; wanted quantiles that rise with p")
    order = [name for name in PARAMETERS[kind] if name in ("low", "mode", "high")]
    for one, two in pairwise([name for name in order if name in given]):
        if given[one] > given[two]:
            said = f"{one} {given[one]:.12g} is above {two} {given[two]:.12g}"
            raise ValueError(f"{kind}: {said}; wanted {(' <= ' if 'mode' in order else ' < ').join(order)}")
    if "low" in given and given["low"] == given.get("high"):
        raise ValueError(f"{kind}: low and high are both {given['low']:.12g}; wanted low < high")


def solve(kind: str, given: dict[str, float]) -> tuple[float, ...]:
    """Parameters that have the given values and quantiles, to 1e-9 in probability."""
    names, said = PARAMETERS[kind], ", ".join(f"{name} {value:.12g}" for name, value in given.items())
    if len(given) != len(names):
        wanted = f"wanted {len(names)} of {', '.join(names)}, or quantiles such as p5 and p95 in their place"
        raise ValueError(f"{kind}: given {said or 'nothing'}; {wanted}")
    candidates = [dict(zip(names, found, strict=True)) | given for found in SOLVERS[kind](kind, given)]
    fits = [fit for c in candidates if _fits(kind, fit := tuple(c[name] for name in names), given)]
    if fits and np.ptp(fits, axis=0).max() <= 1e-5 * np.ptp(fits[0]):
        return fits[0]
    number = "more than one" if fits else "no"
    raise ValueError(f"{kind}: {number} {kind} distribution has {said}; wanted numbers that fix exactly one")


def _fits(kind: str, parameters: tuple[float, ...], given: dict[str, float]) -> bool:
    try:
        check_values(kind, dict(zip(PARAMETERS[kind], parameters, strict=True)))
    except ValueError:
        return False
    family = FAMILIES[kind]
    arguments = family.arguments(*parameters)
    return all(abs(float(family.cdf(np.asarray(given[name]), False, *arguments)) - p) < 1e-9
               for name, p in levels_of(given).items())


def _linear(kind: str, given: dict[str, float]) -> Iterator[tuple[float, ...]]:
    """Two equations linear in the two parameters; those of a lognormal in logarithms."""
    logs, rows = kind == "lognormal", []
    for name, value in given.items():
        p = level_of(name)
        if p is None:
            weights = (1.0, 0.0) if name == PARAMETERS[kind][0] else (0.0, 1.0)
        else:
            weights = (1.0 - p, p) if kind == "uniform" else (1.0, float(special.ndtri(p)))
        rows.append((*weights, math.log(value) if logs and name != "sigma" else value))
    (a, b, r), (c, d, s) = rows
    det = a * d - b * c  # zero where the median is given twice
    found = [((r * d - b * s) / det, (a * s - r * c) / det)] if det else [(r, 1.0), (r, 2.0)]
    for first, second in found:
        yield math.exp(first) if logs else first, second


def _by_shape(kind: str, given: dict[str, float]) -> Iterator[tuple[float, ...]]:
    """Once the shape c = (mode - low) / (high - low) is fixed, all else is linear: one equation in c."""
    from scipy.optimize import brentq

    (one, x), (two, y), (three, z) = sorted(given.items(), key=lambda item: item[1])

    def miss(c: Any) -> Any:
        first, second, third = (_place(kind, name, c) for name in (one, two, three))
        return (y - x) * (third - first) - (z - x) * (second - first)

    grid = np.linspace(0.0, 1.0, 65)
    positive = miss(grid) > 0.0
    changes = np.flatnonzero(positive[1:] != positive[:-1])
    roots = [brentq(miss, grid[i], grid[i + 1]) for i in changes]
    for c in [0.0, 1.0, 1e-4, 1.0 - 1e-4, *roots]:  # of a continuum that fits, two at least are here
        first, third = float(_place(kind, one, c)), float(_place(kind, three, c))
        if first < third:
            width = (z - x) / (third - first)
            low = x - width * first
            yield low, low + c * width, low + width


def _place(kind: str, name: str, c: Any) -> Any:
    """Place of a parameter or quantile, low being 0, mode c and high 1."""
    p, family = level_of(name), FAMILIES[kind]
    if p is None:
        return {"low": 0.0 * c, "mode": c, "high": 0.0 * c + 1.0}[name]
    return family.ppf(np.asarray(p), np.asarray(1.0 - p), *family.arguments(0.0, c, 1.0))


def _beta_shapes(_kind: str, given: dict[str, float]) -> Iterator[tuple[float, ...]]:
    """Shapes of a beta: its CDF rises with b and falls with a, so each is a root on its own."""
    from scipy.optimize import brentq

    low, high = given["low"], given["high"]
    points = [((given[name] - low) / (high - low), p) for name, p in levels_of(given).items()]
    (x, p), (y, q) = points[0], points[-1]

    def root(f: Callable[[float], float], widest: float) -> float:
        if not f(math.exp(-widest)) * f(math.exp(widest)) <= 0.0:
            return math.nan
        return math.exp(brentq(lambda t: f(math.exp(t)), -widest, widest, xtol=1e-14))

    def b_of(a: float) -> float:
        return given.get("b") or root(lambda b: float(special.betainc(a, b, x)) - p, 40.0)

    if x > 0.0 and y < 1.0:
        a = given.get("a") or root(lambda a: float(special.betainc(a, b_of(a), y)) - q, 15.0)
        yield a, b_of(a), low, high


SOLVERS: dict[str, Callable[[str, dict[str, float]], Iterator[tuple[float, ...]]]] = {
    "uniform": _linear, "normal": _linear, "lognormal": _linear,
    "triangular": _by_shape, "pert": _by_shape, "beta": _beta_shapes,
}
