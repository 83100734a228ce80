"""A trial that runs again, shown to the pruner as it was the first time.

A trial whose process died has left reports in the storage, and perhaps a pruner's notes on it. Run
again, it must be judged as if they were not there yet: only then does a resumed study equal one
that was never stopped, wherever it was killed.
"""

import copy
from collections.abc import Container
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from dropout_study.search.internals import on_storage, storage_of

PRUNERS_NOTES = "completed_rung_"  # successive halving's, and so Hyperband's


class Rewound:
    """A running trial without the reports and notes of its earlier run.

    Args:
        study: the trial's.
        trial: the trial, as the storage has it.
    """

    def __init__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._trial = copy.copy(trial)
        self._trial.intermediate_values = {}
        notes = trial.system_attrs.items()
        self._trial.system_attrs = {k: v for k, v in notes if not k.startswith(PRUNERS_NOTES)}
        self._study = on_storage(study, _View(storage_of(study), self._trial))

    def should_prune(self, pruner: BasePruner, value: float, step: int) -> bool:
        """Returns what the pruner says to ``value`` at ``step``, all later reports unknown."""
        self._trial.intermediate_values[step] = value
        return pruner.prune(self._study, copy.deepcopy(self._trial))


class _View:
    """A storage in which one trial is another; everything else is the storage's own."""

    def __init__(self, storage: BaseStorage, trial: FrozenTrial) -> None:
        self._storage = storage
        self._trial = trial

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Returns the trials, the one that runs again as it was."""
        trials = self._storage.get_all_trials(study_id, deepcopy=deepcopy, states=states)
        own = copy.deepcopy(self._trial)
        return [own if trial.number == own.number else trial for trial in trials]

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Takes a pruner's note, here and in the storage."""
        self._storage.set_trial_system_attr(trial_id, key, value)
        self._trial.system_attrs[key] = value
