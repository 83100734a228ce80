"""A network of any depth with one dropout rate."""

from collections.abc import Sequence

from torch import nn

from dropout_study.models.layers import MakeNoise, dense_layers, features


class DeepMLP(nn.Sequential):
    """Hidden layers of the given widths, each followed by ReLU and dropout of the same rate.

    Maps [B, C, H, W] to logits [B, K].
    """

    def __init__(
        self,
        *,
        in_shape: Sequence[int],
        classes: int,
        widths: Sequence[int] = (256, 256, 256),
        dropout: float = 0.5,
        init_std: float | None = None,
        noise: MakeNoise = nn.Dropout,
    ) -> None:
        sizes = [features(in_shape), *widths, classes]
        rates = [dropout] * len(widths)
        super().__init__(nn.Flatten(), *dense_layers(sizes, rates, init_std, noise))
