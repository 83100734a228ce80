"""A process beside a sweep, which prints its table and writes its report when it ends.

Both need pandas, SciPy and matplotlib. This process imports them while the sweep's own process
imports torch on another core, then waits. It is forked before torch is loaded, has no part in the
training, and ends with the sweep's process, however that ends.
"""

import atexit
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Call:
    """To the process: a function to call. The answer, if asked for, is its result or exception."""

    function: Callable[..., Any]
    arguments: Sequence[Any] = ()
    answered: bool = True


class Beside:
    """The process beside this one."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self._channel, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._channel))
        self._process.start()
        self._owner = os.getpid()
        theirs.close()
        atexit.register(self.end)  # before multiprocessing waits for its children

    def call_soon(self, function: Callable[[], None]) -> None:
        """Lets it call ``function``; does not wait."""
        with suppress(OSError):
            self._channel.send(Call(function, answered=False))

    def call(self, function: Callable[..., Result], arguments: Sequence[Any]) -> Result:
        """Returns what ``function`` returns there; calls it here if the process has died.

        Raises:
            Exception: what ``function`` raises.
        """
        sys.stdout.flush()
        try:
            self._channel.send(Call(function, arguments))
            result, error = self._channel.recv()
        except (EOFError, OSError):
            return function(*arguments)
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def end(self) -> None:
        """Ends it at once. Does nothing in another process that was forked from its parent."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.end)
        self._process.terminate()
        self._process.join()
        self._channel.close()


_beside: dict[Path, Beside] = {}
"""The process of the sweep that this process runs, by the sweep's directory."""


def prepare_beside(sweep_dir: Path, function: Callable[[], None]) -> None:
    """Calls ``function``, which imports what will be needed, in the process beside a sweep.

    Does nothing if torch is loaded, since a process with its threads cannot be forked, or where the
    system has no ``fork``: then ``call_beside`` calls in this process.
    """
    for other in _beside.keys() - {sweep_dir}:
        _beside.pop(other).end()
    if "torch" not in sys.modules and "fork" in multiprocessing.get_all_start_methods():
        if sweep_dir not in _beside:
            _beside[sweep_dir] = Beside()
        _beside[sweep_dir].call_soon(function)


def call_beside(sweep_dir: Path, function: Callable[..., Result], *arguments: Any) -> Result:
    """Calls a function of a module, in the process beside the sweep if there is one."""
    process = _beside.get(sweep_dir)
    return process.call(function, arguments) if process else function(*arguments)


def _serve(channel: Connection, other_end: Connection) -> None:
    """Imports and calls what comes over ``channel``, until its other end closes."""
    other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent decides
    with suppress(EOFError, OSError):
        while True:
            call: Call = channel.recv()
            answer = _answer(call)
            if call.answered:
                channel.send(answer)


def _answer(call: Call) -> tuple[Any, Exception | None]:
    try:
        return call.function(*call.arguments), None
    except Exception as error:
        return None, error
    finally:
        sys.stdout.flush()
