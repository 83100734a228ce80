"""A Hydra application of a user's own, with a network, data and a population form."""

from contextlib import contextmanager

import hydra
import torch
from omegaconf import DictConfig
from torch import nn

from dropout_study.data import synthetic
from dropout_study.launch import MemberTask, population_form
from dropout_study.training import TrainSettings, train_single


def build(config: DictConfig):
    """Returns the arguments of the training loop."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(config.rate), nn.Linear(16, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=config.lr)
    return model, optimizer, synthetic(val_size=config.val_size), TrainSettings(epochs=2)


def last_accuracy(history) -> float:
    return history[-1]["val_accuracy"]


class MyForm:
    """What ``main`` does, taken apart."""

    def group(self, config: DictConfig) -> int:
        return config.val_size

    @contextmanager
    def member(self, config: DictConfig, job_dir):
        def on_epoch(metrics) -> bool:
            (job_dir / "epoch.txt").write_text(str(metrics["epoch"]))
            return True

        yield MemberTask(*build(config), on_epoch, last_accuracy)


@hydra.main(version_base="1.3", config_path=None)
@population_form("population_app.MyForm")
def main(config: DictConfig) -> float:
    return last_accuracy(train_single(*build(config)))
