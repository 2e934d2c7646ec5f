"""A folder that several runs may write, and none may remove from under the others."""

from __future__ import annotations

import os
import sys
import weakref
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":  # where what is open is not removed anyway
    import fcntl


class Hold:
    """A folder in use, until this is forgotten or its process ends, however that ends.

    Attributes
    ----------
    alone : whether nobody else uses it, nor can until `share`
    known : whether the disk has locks to tell that by; else `alone` is no more than a guess
    release : ends the use
    """

    def __init__(self, folder: Path) -> None:
        """Have it alone, or else wait until whoever has it alone shares it."""
        self.alone, self.known = True, True
        self._place = os.open(folder if sys.platform != "win32" else os.devnull, os.O_RDONLY)
        self.release = weakref.finalize(self, os.close, self._place)
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.alone = False
            self.share()
        except OSError:  # a disk without locks
            self.known = False

    def share(self) -> None:
        """Let others use it too."""
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(self._place, fcntl.LOCK_SH)
