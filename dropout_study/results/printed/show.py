"""The table that is printed on the terminal, and as Markdown."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from dropout_study.errors import UserError
from dropout_study.results.aim import Aim
from dropout_study.results.params import parameter_columns
from dropout_study.results.printed.layout import Column, fitting, lines, markdown
from dropout_study.results.printed.select import filtered, sorted_by
from dropout_study.results.rates import Rates
from dropout_study.results.reference_rates import has_book_rates, is_without_dropout
from dropout_study.task.job_files import NUMBERS
from dropout_study.trial import SPLITS, TrialState

DEFAULT = "val_accuracy"
"""The objective that is assumed if the study's directory does not record it."""
REFERENCES: Mapping[str, Callable[[Rates], bool | None]] = {
    "book's rates": has_book_rates,
    "no dropout": is_without_dropout,
}
UNKNOWN_WIDTH = 120
"""Places of a line where the output is no terminal."""


@dataclass(frozen=True)
class Shown:
    """A table of trials, or of single runs, and what is known for showing it.

    Attributes:
        frame: what ``study_frame`` or ``runs_frame`` returns.
        aim: what the study optimises.
        recorded: the columns that the study's directory says are parameters: ``recorded_params``.
        rates: trial number -> rates of its layers: ``recorded_rates``.
        root: the study's directory, for the commands that are printed; None to print none.
    """

    frame: pd.DataFrame
    aim: Aim = field(default_factory=Aim)
    recorded: frozenset[str] = frozenset()
    rates: Mapping[int, Rates] = field(default_factory=dict)
    root: Path | None = None

    @property
    def key(self) -> str:
        """The column that names a row."""
        return "trial" if "trial" in self.frame else "run"

    def columns(self) -> list[str]:
        """Returns the columns that are shown if none are asked for."""
        numbers = shown_numbers(self.frame, self.aim, self.recorded)
        params = varied_params(self.frame, self.recorded)
        names = dict.fromkeys([self.key, *numbers, *params, "seconds", "state"])
        return [name for name in names if name in self.frame]

    def rows(
        self,
        conditions: Sequence[str] = (),
        *,
        sort_by: str | None = None,
        descending: bool = False,
    ) -> pd.DataFrame:
        """Returns the rows that fulfil all conditions, the best by the objective first.

        Args:
            conditions: as ``filtered`` takes them.
            sort_by: a column, the smallest first, instead of the objective.
            descending: with ``sort_by``: the largest first.

        Raises:
            UserError: there is no such column, a condition cannot be read, or ``descending`` is
                given alone.
        """
        if descending and not sort_by:
            raise UserError("`descending` needs a column: give `sort_by` too, as in sort_by=lr")
        kept = filtered(best_first(self.frame, minimize=self.aim.minimize), conditions)
        return sorted_by(kept, sort_by, descending=descending) if sort_by else kept

    def best(self, top: int) -> pd.DataFrame:
        """Returns the ``top`` best rows, and below them the references that are not among them."""
        ranked = self.rows()
        below = [row for row in self.references().values() if row not in ranked.head(top).index]
        return pd.concat([ranked.head(top), ranked.loc[below]])

    def references(self) -> dict[str, int]:
        """Returns the row of the best complete trial with the book's rates, and without dropout."""
        found: dict[str, int] = {}
        if self.key != "trial" or not any(self.rates.values()):
            return found
        ranked = best_first(self.frame, minimize=self.aim.minimize)
        complete = ranked[ranked["state"] == TrialState.COMPLETE]
        for label, matches in REFERENCES.items():
            for row, number in zip(complete.index, complete["trial"], strict=True):
                if int(number) in self.rates and matches(self.rates[int(number)]):
                    found[label] = row
                    break
        return found


def best_first(frame: pd.DataFrame, *, minimize: bool = False) -> pd.DataFrame:
    """Returns the complete trials by value, the best first, then the others. Ties: by number.

    A pruned trial's value comes from an early epoch, so it cannot be the best of the study.
    """
    ranked = frame.assign(unfinished=frame["state"] != TrialState.COMPLETE, place=range(len(frame)))
    order = ["unfinished", "value", "place"]
    ranked = ranked.sort_values(order, ascending=[True, minimize, True])
    return ranked.drop(columns=["unfinished", "place"])


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


def print_results(shown: Shown, *, top: int) -> None:
    """Prints the ``top`` best trials by their objective, the references, and a sentence."""
    rows, references = shown.best(top), shown.references()
    table = laid_out(shown, rows, shown.columns(), references)
    print_table(title(shown), table, rule_after=top if len(rows) > top else None)
    if told := sentence(shown, shown.rows(), references):
        print(f"\n{told}")


def print_table(heading: str, table: Sequence[Column], *, rule_after: int | None = None) -> None:
    """Prints a table as far as its columns have room, and says which have none."""
    fit = fitting(table, terminal_width())
    head = max((column.heading.count("\n") for column in fit), default=0) + 2
    body = lines(fit)
    if rule_after is not None:
        body.insert(head + rule_after, "")
    print(heading, "", *body, sep="\n")
    if missing := [column.name for column in table if column not in fit]:
        print(f"\nno room for: {', '.join(missing)}")


def terminal_width() -> int:
    """Returns how many places a line has."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return shutil.get_terminal_size().columns if known else UNKNOWN_WIDTH


def laid_out(
    shown: Shown,
    rows: pd.DataFrame,
    names: Sequence[str],
    references: Mapping[str, int] | None = None,
) -> list[Column]:
    """Returns the columns of a printed table.

    A terminal that is too narrow loses columns in the order state, seconds, metrics of the training
    split, groups and parameters from the right, test metrics; the objective stays.
    """
    metrics = shown_numbers(shown.frame, shown.aim, shown.recorded)
    found = [_column(name, rows, metrics) for name in names]
    if references:
        labels = {row: label for label, row in references.items()}
        cells = [labels.get(row, "") for row in rows.index]
        found.insert(1, Column("", "", cells, left=True))
    return found


def _column(name: str, rows: pd.DataFrame, metrics: Sequence[str]) -> Column:
    heading = name.replace("_", "\n", 1) if name in metrics else name.rpartition(".")[2]
    left = name in ("run", "state", "error", "job_dir")
    cells = [_cell(name, value) for value in rows[name]]
    return Column(name, heading, cells, left=left, rank=_rank(name, metrics))


def _rank(name: str, metrics: Sequence[str]) -> int:
    if name in ("trial", "run"):
        return 0
    if name in metrics:
        split = name.partition("_")[0]
        return {"train": 3, "test": 1}.get(split, 0)
    return {"state": 5, "seconds": 4}.get(name, 2)


def title(shown: Shown) -> str:
    """Returns how many trials there are, in which states, and how they are sorted."""
    states = shown.frame["state"].value_counts()
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    kind = "trials" if shown.key == "trial" else "runs"
    told = f"{len(shown.frame)} {kind} ({counts})"
    if shown.frame["value"].notna().any():  # else there are several objectives or no results
        told += f", the best by {shown.aim.objectives[0]} first"
    return (
        told if shown.aim.epochs == "last" else f"{told}; numbers: {shown.aim.epochs} of each trial"
    )


def sentence(shown: Shown, ranked: pd.DataFrame, references: Mapping[str, int]) -> str:
    """Returns the answer of a study in a sentence; "" if it has no best trial or no reference."""
    if not references or ranked.empty or ranked.iloc[0]["state"] != TrialState.COMPLETE:
        return ""
    name = shown.aim.objectives[0]
    best = ranked.iloc[0]
    told = [
        f"{label} {_cell(name, row['value'])} (trial {row['trial']})"
        for label, row in ((label, ranked.loc[row]) for label, row in references.items())
        if row["trial"] != best["trial"]
    ]
    first = f"Best {name}: {_cell(name, best['value'])} (trial {best['trial']})"
    text = f"{'; '.join([first, *told])}."
    if "n" in shown.frame or shown.root is None:
        return text
    command = shlex.join(["dropout-study-confirm", str(shown.root)])
    return f"{text} Each is one seed; confirm with\n{command}"


def as_markdown(shown: Shown, *, top: int) -> str:
    """Returns the ``top`` best trials and the references as Markdown, with a title."""
    table = laid_out(shown, shown.best(top), shown.columns(), shown.references())
    return f"{title(shown)}\n\n{markdown(table)}"


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
