"""The rates that a network's own layers have."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from dropout_study.models import MLP, DeepMLP, SoftmaxRegression
from dropout_study.task.rates import OTHER, noise_rates

SHAPE = (1, 4, 4)


class Functional(nn.Module):
    """Dropout that is no layer."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.dense = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(dropout(x.flatten(1), self.p, self.training))


class Recurrent(nn.Module):
    """An LSTM with dropout between its layers."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 5, num_layers=2, dropout=p, batch_first=True)
        self.dense = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.lstm(x.squeeze(1))[0][:, -1])


class Demanding(nn.Module):
    """A network that takes no images of zeros."""

    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("no zeros")


def layers(*noise: nn.Module) -> nn.Module:
    """A network in which the noise gets inputs of both signs: RReLU changes negative ones alone."""
    first = nn.Conv2d(1, 2, 1, bias=False)
    first.weight = nn.Parameter(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
    return nn.Sequential(first, *noise, nn.Flatten(), nn.Linear(32, 3))


@pytest.mark.parametrize(
    ("model", "rates"),
    [
        (MLP(in_shape=SHAPE, classes=3), {"1": 0.0, "4": 0.2, "7": 0.5}),
        (DeepMLP(in_shape=SHAPE, classes=3, widths=[4, 4], dropout=0.3), {"3": 0.3, "6": 0.3}),
        (SoftmaxRegression(in_shape=SHAPE, classes=3), {}),
        (layers(nn.Dropout2d(0.25), nn.BatchNorm2d(2)), {"1": 0.25}),
        (layers(nn.AlphaDropout(0.1)), {"1": 0.1}),
        (layers(nn.RReLU()), {OTHER: None}),
        (Functional(0.0), {}),
        (Functional(0.3), {OTHER: None}),
        (Recurrent(0.4), {"lstm": 0.4}),
        (Recurrent(0.0), {}),
        (Demanding(), {OTHER: None}),
    ],
)
def test_rates_are_those_of_the_layers(model: nn.Module, rates: dict[str, float | None]) -> None:
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    before = torch.get_rng_state()

    assert noise_rates(model, SHAPE) == rates

    assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
