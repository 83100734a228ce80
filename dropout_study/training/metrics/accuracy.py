"""Accuracy: the share of examples whose class has the largest logit."""

from typing import ClassVar

from torch import Tensor

from dropout_study.training.metrics.base import MeanMetric


class Accuracy(MeanMetric):
    """The share of correct predictions."""

    meaning: ClassVar[str] = "share of correct predictions"
    unit: ClassVar[str] = "share in [0, 1]"

    def sums(self, logits: Tensor, labels: Tensor, losses: Tensor) -> Tensor:
        """Returns the number of correct predictions [P]."""
        return (logits.argmax(dim=2) == labels).sum(dim=1)
