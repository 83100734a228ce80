"""Reads ``confirmation.csv`` and ``confirmation_runs.csv``, also if they were edited or damaged."""

from io import StringIO
from pathlib import Path

import pandas as pd

from dropout_study.results.columns import valid_numbers
from dropout_study.stats import FEWEST
from dropout_study.task.job_files import printable
from dropout_study.trial import metric_bounds

TEXTS = {
    *("configuration", "description", "metric", "trained_on", "baseline"),
    *("state", "error", "population"),
}
"""The columns that are not numbers."""
COUNTS = ("n", "diverged", "failed", "differences")
PARTS = ("", "_n", "_low", "_high", "_p", "_p_holm")
"""The columns of the differences to a reference end so: ``minus_book``, ``minus_book_n``, ..."""


def confirmation_table(path: Path, problems: list[str]) -> pd.DataFrame | None:
    """Returns a table of the confirmation with its columns converted, or None if there is none.

    What is not a number is left empty, and a comparison that lacks a column is left out. Both add
    a line to ``problems``.
    """
    frame = read_table(path, problems)
    if frame is None:
        return None
    for name in frame.columns.difference(list(TEXTS)):
        numbers = pd.to_numeric(frame[name], errors="coerce").astype("float64")
        valid, rule = valid_numbers(name, numbers)
        numbers = numbers.where(valid)
        if numbers.isna().sum() > frame[name].isna().sum():
            problems.append(f"{path.name}: `{name}` has values that are not {rule}; left empty")
        count = name in COUNTS or name.endswith("_n")
        frame[name] = numbers.fillna(0).round().astype(int) if count else numbers
    return _bounded(_whole_comparisons(frame, path.name, problems))


def _bounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the table without what an earlier version wrote and this one does not.

    That is an interval of fewer than ``FEWEST`` seeds, and one that leaves the metric's range.
    """
    low, high = metric_bounds(str(frame["metric"].iloc[0]) if "metric" in frame else "accuracy")
    for n in [name for name in frame.columns if name == "n" or name.endswith("_n")]:
        ends = [f"{n[:-1]}{end}" for end in ("low", "high")]
        limits = (low, high) if n == "n" else (low - high, high - low)
        for end in frame.columns.intersection(ends):
            frame[end] = frame[end].where(frame[n] >= FEWEST).clip(*limits)
    return frame


def _whole_comparisons(frame: pd.DataFrame, name: str, problems: list[str]) -> pd.DataFrame:
    """Returns the table without the comparisons that lack one of their columns."""
    minus = [column for column in frame.columns if column.startswith("minus_")]
    for reference in [column.removesuffix("_p_holm") for column in minus]:
        lost = [reference + part for part in PARTS if reference + part not in frame]
        if f"{reference}_p_holm" in frame and lost:
            problems.append(f"{name} has no `{lost[0]}`: its comparisons are left out")
            frame = frame.drop(columns=[f"{reference}{p}" for p in PARTS], errors="ignore")
    return frame


def read_table(path: Path, problems: list[str]) -> pd.DataFrame | None:
    """Returns a table of a study, or None if there is no such file or it cannot be read."""
    if not path.is_file():
        return None
    try:
        return pd.read_csv(StringIO(printable(path.read_text(encoding="utf-8"))))
    except (ValueError, OSError) as error:
        problems.append(f"{path.name} cannot be read: {' '.join(str(error).split())}")
        return None
