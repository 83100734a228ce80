"""The contract of a figure of the report, and how a figure is saved as files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.files import atomic_write
from dropout_study.report.forked import forked_map
from dropout_study.report.view import NotEnoughError, StudyView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawn", "FigureSpec", "NotEnoughError", "draw_figures"]

DPI = 130


@dataclass(frozen=True)
class FigureSpec:
    """One figure of the report.

    Attributes:
        name: the name of its files.
        heading: its heading on the page.
        caption: what is drawn, and which conclusions it does not allow.
        draw: computes the data from a study and draws it; may raise NotEnoughError.
        place: its place on the page, smaller numbers first; None for a figure that the page shows
            in another section.
    """

    name: str
    heading: str
    caption: str
    draw: Callable[[StudyView, "Figure"], None]
    place: float | None = None


@dataclass(frozen=True)
class Drawn:
    """A figure's PNG file, or the reason why it is not drawn."""

    spec: FigureSpec
    png: Path | None = None
    missing: str = ""


def draw_figures(view: StudyView, directory: Path, specs: Sequence[FigureSpec]) -> list[Drawn]:
    """Draws every figure for which the study has the data, as PNG and SVG files."""
    drawn = forked_map(lambda spec: _draw(spec, view, directory), specs)
    return [Drawn(spec, *made) for spec, made in zip(specs, drawn, strict=True)]


def _draw(spec: FigureSpec, view: StudyView, directory: Path) -> tuple[Path | None, str]:
    """Returns the figure's PNG file, or the reason why it is not drawn."""
    try:
        return _save(spec, view, directory), ""
    except NotEnoughError as reason:
        for suffix in (".png", ".svg"):  # remove the files of an earlier report
            (directory / f"{spec.name}{suffix}").unlink(missing_ok=True)
        return None, str(reason)


def _save(spec: FigureSpec, view: StudyView, directory: Path) -> Path:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # A fixed salt and no date: the same study gives the same SVG, byte for byte. A user's names and
    # categories are shown as they are, not read as formulas.
    with rc_context({"svg.hashsalt": spec.name, "svg.fonttype": "none", "text.parse_math": False}):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        spec.draw(view, figure)
        with atomic_write(directory / f"{spec.name}.svg", durable=False) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
        figure.set_layout_engine("none")  # the PNG takes the SVG's layout, in half the time
        png = directory / f"{spec.name}.png"
        with atomic_write(png, durable=False) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI)
    return png
