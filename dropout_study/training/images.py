"""Converts images to the input of a network."""

import torch
from torch import Tensor


def scaled(images: Tensor) -> Tensor:
    """Returns uint8 images as float32 in [0, 1], as torchvision's ToTensor; others unscaled.

    The result is a copy, so a model may change it.
    """
    return images.to(torch.float32).div_(255) if images.dtype == torch.uint8 else images.clone()
