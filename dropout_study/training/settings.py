"""The settings of the training loop."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dropout_study.noise.schedules.base import Schedule
from dropout_study.training.lr import MakeScheduler

if TYPE_CHECKING:
    from dropout_study.training.measures import MeasureTypes


@dataclass(frozen=True)
class TrainSettings:
    """The settings of a training: epochs, batch size, precision, seed and schedules."""

    epochs: int = 10
    batch_size: int = 256
    bfloat16: bool = False
    seed: int = 0
    lr_schedule: MakeScheduler | None = None
    """Schedule of the learning rate; None for a constant rate."""
    schedule: Schedule | None = None
    """Schedule of the noise layers' rates; None for constant rates."""
    measures: "MeasureTypes" = field(default_factory=dict)
    """What is measured of the network after every epoch."""
    max_norm: float | None = None
    """Largest norm of a hidden unit's incoming weights; None for no bound."""
    label_smoothing: float = 0.0
    """Share of a label's probability that is spread over all classes, in training only."""
    r_drop: float = 0.0
    """Weight of the divergence between two passes with different noise; 0 for one pass."""
