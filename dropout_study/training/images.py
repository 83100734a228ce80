"""Images as a network is given them."""

import torch
from torch import Tensor


def scaled(images: Tensor) -> Tensor:
    """Returns uint8 images as float32 in [0, 1], like torchvision's ToTensor; others as they are.

    The result is a copy, which a model may change.
    """
    return images.to(torch.float32).div_(255) if images.dtype == torch.uint8 else images.clone()
