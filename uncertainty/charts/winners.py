"""Who wins: the probability of each rank, and of beating each other build."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.error import half_width
from ..report.text import percent
from . import style
from .drawn import Drawn, Floats, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 0.06  # share from which on it is written into its bar
NAMED = 4  # comparisons that are named
TIES = 0.005  # probability from which on ties are told
DIRECTIONS = {"lower": "least is best", "higher": "most is best"}


def _shade(share: float) -> tuple[tuple[float, ...], str]:
    """A colour from little to much, 0 to 1, and that of the text on it."""
    import matplotlib

    back = matplotlib.colormaps[style.SHADES](0.05 + 0.9 * share)[:3]
    return back, style.ink_on(back)


def rank_bars(view: View, axes: Axes) -> None:
    """Rank acceptability: a bar for each build, made of the probability of each rank, the first the darkest."""
    present = view.present
    shares: Floats = view.of("ranking", "rank_acceptability")[present][:, : len(present)]
    left = np.zeros(len(present))
    for r in range(len(present)):
        back, ink = _shade(1 - r / max(len(present) - 1, 1))
        axes.barh(range(len(present)), shares[:, r], left=left, height=0.7, color=back, edgecolor=style.MUTED,
                  linewidth=0.5, label=f"rank {r + 1}")
        for i in np.flatnonzero(shares[:, r] >= ROOM).tolist():
            axes.text(left[i] + shares[i, r] / 2, i, percent(float(shares[i, r]), 0), ha="center", va="center",
                      fontsize=7.5, color=ink)
        left += shares[:, r]
    style.bare(axes, "")
    style.rows(axes, [view.study.builds[b].label for b in present])
    axes.set(xlim=(0, 1), xlabel="probability of the rank, %")
    axes.set_xticks(np.linspace(0, 1, 6), [f"{100 * x:.0f}" for x in np.linspace(0, 1, 6)])
    style.legend(axes, 5 if len(present) < 6 else 4)


def ranks_figure(view: View) -> Drawn | None:
    """Of two builds or more."""
    present = view.present
    if len(present) < 2:
        return None
    first = view.of("ranking", "rank_acceptability")[:, 0]
    order = sorted(present, key=lambda b: -first[b])
    best, rival = (f"{view.study.builds[b].label} ({percent(float(first[b]))})" for b in order[:2])
    se = view.of("ranking", "rank_acceptability_se")[order[:2], 0].sum()
    error = half_width(se, view.results.convergence.replicates)
    lead = (f"{view.study.builds[order[0]].label} is first in all {view.results.samples:,} samples"
            if not first[order[1]] else f"Most probably first is {best}, then {rival}"
            if first[order[0]] - first[order[1]] > error else
            f"Most probably first are {best} and {rival}, which sampling error does not tell apart")
    differs = float(view.of("ranking", "first_differs"))
    end = (f"First place is another than at the central values in {percent(differs)} of the samples."
           if differs else "First place never differs from that at the central values.")
    caption = (f"How probable each rank by {view.title} is ({DIRECTIONS[view.by.better]}), in {view.where}; builds "
               f"that tie share their ranks evenly. {lead}. {end}")
    alt = f"Stacked bars, one a build. {lead}."
    return Drawn("ranks", f"Who wins: {view.title}, {view.where}", alt, caption, partial(rank_bars, view),
                 1.2 + 0.36 * len(present), scenario=view.where, criterion=view.by.name)


def pair_cells(view: View, axes: Axes) -> None:
    """Pairwise winning: the probability that the build of a row is better than that of a column, and of ties."""
    present = view.present
    win, tie = (view.of("ranking", name)[np.ix_(present, present)] for name in ("win", "tie"))
    for (i, j), share in np.ndenumerate(win):
        if i == j:
            continue
        back, ink = _shade(float(share))
        axes.fill([j - 0.48, j + 0.48, j + 0.48, j - 0.48], [i - 0.46, i - 0.46, i + 0.46, i + 0.46], facecolor=back,
                  edgecolor=style.MUTED, linewidth=0.4)
        ties = f"\ntie {percent(float(tie[i, j]), 0)}" if tie[i, j] > TIES else ""
        axes.text(j, i, percent(float(share), 0) + ties, ha="center", va="center", fontsize=8, color=ink)
    style.bare(axes, "")
    names = [view.study.builds[b].label for b in present]
    style.rows(axes, names)
    axes.set_xticks(range(len(present)), names)
    axes.xaxis.tick_top()
    axes.spines["bottom"].set_visible(False)
    axes.set(xlim=(-0.5, len(present) - 0.5), xlabel="P(the build of the row is better than that of the column)")


def pairs_figure(view: View) -> Drawn | None:
    """Of two builds or more."""
    present = view.present
    if len(present) < 2:
        return None
    win = np.nan_to_num(view.of("ranking", "win"))
    tie = np.nan_to_num(view.of("ranking", "tie"))
    pairs = [(i, j) for i in present for j in present if win[i, j] > win[j, i] or (i < j and win[i, j] == win[j, i])]
    i, j = min(pairs, key=lambda pair: win[pair])
    a, b = (view.study.builds[k].label for k in (i, j))
    even = f", and they tie in {percent(float(tie[i, j]))}" if tie[i, j] > TIES else ""
    said = f"{a} beats {b} in {percent(float(win[i, j]))} of the samples{even}"
    sure = [f"{view.study.builds[k].label} over {view.study.builds[m].label}" for k, m in pairs if win[k, m] >= 0.95]
    named = f": {', '.join(sure)}" if len(sure) <= NAMED else ""
    rest = (f" Of {len(pairs)} comparisons {len(sure)} are at least 95 % sure{named}." if sure else
            " No comparison of two builds is 95 % sure.")
    caption = (f"How often one build is better than another by {view.title} ({DIRECTIONS[view.by.better]}), sample by "
               f"sample, in {view.where}. The least decided: {said}.{rest}")
    alt = f"Table of shaded cells. Least decided: {said}."
    return Drawn("pairs", f"Who beats whom: {view.title}, {view.where}", alt, caption, partial(pair_cells, view),
                 1.2 + 0.45 * len(present), scenario=view.where, criterion=view.by.name)
