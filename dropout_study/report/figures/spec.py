"""The contract of a figure of the report, and how a figure is saved as files."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_study.files import atomic_write
from dropout_study.report.figures.fonts import chinese_font
from dropout_study.report.figures.style import HEIGHT, INK, PAPER, WIDTH
from dropout_study.report.forked import forked_map
from dropout_study.report.language import language, speaking
from dropout_study.report.objective import NotEnoughError
from dropout_study.report.view import StudyView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawn", "FigureSpec", "NotEnoughError", "draw_figures"]

DPI = 130
STYLE: dict[Any, Any] = {
    # A user's names and categories are shown as they are, not read as formulas.
    "text.parse_math": False,
    "font.size": 9.5,
    **dict.fromkeys(("axes.titlesize", "axes.labelsize", "figure.titlesize"), "medium"),
    **dict.fromkeys(("legend.fontsize", "xtick.labelsize", "ytick.labelsize"), "medium"),
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "figure.facecolor": PAPER,
    "legend.frameon": False,
    "svg.fonttype": "none",
}
"""One size of text, and colours that the page can replace."""


@dataclass(frozen=True)
class FigureSpec:
    """One figure of the report.

    Attributes:
        name: the name of its files.
        heading: its heading on the page.
        caption: what is drawn, and which conclusions it does not allow.
        draw: computes the data from a study and draws it; may raise NotEnoughError. May return a
            text that the page adds to the caption.
        place: its place on the page, smaller numbers first; None for a figure that the page shows
            in another section.
    """

    name: str
    heading: str
    caption: str
    draw: Callable[[StudyView, "Figure"], str | None]
    place: float | None = None


@dataclass(frozen=True)
class Drawn:
    """A figure's file for a page, or the reason why it is not drawn.

    Attributes:
        spec: the figure.
        svg: its drawing; None if it is not drawn.
        missing: the reason.
        note: what the page adds to the caption.
    """

    spec: FigureSpec
    svg: Path | None = None
    missing: str = ""
    note: str = ""


def draw_figures(
    view: StudyView, directory: Path, specs: Sequence[FigureSpec], *, png: bool = True
) -> list[Drawn]:
    """Draws every figure for which the study has the data.

    Their texts are in the present language if there is a font for it, otherwise in English.

    Args:
        view: the study.
        directory: where the files are written.
        specs: the figures.
        png: whether to write PNG files beside the SVG files, which takes a third of the time.
    """
    _speech()  # looks for a font once, before processes are made
    drawn = forked_map(lambda spec: _draw(spec, view, directory, png=png), specs)
    return [Drawn(spec, *made) for spec, made in zip(specs, drawn, strict=True)]


def _draw(
    spec: FigureSpec, view: StudyView, directory: Path, *, png: bool
) -> tuple[Path | None, str, str]:
    """Returns the figure's SVG file, or the reason why it is not drawn, and its note."""
    svg = directory / f"{spec.name}.svg"
    try:
        return svg, "", _save(spec, view, svg, png=png)
    except NotEnoughError as reason:
        for each in (svg, svg.with_suffix(".png")):  # remove the files of an earlier report
            each.unlink(missing_ok=True)
        return None, str(reason), ""


def _speech() -> tuple[str, list[str]]:
    """Returns the language of the figures, and the families of fonts for it."""
    families = ["sans-serif"]
    if language() == "en":
        return "en", families
    font = chinese_font()
    return (language(), [*families, font]) if font else ("en", families)


@contextmanager
def figure_style(name: str) -> Iterator[None]:
    """Gives the figures that are drawn in the block their fonts, colours and language."""
    from matplotlib import rc_context

    # A fixed salt and no date: the same study gives the same SVG, byte for byte.
    spoken, families = _speech()
    own: dict[Any, Any] = {"svg.hashsalt": name, "font.family": families}
    with rc_context({**STYLE, **own}), speaking(spoken):
        yield


def _save(spec: FigureSpec, view: StudyView, svg: Path, *, png: bool) -> str:
    """Draws a figure into its files, and returns its note."""
    from matplotlib.figure import Figure

    with figure_style(spec.name):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        note = spec.draw(view, figure)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with atomic_write(svg, durable=False) as temporary:
            figure.savefig(temporary, format="svg", dpi=DPI, metadata=nothing)
        if png:
            figure.set_layout_engine("none")  # the PNG takes the SVG's layout, in half the time
            with atomic_write(svg.with_suffix(".png"), durable=False) as temporary:
                figure.savefig(temporary, format="png", dpi=DPI)
    return note or ""
