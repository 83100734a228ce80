"""Runs the jobs of a sweep in the chosen way: by a launcher, in workers, or in this process."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.config.compose import as_given
from dropout_study.sweep.jobs import JobRunner
from dropout_study.sweep.marks import marked, preload
from dropout_study.sweep.planning.prepare import Prepared
from dropout_study.sweep.runners import run_here, run_in_waves, run_in_workers
from dropout_study.sweep.settings import cores
from dropout_study.sweep.study_source import StudySource
from dropout_study.sweep.workers.pool import WorkerPool
from dropout_study.sweep.workers.worker import serve

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

    def run(self, source: StudySource, detach: Callable[[], None]) -> list[Sequence[JobReturn]]:
        """Runs the jobs of ``source``; returns what the launcher returned, wave by wave.

        Args:
            source: gives the jobs.
            detach: called in each worker, so that it no longer writes to the terminal.
        """
        if hasattr(self.launcher, "launch_from"):
            self.launcher.launch_from(source)
            return []
        if (launch := self._placed()) is not None:
            launch(source)
            return []
        settings = self.ready.settings
        count = settings.jobs_at_once
        if not _is_basic(self.config):
            return run_in_waves(source, self.launcher, max(count, 1) * settings.replicates)
        runner = JobRunner(self.config, self.context, self.task_function, self.ready.composer)
        if count == 0:
            run_here(source, runner)
        else:
            self._run_in_workers(source, runner, count, detach)
        return []

    def _placed(self) -> Callable[[StudySource], None] | None:
        """Returns what the task chooses to run its jobs, if the user has chosen nothing."""
        hydra, settings = self.config.hydra, self.ready.settings
        asked = any(each.startswith("hydra/launcher=") for each in as_given(hydra.overrides.hydra))
        place = marked(self.task_function, "places")
        if asked or place is None or settings.n_jobs != "auto" or not _is_basic(self.config):
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
        preload(self.task_function, self.ready.config)
        threads = max(1, cores() // count)
        pool = WorkerPool(
            min(count, settings.n_trials * settings.replicates),
            lambda channel: serve(
                channel, runner, settings.objectives, self.output, threads, detach
            ),
        )
        try:
            run_in_workers(source, pool, settings.trial_timeout)
        finally:
            pool.close()


def _is_basic(config: DictConfig) -> bool:
    return str(config.hydra.launcher.get("_target_", "")).endswith("BasicLauncher")
