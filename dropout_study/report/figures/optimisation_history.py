"""The progress of the search: value against trial number, and the best value so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BLACK,
    BLUE,
    MANY,
    ORANGE,
    PINK,
    finish,
    integer_axis,
    percent_axis,
    shrunk,
)
from dropout_study.report.view import StudyView
from dropout_study.trial import TrialState

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Progress:
    """The trials in the order of their numbers.

    Attributes:
        complete: (number, value) of the complete trials.
        pruned: (number, last value) of the trials that were stopped after fewer epochs: pruned, or
            paused.
        failed: numbers of the failed trials.
        best: best value up to each complete trial.
        label: the objective's name.
        accuracy: whether it is an accuracy.
    """

    complete: list[tuple[int, float]]
    pruned: list[tuple[int, float]]
    failed: list[int]
    best: list[float]
    label: str
    accuracy: bool


def optimisation_history(view: StudyView) -> Progress:
    """Returns the values of the trials and the best so far."""
    if view.complete.empty:
        raise NotEnoughError("needs a complete trial")
    values = view.complete["value"].to_numpy(float)
    better = np.minimum if view.objective.minimize else np.maximum
    running = better.accumulate(values)
    pruned = view.trials[view.trials["state"].isin([TrialState.PRUNED, TrialState.PAUSED])]
    last = pruned["value"].fillna(pruned["val_accuracy"])
    failed = view.trials.loc[view.trials["state"] == TrialState.FAIL, "trial"]
    return Progress(
        complete=_numbered(view.complete["trial"], values),
        pruned=_numbered(pruned["trial"][last.notna()], last.dropna()),
        failed=[int(number) for number in failed],
        best=running.tolist(),
        label=view.objective.label,
        accuracy=view.objective.is_accuracy,
    )


def _numbered(numbers: Iterable[int], values: Iterable[float]) -> list[tuple[int, float]]:
    return [(int(n), float(value)) for n, value in zip(numbers, values, strict=True)]


def draw_optimisation_history(data: Progress, figure: "Figure") -> None:
    """Draws the trials by state and the best-so-far curve."""
    ax = figure.add_subplot()
    numbers, values = zip(*data.complete, strict=True)
    many = len(numbers) > MANY
    size = shrunk(18, len(numbers))
    ax.scatter(numbers, values, s=size, color=BLUE, label="complete", zorder=3, rasterized=many)
    if data.pruned:
        x, y = zip(*data.pruned, strict=True)
        cross: dict[str, Any] = {"s": shrunk(22, len(x)), "marker": "x", "color": ORANGE}
        ax.scatter(x, y, label="pruned or paused, last value", rasterized=many, **cross)
    if data.failed:
        at = [ax.get_ylim()[0]] * len(data.failed)
        ax.scatter(data.failed, at, s=30, marker="|", color=BLACK, label="failed, no value")
    until = max(number for number, _ in [*data.complete, *data.pruned])
    steps = ([*numbers, until], [*data.best, data.best[-1]])
    ax.step(*steps, where="post", color=PINK, lw=1.8, zorder=4, label="best so far")
    ax.set_xlabel("trial number")
    ax.set_ylabel(data.label)
    reached = data.complete[data.best.index(data.best[-1])][0]
    shown = f"{100 * data.best[-1]:.1f} %" if data.accuracy else f"{data.best[-1]:.4g}"
    ax.set_title(f"Best so far: {shown}, reached at trial {reached}", fontsize=10)
    percent_axis(ax.yaxis, accuracy=data.accuracy)
    integer_axis(ax.xaxis)
    finish(ax, below=True)


FIGURE = FigureSpec(
    "optimisation_history",
    "Optimisation history",
    "Pruned and paused trials are drawn at the last value that they reported, after fewer epochs.",
    lambda view, figure: draw_optimisation_history(optimisation_history(view), figure),
    place=50,
)
