"""How this program's time and memory grow with samples, builds, uncertain inputs and scenarios.

    python -m benchmarks.growth STUDY SAMPLES

runs one study in a process of its own and prints a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from .measure import ROOT, WARM_UP, timed
from .ours import REPLICATES, STUDY

MOST_SECONDS, MOST_MEMORY = 100.0, 0.5  # of one run; share of the machine's memory
N = 1 << 16  # samples, where something else grows
SIZES = {"samples": (1 << 13, 1 << 16, 1 << 20, 1 << 23, 1 << 27), "builds": (4, 16, 64), "inputs": (13, 50, 100, 200),
         "scenarios": (1, 4, 32)}
QUICK = {"samples": (1 << 13, 1 << 16, 1 << 20), "builds": (4, 16), "scenarios": (1, 4)}


class Point(NamedTuple):
    """One size: time [s] and peak memory above imports [MiB], none where it was not run."""

    axis: str
    size: int
    seconds: float | None
    mib: float | None


# --- studies -----------------------------------------------------------------------------------------------


def _uncertain(text: str) -> str:
    return f'{{ {text}, source = "the benchmark" }}'


def _spread(low: float, high: float) -> str:
    return _uncertain(f'dist = "uniform", low = {low}, high = {high}')


SHARED = {  # name: uncertain, constant
    "pue": (_uncertain('dist = "triangular", low = 1.1, mode = 1.2, high = 1.6'), "1.3"),
    "host_overhead": (_uncertain('dist = "triangular", low = 1.1, mode = 1.25, high = 1.4'), "1.25"),
    "discharge_efficiency": (_uncertain('dist = "beta", a = 3, b = 4, low = 0.85, high = 0.97'), "0.9"),
    "depth_of_discharge": (_spread(0.8, 1.0), "0.9"),
    "battery_unit_price": (_uncertain('dist = "lognormal", p5 = 8200, p95 = 15000'), "11090.54"),
    "battery_capacity": (_spread(13.0, 14.0), "13.5"),
    "budget": (_spread(140_000, 160_000), "150_000"),
    "run_hours": (_spread(7.5, 8.5), "8"),
}
LAST = ("battery_capacity", "budget", "run_hours")  # become uncertain last, the other shared ones first


def _own(build: int) -> dict[str, tuple[str, str]]:
    """A build's own inputs, uncertain and constant: no two builds have the same."""
    price, power, peak = 2500.0 + 130.0 * build, 0.2 + 0.01 * build, 200.0 + 60.0 * build
    return {
        "unit_price": (_uncertain(f'dist = "lognormal", median = {price}, sigma = 0.15'), f"{price}"),
        "ratio": (_uncertain('dist = "beta", a = 6, b = 9, low = 0.0, high = 1.0'), "0.4"),
        "draw_fraction": (_spread(0.7, 1.0), "0.85"),
        "unit_power": (_spread(0.9 * power, 1.1 * power), f"{power}"),
        "host_power": (_spread(0.05, 0.15), "0.1"),
        "headline": (_spread(0.95 * peak, 1.05 * peak), f"{peak}"),
    }


def _sheet(build: int, is_uncertain: Callable[[str], bool]) -> str:
    value = {name: pair[0] if is_uncertain(name) else pair[1] for name, pair in _own(build).items()}
    absent = 'missing = "not of the benchmark"'
    rows = [f'{name} = {value[name]}' for name in ("unit_price", "draw_fraction", "unit_power", "host_power")]
    return "\n".join([
        f'name = "Build {build}"', f'label = "B{build}"', 'headline_format = "fp4"', "memory = 1", "unit_bandwidth = 1",
        *rows, "[peak]", f"headline = {value['headline']}",
        *(f"{p} = {{ {absent} }}" for p in ("fp4", "fp8", "fp16", "fp32")),
        "[sustained_ratio]", f"fp4 = {value['ratio']}", *(f"{p} = {{ {absent} }}" for p in ("fp8", "fp16", "fp32"))])


def write_study(folder: Path, builds: int, inputs: int, scenarios: int) -> Path:
    """A study of so many builds, uncertain inputs and scenarios, with its data sheets."""
    names = [*(name for name in SHARED if name not in LAST),
             *(f"{b}.{name}" for name in _own(0) for b in range(builds)), *LAST]
    chosen = set(names[:inputs])
    for kind in ("devices", "batteries"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for b in range(builds):
        (folder / "devices" / f"b{b}.toml").write_text(_sheet(b, lambda name, b=b: f"{b}.{name}" in chosen))
    battery = STUDY.parent / "batteries" / "powerwall.toml"
    (folder / "batteries" / battery.name).write_text(battery.read_text())
    shared = {name: pair[0] if name in chosen else pair[1] for name, pair in SHARED.items()}
    head = STUDY.read_text().splitlines()
    kept = [line for line in head if line.startswith(("outputs", "precisions", "criteria", "battery "))]
    pues = [_uncertain(f'dist = "triangular", low = {1.05 + 0.01 * k:.2f}, mode = 1.4, high = 2.0')
            for k in range(scenarios if scenarios > 1 else 0)]
    path = folder / "study.toml"
    path.write_text("\n".join([
        'title = "growth"', f"budget = {shared.pop('budget')}", f"run_hours = {shared.pop('run_hours')}",
        f"builds = {[f'b{b}' for b in range(builds)]}", *kept, "[sensitivity]", "samples = 0", "[inputs]",
        "sparsity_gain = 2.0", "sparsity_realised = 1", *(f"{name} = {value}" for name, value in shared.items()),
        *(f"[scenarios.s{k}]\npue = {pue}" for k, pue in enumerate(pues))]))
    return path


# --- measuring ---------------------------------------------------------------------------------------------


def _once(study: Path, n: int) -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.growth", str(study), str(n)], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{study} failed:\n{done.stderr}")
    found = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], found["mib"]


def _studies(axis: str, size: int, folder: Path) -> tuple[Path, int]:
    """The study of one size, and its samples."""
    if axis == "samples":
        return STUDY, size
    builds = {"builds": size, "inputs": 32}.get(axis, 4)
    inputs = size if axis == "inputs" else 5 + 2 * builds
    return write_study(folder / f"{axis}-{size}", builds, inputs, size if axis == "scenarios" else 1), N


def points(sizes: dict[str, tuple[int, ...]], folder: Path, repeats: int, say: Any) -> Iterator[Point]:
    """Every axis, from small to large, for as long as the next size is affordable."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    for axis, each in sizes.items():
        before: Point | None = None
        for size in each:
            scale = size / before.size if before else 1.0
            if before and ((before.seconds or MOST_SECONDS) * scale > MOST_SECONDS
                           or (before.mib or memory) * scale > MOST_MEMORY * memory):
                yield Point(axis, size, None, None)
                continue
            study, n = _studies(axis, size, folder)
            runs = [_once(study, n)]
            while len(runs) < repeats and runs[0][0] < 5.0:
                runs.append(_once(study, n))
            before = Point(axis, size, median(r[0] for r in runs), median(r[1] for r in runs))
            say(f"  {axis} {size:,}: {before.seconds:.3g} s, {before.mib:.0f} MiB")
            yield before


def main(path: str, n: int) -> None:
    """Run a study once, after a small run to warm up."""
    import uncertainty as un

    study = un.load(path)

    def run(n: int, seed: int) -> Any:
        results = un.run(study.with_sampling(samples=n // REPLICATES, replicates=REPLICATES, seed=seed), jobs=1)
        return results.bands, results.ranking

    run(*WARM_UP)
    _, seconds, mib = timed(run, n, 1)
    print(json.dumps({"seconds": seconds, "mib": mib}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
