"""Objects from configurations that name their class by ``_target_``."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_object
from hydra.utils import instantiate as hydra_instantiate
from omegaconf import OmegaConf

from dropout_study.errors import UserError

WHITELIST = "_execution_whitelist_"


def instantiate(config: Any, **arguments: Any) -> Any:
    """Returns what ``hydra.utils.instantiate`` does: the targets of ``config`` may be called.

    From 1.4 on Hydra wants to be told which targets may; 1.3 does not know the argument.

    Args:
        config: what is built, by ``_target_``.
        **arguments: further arguments of the target, and Hydra's own, as ``_convert_``.
    """
    if WHITELIST in signature(hydra_instantiate).parameters:
        arguments[WHITELIST] = sorted(set().union(*map(_names, _targets(config))))
    return hydra_instantiate(config, **arguments)


def build(setting: str, config: Any, **arguments: Any) -> Any:
    """Returns what ``config`` describes.

    Args:
        setting: the dotted key of ``config``, for the error.
        config: what is built, by ``_target_``.
        **arguments: as of ``instantiate``.

    Raises:
        UserError: it cannot be built.
    """
    try:
        return instantiate(config, **arguments)
    except Exception as error:  # whatever the class finds wrong with its arguments
        cause = error.__cause__ if isinstance(error, InstantiationException) else None
        reason = " ".join(str(cause or error).split())
        raise UserError(f"`{setting}` cannot be built: {reason}") from error


def _names(target: str) -> set[str]:
    """Returns a target's name, and the one under which its module defines it."""
    try:
        found = get_object(target)
    except (ImportError, ValueError):
        return {target}  # `instantiate` will say it
    return {target, f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', '')}"}


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
