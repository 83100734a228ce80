"""Checks of arguments' ranges: each returns its value, or raises an error that names the rule."""

import math
from collections.abc import Iterable

from dropout_study.errors import argument_error


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
