"""The trials that have not ended, and the queue of their jobs that do not run yet."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import optuna

from dropout_study.config.overrides import to_override
from dropout_study.search.asktell import Asked
from dropout_study.search.twins import params_key
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.sweeper.siblings import Siblings
from dropout_study.sweeper.source import Assignment
from dropout_study.trial import TrialState

Report = Callable[[float, int], bool]


@dataclass
class OpenTrial:
    """A trial whose jobs run or wait.

    Attributes:
        asked: the trial.
        jobs: one, or one for each replicate.
        outcomes: of the replicates that have ended, by replicate.
        followers: trials with the same parameters, which end as this one does.
        reported: how many replicates have been reported, in their order.
        pruned: whether no further replicate is to begin.
        restarts: how often one of its replicates has been started again.
    """

    asked: Asked
    jobs: list[Assignment]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    followers: list[Asked] = field(default_factory=list)
    reported: int = 0
    pruned: bool = False
    restarts: int = 0

    @property
    def number(self) -> int:
        """The trial's number."""
        return self.asked.number

    @property
    def complete(self) -> bool:
        """Whether all its jobs have ended."""
        return len(self.outcomes) == len(self.jobs)

    def end_replicate(self, index: int, outcome: Outcome, report: Report | None) -> None:
        """Notes how a replicate has ended, and reports those that have, in order.

        Args:
            index: of the replicate.
            outcome: its end.
            report: is told a replicate's value and its step, from 1; returns whether the trial goes
                on. None: nothing is reported.
        """
        self.outcomes[index] = outcome
        while report and not self.pruned and (value := self._value_to_report()) is not None:
            self.reported += 1
            self.pruned = not report(value, self.reported)
        self.pruned |= outcome.state == TrialState.FAIL  # the mean needs all replicates

    def _value_to_report(self) -> float | None:
        """Returns the value of the next replicate if it has ended; None for the last one."""
        outcome = self.outcomes.get(self.reported)
        last = self.reported + 1 == len(self.jobs)
        return None if outcome is None or last else outcome.value


class OpenTrials:
    """The open trials of a sweep by number, and a queue of their jobs.

    Args:
        jobs_of: makes the jobs of a trial.
        siblings: of the study, if trials may begin with the epochs of others.
    """

    def __init__(
        self, jobs_of: Callable[[Asked], list[Assignment]], siblings: Siblings | None = None
    ) -> None:
        self._jobs_of = jobs_of
        self._siblings = siblings
        self._trials: dict[int, OpenTrial] = {}
        self._waiting: deque[Assignment] = deque()

    def add(self, asked: Asked) -> None:
        """Adds a trial; its jobs wait."""
        trial = OpenTrial(asked, self._jobs_of(asked))
        self._trials[trial.number] = trial
        self._waiting.extend(trial.jobs)

    def next_job(self) -> Assignment | None:
        """Takes the job that has waited longest; None if none waits."""
        return self._waiting.popleft() if self._waiting else None

    def restart(self, trial: OpenTrial, job: Assignment) -> None:
        """Puts a replicate whose process has died before the jobs that wait."""
        trial.restarts += 1
        self._waiting.appendleft(job)

    def drop_waiting(self, trial: OpenTrial) -> None:
        """Takes the waiting jobs from a trial: it has only those that have begun."""
        trial.jobs = [job for job in trial.jobs if job not in self._waiting]
        self._waiting = deque(job for job in self._waiting if job.number != trial.number)

    def remove(self, trial: OpenTrial) -> None:
        """Removes a trial, and its jobs that wait."""
        self.drop_waiting(trial)
        del self._trials[trial.number]

    def get(self, number: int) -> OpenTrial | None:
        """Returns the open trial of a number, or None."""
        return self._trials.get(number)

    def __getitem__(self, number: int) -> OpenTrial:
        return self._trials[number]

    def __iter__(self) -> Iterator[OpenTrial]:
        return iter(list(self._trials.values()))

    def leader(self, asked: Asked) -> OpenTrial | None:
        """Returns the open trial that one waits for, its twin or else a sibling, or None."""
        key = params_key(asked.params)
        twins = (trial for trial in self if params_key(trial.asked.params) == key)
        siblings = (t for t in self if self._siblings and self._siblings.waits_for(asked, t.asked))
        return next(twins, None) or next(siblings, None)

    def followers(self, trial: OpenTrial) -> list[Asked]:
        """Returns the trials that have waited for one, in the order in which they go on."""
        waited = trial.followers
        return self._siblings.longest_first(waited) if self._siblings else waited

    def take_over(self, study: optuna.Study, job: Assignment) -> None:
        """Lets a job begin with the epochs of a sibling that has ended, if there is one."""
        if self._siblings is not None:
            self._siblings.take_over(study, self[job.number].asked, job)


def jobs_of(
    asked: Asked,
    plan: SweepPlan,
    settings: SweepSettings,
    base_seed: int,
    siblings: Siblings | None = None,
) -> list[Assignment]:
    """Returns the jobs of a trial: one, or one for each replicate.

    Args:
        asked: the trial.
        plan: the plan of the sweep.
        settings: the sweeper's settings.
        base_seed: the seed of replicate 0; replicate i has this seed + i.
        siblings: of the study, if trials may begin with the epochs of others.
    """
    plan.check_stored(asked.params, suggested=settings.custom_search_space is not None)
    overrides, params = plan.job_overrides(asked.params), plan.values(asked.params)
    overrides += siblings.keeps(asked.params) if siblings else []
    if settings.replicates == 1:
        return [Assignment(asked.number, overrides, params)]
    assert settings.seed_key is not None  # `base_seed` has checked it
    jobs = [Assignment(asked.number, overrides, params, i) for i in range(settings.replicates)]
    for index, job in enumerate(jobs):
        seed = to_override(settings.seed_key, base_seed + index)
        own = [*overrides, seed, f"hydra.sweep.subdir={job.name}"]
        jobs[index] = replace(job, overrides=own)
    return jobs
