"""Where a study is kept: a journal file in its own directory, or any storage of Optuna's by URL.

The default is a journal file (docs/sweeper.md has the numbers behind that).
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock, get_lock_file
from optuna.storages.journal._storage import JournalOperation

from dropout_study.errors import UserError
from dropout_study.secrets import masked, with_password

SYNCED = (JournalOperation.CREATE_STUDY, JournalOperation.SET_TRIAL_STATE_VALUES)
JOURNAL_SCHEME = "journal://"
BUSY_TIMEOUT_S = 60


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


def open_storage(url: str | None, journal: Path) -> BaseStorage:
    """Returns the storage at ``url``, or the study's own journal file if there is none.

    Args:
        url: ``sqlite:///FILE``, ``postgresql+psycopg://...``, ``mysql://...``: any that SQLAlchemy
            knows; ``journal://FILE``: a journal file. A masked password is looked up in the
            environment (``secrets``).
        journal: the journal file in the study's directory.

    Raises:
        UserError: the storage cannot be opened.
    """
    if url is None or url.startswith(JOURNAL_SCHEME):
        return open_journal(Path(url.removeprefix(JOURNAL_SCHEME)) if url else journal)
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import SQLAlchemyError

    full = with_password(url)
    try:
        if full.startswith("sqlite:///"):
            _write_ahead(Path(full.removeprefix("sqlite:///")))
            return RDBStorage(full, engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_S}})
        return RDBStorage(full, engine_kwargs={"pool_pre_ping": True})
    except (SQLAlchemyError, sqlite3.Error, ImportError, ValueError) as error:
        told = " ".join(str(error).split())
        raise UserError(f"the storage {masked(url)} cannot be opened: {masked(told)}") from error


def open_journal(path: Path) -> JournalStorage:
    """Returns the journal at ``path``; a last line that a power cut has torn is cut off first."""
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    lock.acquire()
    try:
        mend_journal(path)
    finally:
        lock.release()
    try:
        return JournalStorage(WholeLinesBackend(str(path), lock_obj=lock))
    except ValueError as error:
        raise UserError(
            f"{path} is damaged: {error}; restore it from a backup, or start again under another "
            "name with hydra.sweeper.study_name=NAME"
        ) from error


class WholeLinesBackend(JournalFileBackend):
    """A journal that holds whole lines even when the disk is full, and waits for it seldom.

    Optuna waits for the disk at every line. Here only a trial's new state is waited for, and with
    it all that stands before: what a power cut can take is the last reports of running trials,
    which run again. A killed process loses nothing, its lines are with the operating system.
    """

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends the logs, each whole or not at all."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        path = Path(self._file_path)
        with get_lock_file(self._lock):
            try:
                with path.open("ab") as journal:
                    journal.write(text.encode())
                    journal.flush()
                    if any(log["op_code"] in SYNCED for log in logs):
                        os.fsync(journal.fileno())
            except OSError:
                with suppress(OSError):
                    mend_journal(path)
                raise


def mend_journal(path: Path) -> None:
    """Cuts ``path`` back to its last whole line: the next one would be written behind the rest."""
    if not path.exists():
        return
    with path.open("r+b") as journal:
        end = journal.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 4096)
            journal.seek(start)
            newline = journal.read(end - start).rfind(b"\n")
            if newline >= 0:
                journal.truncate(start + newline + 1)
                return
            end = start
        journal.truncate(0)


def _write_ahead(database: Path) -> None:
    """Makes SQLite write ahead: readers do not wait, and a commit is one write."""
    database.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database, timeout=BUSY_TIMEOUT_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
