"""Settings that are given as words on a command line: ``top=3``."""

from dropout_study.errors import UserError, argument_error, did_you_mean


def settings_of(words: list[str], known: dict[str, int]) -> dict[str, int]:
    """Returns ``known`` with the values that the words ``name=number`` replace."""
    settings = dict(known)
    for word in words:
        name, _, value = word.partition("=")
        if name not in known:
            raise UserError(f"`{word}` is not a setting{did_you_mean(name, known)}")
        try:
            settings[name] = int(value)
        except ValueError as error:
            raise argument_error(name, value, "must be a whole number") from error
    return settings
