"""The figure of a comparison: the learning curves of the best trial of each study."""

from typing import TYPE_CHECKING

import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    GREEN,
    GREY,
    ORANGE,
    PINK,
    SKY,
    finish,
    integer_axis,
    percent_axis,
)
from dropout_study.report.objective import is_share, metric_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PANELS = 3
LINES = ("-", "--", "-.", ":")
COLOURS = (ORANGE, GREEN, PINK, SKY, "#E69F00", GREY)
"""Those of the same curves in ``charts.js``."""


def draw_curves(curves: pd.DataFrame, figure: "Figure") -> None:
    """Draws a panel for each of the first metrics, with a line for each study."""
    metrics = [str(name) for name in curves if name not in ("study", "epoch")][:MOST_PANELS]
    if not metrics:
        raise NotEnoughError("no history.csv of the best trials can be read")
    figure.set_size_inches(figure.get_figwidth(), 3.4)
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    studies = list(dict.fromkeys(curves["study"]))
    for ax, metric in zip(panels, metrics, strict=True):
        for place, name in enumerate(studies):
            rows = curves[curves["study"] == name].dropna(subset=[metric])
            style = {
                "color": COLOURS[place % len(COLOURS)],
                "linestyle": LINES[place % len(LINES)],
                "marker": "o" if len(rows) == 1 else "",
            }
            ax.plot(rows["epoch"], rows[metric], label=name, lw=1.4, **style)
        ax.set_xlabel("epoch")
        ax.set_title(metric_words(metric))
        percent_axis(ax.yaxis, accuracy=is_share(metric))
        integer_axis(ax.xaxis)
        finish(ax, legend=ax.get_subplotspec().is_first_col())


def curves_figure(curves: pd.DataFrame) -> FigureSpec:
    """Returns the figure of the curves of a comparison."""
    return FigureSpec(
        "curves_of_the_best",
        "Learning curves of the best trials",
        "Each study's best trial by its objective; with several seeds the mean over them. Train "
        "loss is measured during the epoch with dropout on.",
        lambda _view, figure: draw_curves(curves, figure),
    )
