"""Paused trials: Optuna has no such state, so they wait in the study and have an attribute.

A paused trial is stored as WAITING with the rung at which it paused, so every process on the study
sees it, and it outlives them all. Samplers see it as pruned at its rung (``PausedAsPruned``).
"""

import copy
import math
from collections.abc import Container

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from dropout_study.search.attrs import PAUSED_ATTR
from dropout_study.search.internals import StorageView, on_storage, storage_of
from dropout_study.trial import TrialState


def is_paused(trial: FrozenTrial) -> bool:
    """Returns whether a trial waits for its promotion."""
    return trial.state == OptunaState.WAITING and trial.user_attrs.get(PAUSED_ATTR) is not None


def state_of(trial: FrozenTrial) -> TrialState:
    """Returns the state of a trial as stored."""
    return TrialState.PAUSED if is_paused(trial) else TrialState(trial.state.name)


def as_pruned(trial: FrozenTrial) -> FrozenTrial:
    """Returns a trial as it would be if it had been pruned after its last report."""
    pruned = copy.copy(trial)
    pruned.state = OptunaState.PRUNED
    step = trial.last_step
    last = math.nan if step is None else trial.intermediate_values[step]
    pruned.values = None if math.isnan(last) else [last]  # as `study.tell` does
    return pruned


def for_sampler(study: optuna.Study) -> optuna.Study:
    """Returns ``study`` with its paused trials as pruned ones: a sampler learns from them alike."""
    return on_storage(study, PausedAsPruned(storage_of(study)))


class PausedAsPruned(StorageView):
    """A storage that shows paused trials as pruned."""

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[OptunaState] | None = None
    ) -> list[FrozenTrial]:
        """Returns the trials of a study, those in ``states``, by number."""
        trials = self._storage.get_all_trials(study_id, deepcopy=deepcopy)
        shown = [as_pruned(trial) if is_paused(trial) else trial for trial in trials]
        return shown if states is None else [trial for trial in shown if trial.state in states]
