"""Alpha dropout, for networks of SELU units."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from dropout_study.errors import UserError
from dropout_study.noise.dropout import dropped_levels
from dropout_study.noise.layer import NoiseLayer, Number
from dropout_study.noise.source import LEVELS, Kind

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
LOWEST = -SELU_SCALE * SELU_ALPHA
"""What SELU comes near to for a very negative input."""


class AlphaDropout(NoiseLayer):
    """Sets dropped units to SELU's lowest value instead of 0, then shifts and scales all of them.

    With q = 1 - p and d = -1.758 (``LOWEST``), a kept unit x becomes a x + b and a dropped one
    a d + b, where a = (q + d^2 q (1 - q))^(-1/2) and b = -a (1 - q) d. Units of mean 0 and
    variance 1, as SELU makes them, keep both. (Units of another mean or variance do not: so it
    goes with SELU alone.) Klambauer et al. 2017, "Self-normalizing neural networks".

    Args:
        p: the rate, in [0, 1).
    """

    kind: ClassVar[Kind] = "levels"

    def place(self, hidden: Sequence[nn.Module], following: nn.Module) -> list[nn.Module]:
        """Refuses units that are not SELU's."""
        if hidden and not any(isinstance(module, nn.SELU) for module in hidden):
            given = type(hidden[-1]).__name__
            raise UserError(
                f"noise=alpha needs SELU units, got {given}; use a model that has them "
                "(model=mlp or mlp_deep with model.activation=selu model.init_std=lecun), or "
                "another noise"
            )
        return super().place(hidden, following)

    def numbers(self) -> tuple[float, ...]:
        """Returns the lowest draw that keeps a unit, a, b, and what a dropped unit becomes."""
        dropped = dropped_levels(self.p)
        q = 1 - dropped / LEVELS
        a = (q + LOWEST**2 * q * (1 - q)) ** -0.5
        b = -a * (1 - q) * LOWEST
        return float(dropped - LEVELS // 2), a, b, a * LOWEST + b

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """x: any shape -> the same shape and type."""
        lowest, a, b, of_dropped = numbers
        kept = (draws - (lowest - 1)).clamp(0, 1).to(x.dtype)  # all are whole numbers
        return (x * a + (b - of_dropped)) * kept + of_dropped
