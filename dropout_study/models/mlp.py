"""The book's network: two hidden layers, each followed by ReLU and dropout.

"The book" is *Dive into Deep Learning* in all of this project.
"""

from collections.abc import Sequence

from torch import nn

from dropout_study.models.layers import (
    InitStd,
    MakeNoise,
    dense_layers,
    expected_widths,
    features,
)


class MLP(nn.Sequential):
    """784-256-256-10 with dropout, as in *Dive into Deep Learning*, section 5.6.

    Maps [B, C, H, W] to logits [B, K]. With ``expected_width``, ``hidden1`` and
    ``hidden2`` count the units that are kept on average.
    """

    def __init__(
        self,
        *,
        in_shape: Sequence[int],
        classes: int,
        hidden1: int = 256,
        hidden2: int = 256,
        input_dropout: float = 0.0,
        dropout1: float = 0.2,
        dropout2: float = 0.5,
        expected_width: bool = False,
        activation: str = "relu",
        init_std: InitStd = 0.01,
        noise: MakeNoise = nn.Dropout,
    ) -> None:
        hidden, rates = [hidden1, hidden2], [dropout1, dropout2]
        hidden = expected_widths(hidden, rates) if expected_width else hidden
        sizes = [features(in_shape), *hidden, classes]
        super().__init__(
            nn.Flatten(),
            *dense_layers(
                sizes,
                rates,
                init_std,
                noise,
                activation=activation,
                input_rate=input_dropout,
            ),
        )
