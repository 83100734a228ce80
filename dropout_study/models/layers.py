"""Layers that several models use."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from torch import nn

from dropout_study.checks import check_rate
from dropout_study.errors import argument_error

MakeNoise = Callable[[float], nn.Module]
"""Makes a noise layer of a rate."""

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = MappingProxyType(
    {
        "relu": nn.ReLU,
        "selu": nn.SELU,
        "elu": nn.ELU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "leaky_relu": nn.LeakyReLU,
        "tanh": nn.Tanh,
        "sigmoid": nn.Sigmoid,
    }
)

LECUN = "lecun"
"""Instead of a standard deviation: 1 / sqrt(fan-in), which keeps the variance of SELU networks
(LeCun et al. 1998, "Efficient backprop", section 4.6)."""

InitStd = float | str | None
"""Standard deviation of initial weights; ``LECUN``; None for PyTorch's default."""


def dense_layers(
    sizes: Sequence[int],
    rates: Sequence[float],
    init_std: InitStd,
    noise: MakeNoise = nn.Dropout,
    *,
    activation: str = "relu",
    input_rate: float | None = None,
) -> list[nn.Module]:
    """Returns Linear layers, each followed by its activation and noise, except the last one.

    Args:
        sizes: number of input features, of units of each hidden layer, and of output features.
        rates: of the noise after each hidden layer, ``len(sizes) - 2`` numbers.
        init_std: weights are drawn from N(0, init_std^2).
        noise: makes a noise layer of a rate.
        activation: a name of ``ACTIVATIONS``.
        input_rate: of the noise on the input features; None for no such layer.
    """
    dense = [dense_layer(*fans, init_std) for fans in pairwise(sizes)]
    layers = [] if input_rate is None else with_noise(noise(input_rate), [], dense[0])
    for layer, following, rate in zip(dense[:-1], dense[1:], rates, strict=True):
        layers += with_noise(noise(rate), [layer, activation_of(activation)], following)
    return [*layers, dense[-1]]


def with_noise(
    noise: nn.Module, hidden: Sequence[nn.Module], following: nn.Module
) -> list[nn.Module]:
    """Returns a hidden layer with its noise: ``NoiseLayer.place``, or the noise comes last."""
    place = getattr(noise, "place", None)
    return list(place(hidden, following)) if callable(place) else [*hidden, noise]


def dense_layer(fan_in: int, fan_out: int, init_std: InitStd) -> nn.Linear:
    """Returns a Linear layer. Its bias keeps PyTorch's default initialization."""
    layer = nn.Linear(fan_in, fan_out)
    if init_std == LECUN:
        nn.init.normal_(layer.weight, std=1 / math.sqrt(fan_in))
    elif isinstance(init_std, str):
        raise argument_error("init_std", init_std, f"must be a number, {LECUN} or null")
    elif init_std is not None:
        nn.init.normal_(layer.weight, std=init_std)
    return layer


def expected_widths(widths: Sequence[int], rates: Sequence[float]) -> list[int]:
    """Returns the widths n / (1 - p), rounded: n units are kept on average.

    Srivastava et al. 2014, appendix A.1.
    """
    pairs = zip(widths, rates, strict=True)
    return [round(width / (1 - check_rate("dropout", rate))) for width, rate in pairs]


def activation_of(name: str) -> nn.Module:
    """Returns a new activation layer.

    Raises:
        UserError: ``name`` is none of ``ACTIVATIONS``.
    """
    if name not in ACTIVATIONS:
        raise argument_error("activation", name, f"must be one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]()


def features(in_shape: Sequence[int]) -> int:
    """Returns the number of features of an image of shape (C, H, W)."""
    return math.prod(in_shape)
