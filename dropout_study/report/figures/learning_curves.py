"""Learning curves of the best trial, the book's rates and no dropout, side by side."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    ARM_STYLES,
    OUTSIDE,
    cut_values,
    finish,
    integer_axis,
    percent_axis,
    robust_limits,
)
from dropout_study.report.language import say, sentences
from dropout_study.report.objective import metric_words
from dropout_study.report.view import Arm, StudyView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    "train_loss": "train loss (nats)",
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
}


@dataclass(frozen=True)
class ArmCurve:
    """One quantity of one arm over epochs, averaged over its seeds."""

    label: str
    column: str
    epochs: list[int]
    values: list[float]


def arm_curves(view: StudyView) -> list[ArmCurve]:
    """Returns the curves of every arm that was tried, without those that have no values."""
    arms = distinct(view.arms)
    if len(view.objective.targets) > 1:
        raise NotEnoughError("needs one objective, by which a trial is the best")
    if not arms:
        raise NotEnoughError("needs a complete trial")
    curves = [_curve(view.tables.histories, arm, column) for arm in arms for column in PANELS]
    found = [curve for curve in curves if curve.epochs]
    if not found:
        raise NotEnoughError("no history.csv of the trials to compare can be read")
    return found


def distinct(arms: list[Arm]) -> list[Arm]:
    """Returns the arms. Arms that are the same trial become one, with both names."""
    joined: dict[int, Arm] = {}
    for arm in arms:
        before = joined.get(arm.number)
        label = f"{before.label} = {arm.label}" if before else arm.label
        joined[arm.number] = Arm(label, arm.trials, arm.runs)
    return list(joined.values())


def _curve(histories: pd.DataFrame, arm: Arm, column: str) -> ArmCurve:
    rows = histories[histories["trial"].isin(arm.trials["trial"].astype(int))]
    means = rows.groupby("epoch")[column].mean().dropna()
    label = f"{arm.label} (trial {arm.number})"
    return ArmCurve(label, column, [int(e) for e in means.index], means.tolist())


def _told(curve: ArmCurve) -> str:
    """Returns the label of a curve in the language of the report."""
    names, _, number = curve.label.removesuffix(")").rpartition(" (trial ")
    told = " = ".join(say(name) for name in names.split(" = "))
    return say("{name} (trial {number})", name=told, number=number)


def draw_arm_curves(curves: list[ArmCurve], figure: "Figure") -> str:
    """Draws a panel each for train loss, validation and test accuracy; returns a note."""
    columns = [column for column in PANELS if any(c.column == column for c in curves)]
    figure.set_size_inches(figure.get_figwidth(), 3.2)
    notes = []
    for ax, column in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns, strict=True):
        own = [curve for curve in curves if curve.column == column]
        for curve in own:
            style = next(s for name, s in ARM_STYLES.items() if curve.label.startswith(name))
            ax.plot(curve.epochs, curve.values, label=_told(curve), lw=1.4, **style)
        limits = robust_limits(
            [value for curve in own for value in curve.values],
            minimize=column.endswith("loss"),
            fence=OUTSIDE,
            keep=[curve.values[-1] for curve in own],
        )
        limits.apply(ax)
        note = cut_values(limits)
        notes.append(f"{metric_words(column).capitalize()}: {note}" if note else "")
        ax.set_xlabel(say("epoch"))
        ax.set_title(say(PANELS[column]))
        percent_axis(ax.yaxis, accuracy="accuracy" in column)
        integer_axis(ax.xaxis)
        finish(ax, legend=ax.get_subplotspec().is_first_col())
    return sentences(notes)


FIGURE = FigureSpec(
    "learning_curves",
    "Learning curves: best, book's rates, no dropout",
    "Train loss is measured during the epoch with dropout on, the accuracies after it with "
    "dropout off. The book's rates and no dropout are each shown by their best trial by the "
    "objective. Trials with the same seed see the same minibatches, so their curves rise and fall "
    "together.",
    lambda view, figure: draw_arm_curves(arm_curves(view), figure),
    place=30,
)
