"""``report.html``: one page that contains its figures and needs no other file."""

from collections.abc import Sequence
from pathlib import Path

from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.report.accounting import account
from dropout_study.report.figures import FigureSpec, draw_figures, study_figures
from dropout_study.report.figures.confirmation import FIGURE as CONFIRMATION
from dropout_study.report.headline import headline
from dropout_study.report.interactive import charts_of, page_data
from dropout_study.report.language import recorded_language, speaking
from dropout_study.report.page_tables import (
    confirmation_notes,
    confirmation_table,
    constants,
    top_table,
)
from dropout_study.report.reproduction import reproduction
from dropout_study.report.template import filled_template
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study


def write_report(root: Path, more: Sequence[FigureSpec] = (), chosen: str | None = None) -> Path:
    """Writes ``report.html`` and ``figures/`` of the study in ``root``; returns the page's path.

    Args:
        root: the study's directory.
        more: the user's own figures, placed after those of this package.
        chosen: the language of the page, "en" or "zh"; None for the one that the sweep recorded.

    Raises:
        UserError: there is no study in ``root``, or no such language.
    """
    view = StudyView(load_study(root))
    paths = StudyPaths(root)
    page = render(view, paths.figures_dir, more, chosen)
    with atomic_write(paths.report_html) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return paths.report_html


def render(
    view: StudyView,
    figures_dir: Path,
    more: Sequence[FigureSpec] = (),
    chosen: str | None = None,
    version: str = "",
) -> str:
    """Draws the figures into ``figures_dir`` and returns the page that contains them.

    Args:
        view: the study.
        figures_dir: where the figures are written.
        more: the user's own figures.
        chosen: the language, as for ``write_report``.
        version: of a page that is served, see ``filled_template``; it has no links to the trials.
    """
    with speaking(chosen or recorded_language(view.tables.config)):
        return _render(view, figures_dir, more, version)


def _render(view: StudyView, figures_dir: Path, more: Sequence[FigureSpec], version: str) -> str:
    sentences = headline(view)  # first: it fits what the figures use, which are drawn in processes
    specs = [CONFIRMATION, *study_figures(), *more]
    confirmation, *figures = draw_figures(view, figures_dir, specs, png=not version)
    return filled_template(
        "report.html.j2",
        page_data(view, linked=not version),
        version=version,
        name=view.tables.root.resolve().name,
        sentences=sentences,
        table=top_table(view),
        confirmation=confirmation_table(view),
        confirmation_notes=confirmation_notes(view),
        constants=constants(view),
        account=account(view),
        confirmation_figure=confirmation,
        figures=figures,
        reproduction=reproduction(view),
        problems=view.tables.problems,
        charts=charts_of(view),
    )
