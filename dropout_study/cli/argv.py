"""Reads the command line before Hydra does, and answers a word that is no setting."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import fields
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

from hydra._internal.utils import get_args_parser

from dropout_study.cli.options import PROGRAM
from dropout_study.config.keys import dotted_keys
from dropout_study.config.mistyped import DASHES, closed, corrected, pasted
from dropout_study.config.options import config_loader
from dropout_study.errors import UserError, nearest
from dropout_study.sweeper.confs.sweeper import OptunaStudyConf

RESUMES = ("resume", "continue", "restart")
SWEEPS = ("sweep", "multirun", "search", "optimize", "tune")
TRAINS = ("train", "run", "fit")
GLUE = (",", "[", "(", "{", "=", ":")
"""The shell has split a word at a space if it ends so."""
_WORD = re.compile(r"-*([A-Za-z][\w./-]*)")
_LONG_DASH = re.compile(f"^[{DASHES}]+-*([^=]*)")


def options_first(words: Sequence[str]) -> list[str]:
    """Returns the words of the command line, the options before the settings.

    Python's ``argparse`` reads settings on one side of an option only.

    Raises:
        UserError: a word is neither an option nor a setting; the message says what to type.
    """
    words = [_LONG_DASH.sub(_dashes, word) for word in words]
    parser = get_args_parser()
    try:
        with redirect_stderr(io.StringIO()) as said:
            known, unknown = parser.parse_known_intermixed_args(list(words))
    except SystemExit as end:
        if not end.code:
            raise
        told = said.getvalue().strip().rpartition("error: ")[2]
        raise UserError(f"{told}; `{PROGRAM} --help` lists the settings") from end
    settings = list(known.overrides)
    for word in unknown:
        raise UserError(_unknown_option(word, words))
    for place, word in enumerate(settings):
        if told := _no_setting(settings, place):
            raise UserError(f"`{word}` is no setting; {told}")
    return [*_without(words, settings), *settings]


def _dashes(found: re.Match[str]) -> str:
    return ("-" if len(found[1]) == 1 else "--") + found[1]


def _without(words: Sequence[str], settings: Sequence[str]) -> Iterator[str]:
    """Yields the words that are options or their values."""
    left = list(settings)
    for word in words:
        if word in left:
            left.remove(word)
        else:
            yield word


def _unknown_option(word: str, words: Sequence[str]) -> str:
    """Returns the answer to an option that the command does not have."""
    name, equals, value = word.lstrip("-").partition("=")
    option = word.partition("=")[0]
    if name in RESUMES:
        return f"there is no option `{option}`; the same command again continues a study"
    place = words.index(word)
    following = words[place + 1] if place + 1 < len(words) else ""
    if not equals and "=" not in following and not following.startswith("-"):
        value = following
    meant = f"{near}={value or 'VALUE'}" if (near := _known(name)) else "KEY=VALUE"
    return (
        f"there is no option `{option}`; a setting is written without dashes, `{pasted([meant])}`"
    )


def _no_setting(words: Sequence[str], place: int) -> str:
    """Returns what to type instead of a word of the command line; "" if it is a setting."""
    word = words[place]
    after = list(words[place + 1 :])
    if "=" in word or word.startswith("~"):
        return _torn(word, after) if "=" in word else ""
    if after[:1] and after[0].startswith("="):  # KEY = VALUE
        return f"type `{pasted([''.join([word, *after[: 1 + (after[0] == '=')]])])}`"
    return _bare(word, after[0] if after else "")


def _torn(word: str, after: Sequence[str]) -> str:
    """Returns the answer to a setting that the shell has split at its spaces."""
    whole = word
    for piece in after:
        if "=" in piece.partition("(")[0] or not (whole.endswith(GLUE) or closed(whole) != whole):
            break
        whole += piece if whole.endswith(GLUE) else f" {piece}"
    if whole == word:
        return ""
    return f"the shell splits at spaces; type `{pasted([corrected(whole) or closed(whole)])}`"


def _bare(word: str, following: str) -> str:
    """Returns the answer to a word without a value."""
    key, colon, value = word.partition(":")
    if not (found := _WORD.fullmatch(key)):
        return "a setting is KEY=VALUE, as in trainer.epochs=5"
    name = found[1].lower()
    if name in ("help", "version"):
        return f"type `{PROGRAM} --{name}`"
    if name in SWEEPS:
        return f"type `{PROGRAM} --multirun`"
    if name in TRAINS:
        return f"`{PROGRAM}` without it trains one run"
    if name in RESUMES:
        return "the same command again continues a study"
    if f"{PROGRAM}-{name}" in _commands():
        return f"type `{PROGRAM}-{name}`"
    if groups := [group for group, options in _groups().items() if name in options]:
        return "type " + " or ".join(f"`{group}={name}`" for group in groups)
    value = value if colon else following if "=" not in following else ""
    if near := _known(name):
        meant = f"{near}={value or 'VALUE'}"
        return f"type `{pasted([meant])}`"
    return "a setting is KEY=VALUE, as in trainer.epochs=5"


def _commands() -> list[str]:
    try:
        return [entry.name for entry in distribution(PROGRAM).entry_points]
    except PackageNotFoundError:  # a copy of the source that is not installed
        return []


def _groups() -> dict[str, list[str]]:
    """Returns the options of every group, those of the experiments first."""
    with config_loader() as loader:
        names = sorted(loader.list_groups(""), key=lambda name: name != "experiment")
        return {name: loader.get_group_options(name) for name in names}


def _known(name: str) -> str | None:
    """Returns the setting whose name is like ``name``: a group, a key, or one of the sweeper."""
    name, known = name.replace("-", "_"), _settings()
    same = [each for each in known if re.split("[./]", each)[-1] == name]
    return same[0] if same else nearest(name, known)


@cache
def _settings() -> list[str]:
    from hydra import compose

    with config_loader():
        keys = dotted_keys(compose("config"))
    sweeper = {f"hydra.sweeper.{each.name}" for each in fields(OptunaStudyConf)}
    groups = [f"hydra/sweeper/{name}" for name in ("sampler", "pruner")]
    others = sorted(sweeper - {group.replace("/", ".") for group in groups})
    return [*keys, *groups, "hydra/launcher", "hydra/sweeper", *others]
