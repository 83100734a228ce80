"""Trials as every command opens them, in one call."""

from pathlib import Path

from fake_study import synthetic_config
from omegaconf import DictConfig, OmegaConf

from dropout_study.data import Splits
from dropout_study.paths import JobPaths
from dropout_study.task.trial import Trial, open_trial
from dropout_study.trial import Metrics, OnEpoch


def prepare_trial(config: DictConfig) -> Trial:
    """Returns the trial of ``config``; it writes no file."""
    with open_trial(config, None) as trial:
        return trial


def train_trial(config: DictConfig, root: Path, *on_epoch: OnEpoch) -> Metrics:
    """Trains the trial of ``config`` in ``root`` and returns its numbers."""
    with open_trial(config, root) as trial:
        return trial.train(*on_epoch)


def config_of(checkpoint: str, **model: float) -> DictConfig:
    """Returns the configuration of a small network on synthetic images."""
    changed = {
        "trainer": {"epochs": 4, "batch_size": 32, "device": "cpu", "checkpoint": checkpoint},
        "model": {"init_std": None, "hidden1": 64, **model},
        "data": {"contrast": 0.5},
    }
    merged = OmegaConf.merge(synthetic_config(), changed)
    assert isinstance(merged, DictConfig)
    return merged


def trained(root: Path, checkpoint: str, **model: float) -> tuple[Splits, Metrics]:
    """Trains a small network in ``root``, with the configuration that Hydra would write."""
    config = config_of(checkpoint, **model)
    paths = JobPaths(root)
    paths.config_yaml.parent.mkdir(parents=True)
    OmegaConf.save(config, paths.config_yaml)
    return prepare_trial(config).splits, train_trial(config, root)
