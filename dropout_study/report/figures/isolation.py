"""Isolation plots: the objective against one parameter, at the best values of the others.

After the *Deep Learning Tuning Playbook* (Godbole et al. 2023, "isolation plots").
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BLUE,
    GREY,
    MANY,
    finish,
    log_axis,
    percent_axis,
    shrunk,
)
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_RANGES, FEWEST_A_RANGE = 8, 4
"""Largest number of ranges of a parameter, and the number of trials that each should have."""
MOST = 12
"""Largest number of panels."""


@dataclass(frozen=True)
class Isolation:
    """One parameter.

    Attributes:
        name: its key.
        x: its value in each complete trial; categories as text.
        values: the objective of each of these trials.
        best: indices of the best trial in each range of the parameter, by x.
        log: whether its axis is logarithmic.
    """

    name: str
    x: list[Any]
    values: list[float]
    best: list[int]
    log: bool


def isolations(view: StudyView) -> list[Isolation]:
    """Returns one panel for each of the first ``MOST`` searched parameters."""
    if len(view.complete) < 2 or not view.params:
        raise NotEnoughError("needs 2 complete trials that differ in a parameter")
    return [_isolation(view, name) for name in view.params[:MOST]]


def _isolation(view: StudyView, name: str) -> Isolation:
    numeric = name in view.numeric_params
    rows = view.complete.dropna(subset=[name]).sort_values(name, key=None if numeric else _text)
    x = rows[name].astype(float) if numeric else rows[name].astype(str)
    count = min(max(len(x) // FEWEST_A_RANGE, 2), MOST_RANGES)
    ranges = pd.qcut(x, count, duplicates="drop") if numeric and x.nunique() > count else x
    groups = rows["value"].reset_index(drop=True).groupby(ranges.tolist(), sort=False)
    best = groups.idxmin() if view.objective.minimize else groups.idxmax()
    return Isolation(
        name=name,
        x=x.tolist(),
        values=rows["value"].tolist(),
        best=sorted(int(i) for i in best),
        log=name in view.log_params,
    )


def _text(column: "pd.Series[Any]") -> "pd.Series[str]":
    return column.astype(str)


def draw_isolations(panels: list[Isolation], figure: "Figure", label: str, accuracy: bool) -> None:
    """Draws the panels, two or three per row, with one common scale of the objective."""
    columns = 2 if len(panels) in (2, 4) else min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure.set_size_inches(3.2 * columns + 0.6, 2.7 * rows + 0.4)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for index, ax in enumerate(axes.flat):
        if index >= len(panels):
            ax.set_visible(False)
            continue
        _draw_panel(panels[index], ax)
        percent_axis(ax.yaxis, accuracy=accuracy)
        if index % columns == 0:
            ax.set_ylabel(label)
    axes[0][0].legend(fontsize=7, framealpha=0.9, loc="lower left")
    figure.suptitle("Best trial in each range of one parameter (the others free)", fontsize=10)


def _draw_panel(panel: Isolation, ax: "Axes") -> None:
    count = len(panel.x)
    marks: dict[str, Any] = {"s": shrunk(14, count), "color": GREY, "alpha": 0.7}
    ax.scatter(panel.x, panel.values, label="a complete trial", rasterized=count > MANY, **marks)
    best_x, best_y = ([column[i] for i in panel.best] for column in (panel.x, panel.values))
    ax.plot(best_x, best_y, color=BLUE, marker="o", ms=5, label="best in its range")
    if panel.log:
        ax.set_xscale("log")
        log_axis(ax.xaxis)
    ax.set_xlabel(short(panel.name) + (" (log scale)" if panel.log else ""))
    finish(ax, legend=False)


FIGURE = FigureSpec(
    "isolation",
    "Each parameter at the best values of the others",
    "Each parameter is divided into at most eight ranges with about the same number of trials. The "
    "line joins the best trial of each range. The best of few trials is noisy, so small steps mean "
    "nothing.",
    lambda view, figure: draw_isolations(
        isolations(view), figure, view.objective.label, view.objective.is_accuracy
    ),
    place=20,
)
