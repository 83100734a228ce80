"""A network of any depth, with one noise rate or one for each layer."""

from collections.abc import Sequence

from torch import nn

from dropout_study.models.layers import (
    InitStd,
    MakeNoise,
    dense_layers,
    expected_widths,
    features,
)
from dropout_study.profiles import layer_rates


class DeepMLP(nn.Sequential):
    """Hidden layers of the given widths, each followed by its activation and noise.

    Maps [B, C, H, W] to logits [B, K].

    Args:
        in_shape: (C, H, W).
        classes: K.
        widths: units of each hidden layer.
        dropout: the rate of every hidden layer, a list of rates, or the mean rate of ``profile``.
        profile: how the mean rate is spread over the depth (``dropout_study.profiles``).
        input_dropout: the rate of the noise on the pixels; None for no such layer.
        expected_width: whether ``widths`` count the units that are kept on average.
        activation: of hidden units, a name of ``ACTIVATIONS``.
        init_std: of the weights; None for PyTorch's default.
        noise: makes a noise layer of a rate.
    """

    def __init__(
        self,
        *,
        in_shape: Sequence[int],
        classes: int,
        widths: Sequence[int] = (256, 256, 256),
        dropout: float | Sequence[float] = 0.5,
        profile: str | None = None,
        input_dropout: float | None = None,
        expected_width: bool = False,
        activation: str = "relu",
        init_std: InitStd = None,
        noise: MakeNoise = nn.Dropout,
    ) -> None:
        rates = layer_rates(dropout, len(widths), profile)
        hidden = expected_widths(widths, rates) if expected_width else widths
        super().__init__(
            nn.Flatten(),
            *dense_layers(
                [features(in_shape), *hidden, classes],
                rates,
                init_std,
                noise,
                activation=activation,
                input_rate=input_dropout,
            ),
        )
