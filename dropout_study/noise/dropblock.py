"""DropBlock: squares of a feature map."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad

from dropout_study.checks import check_at_least
from dropout_study.errors import UserError
from dropout_study.noise.layer import NoiseLayer, Number


class DropBlock(NoiseLayer):
    """Drops squares of ``block_size`` x ``block_size`` units of each channel.

    A square's upper left corner may be any unit of a map [H, W] from which the square stays
    inside; each is one with probability gamma = p / s^2 * H W / ((H - s + 1) (W - s + 1)), s the
    block size. So about a share p of the units is dropped, a little less where squares overlap.
    The units that are left are scaled by (number of units) / (number of units left), counted over
    each example by itself (the paper: over the minibatch), so that no example depends on its
    neighbours. With s = 1 it is dropout. Ghiasi et al. 2018, "DropBlock: a regularization method
    for convolutional networks"; a mask for each channel, as there.

    Args:
        p: the rate, in [0, 1).
        block_size: side of a square in units, at least 1 and at most the side of the map.
    """

    def __init__(self, p: float = 0.5, block_size: int = 3) -> None:
        check_at_least("noise.block_size", block_size, low=1)
        self.block_size = int(block_size)
        super().__init__(p)

    def place(self, hidden: Sequence[nn.Module], following: nn.Module) -> list[nn.Module]:
        """Refuses features without height and width, unless the rate is 0."""
        self.off = not hidden or any(isinstance(module, nn.Linear) for module in hidden)
        if self.off and self.p:
            raise _flat("features of a dense layer" if hidden else "the network's flat input")
        return super().place(hidden, following)

    def draw_shape(self, x: Tensor) -> torch.Size:
        """x: [B, C, H, W] -> [B, C, H - s + 1, W - s + 1]."""
        self._check_map(x)
        return torch.Size([*x.shape[:2], *(side - self.block_size + 1 for side in x.shape[2:])])

    def disturb(self, x: Tensor, draws: Tensor, *numbers: Number) -> Tensor:
        """x: [B, C, H, W] -> the same shape and type."""
        corners = draws.shape[-2] * draws.shape[-1]
        gamma = numbers[0] * (x.shape[-2] * x.shape[-1] / (self.block_size**2 * corners))
        # A unit is dropped where the lowest draw of the corners that reach it is below gamma.
        lowest = -max_pool2d(pad(-draws, [self.block_size - 1] * 4, value=-1), self.block_size, 1)
        kept = (lowest >= gamma).float()
        share = kept.mean(dim=(1, 2, 3), keepdim=True).clamp(min=1 / kept[0].numel())
        return x * (kept / share).to(x.dtype)

    def at_evaluation(self, x: Tensor) -> Tensor:
        """Returns the input, if it could be trained on."""
        if self.p:
            self._check_map(x)
        return x

    def extra_repr(self) -> str:
        """Returns what ``print(model)`` shows of the layer."""
        return f"p={self.p}, block_size={self.block_size}"

    def _check_map(self, x: Tensor) -> None:
        if x.dim() != 4:
            raise _flat(str(list(x.shape)))
        if self.block_size > min(x.shape[2:]):
            sides = " x ".join(map(str, x.shape[2:]))
            raise UserError(
                f"`noise.block_size` must be at most the side of a feature map, got "
                f"{self.block_size} for a map of {sides}; use a smaller block or rate 0"
            )


def _flat(given: str) -> UserError:
    return UserError(
        f"noise=dropblock needs feature maps [B, C, H, W], got {given}; set that layer's rate to 0 "
        "(model.dropout1=0 model.dropout2=0 and a rate for model.conv_dropout, with model=lenet) "
        "or use another noise"
    )
