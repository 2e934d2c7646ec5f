"""Loading a study: files in, every problem at once, or a frozen `Study` out."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from . import schema
from .design import DIMENSIONS, Sampling, Stream
from .document import Conclusions
from .ledger import Ledger, ledger
from .model import PRECISIONS
from .quantity import UNKNOWN
from .resolve import (
    BLOCK,
    COMPONENTS,
    SLOTS,
    Criterion,
    Entries,
    Problem,
    Tables,
    correlations,
    criteria,
    outputs,
    problems,
    resolve,
)
from .strict import NAME, Strict, nearest, printable


class StudyError(ValueError):
    """A study that cannot be run, with every problem found; safe to print whatever the file says."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        """Of a study file, every problem in it."""
        super().__init__(path, problems)
        self.path = _short(path)
        self.problems = list(dict.fromkeys(Problem(*map(_short, p)) for p in problems))

    def __str__(self) -> str:
        """One line for the file, and one for each problem."""
        count = "a problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = [f"  {p.where}: {p.what}" if p.where else f"  {p.what}" for p in self.problems]
        return "\n".join([f"{self.path} has {count}:", *lines])


def _short(text: str) -> str:
    text = printable(text[:500])
    return text if len(text) < 500 else f"{text[:500]}..."


class Build(NamedTuple):
    """A device or a battery: the name of its data sheet, and what tables print."""

    key: str
    name: str
    label: str


@dataclass(frozen=True, repr=False)
class Study:
    """A study, resolved and checked. Holds no arrays; small to send to a worker.

    Attributes
    ----------
    name : of its file
    entries : by input and component, what holds at every place
    correlation : Spearman coefficients of pairs of streams
    components : what the price of each is per
    criteria, listed : what builds are ranked by: so many that are listed, and then those of picks and ratings
    ledger : claims, picks and ratings that are put to the test
    outputs, precisions : what is worked out
    text, files : the study file, and the data sheets by their place below configs/
    """

    name: str
    title: str
    description: str
    builds: tuple[Build, ...]
    battery: Build
    scenarios: tuple[str, ...]
    sampling: Sampling
    entries: Entries
    correlation: dict[tuple[str, str], float]
    components: dict[str, str]
    criteria: tuple[Criterion, ...]
    listed: int
    ledger: Ledger
    outputs: tuple[str, ...]
    precisions: tuple[str, ...]
    text: str
    files: dict[str, str]

    def __repr__(self) -> str:
        """What it is, without the numbers."""
        s = self.sampling
        return (f"Study({self.name!r}, builds={len(self.builds)}, scenarios={len(self.scenarios)}, "
                f"samples={s.replicates} x {s.samples}, method={s.method!r}, seed={s.seed})")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the results but the versions: of no comment, title or source."""
        numbers = [(name, *place, e.stream if e.quantity.uncertain else "", e.quantity.value)
                   for name, places in self.entries.items() for place, e in places.items()]
        parts = ([b.key for b in self.builds], self.scenarios, self.sampling, numbers, self.correlation,
                 self.components, self.criteria, self.outputs, self.precisions,
                 [(c.id, c.quantile, c.test) for c in self.ledger.claims], [p.tests for p in self.ledger.picks],
                 [(r.stars, r.criterion, r.width) for r in self.ledger.ratings])
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that determines the results folder but the versions: of every text too."""
        return hashlib.sha256(repr((self.digest, self.text, sorted(self.files.items()))).encode()).hexdigest()

    @cached_property
    def bare(self) -> Study:
        """The same without its texts, which workers do not need."""
        return replace(self, text="", files={})

    def streams(self) -> list[Stream]:
        """Streams that are drawn from, by Sobol' dimension: of uncertain inputs and all correlated ones."""
        entries = [e for places in self.entries.values() for e in places.values()]
        drawn = {e.stream for e in entries if e.quantity.uncertain}.union(*self.correlation)
        return sorted((Stream(name, self.dimension(name)) for name in drawn), key=lambda s: s.dimension)

    def dimension(self, stream: str) -> int:
        """The Sobol' dimension that a stream owns, whether it is uncertain or not."""
        if stream in self.components:
            return DIMENSIONS - COMPONENTS + list(self.components).index(stream)
        if stream in SLOTS:
            return SLOTS.index(stream)
        build, _, slot = stream.partition(".")
        return BLOCK * (1 + [b.key for b in self.builds].index(build)) + SLOTS.index(slot)

    def weights(self) -> list[Stream]:
        """Streams of the ratings' weights: one fewer than there are."""
        last = DIMENSIONS - COMPONENTS
        return [Stream(f"weight.{i}", last - 1 - i) for i in range(len(self.ledger.ratings) - 1)]

    def with_sampling(self, **changes: Any) -> Study:
        """The same study with other `samples`, `replicates`, `seed` or `method`; None leaves one as it is.

        Raises
        ------
        StudyError
            for what a study's [sampling] may not say.
        """
        given = {k: v for k, v in changes.items() if v is not None}
        found: list[Problem] = []
        table = _validate(schema.SamplingTable, self.sampling._asdict() | given, Path(), "", found)
        if found:
            raise StudyError("sampling", found)
        return replace(self, sampling=Sampling(**table.model_dump()))


# --- files -------------------------------------------------------------------------------------------------


def shipped() -> Path:
    """The folder of reference studies and data sheets: in the wheel, or in the checkout it was made from."""
    inside = Path(__file__).with_name("configs")
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that the system does not take
        return False


def locate(study: str | Path) -> Path:
    """A study file by path, or by name among the shipped ones.

    Raises
    ------
    StudyError
        where there is neither.
    """
    path, folder = Path(study), shipped() / "studies"
    if _is_file(path):
        return path
    named = folder / f"{path.name.removesuffix('.toml')}.toml"
    if path.parent.parts in ((), ("configs", "studies")) and _is_file(named):
        return named
    known = sorted(p.stem for p in folder.glob("*.toml"))
    raise StudyError(str(study), [Problem("", f"no such file or shipped study; {nearest(path.stem, known)}")])


def _read(path: Path, where: str, found: list[Problem]) -> tuple[str, dict[str, Any]]:
    """Text and tables of a file; empty where there is a problem."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return text, tomllib.loads(text)
    except OSError as error:
        found.append(Problem(where, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found.append(Problem(where, f"not UTF-8: byte {error.object[error.start]:#04x} in line {line}"))
    except (ValueError, RecursionError) as error:
        known = isinstance(error, tomllib.TOMLDecodeError)
        what = error if known else "a number too long, or tables too deep"
        found.append(Problem(where, f"not TOML: {what}"))
    return "", {}


def _validate(model: type[Strict], raw: dict[str, Any], folder: Path, where: str,
              found: list[Problem]) -> Any:
    """The model; where parts are wrong, one without them, so that the rest is checked too; else None."""
    try:
        return model.model_validate(raw, context=folder)
    except ValidationError as error:
        wrong = error.errors()
    for detail in wrong:
        found.append(Problem(where + _path(detail["loc"]), detail["msg"]))
        _mend(raw, detail["loc"], detail["type"] == "unknown_key")
    for key, listed in raw.items():
        if isinstance(listed, list):
            raw[key] = [one for one in listed if one is not None]
    try:
        return model.model_validate(raw, context=folder)
    except ValidationError:
        return None


def _path(loc: tuple[int | str, ...]) -> str:
    """A place in a file as people write it: correlation #1.spearman."""
    def one(part: int | str) -> str:
        if isinstance(part, int):
            return f" #{part + 1}"
        return f".{part}" if re.fullmatch(r"[\w-]+", part) else f'."{part}"'

    return "".join(one(part) for part in loc if part != "[key]").removeprefix(".")


def _mend(table: Any, loc: tuple[int | str, ...], unknown: bool) -> None:
    """Put UNKNOWN for the number that a problem lies in; take out an unknown key, or anything else.

    Of a list of tables the wrong one becomes None.
    """
    if len(loc) > 1 and isinstance(loc[1], int) and isinstance(table[loc[0]][loc[1]], dict | None):
        table[loc[0]][loc[1]] = None
        return
    keys = list(takewhile(lambda part: isinstance(part, str) and part != "[key]", loc))
    end = 1 + next((i for i, key in enumerate(keys) if key in schema.FIELDS or key == "price"), len(keys))
    end += keys[end : end + 1] in [[p] for p in PRECISIONS]  # one precision, not all
    *parents, last = keys[:end]
    for key in parents:
        table = table.get(key, {})
    if not isinstance(table, dict):
        return  # UNKNOWN already
    if end < len(keys) or (end == len(keys) and not unknown):
        table[last] = UNKNOWN
    else:
        table.pop(last, None)


SHEETS: dict[str, Any] = {"devices": schema.Device, "batteries": schema.Battery, "documents": Conclusions}


def _sheet(kind: str, name: Any, where: str, folder: Path, files: dict[str, str],
           found: list[Problem]) -> Any:
    """A sheet beside the study, else among the configs that the study lies in, else a shipped one."""
    model = SHEETS[kind]
    unknown = model.model_construct(headline_format="fp16", **dict.fromkeys(schema.FIELDS, UNKNOWN))
    if not (isinstance(name, str) and re.fullmatch(NAME, name)):
        return unknown  # as the study's own validation says
    places = [folder, folder / kind, folder.parent / kind, shipped() / kind]
    path = next((p for p in (place / f"{name}.toml" for place in places) if _is_file(p)), None)
    if path is None:
        hint = nearest(name, sorted({p.stem for place in places[1:] for p in place.glob("*.toml")}))
        found.append(Problem(where, f"no {kind}/{name}.toml beside the study or shipped; {hint}"))
        return unknown
    before = len(found)
    files[f"{kind}/{name}"], raw = _read(path, path.name, found)
    sheet = _validate(model, raw, path.parent, f"{path.name}: ", found) if len(found) == before else None
    return sheet or unknown


# --- loading -----------------------------------------------------------------------------------------------


def load(study: str | Path) -> Study:
    """Read, check and resolve a study.

    Parameters
    ----------
    study
        path of a TOML file, or the name of a shipped study ("reference").

    Raises
    ------
    StudyError
        with every problem found, each with its place, what was given and what was wanted.
    """
    path = locate(study)
    found: list[Problem] = []
    text, raw = _read(path, "", found)
    if found:
        raise StudyError(str(path), found)
    named = raw.get("builds"), raw.get("battery")
    file = _validate(schema.StudyFile, raw, path.parent, "", found)
    files: dict[str, str] = {}
    devices = {str(name): _sheet("devices", name, f"builds #{i + 1}", path.parent, files, found)
               for i, name in enumerate(named[0] if isinstance(named[0], list) else [])}
    battery = _sheet("batteries", named[1], "battery", path.parent, files, found)
    sheet = _sheet("documents", raw["document"], "document", path.parent, files, found) if "document" in raw else None
    if file is not None:
        tables = Tables(file, devices, battery)
        entries = resolve(tables)
        found += problems(tables, entries)
        tested = ledger(tables, entries, sheet, found)
        if not found:
            return _study(path.stem, tables, entries, tested, text, files)
    raise StudyError(str(path), found)


def _study(name: str, tables: Tables, entries: Entries, tested: Ledger, text: str, files: dict[str, str]) -> Study:
    file = tables.file
    builds = tuple(Build(key, tables.devices[key].name, tables.devices[key].label) for key in file.builds)
    listed = tuple(dict.fromkeys(c for each in criteria(tables, entries) for c in each))
    ranked = tuple(dict.fromkeys([*listed, *tested.criteria()]))
    needed = outputs(tables, [*(c.output for c in ranked), *tested.outputs()])
    return Study(
        name, file.title, file.description.strip(), builds,
        Build(file.battery, tables.battery.name, tables.battery.label), tables.scenarios,
        Sampling(**file.sampling.model_dump()), entries, dict(correlations(tables, entries)),
        {key: component.per for key, component in file.components.items()},
        ranked, len(listed), tested, needed, tables.precisions, text, files)
