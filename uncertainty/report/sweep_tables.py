"""Every figure of a sweep as plain tables: those of its points, the swept quantities' values in front."""

from __future__ import annotations

from itertools import product
from typing import Any

from ..study import Study
from ..sweep import Sweep
from .conclusion_tables import SEARCHED
from .driver_tables import DRIVERS
from .figures import ERROR_DIGITS, Table, both, pairs, rounded, rows
from .inputs import inputs
from .tables import TABLES


def names(study: Study) -> list[str]:
    """Tables of a sweep: those of searches are not there, and those of what drives it only if it is asked for."""
    left_out = {*SEARCHED, "inputs", *([] if study.inquiry.samples else DRIVERS)}
    return ["option_map", "convergence", "inputs", *(name for name in TABLES if name not in left_out)]


def by_point(sweep: Sweep) -> list[dict[str, Table]]:
    """All tables of every point."""
    return [{name: table(point) for name, table in TABLES.items() if name != "inputs"} for point in sweep.points]


def tables(sweep: Sweep, each: list[dict[str, Table]]) -> dict[str, Table]:
    """All tables by name, as the CSV files hold them, of the tables `by_point`."""
    own = {"option_map": option_map(sweep), "convergence": _convergence(sweep), "inputs": inputs(sweep.study)}
    return {name: own[name] if name in own else _together(sweep, [found[name] for found in each])
            for name in names(sweep.study)}


def _axes(study: Study) -> list[str]:
    return [axis.name for axis in study.sweep]


def _together(sweep: Sweep, each: list[Table]) -> Table:
    """One table of the same of every point."""
    return Table([*_axes(sweep.study), *each[0].columns], [
        [*place, *row] for place, table in zip(sweep.study.places, each, strict=True) for row in table.rows])


def option_map(sweep: Sweep) -> Table:
    """Who is most probably best at every point, and whether that lead is open."""
    group, study = sweep.figures["option_map"], sweep.study
    texts = (group[name].ravel().tolist() for name in ("best", "rival"))
    shares = (rows([[]] * group["best"].size, pairs(group, name).reshape(-1, 2))
              for name in ("probability", "rival_probability"))
    places = ([*place, *of] for place, *of in product(study.places, group["criterion"].tolist(), study.scenarios))
    found: list[list[Any]] = [
        [*place, best, *share, rival, *second, int(is_open)] for place, best, share, rival, second, is_open in zip(
            places, next(texts), next(shares), next(texts), next(shares), group["open"].ravel(), strict=True)]
    return Table([*_axes(study), "criterion", "scenario", "best", *both(["probability"]), "rival",
                  *both(["rival_probability"]), "open"], found)


def _convergence(sweep: Sweep) -> Table:
    """How far sampling went at every point."""
    return Table([*_axes(sweep.study), "replicates", "capex_error", "rank_error"], [
        [*place, point.convergence.replicates, rounded(point.convergence.capex, ERROR_DIGITS),
         rounded(point.convergence.rank, ERROR_DIGITS)]
        for place, point in zip(sweep.study.places, sweep.points, strict=True)])
