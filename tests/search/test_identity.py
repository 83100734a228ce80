"""A study that is resumed is the same study, or the difference is told."""

import math
from typing import Any

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.search import identity as identity_module
from dropout_study.search.identity import (
    Identity,
    await_identity,
    check_identity,
    describe,
    record_identity,
)

SPACE: dict[str, BaseDistribution] = {
    "dropout": FloatDistribution(0.0, 0.5),
    "lr": FloatDistribution(1e-4, 1e-1, log=True),
    "layers": IntDistribution(1, 3),
    "model": CategoricalDistribution(["mlp", "lenet"]),
}
FACTS: dict[str, Any] = {"data": {"name": "mini", "val_size": 500}, "trainer": {"seed": 0}}


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study(study_name="s")


def check(study, space=SPACE, facts=FACTS, *, extend=False) -> None:
    check_identity(study, Identity.of(space, facts), extend=extend)
    record_identity(study, Identity.of(space, facts))


def test_the_same_again_is_accepted(study):
    check(study)
    check(study)


@pytest.mark.parametrize(
    ("facts", "difference"),
    [
        ({**FACTS, "trainer": {"seed": 1}}, "`trainer.seed` was 0, is now 1"),
        (
            {**FACTS, "data": {"name": "other", "val_size": 500}},
            "`data.name` was mini, is now other",
        ),
        ({"trainer": {"seed": 0}}, "`data.val_size` was 500, is now -"),
        ({**FACTS, "new": True}, "`new` was -, is now True"),
        ({**FACTS, "trainer": {"seed": None}}, "`trainer.seed` was 0, is now None"),
    ],
)
def test_another_fact_is_refused_with_the_difference_and_the_ways_out(
    study, told, facts, difference
):
    check(study)
    for extend in (False, True):
        message = told(check, study, SPACE, facts, extend=extend)
        assert "study `s` was begun with other settings: " in message
        assert difference in message
        assert "hydra.sweeper.study_name=NAME, use the old settings" in message
        assert "on_change=extend accepts changed numeric ranges and nothing else" in message


@pytest.mark.parametrize(
    ("key", "distribution", "difference"),
    [
        ("dropout", FloatDistribution(0.0, 0.9), "was interval(0, 0.5), is now interval(0, 0.9)"),
        ("layers", IntDistribution(1, 9), "was int(interval(1, 3)), is now int(interval(1, 9))"),
        (
            "lr",
            FloatDistribution(1e-5, 1e-1, log=True),
            "was tag(log, interval(0.0001, 0.1)), is now tag(log, interval(1e-05, 0.1))",
        ),
    ],
)
def test_a_changed_range_is_refused_or_accepted_by_extend(
    study, told, key, distribution, difference
):
    check(study)
    message = told(check, study, {**SPACE, key: distribution})
    assert f"`{key}` {difference}" in message
    assert "accept the new ranges with hydra.sweeper.on_change=extend" in message
    check(study, {**SPACE, key: distribution}, extend=True)
    check(study, {**SPACE, key: distribution})  # it is the study's now
    told(check, study)


@pytest.mark.parametrize(
    ("key", "distribution"),
    [
        ("dropout", FloatDistribution(0.0, 0.5, step=0.1)),
        ("lr", FloatDistribution(1e-4, 1e-1)),
        ("layers", FloatDistribution(1, 3)),
        ("model", CategoricalDistribution(["mlp"])),
        ("new", IntDistribution(0, 1)),
    ],
)
def test_what_is_no_range_cannot_be_extended(study, told, key, distribution):
    check(study)
    message = told(check, study, {**SPACE, key: distribution}, extend=True)
    assert f"`{key}` was" in message
    assert "accepts changed numeric ranges and nothing else" in message


def test_a_refusal_changes_nothing(study, told):
    check(study)
    told(check, study, {}, extend=True)
    check(study)


def test_what_may_change_counts_no_more(study, told):
    check(study)
    changed = {"data": {"name": "other"}, "trainer": {"seed": 0}}
    now = Identity.of(SPACE, {"trainer": {"seed": 0}})
    check_identity(study, now, extend=False, may_change=["data"])
    assert "`data.name` was mini" in told(check, study, facts=changed)


def test_of_many_changes_the_first_are_told(study, told):
    check(study, facts={f"key{i}": 0 for i in range(9)})
    message = told(check, study, facts={f"key{i}": 1 for i in range(9)})
    assert "`key5` was 0, is now 1; and 3 more; give this sweep another name" in message


@pytest.mark.parametrize("value", [math.nan, math.inf, None, [1, 2], {}, (1, 2), object])
def test_any_fact_equals_itself(study, value):
    check(study, facts={"fact": value})
    check(study, facts={"fact": value})


def test_true_is_not_one(study, told):
    check(study, facts={"fact": True})
    assert "`fact` was True, is now 1" in told(check, study, SPACE, {"fact": 1})


def test_a_distribution_is_told_as_a_search_space_writes_it():
    assert describe(CategoricalDistribution(["a", 1, None])) == "choice(a, 1, None)"
    assert describe(IntDistribution(0, 8, step=2)) == "range(0, 10, 2)"
    assert describe(FloatDistribution(0, 0.5, step=0.1)) == "range(0, 0.6, 0.1)"


def test_who_joins_a_study_at_its_beginning_waits_until_its_identity_is_known(study, monkeypatch):
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            check(study)

    study.enqueue_trial({"dropout": 0.1})
    monkeypatch.setattr(identity_module.time, "sleep", look)
    await_identity(study)
    assert len(looks) == 3
    check(study)


def test_a_study_of_another_program_is_not_waited_for(study, monkeypatch):
    monkeypatch.setattr(identity_module.time, "sleep", lambda _: pytest.fail("it waits"))
    study.ask()
    await_identity(study)
