"""Members of every kind, as recipes; import it as a module of its own name."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from dropout_study.data import Splits
from dropout_study.models import MLP, DeepMLP, LeNet, SoftmaxRegression
from dropout_study.randomness import draw_key
from dropout_study.training import TrainSettings, train_single
from dropout_study.training.population import Member
from dropout_study.trial import Metrics


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


class Shared(nn.Module):
    """One dropout layer, under two names, called three times on two shapes."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.body = nn.Sequential(nn.Linear(144, 24), nn.ReLU(), self.drop, nn.Linear(24, 24))
        self.head = nn.Linear(24, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.body(self.drop(images.flatten(1))))
        return self.head(self.drop(h))


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
    "shared": Shared,
    "normed": Normed,
    "branching": Branching,
    "global_noise": GlobalNoise,
}

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.2),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.05, momentum=0.9, weight_decay=1e-3),
    "nesterov": lambda params: torch.optim.SGD(params, lr=0.05, momentum=0.8, nesterov=True),
    "adam": lambda params: torch.optim.Adam(params, lr=3e-3, betas=(0.8, 0.99), weight_decay=1e-3),
    "adam_betas": lambda params: torch.optim.Adam(params, lr=1e-3, betas=(0.0, 0.9), eps=1e-4),
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
    max_norm: float | None = None
    label_smoothing: float = 0.0
    r_drop: float = 0.0

    def member(self) -> Member:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(draw_key(self.seed, "init"))
            model = MODELS[self.model](self.dropout)
        optimizer = OPTIMIZERS[self.optimizer](model.parameters())
        if self.lr is not None:
            optimizer.param_groups[0]["lr"] = self.lr
        settings = TrainSettings(
            self.epochs,
            self.batch_size,
            self.bfloat16,
            self.seed,
            max_norm=self.max_norm,
            label_smoothing=self.label_smoothing,
            r_drop=self.r_drop,
        )
        return Member(self.id, model, optimizer, settings)

    def alone(self, splits: Splits) -> list[Metrics]:
        if self not in _alone:
            member = self.member()
            _alone[self] = train_single(member.model, member.optimizer, splits, member.settings)
        return _alone[self]


_alone: dict[Recipe, list[Metrics]] = {}
"""The reference curves that tests have asked for; all are of the same data."""
