"""Members leave and fail on their own; nobody else notices."""

import logging

import pytest
import torch
from torch import nn

from dropout_study.errors import DivergedError, UserError
from dropout_study.training.population import Plan, plan_for, train_population
from dropout_study.training.population.dense import DenseNetwork
from dropout_study.training.population.memory import count_that_fits
from dropout_study.training.population.networks import VmappedNetwork

CPU = torch.device("cpu")
ALL = [
    Plan(bucket_size=2, threads=2, vmap=False),
    Plan(threads=2, by_hand=False, vmap=False),
    Plan(),
    Plan(by_hand=False),
]


def _weights(member):
    return nn.utils.parameters_to_vector(member.model.parameters()).detach()


@pytest.mark.parametrize("plan", ALL)
def test_a_poisoned_member_changes_no_bit_of_the_others(plan, splits, recipe):
    def weights_beside(lr):
        """An epoch beside a member of that learning rate; then the neighbour is gone."""
        members = [recipe(0, epochs=1).member(), recipe(1, lr=lr, epochs=1).member()]
        results = train_population(members, splits, plan=plan)
        return _weights(members[0]), results

    healthy, _ = weights_beside(0.1)
    poisoned, results = weights_beside(1e30)
    assert torch.equal(healthy, poisoned)
    assert isinstance(results[1].error, DivergedError)
    assert "trial 1: loss not finite at epoch 1" in str(results[1].error)
    assert results[1].history == []
    assert results[0].error is None


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adamw"])
def test_on_a_cpu_no_bit_depends_on_who_else_is_there(optimizer, splits, recipe):
    def trained(*neighbours):
        member = recipe(0, optimizer=optimizer).member()
        others = [each.member() for each in neighbours]
        results = train_population([member, *others], splits, plan=plan_for(CPU, 4))
        return _weights(member), [{**row, "seconds": 0.0} for row in results[0].history]

    others = [
        recipe(1, optimizer=optimizer, lr=1e30),
        recipe(2, optimizer=optimizer, dropout=0.0, epochs=1),
        recipe(3, optimizer=optimizer, epochs=2),
        recipe(4, optimizer=optimizer, seed=5),
    ]
    (weights, history), (beside, history_beside) = trained(), trained(*others)
    assert torch.equal(weights, beside)
    assert history == history_beside


def test_the_callback_stops_members_and_every_leaver_is_told_of_once(splits, recipe):
    told, left = [], []

    def on_epochs(metrics):
        told.append(dict(metrics))
        return [i for i in metrics if i != 1]

    results = train_population(
        [recipe(i, epochs=2 + i).member() for i in range(3)],
        splits,
        on_epochs=on_epochs,
        on_leave=lambda i, result: left.append((i, len(result.history))),
    )
    assert left == [(1, 1), (0, 2), (2, 4)]
    assert [sorted(each) for each in told] == [[0, 1, 2], [0, 2], [2], [2]]
    assert told[0][1] == results[1].history[0]
    assert results[1].error is None


def test_free_capacity_is_filled_and_a_population_may_begin_empty(splits, recipe):
    asked, waiting = [], [recipe(i, epochs=1 + i % 2) for i in range(5)]

    def refill(count):
        asked.append(count)
        return [waiting.pop(0).member() for _ in range(min(count, len(waiting)))]

    results = train_population([], splits, refill=refill, capacity=2)
    assert asked[0] == 2
    assert max(asked) <= 2
    assert sorted(results) == [0, 1, 2, 3, 4]
    assert [len(results[i].history) for i in range(5)] == [1, 2, 1, 2, 1]


class Raising(nn.Sequential):
    """Raises at the fifth minibatch of its training."""

    calls = 0

    def forward(self, images):
        self.calls += self.training
        if self.calls == 5:
            raise RuntimeError("my own bug")
        return super().forward(images)


@pytest.mark.parametrize("plan", ALL)
def test_a_member_that_raises_fails_alone(plan, splits, recipe, assert_same_curve):
    bad = recipe(7).member()
    raising = Raising(nn.Flatten(), nn.Linear(144, 4))
    bad = type(bad)(7, raising, torch.optim.SGD(raising.parameters(), lr=0.1), bad.settings)
    results = train_population([recipe(0).member(), bad], splits, plan=plan)
    assert "my own bug" in str(results[7].error)
    assert_same_curve(results[0].history, recipe(0).alone(splits))


def test_ids_must_differ(splits, recipe):
    with pytest.raises(UserError, match="got 4 twice"):
        train_population([recipe(4).member(), recipe(4).member()], splits)


@pytest.mark.parametrize(
    ("model", "optimizer", "reason"),
    [
        ("normed", "sgd", "BatchNorm1d changes its buffer"),
        ("branching", "sgd", "does not run stacked"),
        ("mlp", "adagrad", "optimizer Adagrad has no stacked form"),
        ("global_noise", "sgd", "draws from torch's global generator"),
    ],
)
def test_one_line_says_why_a_kind_is_not_stacked(model, optimizer, reason, splits, recipe, caplog):
    members = [recipe(i, model, optimizer, epochs=2).member() for i in (11, 12)]
    with caplog.at_level(logging.INFO):
        train_population(members, splits, plan=Plan(by_hand=False))
    messages = [each.getMessage() for each in caplog.records]
    lines = [each for each in messages if each.startswith("trials 11, 12: trained one by one: ")]
    assert len(lines) == 1
    assert reason in lines[0]


@pytest.mark.parametrize("network", [DenseNetwork, VmappedNetwork])
def test_out_of_memory_halves_the_stack(
    network, splits, recipe, assert_same_curve, monkeypatch, caplog
):
    sizes = []
    whole = network.gradients

    def small_memory(self, params, minibatch):
        if len(params[0]) > 2:
            raise torch.cuda.OutOfMemoryError("too much")
        sizes.append(len(params[0]))
        return whole(self, params, minibatch)

    monkeypatch.setattr(network, "gradients", small_memory)
    recipes = [recipe(i, dropout=0.1 * i, epochs=2) for i in range(5)]
    results = train_population(
        [each.member() for each in recipes], splits, plan=Plan(by_hand=network is DenseNetwork)
    )
    for each in recipes:
        assert_same_curve(results[each.id].history, each.alone(splits))
    assert set(sizes) == {1, 2}
    assert len(caplog.records) == 1


def test_out_of_memory_with_one_member_is_its_failure(splits, recipe, monkeypatch):
    def no_memory(*_, **__):
        raise torch.cuda.OutOfMemoryError("too much")

    monkeypatch.setattr("dropout_study.training.population.stack._Stack", no_memory)
    monkeypatch.setattr("dropout_study.training.population.bucket.train_minibatch", no_memory)
    results = train_population([recipe(0).member()], splits, plan=Plan())
    assert isinstance(results[0].error, torch.cuda.OutOfMemoryError)


def test_the_memory_estimate_counts_what_is_shared_once():
    assert count_that_fits(one=300, two=400, free=10_000) == (8500 - 200) // 100
    assert count_that_fits(one=300, two=400, free=0) == 1


def test_the_callers_threads_and_generator_are_left_as_they_were(splits, recipe):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    train_population(
        [recipe(0, "global_noise", epochs=1).member(), recipe(1, epochs=1).member()],
        splits,
        plan=Plan(bucket_size=2, threads=2, vmap=False),
    )
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_an_interrupt_ends_the_training(splits, recipe):
    def interrupted(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_population([recipe(0).member(), recipe(1).member()], splits, on_epochs=interrupted)


def _goes_on(history):
    """A rule that stops about every other trial early, from its own history alone."""
    last = history[-1]
    return last["epoch"] < 2 or last["val_accuracy"] > 0.5


@pytest.mark.parametrize("plan", ALL)
def test_a_sweep_with_pruning_and_refill_equals_one_trial_at_a_time(
    plan, splits, recipe, assert_same_curve
):
    recipes = [
        recipe(i, dropout=0.03 * i, lr=0.02 * 1.2**i, epochs=2 + i % 3, seed=i % 2)
        for i in range(24)
    ]
    waiting = list(recipes)
    histories = {each.id: [] for each in recipes}

    def refill(count):
        return [waiting.pop(0).member() for _ in range(min(count, len(waiting)))]

    def on_epochs(metrics):
        for i, row in metrics.items():
            histories[i].append(row)
        return [i for i in metrics if _goes_on(histories[i])]

    results = train_population(
        [], splits, refill=refill, on_epochs=on_epochs, capacity=6, plan=plan
    )
    lengths = set()
    for each in recipes:
        alone = each.alone(splits)
        length = next((n for n in range(1, len(alone)) if not _goes_on(alone[:n])), len(alone))
        assert_same_curve(results[each.id].history, alone[:length])
        lengths.add(length == each.epochs)
    assert lengths == {True, False}
