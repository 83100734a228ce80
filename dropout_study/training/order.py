"""The order in which an epoch visits the training examples."""

import torch
from torch import Tensor

from dropout_study.randomness import draw_key


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """Returns the order [N] in which an epoch visits the examples, the same on every device."""
    generator = torch.Generator().manual_seed(draw_key(seed, "order", epoch))
    return torch.randperm(count, generator=generator)
