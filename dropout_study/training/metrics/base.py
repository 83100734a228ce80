"""The contract of a metric: a number by name (or several), measured on the examples of a split.

Letters: P members of a population (1 for a single run), B examples of a minibatch, K classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor


class Metric(ABC):
    """A number, or several, for each of P members, computed over the minibatches of a split.

    An instance measures one pass over one split. Its sums stay on the device until ``compute``:
    ``update`` must not wait for the device (no ``item``, no ``cpu``).

    Attributes:
        meaning: the metric in one line, for tables and documentation.
        unit: its unit, for tables and documentation.
        better: whether higher or lower numbers are better.
        several: whether it has several numbers, by name. A metric ``m`` then has columns
            ``val_m_NAME`` and cannot be an objective.
    """

    meaning: ClassVar[str]
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["higher", "lower"]] = "higher"
    several: ClassVar[bool] = False

    @abstractmethod
    def reset(self, members: int, device: torch.device) -> None:
        """Begins a new pass for P = ``members``."""

    @abstractmethod
    def update(self, logits: Tensor, labels: Tensor, losses: Tensor) -> None:
        """Adds a minibatch.

        Args:
            logits: [P, B, K], float32.
            labels: [B], or [P, B] where each member has its own examples; int64 in [0, K).
            losses: [P], the mean cross entropies of the minibatch.
        """

    @abstractmethod
    def compute(self) -> Tensor | Mapping[str, Tensor]:
        """Returns the numbers [P]; where there are several, [P] by name."""


class MeanMetric(Metric):
    """A metric that is a mean over examples; a subclass computes the sums of a minibatch."""

    @abstractmethod
    def sums(self, logits: Tensor, labels: Tensor, losses: Tensor) -> Tensor:
        """Returns the sums over the B examples of a minibatch [P]; arguments as in ``update``."""

    def reset(self, members: int, device: torch.device) -> None:
        """Begins a new pass."""
        self._total = torch.zeros(members, device=device)
        self._count = 0

    def update(self, logits: Tensor, labels: Tensor, losses: Tensor) -> None:
        """Adds a minibatch."""
        self._total += self.sums(logits, labels, losses)
        self._count += labels.shape[-1]

    def compute(self) -> Tensor:
        """Returns the means [P], divided in double precision so that 7 / 10 is 0.7."""
        return self._total.cpu().double() / self._count
