"""Which settings are dropout rates, found by building the network."""

from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.nn.functional import dropout

from dropout_study.confirmation.settable import (
    ImageFacts,
    rate_settings,
    with_book_rates,
    without_dropout,
)

FACTS = ImageFacts((1, 4, 4), 3)


class Own(nn.Sequential):
    """A network with rates under other names, and a choice whose name has "dropout" in it."""

    def __init__(
        self, in_shape: list[int], p: float, dropout_kind: str, more: list[float], slope: float
    ) -> None:
        kinds = {"plain": nn.Dropout, "alpha": nn.AlphaDropout}
        layers = [kinds[dropout_kind](p), *map(nn.Dropout, more)]
        super().__init__(nn.Flatten(), nn.LeakyReLU(slope), *layers, nn.Linear(16, 3))


class Functional(nn.Module):
    """Dropout that is no layer."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.dense = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(dropout(x.flatten(1), self.p, self.training))


OWN = {"p": 0.3, "dropout_kind": "alpha", "more": [0.1, 0.2], "slope": 0.1, "in_shape": None}


def config_of(target: str, **model: Any) -> DictConfig:
    groups = {"optimizer": {"lr": 0.1}, "trainer": {"seed": 0}}
    return OmegaConf.create({"model": {"_target_": target, **model}, **groups})


def own(**model: Any) -> DictConfig:
    return config_of(f"{__name__}.Own", **{**OWN, **model})


def ours(name: str, **model: Any) -> DictConfig:
    shapes = {"in_shape": None, "classes": None}
    return config_of(f"dropout_study.models.{name}", **shapes, **model)


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        (own(), ["model.p", "model.more.0", "model.more.1"]),
        (own(more="${model.list}", list=[0.1]), []),  # Own takes no `list`: it cannot be built
        (ours("DeepMLP", dropout=0.2, widths=[4, 4]), ["model.dropout"]),
        (ours("DeepMLP", dropout=0.2, widths=[4] * 3, profile="first_third"), ["model.dropout"]),
        (
            ours("DeepMLP", dropout=[0.2, 0.3], widths=[4, 4], input_dropout=0.0),
            ["model.dropout.0", "model.dropout.1", "model.input_dropout"],
        ),
        (ours("SoftmaxRegression", init_std=0.01), []),
        (config_of(f"{__name__}.Functional", p=0.3), []),
        (config_of("no.such.Network", p=0.3), []),
    ],
)
def test_rates_are_the_settings_that_layers_follow(config: DictConfig, keys: list[str]) -> None:
    assert rate_settings(config, FACTS) == keys


def test_without_dropout_every_rate_is_zero_and_all_else_as_it_was() -> None:
    changed = without_dropout(own(), FACTS)

    assert changed is not None
    assert changed.model == own(p=0.0, more=[0.0, 0.0]).model


@pytest.mark.parametrize(
    "config",
    [
        config_of(f"{__name__}.Functional", p=0.3),
        ours("SoftmaxRegression", init_std=0.01),
    ],
)
def test_where_no_setting_is_known_to_be_a_rate_nothing_is_changed(config: DictConfig) -> None:
    assert without_dropout(config, FACTS) is None


def test_settings_that_are_named_as_rates_are_believed() -> None:
    changed = without_dropout(config_of(f"{__name__}.Functional", p=0.3), FACTS, ["model.p"])

    assert changed is not None
    assert changed.model.p == 0.0


def test_the_books_rates_are_set_where_the_network_has_the_two() -> None:
    config = ours("MLP", hidden1=4, hidden2=4, dropout1=0.3, dropout2=0.3, input_dropout=0.1)

    changed = with_book_rates(config, FACTS)

    assert changed is not None
    model = changed.model
    assert (model.input_dropout, model.dropout1, model.dropout2) == (0.0, 0.2, 0.5)
    assert with_book_rates(ours("DeepMLP", dropout=0.2, widths=[4, 4]), FACTS) is None
    assert with_book_rates(own(), FACTS) is None
