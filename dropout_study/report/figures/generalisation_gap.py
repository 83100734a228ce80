"""The generalisation gap: train minus validation accuracy against the dropout rates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import BLUE, INK, MANY, finish, shrunk
from dropout_study.report.language import say
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURED = "gap_accuracy_off"
"""The gap with the noise off in both, if ``trainer.measure=[gap]`` has measured it."""
FEWEST = 10
"""Trials that a correlation needs at least."""


@dataclass(frozen=True)
class Gap:
    """One rate and the gap of each complete trial, in percentage points.

    Attributes:
        name: the rate's key.
        rate: the rate of each trial.
        points: 100 (train accuracy - validation accuracy), from the epochs of the table's numbers.
        correlation: Spearman's rank correlation; nan if there are too few trials, or no variation.
        noise: whether train accuracy was measured with the noise on.
    """

    name: str
    rate: list[float]
    points: list[float]
    correlation: float
    noise: bool


def generalisation_gaps(view: StudyView) -> list[Gap]:
    """Returns the gap against every dropout rate that was searched."""
    rates = view.rate_params
    if not rates:
        raise NotEnoughError("needs a searched dropout rate")
    done = view.objective.finished
    measured = MEASURED in done and done[MEASURED].notna().sum() > 1
    gap = done[MEASURED] if measured else done["train_accuracy"] - done["val_accuracy"]
    done = done.assign(gap=100 * gap).dropna(subset=["gap"])
    gaps = [_gap(done.dropna(subset=[name]), name, not measured) for name in rates]
    if max(len(gap.rate) for gap in gaps) < 2:
        raise NotEnoughError("needs 2 complete trials with train and validation accuracy")
    return gaps


def _gap(done: pd.DataFrame, name: str, noise: bool) -> Gap:
    rate, points = done[name].astype(float), done["gap"].astype(float)
    varied = len(done) >= FEWEST and rate.nunique() > 1 and points.nunique() > 1
    correlation = float(np.corrcoef(rate.rank(), points.rank())[0, 1]) if varied else float("nan")
    return Gap(name, rate.tolist(), points.tolist(), correlation, noise)


def draw_generalisation_gaps(gaps: list[Gap], figure: "Figure") -> str:
    """Draws one panel per rate; returns a note on how the gap was measured."""
    figure.set_size_inches(figure.get_figwidth(), 3.3)
    axes = figure.subplots(1, len(gaps), squeeze=False, sharey=True)[0]
    for ax, gap in zip(axes, gaps, strict=True):
        ax.axhline(0, color=INK, lw=0.8)
        many = len(gap.rate) > MANY
        ax.scatter(gap.rate, gap.points, s=shrunk(22, len(gap.rate)), color=BLUE, rasterized=many)
        ax.set_xlabel(say("{name} (probability)", name=short(gap.name)))
        known = gap.correlation == gap.correlation
        told = say("Spearman correlation {rho:+.2f}, ", rho=gap.correlation) if known else ""
        ax.set_title(f"{told}n = {len(gap.rate)}")
        finish(ax, legend=False)
    if gaps[0].noise:
        axes[0].set_ylabel(say("train (dropout on) minus\nvalidation accuracy (points)"))
    else:
        axes[0].set_ylabel(say("train minus\nvalidation accuracy (points)"))
    if not gaps[0].noise:
        return say("Both accuracies were measured after the epoch with dropout off.")
    return say(
        "Train accuracy was measured during the epoch with dropout on, which lowers it. So this is "
        "not the generalisation gap: strong dropout makes it negative. "
        "`trainer.measure=[gap]` measures both with dropout off."
    )


FIGURE = FigureSpec(
    "generalisation_gap",
    "Generalisation gap against the dropout rates",
    "A point is one complete trial; its other parameters are not fixed. The correlation is told "
    "from 10 trials on.",
    lambda view, figure: draw_generalisation_gaps(generalisation_gaps(view), figure),
    place=40,
)
