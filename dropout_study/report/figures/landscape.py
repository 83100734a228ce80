"""The map of the objective over two dropout rates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    MANY,
    MAP,
    ORANGE,
    percent_axis,
    shrunk,
    value_range,
)
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 401
"""Points of the interpolated surface along each axis."""


@dataclass(frozen=True)
class Landscape:
    """Trials over two rates.

    Attributes:
        names: the keys of the two rates.
        x: first rate of each point.
        y: second rate of each point.
        values: objective at each point; the best of several trials at one point.
        best: index of the best point.
        unranked: rates [M, 2] of trials without a final value (pruned, failed, running).
        accuracy: whether the objective is an accuracy.
        label: the objective's name.
        minimize: whether a small value is good.
    """

    names: tuple[str, str]
    x: list[float]
    y: list[float]
    values: list[float]
    best: int
    unranked: list[tuple[float, float]]
    accuracy: bool
    label: str
    minimize: bool = False

    def surface(self) -> NDArray[np.float64] | None:
        """Returns [SIDE, SIDE] values over the convex hull of the points, nan outside.

        The interpolation is linear on Delaunay triangles. Returns None if the points are collinear.
        """
        from scipy.interpolate import LinearNDInterpolator
        from scipy.spatial import QhullError

        try:
            between = LinearNDInterpolator(np.column_stack([self.x, self.y]), self.values)
        except (QhullError, ValueError):
            return None
        grid = np.meshgrid(self.axis(self.x), self.axis(self.y))
        return np.asarray(between(*grid))

    @staticmethod
    def axis(values: list[float]) -> NDArray[np.float64]:
        """Returns the coordinates of the surface along one axis."""
        return np.linspace(min(values), max(values), SIDE)


def landscape(view: StudyView) -> Landscape:
    """Returns the trials over the first two searched dropout rates."""
    rates = view.rate_params
    if len(rates) < 2:
        raise NotEnoughError(f"needs two searched dropout rates, this study has {len(rates)}")
    x, y = rates[:2]
    done = view.complete.dropna(subset=[x, y])
    points = (
        done.groupby([x, y])["value"].agg("min" if view.objective.minimize else "max").reset_index()
    )
    if len(points) < 3:
        raise NotEnoughError(f"needs 3 complete trials at different rates, there are {len(points)}")
    rest = view.trials[~view.trials["trial"].isin(done["trial"])].dropna(subset=[x, y])
    values = points["value"].tolist()
    return Landscape(
        names=(x, y),
        x=points[x].astype(float).tolist(),
        y=points[y].astype(float).tolist(),
        values=values,
        best=int(np.argmin(values) if view.objective.minimize else np.argmax(values)),
        unranked=_pairs(rest[[x, y]]),
        accuracy=view.objective.is_accuracy,
        label=view.objective.label,
        minimize=view.objective.minimize,
    )


def _pairs(frame: pd.DataFrame) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in frame.itertuples(index=False)]


def draw_landscape(data: Landscape, figure: "Figure") -> None:
    """Draws the surface, the points on it and the best point."""
    ax = figure.add_subplot()
    low, high, below = value_range(data.values)
    scale: dict[str, Any] = {"cmap": MAP, "vmin": low, "vmax": high}
    surface = data.surface()
    if surface is not None:
        x, y = data.axis(data.x), data.axis(data.y)
        ax.pcolormesh(x, y, surface, rasterized=True, lw=0, **scale)
    if data.unranked:
        x_rest, y_rest = zip(*data.unranked, strict=True)
        crosses: dict[str, Any] = {"marker": "x", "color": ORANGE, "label": "not complete"}
        ax.scatter(x_rest, y_rest, s=shrunk(26, len(x_rest)), **crosses)
    size, many = shrunk(44, len(data.x)), len(data.x) > MANY
    if not many:
        ax.scatter(data.x, data.y, s=75, c="w")  # a ring that shows on every colour of the surface
    ring: dict[str, Any] = {"edgecolor": "k", "lw": 0 if many else 1}
    points = ax.scatter(data.x, data.y, s=size, c=data.values, rasterized=many, **ring, **scale)
    star: dict[str, Any] = {"marker": "*", "facecolor": ORANGE, "edgecolor": "k", "zorder": 3}
    ax.scatter([data.x[data.best]], [data.y[data.best]], s=240, label="best", **star)
    bar = figure.colorbar(points, ax=ax, extend="min" if below else "neither")
    bar.set_label(data.label)
    percent_axis(bar.ax.yaxis, accuracy=data.accuracy)
    _label(data, ax, surface is not None)


def _label(data: Landscape, ax: "Axes", surface: bool) -> None:
    ax.set_xlabel(f"{short(data.names[0])} (probability)")
    ax.set_ylabel(f"{short(data.names[1])} (probability)")
    where = f"({data.x[data.best]:.2f}, {data.y[data.best]:.2f})"
    how = " (surface interpolated)" if surface else ""
    ax.set_title(f"{len(data.x)} points, the best at {where}{how}", fontsize=10)
    ax.use_sticky_edges = False
    ax.margins(0.04)
    ax.figure.legend(fontsize=8, loc="outside lower center", ncols=2, markerscale=0.7)


FIGURE = FigureSpec(
    "landscape",
    "The objective over two dropout rates",
    "Each circle is the best complete trial at these rates, whatever its other parameters. The "
    "surface is interpolated linearly between the circles and says nothing outside them.",
    lambda view, figure: draw_landscape(landscape(view), figure),
    place=10,
)
