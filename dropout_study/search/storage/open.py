"""Opens a study's storage: a journal file in the study's directory, or any Optuna storage by URL.

The default is a journal file (docs/sweeper.md has the measurements). A power cut or a kill can
leave an incomplete last line; it is removed when the file is opened or written next. A server that
does not answer is waited for (``waiting``).
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import optuna
from optuna.storages import BaseStorage

from dropout_study.errors import UserError
from dropout_study.search.internals import (
    close_connections,
    grpc_storage,
    say_no_fallbacks,
    storage_of,
)
from dropout_study.search.storage.journal import open_journal
from dropout_study.search.storage.urls import (
    GRPC_SCHEME,
    JOURNAL_SCHEME,
    masked,
    query_names,
    with_password,
)
from dropout_study.search.storage.waiting import Patient, Waiting

BUSY_TIMEOUT_S = 60
CALL_S = 60
"""Seconds after which a server that was cut off is noticed while it should answer."""
MOST_TRIES = 5
"""Tries to make the tables: processes that begin at the same moment disturb each other."""
EXISTS = "already exists"
"""Said by every server of a table."""
FORMS = (
    "storages are journal://FILE, sqlite:///FILE, postgresql+psycopg://USER:PASSWORD@HOST/DATABASE "
    "(pip install 'dropout-study[postgres]'), mysql+pymysql://... (dropout-study[mysql]) and "
    "grpc://HOST:PORT (dropout-study[grpc])"
)
LIBPQ = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # ms
}
SOCKET = {"connect_timeout": 10, "read_timeout": CALL_S, "write_timeout": CALL_S}
TIMEOUTS = {"psycopg": LIBPQ, "psycopg2": LIBPQ, "pymysql": SOCKET, "mysqldb": SOCKET}
"""Arguments of drivers with which a connection that was cut off is noticed."""


def open_storage(url: str | None, journal: Path, *, wait_s: float = 0) -> BaseStorage:
    """Returns the storage at ``url``, or the study's own journal file if ``url`` is None.

    Args:
        url: a URL of SQLAlchemy, e.g. ``sqlite:///FILE``, ``postgresql+psycopg://...`` or
            ``mysql+pymysql://...``; ``grpc://HOST:PORT`` for Optuna's proxy; or ``journal://FILE``
            for a journal file. A masked password is read from the environment (see ``urls``).
        journal: the journal file in the study's directory.
        wait_s: seconds to wait for a server that does not answer, now and at every later call.

    Raises:
        UserError: the storage cannot be opened.
    """
    if url is None or url.startswith(JOURNAL_SCHEME):
        return open_journal(Path(url.removeprefix(JOURNAL_SCHEME)) if url else journal)
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    waiting = Waiting(masked(url), wait_s)
    try:
        if url.startswith("sqlite:///"):
            return _sqlite(url)
        opened = waiting.call(_grpc if url.startswith(GRPC_SCHEME) else _database, url)
        return cast(BaseStorage, Patient(opened, waiting))
    except RuntimeError as error:  # tables of another Optuna release; the message says what to do
        told = " ".join(str(error).split()).replace("$STORAGE_URL", masked(url))
        raise UserError(f"the storage {masked(url)} cannot be used: {told}") from error
    except ConnectionError as error:  # it was waited for; the message names the storage
        raise UserError(str(error)) from error
    except (ImportError, NoSuchModuleError) as error:
        scheme = url.partition("://")[0]
        raise UserError(
            f"the storage {masked(url)} cannot be opened: `{scheme}` is unknown, or its driver is "
            f"not installed; {FORMS}"
        ) from error
    except (SQLAlchemyError, sqlite3.Error, OSError, ValueError) as error:
        told = masked(" ".join(str(error).split())) + f"; {FORMS}" * ("://" not in url)
        raise UserError(f"the storage {masked(url)} cannot be opened: {told}") from error


def _sqlite(url: str) -> BaseStorage:
    from optuna.storages import RDBStorage

    _write_ahead(url.removeprefix("sqlite:///").partition("?")[0])
    return RDBStorage(url, engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_S}})


def _database(url: str) -> BaseStorage:
    """Returns the storage on a database server; makes its tables if it has none."""
    from optuna.storages import RDBStorage, get_storage
    from sqlalchemy.exc import DBAPIError, IntegrityError

    say_no_fallbacks()
    full = with_password(url)
    driver = full.partition(":")[0].partition("+")[2]
    given = query_names(full)
    timeouts = {k: v for k, v in TIMEOUTS.get(driver, {}).items() if k not in given}
    arguments: dict[str, Any] = {"pool_pre_ping": True, "connect_args": timeouts}
    for left in reversed(range(MOST_TRIES)):
        try:
            return get_storage(RDBStorage(full, engine_kwargs=arguments))
        except DBAPIError as error:  # another process makes them
            made = isinstance(error, IntegrityError) or EXISTS in str(error.orig)
            if not (made and left):
                raise
            time.sleep(random.uniform(0.1, 0.5))
    raise AssertionError("unreachable")


def _grpc(url: str) -> BaseStorage:
    host, colon, port = url.removeprefix(GRPC_SCHEME).rstrip("/").rpartition(":")
    if not (colon and host and port.isdecimal()):
        raise ValueError("the URL of a proxy is grpc://HOST:PORT")
    storage = grpc_storage(host, int(port), CALL_S)
    storage.get_all_studies()  # so that a proxy that is not there is noticed now
    return storage


@contextmanager
def closing_storage(study: optuna.Study) -> Iterator[optuna.Study]:
    """Closes the connections to a study's database when the block ends."""
    try:
        yield study
    finally:
        close_connections(storage_of(study))


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
