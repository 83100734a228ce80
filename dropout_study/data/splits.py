"""Train, validation and test: examples as whole tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Examples:
    """Images and their classes.

    ``make_splits`` and the reading of a trial's data check them, and turn what can be turned into
    this form exactly (NumPy arrays, lists, other dtypes; docs/own-model-and-data.md has the table).

    Attributes:
        images: [N, C, H, W], uint8 in 0..255 (scaled to [0, 1] as a minibatch is cut) or float32.
        labels: [N], int64 in [0, K).
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def minibatches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields images [B, C, H, W] and labels [B] in order; the last B may be smaller."""
        for start in range(0, len(self), size):
            yield self.images[start : start + size], self.labels[start : start + size]

    def take(self, index: Tensor) -> "Examples":
        """Returns the examples at ``index`` [M], in that order."""
        return Examples(self.images.index_select(0, index), self.labels.index_select(0, index))

    def to(self, device: torch.device) -> "Examples":
        """Returns the examples on ``device``."""
        return Examples(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Splits:
    """The data of a study. Decisions read ``val``; ``test`` is for the table only.

    Attributes:
        train: what is trained on.
        val: what decisions are made on; None for none.
        test: what is only recorded.
        classes: K, the number of classes.
        class_names: a name for each class, as predictions print them; None for none.
        mean: what was subtracted from each channel (C numbers) of images in [0, 1], before
            they were divided by ``std``; None for images that are not normalised. Predictions
            do the same to an image file.
        std: see ``mean``.
    """

    train: Examples
    val: Examples | None
    test: Examples
    classes: int
    class_names: Sequence[str] | None = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None

    @property
    def in_shape(self) -> tuple[int, ...]:
        """The shape of one image: (C, H, W)."""
        return tuple(self.train.images.shape[1:])

    @property
    def parts(self) -> "dict[str, Examples]":
        """The splits that there are, by name."""
        named = {"training": self.train, "validation": self.val, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    def to(self, device: torch.device) -> "Splits":
        """Returns the splits on ``device``."""
        val = None if self.val is None else self.val.to(device)
        return replace(self, train=self.train.to(device), val=val, test=self.test.to(device))

    def merged(self) -> "Splits":
        """Returns the splits with the validation examples among the training examples."""
        if self.val is None:
            return self
        images = torch.cat([self.train.images, self.val.images])
        labels = torch.cat([self.train.labels, self.val.labels])
        return replace(self, train=Examples(images, labels), val=None)
