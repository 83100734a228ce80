import math
from importlib import import_module

import pytest
import torch
from torch import nn

from dropout_study.data import Examples
from dropout_study.models import MLP
from dropout_study.training import evaluate, scaled


class Table(nn.Module):
    """Answers with given logits: row n for an image whose pixel is n."""

    def __init__(self, logits: list[list[float]]) -> None:
        super().__init__()
        self.logits = torch.tensor(logits)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits[(images.flatten() * 255).round().long()]


def test_metrics_equal_those_computed_by_hand():
    logits = [[2.0, 0.0], [0.0, 1.0], [3.0, -1.0]]
    labels = [0, 1, 1]
    examples = Examples(
        torch.arange(3, dtype=torch.uint8).reshape(3, 1, 1, 1), torch.tensor(labels)
    )
    by_hand = sum(
        math.log(sum(math.exp(z) for z in row)) - row[label]
        for row, label in zip(logits, labels, strict=True)
    )
    got = evaluate(Table(logits), examples)
    assert got["loss"] == pytest.approx(by_hand / 3, rel=1e-6)
    assert got["accuracy"] == pytest.approx(2 / 3)


def test_batches_only_change_the_rounding(splits, monkeypatch):
    model = MLP(in_shape=splits.in_shape, classes=10, init_std=None)
    whole = evaluate(model, splits.test)
    module = import_module("dropout_study.training.evaluate")  # its function hides it as attribute
    monkeypatch.setattr(module, "EVALUATION_BATCH", 7)
    parts = evaluate(model, splits.test)
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-6)
    assert parts["accuracy"] == whole["accuracy"]


def test_dropout_is_off_and_no_gradient_is_kept(splits):
    model = MLP(in_shape=splits.in_shape, classes=10, dropout1=0.9, dropout2=0.9, init_std=None)
    assert evaluate(model.train(), splits.test) == evaluate(model.train(), splits.test)
    assert all(p.grad is None for p in model.parameters())


def test_bytes_are_scaled_to_one_like_torchvisions_and_floats_copied():
    pixels = torch.arange(256, dtype=torch.uint8)
    assert scaled(pixels).dtype == torch.float32
    assert torch.equal(scaled(pixels), torch.arange(256) / 255)
    floats = torch.tensor([0.1, -3.0])
    copy = scaled(floats)
    assert torch.equal(copy, floats)
    copy.zero_()  # as a model may do
    assert floats[0] == 0.1
