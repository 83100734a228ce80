"""A table as a Parquet file, whose columns have types. It needs pyarrow, the extra ``parquet``."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_study.errors import UserError
from dropout_study.files import atomic_write

if TYPE_CHECKING:
    import pandas as pd


def check_pyarrow() -> None:
    """Raises UserError if pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise UserError(
            "a Parquet file needs pyarrow, which is not installed; "
            "pip install 'dropout-study[parquet]', or use the table as CSV"
        )


def write_parquet(frame: "pd.DataFrame", path: Path) -> None:
    """Writes a table, whole or not at all.

    A column of whole numbers stays one if cells are empty. A column with texts is of texts. A text
    that begins as a formula stays as it is: only a CSV file has no types.

    Args:
        frame: the table.
        path: the file.

    Raises:
        UserError: pyarrow is not installed.
    """
    check_pyarrow()
    typed = frame.apply(_typed).reset_index(drop=True)
    with atomic_write(path) as temporary:
        typed.to_parquet(temporary, engine="pyarrow", index=False)


def _typed(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Returns a column of mixed objects as numbers, if all of its values are, or as texts."""
    if column.dtype != object:
        return column
    kinds = {type(value) for value in column.dropna()}
    if kinds <= {int, float} or kinds == {bool}:
        return column.convert_dtypes()
    return column.map(str, na_action="ignore").astype("string")
