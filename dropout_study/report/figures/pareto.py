"""Objectives against each other: which trials no other trial dominates."""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BEST,
    GREY,
    MANY,
    cut_trials,
    finish,
    percent_axis,
    robust_limits,
    scatter_within,
    shrunk,
)
from dropout_study.report.language import say, sentences
from dropout_study.report.objective import Target, not_dominated
from dropout_study.report.view import StudyView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 3
"""Largest number of objectives that are drawn, two in each panel."""
SECONDS = Target("seconds", "training time (s)", minimize=True, accuracy=False)
"""The second axis of a study with one objective."""


@dataclass(frozen=True)
class Panel:
    """Two objectives.

    Attributes:
        x: the objective of the horizontal axis.
        y: that of the vertical axis.
        points: both of each trial that another trial dominates.
        front: both of each other trial, by x.
        trials: the numbers of the trials of the front.
        joined: whether the front is a line: all objectives are in this panel.
    """

    x: Target
    y: Target
    points: list[tuple[float, float]]
    front: list[tuple[float, float]]
    trials: list[int]
    joined: bool


def pareto_panels(view: StudyView) -> list[Panel]:
    """Returns a panel for each two objectives; of a study with one, the second is its seconds."""
    rows, targets = view.objective.finished, view.objective.targets
    if len(targets) == 1:
        rows, targets = rows.dropna(subset=[SECONDS.column]), [*targets, SECONDS]
    if len(rows) < 2:
        raise NotEnoughError("needs 2 complete trials, there are {n}", n=len(rows))
    best = rows["trial"].isin(not_dominated(rows, targets))
    joined = len(targets) == 2
    return [
        _panel(rows[~best], rows[best].sort_values([x.column, y.column]), x, y, joined=joined)
        for y, x in combinations(targets[:MOST], 2)
    ]


def _panel(
    others: pd.DataFrame, front: pd.DataFrame, x: Target, y: Target, *, joined: bool
) -> Panel:
    trials = [int(number) for number in front["trial"]]
    return Panel(x, y, _pairs(others, x, y), _pairs(front, x, y), trials, joined)


def _pairs(rows: pd.DataFrame, x: Target, y: Target) -> list[tuple[float, float]]:
    columns = (rows[target.column].astype(float) for target in (x, y))
    return list(zip(*columns, strict=True))


def draw_pareto(panels: list[Panel], figure: "Figure") -> str:
    """Draws the panels side by side; returns a note."""
    notes = []
    for ax, data in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        limits = robust_limits(
            [value for _, value in [*data.points, *data.front]],
            minimize=data.y.minimize,
            keep=[value for _, value in data.front],
        )
        if data.points:
            marks: dict[str, Any] = {"color": GREY, "lw": 0, "s": shrunk(20, len(data.points))}
            marks["rasterized"] = len(data.points) > MANY
            x, y = zip(*data.points, strict=True)
            scatter_within(ax, x, y, limits, label=say("dominated"), **marks)
        line = "-" if data.joined else "none"
        x, y = zip(*data.front, strict=True)
        ax.plot(x, y, "o", ls=line, drawstyle=_steps(data), color=BEST, label=say("not dominated"))
        limits.apply(ax)
        notes.append(cut_trials(limits))
        for axis, target in ((ax.xaxis, data.x), (ax.yaxis, data.y)):
            good = "{metric} (larger is better)"
            if target.minimize:
                good = "{metric} (smaller is better)"
            axis.set_label_text(say(good, metric=say(target.label)))
            percent_axis(axis, accuracy=target.accuracy)
        finish(ax, legend=data is panels[0])
    return sentences(notes)


def _steps(data: Panel) -> str:
    """Returns how the front is joined: by the border of what its trials dominate."""
    return "steps-post" if data.x.minimize else "steps-pre"


FIGURE = FigureSpec(
    "pareto",
    "What the objectives cost each other",
    "No other complete trial is at least as good as a marked one in every objective and better in "
    "one; the line is the border of what they dominate. A study with one objective is shown "
    "against its trials' seconds of training, which trials that run at the same time lengthen. A "
    "trial of few epochs is quick for that reason.",
    lambda view, figure: draw_pareto(pareto_panels(view), figure),
    place=90,
)
