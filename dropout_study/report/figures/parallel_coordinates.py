"""Parallel coordinates: each complete trial is a line through its parameters and its value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import MANY, MAP, percent_axis, shrunk, value_range
from dropout_study.report.view import StudyView, short, tell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 9
"""Largest number of parameters that are drawn."""


@dataclass(frozen=True)
class Axis:
    """One vertical axis: ticks, and each trial's place in [0, 1] (nan: no such parameter)."""

    label: str
    places: list[float]
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Parallel:
    """The axes, the objective last, and the trials' values for their colours."""

    axes: list[Axis]
    values: list[float]
    label: str
    accuracy: bool


def parallel_coordinates(view: StudyView) -> Parallel:
    """Returns the complete trials, the worst first, so that the best are drawn on top."""
    if len(view.complete) < 2 or not view.params:
        raise NotEnoughError("needs 2 complete trials that differ in a parameter")
    rows = view.complete.sort_values("value", ascending=not view.objective.minimize)
    axes = [
        _numeric(short(name), rows[name].astype(float), log=name in view.log_params)
        if name in view.numeric_params
        else _categorical(short(name), rows[name])
        for name in view.params[:MOST]
    ]
    scale, unit = (100, "\n(%)") if view.objective.is_accuracy else (1, "")
    label = view.objective.label.replace(" ", "\n") + unit
    axes.append(_numeric(label, scale * rows["value"], log=False))
    return Parallel(axes, rows["value"].tolist(), view.objective.label, view.objective.is_accuracy)


def _numeric(label: str, column: "pd.Series[float]", *, log: bool) -> Axis:
    scaled = np.log(column) if log else column
    low, high = float(scaled.min()), float(scaled.max())
    span = high - low or 1.0
    at = np.linspace(low, high, 5) if high > low else np.array([low])
    ticks = [((t - low) / span, tell(float(np.exp(t) if log else t))) for t in at]
    return Axis(label + ("\n(log)" if log else ""), ((scaled - low) / span).tolist(), ticks)


def _categorical(label: str, column: "pd.Series[Any]") -> Axis:
    names = sorted(column.dropna().astype(str).unique())
    step = 1 / max(len(names) - 1, 1)
    place = {name: step * index for index, name in enumerate(names)}
    places = [place.get(str(value), float("nan")) for value in column]
    return Axis(label, places, [(at, name[:18]) for name, at in place.items()])


def draw_parallel_coordinates(data: Parallel, figure: "Figure") -> None:
    """Draws the lines, coloured by value, and the axes with their own ticks."""
    from matplotlib.collections import LineCollection

    figure.set_size_inches(max(6.4, 1.5 * len(data.axes) + 1.2), 3.8)
    ax = figure.add_subplot()
    low, high, below = value_range(data.values)
    places = np.array([axis.places for axis in data.axes]).T
    lines = LineCollection(
        [np.column_stack([np.arange(len(row)), row]) for row in places],
        array=np.array(data.values),
        cmap=MAP,
        alpha=0.75,
        lw=max(0.1, shrunk(1.2, len(places))),
        rasterized=len(places) > MANY,
    )
    lines.set_clim(low, high)
    ax.add_collection(lines)
    ax.set_xlim(-0.2, len(data.axes) - 0.6)
    ax.set_ylim(-0.05, 1.05)
    for index, axis in enumerate(data.axes):
        ax.axvline(index, color="k", lw=0.8)
        for at, text in axis.ticks:
            box = {"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.6}
            ax.text(index + 0.03, at, text, fontsize=7, va="center", bbox=box)
    ax.set_xticks(range(len(data.axes)), [axis.label for axis in data.axes], fontsize=9)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    bar = figure.colorbar(lines, ax=ax, pad=0.02, extend="min" if below else "neither")
    bar.set_label(data.label)
    percent_axis(bar.ax.yaxis, accuracy=data.accuracy)
    ax.set_title(f"{len(places)} complete trials, the best drawn on top", fontsize=10)


FIGURE = FigureSpec(
    "parallel_coordinates",
    "Parallel coordinates",
    "One line per complete trial. A line ends at an axis whose parameter the trial does not have.",
    lambda view, figure: draw_parallel_coordinates(parallel_coordinates(view), figure),
    place=80,
)
