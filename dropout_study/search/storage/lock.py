"""A lock file between processes."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

POLL_S = 0.005
"""Seconds between two tries; a lock is held for about a millisecond."""


@contextmanager
def locked(lock: Path | FileLock) -> Iterator[None]:
    """Holds the lock file while the block runs; other processes and other threads wait for it.

    The operating system releases the lock when its holder dies, also by ``kill -9``. The file
    itself stays.

    Args:
        lock: path of the file, or a ``FileLock`` of this process if the lock is taken often.

    Raises:
        FileNotFoundError: its directory is gone (``filelock`` itself would create it again).
    """
    file_lock = lock if isinstance(lock, FileLock) else FileLock(lock)
    directory = Path(file_lock.lock_file).parent
    if not directory.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(directory))
    with file_lock.acquire(poll_interval=POLL_S):
        yield
