"""Handles a trial's end: storage, tables, display, callbacks, limit of failures."""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from dropout_study.errors import UserError
from dropout_study.search.asktell import DUPLICATE_ATTR, ERROR_ATTR, Asked, AskTell
from dropout_study.search.constraints import Constraint, violations
from dropout_study.search.study import first_error, states
from dropout_study.sweep.display.live import SweepDisplay
from dropout_study.sweep.outcome import Outcome
from dropout_study.sweep.planning.plan import SweepPlan
from dropout_study.sweep.recorder import Recorder
from dropout_study.sweep.settings import SweepSettings
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
        display: SweepDisplay,
    ) -> None:
        self._asktell = asktell
        self._settings = settings
        self._plan = plan
        self._constraints = constraints
        self._callbacks = callbacks
        self._recorder = recorder
        self._display = display
        self._failed = states(asktell.study, settings.n_trials)[TrialState.FAIL]

    def end(self, number: int, outcome: Outcome) -> None:
        """Ends trial ``number``.

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
        for step, value in sorted(frozen.intermediate_values.items()):
            self._asktell.repeat_report(asked.number, value, step)
        params = self._plan.values(asked.params)
        self._recorder.copy(asked.number, params, twin)
        self._asktell.set_attrs(asked.number, {DUPLICATE_ATTR: twin})
        self._display.started(asked.number, params)
        outcome = Outcome(TrialState(frozen.state.name), tuple(frozen.values or ()))
        self._tell(asked.number, outcome)

    def _tell(self, number: int, outcome: Outcome) -> None:
        frozen = self._asktell.tell(number, outcome.state, outcome.values)
        try:
            self._recorder.update()
        except OSError as error:
            log.warning(
                "the table is not written (it is made again after the next trial): %s", error
            )
        self._display.ended(number, outcome)
        for callback in self._callbacks:
            callback(self._asktell.study, frozen)
        if outcome.state == TrialState.FAIL:
            self._failed += 1
            self.check_failures()

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


def _storable(value: Any) -> bool:
    """Returns whether a storage can keep ``value`` as an attribute."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return value is not None
