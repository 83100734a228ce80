"""What was meant by a word of the command line that Hydra cannot read."""

import difflib
import re
import shlex
import unicodedata
from collections.abc import Callable, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

FUNCTIONS = (
    *("choice", "range", "interval", "tag", "int", "float", "str", "bool"),
    *("sort", "shuffle", "glob"),
)
"""The functions of Hydra's grammar."""
OTHERS: dict[str, str] = {
    **dict.fromkeys(("uniform", "float_uniform", "quniform", "real"), "interval({})"),
    **dict.fromkeys(("log", "loguniform", "log_uniform", "reciprocal"), "tag(log,interval({}))"),
    **dict.fromkeys(("randint", "integer", "int_uniform", "integers"), "int(interval({}))"),
    **dict.fromkeys(("categorical", "one_of", "values", "options", "grid"), "choice({})"),
}
"""Names of other programs for distributions, and how Hydra's grammar writes them."""
DASHES = "".join(map(chr, (*range(0x2010, 0x2016), 0x2212)))
QUOTES = "".join(map(chr, range(0x2018, 0x2020)))
"""What a document makes of the dash and the quotes of a keyboard."""
PLAIN = str.maketrans({**dict.fromkeys(QUOTES, "'"), **dict.fromkeys(DASHES, "-")})
CLOSERS = {"(": ")", "[": "]", "{": "}"}
_CALL = re.compile(r"([A-Za-z_]\w*) *\(([^()]*)\)")
_SQUARE = re.compile(rf"\b({'|'.join([*FUNCTIONS, *OTHERS])}) *[\[{{](.*)[\]}})]")


def corrected(word: str) -> str | None:
    """Returns the word that was probably meant, if Hydra can read that one; otherwise None."""
    key, equals, value = plain_characters(word).partition("=")
    for correct in CORRECTIONS:
        value = correct(value)
    meant = f"{key}{equals}{value}"
    return meant if meant != word and is_readable(meant) else None


def is_readable(word: str) -> bool:
    """Returns whether Hydra can read a word as a setting."""
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def pasted(words: Sequence[str]) -> str:
    """Returns words as a shell reads them; ``$HOME`` is still replaced by it."""
    return " ".join(f'"{word}"' if "$HOME" in word else shlex.quote(word) for word in words)


def plain_characters(word: str) -> str:
    """Returns the word with the characters of a keyboard, as in text pasted from a document.

    Curly quotes, long dashes, and the full-width forms that a Chinese or Japanese keyboard types.
    """
    return unicodedata.normalize("NFKC", word).translate(PLAIN)


def closed(text: str) -> str:
    """Returns the text with every bracket closed at its end, and none closed that is not open."""
    open_ones: list[str] = []
    kept = ""
    for letter in text:
        if letter in CLOSERS:
            open_ones.append(CLOSERS[letter])
        elif letter in CLOSERS.values():
            if not open_ones:
                continue
            letter = open_ones.pop()  # the one that is open, whichever was typed
        kept += letter
    return kept + "".join(reversed(open_ones))


def _at_home(text: str) -> str:
    return f"$HOME{text[1:]}" if text == "~" or text.startswith("~/") else text


def _with_round_brackets(text: str) -> str:
    return _SQUARE.sub(r"\1(\2)", text)


def _in_hydras_words(text: str) -> str:
    """Returns the text with the functions of Hydra's grammar, from the innermost call outwards."""
    return _CALL.sub(_call, text)


def _call(found: re.Match[str]) -> str:
    name, arguments = found[1], found[2]
    if name in FUNCTIONS:
        return found[0]
    if name.lower() in OTHERS:
        return OTHERS[name.lower()].format(arguments)
    near = difflib.get_close_matches(name.lower(), FUNCTIONS, n=1, cutoff=0.75)
    return f"{near[0] if near else name}({arguments})"


CORRECTIONS: tuple[Callable[[str], str], ...] = (
    *(_at_home, _with_round_brackets, closed, _in_hydras_words),
)
