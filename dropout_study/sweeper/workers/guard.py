"""A guard process that ends the remaining processes of a sweep, however the sweep ends.

A worker and the processes that its tasks start are one process group. A sweeper that is killed
cannot end them. The guard waits for the end of a pipe and then kills the groups.
"""

import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext


class Guard:
    """A process that kills the groups it knows when this process ends or calls ``close``."""

    def __init__(self, context: ForkContext) -> None:
        theirs, self.channel = context.Pipe(duplex=False)
        self._process = context.Process(target=_watch, args=(theirs, self.channel))
        self._process.start()
        theirs.close()

    def watch(self, group: int) -> None:
        """Adds a process group that must end with this process."""
        self._send(group)

    def kill(self, group: int) -> None:
        """Ends a process group at once."""
        kill_group(group)
        self._send(-group)

    def close(self) -> None:
        """Ends all remaining groups, and the guard."""
        self.channel.close()
        self._process.join()

    def _send(self, message: int) -> None:
        with suppress(OSError):  # the guard was killed: the sweep goes on without it
            self.channel.send(message)


def kill_group(group: int) -> None:
    """Ends the processes of a group; the group may be empty."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _watch(channel: Connection, other_end: Connection) -> None:
    """Keeps a list of groups until the other end of ``channel`` closes, then kills them."""
    other_end.close()
    os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    with suppress(EOFError, OSError):
        while message := channel.recv():
            if message > 0:
                groups.add(message)
            else:
                groups.discard(-message)
    for group in groups:
        kill_group(group)
