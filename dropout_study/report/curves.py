"""Learning curves in the form of *Dive into Deep Learning*, with validation accuracy added."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_study.task.job_files import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito's colours, which colour-blind readers can distinguish; the line styles differ as well.
STYLES: dict[str, dict[str, Any]] = {
    "train loss": {"color": "#0072B2", "linestyle": "-"},
    "train accuracy": {"color": "#D55E00", "linestyle": "--"},
    "validation accuracy": {"color": "#009E73", "linestyle": ":"},
    "test accuracy": {"color": "#000000", "linestyle": "-."},
}
COLUMNS = {
    "train_loss": "train loss",
    "train_accuracy": "train accuracy",
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
}


@dataclass(frozen=True)
class Curve:
    """One quantity over epochs."""

    label: str
    epochs: list[int]
    values: list[float]


def learning_curves(history: Sequence[Row]) -> list[Curve]:
    """Returns the curves of the rows of a ``history.csv``. Curves without values are left out."""
    curves: list[Curve] = []
    for column, label in COLUMNS.items():
        given = [(row["epoch"], row.get(column)) for row in history]
        points = {int(e): y for e, y in given if e is not None and y is not None}
        if points:
            curves.append(Curve(label, list(points), list(points.values())))
    return curves


def draw_learning_curves(curves: list[Curve], ax: "Axes") -> None:
    """Draws the curves. A curve of one epoch is a point."""
    from matplotlib.ticker import MaxNLocator

    for curve in curves:
        ax.plot(curve.epochs, curve.values, label=curve.label, marker=".", **STYLES[curve.label])
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss (nats) or accuracy")
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
    ax.legend()


def save_learning_curves(history: Sequence[Row], png: Path, title: str) -> None:
    """Draws the rows of a ``history.csv`` into ``png``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    ax = figure.add_subplot()
    draw_learning_curves(learning_curves(history), ax)
    ax.set_title(title)
    figure.savefig(png, format="png", dpi=150)
