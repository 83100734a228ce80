"""Runs one job in the present process, in the same way as Hydra's own launchers."""

import logging
from collections.abc import Callable
from pathlib import Path

from hydra._internal.callbacks import Callbacks
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.config.compose import Composer
from dropout_study.sweeper.current import NullTrial, use_trial
from dropout_study.sweeper.outcome import is_pruning
from dropout_study.sweeper.rank import announced
from dropout_study.sweeper.source import Assignment

log = logging.getLogger(__name__)


class JobRunner:
    """Composes and runs jobs of one sweep.

    Args:
        config: the sweep's configuration.
        context: Hydra's context.
        task_function: the task.
        composer: composes the jobs' configurations; it may hold some already.
    """

    def __init__(
        self,
        config: DictConfig,
        context: HydraContext,
        task_function: TaskFunction,
        composer: Composer | None = None,
    ) -> None:
        self._config = config
        self._context = context
        self._task_function = task_function
        self._composer = composer or Composer(context.config_loader, config)
        self._root = Path(config.hydra.sweep.dir).absolute()

    def run(self, assignment: Assignment, begins: Callable[[], None]) -> JobReturn:
        """Runs a job and returns how it ended; a failure's traceback is in the job's log.

        Args:
            assignment: the job.
            begins: called once the job's configuration is composed.

        Raises:
            HydraException: the configuration cannot be composed.
            BaseException: the task raised something that is no ``Exception``, e.g. ``SystemExit``.
        """
        setup_globals()
        config = self._composer.job_config(assignment.overrides, assignment.number)
        begins()
        with announced(assignment, self._root):
            job = run_job(
                hydra_context=self._context,
                task_function=self._task_function,
                config=config,
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
            )
        if job.status is JobStatus.FAILED and not is_pruning(job._return_value):
            log.error("trial %s has failed", assignment.name, exc_info=job._return_value)
        return job

    def restore_log(self) -> None:
        """Restores the sweep's logging, which a job has replaced by its own."""
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)


def run_as_rank(
    assignment: Assignment,
    *,
    config: DictConfig,
    context: HydraContext,
    task_function: TaskFunction,
) -> int:
    """Runs a trial's job as a rank above 0; returns the process's exit code.

    Only rank 0, the trial's first process, reports, writes records and calls Hydra's callbacks.
    """
    silent = HydraContext(context.config_loader, Callbacks())
    with use_trial(NullTrial(assignment.number)):
        job = JobRunner(config, silent, task_function).run(assignment, lambda: None)
    return int(job.status is JobStatus.FAILED and not is_pruning(job._return_value))
