"""Colours, axes, limits and legends that the figures share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_study.report.language import many
from dropout_study.trial import TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 8.4, 4.2
"""Inches. All figures have this width, so that the page shows all texts in one size; a figure may
set another height.
"""
INK, PAPER = "#1a1a1a", "#ffffff"
"""Texts and axes, and what is behind them. The page gives them its own colours."""
HALO = "#fefefe"
"""Behind a text that stands on lines; on the page, the colour of the page."""
# Okabe & Ito's colours, which colour-blind readers can distinguish; shapes and lines differ too.
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
GREY = "#8c8c8c"
BEST = ORANGE
"""The best trial, and nothing else."""
STATE_COLOURS: dict[str, str] = {
    TrialState.COMPLETE: BLUE,
    TrialState.PRUNED: PINK,
    TrialState.PAUSED: GREEN,
    TrialState.RUNNING: SKY,
    TrialState.FAIL: INK,
}
MAP = "cividis"
"""The colour map of values: uniform in lightness and readable for colour-blind readers."""
LINE_MAP = ("#3a66b0", "#7d8798", "#b8a763", "#e0bb15")
"""The colours of lines, low to high: like the map, and visible on a light and on a dark page."""
ARM_STYLES: dict[str, dict[str, Any]] = {
    "best": {"color": BEST, "linestyle": "-"},
    "book's rates": {"color": BLUE, "linestyle": "--"},
    "no dropout": {"color": INK, "linestyle": "-."},
}
MANY = 500
"""With more marks, a layer of an SVG is a picture: one path per mark would make a huge file."""
FAR_OUT, OUTSIDE = 3.0, 1.5
"""Tukey's fences, in interquartile ranges: of single values, and of values along a curve."""


@dataclass(frozen=True)
class Limits:
    """The range of an axis or a colour scale. Values beyond its bad end are cut.

    Attributes:
        low: the lower end.
        high: the upper end.
        minimize: whether the upper end is the bad one.
        cut: how many values are beyond it.
    """

    low: float
    high: float
    minimize: bool
    cut: int

    @property
    def bad(self) -> float:
        """The bad end."""
        return self.high if self.minimize else self.low

    def clipped(self, values: Sequence[float]) -> list[float]:
        """Returns the values; those that are cut at the bad end."""
        return [float(each) for each in np.clip(values, self.low, self.high)]

    def apply(self, ax: "Axes") -> None:
        """Sets the limits of the y-axis, with a margin."""
        margin = 0.05 * (self.high - self.low)
        if margin:
            ax.set_ylim(self.low - margin, self.high + margin)


def robust_limits(
    values: Sequence[float],
    *,
    minimize: bool,
    fence: float = FAR_OUT,
    keep: Sequence[float] = (),
) -> Limits:
    """Returns limits that a few bad values do not stretch; good values are always inside.

    Args:
        values: at least one number.
        minimize: whether large values are the bad ones.
        fence: values further than so many interquartile ranges beyond the quartiles are cut, if
            the others then have half as much room again.
        keep: values that are inside in any case.
    """
    signed = np.asarray(values, float) * (-1 if minimize else 1)
    q1, q3 = np.percentile(signed, [25, 75])
    kept = np.asarray(keep, float) * (-1 if minimize else 1)
    edge = min([q1 - fence * (q3 - q1), *kept])
    low, high = float(signed[signed >= edge].min()), float(signed.max())
    if high - float(signed.min()) < 1.5 * (high - low):
        low = float(signed.min())
    cut = int((signed < low).sum())
    ends = (-high, -low) if minimize else (low, high)
    return Limits(*ends, minimize, cut)


def scatter_within(
    ax: "Axes", x: Sequence[Any], y: Sequence[float], limits: Limits, **style: Any
) -> None:
    """Draws points; those that the limits cut are triangles at the edge, with the same style."""
    inside = [limits.low <= each <= limits.high for each in y]
    ax.scatter(
        [each for each, ok in zip(x, inside, strict=True) if ok],
        [each for each, ok in zip(y, inside, strict=True) if ok],
        **style,
    )
    if not all(inside):
        at = [each for each, ok in zip(x, inside, strict=True) if not ok]
        edge = {"marker": "^" if limits.minimize else "v", "clip_on": False, "label": None}
        ax.scatter(at, [limits.bad] * len(at), **{**style, **edge})


def cut_trials(limits: Limits) -> str:
    """Returns a sentence on the trials that ``scatter_within`` draws at the edge; "" if none."""
    one = "{count} trial is beyond the axis and drawn as a triangle at its edge."
    several = "{count} trials are beyond the axis and drawn as triangles at its edge."
    return many(limits.cut, one, several) if limits.cut else ""


def cut_values(limits: Limits) -> str:
    """Returns a sentence on the values of curves that are not drawn; "" if none."""
    one = "{count} value is beyond the axis and not drawn."
    several = "{count} values are beyond the axis and not drawn."
    return many(limits.cut, one, several) if limits.cut else ""


def shrunk(size: float, count: int) -> float:
    """Returns the size of a mark or line. It is smaller if there are many, which would overlap."""
    return size * min(1.0, max(0.06, 150 / max(count, 1)))


def percent_axis(axis: Any, *, accuracy: bool) -> None:
    """Shows accuracies in percent."""
    from matplotlib.ticker import FuncFormatter

    if accuracy:
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g} %"))


def log_axis(axis: Any) -> None:
    """Labels a logarithmic axis with plain numbers at 1, 2 and 5 times the powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axis.set_minor_formatter(NullFormatter())


def integer_axis(axis: Any) -> None:
    """Shows whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def finish(ax: "Axes", *, legend: bool = True) -> None:
    """Adds a light grid behind the marks and, if there are labels, a legend below the figure.

    Below it hides nothing, and no slow search for a place is needed.
    """
    ax.grid(alpha=0.3)
    handles, labels = ax.get_legend_handles_labels()
    if legend and labels:
        ax.figure.legend(handles, labels, loc="outside lower center", ncols=4)
