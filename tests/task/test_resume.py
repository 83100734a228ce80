"""A trial that was stopped continues from its state, and ends as if it had never stopped."""

import csv
import logging
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig
from torch import Tensor

from dropout_study.paths import JobPaths
from dropout_study.sweep.source import StudyStopping
from dropout_study.task.trial import open_trial
from dropout_study.trial import Metrics

EPOCHS = 4
SMALL = (
    *("data=synthetic", "data.n_train=96", "data.val_size=32", "data.n_test=16"),
    *("data.shape=[1,6,6]", "data.contrast=0.6", "trainer.device=cpu", f"trainer.epochs={EPOCHS}"),
    *("trainer.batch_size=16", "trainer.resume_seconds=0"),
)
MLP = ("model.hidden1=12", "model.hidden2=12", "model.init_std=null")

Ended = tuple[Metrics, list[dict[str, str]], dict[str, Tensor]]


def train(config: DictConfig, root: Path, stop_after: int | None = None) -> Ended | None:
    """Trains in ``root``; returns numbers, history and weights, None if it was stopped."""

    def stop(row: Metrics) -> bool:
        if row["epoch"] == stop_after:
            raise StudyStopping
        return True

    try:
        with open_trial(config, root) as trial:
            numbers = trial.train(stop)
    except StudyStopping:
        return None
    with JobPaths(root).history_csv.open() as stream:
        rows = [{**row, "seconds": ""} for row in csv.DictReader(stream)]
    return {**numbers, "seconds": 0}, rows, trial.model.state_dict()


def assert_same(got: Ended | None, want: Ended | None) -> None:
    assert got is not None
    assert want is not None
    assert got[:2] == want[:2]
    assert got[2].keys() == want[2].keys()
    assert all(torch.equal(got[2][name], want[2][name]) for name in want[2])


def continued(config: DictConfig, tmp_path: Path, stops: tuple[int, ...] = (1, 3)) -> Path:
    """Trains once and again with stops; checks that both end alike. Returns the directory."""
    whole = train(config, tmp_path / "whole")
    for stop in stops:
        assert train(config, tmp_path / "parts", stop) is None
        assert JobPaths(tmp_path / "parts").resume.is_file()
    assert_same(train(config, tmp_path / "parts"), whole)
    for root in ("whole", "parts"):
        assert not JobPaths(tmp_path / root).resume.exists()
    return tmp_path / "parts"


OPTIMIZERS = {
    "sgd": ["optimizer.momentum=0.9", "optimizer.nesterov=true", "optimizer.lr=0.05"],
    "adam": ["optimizer=adam"],
    "adamw": ["optimizer=adamw", "lr_schedule=cosine"],
    "rmsprop": ["optimizer=rmsprop", "optimizer.momentum=0.5"],
    "adagrad": ["optimizer=custom", "optimizer._target_=torch.optim.Adagrad"],
    "nadam": ["optimizer=custom", "optimizer._target_=torch.optim.NAdam"],
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_goes_on(optimizer, compose_config, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    config = compose_config(*SMALL, *MLP, *OPTIMIZERS[optimizer])
    parts = continued(config, tmp_path)
    told = [m for m in caplog.messages if "continues after epoch" in m]
    assert told == [f"continues after epoch {n}: {JobPaths(parts).resume}" for n in (1, 3)]
