"""Errors of Hydra and OmegaConf in one line: what was given, the rule, the way out."""

import difflib
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
from dropout_study.config.mistyped import corrected, pasted
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
        return _unreadable(error)
    if swept := _SWEPT.match(_one_line(error)):
        return _several_values(swept[1])
    cause = error.__cause__
    if isinstance(cause, ConfigAttributeError | ConfigKeyError):
        return _unknown_key(cause)
    if isinstance(error, InstantiationException) and (target := _TARGET.search(str(error))):
        return not_importable("_target_", target[1], _reason(str(cause)))
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


_SWEPT = re.compile(r"(?:Ambiguous value for argument|Sweep parameters) '(.*?)'(?: 1\.| requires )")
_OF_HYDRA = re.compile(r"^Error parsing override '.*?' | See https://hydra\.cc\S* for details$")


def _unreadable(error: OverrideParseException) -> str:
    word = str(error.override)
    meant = corrected(word)
    if meant is not None:
        return f"`{word}` cannot be read; did you mean `{pasted([meant])}`?"
    if "=" not in word:
        return f"`{word}` cannot be read; a setting is KEY=VALUE"
    return f"`{word}` cannot be read as KEY=VALUE: {_OF_HYDRA.sub('', _one_line(error))}"


def _several_values(word: str) -> str:
    key, _, value = word.partition("=")
    as_list = pasted([f"{key}=[{value}]"])
    listed = "" if "(" in value else f", or write `{as_list}` for a list"
    return f"`{word}` gives several values; add --multirun to try each of them{listed}"


def _reason(told: str) -> str:
    """Returns why a target cannot be imported, of what Hydra says of it."""
    found = _REASON.search(told)
    return found[2] if found else told.splitlines()[-1] if told.strip() else "unknown"


def not_importable(name: str, target: str, reason: str) -> str:
    """Returns one line on a ``_target_`` that cannot be imported."""
    return (
        f"`{name}: {target}` cannot be imported: {reason}; check its name, or put the directory "
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
    from dropout_study.config.options import options_with

    key = str(error.full_key or error.key)
    parent = error.parent_node
    root = parent._get_root() if isinstance(parent, DictConfig) else None
    known = dotted_keys(root) if isinstance(root, DictConfig) else []
    place = key.rpartition(".")[0]
    beside = [str(name) for name in parent] if isinstance(parent, DictConfig) else []
    siblings = [f"{place}.{name}" if place else name for name in beside if name != "hydra"]
    if owners := options_with(key):
        alike = difflib.get_close_matches(key, siblings, n=1, cutoff=0.9)
        told = f"`{key}` is no key of the chosen {place}; it belongs to {' and '.join(owners)}"
        return told + "".join(f"; did you mean `{each}`?" for each in alike)
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
