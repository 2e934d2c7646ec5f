"""Bad input, thousands of times: whatever a file says, the command runs it or refuses it in words, and writes nothing.

Every shipped study and sheet is broken, and one study that says all that a study can; and what a run leaves behind.
"""

import contextlib
import io
import json
import random
import re
import tempfile
import tomllib
import warnings
from functools import cache
from pathlib import Path

from breaking import broken, damaged, file
from table import Tried

from uncertainty import cli
from uncertainty.files import shipped
from uncertainty.strict import printable

FULL = """\
title = "All that a study can say"
budget = 150_000
run_hours = 8
builds = ["rtx_a6000", "own"]
battery = "powerwall_3"
document = "paper"
criteria = ["capex", { output = "throughput", precision = "fp16" }]
correlation = [{ inputs = ["unit_price"], spearman = 0.3 }]
[sampling]
samples = 16
replicates = 2
[inputs]
pue = { dist = "pert", low = 1.1, mode = 1.2, high = 1.4, source = "s", date = 2026-11-01, grade = "B" }
battery_unit_price = { dist = "empirical", file = "quotes.csv", column = "price", source = "s" }
discharge_efficiency = { dist = "beta", a = 5, b = 2, low = 0.8, high = 1, source = "s" }
depth_of_discharge = { dist = "normal", mean = 0.9, std = 0.05, min = 0.7, max = 1, source = "s" }
[build.rtx_a6000]
unit_price = { dist = "lognormal", p5 = 4000, p95 = 6000, source = "s" }
[build.own]
unit_price = { dist = "discrete", values = [2000, 2500], probabilities = [0.4, 0.6], source = "s" }
[components]
server = { per = "node", price = 6000, builds = ["own"], source = "s" }
[scenarios.a]
pue = 1.2
[scenarios.b.build.own]
draw_fraction = { dist = "uniform", low = 0.7, high = 1, source = "s" }
[[claims]]
id = "C1"
says = "One is cheaper"
is = "below"
build = "own"
output = "capex"
than = { build = "rtx_a6000", times = 0.9 }
at = { scenario = ["a", "b"] }
must_hold = 0.5
[[claims]]
id = "C2"
says = "All of it"
build = "own"
output = "throughput"
at = { precision = "fp16" }
any = [{ is = "best" }, { is = "rank at least", rank = 2 }, { is = "between", low = 1, high = 2 }]
[[picks]]
says = "work"
builds = ["own"]
best_by = [{ output = "capex" }]
[[ratings]]
says = "price"
stars = { rtx_a6000 = 3, own = 5 }
output = "capex"
[sensitivity]
samples = 64
groups = { site = ["pue", "discharge_efficiency"] }
measurements = [{ says = "a meter", input = "pue", error = 0.03, cost = 1500 }]
"""
PAPER = """\
title = "Paper"
[[claims]]
id = "D1"
says = "Few"
build = "own"
output = "battery_count"
is = "at most"
than = 9
quantile = 0.5
"""
QUOTES = "shop,price\nA,8200\nB,9000\nC,12000\n"
SWEPT = "title = 't'\nbudget = 1\nrun_hours = 1\nbuilds = ['own']\nbattery = 'powerwall_3'\n" + """\
inputs = { pue = 1.2, discharge_efficiency = 0.9, depth_of_discharge = 0.9 }
sampling = { samples = 4, replicates = 2 }
[sweep]
budget = [50_000, 90_000]
own.unit_price = [1000, 2000]
budget_covers = ["hardware", "hardware and storage"]
"""


def seeds():
    """Files by name, study.toml among them, that are a study that runs."""
    own = (shipped() / "devices/rtx_a5000.toml").read_text(encoding="utf-8")
    full = {"study.toml": FULL, "own.toml": own, "paper.toml": PAPER, "quotes.csv": QUOTES}
    yield full
    yield {"study.toml": SWEPT, "own.toml": own}
    for study in [*sorted((shipped() / "studies").glob("*.toml")), shipped() / "starter.toml"]:
        text = study.read_text(encoding="utf-8")
        sheets = [sheet for kind in ("devices", "batteries", "documents") for sheet in (shipped() / kind).glob("*.toml")
                  if f'"{sheet.stem}"' in text]
        yield {"study.toml": text} | {sheet.name: sheet.read_text(encoding="utf-8") for sheet in sheets}


SEEDS = list(seeds())
# of a message that names a place, which was given
PLACED = r"{0}[^:\n]* has (a problem|\d+ problems):\n(  \S.*\n)+|{0}.*: \S.*\n|--\w+ is .*\n"
UNDEFINED = r"(at \w.*: )?\w+( \(.+\))? is not finite in .+; first where .+\n"  # names the output, and a sample
OURS = re.compile(r"\bobject\b|Error:|NoneType|broadcast|Traceback")  # words of Python, that no user has to know
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def fault(*arguments, statuses=(0, 2)):
    """What is wrong with how the command takes its arguments, if anything; it runs in this process."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            status = cli.main([str(argument) for argument in arguments])
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"
    said = err.getvalue()
    if status not in statuses:
        return f"exit status {status}: {said}"
    if steering := STEERING.search(out.getvalue() + said):
        return f"control character {steering[0]!r}: {said}"
    if status == 2 and (not placed(said, arguments) or OURS.search(said)):
        return f"no message that names a place: {said!r}"
    return "" if len(said) < 100_000 else "a message without end"


def placed(said, arguments):
    """Whether a message begins with a path that was given, what lies beside it, a study's name, or an option."""
    paths = [Path(each) for each in arguments[1:] if isinstance(each, str | Path) and not str(each).startswith("-")]
    given = {printable(str(place)) for path in paths for place in (path, path.parent, path.stem)}
    begins = "(?:" + "|".join(map(re.escape, sorted(given, key=len, reverse=True))) + r")\b"
    return re.fullmatch(f"{PLACED.format(begins)}|{UNDEFINED}", said)


def there(folder):
    """What is in a folder: names and contents."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder, files):
    """Files, by name, in a folder of their own."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def checked(folder, files):
    """What is wrong with how the command takes a study of these files, if anything."""
    before = there(written(folder, files))
    wrong = fault("check", folder / "study.toml")
    return wrong or ("files were written" if there(folder) != before else "")


def of_a_study(random, folder, kind):
    """What is wrong with how the command takes one broken study, and the study."""
    files = dict(random.choice(SEEDS))
    names = [name for name in files if not name.endswith(".csv")]
    name = random.choice([*names, "study.toml"])
    if kind == "tables":
        tables, _ = broken(tomllib.loads(files[name]), random)
        files[name] = file(tables).encode("utf-8", "surrogatepass")
    else:
        files[name] = damaged(files[name].encode(), random)
    return checked(folder, files), files[name]


def quotes(random, folder):
    """The same of a CSV file of quotes."""
    files = SEEDS[0] | {"quotes.csv": damaged(QUOTES.encode(), random)}
    return checked(folder, files), files["quotes.csv"]


def ran(random, folder):
    """What is wrong with how a broken study runs, with two samples."""
    files = dict(random.choice(SEEDS[:2]))
    tables, done = broken(tomllib.loads(files["study.toml"]), random)
    tables = tables | {"sensitivity": {"samples": 0}} if random.random() < 0.7 else tables
    files["study.toml"] = file(tables).encode("utf-8", "surrogatepass")
    before = there(written(folder, files))
    out = folder / "out"
    wrong = fault("run", folder / "study.toml", "--samples", 2, "--replicates", 2, "--no-report", "--out", out,
                  statuses=(0, 1, 2))
    left = [path for path in there(folder) if path not in before and ".replicates" not in path.parts]
    if not wrong and left and not (out / "study/summary.json").is_file():
        wrong = f"half a run is left: {left}"
    return wrong, f"{done}\n{file(tables)}".encode()


@cache
def results():
    """A results folder, with its replicates beside it, by name: of the study that says all that a study can."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = written(Path(scratch) / "study", SEEDS[0])
        assert not fault("run", folder / "study.toml", "--no-report", "--out", folder / "out", statuses=(0, 1))
        return {path.relative_to(folder): content for path, content in there(folder).items()}


def copied(folder, name, change):
    """The results folder anew, with one file changed."""
    for path, content in results().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(change(content) if path.name == name else content)


def compared(random, folder):
    """What is wrong with how a damaged results folder is compared with a whole one, or a whole one with it."""
    name = random.choice(["summary.json", "summary.json", "results.nc"])
    seen = []

    def change(content):
        if name == "summary.json" and random.random() < 0.7:
            seen.append(json.dumps(broken(json.loads(content), random)[0], default=str).encode())
        else:
            seen.append(damaged(content, random))
        return seen[0]

    copied(folder / "whole", "", bytes)
    copied(folder / "damaged", name, change)
    sides = [folder / "whole/out/study", folder / "damaged/out/study"]
    before = there(folder)
    wrong = fault("compare", *(sides if random.random() < 0.5 else sides[::-1]))
    return (wrong or ("files were written" if there(folder) != before else "")), seen[0]


def resumed(random, folder):
    """What is wrong with how a run goes on from replicates that are damaged."""
    pieces = [path.name for path in results() if path.suffix == ".npz"]
    copied(folder, random.choice(pieces), lambda content: damaged(content, random))
    wrong = fault("run", folder / "study.toml", "--no-report", "--out", folder / "out", "--resume", statuses=(0, 1))
    same = (folder / "out/study/summary.json").read_bytes() == results()[Path("out/study/summary.json")]
    return wrong or ("" if same else "other figures"), b""


KINDS = {
    "studies and sheets with keys wrong": lambda random, folder: of_a_study(random, folder, "tables"),
    "studies and sheets with bytes wrong": lambda random, folder: of_a_study(random, folder, "bytes"),
    "files of quotes with bytes wrong": quotes,
    "studies with keys wrong, that are run": ran,
    "results folders with a file wrong, that are compared": compared,
    "runs that go on from damaged replicates": resumed,
}


def tried(count, seed):
    """So many of each kind; how many were taken as they should be."""
    return [Tried(kind, count, count - len(list(faults(kind, count, seed)))) for kind in KINDS]


def faults(kind, count, seed):
    """What was taken wrongly: of which number, how, and the file."""
    for i in range(count):
        with tempfile.TemporaryDirectory() as scratch:
            wrong, content = KINDS[kind](random.Random(f"{kind} {seed} {i}"), Path(scratch) / "tried")
        if wrong:
            yield i, wrong, content
