"""The journal file, the default storage of a study."""

import json
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from dropout_study.errors import UserError
from dropout_study.search.internals import changes_state
from dropout_study.search.storage.lock import locked

MOST_SINGLY = 100  # up to so many trials are read one by one


def open_journal(path: Path) -> JournalStorage:
    """Returns the journal at ``path``, after removing an incomplete last line (a power cut)."""
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
    """A journal that remembers ended trials instead of reading them again.

    Optuna allows no change of a trial that has ended. But its journal goes through all trials at
    every request, and samplers and pruners ask at every step. At 10,000 trials (TPE, median pruner,
    7 parameters, 10 reports) this class saved 29 ms of 250 ms a trial, 12 %.
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
        self.get_study_name_from_id(study_id)  # raises KeyError if it was deleted
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
        if first == 0:  # no trial is remembered yet: read all at once
            return super().get_all_trials(study_id, deepcopy=False)
        found: list[FrozenTrial] = []
        with suppress(KeyError):
            while len(found) < MOST_SINGLY:
                number = first + len(found)
                trial_id = self.get_trial_id_from_study_id_trial_number(study_id, number)
                found.append(self.get_trial(trial_id))
            return super().get_all_trials(study_id, deepcopy=False)[
                first:
            ]  # many single reads take long
        return found

    def _ended_in(self, study_id: int, states: frozenset[TrialState]) -> list[FrozenTrial]:
        """Returns the remembered trials that ended in one of ``states``."""
        ended = self._ended[study_id]
        seen, chosen = self._chosen.get((study_id, states), (0, []))
        chosen += (trial for trial in ended[seen:] if trial.state in states)
        self._chosen[study_id, states] = len(ended), chosen
        return chosen


class WholeLinesBackend(JournalFileBackend):
    """A journal file whose lines stay complete when a writer is killed, with few disk syncs.

    Optuna syncs the disk after every line. This class syncs only when a trial's state changes,
    which also saves all earlier lines. So a power cut can lose only the last reports of running
    trials, which run again. A killed process loses nothing: the operating system has its lines.

    Args:
        path: path of the journal; created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(str(path))
        self._lines_lock = FileLock(path.with_name(f".{path.name}.lock"))

    def mend(self) -> None:
        """Removes an incomplete last line."""
        with self._opened() as journal:
            cut_torn_line(journal)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends the logs, all or none.

        Raises:
            OSError: nothing was appended: the disk is full, or the journal was removed. (A new
                journal would lack the beginning of the study.)
        """
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self._opened() as journal:
            end = cut_torn_line(journal)  # left by another process that died meanwhile
            try:
                _write_all(journal, lines.encode())
                if any(map(changes_state, logs)):
                    os.fsync(journal.fileno())
            except OSError:
                journal.truncate(end)
                raise

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with locked(self._lines_lock), self._path.open("r+b", buffering=0) as journal:
            yield journal


def cut_torn_line(journal: BinaryIO) -> int:
    """Truncates a journal after its last complete line, seeks there; returns its size in bytes."""
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
    """Writes to an unbuffered file, which may take a part only (a full disk fails at the next)."""
    while content:
        content = content[file.write(content) :]
