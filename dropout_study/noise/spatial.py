"""Spatial dropout: whole channels."""

import torch
from torch import Tensor

from dropout_study.noise.dropout import Dropout


class SpatialDropout(Dropout):
    """Dropout with one draw for each example and channel: a feature map is kept or dropped whole.

    Neighbouring pixels of a map are alike, so dropping them one by one takes little away. On
    features without height and width each feature is a channel of its own: standard dropout.
    Tompson et al. 2015, "Efficient object localization using convolutional networks".

    Args:
        p: the rate, in [0, 1].
    """

    def draw_shape(self, x: Tensor) -> torch.Size:
        """x: [B, C, ...] -> [B, C, 1, ...]."""
        return torch.Size([*x.shape[:2], *[1] * (x.dim() - 2)])
