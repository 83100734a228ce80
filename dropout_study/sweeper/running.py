"""Runs the jobs of a sweep in the chosen way: by a launcher, in workers, or in this process."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.config.compose import as_given
from dropout_study.errors import UserError
from dropout_study.search.lease import Lease
from dropout_study.sweeper.jobs import JobRunner
from dropout_study.sweeper.marks import marked, preload
from dropout_study.sweeper.planning.prepare import Prepared
from dropout_study.sweeper.runners import run_here, run_in_shares, run_in_waves, run_in_workers
from dropout_study.sweeper.settings import cores
from dropout_study.sweeper.source import Assignment, TrialSource
from dropout_study.sweeper.study_source import StudySource
from dropout_study.sweeper.workers.pool import WorkerPool
from dropout_study.sweeper.workers.shares import Share, serve_shares
from dropout_study.sweeper.workers.worker import Surroundings, serve

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepJobs:
    """Runs the jobs of a sweep.

    Attributes:
        ready: the sweep, planned and checked.
        config: the composed configuration of the sweep.
        context: Hydra's context.
        launcher: the Hydra launcher.
        task_function: the application's task function.
        output: the file for the output of jobs in workers.
    """

    ready: Prepared
    config: DictConfig
    context: HydraContext
    launcher: Launcher
    task_function: TaskFunction
    output: Path

    def __post_init__(self) -> None:
        """Checks that the launcher can give each worker its GPU.

        Raises:
            UserError: it starts its processes itself.
        """
        here = hasattr(self.launcher, "launch_from") or _is_basic(self.config)
        if self.ready.settings.gpus is not None and not here:
            raise UserError(
                "hydra.sweeper.gpus is for the sweep's own worker processes; other launchers give "
                "their jobs GPUs themselves (hydra.launcher.gpus_per_node=1 with submitit_slurm, "
                "hydra.launcher.ray.remote.num_gpus=1 with ray)"
            )

    def run(
        self, source: StudySource, lease: Lease, detach: Callable[[], None]
    ) -> list[Sequence[JobReturn]]:
        """Runs the jobs of ``source``; returns what the launcher returned, wave by wave.

        Args:
            source: gives the jobs.
            lease: this process's registration with the study.
            detach: called in each worker, so that it no longer writes to the terminal.
        """
        settings = self.ready.settings
        if hasattr(self.launcher, "launch_from"):
            if settings.gpu_names:
                self._launch_in_workers(source, self.launcher.launch_from, detach)
            else:
                with lease.beating():
                    self.launcher.launch_from(source)
            return []
        if (launch := self._placed()) is not None:
            with lease.beating():
                launch(source)
            return []
        count = settings.jobs_at_once
        if not _is_basic(self.config):
            with lease.beating():
                return run_in_waves(source, self.launcher, max(count, 1) * settings.replicates)
        runner = JobRunner(self.config, self.context, self.task_function, self.ready.composer)
        if count == 0:
            with lease.beating():
                run_here(source, runner)
        else:
            self._run_in_workers(source, runner, count, detach)
        return []

    def _placed(self) -> Callable[[StudySource], None] | None:
        """Returns what the task chooses to run its jobs, if the user has chosen nothing."""
        hydra, settings = self.config.hydra, self.ready.settings
        asked = any(each.startswith("hydra/launcher=") for each in as_given(hydra.overrides.hydra))
        place = marked(self.task_function, "places")
        asked |= settings.n_jobs != "auto" or bool(settings.gpu_names)
        if asked or place is None or not _is_basic(self.config):
            return None
        parts = {"config": self.config, "context": self.context}
        launch: Callable[[StudySource], None] | None
        launch, reason = place(
            settings, self.ready.kinds, **parts, task_function=self.task_function
        )
        where = "worker processes" if launch is None else "a population"
        log.info("trials run in %s: %s", where, reason)
        return launch

    def _run_in_workers(
        self, source: StudySource, runner: JobRunner, count: int, detach: Callable[[], None]
    ) -> None:
        settings = self.ready.settings
        surroundings = self._surroundings(count, detach)

        def work(channel: Connection, index: int) -> None:
            surroundings.enter(index)
            serve(channel, runner, settings.objectives)

        pool = WorkerPool[Assignment](min(count, self._jobs), work)
        try:
            run_in_workers(source, pool, settings.trial_timeout)
        finally:
            pool.close()

    def _launch_in_workers(
        self,
        source: StudySource,
        launch_from: Callable[[TrialSource], None],
        detach: Callable[[], None],
    ) -> None:
        """Lets the launcher run in a worker for each GPU, or in as many as were asked for."""
        settings = self.ready.settings
        count = min(settings.jobs_at_once, self._jobs)
        surroundings = self._surroundings(count, detach)

        def work(channel: Connection, index: int) -> None:
            surroundings.enter(index)
            serve_shares(channel, launch_from, settings.objectives)

        pool = WorkerPool[Share](count, work)
        try:
            run_in_shares(source, pool, most=ceil(self._jobs / count))
        finally:
            pool.close()

    @property
    def _jobs(self) -> int:
        """How many jobs the study has."""
        return self.ready.settings.n_trials * self.ready.settings.replicates

    def _surroundings(self, count: int, detach: Callable[[], None]) -> Surroundings:
        """Returns those of ``count`` workers, after loading what they share."""
        preload(self.task_function, self.ready.config)
        gpus = self.ready.settings.gpu_names
        if gpus:
            log.info("%d workers on %d GPUs: %s", count, len(gpus), ",".join(gpus))
        return Surroundings(self.output, max(1, cores() // count), gpus, detach)


def _is_basic(config: DictConfig) -> bool:
    return str(config.hydra.launcher.get("_target_", "")).endswith("BasicLauncher")
