"""Objects from configurations that name their class by ``_target_``."""

import logging
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_object
from hydra.utils import instantiate as hydra_instantiate
from omegaconf import DictConfig

from dropout_study.config.explain import explain, not_importable
from dropout_study.config.hydra_main import ANY_TARGET
from dropout_study.errors import UserError

WHITELIST = "_execution_whitelist_"


def instantiate(config: Any, **arguments: Any) -> Any:
    """Calls ``hydra.utils.instantiate`` and allows any target.

    Hydra 1.4 wants a list of the allowed targets; 1.3 does not have that argument.

    Args:
        config: the object's configuration, with ``_target_``.
        **arguments: further arguments of the target, and Hydra's own, e.g. ``_convert_``.
    """
    if ANY_TARGET is not None:
        arguments[WHITELIST] = ANY_TARGET
    return hydra_instantiate(config, **arguments)


def build(setting: str, config: Any, **arguments: Any) -> Any:
    """Returns the object of ``config``.

    Args:
        setting: the dotted key of ``config``, for the error.
        config: the object's configuration, with ``_target_``.
        **arguments: as in ``instantiate``.

    Raises:
        UserError: the object cannot be built.
    """
    try:
        return instantiate(config, **arguments)
    except Exception as error:  # the class may refuse its arguments by any exception
        cause = error.__cause__ if isinstance(error, InstantiationException) else None
        lost = cause is not None and "Error locating target" in str(error)
        reason = explain(error) if lost else " ".join(str(cause or error).split())
        raise UserError(f"`{setting}` cannot be built: {reason}") from error


def check_targets(config: DictConfig) -> None:
    """Refuses a group whose class is of a package that is not there. Nothing is imported for it.

    Raises:
        UserError: there is one.
    """
    for group in map(str, config):
        node = config._get_node(group)
        target = node.get("_target_") if isinstance(node, DictConfig) and group != "hydra" else None
        package = str(target or "").partition(".")[0]
        if package and package not in sys.modules and find_spec(package) is None:
            reason = f"No module named '{package}'"
            raise UserError(not_importable(f"{group}._target_", str(target), reason))


def located(path: str) -> Any:
    """Returns the object at a dotted path, as Hydra does but without a line in the log.

    Raises:
        ImportError: there is none.
        ValueError: the path is no dotted path.
    """
    hydras = logging.getLogger("hydra.utils")
    before, hydras.disabled = hydras.disabled, True
    try:
        return get_object(path)
    finally:
        hydras.disabled = before


def function_at(setting: str, path: str) -> Callable[..., Any]:
    """Returns the function that ``setting`` names by its dotted path.

    Raises:
        UserError: there is none.
    """
    try:
        found = located(path)
    except (ImportError, ValueError) as error:
        raise UserError(f"`{setting}`: {' '.join(str(error).split())}") from error
    if not callable(found):
        raise UserError(f"`{setting}` must name a function, got {path}")
    return found  # type: ignore[no-any-return]
