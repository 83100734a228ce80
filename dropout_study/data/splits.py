"""Train, validation and test: examples as whole tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Examples:
    """Images and their classes.

    A user may give NumPy arrays, lists or other dtypes. ``make_splits`` and ``accepted_splits``
    check them and convert them to the form below (docs/own-model-and-data.md has the table).

    Attributes:
        images: [N, C, H, W], uint8 in 0..255 (each minibatch is scaled to [0, 1]) or float32.
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
    """The data of a study. Decisions use ``val`` only; results on ``test`` are only recorded.

    Attributes:
        train: the training examples.
        val: the validation examples, on which decisions are made; None if there is no split.
        test: the test examples.
        classes: K, the number of classes.
        class_names: one name per class, printed by predictions; None if there are no names.
        mean: C numbers: for each channel the number that was subtracted from images in [0, 1],
            before the division by ``std``. None if the images are not normalised. Predictions
            normalise an image file in the same way.
        std: C numbers, see ``mean``.
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
        """The existing splits by name: "training", "validation" (if there is one), "test"."""
        named = {"training": self.train, "validation": self.val, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    def to(self, device: torch.device) -> "Splits":
        """Returns the splits on ``device``."""
        val = None if self.val is None else self.val.to(device)
        return replace(self, train=self.train.to(device), val=val, test=self.test.to(device))

    def merged(self) -> "Splits":
        """Returns the splits with the validation examples added to the training examples."""
        if self.val is None:
            return self
        images = torch.cat([self.train.images, self.val.images])
        labels = torch.cat([self.train.labels, self.val.labels])
        return replace(self, train=Examples(images, labels), val=None)
