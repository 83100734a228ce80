"""The learning curves of a trial as a file."""

import csv
from collections.abc import Sequence
from pathlib import Path

from dropout_study.files import atomic_write
from dropout_study.trial import Metrics


class HistoryFile:
    """Rewrites ``history.csv`` after every epoch: one row an epoch, complete at every moment.

    Args:
        path: of the file.
        rows: the epochs of a trial that continues.
    """

    def __init__(self, path: Path, rows: Sequence[Metrics] = ()) -> None:
        self._path = path
        self._rows = list(rows)
        if rows:
            self._write()

    def __call__(self, metrics: Metrics) -> bool:
        """Adds a row; never stops the training."""
        self._rows.append(metrics)
        self._write()
        return True

    def _write(self) -> None:
        with (
            atomic_write(self._path, durable=False) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.DictWriter(stream, list(self._rows[-1]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
