"""What a run of one study gives: what is reported of it, and what would break it, which is searched for on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module

from .analysis.labels import Group
from .breaking import Break, breaks
from .copula import Copula
from .engine import Part
from .plan import Plan
from .reported import Reported
from .stress import stress


@dataclass(frozen=True, eq=False, repr=False)
class Results(Reported):
    """All that a run of a study gives; estimates `<name>` have their standard error `<name>_se` beside them.

    Attributes
    ----------
    figures : the groups "central" to "tornado" in plain arrays: `figures["bands"]["capex"]`; tables and files are
        made of these
    convergence : how far sampling went
    plan, done : what the figures come from
    """

    plan: Plan
    done: Part

    def _repr_html_(self) -> str:
        """As a notebook shows it; what is made of results is above them, and found where it is asked for."""
        return str(import_module(".notebook", __package__).html(self))

    @cached_property
    def readings(self) -> Group | None:
        """The same as `stress` in plain arrays; made when it is first asked for."""
        return stress(self.plan, self.done) if self.study.inquiry.samples else None

    @cached_property
    def breaks(self) -> tuple[Break, ...]:
        """What would break each claim, and each first place: searched for when it is first asked for."""
        return tuple(breaks(self.plan, self.done))

    def break_of(self, target: str, scenario: str = "") -> Break:
        """What would break a claim, by its id, or first place by a criterion in a scenario.

        Raises
        ------
        KeyError
            where there is no such thing; a claim on a quantile has none.
        """
        found = {(each.target, each.scenario): each for each in self.breaks}
        return found[target, scenario]

    @cached_property
    def copula(self) -> Copula:
        """The dependence of correlated inputs, as asked for and as it could be had."""
        return self.plan.copula
