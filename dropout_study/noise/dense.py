"""The base of noise that needs the weights before it."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from dropout_study.errors import UserError
from dropout_study.noise.layer import NoiseLayer, Number


class DenseNoise(NoiseLayer):
    """A dense layer, its activation and noise in one: it stands in the place of the three.

    A model gives it the dense layer and the activation by ``place``. Where there are none, on the
    network's input or behind a convolution, its rate must be 0.

    Attributes:
        before_activation: whether the noise comes before the activation, so that the output is what
            the activation gives, on average in evaluation mode.
    """

    before_activation: ClassVar[bool] = False

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.dense: nn.Linear | None = None
        self.activation: nn.Module | None = None

    def place(self, hidden: Sequence[nn.Module], following: nn.Module) -> list[nn.Module]:
        """Takes in a dense layer and its activation."""
        if len(hidden) == 2 and isinstance(hidden[0], nn.Linear):
            self.dense, self.activation = hidden[0], hidden[1]
            return [self]
        if self.p:
            raise self._misplaced()
        self.off = True
        return [*hidden, self]

    def forward(self, x: Tensor) -> Tensor:
        """x: [B, D] -> [B, H]."""
        numbers = self.source.numbers(self)
        if self.dense is None or self.activation is None:
            if numbers is not None:
                raise self._misplaced()
            return x
        if numbers is None:
            clean: Tensor = self.activation(self.dense(x))
            return clean
        if not self.training:
            return self.expected(x, self.dense, self.activation, *numbers)
        draws = self.source.draw(self, self.draw_shape(x), x.device)
        return self.disturbed(x, draws, self.dense, self.activation, *numbers)

    def disturbed(
        self, x: Tensor, draws: Tensor, dense: nn.Linear, activation: nn.Module, *numbers: Number
    ) -> Tensor:
        """Returns the activations in training mode, [B, D] -> [B, H]."""
        raise NotImplementedError(f"{type(self).__name__} must define disturbed")

    def expected(
        self, x: Tensor, dense: nn.Linear, activation: nn.Module, *numbers: Number
    ) -> Tensor:
        """Returns the activations in evaluation mode, [B, D] -> [B, H]."""
        raise NotImplementedError(f"{type(self).__name__} must define expected")

    def _misplaced(self) -> UserError:
        return UserError(
            f"{type(self).__name__} needs a dense layer and its activation before it, and has none "
            f"where its rate is {self.p:g}; set that rate to 0 (model.input_dropout, "
            "model.conv_dropout) or use another noise"
        )
