"""Trains jobs from a source as members of populations; when one leaves, the next one joins."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn, configure_log, filter_overrides, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.config.compose import Composer
from dropout_study.launch.form import PopulationForm, form_of
from dropout_study.launch.job import MemberJob
from dropout_study.sweep.planning.objective import configured_objectives
from dropout_study.sweep.source import Assignment, TrialSource
from dropout_study.training.metrics import DEFAULT_METRICS
from dropout_study.training.population import (
    Member,
    MemberId,
    MemberResult,
    capacity_for,
    train_population,
)
from dropout_study.trial import Metrics

log = logging.getLogger(__name__)


def launch_wave(
    job_overrides: Sequence[Sequence[str]],
    initial_job_idx: int,
    *,
    config: DictConfig,
    context: HydraContext,
    task_function: TaskFunction,
    capacity: int | None,
) -> list[JobReturn]:
    """Trains the jobs of a wave, up to ``capacity`` at once.

    Returns:
        How each job ended, in the order of ``job_overrides``.
    """
    wave = Wave(job_overrides, initial_job_idx)
    launch_from(
        wave, config=config, context=context, task_function=task_function, capacity=capacity
    )
    return [wave.jobs[number] for number in sorted(wave.jobs)]


def launch_from(
    source: TrialSource,
    *,
    config: DictConfig,
    context: HydraContext,
    task_function: TaskFunction,
    capacity: int | None,
) -> None:
    """Trains the trials of ``source`` until it has none left and all are told.

    Args:
        source: gives trials, and is told of their epochs and ends.
        config: the sweep's configuration.
        context: Hydra's context.
        task_function: a task with a population form.
        capacity: jobs in training at once; None for a number that suits the device.
    """
    setup_globals()
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    Path(str(config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
    form = form_of(task_function)
    composer = Composer(context.config_loader, config)

    def job_of(assignment: Assignment) -> MemberJob:
        log.info("\t#%d : %s", assignment.number, " ".join(filter_overrides(assignment.overrides)))
        job_config = composer.job_config(assignment.overrides, assignment.number)
        return MemberJob(assignment, job_config, context, task_function, form)

    objective = configured_objectives(config)[0]  # a sweep with several reports nothing
    Population(source, form, job_of, capacity, objective).train()


class Wave:
    """A source of given jobs, none of which is stopped."""

    def __init__(self, job_overrides: Sequence[Sequence[str]], first: int) -> None:
        numbered = enumerate(job_overrides, start=first)
        self._waiting = deque(Assignment(number, list(given), {}) for number, given in numbered)
        self.jobs: dict[int, JobReturn] = {}

    def ask(self, count: int) -> list[Assignment]:
        """Returns the next jobs."""
        return [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]

    @property
    def stopping(self) -> bool:
        """False: a wave is run to its end."""
        return False

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        """Lets the job go on."""
        return True

    def release(self, assignment: Assignment) -> None:
        """Is never called: no job is stopped."""
        raise NotImplementedError

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        """Stores the job's return."""
        self.jobs[assignment.number] = job


class Population:
    """The jobs of a source: those in training, and those that wait because they need other data.

    Args:
        source: gives the trials.
        form: the task's population form.
        job_of: composes the job of a trial.
        capacity: jobs in training or waiting; None for a number that suits the device.
        objective: the name of the metric that is reported after every epoch.
    """

    def __init__(
        self,
        source: TrialSource,
        form: PopulationForm,
        job_of: Callable[[Assignment], MemberJob],
        capacity: int | None,
        objective: str,
    ) -> None:
        self._source = source
        self._form = form
        self._job_of = job_of
        self._capacity = capacity
        self._objective = objective
        self._waiting: dict[Hashable, deque[MemberJob]] = {}
        self._training: dict[MemberId, MemberJob] = {}
        self._stopped: set[MemberId] = set()

    def train(self) -> None:
        """Trains one group of jobs after the other until none is left."""
        try:
            while (group := self._next_group()) is not None:
                self._train_group(group)
            for job in (job for jobs in self._waiting.values() for job in jobs):
                self._source.release(job.assignment)
        finally:
            for job in self._training.values():  # on Ctrl-C: they can be run again
                job.close()

    def _next_group(self) -> Hashable | None:
        if self._source.stopping:
            return None
        if not self._waiting:
            self._ask(1)
        return next(iter(self._waiting), None)

    def _train_group(self, group: Hashable) -> None:
        """Trains the jobs of ``group``, also new ones; jobs of other groups wait."""
        first = self._admit(group, 1)
        if not first:
            return
        task = self._training[first[0].id].task
        splits = task.splits
        if self._capacity is None:
            self._capacity = capacity_for(first[0], splits.train.labels.device)
            log.info("training up to %d jobs at once", self._capacity)
        train_population(
            first,
            splits,
            on_epochs=self._on_epochs,
            on_leave=self._on_leave,
            refill=lambda count: self._admit(group, count),
            capacity=self._capacity,
            metrics=task.metrics or DEFAULT_METRICS,
        )

    def _admit(self, group: Hashable, count: int) -> list[Member]:
        """Begins up to ``count`` jobs of ``group``; a job that fails here is told at once."""
        members: list[Member] = []
        while len(members) < count and (job := self._next_job(group, count - len(members))):
            if job.begin():
                self._training[job.assignment.name] = job
                members.append(job.member())
            else:
                self._source.tell(job.assignment, job.end())
        return members

    def _next_job(self, group: Hashable, count: int) -> MemberJob | None:
        """Returns a waiting job of ``group``, or a new one from the source."""
        waiting = sum(map(len, self._waiting.values()))
        if group not in self._waiting and count > waiting:
            self._ask(count - waiting)
        if group not in self._waiting or self._source.stopping:
            return None
        job = self._waiting[group].popleft()
        if not self._waiting[group]:
            del self._waiting[group]
        return job

    def _ask(self, count: int) -> None:
        for assignment in self._source.ask(count):
            job = self._job_of(assignment)
            self._waiting.setdefault(self._group_of(job), deque()).append(job)

    def _group_of(self, job: MemberJob) -> Hashable:
        try:
            return self._form.group(job.config)
        except Exception:  # of its configuration; the job fails with it when it begins
            return job

    def _on_epochs(self, metrics: Mapping[MemberId, Metrics]) -> Collection[MemberId]:
        """Reports to the source in the order of the trials, not of their buckets."""
        members = sorted(metrics, key=lambda member: self._training[member].place)
        return [member for member in members if self._goes_on(member, metrics[member])]

    def _goes_on(self, member: MemberId, row: Metrics) -> bool:
        job = self._training[member]
        goes_on = job.goes_on(row)
        value = job.value(self._objective)
        if value is None or self._source.report(job.assignment, value, row["epoch"]):
            return goes_on
        self._stopped.add(member)
        return False

    def _on_leave(self, member: MemberId, result: MemberResult) -> None:
        """Tells the end of a member's job; if it was stopped in its last epoch, it is complete."""
        job = self._training.pop(member)
        stopped = member in self._stopped and len(result.history) < job.task.settings.epochs
        if stopped and self._source.stopping:
            job.close()
            self._source.release(job.assignment)
        else:
            self._source.tell(job.assignment, job.end(result, pruned=stopped))
