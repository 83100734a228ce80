"""Handles a trial's end: storage, tables, display, callbacks, limit of failures."""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from dropout_study.errors import UserError
from dropout_study.search.asktell import Asked, AskTell
from dropout_study.search.attrs import DUPLICATE_ATTR, ERROR_ATTR
from dropout_study.search.constraints import Constraint, violations
from dropout_study.search.paused import as_pruned, is_paused
from dropout_study.search.shared.files import SharedFiles
from dropout_study.search.study import first_error, states
from dropout_study.sweeper.display.live import SweepDisplay
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.planning.adopted import record_stored
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.recorder import Recorder
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.sweeper.source import Assignment
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

OptunaCallback = Callable[[optuna.Study, FrozenTrial], None]


class EndedTrials:
    """Records how the trials of a study end.

    Args:
        asktell: the study.
        settings: the sweeper's settings.
        plan: the plan of the sweep.
        constraints: limits on the metrics that jobs return.
        callbacks: Optuna callbacks, called after each trial.
        recorder: writes the files of trials.
        shared: the files of trials in the storage.
        display: shows the progress of the sweep.
    """

    def __init__(
        self,
        asktell: AskTell,
        settings: SweepSettings,
        plan: SweepPlan,
        *,
        constraints: Sequence[Constraint],
        callbacks: Sequence[OptunaCallback],
        recorder: Recorder,
        shared: SharedFiles,
        display: SweepDisplay,
    ) -> None:
        self._asktell = asktell
        self._settings = settings
        self._plan = plan
        self._constraints = constraints
        self._callbacks = callbacks
        self._recorder = recorder
        self._shared = shared
        self._display = display
        self._failed = states(asktell.study, settings.n_trials)[TrialState.FAIL]

    def end(self, number: int, outcome: Outcome) -> None:
        """Ends trial ``number``, or pauses it.

        Raises:
            UserError: too many trials have failed, or a constraint names no metric.
        """
        objectives = self._settings.objectives
        attrs = {k: v for k, v in outcome.metrics.items() if k not in objectives and _storable(v)}
        if outcome.error:
            attrs[ERROR_ATTR] = outcome.error
        self._asktell.set_attrs(number, attrs)
        self._asktell.set_constraints(number, violations(self._constraints, outcome.metrics))
        self._tell(number, outcome)

    def end_as(self, asked: Asked, twin: int) -> None:
        """Ends a trial with the result of an earlier trial that has the same parameters."""
        log.info("trial %d is not run: it has the parameters of trial %d", asked.number, twin)
        frozen = self._asktell.study.get_trials(deepcopy=False)[twin]
        self._asktell.set_attrs(asked.number, {DUPLICATE_ATTR: twin})
        for step, value in sorted(frozen.intermediate_values.items()):
            self._asktell.repeat_report(asked.number, value, step)
        params = self._plan.values(asked.params)
        if is_paused(frozen):
            frozen = as_pruned(frozen)
        self.fetch()
        outcome = Outcome(TrialState(frozen.state.name), tuple(frozen.values or ()))
        self._recorder.copy(asked.number, params, twin, outcome.state)
        self._display.started(asked.number, params)
        self._tell(asked.number, outcome)

    def end_paused(self, paused: Sequence[FrozenTrial]) -> None:
        """Ends paused trials as pruned."""
        if not paused:
            return
        log.info("the study ends: its %d paused trials are pruned", len(paused))
        self.fetch()
        for trial in paused:
            outcome = Outcome(TrialState.PRUNED, tuple(as_pruned(trial).values or ()))
            params = self._plan.values(trial.params)
            self._recorder.record(Assignment(trial.number, [], params), outcome)
            self._shared.publish(trial.number)
            ended = self._asktell.queue.end_paused(trial)
            self._display.status.end(trial.number, outcome)
            self._call(ended)
        self._update()

    def _tell(self, number: int, outcome: Outcome) -> None:
        if self._asktell.is_ours(number):
            self._shared.publish(number)
        if outcome.state == TrialState.PAUSED:
            self._told(self._asktell.pause(number), outcome)
        else:
            self._told(self._asktell.tell(number, outcome.state, outcome.values), outcome)

    def _told(self, trial: FrozenTrial, outcome: Outcome) -> None:
        """Shows the end of a trial, and checks what follows from it."""
        self._update()
        self._display.ended(trial.number, outcome)
        if trial.state.is_finished():
            self._call(trial)
        if outcome.state == TrialState.FAIL:
            self._failed += 1
            self.check_failures()
        if self._settings.budget and outcome.state == TrialState.COMPLETE:
            _check_steps(trial)

    def _update(self) -> None:
        self.fetch()
        try:
            self._recorder.update()
        except OSError as error:
            log.warning(
                "the table is not written (it is made again after the next trial): %s", error
            )

    def fetch(self) -> None:
        """Writes here the files of trials that other processes have run."""
        for trial in self._shared.fetch():
            if trial.state.is_finished():
                record_stored(trial, self._plan, self._settings, self._recorder)

    def _call(self, trial: FrozenTrial) -> None:
        for callback in self._callbacks:
            callback(self._asktell.study, trial)

    def check_failures(self) -> None:
        """Ends the study if too many trials have failed, now or in an earlier run of the study."""
        rate, total = self._settings.max_failure_rate, self._settings.n_trials
        if self._failed > rate * total:
            raise UserError(
                f"{self._failed} of {total} trials have failed, more than "
                f"hydra.sweeper.max_failure_rate={rate} allows, the "
                f"first with: {first_error(self._asktell.study)}; a higher rate lets the study "
                "continue"
            )


def _check_steps(trial: FrozenTrial) -> None:
    """Refuses a budget of steps for a task that has reported none."""
    if not trial.intermediate_values:
        raise UserError(
            f"hydra.sweeper.budget counts steps, and trial {trial.number} has reported none; "
            "report them with current_trial().report(value, step), or use hydra.sweeper.n_trials"
        )


def _storable(value: Any) -> bool:
    """Returns whether a storage can keep ``value`` as an attribute."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return value is not None
