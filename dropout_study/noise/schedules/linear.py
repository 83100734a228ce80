"""A rate that changes by the same amount every epoch."""

from dataclasses import dataclass

from dropout_study.checks import check_at_least


@dataclass(frozen=True)
class LinearSchedule:
    """The rate goes from ``start`` times the layer's own in the first epoch to ``end`` times it.

    Attributes:
        start: factor of the rate in the first epoch, at least 0.
        end: factor of the rate in the last epoch, at least 0.
    """

    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        check_at_least("start", self.start, low=0)
        check_at_least("end", self.end, low=0)

    def __call__(self, p: float, epoch: int, epochs: int) -> float:
        """Returns the rate of ``epoch``, from 1 to ``epochs``."""
        done = (epoch - 1) / (epochs - 1) if epochs > 1 else 0.0
        return p * (self.start + done * (self.end - self.start))
