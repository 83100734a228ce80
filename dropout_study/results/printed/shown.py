"""Reads what is shown of a directory: a study's trials, or single runs."""

from pathlib import Path

from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.results.aim import Aim
from dropout_study.results.inside import single_runs
from dropout_study.results.notes import read_notes
from dropout_study.results.params import recorded_params
from dropout_study.results.printed.show import DEFAULT, Shown, as_markdown
from dropout_study.results.rates import recorded_rates
from dropout_study.results.study import study_config
from dropout_study.results.table import runs_frame, study_frame, write_tables

BEST = 10
"""Trials in ``results.md``."""


def shown_study(root: Path) -> Shown:
    """Writes the tables of the study in ``root`` again and returns what is shown of it.

    Raises:
        UserError: there is no study in ``root``.
    """
    write_tables(root)
    paths = StudyPaths(root)
    frame, config = study_frame(root), study_config(paths)
    params, rates = recorded_params(paths, config), recorded_rates(paths, frame)
    shown = Shown(frame, Aim.of(config), params, rates, root)
    _write_markdown(shown, paths)
    return shown


def shown_directory(root: Path) -> Shown:
    """Returns what is shown of a study, or of the single runs in a directory.

    Raises:
        UserError: there is neither.
    """
    if root.is_dir() and not StudyPaths(root).numbers() and single_runs(root):
        return Shown(runs_frame(root), Aim((DEFAULT,)))
    return shown_study(root)


def _write_markdown(shown: Shown, paths: StudyPaths) -> None:
    try:
        notes = read_notes(paths.root).lines()
    except UserError:  # damaged: the table is made all the same
        notes = []
    text = as_markdown(shown, top=BEST)
    with atomic_write(paths.results_md, durable=False) as temporary:
        temporary.write_text("\n\n".join([*notes, text]), encoding="utf-8")
