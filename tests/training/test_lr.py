from functools import partial

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LinearLR, StepLR

from dropout_study.training import TrainSettings, train_single
from dropout_study.training.population import Member, train_population
from dropout_study.training.population.plan import Plan

SCHEDULES = {
    "cosine": (partial(CosineAnnealingLR, T_max=4), [0.1, 0.0853553, 0.05, 0.0146447]),
    "linear": (
        partial(LinearLR, start_factor=1.0, end_factor=0.0, total_iters=4),
        [0.1, 0.075, 0.05, 0.025],
    ),
    "step": (partial(StepLR, step_size=2, gamma=0.1), [0.1, 0.1, 0.01, 0.01]),
    "exponential": (partial(ExponentialLR, gamma=0.5), [0.1, 0.05, 0.025, 0.0125]),
    "constant": (None, [0.1] * 4),
}
PLANS = [Plan(bucket_size=1), Plan(bucket_size=3)]


def member(number: int, kind: type[torch.optim.Optimizer], name: str) -> Member:
    torch.manual_seed(number)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    settings = TrainSettings(epochs=4, batch_size=64, lr_schedule=SCHEDULES[name][0])
    return Member(number, model, kind(model.parameters(), lr=0.1), settings)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_epoch_has_its_rate_and_says_it(splits, name):
    one = member(0, torch.optim.SGD, name)
    history = train_single(one.model, one.optimizer, splits, one.settings)
    assert [row["lr"] for row in history] == pytest.approx(SCHEDULES[name][1], rel=1e-5)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.RMSprop])
@pytest.mark.parametrize("plan", PLANS)
def test_a_member_has_the_rates_and_the_curve_of_the_trial_alone(splits, plan, kind):
    names = ["cosine", "step", "constant"]
    results = train_population([member(i, kind, n) for i, n in enumerate(names)], splits, plan=plan)
    for number, name in enumerate(names):
        one = member(number, kind, name)
        alone = train_single(one.model, one.optimizer, splits, one.settings)
        for got, want in zip(results[number].history, alone, strict=True):
            assert got["lr"] == want["lr"]
            assert got["val_loss"] == pytest.approx(want["val_loss"], rel=1e-3)
