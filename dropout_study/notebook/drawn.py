"""Figures of the report as matplotlib figures, which a notebook shows as pictures."""

from io import BytesIO

from matplotlib.figure import Figure

from dropout_study.errors import UserError, did_you_mean
from dropout_study.report.figures import FigureSpec, NotEnoughError, named_figure, study_figures
from dropout_study.report.figures.spec import figure_style
from dropout_study.report.figures.style import HEIGHT, WIDTH
from dropout_study.report.view import StudyView

DPI = 100


class ShownFigure(Figure):
    """A figure that a notebook shows, also where ``matplotlib.pyplot`` is not imported."""

    def _repr_png_(self) -> bytes:
        picture = BytesIO()
        self.savefig(picture, format="png", dpi=DPI)
        return picture.getvalue()


def figure_named(name: str) -> FigureSpec:
    """Returns a figure of the report by its name, or the user's own by its dotted path.

    Raises:
        UserError: there is none.
    """
    if "." in str(name):
        return named_figure(name)
    specs = {spec.name: spec for spec in study_figures()}
    if name not in specs:
        raise UserError(f"`{name}` is no figure{did_you_mean(name, specs)}")
    return specs[name]


def drawn(spec: FigureSpec, view: StudyView) -> Figure:
    """Returns a figure of a study.

    Raises:
        UserError: the study lacks what the figure needs.
    """
    with figure_style(spec.name):
        figure = ShownFigure(figsize=(WIDTH, HEIGHT), layout="constrained")
        try:
            spec.draw(view, figure)
        except NotEnoughError as reason:
            raise UserError(f"the figure `{spec.name}` is not drawn: {reason}") from reason
    return figure
