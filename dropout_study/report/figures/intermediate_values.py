"""The validation accuracy of all trials over epochs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BEST,
    GREY,
    INK,
    MANY,
    OUTSIDE,
    STATE_COLOURS,
    cut_values,
    finish,
    integer_axis,
    percent_axis,
    robust_limits,
    shrunk,
)
from dropout_study.report.language import say
from dropout_study.report.view import StudyView
from dropout_study.trial import TrialState

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class TrialCurve:
    """The validation accuracy of one trial after each epoch."""

    number: int
    state: str
    epochs: list[int]
    values: list[float]


def intermediate_values(view: StudyView) -> tuple[list[TrialCurve], int | None]:
    """Returns the validation accuracy of every trial over epochs, and the best trial's number."""
    rows = view.tables.histories.dropna(subset=["epoch", "val_accuracy"])
    means = rows.groupby(["trial", "epoch"])["val_accuracy"].mean()  # over the seeds of a trial
    rows = means.reset_index()
    states = dict(zip(view.trials["trial"].astype(int), view.trials["state"], strict=True))
    curves = [
        TrialCurve(
            number=int(group["trial"].iloc[0]),
            state=states.get(int(group["trial"].iloc[0]), "?"),
            epochs=[int(epoch) for epoch in group["epoch"]],
            values=group["val_accuracy"].tolist(),
        )
        for _, group in rows.groupby("trial")
    ]
    if not curves:
        raise NotEnoughError("needs a history.csv with validation accuracies")
    return curves, view.best.number if view.best else None


def draw_intermediate_values(curves: list[TrialCurve], best: int | None, figure: "Figure") -> str:
    """Draws one line per trial; a cross is the last epoch of one that was pruned or pauses."""
    ax = figure.add_subplot()
    shown: set[str] = set()
    width = max(0.15, shrunk(0.9, len(curves)))
    for curve in curves:
        complete = curve.state == TrialState.COMPLETE
        label = say(curve.state.lower()) if curve.state not in shown else None
        shown.add(curve.state)
        style: dict[str, Any] = {"color": GREY if complete else STATE_COLOURS.get(curve.state, INK)}
        style |= {"alpha": 0.55 if complete else 0.8, "label": label}
        if curve.state in (TrialState.PRUNED, TrialState.PAUSED):
            style |= {"marker": "x", "markevery": [-1]}
        ax.plot(curve.epochs, curve.values, lw=width, rasterized=len(curves) > MANY, **style)
    ends = []
    for curve in (c for c in curves if c.number == best):
        ax.plot(
            curve.epochs,
            curve.values,
            color=BEST,
            lw=2.2,
            label=say("best (trial {number})", number=best),
        )
        ends = curve.values[-1:]
    values = [value for curve in curves for value in curve.values]
    limits = robust_limits(values, minimize=False, fence=OUTSIDE, keep=ends)
    limits.apply(ax)
    pruned = sum(curve.state == TrialState.PRUNED for curve in curves)
    title = "{n} trials over epochs, {pruned} of them pruned"
    ax.set_title(say(title, n=len(curves), pruned=pruned))
    ax.set_xlabel(say("epoch"))
    ax.set_ylabel(say("validation accuracy"))
    percent_axis(ax.yaxis, accuracy=True)
    integer_axis(ax.xaxis)
    finish(ax)
    return cut_values(limits)


FIGURE = FigureSpec(
    "intermediate_values",
    "Intermediate values",
    "One line per trial. A cross marks the epoch at which a trial was pruned or pauses.",
    lambda view, figure: draw_intermediate_values(*intermediate_values(view), figure),
    place=60,
)
