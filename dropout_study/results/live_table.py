"""``results.csv`` during a sweep: an update reads the changed trials and writes the whole file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.results.columns import csv_line, table_columns
from dropout_study.results.record import read_record
from dropout_study.search.storage.lock import locked
from dropout_study.trial import TrialState

SETTLED = (TrialState.COMPLETE, TrialState.PRUNED)
"""States that are final. A failed or paused trial may be run again in its directory."""
ROUNDS = 256
"""Number of updates in which the file of every settled trial is checked once for a manual edit."""

Mark = tuple[int, ...] | None


@dataclass
class _Row:
    """A trial's record, its line of the table, and the mark of its file when it was read."""

    record: Mapping[str, Any]
    names: tuple[str, ...]  # keys of the record; trials with equal keys share one object
    mark: Mark
    line: str = ""


class ResultsTable:
    """The table of the study in ``root``, held by a process that adds trials to the study.

    Several processes may do this for the same study. Each of them writes all trials that it finds.

    Args:
        root: the study's directory.
    """

    def __init__(self, root: Path) -> None:
        self.paths = StudyPaths(root)
        self._rows: dict[int, _Row] = {}
        self._settled: set[int] = set()
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._columns: list[str] = []
        self._updates = 0

    def update(self) -> Path:
        """Writes ``results.csv`` again, whole or not at all; returns its path.

        The file stays whole if the process is killed. A power failure may lose the newest version.
        No result is lost then: the trials' own files are synced to disk, and the table is made from
        them.

        Raises:
            OSError: the file cannot be written. The next update writes all trials.
        """
        path = self.paths.results_csv
        with locked(self.paths.lock):
            self._read()
            lines = (row.line for row in self._rows.values())
            text = "".join([csv_line(self._columns), *lines])
            with atomic_write(path, durable=False) as temporary:
                temporary.write_bytes(text.encode(errors="backslashreplace"))
        return path

    def _read(self) -> None:
        """Brings the rows up to date, in the order of their numbers."""
        numbers = self.paths.numbers()
        changed = [number for number in self._due(numbers) if self._read_trial(number)]
        moved = list(self._rows) != numbers
        if moved:
            self._rows = {number: self._rows[number] for number in numbers}
            self._settled.intersection_update(numbers)
        if changed or moved:
            self._render(changed)

    def _due(self, numbers: list[int]) -> list[int]:
        """Returns the trials to check: all that may change, and some of the settled ones."""
        turn, settled = self._updates, self._settled
        self._updates += 1
        return [n for n in numbers if n not in settled or not (n + turn) % ROUNDS]

    def _read_trial(self, number: int) -> bool:
        """Reads a trial if its file has changed; returns whether it has."""
        mark = self._mark(number)  # taken before reading: a later change is read by the next update
        before = self._rows.get(number)
        if before is not None and before.mark == mark:
            return False
        record = read_record(number, self.paths.job(number))
        names = tuple(record)
        self._rows[number] = _Row(record, self._names.setdefault(names, names), mark)
        (self._settled.add if record["state"] in SETTLED else self._settled.discard)(number)
        return True

    def _render(self, changed: list[int]) -> None:
        """Makes the lines of the changed rows, or of all rows if the columns have changed."""
        names = {id(row.names): row.names for row in self._rows.values()}
        columns = table_columns(names.values())
        if columns != self._columns:
            self._columns, changed = columns, list(self._rows)
        for number in changed:
            row = self._rows[number]
            row.line = csv_line(map(row.record.get, columns))

    def _mark(self, number: int) -> Mark:
        """Returns inode, times and size of the file from which a trial's row is made."""
        job = self.paths.job(number)
        for path in (job.metrics_json, job.overrides_yaml):
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
        return None
