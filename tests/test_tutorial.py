"""docs/sensitivity.md: its code runs as a reader would paste it, and finds what is known of its problems."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support import assert_close

import uncertainty as un

TUTORIAL = Path(__file__).parent.parent / "docs" / "sensitivity.md"
pytestmark = pytest.mark.skipif(not TUTORIAL.is_file(), reason="no checkout: the docs are not there")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def scope():
    found = {}
    for block in blocks("python"):
        exec(block, found)
    return found


def near(found, name, truth, replicates=16, **at):
    one = found.sel(at)
    assert_close(one[name].item(), one[f"{name}_se"].item(), truth, replicates)


# Ishigami and Homma (1990): the parts of the variance with a = 7, b = 0.1
PARTS = {"a": 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, "b": 7**2 / 8,
         "a and c alone": 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)}
WHOLE = sum(PARTS.values())


def test_indices_of_ishigami(scope):
    both = PARTS["a and c alone"]
    for name, first, total in (("a", PARTS["a"], PARTS["a"] + both), ("b", PARTS["b"], PARTS["b"]), ("c", 0, both)):
        near(scope["sobol"], "first_order", first / WHOLE, input=name, output="y")
        near(scope["sobol"], "total_order", total / WHOLE, input=name, output="y")
        near(scope["shapley"], "shapley_effect", (first + total) / 2 / WHOLE, input=name, output="y")
    near(scope["sobol"], "first_order", (PARTS["a"] + both) / WHOLE, input="a and c", output="y")
    assert f"{PARTS['a'] / WHOLE:.3f}, {PARTS['b'] / WHOLE:.3f} and 0" in " ".join(TUTORIAL.read_text().split())


def test_effects_of_correlated_inputs(scope):
    """With a correlation r of two normal inputs the unused one has r**2 / 2, r being that of normal scores."""
    r = 2 * np.sin(np.pi / 6 * 0.6)
    near(scope["effects"], "shapley_effect", 1 - r**2 / 2, input="used", output="y")
    near(scope["effects"], "shapley_effect", r**2 / 2, input="unused", output="y")


def test_screening_and_one_at_a_time(scope):
    assert scope["screened"].attrs["runs"] == 32 * 4
    assert scope["screened"].mu_star.sel(output="y").argmin("input").item() != 1
    high = 0.95 * 2 * np.pi - np.pi
    assert scope["ends"].high.sel(input="a", output="y").item() == pytest.approx(np.sin(high))
    assert scope["ends"].one_sided.sel(output="y").values.tolist() == [0, 1, 0]


def test_what_it_is_worth_to_know(scope):
    def loss(mean, deviation):
        return deviation * stats.norm.pdf(mean / deviation) - mean * stats.norm.cdf(-mean / deviation)

    parts, gains = scope["parts"], scope["gains"]
    near(un.evpi(parts, gains, options=["stay", "move"]), "evpi", loss(1, 2))
    near(scope["known"], "evppi", loss(1, np.sqrt(3)), input="large")
    near(scope["quote"], "evsi", loss(1, 3 / np.sqrt(3 + 1)))
    assert f"= {loss(1, 2):.3f}" in TUTORIAL.read_text()
    assert f"{loss(1, 3**0.5):.3f}" in TUTORIAL.read_text()


def test_what_would_flip_it(scope):
    """The gain is normal with mean 1 and deviation 2: it is gone half a standard deviation away."""
    assert scope["flip"].distance.item() == pytest.approx(0.5, abs=1e-6)


def test_what_has_most_of_capex(scope):
    assert scope["top"].index[0] == "battery_unit_price"
    assert 0.5 < scope["top"].iloc[0] < 0.65


def test_its_toml_is_toml():
    for block in blocks("toml"):
        assert tomllib.loads(block)
