"""``hydra/launcher=population``."""

from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.errors import CompactHydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.errors import UserError
from dropout_study.launch import has_form
from dropout_study.launch.conf import check_capacity, register_population_launcher

register_population_launcher()


class PopulationLauncher(Launcher):
    """Trains jobs together; ``dropout_study.launch`` does the work.

    It has ``launch_from`` if the task has a population form; otherwise the jobs run one after the
    other.
    """

    def __init__(self, capacity: Any) -> None:
        self.capacity = capacity

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Stores the arguments."""
        try:
            self.places = check_capacity(self.capacity)
        except UserError as error:
            raise CompactHydraException(str(error)) from error
        self.hydra: dict[str, Any] = {
            "config": config,
            "context": hydra_context,
            "task_function": task_function,
        }
        self.together = has_form(task_function)
        if self.together:
            self.launch_from = self._launch_from

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Runs a wave of jobs and returns how they ended, in their order."""
        if not self.together:
            from dropout_study.launch.alone import launch_alone

            return launch_alone(job_overrides, initial_job_idx, **self.hydra)
        from dropout_study.launch.launch import launch_wave

        return launch_wave(job_overrides, initial_job_idx, capacity=self.places, **self.hydra)

    def _launch_from(self, source: Any) -> None:
        """Trains the trials of ``source``, a ``TrialSource``."""
        from dropout_study.launch.launch import launch_from

        launch_from(source, capacity=self.places, **self.hydra)
