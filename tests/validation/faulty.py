"""The command with a fault at a given moment: a process that has imported it, and forks for every attempt.

Run as a script it reads attempts as lines of JSON and answers each with what came of it.
"""

import contextlib
import errno
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "ctypes.dlsym"}  # the last before folders are exchanged
IMPORTED = ("batch", "running", "terminal", "execution", "works", "store", "report.netcdf", "charts", "report.html")
LIMIT = 60.0  # seconds after which an attempt is a hang


def changes_files(event, args):
    """Whether this is a step of writing: what is opened for it, made, renamed or removed."""
    if event == "open":
        path, _, flags = args
        return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR)) and not str(path).startswith("/dev/")
    return event in CHANGES


def fail_at(fault, at):
    """From now on the at-th step of writing meets a fault; a full disk stays full, but things can be removed."""
    passed = 0

    def hook(event, args):
        nonlocal passed
        if not changes_files(event, args):
            return
        passed += 1
        if passed == at and fault.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, fault))
        elif passed >= at and fault == "full" and event in ("open", "os.mkdir"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), args[0])

    sys.addaudithook(hook)
    return lambda: passed


def command(attempt):
    """The command in this process, which ends with it."""
    os.setsid()
    for stream, name in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    cli, execution, jobs = (importlib.import_module(f"uncertainty.{name}") for name in ("cli", "execution", "jobs"))
    if attempt.get("small"):  # processes for the smallest of runs, and many tasks
        execution.SERIAL, jobs.TASK = 0, 1
    if "bytes" in attempt:
        resource.setrlimit(resource.RLIMIT_FSIZE, (attempt["bytes"], attempt["bytes"]))
    steps = fail_at(attempt["fault"], attempt["step"]) if "step" in attempt else lambda: 0
    try:
        status = cli.main(attempt["arguments"])
    except SystemExit as stopped:
        status = stopped.code
    except BaseException:
        traceback.print_exc()
        status = 99
    count = steps()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    if attempt["fault"] == "none":
        Path("steps.txt").write_text(str(count))
    os._exit(status)


def attempted(attempt):
    """Exit status of an attempt in a process of its own, and seconds it took after it was sent a signal."""
    pid, begun = os.fork(), time.monotonic()
    if not pid:
        command(attempt)
    if "moment" in attempt:
        time.sleep(attempt["moment"])
        begun = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if attempt["group"] else os.kill)(pid, getattr(signal, attempt["fault"]))
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() - begun > LIMIT:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.002)
    took = time.monotonic() - begun
    orphans = ended(pid)
    _, status = os.waitpid(pid, 0)
    return {"status": os.waitstatus_to_exitcode(status), "seconds": took, "orphans": orphans}


def ended(group, seconds=5.0):
    """How many processes of a group are still alive after some seconds; they are ended."""
    end = time.monotonic() + seconds
    while (left := living(group)) and time.monotonic() < end:
        time.sleep(0.01)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return len(left)


def living(group):
    """Living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its = stat.read_text().rpartition(")")[2].split()[:3]
            if its == str(group) and state != "Z":
                found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(f"uncertainty.{name}")
    for name in ("netCDF4", "jinja2", "matplotlib.backends.backend_svg", "rich.table"):
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(attempted(json.loads(line))), flush=True)
