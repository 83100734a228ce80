"""The map of training rates and evaluation rates: what noise in evaluation does to accuracy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_study.paths import StudyPaths
from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.language import say
from dropout_study.report.view import StudyView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMMAND = "dropout-study-predict DIR --split test --rates 0,0.2,0.5"
WEIGHT_SCALING = "weight_scaling"
DIVERGING = "RdBu"
"""The colour map of differences: white is none; its ends differ for colour-blind readers too."""


@dataclass(frozen=True)
class EvaluationMap:
    """One way to predict.

    Attributes:
        way: its name, with the number of passes.
        training: the rates in training, one a row.
        evaluation: the rates in evaluation, one a column.
        points: mean over the seeds of 100 (accuracy - accuracy of weight scaling).
        runs: the smallest number of runs that a mean is of.
    """

    way: str
    training: list[float]
    evaluation: list[float]
    points: NDArray[np.float64]
    runs: int


def inference_table(view: StudyView) -> pd.DataFrame:
    """Returns ``inference_test.csv`` of the study, with the differences to weight scaling.

    ``accuracy_gain`` and ``loss_gain`` are paired: each run is compared with itself.
    """
    path = StudyPaths(view.tables.root).inference_csv("test")
    if not path.is_file():
        raise NotEnoughError(
            "there is no {file}; {command} writes it", file=path.name, command=COMMAND
        )
    table = pd.read_csv(path)
    for name in ("accuracy", "loss"):
        plain = table[name].where(table["way"] == WEIGHT_SCALING)
        own = plain.groupby([table["trial"], table["seed"]]).transform("first")
        table[f"{name}_gain"] = table[name] - own
    return table


def evaluation_maps(view: StudyView) -> list[EvaluationMap]:
    """Returns the map of Monte-Carlo averages (most passes), and that of single networks."""
    table = inference_table(view)
    table = table[table["rate"].notna()]
    names = [name for name in view.rate_params if name in table]
    if table.empty or not names:
        raise NotEnoughError(
            "needs searched rates and evaluation rates ({command})", command=COMMAND
        )
    if any((table[name] != table[names[0]]).any() for name in names):
        raise NotEnoughError("needs trials with the same rate in all layers that were searched")
    table = table[table["samples"] == table["samples"].max()]
    words = {"monte_carlo": "the mean of {n} passes", "single": "one pass (mean of {n})"}
    return [
        _map(say(words[way], n=table["samples"].iloc[0]), rows, names[0])
        for way, rows in table.groupby("way")
        if way in words
    ]


def _map(way: str, rows: pd.DataFrame, training: str) -> EvaluationMap:
    cells = rows.pivot_table(
        index=training, columns="rate", values="accuracy_gain", aggfunc=["mean", "count"]
    )
    points = 100 * cells["mean"]
    return EvaluationMap(
        way,
        points.index.astype(float).tolist(),
        points.columns.astype(float).tolist(),
        points.to_numpy(float),
        int(np.nanmin(cells["count"].to_numpy(float))),
    )


def draw_evaluation_maps(maps: list[EvaluationMap], figure: "Figure") -> None:
    """Draws a panel a way, with one scale: a difference in points in each cell."""
    figure.set_size_inches(figure.get_figwidth(), 4.2)
    axes = figure.subplots(1, len(maps), squeeze=False, sharey=True)[0]
    most = max(float(np.nanmax(np.abs(each.points))) for each in maps) or 1.0
    for ax, data in zip(axes, maps, strict=True):
        image = ax.imshow(
            data.points, cmap=DIVERGING, vmin=-most, vmax=most, origin="lower", aspect="auto"
        )
        for (row, column), value in np.ndenumerate(data.points):
            dark = abs(value) > 0.6 * most
            colour = "w" if dark else "k"
            told = f"{round(value, 1) + 0:+.1f}"  # + 0 turns -0 into 0
            ax.text(column, row, told, ha="center", va="center", color=colour)
        ax.set_xticks(range(len(data.evaluation)), [f"{rate:g}" for rate in data.evaluation])
        ax.set_yticks(range(len(data.training)), [f"{rate:g}" for rate in data.training])
        ax.set_xlabel(say("rate in evaluation (probability)"))
        ax.set_title(f"{data.way}, n = {data.runs}")
    axes[0].set_ylabel(say("rate in training (probability)"))
    figure.colorbar(image, ax=axes).set_label(say("test accuracy minus weight scaling's (points)"))


FIGURE = FigureSpec(
    "evaluation_rates",
    "Rates in training and in evaluation",
    "Each cell is the test accuracy with noise of one rate in evaluation, minus that of the same "
    "network without noise (weight scaling), averaged over n runs. A positive cell is measured on "
    "test data, so it is not a way to choose a rate.",
    lambda view, figure: draw_evaluation_maps(evaluation_maps(view), figure),
)
