"""The mathematics of the schedules: each against its formula."""

import math

import pytest
import torch
from torch import nn

from dropout_study.errors import UserError
from dropout_study.noise import (
    AnnealedSchedule,
    CurriculumSchedule,
    CyclicSchedule,
    EarlySchedule,
    LateSchedule,
    LinearSchedule,
    ModelNoise,
    Noise,
)
from dropout_study.noise.known import rates_of


def rates(schedule, p: float = 0.4, epochs: int = 8) -> list[float]:
    return [pytest.approx(schedule(p, epoch, epochs)) for epoch in range(1, epochs + 1)]


def test_early_is_on_and_then_off():
    assert rates(EarlySchedule(3)) == [0.4] * 3 + [0.0] * 5
    assert rates(EarlySchedule(1, fade=1.0)) == [0.4] + [0.0] * 7
    assert rates(EarlySchedule(8)) == [0.4] * 8


def test_early_may_fall_linearly():
    assert rates(EarlySchedule(4, fade=1.0)) == [0.4, 0.3, 0.2, 0.1, 0, 0, 0, 0]
    assert rates(EarlySchedule(6, fade=0.5)) == [0.4] * 4 + [0.8 / 3, 0.4 / 3, 0, 0]


def test_late_is_off_and_then_on():
    assert rates(LateSchedule(3)) == [0.0] * 3 + [0.4] * 5
    assert rates(LateSchedule(0)) == [0.4] * 8


def test_curriculum_keeps_what_the_paper_says():
    q, gamma = 0.6, 0.7
    keep = [(1 - q) * math.exp(-gamma * t) + q for t in range(8)]
    assert rates(CurriculumSchedule(gamma)) == [1 - each for each in keep]
    assert rates(CurriculumSchedule()) == rates(CurriculumSchedule(10 / 8))
    assert CurriculumSchedule()(0.4, 100, 100) == pytest.approx(0.4, rel=1e-4)


def test_annealed_falls_to_0_and_stays_there():
    assert rates(AnnealedSchedule(4)) == [0.4, 0.3, 0.2, 0.1, 0, 0, 0, 0]
    assert rates(AnnealedSchedule()) == [0.4 * (1 - t / 8) for t in range(8)]


def test_cyclic_is_a_triangle_wave():
    assert rates(CyclicSchedule(4)) == [0, 0.2, 0.4, 0.2, 0, 0.2, 0.4, 0.2]
    assert rates(CyclicSchedule(2, low=0.25)) == [0.1, 0.4] * 4


def test_linear_ends_where_it_should():
    schedule = LinearSchedule(start=1.0, end=0.0)
    assert [schedule(0.4, epoch, 5) for epoch in (1, 3, 5)] == [0.4, 0.2, 0.0]
    assert schedule(0.4, 1, 1) == 0.4


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: LinearSchedule(end=-1), "end"),
        (lambda: EarlySchedule(0), "off_after"),
        (lambda: EarlySchedule(3, fade=1.5), "fade"),
        (lambda: LateSchedule(-1), "on_after"),
        (lambda: CurriculumSchedule(0.0), "gamma"),
        (lambda: AnnealedSchedule(0), "off_after"),
        (lambda: CyclicSchedule(1), "period"),
        (lambda: CyclicSchedule(4, low=2), "low"),
    ],
)
def test_a_number_out_of_range_is_refused(make, key):
    with pytest.raises(UserError, match=f"`{key}` must be"):
        make()


class Torchs(nn.Module):
    """Layers whose noise is torch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout2d(0.4)
        self.recurrent = nn.LSTM(4, 4, num_layers=2, dropout=0.2)
        self.attention = nn.MultiheadAttention(4, 1, dropout=0.2)


def test_torchs_own_noise_follows_a_schedule_and_has_its_rates_again_afterwards() -> None:
    model = Torchs()
    before = {"drop": 0.4, "recurrent": 0.2, "attention": 0.2}

    with ModelNoise(model, Noise(0, torch.device("cpu"))) as layers:
        layers.begin_epoch(3, 3, LinearSchedule(start=1.0, end=0.5))
        assert rates_of(model) == {name: rate / 2 for name, rate in before.items()}

    assert rates_of(model) == before


def test_a_scheduled_rate_that_torchs_own_noise_cannot_have_is_refused() -> None:
    layers = ModelNoise(Torchs(), Noise(0, torch.device("cpu")))
    with pytest.raises(UserError, match=r"the scheduled rate of epoch 2.*must be in"):
        layers.begin_epoch(2, 3, lambda p, *_: 3 * p)
