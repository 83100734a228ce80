"""Softmax regression: the baseline that every network should beat."""

from collections.abc import Sequence

from torch import nn

from dropout_study.models.layers import InitStd, dense_layer, features


class SoftmaxRegression(nn.Sequential):
    """One dense layer and no dropout. Maps [B, C, H, W] to logits [B, K]."""

    def __init__(self, *, in_shape: Sequence[int], classes: int, init_std: InitStd = 0.01) -> None:
        super().__init__(nn.Flatten(), dense_layer(features(in_shape), classes, init_std))
