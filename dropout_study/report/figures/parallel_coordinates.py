"""Parallel coordinates: each complete trial is a line through its parameters and its value."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    HALO,
    INK,
    LINE_MAP,
    MANY,
    Limits,
    robust_limits,
    shrunk,
)
from dropout_study.report.language import many, say, sentences
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes as MatplotlibAxes
    from matplotlib.figure import Figure

MOST = 9
"""Largest number of parameters that are drawn."""
TINY = 1e-9
"""A share of a number by which it may differ from a tick."""


@dataclass(frozen=True)
class Axis:
    """One vertical axis: ticks, and each trial's place in [0, 1] (nan: no such parameter)."""

    label: str
    places: list[float]
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Parallel:
    """The axes, the objectives last, and the trials' values of the first one for their colours.

    Attributes:
        axes: the axes.
        values: the first objective of each trial.
        limits: of the colours.
        left_out: how many searched parameters have no axis.
    """

    axes: list[Axis]
    values: list[float]
    limits: Limits
    left_out: int


def parallel_coordinates(view: StudyView) -> Parallel:
    """Returns the complete trials, the worst first, so that the best are drawn on top."""
    done = view.objective.finished
    if len(done) < 2 or not view.params:
        raise NotEnoughError("needs 2 complete trials that differ in a parameter")
    targets = view.objective.targets
    first = targets[0]
    rows = done.sort_values(first.column, ascending=not first.minimize)
    names = [name for name in view.params if rows[name].notna().any()]
    axes = [
        _numeric(short(name), rows[name].astype(float), log=name in view.log_params)
        if name in view.numeric_params
        else _categorical(short(name), rows[name])
        for name in names[:MOST]
    ]
    all_limits = []
    for target in targets:
        values = rows[target.column].astype(float)
        limits = robust_limits(values.tolist(), minimize=target.minimize)
        scale, unit = (100, "\n(%)") if target.accuracy else (1, "")
        label = target.label.replace(" ", "\n") + unit
        inside = pd.Series(limits.clipped(values.tolist()))
        axes.append(_numeric(label, scale * inside, log=False))
        all_limits.append(limits)
    left_out = max(len(names) - MOST, 0)
    return Parallel(axes, rows[first.column].tolist(), all_limits[0], left_out)


def _numeric(label: str, column: "pd.Series[float]", *, log: bool) -> Axis:
    """Returns an axis that begins and ends with a round number."""
    whole = bool((column.dropna() % 1 == 0).all())
    ticks = round_ticks(float(column.min()), float(column.max()), log=log, whole=whole)
    on_scale = np.log if log else np.asarray
    ends = on_scale([ticks[0], ticks[-1]])
    span = float(ends[1] - ends[0]) or 1.0
    places = [float((on_scale(value) - ends[0]) / span) for value in column]
    at = [float((on_scale(tick) - ends[0]) / span) for tick in ticks]
    told = [(place, f"{tick:.10g}") for place, tick in zip(at, ticks, strict=True)]
    return Axis(label + ("\n(log)" if log else ""), places, told)


def round_ticks(low: float, high: float, *, log: bool, whole: bool) -> list[float]:
    """Returns a few round numbers, ascending, the first <= ``low`` and the last >= ``high``."""
    if low == high:
        return [low]
    if log and high / low >= 5:
        subs = (1, 2, 5) if high / low < 300 else (1,)
        powers = range(floor(log10(low)), ceil(log10(high)) + 1)
        ticks = [float(f"{sub}e{power}") for power in powers for sub in subs]
        first = max(tick for tick in ticks if tick <= low * (1 + TINY))
        last = min(tick for tick in ticks if tick >= high * (1 - TINY))
        return [tick for tick in ticks if first <= tick <= last]
    unit = 10.0 ** floor(log10((high - low) / 4))
    step = next(unit * each for each in (1, 2, 5, 10) if unit * each >= (high - low) / 4)
    step = max(step, 1.0) if whole else step
    numbers = range(floor(low / step + TINY), ceil(high / step - TINY) + 1)
    return [float(f"{number * step:.12g}") for number in numbers]


def _categorical(label: str, column: "pd.Series[Any]") -> Axis:
    names = sorted(column.dropna().astype(str).unique())
    step = 1 / max(len(names) - 1, 1)
    place = {name: step * index for index, name in enumerate(names)}
    places = [place.get(str(value), float("nan")) for value in column]
    return Axis(label, places, [(at, name[:18]) for name, at in place.items()])


def draw_parallel_coordinates(data: Parallel, figure: "Figure") -> str:
    """Draws the lines, coloured by value, and the axes with their own ticks; returns a note."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    figure.set_size_inches(figure.get_figwidth(), 3.8)
    ax = figure.add_subplot()
    places = np.array([axis.places for axis in data.axes]).T
    lines = LineCollection(
        [np.column_stack([np.arange(len(row)), row]) for row in places],
        array=np.array(data.values),
        cmap=LinearSegmentedColormap.from_list("lines", LINE_MAP),
        alpha=0.75,
        lw=max(0.1, shrunk(1.2, len(places))),
        rasterized=len(places) > MANY,
    )
    lines.set_clim(data.limits.low, data.limits.high)
    ax.add_collection(lines)
    _draw_axes(data.axes, ax)
    ax.set_title(say("{n} complete trials, the best drawn on top", n=len(places)))
    cut, left_out = data.limits.cut, data.left_out
    notes = [
        many(cut, "{count} trial ends beyond the axis.", "{count} trials end beyond the axis.")
        if cut
        else "",
        say("The last {n} searched parameters have no axis.", n=left_out) if left_out else "",
    ]
    return sentences(notes)


def _draw_axes(axes: Sequence[Axis], ax: "MatplotlibAxes") -> None:
    ax.set_xlim(-0.2, len(axes) - 0.5)
    ax.set_ylim(-0.05, 1.05)
    for index, axis in enumerate(axes):
        ax.axvline(index, color=INK, lw=0.8)
        for at, text in axis.ticks:
            ax.plot([index, index + 0.03], [at, at], color=INK, lw=0.8)
            box = {"facecolor": HALO, "alpha": 0.75, "lw": 0, "pad": 0.6}
            ax.text(index + 0.05, at, text, va="center", bbox=box)
    ax.set_xticks(range(len(axes)), [axis.label for axis in axes])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


FIGURE = FigureSpec(
    "parallel_coordinates",
    "Parallel coordinates",
    "One line per complete trial, in the colour of its value: blue is low, yellow is high. A line "
    "ends at an axis whose parameter the trial does not have.",
    lambda view, figure: draw_parallel_coordinates(parallel_coordinates(view), figure),
    place=80,
)
