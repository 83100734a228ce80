"""No noise, and no rate."""

import pytest
import torch

from dropout_study.errors import UserError
from dropout_study.noise import ModelNoise, Noise, NoNoise
from dropout_study.noise.known import rates_of


def test_it_is_the_identity_and_its_rate_is_0() -> None:
    model = torch.nn.Sequential(NoNoise(0.7))
    x = torch.randn(5)
    assert model(x) is x
    assert rates_of(model) == {"0": 0.0}


def test_a_schedule_cannot_switch_it_on() -> None:
    noise = ModelNoise(NoNoise(0.5), Noise(0, torch.device("cpu")))
    noise.begin_epoch(1, 2, lambda p, _epoch, _epochs: p / 2)
    with pytest.raises(UserError, match="must be 0 with noise=none"):
        noise.begin_epoch(2, 2, lambda _p, _epoch, _epochs: 0.5)
