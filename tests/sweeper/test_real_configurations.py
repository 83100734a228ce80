"""Applications as they are found in public projects, each rebuilt in miniature."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
import yaml

Run = Callable[..., pd.DataFrame]
MAIN = """
import hydra
{before}
@hydra.main({main})
def app(config):
    {task}

if __name__ == "__main__":
    app()
"""
ON_CONF = 'version_base="1.3", config_path="conf", config_name="config"'
SWITCH = {"defaults": [{"override hydra/sweeper": "optuna_study"}, "_self_"], "x": 1}
LEFT_OVER = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Writes an application, sweeps it and returns its table."""

    def sweep(
        task: str,
        *words: str,
        files: Mapping[str, object] | None = None,
        main: str = ON_CONF,
        before: str = "",
    ) -> pd.DataFrame:
        (tmp_path / "app.py").write_text(MAIN.format(task=task, main=main, before=before))
        for name, content in {"conf/config.yaml": SWITCH, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        given = ("hydra.sweep.dir=study", "hydra.sweeper.n_jobs=0", "hydra.sweeper.n_trials=3")
        ended = subprocess.run(
            [sys.executable, "app.py", "--multirun", *given, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        table = pd.read_csv(tmp_path / "study" / "results.csv")
        assert (table["state"] == "COMPLETE").all()
        assert len(table) == 3
        return table

    return sweep


def test_a_template_with_a_search_in_a_global_package(run: Run) -> None:
    search = """# @package _global_
defaults:
  - override /hydra/sweeper: optuna_study
optimized_metric: "val/acc_best"
hydra:
  sweeper:
    _target_: hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper
    storage: null
    study_name: null
    n_jobs: 1
    direction: maximize
    sampler: {_target_: optuna.samplers.TPESampler, seed: 1234, n_startup_trials: 10}
    params:
      model.optimizer.lr: interval(0.0001, 0.1)
      model.net.size: choice(64, 128)
"""
    files = {
        "conf/config.yaml": {"defaults": ["_self_", {"model": "m"}, {"search": None}]},
        "conf/model/m.yaml": {"optimizer": {"lr": 0.1}, "net": {"size": 64}},
        "conf/search/optuna.yaml": search,
    }
    task = "return config.model.optimizer.lr"
    table = run(task, "search=optuna", "optimized_metric=null", files=files)
    assert table["model.optimizer.lr"].between(0.0001, 0.1).all()
    assert set(table["model.net.size"]) <= {64, 128}


def test_structured_configs_are_a_schema(run: Run) -> None:
    before = """
from dataclasses import dataclass, field
from hydra.core.config_store import ConfigStore

@dataclass
class Net:
    size: int = 8

@dataclass
class Conf:
    net: Net = field(default_factory=Net)
    lr: float = 0.1

ConfigStore.instance().store(name="config", node=Conf)
"""
    main = 'version_base="1.3", config_path=None, config_name="config"'
    words = ("hydra/sweeper=optuna_study", "net.size=choice(1,2)", "lr=interval(0,1)")
    table = run(
        "assert type(config.net.size) is int; return config.lr", *words, main=main, before=before
    )
    assert table["lr"].between(0, 1).all()


def test_groups_and_nested_packages_are_searched(run: Run) -> None:
    files = {
        "conf/config.yaml": {
            "defaults": [
                *({"db@store.main": "a"}, {"override hydra/sweeper": "optuna_study"}, "_self_")
            ]
        },
        "conf/db/a.yaml": {"port": 1},
        "conf/db/b.yaml": {"port": 2},
    }
    table = run("return config.store.main.port", "db@store.main=choice(a,b)", files=files)
    assert set(table["value"]) <= {1.0, 2.0}


NEXT = version("hydra-core").startswith("1.4")  # it refuses an older version_base


@pytest.mark.parametrize("base", [*(() if NEXT else ('"1.1"', '"1.2"')), "None"])
def test_a_version_base_changes_directories_and_nothing_else(base: str, run: Run) -> None:
    main = ON_CONF.replace('"1.3"', base)
    table = run("return config.x", "x=interval(0.5,1)", "hydra.job.chdir=true", main=main)
    assert table["value"].between(0.5, 1).all()


def test_a_custom_resolver_of_a_searched_value(run: Run) -> None:
    before = (
        'from omegaconf import OmegaConf\nOmegaConf.register_new_resolver("twice", lambda x: 2*x)'
    )
    files = {"conf/config.yaml": {**SWITCH, "y": "${twice:${x}}"}}
    table = run("return config.y", "x=choice(1,2)", files=files, before=before)
    assert (table["value"] == 2 * table["x"]).all()


def test_several_objectives(run: Run) -> None:
    words = ("x=interval(0.0,1.0)", "hydra.sweeper.direction=[minimize,maximize]")
    table = run("return config.x, 1 - config.x", *words)
    assert table["value_0"].tolist() == pytest.approx((1 - table["value_1"]).tolist())


def test_a_custom_search_space_reads_the_configuration(run: Run) -> None:
    space = 'def more(config, trial):\n    trial.suggest_float("y", 0, config.x)\n'
    words = ("x=choice(1,2)", "hydra.sweeper.custom_search_space=space.more", "+y=0")
    table = run("return config.y", *words, files={"space.py": space})
    assert (table["y"] <= table["x"]).all()


def test_a_sampler_of_the_users_own(run: Run) -> None:
    sampler = "import optuna\nclass Mine(optuna.samplers.RandomSampler):\n    pass\n"
    sweeper = {"sampler": {"_target_": "own.Mine"}}
    files = {"own.py": sampler, "conf/config.yaml": {**SWITCH, "hydra": {"sweeper": sweeper}}}
    table = run("return config.x", "x=interval(0.0,1.0)", files=files)
    assert table["x"].nunique() == 3


def test_directories_by_their_overrides(run: Run, tmp_path: Path) -> None:
    words = ("x=range(0,3)", "hydra/sweeper/sampler=grid")
    run("return config.x", *words, "hydra.sweep.subdir=${hydra.job.override_dirname}")
    assert {f"x={x}" for x in range(3)} <= {p.name for p in (tmp_path / "study").iterdir()}


def test_hydras_callbacks_are_called(run: Run, tmp_path: Path) -> None:
    module = """
from pathlib import Path
from hydra.experimental.callback import Callback
class Note(Callback):
    def on_job_end(self, config, job_return, **kwargs):
        Path(config.hydra.runtime.output_dir, "note").touch()
"""
    callbacks = {"note": {"_target_": "own.Note"}}
    config = {**SWITCH, "hydra": {"callbacks": callbacks}}
    run("return config.x", "x=choice(1,2)", files={"own.py": module, "conf/config.yaml": config})
    assert len(list((tmp_path / "study").glob("*/note"))) == 3


def test_a_task_that_is_instantiated(run: Run) -> None:
    module = "class Model:\n    def __init__(self, lr):\n        self.lr = lr\n"
    config = {**SWITCH, "model": {"_target_": "own.Model", "lr": 0.1}}
    task = (
        "from dropout_study.config.instantiate import instantiate\n"
        "    return instantiate(config.model).lr"
    )
    files = {"own.py": module, "conf/config.yaml": config}
    table = run(task, "model.lr=interval(0.1,0.2)", files=files)
    assert table["value"].between(0.1, 0.2).all()


@pytest.mark.parametrize(
    "space",
    [["a", "b"], "a text", {"pruner": "theirs", "n_trials": 50, "params": {"q": "choice(1,2)"}}],
    ids=["list", "text", "mapping"],
)
def test_an_applications_own_search_space_is_its_own(space: object, run: Run) -> None:
    files = {"conf/config.yaml": {**SWITCH, "search_space": space}}
    table = run("return config.x", "x=choice(1,2)", files=files)
    assert list(table) == ["trial", "state", "value", "x", "job_dir", "error"]


OFFICIAL = find_spec("hydra_plugins.hydra_optuna_sweeper") is not None


@pytest.mark.skipif(not OFFICIAL, reason="hydra-optuna-sweeper is not installed")
class TestBesideTheInstalledPlugin:
    """Run where hydra-optuna-sweeper is installed, as one of the CI's stages does."""

    def test_tpe_keeps_its_seed(self, run: Run, tmp_path: Path) -> None:
        words = ("x=interval(0.0,1.0)", "hydra/sweeper/sampler=tpe")
        first = run("return config.x", *words)
        again = run("return config.x", *words, "hydra.sweep.dir=study2")
        second = pd.read_csv(tmp_path / "study2" / "results.csv")
        assert len(again) == 3
        assert first["x"].tolist() == second["x"].tolist()

    def test_a_grid_is_walked(self, run: Run) -> None:
        table = run("return config.x", "x=choice(3,1,2)", "hydra/sweeper/sampler=grid")
        assert sorted(table["x"]) == [1, 2, 3]

    def test_a_left_over_target_is_ours(self, run: Run) -> None:
        run("return config.x", "x=choice(3,1,2)", f"hydra.sweeper._target_={LEFT_OVER}")
