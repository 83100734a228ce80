"""The progress of the search: value against trial number, and the best value so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_study.report.amounts import percent
from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BEST,
    INK,
    MANY,
    STATE_COLOURS,
    Limits,
    cut_trials,
    finish,
    integer_axis,
    percent_axis,
    robust_limits,
    scatter_within,
    shrunk,
)
from dropout_study.report.language import say, sentences
from dropout_study.report.objective import Target
from dropout_study.report.view import StudyView
from dropout_study.trial import TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbered = list[tuple[int, float]]
"""Values by the number of their trial."""


@dataclass(frozen=True)
class Progress:
    """The trials in the order of their numbers, by one objective.

    Attributes:
        target: the objective.
        complete: values of the complete trials.
        pruned: last values of the trials that were stopped after fewer epochs: pruned, or paused.
        failed: numbers of the failed trials.
        best: best value up to each complete trial.
    """

    target: Target
    complete: Numbered
    pruned: Numbered
    failed: list[int]
    best: list[float]


def optimisation_history(view: StudyView) -> list[Progress]:
    """Returns the values of the trials and the best so far, for each objective."""
    if view.objective.finished.empty:
        raise NotEnoughError("needs a complete trial")
    return [_progress(view, target) for target in view.objective.targets]


def _progress(view: StudyView, target: Target) -> Progress:
    done = view.objective.finished
    values = done[target.column].to_numpy(float)
    better = np.minimum if target.minimize else np.maximum
    pruned = view.trials[view.trials["state"].isin([TrialState.PRUNED, TrialState.PAUSED])]
    last = pruned[target.column]
    if view.objective.name == "val_accuracy":
        last = last.fillna(pruned["val_accuracy"])
    failed = view.trials.loc[view.trials["state"] == TrialState.FAIL, "trial"]
    return Progress(
        target=target,
        complete=_numbered(done["trial"], values),
        pruned=_numbered(pruned["trial"][last.notna()], last.dropna()),
        failed=[int(number) for number in failed],
        best=better.accumulate(values).tolist(),
    )


def _numbered(numbers: Iterable[int], values: Iterable[float]) -> Numbered:
    return [(int(n), float(value)) for n, value in zip(numbers, values, strict=True)]


def draw_optimisation_history(panels: list[Progress], figure: "Figure") -> str:
    """Draws a panel an objective: the trials by state and the best so far; returns a note."""
    figure.set_size_inches(figure.get_figwidth(), 3.4 * len(panels) + 0.6)
    axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    notes = []
    for data, ax in zip(panels, axes, strict=True):
        values = [value for _, value in [*data.complete, *data.pruned]]
        limits = robust_limits(values, minimize=data.target.minimize)
        _draw_panel(data, ax, limits)
        notes.append(cut_trials(limits))
    axes[-1].set_xlabel(say("trial number"))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return sentences(notes)


def _draw_panel(data: Progress, ax: "Axes", limits: Limits) -> None:
    numbers, values = zip(*data.complete, strict=True)
    dots: dict[str, Any] = {"color": STATE_COLOURS[TrialState.COMPLETE], "zorder": 3}
    dots |= {"s": shrunk(18, len(numbers)), "rasterized": len(numbers) > MANY}
    scatter_within(ax, numbers, values, limits, label=say("complete"), **dots)
    if data.pruned:
        x, y = zip(*data.pruned, strict=True)
        cross: dict[str, Any] = {"marker": "x", "color": STATE_COLOURS[TrialState.PRUNED]}
        cross |= {"s": shrunk(22, len(x)), "rasterized": len(x) > MANY}
        scatter_within(ax, x, y, limits, label=say("pruned or paused, last value"), **cross)
    limits.apply(ax)
    if data.failed:
        at = [ax.get_ylim()[0]] * len(data.failed)
        ax.scatter(data.failed, at, s=30, marker="|", color=INK, label=say("failed, no value"))
    until = max(number for number, _ in [*data.complete, *data.pruned])
    steps = ([*numbers, until], [*limits.clipped(data.best), data.best[-1]])
    ax.step(*steps, where="post", color=BEST, lw=1.6, zorder=4, label=say("best so far"))
    reached = data.complete[data.best.index(data.best[-1])][0]
    shown = percent(data.best[-1]) if data.target.accuracy else f"{data.best[-1]:.4g}"
    title = "best {metric}: {value}, reached at trial {number}"
    ax.set_title(say(title, metric=data.target.label, value=shown, number=reached))
    ax.set_ylabel(data.target.label)
    percent_axis(ax.yaxis, accuracy=data.target.accuracy)
    integer_axis(ax.xaxis)
    finish(ax, legend=False)


FIGURE = FigureSpec(
    "optimisation_history",
    "Optimisation history",
    "Pruned and paused trials are drawn at the last value that they reported, after fewer epochs.",
    lambda view, figure: draw_optimisation_history(optimisation_history(view), figure),
    place=50,
)
