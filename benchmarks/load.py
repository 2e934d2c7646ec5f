"""Many studies, and many samples: time and memory as they grow, and whether the figures are right.

    python -m benchmarks.load [STUDIES] [REPLICATES]

STUDIES small studies in one batch, 1,000 unless given, after a tenth of them; then REPLICATES of 2^26 samples of
benchmarks/gpu4x13.toml, 16 unless given, which are 10^9 samples, after 2^18 samples each. Memory is that of the largest
process. Every study is one that nobody else has; one in a hundred is run again by itself, to the same bits. The figures
of the long run are held to those of the short one, by the errors of both; the exit status is 1 where fewer than 90 %
agree.
"""

from __future__ import annotations

import json
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import uncertainty as un
from uncertainty.analysis.error import half_width

from .measure import cold

STUDY = """title = "Load {i}"
budget = {budget}
run_hours = 8
builds = ["rtx_a5000", "dgx_spark"]
battery = "powerwall_3"
[sampling]
samples = 256
replicates = 8
[sensitivity]
samples = 0
[inputs]
pue = {{ dist = "pert", low = 1.05, mode = 1.25, high = 1.60, source = "the load test" }}
discharge_efficiency = 0.93
depth_of_discharge = 0.9
"""
COMMAND = [str(Path(sysconfig.get_path("scripts")) / "uncertainty"), "run"]
PLAIN = ["--no-report", "--no-progress"]
PROBLEM = Path(__file__).with_name("gpu4x13.toml")


AGREE = 0.9  # of the figures at least: 95 % are to be expected, but those of a run share its draws


def main(studies: int, replicates: int) -> int:
    """Print both tables; the exit status."""
    print("| studies | seconds | studies a second | memory |\n|--:|--:|--:|--:|")
    for count in (studies // 10, studies):
        with tempfile.TemporaryDirectory() as folder:
            seconds, memory = _batch(Path(folder), count)
        print(f"| {count:,} | {seconds:.1f} | {count / seconds:.0f} | {memory:.0f} MiB |", flush=True)
    print("\n| samples | seconds | million a second | memory |\n|--:|--:|--:|--:|")
    found = []
    for samples in (2**18, 2**26):
        seconds, memory, tree = _long(samples, replicates)
        found.append(tree)
        every = samples * replicates
        print(f"| {every:,} | {seconds:.1f} | {every / seconds / 1e6:.1f} | {memory:.0f} MiB |", flush=True)
    tried, held = _agree(*found, replicates)
    print(f"\nOf {tried} figures {held} agree with those of fewer samples within the 95 % error of both.")
    return int(held < AGREE * tried)


def _batch(folder: Path, count: int) -> tuple[float, float]:
    """Seconds and MiB of a batch of studies, all of which have to come out whole, and right."""
    inside = folder / "studies"
    inside.mkdir()
    for i in range(count):
        (inside / f"load-{i:04}.toml").write_text(STUDY.format(i=i, budget=100_000 + 100 * i), encoding="utf-8")
    seconds, memory = cold([*COMMAND, str(inside), "--out", str(folder / "out"), *PLAIN])
    for i in range(count):
        _summary(folder / "out" / f"load-{i:04}")
    for i in range(0, count, 100):
        name = f"load-{i:04}"
        alone = un.write(un.run(un.load(inside / f"{name}.toml")), folder / "alone" / name, page=False)
        assert _summary(alone) == _summary(folder / "out" / name), name
    return seconds, memory


def _long(samples: int, replicates: int) -> tuple[float, float, Any]:
    """Seconds and MiB of one long run, and its summary."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = ["--samples", str(samples), "--replicates", str(replicates)]
        seconds, memory = cold([*COMMAND, str(PROBLEM), *sizes, "--out", folder, *PLAIN])
        return seconds, memory, _summary(Path(folder) / PROBLEM.stem)


def _summary(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def _agree(short: Any, long: Any, replicates: int) -> tuple[int, int]:
    """Figures with an error in both runs, and how many of them agree."""
    pairs = [(one, other) for one, other in zip(_figures(short["bands"]), _figures(long["bands"]), strict=True)
             if one[1] > 0]
    held = sum(abs(a - b) <= half_width((se**2 + other**2) ** 0.5, replicates) for (a, se), (b, other) in pairs)
    return len(pairs), held


def _figures(tree: Any) -> list[tuple[float, float]]:
    """Every [value, standard error] of a summary, in order."""
    if isinstance(tree, dict):
        return [pair for value in tree.values() for pair in _figures(value)]
    return [(tree[0], tree[1])] if isinstance(tree, list) and len(tree) == 2 and None not in tree else []


if __name__ == "__main__":
    sys.exit(main(*(int(each) for each in [*sys.argv[1:], *("1000", "16")[len(sys.argv) - 1:]])))
