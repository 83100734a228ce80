"""Uniform noise: where its factors are."""

import math

import pytest
import torch
from noise_draws import draws_for

from dropout_study.noise import UniformNoise


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_the_factors_fill_one_plus_minus_w(p: float) -> None:
    layer = UniformNoise(p)
    factor = layer.factor(draws_for(layer, torch.empty(400_000)), *layer.numbers())
    w = math.sqrt(3 * p / (1 - p))
    assert factor.min().item() == pytest.approx(1 - w, abs=1e-3 * w)
    assert factor.max().item() == pytest.approx(1 + w, abs=1e-3 * w)
    negative = (factor < 0).float().mean().item()
    assert negative == pytest.approx(max(0, (w - 1) / (2 * w)), abs=0.005)
