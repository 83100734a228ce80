"""What tests of the sweeper share: the configuration of an application that is not ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dropout_study.sweeper.confs.moving_over import moved_over, with_own_sampler
from dropout_study.sweeper.settings import SweepSettings


@pytest.fixture
def compose(tmp_path: Path) -> Callable[..., tuple[DictConfig, ConfigLoader]]:
    """Composes an application's configuration for a sweep with ``hydra.sweeper`` as given."""

    def composed(*words: str, sweeper: dict[str, Any] | None = None):
        conf = tmp_path / "conf"
        conf.mkdir(exist_ok=True)
        config = {
            "defaults": [{"override hydra/sweeper": "optuna_study"}, "_self_"],
            "x": 1,
            "hydra": {"sweeper": sweeper or {}},
        }
        OmegaConf.save(OmegaConf.create(config), conf / "config.yaml")
        with initialize_config_dir(str(conf), version_base="1.3", job_name="app"):
            hydra = GlobalHydra.instance().hydra
            assert hydra is not None
            config = hydra.compose_config("config", list(words), RunMode.MULTIRUN, from_shell=False)
            return config, hydra.config_loader

    return composed


@pytest.fixture
def read(compose) -> Callable[..., tuple[SweepSettings, list[str]]]:
    """Returns the sweeper's settings, and what is told of those of Hydra's own Optuna plugin."""

    def settings(*words: str, sweeper: dict[str, Any] | None = None):
        config, loader = compose(*words, sweeper=sweeper)
        config, told = moved_over(with_own_sampler(config, loader))
        return SweepSettings.from_config(config), told

    return settings
