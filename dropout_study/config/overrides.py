"""Between Hydra's overrides and values: which key one has, and how a value is written."""

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
    """Returns the dotted key of an override, without what adds (``+``) or deletes (``~``) it."""
    return normal_key(override.get_key_element())


def plain_value(element: Any) -> Any:
    """Returns the value that a parsed element stands for: a quoted text is its text."""
    if isinstance(element, QuotedString):
        return element.text
    if isinstance(element, list | tuple):
        return [plain_value(each) for each in element]
    if isinstance(element, dict):
        return {plain_value(key): plain_value(each) for key, each in element.items()}
    return element


def range_numbers(sweep: RangeSweep) -> tuple[float, float, float]:
    """Returns start, stop and step of a range, as its ``int(...)`` or ``float(...)`` has them.

    Hydra 1.3 casts the numbers as it reads them, 1.4 keeps the casts beside them.
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
    """Returns the override that gives ``key`` exactly ``value``, texts quoted where need be.

    Args:
        key: as it is written, with its ``+`` if it has one.
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
