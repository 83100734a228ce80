"""Concrete dropout: a smooth mask, a penalty, a rate that is learnt."""

import math

import pytest
import torch
from noise_draws import disturbed, draws_for
from torch import nn

from dropout_study.data import Splits
from dropout_study.models import MLP, LeNet
from dropout_study.noise import ConcreteDropout
from dropout_study.noise.known import check_scheduled
from dropout_study.training import TrainSettings, train_single

P = 0.3
FACTS = {"in_shape": (1, 8, 8), "classes": 10, "hidden1": 12, "hidden2": 8}


def placed(p: float = P, **given: float) -> ConcreteDropout:
    layer = ConcreteDropout(p, **given)
    torch.manual_seed(1)
    layer.place([], nn.Linear(6, 4))
    return layer


def test_the_smooth_mask_is_nearly_0_or_1_and_its_mean_nearly_1() -> None:
    y = disturbed(ConcreteDropout(P), torch.ones(200_000)).detach()
    assert y.mean().item() == pytest.approx(1, abs=0.02)
    whole = (y < 0.01) | (y > 0.99 / (1 - P))
    assert whole.float().mean().item() > 0.8
    sharp = disturbed(ConcreteDropout(P, temperature=1e-4), torch.ones(200_000)).detach()
    assert (sharp == 0).float().mean().item() == pytest.approx(P, abs=0.005)
    assert sharp.var().item() == pytest.approx(P / (1 - P), rel=0.03)


def test_the_mask_is_the_papers() -> None:
    layer, x = ConcreteDropout(P, temperature=0.2), torch.randn(500)
    u = draws_for(layer, x).double() + 0.5 / 2**16
    logit = math.log(P / (1 - P)) + torch.log(u) - torch.log(1 - u)
    want = x * (1 - torch.sigmoid(logit / 0.2)) / (1 - P)
    torch.testing.assert_close(disturbed(layer, x).detach(), want.float(), rtol=1e-3, atol=1e-4)


def test_the_gradient_of_the_rate_is_that_of_the_formula() -> None:
    layer, x = ConcreteDropout(P), torch.randn(500)
    disturbed(layer, x).square().sum().backward()
    u = draws_for(layer, x).double() + 0.5 / 2**16
    logit = torch.tensor(P, dtype=torch.float64).logit().requires_grad_()
    lost = torch.sigmoid((logit + torch.log(u) - torch.log(1 - u)) / 0.1)
    (x * (1 - lost) / (1 - torch.sigmoid(logit))).square().sum().backward()
    assert layer.logit.grad.item() == pytest.approx(logit.grad.item(), rel=1e-3)


def test_the_penalty_is_the_papers() -> None:
    layer = placed(length_scale=2.0)
    (following,) = layer._following
    entropy = -P * math.log(P) - (1 - P) * math.log(1 - P)
    size = following.weight.square().sum().item()
    want = (2.0**2 / 2 * size / (1 - P) - 6 * entropy) / 1000
    assert layer.penalty(1000).item() == pytest.approx(want, rel=1e-5)


def test_the_limits() -> None:
    off, x = placed(0.0), torch.randn(5)
    assert off(x) is x
    assert off.penalty(10) is None
    assert list(off.parameters()) == []
    assert placed(0.5).eval()(x) is x
    assert placed(0.9999)(torch.ones(1000)).isfinite().all()


def train(splits: Splits, **given: float) -> tuple[list, MLP]:
    torch.manual_seed(0)
    model = MLP(**FACTS, noise=lambda p: ConcreteDropout(p, **given), init_std=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    return train_single(model, optimizer, splits, TrainSettings(epochs=3, batch_size=64)), model


def test_the_rate_is_learnt_and_stands_in_every_epoch(splits: Splits) -> None:
    history, model = train(splits)
    assert {row["rate_1"] for row in history} == {0.0}  # off
    rates = [row["rate_4"] for row in history]
    assert len({0.2, *rates}) == 4
    assert rates[-1] == model[4].p


def test_the_prior_of_the_weights_pulls_the_rate_down(splits: Splits) -> None:
    weak, strong = (train(splits, length_scale=length)[0][-1]["rate_7"] for length in (0.1, 20.0))
    assert strong < weak


def test_a_schedule_is_refused(told) -> None:
    model = MLP(**FACTS, noise=ConcreteDropout)
    assert "learns its rate, so no schedule" in told(check_scheduled, model)
    check_scheduled(MLP(**FACTS))


def test_what_cannot_be_used_is_refused(told) -> None:
    for p in (1.0, -0.1, math.nan):
        assert "must be in [0, 1)" in told(ConcreteDropout, p)
    assert "`noise.temperature`" in told(ConcreteDropout, 0.5, temperature=0.0)
    assert "`noise.length_scale`" in told(ConcreteDropout, 0.5, length_scale=-1.0)
    line = told(LeNet, in_shape=(1, 16, 16), classes=3, noise=ConcreteDropout, conv_dropout=0.1)
    assert "needs a dense layer behind it" in line
