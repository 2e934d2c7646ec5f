"""The option map of a sweep in figures: who is most probably best at every point, and where that is open."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..analysis.error import half_width
from ..report.option_map import OPEN, joined, labels, lead_words, short_share
from ..report.text import certain
from ..report.words import axis_words, label_words, measure_words
from ..resolve import Criterion
from ..sweep import Sweep
from . import style
from .drawn import Drawn, Floats
from .panels import Panels, Place, legend, over, point_words, where
from .sweep_lines import lines, places
from .winners import DIRECTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGNS = "●■▲◆▼✚✖★"  # of builds, where there is no room for names
CELLS, LETTER, LINE, TALLEST = 6.0, 0.066, 0.135, 9.0  # inches: of all cells, a character, a line, and of all rows
LINES = 4  # of text in a cell, at the most
MARK = "? open: another at least half as probable"
MEANING = " Open (?): another is at least half as probable, or as probable but for sampling error."
TIED = "all tie"  # three builds or more: all that are ranked


class Map(NamedTuple):
    """A criterion in a scenario, by their places in the study, at all points."""

    sweep: Sweep
    scenario: int
    criterion: int

    @property
    def by(self) -> Criterion:
        """The criterion."""
        return self.sweep.study.criteria[self.criterion]

    @property
    def title(self) -> str:
        """The criterion in words."""
        return measure_words(self.sweep.study, self.by.output, self.by.precision)

    def of(self, name: str, group: str = "option_map") -> NDArray[Any]:
        """An array over (points..., criterion, scenario, ...) here."""
        at: Any = (*(slice(None) for _ in self.sweep.study.sweep), self.criterion, self.scenario)
        found: NDArray[Any] = self.sweep.figures[group][name][at]
        return found

    @property
    def first(self) -> Floats:
        """P(first) of each build (points..., build); missing where one is not ranked."""
        return self.of("rank_acceptability", "ranking")[..., 0]

    def best(self, at: Place) -> list[int]:
        """The builds that are most probably best at a point, several where they tie; none where nobody ever is."""
        keys = [build.key for build in self.sweep.study.builds]
        return [keys.index(key) for key in str(self.of("best")[at]).split(" = ")] if self.of("probability")[at] else []

    def names(self, at: Place) -> str:
        """The same in words, joined by = where they tie."""
        best = self.best(at)
        if len(best) > 2 and len(best) == np.count_nonzero(~np.isnan(self.first[at])):
            return TIED
        return joined(str(self.of("best")[at]), labels(self.sweep)) if best else ""


def maps(sweep: Sweep, criteria: Iterable[int] | None = None) -> list[Drawn]:
    """The option map by some criteria, or all listed ones, in every scenario; nothing of one build or of constants."""
    criteria = range(sweep.study.listed) if criteria is None else criteria
    found = [] if certain(sweep) else [Map(sweep, s, c) for c in criteria for s in range(len(sweep.study.scenarios))]
    return [_line_figure(each) if len(sweep.study.sweep) == 1 else _map_figure(each) for each in found
            if (~np.isnan(each.first)).sum(axis=-1).max() > 1]


# --- over two quantities or more --------------------------------------------------------------------------------------


def shade(builds: list[int], share: float) -> tuple[float, float, float]:
    """The colour of a build, or grey of several that tie; the paler the less probable."""
    from matplotlib.colors import to_rgb

    full = to_rgb(style.colour(builds[0]) if len(builds) == 1 else style.MUTED)
    much = 0.15 + 0.85 * share**2  # squared, so that 80 and 100 % are told apart
    red, green, blue = (1 - much * (1 - part) for part in full)
    return red, green, blue


class Room(NamedTuple):
    """How cells are written: the panels, the characters and the lines of a cell, and whether names fit into all."""

    panels: Panels
    width: int
    lines: int
    named: bool


def _room(found: Map) -> Room:
    """Names where they fit into all cells, or else signs."""
    down, across = (len(axis.labels) for axis in found.sweep.study.sweep[-2:])
    panels = Panels(found.sweep, 2, max(1, min(3, 12 // across)))
    rows, columns = panels.grid
    width = max(1, int(CELLS / columns / across / LETTER))
    each = [textwrap.wrap(found.names(at), width, break_long_words=False)
            for at in np.ndindex(*found.first.shape[:-1])]
    count = 1 + max(map(len, each))
    named = (count <= LINES and count * LINE * down * rows <= TALLEST
             and all(len(part) <= width for parts in each for part in parts))
    return Room(panels, width, count if named else 2 if width > 4 else 1, named)


def map_cells(found: Map, axes: Any) -> None:
    """Cells with who is best and how probably; a panel for each value of the other quantities."""
    room, study = _room(found), found.sweep.study
    down, across = study.sweep[-2:]
    heads = [label_words(across, x) for x in across.labels]
    slant: dict[str, Any] = {"rotation": 35, "ha": "right"} if max(map(len, heads)) > room.width else {}
    here: set[int] = set()
    for panel, at, first, last in room.panels.on(axes):
        for i, j in np.ndindex(len(down.labels), len(heads)):
            here.update(_cell(found, panel, (*at, i, j), room))
        style.bare(panel, "")
        panel.spines["bottom"].set_visible(False)
        style.rows(panel, [style.wrapped(label_words(down, x), 14, 3) if first else "" for x in down.labels])
        panel.set_xticks(range(len(heads)), heads, **slant)
        panel.set(xlim=(-0.5, len(heads) - 0.5), ylim=(len(down.labels) - 0.5, -0.5))
        panel.set_ylabel(axis_words(study, down) if first else "")
        panel.set_xlabel(axis_words(study, across) if last else "")
    legend(panel, _keys(found, sorted(here), room.named))


def _cell(found: Map, panel: Axes, at: Place, room: Room) -> list[int]:
    """Draw a cell; who is best there."""
    (i, j), builds = at[-2:], found.best(at)
    if not builds:
        panel.text(j, i, "–", ha="center", va="center", fontsize=7.5, color=style.INK)
        return builds
    share, is_open = float(found.of("probability")[at]), bool(found.of("open")[at])
    back = shade(builds, share)
    ink = style.ink_on(back)
    like: dict[str, Any] = {"facecolor": back, "edgecolor": style.MUTED, "linewidth": 0.4}
    x, y = [j - 0.485, j + 0.485, j + 0.485, j - 0.485], [i - 0.47, i - 0.47, i + 0.47, i + 0.47]
    panel.fill(x, y, **like)
    if is_open:
        panel.fill(x, y, facecolor="none", edgecolor=[0.5 * (part + (ink == "#ffffff")) for part in back],
                   hatch="////", linewidth=0)
    for k, b in enumerate(builds if len(builds) > 1 else []):  # of ties a strip in the colours of all
        left, right = (j - 0.485 + 0.97 * m / len(builds) for m in (k, k + 1))
        panel.fill([left, right, right, left], [i + 0.38, i + 0.38, i + 0.47, i + 0.47], facecolor=style.colour(b))
    box = {"facecolor": back, "edgecolor": "none", "pad": 0.8} if is_open else None  # no hatching behind letters
    panel.text(j, i, _written(found, at, room), ha="center", va="center", fontsize=7.5, color=ink, linespacing=1.1,
               bbox=box)
    return builds


def _written(found: Map, at: Place, room: Room) -> str:
    """Who is best and how probably, as far as there is room."""
    mark = OPEN if found.of("open")[at] else ""
    share = short_share(float(found.of("probability")[at]))
    if room.named:
        return f"{textwrap.fill(found.names(at), room.width, break_long_words=False)}\n{share}{mark}"
    signs = "=".join(_sign(b) for b in found.best(at))
    signs = signs if len(signs) + len(mark) <= room.width else "="
    return f"{signs}{mark}\n{share}" if room.lines > 1 else f"{signs}{mark.strip()}"


def _sign(build: int) -> str:
    return SIGNS[build % len(SIGNS)]


def _keys(found: Map, builds: list[int], named: bool) -> list[Any]:
    """What colours and signs are, and pale, grey and hatched cells where there are such."""
    from matplotlib.patches import Patch

    called = [build.label if named else f"{_sign(b)} {build.label}" for b, build in enumerate(found.sweep.study.builds)]
    keys = [Patch(facecolor=style.colour(b), label=called[b]) for b in builds]
    if any(" = " in best for best in found.of("best").flat):
        keys.append(Patch(facecolor=style.MUTED, label="tie for first"))
    keys.append(Patch(facecolor=shade([], 0.3), label="paler: less sure"))
    if found.of("open").any():
        keys.append(Patch(facecolor="none", edgecolor=style.MUTED, hatch="////", label=MARK))
    return keys


def _map_figure(found: Map) -> Drawn:
    sweep, room = found.sweep, _room(found)
    said = _said(found)
    caption = (f"Who is most probably best by {found.title} ({DIRECTIONS[found.by.better]}), and how probably, over "
               f"{over(sweep, sweep.study.sweep)}{where(sweep, found.scenario, ', in ')}.{room.panels.words} {said}"
               f"{MEANING if found.of('open').any() else ''}")
    height = 1.1 + room.panels.grid[0] * (0.3 + len(sweep.study.sweep[-2].labels) * (0.12 + LINE * room.lines))
    return Drawn("option-map", f"Who is best where: {found.title}{where(sweep, found.scenario)}",
                 f"Map of coloured cells. {said}", caption, partial(map_cells, found), height, room.panels.grid,
                 sweep.study.scenarios[found.scenario], found.by.name)


def _said(found: Map) -> str:
    """Who is best at how many points, at how many the lead is open, and where it is closest."""
    every = [at for at in np.ndindex(*found.first.shape[:-1]) if found.best(at)]
    if not every:
        return "Nobody is best anywhere."
    names = Counter(found.names(at) for at in every)
    ties = names.pop(TIED, 0)
    told = [f"{name} at {n}" for name, n in names.most_common()] + [f"a tie of all at {ties}"] * bool(ties)
    share, rival = found.of("probability"), found.of("rival_probability")
    least = min(every, key=lambda at: share[at] - rival[at])
    count = int(found.of("open").sum())
    (first, *rest), of = told, f"all {len(every)}" if len(every) > 1 else "the only"
    led = (f"{first} of {len(every)} points, {', '.join(rest)}" if rest else
           f"{first.rpartition(' ')[0]} {of} point{'s' * (len(every) > 1)}")
    close = f", closest at {point_words(found.sweep, least)}: {_against(found, least)}" if rival[least] else ""
    is_open = f"open at {count}" if len(every) > 1 and count else "open" if count else "nowhere open"
    return f"Most probably best: {led}. The lead is {is_open}{close if len(every) > 1 else ''}."


def _against(found: Map, at: Place) -> str:
    """Who is most probably best at a point, and the rival: `A6000 41 % against DGX Spark 39 %`."""
    names = ("best", "probability", "rival", "rival_probability")
    return " against ".join(lead_words(found.sweep, {name: found.of(name) for name in names}, at))


# --- over one quantity ------------------------------------------------------------------------------------------------


def first_lines(found: Map, axes: Axes) -> None:
    """P(first) of each build at each value, with its 95 % error, and a mark where the lead is open."""
    from matplotlib.lines import Line2D

    wide = half_width(found.of("rank_acceptability_se", "ranking")[..., 0], found.sweep.convergence.replicates)
    ends = np.clip([found.first - wide, found.first + wide], 0, 1)
    lines(axes, found.sweep, 100 * found.first, 100 * ends, 0.0)
    is_open = found.of("open") > 0
    for x in places(found.sweep.study.sweep[0])[0][is_open]:
        axes.text(x, 104, "?", ha="center", va="bottom", fontsize=11, fontweight="bold", color=style.INK)
    axes.set(ylim=(-3, 116 if is_open.any() else 103), ylabel="P(best), %")
    axes.set_yticks(range(0, 101, 20))
    mark = [Line2D([], [], linestyle="none", label=MARK)] if is_open.any() else []
    legend(axes, [*axes.get_legend_handles_labels()[0], *mark])


def _line_figure(found: Map) -> Drawn:
    sweep, said = found.sweep, _said(found)
    caption = (f"How probably each build is best by {found.title} ({DIRECTIONS[found.by.better]}) over "
               f"{over(sweep, sweep.study.sweep)}{where(sweep, found.scenario, ', in ')}; upright lines are sampling "
               f"errors, 95 %. {said}{MEANING if found.of('open').any() else ''}")
    return Drawn("option-map", f"Who is best where: {found.title}{where(sweep, found.scenario)}",
                 f"Lines, one a build. {said}", caption, partial(first_lines, found), 3.2,
                 scenario=sweep.study.scenarios[found.scenario], criterion=found.by.name)
