"""Train, validation and test: examples as whole tensors, cut by class with a fixed seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor

from dropout_study.errors import UserError, argument_error
from dropout_study.randomness import draw_key


@dataclass(frozen=True)
class Examples:
    """Images and their classes.

    Attributes:
        images: [N, C, H, W], uint8 in 0..255 (scaled to [0, 1] as a minibatch is cut) or floating.
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
    """The data of a study. Decisions read ``val``; ``test`` is for the table only."""

    train: Examples
    val: Examples | None
    test: Examples
    classes: int

    @property
    def in_shape(self) -> tuple[int, ...]:
        """The shape of one image: (C, H, W)."""
        return tuple(self.train.images.shape[1:])

    def to(self, device: torch.device) -> "Splits":
        """Returns the splits on ``device``."""
        val = None if self.val is None else self.val.to(device)
        return Splits(self.train.to(device), val, self.test.to(device), self.classes)

    def merged(self) -> "Splits":
        """Returns the splits with the validation examples among the training examples."""
        if self.val is None:
            return self
        images = torch.cat([self.train.images, self.val.images])
        labels = torch.cat([self.train.labels, self.val.labels])
        return Splits(Examples(images, labels), None, self.test, self.classes)


class Cut(TypedDict, total=False):
    """How the training examples are cut: the last three arguments of ``make_splits``."""

    val_size: int
    train_size: int | None
    split_seed: int


def make_splits(
    train: Examples,
    test: Examples,
    *,
    classes: int,
    val_size: int = 0,
    train_size: int | None = None,
    split_seed: int = 0,
) -> Splits:
    """Cuts a validation split, then the training split, from the training examples.

    Both are stratified: every class has its share, to within one example. The validation split
    does not depend on ``train_size``, and a smaller training split is a subset of a larger one.

    Args:
        train: the data set's own training examples.
        test: its own test examples, kept whole.
        classes: K, the number of classes.
        val_size: examples of the validation split; 0 for none.
        train_size: examples of the training split; None for all that are left.
        split_seed: which cut; the same for all trials of a study.

    Raises:
        UserError: a size is out of range or a label is not in [0, K).
    """
    for name, part in (("training", train), ("test", test)):
        if len(part) and not 0 <= int(part.labels.min()) <= int(part.labels.max()) < classes:
            raise UserError(f"the {name} labels must be in [0, {classes})")
    if not 0 <= val_size < len(train):
        raise argument_error("data.val_size", val_size, f"must be in [0, {len(train)})")
    rest = len(train) - val_size
    if train_size is not None and not 1 <= train_size <= rest:
        raise argument_error(
            "data.train_size", train_size, f"must be in [1, {rest}] ({len(train)} - val_size)"
        )
    order = stratified_order(train.labels, split_seed)
    val = train.take(order[:val_size]) if val_size else None
    kept = order[val_size:] if train_size is None else order[val_size : val_size + train_size]
    return Splits(train.take(kept), val, test, classes)


def stratified_order(labels: Tensor, seed: int) -> Tensor:
    """Returns an order of the examples in which every stretch has each class's share.

    Examples are shuffled within their class and spread evenly over [0, 1); sorting by place
    interleaves the classes, so that any cut of the order is stratified.

    Args:
        labels: [N], int64.
        seed: which shuffle.

    Returns:
        [N], int64: a permutation of 0..N-1.
    """
    generator = torch.Generator().manual_seed(draw_key(seed, "split"))
    place = torch.empty(len(labels), dtype=torch.float64)
    for label in torch.unique(labels):
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=generator)]
        place[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return place.argsort(stable=True)
