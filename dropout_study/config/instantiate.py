"""Objects from configurations that name their class by ``_target_``."""

from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate as hydra_instantiate

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
        reason = " ".join(str(cause or error).split())
        raise UserError(f"`{setting}` cannot be built: {reason}") from error
