"""The reference loop in bfloat16 learns as it does in float32."""

import pytest
import torch
from torch import nn

from dropout_study.data import Examples, make_splits
from dropout_study.training import TrainSettings, train_single


def test_bfloat16_follows_float32():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(600) % 3
    images = torch.randn(600, 1, 4, 4, generator=generator) + labels.view(-1, 1, 1, 1)
    splits = make_splits(Examples(images, labels), Examples(images, labels), classes=3)
    losses = []
    for bfloat16 in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        settings = TrainSettings(epochs=4, batch_size=50, bfloat16=bfloat16)
        losses.append(
            [row["test_loss"] for row in train_single(model, optimizer, splits, settings)]
        )
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert losses[1][-1] < 0.7 * losses[1][0]
