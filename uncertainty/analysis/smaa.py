"""Which weighting of the criteria favours which option: SMAA-2, stochastic multicriteria acceptability analysis.

Lahdelma and Salminen (2001), Operations Research 49, 444; the algorithms are those of Tervonen and Lahdelma (2007),
Eur. J. Oper. Res. 178, 500. Nothing is known of the weights; every sample has weights of its own. Everything here is
of one replicate: shares are combined over replicates by `error.combine`, and central weights, the ratio of the means of
`favouring` and of first ranks, by `error.ratio`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .ranking import BETTER, TIE, Order, order, oriented, rank_shares

Floats = NDArray[np.float64]


class Acceptability(NamedTuple):
    """How an option fares over all weights, as means over samples; an option first in a tie has its part of it.

    ranks : (option, rank), rank acceptability indices, rows and columns of which sum to one
    favouring : (option, criterion), weights times the option's part of the first rank
    """

    ranks: Floats
    favouring: Floats


def weights(u: Floats) -> Floats:
    """Weights that are evenly spread over all there are: nonnegative, and one in sum.

    Of what is left each criterion takes 1 - u**(1 / criteria after it), the last one the rest. This is one to one and
    smooth, so that quasi-random points keep their evenness (the "root" transformation of Pillards and Cools 2005, J.
    Comput. Appl. Math. 174, 29). Gaps of sorted numbers fold the cube (criteria - 1)! times, and exponentials take a
    dimension more. Of 3 to 6 criteria, with 1,024 and 4,096 Sobol' points, both gave larger errors: of the mean
    weights up to 16 and 13 times, of first rank acceptabilities 1.1 to 1.8 times.

    Parameters
    ----------
    u : array, shape (criterion - 1, sample)
        points of the open unit cube.

    Returns
    -------
    array, shape (criterion, sample) [1]

    Raises
    ------
    ValueError
        where `u` is no array of points of the open unit cube.
    """
    if np.ndim(u) != 2 or not np.all((u > 0) & (u < 1)):
        raise ValueError("u is wanted as an array (criterion - 1, sample) of numbers between 0 and 1, both excluded")
    after = len(u)
    left = np.cumprod([np.ones(u.shape[1]), *(row ** (1 / (after - i)) for i, row in enumerate(u))], axis=0)
    return left - np.append(left[1:], np.zeros((1, u.shape[1])), axis=0)


def utilities(values: Floats, better: Sequence[str], scale: tuple[ArrayLike, ArrayLike] | None = None) -> Floats:
    """Partial utilities, linear from 0 at the worst to 1 at the best.

    By default the worst and the best are those of the options there, in each sample. A weight is then what the whole
    difference among the options is worth, whatever the unit, and no range need be made up; but an option that is
    added or left out may stretch it and so reorder the others. With a fixed `scale` it cannot, a weight is the worth
    of that range, and values beyond it have utilities below 0 or above 1: clipped, they would tie.

    Parameters
    ----------
    values : array, shape (criterion, option, sample)
        in the unit of each criterion; an undefined value (NaN) has an undefined utility, which ranks last.
    better
        "lower" or "higher" for each criterion.
    scale
        lowest and highest value, for each criterion or for all.

    Returns
    -------
    array, shape (criterion, option, sample) [1]
        by default 1 where all options are equal but for rounding dust: each is as good as the best.

    Raises
    ------
    ValueError
        where an argument is of another shape, `better` another word, a value infinite, or a scale has no width.
    """
    if np.ndim(values) != 3 or len(better) != len(values):
        raise ValueError(f"values have the shape {np.shape(values)} and better has {len(better)} words; wanted are "
                         "(criterion, option, sample) and a word for each criterion")
    unknown = [word for word in better if word not in BETTER]
    if unknown:
        raise ValueError(f"better is {unknown[0]!r}; wanted 'lower' or 'higher'")
    if np.isinf(values).any():
        raise ValueError(f"{np.isinf(values).sum()} of {values.size} values are infinite; wanted finite ones, or NaN")
    low, high = _among(values) if scale is None else _fixed(scale, len(values))
    rising = np.array([word == "higher" for word in better])[:, None, None]
    span = high - low
    equal = span <= TIE / 2 * (np.abs(low) + np.abs(high))
    found = np.where(rising, values - low, high - values) / np.where(equal, 1.0, span)
    return np.where(equal & (values == values), 1.0, found)


def _among(values: Floats) -> tuple[Floats, Floats]:
    # fmin and fmax leave out what is undefined
    return np.fmin.reduce(values, axis=1, keepdims=True), np.fmax.reduce(values, axis=1, keepdims=True)


def _fixed(scale: tuple[ArrayLike, ArrayLike], criteria: int) -> tuple[Floats, Floats]:
    low, high = (np.broadcast_to(np.asarray(end, np.float64), criteria)[:, None, None] for end in scale)
    wide = np.isfinite(low) & np.isfinite(high) & (high - low > TIE / 2 * (np.abs(low) + np.abs(high)))
    if not wide.all():
        at = int(np.argmin(wide))
        raise ValueError(f"the scale of criterion {at} is {low.flat[at]} to {high.flat[at]}; wanted low < high")
    return low, high


def _compared(utility: Floats, weight: Floats) -> Order:
    overall = np.einsum("cos,cs->os", utility, weight)
    return order(oriented(2 - overall, "lower"))  # far from 0, so that rounding dust is small beside any


def _first(found: Order) -> Floats:
    """Each option's part of the first rank, (option, sample)."""
    return np.where(found.ahead == 0, 1 / (found.tied + 1.0), 0.0)


def _check(utility: Floats, weight: Floats) -> None:
    if np.ndim(utility) != 3 or np.shape(weight) != (len(utility), utility.shape[-1]):
        raise ValueError(f"utilities have the shape {np.shape(utility)} and weights {np.shape(weight)}; wanted are "
                         "(criterion, option, sample) and (criterion, sample)")


def acceptability(utility: Floats, weight: Floats) -> Acceptability:
    """Rank acceptability indices, and what central weights are made of; a tie splits its ranks evenly.

    Parameters
    ----------
    utility : array, shape (criterion, option, sample)
        what `utilities` gives.
    weight : array, shape (criterion, sample)
        what `weights` gives.

    Returns
    -------
    Acceptability
        Tervonen and Lahdelma (2007), algorithm 1.

    Raises
    ------
    ValueError
        where the shapes do not agree.
    """
    _check(utility, weight)
    found = _compared(utility, weight)
    return Acceptability(rank_shares(found), _first(found) @ weight.T / weight.shape[-1])


def confidence(utility: Floats, central: Floats) -> Floats:
    """Confidence factors: probability that an option is first with its own central weights, (option,) [1].

    Low where the values are too uncertain to tell the option from others, even to one whose weights favour it.

    Parameters
    ----------
    utility : array, shape (criterion, option, sample)
        what `utilities` gives.
    central : array, shape (option, criterion)
        central weights, those of all replicates; what error they have is not in that of the confidence factor.

    Returns
    -------
    array, shape (option,)
        NaN where an option has no central weights. Tervonen and Lahdelma (2007), algorithm 2.

    Raises
    ------
    ValueError
        where the shapes do not agree.
    """
    if np.ndim(utility) != 3 or np.shape(central) != utility.shape[1::-1]:
        raise ValueError(f"utilities have the shape {np.shape(utility)} and central weights {np.shape(central)}; "
                         "wanted are (criterion, option, sample) and (option, criterion)")
    found = np.full(len(central), np.nan)
    for option in np.flatnonzero(~np.isnan(central).any(axis=1)):
        weight = np.broadcast_to(central[option, :, None], (len(utility), utility.shape[-1]))
        found[option] = _first(_compared(utility, weight))[option].mean()
    return found
