"""``report.html``: one page that contains its figures and needs no other file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.report.accounting import account
from dropout_study.report.confirmed import confirmed_metric, references, trained_on
from dropout_study.report.figures import FigureSpec, draw_figures, study_figures
from dropout_study.report.figures.confirmation import FIGURE as CONFIRMATION
from dropout_study.report.headline import headline
from dropout_study.report.interactive import CHARTS, page_data
from dropout_study.report.language import recorded_language, speaking
from dropout_study.report.objective import is_share, metric_words
from dropout_study.report.reproduction import reproduction
from dropout_study.report.template import filled_template
from dropout_study.report.view import StudyView, short, tell
from dropout_study.results.printed.show import best_first
from dropout_study.results.study import load_study

TOP = 10
ACCURACIES = ("val_accuracy", "test_accuracy", "train_accuracy")


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
) -> str:
    """Draws the figures into ``figures_dir`` and returns the page that contains them."""
    with speaking(chosen or recorded_language(view.tables.config)):
        return _render(view, figures_dir, more)


def _render(view: StudyView, figures_dir: Path, more: Sequence[FigureSpec]) -> str:
    specs = [CONFIRMATION, *study_figures(), *more]
    confirmation, *figures = draw_figures(view, figures_dir, specs)
    return filled_template(
        "report.html.j2",
        page_data(view),
        name=view.tables.root.resolve().name,
        sentences=headline(view),
        table=top_table(view),
        confirmation=confirmation_table(view),
        account=account(view),
        confirmation_figure=confirmation,
        figures=figures,
        reproduction=reproduction(view),
        problems=view.tables.problems,
        charts=CHARTS,
    )


def top_table(view: StudyView, top: int = TOP) -> dict[str, Any]:
    """Returns heads and rows of the ``top`` best complete trials by the objective."""
    rows = best_first(view.complete, minimize=view.objective.minimize).head(top)
    metrics = [name for name in ACCURACIES if rows[name].notna().any()]
    value = [] if view.objective.name == "val_accuracy" else ["value"]
    columns = ["trial", *value, *metrics, *view.params, "epochs_run", "seconds", "seed"]
    names = {"value": view.objective.label, **{name: metric_words(name) for name in ACCURACIES}}
    return {
        "heads": [names.get(column, short(column).replace("_", " ")) for column in columns],
        "rows": [[_cell(name, row[name]) for name in columns] for _, row in rows.iterrows()],
    }


NO_BREAK = "\N{NO-BREAK SPACE}"


def confirmation_table(view: StudyView) -> dict[str, Any] | None:
    """Returns heads and rows of ``confirmation.csv``, or None if there is no such table."""
    frame = view.tables.confirmation
    if frame is None or not {"configuration", "description", "n", "mean"} <= set(frame.columns):
        return None
    metric = confirmed_metric(frame)
    minus = [f"minus_{reference}" for reference in references(frame)]
    columns = {"configuration": "configuration", "description": "what it is", "n": "seeds"}
    columns |= {name: name for name in ("diverged", "failed") if frame.get(name, _NO).any()}
    columns |= {"mean": f"mean {metric_words(metric)}", "sd": "standard deviation"}
    names = [name for name in columns if name in frame]
    unit = ", in points" if is_share(metric) else ""
    return {
        "trained_on": trained_on(frame),
        "heads": [
            *(columns[name] for name in names),
            "95 % interval",
            *(f"{name.replace('_', ' ')}{unit}" for name in minus),
        ],
        "rows": [
            [
                *(_confirmed_cell(n, row[n], metric) for n in names),
                _bounds(row, "low", "high", metric),
                *(_difference(row, name, metric) for name in minus),
            ]
            for _, row in frame.iterrows()
        ],
    }


_NO = pd.Series(dtype=bool)


def _confirmed_cell(name: str, value: Any, metric: str) -> str:
    if name not in ("mean", "sd") or pd.isna(value):
        return _cell(name, value)
    return f"{100 * value:.2f} %" if is_share(metric) else f"{value:.4g}"


def _difference(row: "pd.Series[Any]", name: str, metric: str) -> str:
    """Returns a paired difference with its interval and p-value, which is Holm-corrected.

    The p-value of the null check is not corrected. If seeds have no result, the number of pairs is
    added.
    """
    if pd.isna(row[name]):
        return ""
    corrected = not pd.isna(row[f"{name}_p_holm"])
    p = row[f"{name}_p_holm"] if corrected else row[f"{name}_p"]
    bounds = _bounds(row, f"{name}_low", f"{name}_high", metric, sign="+")
    value = f"{100 * row[name]:+.2f}" if is_share(metric) else f"{row[name]:+.3g}"
    told = [f"{value} ({bounds.removesuffix(' %') or 'no interval'}),", f"p = {p:.3f}"]
    lost = any(row.get(each) for each in ("diverged", "failed")) or row[f"{name}_n"] != row["n"]
    if lost:
        told.append(f"({int(row[f'{name}_n'])} pairs)")
    return " ".join(part.replace(" ", NO_BREAK) for part in told)


def _bounds(row: "pd.Series[Any]", low: str, high: str, metric: str, sign: str = "") -> str:
    if pd.isna(row.get(low)) or pd.isna(row.get(high)):
        return ""
    if not is_share(metric):
        return f"{row[low]:{sign}.3g} to {row[high]:{sign}.3g}"
    return f"{100 * row[low]:{sign}.2f} to {100 * row[high]:{sign}.2f} %"


def _cell(name: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if name in ACCURACIES:
        return f"{100 * value:.2f} %"
    if name == "value":
        return f"{value:.4g}"
    if name == "seconds":
        return f"{value:.1f}"
    return tell(value)
