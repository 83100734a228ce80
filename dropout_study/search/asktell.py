"""Asks a study for trials and tells how they ended, in one of the processes that work on it.

The rules: the study consists of the trials 0 to ``n_trials - 1``, whichever process runs them. A
trial whose process has died keeps its number and runs again, before any new one.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from dropout_study.search.internals import storage_of, trial_id
from dropout_study.search.lease import OWNER_ATTR, Lease
from dropout_study.search.rewind import Rewound
from dropout_study.search.storage.lock import locked
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

RESTARTS_ATTR = "restarts"
DUPLICATE_ATTR = "duplicate_of"
ERROR_ATTR = "error"
TRAINED = (OptunaState.COMPLETE, OptunaState.PRUNED)

Suggest = Callable[[optuna.Trial], Iterable[str]]
"""Suggests the parameters of a trial and returns the names of those that are active, in order."""


@dataclass(frozen=True)
class Asked:
    """A trial to be run.

    Attributes:
        number: the trial's number.
        params: its parameters.
        restarts: how often the worker process that ran it has died. (The death of the process that
            asked for it does not count.)
        twin: a finished trial with the same parameters, whose result can be reused.
    """

    number: int
    params: dict[str, Any]
    restarts: int = 0
    twin: FrozenTrial | None = None


@dataclass
class _Running:
    trial: optuna.Trial
    stored: Mapping[int, float]  # the reports of an earlier run, by step
    rewound: Rewound | None
    told: set[int] = field(default_factory=set)


class TrainedPoints:
    """The points of a study that have been trained, each with its first trial."""

    def __init__(self) -> None:
        self._first: dict[str, FrozenTrial] = {}
        self._seen = 0

    def twin(self, asked: FrozenTrial, trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
        """Returns the first trained one of the study's ``trials`` with the parameters of one."""
        for trial in trials[self._seen :]:
            if trial.state in TRAINED:
                self._first.setdefault(params_key(trial.params), trial)
        while self._seen < len(trials) and trials[self._seen].state.is_finished():
            self._seen += 1  # unfinished trials are looked at again next time
        return self._first.get(params_key(asked.params))


class AskTell:
    """Asks a study for trials, reports their values and tells how they ended.

    Args:
        study: on any storage, with its sampler and pruner.
        n_trials: the number of trials of the whole study.
        suggest: suggests the parameters of a trial.
        lease: this process's registration with the study.
        lock: a lock file, shared with the processes that use the same study directory.
    """

    def __init__(
        self,
        study: optuna.Study,
        *,
        n_trials: int,
        suggest: Suggest,
        lease: Lease,
        lock: Path,
    ) -> None:
        self.study = study
        self.n_trials = n_trials
        self._suggest = suggest
        self._pruner = study.pruner
        self._lease = lease
        self._lock = lock
        self._running: dict[int, _Running] = {}
        self._trained = TrainedPoints()

    def requeue_orphans(self) -> list[int]:
        """Puts the trials of dead processes back into the queue; returns their numbers."""
        if not self._lease.orphans():
            return []
        with locked(self._lock):  # else a second process could do it when the trial runs again
            orphans = self._lease.orphans()
            for trial in orphans:
                self._queue(trial_id(trial))
        return [trial.number for trial in orphans]

    def ask(self) -> Asked | None:
        """Returns a trial, marked as run by this process, or None if the study needs no more."""
        self._lease.beat()
        trials = self.study.get_trials(deepcopy=False)
        waiting = [t.number for t in trials if t.state == OptunaState.WAITING]
        if len(trials) >= self.n_trials and (not waiting or min(waiting) >= self.n_trials):
            return None
        trial = self.study.ask()
        if trial.number >= self.n_trials:  # meanwhile another process has taken the last one
            self._queue(trial_id(trial))
            return None
        self._lease.mark(trial)
        return self._asked(trial, self._suggest(trial), trials)

    def _asked(
        self, trial: optuna.Trial, names: Iterable[str], trials: Sequence[FrozenTrial]
    ) -> Asked:
        frozen = self._frozen(trial)
        params = {name: frozen.params[name] for name in names}
        reported = dict(frozen.intermediate_values)
        rewound = Rewound(self.study, frozen) if reported else None
        self._running[trial.number] = _Running(trial, reported, rewound)
        restarts = frozen.user_attrs.get(RESTARTS_ATTR, 0)
        return Asked(trial.number, params, restarts, self._trained.twin(frozen, trials))

    def report(self, number: int, value: float, step: int) -> bool:
        """Records an intermediate value; returns whether the trial goes on."""
        running = self._running[number]
        self._store(running, value, step)
        self._lease.beat()  # a trial may be long
        # A pruner may learn from the trials (`auto`). A resumed study has a new pruner, so here
        # too every question goes to a new copy: both then decide the same.
        pruner = self.study.pruner = deepcopy(self._pruner)
        if running.rewound is not None:
            return not running.rewound.should_prune(pruner, value, step)
        return not running.trial.should_prune()

    def repeat_report(self, number: int, value: float, step: int) -> None:
        """Records an intermediate value of a twin; the pruner is not asked."""
        self._store(self._running[number], value, step)

    def _store(self, running: _Running, value: float, step: int) -> None:
        """Stores a report. The first of a step counts; it replaces one of an earlier run."""
        if step in running.told:
            return
        running.told.add(step)
        if step not in running.stored:
            running.trial.report(value, step)
        elif running.stored[step] != value:
            storage_of(self.study).set_trial_intermediate_value(
                trial_id(running.trial), step, value
            )

    def set_attrs(self, number: int, attrs: Mapping[str, Any]) -> None:
        """Records user attributes of a running trial."""
        for name, value in attrs.items():
            self._running[number].trial.set_user_attr(name, value)

    def set_constraints(self, number: int, violations: Mapping[str, float]) -> None:
        """Records by how much a running trial violates each constraint; <= 0 is feasible."""
        for name, violation in violations.items():
            self._running[number].trial.set_constraint(name, violation)

    def tell(self, number: int, state: TrialState, values: Sequence[float] = ()) -> FrozenTrial:
        """Ends a running trial and returns it as stored.

        The value of a pruned trial is its last report, as in Optuna.
        """
        trial = self._running.pop(number).trial
        told = list(values) if state == TrialState.COMPLETE else None
        if self._frozen(trial).state == OptunaState.RUNNING:
            self.study.tell(trial, told, OptunaState[state], skip_if_finished=True)
        else:  # this process was silent for too long
            log.warning("trial %d has been taken over by another process", number)
        self._lease.beat()
        return self._frozen(trial)

    def _frozen(self, trial: optuna.Trial) -> FrozenTrial:
        return storage_of(self.study).get_trial(trial_id(trial))

    def release(self, number: int, *, restarts: int = 0) -> None:
        """Puts a running trial back into the queue: it runs again first, under its number."""
        running = self._running.pop(number)
        self._queue(trial_id(running.trial), restarts)

    def _queue(self, queued: int, restarts: int = 0) -> None:
        storage = storage_of(self.study)
        with suppress(UpdateFinishedTrialError):
            # The next process marks the trial a moment after taking it. Until then it must not
            # look as if it belonged to a dead process.
            storage.set_trial_user_attr(queued, OWNER_ATTR, None)
            if restarts:
                storage.set_trial_user_attr(queued, RESTARTS_ATTR, restarts)
            storage.set_trial_state_values(queued, OptunaState.WAITING)

    @property
    def running(self) -> list[int]:
        """The numbers of the trials that this process runs."""
        return list(self._running)


def params_key(params: Mapping[str, Any]) -> str:
    """Returns a text that is equal for parameters that are equal in value and type."""
    return repr(sorted((name, type(value).__name__, value) for name, value in params.items()))
