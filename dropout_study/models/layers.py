"""Layers that several models use."""

import math
from collections.abc import Callable, Sequence

from torch import nn

from dropout_study.checks import check_rate

MakeNoise = Callable[[float], nn.Module]
"""Makes a noise layer of a rate."""


def dense_layers(
    sizes: Sequence[int],
    rates: Sequence[float],
    init_std: float | None,
    noise: MakeNoise = nn.Dropout,
) -> list[nn.Module]:
    """Returns Linear layers, each followed by ReLU and noise, except the last one.

    Args:
        sizes: number of input features, of units of each hidden layer, and of output features.
        rates: of the noise after each hidden layer, ``len(sizes) - 2`` numbers.
        init_std: weights are drawn from N(0, init_std^2); None for PyTorch's default.
        noise: makes a noise layer of a rate.
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out, rate in zip(sizes[:-2], sizes[1:-1], rates, strict=True):
        layers += [dense(fan_in, fan_out, init_std), nn.ReLU(), noise(rate)]
    return [*layers, dense(sizes[-2], sizes[-1], init_std)]


def dense(fan_in: int, fan_out: int, init_std: float | None) -> nn.Linear:
    """Returns a Linear layer. Its bias keeps PyTorch's default initialization."""
    layer = nn.Linear(fan_in, fan_out)
    if init_std is not None:
        nn.init.normal_(layer.weight, std=init_std)
    return layer


def expected_widths(widths: Sequence[int], rates: Sequence[float]) -> list[int]:
    """Returns the widths n / (1 - p), rounded: n units are kept on average.

    Srivastava et al. 2014, appendix A.1.
    """
    pairs = zip(widths, rates, strict=True)
    return [round(width / (1 - check_rate("dropout", rate))) for width, rate in pairs]


def features(in_shape: Sequence[int]) -> int:
    """Returns the number of features of an image of shape (C, H, W)."""
    return math.prod(in_shape)
