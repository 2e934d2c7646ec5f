"""Marginals that a study may name, as plain data with exact quantiles, and how each is made.

`inverse.quantile_function` gives the fast quantile function of one.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .elicitation import check_values, level_of, solve
from .families import DISCRETE, FAMILIES, OPTIONS, PARAMETERS, Array

LEAST_LEVEL = 2.0**-33  # of any sample


@dataclass(frozen=True)
class Marginal:
    """One uncertain number as plain data: hashable, comparable, picklable.

    Attributes
    ----------
    kind : a key of `PARAMETERS`
    parameters : of the parent, before truncation, in the order of `PARAMETERS`; for discrete and empirical
        the values that truncation left, ascending, and then their probabilities
    low, high : truncation [unit of the quantity]
    central : value used where every input is at its central value; None means the median
    """

    kind: str
    parameters: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf
    central: float | None = None

    @property
    def is_discrete(self) -> bool:
        """Whether it is made of atoms."""
        return self.kind in DISCRETE

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest possible value, after truncation."""
        return _window(self).low, _window(self).high

    def ppf(self, u: ArrayLike) -> Array:
        """Exact quantiles at the probabilities `u`, any shape; u is 0 or in [2^-53, 1]."""
        w, u = _window(self), np.asarray(u, dtype=np.float64)
        below, above = u, 1.0 - u
        if w.kept < 1.0:
            below, above = w.below + w.kept * below, w.above + w.kept * above
        return np.minimum(np.maximum(FAMILIES[self.kind].ppf(below, above, *w.arguments), w.low), w.high)

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of at most `x`, any shape."""
        w, x = _window(self), np.asarray(x, dtype=np.float64)
        upper = w.below > 0.5
        tail = FAMILIES[self.kind].cdf(x, upper, *w.arguments)
        return np.clip((w.above + w.kept - tail if upper else tail - w.below) / w.kept, 0.0, 1.0)

    def pdf(self, x: ArrayLike) -> Array:
        """Density [1 / unit of the quantity] at `x`, any shape; ValueError where there is none."""
        w, x = _window(self), np.asarray(x, dtype=np.float64)
        return np.where((x >= w.low) & (x <= w.high), FAMILIES[self.kind].pdf(x, *w.arguments) / w.kept, 0.0)

    def median(self) -> float:
        """Smallest value that is reached with a probability of one half."""
        return float(self.ppf(0.5))

    def center(self) -> float:
        """Value used where every input is at its central value."""
        return self.median() if self.central is None else self.central


class _Window(NamedTuple):
    """What truncation leaves: probability of the parent below, above and inside it, and its two ends."""

    arguments: tuple[Any, ...]
    below: float
    above: float
    kept: float
    low: float
    high: float


@lru_cache(maxsize=1024)
def _window(m: Marginal) -> _Window:
    family = FAMILIES[m.kind]
    arguments, ends = family.arguments(*m.parameters), np.array([m.low, m.high])
    below, up_to = family.cdf(ends, False, *arguments).tolist()
    beyond, above = family.cdf(ends, True, *arguments).tolist()
    kept = beyond - above if below > 0.5 else up_to - below
    low, high = family.ppf(np.array([0.0, 1.0]), np.array([1.0, 0.0]), *arguments).tolist()
    return _Window(arguments, below, above, kept, max(low, m.low), min(high, m.high))


Given = float | None


def uniform(low: Given = None, high: Given = None, **options: Given) -> Marginal:
    """Uniform on [low, high]; `options` as in `marginal`."""
    return _continuous("uniform", low=low, high=high, **options)


def triangular(low: Given = None, mode: Given = None, high: Given = None, **options: Given) -> Marginal:
    """Triangular on [low, high]; `options` as in `marginal`."""
    return _continuous("triangular", low=low, mode=mode, high=high, **options)


def pert(low: Given = None, mode: Given = None, high: Given = None, **options: Given) -> Marginal:
    """Beta-PERT, mean (low + 4 mode + high) / 6 (Malcolm et al. 1959; Vose); `options` as in `marginal`."""
    return _continuous("pert", low=low, mode=mode, high=high, **options)


def normal(mean: Given = None, std: Given = None, **options: Given) -> Marginal:
    """Normal; `options` as in `marginal`."""
    return _continuous("normal", mean=mean, std=std, **options)


def lognormal(median: Given = None, sigma: Given = None, **options: Given) -> Marginal:
    """Lognormal; sigma [1] is the std of the logarithm; `options` as in `marginal`."""
    return _continuous("lognormal", median=median, sigma=sigma, **options)


def beta(a: Given = None, b: Given = None, low: Given = 0.0, high: Given = 1.0, **options: Given) -> Marginal:
    """Beta(a, b) stretched over [low, high], which quantiles cannot replace; `options` as in `marginal`."""
    low, high = 0.0 if low is None else low, 1.0 if high is None else high
    return _continuous("beta", a=a, b=b, low=low, high=high, **options)


def discrete(
    values: Iterable[float] = (), probabilities: Iterable[float] | None = None, **options: Given
) -> Marginal:
    """Values with their probabilities (None: equal ones); options min, max and central as in `marginal`."""
    return _atoms("discrete", values, probabilities, options)


def empirical(values: Iterable[float] = (), **options: Given) -> Marginal:
    """Equal weight on each of a list of quotes; options min, max and central as in `marginal`."""
    return _atoms("empirical", values, None, options)


CONSTRUCTORS: dict[str, Callable[..., Marginal]] = {
    "uniform": uniform, "triangular": triangular, "pert": pert, "normal": normal,
    "lognormal": lognormal, "beta": beta, "discrete": discrete, "empirical": empirical,
}


def marginal(kind: str, /, **spec: Any) -> Marginal:
    """Build a marginal from its kind and what is known of it.

    Parameters
    ----------
    kind : a key of `PARAMETERS`
    **spec : parameters of that kind, and any of
        min, max : truncation [unit of the quantity]
        central : value used where every input is at its central value
        p5, p50, p2_5, ... : quantiles, each in place of one parameter; they are those of the parent, before
        truncation (not for discrete and empirical)

    Raises
    ------
    ValueError : one sentence saying what was given and what is wanted
    """
    if str(kind) not in CONSTRUCTORS:
        raise ValueError(f"{kind!r} is not a distribution; {_nearest(str(kind), CONSTRUCTORS)}")
    return CONSTRUCTORS[kind](**spec)


def _continuous(kind: str, **spec: Given) -> Marginal:
    _check_names(kind, spec)
    given = {name: _number(kind, name, value) for name, value in spec.items() if value is not None}
    low, high, central = given.pop("min", -math.inf), given.pop("max", math.inf), given.pop("central", None)
    check_values(kind, given)
    known = given.keys() == set(PARAMETERS[kind])
    m = Marginal(kind, tuple(given.values()) if known else solve(kind, given), low, high, central)
    with np.errstate(all="ignore"):
        kept, quantiles = _window(m).kept, m.ppf([LEAST_LEVEL, 0.5, 1.0 - LEAST_LEVEL])
    _check_kept(kind, low, high, kept)
    if not np.isfinite(quantiles).all():
        raise ValueError(f"{kind}: has quantiles that are no finite numbers; wanted other parameters")
    return m


def _atoms(kind: str, values: Any, probabilities: Any, options: dict[str, Given]) -> Marginal:
    _check_names(kind, options)
    given = {name: _number(kind, name, value) for name, value in options.items() if value is not None}
    low, high, x = given.get("min", -math.inf), given.get("max", math.inf), _numbers(kind, "values", values)
    p = [1.0 / len(x)] * len(x) if probabilities is None else _numbers(kind, "probabilities", probabilities)
    if len(p) != len(x):
        raise ValueError(f"{kind}: {len(p)} probabilities for {len(x)} values; wanted one for each value")
    if min(p) < 0.0 or abs(math.fsum(p) - 1.0) > 1e-9:
        said = f"probabilities with least {min(p):.12g} and sum {math.fsum(p):.12g}"
        raise ValueError(f"{kind}: {said}; wanted none below 0 and sum 1")
    atoms, place = np.unique(x, return_inverse=True)
    weights = np.bincount(place, p)
    inside = (weights > 0.0) & (atoms >= low) & (atoms <= high)
    kept = float(weights[inside].sum())
    _check_kept(kind, low, high, kept)
    parameters = np.append(atoms[inside], weights[inside] / kept)
    return Marginal(kind, tuple(parameters.tolist()), central=given.get("central"))


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)[0]
    return f"the nearest name is {near!r}, wanted one of {', '.join(known)}"


def _check_names(kind: str, names: Iterable[str]) -> None:
    known = PARAMETERS[kind] + OPTIONS
    for name in names:
        if name not in known and (kind in DISCRETE or level_of(name) is None):
            raise ValueError(f"{kind}: {name!r} is unknown; {_nearest(name, known)}")


def _number(kind: str, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ValueError(f"{kind}: {name} is {value!r}; wanted a finite number")
    return float(value)


def _numbers(kind: str, name: str, values: object) -> list[float]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"{kind}: {name} is {values!r}; wanted a list of numbers")
    given = [_number(kind, f"one of {name}", value) for value in values]
    if not given:
        raise ValueError(f"{kind}: {name} is empty; wanted at least one number")
    return given


def _check_kept(kind: str, low: float, high: float, kept: float) -> None:
    if low >= high:
        raise ValueError(f"{kind}: min {low:.12g} is not below max {high:.12g}; wanted min < max")
    if not kept >= 1e-9:
        cut = f"min {low:.12g} and max {high:.12g} keep {max(kept, 0.0):.2g} of the probability"
        raise ValueError(f"{kind}: {cut}; wanted at least 1e-9")
