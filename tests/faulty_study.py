"""A study as a user runs it, in processes of its own, and what is left of it when those die."""

import csv
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from dropout_study.paths import StudyPaths
from dropout_study.search.storage.open import open_storage

APP = Path(__file__).parent / "sweeper" / "faults" / "app" / "app.py"
DEADLINE_S = 300


class FaultyStudy:
    """The study of ``app/app.py`` in ``root``.

    Args:
        root: the study's directory.
        overrides: what every command on it is given.
        url: of its storage, if that is not the journal in its directory.
        program: the words of the command, if it is not that application.
    """

    def __init__(
        self,
        root: Path,
        *overrides: str,
        url: str | None = None,
        program: Sequence[str] = (str(APP),),
    ) -> None:
        self.program = program
        self.paths = StudyPaths(root)
        self.overrides = overrides if url is None else (*overrides, f"hydra.sweeper.storage={url}")
        self.url = url

    def start(self, *overrides: str) -> subprocess.Popen[str]:
        """Starts the command in a session of its own, as a terminal does."""
        given = [f"hydra.sweep.dir={self.paths.root}", *self.overrides, *overrides]
        return subprocess.Popen(
            [sys.executable, *self.program, "--multirun", *given],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            cwd=self.paths.root.parent,
        )

    def run(self, *overrides: str) -> tuple[int, str]:
        """Runs the command to its end; returns its exit status and what it printed."""
        return ended(self.start(*overrides))

    def rows(self) -> list[dict[str, str]]:
        """Returns the table, every row of it whole."""
        return whole_rows(self.paths.results_csv.read_bytes())

    def column(self, name: str) -> list[str]:
        """Returns a column of the table."""
        return [row[name] for row in self.rows()]

    def storage(self) -> BaseStorage:
        """Opens the study's storage."""
        return open_storage(self.url, self.paths.journal)

    def trials(self) -> list[FrozenTrial]:
        """Returns the trials as the storage has them."""
        storage = self.storage()
        return storage.get_all_trials(storage.get_all_studies()[0]._study_id)

    def temporaries(self) -> list[Path]:
        """Returns files that should have been temporary."""
        return list(self.paths.root.rglob("*.tmp"))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Reads the table again and again while the block runs: it must be whole each time."""
        over = threading.Event()
        seen: list[bytes] = []
        broken: list[str] = []

        def watch() -> None:
            while not over.wait(0.003):
                if self.paths.results_csv.exists():
                    seen.append(self.paths.results_csv.read_bytes())
                    try:
                        whole_rows(seen.pop())
                    except AssertionError as error:
                        broken.append(str(error))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
        assert not broken


def whole_rows(content: bytes) -> list[dict[str, str]]:
    """Returns the rows of a table that is whole, each trial once."""
    assert content.endswith(b"\n"), content[-80:]
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    assert {len(row) for row in rows} <= {len(header)}
    table = [dict(zip(header, row, strict=True)) for row in rows]
    numbers = [row["trial"] for row in table]
    assert numbers == sorted(set(numbers), key=int)
    return table


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Waits for a command; returns its exit status and what it printed."""
    printed, _ = process.communicate(timeout=DEADLINE_S)
    return process.returncode, printed


def children(process: subprocess.Popen[str]) -> list[int]:
    """Returns the worker processes of a sweeper."""
    try:
        return [
            int(p)
            for p in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid: int) -> bool:
    """Returns whether a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Polls until ``condition`` holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.005)


def kill(pid: int) -> None:
    """Kills a process that may have ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
