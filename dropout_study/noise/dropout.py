"""Standard dropout."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from dropout_study.errors import argument_error
from dropout_study.noise.layer import Number, UnitNoise
from dropout_study.noise.source import LEVELS, Kind


class Dropout(UnitNoise, nn.Dropout):
    """Inverted dropout: a unit is kept if u >= p, and scaled by 1 / (1 - p).

    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Args:
        p: the rate, in [0, 1]; at 1 the output is 0, as in torch.
    """

    kind: ClassVar[Kind] = "levels"
    nonnegative: ClassVar[bool] = True
    extra_repr = nn.Dropout.extra_repr

    def check(self, name: str = "p") -> None:
        """Raises UserError unless the rate is in [0, 1]."""
        if not 0 <= self.p <= 1:
            raise argument_error(name, self.p, "must be in [0, 1]", "use 0.0 to disable dropout")

    def numbers(self) -> tuple[float, ...]:
        """Returns the lowest level of u that is kept, and the factor of what is kept."""
        return mask_numbers(self.p)

    def factor(self, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns 0 or 1 / (1 - p) for each unit."""
        return mask(draws, *numbers)

    def factor_into(self, out: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns ``out``, filled with the factors."""
        lowest, factor = numbers
        return torch.ge(draws, lowest, out=out).mul_(factor)

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """x: any shape -> the same shape; in place if the layer is ``inplace``."""
        factor = self.factor(draws, *numbers).to(x.dtype)
        return x.mul_(factor) if self.inplace else x * factor


class TorchDropout(Dropout):
    """The class of a model's own ``nn.Dropout`` while the model trains, for seeded noise.

    The object stays the same. Printed, copied and pickled it is an ``nn.Dropout``.
    """

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        """Returns the recipe of a plain ``nn.Dropout``."""
        return nn.Dropout, (), self.__getstate__()

    def _get_name(self) -> str:
        return "Dropout"


def mask_numbers(p: float) -> tuple[float, float]:
    """Returns the lowest level of u that is kept at rate ``p``, and the factor of what is kept."""
    dropped = dropped_levels(p)
    factor = LEVELS / (LEVELS - dropped) if dropped < LEVELS else 0.0
    return float(dropped - LEVELS // 2), factor


def mask(draws: Tensor, lowest: Number, factor: Number) -> Tensor:
    """Returns ``factor`` where a level is at least ``lowest``, 0 elsewhere; a new tensor."""
    # Both are whole numbers. The same as (draws >= lowest) * factor, in a tenth of the time.
    return (draws - (lowest - 1)).clamp(0, 1).mul_(factor)


def dropped_levels(p: float) -> int:
    """Returns the number of levels of u that are dropped at rate ``p``; not all if p < 1."""
    return LEVELS if p == 1 else min(round(p * LEVELS), LEVELS - 1)
