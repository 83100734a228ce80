"""Synthetic images for tests: noisy prototypes of any size. No file is needed."""

from typing import Unpack

import torch

from dropout_study.data.cut import Cut, make_splits
from dropout_study.data.splits import Examples, Splits
from dropout_study.randomness import draw_key


def synthetic(
    shape: tuple[int, int, int] = (1, 8, 8),
    classes: int = 10,
    n_train: int = 512,
    n_test: int = 256,
    contrast: float = 0.3,
    **cut: Unpack[Cut],
) -> Splits:
    """Returns images that mix uniform noise with one random prototype per class.

    Args:
        shape: (C, H, W) of an image.
        classes: K, the number of classes.
        n_train: training examples before the validation split is cut.
        n_test: test examples.
        contrast: share of the prototype in an image, 0 (pure noise) to 1 (no noise).
        cut: the sizes of the splits, see ``make_splits``.
    """
    generator = torch.Generator().manual_seed(draw_key(0, "synthetic"))
    prototypes = torch.rand(classes, *shape, generator=generator)

    def draw(count: int) -> Examples:
        labels = torch.arange(count) % classes
        noise = torch.rand(count, *shape, generator=generator)
        images = contrast * prototypes[labels] + (1 - contrast) * noise
        return Examples((images * 255).to(torch.uint8), labels)

    return make_splits(draw(n_train), draw(n_test), classes=classes, **cut)
