"""Registers the sweeper's options with Hydra."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hydra.core.config_store import ConfigStore

PROVIDER = "dropout_study"


def exists(group: str, name: str) -> bool:
    """Returns whether an option is registered, by any plugin."""
    try:
        return f"{name}.yaml" in ConfigStore.instance().list(group)
    except OSError:
        return False  # no such group


def store(group: str, name: str, conf: type | Mapping[str, Any]) -> None:
    """Registers an option as a plain mapping that shows every field with its default.

    A plain mapping, unlike a dataclass, takes further keys from a project's own files: arguments of
    another sampler class, or settings of Hydra's own Optuna plugin. The sweeper checks them all.
    """
    if exists(group, name):
        return  # registered by an earlier call
    node = asdict(conf()) if isinstance(conf, type) else dict(conf)
    ConfigStore.instance().store(group=group, name=name, node=node, provider=PROVIDER)
