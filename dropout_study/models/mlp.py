"""The book's network: two hidden layers, each followed by ReLU and dropout.

"The book" is *Dive into Deep Learning* in all of this project.
"""

from collections.abc import Sequence

from torch import nn

from dropout_study.models.layers import MakeNoise, dense_layers, features


class MLP(nn.Sequential):
    """784-256-256-10 with dropout, as in *Dive into Deep Learning*, section 5.6.

    Maps [B, C, H, W] to logits [B, K].
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
        init_std: float | None = 0.01,
        noise: MakeNoise = nn.Dropout,
    ) -> None:
        sizes = [features(in_shape), hidden1, hidden2, classes]
        super().__init__(
            nn.Flatten(),
            noise(input_dropout),
            *dense_layers(sizes, [dropout1, dropout2], init_std, noise),
        )
