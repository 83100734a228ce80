"""Networks whose outputs are no logits, or that cannot take a minibatch of one, are refused."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from trials import prepare_trial

from dropout_study.data import Splits, synthetic
from dropout_study.task.first_logits import check_first_logits

BATCH = 32


class Net(nn.Module):
    """A linear network of ``outputs`` whose logits ``change`` makes something else of."""

    def __init__(self, change: Callable[[Tensor], Any], outputs: int = 10) -> None:
        super().__init__()
        self.linear = nn.Linear(64, outputs)
        self.change = change

    def forward(self, images: Tensor) -> Any:
        return self.change(self.linear(images.flatten(1)))


def frozen() -> nn.Module:
    return Net(lambda x: x).requires_grad_(requires_grad=False)


def normalised(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*copy.deepcopy(layers), nn.Flatten(), nn.LazyLinear(10))


FEATURES = (nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8))
MAPS = (nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))

REFUSED = {
    "tuple": (Net(lambda x: (x, x)), "got tuple of 2; return the logits alone"),
    "dict": (Net(lambda x: {"logits": x, "loss": 0}), "got dict with 'logits', 'loss'; return"),
    "None": (Net(lambda _: None), "got NoneType; return the logits alone"),
    "[B]": (Net(lambda x: x[:, 0]), "got [2] of float32 for 2 images and 10 classes"),
    "[K]": (Net(lambda x: x.mean(dim=0)), "got [10] of float32"),
    "[K, B]": (Net(lambda x: x.T), "got [10, 2] of float32"),
    "[B, K, 1]": (Net(lambda x: x.unsqueeze(2)), "got [2, 10, 1] of float32"),
    "classes": (Net(lambda x: x.argmax(dim=1)), "got [2] of int64"),
    "whole numbers": (Net(lambda x: x.long()), "got [2, 10] of int64"),
    "too few": (Net(lambda x: x, 9), "got K = 9 for data of 10 classes"),
    "one output": (Net(lambda x: x, 1), "got K = 1 for data of 10 classes"),
    "NaN": (Net(lambda x: x * math.nan), "first outputs are NaN or infinite"),
    "infinite": (Net(lambda x: x / 0), "first outputs are NaN or infinite"),
    "detached": (Net(lambda x: x.detach()), "depend on no trainable parameter"),
    "frozen": (frozen(), "depend on no trainable parameter"),
    "other inputs": (nn.Sequential(nn.Flatten(), nn.Linear(63, 10)), "cannot take images [2, 1, 8"),
    "half": (Net(lambda x: x).half(), "of torch.float32: RuntimeError"),
    "raising": (Net(lambda x: x.no_such_method()), "AttributeError"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_outputs_that_are_no_logits_are_refused(
    told: Callable[..., str], splits: Splits, kind: str
) -> None:
    model, says = REFUSED[kind]
    assert says in told(check_first_logits, model, splits, BATCH)


@pytest.mark.parametrize("count", [33, 65, 1])
@pytest.mark.parametrize("layers", [FEATURES, (*MAPS, nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4))])
def test_a_normalisation_over_the_batch_refuses_a_last_minibatch_of_one(
    told: Callable[..., str], count: int, layers: tuple[nn.Module, ...]
) -> None:
    splits = synthetic(n_train=count)

    line = told(check_first_logits, normalised(*layers), splits, BATCH)

    assert f"the last minibatch of {count} training examples has one example" in line
    assert "change trainer.batch_size, data.train_size or data.val_size by one" in line


def test_a_batch_size_of_one_is_refused_too(told: Callable[..., str], splits: Splits) -> None:
    line = told(check_first_logits, normalised(*FEATURES), splits, 1)
    assert "with `trainer.batch_size=1`" in line


@pytest.mark.parametrize(
    ("count", "layers"), [(32, FEATURES), (34, FEATURES), (33, MAPS), (33, FEATURES[:2])]
)
def test_what_can_be_trained_is_not_refused(count: int, layers: tuple[nn.Module, ...]) -> None:
    check_first_logits(normalised(*layers), synthetic(n_train=count), BATCH)


def test_a_network_that_drops_the_axis_of_a_batch_of_one_is_refused(
    told: Callable[..., str],
) -> None:
    line = told(check_first_logits, Net(torch.squeeze), synthetic(n_train=33), BATCH)
    assert "got [10] of float32 for 1 images" in line


def test_more_outputs_than_classes_are_said(
    splits: Splits, caplog: pytest.LogCaptureFixture
) -> None:
    check_first_logits(Net(lambda x: x, 12), splits, BATCH)
    assert "the network has 12 outputs for 10 classes" in caplog.text


class Counting(nn.Module):
    """Draws, counts its calls, and cannot be copied if ``fixed``."""

    def __init__(self, *, fixed: bool) -> None:
        super().__init__()
        self.net = normalised(*FEATURES, nn.Dropout(0.5))
        self.net(torch.zeros(2, 1, 8, 8))
        self.calls = 0
        self.fixed = fixed

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        return self.net(images + torch.rand(()))

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Module:
        if self.fixed:
            raise RuntimeError("no copies")
        twin = Counting(fixed=False)
        twin.load_state_dict(self.state_dict())
        return twin


@pytest.mark.parametrize("fixed", [False, True])
def test_the_check_leaves_the_network_and_the_generators_alone(
    splits: Splits, *, fixed: bool
) -> None:
    model = Counting(fixed=fixed)
    model.net[0].eval()
    modes = [module.training for module in model.modules()]
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    before = torch.get_rng_state()

    check_first_logits(model, splits, BATCH)

    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert model.calls == (1 if fixed else 0)


def test_a_trial_is_refused_before_it_trains(
    compose_config: Callable[..., Any], told: Callable[..., str]
) -> None:
    config = compose_config(
        *("data=synthetic", "trainer.device=cpu", "model.classes=4"),
    )
    assert "got K = 4 for data of 10 classes" in told(prepare_trial, config)
