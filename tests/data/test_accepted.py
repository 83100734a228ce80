"""Data of any form: taken exactly, or refused in a line."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from forms import ACCEPTED, CLASSES, LABELS, REFUSED, TEST
from torch import nn

from dropout_study.data import Examples, Splits, accepted_splits, make_splits
from dropout_study.training import TrainSettings, train_single


def curve(splits: Splits) -> list[float]:
    """Returns the losses of a tiny training."""
    torch.manual_seed(0)
    inputs = splits.train.images[0].numel()
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(inputs, CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = train_single(model, optimizer, splits, TrainSettings(epochs=2, batch_size=8))
    return [epoch[name] for epoch in history for name in ("train_loss", "test_loss")]


@pytest.mark.parametrize("form", ACCEPTED)
def test_a_form_trains_as_the_tensors_it_stands_for(
    form: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, images, says = ACCEPTED[form]
    canonical = Examples(images, LABELS)
    caplog.set_level(logging.INFO, logger="dropout_study")

    splits = accepted_splits(make_splits(make(), make(), classes=CLASSES, val_size=8))

    lines = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert len(lines) == (says is not None)
    assert all(line.startswith("data: training ") and str(says) in line for line in lines)
    expected = make_splits(canonical, canonical, classes=CLASSES, val_size=8)
    for part, same in zip(splits.parts.values(), expected.parts.values(), strict=True):
        assert part.images.dtype == same.images.dtype
        assert torch.equal(part.images, same.images)
        assert torch.equal(part.labels, same.labels)
    assert curve(splits) == curve(expected)


@pytest.mark.parametrize("form", REFUSED)
def test_another_form_is_refused_in_one_line(told: Callable[..., str], form: str) -> None:
    make, rule, way_out = REFUSED[form]

    line = told(make_splits, make(), TEST, classes=CLASSES)

    assert rule in line
    assert way_out in line
    own = Splits(make(), None, TEST, CLASSES)  # the same where no make_splits was called
    assert told(accepted_splits, own) == line


def test_the_zoo_is_as_large_as_it_says() -> None:
    assert len(ACCEPTED) + len(REFUSED) >= 40


@pytest.mark.parametrize("classes", [4, np.int64(4), torch.tensor(4)])
def test_the_number_of_classes_may_come_from_an_array(classes: Any) -> None:
    assert make_splits(TEST, TEST, classes=classes).classes == 4


@pytest.mark.parametrize("classes", [0, 1, -3, True, 4.0, "4", None])
def test_what_is_no_number_of_classes_is_refused(told: Callable[..., str], classes: Any) -> None:
    assert "`classes` must be a whole number of at least 2" in told(
        make_splits, TEST, TEST, classes=classes
    )
