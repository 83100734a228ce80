"""DropConnect: noise on weights."""

from collections.abc import Sequence
from math import pi, sqrt
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from dropout_study.checks import check_one_of
from dropout_study.errors import UserError
from dropout_study.noise.dense import DenseNoise
from dropout_study.noise.dropout import mask, mask_numbers
from dropout_study.noise.layer import Number
from dropout_study.noise.source import Kind

INFERENCES = ("moments", "weights")
"""What the layer computes in evaluation mode."""


class DropConnect(DenseNoise):
    """Drops single weights of a dense layer instead of units: f((M * W) x + b).

    A weight is kept where u >= p, and scaled by 1 / (1 - p); biases are kept. Wan et al. 2013,
    "Regularization of neural networks using DropConnect"; there nothing is scaled in training and
    weights are multiplied with 1 - p afterwards, which is the same network.

    In evaluation mode the output is the mean over the masks. By "moments" it is that of a Gaussian
    with the mean and variance that the masks give to W x + b, m and v = p / (1 - p) (W^2)(x^2),
    through the ReLU: m Phi(m / s) + s phi(m / s), s = sqrt(v). The paper draws samples of this
    Gaussian and averages; this is the limit of infinitely many. By "weights" it is f(W x + b): the
    noise is simply off (weight scaling).

    Args:
        p: the rate, in [0, 1).
        per_example: each example of a minibatch has a mask of its own, as in the paper; that takes
            as much memory as a batch of weights. Otherwise a minibatch has one mask.
        inference: "moments" (needs a ReLU) or "weights".
    """

    kind: ClassVar[Kind] = "levels"
    before_activation: ClassVar[bool] = True

    def __init__(
        self, p: float = 0.5, *, per_example: bool = False, inference: str = "moments"
    ) -> None:
        super().__init__(p)
        self.per_example = per_example
        self.inference = check_one_of("noise.inference", inference, INFERENCES)

    def place(self, hidden: Sequence[nn.Module], following: nn.Module) -> list[nn.Module]:
        """Takes in a dense layer and its activation; for moments that is a ReLU."""
        placed = super().place(hidden, following)
        if self.inference == "moments" and not isinstance(self.activation, nn.ReLU | None):
            raise UserError(
                "`noise.inference=moments` has a formula for ReLU alone, got "
                f"{type(self.activation).__name__}; use noise.inference=weights"
            )
        return placed

    def numbers(self) -> tuple[float, ...]:
        """Returns the lowest level that is kept, and the factor of what is kept."""
        return mask_numbers(self.p)

    def draw_shape(self, x: Tensor) -> torch.Size:
        """x: [B, D] -> [H, D], or [B, H, D] with masks per example."""
        shape = self.dense.weight.shape if self.dense is not None else torch.Size()
        return torch.Size([*x.shape[:1], *shape]) if self.per_example else shape

    def disturbed(
        self, x: Tensor, draws: Tensor, dense: nn.Linear, activation: nn.Module, *numbers: Number
    ) -> Tensor:
        """x: [B, D], draws: [H, D] or [B, H, D] -> [B, H]."""
        weight = dense.weight * mask(draws, *numbers).to(dense.weight.dtype)
        if not self.per_example:
            output: Tensor = activation(linear(x, weight, dense.bias))
            return output
        sums = torch.einsum("bhd,bd->bh", weight, x)
        output = activation(sums if dense.bias is None else sums + dense.bias)
        return output

    def expected(
        self, x: Tensor, dense: nn.Linear, activation: nn.Module, *numbers: Number
    ) -> Tensor:
        """x: [B, D] -> [B, H]."""
        mean = dense(x)
        if self.inference == "weights":
            output: Tensor = activation(mean)
            return output
        variance = linear(x.square(), dense.weight.square()) * (numbers[1] - 1)
        return mean_of_relu(mean, variance.clamp(min=0).sqrt())

    def extra_repr(self) -> str:
        """Returns what ``print(model)`` shows of the layer."""
        return f"p={self.p}, per_example={self.per_example}, inference={self.inference}"


def mean_of_relu(mean: Tensor, deviation: Tensor) -> Tensor:
    """Returns the mean of max(0, z) for z ~ N(mean, deviation^2)."""
    z = mean / deviation.clamp(min=torch.finfo(mean.dtype).tiny)
    below: Tensor = torch.special.ndtr(z)
    return mean * below + deviation * torch.exp(-z.square() / 2) / sqrt(2 * pi)
