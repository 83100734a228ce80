"""The parent's side of the workers: a pool of processes, none of which waits for another.

Workers are forked, so that what the parent has imported and loaded is theirs, in the same memory.
The parent has no thread of its own; it may fork a successor for a worker that has died at any time.
What is there before the first fork is taken out of the garbage collector's rounds (`gc.freeze`): to
visit it would copy the pages that the processes share, and cost a fifth of a job's own overhead.
"""

import gc
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from dropout_study.sweep.source import Assignment
from dropout_study.sweep.workers.worker import Died, DiskFault, Ended, Report, Verdict

Serve = Callable[[Connection], None]
GRACE_S = 5.0


@dataclass(eq=False)
class Worker:
    """A worker process, and the job that it runs at present."""

    process: BaseProcess
    channel: Connection
    assignment: Assignment | None = None
    since: float = field(default_factory=time.monotonic)

    def assign(self, assignment: Assignment) -> None:
        """Gives an idle worker a job."""
        self.assignment = assignment
        self.since = time.monotonic()
        self._send(assignment)

    @property
    def seconds(self) -> float:
        """How long it has been running its job."""
        return time.monotonic() - self.since

    def answer(self, verdict: Verdict) -> None:
        """Answers a report."""
        self._send(verdict)

    def _send(self, message: Assignment | Verdict) -> None:
        with suppress(OSError):  # it has died: the pool's next events tell
            self.channel.send(message)

    def is_lost(self) -> bool:
        """Returns whether it is dead and has nothing more to say.

        The end of its channel does not tell while a process that its task has left holds it open.
        """
        return not self.process.is_alive() and not self.channel.poll()


Event = tuple[Worker, Assignment, Report | Ended | DiskFault | Died]


class WorkerPool:
    """``count`` workers; one that dies is replaced.

    Args:
        count: of processes.
        serve: what each does with its channel.
    """

    def __init__(self, count: int, serve: Serve) -> None:
        self._serve = serve
        self._context = multiprocessing.get_context("fork")
        self.workers: list[Worker] = []
        gc.collect()
        gc.freeze()
        for _ in range(count):
            self.workers.append(self._start())

    def _start(self) -> Worker:
        ours, theirs = self._context.Pipe()
        inherited = [ours, *(worker.channel for worker in self.workers)]
        process = self._context.Process(target=_child, args=(self._serve, theirs, inherited))
        process.start()
        theirs.close()
        return Worker(process, ours)

    def idle(self) -> list[Worker]:
        """Returns the workers without a job; one that has died meanwhile is replaced."""
        for worker in self.workers[:]:
            if worker.assignment is None and not worker.process.is_alive():
                self._replace(worker)
        return [worker for worker in self.workers if worker.assignment is None]

    def busy(self) -> list[Worker]:
        """Returns the workers with a job."""
        return [worker for worker in self.workers if worker.assignment is not None]

    def events(self, timeout: float) -> Iterator[Event]:
        """Yields what the busy workers have to say, waiting ``timeout`` seconds for the first."""
        busy = self.busy()
        ready = wait([worker.channel for worker in busy], timeout)
        for worker in busy:
            if worker.channel not in ready and not worker.is_lost():
                continue
            assert worker.assignment is not None
            yield worker, worker.assignment, self._message(worker)

    def _message(self, worker: Worker) -> Report | Ended | DiskFault | Died:
        """Receives what a worker says, or finds that it has died."""
        try:
            if worker.is_lost():
                raise EOFError
            message: Report | Ended | DiskFault = worker.channel.recv()
        except (EOFError, OSError):
            return Died(self._replace(worker))
        if isinstance(message, Ended):
            worker.assignment = None
        return message

    def kill(self, worker: Worker) -> None:
        """Ends a worker at once and replaces it."""
        worker.process.kill()
        self._replace(worker)

    def _replace(self, worker: Worker) -> str:
        """Replaces a worker that has died; returns how it did."""
        worker.process.join(GRACE_S)
        if worker.process.is_alive():  # it has closed its channel and goes on: a task forked, say
            worker.process.kill()
            worker.process.join()
        worker.channel.close()
        self.workers.remove(worker)
        self.workers.append(self._start())
        return _describe_exit(worker.process.exitcode)

    def close(self) -> None:
        """Ends all workers; those that run a job are killed."""
        gc.unfreeze()
        for worker in self.workers:
            if worker.assignment is None:
                try:
                    worker.channel.send(None)
                except OSError:
                    worker.process.kill()
            else:
                worker.process.kill()
        for worker in self.workers:
            worker.process.join(GRACE_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.channel.close()


def _child(serve: Serve, channel: Connection, inherited: list[Connection]) -> None:
    for other in inherited:  # else a worker would hold the others' channels open
        other.close()
    serve(channel)


def _describe_exit(code: int | None) -> str:
    if code is None:
        return "its process is gone"
    if code < 0:
        name = signal.Signals(-code).name
        hint = "; was the machine out of memory?" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}"
    return f"its process has exited with code {code}"
