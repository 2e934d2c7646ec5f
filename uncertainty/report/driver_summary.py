"""What drives a study, as the nested summary has it: statistics are [value, standard error]."""

from __future__ import annotations

import math

from ..inquiry import EVERYTHING
from .driver_tables import SHARES
from .figures import Table, Tree, nest

Tables = dict[str, Table]


def sensitivity(figures: Tables) -> Tree:
    """By scenario, build, output (and precision, or criterion) and input; of claims, under "claims", by claim."""
    tree: Tree = {}
    for row in figures["indices"].records():
        place = [row["scenario"], row["build"], row["of"], *filter(None, [row["precision"] or row["criterion"]])]
        if row["of"] == "claim_holds":
            place = ["claims", row["criterion"]]
        nest(tree, [*place, row["input"]], {name: _pair(row, name) for name in SHARES if not math.isnan(row[name])}
             | ({} if math.isnan(row["noise"]) else {"noise": bool(row["noise"])}))
    return tree


def information(figures: Tables) -> Tree:
    """EVPI and EVPPI by criterion and scenario; EVSI by measurement; and what to look up first, in that order."""
    tree: Tree = {"evpi": {}, "evppi": {}, "evsi": {}, "first_to_look_up": []}
    for row in figures["information"].records():
        whole = row["input"] == EVERYTHING
        path = [row["criterion"], row["scenario"], *([] if whole else [row["input"]])]
        nest(tree["evpi" if whole else "evppi"], path, _pair(row, "value"))
    for row in figures["measurements"].records():
        nest(tree["evsi"], [row["measurement"], row["criterion"], row["scenario"]], _pair(row, "value"))
    tree["first_to_look_up"] = [
        {**{name: row[name] for name in row if not name.endswith("_se")}, "evppi_share": _pair(row, "evppi_share"),
         "regret_share": _pair(row, "regret_share")}
        for row in figures["influence"].records()]
    return tree


def shared(figures: Tables) -> Tree:
    """By criterion and scenario what cancels between builds, and who has which share of the variance of regret."""
    tree: Tree = {}
    for row in figures["shared"].records():
        owners = [name for name in row if name.startswith("regret_") and not name.endswith("_se")]
        nest(tree, [row["criterion"], row["scenario"]], {"cancels": _pair(row, "cancels"), "regret_share": {
            name.removeprefix("regret_"): _pair(row, name) for name in owners}})
    return tree


def _pair(row: Tree, name: str) -> list[float]:
    return [row[name], row[f"{name}_se"]]
