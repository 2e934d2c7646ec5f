"""Where this program's time goes: nanoseconds a sample of each stage, in one process."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from uncertainty import engine, plan
from uncertainty import load as load_study
from uncertainty.analysis import bands, histogram, ranking

from .ours import REPLICATES, STUDY

SAMPLES = 1 << 16  # a replicate
STAGES = {  # what is timed, and the stage it belongs to
    (plan, "unit"): "points", (plan, "draw"): "quantile functions", (engine, "evaluate"): "model",
    (engine, "_bin"): "counts in bins, for quantiles", (bands, "count_whole"): "counts of whole numbers",
    (engine, "costs"): "ranks, wins, ties and flips", (ranking, "tally"): "ranks, wins, ties and flips",
    (engine, "contest"): "ranks, wins, ties and flips", (engine, "look"): "claims and first places that flip",
    (engine, "_block_sums"): "means, regrets, check for what is not finite",
    (histogram, "accumulate"): "statistics of each replicate", (engine, "_statistics"): "statistics of each replicate"}


def stages() -> dict[str, float]:
    """Nanoseconds a sample by stage, of the fastest of five runs; `rest` is the loop itself."""
    study = load_study(STUDY).with_sampling(samples=SAMPLES, replicates=REPLICATES)
    its, spent = plan.plan_of(study), Counter[str]()
    for (module, name), stage in STAGES.items():
        setattr(module, name, _timed(getattr(module, name), stage, spent))
    points = plan.points
    plan.points = lambda *given: _timed(points(*given), "points", spent)
    runs = []
    for _ in range(5):
        spent.clear()
        begun = time.perf_counter()
        engine.part(its, 0, REPLICATES)
        runs.append((time.perf_counter() - begun, dict(spent)))
    whole, found = min(runs, key=lambda run: run[0])
    found["quantile functions"] -= found["points of draw"]
    found["points"] += found.pop("points of draw")
    found["the loop itself"] = whole - sum(found.values())
    return {stage: seconds / SAMPLES / REPLICATES * 1e9 for stage, seconds in found.items()}


def _timed(f: Callable[..., Any], stage: str, spent: Counter[str]) -> Callable[..., Any]:
    stage = "points of draw" if f.__name__ == "unit" else stage  # within `draw`

    def timed(*given: Any, **named: Any) -> Any:
        begun = time.perf_counter()
        result = f(*given, **named)
        spent[stage] += time.perf_counter() - begun
        return result

    return timed


def labels() -> tuple[float, float]:
    """Nanoseconds a sample of the model on a block of plain arrays, and on the same block with labels."""
    import numpy as np
    import xarray as xr

    np.empty(engine.HEAP, np.uint8)  # as the engine does
    its = plan.plan_of(load_study(STUDY).with_sampling(samples=1 << 14, replicates=REPLICATES))
    plain = next(plan.blocks(its, 0)).inputs
    dims = ("scenario", "build", "precision", "sample")
    labelled = {name: xr.DataArray(x, dims=dims) for name, x in plain.items()}
    labelled = {name: x.squeeze([d for d in dims if x.sizes[d] == 1], drop=True) for name, x in labelled.items()}
    return _fastest(its, plain), _fastest(its, labelled)


def _fastest(its: plan.Plan, inputs: Any) -> float:
    runs = []
    for _ in range(20):
        begun = time.perf_counter()
        plan.evaluate(its, inputs)
        runs.append(time.perf_counter() - begun)
    return min(runs) / (1 << 14) * 1e9


if __name__ == "__main__":
    cost = labels()  # before anything is wrapped
    print(json.dumps({"stages": stages(), "labels": cost}))
