"""The split of the training examples into train and validation, stratified, with a fixed seed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict

import torch
from torch import Tensor
from torch.utils.data import Dataset

from dropout_study.data.accepted import accepted_examples, number_of_classes, said
from dropout_study.data.splits import Examples, Splits
from dropout_study.errors import argument_error
from dropout_study.randomness import draw_key


class Cut(TypedDict, total=False):
    """How the training examples are split: arguments of ``make_splits``."""

    val_size: int
    train_size: int | None
    split_seed: int
    label_noise: float


def make_splits(
    train: Examples | Dataset[Any],
    test: Examples | Dataset[Any],
    *,
    classes: int,
    val_size: int = 0,
    train_size: int | None = None,
    split_seed: int = 0,
    label_noise: float = 0.0,
    class_names: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Splits:
    """Takes a validation split, then the training split, from the training examples.

    Both are stratified: every class has its share, to within one example. The validation split
    does not depend on ``train_size``, and a smaller training split is a subset of a larger one.

    Args:
        train: all training examples of the data set, in any form that ``accepted_examples`` takes.
        test: its test examples, which are all used.
        classes: K, the number of classes.
        val_size: number of validation examples; 0 for no validation split.
        train_size: number of training examples; None for all that remain.
        split_seed: seed of the split; the same for all trials of a study.
        label_noise: share of the training labels that are replaced; see ``with_wrong_labels``.
        class_names: one name per class.
        mean: one number per channel if the images are normalised; see ``Splits``.
        std: one number per channel if the images are normalised; see ``Splits``.

    Raises:
        UserError: a size is out of range, or images or labels cannot be converted to ``Examples``.
    """
    classes, notes = number_of_classes(classes), list[str]()
    train = accepted_examples("training", train, classes, notes)
    test = accepted_examples("test", test, classes, notes)
    said(notes)
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
    if not 0 <= label_noise <= 1:
        raise argument_error("data.label_noise", label_noise, "must be in [0, 1]")
    return Splits(
        with_wrong_labels(train.take(kept), label_noise, classes, split_seed),
        val,
        test,
        classes,
        class_names=class_names,
        mean=mean,
        std=std,
    )


def stratified_order(labels: Tensor, seed: int) -> Tensor:
    """Returns an order of the examples in which every slice is stratified by class.

    The examples of each class are shuffled and get evenly spaced places in [0, 1). Sorting all
    examples by place interleaves the classes, so every slice has about each class's share.

    Args:
        labels: [N], int64.
        seed: seed of the shuffle.

    Returns:
        [N], int64: a permutation of 0..N-1.
    """
    generator = torch.Generator().manual_seed(draw_key(seed, "split"))
    place = torch.empty(len(labels), dtype=torch.float64)
    device, labels = labels.device, labels.cpu()
    for label in torch.unique(labels):
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=generator)]
        place[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return place.argsort(stable=True).to(device)


def with_wrong_labels(examples: Examples, share: float, classes: int, seed: int) -> Examples:
    """Returns the examples with ``share`` of their labels replaced by another class.

    Each other class is equally likely (symmetric label noise). The labels that are replaced at a
    share are also replaced at a larger one.

    Args:
        examples: B examples.
        share: round(share B) labels are replaced; in [0, 1].
        classes: K; with one class there is no other.
        seed: of the choice.
    """
    count = round(share * len(examples))
    if not count or classes < 2:
        return examples
    generator = torch.Generator().manual_seed(draw_key(seed, "label noise"))
    chosen = torch.randperm(len(examples), generator=generator)[:count]
    shift = torch.randint(1, classes, (len(examples),), generator=generator)
    labels = examples.labels.clone()
    wrong = (labels[chosen] + shift[chosen].to(labels.device)) % classes
    labels[chosen] = wrong
    return replace(examples, labels=labels)
