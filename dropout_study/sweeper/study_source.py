"""The study as a source of jobs: asks Optuna for trials, and handles the ends of their jobs.

Workers, a launcher or this process ask here for jobs and tell here how they ended. So records,
tables, display, retries and limits are the same for all of them.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hydra.core.utils import JobReturn

from dropout_study.search.asktell import Asked, AskTell
from dropout_study.sweeper.display.live import SweepDisplay
from dropout_study.sweeper.ended_trials import EndedTrials
from dropout_study.sweeper.open_trials import OpenTrial, OpenTrials
from dropout_study.sweeper.outcome import Outcome, outcome_of
from dropout_study.sweeper.recorder import Recorder
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.sweeper.source import Assignment
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)


class StudySource:
    """A ``TrialSource`` on a study.

    Args:
        asktell: the study.
        settings: the sweeper's settings.
        trials: keeps the open trials.
        ended: records how trials end.
        recorder: writes the files of trials.
        display: shows the progress of the sweep.

    Attributes:
        tick: called at every ask and report, for the display, the heartbeat and the time limit.
    """

    def __init__(
        self,
        asktell: AskTell,
        settings: SweepSettings,
        *,
        trials: OpenTrials,
        ended: EndedTrials,
        recorder: Recorder,
        display: SweepDisplay,
    ) -> None:
        self.asktell = asktell
        self.settings = settings
        self._ended = ended
        self._recorder = recorder
        self._display = display
        self._trials = trials
        self._prunes = len(settings.directions) == 1  # Optuna prunes no others
        self.stopping = self.asks_no_more = False
        self.tick: Callable[[], None] = lambda: None
        # Optuna callbacks call `study.stop`, which Optuna allows only in `optimize`.
        asktell.study.stop = self._stop_asking  # type: ignore[method-assign]

    def stop(self) -> None:
        """Makes running trials stop after their epoch; they can be resumed."""
        self.stopping = True

    def _stop_asking(self) -> None:
        self.asks_no_more = True

    def ask(self, count: int) -> list[Assignment]:
        """Returns up to ``count`` jobs; none if there is nothing to do at present."""
        self.tick()
        found: list[Assignment] = []
        while len(found) < count and not self.stopping:
            if job := self._trials.next_job():
                found.append(self._begin(job))
            elif not self._ask_one():
                break
        return found

    def _ask_one(self) -> bool:
        """Asks for a trial and makes its jobs; returns False if the study has none."""
        if self.asks_no_more:
            return False
        self._ended.check_failures()
        asked = self.asktell.ask()
        if asked is None and self.asktell.queue.requeue_orphans():
            asked = self.asktell.ask()
        if asked is None:
            return False
        if asked.promoted_from is not None:
            self._display.promoted(asked.number, asked.promoted_from)
        self._place(asked)
        return True

    def _place(self, asked: Asked) -> None:
        """Ends a trial as its twin, lets it wait for a twin or sibling that runs, or opens it."""
        reuse = self.settings.duplicates == "reuse"
        if reuse and asked.twin is not None:
            self._ended.end_as(asked, asked.twin.number)
        elif reuse and (leader := self._trials.leader(asked)) is not None:
            leader.followers.append(asked)
        else:
            self._trials.add(asked)

    def _begin(self, job: Assignment) -> Assignment:
        self._recorder.begin(job)
        self._trials.take_over(self.asktell.study, job)
        self._display.started(job.number, job.params)
        return job

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        """Records an intermediate value; returns whether the job goes on."""
        self.tick()
        number = assignment.number
        self._display.reported(number, step, value)
        if self.abandons(assignment):
            return False
        if assignment.replicate is not None:
            return not self._trials[number].pruned  # a replicate reports only its end
        return not self._prunes or self.asktell.report(number, value, step)

    def abandons(self, assignment: Assignment) -> bool:
        """Returns whether a job must end without a result."""
        return self.stopping or not self.asktell.is_ours(assignment.number)

    def may_continue(self, assignment: Assignment) -> bool:
        """Returns whether a job that does not go on may continue later."""
        return self.abandons(assignment) or self.asktell.pauses(assignment.number)

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        """Ends a job with what its launcher returned."""
        self.end(assignment, outcome_of(job, self.settings.objectives))

    def end(self, assignment: Assignment, outcome: Outcome) -> None:
        """Ends a job with its outcome; a trial ends with the last of its jobs, or pauses."""
        if outcome.state == TrialState.PRUNED and self.asktell.pauses(assignment.number):
            outcome = replace(outcome, state=TrialState.PAUSED)
        self._recorder.record(assignment, outcome)
        trial = self._trials[assignment.number]
        if assignment.replicate is None:
            self._finish(trial, outcome)
        else:
            self._end_replicate(trial, assignment.replicate, outcome)

    def _end_replicate(self, trial: OpenTrial, index: int, outcome: Outcome) -> None:
        report = partial(self.asktell.report, trial.number)
        trial.end_replicate(index, outcome, report if self._prunes else None)
        if trial.pruned:
            self._trials.drop_waiting(trial)
        if trial.complete:
            self._finish(trial, self._recorder.merge(trial.number, trial.jobs))

    def lost(self, assignment: Assignment, reason: str) -> None:
        """Handles a job whose process has died: starts it again, or ends it as failed."""
        trial = self._trials[assignment.number]
        if self.stopping:
            self.release(assignment)
        elif trial.asked.restarts + trial.restarts < self.settings.max_retries:
            log.warning("trial %s is started again: %s", assignment.name, reason)
            if assignment.replicate is None:
                self._release(trial, trial.asked.restarts + 1)
            else:
                self._trials.restart(trial, assignment)
        else:
            self.end(assignment, Outcome(TrialState.FAIL, error=reason))

    def release(self, assignment: Assignment) -> None:
        """Gives a job back unfinished; its trial runs again when the study is resumed."""
        if (trial := self._trials.get(assignment.number)) is not None:
            self._release(trial)

    def release_all(self) -> None:
        """Gives back every trial that has not ended."""
        for trial in self._trials:
            self._release(trial)

    def _release(self, trial: OpenTrial, restarts: int | None = None) -> None:
        self._trials.remove(trial)
        for asked in trial.followers:
            self.asktell.release(asked.number, restarts=asked.restarts)
        restarts = trial.asked.restarts if restarts is None else restarts
        self.asktell.release(trial.number, restarts=restarts)
        self._display.ended(trial.number, Outcome(TrialState.WAITING))

    def end_paused(self) -> None:
        """Ends the paused trials as pruned if the study has ended: none will be promoted."""
        if self.stopping or self.asks_no_more:
            return  # they wait for the study to be resumed
        self._ended.end_paused(self.asktell.queue.left_paused())

    def _finish(self, trial: OpenTrial, outcome: Outcome) -> None:
        self._trials.remove(trial)
        self._ended.end(trial.number, outcome)
        for asked in self._trials.followers(trial):
            if outcome.state == TrialState.FAIL or asked.params != trial.asked.params:
                self._place(asked)
            else:
                self._ended.end_as(asked, trial.number)
