"""One training as Python sees it: a trial of a study, or a single run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dropout_study.checks import check_path
from dropout_study.errors import UserError, did_you_mean
from dropout_study.paths import JobPaths
from dropout_study.report.curves import draw_learning_curves, learning_curves
from dropout_study.results.columns import FIRST_COLUMNS
from dropout_study.results.params import parameter_columns
from dropout_study.results.printed.html import paragraph, table
from dropout_study.results.record import read_record
from dropout_study.results.table import runs_frame
from dropout_study.task.job_files import JobFiles
from dropout_study.trial import split_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PASSES = (1, 50)
"""Numbers of predictions with the noise on that are compared if none are given."""


@dataclass(frozen=True, repr=False)
class Run:
    """One training: a trial of a study or a single run.

    ``run["test_accuracy"]`` is a number of its row, ``run["model.dropout1"]`` a setting.

    Attributes:
        name: "trial 3", or the directory of a single run.
        root: its directory.
        row: its row of the table, without empty cells.
        params: the parameters that were given or searched, and the groups.
        history: one row per epoch, or per epoch and replicate.
    """

    name: str
    root: Path
    row: Mapping[str, Any]
    params: Mapping[str, Any]
    history: pd.DataFrame

    def __getitem__(self, column: str) -> Any:
        """Returns a value of the row.

        Raises:
            UserError: the row has no such column.
        """
        if column not in self.row:
            raise UserError(
                f"`{column}` is no column of {self.name}{did_you_mean(column, self.row)}"
            )
        return self.row[column]

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The numbers that the training gave."""
        others = {*self.params, *FIRST_COLUMNS}
        numbers = {
            name: value for name, value in self.row.items() if isinstance(value, int | float)
        }
        return {k: v for k, v in numbers.items() if k not in others and "." not in k}

    def figure(self) -> "Figure":
        """Returns the learning curves in the form of *Dive into Deep Learning*.

        Those of several replicates are their means.

        Raises:
            UserError: no epoch was trained.
        """
        from dropout_study.notebook.drawn import ShownFigure

        if self.history.empty:
            raise UserError(f"{self.name} has no epoch to draw")
        means = self.history.groupby("epoch", as_index=False).mean(numeric_only=True)
        figure = ShownFigure(figsize=(6.4, 4.0), layout="constrained")
        ax = figure.add_subplot()
        rows = means.astype(object).where(means.notna(), None).to_dict("records")
        draw_learning_curves(learning_curves(rows), ax)  # type: ignore[arg-type]
        ax.set_title(self.name)
        return figure

    def inference(
        self,
        *,
        split: str = "test",
        samples: Sequence[int] = PASSES,
        rates: Sequence[float] = (),
        trust: bool = False,
    ) -> pd.DataFrame:
        """Returns how well the network predicts with dropout off and with dropout on.

        It does what ``dropout-study-predict DIR --split test`` does. The rows are
        ``weight_scaling`` (dropout off), ``single`` (one prediction with dropout on; the mean over
        the passes) and ``monte_carlo`` (the mean of several predictions).

        Args:
            split: train, val or test.
            samples: numbers of predictions with dropout on, the largest at least 2.
            rates: that the noise layers get instead of their own.
            trust: whether the run's configuration may name any class, as your own network.

        Raises:
            UserError: the run was trained without ``trainer.checkpoint=last`` or ``best``.
        """
        from dropout_study.task.inference import infer, inference_rows
        from dropout_study.task.recorded import Trust, trusting

        with trusting(Trust(trust)):
            found = infer(self.root, split=split, samples=samples, rates=rates)
        return pd.DataFrame(inference_rows(found)).dropna(axis="columns", how="all")

    def __repr__(self) -> str:
        return f"{self.name} ({self.row.get('state')}): {_listed(self._shown())}"

    def _repr_html_(self) -> str:
        shown = {name: _told(value) for name, value in self._shown().items()}
        heading = paragraph(f"{self.name} ({self.row.get('state')})")
        return (
            heading + table(list(shown), [list(shown.values())]) + paragraph(_listed(self.params))
        )

    def _shown(self) -> dict[str, Any]:
        """Returns the metrics that are shown: those of the splits, the epochs and the seconds."""
        names = [*split_names(self.metrics), "epochs_run", "seconds"]
        return {name: self.row[name] for name in names if name in self.row}


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_told(value)}" for name, value in values.items())


def _told(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def load_run(root: Path | str) -> Run:
    """Returns the single run in ``root``, or one run of a confirmation, from its directory.

    Raises:
        UserError: there is no run in ``root``.
    """
    root = check_path("root", root)
    if not JobPaths(root).config_yaml.is_file():
        raise UserError(f"{root} has no run; give the directory of a run, as in outputs/runs/...")
    record = read_record(0, JobPaths(root))
    row = {name: value for name, value in record.items() if name != "trial" and value is not None}
    history = pd.DataFrame(JobFiles(JobPaths(root)).history())
    history = history.astype({"epoch": int}) if len(history) else history
    params = {name: row[name] for name in parameter_columns(row)}
    return Run(str(root), root, row, params, history)


def load_runs(root: Path | str) -> pd.DataFrame:
    """Returns one row for each single run in ``root`` and below, as in outputs/runs.

    It is the table that ``dropout-study-results`` prints. Its first column is the run's directory
    below ``root``; ``load_run`` returns one of them.

    Raises:
        UserError: there is none.
    """
    return runs_frame(check_path("root", root))
