"""Standout: a unit's own input decides how likely it is dropped."""

from math import inf, log
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_study.checks import check_at_least
from dropout_study.noise.dense import DenseNoise
from dropout_study.noise.layer import Number
from dropout_study.noise.source import Kind


class Standout(DenseNoise):
    """Keeps unit j with probability pi_j = sigmoid(alpha a_j + beta), a = W x + b its input.

    Units with a large input are kept more often: the layer's own weights, scaled, act as a second
    network that computes the probabilities. The rate sets beta = ln((1 - p) / p), so a unit with
    input 0 is dropped with probability p. Kept units are not scaled; in evaluation mode the output
    is its mean, pi_j f(a_j). No gradient goes through pi. Ba & Frey 2013, "Adaptive dropout for
    training deep neural networks", with the tied weights of its section 3.

    Args:
        p: the rate at input 0, in [0, 1).
        alpha: how strongly the input changes the probability, at least 0; at 0 all units have
            rate p.
    """

    kind: ClassVar[Kind] = "uniform"

    def __init__(self, p: float = 0.5, *, alpha: float = 1.0) -> None:
        super().__init__(p)
        self.alpha = check_at_least("noise.alpha", alpha, low=0)

    def numbers(self) -> tuple[float, ...]:
        """Returns beta."""
        return (log((1 - self.p) / self.p) if self.p else inf,)

    def draw_shape(self, x: Tensor) -> torch.Size:
        """x: [B, D] -> [B, H]."""
        units = self.dense.out_features if self.dense is not None else 0
        return torch.Size([*x.shape[:-1], units])

    def disturbed(
        self, x: Tensor, draws: Tensor, dense: nn.Linear, activation: nn.Module, *numbers: Number
    ) -> Tensor:
        """x: [B, D], draws: [B, H] -> [B, H]."""
        inputs = dense(x)
        dropped = 1 - self._kept(inputs, *numbers)
        output: Tensor = activation(inputs) * (draws >= dropped).to(inputs.dtype)
        return output

    def expected(
        self, x: Tensor, dense: nn.Linear, activation: nn.Module, *numbers: Number
    ) -> Tensor:
        """x: [B, D] -> [B, H]."""
        inputs = dense(x)
        output: Tensor = activation(inputs) * self._kept(inputs, *numbers).to(inputs.dtype)
        return output

    def extra_repr(self) -> str:
        """Returns what ``print(model)`` shows of the layer."""
        return f"p={self.p}, alpha={self.alpha}"

    def _kept(self, inputs: Tensor, *numbers: Number) -> Tensor:
        """Returns the probabilities to be kept, [B, H]."""
        return torch.sigmoid(self.alpha * inputs.detach().float() + numbers[0])
