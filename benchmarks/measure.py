"""Timing: one process a contestant, all contestants in turn, again and again.

    python -m benchmarks.measure CONTESTANT '[[samples, seed], ...]'

is such a process: it imports, declares, runs 1,024 samples to warm up, then runs each job and prints a line of JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
WARM_UP = (1024, 12345)


class Contestant(NamedTuple):
    """A library, and how it is measured."""

    label: str
    where: str  # module:function
    samples: tuple[int, ...]  # of the headline: largest first
    ladder: tuple[int, ...]  # of the error law
    points: str  # how it samples: those that sample alike share an error law
    package: str

    @property
    def net(self) -> bool:
        """Whether its points want a power of two."""
        return "sobol" in self.points


FULL, LADDER = (1 << 20, 1 << 16), (1 << 12, 1 << 14, 1 << 16, 1 << 18)
CONTESTANTS = {
    "ours": Contestant("this program, one process", "ours:ours", FULL, LADDER, "sobol, 16 nets", "uncertainty"),
    "ours_parallel": Contestant("this program, all cores", "ours:ours_parallel", FULL, (), "sobol, 16 nets",
                                "uncertainty"),
    "naive": Contestant("naive numpy, scipy.stats", "peers:naive", FULL, LADDER, "plain", "scipy"),
    "naive_sobol": Contestant("the same, scipy's Sobol'", "peers:naive_sobol", FULL, LADDER, "sobol", "scipy"),
    "squigglepy": Contestant("squigglepy", "peers:squigglepy", FULL, LADDER, "plain", "squigglepy"),
    "openturns": Contestant("OpenTURNS", "peers:openturns", FULL, LADDER, "plain", "openturns"),
    "openturns_sobol": Contestant("OpenTURNS, its Sobol'", "peers:openturns_sobol", FULL, LADDER, "sobol, shifted",
                                  "openturns"),
    "chaospy": Contestant("chaospy", "peers:chaospy", FULL, LADDER, "plain", "chaospy"),
    "salib": Contestant("SALib, Latin hypercube", "peers:salib", FULL, LADDER, "latin hypercube", "SALib"),
    "monaco": Contestant("Monaco, its Sobol'", "peer_monaco:monaco", (1 << 16, 1 << 13),
                         (1 << 10, 1 << 12, 1 << 14), "sobol", "monaco"),
}
Record = dict[str, Any]  # name, first in its process, n, seed, seconds, mib, quantiles of capex, rank tables
Job = tuple[int, int]  # samples, seed


# --- the parent --------------------------------------------------------------------------------------------


def measured(name: str, jobs: Sequence[Job]) -> list[Record]:
    """What a contestant makes of some jobs, in a process of its own."""
    if not jobs:
        return []
    done = subprocess.run([sys.executable, "-m", "benchmarks.measure", name, json.dumps(jobs)], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return [{"name": name, "first": i == 0, **json.loads(line)} for i, line in enumerate(lines)]


def interleaved(jobs: dict[str, Sequence[int]], seeds: Iterable[int], say: Any) -> Iterator[Record]:
    """Every contestant's sample sizes, all contestants in turn for each seed."""
    for seed in seeds:
        for name, sizes in jobs.items():
            yield from measured(name, [(n, seed) for n in sizes])
        say(f"  seed {seed}")


# a child's peak begins with what its parent holds at the time, so a small parent of its own measures it
_COLD = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def cold(command: Sequence[str]) -> tuple[float, float]:
    """Wall time [s] of a command from a cold start, and peak memory of its largest process [MiB]."""
    done = subprocess.run([sys.executable, "-c", _COLD, *command], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, mib = map(float, done.stdout.split())
    return seconds, mib


# --- the process of one contestant -------------------------------------------------------------------------


def _memory(key: str) -> float:
    """VmRSS or VmHWM of this process [MiB]; where there is no /proc, the peak so far."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(float(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def timed(run: Any, *arguments: Any) -> tuple[Any, float, float]:
    """What a call gives, its wall time [s] and its peak memory above what was there before [MiB].

    Of child processes, the largest one's excess counts once for each core.
    """
    gc.collect()
    _forget_peak()
    before = _memory("VmRSS")
    start = time.perf_counter()
    result = run(*arguments)
    seconds = time.perf_counter() - start
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return result, seconds, _memory("VmHWM") - before + (os.cpu_count() or 1) * max(0.0, child - before)


def main(name: str, jobs: list[Job]) -> None:
    """Run the jobs, a line of JSON each."""
    module, function = CONTESTANTS[name].where.split(":")
    run = getattr(importlib.import_module(f"benchmarks.{module}"), function)()
    run(*WARM_UP)
    for n, seed in jobs:
        found, seconds, mib = timed(run, n, seed)
        print(json.dumps({"n": n, "seed": seed, "seconds": seconds, "mib": mib,
                          "capex": found.quantiles[3].tolist(), "rank_capex": found.rank_capex.tolist(),
                          "rank_tpd": found.rank_tpd.tolist()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
