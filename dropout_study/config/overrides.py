"""Between Hydra's overrides and search spaces: what is searched, what is fixed, what a job gets."""

import re
from typing import Any

from hydra.core.override_parser.types import (
    Override,
    Quote,
    QuotedString,
    Transformer,
)


def override_key(override: Override) -> str:
    """Returns the dotted key of an override, without the ``+`` of a value."""
    return override.get_key_element().lstrip("+")


_BARE = re.compile(r"[A-Za-z_/][\w./:\-]*")

_WORDS = {"null", "true", "false", "nan", "inf"}


def to_override(key: str, value: Any) -> str:
    """Returns the override that gives ``key`` exactly ``value``, strings quoted where need be."""
    return f"{key}={Transformer.str(_quoted(value))}"


def _quoted(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_quoted(element) for element in value]
    if isinstance(value, dict):
        return {key: _quoted(element) for key, element in value.items()}
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and value.lower().lstrip("-") not in _WORDS
        return value if bare else QuotedString(value, Quote.single)
    return value
