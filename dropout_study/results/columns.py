"""The columns of ``results.csv`` and the text of its cells."""

from collections.abc import Iterable, Mapping
from typing import Any

FIRST_COLUMNS = ("trial", "state", "value")
LAST_COLUMNS = ("job_dir", "error")
REPORTED = tuple(f"{split}_{m}" for m in ("accuracy", "loss") for split in ("val", "test", "train"))
"""Numbers that the report reads: a loaded study has these columns also where no trial has them."""
_FIXED = {*FIRST_COLUMNS, *LAST_COLUMNS}
_QUOTED = frozenset(',"\r\n')


def table_columns(rows: Iterable[Iterable[str]]) -> list[str]:
    """Returns the columns: fixed ones, what the rows have beside them, fixed ones.

    The rows' own order is kept: a name that no earlier row has is put behind its predecessor. So a
    trial that failed before it measured anything does not move the numbers behind the parameters.

    Args:
        rows: the names that each trial has a value for.
    """
    columns = list(FIRST_COLUMNS)
    for row in rows:
        place = len(FIRST_COLUMNS)
        for name in row:
            if name in _FIXED:
                continue
            if name in columns:
                place = columns.index(name)
            else:
                columns.insert(place, name)
            place += 1
    return [*columns, *LAST_COLUMNS]


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
