"""The epochs that the trials of a study have been trained for, and their limit."""

import optuna
from optuna.trial import FrozenTrial

from dropout_study.search.attrs import DUPLICATE_ATTR
from dropout_study.search.ended import EndedOnce


class Budget:
    """Counts the epochs of a study.

    A trial counts with the last step that it has reported: an epoch that is trained again, as after
    the death of a process, is not counted again. A trial that has taken the result of another one
    has trained nothing.

    Args:
        study: the study.
        limit: epochs of all trials together at which the study ends; None for no limit.
    """

    def __init__(self, study: optuna.Study, limit: int | None = None) -> None:
        self.limit = limit
        self._study = study
        self._ended = EndedOnce()
        self._epochs = 0

    def used(self) -> int:
        """Returns the epochs of all trials."""
        trials = self._study.get_trials(deepcopy=False)
        self._epochs += sum(map(_epochs, self._ended.take(trials)))
        return self._epochs + sum(map(_epochs, self._ended.open(trials)))

    def is_spent(self) -> bool:
        """Returns whether the trials have reached the limit."""
        return self.limit is not None and self.used() >= self.limit


def _epochs(trial: FrozenTrial) -> int:
    return 0 if DUPLICATE_ATTR in trial.user_attrs else trial.last_step or 0
