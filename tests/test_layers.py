"""Imports point one way: analysis knows nothing of studies, the model nothing of us."""

import ast
from pathlib import Path

import pytest

import uncertainty

HERE = Path(uncertainty.__file__).parent
LAYERS = [  # each may import those before it
    {"families", "model", "design", "strict", "versions", "leftovers", "holding", "memory", "no_toml"},
    {"elicitation", "document", "copula"},
    {"distributions"},
    {"inverse", "quantity"},
    {"analysis"},
    {"space", "schema", "given"},
    {"resolve"},
    {"ledger", "files", "inquiry", "axes", "doubts"},
    {"statements", "sheets"},
    {"study", "editors"},
    {"starting"},
    {"truths", "readings", "sides", "mixing"},
    {"asked"},
    {"plan"},
    {"watching", "responses"},
    {"drivers"},
    {"driven"},
    {"engine"},
    {"samples", "pieces", "frames", "trial", "margins", "simpler"},
    {"fields", "shares", "worth", "tornado"},
    {"influence"},
    {"searching"},
    {"breaking"},
    {"jobs", "preference", "stress"},
    {"execution"},
    {"reported", "propagation"},
    {"results", "sweep"},
    {"works"},
    {"runner"},
    {"attributing"},
    {"comparing"},
    {"nearest", "screening", "calls"},
    {"options"},
    {"sensitivity", "information"},
    {"report"},
    {"charts"},
    {"page"},
    {"store", "notebook", "opening"},
    {"tabular"},
    {"batch", "cost"},
    {"terminal"},
    {"dry_run"},
    {"running"},
    {"versus"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = [p for p in HERE.rglob("*.py") if p.name not in ("__init__.py", "__main__.py")]


def imported(path: Path) -> set[str]:
    """Modules or packages of ours that a file imports, by their first name."""
    package = path.relative_to(HERE).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            parts = [p for p in parts if p]
            found |= {parts[0]} if parts else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("uncertainty") for alias in node.names)
    return {name for name in found if name in LEVEL}


def layer(path: Path) -> str:
    parts = path.relative_to(HERE).with_suffix("").parts
    return parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HERE)))
def test_imports_point_one_way(path):
    own = layer(path)
    for other in imported(path) - {own}:
        assert LEVEL[other] <= LEVEL[own], f"{own} imports {other}"
    assert own in LEVEL


def test_the_model_imports_nothing_of_ours_and_analysis_no_study():
    assert imported(HERE / "model.py") == set()
    for path in (HERE / "analysis").glob("*.py"):
        assert imported(path) <= {"analysis"}
