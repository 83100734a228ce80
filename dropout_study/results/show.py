"""The table that is printed on the terminal."""

from collections.abc import Iterable

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from dropout_study.results.aim import Aim
from dropout_study.results.params import parameter_columns
from dropout_study.task.job_files import NUMBERS
from dropout_study.trial import SPLITS, TrialState

DEFAULT = "val_accuracy"
"""The objective that is assumed if the study's directory does not record it."""


def best_first(frame: pd.DataFrame, *, minimize: bool = False) -> pd.DataFrame:
    """Returns the complete trials by value, the best first, then the others. Ties: by number.

    A pruned trial's value comes from an early epoch, so it cannot be the best of the study.
    """
    ranked = frame.assign(unfinished=frame["state"] != TrialState.COMPLETE)
    order = ["unfinished", "value", "trial"]
    return ranked.sort_values(order, ascending=[True, minimize, True]).drop(columns="unfinished")


def varied_params(frame: pd.DataFrame, recorded: Iterable[str] = ()) -> list[str]:
    """Returns the groups and parameters whose values differ between trials.

    Args:
        frame: what ``study_frame`` returns.
        recorded: what ``recorded_params`` returns.
    """
    names = parameter_columns(frame.columns, recorded)
    return [name for name in names if frame[name].astype(str).nunique() > 1]


def own_metrics(frame: pd.DataFrame, recorded: Iterable[str] = ()) -> list[str]:
    """Returns the columns with numbers that the task returned, objectives included."""
    numbers = frame.select_dtypes("number").dropna(axis="columns", how="all").columns
    others = {*parameter_columns(numbers, recorded), *NUMBERS}
    return [name for name in numbers if "." not in name and name not in others]


def shown_numbers(frame: pd.DataFrame, aim: Aim, recorded: Iterable[str] = ()) -> list[str]:
    """Returns the columns of the objectives, for a split's metric those of all three splits."""
    names: list[str] = []
    for name in aim.objectives:
        objective = DEFAULT if name == "value" and DEFAULT in frame else name
        split, _, metric = objective.partition("_")
        several = [f"{each}_{metric}" for each in ("val", "test", "train")]
        names += several if split in SPLITS else [objective]
    found = [name for name in dict.fromkeys(names) if name in frame and frame[name].notna().any()]
    return found or own_metrics(frame, recorded) or ["value"]


def print_results(
    frame: pd.DataFrame, *, top: int, aim: Aim | None = None, recorded: Iterable[str] = ()
) -> None:
    """Prints the ``top`` best trials by their objective.

    Args:
        frame: what ``study_frame`` returns.
        top: number of rows.
        aim: what the study optimises, if it is known.
        recorded: the columns that the study's directory says are parameters: ``recorded_params``.
    """
    aim = aim or Aim()
    metrics, params = shown_numbers(frame, aim, recorded), varied_params(frame, recorded)
    columns = list(dict.fromkeys(["trial", *metrics, *params, "seconds", "state"]))
    columns = [name for name in columns if name in frame]
    table = Table(title=_title(frame, aim), title_justify="left", box=box.SIMPLE_HEAD)
    table.pad_edge = False
    for name in columns:
        heading = name.replace("_", "\n", 1) if name in metrics else name.rpartition(".")[2]
        table.add_column(heading, justify="left" if name == "state" else "right", no_wrap=True)
    for _, row in best_first(frame, minimize=aim.minimize).head(top).iterrows():
        table.add_row(*(_cell(name, row[name]) for name in columns))
    console = Console()
    if not console.is_terminal:
        console.width = 120  # not a terminal: its width is not known
    console.print(table)


def _title(frame: pd.DataFrame, aim: Aim) -> str:
    states = frame["state"].value_counts()
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    title = f"{len(frame)} trials ({counts})"
    if frame["value"].notna().any():  # otherwise there are several objectives or no results
        title += f", the best by {aim.objectives[0]} first"
    return title if aim.epochs == "last" else f"{title}; numbers: {aim.epochs} of each trial"


def _cell(name: str, value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    if isinstance(value, str):  # also in the place of a number, in a table that was edited
        return value
    if name == "seconds":
        return f"{value:.1f}"
    if name.partition("_")[0] in SPLITS:
        return f"{value:.4f}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
