"""Storages that are torn, locked, full or gone."""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from dropout_study.search.storage import journal as journal_module
from dropout_study.search.storage import open as open_module
from dropout_study.search.storage.journal import MOST_SINGLY, open_journal
from dropout_study.search.storage.lock import locked
from dropout_study.search.storage.open import open_storage

TORN = (b"{", b'{"op_code":4,"worker', b"x" * 4095, b"x" * 4096, b"x" * 10_000)


def begin(storage: BaseStorage, name: str = "study") -> optuna.Study:
    return optuna.create_study(storage=storage, study_name=name, load_if_exists=True)


def in_child(function: Callable[[], None]) -> int:
    """Runs a function in a child that is then killed; returns its number."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        function()
        os.write(write, b".")
        signal.pause()
    os.read(read, 1)
    os.close(read)
    os.close(write)
    return child


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize("torn", TORN, ids=len)
def test_a_torn_last_line_is_cut_off_as_the_journal_is_opened(tmp_path: Path, torn: bytes):
    path = tmp_path / "journal.log"
    begin(open_journal(path)).ask()
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    storage = open_journal(path)
    assert path.read_bytes() == whole
    assert begin(storage).ask().number == 1


@pytest.mark.parametrize("torn", TORN, ids=len)
def test_a_line_torn_while_others_have_the_journal_open_is_cut_off_by_the_next(
    tmp_path: Path, torn: bytes
):
    path = tmp_path / "journal.log"
    study = begin(open_journal(path))
    study.ask()
    with path.open("ab") as journal:  # a writer that is killed in the middle
        journal.write(torn)
    assert study.ask().number == 1
    assert len(begin(open_journal(path)).trials) == 2


@pytest.mark.parametrize("content", [b"", b"no newline"])
def test_a_journal_without_a_whole_line_is_an_empty_one(tmp_path: Path, content: bytes):
    path = tmp_path / "journal.log"
    path.write_bytes(content)
    assert begin(open_journal(path)).ask().number == 0


def test_a_journal_damaged_in_its_middle_says_so(tmp_path: Path, told):
    path = tmp_path / "journal.log"
    begin(open_journal(path)).ask()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"###\n", *lines[1:]]))
    assert f"{path} is damaged" in told(open_journal, path)


def test_a_write_that_fails_half_way_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch):
    path = tmp_path / "journal.log"
    study = begin(open_journal(path))
    whole = path.read_bytes()

    def write_half(file, content: bytes) -> None:
        file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal_module, "_write_all", write_half)
    with pytest.raises(OSError, match="No space left"):
        study.ask()
    monkeypatch.undo()
    assert path.read_bytes() == whole
    assert study.ask().number == 0


def test_a_journal_that_was_removed_is_not_begun_again_in_its_middle(tmp_path: Path):
    path = tmp_path / "journal.log"
    study = begin(open_journal(path))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        study.ask()
    assert not path.exists()


def hold(path: Path) -> None:
    """Takes the lock and keeps it: the process that calls this is killed."""
    holder = locked(path)
    holder.__enter__()
    HELD.append(holder)


HELD: list[object] = []


def test_a_killed_holder_gives_its_lock_back(tmp_path: Path):
    path = tmp_path / "lock"
    child = in_child(lambda: hold(path))
    try:
        with pytest.raises(TimeoutError), alarm(0.05), locked(path):
            pass
    finally:
        kill(child)
    with alarm(5), locked(path):
        pass


def test_a_lock_in_a_directory_that_is_gone_does_not_bring_it_back(tmp_path: Path):
    with pytest.raises(FileNotFoundError), locked(tmp_path / "gone" / "lock"):
        pass
    assert not (tmp_path / "gone").exists()


def test_a_waiting_thread_gets_the_lock_when_it_is_given_back(tmp_path: Path):
    path, came = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with locked(path):
            came.set()

    waiting = threading.Thread(target=wait)
    with locked(path):
        waiting.start()
        assert not came.wait(0.05)
    assert came.wait(5)
    waiting.join()


class alarm:  # noqa: N801  # reads as a function
    """Raises ``TimeoutError`` in the block after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        def ring(*_: object) -> None:
            raise TimeoutError

        self.before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)


def test_a_journal_by_url(tmp_path: Path):
    begin(open_storage(f"journal://{tmp_path / 'other.log'}", tmp_path / "unused.log"))
    assert (tmp_path / "other.log").exists()
    assert not (tmp_path / "unused.log").exists()


def test_sqlite_writes_ahead_and_in_a_new_directory(tmp_path: Path):
    path = tmp_path / "new" / "study.db"
    begin(open_storage(f"sqlite:///{path}", tmp_path / "unused.log")).ask()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_locked_sqlite_is_waited_for_and_then_said(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(open_module, "BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "study.db"
    study = begin(open_storage(f"sqlite:///{path}", tmp_path / "unused.log"))
    holder = sqlite3.connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(optuna.exceptions.StorageInternalError):
        study.set_user_attr("name", "value")
    holder.rollback()
    holder.close()
    assert study.ask().number == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("study.db", "Could not parse SQLAlchemy URL"),
        ("study.db", "; storages are journal://FILE, sqlite:///FILE, postgresql+psycopg://"),
        (
            "postgres://a@db/x",
            "`postgres` is unknown, or its driver is not installed; storages are",
        ),
        ("oracle+nodriver://x", "`oracle+nodriver` is unknown, or its driver is not installed"),
        ("sqlite:////proc/none/study.db", "sqlite:////proc/none/study.db cannot be opened"),
    ],
)
def test_a_storage_that_cannot_be_opened_says_which(tmp_path: Path, told, url: str, reason: str):
    assert reason in told(open_storage, url, tmp_path / "unused.log")


def test_a_password_is_not_in_the_error(tmp_path: Path, told):
    url = "postgresql+psycopg://anna:secret@127.0.0.1:1/none"
    message = told(open_storage, url, tmp_path / "unused.log")
    assert "secret" not in message
    # It does not answer, or its driver is not installed.
    assert message.startswith("the storage postgresql+psycopg://anna:***@127.0.0.1:1/none ")


def test_directions_are_kept(tmp_path: Path):
    path = tmp_path / "journal.log"
    optuna.create_study(storage=open_journal(path), study_name="s", direction="maximize")
    assert begin(open_journal(path), "s").direction == StudyDirection.MAXIMIZE


@pytest.mark.parametrize("hung", [None, 1], ids=["all end", "one takes very long"])
def test_a_journal_gives_all_trials_as_optunas_own_does(tmp_path: Path, hung: int | None):
    """At every moment, in every state, while another process works on the study, too."""
    path = tmp_path / "journal.log"
    ours, other = open_journal(path), open_journal(path)
    studies = [begin(storage, "s") for storage in (ours, other)]
    study_id = studies[0]._study_id
    states = (None, (TrialState.COMPLETE,), (TrialState.PRUNED, TrialState.RUNNING), TrialState)
    running: list[optuna.Trial] = []
    for moment in range(2 * MOST_SINGLY + 60):
        running.append(studies[moment % 2].ask())
        ready = [trial for trial in running if trial.number != hung]
        if moment % 3 and ready:
            trial = ready[moment % len(ready)]
            running.remove(trial)
            pruned = TrialState.PRUNED if moment % 5 == 0 else None
            studies[0].tell(trial.number, None if pruned else 0.1 * moment, state=pruned)
        if moment % 20 == 0 or moment < 20:
            plain = JournalStorage(JournalFileBackend(str(path)))
            for chosen in states:
                want = plain.get_all_trials(study_id, deepcopy=False, states=chosen)
                assert ours.get_all_trials(study_id, deepcopy=False, states=chosen) == want
                assert ours.get_all_trials(study_id, states=chosen) == want


def test_a_deleted_study_has_no_trials(tmp_path: Path):
    storage = open_journal(tmp_path / "journal.log")
    study = begin(storage, "s")
    study.tell(study.ask(), 1.0)
    assert len(study.get_trials(deepcopy=False)) == 1
    storage.delete_study(study._study_id)
    with pytest.raises(KeyError):
        storage.get_all_trials(study._study_id, deepcopy=False)
