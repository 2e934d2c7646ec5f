"""Loading a study: files in, every problem at once, or a frozen `Study` out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from . import inquiry, schema
from .axes import Axis, Label, axes, entries_at
from .design import DIMENSIONS, Sampling, Stream
from .doubts import doubts
from .files import StudyError, locate, read, tables_of, validate
from .inquiry import Inquiry
from .ledger import Ledger
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
    too_many,
)
from .sheets import meant, sheet
from .statements import ledger
from .strict import nearest


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
    inquiry : what is asked of its sensitivity
    outputs, precisions : what is worked out
    text, files : the study file, and the data sheets by their place below configs/
    sweep : quantities that take several values, in place of what `entries` have
    point : of a swept study's points, what these have been given: pairs of a name and a value
    doubts : what is worth a look, as it is mostly a slip, a line each
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
    inquiry: Inquiry
    outputs: tuple[str, ...]
    precisions: tuple[str, ...]
    text: str
    files: dict[str, str]
    sweep: tuple[Axis, ...] = ()
    point: tuple[tuple[str, Label], ...] = ()
    doubts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """What it is, without the numbers."""
        s, points = self.sampling, f"points={len(self.points)}, " if self.sweep else ""
        return (f"Study({self.name!r}, builds={len(self.builds)}, scenarios={len(self.scenarios)}, {points}"
                f"samples={s.replicates} x {s.samples}, method={s.method!r}, seed={s.seed})")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the results but the versions: of no comment, title or source."""
        numbers = [(name, *place, e.stream if e.quantity.uncertain else "", e.quantity.value)
                   for name, places in self.entries.items() for place, e in places.items()]
        parts = ([b.key for b in self.builds], self.scenarios, self.sampling, numbers, self.correlation,
                 self.components, self.criteria, self.outputs, self.precisions,
                 [(c.id, c.quantile, c.test) for c in self.ledger.claims], [p.tests for p in self.ledger.picks],
                 [(r.stars, r.criterion, r.width) for r in self.ledger.ratings], self.inquiry,
                 *([self.sweep] if self.sweep else []))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that determines the results folder but the versions: of every text too."""
        return hashlib.sha256(repr((self.digest, self.text, sorted(self.files.items()))).encode()).hexdigest()

    @property
    def driver_samples(self) -> int:
        """Samples of a replicate that tell what drives the study: not more than it has anyway, but 64; or none."""
        return min(self.inquiry.samples, max(self.sampling.samples, schema.LEAST_DRIVEN))

    @cached_property
    def bare(self) -> Study:
        """The same without its texts, which workers do not need."""
        return replace(self, text="", files={})

    @cached_property
    def points(self) -> tuple[Study, ...]:
        """Of a swept study one for every combination of values, the last quantity's changing fastest; else itself."""
        names = [axis.name for axis in self.sweep]
        return tuple(self.at(dict(zip(names, at, strict=True)))
                     for at in self.places) if names else (self,)

    @property
    def places(self) -> list[tuple[Label, ...]]:
        """What the swept quantities are at each of the points, in their order."""
        return list(product(*(axis.labels for axis in self.sweep)))

    def at(self, values: Mapping[str, Label] | None = None, **more: Label) -> Study:
        """The study at values of what it sweeps: at(run_hours=8), at({"rtx_a5000.unit_price": 2500}).

        It sweeps what is not given yet. With all given it is the same study without a sweep, which has these constants.

        Raises
        ------
        ValueError
            for what is not swept, or a value that is not among those swept.
        """
        study, known = self, {axis.name: axis for axis in self.sweep}
        for name, label in {**(values or {}), **more}.items():
            if name not in known:
                raise ValueError(f"{name} is not swept; {nearest(name, known) if known else 'nothing is'}")
            axis = known.pop(name)
            if label not in axis.labels:
                raise ValueError(f"{name} is {label}; wanted one of {', '.join(map(str, axis.labels))}")
            at = axis.labels.index(label)
            study = replace(study, entries=entries_at(study.entries, axis, axis.values[at]),
                            sweep=tuple(a for a in study.sweep if a.name != name),
                            point=(*study.point, (name, axis.labels[at])))
        return study

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
        table = validate(schema.SamplingTable, self.sampling._asdict() | given, Path(), "", found)
        if found:
            raise StudyError("sampling", found)
        return replace(self, sampling=Sampling(**table.model_dump()))


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
    text, raw = read(path, "", found)
    return _checked(path, text, raw, {}, found)


def restore(name: str, text: str, files: Mapping[str, str] | None = None) -> Study:
    """A study anew from its `text` and `files`, which a results folder keeps.

    What is not among them, sheets and quotes in files of their own, is looked for as if the study lay in the working
    folder: whether it is the same study its `digest` tells.

    Raises
    ------
    StudyError
        as `load` does.
    """
    found: list[Problem] = []
    return _checked(Path(f"{Path(name).name}.toml"), text, tables_of(text, "", found), dict(files or {}), found)


def _checked(path: Path, text: str, raw: dict[str, Any], files: dict[str, str], found: list[Problem]) -> Study:
    """The study of a file's tables, with the sheets in `files`, to which those are added that are read."""
    if found:
        raise StudyError(str(path), found)
    named, powered = raw.get("builds"), raw.get("battery")
    builds = meant(named, text, path.parent, files)
    if "builds" in raw:
        raw["builds"] = builds
    file = validate(schema.StudyFile, raw, path.parent, "", found)
    devices: dict[str, Any] = {}
    for i, (name, given) in enumerate(zip(builds, named, strict=True) if isinstance(named, list) else []):
        if str(name) not in devices:
            devices[str(name)] = sheet("devices", given, f"builds #{i + 1}", path.parent, files, found)
    battery = sheet("batteries", powered, "battery", path.parent, files, found)
    concluded = None
    if "document" in raw:
        concluded = sheet("documents", raw["document"], "document", path.parent, files, found)
    if file is not None and (many := list(too_many(file))):
        found += many
    elif file is not None:
        tables = Tables(file, devices, battery)
        entries = resolve(tables)
        found += problems(tables, entries)
        swept = axes(tables, entries, found)
        asked = _asked(tables, entries, swept, found)
        tested = ledger(tables, entries, concluded, found)
        if not found:
            return replace(_study(path.stem, tables, entries, tested, text, files), sweep=swept, inquiry=asked,
                           doubts=doubts(tables, entries, swept))
    raise StudyError(str(path), found)


def _asked(tables: Tables, entries: Entries, swept: tuple[Axis, ...], found: list[Problem]) -> Inquiry:
    """What is asked of the study's sensitivity: of a sweep's points nothing, unless the study says how many samples."""
    told = not swept or "samples" in tables.file.sensitivity.model_fields_set
    for axis in swept if told else ():
        entries = entries_at(entries, axis, axis.values[0])
    wrong = list(inquiry.problems(tables, entries))
    found += wrong
    return inquiry.inquiry(tables, entries) if told and not wrong else Inquiry()


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
        ranked, len(listed), tested, Inquiry(), needed, tables.precisions, text, files)
