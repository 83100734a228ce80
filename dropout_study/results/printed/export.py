"""A table as text for other programs."""

import json

import pandas as pd

from dropout_study.results.columns import csv_line


def exported(frame: pd.DataFrame, form: str) -> str:
    """Returns every row and column of a table.

    Args:
        frame: the table.
        form: "csv" or "json".
    """
    cells = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    if form == "json":
        records = [dict(zip(frame, row, strict=True)) for row in cells]
        return json.dumps(records, indent=2, ensure_ascii=False, default=str) + "\n"
    return "".join(map(csv_line, [list(frame), *cells]))
