"""Converts between Hydra's overrides and plain keys and values."""

import re
from typing import Any

from hydra.core.override_parser.types import (
    Override,
    Quote,
    QuotedString,
    RangeSweep,
    Transformer,
)

from dropout_study.config.keys import normal_key


def override_key(override: Override) -> str:
    """Returns the dotted key of an override, without a leading ``+`` or ``~``."""
    return normal_key(override.get_key_element())


def plain_value(element: Any) -> Any:
    """Returns the value of a parsed element: for a quoted text the text without quotes."""
    if isinstance(element, QuotedString):
        return element.text
    if isinstance(element, list | tuple):
        return [plain_value(each) for each in element]
    if isinstance(element, dict):
        return {plain_value(key): plain_value(each) for key, each in element.items()}
    return element


def range_numbers(sweep: RangeSweep) -> tuple[float, float, float]:
    """Returns start, stop and step of a range, after its ``int(...)`` or ``float(...)``, if any.

    Hydra 1.3 has cast the numbers already, 1.4 stores the casts beside the numbers.
    """
    assert sweep.start is not None
    assert sweep.stop is not None
    numbers = (sweep.start, sweep.stop, sweep.step)
    for cast in getattr(sweep, "transformers", ()):
        numbers = (cast(numbers[0]), cast(numbers[1]), cast(numbers[2]))
    return numbers


_BARE = re.compile(r"[A-Za-z_/][\w./:\-]*")

_WORDS = {"null", "true", "false", "nan", "inf"}


def to_override(key: str, value: Any) -> str:
    """Returns the override that gives ``key`` exactly ``value``; quotes texts if necessary.

    Args:
        key: the key as written, with a ``+`` if it has one.
        value: a plain value, or an element of a parsed override.
    """
    return f"{key}={to_text(value)}"


def to_text(value: Any) -> str:
    """Returns the text that Hydra reads as exactly ``value``."""
    return str(Transformer.str(_quoted(value)))


def _quoted(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_quoted(element) for element in value]
    if isinstance(value, dict):
        return {key: _quoted(element) for key, element in value.items()}
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and value.lower().lstrip("-") not in _WORDS
        return value if bare else QuotedString(value, Quote.single)
    return value
