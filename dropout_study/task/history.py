"""The learning curves of a trial as a file."""

import csv
from pathlib import Path

from dropout_study.files import atomic_write
from dropout_study.trial import Metrics


class HistoryFile:
    """Rewrites ``history.csv`` after every epoch: one row per epoch, complete at every moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[Metrics] = []

    def __call__(self, metrics: Metrics) -> bool:
        """Adds a row; never stops the training."""
        self._rows.append(metrics)
        with (
            atomic_write(self._path, durable=False) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.DictWriter(stream, list(metrics), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        return True
