"""Scratch files and folders that say whose they are, so that those of processes that were killed can be removed."""

from __future__ import annotations

import glob
import os
import platform
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

STALE = 24 * 3600.0  # seconds after which what another machine has left is nobody's


def owned(prefix: str) -> str:
    """What a name begins with that is this process's: machines that share a disk have processes of one number.

    It is no name that a person gives.
    """
    return f"{prefix}-scratch~{_host()}~{os.getpid()}~"


def sweep(folder: Path, prefix: str) -> None:
    """Remove what processes that were killed have left in a folder."""
    for left in left_in(folder, prefix):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):
                left.unlink()


def left_in(folder: Path, prefix: str) -> list[Path]:
    """What processes that were killed have left in a folder."""
    begins = re.compile(rf"{re.escape(prefix)}-scratch~([^~]+)~([0-9]+)~")
    named = ((path, begins.match(path.name)) for path in folder.glob(f"{glob.escape(prefix)}-scratch~*"))
    return [path for path, name in named if name and not _in_use(path, *name.groups())]


def _in_use(path: Path, host: str, pid: str) -> bool:
    return _alive(int(pid)) if host == _host() else young(path)


def _host() -> str:
    """Where numbers of processes are told apart: a machine, on Linux with its namespace of them, as containers have."""
    name = "".join(c for c in platform.node() if c.isalnum() or c == ".") or "here"
    try:
        return f"{name}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return name


def young(path: Path, seconds: float = STALE) -> bool:
    """Whether a file has changed within so many seconds, or is gone."""
    try:
        return time.time() - path.lstat().st_mtime < seconds
    except OSError:  # gone
        return True


def _alive(pid: int) -> bool:
    """Whether there is a process of this number; on Windows, where to ask is to kill, yes."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
