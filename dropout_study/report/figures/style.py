"""What the figures share: colours, and the way a figure says that it cannot be drawn."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito's colours, distinct for the colour-blind; shapes and line styles differ as well.
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
BLACK, GREY = "#000000", "#8c8c8c"
MAP = "cividis"
"""The colour map of values: even in lightness, the same to the colour-blind."""
ARM_STYLES: dict[str, dict[str, Any]] = {
    "best": {"color": BLUE, "linestyle": "-"},
    "book's rates": {"color": ORANGE, "linestyle": "--"},
    "no dropout": {"color": BLACK, "linestyle": "-."},
}
MANY = 500
"""Marks beyond which a layer of an SVG is a picture: one path a mark would make a huge file."""


def value_range(values: list[float]) -> tuple[float, float, bool]:
    """Returns bounds of a colour scale and whether values lie below it.

    A diverged trial at chance level would squeeze all others into one colour: values more than
    three interquartile ranges under the first quartile share the lowest colour, marked by an arrow.
    """
    import numpy as np

    low, q1, q3, high = np.percentile(values, [0, 25, 75, 100])
    fence = q1 - 3 * (q3 - q1)
    inside = min(v for v in values if v >= fence)
    return float(inside), float(high if high > inside else inside + 1e-9), bool(low < fence)


def shrunk(size: float, count: int) -> float:
    """Returns the size of a mark or line, smaller where there are many that would hide others."""
    return size * min(1.0, max(0.06, 150 / max(count, 1)))


def percent_axis(axis: Any, *, accuracy: bool) -> None:
    """Shows accuracies in per cent."""
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
    """Adds a light grid and, where there is something to tell apart, a legend.

    Args:
        ax: where.
        legend: whether a legend may be.
        below: under the figure, where it hides nothing, rather than at the emptiest place within
            (finding it takes long where there are many marks).
    """
    ax.grid(alpha=0.3)
    if not legend or not ax.get_legend_handles_labels()[0]:
        return
    if below:
        ax.figure.legend(fontsize=8, loc="outside lower center", ncols=4)
    else:
        ax.legend(fontsize=8, framealpha=0.9, loc="best")
