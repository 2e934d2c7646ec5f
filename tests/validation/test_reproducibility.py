"""The same bits from the same study and seed, whatever surrounds the run; and points that no version changes unsaid."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from kills import contents
from support import TIED, dist, study_text

import uncertainty as un
from uncertainty import design
from uncertainty.design import Sampling, Stream

REST = f"""{TIED}[sensitivity]
samples = 64
[[sensitivity.measurements]]
says = "a meter"
input = "pue"
relative_error = 0.05
"""
PUE = dist("pert", low=1.05, mode=1.25, high=1.6)
FEW = {"samples": 256, "replicates": 8}
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"

# --- points ----------------------------------------------------------------------------------------------------

CHANGED = """

The random points are no longer those that earlier versions made: the same study and seed give other numbers.

If that is not meant, it is a defect: undo what changed them. If it is meant, say so in CHANGELOG.md under "Random
streams" (what changed, and for whom), make the committed results anew with the command of the README, and write the
new hashes here, and there how those of each method begin.
"""
PINNED = {  # SHA-256 of points, written as little-endian unsigned integers of four bytes
    "sobol": "57210df21a254382805cb378881398cdd8ada1b1e031d382f9deb78086f8d9a7",
    "lhs": "08aec422075672dcfd9c567401b0cae2f89e6b0d9377bd5357bb71f71221af97",
    "random": "877ff8001d446cb90f263b80b00195ec9c660ea42bed5609dd30ffb0f5aabfce",
    "turns": "f3a248301637572ba464422deb00f2ed208b7416bdcef45660c44ac81e5ca200",
    "orders": "2926cc7994435e5d7f5fd07bebad455303f4f11ca27e73a060309bff1e0c406b",
    "reference": "b6e1ab160f6dab39247f30ad4734d27f1aefdce60d51481cffd0e77601357f55",
    "market-2025": "c342e6fd09b7b00584c2b51c4b53d1cc29f79f4b3882ab4fc08bda7f19237a85",
    "market-late-2026": "c342e6fd09b7b00584c2b51c4b53d1cc29f79f4b3882ab4fc08bda7f19237a85",
}
SEEDS, REPLICATES = (0, 1, 20251217, 2**63), (0, 1, 255)
STREAMS = [Stream("pue", 0), Stream("rtx_a5000.unit_price", 37), Stream("größe\n", 4095)]


def points(streams, sampling, replicate):
    return design.points(streams, sampling, replicate)(0, sampling.samples)


def pinned(name):
    """The integers that a hash is of, before any becomes a float."""
    if name in design.METHODS:
        return [points(STREAMS, Sampling(samples, seed=seed, method=name), replicate)
                for samples in (2, 256) for seed in SEEDS for replicate in REPLICATES]
    if name in ("turns", "orders"):
        stream = {"turns": "measurement", "orders": "orders of inputs"}[name]
        return [design.words(design.generator(seed, r, stream).random_raw(8)) for seed in SEEDS for r in REPLICATES]
    study = un.load(name)
    return [points(study.streams(), study.sampling._replace(samples=16), replicate) for replicate in REPLICATES]


def fingerprint(arrays):
    """A hash of integers that is the same on every machine."""
    assert all((each.dtype.kind, each.dtype.itemsize) == ("u", 4) for each in arrays)
    return hashlib.sha256(b"".join(each.astype("<u4").tobytes() for each in arrays)).hexdigest()


@pytest.mark.parametrize("name", PINNED)
def test_points_are_those_of_earlier_versions(name):
    """Of each method, of what has a stream of its own, and of shipped studies, whose inputs have theirs."""
    assert fingerprint(pinned(name)) == PINNED[name], CHANGED


@pytest.mark.parametrize("name", design.METHODS)
def test_one_bit_of_one_point_is_noticed(name):
    arrays = pinned(name)
    arrays[-1][0, -1] ^= 1
    assert fingerprint(arrays) != PINNED[name]


@pytest.mark.parametrize("name", design.METHODS)
def test_the_hash_is_the_same_whatever_the_machine_calls_an_integer(name):
    arrays = pinned(name)
    swapped = [each.astype(">u4") for each in arrays]  # as memory has them where the large end comes first
    assert fingerprint(swapped) == PINNED[name]


@pytest.mark.skipif(not CHANGELOG.exists(), reason="no checkout")
@pytest.mark.parametrize("name", design.METHODS)
def test_the_changelog_tells_of_these_points(name):
    """So that no hash is changed above without a word there: it is to be under its newest "Random streams"."""
    newest = CHANGELOG.read_text(encoding="utf-8").partition("### Random streams")[2].partition("\n#")[0]
    assert f"{PINNED[name][:8]} ({name})" in newest, CHANGED


# --- runs ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.toml").write_text(study_text(pue=PUE, rest=REST, **FEW), encoding="utf-8")
    return folder


def run(folder, out, *arguments, env=None):
    """The results folder of a command in a process of its own, small tasks and processes for the smallest of runs."""
    code = ("from uncertainty import cli, execution, jobs\nimport sys\nif __name__ == '__main__':\n"
            "    execution.SERIAL, jobs.TASK = 0, 1\n    sys.exit(cli.main())\n")
    (folder / "command.py").write_text(code)
    done = subprocess.run([sys.executable, "command.py", "run", "study.toml", "--no-report", "--out", out, *arguments],
                          cwd=folder, env=os.environ | (env or {}), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / out / "study"


@pytest.fixture(scope="module")
def usual(folder):
    return run(folder, "usual", "--jobs", "1")


SURROUNDINGS = {
    "two processes": (["--jobs", "2"], {}),
    "eight processes": (["--jobs", "8"], {"PYTHONHASHSEED": "1"}),
    "another hash seed, one thread of linear algebra": (
        ["--jobs", "1"], {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}),
    "no hash seed, many threads, ASCII": (
        ["--jobs", "1"], {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "8", "LC_ALL": "C",
                          "PYTHONUTF8": "0", "TZ": "Asia/Kathmandu"}),
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_same_bits_whatever_surrounds_the_run(folder, usual, name):
    """In summary.json, report.md, all tables, and all arrays of results.nc, with what drives the study."""
    arguments, env = SURROUNDINGS[name]
    assert contents(run(folder, name, *arguments, env=env)) == contents(usual)


def test_the_same_bits_in_steps(folder, usual):
    """Three replicates, then five, then all, each going on from those before it."""
    for replicates in ("3", "5", "8"):
        there = run(folder, "steps", "--resume", "--jobs", "2", "--replicates", replicates)
    assert contents(there) == contents(usual)


def test_another_seed_is_noticed(folder, usual):
    other, same = contents(run(folder, "other", "--seed", "2", "--jobs", "1")), contents(usual)
    assert other.keys() == same.keys()
    assert all(other[name] != same[name] for name in ("summary.json", "results.nc", "tables/bands.csv"))


# --- other machines --------------------------------------------------------------------------------------------

VECTOR_UNITS = "AVX512_SPR AVX512_ICL AVX512_SKX X86_V4 X86_V3 AVX2 FMA3 ASIMDHP SVE"


def arrays(group):
    """All arrays of numbers of a results.nc."""
    group.set_auto_mask(False)
    found = {f"{group.path}/{name}": v[...] for name, v in group.variables.items() if v.dtype != str}
    for inner in group.groups.values():
        found |= arrays(inner)
    return found


def read(folder):
    with netCDF4.Dataset(folder / "results.nc") as file:
        return arrays(file)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_figures_of_other_machines_differ_by_rounding_at_most(folder, usual):
    """A processor of other vector units, as NumPy and OpenBLAS see it: 1e-9 of each figure, and of the largest of its
    array for what is a difference of such, as standard errors are."""
    known = [name for name in VECTOR_UNITS.split() if re.search(rf"\b{name}\b", features())]
    there = run(folder, "elsewhere", "--jobs", "1", env={"NPY_DISABLE_CPU_FEATURES": " ".join(known),
                                                         "OPENBLAS_CORETYPE": "Nehalem"})
    ours, theirs = read(usual), read(there)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        largest = np.max(np.abs(values), initial=0.0, where=np.isfinite(values))
        np.testing.assert_allclose(theirs[name], values, rtol=1e-9, atol=1e-9 * largest, err_msg=name)


def features():
    """What NumPy may be told to do without, which it must have been built for."""
    from numpy._core._multiarray_umath import __cpu_dispatch__

    return " ".join(__cpu_dispatch__)
