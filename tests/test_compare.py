"""Two results side by side: what changed, what moved, and how much every change explains of it."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import dist, study_text

import uncertainty as un
from uncertainty import cli, comparing, opening
from uncertainty.attributing import look, paired
from uncertainty.mixing import mixed
from uncertainty.opening import opened
from uncertainty.report.summary import outline
from uncertainty.sides import Figure, side
from uncertainty.study import restore
from uncertainty.versions import versions

PUE = dist("pert", low=1.05, mode=1.25, high=1.6)
CLAIM = """
[[claims]]
id = "X"
says = "A5000 costs less"
output = "capex"
build = "rtx_a5000"
is = "below"
than = { build = "dgx_spark" }
"""


def price(build, median):
    return f"\n[build.{build}]\nunit_price = {dist('lognormal', median=median, sigma=0.1)}\n"


def text(a5000=2500, spark=2600, rest="", pue=PUE, **given):
    return study_text(rest=price("rtx_a5000", a5000) + price("dgx_spark", spark) + CLAIM + rest, pue=pue, **given)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results folders by the text of their study, each made once."""
    return tmp_path_factory.mktemp("made"), {}


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """Write a study and its results folder; gives the folder."""
    monkeypatch.chdir(tmp_path)
    place, known = made

    def make(name, written):
        Path(f"{name}.toml").write_text(written, encoding="utf-8")
        if written not in known:
            known[written] = un.write(un.run(un.load(f"{name}.toml")), place / str(len(known)))
        return str(shutil.copytree(known[written], f"out/{name}"))

    return make


def compared(one, other):
    return comparing.compare(opened(Path(one)), opened(Path(other)))


def printed(capsys, *arguments):
    assert cli.main(["compare", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def parts_of(comparison, figure):
    found = comparison.attribution
    return dict(zip(found.changes, found.parts.value[found.figures.index(figure)].tolist(), strict=True))


# --- what explains a move ----------------------------------------------------------------------------------------


def test_the_same_folder_twice_is_no_difference(folder, capsys):
    same = folder("a", text())
    assert printed(capsys, same, same) == f"{same} and {same}: no difference.\n"
    tree = json.loads(printed(capsys, same, same, "--json"))
    assert tree["difference"] is False
    assert tree["inputs"] == tree["settings"] == []
    assert tree["attribution"] is None


def test_one_changed_price_explains_everything(folder):
    found = compared(folder("a", text()), folder("b", text(a5000=2200)))
    assert [change.spots[0].input for change in found.inputs] == ["unit_price"]
    assert found.attribution.changes == ("rtx_a5000.unit_price",)
    assert found.attribution.parts.value[:, 0].tolist() == found.attribution.total.value.tolist()
    assert found.replicates == 8
    kinds = {figure.kind for figure in found.attribution.figures}
    assert kinds == {"mean", "quantile", "first", "claim"}
    assert not any(move.difference for move in found.moves if move.figure.build == "dgx_spark"
                   and move.figure.kind in ("mean", "quantile"))


def test_two_changes_that_act_on_each_other_are_averaged_over_both_orders(folder):
    """A battery's price counts for as many as the PUE asks for, so that what each adds depends on what was before."""
    given = {(p, b): folder(f"s{p}{b}", text(pue=1.2 + 0.3 * p, battery_unit_price=9000 + 3000 * b))
             for p in (0, 1) for b in (0, 1)}
    mean = {at: float(un.run(un.load(f"{Path(place).name}.toml")).means["capex"].sel(build="rtx_a5000").item())
            for at, place in given.items()}
    found = compared(given[0, 0], given[1, 1])
    parts = parts_of(found, Figure("mean", "capex", "base", "rtx_a5000"))
    first_pue = mean[1, 0] - mean[0, 0], mean[1, 1] - mean[1, 0]
    first_price = mean[1, 1] - mean[0, 1], mean[0, 1] - mean[0, 0]
    assert first_pue[0] != pytest.approx(first_price[0], rel=0.05)
    assert parts["pue"] == pytest.approx((first_pue[0] + first_price[0]) / 2)
    assert parts["battery_unit_price"] == pytest.approx((first_pue[1] + first_price[1]) / 2)


def test_what_changes_explain_sums_to_the_difference(folder):
    """In all orders, where one is of a correlation and one of the builds; and in some of them, of eight changes."""
    tied = '\n[[correlation]]\ninputs = ["unit_price"]\nspearman = 0.5\n'
    few = text(a5000=2200, rest=tied, builds=["rtx_a5000", "dgx_spark", "rtx_a6000"])
    many = text(a5000=2200, spark=2500, pue=1.3, discharge_efficiency=0.92, depth_of_discharge=0.85, run_hours=9,
                budget=160_000, battery_unit_price=9500)
    start = folder("a", text())
    for name, written, changes, orders in (("few", few, 3, 0), ("many", many, 8, 18)):
        found = compared(start, folder(name, written)).attribution
        assert len(found.changes) == changes
        assert found.orders == orders
        assert found.parts.value.sum(axis=1) == pytest.approx(found.total.value, rel=1e-9, abs=1e-9)
        assert bool(found.order_se.any()) == bool(orders)


def test_with_no_change_made_it_is_the_one_and_with_all_the_other(folder):
    folder("a", text())
    folder("b", text(a5000=2200, rest='\n[components]\nserver = { per = "node", price = 5000, source = "test" }\n',
                     builds=["dgx_spark", "rtx_a6000", "rtx_a5000"]))
    one, other = (un.load(f"{name}.toml") for name in "ab")
    between = paired(one, other)
    figures = [Figure("mean", "capex", "base", "rtx_a5000"), Figure("first", "capex", "base", "dgx_spark"),
               Figure("claim", "X")]
    assert between.changes == ("rtx_a5000.unit_price", "server", "builds")
    for study, made in ((one, set()), (other, set(between.changes))):
        seen, results = look(mixed(between, made), figures), un.run(study)
        assert seen[figures[0]].mean() == pytest.approx(
            float(results.means["capex"].sel(scenario="base", build="rtx_a5000")))
        first = results.ranking["rank_acceptability"].sel(criterion="capex", scenario="base", build="dgx_spark", rank=1)
        assert seen[figures[1]].mean() == pytest.approx(float(first))
        assert seen[figures[2]].mean() == pytest.approx(float(results.claims["probability"].sel(claim="X")))


def test_a_component_that_is_added_explains_what_it_costs(folder):
    server = '\n[components]\nserver = { per = "once", price = 5000, source = "test" }\n'
    found = compared(folder("a", text()), folder("b", text(rest=server)))
    assert parts_of(found, Figure("mean", "capex", "base", "rtx_a5000")) == {"server": pytest.approx(5000)}
    (change,) = found.inputs
    assert change.before is None
    assert change.after.value == "5000"


def test_a_number_that_is_declared_missing_is_no_input(folder):
    gone = '\npeak = { fp16 = { missing = "unknown" } }\nsustained_ratio = { fp16 = { missing = "unknown" } }\n'
    other = text().replace("\n[build.dgx_spark]\n", f"\n[build.dgx_spark]{gone}")
    one = text()
    found = paired(*(restore("s", written) for written in (one, other)))
    assert found.rest == "missing values"


# --- what moved --------------------------------------------------------------------------------------------------


def test_errors_are_of_pairs_where_both_were_drawn_alike_and_else_of_independent_runs(folder):
    one, other, another = folder("a", text()), folder("b", text(pue=1.3)), folder("c", text(pue=1.3, seed=2))
    alike, unlike = compared(one, other), compared(one, another)
    assert (alike.replicates, unlike.replicates) == (8, 0)
    figure = Figure("mean", "capex", "base", "rtx_a5000")
    errors = [next(m.error for m in found.moves if m.figure == figure) for found in (alike, unlike)]
    runs = [un.run(un.load(f"{name}.toml")).means for name in "ac"]
    both = np.hypot(*(float(run["capex_se"].sel(build="rtx_a5000").item()) for run in runs))
    assert errors[1] == pytest.approx(2.3646 * both, rel=1e-3)  # Student's t, 7 degrees of freedom
    assert {s.what: (s.before, s.after) for s in unlike.settings} == {"sampling: seed": ("1", "2")}


def test_another_seed_alone_explains_nothing(folder, capsys):
    one, other = folder("a", text()), folder("b", text(seed=2))
    found = compared(one, other)
    assert not found.same
    assert found.attribution is None
    assert np.mean([move.moved for move in found.moves]) < 0.2
    assert "sampling: seed" in printed(capsys, one, other)


def test_another_source_is_told_and_moves_nothing(folder, capsys):
    one, other = folder("a", text()), folder("b", text(pue=PUE.replace("'test'", "'an electrician'").replace(
        '"test"', '"an electrician"')))
    found = compared(one, other)
    assert [change.source_only for change in found.inputs] == [True]
    assert not any(move.difference for move in found.moves)
    out = printed(capsys, one, other)
    assert "Only the evidence is other of: PUE." in out
    assert "no inputs and no settings changed" in out


def test_builds_and_scenarios_that_come_and_go_are_named_and_those_in_common_compared(folder, capsys):
    one = folder("a", text())
    other = folder("b", text(a5000=2200, builds=["rtx_a5000", "dgx_spark", "rtx_a6000"]))
    tree = json.loads(printed(capsys, one, other, "--json"))
    assert {"what": "builds", "before": "", "after": "1 added: rtx_a6000"} in tree["settings"]
    assert set(tree["bands"]["base"]) == {"rtx_a5000", "dgx_spark"}
    assert tree["attribution"]["changes"] == ["rtx_a5000.unit_price", "builds"]
    assert "1 left out: rtx_a6000" in printed(capsys, other, one)
    apart = folder("c", text(rest="\n[scenarios.cellar]\npue = 1.1\n"))
    assert "nothing that came out can be compared" not in printed(capsys, one, other)
    assert cli.main(["compare", one, apart]) == 0


def test_a_claim_that_is_put_to_another_test_is_not_compared(folder, capsys):
    one, other = folder("a", text()), folder("b", text().replace('is = "below"', 'is = "above"'))
    found = compared(one, other)
    assert not any(move.figure.kind == "claim" for move in found.moves)
    assert "put to other tests, so not compared: X" in " ".join(printed(capsys, one, other).split())


# --- the command -------------------------------------------------------------------------------------------------


def test_text_has_80_columns_and_says_what_a_reader_wants(folder, capsys):
    one, other = folder("a", text()), folder("b", text(a5000=2200, pue=1.5))
    out = printed(capsys, one, other)
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    plain = " ".join(out.split())
    for words in (f"{one} -> {other}", "2 inputs and no settings changed", "What went in", "A5000 $2,500", "How wide",
                  "Which conclusions hold", "A5000 price", "PUE", "both orders", "8 pairs of replicates"):
        assert words in plain


def test_json_has_every_figure(folder, capsys):
    one, other = folder("a", text()), folder("b", text(a5000=2200))
    tree = json.loads(printed(capsys, one, other, "--json"))
    assert tree["difference"] is True
    assert tree["errors"] == {"from": "pairs of replicates", "replicates": 8}
    (change,) = tree["inputs"]
    assert (change["input"], change["build"]) == ("unit_price", ["rtx_a5000"])
    assert change["before"]["value"] == "lognormal(2500, 0.1)"
    assert change["after"]["source"] == "test"
    move = tree["bands"]["base"]["rtx_a5000"]["capex"]["0.5"]
    assert move["moved"] is True
    assert move["difference"] == pytest.approx(move["after"][0] - move["before"][0])
    assert tree["claims"]["X"]["says"] == "A5000 costs less"
    for figure in tree["attribution"]["figures"]:
        assert sum(part[0] for part in figure["parts"].values()) == pytest.approx(figure["total"][0])


def test_a_study_is_run_and_is_what_its_folder_says(folder, capsys):
    one = folder("a", text())
    assert printed(capsys, one, "a.toml") == f"{one} and a.toml: no difference.\n"
    folder("b", text(a5000=2200))
    assert "a.toml -> b.toml" in printed(capsys, "a.toml", "b.toml")


def test_without_results_nc_the_shipped_sheets_serve_if_they_are_the_ones(folder, capsys):
    one, other = folder("a", text()), folder("b", text(a5000=2200))
    for place in (one, other):
        Path(place, "results.nc").unlink()
    assert compared(one, other).attribution is not None
    shutil.copy(un.files.shipped() / "devices" / "rtx_a5000.toml", "own.toml")
    sheet = Path("own.toml")
    own = folder("own_cards", text().replace("rtx_a5000", "own"))
    assert opened(Path(own)).study is not None  # of the sheets in results.nc
    Path(own, "results.nc").unlink()
    assert opened(Path(own)).study is not None  # of the sheet beside
    sheet.write_text(sheet.read_text().replace("230", "231"))
    found = compared(own, one)
    assert found.attribution is None
    assert "is another by now" in found.why
    sheet.unlink()
    assert "no devices/own.toml" in opened(Path(own)).why
    out = printed(capsys, own, one)
    assert "cannot be told" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_a_damaged_results_nc_is_as_good_as_none(folder):
    one = folder("a", text())
    Path(one, "results.nc").write_bytes(b"no NetCDF")
    assert opened(Path(one)).study is not None
    Path(one, "summary.json").write_text(Path(one, "summary.json").read_text().replace('"digest": "', '"digest": "0'))
    assert "cannot be read" in opened(Path(one)).why


def test_a_study_that_was_run_to_a_tolerance_or_with_other_sampling_is_had_again(folder):
    folder("a", text())
    study = un.load("a.toml").with_sampling(samples=32, replicates=4, seed=5)
    results = un.run(study, tolerance=0.01)
    assert results.convergence.replicates > 8
    found = opened(un.write(results, "out/fine"))
    assert found.study.sampling == study.sampling._replace(replicates=results.convergence.replicates)


def damage_version(path):
    tree = json.loads(path.read_text())
    path.write_text(json.dumps(tree | {"versions": {"uncertainty": "9.9"}}))


def damage_bands(path):
    tree = json.loads(path.read_text())
    path.write_text(json.dumps(tree | {"bands": []}))


@pytest.mark.parametrize(("damage", "words"), [
    (damage_version, "made by uncertainty 9.9"), (damage_bands, "damaged"), (lambda p: p.write_text("{"), "damaged"),
    (lambda p: p.write_text("{}"), "damaged"), (lambda p: p.write_bytes(b"\xff\xfe"), "damaged"),
    (lambda p: p.unlink(), "no summary.json"), (lambda p: shutil.rmtree(p.parent), "no such results folder")])
def test_what_is_no_results_folder_is_refused_in_one_line(folder, capsys, damage, words):
    one, other = folder("a", text()), folder("b", text())
    damage(Path(other, "summary.json"))
    assert cli.main(["compare", one, other]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert err.startswith(other)


def test_a_study_is_restored_from_what_a_run_keeps():
    study = un.load("reference")
    again = restore(study.name, study.text, study.files)
    assert again.fingerprint == study.fingerprint
    with pytest.raises(un.StudyError, match="not TOML"):
        restore("x", "[")


DOCS = Path(__file__).parent.parent / "docs" / "comparing.md"


@pytest.mark.skipif(not DOCS.is_file(), reason="no checkout: the documents are not there")
def test_the_examples_of_the_documents_are_what_the_command_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    told, readme = DOCS.read_text(encoding="utf-8"), DOCS.parent.with_name("README.md").read_text(encoding="utf-8")
    plan, lines = re.findall(r"```toml\n(.*?)```", told, re.DOTALL)
    offer = plan
    for line in lines.splitlines():
        offer = re.sub(rf"^{line.split()[0]} .*$", line, offer, count=1, flags=re.MULTILINE)
    Path("plan.toml").write_text(plan)
    Path("offer.toml").write_text(offer)
    out = plain(printed(capsys, "plan.toml", "offer.toml"))
    (whole,), (some,) = (re.findall(r"```console\n(.*?)```", text, re.DOTALL) for text in (told, readme))
    assert plain(whole) == out
    assert all(plain(part) in out for part in some.split("...\n"))


def plain(shown):
    """Words and figures; how wide columns and rules are is up to the version of rich."""
    return " ".join(shown.replace("─", "").split())


# --- what is easily told wrong -----------------------------------------------------------------------------------


def test_a_study_that_lacks_a_figure_is_no_other_than_itself(tmp_path, monkeypatch, capsys):
    """One of its devices has no fp4, so that some of its figures are missing."""
    monkeypatch.chdir(tmp_path)
    Path("one.toml").write_text(text(precisions=["fp4", "fp16"], outputs=["throughput"]), encoding="utf-8")
    assert "one.toml and one.toml: no difference" in printed(capsys, "one.toml", "one.toml")


def correlated(*inputs, spearman=0.4):
    return f'\n[[correlation]]\ninputs = {json.dumps(inputs)}\nspearman = {spearman}\n'


def test_a_correlation_written_the_other_way_round_is_the_same(folder):
    ways = [("pue", "unit_price"), ("unit_price", "pue")]
    one, other = (folder(name, text(rest=correlated(*way))) for name, way in zip("ab", ways, strict=True))
    assert compared(one, other).same
    found = compared(one, folder("c", text(rest=correlated(*ways[1], spearman=0.2)))).settings
    assert found == (("correlation of 2 pairs of pue and unit_price", "0.4", "0.2"),
                     ("correlation of dgx_spark.unit_price and rtx_a5000.unit_price", "0.4", "0.2"))


def test_what_else_changed_is_told_in_the_order_of_the_study(folder):
    names = ["X", "late", "early", "b", "a", "z", "seventh", "D1"]
    rest = "".join(CLAIM.replace('"X"', f'"{name}"') for name in names[1:])
    held = re.sub("(is = .*)", r"\1\nmust_hold = 0.5", text(rest=rest))
    found = compared(folder("a", text(rest=rest)), folder("b", held)).settings
    assert [setting.what for setting in found] == [f"claim {name}: must hold" for name in names]


def test_a_sweep_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("swept.toml").write_text(text(rest="[sweep]\nrun_hours = [4, 8]\n"), encoding="utf-8")
    Path("one.toml").write_text(text(), encoding="utf-8")
    un.write(un.run(un.load("swept.toml")), "out/swept", page=False)
    for name in ("swept.toml", "out/swept"):
        assert cli.main(["compare", name, "one.toml"]) == 2
        assert capsys.readouterr() == ("", f"{name}: a sweep, which is many studies, cannot be compared; run the two "
                                           "studies to be compared without [sweep]\n")


def test_what_moved_by_chance_is_not_explained(tmp_path, monkeypatch, capsys):
    """Another seed moves medians, and the change there is bears on none of them."""
    monkeypatch.chdir(tmp_path)
    for name, seed, ratio in (("one", 1, 1.0), ("other", 12, 0.9)):
        Path(f"{name}.toml").write_text(text(method="random", seed=seed, sustained_ratio=ratio), encoding="utf-8")
    found = compared_studies("one.toml", "other.toml")
    assert any(move.figure.name == "capex" for move in found.moved("quantile"))
    out = printed(capsys, "one.toml", "other.toml", "--page", "page.html")
    assert "sustained ratio +0.0" not in out
    assert Path("page.html").is_file()


def compared_studies(*names):
    return comparing.compare(*(side(name, outline(un.run(study), versions()) | {"digest": study.digest}, study)
                               for name, study in ((name, un.load(name)) for name in names)))


@pytest.fixture
def swapped(tmp_path, monkeypatch):
    """The best build by memory bandwidth is only in one study."""
    monkeypatch.chdir(tmp_path)
    for name, builds in (("one", ["dgx_spark", "rtx_a5000"]), ("other", ["rtx_a6000", "rtx_a5000"])):
        Path(f"{name}.toml").write_text(study_text(rest=price("rtx_a5000", 2500), pue=PUE, builds=builds),
                                        encoding="utf-8")
    return "one.toml", "other.toml"


def test_who_wins_is_told_of_all_builds_of_each_side(swapped, capsys):
    out = plain(printed(capsys, *swapped, "--page", "page.html"))
    found = compared_studies(*swapped)
    was, now = (next(iter(shares)) for shares in comparing.first_places(found, "capex", "base"))
    assert (was, now) == ("dgx_spark", "rtx_a6000")
    assert comparing.hands(found, "capex", "base") == (True, True)
    assert re.search(r"CapEx base DGX Spark A6000", out)
    assert "none changes hands" not in out
    tree = json.loads(printed(capsys, *swapped, "--json"))
    assert [tree["first"]["capex"]["base"][when][0] for when in ("before", "after")] == [was, now]
    caption = "First place changes hands: most probably from DGX Spark"
    assert caption in Path("page.html").read_text(encoding="utf-8")


def test_builds_of_one_side_have_rows_of_their_own(swapped, capsys):
    out = printed(capsys, *swapped)
    wide = out[out.index("How wide"):out.index("Who wins")]
    assert re.search(r"DGX Spark\s+\S+.*left out", wide)
    assert re.search(r"A6000\s+–\s+–\s+new", wide)


def test_builds_as_probable_leave_first_place_where_it_was(swapped):
    found = compared_studies(*swapped)
    after = found.after
    same = {Figure("first", "capex", "base", build): estimate._replace(value=0.5)
            for build, estimate in (("rtx_a6000", next(iter(after.figures.values()))),
                                    ("rtx_a5000", next(iter(after.figures.values()))))}
    before = replace(found.before, figures=found.before.figures | {
        Figure("first", "capex", "base", "rtx_a5000"): same[Figure("first", "capex", "base", "rtx_a5000")]._replace(
            value=2.0)})
    tied = replace(found, before=before, after=replace(after, figures=after.figures | same))
    assert [next(iter(each)) for each in comparing.first_places(tied, "capex", "base")] == ["rtx_a5000", "rtx_a5000"]


def test_a_folder_with_a_number_beyond_all_or_a_broken_netcdf_is_refused_or_done_without(folder, monkeypatch):
    path = Path(folder("one", text()))
    monkeypatch.setattr(opening, "sheets", lambda _: (_ for _ in ()).throw(RuntimeError("NetCDF: HDF error")))
    assert opened(path).study is not None  # its sheets are shipped
    summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
    summary["claims"]["X"]["probability"][0] = 10**400
    (path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    with pytest.raises(opening.FolderError, match=r"summary\.json is damaged"):
        opened(path)
