"""The contract of a noise layer.

A layer defines what it draws (``kind`` and ``draw_shape``), what it computes from its rate
(``numbers``) and how it disturbs its input (``disturb``, a pure function of tensors). Then it can
be trained alone, in workers and stacked in a population, where the numbers are tensors with one
entry for each member.
"""

from collections.abc import Sequence
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from dropout_study.errors import argument_error
from dropout_study.noise.source import Kind, draws_of

Number = float | Tensor
"""A number of one trial, or a tensor of one number a member that broadcasts with the draws."""


class NoiseSource(Protocol):
    """Gives a layer its draws and numbers when it is called in training mode."""

    def draw(self, layer: "NoiseLayer", shape: torch.Size, device: torch.device) -> Tensor:
        """Returns the draws of this call, of ``shape``; they must not be changed."""

    def numbers(self, layer: "NoiseLayer") -> tuple[Number, ...] | None:
        """Returns ``layer.numbers()``; None if the layer has no noise (rate 0)."""


class GlobalSource:
    """Draws from torch's global generator, for a layer outside of this project's training."""

    def draw(self, layer: "NoiseLayer", shape: torch.Size, device: torch.device) -> Tensor:
        """Returns fresh draws."""
        return draws_of(layer.kind, shape, device)

    def numbers(self, layer: "NoiseLayer") -> tuple[Number, ...] | None:
        """Returns the layer's own numbers."""
        return layer.numbers() if layer.p else None


class NoiseLayer(nn.Module):
    """A layer that disturbs its input while the model trains.

    A layer that needs the weights before or after it gets them by ``place`` (see ``DenseNoise``).

    Attributes:
        p: the rate. At 0 the layer is the identity. A schedule changes it between epochs.
        kind: the distribution of the draws.
        per_example: whether every example of a minibatch has its own draws.
        alone: why members of a population that have this layer are not stacked; None if they are.
        off: whether the layer can have no rate but 0 at its place in the model.
        learns: whether the layer learns its rate, so that no schedule may set it.
        source: gives draws and numbers.
        number: the layer's number in its model, from 0; its draws depend on it.
    """

    kind: ClassVar[Kind] = "uniform"
    per_example: bool = True
    off: bool = False
    alone: ClassVar[str | None] = None
    learns: ClassVar[bool] = False
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
        """Returns the numbers for ``disturb``, computed from the rate in double precision."""
        return (self.p,)

    def place(self, hidden: Sequence[nn.Module], following: nn.Module) -> list[nn.Module]:
        """Returns the modules of a hidden layer with this noise; by default it comes last.

        Args:
            hidden: what computes the layer's input, in order: a weighted layer and its activation,
                say; nothing where the noise is on the network's input.
            following: the next weighted layer.

        Raises:
            UserError: the noise cannot be used at this place.
        """
        return [*hidden, self]

    def penalty(self, examples: int) -> Tensor | None:
        """Returns what is added to the loss of every minibatch, a scalar; by default nothing.

        Args:
            examples: how many the training split has.
        """
        return None

    def draw_shape(self, x: Tensor) -> torch.Size:
        """Returns the shape of the draws for an input; by default one draw a unit."""
        return x.shape

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns the output in training mode.

        Args:
            x: the input [B, ...].
            draws: float32 of shape ``draw_shape(x)``; they must not be changed.
            numbers: the result of ``numbers()``, as floats or as tensors that broadcast.
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
        """Returns the text that ``print(model)`` shows in the layer's brackets."""
        return f"p={self.p}"

    def __getstate__(self) -> dict[str, object]:
        """Leaves out the source, so that a copied or pickled layer uses torch's generator."""
        return {k: v for k, v in vars(self).items() if k not in ("source", "number")}


class UnitNoise(NoiseLayer):
    """A layer that multiplies each unit with its own factor: ``x * factor``.

    Attributes:
        nonnegative: whether no factor is below 0.
    """

    nonnegative: ClassVar[bool] = False

    def factor(self, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns a new tensor of factors, in the shape to which draws and numbers broadcast."""
        raise NotImplementedError(f"{type(self).__name__} must define factor")

    def factor_into(self, out: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """Fills ``out`` with the factors and returns it; for layers that can do it faster."""
        return out.copy_(self.factor(draws, *numbers))

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """x: [B, ...] -> the same shape and type."""
        return x * self.factor(draws, *numbers).to(x.dtype)
