"""Which conclusions hold: each claim's probability, beside its truth at the printed numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.claims import VERDICTS
from ..analysis.error import half_width
from ..report.text import percent
from ..results import Results
from . import style
from .drawn import Drawn, Floats, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SENTENCE = 62  # characters of a claim
TRUTHS = {1.0: ("holds, as printed", style.HIGH, "o"), 0.0: ("fails, as printed", style.LOW, "D"),
          None: ("not printed", style.MUTED, "s")}


def claim_dots(results: Results, axes: Axes) -> None:
    """P(holds) of each claim with its 95 % interval, the most probable first, by its truth at the printed numbers."""
    group, order = results.figures["claims"], _order(results)
    truth, share = group["holds_as_printed"][order], group["probability"][order]
    around = 100 * np.abs(_interval(results)[:, order] - share)
    for value, (words, colour, shape) in TRUTHS.items():
        some = np.flatnonzero(np.isnan(truth) if value is None else truth == value)
        if len(some):
            axes.errorbar(100 * share[some], some, xerr=around[:, some], fmt=shape, color=colour, markersize=4.5,
                          elinewidth=1.2, markerfacecolor=colour if value else "none", label=words)
    style.bare(axes)
    named = zip(group["claim"][order], group["says"][order], strict=True)
    style.rows(axes, [f"{claim}  {style.wrapped(says, SENTENCE, 1)}" for claim, says in named], 7)
    for row, p in enumerate(share.tolist()):
        style.beside(axes, row, percent(p), fontsize=6.5)
    for level in (p for p in VERDICTS.values() if p):
        axes.axvline(100 * level, color=style.MUTED, linewidth=0.9, linestyle=":")
    axes.set(xlim=(-2, 102), xlabel="P(holds), %")
    if not np.isnan(truth).all():
        style.legend(axes, 3, loc="lower right", bbox_to_anchor=(1.0, 1.0))


def _order(results: Results) -> list[int]:
    share = results.figures["claims"]["probability"]
    return sorted(range(len(share)), key=lambda i: -share[i])


def _interval(results: Results) -> Floats:
    """Ends of 95 % intervals, (2, claim); one-sided of what no sample, or every sample, showed."""
    group = results.figures["claims"]
    share, limit = group["probability"], np.nan_to_num(group["upper_limit"])
    wide = np.nan_to_num(half_width(group["probability_se"], results.convergence.replicates))
    ends = share - np.where(share == 1, limit, wide), share + np.where(share == 0, limit, wide)
    return np.clip(np.stack(ends), 0, 1)


def claims_figure(view: View) -> Drawn | None:
    """Of a study that has claims, whatever the scenario and the criterion."""
    results, group = view.results, view.results.figures["claims"]
    count, verdicts = len(group["claim"]), group["verdict"].tolist()
    if not count:
        return None
    told = ", ".join(f"{verdicts.count(w)} {w}" for w in ("holds always", *VERDICTS, "never") if w in verdicts)
    which = f"each of {count} claims" if count > 1 else "the claim"
    levels = ", ".join(f"{100 * p:.0f} %" for p in VERDICTS.values() if p)
    caption = (f"P(holds) of {which} with its 95 % sampling interval, often narrower than the dot. Dotted lines part "
               f"the verdicts at {levels}: {told}.{_against_print(results)}")
    return Drawn("claims", "Which conclusions hold", f"A row of dots, one a claim, from 0 to 100 %. {told}.", caption,
                 partial(claim_dots, results), 1.0 + 0.17 * count)


def _against_print(results: Results) -> str:
    """Claims whose truth at the printed numbers is not what most samples show."""
    group = results.figures["claims"]
    rows = list(zip(group["claim"].tolist(), group["holds_as_printed"], group["probability"], strict=True))
    lost = [claim for claim, truth, p in rows if truth == 1 and p < 0.5]
    found = [claim for claim, truth, p in rows if truth == 0 and p >= 0.5]
    text = f" False as printed, yet mostly true: {', '.join(found)}." if found else ""
    if not (group["holds_as_printed"] == 1).any():
        return text
    return (f" True at the printed numbers, yet false in most samples: {', '.join(lost)}." if lost else
            " None that is true at the printed numbers is false in most samples.") + text
