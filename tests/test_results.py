"""What a run gives: figures at once, and Datasets where they are asked for."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from support import dist

import uncertainty as un

GROUPS = ("central", "bands", "means", "counts", "ranking")


@pytest.fixture
def study(make_study):
    return make_study(pue=dist("uniform", low=1.1, high=1.4))


@pytest.fixture
def results(study):
    return un.run(study)


PRINTED = """
import sys
from uncertainty import cli, terminal
def show(*given, show=terminal.show):
    show(*given)
    assert not {{"xarray", "pandas", "netCDF4"}} & set(sys.modules)
terminal.show = show
assert cli.main(["run", {path!r}, "--out", {out!r}]) == 0
assert "netCDF4" in sys.modules
"""
WRITTEN = """
from uncertainty import cli
assert cli.main(["run", {path!r}, "--out", {out!r}]) == 0
"""


@pytest.mark.parametrize(("code", "not_yet"), [
    (PRINTED, set()), (WRITTEN, {"xarray", "pandas"})], ids=["printed", "written"])
def test_the_answer_does_not_wait_for_imports(study, tmp_path, code, not_yet):
    code = code.format(path=str(tmp_path / "study.toml"), out=str(tmp_path / "out"))
    code += f"import sys\nassert not {not_yet!r} & set(sys.modules), {not_yet!r} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "How wide" in done.stdout


def test_every_variable_of_the_datasets_says_what_it_is(results):
    for group in GROUPS:
        data = getattr(results, group)
        assert list(data.data_vars) == list(results.figures[group].variables)
        assert all(v.attrs["long_name"] for v in data.data_vars.values())
        unitless = [name for name, v in data.data_vars.items() if "units" not in v.attrs]
        assert unitless == (["expected_regret", "expected_regret_se"] if group == "ranking" else [])
        assert {n.removesuffix("_se") for n in data.data_vars} <= set(data.data_vars)
    assert results.bands["throughput"].dims == ("quantile", "scenario", "build", "precision")
    assert results.bands["capex_se"].attrs == {"units": "USD", "long_name": "standard error: devices, batteries and "
                                               "further components"}
    assert results.ranking["unit"].sel(criterion="capex") == "USD"
    assert results.ranking["better"].dims == ("criterion",)


def test_a_dataset_is_made_once_and_of_copies(results):
    assert results.means is results.means
    before = results.figures["means"]["capex"].copy()
    results.means["capex"][:] = 0.0
    np.testing.assert_array_equal(results.figures["means"]["capex"], before)


@pytest.mark.parametrize("made", [False, True])
def test_results_pickle(results, made):
    if made:
        assert results.bands.sizes["build"] == 2
    again = pickle.loads(pickle.dumps(results))
    assert again.convergence == results.convergence
    for group in GROUPS:
        xr.testing.assert_identical(getattr(again, group), getattr(results, group))


def test_results_are_equal_to_themselves_alone_and_short_to_print(results):
    again = pickle.loads(pickle.dumps(results))
    assert results != again
    assert len({results, again, results}) == 2
    assert repr(results) == "Results(study='study', builds=2, scenarios=1, samples=512)"
