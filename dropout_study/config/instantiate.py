"""Objects from configurations that name their class by ``_target_``."""

from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate as hydra_instantiate

from dropout_study.config.hydra_main import ANY_TARGET
from dropout_study.errors import UserError

WHITELIST = "_execution_whitelist_"


def instantiate(config: Any, **arguments: Any) -> Any:
    """Returns what ``hydra.utils.instantiate`` does; whatever ``config`` names may be called.

    From 1.4 on Hydra wants to be told what may, results included: a function that returns a network
    is one more name. 1.3 does not know the argument.

    Args:
        config: what is built, by ``_target_``.
        **arguments: further arguments of the target, and Hydra's own, as ``_convert_``.
    """
    if ANY_TARGET is not None:
        arguments[WHITELIST] = ANY_TARGET
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
