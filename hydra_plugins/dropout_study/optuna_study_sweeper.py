"""``hydra/sweeper=optuna_study``."""

from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.sweep.confs.sweeper import hide_storage_password, register_sweeper

register_sweeper()


class OptunaStudySweeper(Sweeper):
    """Searches with Optuna; ``dropout_study.sweep.sweep`` does the work."""

    def __init__(self, sampler: DictConfig, **settings: Any) -> None:
        self.sampler = sampler
        self.settings = settings
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keeps what Hydra hands over and makes the launcher."""
        self.hydra_context = hydra_context
        self.config = config
        self.task_function = task_function
        hide_storage_password(config)
        self.launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Runs the study; returns what another launcher than Hydra's basic one returned."""
        from dropout_study.errors import UserError
        from dropout_study.results.recorder import StudyRecorder
        from dropout_study.sweep.settings import SweepSettings
        from dropout_study.sweep.sweep import Sweep

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        try:
            settings = SweepSettings.from_config(self.sampler, self.settings)
            sweep = Sweep(
                settings,
                arguments,
                config=self.config,
                context=self.hydra_context,
                launcher=self.launcher,
                task_function=self.task_function,
                recorder=StudyRecorder(
                    Path(self.config.hydra.sweep.dir),
                    settings.objectives,
                    replicates=settings.replicates > 1,
                ),
            )
            return sweep.run()
        except UserError as error:
            raise CompactHydraException(str(error)) from error
