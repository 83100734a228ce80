"""Concrete dropout: the rate is learnt."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from dropout_study.checks import check_at_least, check_positive, check_rate
from dropout_study.errors import UserError
from dropout_study.noise.layer import NoiseLayer, Number
from dropout_study.noise.source import LEVELS


class ConcreteDropout(NoiseLayer):
    """Dropout with a smooth mask, whose rate p is a parameter that the optimizer learns.

    With u even on (0, 1), z = sigmoid((logit p + logit u) / t) is nearly 0 or 1 for a small
    temperature t: what a unit loses. The output is x (1 - z) / (1 - p). The loss gets a penalty,
    the distance of the dropped weights from a Gaussian prior with precision l^2, divided by the
    number N of training examples as the mean loss is:
    (l^2 / 2 ||W||^2 / (1 - p) - K H(p)) / N, with H(p) = -p ln p - (1 - p) ln(1 - p), W the weights
    of the following dense layer and K its inputs. (||W||^2 / (1 - p) is the paper's
    (1 - p) ||M||^2: here weights are divided by 1 - p.) Gal, Hron & Kendall 2017, "Concrete
    dropout".

    A layer of rate 0 is off and learns nothing. Members of a population that have this layer are
    trained one by one.

    Args:
        p: the rate at the start, in [0, 1).
        temperature: t, > 0; the paper's value is 0.1.
        length_scale: l, at least 0; 1 for a standard normal prior of the weights.
    """

    alone: ClassVar[str | None] = "it learns its rate, by a penalty in the loss"
    learns: ClassVar[bool] = True

    def __init__(
        self, p: float = 0.5, *, temperature: float = 0.1, length_scale: float = 1.0
    ) -> None:
        super().__init__(check_rate("p", p))
        self.temperature = check_positive("noise.temperature", temperature)
        self.length_scale = check_at_least("noise.length_scale", length_scale, low=0)
        self._following: tuple[nn.Linear, ...] = ()  # in a tuple it is no module of this one

    @property
    def p(self) -> float:
        """The rate as it has been learnt so far."""
        logit = getattr(self, "logit", None)
        return 0.0 if logit is None else round(float(logit.detach().sigmoid()), 7)

    @p.setter
    def p(self, rate: float) -> None:
        if rate != self.p or not hasattr(self, "logit"):
            logit = torch.tensor(float(rate)).logit()
            self.logit = nn.Parameter(logit) if rate else None

    def place(self, hidden: Sequence[nn.Module], following: nn.Module) -> list[nn.Module]:
        """Notes the following weights, which are part of the penalty."""
        if isinstance(following, nn.Linear):
            self._following = (following,)
        elif self.p:
            raise UserError(
                "noise=concrete needs a dense layer behind it, got "
                f"{type(following).__name__}; set that rate to 0 (model.conv_dropout=0) or use "
                "another noise"
            )
        return super().place(hidden, following)

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """x: any shape -> the same shape and type."""
        if self.logit is None:
            return x
        u = draws + 0.5 / LEVELS  # never 0 or 1, and exact: draws are multiples of 1 / LEVELS
        kept = torch.sigmoid((self.logit + u.logit()) / -self.temperature)  # 1 - z
        return x * (kept / torch.sigmoid(-self.logit)).to(x.dtype)

    def penalty(self, examples: int) -> Tensor | None:
        """Returns the penalty, a scalar; None if the layer is off or stands before no weights."""
        if self.logit is None or not self._following:
            return None
        weight = self._following[0].weight
        dropped, kept = logsigmoid(self.logit), logsigmoid(-self.logit)
        entropy = -(dropped.exp() * dropped + kept.exp() * kept)
        size = weight.square().sum() / kept.exp()
        return (self.length_scale**2 / 2 * size - weight.shape[1] * entropy) / examples

    def extra_repr(self) -> str:
        """Returns what ``print(model)`` shows of the layer."""
        return f"p={self.p:.4g}, temperature={self.temperature}, length_scale={self.length_scale}"
