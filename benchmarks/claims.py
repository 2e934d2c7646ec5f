"""What conclusions cost: the reference study with its document's claims, picks and ratings, and without them.

    python -m benchmarks.claims [REPEATS]

Whole commands from a cold shell, in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median

from uncertainty.files import shipped

from .drivers import DRIVERS, WITHOUT_DRIVERS
from .measure import cold

DOCUMENT = 'document  = "benally-2025"\n'


def main(repeats: int) -> None:
    """Print the median times and their ratio."""
    command = str(Path(sysconfig.get_path("scripts")) / "uncertainty")
    text = (shipped() / "studies" / "reference.toml").read_text(encoding="utf-8")
    assert DOCUMENT in text
    assert DRIVERS in text
    text = text.replace(DRIVERS, WITHOUT_DRIVERS)  # which would be most of both
    with tempfile.TemporaryDirectory() as folder:
        studies = {"with": Path(folder) / "with.toml", "without": Path(folder) / "without.toml"}
        for name, path in studies.items():
            path.write_text(text if name == "with" else text.replace(DOCUMENT, ""), encoding="utf-8")
        times: dict[str, list[float]] = {name: [] for name in studies}
        for _ in range(repeats):
            for name, path in studies.items():
                run = [command, "run", str(path), "--out", folder, "--no-report", "--no-progress"]
                times[name].append(cold(run)[0])
    both = {name: median(each) for name, each in times.items()}
    ratio = median(a / b for a, b in zip(times["with"], times["without"], strict=True))
    print(f"with {both['with']:.2f} s, without {both['without']:.2f} s, ratio {ratio:.2f} (medians of {repeats} runs)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
