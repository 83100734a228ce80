"""Between a sweeper and whoever runs its trials: where trials come from and who is told of them."""

import errno
from dataclasses import dataclass
from typing import Any, Protocol

from hydra.core.utils import JobReturn


@dataclass(frozen=True)
class Assignment:
    """A job to be run: a trial, or one replicate of it.

    Attributes:
        number: the trial's, and the job's ``hydra.job.num``.
        overrides: of the job.
        params: the searched parameters among them, by dotted key.
        replicate: which of the trial's replicates, from 0; None where a trial is one job.
    """

    number: int
    overrides: list[str]
    params: dict[str, Any]
    replicate: int | None = None

    @property
    def name(self) -> str:
        """The job's directory within the study's, and what messages call it."""
        return f"{self.number}" + ("" if self.replicate is None else f"/replicate_{self.replicate}")


class TrialSource(Protocol):
    """What a launcher gets that keeps its places filled: there is no end of a wave to wait for.

    Such a launcher has a method ``launch_from(source)``; it asks until there is nothing left and
    all that it has asked for is told or released.
    """

    @property
    def stopping(self) -> bool:
        """Whether trials are to leave after their epoch and be released, not told."""

    def ask(self, places: int) -> list[Assignment]:
        """Returns up to ``places`` jobs to be run; none if there is nothing to do at present."""

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        """Records an intermediate value of a job; returns whether it goes on.

        One that does not is pruned, unless the study is ``stopping``.
        """

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        """Ends a job with what it returned or raised."""

    def release(self, assignment: Assignment) -> None:
        """Gives a job back unfinished: it runs again when the study is resumed."""


class StudyStopping(BaseException):
    """The study is being stopped: a running trial leaves as it is, and runs again on resuming.

    Not an ``Exception``, so that a task that catches those does not take it for its own.
    """


class Interrupted(SystemExit):
    """The program is told to end at once; a ``SystemExit`` of a task is only that task's end."""


DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Errors that are not a trial's but the study's: none after it can be recorded."""


def is_disk_fault(error: object) -> bool:
    """Returns whether a job has failed because the disk is full, read-only or broken."""
    return isinstance(error, OSError) and error.errno in DISK_FAULTS
