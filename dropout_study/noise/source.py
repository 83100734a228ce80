"""Random draws of noise layers: a function of (seed, epoch, iteration, layer) only.

They do not depend on a layer's rate, so two trials of one seed that differ in their rates see the
same draws (common random numbers).
"""

from collections import Counter
from typing import Literal

import torch
from torch import Tensor

from dropout_study.randomness import draw_key

LEVELS = 2**16
"""Uniform draws are multiples of 1 / LEVELS, so a rate is rounded to a multiple of 1.5e-5."""

Kind = Literal["levels", "uniform", "normal"]
"""Distribution of a layer's draws, as float32: "uniform" on [0, 1); "normal", N(0, 1); "levels", as
"uniform" but as whole numbers from -LEVELS / 2 to LEVELS / 2 - 1, which is faster."""


class Noise:
    """The draws of one training, at its present epoch and iteration."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._device = device
        self._generator = torch.Generator(device)
        self.seek(0, 0)

    def seek(self, epoch: int, iteration: int) -> None:
        """Moves to an iteration; both count from 0 here."""
        self._position = (epoch, iteration)
        self.calls: Counter[int] = Counter()

    def next_draw(self, layer: int, shape: torch.Size, kind: Kind) -> Tensor:
        """Returns the next draws of ``layer`` at this iteration; they must not be changed.

        A layer that is called several times at an iteration gets other draws each time.
        """
        self.calls[layer] += 1
        return self.draw(layer, shape, kind, self.calls[layer] - 1)

    def draw(self, layer: int, shape: torch.Size, kind: Kind = "levels", call: int = 0) -> Tensor:
        """Returns draws of ``shape``, float32.

        Args:
            layer: the number of the layer that draws.
            shape: the shape of the draws.
            kind: their distribution.
            call: how often the layer has already drawn at this iteration.
        """
        again = (call,) if call else ()
        self._generator.manual_seed(draw_key(self._seed, "noise", *self._position, layer, *again))
        return draws_of(kind, shape, self._device, self._generator)


def draws_of(
    kind: Kind, shape: torch.Size, device: torch.device, generator: torch.Generator | None = None
) -> Tensor:
    """Returns draws of ``shape`` and ``kind``; from torch's global generator if none is given."""
    if kind == "normal":
        return torch.empty(shape, device=device).normal_(generator=generator)
    # Four draws are cut from each 64-bit integer: a third of the time of as many floats.
    words = torch.empty((shape.numel() + 3) // 4, dtype=torch.int64, device=device)
    words.random_(-(2**63), None, generator=generator)
    levels = words.view(torch.int16)[: shape.numel()].view(shape).to(torch.float32)
    return levels if kind == "levels" else levels.div_(LEVELS).add_(0.5)
