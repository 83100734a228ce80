"""Checks that the splits fit together: one shape, one dtype, one scale, no shared images."""

import logging
from collections.abc import Sequence

import torch
from torch import Tensor

from dropout_study.data.accepted import accepted_examples, number_of_classes, said
from dropout_study.data.splits import Examples, Splits
from dropout_study.errors import UserError

log = logging.getLogger(__name__)

SAMPLE = 1000
"""Number of evenly spaced images from which mean and standard deviation are computed."""
OTHER_SCALE = 10.0
"""Ratio of two splits' standard deviations that is refused. A third of it gives a warning."""
ROUNDING = 1e-3
"""Tolerance when images are scaled back to [0, 1], the range before normalisation."""
WAYS_OUT = {
    "shape": "resize them",
    "dtype": "uint8 images are scaled to [0, 1], others are taken as they are",
}
SHARED = 0.1
"""Share of a split's images that may also be training images without a warning."""


def accepted_splits(splits: Splits) -> Splits:
    """Returns ``splits`` in the form that ``Splits`` and ``Examples`` describe.

    Three cases are only logged as a warning: classes without a training example, splits that seem
    to be normalised differently, and training images that are also in another split.

    Raises:
        UserError: a split breaks a rule, or the splits do not fit together.
    """
    classes, notes = number_of_classes(splits.classes), list[str]()

    def accepted(name: str, part: Examples) -> Examples:
        return accepted_examples(name, part, classes, notes)

    splits = Splits(
        accepted("training", splits.train),
        None if splits.val is None else accepted("validation", splits.val),
        accepted("test", splits.test),
        classes,
        _names(splits.class_names, classes),
        _numbers("mean", splits.mean),
        _numbers("std", splits.std),
    )
    said(notes)
    _check_scales(splits)
    _check_normalisation(splits)
    _warn_of_missing_classes(splits)
    _warn_of_shared_images(splits)
    return splits


def _names(given: Sequence[str] | None, classes: int) -> tuple[str, ...] | None:
    if given is None:
        return None
    if (
        not all(isinstance(name, str) for name in given)
        or not len(given) == len({*given}) == classes
    ):
        raise UserError(
            f"`class_names` must be {classes} different texts, one for each class, "
            f"got {list(given)}"
        )
    return tuple(given)


def _numbers(name: str, given: Sequence[float] | None) -> tuple[float, ...] | None:
    try:
        return None if given is None else tuple(float(number) for number in given)
    except (TypeError, ValueError) as error:
        raise UserError(f"`{name}` must be a list of numbers, got {given!r}") from error


def _check_normalisation(splits: Splits) -> None:
    mean, std = splits.mean, splits.std
    if mean is None and std is None:
        return
    channels, images = splits.in_shape[0], splits.train.images
    if mean is None or std is None or not len(mean) == len(std) == channels or min(std) <= 0:
        raise UserError(
            f"`mean` and `std` must have a number for each of the {channels} channels, "
            f"std > 0, got {mean} and {std}"
        )
    rows = images.transpose(0, 1).flatten(1)
    bounds = zip(mean, std, rows.amin(dim=1).tolist(), rows.amax(dim=1).tolist(), strict=True)
    for m, s, low, high in bounds:
        inside = low * s + m >= -ROUNDING and high * s + m <= 1 + ROUNDING
        plain = images.dtype == torch.uint8 or (m > 0 and low >= 0)
        if plain or not inside:
            raise UserError(
                f"`mean` {mean} and `std` {std} must be the numbers that normalised images in "
                f"[0, 1], but training images of {images.dtype} are in {low:.4g}..{high:.4g}; "
                "omit both if the images are not normalised"
            )


def _check_scales(splits: Splits) -> None:
    train = splits.train
    for name, part in splits.parts.items():
        for what in ("shape", "dtype"):
            found = _kind(train, what), _kind(part, what)
            if found[0] != found[1]:
                raise UserError(
                    f"all images must have one {what}, got {found[0]} in training and {found[1]} "
                    f"in {name}; {WAYS_OUT[what]}"
                )
        _check_scale(_mean_and_sd(train.images), name, _mean_and_sd(part.images))


def _kind(part: Examples, what: str) -> object:
    return list(part.images.shape[1:]) if what == "shape" else part.images.dtype


def _check_scale(train: tuple[float, float], name: str, other: tuple[float, float]) -> None:
    told = (
        f"training images have mean {train[0]:.3g} and standard deviation {train[1]:.3g}, "
        f"{name} images {other[0]:.3g} and {other[1]:.3g}"
    )
    small, large = sorted([train[1], other[1]])
    if small > 0 and large / small >= OTHER_SCALE:
        raise UserError(f"all images must have one scale, but {told}; scale them alike")
    if large > OTHER_SCALE / 3 * small or abs(train[0] - other[0]) > large:
        log.warning("data: %s; were both normalised in the same way?", told)


def _mean_and_sd(images: Tensor) -> tuple[float, float]:
    sample = images[:: max(1, len(images) // SAMPLE)].float()
    return float(sample.mean()), float(sample.std(correction=0))


def _warn_of_missing_classes(splits: Splits) -> None:
    counts = splits.train.labels.bincount(minlength=splits.classes)
    missing = (counts == 0).nonzero().flatten().tolist()
    if missing:
        named = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
        log.warning(
            "data: %d of %d classes have no training example: %s",
            len(missing),
            splits.classes,
            named,
        )


def _warn_of_shared_images(splits: Splits) -> None:
    others = {name: part for name, part in splits.parts.items() if part is not splits.train}
    known = _keys(splits.train)
    for name, part in others.items():
        shared = sum(key in known for key in _keys(part, SAMPLE))
        tried = len(range(0, len(part), max(1, len(part) // SAMPLE)))
        if shared > SHARED * tried:
            log.warning(
                "data: %d of %d %s images are also training images: the accuracy on them says "
                "little about new images",
                shared,
                tried,
                name,
            )


def _keys(part: Examples, at_most: int | None = None) -> "list[int] | set[int]":
    """Returns one hash per image, equal for equal images: a set, or a list of ``at_most``."""
    step = max(1, len(part) // at_most) if at_most else 1
    rows = part.images[::step].cpu().flatten(1).numpy()
    keys = [hash(row.tobytes()) for row in rows]
    return keys if at_most else set(keys)
