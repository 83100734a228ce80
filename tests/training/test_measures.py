"""Measurements of a network: each against its formula, and alike wherever it is trained."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout

from dropout_study.data import Splits
from dropout_study.models import MLP
from dropout_study.noise import DropConnect
from dropout_study.paths import measure_names
from dropout_study.training import (
    TrainSettings,
    epoch_order,
    evaluate,
    measures,
    scaled,
    train_single,
)
from dropout_study.training.measures import (
    Activations,
    Gap,
    Gradient,
    Measure,
    Measuring,
    Snapshot,
    WeightDistance,
    check_measures,
)
from dropout_study.training.population import Member, Plan, train_population

ALL = {"activations": Activations, "gap": Gap, "gradient": Gradient, "distance": WeightDistance}


def network(rate: float = 0.5) -> nn.Module:
    torch.manual_seed(0)
    sizes = {"hidden1": 16, "hidden2": 8, "dropout1": rate, "dropout2": rate}
    return MLP(in_shape=(1, 8, 8), classes=10, init_std=None, **sizes)


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1)


def snapshot(model: nn.Module, splits: Splits) -> Snapshot:
    return Snapshot(model.eval(), splits, epoch=1, batch_size=64, seed=0)


def settings(**given: object) -> TrainSettings:
    return replace(TrainSettings(epochs=2, batch_size=64, measures=ALL), **given)


def test_every_file_has_its_class_under_its_name() -> None:
    named = {"".join(map(str.title, name.split("_"))) for name in measure_names()}
    kinds = [kind for kind in vars(measures).values() if isinstance(kind, type)]
    assert named == {k.__name__ for k in kinds if issubclass(k, Measure) and k is not Measure}


def test_activations_are_those_of_a_direct_forward(splits) -> None:
    model = network()
    got = Activations(examples=50).measure(snapshot(model, splits))

    first = next(module for module in model if isinstance(module, nn.Linear))
    hidden = first(scaled(splits.train.images[:50]).flatten(1)).relu()
    name = next(name for name, module in model.named_modules() if isinstance(module, nn.ReLU))
    want = {
        "mean": hidden.mean(),
        "variance": ((hidden - hidden.mean()) ** 2).mean(),
        "sparsity": (hidden <= 0).double().mean(),
    }
    for statistic, value in want.items():
        assert got[f"{statistic}_off_{name}"] == pytest.approx(value.item(), rel=1e-5)
        assert got[f"{statistic}_on_{name}"] == pytest.approx(value.item(), rel=1e-5)  # p before it
    second = [key for key in got if key.startswith("variance_") and not key.endswith(f"_{name}")]
    on, off = (got[key] for key in sorted(second, reverse=True))
    assert on > 1.2 * off  # dropout in front of the layer adds variance


def test_noise_on_weights_has_activations_in_both_modes(splits) -> None:
    torch.manual_seed(0)
    sizes = {"hidden1": 16, "hidden2": 8, "dropout1": 0.5, "dropout2": 0.5}
    model = MLP(in_shape=(1, 8, 8), classes=10, init_std=None, noise=DropConnect, **sizes)
    got = Activations(examples=50).measure(snapshot(model, splits))

    layer = next(each for each in model if isinstance(each, DropConnect) and not each.off)
    hidden = layer(scaled(splits.train.images[:50]).flatten(1))  # evaluation mode: the mean
    name = next(name for name, module in model.named_modules() if module is layer.activation)
    assert got[f"mean_off_{name}"] == pytest.approx(hidden.mean().item(), rel=1e-5)
    assert got[f"variance_on_{name}"] > 1.2 * got[f"variance_off_{name}"]
    assert None not in got.values()


def test_the_gap_is_the_difference_of_two_evaluations(splits) -> None:
    model = network()
    got = Gap().measure(snapshot(model, splits))

    train, val = evaluate(model, splits.train), evaluate(model, splits.val)
    assert got["loss_off"] == pytest.approx(val["loss"] - train["loss"])
    assert got["accuracy_off"] == pytest.approx(train["accuracy"] - val["accuracy"])
    assert got["loss_on"] != got["loss_off"]
    few = Gap(examples=100).measure(snapshot(model, splits))
    places = torch.arange(100) * len(splits.train) // 100
    fewer = evaluate(model, splits.train.take(places))
    assert few["accuracy_off"] == pytest.approx(fewer["accuracy"] - val["accuracy"])
    silent = Gap().measure(snapshot(network(rate=0.0), splits))
    assert silent["loss_on"] == silent["loss_off"]
    assert set(Gap().measure(snapshot(model, replace(splits, val=None))).values()) == {None}


def test_gradients_are_autograds(splits) -> None:
    """Without noise; of one minibatch's norm, and of directions by the definition."""
    model = network(rate=0.0)
    got = Gradient(minibatches=3).measure(snapshot(model, splits))

    def gradient(examples) -> Tensor:
        loss = cross_entropy(model(scaled(examples.images)), examples.labels)
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, model.parameters())])

    order = epoch_order(len(splits.train), 0, 1)
    few = [gradient(splits.train.take(order[64 * i : 64 * (i + 1)])) for i in range(3)]

    def distance(one: Tensor, other: Tensor) -> float:
        return (1 - torch.cosine_similarity(one, other, dim=0).item()) / 2

    pairs = [distance(few[i], few[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert got["norm"] == pytest.approx(sum(g.norm().item() for g in few) / 3, rel=1e-4)
    assert got["variance"] == pytest.approx(sum(pairs) / 3, rel=1e-3)
    whole = gradient(splits.train)
    assert got["error"] == pytest.approx(sum(distance(g, whole) for g in few) / 3, rel=1e-3)


def test_the_distance_is_0_before_training_and_euclidean_after(splits) -> None:
    model = network()
    distance = WeightDistance()
    distance.begin(model)
    assert distance.measure(snapshot(model, splits)) == {"": 0}
    with torch.no_grad():
        first, *_, last = model.parameters()
        first.flatten()[0] += 3
        last.flatten()[0] -= 4
    assert distance.measure(snapshot(model, splits))[""] == pytest.approx(5, rel=1e-6)


def test_measuring_changes_nothing_of_the_training(splits) -> None:
    """Noise from torch's own layers too, and a layer with running statistics."""

    def noisy() -> nn.Module:
        torch.manual_seed(0)
        layers = [nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.AlphaDropout(0.3)]
        return nn.Sequential(nn.Flatten(), *layers, nn.Dropout(0.5), nn.Linear(8, 10))

    histories = []
    for given in ({}, ALL):
        model = noisy()
        histories.append(train_single(model, optimizer(model), splits, settings(measures=given)))
    plain, measured = histories
    assert len(measured[-1]) > len(plain[-1])
    for before, after in zip(plain, measured, strict=True):
        assert {k: after[k] for k in before if k != "seconds"} == {
            k: v for k, v in before.items() if k != "seconds"
        }
    assert all(math.isfinite(value) for value in measured[-1].values())


@pytest.mark.parametrize("by_hand", [True, False])
def test_members_of_a_stack_are_measured_as_they_would_be_alone(splits, by_hand) -> None:
    def member(number: int) -> Member:
        model = network(rate=0.2 + 0.3 * number)
        return Member(number, model, optimizer(model), settings())

    plan = Plan(by_hand=by_hand, vmap=not by_hand)
    results = train_population([member(0), member(1)], splits, plan=plan)
    for number, result in results.items():
        assert result.error is None
        alone = member(int(number))
        history = train_single(alone.model, alone.optimizer, splits, alone.settings)
        for got, want in zip(result.history, history, strict=True):
            assert list(got) == list(want)
            for name in set(want) - {"seconds"}:
                assert got[name] == pytest.approx(want[name], rel=2e-3, abs=0.01), name


class Fails(Measure):
    """Of a user's own."""

    meaning = "nothing"
    cost = "nothing"

    def measure(self, after: Snapshot) -> dict[str, float | None]:
        raise RuntimeError(f"no numbers of {after.epoch}")


def test_a_measure_that_fails_ends_its_member_alone(splits) -> None:
    members = [
        Member(i, model := network(), optimizer(model), settings(measures=given))
        for i, given in enumerate(({"fails": Fails}, {}))
    ]
    results = train_population(members, splits, plan=Plan())
    assert "no numbers of 1" in str(results[0].error)
    assert results[1].error is None
    assert len(results[1].history) == 2


class Functional(nn.Module):
    """Its noise and its activations are no modules."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.head, self.rate = nn.Linear(64, 10), rate

    def forward(self, x: Tensor) -> Tensor:
        return self.head(dropout(x.flatten(1), self.rate, self.training).relu())


@pytest.mark.parametrize(
    ("measure", "model", "says"),
    [
        ("activations", Functional(0.5), "it needs hidden layers with an activation of torch.nn"),
        ("gap", Functional(0.0), "it needs noise that can be switched on and off"),
        ("gap", nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), "it needs noise that can be"),
    ],
)
def test_what_a_network_cannot_give_is_refused(splits, told, measure, model, says) -> None:
    given = settings(measures={measure: ALL[measure]})
    text = told(check_measures, model, splits, given)
    assert text.startswith(f"`trainer.measure` cannot have `{measure}`: {says}")


def test_what_the_data_cannot_give_is_refused(splits, told) -> None:
    one = settings(batch_size=len(splits.train))
    assert "an epoch has only one; use a smaller" in told(check_measures, network(), splits, one)
    nothing = replace(splits, val=None)
    assert "use data.val_size=5000" in told(check_measures, network(), nothing, settings())


def test_functional_noise_has_a_gap(splits) -> None:
    check_measures(Functional(0.5), splits, settings(measures={"gap": Gap}))


def test_a_network_that_cannot_be_copied_is_refused(splits, told) -> None:
    model = network()
    model.lock = (x for x in ())
    given = settings(measures={"distance": WeightDistance})
    assert "cannot have `distance`: the network cannot be copied" in told(
        check_measures, model, splits, given
    )


@pytest.mark.parametrize(
    "make",
    [lambda: Activations(examples=0), lambda: Gap(examples=0), lambda: Gradient(minibatches=1)],
)
def test_arguments_out_of_range_are_refused(told, make) -> None:
    assert "must be at least" in told(make)


def test_without_measures_an_epoch_has_no_other_columns(splits) -> None:
    assert Measuring(network(), TrainSettings()).after(splits, epoch=1) == {}
