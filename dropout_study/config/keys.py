"""The dotted keys of a configuration."""

from collections.abc import Iterator

from omegaconf import DictConfig


def dotted_keys(config: DictConfig) -> list[str]:
    """Returns the keys of ``config``, inner nodes too, without Hydra's own and the search space."""
    tops = [name for name in map(str, config) if name not in ("hydra", "search_space")]
    return [*tops, *(key for top in tops for key in _below(config, top, f"{top}."))]


def _below(parent: DictConfig, name: str, prefix: str) -> Iterator[str]:
    node = parent._get_node(name)
    if isinstance(node, DictConfig) and not node._is_none():
        for child in map(str, node):
            yield prefix + child
            yield from _below(node, child, f"{prefix}{child}.")
