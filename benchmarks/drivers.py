"""What it costs to know what drives the reference study: with all of its sensitivity, and without.

    python -m benchmarks.drivers [REPEATS]

Whole commands from a cold shell, in turn, so that a busy machine slows both; processor seconds too, which do not hang
on how many cores there are.
"""

from __future__ import annotations

import resource
import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median

from uncertainty.files import shipped

from .measure import cold

DRIVERS = "[sensitivity.groups]\n"
WITHOUT_DRIVERS = "[sensitivity]\nsamples = 0\n\n" + DRIVERS


def main(repeats: int) -> None:
    """Print median times and their ratios."""
    command = str(Path(sysconfig.get_path("scripts")) / "uncertainty")
    text = (shipped() / "studies" / "reference.toml").read_text(encoding="utf-8")
    assert DRIVERS in text
    with tempfile.TemporaryDirectory() as folder:
        studies = {"with": Path(folder) / "with.toml", "without": Path(folder) / "without.toml"}
        for name, path in studies.items():
            path.write_text(text if name == "with" else text.replace(DRIVERS, WITHOUT_DRIVERS), encoding="utf-8")
        wall: dict[str, list[float]] = {name: [] for name in studies}
        busy: dict[str, list[float]] = {name: [] for name in studies}
        for _ in range(repeats):
            for name, path in studies.items():
                begun = _processor()
                run = [command, "run", str(path), "--out", folder, "--force", "--no-report", "--no-progress"]
                wall[name].append(cold(run)[0])
                busy[name].append(_processor() - begun)
    for what, times in (("wall", wall), ("processor", busy)):
        ratio = median(a / b for a, b in zip(times["with"], times["without"], strict=True))
        with_, without = (median(times[name]) for name in ("with", "without"))
        print(f"{what}: with {with_:.2f} s, without {without:.2f} s; it adds {ratio - 1:.1f} times the plain run "
              f"(medians of {repeats} runs)")


def _processor() -> float:
    """Processor seconds of all commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
