"""The table on the terminal."""

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from dropout_study.results.columns import FIRST_COLUMNS
from dropout_study.results.record import GROUPS
from dropout_study.trial import TrialState

HEADINGS = {
    "val_accuracy": "val\nacc",
    "test_accuracy": "test\nacc",
    "train_accuracy": "train\nacc",
}


def best_first(frame: pd.DataFrame, *, minimize: bool = False) -> pd.DataFrame:
    """Returns the complete trials by value, the best first, then the others; ties by number.

    A pruned trial's value is of an early epoch: however high, it is not the study's best.
    """
    ranked = frame.assign(unfinished=frame["state"] != TrialState.COMPLETE)
    order = ["unfinished", "value", "trial"]
    return ranked.sort_values(order, ascending=[True, minimize, True]).drop(columns="unfinished")


def varied_params(frame: pd.DataFrame) -> list[str]:
    """Returns the groups and parameters that differ between trials: what was searched."""
    names = [name for name in frame.columns if "." in name or name in GROUPS]
    return [name for name in names if frame[name].astype(str).nunique() > 1]


def own_metrics(frame: pd.DataFrame) -> list[str]:
    """Returns the columns of numbers that a task has brought along, objectives among them."""
    numbers = frame.select_dtypes("number").columns
    return [name for name in numbers if "." not in name and name not in FIRST_COLUMNS]


def print_results(frame: pd.DataFrame, *, top: int, minimize: bool = False) -> None:
    """Prints the ``top`` best trials, chosen by validation, test accuracy beside it.

    Args:
        frame: what ``study_frame`` returns.
        top: number of rows.
        minimize: whether the smallest value is the best.
    """
    states = frame["state"].value_counts()
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    metrics = [name for name in HEADINGS if frame[name].notna().any()] or ["value"]
    ranked = frame["value"].notna().any()
    if not ranked:  # several objectives, each with a column, or nothing yet
        metrics = own_metrics(frame) or metrics
    columns = ["trial", *metrics, *varied_params(frame), "seconds", "state"]
    title = f"{len(frame)} trials ({counts})" + ", the best by validation first" * bool(ranked)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        heading = HEADINGS.get(name, name.rpartition(".")[2])
        table.add_column(heading, justify="left" if name == "state" else "right", no_wrap=True)
    for _, row in best_first(frame, minimize=minimize).head(top).iterrows():
        table.add_row(*(_cell(name, row[name]) for name in columns))
    console = Console()
    if not console.is_terminal:
        console.width = 120  # a log file has no right margin
    console.print(table)


def _cell(name: str, value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    if name == "seconds":
        return f"{value:.1f}"
    if name in HEADINGS:
        return f"{value:.4f}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
