"""How Hydra is started, which depends on its release."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra.utils
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from dropout_study.paths import conf_dir

ANY_TARGET = getattr(hydra.utils, "UNSAFE_DISABLE_EXECUTION_CHECKS", None)  # new in 1.4

HYDRA_MAIN: Mapping[str, Any] = (
    {"version_base": "1.3"} if ANY_TARGET is None else {"execution_whitelist": ANY_TARGET}
)
"""Hydra 1.3 warns if ``version_base`` is missing. 1.4 warns if it is given, and wants a list of the
targets that a configuration may call. Here a configuration may call any target, as with 1.3, for
example the user's own networks. So run only configurations that you trust.
"""


def with_own_conf() -> initialize_config_dir:
    """Returns a context in which ``hydra.compose`` reads this project's configuration files."""
    base: Mapping[str, Any] = {"version_base": "1.3"} if ANY_TARGET is None else {}
    return initialize_config_dir(str(conf_dir().resolve()), **base)


def compose_sweep(overrides: Sequence[str], config_dir: Path | None = None) -> DictConfig:
    """Returns the configuration that the trials of a sweep share, with Hydra's own settings.

    Args:
        overrides: of the sweep, as after ``dropout-study --multirun``.
        config_dir: a directory of the user's own configurations.
    """
    fixed = [
        str(each.input_line)
        for each in OverridesParser.create().parse_overrides(list(overrides))
        if not each.is_sweep_override()
    ]
    if config_dir is not None:
        fixed.append(f"hydra.searchpath=[file://{config_dir.resolve()}]")
    with with_own_conf():
        return compose("config", overrides=fixed, return_hydra_config=True)
