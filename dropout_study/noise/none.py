"""No noise."""

import torch
from torch import Tensor

from dropout_study.errors import argument_error
from dropout_study.noise.layer import Number, UnitNoise


class NoNoise(UnitNoise):
    """The identity. Its rate is 0, whatever the model's settings say, in every table and log.

    Args:
        p: the rate that another layer would have here; not used.
    """

    off: bool = True

    def __init__(self, p: float = 0.0) -> None:
        super().__init__(0.0)

    def check(self, name: str = "p") -> None:
        """Raises UserError unless the rate is 0: a schedule may have set another."""
        if self.p != 0:
            raise argument_error(name, self.p, "must be 0 with noise=none", "use noise=dropout")

    def factor(self, draws: Tensor, *numbers: Number) -> Tensor:
        """Returns 1 for each unit."""
        return torch.ones_like(draws)
