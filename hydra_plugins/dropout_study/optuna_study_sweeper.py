"""``hydra/sweeper=optuna_study``."""

import logging
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.sweep.confs.sweeper import hide_storage_password, register_sweeper

register_sweeper()

log = logging.getLogger(__name__)

OFFICIAL = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"


class OptunaStudySweeper(Sweeper):
    """Searches with Optuna; ``dropout_study.sweep.sweep`` does the work."""

    def __init__(self, **_settings: Any) -> None:
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keeps what Hydra hands over and makes the launcher."""
        from dropout_study.errors import UserError
        from dropout_study.sweep.moving_over import move_over

        self.hydra_context = hydra_context
        self.config = config
        self.task_function = task_function
        try:
            self.warnings = move_over(config, hydra_context.config_loader)
        except UserError as error:
            raise CompactHydraException(str(error)) from error
        hide_storage_password(config)
        self.launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Runs the study; returns what another launcher than Hydra's basic one returned."""
        from dropout_study.errors import UserError
        from dropout_study.results.recorder import StudyRecorder
        from dropout_study.sweep.jobs import run_as_rank
        from dropout_study.sweep.rank import own_job
        from dropout_study.sweep.settings import SweepSettings
        from dropout_study.sweep.sweep import Sweep

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        if self.warnings:
            log.warning("read as Hydra's own Optuna plugin does: %s", "; ".join(self.warnings))
        try:
            if (job := own_job()) is not None:
                code = run_as_rank(
                    job,
                    config=self.config,
                    context=self.hydra_context,
                    task_function=self.task_function,
                )
                raise SystemExit(code)
            settings = SweepSettings.from_config(self.config)
            sweep = Sweep(
                settings,
                arguments,
                config=self.config,
                context=self.hydra_context,
                launcher=self.launcher,
                task_function=self.task_function,
                recorder=StudyRecorder(
                    Path(self.config.hydra.sweep.dir).absolute(),  # a job may change directory
                    settings.objectives,
                    replicates=settings.replicates > 1,
                ),
            )
            return sweep.run()
        except UserError as error:
            raise CompactHydraException(str(error)) from error


class LeftOverTarget(SearchPathPlugin):
    """Hands a sweeper that has our settings but the official plugin's name to ours.

    Hydra calls it when all plugins are known. The official plugin's own settings still make its
    own sweeper.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Leaves the search path alone."""
        classes = Plugins.instance().class_name_to_class
        official = classes.get(OFFICIAL)
        if not getattr(official, "is_door", False):
            classes[OFFICIAL] = _door(official)


def _door(official: Any) -> Any:
    """Returns a class that makes our sweeper or the ``official`` one, by the settings."""

    def new(_cls: type, **settings: Any) -> Sweeper:
        if "on_change" in settings:
            return OptunaStudySweeper(**settings)
        if official is None:
            raise CompactHydraException(
                f"`hydra.sweeper._target_` is {OFFICIAL}, which is not installed; choose "
                "hydra/sweeper=optuna_study, or pip install hydra-optuna-sweeper"
            )
        made: Sweeper = official(**settings)
        return made

    module, _, name = OFFICIAL.rpartition(".")
    base = official or object
    return type(name, (base,), {"__new__": new, "__module__": module, "is_door": True})
