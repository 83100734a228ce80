import pickle
from typing import Any

import numpy as np
import optuna
import pytest
from hydra.core.utils import JobReturn, JobStatus

from dropout_study.errors import DivergedError, TrialPruned
from dropout_study.sweep.outcome import objective_names, outcome_of
from dropout_study.trial import TrialState

BOTH = ("accuracy", "size")


def ended(returned: object) -> JobReturn:
    failed = isinstance(returned, BaseException)
    status = JobStatus.FAILED if failed else JobStatus.COMPLETED
    return JobReturn(status=status, _return_value=returned)


@pytest.mark.parametrize("returned", [0.25, np.float32(0.25), {"value": 0.25, "note": "a"}, [0.25]])
def test_one_objective_is_a_number_or_an_entry(returned):
    outcome = outcome_of(ended(returned))

    assert (outcome.state, outcome.values, outcome.value) == (TrialState.COMPLETE, (0.25,), 0.25)
    assert outcome.metrics == (returned if isinstance(returned, dict) else {})


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
        (None, "must return a number as its objective `accuracy`, got None"),
        ((1, 2, 3), "got (1, 2, 3)"),
        ({"accuracy": 1.0}, "objective `size`, got None"),
        ({"accuracy": float("nan"), "size": 1}, "objective `accuracy` must be finite, got nan"),
        ({"accuracy": True, "size": 1}, "objective `accuracy`, got True"),
        ("0.5", "got '0.5'"),
    ],
)
def test_a_task_that_returns_something_else_fails_and_is_told_why(returned, said):
    outcome = outcome_of(ended(returned), BOTH)

    assert (outcome.state, outcome.values) == (TrialState.FAIL, ())
    assert said in outcome.error


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
