"""The loss that training minimises."""

from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import cross_entropy

from dropout_study.training.metrics.base import MeanMetric


class Loss(MeanMetric):
    """The mean cross entropy."""

    meaning: ClassVar[str] = "mean cross entropy"
    unit: ClassVar[str] = "nats"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def sums(self, logits: Tensor, labels: Tensor, losses: Tensor) -> Tensor:
        """Returns the summed cross entropies [P]."""
        return losses * labels.shape[-1]


def mean_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Returns the mean cross entropies [P] of logits [P, B, K] and labels [B] or [P, B]."""
    each = labels.expand(logits.shape[:2])
    losses = cross_entropy(logits.flatten(0, 1), each.flatten(), reduction="none")
    return losses.view(each.shape).mean(dim=1)
