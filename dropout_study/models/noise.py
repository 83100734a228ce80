"""Dropout whose noise comes from outside: a function of (seed, epoch, iteration, layer) alone.

Any model with plain ``nn.Dropout`` layers gets this noise through ``use_noise``, unedited. A unit
is kept where its uniform draw u >= p; u does not depend on p, so two trials of one seed that
differ in their rates see the same u (common random numbers).
"""

from collections import Counter

import torch
from torch import Tensor, nn

from dropout_study.randomness import draw_key

LEVELS = 2**16
"""The draws u are multiples of 1 / LEVELS: a rate is rounded to 1.5e-5, and scaled as rounded."""


class Noise:
    """The uniform draws of one training, at its present epoch and iteration."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._device = device
        self._generator = torch.Generator(device)
        self.seek(0, 0)

    def seek(self, epoch: int, iteration: int) -> None:
        """Moves to an iteration; both count from 0 here."""
        self._position = (epoch, iteration)
        self._calls: Counter[int] = Counter()

    def next_call(self, layer: int) -> int:
        """Returns how often ``layer`` has been called at this iteration, and counts this call."""
        self._calls[layer] += 1
        return self._calls[layer] - 1

    def draw(self, layer: int, shape: torch.Size, call: int = 0) -> Tensor:
        """Returns int16 draws of ``shape``, uniform on -LEVELS/2 .. LEVELS/2 - 1.

        Four draws are cut from each 64-bit integer: a third of the time of as many floats.

        Args:
            layer: who draws.
            shape: how many draws.
            call: how often it has drawn at this iteration; a module may be used several times.
        """
        again = (call,) if call else ()
        self._generator.manual_seed(draw_key(self._seed, "noise", *self._position, layer, *again))
        words = torch.empty((shape.numel() + 3) // 4, dtype=torch.int64, device=self._device)
        words.random_(-(2**63), None, generator=self._generator)
        return words.view(torch.int16)[: shape.numel()].view(shape)


def dropped_levels(p: float) -> int:
    """Returns the number of levels of u that are dropped at rate ``p``, at least one is kept."""
    return min(round(p * LEVELS), LEVELS - 1)


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014) with noise from outside.

    Args:
        p: the rate, in [0, 1).
        layer: which of the model's dropout layers this is, from 0.
        noise: where the draws come from.
    """

    def __init__(self, p: float, layer: int, noise: Noise) -> None:
        super().__init__()
        self.p = p
        self.layer = layer
        self._noise = noise

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape -> the same shape."""
        dropped = dropped_levels(self.p)
        if not self.training or dropped == 0:
            return x
        # Compared as float32, which holds the draws exactly: ten times as fast as a bool mask.
        draws = self._noise.draw(self.layer, x.shape, self._noise.next_call(self.layer))
        keep = draws.to(torch.float32).ge_(dropped - LEVELS // 2)
        return x * keep.mul_(LEVELS / (LEVELS - dropped)).to(x.dtype)

    def extra_repr(self) -> str:
        """Returns what ``print(model)`` shows of the layer."""
        return f"p={self.p}, layer={self.layer}"


def use_noise(model: nn.Module, noise: Noise) -> nn.Module:
    """Replaces every ``nn.Dropout`` in ``model`` by one that draws from ``noise``; returns it.

    Layers are numbered in the order of ``model.modules()``, those with p = 0 too, so that a
    layer's number does not depend on a rate. A layer that appears twice in the model stays one.
    """
    if isinstance(model, nn.Dropout | Dropout):
        return Dropout(model.p, 0, noise)
    numbered: dict[nn.Module, Dropout] = {}
    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):  # named_children names a twin once
            if isinstance(child, nn.Dropout | Dropout):
                layer = numbered.setdefault(child, Dropout(child.p, len(numbered), noise))
                parent.register_module(name, layer)
    return model
