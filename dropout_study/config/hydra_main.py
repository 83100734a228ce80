"""What ``hydra.main`` wants to be told, by Hydra's generation."""

from collections.abc import Mapping
from typing import Any

import hydra.utils

ANY_TARGET = getattr(hydra.utils, "UNSAFE_DISABLE_EXECUTION_CHECKS", None)  # new in 1.4

HYDRA_MAIN: Mapping[str, Any] = (
    {"version_base": "1.3"} if ANY_TARGET is None else {"execution_whitelist": ANY_TARGET}
)
"""Hydra 1.3 warns where ``version_base`` is not given. 1.4 warns where it is, and wants a list of
the targets that a configuration may call. Here it may call any, callbacks and networks of the
user's own included, as with 1.3: so only a configuration that one trusts should be run.
"""
