"""Ends a sweep before its last trial, or a run before its last epoch: on a signal, or by time."""

import logging
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

from dropout_study.search.storage.urls import masked
from dropout_study.sweeper.source import Interrupted, StudyStopping
from dropout_study.trial import Metrics, OnEpoch

if TYPE_CHECKING:  # it imports Optuna, which a single run does not need
    from dropout_study.sweeper.study_source import StudySource

log = logging.getLogger(__name__)

INTERRUPTED = 130
"""The exit code after a signal."""
SAME_S = 2.0
"""Seconds within which SIGTERM is the same one."""


class Deadline:
    """A limit on the wall-clock time."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is used up."""
        return self._end is not None and time.monotonic() >= self._end


class Signals:
    """The signals that have come: the first one stops, the second one ends the program at once.

    Of SIGTERM, those within ``SAME_S`` are one: Slurm sends it to a process, and ``srun`` again.
    """

    def __init__(self) -> None:
        self.came: list[int] = []
        self._last = 0.0

    def is_first(self, number: int) -> bool:
        """Notes a signal; returns whether it is the first one.

        Raises:
            Interrupted: it is the second one.
        """
        now = time.monotonic()
        if self.came == [number] == [signal.SIGTERM] and now - self._last < SAME_S:
            return False
        self.came.append(number)
        self._last = now
        if len(self.came) > 1:
            raise Interrupted(INTERRUPTED)
        return True


@contextmanager
def interruptible(source: "StudySource") -> Iterator[list[int]]:
    """Makes the first SIGINT or SIGTERM stop the study after the running epochs.

    The second ends the program at once. Yields the list of received signals.
    """
    signals = Signals()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if not signals.is_first(number):
            return
        name = signal.Signals(number).name
        log.warning("%s: running trials stop after their epoch; send it again to end now", name)
        source.stop()

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield signals.came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_by_sigterm() -> Iterator[OnEpoch]:
    """Yields what a single run calls after every epoch: once SIGTERM has come, it stops there.

    So the run's state is kept. The second SIGTERM ends the program at once.

    Raises:
        StudyStopping: from what is yielded.
    """
    signals = Signals()

    def note(number: int, _frame: FrameType | None) -> None:
        if signals.is_first(number):
            log.warning("SIGTERM: the run stops after its epoch; send it again to end now")

    def leave(_row: Metrics) -> bool:
        if signals.came:
            raise StudyStopping
        return True

    if current_thread() is not main_thread():  # only that one may set handlers
        yield leave
        return
    before = signal.signal(signal.SIGTERM, note)
    try:
        yield leave
    finally:
        signal.signal(signal.SIGTERM, before)


def resume_command(argv: Sequence[str] | None = None) -> str:
    """Returns the command line of this program (or of ``argv``), which resumes the study."""
    argv = argv or sys.argv
    program = Path(argv[0])
    if program.name == "__main__.py":
        words = ["python", "-m", program.parent.name]
    else:
        words = ["python", argv[0]] if program.suffix == ".py" else [program.name]
    return masked(shlex.join([*words, *argv[1:]]))
