"""Pause and promote, against sequences that were worked out by hand from the paper's algorithm."""

import math
from collections.abc import Mapping
from pathlib import Path

import optuna
import pytest
from halving import begin, end, run, train

from dropout_study.errors import UserError
from dropout_study.search.asktell import AskTell
from dropout_study.search.attrs import DUPLICATE_ATTR
from dropout_study.search.internals import close_connections, storage_of
from dropout_study.search.paused import as_pruned, for_sampler, state_of
from dropout_study.search.pruners.promotion import PauseAndPromotePruner
from dropout_study.trial import TrialState

SCORES = {0: 0.5, 1: 0.7, 2: 0.6, 3: 0.8, 4: 0.1, 5: 0.2, 6: 0.9}
TWO = {"min_resource": 1, "reduction_factor": 2}


def states(asktell) -> list[str]:
    return [str(state_of(trial)) for trial in asktell.study.get_trials()]


def at_once(asktell: AskTell, scores: Mapping[int, float]) -> None:
    """Begins all trials before the first one reports; none is continued."""
    for asked in [asktell.ask() for _ in scores]:
        assert asked
        train(asktell, asked, lambda number, _: scores[number], 8)


@pytest.mark.parametrize("sqlite", [False, True], ids=["journal", "sqlite"])
def test_a_sequence_as_published(tmp_path: Path, sqlite: bool):
    url = f"sqlite:///{tmp_path}/study.db" if sqlite else None
    asktell = begin(tmp_path / "j.log", n_trials=7, url=url, **TWO)
    assert run(asktell, SCORES, epochs=6) == [
        "0 pauses at 1",  # floor(1/2) = 0 go on
        "1 pauses at 2",  # the better of two at 1; alone at 2
        "2 pauses at 1",  # one of three goes on: 1 has
        "3 pauses at 4",  # the better of two at 2; alone at 4
        "4 pauses at 1",
        "5 pauses at 1",  # makes six at 1, of which three go on: 3, 1 and now 2
        "2 pauses at 2",
        "6 complete",  # the best everywhere
    ]
    assert states(asktell) == ["PAUSED"] * 6 + ["COMPLETE"]
    assert end(asktell) == [0, 1, 2, 3, 4, 5]
    assert states(asktell) == ["PRUNED"] * 6 + ["COMPLETE"]
    trials = asktell.study.get_trials()
    assert [trial.value for trial in trials[:6]] == [SCORES[number] for number in range(6)]
    assert [trial.last_step for trial in trials] == [1, 2, 2, 4, 1, 1, 6]
    close_connections(storage_of(asktell.study))


def test_the_highest_rung_is_served_first_and_there_the_best(tmp_path: Path):
    asktell = begin(tmp_path / "j.log", n_trials=9, **TWO)
    scores = {0: 0.9, 1: 0.8, 2: 0.7, 3: 0.1, 4: 0.2, 5: 0.3, 6: 0.05, 7: 0.0, 8: 0.0}
    asked = [asktell.ask() for _ in range(4)]  # four workers, whose trials report one by one
    told = [train(asktell, each, lambda n, _: scores[n], 8) for each in asked if each]
    assert told == ["0 pauses at 1", "1 pauses at 1", "2 pauses at 1", "3 pauses at 1"]
    first, second = asktell.ask(), asktell.ask()
    assert first
    assert second
    assert [first.number, second.number, first.promoted_from] == [0, 1, 1]
    assert asktell.ask().number == 4  # type: ignore[union-attr]
    assert train(asktell, second, lambda n, _: scores[n], 8) == "1 pauses at 2"
    assert train(asktell, first, lambda n, _: scores[n], 8) == "0 pauses at 4"


def test_a_study_ends_with_a_complete_trial_however_few_there_are(tmp_path: Path):
    asktell = begin(tmp_path / "j.log", n_trials=3, min_resource=1, reduction_factor=4)
    assert run(asktell, {0: 0.5, 1: 0.7, 2: 0.6}, epochs=6) == [
        *("0 pauses at 1", "1 pauses at 1", "2 pauses at 1"),
        "1 pauses at 4",  # no other will come, so the best one goes on alone
        "1 complete",
    ]
    assert end(asktell) == [0, 2]


@pytest.mark.parametrize("maximize", [True, False])
def test_nan_is_the_worst_and_of_equal_ones_the_older_is_better(maximize: bool):
    study = optuna.create_study(direction="maximize" if maximize else "minimize")
    for value in (math.nan, 0.5, 0.5, math.nan):
        study.ask().report(value, 4)
    pruner = PauseAndPromotePruner(4, 4)
    assert [pruner.prune(study, trial) for trial in study.get_trials()] == [True, False, True, True]


def test_a_trial_that_does_not_report_every_step_is_judged_at_its_first_report_beyond_a_rung():
    study = optuna.create_study(direction="maximize")
    pruner = PauseAndPromotePruner(4, 2)
    first, second = study.ask(), study.ask()
    for step, pauses in ((3, False), (6, True), (7, False), (10, True)):
        first.report(0.5, step)
        assert pruner.prune(study, study.get_trials()[0]) is pauses, step
    for step, pauses in ((5, False), (7, False), (8, False)):
        second.report(0.6, step)
        assert pruner.prune(study, study.get_trials()[1]) is pauses, step


def test_one_that_ignores_its_pause_is_told_so_again(tmp_path: Path):
    asktell = begin(tmp_path / "j.log", n_trials=1, **TWO)
    asktell.ask()
    assert [asktell.report(0, 0.5, step) for step in (1, 2, 3)] == [False] * 3
    asktell.pause(0)
    assert asktell.study.get_trials()[0].user_attrs["paused_at"] == 2


def test_rungs_end_before_the_longest_trial():
    assert PauseAndPromotePruner(3, 3).rungs(100) == [3, 9, 27, 81]
    assert PauseAndPromotePruner(3, 3, max_resource=27).rungs(100) == [3, 9]
    assert PauseAndPromotePruner(3, 3).rungs(2) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"min_resource": 0}, "min_resource` must be a finite number >= 1, got 0"),
        ({"reduction_factor": 1}, "reduction_factor` must be a finite number >= 2, got 1"),
        ({"min_resource": 4, "max_resource": 4}, "max_resource` must be greater than min_resource"),
    ],
)
def test_arguments_out_of_range_are_refused(given, told):
    with pytest.raises(UserError, match=told):
        PauseAndPromotePruner(**given)


def test_a_sampler_sees_a_paused_trial_as_a_pruned_one(tmp_path: Path):
    asktell = begin(tmp_path / "j.log", n_trials=2, budget=2, **TWO)
    run(asktell, {0: 0.5, 1: 0.4}, epochs=4)
    seen = for_sampler(asktell.study)
    pruned = seen.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    assert [(trial.number, trial.value) for trial in pruned] == [(0, 0.5), (1, 0.4)]
    end(asktell)
    assert [trial.value for trial in asktell.study.get_trials()] == [0.5, 0.4]
    assert as_pruned(asktell.study.get_trials()[0]).values == [0.5]


@pytest.mark.parametrize(("budget", "last"), [(5, "2 pruned at 2"), (9, "3 pruned at 2")])
def test_a_budget_ends_the_study_at_its_epochs(tmp_path: Path, budget: int, last: str):
    asktell = begin(tmp_path / "j.log", n_trials=100, budget=budget, **TWO)
    scores = {number: number / 100 for number in range(100)}  # every trial is the best so far
    told = run(asktell, scores, epochs=4)
    assert told[:2] == ["0 pauses at 1", "1 pauses at 2"]
    assert told[-1] == last
    assert asktell.budget.used() == budget
    assert end(asktell) == [0, 1]
    assert begin(tmp_path / "j.log", n_trials=100, budget=budget).ask() is None
    assert begin(tmp_path / "j.log", n_trials=100, budget=budget + 1).ask() is not None


def test_a_trial_that_was_stopped_by_the_budget_and_killed_ends_where_it_was(tmp_path: Path):
    dead = begin(tmp_path / "j.log", n_trials=9, budget=3, min_resource=10)
    dead.ask()
    assert [dead.report(0, 0.5, step) for step in (1, 2, 3)] == [True, True, False]
    dead._lease.end()
    asktell = begin(tmp_path / "j.log", n_trials=9, budget=3, min_resource=10)
    asktell.queue.requeue_orphans()
    assert run(asktell, {0: 0.5}, epochs=8) == ["0 pruned at 3"]


def test_a_larger_total_leaves_pruned_trials_pruned(tmp_path: Path):
    asktell = begin(tmp_path / "j.log", n_trials=2, **TWO)
    run(asktell, SCORES, epochs=2)
    end(asktell)
    asktell = begin(tmp_path / "j.log", n_trials=4, **TWO)
    assert run(asktell, SCORES, epochs=2) == ["2 pauses at 1", "3 complete"]
    assert states(asktell) == ["PRUNED", "COMPLETE", "PAUSED", "COMPLETE"]


def test_a_copy_of_a_paused_trial_counts_neither_at_a_rung_nor_in_the_budget(tmp_path: Path):
    asktell = begin(tmp_path / "j.log", n_trials=4, same=True, **TWO)
    asktell.ask()
    asktell.report(0, 0.5, 1)
    asktell.pause(0)
    for number in (1, 2):
        asked = asktell.ask()
        assert asked
        assert asked.twin
        assert (asked.number, asked.twin.number) == (number, 0)
        asktell.set_attrs(number, {DUPLICATE_ATTR: 0})
        asktell.repeat_report(number, 0.5, 1)
        asktell.tell(number, TrialState.PRUNED)
    new = asktell.ask()
    assert new
    assert new.number == 3, "one of three at the rung would be promoted"
    assert asktell.budget.used() == 1


def test_a_smaller_total_neither_promotes_nor_ends_what_is_beyond_it(tmp_path: Path):
    scores = {0: 0.1, 1: 0.2, 2: 0.9}
    at_once(begin(tmp_path / "j.log", n_trials=3, **TWO), scores)
    asktell = begin(tmp_path / "j.log", n_trials=2, **TWO)
    assert run(asktell, scores, epochs=6) == ["1 pauses at 4", "1 complete"]
    assert end(asktell) == [0]
    assert states(asktell) == ["PRUNED", "COMPLETE", "PAUSED"]


def test_the_paused_trials_of_a_study_that_runs_elsewhere_are_left(tmp_path: Path):
    first = begin(tmp_path / "j.log", n_trials=2, **TWO)
    second = begin(tmp_path / "j.log", n_trials=2, **TWO)
    running = first.ask()
    assert running
    assert run(second, SCORES, epochs=4) == ["1 pauses at 1"]
    assert end(second) == []
    assert train(first, running, lambda *_: 0.9, 4) == "0 pauses at 2"
    assert run(first, SCORES, epochs=4) == ["0 complete"]
    assert end(first) == [1]
    assert end(second) == []


def test_a_promotion_goes_to_one_process(tmp_path: Path):
    first = begin(tmp_path / "j.log", n_trials=3, **TWO)
    second = begin(tmp_path / "j.log", n_trials=3, **TWO)
    at_once(first, {0: 0.9, 1: 0.1, 2: 0.1})
    assert states(first) == ["PAUSED"] * 3
    stale = second.study.get_trials(deepcopy=False)
    asked = begin(tmp_path / "j.log", n_trials=4, **TWO).ask()
    assert asked
    assert second.queue.next(stale) is None
