"""The accuracy of each class."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from dropout_study.training.metrics.base import Metric


class ClassAccuracy(Metric):
    """The share of each class's examples that are predicted to be of it: its recall.

    One number a class, by the class's number. NaN for a class without examples.
    """

    meaning: ClassVar[str] = "share of correct predictions among the examples of a class"
    unit: ClassVar[str] = "share in [0, 1]"
    several: ClassVar[bool] = True

    def reset(self, members: int, device: torch.device) -> None:
        """Begins anew; K is seen at the first minibatch."""
        self._correct = self._count = torch.zeros(members, 0, device=device)

    def update(self, logits: Tensor, labels: Tensor, losses: Tensor) -> None:
        """Counts each class's examples and those among them that are predicted."""
        if not self._count.shape[1]:
            self._correct, self._count = logits.new_zeros(2, logits.shape[0], logits.shape[2])
        each = labels.expand(logits.shape[:2])
        correct = (logits.argmax(dim=2) == labels).to(self._correct.dtype)
        self._correct.scatter_add_(1, each, correct)
        self._count.scatter_add_(1, each, torch.ones_like(correct))

    def compute(self) -> Mapping[str, Tensor]:
        """Returns the accuracies [P] by class."""
        shares = self._correct.cpu().double() / self._count.cpu().double()
        return {str(k): shares[:, k] for k in range(shares.shape[1])}
