"""Asking and telling: numbers, the total, what is run again, what is not trained twice."""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState as OptunaState

from dropout_study.search.asktell import AskTell
from dropout_study.search.attrs import RESTARTS_ATTR
from dropout_study.search.internals import close_connections
from dropout_study.search.lease import OWNER_ATTR, Lease
from dropout_study.search.storage.journal import open_journal
from dropout_study.search.storage.open import open_storage
from dropout_study.trial import TrialState

Open = Callable[..., AskTell]


@pytest.fixture(params=["journal", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def opened(request, tmp_path: Path) -> Iterator[Open]:
    """Opens the study as a further process does: nothing is shared but the storage."""

    urls = {
        "journal": None,
        "sqlite": f"sqlite:///{tmp_path}/study.db",
        "postgres": os.environ.get("DROPOUT_STUDY_POSTGRES"),
    }
    url = urls[request.param]
    name = f"{request.node.name} {os.getpid()}"  # a server keeps the studies of other runs

    storages = []

    def open_study(n_trials: int = 3, choices: int = 1000) -> AskTell:
        storages.append(open_storage(url, tmp_path / "journal.log"))
        study = optuna.create_study(
            storage=storages[-1],
            study_name=name,
            sampler=optuna.samplers.RandomSampler(0),
            pruner=optuna.pruners.NopPruner(),
            load_if_exists=True,
        )

        def suggest(trial: optuna.Trial) -> list[str]:
            trial.suggest_int("x", 0, choices - 1)
            return ["x"]

        lock = tmp_path / "lock"
        return AskTell(study, n_trials=n_trials, suggest=suggest, lease=Lease(study), lock=lock)

    yield open_study
    for storage in storages:
        close_connections(storage)


def die(asktell: AskTell) -> None:
    asktell._lease.end()


def states(asktell: AskTell) -> list[str]:
    return [trial.state.name for trial in asktell.study.get_trials()]


def test_a_study_ends_at_its_total(opened: Open):
    asktell = opened(n_trials=2)
    assert [asktell.ask().number, asktell.ask().number] == [0, 1]  # type: ignore[union-attr]
    assert asktell.ask() is None
    asktell.tell(0, TrialState.COMPLETE, [1.0])
    asktell.tell(1, TrialState.FAIL)
    assert asktell.ask() is None
    assert opened(n_trials=2).ask() is None
    assert opened(n_trials=3).ask().number == 2  # type: ignore[union-attr]


def test_several_processes_share_the_numbers_and_end_together(opened: Open):
    processes = [opened(n_trials=7) for _ in range(3)]
    numbers = []
    while asked := [found for process in processes if (found := process.ask())]:
        numbers += [found.number for found in asked]
    assert numbers == list(range(7))


def test_one_too_many_waits_for_a_larger_total(opened: Open, monkeypatch):
    first, second = opened(n_trials=1), opened(n_trials=1)
    monkeypatch.setattr(second.study, "get_trials", lambda **_: [])  # it has looked before
    first.ask()
    assert second.ask() is None
    assert states(first) == ["RUNNING", "WAITING"]
    assert opened(n_trials=2).ask().number == 1  # type: ignore[union-attr]


def test_a_trial_of_a_dead_process_runs_again_first_with_its_number_and_parameters(opened: Open):
    dead = opened()
    before = dead.ask()
    assert before is not None
    dead.report(0, 0.5, 1)
    die(dead)
    asktell = opened()
    assert asktell.queue.requeue_orphans() == [0]
    again = asktell.ask()
    assert again is not None
    assert (again.number, again.params) == (before.number, before.params)
    assert again.restarts == 0
    assert asktell.ask().number == 1  # type: ignore[union-attr]


def test_a_released_trial_runs_again_with_its_parameters_and_restarts(opened: Open):
    asktell = opened()
    before = asktell.ask()
    assert before is not None
    asktell.release(0, restarts=1)
    again = opened().ask()
    assert again is not None
    assert (again.number, again.params, again.restarts) == (0, before.params, 1)


def test_an_orphan_is_queued_once_however_many_find_it(opened: Open):
    dead = opened()
    dead.ask()
    die(dead)
    first, second = opened(), opened()
    found = second._lease.orphans()
    assert first.queue.requeue_orphans() == [0]
    assert first.ask().number == 0  # type: ignore[union-attr]
    assert [trial.number for trial in found] == [0]
    assert second.queue.requeue_orphans() == []
    assert states(second) == ["RUNNING"]


def test_a_trial_that_is_taken_again_has_no_dead_owner_for_a_moment(opened: Open):
    dead, watcher = opened(), opened()
    dead.ask()
    die(dead)
    watcher.queue.requeue_orphans()
    taken = opened()
    taken.study.ask()  # and it is not marked yet
    assert watcher.study.get_trials()[0].user_attrs[OWNER_ATTR] is None
    assert watcher.queue.requeue_orphans() == []


def test_what_a_trial_reports_as_it_runs_again_replaces_what_it_reported_before(opened: Open):
    dead = opened()
    dead.ask()
    for step in (1, 2, 3):
        dead.report(0, 0.5, step)
    die(dead)
    asktell = opened()
    asktell.queue.requeue_orphans()
    asktell.ask()
    asktell.report(0, 0.5, 1)
    asktell.report(0, 0.7, 2)
    assert asktell.study.get_trials()[0].intermediate_values == {1: 0.5, 2: 0.7, 3: 0.5}


def test_of_a_step_reported_twice_the_first_report_counts(opened: Open):
    asktell = opened()
    asktell.ask()
    asktell.report(0, 0.5, 1)
    asktell.report(0, 0.9, 1)
    assert asktell.study.get_trials()[0].intermediate_values == {1: 0.5}


def test_a_point_that_was_trained_is_a_twin_and_a_failed_one_is_not(opened: Open):
    asktell = opened(n_trials=3, choices=1)
    asktell.ask()
    asktell.tell(0, TrialState.FAIL)
    second = asktell.ask()
    assert second is not None
    assert second.twin is None
    asktell.tell(1, TrialState.COMPLETE, [0.5])
    third = opened(n_trials=3, choices=1).ask()
    assert third is not None
    assert third.twin is not None
    assert third.twin.number == 1


def taken_over(opened: Open) -> tuple[AskTell, AskTell]:
    """Returns a process that was silent for long, and the one that has begun its trial 0 again."""
    silent = opened()
    silent.ask()
    die(silent)
    other = opened()
    other.queue.requeue_orphans()
    other.ask()
    return silent, other


def test_a_trial_that_another_has_taken_over_is_not_told_twice(opened: Open, caplog):
    silent, other = taken_over(opened)
    other.tell(0, TrialState.COMPLETE, [1.0])
    assert silent.tell(0, TrialState.COMPLETE, [2.0]).value == 1.0
    assert "trial 0 has been taken over by another process" in caplog.text


def test_one_that_was_silent_for_long_gives_up_what_another_runs(opened: Open, monkeypatch):
    silent, other = taken_over(opened)
    assert silent.is_ours(0)  # it need not ask as long as it has told that it lives
    monkeypatch.setattr(silent._lease, "lapsed", True)
    assert not silent.is_ours(0)
    silent.release(0)
    assert other.is_ours(0)
    assert other.tell(0, TrialState.COMPLETE, [1.0]).value == 1.0


def test_a_report_on_a_trial_that_another_has_ended_ends_it_here(opened: Open):
    silent, other = taken_over(opened)
    other.tell(0, TrialState.COMPLETE, [1.0])
    assert not silent.report(0, 2.0, 1)
    assert not silent.is_ours(0)
    silent.set_attrs(0, {"text": "late"})
    assert silent.tell(0, TrialState.COMPLETE, [2.0]).value == 1.0


def test_a_pruned_trials_value_is_its_last_report(opened: Open):
    asktell = opened()
    asktell.ask()
    asktell.report(0, 0.25, 1)
    assert asktell.tell(0, TrialState.PRUNED).value == 0.25
    asktell.ask()
    assert asktell.tell(1, TrialState.PRUNED).value is None


def test_attributes_are_the_trials(opened: Open):
    asktell = opened()
    asktell.ask()
    asktell.set_attrs(0, {"seconds": 2.0})
    if hasattr(optuna.Trial, "set_constraint"):  # Optuna 5
        asktell.set_constraints(0, {"seconds <= 1": 1.0})
    told = asktell.tell(0, TrialState.COMPLETE, [0.5])
    assert told.user_attrs["seconds"] == 2.0
    assert RESTARTS_ATTR not in told.user_attrs
    assert told.state == OptunaState.COMPLETE


def test_a_journal_and_its_lease_survive_reopening(tmp_path: Path):
    study = optuna.create_study(storage=open_journal(tmp_path / "j.log"), study_name="s")
    lease = Lease(study)
    trial = study.ask()
    lease.mark(trial)
    again = optuna.load_study(storage=open_journal(tmp_path / "j.log"), study_name="s")
    assert again.trials[0].user_attrs[OWNER_ATTR] == lease.process.key


@pytest.mark.filterwarnings("ignore:All-NaN slice")  # Optuna's median of NaN alone
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize(
    "pruner",
    [optuna.pruners.MedianPruner(n_startup_trials=2), optuna.pruners.ThresholdPruner(upper=2)],
)
def test_a_report_that_is_not_finite_is_judged_as_optuna_judges_it(opened: Open, pruner, value):
    plain = optuna.create_study(direction="minimize", pruner=pruner)
    asktell = opened(n_trials=4)
    asktell._pruner = pruner
    for reported in (0.1, 0.2):
        trial = plain.ask()
        trial.report(reported, 1)
        plain.tell(trial, reported)
        asked = asktell.ask()
        assert asked
        asktell.report(asked.number, reported, 1)
        asktell.tell(asked.number, TrialState.COMPLETE, [reported])
    trial = plain.ask()
    trial.report(value, 1)
    asked = asktell.ask()
    assert asked
    assert asktell.report(asked.number, value, 1) != trial.should_prune()
