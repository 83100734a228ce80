"""Settings that are given as words on a command line: ``top=3 by=noise``."""

from collections.abc import Mapping, Sequence

from dropout_study.errors import UserError, argument_error, did_you_mean


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


def _whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise argument_error(name, value, "must be a whole number") from error
