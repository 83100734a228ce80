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
from omegaconf import DictConfig, OmegaConf

from dropout_study.sweeper.confs.left_over import read_left_over_target
from dropout_study.sweeper.confs.samplers import register_short_names
from dropout_study.sweeper.confs.sweeper import hide_storage_password, register_sweeper

register_sweeper()

log = logging.getLogger(__name__)


class OptunaStudySweeper(Sweeper):
    """Searches with Optuna; ``dropout_study.sweeper.sweep`` does the work."""

    def __init__(self, **_settings: Any) -> None:
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Stores the arguments and makes the launcher."""
        from dropout_study.errors import UserError
        from dropout_study.sweeper.confs.moving_over import moved_over, with_own_sampler

        self.hydra_context = hydra_context
        self.config = config
        self.task_function = task_function
        try:
            own = with_own_sampler(config, hydra_context.config_loader)
            self.own_config, self.told = moved_over(own)
        except UserError as error:
            raise CompactHydraException(str(error)) from error
        for each in (config, self.own_config):
            hide_storage_password(each)
        self.launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Runs the study; returns the launcher's results (none if the jobs ran in workers)."""
        from dropout_study.errors import UserError
        from dropout_study.results.recorder import StudyRecorder
        from dropout_study.sweeper.confs.moving_over import left_aside
        from dropout_study.sweeper.jobs import run_as_rank
        from dropout_study.sweeper.rank import own_job
        from dropout_study.sweeper.settings import SweepSettings
        from dropout_study.sweeper.sweep import Sweep

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        if self.told:
            log.warning("settings of Hydra's own Optuna plugin: %s", "; ".join(self.told))
        for line in left_aside(self.config, self.hydra_context.config_loader):
            log.warning(line)
        try:
            if (job := own_job()) is not None:
                code = run_as_rank(
                    job,
                    config=self.config,
                    context=self.hydra_context,
                    task_function=self.task_function,
                )
                raise SystemExit(code)
            settings = SweepSettings.from_config(self.own_config)
            sweep = Sweep(
                settings,
                arguments,
                config=self.config,
                saved=self.own_config,
                context=self.hydra_context,
                launcher=self.launcher,
                task_function=self.task_function,
                recorder=StudyRecorder(
                    Path(self.config.hydra.sweep.dir).absolute(),  # a job may change directory
                    settings.objectives,
                    replicates=settings.replicates > 1,
                    keeps_state=OmegaConf.select(self.config, "trainer.resume") == "keep",
                ),
            )
            return sweep.run()
        except UserError as error:
            raise CompactHydraException(str(error)) from error


class BesideOtherPlugins(SearchPathPlugin):
    """Registers the option names that no other plugin has, and ignores a left-over ``_target_``.

    Hydra calls it when all plugins are known and no configuration is composed yet.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Leaves the search path as it is."""
        register_short_names()
        read_left_over_target()
