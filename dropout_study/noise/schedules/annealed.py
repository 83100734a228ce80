"""A rate that falls to 0 and stays there."""

from dataclasses import dataclass

from dropout_study.checks import check_at_least


@dataclass(frozen=True)
class AnnealedSchedule:
    """The rate falls linearly from p in the first epoch to 0.

    rate(t) = p max(0, 1 - t / n), where t counts finished epochs and n = ``off_after``.
    Rennie et al. 2014, "Annealed dropout training of deep networks".

    Attributes:
        off_after: epochs with noise, at least 1; None for all, then the last has the rate p / n.
    """

    off_after: int | None = None

    def __post_init__(self) -> None:
        if self.off_after is not None:
            check_at_least("off_after", self.off_after, low=1)

    def __call__(self, p: float, epoch: int, epochs: int) -> float:
        """Returns the rate of ``epoch``."""
        return p * max(0.0, 1 - (epoch - 1) / (self.off_after or epochs))
