"""Runs that are killed, interrupted or out of disk at any moment: whether what they leave is whole and goes on.

Every attempt begins from the same earlier results, and is followed by a run with --resume that nothing disturbs.
"""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import netCDF4
from faulty import LIMIT
from support import PRICES, dist, study_text
from table import Tried

STUDY = {"pue": dist("pert", low=1.05, mode=1.25, high=1.6), "rest": PRICES, "samples": 64, "replicates": 8,
         "outputs": ["capex", "battery_count"], "precisions": ["fp16"]}
NAMES = ("one", "two")
PROMPT = 5.0  # seconds after which a signal to end should have ended everything, on a machine with other work
SOON = 1.0  # seconds that half of them should take at most
INTERRUPTED = re.compile(r"interrupted(; \d+ finished replicates are kept: --resume goes on from them)?\n")
KEPT, RESUMED = re.compile(r"(\d+) finished replicates are kept"), re.compile(r"Resumed: (\d+) of")
COMMANDS = {  # what is run, and which of the studies that makes
    "one": (["run", "studies/one.toml", "--seed", "2", "--jobs", "1", "--no-report"], NAMES[:1]),
    "page": (["run", "studies/one.toml", "--seed", "2", "--jobs", "1"], NAMES[:1]),
    "processes": (["run", "studies/one.toml", "--seed", "2", "--jobs", "2", "--no-report"], NAMES[:1]),
    "batch": (["run", "studies", "--seed", "2", "--jobs", "2", "--no-report", "--force"], NAMES),
    "samples": (["run", "studies/one.toml", "--seed", "2", "--jobs", "1", "--no-report", "--keep-samples"], NAMES[:1])}


@dataclass
class Bench:
    """A folder with studies and their earlier results, and a process that makes attempts at others in it."""

    folder: Path
    process: Any
    earlier: dict[str, dict[str, str]] = field(default_factory=dict)
    usual: dict[str, dict[str, Any]] = field(default_factory=dict)  # what each command gives that nothing disturbs
    seconds: list[float] = field(default_factory=list)  # from Ctrl-C at any moment to the end

    def attempt(self, arguments: list[str], **fault: Any) -> dict[str, Any]:
        """What comes of a command with a fault."""
        self.process.stdin.write(json.dumps({"arguments": arguments, **fault}) + "\n")
        self.process.stdin.flush()
        return {**json.loads(self.process.stdout.readline()), "error": (self.folder / "err.txt").read_text()}

    def reset(self) -> None:
        """The earlier results."""
        shutil.rmtree(self.folder / "results", ignore_errors=True)
        shutil.copytree(self.folder / "earlier", self.folder / "results")

    def results(self) -> dict[str, dict[str, str]]:
        """Hashes of all files that are no netCDF, and of what is in those, by study."""
        return {name: contents(self.folder / "results" / name) for name in NAMES}

    def undisturbed(self, kind: str) -> dict[str, Any]:
        """What a command gives, how many steps it has, and how long it takes."""
        if kind not in self.usual:
            self.reset()
            came = self.attempt(COMMANDS[kind][0], fault="none", step=0)
            assert (came["status"], came["error"]) == (0, ""), came
            self.usual[kind] = {**came, "results": self.results(), "store": hashes(self.folder / "results/one.zarr")}
        return self.usual[kind]


@contextmanager
def bench() -> Iterator[Bench]:
    """A place for attempts."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for i, name in enumerate(NAMES):
            (folder / "studies").mkdir(exist_ok=True)
            (folder / "studies" / f"{name}.toml").write_text(study_text(**STUDY, budget=100_000 + i))
        (folder / "tmp").mkdir()
        env = os.environ | {"TMPDIR": str(folder / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
        script = Path(__file__).with_name("faulty.py")
        with subprocess.Popen([sys.executable, script], cwd=folder, env=env, text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            made = Bench(folder, process)
            came = made.attempt(["run", "studies", "--jobs", "1", "--no-report"], fault="none")
            assert came["status"] == 0, came
            for name in NAMES:
                (folder / "results" / name / "notes.txt").write_text("mine")
            shutil.copytree(folder / "results", folder / "earlier")
            made.earlier = made.results()
            yield made
            process.stdin.close()


def hashes(folder: Path) -> dict[str, str]:
    """Hashes of all files below a folder."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}


def contents(folder: Path) -> dict[str, str]:
    """Hashes of all files below a folder; of results.nc, whose bytes differ, of what is in it."""
    found = hashes(folder)
    if "results.nc" in found:
        with netCDF4.Dataset(folder / "results.nc") as file:
            found["results.nc"] = hashlib.sha256(repr(list(_arrays(file))).encode()).hexdigest()
    return found


def _arrays(group: Any) -> Iterator[tuple[Any, ...]]:
    group.set_auto_mask(False)
    for name, variable in group.variables.items():
        values = variable[...]
        yield group.path, name, values.tolist() if values.dtype == object else values.tobytes()
    for inner in group.groups.values():
        yield from _arrays(inner)


# --- what may be wrong -----------------------------------------------------------------------------------------


def unsound(made: Bench, kind: str, came: dict[str, Any]) -> Iterator[str]:
    """What is wrong right after an attempt: results that are neither the earlier nor the new ones, orphans, a hang.

    Where the command says that it went well they have to be the new ones.
    """
    now, new = made.results(), made.undisturbed(kind)["results"]
    for name in NAMES:
        ours = name in COMMANDS[kind][1]
        if now[name] != made.earlier[name] and not (ours and now[name] == new[name]):
            yield f"{name} is neither what it was nor what it was to be"
        elif ours and came["status"] == 0 and now[name] != new[name]:
            yield f"{name} is what it was, and the command said that all was done"
    if came["seconds"] > LIMIT:  # and was then ended from outside, by the signal of a kill
        yield "hung"
    if came["orphans"]:
        yield f"{came['orphans']} processes stayed alive"
    if "Traceback" in came["error"]:
        yield came["error"]


def stuck(made: Bench, kind: str, came: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the run that goes on: other results, words about files that are damaged, things left over.

    It is to find the replicates that the attempt it follows said that it had kept.
    """
    usual, results = made.undisturbed(kind), made.folder / "results"
    again = made.attempt([*COMMANDS[kind][0], "--resume"], fault="none")
    if (again["status"], again["error"]) != (0, ""):
        yield f"the next run ended with {again['status']}: {again['error']}"
    said, resumed = KEPT.search(came["error"]), RESUMED.search((made.folder / "out.txt").read_text())
    if said and resumed and int(said[1]) > int(resumed[1]):
        yield f"{said[1]} replicates were said to be kept, and {resumed[1]} were"
    if made.results() != usual["results"] or (usual["store"] and hashes(results / "one.zarr") != usual["store"]):
        yield "the next run gave something else"
    left = {p.name for p in results.iterdir()} - {".replicates", "one.zarr", *NAMES}
    left |= {p.name for p in (results / ".replicates").rglob(".*")}
    left |= {p.name for p in (made.folder / "tmp").glob("uncertainty-*")}
    if left:
        yield f"left over: {', '.join(sorted(left))}"


def _killed(made: Bench, came: dict[str, Any]) -> Iterator[str]:
    if came["status"] != -9:
        yield f"ended with {came['status']}: {came['error']}"


def _stopped(made: Bench, came: dict[str, Any]) -> Iterator[str]:
    if came["seconds"] > PROMPT:
        yield f"took {came['seconds']:.1f} s to end"
    if came["status"] != 130 or not INTERRUPTED.fullmatch(came["error"]):
        yield f"ended with {came['status']}: {came['error']}"


def _refused(made: Bench, came: dict[str, Any]) -> Iterator[str]:
    """A disk that is full: told in words, with what was there left as it was."""
    said = re.search(r"(No space left on device|File too large)\n", came["error"])
    if came["status"] == 2 and not (said and "/new" not in came["error"]):
        yield f"does not say what is wrong: {came['error']}"
    if came["status"] == 2 and made.results() != made.earlier:
        yield "says that it failed, and did not"
    if came["status"] not in (0, 2):
        yield f"ended with {came['status']}: {came['error']}"


def _went_on(made: Bench, came: dict[str, Any]) -> Iterator[str]:
    if (came["status"], came["error"]) != (0, ""):
        yield f"ended with {came['status']}: {came['error']}"


# --- attempts --------------------------------------------------------------------------------------------------

Fault = dict[str, Any]
Chosen = Callable[[dict[str, Any], random.Random], Fault]


def at_step(fault: str) -> Chosen:
    """A fault at one of the steps of writing."""
    return lambda usual, rng: {"fault": fault, "step": rng.randint(1, usual["steps"])}


def at_moment(fault: str, *to: str) -> Chosen:
    """A signal at any moment."""
    return lambda usual, rng: {"fault": fault, "moment": 0.005 + usual["seconds"] * rng.random(), "to": rng.choice(to)}


def file_size(_: dict[str, Any], rng: random.Random) -> Fault:
    """No file may be longer."""
    return {"fault": "limit", "bytes": int(2 ** rng.uniform(8, 17))}


ATTEMPTS: dict[str, tuple[tuple[str, ...], Chosen, Callable[[Bench, dict[str, Any]], Iterator[str]]]] = {
    "kill -9 at a step of writing results": (("one", "one", "one", "page"), at_step("SIGKILL"), _killed),
    "kill -9 at any moment of a run": (("one", "page", "processes"), at_moment("SIGKILL", "main", "group"), _killed),
    "kill -9 at any moment of a batch": (("batch",), at_moment("SIGKILL", "main", "group"), _killed),
    "kill -9 while every sample is kept": (("samples",), at_step("SIGKILL"), _killed),
    "kill -9 of a worker": (("processes", "batch"), at_moment("SIGKILL", "worker"), _went_on),
    "Ctrl-C at a step of writing results": (("one",), at_step("SIGINT"), _stopped),
    "Ctrl-C at any moment": (("page", "processes", "batch", "samples"), at_moment("SIGINT", "group"), _stopped),
    "a request to end (SIGTERM) at a step": (("one",), at_step("SIGTERM"), _stopped),
    "a full disk from some step on": (("one", "one", "page", "samples"), at_step("full"), _refused),
    "files that may not grow beyond some size": (("one", "processes", "samples"), file_size, _refused)}


def problems(made: Bench, what: str, rng: random.Random) -> list[str]:
    """What goes wrong in one attempt; a signal that came too late is sent again."""
    kinds, chosen, judge = ATTEMPTS[what]
    kind = rng.choice(kinds)
    for _ in range(20):
        fault = chosen(made.undisturbed(kind), rng)
        made.reset()
        came = made.attempt(COMMANDS[kind][0], **fault)
        if "moment" not in fault or came["status"] or judge is _went_on:
            break
    if "moment" in fault and came["status"] == 130:
        made.seconds.append(came["seconds"])
    found = [*judge(made, came), *unsound(made, kind, came), *stuck(made, kind, came)]
    return [f"{what} ({kind}, {fault}): {each}" for each in found]


def failures(made: Bench, count: int, seed: int) -> dict[str, list[list[str]]]:
    """The problems of so many attempts, dealt out among the kinds."""
    rng, kinds = random.Random(seed), list(ATTEMPTS)
    found: dict[str, list[list[str]]] = {what: [] for what in kinds}
    for i in range(count):
        found[kinds[i % len(kinds)]].append(problems(made, kinds[i % len(kinds)], rng))
    return found


def tried(count: int, seed: int) -> list[Tried]:
    """How many attempts of each kind were made, and how many left everything whole and went on to the same bits."""
    with bench() as made:
        found = failures(made, count, seed)
    return [Tried(what, len(each), each.count([])) for what, each in found.items() if each] + prompt(made.seconds)


def prompt(seconds: list[float]) -> list[Tried]:
    """How soon runs ended after Ctrl-C at any moment: wrong where the median is above a second."""
    if not seconds:
        return []
    middle, late = median(seconds), sum(each > SOON for each in seconds)
    what = f"seconds from Ctrl-C at any moment to the end: median {middle:.2f}, largest {max(seconds):.2f}"
    return [Tried(f"{what} (median at most {SOON:g}, each at most {PROMPT:g})", len(seconds),
                  len(seconds) - (late if middle > SOON else 0))]
