"""The map of the objective over two dropout rates, as a Gaussian process predicts it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BEST,
    MANY,
    MAP,
    PAPER,
    PINK,
    percent_axis,
    robust_limits,
    shrunk,
)
from dropout_study.report.language import say, sentences
from dropout_study.report.objective import Target
from dropout_study.report.surrogate import KNOWN, Prediction, Surrogate, raised_note, surrogate
from dropout_study.report.view import StudyView, short
from dropout_study.stats import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 21
"""Predictions along each axis."""
FINE = 8
"""Pixels between two predictions, which are interpolated smoothly."""
LEAST = 0.25
"""Least range of the colours, as a share of the trials' own: a flat surface shall look flat."""


@dataclass(frozen=True)
class Landscape:
    """One objective over two rates.

    Attributes:
        names: the keys of the two rates.
        target: the objective.
        rates: the rates of each complete trial, [N, 2].
        values: its objective.
        best: index of the best trial; None if there are several objectives.
        unranked: rates of trials without a final value (pruned, failed, running), [M, 2].
        x: values of the first rate at which the process was asked, ascending.
        y: values of the second rate.
        mean: the predicted objective, averaged over the other parameters, [len(y), len(x)].
        sd: its standard deviation.
        doubt: how little the trials say of it, see ``Prediction``.
        interaction: how much more the effect of one rate's step from its first to its third
            quartile is at the third than at the first quartile of the other.
        raised: a sentence on the trials whose values were raised for the fit; "" if none were.
    """

    names: tuple[str, str]
    target: Target
    rates: Array
    values: list[float]
    best: int | None
    unranked: Array
    x: list[float]
    y: list[float]
    mean: Array
    sd: Array
    doubt: Array
    interaction: Prediction
    raised: str


def landscapes(view: StudyView) -> list[Landscape]:
    """Returns the map over the first two searched dropout rates, one for each objective."""
    rates = view.rate_params
    if len(rates) < 2:
        raise NotEnoughError("needs two searched dropout rates, this study has {n}", n=len(rates))
    names = rates[0], rates[1]
    return [_landscape(view, names, target) for target in view.objective.targets]


def _landscape(view: StudyView, names: tuple[str, str], target: Target) -> Landscape:
    process = surrogate(view, target)
    done = process.rows.dropna(subset=list(names))
    if any(done[name].nunique() < 2 for name in names):
        raise NotEnoughError("needs complete trials with different values of both rates")
    x, y = (process.coordinate(name).even(SIDE) for name in names)
    told = process.effects([{names[0]: a, names[1]: b} for b in y for a in x])
    values = done[target.column].astype(float).tolist()
    several = len(view.objective.targets) > 1
    best = None if several else int(np.argmin(values) if target.minimize else np.argmax(values))
    rest = view.trials[~view.trials["trial"].isin(done["trial"])]
    return Landscape(
        names=names,
        target=target,
        rates=done[list(names)].to_numpy(float),
        values=values,
        best=best,
        unranked=rest.dropna(subset=list(names))[list(names)].to_numpy(float),
        x=x,
        y=y,
        mean=np.reshape([each.mean for each in told], (SIDE, SIDE)),
        sd=np.reshape([each.sd for each in told], (SIDE, SIDE)),
        doubt=np.reshape([each.doubt for each in told], (SIDE, SIDE)),
        interaction=_interaction(process, done, names),
        raised=raised_note(process, target),
    )


def _interaction(process: Surrogate, done: pd.DataFrame, names: tuple[str, str]) -> Prediction:
    ends: dict[str, tuple[float, float]] = {}
    for name in names:
        low, high = done[name].astype(float).quantile([0.25, 0.75])
        alike = low == high
        ends[name] = (done[name].min(), done[name].max()) if alike else (float(low), float(high))
    return process.interaction(ends)


def interaction_sentence(data: Landscape) -> str:
    """Returns whether the effect of one rate is known to depend on the other."""
    scale, digits = (100, "+.1f") if data.target.accuracy else (1, "+.2g")
    mean, sd = scale * data.interaction.mean, scale * data.interaction.sd
    low, high = mean - 1.96 * sd, mean + 1.96 * sd
    mean_told = f"{round(mean, 6) + 0:{digits}}"
    told = say(
        "Interaction of the two rates in {metric}, from the first to the third quartile of each: "
        "{mean} (95 % interval of the process {low} to {high}).",
        metric=data.target.label,
        mean=say("{number} points", number=mean_told) if data.target.accuracy else mean_told,
        low=f"{low:{digits}}",
        high=f"{high:{digits}}",
    )
    sure = say("So the effect of {first} depends on {second}.", **_shorts(data))
    unsure = say(
        "So it cannot be told whether the effect of {first} depends on {second}.", **_shorts(data)
    )
    return sentences([told, sure if low > 0 or high < 0 else unsure])


def _shorts(data: Landscape) -> dict[str, str]:
    return dict(zip(("first", "second"), map(short, data.names), strict=True))


def draw_landscapes(maps: list[Landscape], figure: "Figure") -> str:
    """Draws for each objective the predicted mean and its deviation; returns a note."""
    figure.set_size_inches(figure.get_figwidth(), 4.0 * len(maps) + 0.2)
    axes = figure.subplots(len(maps), 2, squeeze=False, sharex=True, sharey=True)
    for data, (left, right) in zip(maps, axes, strict=True):
        _draw_mean(data, left)
        _draw_deviation(data, right)
        left.set_ylabel(say("{name} (probability)", name=short(data.names[1])))
    for ax in axes[-1]:
        ax.set_xlabel(say("{name} (probability)", name=short(maps[0].names[0])))
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, markerscale=0.8)
    notes = [note for data in maps for note in (interaction_sentence(data), data.raised)]
    return sentences(notes)


def _draw_mean(data: Landscape, ax: "Axes") -> None:
    """Draws the predicted mean where it is known, and the trials."""
    mean = np.where(_fine(data.doubt) < KNOWN, _fine(data.mean), np.nan)
    scale: dict[str, Any] = {"cmap": MAP, **_colour_range(data, mean)}
    ax.imshow(mean, extent=_extent(data), origin="lower", aspect="auto", **scale)
    if len(data.unranked):
        crosses: dict[str, Any] = {
            "marker": "x",
            "color": PINK,
            "label": say("a trial not complete"),
        }
        ax.scatter(
            data.unranked[:, 0], data.unranked[:, 1], s=shrunk(26, len(data.unranked)), **crosses
        )
    x, y = data.rates[:, 0], data.rates[:, 1]
    many = len(data.values) > MANY
    if not many:
        ax.scatter(x, y, s=60, c=PAPER)  # a ring that shows on every colour
    ring: dict[str, Any] = {"edgecolor": "k", "lw": 0 if many else 0.8, "rasterized": many}
    marks: dict[str, Any] = {"s": shrunk(34, len(data.values)), "label": say("a complete trial")}
    points = ax.scatter(x, y, c=data.values, **marks, **ring, **scale)
    if data.best is not None:
        star: dict[str, Any] = {"marker": "*", "facecolor": BEST, "edgecolor": "k", "zorder": 3}
        ax.scatter(x[data.best], y[data.best], s=220, label=say("the best trial"), **star)
    low, high = min(data.values) < scale["vmin"], max(data.values) > scale["vmax"]
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    bar = ax.figure.colorbar(points, ax=ax, extend=extend.get((low, high), "both"))
    percent_axis(bar.ax.yaxis, accuracy=data.target.accuracy)
    ax.set_title(say("{metric}: predicted mean", metric=data.target.label))
    ax.use_sticky_edges = False
    ax.margins(0.04)


def _colour_range(data: Landscape, mean: Array) -> dict[str, float]:
    """Returns the ends of the colours: of the predicted means, and not narrower than ``LEAST``."""
    trials = robust_limits(data.values, minimize=data.target.minimize)
    known = mean[np.isfinite(mean)]
    low, high = (known.min(), known.max()) if len(known) else (trials.low, trials.high)
    more = max(LEAST * (trials.high - trials.low) - (high - low), 0) / 2
    return {"vmin": float(low - more), "vmax": float(high + more)}


def _draw_deviation(data: Landscape, ax: "Axes") -> None:
    """Draws the deviation of the prediction, and the border of what is known."""
    scale = 100 if data.target.accuracy else 1
    sd = scale * _fine(data.sd)
    image = ax.imshow(sd, extent=_extent(data), origin="lower", aspect="auto", cmap="Greys", vmin=0)
    doubt = _fine(data.doubt)
    if doubt.min() < KNOWN < doubt.max():
        ax.contour(doubt, [KNOWN], extent=_extent(data), origin="lower", colors=[PINK])
    bar = ax.figure.colorbar(image, ax=ax)
    bar.set_label(say("points") if data.target.accuracy else data.target.label)
    ax.set_title(say("standard deviation of the prediction"))


def _extent(data: Landscape) -> tuple[float, float, float, float]:
    """Returns the edges of a picture whose outer pixels' centres are the outer predictions."""
    edges = []
    for ends in ((data.x[0], data.x[-1]), (data.y[0], data.y[-1])):
        half = (ends[1] - ends[0]) / ((SIDE - 1) * FINE) / 2
        edges += [ends[0] - half, ends[1] + half]
    return edges[0], edges[1], edges[2], edges[3]


def _fine(grid: Array) -> Array:
    """Returns a grid [SIDE, SIDE] with FINE steps between two of its points."""
    from scipy.interpolate import RectBivariateSpline

    at, places = np.arange(SIDE), np.linspace(0, SIDE - 1, (SIDE - 1) * FINE + 1)
    return np.asarray(RectBivariateSpline(at, at, grid)(places, places))


FIGURE = FigureSpec(
    "landscape",
    "The objective over two dropout rates",
    "A Gaussian process over the complete trials predicts the objective at each pair of rates, as "
    "the mean over the other parameters of the trials. Nothing is coloured where the trials say "
    "little of it: where its standard deviation is more than 0.7 of that without any trial, or of "
    "that of the trials' values (the pink line on the right). A circle is one trial with its own "
    "other parameters, so its colour may differ from that around it.",
    lambda view, figure: draw_landscapes(landscapes(view), figure),
    place=10,
)
