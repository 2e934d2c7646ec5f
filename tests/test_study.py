"""Loading a study: what users see of bad input, which number holds where, and which stream it is drawn from."""

import pickle
import re
import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from uncertainty.design import DIMENSIONS
from uncertainty.files import LONG, StudyError, shipped
from uncertainty.model import INPUTS, OUTPUTS
from uncertainty.report.inputs import inputs
from uncertainty.resolve import BLOCK, COMPONENTS, SLOTS, WEIGHTS, Place, Problem
from uncertainty.schema import StudyFile
from uncertainty.study import load

STUDY = """\
title = "Two cards"
budget = 150_000
run_hours = 8
builds = ["rtx_a6000", "rtx_a5000"]
battery = "powerwall_3"
sampling.samples = 64
inputs.pue = 1.2
inputs.discharge_efficiency = 0.9
inputs.depth_of_discharge = 0.9
"""
UNIFORM = '{ dist = "uniform", low = 0.5, high = 0.9, source = "test" }'
PRICE = '{ dist = "uniform", low = 2000, high = 2500, source = "test" }'

JARGON = r"Input should|Value error|errno|NoneType|\bint\b|float|\bstr\b|\bdict\b|\[key\]|<\w|sys\."


@pytest.fixture
def folder(tmp_path):
    """A folder of one study and nothing else: sheets are the shipped ones."""
    return tmp_path


def write(folder, *lines, name="study.toml"):
    """The study above with lines added, or put in place of those with the same key."""
    keys = [line.partition(" = ")[0] for line in lines]
    kept = [line for line in STUDY.splitlines() if line.partition(" = ")[0] not in keys]
    path = folder / name
    path.write_text("\n".join([*kept, *lines]), encoding="utf-8")
    return path


def problems(path):
    """What a user sees: the lines of the error, without the first."""
    with pytest.raises(StudyError) as caught:
        load(path)
    first, *lines = str(caught.value).split("\n")
    found = caught.value.problems
    assert len(lines) == len({what for _, what in found}) >= 1, "a line for all places where the same is wrong"
    assert first.endswith(" has a problem:" if len(found) == 1 else f" has {len(found)} problems:")
    assert all(line.isprintable() for line in (first, *lines)), "escapes reach the terminal"
    ours = [re.sub(r"(not TOML: .* column \d+\)).*", r"\1", line) for line in lines]  # not the line that is shown
    jargon = re.search(JARGON, "\n".join(ours))
    assert not jargon, f"jargon: {lines}"
    return [f"{where}: {what}" if where else what for where, what in found]


# --- bad input: one line each, as users see it -------------------------------------------------------------

BROKEN = [
    # unknown keys
    ("bugdet = 3", "bugdet: unknown key; did you mean budget?"),
    ("inputs.peu = 1.3", "inputs.peu: unknown key; did you mean pue?"),
    ("sampling.size = 8", "sampling.size: unknown key; wanted one of samples, replicates, seed, method"),
    ("inputs.pue = { value = 1.2, sorce = 's' }", "inputs.pue.sorce: unknown key; did you mean source?"),
    ("inputs.sustained_ratio.fp61 = 1.0", "inputs.sustained_ratio.fp61: unknown key; did you mean fp16?"),
    ("scenarios.ideal.peu = 1.0", "scenarios.ideal.peu: unknown key; did you mean pue?"),
    ("build.rtx_a5000.unit_prize = 9", "build.rtx_a5000.unit_prize: unknown key; did you mean unit_price?"),
    ("build.rtx_a5000.pue = 1.0", "build.rtx_a5000.pue: unknown key; wanted one of unit_price, unit_power, "),
    # wrong types
    ('inputs.pue = "1.2"', "inputs.pue: given '1.2'; wanted a number"),
    ("inputs.pue = true", "inputs.pue: given true; wanted a number"),
    ("inputs.pue = [1.2]", "inputs.pue: given a list; wanted a number"),
    ("inputs.pue = 2025-12-17", "inputs.pue: given 2025-12-17; wanted a number"),
    ("inputs.pue = { value = false }", "inputs.pue.value: given false; wanted a number"),
    ("title = 3", "title: given 3; wanted text"),
    ('title = ""', "title: given ''; wanted text"),
    ('builds = "rtx_a5000"', "builds: given 'rtx_a5000'; wanted a list"),
    ("build.rtx_a5000 = 3", "build.rtx_a5000: given 3; wanted a table"),
    ("components = 3", "components: given 3; wanted a table"),
    ("inputs.pue = { value = 1.2, date = 2025 }", "inputs.pue.date: given 2025; wanted text"),
    # not finite, or beyond what a number can be
    ("inputs.pue = nan", "inputs.pue: given nan; wanted a finite number"),
    ("inputs.pue = -inf", "inputs.pue: given -inf; wanted a finite number"),
    ("inputs.pue = 1e400", "inputs.pue: given inf; wanted a finite number"),
    (f"inputs.pue = 1{'0' * 400}", "inputs.pue: given a number beyond 1e308; wanted a number"),
    (f"inputs.pue = 1{'0' * 5000}", "not TOML: a number too long"),
    # outside what the quantity can be
    ("budget = 0", "budget: given 0; wanted above 0 [USD]"),
    ("run_hours = -8", "run_hours: given -8; wanted above 0 [h]"),
    ("inputs.battery_unit_price = 0", "inputs.battery_unit_price: given 0; wanted above 0 [USD]"),
    ("build.rtx_a5000.unit_price = -1", "build.rtx_a5000.unit_price: given -1; wanted above 0 [USD]"),
    ("build.rtx_a5000.memory = 0", "build.rtx_a5000.memory: given 0; wanted above 0 [GB]"),
    ("inputs.discharge_efficiency = 0", "inputs.discharge_efficiency: given 0; wanted above 0 and at most 1"),
    ("inputs.depth_of_discharge = 90", "inputs.depth_of_discharge: given 90; wanted above 0 and at most 1"),
    ("inputs.pue = 0.99", "inputs.pue: given 0.99; wanted at least 1"),
    ("inputs.pue = { value = 0.99 }", "inputs.pue: given 0.99; wanted at least 1"),
    ("inputs.sustained_ratio.fp16 = 1.1",
     "inputs.sustained_ratio.fp16: given 1.1; wanted above 0 and at most 1"),
    ("scenarios.ideal.build.rtx_a5000.peak.fp16 = 0",
     "scenarios.ideal.build.rtx_a5000.peak.fp16: given 0; wanted above 0 [TFLOP/s]"),
    # distributions
    ('inputs.pue = { dist = "prt", low = 1, mode = 1.2, high = 2, source = "s" }',
     "inputs.pue.dist: given 'prt'; did you mean pert?"),
    ('inputs.pue = { low = 1, mode = 1.2, high = 2, source = "s" }', "inputs.pue.dist: is missing; wanted "),
    ('inputs.pue = { dist = "pert", low = 1, mode = 1.2, high = 2 }',
     "inputs.pue.source: is missing; wanted where its numbers come from"),
    ('inputs.pue = { dist = "pert", low = 1, mode = 1.2, high = 2, source = "" }',
     "inputs.pue.source: given ''; wanted text"),
    ('inputs.pue = { dist = "pert", low = 1, mode = 1.2, hgih = 2, source = "s" }',
     "inputs.pue.hgih: unknown key; did you mean high?"),
    ('inputs.pue = { dist = "pert", low = 1, mode = "1.2", high = 2, source = "s" }',
     "inputs.pue.mode: given '1.2'; wanted a number"),
    ('inputs.pue = { dist = "pert", low = 2, mode = 1.2, high = 1, source = "s" }',
     "inputs.pue: pert: low 2 is above mode 1.2; wanted low <= mode <= high"),
    ('inputs.pue = { dist = "pert", low = 0.9, mode = 1.2, high = 2, source = "s" }',
     "inputs.pue: pert reaches from 0.9 to 2; wanted at least 1: set min, or other parameters"),
    ('inputs.depth_of_discharge = { dist = "normal", mean = 0.9, std = 0.1, source = "s" }',
     "inputs.depth_of_discharge: normal reaches from -inf to inf; wanted above 0 and at most 1: set min and max"),
    ('inputs.pue = { dist = "pert", low = 1, mode = 1.2, high = 2, central = 0.5, source = "s" }',
     "inputs.pue: given central = 0.5; wanted at least 1"),
    ('inputs.sparsity_realised = { dist = "discrete", values = [0, 2], source = "s" }',
     "inputs.sparsity_realised: discrete reaches from 0 to 2; wanted at least 0 and at most 1: set max"),
    ('inputs.battery_unit_price = { dist = "discrete", values = [0, 9000], source = "s" }',
     "inputs.battery_unit_price: discrete reaches from 0 to 9000; wanted above 0 [USD]: set min"),
    ('inputs.battery_unit_price = { dist = "empirical", values = [9000, "9100"], source = "s" }',
     "inputs.battery_unit_price.values #2: given '9100'; wanted a number"),
    ('inputs.pue = { dist = "pert", p5 = 1.3, p50 = 1.2, p95 = 2, source = "s" }',
     "inputs.pue: pert: p5 1.3 is not below p50 1.2; wanted quantiles that rise with p"),
    ('inputs.pue = { dist = "pert", p5 = "x", p50 = 1.2, p95 = 2, source = "s" }',
     "inputs.pue.p5: given 'x'; wanted a number"),
    ('inputs.pue = { value = 1.2, grade = "E" }',
     "inputs.pue.grade: given 'E'; wanted one of A, A-, B+, B, B-, C+, C, C-, D"),
    ('inputs.pue = { missing = "not measured" }', "inputs.pue: is missing; wanted a number"),
    ('inputs.pue = { dist = "empirical", file = "../q.csv", source = "s" }', "inputs.pue: file '../q.csv' is outside"),
    ('inputs.pue = { dist = "empirical", file = "/etc/passwd", source = "s" }',
     "inputs.pue: file '/etc/passwd' is outside"),
    ('inputs.pue = { dist = "empirical", file = "q.csv", source = "s" }',
     "inputs.pue: file 'q.csv' cannot be read: No such file or directory"),
    ('inputs.pue = { dist = "uniform", file = "q.csv", source = "s" }', 'wanted it with dist = "empirical" only'),
    ('inputs.pue = { dist = "empirical", column = "price", source = "s" }', "inputs.pue: given column alone"),
    # sampling
    ("sampling.samples = 1000", "sampling.samples: given 1000; wanted a power of two, such as 512 or 1024"),
    ("sampling.samples = 1", "sampling.samples: given 1; wanted at least 2"),
    ("sampling.samples = 64.0", "sampling.samples: given 64.0; wanted a whole number"),
    ("sampling.samples = true", "sampling.samples: given true; wanted a whole number"),
    ("sampling.replicates = 1", "sampling.replicates: given 1; wanted at least 2"),
    ("sampling.seed = -1", "sampling.seed: given -1; wanted at least 0"),
    ('sampling.method = "sobl"', "sampling.method: given 'sobl'; did you mean sobol?"),
    # builds, batteries, names
    ('builds = ["rtx_a6000", "rtx_a500"]', "builds #2: no devices/rtx_a500.toml beside the study or shipped; "
                                           "did you mean rtx_a5000?"),
    ('battery = "powerwall"', "battery: no batteries/powerwall.toml beside the study or shipped; "
                              "did you mean powerwall_3?"),
    ("builds = []", "builds: given a list; wanted at least one"),
    ('builds = ["rtx_a5000", "rtx_a5000"]', "builds: given 'rtx_a5000' twice; wanted each once"),
    ('builds = ["../rtx_a5000"]', "builds #1: given '../rtx_a5000'; wanted a name of letters, digits, _ and -"),
    ('builds = ["/etc/passwd"]', "builds #1: given '/etc/passwd'; wanted a name of letters, digits, _ and -"),
    ('builds = ["rtx_a5000\\n"]', "builds #1: given 'rtx_a5000\\n'; wanted a name of letters, digits, _ and -"),
    ('battery = "../powerwall_3"', "battery: given '../powerwall_3'; wanted a name of letters"),
    ("build.rtx_a500.unit_price = 9", "build.rtx_a500: no build of this study; did you mean rtx_a5000?"),
    ("scenarios.ideal.build.rtx_a500.memory = 9",
     "scenarios.ideal.build.rtx_a500: no build of this study; did you mean rtx_a5000?"),
    ('scenarios."../x".pue = 1', "scenarios.\"../x\": given '../x'; wanted a name of letters, digits, _ and -"),
    ("inputs.budget = 3", "inputs.budget: given at the top of the study too; wanted once"),
    # what the budget covers
    ('budget_covers = "hardwear"', "budget_covers: given 'hardwear'; did you mean hardware?"),
    ('inputs.budget_covers = "hardware and batteries"',
     "inputs.budget_covers: given 'hardware and batteries'; did you mean hardware and storage?"),
    ('scenarios.a.budget_covers = "all"',
     "scenarios.a.budget_covers: given 'all'; wanted one of hardware, hardware and storage"),
    ("budget_covers = 1", "budget_covers: given 1; wanted one of hardware, hardware and storage"),
    ('budget_covers = { value = "hardware" }', "budget_covers: given a table; wanted one of hardware, hardware and "),
    ('build.rtx_a5000.budget_covers = "hardware"', "build.rtx_a5000.budget_covers: unknown key; "),
    ('correlation = [{ inputs = ["budget_covers"], spearman = 0.5 }]',
     "correlation #1.inputs: budget_covers is constant; wanted uncertain inputs"),
    # correlation
    ('correlation = [{ inputs = ["unit_price"], spearman = 1.5 }]',
     "correlation #1.spearman: given 1.5; wanted at least -1 and at most 1"),
    ('correlation = [{ inputs = ["unit_price"], spearman = nan }]',
     "correlation #1.spearman: given nan; wanted a finite number"),
    ('correlation = [{ inputs = ["pue", "pue"], spearman = 0.5 }]',
     "correlation #1.inputs: given 'pue' twice; wanted each once"),
    ('correlation = [{ inputs = ["pue"], spearman = 0.5 }]',
     "correlation #1.inputs: pue is constant; wanted uncertain inputs"),
    ('correlation = [{ inputs = ["rtx_a5000.unit_prize"], spearman = 0.5 }]',
     "correlation #1.inputs: no input rtx_a5000.unit_prize; did you mean rtx_a5000.unit_price?"),
    ('correlation = [{ inputs = ["rtx_a5000"], spearman = 0.5 }]', "correlation #1.inputs: no input rtx_a5000; "),
    # components and criteria
    ('components.server = { per = "nod", price = 9 }', "components.server.per: given 'nod'; did you mean node?"),
    ('components.server = { per = "node", price = -9 }', "components.server.price: given -9; wanted at least 0 [USD]"),
    ("components.server = { price = 9 }", "components.server.per: is missing; wanted device, node or once"),
    ('components.capex = { per = "once", price = 9 }', "components: given capex, the name of something else"),
    ('components.build = { per = "once", price = 9 }', "components: given build, the name of something else"),
    ('components.rtx_a5000 = { per = "once", price = 9 }', "builds: given rtx_a5000, the name of something else"),
    ('criteria = ["cpex"]', "criteria #1.output: given 'cpex'; did you mean capex?"),
    ('criteria = [{ output = "capex", precision = "fp4" }]', "criteria #1: given a precision; capex has none"),
    ('criteria = [{ output = "throughput", precision = "fp4" }]', "criteria #1: no build has fp4"),
    ('criteria = [{ output = "throughput", better = "more" }]', "criteria #1.better: given 'more'; "),
    # a precision that is missing where it is needed
    ('build.rtx_a5000.sustained_ratio.fp16 = { missing = "no idea" }',
     "rtx_a5000.sustained_ratio: is missing for fp16, where the peak is not; wanted a number"),
]


@pytest.mark.parametrize(("line", "seen"), BROKEN, ids=[seen[:60] for _, seen in BROKEN])
def test_bad_input_is_refused_in_one_line(folder, line, seen):
    (found,) = problems(write(folder, line))
    assert seen in found


@pytest.mark.parametrize(("key", "seen"), [
    ("title", "title: is missing; wanted what the study is called"),
    ("budget", "budget: is missing; wanted what may be spent on devices, above 0 [USD]"),
    ("builds", "builds: is missing; wanted names of device sheets"),
    ("battery", "battery: is missing; wanted the name of a battery sheet"),
    ("inputs.pue", "pue: is missing; wanted facility power / IT power (power usage effectiveness)"),
])
def test_what_is_missing_is_named(folder, key, seen):
    path = folder / "study.toml"
    path.write_text("\n".join(line for line in STUDY.splitlines() if not line.startswith(f"{key} ")))
    assert problems(path) == [seen]


def test_what_one_scenario_lacks_is_named(folder):
    path = write(folder, "inputs.pue.value = 1.2", "scenarios.a.pue = 1.0", "scenarios.b.host_overhead = 1.0")
    path.write_text(path.read_text().replace("inputs.pue.value = 1.2", "").replace("inputs.pue = 1.2", ""))
    assert problems(path) == [
        "pue: is missing in scenario b; wanted facility power / IT power (power usage effectiveness)"]


# --- files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "seen"), [
    (b"title = ", "not TOML: Invalid value"),
    (b"a = 1\na = 2", "not TOML: Cannot overwrite a value"),
    (b"a = " + b"[" * 5000, "not TOML: a number too long, or tables too deep"),
    (b"# one\ntitle = '\xe9'", "not UTF-8: byte 0xe9 in line 2"),
    ("title = ''".encode("utf-16"), "not UTF-8: byte 0xff in line 1"),
])
def test_a_file_that_is_no_toml_is_refused(folder, content, seen):
    path = folder / "study.toml"
    path.write_bytes(content)
    (found,) = problems(path)
    assert seen in found


@pytest.mark.parametrize(("line", "seen"), [
    ("budget = $150,000", "; a number has no $ and no commas, as 150_000: budget = $150,000"),
    ("budget = 150,000  # USD", "; a number has no $ and no commas, as 150_000: budget = 150,000  # USD"),
    ("budget = 150,0", "(at line 2, column 13): budget = 150,0"),
    ('title = "Two cards', '; a quotation mark (") may be missing: title = "Two cards'),
    ('title = "Two \\"cards\\"', '; a quotation mark (") may be missing: title = "Two \\"cards\\"'),
    ('pue = 1.2.3  # of a 19" rack', '): pue = 1.2.3  # of a 19" rack'),
    ("titel = \x1b[31m", ": titel = \\x1b[31m"),
    (f"inputs.pue = [{'1.2, ' * 40}$2, {'1.3, ' * 40}]", f": ...{'1.2, ' * 12}$2, {'1.3, ' * 3}1..."),
])
def test_of_what_is_no_toml_the_line_is_shown(folder, line, seen):
    path = folder / "study.toml"
    path.write_text(f"# a study\n{line}\nrun_hours = 8\n", encoding="utf-8")
    (found,) = problems(path)
    assert "(at line 2, column " in found
    assert found.endswith(seen)


# --- what follows from another problem is not told -----------------------------------------------------------

OF_A6000 = """build.rtx_a6000.unit_price = 4600
components.server = { per = "node", price = 6000, builds = ["rtx_a6000"] }
sweep."rtx_a6000.unit_power" = [0.2, 0.3]
[[claims]]
id = "cheaper"
says = "The A6000 costs less"
output = "capex"
build = "rtx_a6000"
is = "best"
"""
NO_SHEET = "builds #1: no devices/rtx_6000.toml beside the study or shipped; did you mean rtx_a6000?"
OTHER = 'builds = ["rtx_6000", "rtx_a5000"]'


def test_a_build_that_is_mistyped_once_is_one_problem(folder):
    assert problems(write(folder, OTHER, OF_A6000)) == [NO_SHEET]
    both = 'builds = ["rtx_6000", "rtx_a6000"]'
    assert problems(write(folder, both, OF_A6000)) == [NO_SHEET]


def test_a_build_that_lacks_its_sheet_keeps_its_name(folder):
    assert problems(write(folder, OTHER, OF_A6000.replace("rtx_a6000", "rtx_6000"))) == [NO_SHEET]


@pytest.mark.parametrize("pue", ['{ dist = "uniform", p5 = 1.4, p95 = 1.1, source = "s" }', "0.9"])
def test_what_is_wrong_is_not_constant(folder, pue):
    (found,) = problems(write(folder, f"inputs.pue = {pue}", """sensitivity.groups.site = ["pue"]
[[sensitivity.measurements]]
says = "a meter"
input = "pue"
relative_error = 0.05
[[correlation]]
inputs = ["pue", "unit_price"]
spearman = 0.3
[build.rtx_a5000]
unit_price = """ + PRICE))
    assert found.startswith("inputs.pue: ")


@pytest.mark.parametrize(("name", "seen"), [
    ("refrence", "no such file or shipped study; did you mean reference?"),
    ("no/such/study.toml", "no such file or shipped study; "),
    ("..", "no such file or shipped study; "),
    ("", "no such file or shipped study; "),
    ("x" * 5000, "no such file or shipped study; "),
    ("a\0b", "no plain name; rename the file to one that can be printed"),
    ("\x1b[31m\n", "no plain name; rename the file to one that can be printed"),
])
def test_a_study_that_is_not_there_is_refused(name, seen):
    (found,) = problems(name)
    assert seen in found


def test_a_file_that_cannot_be_read_is_refused(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("uncertainty.files.content", refuse)
    assert problems(write(folder)) == ["cannot be read: Permission denied"]


def test_a_byte_order_mark_is_read_over(folder):
    path = folder / "study.toml"
    path.write_text(STUDY, encoding="utf-8-sig")
    assert load(path).title == "Two cards"


@pytest.mark.parametrize("name", ["reference", "reference.toml", "configs/studies/reference.toml"])
def test_shipped_studies_load_from_any_folder_by_name(folder, monkeypatch, name):
    monkeypatch.chdir(folder)
    assert load(name).name == "reference"


@pytest.mark.parametrize("path", sorted((shipped() / "studies").glob("*.toml")), ids=lambda path: path.stem)
def test_every_distribution_of_the_shipped_studies_has_a_source_and_a_grade(path):
    quantities = [e.quantity for places in load(path).entries.values() for e in places.values()]
    assert all(q.source and q.grade for q in quantities if q.uncertain)


# --- data sheets -------------------------------------------------------------------------------------------


def sheet(folder, kind, name, *changes):
    """A copy of a shipped data sheet beside the study, with (old, new) pieces of text replaced."""
    text = (shipped() / kind / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("old", "new", "seen"), [
    ("value = 2500.00", "value = -1", "rtx_a5000.toml: unit_price: given -1; wanted above 0 [USD]"),
    ("unit_price ", "unit_prize ", "rtx_a5000.toml: unit_prize: unknown key; did you mean unit_price?"),
    ('label           = "A5000"', "", "rtx_a5000.toml: label: is missing; wanted the name that narrow tables print"),
    ('"A5000"', '"RTX A5000 24 GB"', "rtx_a5000.toml: label: given 'RTX A5000 24 GB'; wanted at most 10 characters"),
    ('headline_format = "fp16"', 'headline_format = "fp61"',
     "rtx_a5000.toml: headline_format: given 'fp61'; did you mean fp16?"),
    ('fp4 = { missing = "Ampere tensor cores have no FP4" }', 'fp4 = { missing = "" }',
     "rtx_a5000.toml: sustained_ratio.fp4.missing: given ''; wanted text"),
    ("[sustained_ratio.fp32]", "[sustained_ratio.fp23]", "rtx_a5000.toml: sustained_ratio.fp23: unknown key"),
    ("name  ", "name  = ", "rtx_a5000.toml: not TOML: "),
])
def test_a_bad_data_sheet_is_refused(folder, old, new, seen):
    sheet(folder, "devices", "rtx_a5000", (old, new))
    found = problems(write(folder))
    assert seen in found[0]
    assert all("rtx_a5000" in line for line in found)


def test_what_a_data_sheet_lacks_the_study_may_give(folder):
    sheet(folder, "devices", "rtx_a5000", ("unit_price ", "# "))
    assert problems(write(folder)) == ["rtx_a5000.unit_price: is missing; wanted price of one device"]
    assert at(load(write(folder, "build.rtx_a5000.unit_price = 9")), "unit_price", build="rtx_a5000").value == 9


def test_a_precision_is_given_or_declared_missing(folder):
    sheet(folder, "devices", "rtx_a5000", ('fp8      = { missing = "Ampere tensor cores have no FP8" }', ""))
    assert problems(write(folder)) == ["rtx_a5000.peak: is missing for fp8; wanted peak of one device: headline "
                                       'as printed, the others dense, or { missing = "why" }']


def test_a_sheet_beside_the_study_comes_before_the_shipped_one(folder):
    sheet(folder, "devices", "rtx_a5000", ("2500.00", "1234"))
    (folder / "batteries").mkdir()
    sheet(folder / "batteries", "batteries", "powerwall_3", ("8200", "4321"))
    study = load(write(folder))
    assert at(study, "unit_price", build="rtx_a5000").value == 1234
    assert at(study, "unit_price", build="rtx_a6000").value == 4650
    assert at(study, "battery_unit_price").value == 4321


def test_a_device_and_a_battery_may_have_the_same_name(folder):
    (folder / "devices").mkdir()
    sheet(folder / "devices", "devices", "rtx_a5000")
    (folder / "devices" / "rtx_a5000.toml").rename(folder / "devices" / "powerwall_3.toml")
    study = load(write(folder, 'builds = ["powerwall_3"]'))
    assert (study.builds[0].label, study.battery.label) == ("A5000", "Powerwall")


# --- everything at once ------------------------------------------------------------------------------------


def test_all_problems_come_at_once(folder):
    sheet(folder, "devices", "rtx_a5000", ("value = 2500.00", "value = -1"), ("value = 24", 'value = "24"'))
    assert problems(write(
        folder, "run_hour = 9", "sampling.samples = 100", "inputs.pue = 0.5", 'battery = "powerwall"',
        "build.rtx_a500.memory = 9", f"scenarios.ideal.depth_of_discharge = {UNIFORM.replace('0.9', '1.1')}",
        'correlation = [{ inputs = ["pue", "unit_prize"], spearman = 0.5 }]')) == [
        "run_hour: unknown key; did you mean run_hours?",
        "sampling.samples: given 100; wanted a power of two, such as 64 or 128",
        "inputs.pue: given 0.5; wanted at least 1",
        "scenarios.ideal.depth_of_discharge: uniform reaches from 0.5 to 1.1; wanted above 0 and at most 1: "
        "set max, or other parameters",
        "rtx_a5000.toml: unit_price: given -1; wanted above 0 [USD]",
        "rtx_a5000.toml: memory.value: given '24'; wanted a number",
        "battery: no batteries/powerwall.toml beside the study or shipped; did you mean powerwall_3?",
        "build.rtx_a500: no build of this study; did you mean rtx_a5000?",
        "correlation #1.inputs: no input unit_prize; did you mean unit_price?",
    ]


@pytest.mark.parametrize("line", ["inputs.pue = 0.5", "inputs.pue = { value = 1, sorce = 's' }", 'inputs.pue = "x"'])
def test_a_problem_makes_no_others(folder, line):
    (found,) = problems(write(folder, line, f"inputs.depth_of_discharge = {UNIFORM}",
                              'correlation = [{ inputs = ["pue", "depth_of_discharge"], spearman = 0.5 }]'))
    assert found.startswith("inputs.pue")


def test_every_problem_of_one_table_is_named(folder):
    assert problems(write(folder, "inputs.sustained_ratio.fp61 = 1", "inputs.sustained_ratio.fp16 = 2",
                          "inputs.pue = { dist = 'prt', low = 'x', hihg = 2 }")) == [
        "inputs.pue.hihg: unknown key; did you mean high?",
        "inputs.pue.dist: given 'prt'; did you mean pert?",
        "inputs.pue.source: is missing; wanted where its numbers come from",
        "inputs.pue.low: given 'x'; wanted a number",
        "inputs.sustained_ratio.fp61: unknown key; did you mean fp16?",
        "inputs.sustained_ratio.fp16: given 2; wanted above 0 and at most 1"]


def test_a_file_without_a_title_still_has_its_data_sheets_checked(folder):
    sheet(folder, "devices", "rtx_a5000", ("value = 2500.00", "value = -1"))
    assert len(problems(write(folder, "title = 3"))) == 2


@pytest.mark.parametrize("line", [
    r'inputs.pue = "\u001b[31mred\u0007\nnext"', r'"\u001b[31m\n" = 1', r'inputs."\u202e" = 1',
    r'builds = ["\u001b[31m"]', r'build."\u009b31m".memory = 1', r'criteria = ["\u001b[31m"]',
    r'correlation = [{ inputs = ["\u001b[31m"], spearman = 0 }]', r'scenarios."\r".pue = 1',
    r'inputs.pue = { dist = "empirical", file = "\u0000\u001b", source = "s" }',
])
def test_terminal_escapes_are_shown_and_not_sent(folder, line):
    assert "\\" in problems(write(folder, line))[0]  # `problems` asserts that every line is printable


def test_terminal_escapes_in_what_is_printed_of_a_good_study_are_harmless_too(folder):
    sheet(folder, "devices", "rtx_a5000", ('"A5000"', r'"\u001b[1m"'))
    study = load(write(folder, r'title = "\u001b[31mred\n"', 'description = """two\nlines"""'))
    assert study.title == r"\x1b[31mred\n"
    assert study.builds[1].label == r"\x1b[1m"
    assert study.description == "two\nlines"


# --- quotes in a CSV file ----------------------------------------------------------------------------------

QUOTES = 'inputs.battery_unit_price = { dist = "empirical", file = "quotes.csv", column = "price", source = "s" }'


def test_quotes_come_from_a_column_of_a_csv_file(folder):
    (folder / "quotes.csv").write_text("\ufeffshop, price\nA,9000\n\nB,8000\n", encoding="utf-8")
    assert at(load(write(folder, QUOTES)), "battery_unit_price").value.support == (8000, 9000)
    (folder / "quotes.csv").write_text("price\n7000\n")
    assert at(load(write(folder, QUOTES.replace(', column = "price"', ""))), "battery_unit_price").center == 7000


@pytest.mark.parametrize(("content", "seen"), [
    (b"", "file 'quotes.csv' has the columns "),
    (b"shop,prise\nA,1\n", "file 'quotes.csv' has the columns shop, prise; wanted one of them as column"),
    (b"shop,price\nA,cheap\n", "file 'quotes.csv', column price: given 'cheap'; wanted a number"),
    (b"shop,price\nA\n", "file 'quotes.csv', column price: given ''; wanted a number"),
    (b"price\nnan\n", "is nan; wanted a finite number"),
    (b"price\n", "wanted at least one number"),
    (b"price\n0\n", "empirical reaches from 0 to 0; wanted above 0 [USD]"),
    (b"price\n\xe9\n", "file 'quotes.csv' cannot be read: it is no CSV file in UTF-8"),
])
def test_bad_quotes_are_refused(folder, content, seen):
    (folder / "quotes.csv").write_bytes(content)
    (found,) = problems(write(folder, QUOTES))
    assert found.startswith("inputs.battery_unit_price: ")
    assert seen in found


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "quotes.csv"
    outside.write_text("price\n9000\n")
    (folder / "quotes.csv").symlink_to(outside)
    (found,) = problems(write(folder, QUOTES))
    assert "file 'quotes.csv' is outside the folder" in found


# --- which number holds where ------------------------------------------------------------------------------


def entry(study, name, scenario="base", build="", precision=""):
    return study.entries[name][Place(scenario, build, precision)]


def at(study, *where, **also):
    return entry(study, *where, **also).quantity


LEVELS = ["inputs.unit_price = 1", "build.rtx_a5000.unit_price = 2", "scenarios.s.unit_price = 3",
          "scenarios.s.build.rtx_a5000.unit_price = 4"]


@pytest.mark.parametrize("level", range(5))
def test_the_nearer_table_wins(folder, level):
    study = load(write(folder, *LEVELS[:level], "scenarios.s.pue = 1"))
    expected = [2500, 1, 2, 3, 4]
    assert at(study, "unit_price", "s", "rtx_a5000").value == expected[level]
    assert at(study, "unit_price", "s", "rtx_a6000").value == [4650, 1, 1, 3, 3][level]


def test_one_precision_beats_all_of_a_weaker_table_and_leaves_the_others(folder):
    study = load(write(folder, "inputs.sustained_ratio = 0.5", "build.rtx_a5000.sustained_ratio.fp32 = 0.7"))
    ratios = [at(study, "sustained_ratio", build="rtx_a5000", precision=p).value for p in ("fp16", "fp32")]
    assert ratios == [0.5, 0.7]


def test_the_headline_shares_the_ratio_of_its_format(folder):
    study = load(write(folder, "build.rtx_a5000.sustained_ratio.fp16 = 0.123"))
    assert at(study, "sustained_ratio", build="rtx_a5000", precision="headline").value == 0.123


def test_a_battery_price_may_be_given_once_or_by_scenario(folder):
    study = load(write(folder, "scenarios.a.battery_unit_price = 1", "scenarios.b.pue = 1"))
    assert [at(study, "battery_unit_price", s).value for s in ("a", "b")] == [1, 8200]


def test_what_the_budget_covers_is_a_word_at_the_top_among_the_inputs_or_in_a_scenario(folder):
    words = 'budget_covers = "hardware and storage"'
    for line in (words, f"inputs.{words}"):
        assert at(load(write(folder, line)), "budget_covers").value == 1
    study = load(write(folder, f"scenarios.inside.{words}", "scenarios.beside.pue = 1.2"))
    assert [at(study, "budget_covers", s).value for s in ("inside", "beside")] == [1, 0]
    shown = [row[1:6] for row in inputs(study).rows if row[0] == "budget_covers"]
    assert shown == [["inside", "", "", "1", "hardware and storage"], ["beside", "", "", "1", "hardware"]]
    assert problems(write(folder, words, f"inputs.{words}")) == [
        "inputs.budget_covers: given at the top of the study too; wanted once"]


def test_defaults_and_declared_gaps(folder):
    study = load(write(folder))
    assert study.scenarios == ("base",)
    assert study.sampling == (64, 16, 0, "sobol")
    assert at(study, "host_power", build="rtx_a5000").value == 0
    assert at(study, "host_power", build="rtx_a5000").source == "default"
    assert at(study, "peak", build="rtx_a5000", precision="fp4").value is None
    assert at(study, "peak", build="rtx_a5000", precision="fp4").note == "Ampere tensor cores have no FP4"


def test_what_is_said_of_a_number_is_kept(folder):
    about = 'source = "a quote", grade = "B+", date = 2025-12-17, note = "by phone"'
    found = at(load(write(folder, f"inputs.pue = {{ value = 1.3, {about} }}")), "pue")
    assert (found.value, found.source, found.grade, found.date, found.note) == (
        1.3, "a quote", "B+", "2025-12-17", "by phone")


def test_a_distribution_has_its_median_or_what_it_says_for_a_centre(folder):
    study = load(write(folder, f"build.rtx_a5000.unit_price = {PRICE}"))
    assert at(study, "unit_price", build="rtx_a5000").center == 2250
    central = PRICE.replace("low", "central = 2400, low")
    study = load(write(folder, f"build.rtx_a5000.unit_price = {central}"))
    assert at(study, "unit_price", build="rtx_a5000").center == 2400


def test_a_lognormal_may_touch_the_zero_that_a_price_may_not_reach(folder):
    line = 'build.rtx_a5000.unit_price = { dist = "lognormal", median = 2050, sigma = 0.15, source = "s" }'
    assert at(load(write(folder, line)), "unit_price", build="rtx_a5000").uncertain


def test_components_have_a_price_and_what_it_is_per(folder):
    study = load(write(folder, 'components.server = { per = "node", price = 9000, source = "a quote" }',
                       f'components.switch = {{ per = "once", price = {PRICE} }}'))
    assert study.components == {"server": "node", "switch": "once"}
    assert {e.quantity.source for e in study.entries["server"].values()} == {"a quote"}
    assert [s.name for s in study.streams() if s.name == "switch"] == ["switch"]


def test_criteria_are_the_outputs_listed_at_the_precisions_that_two_builds_have(folder):
    line = 'criteria = ["capex", "throughput", { output = "throughput", precision = "fp32" }, ' \
           '{ output = "spend", better = "higher" }]'
    study = load(write(folder, line))
    assert [c.name for c in study.criteria] == [
        "capex", "throughput headline", "throughput fp16", "throughput fp32", "spend (higher)"]
    assert [c.better for c in study.criteria] == ["lower", "higher", "higher", "higher", "higher"]


def test_without_criteria_the_usual_ones_hold(folder):
    names = [c.name for c in load(write(folder)).criteria]
    assert names[:3] == ["capex", "battery_count", "throughput headline"]
    assert "throughput fp4" not in names, "neither build has it"


# --- streams -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "streams"), [
    ([], {}),
    ([f"inputs.unit_price = {PRICE}"], {"rtx_a5000": "unit_price", "rtx_a6000": "unit_price"}),
    ([f"build.rtx_a5000.unit_price = {PRICE}"], {"rtx_a5000": "rtx_a5000.unit_price"}),
    ([f"build.rtx_a5000.unit_price = {PRICE}", f"build.rtx_a6000.unit_price = {PRICE}"],
     {"rtx_a5000": "rtx_a5000.unit_price", "rtx_a6000": "rtx_a6000.unit_price"}),
    ([f"inputs.unit_price = {PRICE}", "build.rtx_a5000.unit_price = 9"], {"rtx_a6000": "unit_price"}),
    ([f"scenarios.base.unit_price = {PRICE}"], {"rtx_a5000": "unit_price", "rtx_a6000": "unit_price"}),
    ([f"scenarios.base.build.rtx_a5000.unit_price = {PRICE}"], {"rtx_a5000": "rtx_a5000.unit_price"}),
])
def test_given_once_is_one_draw_for_all_and_given_for_a_build_its_own(folder, lines, streams):
    study = load(write(folder, *lines))
    drawn = {place.build: e.stream for place, e in study.entries["unit_price"].items() if e.quantity.uncertain}
    assert drawn == streams
    assert set(streams.values()) <= {s.name for s in study.streams()}


def test_scenarios_share_the_draw_of_an_input_that_each_gives_its_own_distribution(folder):
    study = load(write(folder, f"scenarios.a.sustained_ratio = {UNIFORM}",
                       f"scenarios.b.sustained_ratio = {UNIFORM.replace('0.5', '0.6')}"))
    one, other = (entry(study, "sustained_ratio", s, "rtx_a5000", "fp16") for s in "ab")
    assert one.stream == other.stream == "sustained_ratio"
    assert one.quantity.value != other.quantity.value


def test_a_precision_given_alone_is_a_draw_of_its_own(folder):
    study = load(write(folder, f"inputs.sustained_ratio.fp16 = {UNIFORM}", "inputs.sustained_ratio.fp32 = 0.7",
                       f"build.rtx_a5000.sustained_ratio.fp16 = {UNIFORM}"))
    assert {s.name for s in study.streams() if "sustained" in s.name} == {
        "sustained_ratio.fp16", "rtx_a5000.sustained_ratio.fp16"}


def dimensions(study):
    return {s.name: s.dimension for s in study.streams()}


def test_making_a_constant_uncertain_moves_no_other_stream():
    reference = load("reference")
    before = dimensions(reference)
    every = {f"{b.key}.{slot}" for b in reference.builds for slot in SLOTS} | set(SLOTS)
    taken = {name: reference.dimension(name) for name in every}
    assert len(set(taken.values())) == len(every), "no two share a dimension"
    assert before == {name: taken[name] for name in before}


def test_appending_a_build_an_input_or_a_component_moves_no_other_stream(folder):
    lines = [f"inputs.unit_price = {PRICE}", f"build.rtx_a5000.bandwidth_ratio = {UNIFORM}",
             f'components.server = {{ per = "node", price = {PRICE} }}']
    before = dimensions(load(write(folder, *lines)))
    after = dimensions(load(write(
        folder, *lines, 'builds = ["rtx_a6000", "rtx_a5000", "dgx_spark"]', f"inputs.draw_fraction = {UNIFORM}",
        f'components.switch = {{ per = "once", price = {PRICE} }}')))
    assert before.items() < after.items()
    assert {"draw_fraction", "switch", "dgx_spark.sustained_ratio.fp4"} <= after.keys() - before.keys()
    assert len(set(after.values())) == len(after), "no two share a dimension"


# by the order of INPUTS: to insert one there would move what is drawn for those behind it
@pytest.mark.parametrize(("stream", "dimension"), [
    ("pue", 0), ("battery_unit_price", 3), ("sparsity_realised", 9), ("host_power", 14),
    ("rtx_pro_6000.unit_price", 48 + 10), ("dgx_spark.host_overhead", 2 * 48 + 13),
    ("rtx_a6000.sustained_ratio.fp16", 3 * 48 + 29), ("rtx_a5000.unit_price", 4 * 48 + 10)])
def test_streams_of_the_reference_study_keep_their_dimensions(stream, dimension):
    assert dimensions(load("reference"))[stream] == dimension


def test_a_block_of_dimensions_holds_every_input_and_components_come_last(folder):
    assert len(SLOTS) == len(INPUTS) + 5 * sum(spec.typed for spec in INPUTS.values())
    assert len(SLOTS) <= BLOCK
    study = load(write(folder, *(f'components.c{i} = {{ per = "once", price = {PRICE} }}' for i in range(COMPONENTS))))
    assert [study.dimension(f"c{i}") for i in (0, COMPONENTS - 1)] == [DIMENSIONS - COMPONENTS, DIMENSIONS - 1]


@pytest.mark.parametrize(("listed", "extra"), [
    ([], set()), (['criteria = ["inference_rate"]'], {"inference_rate"}),
    (['outputs = ["unit_memory"]'], {"unit_memory"})])
def test_extra_outputs_are_those_asked_for(folder, listed, extra):
    outputs = load(write(folder, *listed)).outputs
    assert {name for name in outputs if OUTPUTS[name].extra} == extra


def test_the_most_builds_and_components_have_dimensions_of_their_own(folder):
    most = (DIMENSIONS - COMPONENTS - WEIGHTS) // BLOCK - 1
    for i in range(most + 1):
        sheet(folder, "devices", "rtx_a5000")
        (folder / "rtx_a5000.toml").rename(folder / f"d{i}.toml")
    builds = [f"d{i}" for i in range(most)]
    study = load(write(folder, f"builds = {builds}", f'components.server = {{ per = "once", price = {PRICE} }}'))
    assert study.dimension(f"d{most - 1}.{SLOTS[-1]}") < study.dimension("server") < DIMENSIONS
    found = problems(write(folder, f"builds = {[*builds, f'd{most}']}"))
    assert found == [f"builds: given {most + 1}; wanted at most {most}"]


def test_a_correlated_name_stands_for_every_stream_of_that_input(folder):
    study = load(write(folder, f"build.rtx_a5000.unit_price = {PRICE}", f"build.rtx_a6000.unit_price = {PRICE}",
                       f"inputs.depth_of_discharge = {UNIFORM}",
                       'correlation = [{ inputs = ["unit_price"], spearman = 0.3 }, '
                       '{ inputs = ["rtx_a5000.unit_price", "depth_of_discharge"], spearman = -0.2 }]'))
    assert {frozenset(pair): rho for pair, rho in study.correlation.items()} == {
        frozenset({"rtx_a6000.unit_price", "rtx_a5000.unit_price"}): 0.3,
        frozenset({"rtx_a5000.unit_price", "depth_of_discharge"}): -0.2}


def test_a_pair_is_correlated_once(folder):
    pair = '{ inputs = ["discharge_efficiency", "depth_of_discharge"], spearman = 0.3 }'
    path = write(folder, f"inputs.depth_of_discharge = {UNIFORM}", f"inputs.discharge_efficiency = {UNIFORM}",
                 f"correlation = [{pair}, {pair}]")
    assert problems(path) == ["correlation: depth_of_discharge and discharge_efficiency are given twice; wanted once"]


def test_one_uncertain_input_alone_correlates_with_nothing(folder):
    path = write(folder, f"build.rtx_a5000.unit_price = {PRICE}",
                 'correlation = [{ inputs = ["unit_price"], spearman = 0.3 }]')
    assert problems(path) == ["correlation #1.inputs: one uncertain input; wanted two"]


# --- the study as an object --------------------------------------------------------------------------------

BASE = [f"inputs.depth_of_discharge = {UNIFORM}", QUOTES,
        'correlation = [{ inputs = ["depth_of_discharge", "battery_unit_price"], spearman = 0.3 }]']


def digest(folder, *lines, quotes="price\n9000\n8000\n"):
    (folder / "quotes.csv").write_text(quotes)
    keys = [line.partition(" = ")[0] for line in lines]
    return load(write(folder, *(line for line in BASE if line.partition(" = ")[0] not in keys), *lines)).digest


@pytest.mark.parametrize("line", [
    "# a comment", 'title = "Another"', 'description = "Why"', "inputs.pue = { value = 1.20, source = 'new' }",
    f"inputs.depth_of_discharge = {UNIFORM.replace('test', 'another')}", "sampling.seed = 0", "inputs.host_power = 0",
])
def test_the_digest_stays_where_results_do(folder, line):
    assert digest(folder, line) == digest(folder)


@pytest.mark.parametrize("line", [
    "budget = 150_001", "inputs.pue = 1.21", "sampling.seed = 1", "sampling.samples = 128", 'criteria = ["capex"]',
    'sampling.method = "lhs"', "scenarios.base2.pue = 1.2", 'builds = ["rtx_a5000", "rtx_a6000"]',
    f"inputs.depth_of_discharge = {UNIFORM.replace('low', 'central = 0.6, low')}",
    f"inputs.depth_of_discharge = {UNIFORM.replace('0.5', '0.51')}",
    'components.server = { per = "node", price = 0 }',
    'correlation = [{ inputs = ["depth_of_discharge", "battery_unit_price"], spearman = 0.4 }]',
])
def test_the_digest_changes_where_results_may(folder, line):
    assert digest(folder, line) != digest(folder)


def test_the_digest_knows_what_other_files_say(folder):
    before = digest(folder)
    assert digest(folder, quotes="price\n9000\n8001\n") != before
    sheet(folder, "devices", "rtx_a5000", ("# [GB] GDDR6 ECC.", "# [GB]"))
    assert digest(folder) == before
    sheet(folder, "devices", "rtx_a5000", ("value = 24", "value = 25"))
    assert digest(folder) != before


def test_a_study_and_its_error_can_be_sent_to_another_process(folder):
    study = load("reference")
    again = pickle.loads(pickle.dumps(study))
    assert again == study
    assert again.digest == study.digest
    error = StudyError("study.toml", [])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(("text", "shown"), [
    ("x" * LONG, "x" * LONG), ("x" * (LONG + 1), "x" * LONG + "..."), ("\x07" * (LONG // 4), r"\x07" * (LONG // 4)),
    ("\x07" * LONG, r"\x07" * (LONG // 4) + "...")])
def test_only_what_is_cut_is_marked_as_cut(text, shown):
    assert StudyError("study.toml", [Problem("", text)]).problems == [Problem("", shown)]


def test_other_sampling_is_checked_as_the_file_is():
    study = load("reference")
    other = study.with_sampling(samples=64, seed=None)
    assert other.sampling == study.sampling._replace(samples=64)
    assert other.digest != study.digest
    for changes, seen in [({"samples": 100}, "samples: given 100; wanted a power of two, such as 64 or 128"),
                          ({"replicates": True}, "replicates: given true; wanted a whole number"),
                          ({"sample": 64}, "sample: unknown key; did you mean samples?")]:
        with pytest.raises(StudyError, match=re.escape(seen)):
            study.with_sampling(**changes)


def test_the_text_of_every_file_is_kept():
    study = load("reference")
    assert tomllib.loads(study.text)["title"] == study.title
    assert study.files.keys() == {f"devices/{b.key}" for b in study.builds} | {
        "batteries/powerwall_3", "documents/benally-2025"}


def test_the_json_schema_names_the_fields_of_a_distribution():
    schema = StudyFile.model_json_schema()
    assert {"dist", "source", "low", "mode", "high", "median", "sigma", "min", "max", "central", "file"} <= (
        schema["$defs"]["Distribution"]["properties"].keys())
    assert schema["$defs"]["Distribution"]["required"] == ["dist", "source"]
    pue = schema["$defs"]["AllInputs"]["properties"]["pue"]
    assert pue["description"] == "facility power / IT power (power usage effectiveness), at least 1"
    assert {"$ref": "#/$defs/Distribution"} in pue["anyOf"]
    for table in (schema, schema["$defs"]["AllInputs"], schema["$defs"]["Scenario"]):
        assert table["properties"]["budget_covers"]["enum"] == ["hardware", "hardware and storage"]
    assert schema["additionalProperties"] is False


# --- whatever the file says --------------------------------------------------------------------------------

TEXTS = {"study.toml": (shipped() / "studies" / "reference.toml").read_text(encoding="utf-8"),
         "rtx_a5000.toml": (shipped() / "devices" / "rtx_a5000.toml").read_text(encoding="utf-8"),
         "powerwall_3.toml": (shipped() / "batteries" / "powerwall_3.toml").read_text(encoding="utf-8")}
LINES = [(name, i) for name, text in TEXTS.items() for i, line in enumerate(text.splitlines())
         if re.match(r"[\w\[]", line)]
VALUES = ['"text"', "-1", "0", "nan", "inf", "1e400", "1e300", f"1{'0' * 400}", "true", "[]", "[nan]", "{}", "''",
          "2025-12-17", "{ missing = 'x' }", "{ dist = 'pert' }", "", "{ value = -1 }", "{ a.b.c = 1 }"]
ALWAYS = st.one_of(st.sampled_from(VALUES), st.floats().map(repr), st.integers().map(str))


def broken(line, how, value):
    """A line of a file without itself, with its key misspelt, or with another value."""
    key, equals, _ = line.partition("=")
    return {"delete": "", "misspell": line[1:], "table": f"[{line}", "value": f"{key}{equals}{value}"}[how]


def loads_or_says_why(folder, **texts):
    for name, text in (TEXTS | texts).items():
        (folder / name).write_text(text, encoding="utf-8")
    try:
        load(folder / "study.toml")
    except StudyError:
        problems(folder / "study.toml")


BREAK = st.tuples(st.sampled_from(LINES), st.sampled_from(["delete", "misspell", "table", "value"]), ALWAYS)


@given(st.lists(BREAK, min_size=1, max_size=3))
def test_broken_lines_give_a_study_or_its_problems(tmp_path_factory, breaks):
    lines = {name: text.splitlines() for name, text in TEXTS.items()}
    for (name, i), how, value in breaks:
        lines[name][i] = broken(lines[name][i], how, value)
    loads_or_says_why(tmp_path_factory.getbasetemp(), **{name: "\n".join(each) for name, each in lines.items()})


@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 5000), st.text())
@example("study.toml", 0, "a." * 3000 + "a = 1\n")
@example("study.toml", 0, f"a = 0x{'f' * 5000}\n")
def test_any_text_put_anywhere_gives_a_study_or_its_problems(tmp_path_factory, name, place, text):
    loads_or_says_why(tmp_path_factory.getbasetemp(), **{name: TEXTS[name][:place] + text + TEXTS[name][place:]})


def test_an_appended_component_moves_no_other_dimension(folder):
    one = 'components.server = { per = "node", price = 9000, source = "s" }'
    two = 'components.switch = { per = "once", price = 900, source = "s" }'
    before, after = load(write(folder, one)), load(write(folder, one, two))
    assert before.dimension("server") == after.dimension("server") < after.dimension("switch")


def test_the_same_at_many_places_is_a_line(tmp_path):
    """A document speaks of builds and scenarios that a study does not have."""
    path = write(tmp_path, 'document = "benally-2025"', 'builds = ["rtx_a6000", "dgx_spark"]')
    with pytest.raises(StudyError) as caught:
        load(path)
    text = str(caught.value)
    assert len(caught.value.problems) > 40
    assert len(text.splitlines()) < 15
    assert re.search(r"\n  benally-2025.toml: \S+ \S+; benally-2025.toml: \S+ \S+ and \d+ more places: no build ", text)
