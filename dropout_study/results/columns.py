"""The columns of ``results.csv`` and the text of its cells."""

from collections.abc import Iterable, Mapping
from typing import Any

from dropout_study.results.record import GROUPS

FIRST_COLUMNS = (
    *("trial", "state", "value", "val_accuracy", "test_accuracy", "train_accuracy"),
    *("train_loss", "val_loss", "test_loss", "epochs_run", "best_epoch", "seconds", "seed"),
)
LAST_COLUMNS = (*GROUPS, "job_dir", "error")
_FIXED = {*FIRST_COLUMNS, *LAST_COLUMNS}
_QUOTED = frozenset(',"\r\n')


def table_columns(rows: Iterable[Iterable[str]]) -> list[str]:
    """Returns the columns: fixed ones, what the rows have beside them as it appears, fixed ones.

    Args:
        rows: the names that each trial has a value for.
    """
    given = dict.fromkeys(name for row in rows for name in row)
    return [*FIRST_COLUMNS, *(name for name in given if name not in _FIXED), *LAST_COLUMNS]


def csv_line(values: Iterable[Any]) -> str:
    """Returns a line of CSV (RFC 4180, but for the line's end) that reads back as ``values``.

    A carriage return is quoted too, which ``csv.writer`` does not do with these line ends.
    """
    return ",".join(map(_cell, values)) + "\n"


def flat_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a record whose lists and mappings are text, as in the file: ``[64, 32]``."""
    return {k: str(v) if isinstance(v, list | dict) else v for k, v in record.items()}


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if not _QUOTED.isdisjoint(text) else text
