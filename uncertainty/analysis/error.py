"""How far a figure can be trusted: its standard error, from independent replicates and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A statistic and its standard error (what more samples would shrink), of one shape."""

    value: Any
    se: Any


def combine(statistics: Any) -> Estimate:
    """Mean over replicates, and its standard error.

    Parameters
    ----------
    statistics : array, shape (replicate, ...)
        the same statistic of each replicate; the replicates are independent.

    Returns
    -------
    Estimate
        of shape (...); the error is missing (NaN) with fewer than two replicates and exactly 0 where all agree.
    """
    x = np.asarray(statistics, np.float64)
    offset = x - x[0]  # so that replicates that agree have an error of exactly zero
    value = x[0] + offset.mean(axis=0)
    if len(x) < 2:
        return Estimate(value, np.full_like(value, np.nan))
    return Estimate(value, offset.std(axis=0, ddof=1) / np.sqrt(len(x)))


def counted(means: Any, samples: Any, sure: Any = None) -> Estimate:
    """Mean over replicates of shares, or of means of whole numbers, and its standard error.

    What hangs on one input has its jumps between the same two points of every replicate, or nearly, so that replicates
    may agree on a share that is off by up to one sample. The error is that of two more samples, among all, that are not
    as the rest (Agresti and Coull 1998, Am. Stat. 52, 119): at 95 % some 3 of all samples where replicates agree, as
    `upper_limit` has it, and next to nothing beside the error of a figure on which they do not.

    Parameters
    ----------
    means : array, shape (replicate, ...)
        the same mean of each replicate, of `samples` samples; the replicates are independent.
    samples
        of a replicate, (...); infinitely many of what does not vary.
    sure
        where all samples are the same, (...): that has the error that `combine` gives. If not given, where the mean is
        a whole number, as of a share of 0 or 1.

    Returns
    -------
    Estimate
        of shape (...).
    """
    found = combine(means)
    unseen = np.sqrt(2) / (np.asarray(samples, float) * len(np.asarray(means)))
    sure = found.value == np.rint(found.value) if sure is None else sure
    return found._replace(se=np.where(sure, found.se, np.hypot(found.se, unseen)))


def ratio(numerators: Any, denominators: Any) -> Estimate:
    """Ratio of two means over replicates, and its standard error by linearisation.

    The error is that of the mean of numerator - ratio * denominator, divided by the mean denominator (Cochran 1977,
    Sampling Techniques, 3rd ed., chapter 6). The mean of the replicates' own ratios would be more biased, and is not
    there where a denominator is zero.

    Parameters
    ----------
    numerators, denominators : arrays, shapes (replicate, ...) that broadcast
        the two statistics of each replicate; the replicates are independent.

    Returns
    -------
    Estimate
        of shape (...); both missing (NaN) where the mean denominator is zero, the error with fewer than two replicates.
    """
    above, below = np.broadcast_arrays(np.asarray(numerators, np.float64), np.asarray(denominators, np.float64))
    mean = combine(below).value
    mean = np.where(mean == 0, np.nan, mean)
    value = combine(above).value / mean
    return Estimate(value, combine(above - value * below).se / np.abs(mean))


def half_width(se: Any, replicates: int, level: float = 0.95) -> Any:
    """Half the width of the confidence interval of a mean of replicates: Student's t, replicates - 1 degrees."""
    return np.asarray(se) * stdtrit(replicates - 1, 0.5 + level / 2)


def trusted(found: Estimate, largest: Any, total: Any, count: int) -> Estimate:
    """With an infinite error where one of `count` samples holds over a tenth of all squared deviations.

    So it is where a variance is infinite itself, or an event came too seldom; of few samples one may well hold that.
    """
    heavy = (largest > 0.1 * np.asarray(total)) & (count >= 100) & ~np.isnan(found.se)
    return found._replace(se=np.where(heavy, np.inf, found.se))


def not_above(found: Estimate, chance: Estimate, replicates: int) -> Any:
    """1 where a 95 % interval is not wholly above that of what chance gives, else 0; missing (NaN) where either is."""
    lower = found.value - half_width(found.se, replicates)
    upper = chance.value + half_width(chance.se, replicates)
    return np.where(np.isnan(lower) | np.isnan(upper), np.nan, lower <= upper)


def share(numerators: Any, denominators: Any) -> Estimate:
    """A `ratio` to what is not negative, missing where that is not told from zero: its 95 % interval reaches it."""
    found, whole = ratio(numerators, denominators), combine(denominators)
    unknown = whole.value <= np.nan_to_num(half_width(whole.se, len(np.asarray(denominators))))
    return Estimate(*(np.where(unknown, np.nan, x) for x in found))


def woodruff(at: Callable[[Any], Any], value: Any, share_se: Any, level: float, replicates: int,
             samples: int) -> Estimate:
    """Standard error of a quantile from that of the probability below it (Woodruff 1952, J. Am. Stat. Assoc. 47, 635).

    The interval that the error of the probability, at least half a sample of each replicate's, makes of quantiles is,
    on its wider side, Student's t times the error that is given.

    Parameters
    ----------
    at
        quantiles (...) at levels (...).
    value, share_se
        the quantile at `level`, and the standard error of the probability of at most that, (...).
    """
    if replicates < 2:
        return Estimate(value, np.full_like(value, np.nan))
    times = half_width(1.0, replicates)
    wide = times * np.maximum(share_se, 0.5 / samples / np.sqrt(replicates))
    return Estimate(value, np.maximum(at(level + wide) - value, value - at(level - wide)) / times)


def upper_limit(samples: int, level: float = 0.95) -> float:
    """Upper confidence limit of a probability that none of `samples` showed: 1 - (1 - level)**(1 / samples).

    The binomial limit of independent samples (Clopper and Pearson 1934); 3 / samples at 95 %.
    """
    return float(-np.expm1(np.log1p(-level) / samples))
