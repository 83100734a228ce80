"""Hydra's store of registered options is shared where Hydra would copy it.

Hydra copies its sources of configurations whenever it composes one and for every group that
``--help`` lists, and with them the store: a singleton whose options are copied once more as they
are read, so nobody changes it through a copy. Each copy took 10 ms, and ``--help`` made 121.
"""

from typing import Any

from hydra.core.config_store import ConfigStore


def share_config_store() -> None:
    """Lets a copy of Hydra's sources of configurations refer to the one store."""
    ConfigStore.__deepcopy__ = _itself  # type: ignore[attr-defined]


def _itself(store: ConfigStore, _copied: dict[int, Any]) -> ConfigStore:
    return store
