"""Chooses rows and columns of a table: ``model.dropout1 < 0.3``, ``lr``."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from dropout_study.errors import UserError, did_you_mean

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    **{"<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne},
    **{"<": operator.lt, ">": operator.gt, "=": operator.eq},
}
ORDERS = ("<", ">", "<=", ">=")
"""The comparisons that only numbers have."""
_CONDITION = re.compile(rf"\s*(.+?)\s*({'|'.join(COMPARISONS)})\s*(.*?)\s*")


def column_named(frame: pd.DataFrame, name: str) -> str:
    """Returns the column of this name, or the one whose last part is this name.

    Raises:
        UserError: there is none, or several columns end so.
    """
    if name in frame:
        return name
    ends = [column for column in map(str, frame) if column.rpartition(".")[2] == name]
    if len(ends) == 1:
        return ends[0]
    near = f"; there is: {', '.join(ends)}" if ends else did_you_mean(name, map(str, frame))
    raise UserError(f"`{name}` is no column of the table{near}")


def columns_named(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Returns the columns of these names, each once.

    Raises:
        UserError: there is none of a name, or several columns end so.
    """
    return list(dict.fromkeys(column_named(frame, name) for name in names))


def filtered(frame: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Returns the rows that fulfil all conditions.

    Args:
        frame: the table.
        conditions: each as ``COLUMN < VALUE``; also ``<=  >  >=  ==  !=``. A cell without a value
            fulfils none.

    Raises:
        UserError: a condition cannot be read, or its column is not there.
    """
    for condition in conditions:
        frame = frame[_holds(frame, condition)]
    return frame


def _holds(frame: pd.DataFrame, condition: str) -> "pd.Series[bool]":
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise UserError(
            f"`--filter {condition!r}` must be a column, a comparison ({' '.join(COMPARISONS)}) "
            "and a value, as in 'model.dropout1 < 0.3'"
        )
    name, compare, text = column_named(frame, found[1]), COMPARISONS[found[2]], found[3]
    text = text.strip("'\"")
    is_order = found[2] in ORDERS
    numbers = pd.to_numeric(frame[name], errors="coerce")
    if is_order and numbers.isna().all() and frame[name].notna().any():
        raise UserError(f"`--filter {condition!r}`: `{name}` has texts; a text can be == or !=")
    try:
        kept = compare(numbers, float(text)).fillna(False)
    except ValueError:
        if is_order:
            raise UserError(
                f"`--filter {condition!r}` compares with {text!r}, which is not a number; a text "
                "can be == or !="
            ) from None
        kept = compare(frame[name].astype(str), text)
    return pd.Series(frame[name].notna() & kept, dtype=bool)


def sorted_by(frame: pd.DataFrame, name: str, *, descending: bool = False) -> pd.DataFrame:
    """Returns the rows by a column, those without a value last; equal ones stay in their order.

    Raises:
        UserError: there is no such column.
    """
    column = column_named(frame, name)
    return frame.sort_values(column, ascending=not descending, kind="stable")
