"""How a command ends: with one line after a mistake, without a word if its reader ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from dropout_study.errors import UserError


@contextmanager
def ending_in_one_line(command: str, interrupted: str = "interrupted") -> Iterator[None]:
    """Ends the program with one line if the block, or the function, ends with a mistake.

    Args:
        command: its name, without ``dropout-study-``.
        interrupted: what is said after Ctrl-C.
    """
    try:
        yield
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-{command}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"dropout-study-{command}: {interrupted}")


AGAIN = "interrupted; give the same command again to continue"


@contextmanager
def ending_with_its_reader() -> Iterator[None]:
    """Ends what is printed in the block without a word if its reader does, as ``head``."""
    if sys.stdout is None:  # it was closed by who has started this program
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            yield
        return
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
