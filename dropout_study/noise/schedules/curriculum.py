"""A rate that rises to p, fast at first."""

from dataclasses import dataclass
from math import expm1

from dropout_study.checks import check_positive


@dataclass(frozen=True)
class CurriculumSchedule:
    """The probability of keeping a unit falls exponentially from 1 to 1 - p.

    keep(t) = (1 - q) exp(-gamma t) + q with q = 1 - p, so rate(t) = p (1 - exp(-gamma t)). Here t
    counts finished epochs: it is 0 in the first epoch, which therefore has no noise.
    Morerio et al. 2017, "Curriculum dropout", where t counts updates.

    Attributes:
        gamma: 1 / epochs, > 0; None for 10 / the number of epochs, the choice of the paper.
    """

    gamma: float | None = None

    def __post_init__(self) -> None:
        if self.gamma is not None:
            check_positive("gamma", self.gamma)

    def __call__(self, p: float, epoch: int, epochs: int) -> float:
        """Returns the rate of ``epoch``."""
        gamma = 10 / epochs if self.gamma is None else self.gamma
        return -p * expm1(-gamma * (epoch - 1))
