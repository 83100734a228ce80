"""A lock file between processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.storages.journal._file import BaseJournalFileLock


class FileLock(BaseJournalFileLock):
    """A lock that the operating system takes back when its holder dies, ``kill -9`` included."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Waits until the lock is this process's."""
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Gives the lock back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file ``path`` while the block runs."""
    lock = FileLock(path)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
