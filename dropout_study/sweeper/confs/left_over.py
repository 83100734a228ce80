"""Ignores a ``_target_`` of Hydra's own Optuna plugin below ``hydra/sweeper=optuna_study``."""

from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from omegaconf import DictConfig, open_dict, read_write

from dropout_study.config.keys import OURS, is_ours
from dropout_study.sweeper.confs.sweeper import OptunaStudyConf

LEAVE_OUT = "leave out `hydra.sweeper._target_`, hydra/sweeper=optuna_study sets it"


def read_left_over_target() -> None:
    """Makes Hydra create our sweeper, whatever ``hydra.sweeper._target_`` says.

    A configuration of the official plugin often sets this key, which then replaces ours. Hydra
    calls none of our code before it looks the class up, so its function for that is wrapped.
    """
    plugins: Any = Plugins.instance()
    instantiate_sweeper = plugins.instantiate_sweeper
    if hasattr(instantiate_sweeper, OURS):
        return

    def by_settings(*, config: DictConfig, **rest: Any) -> Sweeper:
        sweeper = config.hydra.sweeper
        if not is_ours(sweeper):
            return instantiate_sweeper(config=config, **rest)  # type: ignore[no-any-return]
        given = sweeper._target_
        with read_write(config.hydra), open_dict(config.hydra):
            sweeper._target_ = OptunaStudyConf._target_
            made: Any = instantiate_sweeper(config=config, **rest)
            sweeper._target_ = given  # Hydra 1.4 compares it with that of the jobs
        if given != OptunaStudyConf._target_:
            made.told.insert(0, LEAVE_OUT)
        return made  # type: ignore[no-any-return]

    setattr(by_settings, OURS, True)
    plugins.instantiate_sweeper = by_settings
