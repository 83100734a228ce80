"""The effect of each parameter: what a Gaussian process predicts, beside the observed trials."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BLUE,
    GREY,
    MANY,
    Limits,
    cut_trials,
    finish,
    integer_axis,
    log_axis,
    percent_axis,
    robust_limits,
    scatter_within,
    shrunk,
)
from dropout_study.report.language import say, sentences
from dropout_study.report.objective import Target
from dropout_study.report.surrogate import Prediction, Surrogate, raised_note, surrogate
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12
"""Largest number of panels of an objective."""
STEPS = 33
"""Values of a number at which the process is asked."""
COLUMNS = 3


@dataclass(frozen=True)
class Effect:
    """One parameter and one objective.

    Attributes:
        name: the parameter's key.
        target: the objective.
        x: its value in each complete trial that has it; categories as text.
        values: the objective of each of these trials.
        at: its values at which the process was asked, ascending.
        predicted: the objective there, averaged over the other parameters; [] without a process.
        log: whether its axis is logarithmic.
        whole: whether all its values are whole numbers.
    """

    name: str
    target: Target
    x: list[Any]
    values: list[float]
    at: list[Any]
    predicted: list[Prediction]
    log: bool
    whole: bool


def effects(view: StudyView) -> tuple[list[Effect], str]:
    """Returns the effects of the first ``MOST`` parameters, and what is to be told of them."""
    done = view.objective.finished
    names = [name for name in view.params if done[name].dropna().astype(str).nunique() > 1]
    if not names:
        raise NotEnoughError("needs 2 complete trials that differ in a parameter")
    found, notes = [], []
    for target in view.objective.targets:
        process = None
        try:
            process = surrogate(view, target)
            notes.append(raised_note(process, target))
        except NotEnoughError as reason:
            notes.append(say("Nothing is predicted: a prediction {reason}.", reason=reason))
        found += [_effect(view, name, target, process) for name in names[:MOST]]
    if len(names) > MOST:
        drawn = say("The first {most} of {n} parameters are drawn.", most=MOST, n=len(names))
        notes.append(drawn)
    return found, sentences(dict.fromkeys(notes))


def _effect(view: StudyView, name: str, target: Target, process: Surrogate | None) -> Effect:
    numeric = name in view.numeric_params
    rows = view.objective.finished.dropna(subset=[name])
    if not numeric:  # the axis has categories in the order in which they come
        rows = rows.sort_values(name, key=lambda column: column.astype(str))
    x = rows[name].astype(float) if numeric else rows[name].astype(str)
    at: list[Any] = []
    if process:
        coordinate = process.coordinate(name)
        at = coordinate.even(STEPS) if numeric else sorted(set(x))
    return Effect(
        name=name,
        target=target,
        x=x.tolist(),
        values=rows[target.column].astype(float).tolist(),
        at=at,
        predicted=process.effects([{name: value} for value in at]) if process else [],
        log=name in view.log_params,
        whole=numeric and bool((x % 1 == 0).all()),
    )


def draw_effects(panels: list[Effect], figure: "Figure") -> str:
    """Draws a panel a parameter, with one scale for each objective; returns a note."""
    targets = list(dict.fromkeys(panel.target for panel in panels))
    each = len(panels) // len(targets)
    columns = 2 if each in (2, 4) else min(COLUMNS, each)
    rows = -(-each // columns)
    figure.set_size_inches(figure.get_figwidth(), 2.5 * rows * len(targets) + 0.5)
    axes = figure.subplots(rows * len(targets), columns, squeeze=False)
    notes = []
    for number, target in enumerate(targets):
        own = [panel for panel in panels if panel.target == target]
        limits = _limits(own)
        block = axes[number * rows : (number + 1) * rows].flat
        for index, ax in enumerate(block):
            ax.set_visible(index < each)
            if index < each:
                _draw_panel(own[index], ax, limits)
                ax.set_ylabel(target.label if index % columns == 0 else "")
                ax.tick_params(labelleft=index % columns == 0)
        notes.append(cut_trials(limits))
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return sentences(notes)


def _limits(panels: list[Effect]) -> Limits:
    longest = max(panels, key=lambda panel: len(panel.values))
    return robust_limits(longest.values, minimize=longest.target.minimize)


def _draw_panel(panel: Effect, ax: "Axes", limits: Limits) -> None:
    count = len(panel.x)
    marks: dict[str, Any] = {"s": shrunk(14, count), "color": GREY, "lw": 0, "zorder": 1}
    scatter_within(
        ax, panel.x, panel.values, limits, label=say("a trial"), rasterized=count > MANY, **marks
    )
    seen = [each.mean if each.known else np.nan for each in panel.predicted]
    deviations = np.array([2 * each.sd for each in panel.predicted])
    told: dict[str, Any] = {"color": BLUE, "label": say("predicted mean")}
    if panel.at and isinstance(panel.at[0], str):
        ax.errorbar(panel.at, seen, deviations, fmt="D", ms=5, capsize=4, **told)
    elif panel.at:
        low, high = np.array(seen) - deviations, np.array(seen) + deviations
        ax.plot(panel.at, seen, lw=1.8, **told)
        band = say("plus or minus two deviations")
        ax.fill_between(panel.at, low, high, color=BLUE, alpha=0.25, lw=0, label=band)
    if panel.log:
        ax.set_xscale("log")
        log_axis(ax.xaxis)
    elif panel.whole:
        integer_axis(ax.xaxis)
    limits.apply(ax)
    percent_axis(ax.yaxis, accuracy=panel.target.accuracy)
    ax.set_xlabel(short(panel.name) + (say(" (log scale)") if panel.log else ""))
    finish(ax, legend=False)


def _draw(view: StudyView, figure: "Figure") -> str:
    panels, notes = effects(view)
    return sentences([draw_effects(panels, figure), notes])


FIGURE = FigureSpec(
    "effects",
    "The effect of each parameter",
    "A grey point is a complete trial with its own other parameters. The line is what a Gaussian "
    "process over these trials predicts as the mean over their other parameters (partial "
    "dependence); the band is plus or minus two standard deviations of that mean, not of a single "
    "trial. There is no line where the trials say little of it.",
    _draw,
    place=20,
)
