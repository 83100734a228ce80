"""The dotted keys of a configuration."""

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig

OURS = "on_change"  # a setting that no other sweeper has
_INDEX = re.compile(r"\[([^\[\]]+)\]")


def is_ours(sweeper: DictConfig | None) -> bool:
    """Returns whether ``hydra.sweeper`` is this project's, whatever its ``_target_`` says."""
    return sweeper is not None and OURS in sweeper


def normal_key(written: str) -> str:
    """Returns the normal form of a key.

    ``+z``, ``++z`` and ``~z`` are ``z``, and ``layers[0].size`` is ``layers.0.size``. A group with
    a package keeps it: ``db@backup``.
    """
    return _INDEX.sub(r".\1", written.strip().lstrip("+~")).lstrip(".")


def dotted_keys(config: DictConfig) -> list[str]:
    """Returns the keys of ``config``, inner nodes too, without Hydra's own.

    Names that contain a dot (as the keys of ``params``) are left out.
    """
    tops = [name for name in _names(config) if name != "hydra"]
    return [*tops, *(key for top in tops for key in _below(config, top, f"{top}."))]


def _below(parent: DictConfig | ListConfig, name: Any, prefix: str) -> Iterator[str]:
    node = parent._get_node(int(name) if isinstance(parent, ListConfig) else name)
    if isinstance(node, DictConfig | ListConfig):
        for child in _names(node):
            yield prefix + child
            yield from _below(node, child, f"{prefix}{child}.")


def _names(node: DictConfig | ListConfig) -> list[str]:
    if node._is_none() or node._is_missing() or node._is_interpolation():
        return []
    names = range(len(node)) if isinstance(node, ListConfig) else node
    return [name for name in map(str, names) if "." not in name]
