"""Every figure of a run as plain tables, one a question."""

from __future__ import annotations

from itertools import compress, product

import numpy as np

from ..model import OUTPUTS
from ..reported import Reported
from ..study import Study
from .conclusion_tables import CONCLUSIONS
from .driver_tables import DRIVERS
from .figures import Table, all_rounded, both, paired, pairs, rows
from .inputs import inputs


def _places(study: Study, typed: bool = False) -> list[tuple[str, ...]]:
    """Scenario, build and precision, in the order of arrays; no precision where there is none."""
    return list(product(study.scenarios, [b.key for b in study.builds], study.precisions if typed else [""]))


def _whole(study: Study) -> list[str]:
    return [name for name in study.outputs if OUTPUTS[name].whole]


def _bands(results: Reported) -> Table:
    central, means, bands = (results.figures[name] for name in ("central", "means", "bands"))
    levels = [f"{q:g}" for q in bands["quantile"]]
    found = []
    for name in results.study.outputs:
        spec = OUTPUTS[name]
        quantiles, mean = np.moveaxis(pairs(bands, name), 0, -2), pairs(means, name)
        statistics = quantiles.reshape(*mean.shape[:-1], 2 * len(levels))
        row = np.concatenate([all_rounded(central[name])[..., None], mean, statistics], axis=-1)
        found += rows(([name, spec.unit, *place] for place in _places(results.study, spec.typed)), row)
    return Table(["output", "unit", "scenario", "build", "precision", "central", *both(["mean", *levels])], found)


def _counts(results: Reported) -> Table:
    counts = results.figures["counts"]
    numbers = counts["number"].tolist()
    found = []
    for name in _whole(results.study):
        share, se = (np.moveaxis(counts[f"{name}_probability{end}"], 0, -1) for end in ("", "_se"))
        came = share != 0
        leads = ([name, *place[:2], n] for place in _places(results.study) for n in numbers)
        found += rows(compress(leads, came.ravel()), paired(share[came], se[came]))
    return Table(["output", "scenario", "build", "number", *both(["probability"])], found)


def _enough(results: Reported) -> Table:
    counts = results.figures["counts"]
    found = []
    for name in _whole(results.study):
        enough = all_rounded(counts[f"{name}_enough"]).ravel().tolist()
        leads = ([name, *place[:2], int(n)] for place, n in zip(_places(results.study), enough, strict=True))
        found += rows(leads, pairs(counts, f"{name}_shortfall"))
    return Table(["output", "scenario", "build", "enough", *both(["shortfall"])], found)


_CRITERION = ["criterion", "unit", "better", "scenario"]


def _criteria(study: Study) -> list[tuple[str, ...]]:
    return [(c.name, OUTPUTS[c.output].unit, c.better, scenario) for c, scenario in
            product(study.criteria, study.scenarios)]


def _ranks(results: Reported) -> Table:
    ranking, builds = results.figures["ranking"], [b.key for b in results.study.builds]
    rank, regret = (pairs(ranking, name)[..., None, :] for name in ("expected_rank", "expected_regret"))
    figures = np.concatenate([rank, regret, pairs(ranking, "rank_acceptability")], axis=-2)
    leads = ((*criterion, build) for criterion, build in product(_criteria(results.study), builds))
    names = ["expected_rank", "expected_regret", *(f"rank_{r + 1}" for r in range(len(builds)))]
    return Table([*_CRITERION, "build", *both(names)], rows(leads, figures, axes=2))


def _pairs(results: Reported) -> Table:
    ranking, builds = results.figures["ranking"], [b.key for b in results.study.builds]
    win, tie = pairs(ranking, "win"), pairs(ranking, "tie")
    figures = np.stack([win, tie, win.swapaxes(2, 3)], axis=-2)  # (criterion, scenario, build, other, ...)
    others = ~np.eye(len(builds), dtype=bool)
    leads = ((*criterion, one, other) for criterion in _criteria(results.study)
             for one, other in product(builds, builds) if one != other)
    return Table([*_CRITERION, "build", "other", *both(["win", "tie", "loss"])],
                 rows(leads, figures[:, :, others], axes=2))


FLIPS = ("order_differs", "first_differs", "kendall_tau")


def _flips(results: Reported) -> Table:
    figures = np.stack([pairs(results.figures["ranking"], name) for name in FLIPS], axis=-2)
    return Table([*_CRITERION, *both(FLIPS)], rows(_criteria(results.study), figures, axes=2))


def _taus(results: Reported) -> Table:
    ranking = results.figures["ranking"]
    share, se = ranking["tau_probability"], ranking["tau_probability_se"]
    came = share != 0
    leads = ((*criterion, tau) for criterion, tau in
             product(_criteria(results.study), all_rounded(ranking["tau"]).tolist()))
    return Table([*_CRITERION, "tau", *both(["probability"])],
                 rows(compress(leads, came.ravel()), paired(share[came], se[came])))


def _inputs(results: Reported) -> Table:
    return inputs(results.study)


TABLES = {"bands": _bands, "counts": _counts, "enough": _enough, "ranks": _ranks, "pairs": _pairs, "flips": _flips,
          "taus": _taus, "inputs": _inputs, **CONCLUSIONS, **DRIVERS}


def tables(results: Reported) -> dict[str, Table]:
    """All tables by name, as the CSV files hold them."""
    return {name: table(results) for name, table in TABLES.items()}
