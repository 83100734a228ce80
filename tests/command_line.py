"""The commands as a user runs them, in this process: what they print and how they exit."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException

SMALL = (
    *("data=synthetic", "model.hidden1=16", "model.hidden2=16", "trainer.epochs=2"),
    *("trainer.device=cpu", "report=none"),
)
"""A training that takes milliseconds; in a sweep it pins the epochs."""


@dataclass(frozen=True)
class Ended:
    """How a command has ended."""

    code: int
    out: str
    err: str


def run_command(
    function: Callable[[], None], words: list[str], capture: pytest.CaptureFixture[str]
) -> Ended:
    """Calls the console script ``function`` with the command line ``words``."""
    capture.readouterr()
    HydraConfig.instance().cfg = None  # what an earlier command of this process has left
    with pytest.MonkeyPatch.context() as patch, own_logging():
        patch.setattr(sys, "argv", [f"dropout-study-{function.__name__}", *words])
        try:
            function()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):  # the interpreter would print it
                print(end.code, file=sys.stderr)
        except CompactHydraException as refusal:
            # Hydra prints it and exits with 1, but raises it under a tracer such as coverage's.
            code = 1
            print(refusal, file=sys.stderr)
    return Ended(code, *capture.readouterr())


@contextmanager
def own_logging() -> Iterator[None]:
    """Hydra gives the root logger handlers of its own: they leave with the command."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
