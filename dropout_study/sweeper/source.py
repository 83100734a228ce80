"""The interface between a sweeper and what runs its trials."""

import errno
from dataclasses import dataclass
from typing import Any, Protocol

from hydra.core.utils import JobReturn


@dataclass(frozen=True)
class Assignment:
    """A job to be run: a trial, or one replicate of it.

    Attributes:
        number: the trial's number, equal to ``hydra.job.num``.
        overrides: the job's overrides.
        params: the searched parameters among the overrides, by dotted key.
        replicate: the replicate's index from 0; None if the trial is a single job.
    """

    number: int
    overrides: list[str]
    params: dict[str, Any]
    replicate: int | None = None

    @property
    def name(self) -> str:
        """The name of the job's directory in the study's directory, also used in messages."""
        return f"{self.number}" + ("" if self.replicate is None else f"/replicate_{self.replicate}")


class TrialSource(Protocol):
    """Jobs for a launcher that starts a new job whenever one ends, without waves.

    Such a launcher has a method ``launch_from(source)``. It asks until there are no more jobs, and
    tells or releases every job that it got.
    """

    @property
    def stopping(self) -> bool:
        """Whether trials must stop after their epoch and be released, not told."""

    def abandons(self, assignment: Assignment) -> bool:
        """Returns whether a job must end after its epoch and be released, not told.

        So it is while the study is ``stopping``, and if another process has taken over the trial.
        """

    def ask(self, count: int) -> list[Assignment]:
        """Returns up to ``count`` jobs to run; none if there is nothing to do at present."""

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        """Records an intermediate value of a job; returns whether the job goes on.

        A job that does not go on is pruned, unless the source ``abandons`` it.
        """

    def may_continue(self, assignment: Assignment) -> bool:
        """Returns whether a job that does not go on may be continued later, from its state."""

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        """Ends a job with what it returned or raised; to its task a job that pauses is pruned."""

    def release(self, assignment: Assignment) -> None:
        """Gives a job back unfinished: it runs again when the study is resumed."""


class StudyStopping(BaseException):
    """A running trial ends without a result and can be resumed: its study is being stopped.

    Also raised if another process has taken over the trial.

    Not an ``Exception``, so that a task's ``except Exception`` does not catch it.
    """


class Interrupted(SystemExit):
    """The program must end at once; a plain ``SystemExit`` of a task ends that task only."""


DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Numbers of the errors that end the study: no further trial could be recorded."""


def ends_its_trial(error: BaseException) -> bool:
    """Returns whether an error ends the trial in which it was raised.

    If not, the trial was interrupted and runs again: the program ends, its parent is gone, or the
    disk is broken.
    """
    if isinstance(error, EOFError | ConnectionError) or is_disk_fault(error):
        return False
    return isinstance(error, Exception)


def is_disk_fault(error: object) -> bool:
    """Returns whether a job has failed because the disk is full, read-only or broken."""
    return isinstance(error, OSError) and error.errno in DISK_FAULTS
