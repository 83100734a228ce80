"""The columns of ``results.csv`` and the text of its cells."""

from collections.abc import Iterable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from dropout_study.task.job_files import WHOLE

if TYPE_CHECKING:
    import pandas as pd

FIRST_COLUMNS = ("trial", "state", "value")
LAST_COLUMNS = ("job_dir", "error")
REPORTED = tuple(f"{split}_{m}" for m in ("accuracy", "loss") for split in ("val", "test", "train"))
"""Columns that the report reads. A loaded study has them even if no trial has a value for them."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet evaluates a text that begins so."""
_FIXED = {*FIRST_COLUMNS, *LAST_COLUMNS}
_QUOTED = frozenset(',"\r\n')


def table_columns(rows: Iterable[Iterable[str]]) -> list[str]:
    """Returns the columns: the fixed first ones, those of the rows, the fixed last ones.

    The order of the rows' names is kept: a new name is placed after its predecessor in its row. So
    metrics stay before parameters, even if the first trial failed and has no metrics.

    Args:
        rows: for each trial, the names for which it has a value.
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
    """Returns ``values`` as a line of CSV (RFC 4180, except that the line ends with a newline).

    A value with a carriage return is quoted; ``csv.writer`` with this line end does not quote it.
    """
    return ",".join(map(_cell, values)) + "\n"


def flat_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the record with lists and mappings as text, as in the file: ``[64, 32]``."""
    return {k: str(v) if isinstance(v, list | dict) else v for k, v in record.items()}


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    text = inert(value) if isinstance(value, str) else str(value)
    return '"' + text.replace('"', '""') + '"' if not _QUOTED.isdisjoint(text) else text


def inert(text: str) -> str:
    """Returns a text that no spreadsheet takes for a formula: an apostrophe before ``=cmd``."""
    if not text.startswith(FORMULAS):
        return text
    try:
        float(text)  # a number may begin with a sign
    except ValueError:
        return f"'{text}"
    return text


def as_written(text: str) -> str:
    """Returns the text that ``inert`` was given."""
    return text[1:] if text[:1] == "'" and inert(text[1:]) == text else text


def valid_numbers(name: str, numbers: "pd.Series[float]") -> tuple["pd.Series[bool]", str]:
    """Returns which numbers the column ``name`` can have, and what these are called."""
    if name in WHOLE:
        return (numbers % 1 == 0) & (numbers.abs() < 2**63), "whole numbers"
    if name.endswith("accuracy"):
        return numbers.between(0, 1), "shares in [0, 1]"
    return numbers.abs() < inf, "finite numbers"
