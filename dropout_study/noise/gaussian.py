"""Gaussian multiplicative noise."""

from math import sqrt
from typing import ClassVar

from torch import Tensor

from dropout_study.noise.layer import Number, UnitNoise
from dropout_study.noise.source import Kind


class GaussianNoise(UnitNoise):
    """Multiplies each unit with a draw of N(1, p / (1 - p)), which has dropout's mean and variance.

    Srivastava et al. 2014, section 10.

    Args:
        p: the rate, in [0, 1).
    """

    kind: ClassVar[Kind] = "normal"

    def numbers(self) -> tuple[float, ...]:
        """Returns the standard deviation."""
        return (sqrt(self.p / (1 - self.p)),)

    def factor(self, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns 1 + the standard deviation times the draws."""
        return (draws * numbers[0]).add_(1)
