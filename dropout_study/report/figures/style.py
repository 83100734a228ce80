"""Colours, axes and legends that the figures share."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito's colours, which colour-blind readers can distinguish; shapes and lines differ too.
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
BLACK, GREY = "#000000", "#8c8c8c"
MAP = "cividis"
"""The colour map of values: uniform in lightness and readable for colour-blind readers."""
ARM_STYLES: dict[str, dict[str, Any]] = {
    "best": {"color": BLUE, "linestyle": "-"},
    "book's rates": {"color": ORANGE, "linestyle": "--"},
    "no dropout": {"color": BLACK, "linestyle": "-."},
}
MANY = 500
"""With more marks, a layer of an SVG is a picture: one path per mark would make a huge file."""


def value_range(values: list[float]) -> tuple[float, float, bool]:
    """Returns the bounds of a colour scale, and whether some values are below it.

    One diverged trial would give all other trials nearly the same colour. So values more than three
    interquartile ranges below the first quartile share the lowest colour, which an arrow marks.
    """
    import numpy as np

    low, q1, q3, high = np.percentile(values, [0, 25, 75, 100])
    fence = q1 - 3 * (q3 - q1)
    inside = min(v for v in values if v >= fence)
    return float(inside), float(high if high > inside else inside + 1e-9), bool(low < fence)


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


def finish(ax: "Axes", *, legend: bool = True, below: bool = False) -> None:
    """Adds a light grid and, if there are labels, a legend.

    Args:
        ax: the axes.
        legend: whether to add a legend.
        below: whether the legend is below the figure instead of in the emptiest place inside. It
            hides nothing there, and no slow search for a place is needed.
    """
    ax.grid(alpha=0.3)
    if not legend or not ax.get_legend_handles_labels()[0]:
        return
    if below:
        ax.figure.legend(fontsize=8, loc="outside lower center", ncols=4)
    else:
        ax.legend(fontsize=8, framealpha=0.9, loc="best")
