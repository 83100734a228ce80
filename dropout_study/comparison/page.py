"""A comparison of studies as one page of HTML, made of the parts of a study's report."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dropout_study.comparison.figure import curves_figure
from dropout_study.comparison.page_data import comparison_data
from dropout_study.comparison.printed import columns, heading, note_lines, setting_columns
from dropout_study.comparison.result import StudyComparison
from dropout_study.files import atomic_write
from dropout_study.report.figures import draw_figures
from dropout_study.report.template import filled_template
from dropout_study.results.printed.layout import Column

SCRIPTS = ("echarts.min.js", "study.js", "chosen.js", "limits.js", "charts.js")


def write_page(compared: StudyComparison, path: Path) -> None:
    """Writes a comparison as a page that contains all that it shows.

    Raises:
        OSError: the file cannot be written.
    """
    page = render_comparison(compared)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render_comparison(compared: StudyComparison) -> str:
    """Returns the page of a comparison."""
    with TemporaryDirectory() as directory:
        spec = curves_figure(compared.curves)
        [figure] = draw_figures(compared.views[0], Path(directory), [spec], png=False)
        return filled_template(
            "comparison.html.j2",
            comparison_data(compared),
            SCRIPTS,
            names=list(compared.studies["study"]),
            sentences=compared.sentences,
            heading=heading(compared.studies),
            table=_grid(columns(compared.studies)),
            settings=_grid(setting_columns(compared)) if compared.settings else None,
            notes=note_lines(compared.studies),
            figure=figure,
        )


def _grid(table: Sequence[Column]) -> dict[str, Any]:
    """Returns heads and rows of a printed table."""
    heads = [" ".join(column.heading.split("\n")) for column in table]
    rows = zip(*(column.cells for column in table), strict=True)
    left = [place for place, column in enumerate(table) if column.left]
    return {"heads": heads, "rows": [list(row) for row in rows], "left": left}
