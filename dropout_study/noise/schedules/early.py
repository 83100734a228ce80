"""Noise in the first epochs only."""

from dataclasses import dataclass

from dropout_study.checks import check_at_least, check_share


@dataclass(frozen=True)
class EarlySchedule:
    """The rate is p in the first epochs and 0 afterwards; it may fall linearly before.

    rate(t) = p * clamp((n + 1 - t) / max(fade * n, 1), 0, 1), where t is the epoch, from 1, and
    n = ``off_after``. Liu et al. 2023, "Dropout reduces underfitting": ``fade=0`` and ``fade=1``
    are the two forms of their early dropout.

    Attributes:
        off_after: epochs with noise, at least 1.
        fade: the share of these epochs over which the rate falls, in [0, 1]. 0: off at once.
    """

    off_after: int
    fade: float = 0.0

    def __post_init__(self) -> None:
        check_at_least("off_after", self.off_after, low=1)
        check_share("fade", self.fade)

    def __call__(self, p: float, epoch: int, epochs: int) -> float:
        """Returns the rate of ``epoch``."""
        left = self.off_after + 1 - epoch
        return p * min(max(left / max(self.fade * self.off_after, 1), 0.0), 1.0)
