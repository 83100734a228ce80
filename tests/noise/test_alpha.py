"""Alpha dropout keeps mean 0 and variance 1."""

import pytest
import torch
from noise_draws import disturbed, draws_for
from torch import nn

from dropout_study.models import MLP
from dropout_study.noise import AlphaDropout
from dropout_study.noise.alpha import LOWEST

DATA = {"in_shape": (1, 4, 4), "classes": 3}


@pytest.mark.parametrize("p", [0.05, 0.3, 0.8])
class TestFormula:
    def test_mean_and_variance_are_kept(self, p: float) -> None:
        y = disturbed(AlphaDropout(p), torch.randn(400_000))
        assert y.mean().item() == pytest.approx(0, abs=0.01)
        assert y.var().item() == pytest.approx(1, abs=0.02)

    def test_dropped_units_are_selus_lowest_value_shifted_and_scaled(self, p: float) -> None:
        layer, x = AlphaDropout(p), torch.randn(10_000)
        q = 1 - p
        a = (q + LOWEST**2 * q * p) ** -0.5
        b = -a * p * LOWEST
        kept = draws_for(layer, x) / 2**16 + 0.5 >= p
        want = torch.where(kept, a * x + b, torch.tensor(a * LOWEST + b))
        torch.testing.assert_close(disturbed(layer, x), want, rtol=1e-3, atol=1e-4)

    def test_the_gradient_is_that_of_the_formula(self, p: float) -> None:
        layer, x = AlphaDropout(p), torch.randn(50, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x: disturbed(layer, x), (x,))

    def test_evaluation_changes_nothing(self, p: float) -> None:
        x = torch.randn(9)
        assert AlphaDropout(p).eval()(x) is x


def test_lowest_is_what_selu_comes_near_to() -> None:
    assert nn.functional.selu(torch.tensor(-100.0)).item() == pytest.approx(LOWEST)


def test_rate_0_is_the_identity_and_one_near_1_stays_finite() -> None:
    x = torch.randn(1000)
    assert AlphaDropout(0.0)(x) is x
    assert AlphaDropout(0.9999)(x).isfinite().all()


def test_units_that_are_not_selus_are_refused(told) -> None:
    assert "needs SELU units, got ReLU" in told(MLP, **DATA, noise=AlphaDropout)
    model = MLP(**DATA, noise=AlphaDropout, activation="selu", init_std="lecun")
    assert sum(isinstance(layer, AlphaDropout) for layer in model) == 3


def test_a_selu_network_keeps_variance_1_over_layers() -> None:
    model = MLP(
        in_shape=(1, 16, 16), classes=3, noise=AlphaDropout, activation="selu", init_std="lecun"
    )
    x = torch.randn(2000, 1, 16, 16)
    for layer in list(model)[:-1]:
        x = layer(x)
    assert x.mean().item() == pytest.approx(0, abs=0.15)
    assert x.var().item() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("p", [1.0, -0.1, float("nan")])
def test_a_rate_out_of_range_is_refused(p: float, told) -> None:
    assert "must be in [0, 1)" in told(AlphaDropout, p)
