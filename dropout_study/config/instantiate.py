"""Objects from configurations that name their class by ``_target_``."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from typing import Any

from hydra.utils import instantiate as hydra_instantiate
from omegaconf import OmegaConf

WHITELIST = "_execution_whitelist_"


def instantiate(config: Any, **arguments: Any) -> Any:
    """Returns what ``hydra.utils.instantiate`` does: the targets of ``config`` may be called.

    From 1.4 on Hydra wants to be told which targets may; 1.3 does not know the argument.

    Args:
        config: what is built, by ``_target_``.
        **arguments: further arguments of the target, and Hydra's own, as ``_convert_``.
    """
    if WHITELIST in signature(hydra_instantiate).parameters:
        arguments[WHITELIST] = sorted(set(_targets(config)))
    return hydra_instantiate(config, **arguments)


def _targets(node: Any) -> Iterator[str]:
    """Yields the targets in ``node``, by name."""
    plain = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    if isinstance(plain, Mapping):
        if isinstance(target := plain.get("_target_"), str):
            yield target
        for value in plain.values():
            yield from _targets(value)
    elif isinstance(plain, Sequence) and not isinstance(plain, str):
        for value in plain:
            yield from _targets(value)
