"""The settings of the training loop."""

from dataclasses import dataclass

from dropout_study.noise.schedules.base import Schedule
from dropout_study.training.lr import MakeScheduler


@dataclass(frozen=True)
class TrainSettings:
    """How long, in what minibatches and in which precision to train."""

    epochs: int = 10
    batch_size: int = 256
    bfloat16: bool = False
    seed: int = 0
    lr_schedule: MakeScheduler | None = None
    """Of the learning rate; None for a constant one."""
    schedule: Schedule | None = None
    """Of the noise layers' rates; None for constant ones."""
