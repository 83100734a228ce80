"""Launchers as a sweeper holds them, on data that trains in milliseconds."""

from collections.abc import Callable, Iterator

import pytest
from command_line import SMALL
from hydra import initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode, TaskFunction
from omegaconf import DictConfig

from dropout_study import cli
from dropout_study.paths import conf_dir

MakeLauncher = Callable[..., Launcher]


@pytest.fixture
def loaded(tmp_path, monkeypatch) -> Iterator[Callable[..., tuple[DictConfig, HydraContext]]]:
    """Composes the configuration of a sweep in ``study``, under an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def load(*overrides: str) -> tuple[DictConfig, HydraContext]:
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        given = [*SMALL, "hydra.sweep.dir=study", *overrides]
        config = hydra.compose_config("config", given, RunMode.MULTIRUN, from_shell=False)
        HydraConfig.instance().set_config(config)
        return config, HydraContext(hydra.config_loader, Callbacks(config))

    before = HydraConfig.instance().cfg
    with initialize_config_dir(str(conf_dir().resolve()), version_base="1.3", job_name="trial"):
        yield load
    HydraConfig.instance().cfg = before


@pytest.fixture
def launcher(loaded) -> MakeLauncher:
    """Makes the launcher called ``name``, for this project's task or another."""

    def make(name: str, *overrides: str, task: TaskFunction = cli.task.__wrapped__) -> Launcher:
        config, context = loaded(f"hydra/launcher={name}", *overrides)
        return Plugins.instance().instantiate_launcher(
            config=config, hydra_context=context, task_function=task
        )

    return make
