"""Uniform multiplicative noise."""

from math import sqrt
from typing import ClassVar

import torch
from torch import Tensor

from dropout_study.noise.layer import Number, UnitNoise
from dropout_study.noise.source import LEVELS, Kind


class UniformNoise(UnitNoise):
    """Multiplies each unit with a draw that is even on [1 - w, 1 + w], w = sqrt(3 p / (1 - p)).

    So the factor has the mean and variance of dropout's: 1 and p / (1 - p). (The variance of an
    even draw is w^2 / 3.) From p = 1/4 on w is larger than 1, and some factors are negative: those
    units change their sign. At p = 0.5 these are 21 % of the units.

    Args:
        p: the rate, in [0, 1).
    """

    kind: ClassVar[Kind] = "levels"

    def numbers(self) -> tuple[float, ...]:
        """Returns slope and height of the line from draws to factors."""
        width = sqrt(3 * self.p / (1 - self.p))
        return 2 * width / LEVELS, 1 + width / LEVELS  # the mean level is -1/2

    def factor(self, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns 1 - w to 1 + w for each unit."""
        slope, height = numbers
        return draws * slope + height

    def factor_into(self, out: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns ``out``, filled with the factors."""
        slope, height = numbers
        return torch.mul(draws, slope, out=out).add_(height)
