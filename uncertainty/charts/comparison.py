"""All figures of two results side by side, as a page has them."""

from __future__ import annotations

from ..comparing import Comparison
from .attribution import attribution_figure
from .drawn import Drawn
from .dumbbells import claims_figure, criteria, first_figure
from .moved import bands_figure, both


def compared(comparison: Comparison) -> list[Drawn]:
    """Figures of what moved beyond sampling error, in the order in which they are read; nothing is drawn yet.

    Those of all scenarios or of all criteria have "" for it. None where nothing moved, or nothing is in both.
    """
    if comparison.same:
        return []
    scenarios = both(comparison, "scenarios")
    found = [*(bands_figure(comparison, s) for s in scenarios), *(attribution_figure(comparison, s) for s in scenarios),
             *(first_figure(comparison, c, s) for c in criteria(comparison) for s in scenarios),
             claims_figure(comparison)]
    return [each for each in found if each]
