"""A rate that rises and falls again and again."""

from dataclasses import dataclass

from dropout_study.checks import check_at_least, check_share


@dataclass(frozen=True)
class CyclicSchedule:
    """The rate is a triangle wave between ``low`` times p and p; it begins at the bottom.

    rate(t) = p (low + (1 - low) (1 - |2 x - 1|)) with x = (t mod n) / n, where t counts finished
    epochs and n = ``period``. The wave is that of Smith 2017, "Cyclical learning rates for training
    neural networks", used on the noise.

    Attributes:
        period: epochs of a cycle, at least 2. The rate is p only where an epoch is half a cycle,
            so with an even number.
        low: the share of p at the bottom, in [0, 1].
    """

    period: int
    low: float = 0.0

    def __post_init__(self) -> None:
        check_at_least("period", self.period, low=2)
        check_share("low", self.low)

    def __call__(self, p: float, epoch: int, epochs: int) -> float:
        """Returns the rate of ``epoch``."""
        place = (epoch - 1) % self.period / self.period
        return p * (self.low + (1 - self.low) * (1 - abs(2 * place - 1)))
