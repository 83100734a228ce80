"""Opens studies on Optuna's storages, and reads facts about them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from dropout_study.search.attrs import ERROR_ATTR
from dropout_study.search.paused import state_of
from dropout_study.search.space import Params
from dropout_study.trial import TrialState

Direction = Literal["maximize", "minimize"]


def create_study(
    storage: BaseStorage,
    name: str,
    directions: Sequence[Direction],
    sampler: BaseSampler,
    pruner: BasePruner,
) -> tuple[optuna.Study, bool]:
    """Creates the study, or opens it if it exists.

    Of several processes that do so at once, on any machines, one creates it.

    Args:
        storage: the storage of the study.
        name: the study's name.
        directions: one for each objective.
        sampler: suggests parameters; like the pruner, it is not stored.
        pruner: decides whether a trial goes on.

    Returns:
        The study, and whether this process has created it.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    given: dict[str, Any] = {"storage": storage, "study_name": name}
    given |= {"sampler": sampler, "pruner": pruner}
    try:
        return optuna.create_study(**given, directions=list(directions)), True
    except DuplicatedStudyError:
        return optuna.load_study(**given), False


def load_for_report(storage: BaseStorage, name: str, pruner: BasePruner) -> optuna.Study:
    """Opens a study to report to one of its trials, which needs no sampler."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.RandomSampler()
    return optuna.load_study(storage=storage, study_name=name, sampler=sampler, pruner=pruner)


def states(study: optuna.Study, n_trials: int) -> Counter[TrialState]:
    """Returns how many of the trials below ``n_trials`` are in which state."""
    trials = study.get_trials(deepcopy=False)[:n_trials]
    return Counter(map(state_of, trials))


def finished(study: optuna.Study, n_trials: int) -> int:
    """Returns how many of the trials below ``n_trials`` have ended, in any state."""
    trials = study.get_trials(deepcopy=False)[:n_trials]
    return sum(trial.state.is_finished() for trial in trials)


def enqueue_new(study: optuna.Study, points: Sequence[Params]) -> None:
    """Enqueues each point once that the study does not have yet."""
    for point in points:
        study.enqueue_trial(dict(point), skip_if_exists=True)


def has_result(study: optuna.Study) -> bool:
    """Returns whether a trial of the study runs, or has ever reported a value."""
    waiting = (optuna.trial.TrialState.WAITING, optuna.trial.TrialState.FAIL)
    trials = study.get_trials(deepcopy=False)
    return any(t.state not in waiting or t.intermediate_values for t in trials)


def best_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the best trial (for several objectives the Pareto front) of the feasible trials.

    Of equal trials the one of the lowest number is the best, as in the table. (A database gives
    any of them.)
    """
    if len(study.directions) > 1:
        return study.best_trials
    try:
        best = study.best_trial
    except ValueError:
        return []
    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    equal = (trial for trial in complete if trial.value == best.value and _is_feasible(trial))
    return [min(equal, key=lambda trial: trial.number, default=best)]


def _is_feasible(trial: FrozenTrial) -> bool:
    return all(violation <= 0 for violation in trial.system_attrs.get("constraints") or ())


def leaders(study: optuna.Study, count: int) -> list[tuple[int, float]]:
    """Returns number and value of the best trials of a single objective, the best first."""
    if not best_trials(study):
        return []
    sign = -1 if study.direction == optuna.study.StudyDirection.MAXIMIZE else 1
    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    found = [(trial.number, trial.values[0]) for trial in complete]
    return sorted(found, key=lambda each: (sign * each[1], each[0]))[:count]


def first_error(study: optuna.Study) -> str:
    """Returns why the first failed trial failed."""
    trials = study.get_trials(deepcopy=False)
    return next((str(t.user_attrs[ERROR_ATTR]) for t in trials if ERROR_ATTR in t.user_attrs), "")
