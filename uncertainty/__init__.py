"""Monte Carlo uncertainty and ranking analysis of a purchase, and of any model.

The names below are the public interface; each is imported where it is first used, so that `import uncertainty`
costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "load": "study", "Study": "study", "StudyError": "files",
    "run": "runner", "Results": "results", "Sweep": "sweep", "write": "store",
    "figures": "charts.listing", "table": "tabular", "write_tables": "tabular",
    "ModelError": "plan", "WorkerError": "execution",
    "sample": "samples", "propagate": "propagation", "nearest_flip": "nearest",
    "sobol_indices": "sensitivity", "shapley_effects": "sensitivity", "morris": "screening",
    "one_at_a_time": "screening", "given_data": "given", "conditional_means": "given", "tornado_of_tenths": "given",
    "evpi": "information", "evppi": "information", "evsi": "information",
    "uniform": "distributions", "triangular": "distributions", "pert": "distributions", "normal": "distributions",
    "lognormal": "distributions", "beta": "distributions", "discrete": "distributions",
    "empirical": "distributions", "Marginal": "distributions", "quantile_function": "inverse",
    "percentile_bands": "analysis.bands", "probability": "analysis.labelled",
    "rank_acceptability": "analysis.labelled", "pairwise_winning": "analysis.labelled",
    "expected_regret": "analysis.labelled",
}
__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from .analysis.bands import percentile_bands as percentile_bands
    from .analysis.labelled import expected_regret as expected_regret
    from .analysis.labelled import pairwise_winning as pairwise_winning
    from .analysis.labelled import probability as probability
    from .analysis.labelled import rank_acceptability as rank_acceptability
    from .charts.listing import figures as figures
    from .distributions import Marginal as Marginal
    from .distributions import beta as beta
    from .distributions import discrete as discrete
    from .distributions import empirical as empirical
    from .distributions import lognormal as lognormal
    from .distributions import normal as normal
    from .distributions import pert as pert
    from .distributions import triangular as triangular
    from .distributions import uniform as uniform
    from .execution import WorkerError as WorkerError
    from .files import StudyError as StudyError
    from .given import conditional_means as conditional_means
    from .given import given_data as given_data
    from .given import tornado_of_tenths as tornado_of_tenths
    from .information import evpi as evpi
    from .information import evppi as evppi
    from .information import evsi as evsi
    from .inverse import quantile_function as quantile_function
    from .nearest import nearest_flip as nearest_flip
    from .plan import ModelError as ModelError
    from .propagation import propagate as propagate
    from .results import Results as Results
    from .runner import run as run
    from .samples import sample as sample
    from .screening import morris as morris
    from .screening import one_at_a_time as one_at_a_time
    from .sensitivity import shapley_effects as shapley_effects
    from .sensitivity import sobol_indices as sobol_indices
    from .store import write as write
    from .study import Study as Study
    from .study import load as load
    from .sweep import Sweep as Sweep
    from .tabular import table as table
    from .tabular import write_tables as write_tables


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
