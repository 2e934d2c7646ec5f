"""How much memory and disk there is to be had."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FREE, GROUP, GROUPS = Path("/proc/meminfo"), Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
OF_ONE = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"  # control groups of version 1
OF_TWO = "memory.max", "memory.current", "inactive_file"


def available(unknown: float = math.inf) -> float:
    """Bytes that can be had: on Linux now, by the limits of containers too; elsewhere at most, where that is known."""
    return min(_free(unknown), *_limits())


def standing(path: Path) -> Path:
    """A path, or the first folder above it that is there."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())


def free_disk(path: Path) -> int:
    """Bytes that can be had on the disk that a path is on, or would be."""
    return shutil.disk_usage(standing(path)).free


def size_words(size: float) -> str:
    """A number of bytes: `12 MB`, `1,234.5 GB`."""
    return f"{size / 1e6:,.0f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


def _free(unknown: float) -> float:
    with suppress(OSError, StopIteration, ValueError):
        lines = FREE.read_text(encoding="ascii").splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    with suppress(AttributeError, ValueError):
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return unknown


def _limits() -> Iterator[float]:
    """What our control group, and each that it is in, leaves us."""
    yield math.inf
    with suppress(OSError):
        for line in GROUP.read_text(encoding="utf-8").splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds and "memory" not in kinds.split(","):
                continue
            root, names = (GROUPS / "memory", OF_ONE) if kinds else (GROUPS, OF_TWO)
            own = root / path.lstrip("/")
            yield from (_left(each, *names) for each in (own, *own.parents) if each.is_relative_to(root))


def _left(group: Path, limit: str, used: str, idle: str) -> float:
    """What is left of a group's limit, if it has one; files that are kept in memory and idle give way."""
    try:
        most, taken = (int((group / name).read_text(encoding="ascii")) for name in (limit, used))
        found = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
        return max(0.0, float(most - taken + int(found.get(idle, 0))))
    except (OSError, ValueError):  # none that we see, or "max"
        return math.inf
