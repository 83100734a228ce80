"""Errors of Hydra and OmegaConf in one line: what was given, the rule, the way out."""

import re
from traceback import walk_tb

from hydra.errors import (
    ConfigCompositionException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dropout_study.config.keys import dotted_keys
from dropout_study.errors import UserError, did_you_mean, nearest

COMPOSER = "hydra._internal.config_loader_impl"
FLAGS = "hydra._internal.utils"


def explain(error: BaseException) -> str:
    """Returns ``error`` as one line for the user."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_option(error)
    if isinstance(error, OverrideParseException):
        return f"`{error.override}` cannot be read as KEY=VALUE: {_one_line(error)}"
    cause = error.__cause__
    if isinstance(cause, ConfigAttributeError | ConfigKeyError):
        return _unknown_key(cause)
    if isinstance(error, InstantiationException) and (target := _TARGET.search(str(error))):
        return _not_importable(target[1], str(cause))
    if isinstance(error, ConfigCompositionException | InstantiationException) and cause:
        told = _one_line(error)
        return told if _one_line(cause) in told else f"{told}: {_one_line(cause)}"
    if isinstance(error, OSError):
        return unwritable(error)
    if isinstance(error, ValueError) and "group override" in str(error):
        return f"a group must be given the name of an option, as in model=mlp: {_one_line(error)}"
    return _one_line(error)


_TARGET = re.compile(r"Error locating target '([^']+)'")
_REASON = re.compile(r"""Error\((["'])(.*?)\1\)""")


def _not_importable(target: str, told: str) -> str:
    """Returns why a ``_target_`` cannot be imported; ``told`` is what Hydra says of it."""
    found = _REASON.search(told)
    reason = found[2] if found else told.splitlines()[-1] if told.strip() else "unknown"
    return (
        f"`_target_: {target}` cannot be imported: {reason}; check its name, or put the directory "
        "of your file on PYTHONPATH, as in PYTHONPATH=. dropout-study"
    )


def while_composing(error: BaseException) -> bool:
    """Returns whether Hydra raised ``error`` while it read its flags or composed the config."""
    modules = [frame.f_globals.get("__name__") for frame, _ in walk_tb(error.__traceback__)]
    return COMPOSER in modules or modules[-1:] == [FLAGS]


def _missing_option(error: MissingConfigException) -> str:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    if not group:
        return _one_line(error)
    return f"`{group}={option}` is no option of {group}{did_you_mean(option, error.options or [])}"


def _unknown_key(error: OmegaConfBaseException) -> str:
    key = str(error.full_key or error.key)
    parent = error.parent_node
    root = parent._get_root() if isinstance(parent, DictConfig) else None
    known = dotted_keys(root) if isinstance(root, DictConfig) else []
    place = key.rpartition(".")[0]
    beside = [str(name) for name in parent] if isinstance(parent, DictConfig) else []
    siblings = [f"{place}.{name}" if place else name for name in beside if name != "hydra"]
    near = did_you_mean(
        key, siblings if key.startswith("hydra.") or not nearest(key, known) else known
    )
    return f"`{key}` is no key of the configuration{near} (`+{key}=...` adds a new key)"


def unwritable(error: OSError) -> str:
    """Returns one line on why an output directory cannot be written, with the way out."""
    where = f"{error.filename}: " if error.filename else ""
    return (
        f"{where}{error.strerror or error}; the output directory must be writable, choose another "
        "with hydra.run.dir=DIR or, in a sweep, hydra.sweep.dir=DIR"
    )


def _one_line(error: BaseException) -> str:
    return re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
