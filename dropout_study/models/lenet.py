"""LeNet-5 with ReLU, max pooling and dropout after its hidden dense layers."""

from collections.abc import Sequence

from torch import nn

from dropout_study.errors import argument_error
from dropout_study.models.layers import MakeNoise, dense_layers, with_noise


class LeNet(nn.Sequential):
    """Two convolutions and three dense layers (LeCun et al. 1998; *Dive into Deep Learning*, 7.6).

    Maps [B, C, H, W], H and W at least 12, to logits [B, K]. With ``conv_dropout``, each of the two
    pooled maps is followed by a noise layer of that rate.
    """

    def __init__(
        self,
        *,
        in_shape: Sequence[int],
        classes: int,
        dropout1: float = 0.5,
        dropout2: float = 0.5,
        conv_dropout: float | None = None,
        noise: MakeNoise = nn.Dropout,
    ) -> None:
        channels, height, width = in_shape
        if min(height, width) < 12:
            raise argument_error("in_shape", list(in_shape), "must be at least 12 x 12 pixels")
        pooled = [(side // 2 - 4) // 2 for side in (height, width)]
        convs = [
            nn.Conv2d(channels, 6, kernel_size=5, padding=2),
            nn.Conv2d(6, 16, kernel_size=5),
        ]
        dense = dense_layers(
            [16 * pooled[0] * pooled[1], 120, 84, classes], [dropout1, dropout2], None, noise
        )
        layers: list[nn.Module] = []
        for conv, following in zip(convs, [convs[1], dense[0]], strict=True):
            hidden = [conv, nn.ReLU(), nn.MaxPool2d(2)]
            if conv_dropout is None:
                layers += hidden
            else:
                layers += with_noise(noise(conv_dropout), hidden, following)
        super().__init__(*layers, nn.Flatten(), *dense)
