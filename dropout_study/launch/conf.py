"""The configuration of ``hydra/launcher=population``; comments describe its fields."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore

from dropout_study.errors import argument_error


@dataclass
class PopulationLauncherConf:
    """``hydra/launcher=population``: jobs are trained together, side by side on one device."""

    _target_: str = "hydra_plugins.dropout_study.population_launcher.PopulationLauncher"
    # jobs in training at once: auto (by the device's threads or memory), or a number >= 1
    capacity: Any = "auto"


def check_capacity(capacity: object) -> int | None:
    """Returns how many jobs are trained at once; None for a number that suits the device.

    Raises:
        UserError: ``capacity`` is neither "auto" nor a whole number >= 1.
    """
    if capacity == "auto":
        return None
    if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
        raise argument_error(
            "hydra.launcher.capacity", capacity, "must be auto or a whole number >= 1"
        )
    return capacity


def register_population_launcher() -> None:
    """Makes the launcher known to Hydra."""
    ConfigStore.instance().store(
        group="hydra/launcher",
        name="population",
        node=PopulationLauncherConf,
        provider="dropout_study",
    )
