"""The study as a source of jobs: asks Optuna for trials, and handles the ends of their jobs.

Workers, a launcher or this process ask here for jobs and tell here how they ended. So records,
tables, display, retries and limits are the same for all of them.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hydra.core.utils import JobReturn

from dropout_study.config.overrides import to_override
from dropout_study.search.asktell import Asked, AskTell, params_key
from dropout_study.sweep.display.live import SweepDisplay
from dropout_study.sweep.ended_trials import EndedTrials
from dropout_study.sweep.outcome import Outcome, outcome_of
from dropout_study.sweep.planning.plan import SweepPlan
from dropout_study.sweep.recorder import Recorder
from dropout_study.sweep.settings import SweepSettings
from dropout_study.sweep.source import Assignment
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)


@dataclass
class _Trial:
    """A trial whose jobs run or wait."""

    asked: Asked
    jobs: list[Assignment]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    followers: list[Asked] = field(default_factory=list)
    pruned: bool = False

    @property
    def key(self) -> str:
        """A text that is equal for trials with the same parameters."""
        return params_key(self.asked.params)

    def value_to_report(self, replicate: int) -> float | None:
        """Returns the value of a replicate that has ended; None for the last, which is told."""
        outcome = self.outcomes.get(replicate)
        last = replicate + 1 == len(self.jobs)
        return None if outcome is None or last else outcome.value


class StudySource:
    """A ``TrialSource`` on a study.

    Args:
        asktell: the study.
        settings: the sweeper's settings.
        plan: the plan of the sweep.
        base_seed: the seed of replicate 0.
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
        plan: SweepPlan,
        *,
        base_seed: int,
        ended: EndedTrials,
        recorder: Recorder,
        display: SweepDisplay,
    ) -> None:
        self.asktell = asktell
        self.settings = settings
        self._plan = plan
        self._base_seed = base_seed
        self._ended = ended
        self._recorder = recorder
        self._display = display
        self._trials: dict[int, _Trial] = {}
        self._waiting: deque[Assignment] = deque()
        self.stopping = False
        self.stop_asking = False
        self.tick: Callable[[], None] = lambda: None
        # Optuna callbacks call `study.stop`, which Optuna allows only in `optimize`.
        asktell.study.stop = self._stop_asking  # type: ignore[method-assign]

    def stop(self) -> None:
        """Makes running trials stop after their epoch; they can be resumed."""
        self.stopping = True

    def _stop_asking(self) -> None:
        self.stop_asking = True

    def ask(self, count: int) -> list[Assignment]:
        """Returns up to ``count`` jobs; none if there is nothing to do at present."""
        self.tick()
        found: list[Assignment] = []
        while len(found) < count and not self.stopping:
            if not self._waiting and not self._ask_one():
                break
            if self._waiting:
                found.append(self._begin(self._waiting.popleft()))
        return found

    def _ask_one(self) -> bool:
        """Asks for a trial and makes its jobs; returns False if the study has none."""
        if self.stop_asking:
            return False
        self._ended.check_failures()
        asked = self.asktell.ask()
        if asked is None and self.asktell.requeue_orphans():
            asked = self.asktell.ask()
        if asked is None:
            return False
        reuse = self.settings.duplicates == "reuse"
        if reuse and asked.twin is not None:
            self._ended.end_as(asked, asked.twin.number)
        elif reuse and (leader := self._running_twin(asked)) is not None:
            leader.followers.append(asked)
        else:
            self._enlist(asked)
        return True

    def _running_twin(self, asked: Asked) -> _Trial | None:
        key = params_key(asked.params)
        return next((trial for trial in self._trials.values() if trial.key == key), None)

    def _enlist(self, asked: Asked) -> None:
        jobs = jobs_of(asked, self._plan, self.settings, self._base_seed)
        self._trials[asked.number] = _Trial(asked, jobs)
        self._waiting.extend(jobs)

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
            return not self._trials[number].pruned  # a replicate reports only its end
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
        else:
            self._end_replicate(trial, assignment.replicate, outcome)

    def _end_replicate(self, trial: _Trial, index: int, outcome: Outcome) -> None:
        trial.outcomes[index] = outcome
        self._report_replicates(trial)
        trial.pruned |= outcome.state == TrialState.FAIL  # the mean needs all replicates
        if trial.pruned:
            trial.jobs = [job for job in trial.jobs if job not in self._waiting]
            self._drop_waiting(trial)
        if len(trial.outcomes) == len(trial.jobs):
            self._finish(trial, self._recorder.merge(trial.asked.number, trial.jobs))

    def _drop_waiting(self, trial: _Trial) -> None:
        number = trial.asked.number
        self._waiting = deque(job for job in self._waiting if job.number != number)

    def _report_replicates(self, trial: _Trial) -> None:
        """Reports the replicates that have ended, in order; replicate i is step i + 1."""
        if len(self.settings.directions) > 1:
            return  # Optuna does not prune these
        step = len(self.asktell.reported(trial.asked.number))
        while not trial.pruned and (value := trial.value_to_report(step)) is not None:
            step += 1
            trial.pruned = not self.asktell.report(trial.asked.number, value, step)

    def lost(self, assignment: Assignment, reason: str) -> None:
        """Handles a job whose process has died: starts it again, or ends it as failed."""
        trial = self._trials[assignment.number]
        if self.stopping:
            self.release(assignment)
        elif assignment.replicate is None and trial.asked.restarts < self.settings.max_retries:
            log.warning("trial %d is started again: %s", assignment.number, reason)
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
        self._drop_waiting(trial)
        del self._trials[number]
        for asked in trial.followers:
            self.asktell.release(asked.number, restarts=asked.restarts)
        restarts = trial.asked.restarts if restarts is None else restarts
        self.asktell.release(number, restarts=restarts)
        self._display.ended(number, TrialState.WAITING)

    def _finish(self, trial: _Trial, outcome: Outcome) -> None:
        number = trial.asked.number
        del self._trials[number]
        self._ended.end(number, outcome)
        for asked in trial.followers:
            if outcome.state == TrialState.FAIL:
                self._enlist(asked)
            else:
                self._ended.end_as(asked, number)


def jobs_of(
    asked: Asked, plan: SweepPlan, settings: SweepSettings, base_seed: int
) -> list[Assignment]:
    """Returns the jobs of a trial: one, or one for each replicate.

    Args:
        asked: the trial.
        plan: the plan of the sweep.
        settings: the sweeper's settings.
        base_seed: the seed of replicate 0; replicate i has this seed + i.
    """
    overrides, params = plan.job_overrides(asked.params), plan.values(asked.params)
    if settings.replicates == 1:
        return [Assignment(asked.number, overrides, params)]
    assert settings.seed_key is not None  # `base_seed` has checked it
    jobs = [Assignment(asked.number, overrides, params, i) for i in range(settings.replicates)]
    for index, job in enumerate(jobs):
        seed = to_override(settings.seed_key, base_seed + index)
        own = [*overrides, seed, f"hydra.sweep.subdir={job.name}"]
        jobs[index] = replace(job, overrides=own)
    return jobs
