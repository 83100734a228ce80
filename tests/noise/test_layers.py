"""The mathematics of the noise layers."""

import math

import pytest
import torch

from dropout_study.errors import UserError
from dropout_study.noise import (
    Dropout,
    GaussianNoise,
    ThreeValuedNoise,
    UniformNoise,
    UnitNoise,
)
from dropout_study.noise.source import Kind, draws_of

N = 400_000
LAYERS = [Dropout, GaussianNoise, UniformNoise, ThreeValuedNoise]
CPU = torch.device("cpu")


def draws(kind: Kind) -> torch.Tensor:
    return draws_of(kind, torch.Size([N]), CPU, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
class TestFactor:
    def test_its_mean_is_1_and_its_variance_p_over_1_minus_p(self, layer: type, p: float) -> None:
        noise = layer(p)
        factor = noise.factor(draws(noise.kind), *noise.numbers())
        variance = p / (1 - p)
        assert factor.mean().item() == pytest.approx(1, abs=5 * math.sqrt(variance / N))
        assert factor.var().item() == pytest.approx(variance, rel=0.05)

    def test_the_fast_way_gives_the_same(self, layer: type, p: float) -> None:
        noise = layer(p)
        given = draws(noise.kind)
        want = noise.factor(given, *noise.numbers())
        assert torch.equal(noise.factor_into(torch.empty(N), given, *noise.numbers()), want)

    def test_rates_of_members_are_tensors_that_broadcast(self, layer: type, p: float) -> None:
        noises = [layer(p), layer(0.3)]
        columns = zip(*(noise.numbers() for noise in noises), strict=True)
        numbers = [torch.tensor(column).view(-1, 1) for column in columns]
        given = draws(noises[0].kind)
        together = noises[0].factor(given, *numbers)
        for noise, row in zip(noises, together, strict=True):
            torch.testing.assert_close(row, noise.factor(given, *noise.numbers()))

    def test_the_gradient_is_the_factor(self, layer: type, p: float) -> None:
        noise, given = layer(p), draws("levels")[:20]
        x = torch.randn(20, dtype=torch.float64, requires_grad=True)
        numbers = noise.numbers()
        assert torch.autograd.gradcheck(lambda x: noise.disturb(x, given, *numbers), (x,))

    def test_outside_of_training_here_it_draws_as_torch_does(self, layer: type, p: float) -> None:
        noise: UnitNoise = layer(p)
        x = torch.ones(100)
        torch.manual_seed(0)
        first = noise(x)
        torch.manual_seed(0)
        assert torch.equal(noise(x), first)
        assert not torch.equal(noise(x), first)
        assert noise.eval()(x) is x


@pytest.mark.parametrize("layer", LAYERS)
def test_the_limits_of_the_rate(layer: type) -> None:
    x = torch.randn(1000)
    assert layer(0.0)(x) is x
    noise = layer(0.9999)
    factor = noise.factor(draws(noise.kind), *noise.numbers())
    assert factor.isfinite().all()
    assert factor.mean().item() == pytest.approx(1, abs=5 * math.sqrt(9999 / N))


def test_uniform_draws_are_the_levels() -> None:
    levels, uniform = draws("levels"), draws("uniform")
    assert torch.equal(uniform, levels / 2**16 + 0.5)
    assert 0 <= uniform.min() < uniform.max() < 1


@pytest.mark.parametrize("layer", LAYERS[1:])
@pytest.mark.parametrize("p", [1.0, -0.1, math.nan])
def test_a_rate_of_infinite_variance_is_refused(layer: type, p: float) -> None:
    with pytest.raises(UserError, match=r"must be in \[0, 1\)"):
        layer(p)
