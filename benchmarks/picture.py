"""The picture: error against time of all contestants, and how this program grows with samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .accuracy import Points, seconds
from .growth import Point
from .measure import CONTESTANTS, Record

STYLES = {"ours": ("C0", "o", "-"), "naive": ("C1", "s", "-"), "naive_sobol": ("C1", "s", "--"),
          "squigglepy": ("C2", "^", "-"), "openturns": ("C3", "D", "-"), "openturns_sobol": ("C3", "D", "--"),
          "chaospy": ("C4", "v", "-"), "salib": ("C5", "P", "-"), "monaco": ("C6", "X", "-")}
SETTINGS = {"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3,
            "axes.spines.top": False, "axes.spines.right": False}


def draw(path: Path, records: list[Record], errors: dict[str, Points], growth: list[Point]) -> None:
    """Write the picture as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(SETTINGS):
        figure, axes = plt.subplots(1, 3, figsize=(13, 5), layout="constrained")
        _errors(axes[0], records, errors, "p95", "RMSE of the 95 % quantile of CapEx, relative")
        _errors(axes[1], records, errors, "rank_capex", "RMSE of a rank share of CapEx")
        _growth(axes[2], records, growth)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=5, fontsize=8,
                      frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)


def _errors(axis: Any, records: list[Record], errors: dict[str, Points], metric: str, title: str) -> None:
    for name, (color, marker, line) in STYLES.items():
        points = errors.get(name, {})
        times = [seconds(records, name, n)[0] for n in points]
        axis.loglog(times, [rmse[metric] for _, rmse in points.values()], color=color, marker=marker, linestyle=line,
                    markersize=4, linewidth=2.2 if name == "ours" else 1.2, label=CONTESTANTS[name].label)
    axis.set_title(title, fontsize=9)
    axis.set_xlabel("time, s")


def _growth(axis: Any, records: list[Record], growth: list[Point]) -> None:
    run = [p for p in growth if p.axis == "samples" and p.seconds is not None]
    plain = sorted({r["n"] for r in records if r["name"] == "naive"})
    axis.loglog([p.size for p in run], [p.seconds for p in run], "C0o-", markersize=4, label="this program: time, s")
    axis.loglog(plain, [seconds(records, "naive", n)[0] for n in plain], "C1s-", markersize=4, label="naive: time, s")
    axis.loglog([p.size for p in run], [p.mib for p in run], "C0o:", markersize=4, label="this program: memory, MiB")
    first = sorted({r["n"] for r in records if r["name"] == "naive" and r["first"]})
    axis.loglog(first, [max(r["mib"] for r in records if r["name"] == "naive" and r["n"] == n) for n in first], "C1s:",
                markersize=4, label="naive: memory, MiB")
    axis.set_title("Growth with samples", fontsize=9)
    axis.set_xlabel("samples")
    axis.legend(fontsize=7, frameon=False)
