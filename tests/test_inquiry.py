"""What a study asks of its sensitivity: what is understood, what is refused and in which words, and what it changes."""

import pytest
from support import dist, study_text

import uncertainty as un
from uncertainty.files import StudyError
from uncertainty.inquiry import Inquiry, Measurement

PUE = dist("pert", low=1.05, mode=1.25, high=1.6)
BUILD_TABLES = f"""
[build.rtx_a5000]
unit_price = {dist("lognormal", median=2500, sigma=0.15)}
[build.dgx_spark]
unit_price = {dist("pert", low=2999, mode=3999, high=4699)}
"""


@pytest.fixture
def load(tmp_path):
    def made(asked, tables=BUILD_TABLES, **given):
        path = tmp_path / "study.toml"
        given = {"pue": PUE} | given
        path.write_text(study_text(rest=f"[sensitivity]\n{asked}{tables}", **given), encoding="utf-8")
        return un.load(path)

    return made


@pytest.fixture
def problems(load):
    """The lines that a user sees."""

    def found(asked, **given):
        with pytest.raises(StudyError) as caught:
            load(asked, **given)
        return [f"{where}: {what}" if where else what for where, what in caught.value.problems]

    return found


def measurement(**given):
    told = {"says": "a quote", "input": "pue", "error": 0.1} | given
    return "[[sensitivity.measurements]]\n" + "\n".join(f"{k} = {v!r}" for k, v in told.items() if v is not None) + "\n"


# --- what is understood --------------------------------------------------------------------------------------


def test_a_study_that_says_nothing_asks_for_1024_samples(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(study_text().replace("[sensitivity]\nsamples = 0\n", ""), encoding="utf-8")
    assert un.load(path).inquiry == Inquiry(1024)


@pytest.mark.parametrize("samples", [0, 64, 128, 8192])
def test_samples(load, samples):
    assert load(f"samples = {samples}").inquiry == Inquiry(samples)


def test_measurements(load):
    found = load(measurement(says="metered", error=0.03, cost=500) + measurement(
        says="quoted", input="rtx_a5000.unit_price", error=None, relative_error=0.02)).inquiry.measurements
    assert found == (Measurement("metered", "pue", 0.03, False, 500),
                     Measurement("quoted", "rtx_a5000.unit_price", 0.02, True, None))


@pytest.mark.parametrize(("patterns", "streams"), [
    (["unit_price"], ("rtx_a5000.unit_price", "dgx_spark.unit_price")),
    (["dgx_spark.unit_price"], ("dgx_spark.unit_price",)),
    (["pue", "unit_price"], ("pue", "rtx_a5000.unit_price", "dgx_spark.unit_price")),
    (["dgx_spark.unit_price", "unit_price"], ("dgx_spark.unit_price", "rtx_a5000.unit_price")),
    (["dgx_spark.sustained_ratio"], [f"dgx_spark.sustained_ratio.{p}" for p in ("fp16", "fp8", "fp32")]),
    (["sustained_ratio.fp16"], ("rtx_a5000.sustained_ratio.fp16", "dgx_spark.sustained_ratio.fp16")),
    (["sustained_ratio"], [*(f"{build}.sustained_ratio.{p}" for build in ("rtx_a5000", "dgx_spark")
                             for p in ("fp16", "fp32")), "dgx_spark.sustained_ratio.fp8"])])
def test_what_a_name_in_a_group_stands_for(tmp_path, patterns, streams):
    """An input, and every build's and precision's of that name; of these those that are uncertain, each once."""
    ratio = dist("uniform", low=0.5, high=0.7)
    own = (f"sustained_ratio.fp16 = {ratio}\n", f"sustained_ratio.fp16 = {ratio}\nsustained_ratio.fp8 = {ratio}\n"
           "sustained_ratio.fp4 = 0.6\n")
    tables = BUILD_TABLES.replace("[build.dgx", f"{own[0]}[build.dgx") + own[1]
    path = tmp_path / "study.toml"
    asked = f"[sensitivity.groups]\nsome = {patterns!r}\n"
    path.write_text(study_text(rest=asked + tables, pue=PUE).replace("sustained_ratio = 1.0\n", ""), encoding="utf-8")
    ((name, found),) = un.load(path).inquiry.groups
    assert (name, sorted(found)) == ("some", sorted(streams))
    assert len(set(found)) == len(found)


def test_groups_become_sets_of_what_is_told(load):
    """Beside each input there are those that all builds share, those of one build, and what a study names."""
    asked = "samples = 64\n[sensitivity.groups]\nboth = ['discharge_efficiency', 'pue']\nprices = ['unit_price']\n"
    told = ["pue", "discharge_efficiency", "rtx_a5000.unit_price", "dgx_spark.unit_price", "shared", "both", "prices"]
    given = {"discharge_efficiency": dist("uniform", low=0.85, high=0.95), "outputs": ["capex"], "replicates": 2}
    assert un.run(load(asked, **given)).total_order.input.values.tolist() == told
    power = f'unit_power = {dist("uniform", low=0.1, high=0.23)}'
    own = un.run(load(asked, BUILD_TABLES.replace("[build.dgx", f"{power}\n[build.dgx"), **given))
    assert own.total_order.input.values.tolist() == [
        *told[:3], "rtx_a5000.unit_power", told[3], "shared", "rtx_a5000", "both", "prices"]


def test_what_is_asked_is_in_the_digest(load):
    """So that what was kept of a study that asks for something else is not taken for it."""
    asked = ["samples = 64\n", "samples = 128\n", "samples = 64\n[sensitivity.groups]\na = ['pue']\n",
             "samples = 64\n[sensitivity.groups]\nb = ['pue']\n", "samples = 64\n" + measurement(),
             "samples = 64\n" + measurement(error=0.2), "samples = 64\n" + measurement(error=None, relative_error=0.1),
             "samples = 64\n" + measurement(cost=5)]
    digests = [load(each).digest for each in asked]
    assert len(set(digests)) == len(asked)
    assert load(asked[0]).digest == digests[0]


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("samples", "words"), [
    ("100", "sensitivity.samples: given 100; wanted a power of two"),
    ("63", "sensitivity.samples: given 63; wanted 0, or 64 at least"),
    ("32", "sensitivity.samples: given 32; wanted 0, or 64 at least"),
    ("1", "sensitivity.samples: given 1; wanted 0, or 64 at least"),
    ("-64", "sensitivity.samples: given -64; wanted at least 0"),
    ("16384", "sensitivity.samples: given 16384; wanted at most 8192"),
    ("64.0", "sensitivity.samples: given 64.0; wanted a whole number"),
    ("'many'", "sensitivity.samples: given 'many'; wanted a whole number")])
def test_samples_that_make_no_sense(problems, samples, words):
    (line,) = problems(f"samples = {samples}")
    assert line.startswith(words)


@pytest.mark.parametrize(("asked", "line"), [
    ("[sensitivity.groups]\nsite = ['peu']", "sensitivity.groups.site: no input peu; did you mean pue?"),
    ("[sensitivity.groups]\nsite = ['dgx_spark.unit_prize']",
     "sensitivity.groups.site: no input dgx_spark.unit_prize; did you mean dgx_spark.unit_price?"),
    ("[sensitivity.groups]\nsite = ['depth_of_discharge']",
     "sensitivity.groups.site: depth_of_discharge is constant; wanted an uncertain input"),
    ("[sensitivity.groups]\nsite = ['pue', 'rtx_a5000.unit_power']",
     "sensitivity.groups.site: rtx_a5000.unit_power is constant; wanted an uncertain input"),
    ("[sensitivity.groups]\nsite = []", "sensitivity.groups.site: given a list; wanted at least one"),
    ("[sensitivity.groups]\nsite = ['pue', 'pue']", "sensitivity.groups.site: given 'pue' twice; wanted each once"),
    *((f"[sensitivity.groups]\n{name} = ['pue', 'unit_price']",
       f"sensitivity.groups.{name}: given the name of {what}; wanted another name")
      for name, what in (("dgx_spark", "a build, whose own inputs are a group anyway"), ("pue", "an input"),
                         ("unit_price", "an input"), ("depth_of_discharge", "an input"),
                         ("shared", "what all builds share"), ("dummy", "the input that does nothing"),
                         ("everything", "all inputs"))),
    *((f"[sensitivity.groups]\nsite = ['pue', '{name}']",
       f"sensitivity.groups.site: given {name}, a group of its own; wanted an input")
      for name in ("dgx_spark", "shared", "dummy", "everything")),
    *((measurement(input=name), f"sensitivity.measurements #1.input: given {name}, a group of its own; wanted an input")
      for name in ("rtx_a5000", "shared", "dummy", "everything")),
    (measurement(input="peu"), "sensitivity.measurements #1.input: no input peu; did you mean pue?"),
    (measurement(input="depth_of_discharge"),
     "sensitivity.measurements #1.input: depth_of_discharge is constant; wanted an uncertain input"),
    (measurement(input="unit_price"), "sensitivity.measurements #1.input: unit_price is several inputs; wanted one of "
     "rtx_a5000.unit_price, dgx_spark.unit_price"),
    (measurement(relative_error=0.1),
     "sensitivity.measurements #1: given both of error and relative_error; wanted one"),
    (measurement(error=None), "sensitivity.measurements #1: given neither of error and relative_error; wanted one"),
    (measurement(error=0), "sensitivity.measurements #1.error: given 0; wanted above 0.0"),
    (measurement(error=None, relative_error=-0.1),
     "sensitivity.measurements #1.relative_error: given -0.1; wanted above 0.0"),
    (measurement(error=None, relative_error=1.5),
     "sensitivity.measurements #1.relative_error: given 1.5; wanted at most 1.0"),
    (measurement() + measurement(input="rtx_a5000.unit_price"),
     "sensitivity.measurements #2.says: given 'a quote' again; wanted another name"),
    (measurement(cost=-1), "sensitivity.measurements #1.cost: given -1; wanted at least 0.0"),
    (measurement(says=None), "sensitivity.measurements #1.says: is missing; wanted what it is called"),
    (measurement(input=None), 'sensitivity.measurements #1.input: is missing; wanted the input that it tells of, as '
     '"rtx_a5000.unit_price"'),
    (measurement(cots=1), "sensitivity.measurements #1.cots: unknown key; did you mean cost?"),
    ("sample = 64", "sensitivity.sample: unknown key; did you mean samples?")])
def test_what_is_refused(problems, asked, line):
    assert problems(asked) == [line]


def test_a_group_and_a_component_of_one_name(problems):
    rack = f'[components.rack]\nper = "node"\nprice = {dist("uniform", low=1, high=2)}\n'
    (line,) = problems(f"[sensitivity.groups]\nrack = ['pue']\n{rack}")
    assert line == "sensitivity.groups.rack: given the name of an input; wanted another name"


def test_all_problems_at_once(problems):
    """Whoever is in a hurry mends them all in one go."""
    found = problems("samples = 64\n[sensitivity.groups]\nsite = ['peu', 'depth_of_discharge']\nshared = ['pue']\n"
                     + measurement(input="pu") + measurement(says="another", input="unit_price"))
    assert [line.partition(":")[0] for line in found] == [
        "sensitivity.groups.site", "sensitivity.groups.site", "sensitivity.groups.shared",
        "sensitivity.measurements #1.input", "sensitivity.measurements #2.input"]


def test_problems_of_every_kind_at_once(problems):
    """What is no number, list or table is left out, so that what is one and makes no sense is told with it."""
    asked = ("samples = 100\n[sensitivity.groups]\nsite = ['peu']\nnone = []\nnumber = 3\nshared = ['pue']\n"
             + measurement(says="a", input="pu") + measurement(says="b", error=None)
             + measurement(says="c", relative_error=0.1) + measurement(says="d", input="peu", cost=-1)
             + measurement(says="d") + measurement(says="e", error=-1))
    found = problems(asked, pue=PUE, run_hours=-1)
    wanted = ["sensitivity.samples: given 100; wanted a power of two, such as 64 or 128",
              "sensitivity.groups.none: given a list; wanted at least one",
              "sensitivity.groups.number: given 3; wanted a list",
              "sensitivity.measurements #4.cost: given -1; wanted at least 0.0",
              "sensitivity.measurements #6.error: given -1; wanted above 0.0",
              "sensitivity.groups.site: no input peu; did you mean pue?",
              "sensitivity.groups.shared: given the name of what all builds share; wanted another name",
              "sensitivity.measurements #1.input: no input pu; did you mean pue?",
              "sensitivity.measurements #2: given neither of error and relative_error; wanted one",
              "sensitivity.measurements #3: given both of error and relative_error; wanted one",
              "sensitivity.measurements #4.input: no input peu; did you mean pue?",
              "sensitivity.measurements #5.says: given 'd' again; wanted another name"]
    assert [line for line in found if line.startswith("sensitivity")] == wanted
    assert len(found) == len(wanted) + 1
    assert any("run_hours" in line for line in found)


@pytest.mark.parametrize(("asked", "line"), [
    ("groups = 3\n", "sensitivity.groups: given 3; wanted a table"),
    ("groups = ['pue']\n", "sensitivity.groups: given a list; wanted a table"),
    ("measurements = 3\n", "sensitivity.measurements: given 3; wanted a list"),
    ("measurements = [3]\n", "sensitivity.measurements #1: given 3; wanted a table"),
    ("measurements = { says = 'a' }\n", "sensitivity.measurements: given a table; wanted a list")])
def test_what_is_no_list_or_table_at_all(problems, asked, line):
    assert problems(asked, run_hours=8) == [line]


@pytest.mark.parametrize(("price", "least"), [(dist("discrete", values=[0, 100]), "0"),
                                              (dist("discrete", values=[5, 100]), None)])
def test_a_relative_error_is_of_what_is_positive(load, problems, price, least):
    tables = BUILD_TABLES + f'[components.fee]\nper = "once"\nprice = {price}\n'
    asked = measurement(input="fee", error=None, relative_error=0.1)
    if least:
        (line,) = problems(asked, tables=tables)
        assert line == (f"sensitivity.measurements #1.relative_error: fee may be {least}; wanted error, in its own "
                        "unit, or an input that is positive")
    else:
        assert load(asked, tables=tables).inquiry.measurements[0].relative
    assert not load(measurement(input="fee"), tables=tables).inquiry.measurements[0].relative


def test_problems_beside_others_of_the_file(problems):
    found = problems("samples = 64\n[sensitivity.groups]\nsite = ['peu']\n", pue=0.5)
    places = [line.partition(":")[0] for line in found]
    assert "inputs.pue" in places
