"""The Brier score: how far the predicted probabilities are from the classes."""

from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import one_hot

from dropout_study.training.metrics.base import MeanMetric


class Brier(MeanMetric):
    """The mean over examples of the sum over classes of (probability - outcome) squared.

    The outcome is 1 for the example's class and 0 for the others. 0 is perfect, 2 the worst, and
    equal probabilities give 1 - 1/K. Brier 1950, "Verification of forecasts expressed in terms of
    probability", in its form for several classes.
    """

    meaning: ClassVar[str] = "mean squared distance of the probabilities from the class"
    unit: ClassVar[str] = "in [0, 2]"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def sums(self, logits: Tensor, labels: Tensor, losses: Tensor) -> Tensor:
        """Returns the summed squared distances [P]."""
        outcome = one_hot(labels, logits.shape[2])
        return (logits.softmax(dim=2) - outcome).square_().sum(dim=(1, 2))
