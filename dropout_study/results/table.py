"""``results.csv``: one row per trial."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.results.columns import flat_row, table_columns
from dropout_study.results.histories import write_histories
from dropout_study.results.inside import single_runs, studies
from dropout_study.results.live_table import ResultsTable
from dropout_study.results.record import read_record
from dropout_study.results.replicates import write_replicates
from dropout_study.task.job_files import WHOLE_NUMBERS

MOST_TOLD = 10
"""Studies that an error lists."""


def results_frame(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Returns the table of the trials, with the columns of ``table_columns``.

    Args:
        records: one record of ``read_record`` per trial.
    """
    rows = list(map(flat_row, records))
    frame = pd.DataFrame(rows, columns=table_columns(rows))
    return frame.astype({name: "Int64" for name in WHOLE_NUMBERS if name in frame})


def study_frame(root: Path) -> pd.DataFrame:
    """Returns the table of the study in ``root``, from the trials' own directories alone.

    Raises:
        UserError: there is no study in ``root``.
    """
    return results_frame(read_record(number, paths) for number, paths in _jobs(root))


def _jobs(root: Path) -> list[tuple[int, JobPaths]]:
    if not root.is_dir():
        raise UserError(f"{root} is not a directory; give the directory of a study")
    jobs = StudyPaths(root).jobs()
    if not jobs:
        raise UserError(f"{root} has no trial (directories 0, 1, ...){_instead(root)}")
    return jobs


def _instead(root: Path) -> str:
    """Returns which directory to give instead of one that is no study's."""
    if inside := [str(path) for path in studies(root)]:
        more = f" and {len(inside) - MOST_TOLD} more" if len(inside) > MOST_TOLD else ""
        return f"; the studies in it: {shlex.join(inside[:MOST_TOLD])}{more}"
    if single_runs(root):
        return "; it has single runs, of which dropout-study-results makes a table"
    return "; give a study's directory"


def runs_frame(root: Path) -> pd.DataFrame:
    """Returns the table of the single runs in ``root`` and below, the oldest first.

    Its first column is ``run``, the run's directory below ``root``.

    Raises:
        UserError: there is none, or ``root`` is a study's directory.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a directory; give one with single runs, as outputs/runs")
    if StudyPaths(root).numbers():
        raise UserError(
            f"{root} is a study (it has directories 0, 1, ...); give one with single runs, as "
            "outputs/runs"
        )
    runs = single_runs(root)
    if not runs:
        raise UserError(f"{root} has no single run{_instead(root)}")
    records = [{**read_record(0, run), "run": _name(run, root)} for run in runs]
    frame = results_frame(records)
    return frame[["run", *(name for name in frame if name not in ("run", "trial"))]]


def _name(run: JobPaths, root: Path) -> str:
    return str(run.root.relative_to(root)) if run.root != root else root.name


def write_results(root: Path) -> Path:
    """Writes ``results.csv`` of the study in ``root`` from scratch; returns its path.

    Raises:
        UserError: there is no study in ``root``.
    """
    _jobs(root)
    return ResultsTable(root).update()


def write_tables(root: Path) -> Path:
    """Writes every table of the study in ``root``; returns the path of ``results.csv``.

    Raises:
        UserError: there is no study in ``root``.
    """
    path = write_results(root)
    write_histories(root)
    write_replicates(root)
    return path
