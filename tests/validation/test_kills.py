"""Kill -9, Ctrl-C and full disks at any moment: nothing is half there, and what is run again gives the same bits."""

import shutil
import sys

import kills
import pytest
from faulty import LIMIT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and reads /proc")
COUNT = 20  # attempts, of which the page of validation makes more


@pytest.fixture(scope="module")
def made():
    with kills.bench() as made:
        yield made


@pytest.fixture
def undisturbed(made):
    """New results in place of the earlier ones, with all that is known of the run."""
    made.reset()
    return made.attempt(kills.COMMANDS["one"][0], fault="none")


def test_whatever_happens_at_any_moment_all_is_whole_and_goes_on_to_the_same_bits(made):
    found = kills.failures(made, COUNT, seed=7)
    assert len(found) == len(kills.ATTEMPTS)
    assert [each for attempts in found.values() for attempt in attempts for each in attempt] == []


# --- that what is wrong is seen --------------------------------------------------------------------------------


def test_nothing_is_wrong_with_an_undisturbed_run(made, undisturbed):
    assert [*kills.unsound(made, "one", undisturbed), *kills.stuck(made, "one", undisturbed)] == []


@pytest.mark.parametrize("file", ["summary.json", "tables/bands.csv", "notes.txt"])
def test_half_a_file_is_seen(made, undisturbed, file):
    path = made.folder / "results/one" / file
    path.write_bytes(path.read_bytes()[:-1])
    assert list(kills.unsound(made, "one", undisturbed)) == ["one is neither what it was nor what it was to be"]


def test_a_file_too_few_and_other_numbers_in_netcdf_are_seen(made, undisturbed):
    folder = made.folder / "results"
    assert list(kills.unsound(made, "one", undisturbed)) == []
    shutil.copy(folder / "two/results.nc", folder / "one")
    assert list(kills.unsound(made, "one", undisturbed))
    made.attempt(kills.COMMANDS["one"][0], fault="none")
    (folder / "one/report.md").unlink()
    assert list(kills.unsound(made, "one", undisturbed))


def test_a_study_that_was_not_to_change_and_did_is_seen(made):
    came = made.undisturbed("batch")
    made.reset()
    made.attempt(kills.COMMANDS["batch"][0], fault="none")
    assert list(kills.unsound(made, "batch", came)) == []
    assert list(kills.unsound(made, "one", came)) == ["two is neither what it was nor what it was to be"]


def test_orphans_and_tracebacks_are_seen(made):
    made.reset()
    came = {"status": 2, "seconds": 1.0, "orphans": 1, "error": "Traceback (most recent call last):"}
    assert len(list(kills.unsound(made, "one", came))) == 2


def test_a_hang_is_seen_whatever_signal_then_ended_it(made):
    made.reset()
    came = {"status": -9, "seconds": LIMIT + 0.1, "orphans": 0, "error": ""}
    assert list(kills.ATTEMPTS["kill -9 at any moment of a run"][2](made, came)) == []
    assert list(kills.unsound(made, "one", came)) == ["hung"]


def test_earlier_results_of_a_command_that_says_all_was_done_are_seen(made):
    came = made.undisturbed("batch")
    made.reset()
    assert list(kills.unsound(made, "batch", came | {"status": 130})) == []
    assert list(kills.unsound(made, "batch", came)) == [
        f"{name} is what it was, and the command said that all was done" for name in kills.NAMES]


def test_runs_that_take_long_to_end_are_seen():
    assert kills.prompt([]) == []
    (soon,), (late,) = kills.prompt([0.1, 0.2, 4.0]), kills.prompt([0.1, 1.2, 4.0])
    assert "median 0.20, largest 4.00" in soon.what
    assert (soon.tried, soon.passed, late.tried, late.passed) == (3, 3, 3, 1)


def test_what_is_left_over_is_seen(made, undisturbed):
    """Such as scratch folders whose names do not say whose they were."""
    (made.folder / "results/.one-1234").mkdir()
    (made.folder / "tmp/uncertainty-1234").mkdir()
    assert list(kills.stuck(made, "one", undisturbed)) == ["left over: .one-1234, uncertainty-1234"]
    (made.folder / "tmp/uncertainty-1234").rmdir()


def test_damaged_replicates_are_seen(made, undisturbed):
    for path in (made.folder / "results/.replicates/one").rglob("*.npz"):
        path.write_bytes(b"half")
    assert "not used, made again" in next(kills.stuck(made, "one", undisturbed))


def test_replicates_that_were_said_to_be_kept_and_were_not_are_seen(made, undisturbed):
    shutil.rmtree(made.folder / "results/.replicates/one")
    came = undisturbed | {"error": "interrupted; 3 finished replicates are kept: --resume goes on from them\n"}
    assert list(kills.stuck(made, "one", came)) == ["3 replicates were said to be kept, and 0 were"]


def test_other_results_of_the_run_that_goes_on_are_seen(made, undisturbed):
    usual = made.usual["one"]
    made.usual["one"] = {**usual, "results": made.earlier}
    assert list(kills.stuck(made, "one", undisturbed)) == ["the next run gave something else"]
    made.usual["one"] = usual
