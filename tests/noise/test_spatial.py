"""Spatial dropout: whole feature maps."""

import pytest
import torch
from noise_draws import disturbed

from dropout_study.noise import Dropout, SpatialDropout

P = 0.3


def test_a_map_is_kept_or_dropped_whole() -> None:
    y = disturbed(SpatialDropout(P), torch.ones(200, 50, 3, 4))
    assert (y == y[:, :, :1, :1]).all()
    assert y.unique().tolist() == pytest.approx([0, 1 / (1 - P)], rel=1e-4)


def test_maps_are_dropped_at_the_rate_and_the_mean_stays() -> None:
    y = disturbed(SpatialDropout(P), torch.ones(4000, 100, 1, 1))
    assert (y == 0).float().mean().item() == pytest.approx(P, abs=0.004)
    assert y.mean().item() == pytest.approx(1, abs=0.006)
    assert y.var().item() == pytest.approx(P / (1 - P), rel=0.05)


def test_on_flat_features_it_is_dropout() -> None:
    x = torch.randn(20, 30)
    assert torch.equal(disturbed(SpatialDropout(P), x), disturbed(Dropout(P), x))


def test_the_gradient_is_the_factor() -> None:
    x = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: disturbed(SpatialDropout(P), x), (x,))


def test_off_and_in_evaluation_it_is_the_identity() -> None:
    x = torch.randn(2, 3, 4, 4)
    assert SpatialDropout(0.0)(x) is x
    assert SpatialDropout(P).eval()(x) is x


def test_near_1_it_stays_finite() -> None:
    assert SpatialDropout(0.9999)(torch.ones(100, 100, 2, 2)).isfinite().all()
