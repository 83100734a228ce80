"""Where a study is kept: a journal file in its own directory, or any storage of Optuna's by URL.

The default is a journal file (docs/sweeper.md has the numbers behind that). A power cut or a kill
can tear its last line and nothing else; whoever opens it or writes next cuts the torn line off.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial, TrialState

from dropout_study.errors import UserError
from dropout_study.secrets import masked, with_password

SYNCED = (JournalOperation.CREATE_STUDY, JournalOperation.SET_TRIAL_STATE_VALUES)
JOURNAL_SCHEME = "journal://"
BUSY_TIMEOUT_S = 60
MOST_SINGLY = 100  # trials that are asked for one by one


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
    except (SQLAlchemyError, sqlite3.Error, ImportError, OSError, ValueError) as error:
        told = " ".join(str(error).split())
        raise UserError(f"the storage {masked(url)} cannot be opened: {masked(told)}") from error


@contextmanager
def closing_storage(study: optuna.Study) -> Iterator[optuna.Study]:
    """Gives the connections to a study's database back when the block ends."""
    try:
        yield study
    finally:
        storage = getattr(study._storage, "_backend", study._storage)  # a database has a cache
        if (engine := getattr(storage, "engine", None)) is not None:
            engine.dispose()


def open_journal(path: Path) -> JournalStorage:
    """Returns the journal at ``path``; a last line that a power cut has torn is cut off first."""
    try:
        backend = WholeLinesBackend(path)
        backend.mend()
        return EndedOnceJournal(backend)
    except ValueError as error:
        raise UserError(
            f"{path} is damaged: {error}; restore it from a backup, or start again under another "
            "name with hydra.sweeper.study_name=NAME"
        ) from error


class EndedOnceJournal(JournalStorage):
    """A journal that looks at a trial no more once it and all before it have ended.

    Optuna lets nobody change a trial that has ended. Its journal goes through all trials whenever
    they are asked for, which a sampler and a pruner do at every step: at 10,000 trials that was a
    quarter of what a trial cost.
    """

    def __init__(self, backend: JournalFileBackend) -> None:
        self._ended: dict[int, list[FrozenTrial]] = {}
        self._chosen: dict[tuple[int, frozenset[TrialState]], tuple[int, list[FrozenTrial]]] = {}
        super().__init__(backend)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Returns the trials of a study, those in ``states``, by number."""
        if deepcopy:
            return super().get_all_trials(study_id, deepcopy, states)
        self.get_study_name_from_id(study_id)  # or KeyError: it has been deleted
        ended = self._ended.setdefault(study_id, [])
        others = self._from_number(study_id, len(ended))
        count = next((i for i, t in enumerate(others) if not t.state.is_finished()), len(others))
        ended += others[:count]
        if states is None:
            return ended + others[count:]
        return [
            *self._ended_in(study_id, frozenset(s for s in TrialState if s in states)),
            *(trial for trial in others[count:] if trial.state in states),
        ]

    def _from_number(self, study_id: int, first: int) -> list[FrozenTrial]:
        """Returns the trials from number ``first`` on."""
        if first == 0:  # nothing is known: all at once
            return super().get_all_trials(study_id, deepcopy=False)
        found: list[FrozenTrial] = []
        with suppress(KeyError):
            while len(found) < MOST_SINGLY:
                number = first + len(found)
                trial_id = self.get_trial_id_from_study_id_trial_number(study_id, number)
                found.append(self.get_trial(trial_id))
            return super().get_all_trials(study_id, deepcopy=False)[first:]  # one takes very long
        return found

    def _ended_in(self, study_id: int, states: frozenset[TrialState]) -> list[FrozenTrial]:
        """Returns those of the trials known to have ended that ended in one of ``states``."""
        ended = self._ended[study_id]
        seen, chosen = self._chosen.get((study_id, states), (0, []))
        chosen += (trial for trial in ended[seen:] if trial.state in states)
        self._chosen[study_id, states] = len(ended), chosen
        return chosen


class WholeLinesBackend(JournalFileBackend):
    """A journal of whole lines, whoever was killed as it wrote, that waits for the disk seldom.

    Optuna waits for the disk at every line. Here only a trial's new state is waited for, and with
    it all that stands before: what a power cut can take is the last reports of running trials,
    which run again. A killed process loses nothing, its lines are with the operating system.

    Args:
        path: of the journal; created if there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(f".{path.name}.lock")
        super().__init__(str(path), lock_obj=FileLock(self._lock_path))

    def mend(self) -> None:
        """Cuts a torn last line off."""
        with self._opened() as journal:
            cut_torn_line(journal)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends the logs, all or none.

        Raises:
            OSError: nothing has been appended: the disk is full, or the journal has been removed.
                (A new one would hold a study's end without its beginning.)
        """
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self._opened() as journal:
            end = cut_torn_line(journal)  # of another process: it died after this one had opened
            try:
                _write_all(journal, lines.encode())
                if any(log["op_code"] in SYNCED for log in logs):
                    os.fsync(journal.fileno())
            except OSError:
                journal.truncate(end)
                raise

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with locked(self._lock_path), self._path.open("r+b", buffering=0) as journal:
            yield journal


def cut_torn_line(journal: BinaryIO) -> int:
    """Cuts a journal back to its last whole line and goes there; returns its size in bytes."""
    end = size = journal.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 4096)
        journal.seek(start)
        newline = journal.read(end - start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        journal.truncate(end)
    return journal.seek(end)


def _write_all(file: BinaryIO, content: bytes) -> None:
    """Writes without a buffer: a disk that fills up takes a part and says so at the next."""
    while content:
        content = content[file.write(content) :]


def _write_ahead(database: Path) -> None:
    """Makes SQLite write ahead: readers do not wait, and a commit is one write."""
    database.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database, timeout=BUSY_TIMEOUT_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
