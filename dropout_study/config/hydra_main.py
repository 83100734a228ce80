"""How Hydra is started, which depends on its release."""

from collections.abc import Mapping
from typing import Any

import hydra.utils
from hydra import initialize_config_dir

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
