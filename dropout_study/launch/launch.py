"""Trains the trials of a source as jobs of populations."""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn, configure_log, filter_overrides, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.compose import Composer
from dropout_study.launch.conf import PopulationLauncherConf
from dropout_study.launch.form import form_of
from dropout_study.launch.job import MemberJob
from dropout_study.launch.population import Population
from dropout_study.sweeper.planning.objective import configured_objectives
from dropout_study.sweeper.source import Assignment, TrialSource

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
    launcher = OmegaConf.structured(PopulationLauncherConf(capacity=capacity or "auto"))
    objective = configured_objectives(config)[0]  # a sweep with several reports nothing

    def ask(count: int) -> Iterator[MemberJob]:
        for given in source.ask(count):
            log.info("\t#%d : %s", given.number, " ".join(filter_overrides(given.overrides)))
            job_config = composer.job_config(given.overrides, given.number)
            # Recorded with the trial, also where the user has not chosen it:
            OmegaConf.update(job_config, "hydra.launcher", launcher, merge=False, force_add=True)
            yield MemberJob(given, job_config, source, objective, context, task_function, form)

    for job in Population(ask, capacity, lambda: source.stopping).train():
        source.release(job.assignment)


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

    def abandons(self, assignment: Assignment) -> bool:
        """False: a job is run to its end."""
        return False

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        """Lets the job go on."""
        return True

    def may_continue(self, assignment: Assignment) -> bool:
        """False: no job is stopped."""
        return False

    def release(self, assignment: Assignment) -> None:
        """Is never called: no job is stopped."""
        raise NotImplementedError

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        """Stores the job's return."""
        self.jobs[assignment.number] = job
