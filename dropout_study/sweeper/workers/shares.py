"""A launcher in a worker process: it takes its jobs from the study of the parent process.

Such a launcher runs several jobs at once, as the population launcher does. So each GPU can have a
population of its own, and all of them work on one study.
"""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from hydra.core.utils import JobReturn

from dropout_study.errors import UserError
from dropout_study.sweeper.outcome import describe_error, outcome_of
from dropout_study.sweeper.source import Assignment, TrialSource, is_disk_fault
from dropout_study.sweeper.workers.worker import DiskFault, Ended, Report, Verdict

log = logging.getLogger(__name__)


@dataclass
class Share:
    """The jobs that a launcher in a worker has at present; it begins with the first ones.

    Attributes:
        jobs: those that have not ended.
        most: how many there may be, so that every worker has some.
    """

    jobs: list[Assignment]
    most: int

    def room(self, count: int) -> int:
        """Returns how many of ``count`` more jobs it may have."""
        return max(0, min(count, self.most - len(self.jobs)))


@dataclass(frozen=True)
class Ask:
    """Worker to parent: it wants more jobs. The answer is ``Jobs``."""

    count: int


@dataclass(frozen=True)
class Jobs:
    """Parent to worker: jobs, and whether the study is being stopped."""

    jobs: list[Assignment]
    stopping: bool = False


@dataclass(frozen=True)
class Of:
    """Worker to parent: a message of one of its jobs."""

    assignment: Assignment
    message: Report | Ended


@dataclass(frozen=True)
class Broken:
    """Worker to parent: the launcher cannot go on, and why."""

    reason: str


@dataclass
class ChannelSource:
    """A ``TrialSource`` in a worker, which asks and tells the parent.

    Attributes:
        first: jobs that it gives before it asks for others.
        channel: the connection to the parent.
        objectives: the names of the objectives.
    """

    first: list[Assignment]
    channel: Connection
    objectives: Sequence[str]
    stopping: bool = False
    _verdicts: dict[str, Verdict] = field(default_factory=dict)

    def ask(self, count: int) -> list[Assignment]:
        """Returns up to ``count`` jobs."""
        given, self.first = self.first[:count], self.first[count:]
        if given:
            return given
        self.channel.send(Ask(count))
        answer: Jobs = self.channel.recv()
        self.stopping = answer.stopping
        return answer.jobs

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        """Reports an intermediate value of a job; returns whether it goes on."""
        self.channel.send(Of(assignment, Report(value, step)))
        verdict: Verdict = self.channel.recv()
        self.stopping = verdict.stopping
        self._verdicts[assignment.name] = verdict
        return verdict.goes_on

    def abandons(self, assignment: Assignment) -> bool:
        """Returns what the answer to the job's last report has said."""
        return self._verdict(assignment).abandoned

    def may_continue(self, assignment: Assignment) -> bool:
        """Returns what the answer to the job's last report has said."""
        return self._verdict(assignment).may_continue

    def _verdict(self, assignment: Assignment) -> Verdict:
        return self._verdicts.get(assignment.name, Verdict(goes_on=True))

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        """Ends a job with what it returned or raised."""
        self.channel.send(Of(assignment, Ended(outcome_of(job, self.objectives))))

    def release(self, assignment: Assignment) -> None:
        """Gives a job back unfinished."""
        self.channel.send(Of(assignment, Ended(None)))


def serve_shares(
    channel: Connection, launch_from: Callable[[TrialSource], None], objectives: Sequence[str]
) -> None:
    """Lets a launcher run each share that comes, until None comes or the parent is gone.

    Args:
        channel: the connection to the parent.
        launch_from: the launcher's method.
        objectives: the names of the objectives.
    """
    try:
        while (share := channel.recv()) is not None:
            channel.send(_launch(ChannelSource(share.jobs, channel, objectives), launch_from))
    except (EOFError, ConnectionError):
        os._exit(1)  # the parent is gone


def _launch(
    source: ChannelSource, launch_from: Callable[[TrialSource], None]
) -> Ended | DiskFault | Broken:
    try:
        launch_from(source)
    except (EOFError, ConnectionError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and is_disk_fault(error):
            return DiskFault(error)
        if not isinstance(error, UserError):
            log.exception("the launcher has failed")
        return Broken(describe_error(error))
    return Ended(None)
