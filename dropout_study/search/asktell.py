"""Asks a study for trials and tells how they ended, in one of the processes that work on it.

The study consists of the trials 0 to ``n_trials - 1``, whichever process runs them. A trial whose
process has died keeps its number and runs again; ``queue`` has the order of the trials.
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

from dropout_study.search.attrs import (
    DUPLICATE_ATTR,
    PAUSED_ATTR,
    PROMOTED_ATTR,
    RESTARTS_ATTR,
)
from dropout_study.search.budget import Budget
from dropout_study.search.internals import storage_of, trial_id
from dropout_study.search.lease import Lease
from dropout_study.search.pruners.promotion import PauseAndPromotePruner
from dropout_study.search.queue import Queue
from dropout_study.search.rewind import Rewound
from dropout_study.search.twins import TrainedPoints
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

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
        promoted_from: the step from which it was promoted; None for a new trial.
        twin: a trained trial with the same parameters, whose result can be reused.
    """

    number: int
    params: dict[str, Any]
    restarts: int = 0
    promoted_from: int | None = None
    twin: FrozenTrial | None = None


@dataclass
class _Running:
    trial: optuna.Trial
    stored: Mapping[int, float]  # the reports of an earlier run, by step
    rewound: Rewound | None
    told: set[int] = field(default_factory=set)
    pauses: bool = False  # it was told to pause


class AskTell:
    """Asks a study for trials, reports their values and tells how they ended.

    Args:
        study: on any storage, with its sampler and pruner.
        n_trials: the number of trials of the whole study.
        suggest: suggests the parameters of a trial.
        lease: this process's registration with the study.
        lock: a lock file, shared with the processes that use the same study directory.
        budget: epochs of all trials together at which the study ends; None for no limit.
    """

    def __init__(
        self,
        study: optuna.Study,
        *,
        n_trials: int,
        suggest: Suggest,
        lease: Lease,
        lock: Path,
        budget: int | None = None,
    ) -> None:
        self.study = study
        self._suggest = suggest
        self._pruner = study.pruner
        self._lease = lease
        self.budget = Budget(study, budget)
        self.queue = Queue(study, n_trials, self.budget, lease, lock)
        self._running: dict[int, _Running] = {}
        self._trained = TrainedPoints()

    def ask(self) -> Asked | None:
        """Returns a trial, marked as run by this process, or None if there is none to run now."""
        self._lease.beat()
        trials = self.study.get_trials(deepcopy=False)
        trial = self.queue.next(trials)
        return None if trial is None else self._asked(trial, self._suggest(trial), trials)

    def _asked(
        self, trial: optuna.Trial, names: Iterable[str], trials: Sequence[FrozenTrial]
    ) -> Asked:
        frozen = self._frozen(trial)
        params = {name: frozen.params[name] for name in names}
        reported = dict(frozen.intermediate_values)
        rewound = Rewound(self.study, frozen) if reported else None
        self._running[trial.number] = _Running(trial, reported, rewound)
        attrs = frozen.user_attrs
        new = not reported or DUPLICATE_ATTR in attrs  # otherwise it has been trained itself
        return Asked(
            trial.number,
            params,
            attrs.get(RESTARTS_ATTR, 0),
            attrs.get(PROMOTED_ATTR),
            self._trained.twin(frozen, trials) if new else None,
        )

    def report(self, number: int, value: float, step: int) -> bool:
        """Records an intermediate value; returns whether the trial goes on."""
        running = self._running[number]
        try:
            self._store(running, value, step)
        except UpdateFinishedTrialError:  # another process has taken it over, and ended it
            self._lease.lapsed = True
            return False
        self._lease.beat()  # a trial may be long
        if not self.is_ours(number):
            return False
        if step >= max(running.stored, default=0) and self.budget.is_spent():
            running.pauses = False
            return False
        goes_on = self._goes_on(running, value, step)
        # A trial that was told to pause and goes on all the same is told so again.
        running.pauses |= not goes_on and isinstance(self._pruner, PauseAndPromotePruner)
        return goes_on and not running.pauses

    def _goes_on(self, running: _Running, value: float, step: int) -> bool:
        """Returns the pruner's answer to a report."""
        # A pruner may learn from the trials (`auto`). A resumed study has a new pruner, so here
        # too every question goes to a new copy: both then decide the same.
        pruner = self.study.pruner = deepcopy(self._pruner)
        if running.rewound is not None:
            return not running.rewound.should_prune(pruner, value, step)
        return not running.trial.should_prune()

    def is_ours(self, number: int) -> bool:
        """Returns whether a trial that this process runs has not been taken over by another.

        That can be only if this process was silent for too long.
        """
        running = self._running.get(number)
        if running is None or not self._lease.lapsed:
            return running is not None
        return self._lease.owns(self._frozen(running.trial))

    def pauses(self, number: int) -> bool:
        """Returns whether a running trial was told to pause, here or in the process that runs it.

        The latter for trials of a launcher, which report to the storage.
        """
        running = self._running[number]
        told = self._frozen(running.trial).user_attrs.get(PAUSED_ATTR)
        return running.pauses or told is not None

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
        with suppress(UpdateFinishedTrialError):  # another process has ended it
            for name, value in attrs.items():
                self._running[number].trial.set_user_attr(name, value)

    def set_constraints(self, number: int, violations: Mapping[str, float]) -> None:
        """Records by how much a running trial violates each constraint; <= 0 is feasible."""
        with suppress(UpdateFinishedTrialError):
            for name, violation in violations.items():
                self._running[number].trial.set_constraint(name, violation)

    def tell(self, number: int, state: TrialState, values: Sequence[float] = ()) -> FrozenTrial:
        """Ends a running trial and returns it as stored.

        The value of a pruned trial is its last report, as in Optuna.
        """
        trial = self._running.pop(number).trial
        told = list(values) if state == TrialState.COMPLETE else None
        if self._lease.owns(self._frozen(trial)):
            self.study.tell(trial, told, OptunaState[state], skip_if_finished=True)
        else:  # this process was silent for too long
            log.warning("trial %d has been taken over by another process", number)
        self._lease.beat()
        return self._frozen(trial)

    def _frozen(self, trial: optuna.Trial) -> FrozenTrial:
        return storage_of(self.study).get_trial(trial_id(trial))

    def pause(self, number: int) -> FrozenTrial:
        """Makes a running trial wait for its promotion; returns it as stored."""
        assert isinstance(self._pruner, PauseAndPromotePruner)
        trial = self._running.pop(number).trial
        steps = self._frozen(trial).last_step or 0
        self.queue.put(trial, paused_at=self._pruner.rungs(steps)[-1])
        return self._frozen(trial)

    def release(self, number: int, *, restarts: int = 0) -> None:
        """Puts a running trial back into the queue: it runs again first, under its number."""
        trial = self._running.pop(number).trial
        if self._lease.owns(self._frozen(trial)):
            self.queue.put(trial, restarts=restarts)

    @property
    def running(self) -> list[int]:
        """The numbers of the trials that this process runs."""
        return list(self._running)
