"""The command with a fault at a given moment: a process that has imported it, and forks for every attempt.

It reads attempts as lines of JSON, and answers each with what came of it.
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
IMPORTED = ("uncertainty.batch", "uncertainty.store", "uncertainty.terminal", "uncertainty.report.sections",
            "uncertainty.report.netcdf", "uncertainty.page.html", "uncertainty.page.study", "uncertainty.charts",
            "netCDF4", "jinja2", "matplotlib.backends.backend_svg", "rich.table")  # not zarr, which has threads
LIMIT = 60.0  # seconds after which an attempt is a hang


def is_step(event, args):
    """Whether something happens to a file or a folder: it is opened to be written, made, renamed or removed."""
    if event == "open":
        path, _, flags = args
        return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR)) and not str(path).startswith("/dev/")
    return event in CHANGES


def fail_at(fault, step):
    """From now on that step meets a fault; of a full disk all further ones, but for removing. Gives how many passed."""
    passed = 0

    def hook(event, args):
        nonlocal passed
        if is_step(event, args):
            passed += 1
            if passed == step and fault.startswith("SIG"):
                os.kill(os.getpid(), getattr(signal, fault))
            elif passed >= step and fault == "full" and event in ("open", "os.mkdir"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), args[0])

    sys.addaudithook(hook)
    return lambda: passed


def command(attempt):
    """The command in this process, which ends with it."""
    for stream, name in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    cli, execution, jobs = (importlib.import_module(f"uncertainty.{name}") for name in ("cli", "execution", "jobs"))
    execution.SERIAL, jobs.TASK = 0, 1  # processes for the smallest of runs, and many tasks
    if "bytes" in attempt:
        resource.setrlimit(resource.RLIMIT_FSIZE, (attempt["bytes"], attempt["bytes"]))
    steps = fail_at(attempt["fault"], attempt["step"]) if "step" in attempt else None
    os.write(attempt["answer"], b" ")  # ready: moments are counted from now on
    try:
        status = cli.main(attempt["arguments"])
    except BaseException:
        traceback.print_exc()
        status = 99
    os.write(attempt["answer"], str(steps() if steps else 0).encode())
    os._exit(status)


def attempted(attempt):
    """Exit status of an attempt in a process of its own, what it left alive, and how long it took from its fault on."""
    ours, theirs = os.pipe()
    pid, begun = os.fork(), time.monotonic()
    if not pid:
        os.setsid()
        command(attempt | {"answer": theirs})
    os.close(theirs)
    os.read(ours, 1)
    if "moment" in attempt:
        time.sleep(attempt["moment"])
        begun = time.monotonic()
        send(pid, attempt["to"], getattr(signal, attempt["fault"]))
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() - begun > LIMIT:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.002)
    took, orphans = time.monotonic() - begun, end_group(pid)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(ours, "rb") as stream:
        steps = int(stream.read() or 0)
    return {"status": os.waitstatus_to_exitcode(status), "seconds": took, "orphans": orphans, "steps": steps}


def send(pid, to, signal_number):
    """A signal to the whole group, to its leader, or to one of the others."""
    with contextlib.suppress(ProcessLookupError):
        if to == "group":
            os.killpg(pid, signal_number)
        else:
            chosen = [pid] if to == "main" else [each for each in living(pid) if each != pid]
            for each in chosen[:1]:
                os.kill(each, signal_number)


def end_group(group, seconds=5.0):
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
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(attempted(json.loads(line))), flush=True)
