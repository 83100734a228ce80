"""Three-valued noise: its values and how often they come."""

import pytest
import torch
from noise_draws import draws_for

from dropout_study.noise import ThreeValuedNoise


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_units_are_dropped_halved_or_kept(p: float) -> None:
    layer = ThreeValuedNoise(p)
    factor = layer.factor(draws_for(layer, torch.empty(400_000)), *layer.numbers())
    values, counts = factor.unique(return_counts=True)
    q = 2 * p / (1 + p)
    assert values.tolist() == pytest.approx([0, 0.5 / (1 - q), 1 / (1 - q)], rel=1e-3)
    shares = (counts / len(factor)).tolist()
    assert shares == pytest.approx([q * q, 2 * q * (1 - q), (1 - q) ** 2], abs=0.004)


def test_a_higher_rate_leaves_no_unit_more() -> None:
    few, many = ThreeValuedNoise(0.3), ThreeValuedNoise(0.6)
    given = draws_for(few, torch.empty(10_000))
    left = [layer.factor(given, *layer.numbers()) * (1 - layer.p) for layer in (few, many)]
    assert (left[1] <= left[0] * 1.7 + 1e-6).all()
    assert ((left[0] == 0) <= (left[1] == 0)).all()
