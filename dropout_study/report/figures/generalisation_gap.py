"""The generalisation gap: train minus validation accuracy against the dropout rates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import BLACK, BLUE, MANY, finish, shrunk
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Gap:
    """One rate and the gap of each complete trial, in percentage points.

    Attributes:
        name: the rate's key.
        rate: the rate of each trial.
        points: 100 (train accuracy - validation accuracy), from the epochs of the table's numbers.
        correlation: Spearman's rank correlation; nan if it is not defined.
    """

    name: str
    rate: list[float]
    points: list[float]
    correlation: float


def generalisation_gaps(view: StudyView) -> list[Gap]:
    """Returns the gap against every dropout rate that was searched."""
    rates = view.rate_params
    if not rates:
        raise NotEnoughError("needs a searched dropout rate")
    done = view.complete.dropna(subset=["train_accuracy", "val_accuracy"])
    gaps = [_gap(done.dropna(subset=[name]), name) for name in rates]
    if max(len(gap.rate) for gap in gaps) < 2:
        raise NotEnoughError("needs 2 complete trials with train and validation accuracy")
    return gaps


def _gap(done: pd.DataFrame, name: str) -> Gap:
    rate = done[name].astype(float)
    points = 100 * (done["train_accuracy"] - done["val_accuracy"])
    varied = rate.nunique() > 1 and points.nunique() > 1
    correlation = float(np.corrcoef(rate.rank(), points.rank())[0, 1]) if varied else float("nan")
    return Gap(name, rate.tolist(), points.tolist(), correlation)


def draw_generalisation_gaps(gaps: list[Gap], figure: "Figure") -> None:
    """Draws one panel per rate."""
    figure.set_size_inches(max(4.6, 3.3 * len(gaps) + 0.4), 3.3)
    axes = figure.subplots(1, len(gaps), squeeze=False, sharey=True)[0]
    for ax, gap in zip(axes, gaps, strict=True):
        ax.axhline(0, color=BLACK, lw=0.8)
        many = len(gap.rate) > MANY
        ax.scatter(gap.rate, gap.points, s=shrunk(22, len(gap.rate)), color=BLUE, rasterized=many)
        ax.set_xlabel(f"{short(gap.name)} (probability)")
        known = gap.correlation == gap.correlation
        told = f"Spearman correlation {gap.correlation:+.2f}" if known else "no correlation defined"
        ax.set_title(f"{told}, n = {len(gap.rate)}", fontsize=10)
        finish(ax, legend=False)
    axes[0].set_ylabel("train minus validation\naccuracy (points)")


FIGURE = FigureSpec(
    "generalisation_gap",
    "Generalisation gap against the dropout rates",
    "Train accuracy is measured during the epoch with dropout on. So strong dropout lowers it, and "
    "the gap may be negative. The other parameters are not fixed.",
    lambda view, figure: draw_generalisation_gaps(generalisation_gaps(view), figure),
    place=40,
)
