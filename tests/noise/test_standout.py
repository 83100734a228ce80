"""Standout: a unit's own input decides how likely it is dropped."""

import math

import pytest
import torch
from noise_draws import draws_for
from torch import nn

from dropout_study.models import MLP
from dropout_study.noise import Standout

D, H = 6, 5


def placed(layer: Standout) -> Standout:
    torch.manual_seed(3)
    layer.place([nn.Linear(D, H), nn.ReLU()], nn.Linear(H, 2))
    return layer


def run(layer: Standout, x: torch.Tensor) -> torch.Tensor:
    """The output in training mode, for the same draws each time."""
    given = draws_for(layer, x)
    return layer.disturbed(x, given, layer.dense, layer.activation, *layer.numbers())


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_units_are_kept_by_the_sigmoid_of_their_input(p: float) -> None:
    layer, x = placed(Standout(p, alpha=2.0)), torch.randn(1, D).expand(40_000, D)
    inputs = layer.dense(x[0])
    kept = torch.sigmoid(2 * inputs + math.log((1 - p) / p))
    mean = run(layer, x).mean(dim=0)
    torch.testing.assert_close(mean, kept * inputs.relu(), atol=0.02, rtol=0)
    torch.testing.assert_close(layer.eval()(x[:1])[0], kept * inputs.relu())
    variance = kept * (1 - kept) * inputs.relu().square()
    torch.testing.assert_close(run(layer, x).var(dim=0), variance, atol=0.02, rtol=0)


def test_with_alpha_0_all_units_have_the_rate() -> None:
    layer, x = placed(Standout(0.3, alpha=0.0)), torch.randn(20_000, D)
    active = layer.dense(x) > 0
    assert (run(layer, x)[active] == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)


def test_no_gradient_goes_through_the_probability() -> None:
    layer, x = placed(Standout(0.4)), torch.randn(8, D)
    run(layer, x).sum().backward()
    passed = (run(layer, x) > 0).float()
    torch.testing.assert_close(layer.dense.weight.grad, passed.T @ x)
    torch.testing.assert_close(layer.dense.bias.grad, passed.sum(dim=0))


def test_a_higher_rate_keeps_a_subset() -> None:
    x = torch.randn(500, D)
    few, many = (run(placed(Standout(p)), x) != 0 for p in (0.2, 0.6))
    assert (many <= few).all()


def test_the_limits() -> None:
    layer, x = placed(Standout(0.0)), torch.randn(4, D)
    clean = layer.dense(x).relu()
    for output in (layer(x), run(layer, x), layer.eval()(x)):
        assert torch.equal(output, clean)
    assert placed(Standout(0.9999))(x).isfinite().all()


def test_what_cannot_be_used_is_refused(told) -> None:
    assert "must be in [0, 1)" in told(Standout, 1.0)
    assert "`noise.alpha`" in told(Standout, 0.5, alpha=-1.0)
    facts = {"in_shape": (1, 4, 4), "classes": 3, "noise": Standout}
    assert "Standout needs a dense layer" in told(MLP, **facts, input_dropout=0.1)
