"""Small data and members of every kind; no network, no files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from dropout_study.data import Examples, Splits, make_splits
from dropout_study.models import MLP, DeepMLP, LeNet, SoftmaxRegression
from dropout_study.randomness import draw_key
from dropout_study.training import TrainSettings, train_single
from dropout_study.training.population import Member
from dropout_study.trial import EpochMetrics


class Users(nn.Module):
    """A module as a user might write it: embedding, layer norm, a skip, two inputs to a head."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.level = nn.Embedding(4, 8)
        self.mix = nn.Linear(144 * 8, 24)
        self.norm = nn.LayerNorm(24)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(24, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = (images.flatten(1) * 3.99).long()
        h = torch.relu(self.norm(self.mix(self.level(tokens).flatten(1))))
        return self.head(h + self.drop(h))


class Normed(nn.Module):
    """Has running statistics."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(144, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(dropout)
        )
        self.head = nn.Linear(16, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(images))


class Branching(nn.Module):
    """Its control flow depends on the data."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.first = nn.Linear(144, 16)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(16, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        h = self.first(images.flatten(1))
        if h.mean() > 0:
            h = h * 1.5
        return self.head(self.drop(torch.relu(h)))


class GlobalNoise(nn.Module):
    """Draws from torch's global generator."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.rate = dropout
        self.first = nn.Linear(144, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.first(images.flatten(1)))
        return self.head(nn.functional.dropout(h, self.rate, self.training))


DATA = {"in_shape": (1, 12, 12), "classes": 4}

MODELS: dict[str, Callable[[float], nn.Module]] = {
    "mlp": lambda p: MLP(hidden1=16, hidden2=12, dropout1=p, dropout2=0.4, init_std=0.1, **DATA),
    "mlp_input": lambda p: MLP(
        hidden1=16, hidden2=12, input_dropout=p, dropout1=0.1, init_std=0.1, **DATA
    ),
    "mlp_deep": lambda p: DeepMLP(widths=(16, 12, 8), dropout=p, **DATA),
    "lenet": lambda p: LeNet(dropout1=p, dropout2=0.4, **DATA),
    "linear": lambda _: SoftmaxRegression(**DATA),
    "users": Users,
    "normed": Normed,
    "branching": Branching,
    "global_noise": GlobalNoise,
}

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.2),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.05, momentum=0.9, weight_decay=1e-3),
    "nesterov": lambda params: torch.optim.SGD(params, lr=0.05, momentum=0.8, nesterov=True),
    "adam": lambda params: torch.optim.Adam(params, lr=3e-3, betas=(0.8, 0.99), weight_decay=1e-3),
    "adamw": lambda params: torch.optim.AdamW(params, lr=3e-3, weight_decay=0.05),
    "rmsprop": lambda params: torch.optim.RMSprop(params, lr=1e-3, alpha=0.9, eps=1e-6),
    "rmsprop_momentum": lambda params: torch.optim.RMSprop(
        params, lr=1e-3, momentum=0.5, weight_decay=1e-3
    ),
    "adagrad": lambda params: torch.optim.Adagrad(params, lr=0.02),
}


@dataclass(frozen=True)
class Recipe:
    """What a member is made of; ``member()`` makes a new one with the same initial weights."""

    id: int = 0
    model: str = "mlp"
    optimizer: str = "sgd"
    dropout: float = 0.3
    lr: float | None = None
    epochs: int = 3
    seed: int = 0
    batch_size: int = 48
    bfloat16: bool = False

    def member(self) -> Member:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(draw_key(self.seed, "init"))
            model = MODELS[self.model](self.dropout)
        optimizer = OPTIMIZERS[self.optimizer](model.parameters())
        if self.lr is not None:
            optimizer.param_groups[0]["lr"] = self.lr
        settings = TrainSettings(self.epochs, self.batch_size, self.bfloat16, self.seed)
        return Member(self.id, model, optimizer, settings)

    def alone(self, splits: Splits) -> list[EpochMetrics]:
        if self not in _alone:
            member = self.member()
            _alone[self] = train_single(member.model, member.optimizer, splits, member.settings)
        return _alone[self]


_alone: dict[Recipe, list[EpochMetrics]] = {}
"""The reference curves that tests have asked for; all are of the same data."""


def _examples(count: int, seed: int) -> Examples:
    """Four classes that a network can nearly tell apart: a bright quarter under noise."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 4
    images = torch.randint(0, 200, (count, 1, 12, 12), generator=generator)
    for label in range(4):
        row, column = divmod(label, 2)
        part = images[labels == label]
        part[:, :, 6 * row : 6 * row + 6, 6 * column : 6 * column + 6] += 40
        images[labels == label] = part
    return Examples(images.clamp(max=255).to(torch.uint8), labels)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors this small are done sooner on one thread; plans make their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def splits() -> Splits:
    """700 training (a last, smaller minibatch), 300 validation and 1,000 test images."""
    return make_splits(_examples(1000, 0), _examples(1000, 1), classes=4, val_size=300)


@pytest.fixture(scope="session")
def recipe() -> type[Recipe]:
    return Recipe


def _assert_same_curve(got: list[EpochMetrics], want: list[EpochMetrics]) -> None:
    assert [row.epoch for row in got] == [row.epoch for row in want]
    for row, alone in zip(got, want, strict=True):
        for part in ("train", "val", "test"):
            loss, accuracy = getattr(row, f"{part}_loss"), getattr(row, f"{part}_accuracy")
            assert loss == pytest.approx(getattr(alone, f"{part}_loss"), rel=1e-4)
            assert abs(accuracy - getattr(alone, f"{part}_accuracy")) <= 2.001 / 1000


@pytest.fixture(scope="session")
def assert_same_curve() -> Callable[[list[EpochMetrics], list[EpochMetrics]], None]:
    """Loss to 1e-4 relative, accuracy within 2 images of 1,000, at every epoch."""
    return _assert_same_curve
