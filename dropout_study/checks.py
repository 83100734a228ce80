"""Checks of arguments' ranges: each returns its value, or raises an error that names the rule."""

import math
from collections.abc import Iterable
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TypeVar

from dropout_study.errors import UserError, argument_error

T = TypeVar("T")
TEXTS = ((str,), "texts")
"""What ``check_list`` takes for a list of texts."""
LONGEST = 80
"""Characters of a value that an error shows; of a longer one it shows the type."""


def check_rate(name: str, value: float) -> float:
    """Returns ``value`` if it is a dropout rate: a number in [0, 1)."""
    if not 0 <= value < 1:
        way_out = "use 0.0 to disable dropout"
        if 1 < value < 100 and value == int(value):  # a percentage, or the decimal comma of `0,5`
            way_out += f"; did you mean {value / (10 if value < 10 else 100):g}?"
        raise argument_error(name, value, "must be in [0, 1)", way_out)
    return value


def check_positive(name: str, value: float) -> float:
    """Returns ``value`` if it is finite and greater than 0."""
    if not (math.isfinite(value) and value > 0):
        raise argument_error(name, value, "must be a finite number > 0")
    return value


def check_at_least(name: str, value: float, low: float) -> float:
    """Returns ``value`` if it is finite and at least ``low``."""
    if not (math.isfinite(value) and value >= low):
        raise argument_error(name, value, f"must be a finite number >= {low}")
    return value


def check_whole(name: str, value: int, low: int) -> int:
    """Returns ``value`` if it is a whole number that is at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < low:
        raise argument_error(name, value, f"must be a whole number >= {low}")
    return int(value)


def check_list(name: str, values: Iterable[T], kinds: tuple[type, ...], words: str) -> list[T]:
    """Returns ``values`` as a list if each is of one of ``kinds``. A text is no list.

    Args:
        name: of the argument.
        values: what was given for it.
        kinds: types that a value may have.
        words: what the values are called in an error.
    """
    found = list(values) if isinstance(values, Iterable) and not isinstance(values, str) else None
    if found is None or not all(isinstance(each, kinds) for each in found):
        short = repr(values)
        told = short if len(short) < LONGEST and short.isprintable() else type(values).__name__
        raise UserError(f"`{name}` must be a list of {words}, got {told}; use [...]")
    return found


def check_path(name: str, value: PathLike[str] | str) -> Path:
    """Returns ``value`` as a path if it is one, or stands for one."""
    if not isinstance(value, (str, PathLike)):
        raise argument_error(name, value, "must be the path of a directory")
    return Path(value)


def check_fraction(name: str, value: float) -> float:
    """Returns ``value`` if it is a decay or momentum coefficient: a number in [0, 1)."""
    if not 0 <= value < 1:
        raise argument_error(name, value, "must be in [0, 1)")
    return value


def check_share(name: str, value: float) -> float:
    """Returns ``value`` if it is a share of a whole: a number in [0, 1]."""
    if not 0 <= value <= 1:
        raise argument_error(name, value, "must be in [0, 1]")
    return value


def check_directory_name(name: str, value: str, reserved: Iterable[str] = ()) -> str:
    """Returns ``value`` if it can be the name of one new directory on any system."""
    plain = not set(value) & set('/\\:*?"<>|') and value.isprintable() and value == value.strip()
    if not plain or value in ("", ".", "..", *reserved) or len(value.encode()) > 200:
        raise argument_error(
            name,
            value if len(value) < 80 else f"{value[:77]}...",
            'must be the name of a directory: up to 200 bytes, no path, no `/ \\ : * ? " < > |`'
            + "".join(f", not `{each}`" for each in reserved),
        )
    return value


def check_one_of(name: str, value: str, options: Iterable[str]) -> str:
    """Returns ``value`` if it is among ``options``."""
    known = list(options)
    if value not in known:
        raise argument_error(name, value, f"must be one of {', '.join(known)}")
    return value
