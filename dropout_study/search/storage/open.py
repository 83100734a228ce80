"""Opens a study's storage: a journal file in the study's directory, or any Optuna storage by URL.

The default is a journal file (docs/sweeper.md has the measurements). A power cut or a kill can
leave an incomplete last line; it is removed when the file is opened or written next.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import BaseStorage

from dropout_study.errors import UserError
from dropout_study.search.internals import engine_of
from dropout_study.search.storage.journal import open_journal
from dropout_study.search.storage.urls import JOURNAL_SCHEME, masked, with_password

BUSY_TIMEOUT_S = 60


def open_storage(url: str | None, journal: Path) -> BaseStorage:
    """Returns the storage at ``url``, or the study's own journal file if ``url`` is None.

    Args:
        url: a URL of SQLAlchemy, e.g. ``sqlite:///FILE``, ``postgresql+psycopg://...`` or
            ``mysql://...``, or ``journal://FILE`` for a journal file. A masked password is read
            from the environment (see ``urls``).
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
            _write_ahead(full.removeprefix("sqlite:///").partition("?")[0])
            return RDBStorage(full, engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_S}})
        return RDBStorage(full, engine_kwargs={"pool_pre_ping": True})
    except RuntimeError as error:  # tables of another Optuna release; the message says what to do
        told = " ".join(str(error).split()).replace("$STORAGE_URL", masked(url))
        raise UserError(f"the storage {masked(url)} cannot be used: {told}") from error
    except (SQLAlchemyError, sqlite3.Error, ImportError, OSError, ValueError) as error:
        told = " ".join(str(error).split())
        form = "; a storage is a URL: sqlite:///FILE, journal://FILE or one of a server"
        told = masked(told) + form * ("://" not in url)
        raise UserError(f"the storage {masked(url)} cannot be opened: {told}") from error


@contextmanager
def closing_storage(study: optuna.Study) -> Iterator[optuna.Study]:
    """Closes the connections to a study's database when the block ends."""
    try:
        yield study
    finally:
        if (engine := engine_of(study)) is not None:
            engine.dispose()


def _write_ahead(database: str) -> None:
    """Switches SQLite to its write-ahead log: readers do not wait, and a commit is one write."""
    if database == ":memory:":
        return
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database, timeout=BUSY_TIMEOUT_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
