"""A study as Python sees it: its tables, figures and trials."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from html import escape
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dropout_study.checks import TEXTS, check_list, check_whole
from dropout_study.errors import UserError
from dropout_study.notebook.runs import Run
from dropout_study.paths import StudyPaths
from dropout_study.report.view import StudyView
from dropout_study.results.aim import Aim
from dropout_study.results.printed.html import columns_table, paragraph
from dropout_study.results.printed.select import columns_named
from dropout_study.results.printed.show import (
    Shown,
    laid_out,
    sentence,
    title,
)
from dropout_study.results.study import StudyTables
from dropout_study.results.study import load_study as load_tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP = 5
"""Trials that a notebook shows of a study."""
PAGE_HEIGHT = 700
"""Pixels of a page in a notebook."""


@dataclass(frozen=True, repr=False)
class Study(StudyTables):
    """A study: the tables of its directory as DataFrames, its trials and its figures.

    A notebook shows it as a table of the best trials. ``docs/tables.md`` describes every column.
    """

    def __fspath__(self) -> str:
        """Returns its directory: a study stands where the path of one does."""
        return str(self.root)

    @property
    def name(self) -> str:
        """The name of its directory."""
        return self.root.resolve().name

    @cached_property
    def view(self) -> StudyView:
        """What the report knows of the study: the best trial, the references, the parameters."""
        return StudyView(self)

    def table(
        self,
        top: int | None = None,
        *,
        filter: str | Sequence[str] = (),  # noqa: A002  # as the command's --filter
        sort_by: str | None = None,
        descending: bool = False,
        columns: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Returns rows and columns of the table, as ``dropout-study-results`` prints them.

        Args:
            top: number of rows; all if it is not given.
            filter: conditions, as in "model.dropout1 < 0.3".
            sort_by: a column, the smallest first; by default the best by the objective come first.
            descending: with ``sort_by``: the largest first.
            columns: names of columns, where "lr" means "optimizer.lr"; the usual ones if none.

        Raises:
            UserError: there is no such column, or a condition cannot be read.
        """
        conditions = check_list("filter", [filter] if isinstance(filter, str) else filter, *TEXTS)
        rows = self._shown.rows(conditions, sort_by=sort_by, descending=descending)
        names = columns_named(rows, check_list("columns", columns, *TEXTS))
        chosen: pd.DataFrame = rows[names or self._shown.columns()]
        if top is not None:
            chosen = chosen.head(check_whole("top", top, low=1))
        return chosen.reset_index(drop=True)

    @property
    def best(self) -> Run:
        """The best complete trial by the objective, which is a validation metric.

        Raises:
            UserError: no trial is complete, or the study has several objectives.
        """
        if len(self.view.objective.names) > 1:
            raise UserError(f"{self.root} has several objectives, so no trial is the best")
        if self.view.best is None:
            raise UserError(f"{self.root} has no complete trial yet")
        return self.trial(self.view.best.number)

    def trial(self, number: int) -> Run:
        """Returns a trial by its number.

        Raises:
            UserError: the study has no such trial.
        """
        number = check_whole("number", number, low=0)
        rows = self.trials[self.trials["trial"] == number]
        if rows.empty:
            raise UserError(f"{self.root} has no trial {number}; it has {len(self.trials)} trials")
        cells = rows.to_dict("records")[0]
        row = {str(name): cell for name, cell in cells.items() if not (pd.isna(cell) or cell == "")}
        history = self.histories[self.histories["trial"] == number].drop(columns="trial")
        root = StudyPaths(self.root).job(number).root
        params = {name: row[name] for name in self.params if name in row}
        return Run(f"trial {number}", root, row, params, history.reset_index(drop=True))

    def figure(self, name: str, *, language: str = "en") -> "Figure":
        """Returns a figure of the report as a matplotlib figure.

        Args:
            name: of the figure, as in "learning_curves" or "effects", or the dotted path of a
                ``FigureSpec`` of your own.
            language: "en" or "zh".

        Raises:
            UserError: there is no such figure, or the study lacks what it needs.
        """
        from dropout_study.notebook.drawn import drawn, figure_named
        from dropout_study.report.language import speaking

        with speaking(language):
            return drawn(figure_named(name), self.view)

    def figure_names(self) -> list[str]:
        """Returns the names of the figures, in the order of the report."""
        from dropout_study.report.figures import study_figures

        return [spec.name for spec in study_figures()]

    def report(self, *, language: str | None = None) -> "Page":
        """Writes ``report.html`` as ``dropout-study-report`` does; a notebook shows the page.

        Its figures are interactive: they tell the trial under the mouse, and a click marks it.

        Args:
            language: "en" or "zh"; that of the study if it is not given.
        """
        from dropout_study.report.page import write_report

        return Page(write_report(self.root, chosen=language))

    @cached_property
    def _shown(self) -> Shown:
        aim, params = Aim.of(self.config), frozenset(self.params)
        return Shown(self.trials, aim, params, self.rates, self.root)

    def __repr__(self) -> str:
        return f"study {self.name}: {title(self._shown)}\n{self._sentence()}".rstrip()

    def _sentence(self) -> str:
        return sentence(self._shown, self._shown.rows(), self._shown.references())

    def _repr_html_(self) -> str:
        shown = self._shown
        columns = laid_out(shown, shown.best(TOP), shown.columns(), shown.references())
        told = paragraph(f"study {self.name}: {title(shown)}")
        return told + columns_table(columns) + paragraph(self._sentence())


@dataclass(frozen=True)
class Page:
    """A page of HTML, which a notebook shows in a frame.

    Attributes:
        path: its file. The notebook finds it if it is below the notebook's directory.
    """

    path: Path

    def embedded(self) -> "Embedded":
        """Returns the page for a frame that contains it: more than a megabyte in the notebook."""
        return Embedded(self.path.read_text(encoding="utf-8"))

    def _repr_html_(self) -> str:
        place = escape(relpath(self.path))
        return _frame("src", place) + f'<p><a href="{place}">{place}</a></p>'


@dataclass(frozen=True, repr=False)
class Embedded:
    """A page of HTML as a text, which a notebook shows in a frame."""

    html: str

    def _repr_html_(self) -> str:
        plain = escape(self.html).encode("ascii", "xmlcharrefreplace").decode()  # in any encoding
        return _frame("srcdoc", plain)


def _frame(kind: str, source: str) -> str:
    return (
        f'<iframe {kind}="{source}" width="100%" height="{PAGE_HEIGHT}" style="border: 0"></iframe>'
    )


def load_study(root: Path | str) -> Study:
    """Returns the study in ``root``, from its directory alone; it may still run.

    Raises:
        UserError: there is no study in ``root``.
    """
    tables = load_tables(root)
    return Study(**{each.name: getattr(tables, each.name) for each in fields(tables)})
