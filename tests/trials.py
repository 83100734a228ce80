"""Trials as every command opens them, in one call."""

from pathlib import Path

from omegaconf import DictConfig

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
