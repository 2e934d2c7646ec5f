"""Finished replicates on disk, so that a run that was stopped, or is to go further, does none of them again.

A piece is a file of plain arrays, written whole or not at all. It lies in a folder whose name is a hash of all that
determines what it says, and holds that hash as well.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .analysis.bands import Tally
from .analysis.histogram import Sums
from .engine import Part, Statistics, Task, Totals
from .leftovers import owned, sweep
from .plan import Plan, plan_of
from .study import Study
from .versions import versions

Arrays = Mapping[str, NDArray[Any]]
FORMAT = 4  # of pieces: part of their hash
STALE = 24 * 3600.0  # seconds after which pieces of a study that is no longer the same are swept away
SCRATCH = ".new"  # what names of files that are being written begin with


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of another once it is whole, or not at all; with the folders to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{owned(SCRATCH)}{threading.get_ident()}-{path.stem}")
    try:
        yield scratch
        scratch.replace(path)
    except OSError as error:  # of a disk that is full it does not say which
        raise OSError(error.errno, error.strerror or str(error), str(path.parent)) from error
    finally:
        scratch.unlink(missing_ok=True)


def key(study: Study) -> str:
    """Hash of all that determines what a replicate says: of everything but their number."""
    one = replace(study, sampling=study.sampling._replace(replicates=1))
    return hashlib.sha256(repr((FORMAT, one.digest, sorted(versions().items()))).encode()).hexdigest()


@dataclass
class Pieces:
    """The pieces of one study below a folder, which are read to `resume` only.

    Attributes
    ----------
    refused : what went wrong
    beside : names of folders that are those of a sweep's other points, and never swept away as stale
    """

    study: Study
    root: Path
    resume: bool = True
    refused: list[str] = field(default_factory=list)
    beside: frozenset[str] = frozenset()

    @cached_property
    def key(self) -> str:
        """Hash of all that determines what they say."""
        return key(self.study)

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.root / self.study.name / self.key[:16]

    def tasks(self) -> list[Task]:
        """Replicates that are there to be resumed from, as far as file names tell."""
        return self._tasks() if self.resume else []

    def _tasks(self) -> list[Task]:
        found = []
        for path in self.folder.glob("*.npz"):
            ends = path.stem.split("-")
            if len(ends) == 2 and all(e.isdigit() for e in ends) and int(ends[0]) < int(ends[1]):
                found.append(Task(int(ends[0]), int(ends[1])))
        return sorted(found, key=lambda task: (task.first, -task.end))

    def read(self, task: Task) -> Part | None:
        """A piece; None, and a line in `refused`, where it is damaged or of another run."""
        path, plan = self._path(task), plan_of(self.study)
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return _unpacked(plan, self.key, task, arrays)
        except Exception as error:  # damage may look like anything
            self.refused.append(f"not used, made again: {path}: {error or type(error).__name__}")
            return None

    def keep(self, part: Part) -> None:
        """Write a piece, whole or not at all."""
        with whole(self._path(Task(part.first, part.end))) as scratch, scratch.open("wb") as stream:
            np.savez(stream, **_packed(self.key, part))

    def try_keep(self, part: Part) -> bool:
        """Keep a part, or say in `refused` why that cannot be: no run is lost for it."""
        try:
            self.keep(part)
        except OSError as error:
            self.refused.append(f"{self.folder}: replicates cannot be kept: {error.strerror or error}")
            return False
        return True

    def finish(self, done: Part) -> None:
        """Keep one piece in place of many, and sweep away what is stale."""
        if not self.try_keep(done):
            return
        sweep(self.folder, SCRATCH)
        for task in self._tasks():
            if task != (done.first, done.end) and task.end <= done.end:
                self.remove(task)
        for other in (path for path in self.folder.parent.iterdir() if path.name not in self.beside):
            with suppress(FileNotFoundError):  # another run has swept it away
                if other != self.folder and time.time() - other.stat().st_mtime > STALE:
                    shutil.rmtree(other, ignore_errors=True)

    def remove(self, task: Task) -> None:
        """Do without a piece."""
        self._path(task).unlink(missing_ok=True)

    def _path(self, task: Task) -> Path:
        return self.folder / f"{task.first:06}-{task.end:06}.npz"


def _packed(key: str, part: Part) -> dict[str, Any]:
    """A part as few plain arrays: each costs time to open. `index` says what is where in `values`."""
    flat = _flat(part.statistics)
    index = json.dumps([[name, *values.shape] for name, values in flat.items()])
    return {"key": np.array(key), "task": np.array([part.first, part.end]), "index": np.array(index),
            "values": np.concatenate([values.ravel() for values in flat.values()]),
            **{name: _narrow(values) for name, values in (part.sums._asdict() | part.totals._asdict()).items()
               if name != "bins"}}


def _flat(statistics: Statistics) -> dict[str, NDArray[np.float64]]:
    """All statistics by a name of their own."""
    flat = {f"{kind}/{name}": values for kind in ("means", "drivers", "tests")
            for name, values in getattr(statistics, kind).items()}
    for i, ranked in enumerate(statistics.ranking):
        flat |= {f"ranking/{name}/{i}": values for name, values in ranked.items()}
    for name, replicates in statistics.tallies.items():
        tallies = [tally for cells in replicates for tally in cells]
        flat[f"lengths/{name}"] = np.array([float(len(numbers)) for numbers, _ in tallies])
        flat |= {f"{end}/{name}": np.concatenate([tally[k] for tally in tallies])
                 for k, end in enumerate(("numbers", "shares"))}
    return flat


def _narrow(values: NDArray[np.int64]) -> NDArray[Any]:
    """Whole numbers in as few bytes as hold them."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    return values if low < 0 else values.astype(np.min_scalar_type(high))


def _unpacked(plan: Plan, key: str, task: Task, arrays: Arrays) -> Part:
    if str(arrays["key"]) != key or tuple(arrays["task"]) != task:
        raise ValueError("is a piece of another run")
    totals = Totals(Sums(*(arrays[name].astype(np.int64) for name in Sums._fields)),
                    *(arrays[name].astype(np.int64) for name in Totals._fields[1:]))
    if totals.bins.total.shape != plan.grid.shape:
        raise ValueError("is a piece of another run")
    values, at, flat = arrays["values"], 0, {}
    for name, *shape in json.loads(str(arrays["index"])):
        flat[name] = values[at : (at := at + prod(shape))].reshape(shape)
    ranking = tuple({name.split("/")[1]: x for name, x in flat.items() if name.startswith("ranking/")
                     and name.endswith(f"/{i}")} for i in range(len(plan.study.criteria)))
    tallies = {name.split("/")[1]: _tallies(flat, name.split("/")[1], task.end - task.first)
               for name in flat if name.startswith("lengths/")}
    means, drivers, tests = ({name.split("/")[1]: x for name, x in flat.items() if name.startswith(f"{kind}/")}
                             for kind in ("means", "drivers", "tests"))
    return Part(*task, Statistics(means, ranking, tallies, drivers, tests), totals)


def _tallies(flat: Arrays, name: str, replicates: int) -> list[list[Tally]]:
    """By replicate and cell."""
    ends = np.cumsum(flat[f"lengths/{name}"].astype(np.intp))[:-1]
    pairs = list(zip(*(np.split(flat[f"{end}/{name}"], ends) for end in ("numbers", "shares")), strict=True))
    cells = len(pairs) // replicates
    return [pairs[r * cells : (r + 1) * cells] for r in range(replicates)]
