"""The study as a source of jobs: what is asked of Optuna, and what becomes of how jobs end.

Whoever runs the jobs, workers, a launcher or this process, asks here and tells here. So records,
table, display, retries and budgets are the same for all.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import optuna
from hydra.core.utils import JobReturn
from optuna.trial import FrozenTrial

from dropout_study.config.overrides import to_override
from dropout_study.errors import UserError
from dropout_study.search.asktell import DUPLICATE_ATTR, ERROR_ATTR, Asked, AskTell, params_key
from dropout_study.search.constraints import Constraint, violations
from dropout_study.search.study import first_error, states
from dropout_study.sweep.display import SweepDisplay
from dropout_study.sweep.outcome import Outcome, outcome_of
from dropout_study.sweep.plan import SweepPlan
from dropout_study.sweep.settings import SweepSettings
from dropout_study.sweep.source import Assignment
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

OptunaCallback = Callable[[optuna.Study, FrozenTrial], None]


class Recorder(Protocol):
    """Keeps the trials' files; the sweeper's plugin hands in ``results.recorder``."""

    def begin(self, job: Assignment) -> None:
        """Removes what an earlier run of the job has left that would be taken for its result."""

    def record(self, job: Assignment, outcome: Outcome) -> None:
        """Leaves a record of a job that has left none, because its process died."""

    def merge(self, number: int, runs: Sequence[Assignment]) -> Outcome:
        """Records a trial from its replicates and returns its outcome."""

    def copy(self, number: int, params: Mapping[str, Any], twin: int) -> None:
        """Records a trial that has the parameters, and so the result, of an earlier one."""

    def update(self) -> None:
        """Brings the table up to date."""


@dataclass
class _Trial:
    """A trial whose jobs are out or waiting."""

    asked: Asked
    jobs: list[Assignment]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    followers: list[Asked] = field(default_factory=list)
    pruned: bool = False


class StudySource:
    """A ``TrialSource`` on a study.

    Args:
        asktell: the study.
        settings: the sweeper's.
        plan: what is searched and what is fixed.
        base_seed: the configuration's own seed, of replicate 0.
        constraints: on what jobs return.
        callbacks: Optuna's, called after each trial.
        recorder: keeps files.
        display: shows the sweep.

    Attributes:
        tick: called whenever somebody asks or reports: the display, the heartbeat, the budget.
    """

    def __init__(
        self,
        asktell: AskTell,
        settings: SweepSettings,
        plan: SweepPlan,
        *,
        base_seed: int,
        constraints: Sequence[Constraint],
        callbacks: Sequence[OptunaCallback],
        recorder: Recorder,
        display: SweepDisplay,
    ) -> None:
        self.asktell = asktell
        self.settings = settings
        self._plan = plan
        self._base_seed = base_seed
        self._constraints = constraints
        self._callbacks = callbacks
        self._recorder = recorder
        self._display = display
        self._trials: dict[int, _Trial] = {}
        self._waiting: deque[Assignment] = deque()
        self._failed = states(asktell.study, settings.n_trials)[TrialState.FAIL]
        self.stopping = False
        self.stop_asking = False
        self.tick: Callable[[], None] = lambda: None
        # Optuna's callbacks end a study by its `stop`, which Optuna allows only in `optimize`.
        asktell.study.stop = self._stop_asking  # type: ignore[method-assign]

    def stop(self) -> None:
        """Lets running trials leave after their epoch; they stay resumable."""
        self.stopping = True

    def _stop_asking(self) -> None:
        self.stop_asking = True

    def ask(self, places: int) -> list[Assignment]:
        """Returns up to ``places`` jobs; none if there is nothing to do at present."""
        self.tick()
        found: list[Assignment] = []
        while len(found) < places and not self.stopping:
            if not self._waiting and not self._ask_one():
                break
            if self._waiting:
                found.append(self._begin(self._waiting.popleft()))
        return found

    def _ask_one(self) -> bool:
        """Asks for a trial and makes its jobs; returns False if the study has none."""
        if self.stop_asking:
            return False
        self._check_failures()
        asked = self.asktell.ask()
        if asked is None and self.asktell.requeue_orphans():
            asked = self.asktell.ask()
        if asked is None:
            return False
        reuse = self.settings.duplicates == "reuse"
        if reuse and asked.twin is not None:
            self._end_as(asked, asked.twin.number)
        elif reuse and (leader := self._same_running(asked)) is not None:
            leader.followers.append(asked)
        else:
            self._enlist(asked)
        return True

    def _same_running(self, asked: Asked) -> _Trial | None:
        key = params_key(asked.params)
        running = self._trials.values()
        return next((t for t in running if params_key(t.asked.params) == key), None)

    def _enlist(self, asked: Asked) -> None:
        overrides = self._plan.job_overrides(asked.params)
        params = self._plan.values(asked.params)
        count = self.settings.replicates
        jobs = [
            Assignment(asked.number, overrides, params)
            if count == 1
            else self._replicate(asked.number, overrides, params, index)
            for index in range(count)
        ]
        self._trials[asked.number] = _Trial(asked, jobs)
        self._waiting.extend(jobs)

    def _replicate(
        self, number: int, overrides: list[str], params: dict[str, Any], index: int
    ) -> Assignment:
        job = Assignment(number, overrides, params, index)
        assert self.settings.seed_key is not None  # `base_seed` has checked it
        own = [
            to_override(self.settings.seed_key, self._base_seed + index),
            f"hydra.sweep.subdir={job.name}",
        ]
        return Assignment(number, [*overrides, *own], params, index)

    def _begin(self, job: Assignment) -> Assignment:
        self._recorder.begin(job)
        self._display.started(job.number, job.params)
        return job

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        """Records an intermediate value; returns whether the job goes on."""
        self.tick()
        number = assignment.number
        self._display.reported(number, step, value)
        if self.stopping:
            return False
        if assignment.replicate is not None:
            return not self._trials[number].pruned  # a replicate is reported when it has ended
        if len(self.settings.directions) > 1:
            return True  # Optuna does not prune these
        return self.asktell.report(number, value, step)

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        """Ends a job with what its launcher returned."""
        self.end(assignment, outcome_of(job, self.settings.objectives))

    def end(self, assignment: Assignment, outcome: Outcome) -> None:
        """Ends a job with its outcome; a trial ends with the last of its jobs."""
        self._recorder.record(assignment, outcome)
        trial = self._trials[assignment.number]
        if assignment.replicate is None:
            self._finish(trial, outcome)
            return
        trial.outcomes[assignment.replicate] = outcome
        self._report_replicates(trial)
        if outcome.state == TrialState.FAIL:
            trial.pruned = True  # the others cannot make a mean of it any more
        if trial.pruned:
            trial.jobs = [j for j in trial.jobs if j.replicate in trial.outcomes or self._out(j)]
            self._waiting = deque(j for j in self._waiting if j.number != assignment.number)
        if len(trial.outcomes) == len(trial.jobs):
            self._finish(trial, self._recorder.merge(assignment.number, trial.jobs))

    def _out(self, job: Assignment) -> bool:
        return job not in self._waiting

    def _report_replicates(self, trial: _Trial) -> None:
        """Reports the replicates that have ended, in order, each as a step (from 1)."""
        index = len(self.asktell.reported(trial.asked.number))
        while not trial.pruned and len(self.settings.directions) == 1:
            outcome = trial.outcomes.get(index)
            if outcome is None or outcome.value is None or index + 1 == self.settings.replicates:
                return
            index += 1
            trial.pruned = not self.asktell.report(trial.asked.number, outcome.value, index)

    def lost(self, assignment: Assignment, reason: str) -> None:
        """Ends a job whose process has died: it is begun again, or fails."""
        trial = self._trials[assignment.number]
        if self.stopping:
            self.release(assignment)
        elif assignment.replicate is None and trial.asked.restarts < self.settings.max_retries:
            log.warning("trial %d is begun again: %s", assignment.number, reason)
            self._release(trial, trial.asked.restarts + 1)
        else:
            self.end(assignment, Outcome(TrialState.FAIL, error=reason))

    def release(self, assignment: Assignment) -> None:
        """Gives a job back unfinished; its trial runs again when the study is resumed."""
        if (trial := self._trials.get(assignment.number)) is not None:
            self._release(trial)

    def release_all(self) -> None:
        """Gives back every trial that has not ended."""
        for trial in list(self._trials.values()):
            self._release(trial)

    def _release(self, trial: _Trial, restarts: int | None = None) -> None:
        number = trial.asked.number
        self._waiting = deque(j for j in self._waiting if j.number != number)
        del self._trials[number]
        for asked in trial.followers:
            self.asktell.release(asked.number, restarts=asked.restarts)
        restarts = trial.asked.restarts if restarts is None else restarts
        self.asktell.release(number, restarts=restarts)
        self._display.ended(number, TrialState.WAITING)

    def _finish(self, trial: _Trial, outcome: Outcome) -> None:
        number = trial.asked.number
        del self._trials[number]
        objectives = self.settings.objectives
        attrs = {k: v for k, v in outcome.metrics.items() if k not in objectives and _storable(v)}
        if outcome.error:
            attrs[ERROR_ATTR] = outcome.error
        self.asktell.set_attrs(number, attrs)
        self.asktell.set_constraints(number, violations(self._constraints, outcome.metrics))
        self._tell(number, outcome)
        for asked in trial.followers:
            if outcome.state == TrialState.FAIL:
                self._enlist(asked)
            else:
                self._end_as(asked, number)

    def _end_as(self, asked: Asked, twin: int) -> None:
        """Ends a trial with the result of an earlier one, whose parameters it has."""
        log.info("trial %d is not trained: it has the parameters of trial %d", asked.number, twin)
        frozen = self.asktell.study.get_trials(deepcopy=False)[twin]
        for step, value in sorted(frozen.intermediate_values.items()):
            self.asktell.repeat_report(asked.number, value, step)
        params = self._plan.values(asked.params)
        self._recorder.copy(asked.number, params, twin)
        self.asktell.set_attrs(asked.number, {DUPLICATE_ATTR: twin})
        self._display.started(asked.number, params)
        outcome = Outcome(TrialState(frozen.state.name), tuple(frozen.values or ()))
        self._tell(asked.number, outcome)

    def _tell(self, number: int, outcome: Outcome) -> None:
        frozen = self.asktell.tell(number, outcome.state, outcome.values)
        try:
            self._recorder.update()
        except OSError as error:
            log.warning(
                "the table is not written (it is made again after the next trial): %s", error
            )
        images = outcome.metrics.get("images")  # a convention: the display's images a second
        self._display.ended(
            number,
            outcome.state,
            outcome.value,
            outcome.error,
            images if isinstance(images, int) else None,
        )
        for callback in self._callbacks:
            callback(self.asktell.study, frozen)
        if outcome.state == TrialState.FAIL:
            self._failed += 1
            self._check_failures()

    def _check_failures(self) -> None:
        """Ends the study if too many trials have failed, in this run of it or an earlier one."""
        if self._failed > self.settings.max_failure_rate * self.settings.n_trials:
            raise UserError(
                f"{self._failed} of {self.settings.n_trials} trials have failed, more than "
                f"hydra.sweeper.max_failure_rate={self.settings.max_failure_rate} allows, the "
                f"first with: {first_error(self.asktell.study)}; a higher rate lets the study go on"
            )


def _storable(value: Any) -> bool:
    """Returns whether a storage can keep ``value`` as an attribute."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return value is not None
