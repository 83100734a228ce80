"""The expected calibration error: is a network as often right as it is sure?"""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from dropout_study.training.metrics.base import Metric


class ECE(Metric):
    """The mean over examples of |accuracy - confidence| of the example's bin.

    The confidence is the probability of the predicted class. Bins are of equal width: bin m of M
    has the confidences in ((m - 1) / M, m / M]. Guo et al. 2017, "On calibration of modern neural
    networks", equation 3. It depends on the bins and, with few examples in a bin, is too large.

    Args:
        bins: M.
    """

    meaning: ClassVar[str] = "expected calibration error"
    unit: ClassVar[str] = "share in [0, 1]"
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def __init__(self, bins: int = 15) -> None:
        if bins < 1:
            raise ValueError(f"bins must be at least 1, got {bins}")
        self._bins = bins

    def reset(self, members: int, device: torch.device) -> None:
        """Begins anew."""
        self._surplus = torch.zeros(members, self._bins, device=device)
        self._count = 0

    def update(self, logits: Tensor, labels: Tensor, losses: Tensor) -> None:
        """Adds correct - confidence of each example to its bin."""
        confidence, predicted = logits.softmax(dim=2).max(dim=2)
        bins = (confidence * self._bins).ceil().long().sub_(1).clamp_(0, self._bins - 1)
        surplus = (predicted == labels).to(confidence.dtype) - confidence
        self._surplus.scatter_add_(1, bins, surplus)
        self._count += labels.shape[-1]

    def compute(self) -> Tensor:
        """Returns the errors [P]."""
        return self._surplus.cpu().double().abs().sum(dim=1) / self._count
