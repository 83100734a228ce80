"""Checks of the data that a user gives. Exact conversions are made and logged; the rest is refused.

docs/own-model-and-data.md has the table of what is accepted.
"""

import logging
from operator import index
from typing import Any, SupportsIndex, cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset, TensorDataset

from dropout_study.data.arrays import as_tensor
from dropout_study.data.splits import Examples
from dropout_study.errors import UserError

log = logging.getLogger(__name__)

SMALLEST_IMAGE = 8
"""Smallest height and width at which [N, H, W, 1, 3 or 4] is refused as channels-last images."""


def said(notes: list[str]) -> None:
    """Logs the conversions in one line, if there are any."""
    if notes:
        log.info("data: %s", "; ".join(notes))


def accepted_examples(name: str, given: Any, classes: int, notes: list[str]) -> Examples:
    """Returns ``given`` in the form that ``Examples`` describes.

    Args:
        name: the name of the split, for example "training".
        given: ``Examples``, a ``TensorDataset`` of images and labels, or a ``Subset`` of one.
        classes: K, the number of classes.
        notes: a list to which a text is added for each conversion.

    Raises:
        UserError: ``given`` has another type, or its images or labels break a rule.
    """
    images, labels = _pair(name, given)
    images = _images(f"{name} images", images, notes)
    labels = _labels(f"{name} labels", labels, classes, notes)
    if len(images) != len(labels):
        raise UserError(
            f"there must be one label for each image, got {len(images)} {name} images "
            f"and {len(labels)} labels"
        )
    return Examples(images.contiguous(), labels.to(images.device).contiguous())


def number_of_classes(given: object) -> int:
    """Returns K as an int. ``given`` may be a NumPy integer, as from ``labels.max() + 1``.

    Raises:
        UserError: ``given`` is not a whole number of at least 2.
    """
    try:
        classes = 0 if isinstance(given, bool) else index(cast("SupportsIndex", given))
    except TypeError:
        classes = 0
    if classes < 2:
        raise UserError(f"`classes` must be a whole number of at least 2, got {given!r}")
    return classes


def _pair(name: str, given: Any) -> tuple[Any, Any]:
    """Returns images and labels as they were given, without a check of their values."""
    if isinstance(given, Examples):
        return given.images, given.labels
    if isinstance(given, TensorDataset) and len(given.tensors) == 2:
        return given.tensors[0], given.tensors[1]
    if isinstance(given, Subset):
        images, labels = _pair(name, given.dataset)
        chosen = torch.as_tensor(given.indices)
        return as_tensor(f"{name} images", images)[chosen], as_tensor(name, labels)[chosen]
    if isinstance(given, DataLoader):
        why = "a DataLoader, which makes minibatches and shuffles; give the tensors of its data set"
    else:
        why = f"{type(given).__name__}; stack its images and labels into two tensors"
    raise UserError(
        f"the {name} data must be Examples(images, labels) or a TensorDataset, got {why}"
    )


def _images(what: str, given: Any, notes: list[str]) -> Tensor:
    images = as_tensor(what, given)
    if not images.numel() or images.ndim < 2:
        raise UserError(
            f"the {what} must be [N, C, H, W] with at least one image, got {_shape(images)}"
        )
    images = _with_channels(what, images, notes)
    if images.dtype == torch.bool:
        notes.append(f"{what} of bool are taken as black and white (0 and 255)")
        return images.to(torch.uint8) * 255
    if not images.is_floating_point():
        return _bytes(what, images, notes)
    return _floats(what, images, notes)


def _with_channels(what: str, images: Tensor, notes: list[str]) -> Tensor:
    if images.ndim == 3:
        notes.append(f"{what} [N, H, W] get a channel axis: [N, 1, H, W]")
        return images.unsqueeze(1)
    if (
        images.ndim == 4
        and images.shape[3] in (1, 3, 4)
        and min(images.shape[1:3]) >= SMALLEST_IMAGE
    ):
        raise UserError(
            f"the {what} must be [N, C, H, W], got {_shape(images)}, which has its channels last; "
            "use tensor.permute(0, 3, 1, 2) or array.transpose(0, 3, 1, 2)"
        )
    return images


def _bytes(what: str, images: Tensor, notes: list[str]) -> Tensor:
    """Returns whole numbers in 0..255 as uint8."""
    wide = images if images.dtype == torch.uint8 else images.to(torch.int64)
    low, high = (int(bound) for bound in wide.aminmax())
    if low < 0 or high > 255 or high == 1:
        why = (
            "they are divided by 255 and would be almost black; use bool or float32 for 0 and 1"
            if high == 1
            else "give floats scaled to [0, 1]"
        )
        raise UserError(
            f"the {what} are whole numbers, which must be in 0..255, got {low}..{high} of "
            f"{_dtype(images)}: {why}"
        )
    if images.dtype != torch.uint8:
        notes.append(f"{what} of {_dtype(images)} in 0..255 are taken as uint8")
    return wide.to(torch.uint8)


def _floats(what: str, images: Tensor, notes: list[str]) -> Tensor:
    """Returns finite numbers as float32."""
    if images.dtype != torch.float32:
        rounded = " are rounded to" if images.dtype == torch.float64 else " are taken as"
        notes.append(f"{what} of {_dtype(images)}{rounded} float32")
    single = images.to(torch.float32)
    if not torch.stack(single.aminmax()).isfinite().all():
        bad = (~single.isfinite()).flatten(1).any(dim=1).nonzero().flatten()
        raise UserError(
            f"the {what} must be finite numbers, got NaN or infinity in {len(bad)} of "
            f"{len(images)}, the first at index {int(bad[0])}; remove these images or replace "
            "the values"
        )
    return single


def _labels(what: str, given: Any, classes: int, notes: list[str]) -> Tensor:
    labels = as_tensor(what, given)
    if labels.ndim == 2 and labels.shape[1] == 1:
        notes.append(f"{what} [N, 1] are taken as [N]")
        labels = labels.squeeze(1)
    elif labels.ndim == 2 and _one_hot(labels, classes):
        notes.append(f"{what} [N, {classes}] are one-hot and taken as class numbers")
        labels = labels.to(torch.int8).argmax(dim=1)
    if labels.ndim != 1:
        raise UserError(
            f"the {what} must be one whole number for each image, [N], or one-hot [N, {classes}], "
            f"got {_shape(labels)}"
        )
    whole = labels.to(torch.int64)
    if labels.is_floating_point() and not torch.equal(whole.to(labels.dtype), labels):
        raise UserError(f"the {what} must be whole numbers in [0, {classes}), got fractions or NaN")
    if len(whole) and not 0 <= int(whole.min()) <= int(whole.max()) < classes:
        raise UserError(
            f"the {what} must be in [0, {classes}), got {int(whole.min())}..{int(whole.max())}; "
            "number the classes from 0, or set `classes` to the number of classes"
        )
    if labels.dtype != torch.int64:
        notes.append(f"{what} of {_dtype(labels)} are taken as int64")
    return whole


def _one_hot(labels: Tensor, classes: int) -> bool:
    ones, zeros = labels == 1, labels == 0
    return labels.shape[1] == classes and bool(
        (ones | zeros).all() and (ones.sum(dim=1) == 1).all()
    )


def _shape(tensor: Tensor) -> str:
    return str(list(tensor.shape))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
