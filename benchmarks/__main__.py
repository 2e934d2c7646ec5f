"""The command: measure, check against the exact reference, report."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from . import accuracy, exact, growth
from .accuracy import METRICS, TARGET
from .measure import CONTESTANTS, FULL, ROOT, Record, cold, interleaved, measured

LONG_CHECK = range(100, 116)  # seeds of the long independent run


class Plan(NamedTuple):
    """How much is measured."""

    repeats: int  # of every timing
    seeds: int  # of every error
    shift: int  # halvings of every number of samples
    affordable: float  # seconds of one run, beyond which a time is extrapolated


FULL_PLAN, QUICK_PLAN = Plan(5, 16, 0, 40.0), Plan(2, 4, 4, 2.0)
say = partial(print, file=sys.stderr, flush=True)


def main() -> int:
    """Entry point; 1 where a contestant disagrees with the exact reference."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute's worth, printed and not written")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of performance.md and performance.svg")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write what was measured, as JSON")
    parser.add_argument("--report", type=Path, metavar="FILE", help="report what such a file holds, measuring nothing")
    arguments = parser.parse_args()
    found = json.loads(arguments.report.read_text()) if arguments.report else measure(arguments.quick)
    if arguments.keep:
        arguments.keep.write_text(json.dumps(found))
    reference = exact.Reference(*(_array(v) for v in found["exact"]))
    return report(found, reference, None if arguments.quick else arguments.out)


def _array(value: Any) -> Any:
    import numpy as np

    return np.array(value) if isinstance(value, list) else value


def measure(quick: bool) -> dict[str, Any]:
    """Everything that is measured, as plain data."""
    plan = QUICK_PLAN if quick else FULL_PLAN
    say("exact reference")
    reference = exact.reference(exact.Grid(32, 16, 16) if quick else exact.Grid())
    say("headline: time and memory")
    sizes = {name: [n >> plan.shift for n in c.samples] for name, c in CONTESTANTS.items()}
    records = list(interleaved(sizes, range(plan.repeats), say))
    say("errors")
    for name, c in CONTESTANTS.items():
        records += measured(name, [(n >> plan.shift // 2, seed) for n in c.ladder for seed in range(plan.seeds)])
        say(f"  {name}")
    say("time to an accuracy")
    targets = wanted(records, reference, FULL[0] >> plan.shift)
    records += list(interleaved(_affordable(records, targets, plan), range(1 if quick else plan.repeats), say))
    long = [] if quick else measured("naive_sobol", [(FULL[0], seed) for seed in LONG_CHECK])
    with tempfile.TemporaryDirectory() as folder:
        say("cold commands")
        commands = cold_times(Path(folder), plan)
        say("stages")
        spent = json.loads(subprocess.run([sys.executable, "-m", "benchmarks.stages"], cwd=ROOT, check=True,
                                          capture_output=True, text=True).stdout)
        say("growth")
        points = list(growth.points(growth.QUICK if quick else growth.SIZES, Path(folder), 1 if quick else 3, say))
    return {"exact": [v.tolist() if hasattr(v, "tolist") else v for v in reference], "n": FULL[0] >> plan.shift,
            "records": records, "targets": targets, "long": long, "cold": commands, **spent, "growth": points}


def wanted(records: list[Record], reference: exact.Reference, n: int) -> dict[str, list[int]]:
    """Samples that each contestant needs for the target, and for the accuracy of plain Monte Carlo at n samples."""
    laws = accuracy.laws(accuracy.errors(records, reference))
    target = dict.fromkeys(METRICS, TARGET)
    equal = {metric: law.error(n) for metric, law in laws["naive"].items()}
    return {name: [accuracy.needed(name, laws[name], goal) for goal in (target, equal)] for name in CONTESTANTS}


def _affordable(records: list[Record], targets: dict[str, list[int]], plan: Plan) -> dict[str, list[int]]:
    """Target sizes that a run of is affordable, by the time of the largest run so far."""
    chosen = {}
    for name, sizes in targets.items():
        most = max(r["n"] for r in records if r["name"] == name)
        each = accuracy.seconds(records, name, most)[0] / most
        known = {r["n"] for r in records if r["name"] == name}
        chosen[name] = [n for n in sorted(set(sizes) - known) if each * n <= plan.affordable]
    return {name: sizes for name, sizes in chosen.items() if sizes}


def cold_times(folder: Path, plan: Plan) -> list[dict[str, Any]]:
    """Commands from a cold start, in turn: median time and largest peak memory."""
    n = FULL[0] >> plan.shift
    script = str(Path(sysconfig.get_path("scripts")) / "uncertainty")
    study = ["benchmarks/gpu4x13.toml", "--samples", str(n // 16)]
    commands = {f"uncertainty run {' '.join(study)}": [script, "run", *study, "--out", str(folder)],
                f"python -m benchmarks.cold {n}": [sys.executable, "-m", "benchmarks.cold", str(n)]}
    runs: dict[str, list[tuple[float, float]]] = {label: [] for label in commands}
    for _ in range(plan.repeats):
        for label, command in commands.items():
            runs[label].append(cold(command))
    return [{"command": label, "seconds": median(r[0] for r in each), "mib": max(r[1] for r in each)}
            for label, each in runs.items()]


def report(found: dict[str, Any], reference: exact.Reference, out: Path | None) -> int:
    """Print, write where wanted, and refuse contestants that disagree."""
    from . import picture, text

    errors = accuracy.errors(found["records"], reference)
    laws = accuracy.laws(errors)
    points = [growth.Point(*p) for p in found["growth"]]
    page = text.page(found, reference, errors, laws, points)
    print(page)
    if out:
        out.mkdir(exist_ok=True)
        (out / "performance.md").write_text(page, encoding="utf-8")
        picture.draw(out / "performance.svg", found["records"], errors, points)
    wrong = accuracy.disagreements(found["records"] + found["long"], reference, laws["naive"])
    for line in wrong:
        say(f"DISAGREES with the exact reference: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
