"""Every private name of Optuna that this package uses, each with its reason.

A new Optuna may rename them: then this is the one module to change. ``tests/search/test_internals``
checks that no other module uses one.
"""

import copy
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial

STATE_OPERATIONS = (JournalOperation.CREATE_STUDY, JournalOperation.SET_TRIAL_STATE_VALUES)
"""The operations of a journal that must outlive a power cut. Only private code lists them."""


def storage_of(study: optuna.Study) -> BaseStorage:
    """Returns the storage of ``study``.

    A study has no public way to put a trial back into the queue, to correct a report of a trial
    that runs again, or to read a single trial.
    """
    return study._storage


def trial_id(trial: optuna.Trial | FrozenTrial) -> int:
    """Returns the number by which a storage knows ``trial``: its methods take no other."""
    return trial._trial_id


def trial_of(study: optuna.Study, number: int) -> optuna.Trial:
    """Returns the running trial ``number`` of ``study``, as another process can report to it."""
    frozen = study.get_trials(deepcopy=False)[number]
    return optuna.Trial(study, trial_id(frozen))


def on_storage(study: optuna.Study, storage: Any) -> optuna.Study:
    """Returns ``study`` as it would be on ``storage``: a pruner is shown another past by it."""
    other = copy.copy(study)
    other._storage = storage
    return other


def engine_of(study: optuna.Study) -> Any:
    """Returns the SQLAlchemy engine of a study's database, to be closed; None for a journal.

    A database is behind a cache, which keeps it under ``_backend``.
    """
    storage = storage_of(study)
    return getattr(getattr(storage, "_backend", storage), "engine", None)


def changes_state(log: Mapping[str, Any]) -> bool:
    """Returns whether a journal's entry creates a study or gives a trial a new state."""
    return log["op_code"] in STATE_OPERATIONS
