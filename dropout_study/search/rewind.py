"""Hides the reports of a trial's earlier run from the pruner while the trial runs again.

A trial whose process died has left reports in the storage, and maybe a pruner's notes. When it runs
again, the pruner must decide as in the first run. Only then is a resumed study equal to one that
was never stopped.
"""

import copy
from collections.abc import Container
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from dropout_study.search.internals import StorageView, on_storage, storage_of

PRUNERS_NOTES = "completed_rung_"  # written by successive halving, and so by Hyperband


class Rewound:
    """A running trial without the reports and notes of its earlier run.

    Args:
        study: the trial's study.
        trial: the trial as stored.
    """

    def __init__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._trial = copy.copy(trial)
        self._trial.intermediate_values = {}
        notes = trial.system_attrs.items()
        self._trial.system_attrs = {k: v for k, v in notes if not k.startswith(PRUNERS_NOTES)}
        self._study = on_storage(study, _View(storage_of(study), self._trial))

    def should_prune(self, pruner: BasePruner, value: float, step: int) -> bool:
        """Returns the pruner's answer to ``value`` at ``step`` without any later reports."""
        self._trial.intermediate_values[step] = value
        return pruner.prune(self._study, copy.deepcopy(self._trial))


class _View(StorageView):
    """A storage in which one trial is replaced."""

    def __init__(self, storage: BaseStorage, trial: FrozenTrial) -> None:
        super().__init__(storage)
        self._trial = trial

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Returns the trials, the replaced one among them."""
        trials = self._storage.get_all_trials(study_id, deepcopy=deepcopy, states=states)
        own = copy.deepcopy(self._trial)
        return [own if trial.number == own.number else trial for trial in trials]

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Stores a pruner's note, here and in the storage."""
        self._storage.set_trial_system_attr(trial_id, key, value)
        self._trial.system_attrs[key] = value
