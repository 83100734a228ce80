"""Noise in the last epochs only."""

from dataclasses import dataclass

from dropout_study.checks import check_at_least


@dataclass(frozen=True)
class LateSchedule:
    """The rate is 0 in the first ``on_after`` epochs and p afterwards.

    Liu et al. 2023, "Dropout reduces underfitting", late dropout.

    Attributes:
        on_after: epochs without noise, at least 0.
    """

    on_after: int

    def __post_init__(self) -> None:
        check_at_least("on_after", self.on_after, low=0)

    def __call__(self, p: float, epoch: int, epochs: int) -> float:
        """Returns the rate of ``epoch``."""
        return p if epoch > self.on_after else 0.0
