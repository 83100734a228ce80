"""Settings that are given as words on a command line: ``top=3 by=noise``."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from dropout_study.errors import UserError, argument_error, did_you_mean

T = TypeVar("T", int, float)


def settings_of(
    words: Sequence[str], numbers: Mapping[str, int], texts: Mapping[str, str] | None = None
) -> tuple[dict[str, int], dict[str, str]]:
    """Returns the settings with the values that the words ``name=value`` replace.

    Args:
        words: as they were given.
        numbers: the settings that are whole numbers, with their defaults.
        texts: the settings that are texts, with their defaults.
    """
    counts, told = dict(numbers), dict(texts or {})
    for word in words:
        name, _, value = word.partition("=")
        if name in told:
            told[name] = value
        elif name in counts:
            counts[name] = _whole(name, value)
        else:
            raise UserError(f"`{word}` is not a setting{did_you_mean(name, [*counts, *told])}")
    return counts, told


def numbers_of(name: str, text: str, kind: Callable[[str], T], words: str) -> list[T]:
    """Returns the numbers of a setting ``name=1,2,5``, without repetitions.

    Args:
        name: of the setting.
        text: the numbers, separated by commas.
        kind: int or float.
        words: what one is called in an error message.
    """
    try:
        return list(dict.fromkeys(map(kind, text.split(","))))
    except ValueError as error:
        raise argument_error(name, text, f"must be {words}, separated by commas") from error


def _whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise argument_error(name, value, "must be a whole number") from error
