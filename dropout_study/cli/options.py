"""The options of the commands in one grammar: ``--top 3``. ``top=3`` is read in the same way."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from dropout_study.config.schema import LANGUAGES
from dropout_study.errors import did_you_mean

PROGRAM = "dropout-study"
LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
FORMATS = {
    "csv": "CSV: every row and column",
    "json": "JSON: every row and column",
    "markdown": "a table in Markdown",
}
UNKNOWN = "unrecognized arguments: "

T = TypeVar("T", int, float)


def version_line() -> str:
    """Returns the version of this project and those of what it is made with."""
    others = ", ".join(f"{name} {version(name)}" for name in ("hydra-core", "optuna", "torch"))
    return f"{PROGRAM} {version(PROGRAM)} ({others})"


class Options(argparse.ArgumentParser):
    """Reads the command line of a command other than ``dropout-study``.

    Args:
        name: of the command, without ``dropout-study-``.
        description: what the command does.
        epilog: what else ``--help`` says.
    """

    def __init__(self, name: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"{PROGRAM}-{name}", description=description, epilog=epilog, allow_abbrev=False
        )
        self.add_argument("--version", action=_Version, help="print the version and exit")

    def study(self, text: str = "directory of the study, as in outputs/quickstart") -> None:
        """Adds the directory that the command reads."""
        self.add_argument("dir", type=Path, metavar="DIR", help=text)

    def formats(self) -> argparse._MutuallyExclusiveGroup:
        """Adds the forms in which a table is printed: ``form`` is "csv", "json", ... or None.

        Returns:
            The group of these options, for others that exclude them.
        """
        forms = self.add_mutually_exclusive_group()
        for name, text in FORMATS.items():
            forms.add_argument(
                f"--{name}", dest="form", action="store_const", const=name, help=f"print {text}"
            )
        return forms

    def figures_and_language(self) -> None:
        """Adds the options of a report."""
        self.add_argument(
            "--figure",
            action="append",
            default=[],
            metavar="MODULE.NAME",
            help="add your own figure, a FigureSpec; may be given several times",
        )
        self.add_argument(
            "--language",
            choices=LANGUAGES,
            help="of the page: English or Chinese (default: report.language of the sweep)",
        )

    def storage(self) -> None:
        """Adds the options that name a study in a storage."""
        self.add_argument(
            "--storage",
            type=resolved,
            metavar="URL",
            help="the study's hydra.sweeper.storage, e.g. '${oc.env:URL}'",
        )
        self.add_argument("--study-name", help="with --storage; default: the name of DIR")

    def address(self, port: int, told: str) -> None:
        """Adds where a server listens.

        Args:
            port: the port if none is given.
            told: what ``--help`` says of ``--host``.
        """
        self.add_argument("--host", default=LOOPBACK, help=f"where to listen ({LOOPBACK}{told})")
        self.add_argument(
            "--port",
            type=whole(0, HIGHEST_PORT),
            default=port,
            metavar="N",
            help=f"0: a free one ({port})",
        )

    def trust(self) -> None:
        """Adds the option with which recorded configurations may name any class."""
        self.add_argument(
            "--trust",
            action="store_true",
            help="let the recorded configurations name any class, as your own network, and read "
            "the environment; only for a directory whose author you trust",
        )

    def read(self) -> argparse.Namespace:
        """Returns the arguments; ends the program with one line if they cannot be read."""
        given = self.parse_intermixed_args(list(map(self._with_dashes, sys.argv[1:])))
        if getattr(given, "study_name", None) and not given.storage:
            self.error("`--study-name` is a name in a storage; add `--storage URL`")
        return given

    def error(self, message: str) -> NoReturn:
        """Ends the program with one line."""
        if message.startswith(UNKNOWN):
            message = self._unknown(message.removeprefix(UNKNOWN).split()[0])
        told = re.sub(r"^argument (\S+?)(?:/\S+)?: ", r"`\1` ", message)
        sys.exit(f"{self.prog}: {told}; `{self.prog} --help` lists the options")

    def _unknown(self, word: str) -> str:
        name = word.lstrip("-").partition("=")[0]
        if word == name:
            return f"`{word}` is one argument too many"
        options = [each for each in self._option_string_actions if each.startswith("--")]
        return f"there is no option `{word}`{did_you_mean(f'--{name}', options)}"

    def _with_dashes(self, word: str) -> str:
        if word == "trust=true":
            return "--trust"
        name, equals, _ = word.partition("=")
        return f"--{word}" if equals and f"--{name}" in self._option_string_actions else word


class _Version(argparse.Action):
    """Prints the version; it is not looked up before."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_given: Any) -> None:
        print(version_line())
        parser.exit()


def whole(low: int = 1, high: int | None = None) -> Callable[[str], int]:
    """Returns a function that reads a whole number from ``low`` to ``high``, or of any size."""
    rule = f"a whole number >= {low}" if high is None else f"a whole number in [{low}, {high}]"

    def read(text: str) -> int:
        is_whole = text.lstrip("-").isdecimal()
        if not is_whole or int(text) < low or (high is not None and int(text) > high):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        return int(text)

    return read


def file(text: str) -> Path:
    """Returns the path of a file that is written."""
    path = Path(text)
    if not text or path.is_dir():
        raise argparse.ArgumentTypeError(f"must name a file, got {text!r}")
    return path


def listed(kind: Callable[[str], T], words: str) -> Callable[[str], list[T]]:
    """Returns a function that reads values separated by commas, each once.

    Args:
        kind: int or float.
        words: what the values are called in an error.
    """

    def read(text: str) -> list[T]:
        try:
            values = [kind(each) for each in text.split(",")]
        except ValueError as error:
            told = f"must be {words}, separated by commas, got {text!r}"
            raise argparse.ArgumentTypeError(told) from error
        return list(dict.fromkeys(values))

    return read


def resolved(text: str) -> str:
    """Returns a text with its ``${oc.env:NAME}`` resolved, as in a setting of Hydra."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return str(OmegaConf.create({"text": text}).text)
    except OmegaConfBaseException as error:
        raise argparse.ArgumentTypeError(f"cannot be read: {str(error).splitlines()[0]}") from error


def keys(text: str) -> list[str]:
    """Returns the keys of a text in which commas separate them."""
    return [key for key in text.split(",") if key]
