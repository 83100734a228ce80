from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from dropout_study.errors import DivergedError
from dropout_study.training import TrainSettings, evaluate, train_single
from dropout_study.training.metrics import (
    DEFAULT_METRICS,
    MeanMetric,
    Meter,
    check_finite,
    epoch_row,
    mean_losses,
)
from dropout_study.training.population import Member, train_population


class TopK(MeanMetric):
    """A metric of a user's own: the share of examples whose class is among the k largest logits."""

    meaning = "share of examples whose class is among the k most probable"

    def __init__(self, k: int = 3) -> None:
        self.k = k

    def sums(self, logits: Tensor, labels: Tensor, losses: Tensor) -> Tensor:
        top = logits.topk(self.k, dim=2).indices
        return (top == labels.unsqueeze(-1)).any(dim=2).sum(dim=1)


METRICS = {**DEFAULT_METRICS, "top3": TopK}
CPU = torch.device("cpu")


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def trained(splits, settings: TrainSettings, seed: int = 0):
    model = network(seed)
    return train_single(
        model, torch.optim.SGD(model.parameters(), lr=0.05), splits, settings, metrics=METRICS
    )


@pytest.mark.parametrize("own_labels", [False, True])
def test_every_member_has_its_own_numbers_over_minibatches_of_any_size(own_labels):
    logits = torch.randn(3, 7, 5)
    labels = torch.randint(5, (3, 7) if own_labels else (7,))
    meter = Meter(DEFAULT_METRICS, 3, CPU)
    for part in (slice(0, 4), slice(4, 7)):
        few = logits[:, part], labels[..., part]
        meter.update(*few, mean_losses(*few))
    for member, got in enumerate(meter.compute()):
        own = labels[member] if own_labels else labels
        loss = nn.functional.cross_entropy(logits[member], own).item()
        right = sum(int(row.argmax()) == int(y) for row, y in zip(logits[member], own, strict=True))
        assert got["loss"] == pytest.approx(loss, rel=1e-6)
        assert got["accuracy"] == right / 7  # to the last bit, as a table shows it


def test_a_metric_of_ones_own_is_measured_on_every_split(splits):
    last = trained(splits, TrainSettings(epochs=2, batch_size=50))[-1]
    assert [name for name in last if name.endswith("top3")] == [
        "train_top3",
        "val_top3",
        "test_top3",
    ]
    assert last["val_accuracy"] < last["val_top3"] <= 1
    nothing = trained(replace(splits, val=None), TrainSettings(epochs=1))[0]
    assert nothing["val_top3"] is None


def test_a_population_measures_the_same(splits):
    settings = TrainSettings(epochs=2, batch_size=50)
    members = []
    for seed in range(3):
        model = network(seed)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        members.append(Member(seed, model, optimizer, settings))
    results = train_population(members, splits, metrics=METRICS)
    for seed in range(3):
        for got, want in zip(results[seed].history, trained(splits, settings, seed), strict=True):
            assert list(got) == list(want)
            assert got["val_top3"] == pytest.approx(want["val_top3"], abs=2.001 / 128)


def test_evaluation_names_its_numbers(splits):
    assert list(evaluate(network(), splits.val, METRICS)) == ["loss", "accuracy", "top3"]


@pytest.mark.parametrize(
    ("split", "where"),
    [("train", ""), ("val", " on the validation data"), ("test", " on the test data")],
)
@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_a_trial_on_whatever_data(split, where, loss):
    scores = {name: {"loss": 0.5} for name in ("train", "val", "test")}
    scores[split] = {"loss": loss}
    row = epoch_row(3, *scores.values(), lr=0.1, rates={}, seconds=1.0)
    with pytest.raises(DivergedError) as caught:
        check_finite(row)
    assert str(caught.value) == f"loss not finite at epoch 3{where}; lower `optimizer.lr`"
    check_finite({**row, f"{split}_loss": 0.5})


class Overflows(nn.Module):
    """Finite in training mode, not finite in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.out(images.flatten(1))
        return logits if self.training else logits * float("nan")


def test_weights_that_only_evaluation_shows_to_be_lost_fail_alone_and_in_a_population(splits, told):
    settings = TrainSettings(epochs=1)

    def member() -> Member:
        model = Overflows()
        return Member(5, model, torch.optim.SGD(model.parameters(), lr=0.01), settings)

    one = member()
    says = "loss not finite at epoch 1 on the validation data; lower `optimizer.lr`"
    assert told(train_single, one.model, one.optimizer, splits, settings) == says
    assert str(train_population([member()], splits)[5].error) == f"trial 5: {says}"
