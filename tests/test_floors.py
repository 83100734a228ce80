"""Imports go down only, and what is slow to import is imported only where it is needed."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
import yaml

import dropout_study
from dropout_study.paths import JobPaths, StudyPaths, conf_dir
from dropout_study.results.record import OWN_COLUMNS
from dropout_study.sweeper.confs.sweeper import OptunaStudyConf
from dropout_study.training.metrics import DEFAULT_METRICS

ROOT = Path(dropout_study.__file__).parent
PLUGINS = ROOT.parent / "hydra_plugins" / "dropout_study"
FILES = {
    **{f"dropout_study.{p.relative_to(ROOT).as_posix()}": p for p in sorted(ROOT.rglob("*.py"))},
    **{f"hydra_plugins.{p.name}": p for p in sorted(PLUGINS.glob("*.py"))},
}

LEVELS = (
    {"errors", "paths", "randomness"},
    {"checks", "files", "trial"},
    {"noise", "profiles", "stats"},
    {"data", "models"},
    {"training", "search"},
    *({room} for room in ("config", "sweeper", "task", "launch", "results", "report")),
    *({room} for room in ("confirmation", "extension", "comparison", "watch", "cli")),
    *({room} for room in ("notebook", "integrations")),
    {"__main__", "__init__"},
)
FLOORS = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
HYDRA, OPTUNA, TORCH = {"hydra", "omegaconf"}, {"optuna"}, {"torch", "torchvision"}
TABLES = {"pandas", "matplotlib", "rich"}
FORBIDDEN = {
    **dict.fromkeys(("data", "models", "noise"), HYDRA | OPTUNA | TABLES),
    **{"stats": HYDRA | OPTUNA | TORCH | TABLES},
    **{"training": HYDRA | OPTUNA | TABLES, "search": HYDRA | TORCH | TABLES},
    **{"config": OPTUNA | TABLES, "sweeper": TORCH | (TABLES - {"rich"})},
    **dict.fromkeys(("task", "launch"), TABLES - {"rich"}),
}
SLOW = TORCH | OPTUNA | TABLES


def module_of(path: Path) -> str:
    base = ROOT.parent if path.is_relative_to(ROOT) else PLUGINS.parent.parent
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, *, lazy: bool = True) -> Iterator[str]:
    """Yields the modules that a file imports; without those in functions if not ``lazy``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif lazy or not (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        ):
            yield from imports(node, lazy=lazy)


def room(module: str) -> str:
    """The part of the package that a module belongs to: ``dropout_study.data.idx`` -> ``data``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imported(path: Path, *, lazy: bool = True) -> list[str]:
    return list(imports(ast.parse(path.read_text(encoding="utf-8")), lazy=lazy))


every_file = pytest.mark.parametrize("path", FILES.values(), ids=FILES)
package_file = pytest.mark.parametrize(
    "path", [p for p in FILES.values() if p.is_relative_to(ROOT)], ids=module_of
)


@package_file
def test_imports_go_down_only(path):
    here = room(module_of(path))
    assert here in FLOORS, f"{here} stands on no floor"
    for module in imported(path):
        if module.startswith("dropout_study."):
            there = room(module)
            assert there == here or FLOORS[there] < FLOORS[here], f"{here} imports {module}"


@package_file
def test_a_room_knows_no_library_of_another(path):
    here = room(module_of(path))
    libraries = {module.split(".")[0] for module in imported(path)} - {"dropout_study"}
    if FLOORS[here] <= 1:
        assert libraries <= sys.stdlib_module_names
    assert not libraries & FORBIDDEN.get(here, set())


CONF = [path.relative_to(conf_dir()) for path in sorted(conf_dir().rglob("*.yaml"))]
GROUPS = {path.parent.as_posix() for path in CONF if path.parts[0] not in ("hydra", "config.yaml")}
SWEEPERS_OWN = {
    *("search_space", "metrics", "seed"),  # of the official plugin, TrialPruned, samplers
    *("low", "high", "step", "log", "choices"),  # of distributions
    *("hydra", "defaults", "trial", "state", "value", "error"),  # of Hydra, Optuna
    *(each.name for each in fields(OptunaStudyConf)),
}


def project_words() -> set[str]:
    """The names of this project's groups, keys, metrics, columns and files."""
    own = [path for path in CONF if path.parent.name and path.parts[:2] != ("hydra", "launcher")]
    pages = [yaml.safe_load((conf_dir() / path).read_text()) for path in own]
    keys = {str(key) for page in pages for key in page or {} if not str(key).startswith("_")}
    metrics = {f"{split}_{name}" for split in ("train", "val", "test") for name in DEFAULT_METRICS}
    files = {
        value.fget(paths(Path())).name
        for paths in (JobPaths, StudyPaths)
        for value in vars(paths).values()
        if isinstance(value, property)
    }
    return (GROUPS | keys | metrics | {"images", *OWN_COLUMNS} | files) - SWEEPERS_OWN


def texts(tree: ast.AST) -> Iterator[str]:
    """Yields the texts of a file that are not its documentation."""
    documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in documentation:
            yield from [node.value] if isinstance(node.value, str) else []


@pytest.mark.parametrize("path", [p for p in FILES.values() if room(module_of(p)) == "sweeper"])
def test_the_sweeper_knows_nothing_of_this_projects_task(path):
    words, below_group = project_words(), re.compile(rf"\b({'|'.join(GROUPS)})\.\w")
    for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
        assert text not in words
        assert not below_group.search(text), text


def test_a_word_of_this_project_would_be_noticed():
    assert project_words() >= {"optimizer", "epochs", "val_accuracy", "history.csv", "images"}
    code = ast.parse('"""Of the model."""\ndef f():\n    """model"""\n    return "trainer.epochs"')
    assert list(texts(code)) == ["trainer.epochs"]


@every_file
def test_nothing_of_the_package_imports_a_plugin(path):
    assert not any(module.startswith("hydra_plugins") for module in imported(path))


def at_import(module: str, seen: set[str]) -> set[str]:
    """The top-level modules outside the package that importing ``module`` imports."""
    path = ROOT.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if module in seen or not path.is_file():
        return set()
    seen.add(module)
    outside: set[str] = set()
    for name in imported(path, lazy=False):
        if not name.startswith("dropout_study"):
            outside.add(name.split(".")[0])
            continue
        parts = name.split(".")
        for end in range(1, len(parts) + 1):  # a package's own __init__ runs first
            outside |= at_import(".".join(parts[:end]), seen)
    return outside


@pytest.mark.parametrize(
    "module",
    [
        *("dropout_study", "dropout_study.cli.train", "dropout_study.__main__"),
        "dropout_study.config.preflight",
        *("dropout_study.results.callback", "dropout_study.report.callback"),
        *(module_of(p) for p in FILES.values() if p.is_relative_to(PLUGINS)),
    ],
)
def test_what_every_command_imports_is_light(module):
    """``--help``, tab completion and every Hydra app of the environment wait for these."""
    assert not at_import(module, set()) & SLOW


def test_what_is_slow_would_be_noticed():
    assert "torch" in at_import("dropout_study.task.trial", set())
    assert "optuna" in at_import("dropout_study.sweeper.sweep", set())


@every_file
def test_torchvision_is_imported_only_when_it_must_convert(path):
    assert not any(name.startswith("torchvision") for name in imported(path, lazy=False))


@pytest.mark.parametrize("path", sorted(PLUGINS.glob("*.py")), ids=lambda path: path.name)
def test_a_plugin_module_does_not_postpone_its_annotations(path):
    """Hydra executes it before it is in ``sys.modules``, where dataclasses look for the types."""
    assert "__future__.annotations" not in imported(path)


DEEPEST = 14
"""Modules in the longest chain of imports: how far a reader may have to follow them."""
MODULES = {module_of(path): path for path in FILES.values() if path.is_relative_to(ROOT)}


@cache
def longest_chain(module: str) -> tuple[str, ...]:
    """Returns the longest chain of this package's modules that begins with ``module``."""
    names = imported(MODULES[module], lazy=False)
    below = {name if name in MODULES else name.rpartition(".")[0] for name in names}
    chains = (longest_chain(name) for name in below & MODULES.keys() - {module})
    return module, *max(chains, key=len, default=())


def test_chains_of_imports_are_short():
    longest = max(map(longest_chain, MODULES), key=len)
    assert len(longest) <= DEEPEST, " > ".join(longest)
    assert len(longest) > 10  # the chains are found


def test_every_test_file_has_a_name_of_its_own() -> None:
    """Otherwise pytest cannot collect them together."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
