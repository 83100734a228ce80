import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from dropout_study.data import Examples, Splits, accepted_splits

LABELS = torch.arange(40) % 4


def examples(seed: int, count: int = 40) -> Examples:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 1, 8, 8, generator=generator)
    return Examples(images, LABELS[:count])


def changed(part: Examples, **given: Any) -> Examples:
    return replace(part, **given)


SPLITS = Splits(examples(0), examples(1), examples(2), 4)
TRAIN, VAL, TEST = SPLITS.parts.values()
MEAN, STD = (0.5,), (0.25,)
NORMALISED = Splits(
    *(changed(part, images=(part.images - 0.5) / 0.25) for part in (TRAIN, VAL, TEST)), 4
)


def test_good_splits_pass_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    accepted = accepted_splits(SPLITS)

    assert not caplog.records
    for part, same in zip(accepted.parts.values(), SPLITS.parts.values(), strict=True):
        assert torch.equal(part.images, same.images)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"test": changed(TEST, images=TEST.images[:, :, 1:])},
            "one shape, got [1, 8, 8] in training and [1, 7, 8] in test; resize",
        ),
        (
            {"test": changed(TEST, images=(TEST.images * 255).byte())},
            "one dtype, got torch.float32 in training and torch.uint8 in test",
        ),
        (
            {"train": changed(TRAIN, images=TRAIN.images * 255)},
            "one scale, but training images have mean 1",
        ),
        ({"val": changed(VAL, images=VAL.images * 255)}, "validation images 127 and 73"),
        ({"val": Examples(VAL.images[:0], LABELS[:0])}, "validation images must be [N, C, H, W]"),
        ({"test": Examples(TEST.images[:0], LABELS[:0])}, "test images must be [N, C, H, W] with"),
        ({"test": None}, "the test data must be Examples(images, labels)"),
        ({"classes": 3}, "training labels must be in [0, 3), got 0..3"),
        ({"class_names": ["a", "b", "c"]}, "`class_names` must be 4 different texts"),
        ({"class_names": ["a", "b", "c", "c"]}, "`class_names` must be 4 different texts"),
        ({"class_names": [0, 1, 2, 3]}, "`class_names` must be 4 different texts"),
        ({"mean": [0.5]}, "`mean` and `std` must have a number for each of the 1 channels"),
        ({"mean": [0.5, 0.5], "std": [0.2, 0.2]}, "each of the 1 channels"),
        ({"mean": 0.5, "std": 0.2}, "`mean` must be a list of numbers, got 0.5"),
        ({"mean": [0.5], "std": [0]}, "std > 0"),
        ({"mean": [0.5], "std": [0.25]}, "must be the numbers that normalised images"),
    ],
)
def test_splits_that_do_not_fit_together_are_refused(
    told: Callable[..., str], given: dict[str, Any], says: str
) -> None:
    assert says in told(accepted_splits, replace(SPLITS, **given))


def test_a_normalisation_that_fits_the_images_is_kept() -> None:
    accepted = accepted_splits(replace(NORMALISED, mean=[0.5], std=[0.25]))
    assert (accepted.mean, accepted.std) == ((0.5,), (0.25,))
    assert (accepted.merged().mean, accepted.to(torch.device("cpu")).std) == (MEAN, STD)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"test": NORMALISED.test}, "were both normalised in the same way?"),
        ({"classes": 7}, "3 of 7 classes have no training example: 4, 5, 6"),
        ({"val": TRAIN}, "40 of 40 validation images are also training images"),
        ({"test": TRAIN}, "40 of 40 test images are also training images"),
    ],
)
def test_what_looks_wrong_is_a_warning(
    caplog: pytest.LogCaptureFixture, given: dict[str, Any], says: str
) -> None:
    accepted_splits(replace(SPLITS, **given))

    assert [says in record.getMessage() for record in caplog.records] == [True]
