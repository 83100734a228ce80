"""``hydra/sweeper=optuna_study``."""

from typing import Any

from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.orchestration.sweeper_conf import register_sweeper

register_sweeper()


class OptunaStudySweeper(Sweeper):
    """Searches with Optuna; ``dropout_study.orchestration.sweep`` does the work."""

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
        self.launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )

    def sweep(self, arguments: list[str]) -> None:
        """Runs the study."""
        from dropout_study.errors import UserError
        from dropout_study.orchestration.sweep import SweepSettings, run_sweep

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        try:
            run_sweep(
                SweepSettings.from_config(self.sampler, self.settings),
                arguments,
                config=self.config,
                context=self.hydra_context,
                launcher=self.launcher,
            )
        except UserError as error:
            raise CompactHydraException(str(error)) from error
