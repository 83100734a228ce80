"""Noise of three values: a unit is dropped, halved or kept."""

from typing import ClassVar

import torch
from torch import Tensor

from dropout_study.noise.dropout import dropped_levels
from dropout_study.noise.layer import Number, UnitNoise
from dropout_study.noise.source import LEVELS, Kind


class ThreeValuedNoise(UnitNoise):
    """Multiplies each unit with 0, 1/2 or 1, and scales so that the mean factor is 1.

    Think of a unit as two halves, each of which is dropped with probability q = 2 p / (1 + p).
    Both are dropped with probability q^2, one with 2 q (1 - q), none with (1 - q)^2. What is left
    is divided by 1 - q. So the factor has the mean and variance of dropout's, 1 and p / (1 - p):
    at equal rates the two differ by the shape of the noise alone. At p = 0.5 the factors are 0
    (probability 4/9), 3/2 (4/9) and 3 (1/9).

    Args:
        p: the rate, in [0, 1).
    """

    kind: ClassVar[Kind] = "levels"
    nonnegative: ClassVar[bool] = True

    def numbers(self) -> tuple[float, ...]:
        """Returns the lowest draws that leave one half and both, and the factor of one half."""
        q = 2 * self.p / (1 + self.p)
        one, both = dropped_levels(q * q), dropped_levels(q * (2 - q))
        half = LEVELS / (2 * LEVELS - one - both)
        return float(one - LEVELS // 2), float(both - LEVELS // 2), half

    def factor(self, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns 0, 1 / (2 - 2 q) or 1 / (1 - q) for each unit."""
        one, both, half = numbers
        halves = (draws - (one - 1)).clamp(0, 1)  # all are whole numbers
        return halves.add_((draws - (both - 1)).clamp(0, 1)).mul_(half)

    def factor_into(self, out: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns ``out``, filled with the factors."""
        one, both, half = numbers
        return torch.ge(draws, one, out=out).add_(draws >= both).mul_(half)
