"""The contract of a noise layer.

A layer says what it draws (``kind`` and ``draw_shape``), what it computes of its rate (``numbers``)
and how it disturbs its input (``disturb``, a pure function of tensors). Then it trains alone, in
workers and stacked in a population, where the numbers are tensors, one entry a member.
"""

from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from dropout_study.errors import argument_error
from dropout_study.noise.source import Kind, draws_of

Number = float | Tensor
"""A number of one trial, or a tensor that broadcasts against the draws: a number a member."""


class NoiseSource(Protocol):
    """What a layer asks for when it is called in training mode."""

    def draw(self, layer: "NoiseLayer", shape: torch.Size, device: torch.device) -> Tensor:
        """Returns the draws of this call, of ``shape``; not to be changed."""

    def numbers(self, layer: "NoiseLayer") -> tuple[Number, ...] | None:
        """Returns ``layer.numbers()``; None if the layer is silent."""


class GlobalSource:
    """Draws from torch's global generator: for a layer outside of this project's training."""

    def draw(self, layer: "NoiseLayer", shape: torch.Size, device: torch.device) -> Tensor:
        """Returns fresh draws."""
        return draws_of(layer.kind, shape, device)

    def numbers(self, layer: "NoiseLayer") -> tuple[Number, ...] | None:
        """Returns the layer's own numbers."""
        return layer.numbers() if layer.p else None


class NoiseLayer(nn.Module):
    """A layer that disturbs its input while the model trains.

    A layer that disturbs its weights overrides ``forward``, takes draws and numbers from ``source``
    and is not ``per_example``.

    Attributes:
        p: the rate. At 0 the layer is the identity. A schedule changes it between epochs.
        kind: of the draws.
        per_example: every example of a minibatch has its own draws.
        alone: why members of a population that have this layer are not stacked; None if they are.
        source: where draws and numbers come from.
        number: of the layer in its model, from 0; its draws depend on it.
    """

    kind: ClassVar[Kind] = "uniform"
    per_example: ClassVar[bool] = True
    alone: ClassVar[str | None] = None
    source: NoiseSource = GlobalSource()
    number: int = 0

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p
        self.check()

    def check(self, name: str = "p") -> None:
        """Raises UserError unless the rate can be used: by default a number in [0, 1)."""
        if not 0 <= self.p < 1:
            raise argument_error(name, self.p, "must be in [0, 1)", "use 0.0 for no noise")

    def numbers(self) -> tuple[float, ...]:
        """Returns what ``disturb`` needs of the rate, computed in double precision."""
        return (self.p,)

    def draw_shape(self, x: Tensor) -> torch.Size:
        """Returns the shape of the draws for an input; by default one draw a unit."""
        return x.shape

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns the output in training mode.

        Args:
            x: the input [B, ...].
            draws: of ``draw_shape(x)``, float32; not to be changed.
            numbers: those of ``numbers()``, as floats or as tensors that broadcast.
        """
        raise NotImplementedError(f"{type(self).__name__} must define disturb")

    def at_evaluation(self, x: Tensor) -> Tensor:
        """Returns the output in evaluation mode; by default the input."""
        return x

    def forward(self, x: Tensor) -> Tensor:
        """x: [B, ...] -> the same shape."""
        if not self.training:
            return self.at_evaluation(x)
        numbers = self.source.numbers(self)
        if numbers is None:
            return x
        draws = self.source.draw(self, self.draw_shape(x), x.device)
        return self.disturb(x, draws, *numbers)

    def extra_repr(self) -> str:
        """Returns what ``print(model)`` shows of the layer."""
        return f"p={self.p}"

    def __getstate__(self) -> dict[str, object]:
        """Leaves out the source, so that a copied or pickled layer draws on its own."""
        return {k: v for k, v in vars(self).items() if k not in ("source", "number")}


class UnitNoise(NoiseLayer):
    """A layer that multiplies each unit with a factor of its own: ``x * factor``.

    Attributes:
        nonnegative: no factor is below 0.
    """

    nonnegative: ClassVar[bool] = False

    def factor(self, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns the factors, of the draws' shape or what it broadcasts to; a new tensor."""
        raise NotImplementedError(f"{type(self).__name__} must define factor")

    def factor_into(self, out: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns ``out``, filled with the factors; for layers that can do it in fewer steps."""
        return out.copy_(self.factor(draws, *numbers))

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """x: [B, ...] -> the same shape and type."""
        return x * self.factor(draws, *numbers).to(x.dtype)
