"""A worker process: runs one job after the other and reports every epoch to its parent."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from dropout_study.config.explain import explain
from dropout_study.errors import TrialPruned
from dropout_study.sweeper.current import KeepsCheckpoints, checked_report, use_trial
from dropout_study.sweeper.jobs import JobRunner
from dropout_study.sweeper.outcome import Outcome, describe_error, outcome_of
from dropout_study.sweeper.source import (
    Assignment,
    Interrupted,
    StudyStopping,
    is_disk_fault,
)
from dropout_study.sweeper.workers.gpus import use_gpu
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Began:
    """Worker to parent: the job's configuration is composed, its task begins."""


@dataclass(frozen=True)
class Report:
    """Worker to parent: an intermediate value. The answer is a ``Verdict``."""

    value: float
    step: int


@dataclass(frozen=True)
class Verdict:
    """Parent to worker: whether the trial goes on.

    Attributes:
        goes_on: whether it does.
        abandoned: whether it ends without a result, see ``TrialSource.abandons``.
        may_continue: whether it may continue later, if it does not go on.
        stopping: whether the study is being stopped.
    """

    goes_on: bool
    abandoned: bool = False
    may_continue: bool = False
    stopping: bool = False


@dataclass(frozen=True)
class Ended:
    """Worker to parent: how the job ended; no outcome if it stopped because the study does."""

    outcome: Outcome | None


@dataclass(frozen=True)
class DiskFault:
    """Worker to parent: the job's directory cannot be written to."""

    error: OSError


@dataclass(frozen=True)
class Died:
    """Made by the parent for a worker that has died: how it died."""

    reason: str


class ChannelTrial(KeepsCheckpoints):
    """A trial in a worker: it reports to the parent and waits for the answer."""

    def __init__(self, assignment: Assignment, channel: Connection) -> None:
        self.number: int | None = assignment.number
        self._channel = channel
        self._goes_on = True
        self.may_continue = False

    def report(self, value: float, step: int) -> None:
        """Reports to the study through the parent."""
        self._channel.send(Report(*checked_report(value, step)))
        verdict: Verdict = self._channel.recv()
        if verdict.abandoned:
            raise StudyStopping
        self._goes_on = verdict.goes_on
        self.may_continue = verdict.may_continue

    def should_prune(self) -> bool:
        """Returns the pruner's answer to the last report."""
        return not self._goes_on


@dataclass(frozen=True)
class Surroundings:
    """What a worker process has of its own.

    Attributes:
        output: the file for the output of the jobs.
        threads: the number of threads of numerical libraries.
        gpus: the GPUs of the workers, see ``use_gpu``.
        detach: called first, so that the worker no longer writes to the terminal.
    """

    output: Path
    threads: int
    gpus: Sequence[str]
    detach: Callable[[], None]

    def enter(self, index: int) -> None:
        """Makes this new process worker ``index``."""
        leave_signals_to_parent()
        self.detach()
        _redirect(self.output)
        use_gpu(self.gpus, index)
        _set_threads(self.threads)


def leave_signals_to_parent() -> None:
    """Lets this process live through SIGINT and SIGTERM: the parent gets them too, and decides.

    A terminal sends SIGINT to all processes of a program, a cluster SIGTERM. The trial then stops
    after its epoch and keeps its state. Processes that the task starts end by SIGTERM as ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    own = os.getpid()

    def stay(number: int, _frame: FrameType | None) -> None:
        if os.getpid() != own:  # a process forked by the task, which has this handler, too
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, stay)


def serve(channel: Connection, runner: JobRunner, objectives: Sequence[str]) -> None:
    """Runs the jobs that come over ``channel`` until None comes or the parent is gone.

    Args:
        channel: the connection to the parent.
        runner: runs a job.
        objectives: the names of the objectives.
    """
    try:
        while (assignment := channel.recv()) is not None:
            with use_trial(ChannelTrial(assignment, channel)):
                message = _run(runner, assignment, objectives, lambda: channel.send(Began()))
            channel.send(message)
    except (EOFError, ConnectionError):
        os._exit(1)  # the parent is gone


def _run(
    runner: JobRunner,
    assignment: Assignment,
    objectives: Sequence[str],
    begins: Callable[[], None],
) -> Ended | DiskFault:
    try:
        return Ended(run_to_outcome(runner, assignment, objectives, begins))
    except ConnectionError:
        raise
    except OSError as error:
        return DiskFault(error)


def run_to_outcome(
    runner: JobRunner,
    assignment: Assignment,
    objectives: Sequence[str],
    begins: Callable[[], None] = lambda: None,
) -> Outcome | None:
    """Runs a job; an error in it becomes its outcome and does not end the process.

    Args:
        runner: composes and runs jobs.
        assignment: the job.
        objectives: the names of the objectives.
        begins: called when the configuration is composed and the task begins.

    Returns:
        The outcome; None if the job stopped because the study is stopping.

    Raises:
        EOFError, ConnectionError: the parent is gone.
        OSError: the job's directory cannot be made; the disk is full, read-only or broken.
        Interrupted: the program must end.
    """
    try:
        job = runner.run(assignment, begins)
    except StudyStopping:
        return None
    except (EOFError, ConnectionError, Interrupted):
        raise
    except OSError:
        raise  # before the task has begun: its directory cannot be made
    except SystemExit as end:
        log.exception("trial %s has exited", assignment.name)
        return Outcome(TrialState.FAIL, error=f"the task has exited with {end.code!r}")
    except TrialPruned as pruned:
        return Outcome(TrialState.PRUNED, metrics=pruned.metrics)
    except Exception as error:
        log.exception("trial %s could not be run", assignment.name)
        return Outcome(TrialState.FAIL, error=explain(error))
    except BaseException as error:
        return Outcome(TrialState.FAIL, error=describe_error(error))
    raised = job._return_value
    if isinstance(raised, EOFError | ConnectionError) or is_disk_fault(raised):
        raise raised  # it happened in the task, while reporting or writing
    return outcome_of(job, objectives)


def _redirect(output: Path) -> None:
    """Sends the output of jobs to a file: only the parent writes to the terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)


def _set_threads(threads: int) -> None:
    """Sets the threads of numerical libraries that will be loaded, and of those that are.

    A library that reads the variables once, as it is loaded, has a function ``set_num_threads``.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    loaded = [module for name, module in list(sys.modules.items()) if "." not in name]
    for module in loaded:
        if callable(set_threads := getattr(module, "__dict__", {}).get("set_num_threads")):
            set_threads(threads)
