"""A member's curve is the curve of the same trial trained alone."""

import logging

import pytest

from dropout_study.training import train_single
from dropout_study.training.population import Plan, train_population
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.traits import signature_of

PLANS = {
    "cpu": Plan(bucket_size=2, threads=2, vmap=False),
    "modules": Plan(threads=2, by_hand=False, vmap=False),
    "stacked": Plan(),
    "vmapped": Plan(by_hand=False),
}
MODELS = ["mlp", "mlp_input", "mlp_deep", "lenet", "linear", "users", "shared"]
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "rmsprop_momentum"]
NOT_STACKED = ["normed", "branching", "global_noise"]


@pytest.fixture(autouse=True)
def _no_stack_fell_apart(caplog):
    """A stack that raises is trained one by one, rightly so; then it would not be tested here."""
    yield
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def _check(recipes, splits, plan, assert_same_curve):
    results = train_population([each.member() for each in recipes], splits, plan=plan)
    for each in recipes:
        assert results[each.id].error is None
        assert_same_curve(results[each.id].history, each.alone(splits))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("model", MODELS + NOT_STACKED)
def test_every_model(model, plan, splits, recipe, assert_same_curve):
    recipes = [recipe(0, model, dropout=0.0), recipe(1, model, dropout=0.6, lr=0.1)]
    _check(recipes, splits, PLANS[plan], assert_same_curve)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "adagrad"])
def test_every_optimizer(optimizer, plan, splits, recipe, assert_same_curve):
    recipes = [recipe(0, optimizer=optimizer), recipe(1, optimizer=optimizer, lr=2e-3)]
    _check(recipes, splits, PLANS[plan], assert_same_curve)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(
    "optimizers", [("sgd", "momentum"), ("rmsprop", "rmsprop_momentum"), ("adam", "adam_betas")]
)
def test_numbers_differ_within_a_stack(optimizers, plan, splits, recipe, assert_same_curve):
    """Momentum and weight decay on and off, other betas, epochs and seeds, side by side."""
    recipes = [
        recipe(i, optimizer=optimizers[i % 2], epochs=2 + i // 2, seed=i // 2) for i in range(4)
    ]
    _check(recipes, splits, PLANS[plan], assert_same_curve)
    states = [MemberState(each.member(), splits.train.labels.device) for each in recipes]
    assert len({signature_of(state) for state in states}) == 1


@pytest.mark.parametrize("plan", PLANS)
def test_neighbours_of_all_kinds(plan, splits, recipe, assert_same_curve):
    recipes = [
        recipe(0),
        recipe(1, dropout=0.0, seed=3, epochs=1),
        recipe(2, "lenet", "adam", lr=1e-3, epochs=2),
        recipe(3, "normed"),
        recipe(4, "mlp_deep", "adamw", batch_size=100),
        recipe(5, dropout=0.7, epochs=2),
        recipe(6, "global_noise"),
    ]
    _check(recipes, splits, PLANS[plan], assert_same_curve)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("optimizer", ["nesterov", "adamw"])
def test_whenever_it_joins(plan, optimizer, splits, recipe, assert_same_curve):
    first = [recipe(0, optimizer=optimizer, epochs=1), recipe(1, optimizer=optimizer, epochs=5)]
    later = [recipe(2, optimizer=optimizer, dropout=0.1), recipe(3, optimizer=optimizer, seed=1)]
    waiting = list(later)

    def refill(count):
        return [waiting.pop(0).member() for _ in range(min(count, len(waiting)))]

    results = train_population(
        [each.member() for each in first], splits, refill=refill, plan=PLANS[plan]
    )
    assert list(results) == [0, 2, 1, 3]
    for each in first + later:
        assert_same_curve(results[each.id].history, each.alone(splits))


@pytest.mark.parametrize("plan", PLANS)
def test_bfloat16_is_near_the_reference(plan, splits, recipe):
    recipes = [recipe(0, bfloat16=True), recipe(1, dropout=0.0, bfloat16=True)]
    results = train_population([each.member() for each in recipes], splits, plan=PLANS[plan])
    for each in recipes:
        got, want = results[each.id].history[-1], each.alone(splits)[-1]
        assert got["train_loss"] == pytest.approx(want["train_loss"], rel=0.02)
        assert got["test_accuracy"] == pytest.approx(want["test_accuracy"], abs=0.02)


def test_weights_and_optimizer_state_end_in_the_member(splits, recipe):
    together, alone = recipe(optimizer="adam").member(), recipe(optimizer="adam").member()
    train_population([together], splits, plan=Plan())
    train_single(alone.model, alone.optimizer, splits, alone.settings)
    for got, want in zip(together.model.parameters(), alone.model.parameters(), strict=True):
        assert got.detach().allclose(want.detach(), atol=1e-5)
        for name, state in alone.optimizer.state[want].items():
            assert together.optimizer.state[got][name].allclose(state, atol=1e-5), name
