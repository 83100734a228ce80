import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from hydra.core.utils import JobReturn, JobStatus

from dropout_study.errors import DivergedError, TrialPruned
from dropout_study.sweeper.outcome import objective_names, outcome_of
from dropout_study.trial import TrialState

BOTH = ("accuracy", "size")


def ended(returned: object) -> JobReturn:
    failed = isinstance(returned, BaseException)
    status = JobStatus.FAILED if failed else JobStatus.COMPLETED
    return JobReturn(status=status, _return_value=returned)


class LikeATensor:
    """What torch's tensors are to the sweeper, which does not import torch."""

    def __init__(self, *values: float) -> None:
        self.values = values

    def item(self) -> float:
        if len(self.values) != 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self.values[0]

    def tolist(self) -> list[float]:
        return list(self.values)


QUARTERS = (
    *(0.25, np.float32(0.25), np.float64(0.25), np.array(0.25), np.array([[0.25]])),
    *(Decimal("0.25"), Fraction(1, 4), LikeATensor(0.25), torch.tensor(0.25), torch.tensor([0.25])),
    torch.tensor(0.25, requires_grad=True),
)


@pytest.mark.parametrize("number", QUARTERS, ids=lambda number: type(number).__name__)
def test_whatever_float_takes_is_a_number(number):
    for returned in (number, [number], (number,), {"value": number, "note": "a"}):
        outcome = outcome_of(ended(returned))
        assert (outcome.state, outcome.value) == (TrialState.COMPLETE, 0.25), outcome.error
        assert outcome.metrics == ({"value": 0.25, "note": "a"} if outcome.metrics else {})
    assert outcome_of(ended(TrialPruned({"value": number}))).value == 0.25


def test_a_plain_integer_stays_one_in_the_metrics():
    metrics = outcome_of(ended({"value": np.int64(3), "n": torch.tensor(2)})).metrics
    assert {name: type(number) for name, number in metrics.items()} == {"value": int, "n": int}


def test_an_integer_that_no_float_holds_is_no_number():
    outcome = outcome_of(ended(10**400))
    assert outcome.state is TrialState.FAIL
    assert "must return a number for hydra.sweeper.objective=value, got ..." in outcome.error


def test_a_metric_that_no_table_holds_is_left_out():
    returned = {"value": 1.0, "logits": torch.zeros(3), "made": lambda: 0, "tags": ["a"]}
    assert outcome_of(ended(returned)).metrics == {"value": 1.0, "tags": ["a"]}


@pytest.mark.parametrize("returned", [np.array([0.5, 3]), torch.tensor([0.5, 3])])
def test_an_array_gives_several_objectives(returned):
    assert outcome_of(ended(returned), BOTH).values == (0.5, 3.0)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("returned", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_ends_a_trial_as_optuna_ends_it(returned, direction):
    study = optuna.create_study(direction=direction)
    study.optimize(lambda _: returned, n_trials=1)
    outcome = outcome_of(ended(returned))
    assert outcome.state.name == study.trials[0].state.name
    assert list(outcome.values) == (study.trials[0].values or [])


@pytest.mark.parametrize("returned", [{"size": 3, "accuracy": 0.5, "seconds": 9}, (0.5, 3)])
def test_several_objectives_keep_their_order_and_have_no_single_value(returned):
    outcome = outcome_of(ended(returned), BOTH)

    assert (outcome.values, outcome.value) == ((0.5, 3.0), None)
    assert {"accuracy": 0.5, "size": 3}.items() <= outcome.metrics.items()


@pytest.mark.parametrize(
    ("objective", "direction", "names"),
    [
        ("value", "maximize", ("value",)),
        ("acc", ["minimize"], ("acc",)),
        ("value", ["maximize", "minimize"], ("value_0", "value_1")),
        (["accuracy", "size"], ["maximize", "minimize"], BOTH),
    ],
)
def test_every_objective_has_a_name(objective, direction, names):
    assert objective_names(objective, direction) == names


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "2 numbers for hydra.sweeper.objective=[accuracy,size], got None"),
        ((1, 2, 3), "2 numbers for hydra.sweeper.objective=[accuracy,size], got (1, 2, 3)"),
        ({"accuracy": 1.0}, "hydra.sweeper.objective=[accuracy,size]: the dict that the task"),
        ({"accuracy": 1.0}, "returned has no `size`, it has accuracy"),
        ({"accuracy": float("nan"), "size": 1}, "the value of `accuracy`, got nan"),
        ({"accuracy": True, "size": 1}, "the value of `accuracy`, got True"),
        ({"accuracy": np.zeros(2), "size": 1}, "the value of `accuracy`, got array([0., 0.])"),
        ("0.5", "got '0.5'"),
    ],
)
def test_a_task_that_returns_something_else_fails_and_is_told_why(returned, said):
    outcome = outcome_of(ended(returned), BOTH)

    assert (outcome.state, outcome.values) == (TrialState.FAIL, ())
    assert said in outcome.error


@pytest.mark.parametrize("returned", [None, "good", (), (1, 2), {}, {"loss": 1}, True, 1j])
def test_the_line_names_the_setting_and_what_came(returned):
    error = outcome_of(ended(returned)).error
    assert "hydra.sweeper.objective=value" in error
    came = ", ".join(returned) or "nothing" if isinstance(returned, dict) else repr(returned)
    assert error.endswith(came)


def test_what_was_returned_instead_is_told_in_one_short_line():
    error = outcome_of(ended("a\nlong text " * 500)).error

    assert len(error) < 300
    assert "\n" not in error


class TrialPrunedAtLast(TrialPruned):
    """Somebody's own."""


@pytest.mark.parametrize("kind", [TrialPruned, TrialPrunedAtLast])
def test_a_pruned_trial_keeps_what_it_has_measured(kind):
    outcome = outcome_of(ended(kind({"value": 0.5, "epochs_run": 3})))

    assert (outcome.state, outcome.value, outcome.error) == (TrialState.PRUNED, 0.5, "")
    assert outcome.metrics == {"value": 0.5, "epochs_run": 3}


def test_optunas_own_pruning_is_one_too():
    outcome = outcome_of(ended(optuna.TrialPruned("enough")))

    assert (outcome.state, outcome.values, outcome.metrics) == (TrialState.PRUNED, (), {})


@pytest.mark.parametrize("metrics", [{}, {"value": float("nan")}, {"value": None}])
def test_a_trial_pruned_before_its_first_report_has_no_value(metrics):
    assert outcome_of(ended(TrialPruned(metrics))).values == ()


def test_pruning_survives_the_way_from_a_worker():
    sent: Any = pickle.loads(pickle.dumps(TrialPruned({"value": 0.5})))

    assert sent.metrics == {"value": 0.5}


def test_a_mistake_is_told_plainly_and_a_crash_with_its_kind():
    assert outcome_of(ended(DivergedError("loss not finite"))).error == "loss not finite"
    assert outcome_of(ended(RuntimeError("out\nof it"))).error == "RuntimeError: out of it"
