"""All figures of a run, a sweep and a comparison, as their pages have them."""

from __future__ import annotations

from ..comparing import Comparison
from ..report.text import certain, leading
from ..results import Results
from ..sweep import Sweep
from .attribution import attribution_figure
from .bands import bands_figure
from .claims import claims_figure
from .drawn import Drawn, View
from .driving import sobol_figure, tornado_figure, worth_figure
from .dumbbells import claims_figure as moved_claims
from .dumbbells import criteria as moved_criteria
from .dumbbells import first_figure
from .flips import first_place_figures, likely_flips
from .moved import bands_figure as moved_bands
from .option_map import maps
from .risks import counts_figure, exceedance_figure
from .scatter import scatter_figure
from .sweep_lines import widths
from .trust import convergence_figure
from .winners import pairs_figure, ranks_figure


def figures(results: Results | Sweep, scenario: str, criterion: str) -> list[Drawn]:
    """The figures of a run or a sweep, by one criterion in one scenario, in the order in which they are read.

    Those that hang on the scenario or the criterion alone, or on neither, say so by theirs being "". What there are no
    numbers for is left out: of constants everything, of one build its ranks, and so on. Nothing is drawn yet.

    Raises
    ------
    ValueError
        where the study has no such scenario or criterion, by its name in `results.ranking`.
    """
    study = results.study
    names = [c.name for c in study.criteria]
    for name, known in ((scenario, study.scenarios), (criterion, names)):
        if name not in known:
            raise ValueError(f"{study.name} has no {name!r}; wanted one of {', '.join(known)}")
    if certain(results):
        return []
    if isinstance(results, Sweep):
        found = [*maps(results, [names.index(criterion)]), *widths(results)]
        return [each for each in found if each.scenario == scenario]
    view = View(results, study.scenarios.index(scenario), names.index(criterion))
    if not view.present:
        return []
    every = [bands_figure(results, view.by.output, view.by.precision), exceedance_figure(view), counts_figure(view),
             claims_figure(view), ranks_figure(view), pairs_figure(view), *first_place_figures(view),
             scatter_figure(view), tornado_figure(view), sobol_figure(view), worth_figure(view),
             convergence_figure(view)]
    return [each for each in every if each]


MORE = 3  # criteria beside the first of which a page has some figures, each of another output
FLIPS = 3  # claims of which it has the nearest flip
SOME = ("bands", "ranks", "tornado", "worth")  # figures that it has of these


def chosen(results: Results) -> list[Drawn]:
    """The figures of a page, each once: all of the first criterion, some of a few others, in every scenario.

    And what would flip the claims that are flipped most probably.

    Any other is to be had by `figures`; to draw all of them would take longer than a run.
    """
    criteria = results.study.criteria
    by = [criteria[i].name for i in leading(results.study, 1 + MORE)]
    found = {each.name: each for c in by for scenario in results.study.scenarios
             for each in figures(results, scenario, c) if c == by[0] or each.key in SOME}
    return [*found.values(), *likely_flips(results, FLIPS)]


def swept(sweep: Sweep) -> list[Drawn]:
    """The figures of a sweep's page: maps by the first criterion and a few of other outputs, and how wide."""
    return [*maps(sweep, leading(sweep.study, 1 + MORE)), *widths(sweep)]


def compared(comparison: Comparison) -> list[Drawn]:
    """Figures of what moved beyond sampling error, in the order in which they are read; nothing is drawn yet.

    Those of all scenarios or of all criteria have "" for it. None where nothing moved, or nothing is in both.
    """
    if comparison.same:
        return []
    scenarios = comparison.common("scenarios")
    found = [*(moved_bands(comparison, s) for s in scenarios), *(attribution_figure(comparison, s) for s in scenarios),
             *(first_figure(comparison, c, s) for c in moved_criteria(comparison) for s in scenarios),
             moved_claims(comparison)]
    return [each for each in found if each]
