"""The validation accuracy of all trials over epochs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
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


def draw_intermediate_values(curves: list[TrialCurve], best: int | None, figure: "Figure") -> None:
    """Draws one line per trial, with a cross at the last epoch of one that was pruned or pauses."""
    ax = figure.add_subplot()
    colours = {"PRUNED": ORANGE, "PAUSED": PINK, "FAIL": BLACK, "RUNNING": GREEN}
    shown: set[str] = set()
    width = max(0.15, shrunk(0.9, len(curves)))
    for curve in curves:
        colour = colours.get(curve.state, GREY)
        alpha = 0.8 if curve.state in colours else 0.55
        label = curve.state.lower() if curve.state not in shown else None
        shown.add(curve.state)
        style: dict[str, Any] = {"color": colour, "alpha": alpha, "label": label}
        if curve.state in (TrialState.PRUNED, TrialState.PAUSED):
            style |= {"marker": "x", "markevery": [-1]}
        ax.plot(curve.epochs, curve.values, lw=width, rasterized=len(curves) > MANY, **style)
    for curve in (c for c in curves if c.number == best):
        ax.plot(curve.epochs, curve.values, color=BLUE, lw=2.2, label=f"best (trial {best})")
    pruned = sum(curve.state == TrialState.PRUNED for curve in curves)
    ax.set_title(f"{len(curves)} trials over epochs, {pruned} of them pruned", fontsize=10)
    ax.set_xlabel("epoch")
    ax.set_ylabel("validation accuracy")
    percent_axis(ax.yaxis, accuracy=True)
    integer_axis(ax.xaxis)
    finish(ax, below=True)


FIGURE = FigureSpec(
    "intermediate_values",
    "Intermediate values",
    "One line per trial. A cross marks the epoch at which a trial was pruned or pauses.",
    lambda view, figure: draw_intermediate_values(*intermediate_values(view), figure),
    place=60,
)
