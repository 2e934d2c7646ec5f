"""What a run can reach: no network, no code of a study, no pickle of a folder, nothing but its own files."""

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bad_input import FULL, SEEDS, fault, results, written

import uncertainty
from uncertainty.report.netcdf import sheets

PACKAGE = Path(uncertainty.__file__).parent
UNSAFE = {"eval", "exec", "compile", "__import__", "input"}  # by name alone
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml", "joblib", "subprocess", "socket", "http",
           "urllib", "requests", "ftplib", "smtplib", "telnetlib", "webbrowser", "xmlrpc", "code", "runpy"}
METHODS = {("os", "system"), ("os", "popen"), ("os", "execv"), ("os", "spawnv"), ("pd", "read_pickle")}


def unsafe(source):
    """What in a module's source could run what it reads, or reach out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (name for name in names if name.partition(".")[0] in MODULES and not getattr(node, "level", 0))
        if isinstance(node, ast.Call):
            yield from _unsafe_call(node)


def _unsafe_call(call):
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in UNSAFE:
        yield name
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        name = call.func.attr
        yield from [f"{call.func.value.id}.{name}"] if (call.func.value.id, name) in METHODS else []
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    yield from (f"{name}({key}=...)" for key in ("shell", "allow_pickle")
                if key in given and not (isinstance(given[key], ast.Constant) and given[key].value is False))
    if name == "load" and "allow_pickle" not in given and isinstance(call.func, ast.Attribute) and (
            getattr(call.func.value, "id", "") in ("np", "numpy")):
        yield "np.load without allow_pickle=False"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_runs_what_it_reads_or_reaches_out(path):
    assert list(unsafe(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("source", [
    "eval(x)", "exec('1')", "import pickle", "from marshal import loads", "import urllib.request", "import yaml",
    "np.load(x, allow_pickle=True)", "np.load(x, allow_pickle=y)", "np.load(x)", "run(x, shell=True)", "os.system(x)",
    "def f():\n    import socket", "__import__(x)", "compile(x, '', 'exec')"])
def test_what_is_unsafe_is_found(source):
    assert list(unsafe(source))


def test_what_is_safe_is_not_found():
    source = "import re\nfrom .plan import x\nre.compile(x)\nnp.load(x, allow_pickle=False)\njson.load(x)"
    assert not list(unsafe(source))


# processes of its own speak to each other through pipes and local sockets; everything else asks the system for one
ALONE = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("the network is asked for")
for name in ("connect", "connect_ex", "bind", "sendto"):
    setattr(socket.socket, name, refuse)
socket.getaddrinfo = socket.create_connection = socket.gethostbyname = refuse
sys.addaudithook(lambda event, arguments: refuse() if event in (
    "socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto", "urllib.Request", "os.system",
    "subprocess.Popen", "webbrowser.open") else None)
forks = []
sys.addaudithook(lambda event, _: forks.append(event) if event == "os.fork" else None)
{0}
from uncertainty import cli, execution, jobs
execution.SERIAL, jobs.TASK = 0, 1  # processes for the smallest of runs
status = max(cli.main(command) for command in {1!r})
print(len(forks))
raise SystemExit(status)
"""


def alone(folder, commands, before=""):
    """Commands in a process that has no network and can start no program."""
    return subprocess.run([sys.executable, "-c", ALONE.format(before, commands)], cwd=folder, capture_output=True,
                          text=True, check=False, timeout=300)


def test_no_run_asks_for_the_network_or_starts_a_program(tmp_path):
    folder = written(tmp_path / "study", {**SEEDS[0], "study.toml": FULL.replace("must_hold = 0.5", "")})
    done = alone(folder, [["check", "study.toml"], ["run", "study.toml", "--jobs", "2"], ["schema"],
                          ["init", "new.toml"], ["compare", "results/study", "study.toml"]])
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert int(done.stdout.split()[-1]) >= 2  # processes of its own were started
    assert (folder / "results/study/report.html").is_file()


def test_what_asks_for_the_network_is_found_out(tmp_path):
    for asking in ("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
                   "socket.socket().connect(('127.0.0.1', 9))", "import subprocess; subprocess.run(['true'])"):
        done = alone(tmp_path, [["schema"]], asking)
        assert "the network is asked for" in done.stderr


class Bomb:
    """Pickled, it leaves a file where it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_no_pickle_of_a_folder_is_read(tmp_path):
    """Neither in a piece of replicates, nor in place of a summary or of results.nc."""
    burst = tmp_path / "burst"
    for path, content in results().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (piece,) = tmp_path.rglob("*.npz")
    with np.load(piece, allow_pickle=False) as arrays:
        kept = dict(arrays)
    np.savez(piece, **kept | {"values": np.array([Bomb(burst)], object)})
    with np.load(piece, allow_pickle=True) as arrays:  # it would burst
        assert len(arrays["values"]) == 1
    assert burst.exists()
    burst.unlink()
    run = ["run", tmp_path / "study.toml", "--no-report", "--out", tmp_path / "out", "--resume"]
    assert not fault(*run, statuses=(0, 1))
    for name in ("summary.json", "results.nc"):
        (tmp_path / "out/study" / name).write_bytes(pickle.dumps(Bomb(burst)))
        assert not fault("compare", tmp_path / "out/study", tmp_path / "study.toml", statuses=(0, 2))
    with pytest.raises((OSError, ValueError)):
        sheets(tmp_path / "out/study/results.nc")
    assert not burst.exists()


def test_stores_hold_numbers_and_texts_only(tmp_path):
    """NetCDF's user-defined types, or Zarr's object codecs, would not be data alone."""
    netcdf, zarr = pytest.importorskip("netCDF4"), pytest.importorskip("zarr")
    folder = written(tmp_path / "study", SEEDS[0])
    run = ["run", folder / "study.toml", "--no-report", "--keep-samples", "--out", folder / "out"]
    assert not fault(*run, statuses=(0, 1))
    with netcdf.Dataset(folder / "out/study/results.nc") as file:
        for group in (file, *file.groups.values()):
            assert not {**group.cmptypes, **group.vltypes, **group.enumtypes}
            assert all(v.dtype is str or v.dtype.kind in "fiu" for v in group.variables.values())
    arrays = dict(zarr.open_group(folder / "out/study.zarr", mode="r").arrays())
    assert arrays
    assert all("pickle" not in str(array.metadata.to_dict()).lower() for array in arrays.values())
    assert all(array.dtype.kind in "fiub" or array.ndim == 1 for array in arrays.values())  # texts are coordinates
