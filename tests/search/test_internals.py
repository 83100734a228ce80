"""Optuna's private names are used in one module."""

import ast
from pathlib import Path

import pytest

import dropout_study

ROOT = Path(dropout_study.__file__).parent
OTHERS = [path for path in sorted(ROOT.rglob("*.py")) if path.name != "internals.py"]
PRIVATE = {"_storage", "_trial_id", "_study_id", "_backend", "_suggest", "_thread_local"}


def private_names(tree: ast.AST) -> set[str]:
    """The private names of Optuna that a module imports, or reads from an object not its own."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("optuna"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            found |= {name for name in names if name.startswith("_")}
        if isinstance(node, ast.Attribute) and node.attr in PRIVATE:
            own = isinstance(node.value, ast.Name) and node.value.id == "self"
            found |= set() if own else {node.attr}
    return found


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_uses_no_private_name_of_optuna(path: Path):
    assert not private_names(ast.parse(path.read_text(encoding="utf-8")))


def test_a_private_name_would_be_noticed():
    source = (ROOT / "search" / "internals.py").read_text(encoding="utf-8")
    assert private_names(ast.parse(source)) >= {"_storage", "_trial_id"}
