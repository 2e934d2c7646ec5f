"""Who is most probably first, and whether that lead is open: from shares of first places, build by build."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .error import half_width

CLOSE = 0.5  # a rival this much as probable as the most probable first leaves the lead open
TIED = 0.5  # firsts that tie more often than this lead together
Floats = NDArray[np.float64]


class Lead(NamedTuple):
    """Of every place (...): who leads, and how far.

    Attributes
    ----------
    best : the most probable first
    group : whether a build is it, or mostly ties with it, (..., build)
    probability, probability_se : of one of the group being first
    rival : the most probable first of the others; none where its probability is zero
    rival_probability, rival_probability_se : of it being first
    open : whether the rival is at least `CLOSE` as probable, or as probable but for sampling error; false where nobody
        is ever first
    """

    best: NDArray[np.intp]
    group: NDArray[np.bool_]
    probability: Floats
    probability_se: Floats
    rival: NDArray[np.intp]
    rival_probability: Floats
    rival_probability_se: Floats
    open: NDArray[np.bool_]


def lead(first: Floats, first_se: Floats, tie: Floats, replicates: int) -> Lead:
    """Who leads.

    Parameters
    ----------
    first, first_se
        P(first), ties split evenly, and its standard error (..., build); NaN for builds that are not ranked.
    tie
        P(build as good as other), (..., build, other).
    replicates
        of which the standard errors are.
    """
    share, se = np.nan_to_num(first), np.nan_to_num(first_se)
    best = np.argmax(share, axis=-1)
    tied = np.take_along_axis(np.nan_to_num(tie), best[..., None, None], axis=-2)[..., 0, :]
    group = (np.arange(share.shape[-1]) == best[..., None]) | ((tied > TIED) & (share > 0))
    total, error = ((x * group).sum(axis=-1) for x in (share, se))  # errors of a group at the most
    others = np.where(group, -1.0, share)
    rival = np.argmax(others, axis=-1)
    second = np.maximum(np.take_along_axis(others, rival[..., None], axis=-1)[..., 0], 0.0)
    second_se = np.where(second > 0, np.take_along_axis(se, rival[..., None], axis=-1)[..., 0], 0.0)
    near = (second >= CLOSE * total) | (total - second <= half_width(error + second_se, replicates))
    return Lead(best, group, total, error, rival, second, second_se, near & (second > 0))
