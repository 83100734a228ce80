"""How far training has moved the weights."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from dropout_study.training.measures.base import Measure, Snapshot


class WeightDistance(Measure):
    """The Euclidean distance of all parameters, as one vector, from their initial values."""

    meaning: ClassVar[str] = "L2 distance of all parameters from their initial values"
    cost: ClassVar[str] = "no pass over data"

    def begin(self, model: nn.Module) -> None:
        """Keeps the initial values."""
        self._start = [param.detach().clone() for param in model.parameters()]

    @torch.no_grad()
    def measure(self, after: Snapshot) -> Mapping[str, float | None]:
        """Returns the distance."""
        pairs = zip(after.model.parameters(), self._start, strict=True)
        squares = [(now - start).double().square().sum() for now, start in pairs]
        return {"": torch.stack(squares).sum().sqrt().item()}
