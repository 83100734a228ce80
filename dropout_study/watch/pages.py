"""Makes the served page, in a process beside the server."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dropout_study.paths import StudyPaths
from dropout_study.report.callback import import_matplotlib, own_figures

NICE = 10
"""By how much the priority is lower than that of the sweep."""


def begin() -> None:
    """Lowers the priority of this process and imports what a page needs."""
    os.nice(NICE)
    import_matplotlib()


def fetch(root: Path, storage: str, name: str | None) -> list[str]:
    """Fetches the files of trials that other machines have run.

    Returns:
        One line for each thing that is not there.

    Raises:
        UserError: the storage cannot be opened, or has no such study.
    """
    from dropout_study.search.shared.collect import fetch_study

    return fetch_study(root, storage, name)


def served_page(root: Path, version: str, figures: Sequence[str], language: str | None) -> str:
    """Returns the report of the study in ``root``, or a page that waits for its first trial.

    Nothing is written to the study's directory.

    Raises:
        UserError: the study cannot be read, or a figure cannot be imported.
    """
    from dropout_study.report.language import speaking
    from dropout_study.report.page import render
    from dropout_study.report.template import filled_template
    from dropout_study.report.view import StudyView
    from dropout_study.results.study import load_study

    own = own_figures(figures)
    if not root.is_dir() or not StudyPaths(root).numbers():
        with speaking(language or "en"):
            name = root.absolute().name
            return filled_template("waiting.html.j2", {}, (), version, name=name)
    with TemporaryDirectory() as directory:
        return render(StudyView(load_study(root)), Path(directory), own, language, version)
