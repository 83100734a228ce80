"""The parent's side of the workers: a pool of independent processes.

Workers are forked, so they share the parent's modules and data in memory. The parent has no
threads, so it can fork a replacement for a dead worker at any time. A worker leads a process group,
which ends with it. Objects made before the first fork are hidden from the garbage collector
(`gc.freeze`): a collection would copy the shared pages, which took a fifth of a job's overhead.
"""

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from dropout_study.errors import UserError
from dropout_study.sweeper.workers.guard import Guard, kill_group
from dropout_study.sweeper.workers.worker import Died, Ended

Work = TypeVar("Work")
"""What a worker is given at a time: a job, or a share of the jobs."""
Serve = Callable[[Connection, int], None]
GRACE_S = 5.0


@dataclass(eq=False)
class Worker(Generic[Work]):
    """A worker process and what it works on at present.

    Attributes:
        process: the process.
        channel: the connection to it.
        index: its number, from 0; one that replaces it has the same.
        assignment: what it works on.
        since: when the task of its job began.
    """

    process: BaseProcess
    channel: Connection
    index: int
    assignment: Work | None = None
    since: float | None = None

    def assign(self, assignment: Work) -> None:
        """Gives the idle worker something to work on."""
        self.assignment = assignment
        self.since = None
        self._send(assignment)

    def began(self) -> None:
        """Starts the clock of the worker's job."""
        self.since = time.monotonic()

    def excuse(self, seconds: float) -> None:
        """Does not count a time in which the worker may have waited for an answer."""
        if self.since is not None:
            self.since = min(self.since + seconds, time.monotonic())

    @property
    def seconds(self) -> float:
        """How long the task of the worker's job has been running."""
        return 0.0 if self.since is None else time.monotonic() - self.since

    def answer(self, message: Any) -> None:
        """Answers a message."""
        self._send(message)

    def _send(self, message: Any) -> None:
        with suppress(OSError):  # it has died: the pool's next events say so
            self.channel.send(message)

    def is_lost(self) -> bool:
        """Returns whether the worker is dead and has left no unread message.

        The channel's end is no sure sign: a process that the task has started may hold it open.
        """
        return not self.process.is_alive() and not self.channel.poll()


Event = tuple[Worker[Work], Work, Any]


class WorkerPool(Generic[Work]):
    """``count`` workers; one that dies is replaced.

    Args:
        count: number of processes.
        serve: called in each process with its channel and its number.

    Raises:
        UserError: the system has no ``fork``.
    """

    def __init__(self, count: int, serve: Serve) -> None:
        if "fork" not in multiprocessing.get_all_start_methods():
            raise UserError(
                "worker processes need `fork`, which this system does not have; use "
                "hydra.sweeper.n_jobs=0 (one trial after the other) or another hydra/launcher"
            )
        self._serve = serve
        self._context = multiprocessing.get_context("fork")
        self.workers: list[Worker[Work]] = []
        self._guard = Guard(self._context)
        gc.collect()
        gc.freeze()
        for index in range(count):
            self.workers.append(self._start(index))

    def _start(self, index: int) -> Worker[Work]:
        ours, theirs = self._context.Pipe()
        inherited = [ours, self._guard.channel, *(worker.channel for worker in self.workers)]
        arguments = (self._serve, theirs, index, inherited)
        process = self._context.Process(target=_child, args=arguments)
        process.start()
        theirs.close()
        assert process.pid is not None
        with suppress(OSError):  # it has done so itself, or is dead
            os.setpgid(process.pid, process.pid)
        self._guard.watch(process.pid)
        return Worker(process, ours, index)

    def idle(self) -> list[Worker[Work]]:
        """Returns the workers without a job, after replacing those that have died."""
        for worker in self.workers[:]:
            if worker.assignment is None and not worker.process.is_alive():
                self._replace(worker)
        return [worker for worker in self.workers if worker.assignment is None]

    def busy(self) -> list[Worker[Work]]:
        """Returns the workers with a job."""
        return [worker for worker in self.workers if worker.assignment is not None]

    def events(self, timeout: float) -> Iterator[Event[Work]]:
        """Yields the messages of busy workers; waits up to ``timeout`` seconds for the first."""
        busy = self.busy()
        ready = wait([worker.channel for worker in busy], timeout)
        for worker in busy:
            if worker.channel not in ready and not worker.is_lost():
                continue
            assert worker.assignment is not None
            yield worker, worker.assignment, self._message(worker)

    def _message(self, worker: Worker[Work]) -> Any:
        """Receives a worker's message, or finds that the worker has died."""
        try:
            if worker.is_lost():
                raise EOFError
            message = worker.channel.recv()
        except (EOFError, OSError):
            return Died(self._replace(worker))
        if isinstance(message, Ended):
            worker.assignment = None
        return message

    def kill(self, worker: Worker[Work]) -> None:
        """Ends a worker and the processes of its task at once, and replaces the worker."""
        self._end(worker)
        self._replace(worker)

    def _replace(self, worker: Worker[Work]) -> str:
        """Replaces a worker that has died; returns how it died."""
        worker.process.join(GRACE_S)  # it may have closed its channel and still run
        self._end(worker)
        worker.channel.close()
        self.workers.remove(worker)
        self.workers.append(self._start(worker.index))
        return _describe_exit(worker.process.exitcode)

    def _end(self, worker: Worker[Work]) -> None:
        """Kills a worker, if it still runs, and the remaining processes of its tasks."""
        assert worker.process.pid is not None
        self._guard.kill(worker.process.pid)
        worker.process.join()

    def close(self) -> None:
        """Ends all workers and the processes of their tasks; busy workers are killed."""
        gc.unfreeze()
        for worker in self.workers:
            if worker.assignment is None:
                with suppress(OSError):
                    worker.channel.send(None)
            elif worker.process.pid is not None:
                kill_group(worker.process.pid)
        for worker in self.workers:
            worker.process.join(GRACE_S)
            self._end(worker)
            worker.channel.close()
        self._guard.close()


def _child(serve: Serve, channel: Connection, index: int, inherited: list[Connection]) -> None:
    with suppress(OSError):  # the parent has done so
        os.setpgid(0, 0)
    for other in inherited:  # otherwise a worker would keep the others' channels open
        other.close()
    serve(channel, index)


def _describe_exit(code: int | None) -> str:
    if code is None:
        return "its process is gone"
    if code < 0:
        name = signal.Signals(-code).name
        hint = "; was the machine out of memory?" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}"
    return f"its process has exited with code {code}"
