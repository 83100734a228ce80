"""Which trial of a study is next, in one of the processes that work on it.

First come trials that run again because their process died, then points that were enqueued, then
paused trials that can be promoted, then new ones. Once the budget is spent, nothing new begins and
nothing is promoted; a trial that was running then runs again, and ends where it was.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from dropout_study.search.attrs import PAUSED_ATTR, PROMOTED_ATTR, RESTARTS_ATTR
from dropout_study.search.budget import Budget
from dropout_study.search.internals import begun, storage_of, trial_id
from dropout_study.search.lease import OWNER_ATTR, Lease
from dropout_study.search.paused import as_pruned, is_paused
from dropout_study.search.pruners.promotion import PauseAndPromotePruner
from dropout_study.search.storage.lock import locked


class Queue:
    """The trials of a study that can be begun.

    Args:
        study: with its pruner.
        n_trials: the number of trials of the whole study.
        budget: the study's budget.
        lease: this process's registration with the study.
        lock: a lock file, shared with the processes that use the same study directory.
    """

    def __init__(
        self, study: optuna.Study, n_trials: int, budget: Budget, lease: Lease, lock: Path
    ) -> None:
        self.n_trials = n_trials
        self._budget = budget
        self._study = study
        self._storage = storage_of(study)
        self._pruner = study.pruner
        self._lease = lease
        self._lock = lock

    def requeue_orphans(self) -> list[int]:
        """Puts the trials of dead processes back; returns their numbers."""
        if not self._lease.orphans():
            return []
        with locked(self._lock):  # else a second process could do it when the trial runs again
            orphans = self._lease.orphans()
            for trial in orphans:
                self.put(trial)
        return [trial.number for trial in orphans]

    def next(self, trials: Sequence[FrozenTrial]) -> optuna.Trial | None:
        """Begins the next trial, marked as run by this process; returns None if there is none.

        Args:
            trials: all trials of the study.
        """
        spent = self._budget.is_spent()
        waiting = self._waiting(trials, spent=spent)
        promotable = [] if spent else self._promotable(trials)
        known = [*waiting, *promotable]
        trial = next(filter(None, (begun(self._study, each) for each in known)), None)
        if trial is None and not spent and len(trials) < self.n_trials:
            trial = begun(self._study)
        if trial is None:
            return None
        if trial.number >= self.n_trials:  # meanwhile another process has taken the last one
            self.put(trial)
            return None
        self._lease.mark(trial)
        paused_at = self._frozen(trial).user_attrs.get(PAUSED_ATTR)
        if paused_at is not None:
            trial.set_user_attr(PROMOTED_ATTR, paused_at)
            trial.set_user_attr(PAUSED_ATTR, None)
        return trial

    def is_open(self) -> bool:
        """Returns whether a trial can be begun now."""
        trials = self._study.get_trials(deepcopy=False)
        spent = self._budget.is_spent()
        new = not spent and (len(trials) < self.n_trials or bool(self._promotable(trials)))
        return new or bool(self._waiting(trials, spent=spent))

    def running(self) -> list[int]:
        """Returns the numbers of the trials that run, in any process."""
        trials = self._study.get_trials(deepcopy=False)[: self.n_trials]
        return [trial.number for trial in trials if trial.state == OptunaState.RUNNING]

    def put(
        self,
        trial: optuna.Trial | FrozenTrial,
        *,
        restarts: int = 0,
        paused_at: int | None = None,
    ) -> None:
        """Puts a trial back: it runs again first, or waits to be promoted.

        Args:
            trial: the trial.
            restarts: how often the process that ran it has died, if it has.
            paused_at: the rung at which it pauses; None if it must run again.
        """
        identifier = trial_id(trial)
        with suppress(UpdateFinishedTrialError):
            # The next process marks the trial a moment after taking it. Until then it must not
            # look as if it belonged to a dead process.
            self._storage.set_trial_user_attr(identifier, OWNER_ATTR, None)
            if restarts:
                self._storage.set_trial_user_attr(identifier, RESTARTS_ATTR, restarts)
            if self._frozen(trial).user_attrs.get(PAUSED_ATTR) != paused_at:
                self._storage.set_trial_user_attr(identifier, PAUSED_ATTR, paused_at)
            self._storage.set_trial_state_values(identifier, OptunaState.WAITING)

    def left_paused(self) -> list[FrozenTrial]:
        """Returns the paused trials if the study has ended: none of them will be promoted."""
        trials = self._study.get_trials(deepcopy=False)
        if any(trial.state == OptunaState.RUNNING for trial in trials):
            return []  # the process that runs it will see to them
        spent = self._budget.is_spent()
        if self._waiting(trials, spent=spent) or (not spent and self._promotable(trials)):
            return []
        return [trial for trial in trials[: self.n_trials] if is_paused(trial)]

    def end_paused(self, trial: FrozenTrial) -> FrozenTrial:
        """Ends a paused trial as pruned at its rung; returns it as stored."""
        pruned = as_pruned(trial)
        with suppress(UpdateFinishedTrialError):  # another process has done so
            self._storage.set_trial_state_values(trial_id(trial), pruned.state, pruned.values)
        return self._frozen(trial)

    def _waiting(self, trials: Sequence[FrozenTrial], *, spent: bool) -> list[FrozenTrial]:
        """Returns the trials that run again, and then those that were enqueued."""
        return [
            trial
            for trial in trials[: self.n_trials]
            if trial.state == OptunaState.WAITING
            and not is_paused(trial)
            and (OWNER_ATTR in trial.user_attrs or not spent)
        ]

    def _promotable(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        if not isinstance(self._pruner, PauseAndPromotePruner):
            return []
        ours = trials[: self.n_trials]
        found = self._pruner.promotable(trials, self._study.direction)
        found = [trial for trial in found if trial.number < self.n_trials]
        going = (OptunaState.RUNNING, OptunaState.COMPLETE)
        over = len(ours) == self.n_trials and not any(trial.state in going for trial in ours)
        if over and not found and any(map(is_paused, ours)):
            found = [self._pruner.last_hope(ours, self._study.direction)]
        return found

    def _frozen(self, trial: optuna.Trial | FrozenTrial) -> FrozenTrial:
        return self._storage.get_trial(trial_id(trial))
