"""Samples that are kept: in memory or in a Zarr store, they are the same."""

import multiprocessing
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from support import dist

import uncertainty as un
from uncertainty import engine, memory, plan, samples
from uncertainty.cost import cost_of
from uncertainty.plan import plan_of
from uncertainty.works import work_of

PUE = dist("pert", low=1.05, mode=1.25, high=1.6)
PRICES = f"""[build.rtx_a5000]
unit_price = {dist("lognormal", median=2500, sigma=0.15)}
[build.dgx_spark]
unit_price = {dist("uniform", low=3500, high=4500)}
"""
SCENARIOS = f"""[scenarios.cold]
pue = 1.1
[scenarios.hot]
pue = {dist("pert", low=1.4, mode=1.65, high=2.1)}
"""
KEY = "of this study"


@pytest.fixture(autouse=True, scope="module")
def no_threads_left():
    """The zarr package keeps threads; tests that fork processes could not bear them."""
    yield
    from zarr.core.sync import cleanup_resources

    cleanup_resources()


def keep(study, path, first=0, end=None, replicates=None, **options):
    """Make a store, and write replicates into it."""
    replicates = replicates or study.sampling.replicates
    samples.create(path, plan_of(study), replicates, KEY, **options)
    engine.part(plan_of(study), first, replicates if end is None else end, samples.writer(path, plan_of(study)))


def opened(path):
    """All of a store, in the form of `un.sample`."""
    with xr.open_zarr(path) as store:
        return store.load().drop_attrs(deep=False)


def content(path):
    return {str(file.relative_to(path)): file.read_bytes() for file in Path(path).rglob("*") if file.is_file()}


# --- what is in a store ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [
    {"pue": PUE, "rest": PRICES + SCENARIOS},
    {"pue": PUE, "samples": 2, "replicates": 2},
    {"pue": PUE, "builds": ["rtx_a5000"]},
    {"sustained_ratio": dist("uniform", low=0.5, high=0.9), "method": "lhs"},
    {},
], ids=["scenarios", "two samples", "one build", "by precision", "constants"])
def test_a_store_holds_what_sample_gives(make_study, tmp_path, settings):
    study = make_study(**settings)
    keep(study, tmp_path / "s")
    store, wanted = opened(tmp_path / "s"), un.sample(study)
    assert store.complete.all()
    xr.testing.assert_identical(store.drop_vars("complete"), wanted)
    assert {n: v.dtype for n, v in store.data_vars.items()} == {n: v.dtype for n, v in wanted.data_vars.items()}
    size = samples.disk_bytes(plan_of(study), study.sampling.replicates)
    assert size == sum(v.nbytes for v in wanted.data_vars.values())
    drawn = sum(v.nbytes for v in wanted.data_vars.values() if "sample" in v.dims)
    assert samples.writer_bytes(plan_of(study)) == drawn / study.sampling.replicates


def test_a_store_is_labelled_and_says_what_it_is(make_study, tmp_path):
    study = make_study(pue=PUE, rest=PRICES + SCENARIOS)
    keep(study, tmp_path / "s")
    with xr.open_zarr(tmp_path / "s") as store:
        capex = store.capex.sel(scenario="hot", build="dgx_spark", replicate=3)
        assert capex.dims == ("sample",)
        assert capex.attrs["units"] == "USD"
        assert store.attrs == {"title": "Test", "study": "study", "seed": "1", "key": KEY, "method": "sobol",
                               "samples_per_replicate": 64}


def test_zarr_itself_reads_a_store_as_chunks_of_one_replicate(make_study, tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "MOST_CHUNK", 16)
    monkeypatch.setattr(samples, "LEAST_CHUNK", 16)
    study = make_study(pue=PUE, rest=SCENARIOS)
    keep(study, tmp_path / "s")
    store, wanted = zarr.open_group(tmp_path / "s", mode="r"), un.sample(study)
    assert store["battery_count"].chunks == (1, 16, 2, 2)
    assert store["pue"].metadata.dimension_names == ("replicate", "sample", "scenario")
    np.testing.assert_array_equal(store["battery_count"][...], wanted.battery_count)
    assert {name for name, _ in store.arrays()} == {*wanted.variables, "complete"}
    codecs = store["battery_count"].metadata.to_dict()["codecs"]
    assert [codec["name"] for codec in codecs] == ["transpose", "bytes", "blosc"]
    assert codecs[0]["configuration"]["order"] == (0, 2, 3, 1)
    assert codecs[2]["configuration"] | {"cname": "lz4", "shuffle": "shuffle"} == codecs[2]["configuration"]
    assert (tmp_path / "s" / "battery_count" / "c.7.3.0.0").is_file()


def test_chunks_of_many_cells_have_fewer_samples(make_study, monkeypatch):
    study = make_study(pue=PUE, samples=1 << 15)
    cells = max(v.size for v in plan_of(study).central.values())
    assert samples._chunk_samples(plan_of(study)) == 1 << 14
    monkeypatch.setattr(samples, "CHUNK", 3000 * cells)
    assert samples._chunk_samples(plan_of(study)) == 2048
    monkeypatch.setattr(samples, "CHUNK", 1)
    assert samples._chunk_samples(plan_of(study)) == 1024
    assert samples._chunk_samples(plan_of(make_study(pue=PUE))) == 64


@pytest.mark.parametrize("block", [4, 32, 128])
def test_no_byte_of_a_store_depends_on_the_block(make_study, tmp_path, monkeypatch, block):
    study = make_study(pue=PUE, rest=PRICES, samples=128)
    monkeypatch.setattr(samples, "MOST_CHUNK", 32)
    monkeypatch.setattr(samples, "LEAST_CHUNK", 32)
    keep(study, tmp_path / "one")
    for name in ("LEAST_BLOCK", "MOST_BLOCK", "CACHE"):
        monkeypatch.setattr(plan, name, block)
    assert plan.block_size(plan_of(study)) == block
    keep(study, tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")
    xr.testing.assert_identical(opened(tmp_path / "two").drop_vars("complete"), un.sample(study))


# --- who writes it ---------------------------------------------------------------------------------------------


def _write(study, path, first, end, killed_after=None):
    """What a worker does; it may be killed after some blocks of its last replicate."""
    plan.LEAST_BLOCK = plan.MOST_BLOCK = 64
    samples.LEAST_CHUNK = samples.MOST_CHUNK = 128
    write = samples.writer(path, plan_of(study))

    def sink(replicate, start, values):
        if replicate == end - 1 and killed_after is not None and start >= 64 * killed_after:
            os.kill(os.getpid(), signal.SIGKILL)
        write(replicate, start, values)

    engine.part(plan_of(study), first, end, sink)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(samples, "LEAST_CHUNK", 128)
    monkeypatch.setattr(samples, "MOST_CHUNK", 128)


def test_processes_write_different_replicates_at_once(make_study, tmp_path, small_chunks):
    study = make_study(pue=PUE, rest=PRICES + SCENARIOS, samples=512)
    samples.create(tmp_path / "s", plan_of(study), 8, KEY)
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write, args=(study, tmp_path / "s", *task)) for task in ((0, 3), (3, 8))]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
        assert process.exitcode == 0
    assert samples.complete(tmp_path / "s", KEY) == set(range(8))
    xr.testing.assert_identical(opened(tmp_path / "s").drop_vars("complete"), un.sample(study))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("killed_after", [0, 3])
def test_what_was_killed_is_gone_on_with(make_study, tmp_path, small_chunks, killed_after):
    study, path = make_study(pue=PUE, rest=PRICES, samples=512), tmp_path / "s"
    samples.create(path, plan_of(study), 8, KEY)
    process = multiprocessing.get_context("spawn").Process(target=_write, args=(study, path, 0, 3, killed_after))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert samples.complete(path, KEY) == {0, 1}
    store = opened(path)
    np.testing.assert_array_equal(store.complete, [True] * 2 + [False] * 6)
    assert store.capex[3:].isnull().all()
    assert (store.device_count[3:] == -1).all()
    (path / "capex" / "c.2.0.0123.partial").write_bytes(b"half")  # where it was killed while it wrote
    (path / "complete" / "c.0123.partial").write_bytes(b"half")
    kept = content(path)
    assert samples.complete(path, KEY) == {0, 1}
    keep(study, path, 2)
    assert samples.complete(path, KEY) == set(range(8))
    assert kept.items() <= content(path).items()
    xr.testing.assert_identical(opened(path).drop_vars("complete"), un.sample(study))


class Killed(Exception):
    """Stands for the end of the process."""


def killed_at(monkeypatch, where, call):
    """End what uses a function or method of zarr with so many-th call of it."""
    calls, (owner, name) = iter(range(call)), where
    whole = getattr(owner, name)

    def until(*given, **named):
        if next(calls, None) is None:
            raise Killed
        return whole(*given, **named)

    monkeypatch.setattr(owner, name, until)


@pytest.mark.parametrize(("name", "call"), [("create_array", 0), ("create_array", 1), ("create_array", 9), ("set", 5),
                                            ("consolidate_metadata", 0)])
def test_a_store_that_was_killed_while_it_was_made_is_gone_on_with(make_study, tmp_path, monkeypatch, name, call):
    owners = {"create_array": (zarr.Group, name), "set": (zarr.Array, "__setitem__")}
    study = make_study(pue=PUE)
    with monkeypatch.context() as patched:
        killed_at(patched, owners.get(name, (zarr, name)), call)
        with pytest.raises(Killed):
            keep(study, tmp_path / "s")
    assert samples.complete(tmp_path / "s", KEY) == set()
    keep(study, tmp_path / "s")
    xr.testing.assert_identical(opened(tmp_path / "s").drop_vars("complete"), un.sample(study))


@pytest.mark.parametrize(("owner", "name", "call"), [(zarr.Array, "resize", 1), (zarr, "consolidate_metadata", 0)])
def test_a_store_that_was_killed_while_it_grew_is_gone_on_with(make_study, tmp_path, monkeypatch, owner, name, call):
    study, path = make_study(pue=PUE, replicates=4), tmp_path / "s"
    keep(study, path)
    with monkeypatch.context() as patched:
        killed_at(patched, (owner, name), call)
        with pytest.raises(Killed):
            keep(study, path, replicates=9)
    assert samples.complete(path, KEY) == set(range(4))
    xr.testing.assert_identical(opened(path).drop_vars("complete"), un.sample(study))
    keep(study.with_sampling(replicates=6), path, first=4)
    assert opened(path).sizes["replicate"] == 9
    assert samples.complete(path, KEY) == set(range(6))


def test_two_runs_that_make_and_write_the_same_store_at_once_do_no_harm(make_study, tmp_path, small_chunks):
    study, path = make_study(pue=PUE, rest=PRICES + SCENARIOS, samples=512), tmp_path / "s"
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(3)
    runs = [spawn.Process(target=_run, args=(study, path, start)) for _ in range(3)]
    for process in runs:
        process.start()
    for process in runs:
        process.join()
        assert process.exitcode == 0
    assert samples.complete(path, KEY) == set(range(8))
    assert not list(path.rglob("*.partial"))
    xr.testing.assert_identical(opened(path).drop_vars("complete"), un.sample(study))


def _run(study, path, start):
    import zarr  # noqa: F401 - so that all begin at once

    plan_of(study)
    start.wait()
    samples.LEAST_CHUNK = samples.MOST_CHUNK = 128
    samples.create(path, plan_of(study), 8, KEY)
    _write(study, path, 0, 8)


def test_a_store_grows_and_never_shrinks(make_study, tmp_path):
    study, path = make_study(pue=PUE, replicates=4), tmp_path / "s"
    keep(study, path)
    kept = {name: file for name, file in content(path).items() if not name.endswith("zarr.json")}
    more = study.with_sampling(replicates=9)
    keep(more, path, first=4)
    assert samples.complete(path, KEY) == set(range(9))
    xr.testing.assert_identical(opened(path).drop_vars("complete"), un.sample(more))
    assert kept.items() <= content(path).items()
    before = content(path)
    samples.create(path, plan_of(study), 4, KEY)
    assert content(path) == before


def test_a_store_has_the_title_that_its_study_last_had(make_study, tmp_path):
    study, path = make_study(pue=PUE), tmp_path / "s"
    keep(study, path)
    retitled = plan_of(study)._replace(study=replace(study, title="Of late"))
    samples.create(path, retitled, 8, KEY)
    assert samples.complete(path, KEY) == set(range(8))
    with xr.open_zarr(path) as store:
        assert store.title == "Of late"


# --- what is whole ---------------------------------------------------------------------------------------------


def test_only_what_is_whole_counts_as_complete(make_study, tmp_path):
    study, path = make_study(pue=PUE), tmp_path / "s"
    assert samples.complete(path, KEY) == set()
    keep(study, path)
    assert samples.complete(path, KEY) == set(range(8))
    assert samples.complete(path, "of another") == set()
    (path / "capex" / "c.3.0.0").unlink()
    shutil.rmtree(path / "pue")
    assert samples.complete(path, KEY) == set()
    keep(study, path)
    (path / "capex" / "c.3.0.0").unlink()
    assert samples.complete(path, KEY) == {0, 1, 2, 4, 5, 6, 7}
    (path / "complete" / "c.5").unlink()
    assert samples.complete(path, KEY) == {0, 1, 2, 4, 6, 7}


DAMAGES = [b"", b"[]", b"{}", b"null", b'{"zarr_format": 3', b"\xff\xfe"]
GROUPS = [b'{"zarr_format": 3, "node_type": "group", "attributes": [1]}',
          b'{"zarr_format": 3, "node_type": "group", "consolidated_metadata": {"metadata": [1]}}']


@pytest.mark.parametrize(("name", "damage"), [*(("", damage) for damage in DAMAGES + GROUPS),
                                              *(("capex", damage) for damage in DAMAGES)])
def test_a_damaged_store_is_made_anew(make_study, tmp_path, name, damage):
    study, path = make_study(pue=PUE, replicates=2), tmp_path / "s"
    keep(study, path)
    (path / name / "zarr.json").write_bytes(damage)
    assert not samples.complete(path, KEY) or name
    with pytest.raises(FileExistsError, match="holds something else"):
        keep(study, path)
    keep(study, path, replace=True)
    xr.testing.assert_identical(opened(path).drop_vars("complete"), un.sample(study))


def test_a_chunk_of_nothing_but_missing_values_is_there(make_study, tmp_path):
    study, path = make_study(pue=PUE), tmp_path / "s"
    samples.create(path, plan_of(study), 8, KEY)
    write = samples.writer(path, plan_of(study))
    engine.part(plan_of(study), 0, 8, lambda r, start, values: write(r, start, {n: v * np.nan if n == "capex" else v
                                                                                for n, v in values.items()}))
    assert samples.complete(path, KEY) == set(range(8))


def test_a_store_of_another_key_gives_way_only_where_it_is_told_to(make_study, tmp_path):
    study, path = make_study(pue=PUE), tmp_path / "s"
    samples.create(path, plan_of(make_study(rest=PRICES)), 16, "of another")
    before = content(path)
    with pytest.raises(FileExistsError, match=r"s holds something else than samples of this very study, made by these"):
        keep(study, path)
    assert content(path) == before
    keep(study, path, replace=True)
    xr.testing.assert_identical(opened(path).drop_vars("complete"), un.sample(study))


def test_what_is_no_store_never_gives_way(make_study, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.tex").write_text("years")
    with pytest.raises(FileExistsError, match="holds something else"):
        keep(make_study(pue=PUE), tmp_path / "s", replace=True)
    assert (tmp_path / "s" / "thesis.tex").read_text() == "years"


def test_an_empty_folder_or_none_becomes_a_store(make_study, tmp_path):
    (tmp_path / "s").mkdir()
    for path in (tmp_path / "s", tmp_path / "deep" / "s"):
        keep(make_study(pue=PUE), path)
        assert len(samples.complete(path, KEY)) == 8


# --- what is refused -------------------------------------------------------------------------------------------


def test_without_zarr_it_is_told_how_to_get_it(make_study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    for keeps in (lambda: keep(make_study(pue=PUE), tmp_path / "s"),
                  lambda: samples.writer(tmp_path / "s", plan_of(make_study(pue=PUE)))):
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'uncertainty\[zarr\]'"):
            keeps()
    assert not (tmp_path / "s").exists()


def disk(monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 40, 1 << 40, free))


def test_a_disk_with_too_little_room_is_refused_before_the_work(make_study, tmp_path, monkeypatch):
    study, path = make_study(pue=PUE, samples=4096), tmp_path / "deep" / "s"
    size = samples.disk_bytes(plan_of(study), 8)
    disk(monkeypatch, size - 1)
    with pytest.raises(OSError, match=r"would take up to .* MB more, and the disk has .* MB left: ask for"):
        keep(study, path)
    assert not path.parent.exists()
    disk(monkeypatch, size)
    keep(study, path, end=4)
    disk(monkeypatch, size // 2 + 10_000)  # what is there already needs no room
    keep(study, path, first=4)


def test_a_store_that_gives_way_leaves_its_room(make_study, tmp_path, monkeypatch):
    study = make_study(pue=PUE, samples=4096)
    keep(study, tmp_path / "s")
    size = sum(map(len, content(tmp_path / "s").values()))
    zarr.open_group(tmp_path / "s").attrs["key"] = "of another"
    for free, fits in ((0, False), (samples.disk_bytes(plan_of(study), 8) - size // 2, True)):
        disk(monkeypatch, free)
        if fits:
            keep(study, tmp_path / "s", replace=True)
        else:
            with pytest.raises(OSError, match=r"the disk has .* MB left"):
                keep(study, tmp_path / "s", replace=True)


def test_a_run_that_goes_on_takes_no_more_disk_for_what_its_store_has(make_study, tmp_path):
    study = make_study(pue=PUE, samples=4096)

    def takes(replicates=8, **sampling):
        """Disk of a run, but for replicates to resume from, which may be left out."""
        again = study.with_sampling(replicates=replicates, **sampling)
        found = cost_of(work_of(again, None, tmp_path / "pieces", True, tmp_path / "s"), page=False)
        return found.disk - found.pieces

    size, rest = samples.disk_bytes(plan_of(study), 8) - samples.disk_bytes(plan_of(study), 0), takes()
    un.run(study, keep=tmp_path / "pieces", keep_samples=tmp_path / "s", jobs=1)
    assert (takes(), takes(16)) == (rest - size, rest)
    left = sum(map(len, content(tmp_path / "s").values()))
    assert 0 < left < size
    assert takes(seed=2) == rest - left  # another study's, to which this one gives way


def test_samples_that_memory_does_not_hold_are_refused_before_anything_is_drawn(make_study, monkeypatch):
    study = make_study(pue=PUE)
    size = samples.disk_bytes(plan_of(study), 8)
    monkeypatch.setattr(samples, "available", lambda **_: 2 * size)
    assert sum(v.nbytes for v in un.sample(study).data_vars.values()) == size
    monkeypatch.setattr(samples, "available", lambda **_: 2 * size - 2)
    monkeypatch.setattr(samples, "blocks", lambda *_: 1 / 0)
    with pytest.raises(MemoryError, match=r"would take .* MB, .* MB: ask for fewer with study\.with_sampling\(samples="
                                          r".*--keep-samples"):
        un.sample(study)


def test_more_than_any_machine_has_is_refused_at_once(make_study):
    with pytest.raises(MemoryError, match="ask for fewer"):
        un.sample(make_study(pue=PUE, samples=1 << 26, replicates=1 << 16))


def test_the_memory_that_is_available_is_known_everywhere(monkeypatch):
    def unreadable(*_, **__):
        raise FileNotFoundError

    assert 1 << 24 < memory.available() < 1 << 50
    monkeypatch.setattr(Path, "read_text", unreadable)
    assert 1 << 24 < memory.available() < 1 << 50
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert memory.available(unknown=8 << 30) == 8 << 30


@pytest.mark.parametrize(("own", "files"), [
    ("0::/a/b", {"a/memory.max": "2000000", "a/memory.current": "1500000", "a/b/memory.max": "max",
                 "a/memory.stat": "anon 1\ninactive_file 200000"}),
    ("0::/elsewhere", {"memory.max": "900000", "memory.current": "200000", "memory.stat": "anon 1"}),  # a container
    ("3:cpu:/\n4:memory:/a\n0::/", {
        "memory/a/memory.limit_in_bytes": "800000", "memory/a/memory.usage_in_bytes": "200000",
        "memory/a/memory.stat": "inactive_file 7\ntotal_inactive_file 100000"}),
])
def test_limits_of_containers_are_limits(monkeypatch, tmp_path, own, files):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / "own").write_text(f"{own}\n")
    monkeypatch.setattr(memory, "GROUP", tmp_path / "own")
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    assert memory.available() == 700_000
    monkeypatch.setattr(memory, "FREE", tmp_path / "free")
    (tmp_path / "free").write_text("MemTotal: 9 kB\nMemAvailable:     100 kB\n")
    assert memory.available() == 100 << 10
