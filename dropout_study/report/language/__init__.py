"""The texts of a report are written in English and looked up in the catalogue of a language.

``say("Best of {n} trials", n=3)`` returns the text in the present language. A catalogue is a file
``<language>.toml`` in this directory: each line has an English text and its translation, with the
same ``{placeholders}``. A text that a catalogue lacks stays English. To add a language, add its
file, and its name to ``LANGUAGES`` in ``config/schema.py``; a test says which texts are missing.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

from dropout_study.checks import check_one_of
from dropout_study.config.schema import LANGUAGES, REPORT_LANGUAGE

HTML_NAMES = {"zh": "zh-CN"}
"""What HTML calls a language, where that is another name."""
NO_BREAK = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, so that no line breaks there."""
SCRIPTS = "scripts"
"""The part of a catalogue that the page's scripts use."""

_language: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Sets the language of ``say`` in the block.

    Raises:
        UserError: there is no such language.
    """
    token = _language.set(check_one_of(REPORT_LANGUAGE, language, LANGUAGES))
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """Returns the present language."""
    return _language.get()


def html_language() -> str:
    """Returns the present language as HTML names it."""
    return HTML_NAMES.get(language(), language())


def recorded_language(config: Mapping[str, Any]) -> str:
    """Returns the language that a sweep's configuration asks for; English if it names none."""
    report = config.get("report")
    asked = report.get("language") if isinstance(report, Mapping) else None
    return str(asked) if asked in LANGUAGES else "en"


def say(text: str, /, **values: Any) -> str:
    """Returns a text in the present language, with its placeholders filled in.

    Args:
        text: in English.
        values: of the placeholders, as for ``str.format``.
    """
    told = texts(language()).get(text, text).replace(" %", f"{NO_BREAK}%")
    return told.format(**values) if values else told


def many(count: int, one: str, several: str, /, **values: Any) -> str:
    """Returns the text for one thing or for several; both may have the placeholder ``{count}``."""
    return say(one if count == 1 else several, count=f"{count:,}", **values)


def sentences(several: Iterable[str]) -> str:
    """Returns sentences as one text; empty ones are left out."""
    return say(" ").join(filter(None, several))


@cache
def texts(name: str) -> Mapping[str, str]:
    """Returns the translations of a language by their English texts; none for English."""
    return {english: told for part in _catalogue(name).values() for english, told in part.items()}


def script_texts() -> Mapping[str, str]:
    """Returns the translations that the page's scripts need, in the present language."""
    return _catalogue(language()).get(SCRIPTS, {})


@cache
def _catalogue(name: str) -> Mapping[str, Mapping[str, str]]:
    if name == "en":
        return {}
    path = files("dropout_study.report.language") / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
