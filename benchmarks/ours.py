"""This program: the problem as a study, through its public interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import uncertainty as un

from .peers import Run
from .problem import LEVELS, OUTPUTS, Summary

STUDY = Path(__file__).with_name("gpu4x13.toml")
REPLICATES = 16  # independent Sobol' point sets, from which the standard errors come: the program's default


def ours(jobs: int | None = 1) -> Run:
    """Load the study once; a run gives the tables, with their standard errors."""
    study = un.load(STUDY)

    def run(n: int, seed: int) -> Summary:
        sampling = {"samples": n // REPLICATES, "replicates": REPLICATES, "seed": seed}
        return tables(un.run(study.with_sampling(**sampling), jobs=jobs))

    return run


def ours_parallel() -> Run:
    """The same in as many processes as there are cores."""
    return ours(None)


def tables(results: un.Results) -> Summary:
    """The deliverable from the figures that the results hold; of one scenario and precision."""
    bands, ranking = results.figures["bands"], results.figures["ranking"]
    levels = [bands["quantile"].tolist().index(level) for level in LEVELS]
    quantiles = [bands[name][levels, 0].reshape(len(LEVELS), -1).T for name in OUTPUTS]
    at = [ranking["criterion"].tolist().index(name) for name in ("capex", "throughput_per_dollar headline")]
    ranks, wins = ([ranking[table][i, 0] for i in at] for table in ("rank_acceptability", "win"))
    return Summary(np.array(quantiles), *ranks, *wins)
