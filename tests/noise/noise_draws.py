"""Draws for a layer's own formula; import it as a module of its own name."""

import torch
from torch import Tensor

from dropout_study.noise import NoiseLayer
from dropout_study.noise.source import draws_of


def draws_for(layer: NoiseLayer, x: Tensor, seed: int = 1) -> Tensor:
    """What ``layer`` would draw for the input ``x``."""
    generator = torch.Generator().manual_seed(seed)
    return draws_of(layer.kind, layer.draw_shape(x), torch.device("cpu"), generator)


def disturbed(layer: NoiseLayer, x: Tensor, seed: int = 1) -> Tensor:
    """The output of ``layer`` in training mode for given draws."""
    return layer.disturb(x, draws_for(layer, x, seed), *layer.numbers())
