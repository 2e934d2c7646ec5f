"""What is reported of a study: labelled statistics with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from .analysis.labels import Group
from .breaking import Break
from .copula import Copula, copula
from .study import Study

if TYPE_CHECKING:
    import xarray as xr


class Convergence(NamedTuple):
    """How far sampling went, and how far it was to go.

    `capex` is the largest relative standard error of a 5, 50 or 95 % quantile of CapEx, `rank` the largest absolute
    one of a rank share.
    """

    replicates: int
    capex: float
    rank: float
    tolerance: float | None

    @property
    def reached(self) -> bool:
        """Whether the tolerance, if one was asked for, is met."""
        return self.tolerance is None or max(self.capex, self.rank) <= self.tolerance


@dataclass(frozen=True, eq=False, repr=False)
class Reported:
    """What is reported of a study; estimates `<name>` have their standard error `<name>_se` beside them.

    Attributes
    ----------
    figures : the groups below, "central" to "stress", in plain arrays: `figures["bands"]["capex"]`; tables and
        files are made of these
    convergence : how far sampling went
    """

    study: Study
    figures: dict[str, Group]
    convergence: Convergence

    def __repr__(self) -> str:
        """What was run, without the figures."""
        study = self.study
        return (f"{type(self).__name__}(study={study.name!r}, builds={len(study.builds)}, "
                f"scenarios={len(study.scenarios)}, samples={self.samples})")

    @cached_property
    def central(self) -> xr.Dataset:
        """Outputs at the central values (scenario, build[, precision])."""
        return self.figures["central"].dataset()

    @cached_property
    def bands(self) -> xr.Dataset:
        """Quantiles of the outputs (quantile, scenario, build[, precision])."""
        return self.figures["bands"].dataset()

    @cached_property
    def means(self) -> xr.Dataset:
        """Means of the outputs (scenario, build[, precision])."""
        return self.figures["means"].dataset()

    @cached_property
    def counts(self) -> xr.Dataset:
        """Of each whole-number output: `<name>_probability` (number, scenario, build), `_enough` and `_shortfall`.

        `<name>_enough` is the smallest number with at most 5 % probability of a shortfall, `<name>_shortfall` that
        probability, both (scenario, build).
        """
        return self.figures["counts"].dataset()

    @cached_property
    def ranking(self) -> xr.Dataset:
        """Who wins, by criterion (criterion, scenario, ...).

        rank_acceptability, win, tie, expected_rank, expected_regret, order_differs, first_differs, kendall_tau and
        tau_probability.
        """
        return self.figures["ranking"].dataset()

    @cached_property
    def claims(self) -> xr.Dataset:
        """Which claims hold: at the central values, how probably, and by scenario (claim[, scenario]).

        holds_as_printed (by the document's own numbers), holds_centrally, probability, scenario_probability (of claims
        that name no scenario), upper_limit (of what no sample showed), must_hold; the sentence, its place and its
        verdict are coordinates.
        """
        return self.figures["claims"].dataset()

    @cached_property
    def picks(self) -> xr.Dataset:
        """What is best for each workload and priority (pick, scenario, build), and what a wrong choice costs.

        best, picked (by the document) and regret_if_wrong (pick, criterion, scenario, build).
        """
        return self.figures["picks"].dataset()

    @cached_property
    def ratings(self) -> xr.Dataset:
        """Stars by metric and build, and the ranks that the numbers give (metric, scenario, build).

        stars, expected_rank, and width where the metric is told by it.
        """
        return self.figures["ratings"].dataset()

    @cached_property
    def preference(self) -> xr.Dataset | None:
        """Overall preference whatever the metrics' weights (scenario, build, ...); None where nothing is rated.

        rank_acceptability, central_weight and confidence: SMAA-2.
        """
        return self._dataset("preference")

    @cached_property
    def first_order(self) -> xr.Dataset | None:
        """First-order Sobol' indices (input, ...) of capex, battery_count, throughput_per_dollar, regret and the like.

        Of groups closed indices; correlated inputs have none by themselves. The last input, "dummy", does nothing: its
        index is chance. A constant has no indices. As the following, None where the study does not ask for it.
        """
        return self._dataset("first_order")

    @cached_property
    def total_order(self) -> xr.Dataset | None:
        """Total-order Sobol' indices of the same (input, ...), and `<name>_noise`: 1 where one is not above zero."""
        return self._dataset("total_order")

    @cached_property
    def shapley(self) -> xr.Dataset | None:
        """Shapley effects of the same (input, ...), which sum to 1 whether or not inputs are correlated."""
        return self._dataset("shapley")

    @cached_property
    def shared(self) -> xr.Dataset | None:
        """What builds have in common (criterion, scenario, ...): cancels, cancels_between and regret_share."""
        return self._dataset("shared")

    @cached_property
    def information(self) -> xr.Dataset | None:
        """What it is worth to know, in the criterion's unit: evpi, evppi (input, ...), evsi (measurement, ...).

        Also evppi_share, of what the best build gives, and net_value of measurements in dollars.
        """
        return self._dataset("information")

    @cached_property
    def influence(self) -> xr.Dataset | None:
        """What to look up first (input): evppi_share, regret_share and the grade of the evidence."""
        return self._dataset("influence")

    @cached_property
    def tornado(self) -> xr.Dataset | None:
        """What outputs do as one input goes from low to high (input, scenario, build[, precision]).

        `<name>_low` and `_high` at its 5 and 95 % quantile, all others central; `<name>_lower_tenth` and
        `_upper_tenth`, means where it is in its outer tenths.
        """
        return self._dataset("tornado")

    @cached_property
    def stress(self) -> xr.Dataset | None:
        """Which verdicts and first places change where inputs are read otherwise (variant, ...).

        probability, difference and changed (variant, claim), first and first_changed (variant, criterion, scenario,
        ...). None where the study asks for no sensitivity, or no reading changes anything.
        """
        return self.readings.dataset() if self.readings else None

    def _dataset(self, name: str) -> xr.Dataset | None:
        return self.figures[name].dataset() if name in self.figures else None

    @cached_property
    def readings(self) -> Group | None:
        """The same as `stress` in plain arrays."""
        return self.figures.get("stress")

    @cached_property
    def breaks(self) -> tuple[Break, ...]:
        """What would break each claim, and each first place, if that is searched for."""
        return ()

    @cached_property
    def copula(self) -> Copula:
        """The dependence of correlated inputs, as asked for and as it could be had."""
        correlation = self.study.correlation
        return copula([s.name for s in self.study.streams() if any(s.name in pair for pair in correlation)],
                      correlation)

    @property
    def samples(self) -> int:
        """Samples in all."""
        return self.study.sampling.samples * self.convergence.replicates
