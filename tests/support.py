"""Studies as text, and how near the truth an estimate is to be."""

import numpy as np

from uncertainty.analysis.error import half_width, upper_limit

TOP = {"title": "Test", "budget": 150_000, "run_hours": 8, "builds": ["rtx_a5000", "dgx_spark"],
       "battery": "powerwall_3"}
SAMPLING = {"samples": 64, "replicates": 8, "seed": 1, "method": "sobol"}
INPUTS = {"pue": 1.2, "host_overhead": 1.25, "discharge_efficiency": 0.9, "depth_of_discharge": 0.9,
          "sustained_ratio": 1.0, "bandwidth_ratio": 1.0}


def _lines(table):
    # what looks like a TOML table is one; Python writes other values as TOML does
    return [f"{k} = {v if str(v).startswith('{') else repr(v)}" for k, v in table.items()]


def study_text(rest="", **given):
    """A study of constants, but for what is given: keys of the file's top, of [sampling], or else of [inputs].

    What drives it is not asked for, unless the rest does.
    """
    shown = [f"{key} = {given.pop(key)!r}" for key in ("outputs", "precisions") if key in given]
    top, sampling = ({k: given.pop(k, v) for k, v in table.items()} for table in (TOP, SAMPLING))
    inputs = _lines(INPUTS | given)
    driven = [] if "[sensitivity" in rest else ["[sensitivity]", "samples = 0"]
    return "\n".join([*_lines(top), *shown, "[sampling]", *_lines(sampling), *driven, "[inputs]", *inputs, rest, ""])


def dist(kind, **parameters):
    """The TOML text of a distribution."""
    return f'{{ dist = "{kind}", {", ".join(_lines(parameters))}, source = "test" }}'


PRICES = f"""
[build.rtx_a5000]
unit_price = {dist("lognormal", median=2500, sigma=0.15)}
[build.dgx_spark]
unit_price = {dist("pert", low=2999, mode=3999, high=4699)}
"""  # of both builds
SITES = f"""[scenarios.cold]
pue = 1.1
[scenarios.hot]
pue = {dist("pert", low=1.4, mode=1.65, high=2.1)}
[[correlation]]
inputs = ["unit_price"]
spearman = 0.3
"""  # two scenarios, and prices correlated
TIED = PRICES + SITES


def assert_close(value, se, truth, replicates, samples=None, level=0.9999):
    """An estimate is as near the truth as its standard error says it is in all but 1 of 10,000 cases.

    Of shares and counts among `samples` in all, what so many samples cannot see is added: they all miss an event of
    probability -log(1 - level) / samples with probability 1 - level.
    """
    unseen = upper_limit(samples, level) if samples else 0.0
    gap, allowed = np.abs(np.asarray(value) - truth), half_width(np.asarray(se), replicates, level) + unseen
    assert np.all(gap <= allowed), f"off by {gap}, allowed are {allowed}"
