"""Finds trials with the same parameters: one of them need not be trained."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from dropout_study.search.attrs import DUPLICATE_ATTR
from dropout_study.search.ended import EndedOnce
from dropout_study.search.paused import is_paused

TRAINED = (OptunaState.COMPLETE, OptunaState.PRUNED)


class TrainedPoints:
    """The points of a study that have been trained, each with its first trial."""

    def __init__(self) -> None:
        self._first: dict[str, FrozenTrial] = {}
        self._ended = EndedOnce()

    def twin(self, asked: FrozenTrial, trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
        """Returns a trained or paused one of the study's ``trials`` with the parameters of one.

        It is one that was trained itself, the first of several.
        """
        for trial in self._ended.take(trials):
            if trial.state in TRAINED and DUPLICATE_ATTR not in trial.user_attrs:
                self._first.setdefault(params_key(trial.params), trial)
        key = params_key(asked.params)
        paused = (
            t for t in self._ended.open(trials) if is_paused(t) and params_key(t.params) == key
        )
        return self._first.get(key) or next(paused, None)


def params_key(params: Mapping[str, Any]) -> str:
    """Returns a text that is equal for parameters that are equal in value and type."""
    return repr(sorted((name, type(value).__name__, value) for name, value in params.items()))
