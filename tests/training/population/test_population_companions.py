"""Max-norm, label smoothing and R-Drop in a population: the curves of the same trials alone."""

import logging

import pytest
import torch

from dropout_study.training.max_norm import hidden_weights
from dropout_study.training.population import Plan, train_population
from dropout_study.training.population.dense import _cross_entropy
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.traits import signature_of

PLANS = {"modules": Plan(by_hand=False, vmap=False), "dense": Plan(), "vmap": Plan(by_hand=False)}
ON = {
    "max_norm": [{"max_norm": 0.6}, {"max_norm": 0.9}, {}],
    "label_smoothing": [{"label_smoothing": 0.1}, {"label_smoothing": 0.3}, {}],
    "r_drop": [{"r_drop": 0.5}, {"r_drop": 2.0}, {}],
    "all": [{"max_norm": 0.6, "label_smoothing": 0.1, "r_drop": 1.0}, {"max_norm": 0.6}],
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("companion", ON)
@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_a_member_has_its_own_curve(
    companion, plan, model, splits, recipe, assert_same_curve, caplog
):
    recipes = [recipe(i, model, epochs=2, **given) for i, given in enumerate(ON[companion])]
    results = train_population([r.member() for r in recipes], splits, plan=PLANS[plan])
    for each in recipes:
        assert_same_curve(results[each.id].history, each.alone(splits))
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_a_companion_changes_the_curve(splits, recipe):
    plain = recipe(epochs=2).alone(splits)[-1]["train_loss"]
    for companion in ("max_norm", "label_smoothing", "r_drop"):
        for given in ON[companion][:2]:
            assert recipe(epochs=2, **given).alone(splits)[-1]["train_loss"] != plain


def test_members_of_one_companion_are_stacked_and_r_drop_says_why_not(splits, recipe, caplog):
    def kinds(*given):
        members = [recipe(i, **each).member() for i, each in enumerate(given)]
        return {signature_of(MemberState(m, splits.train.labels.device)) for m in members}

    assert len(kinds({"max_norm": 0.6}, {"max_norm": 2.0})) == 1
    assert len(kinds({"label_smoothing": 0.1}, {"label_smoothing": 0.2})) == 1
    assert len(kinds({"max_norm": 0.6}, {}, {"label_smoothing": 0.2}, {"r_drop": 1.0})) == 4

    with caplog.at_level(logging.INFO):
        members = [recipe(i, epochs=1, r_drop=1.0 + i).member() for i in range(2)]
        train_population(members, splits, plan=Plan())
        train_population(
            [recipe(i, epochs=1, max_norm=0.6 + i).member() for i in range(2)], splits, plan=Plan()
        )
    told = [r.getMessage() for r in caplog.records if "one by one" in r.getMessage()]
    assert told == [
        "trials 0, 1: trained one by one: R-Drop makes two passes, which have no stacked form"
    ]


@pytest.mark.parametrize("plan", PLANS)
def test_in_a_stack_the_norms_are_bounded_too(plan, splits, recipe):
    members = [recipe(i, epochs=1, max_norm=bound).member() for i, bound in enumerate((0.2, 0.3))]
    train_population(members, splits, plan=PLANS[plan])
    for member, bound in zip(members, (0.2, 0.3), strict=True):
        for weight in hidden_weights(member.model).values():
            assert weight.norm(dim=1).max().item() == pytest.approx(bound, rel=1e-4)


def test_the_gradient_by_hand_is_autograds():
    torch.manual_seed(0)
    logits = torch.randn(2, 5, 4, requires_grad=True)
    labels = torch.randint(0, 4, (2, 5))
    smoothing = torch.tensor([0.1, 0.4])
    losses, delta = _cross_entropy(logits.detach(), labels, smoothing)
    for member in range(2):
        loss = torch.nn.functional.cross_entropy(
            logits[member], labels[member], label_smoothing=smoothing[member].item()
        )
        torch.testing.assert_close(losses[member], loss.detach())
        (grad,) = torch.autograd.grad(loss, logits)
        torch.testing.assert_close(delta[member], grad[member])
