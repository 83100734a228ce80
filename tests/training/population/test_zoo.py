"""Any model: in a population as alone, or one line that says why it is trained by itself."""

import logging

import numpy as np
import pytest
import torch
from torch import nn
from zoo import DATA, ZOO, K

from dropout_study.data import Examples, Splits
from dropout_study.models.lazy import initialize_lazy_layers
from dropout_study.noise import LinearSchedule
from dropout_study.training import TrainSettings, train_single
from dropout_study.training.generators import kept_generators, seed_generators
from dropout_study.training.population import Member, MemberResult, Plan, train_population
from dropout_study.training.predict import are_equal, sampled_logits
from dropout_study.trial import Metrics

CPU = torch.device("cpu")
PLANS = {"cpu": Plan(bucket_size=2, threads=2, vmap=False), "stacked": Plan(by_hand=False)}
SETTINGS = TrainSettings(epochs=2, batch_size=20, seed=1)
SCHEDULED = TrainSettings(epochs=2, batch_size=20, seed=1, schedule=LinearSchedule(0.5, 1.5))

ALONE = {
    "lone_noise": "its noise depends on the members beside it",
    "frozen": "stacked, ",
    "frozen_conv": "stacked, ",
    "lazy_normed": "BatchNorm2d changes its buffer",
    "forward_hook": "has hooks",
    "looking_hook": "has hooks",
    "pre_hook": "has hooks",
    "backward_hook": "has hooks",
    "gradient_hook": "has hooks",
    "hooked_dropout": "has hooks",
    "always_on": "global generator",
    "alpha": "global generator",
    "dropout2d": "global generator",
    "functional": "global generator",
    "always_functional": "global generator",
    "numpy": "global generator",
    "counting": "changes its attribute `seen`",
    "remembering": "changes its attribute `latest`",
    **dict.fromkeys(("lstm", "gru", "attention", "weight_norm"), "does not run stacked"),
    "averaging": "changes its buffer `mean`",
    "branching": "does not run stacked",
    "lstm_dropout": "global generator",
    "attention_dropout": "global generator",
    "transformer": "global generator",
    "batch_norm": "BatchNorm1d changes its buffer",
    "instance_norm": "InstanceNorm2d changes its buffer",
    "spectral_norm": "changes its buffer",
    "in_place": "changes the images",
}
"""Why a model is not stacked; all others are, under vmap."""

DENSE_ALONE = {
    "stays_in_evaluation": "stacked, the model draws different noise",
    "noise_in_evaluation": "stacked, the model draws different noise",
}
"""Looks like a dense network, and is none; vmap is right."""


def built(kind: str) -> nn.Module:
    with kept_generators(CPU):
        seed_generators(7)
        model = ZOO[kind]()
        initialize_lazy_layers(model, DATA["in_shape"])
    return model


def member(kind: str, number: int, settings: TrainSettings = SETTINGS) -> Member:
    model = built(kind)
    trained = model.parameters()
    return Member(number, model, torch.optim.SGD(trained, lr=0.02 * (1 + number)), settings)


@pytest.fixture(scope="module")
def small() -> Splits:
    """90 training (the last minibatch is smaller), 40 test images."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(130, *DATA["in_shape"], generator=generator)
    labels = torch.arange(130) % K
    images[torch.arange(130), 0, labels, labels] = 1.0
    return Splits(Examples(images[:90], labels[:90]), None, Examples(images[90:], labels[90:]), K)


def alone(kind: str, number: int, splits: Splits, settings: TrainSettings) -> list[Metrics]:
    one = member(kind, number, settings)
    return train_single(one.model, one.optimizer, splits, settings)


def assert_equal(result: MemberResult, want: list[Metrics]) -> None:
    assert result.error is None
    for got, right in zip(result.history, want, strict=True):
        assert got["train_loss"] == pytest.approx(right["train_loss"], rel=1e-4)
        assert got["test_loss"] == pytest.approx(right["test_loss"], rel=1e-4)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("kind", ZOO)
def test_in_a_population_as_alone(
    kind: str, plan: str, small: Splits, caplog: pytest.LogCaptureFixture
) -> None:
    before = small.train.images.clone()
    with caplog.at_level(logging.INFO):
        members = [member(kind, number) for number in range(2)]
        results = train_population(members, small, plan=PLANS[plan])
    lines = [r.getMessage() for r in caplog.records if "trained one by one" in r.getMessage()]
    for number, result in results.items():
        assert_equal(result, alone(kind, int(number), small, SETTINGS))
    assert torch.equal(small.train.images, before)
    reasons = ALONE if plan == "stacked" else {**ALONE, **DENSE_ALONE}
    if kind == "orthogonal" and torch.__version__.startswith("2.4."):  # cannot stack matrix_exp
        assert all("matrix_exp" in line for line in lines)
    elif plan == "stacked" or lines:
        assert len(lines) == (kind in reasons)
        assert all(reasons[kind] in line for line in lines)
    assert not [r for r in caplog.records if r.levelno > logging.INFO]


@pytest.mark.parametrize("first", ["dense", "gradient_hook"])
def test_kinds_that_look_alike_do_not_share_a_stack(first: str, small: Splits) -> None:
    """One of the two has a hook on a parameter, which a stack would not call."""
    kinds = [first, *({"dense", "gradient_hook"} - {first})]
    ones = {kind: member(kind, 0) for kind in kinds}

    results = train_population(
        [Member(kind, one.model, one.optimizer, one.settings) for kind, one in ones.items()], small
    )

    for kind, result in results.items():
        assert_equal(result, alone(str(kind), 0, small, SETTINGS))


@pytest.mark.parametrize("kind", ["dense", "gaussian", "residual", "alpha", "channel_noise"])
def test_a_schedule_in_a_population_as_alone(kind: str, small: Splits) -> None:
    members = [member(kind, 0, SCHEDULED), member(kind, 1)]
    results = train_population(members, small, plan=Plan())
    assert_equal(results[0], alone(kind, 0, small, SCHEDULED))
    assert_equal(results[1], alone(kind, 1, small, SETTINGS))
    if kind != "alpha":  # which is torch's own layer, and has its own rate
        assert (
            results[0].history[0]["train_loss"] != alone(kind, 0, small, SETTINGS)[0]["train_loss"]
        )


QUIET = {
    *("all_dropped", "doubled", "lstm", "gru", "attention", "stays_in_evaluation"),
    *("instance_norm", "tied", "spectral_norm", "orthogonal", "counting"),
}
"""Models without noise, or whose noise cannot be switched on."""


@pytest.mark.parametrize("kind", ZOO)
def test_monte_carlo_samples_differ_where_there_is_noise(kind: str, small: Splits) -> None:
    model = built(kind)
    states = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    logits = sampled_logits(model, small.test.images[:3], samples=6)
    if kind not in QUIET:
        assert not are_equal(logits)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, states[name]), name
    np.random.seed(3)
    again = sampled_logits(built(kind), small.test.images[:3], samples=6)
    assert torch.equal(again, logits)
