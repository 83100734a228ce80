"""Errors that a user can mend: each names what was given, the rule and the way out."""

import difflib
import math
from collections.abc import Iterable


class UserError(Exception):
    """Something the user gave cannot be used. The message is one line and stands alone."""


class DivergedError(UserError):
    """The training loss of a trial is no longer a finite number."""


def argument_error(name: str, value: object, rule: str, way_out: str = "") -> UserError:
    """Returns the error for an argument whose value breaks a rule."""
    return UserError(f"`{name}` {rule}, got {value!r}" + (f"; {way_out}" if way_out else ""))


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """Returns the end of an error line: the nearest of ``options``, or all if none is near."""
    known = sorted(options)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; there is: {', '.join(known)}" if known else ""


def check_rate(name: str, value: float) -> float:
    """Returns ``value`` if it is a dropout rate: a number in [0, 1)."""
    if not 0 <= value < 1:
        raise argument_error(name, value, "must be in [0, 1)", "use 0.0 to disable dropout")
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


def check_one_of(name: str, value: str, options: Iterable[str]) -> str:
    """Returns ``value`` if it is among ``options``."""
    known = list(options)
    if value not in known:
        raise argument_error(name, value, f"must be one of {', '.join(known)}")
    return value
