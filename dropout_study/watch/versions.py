"""Which version of a study's report is due: it changes as trials begin and end."""

import hashlib
import os
from pathlib import Path

from dropout_study.paths import StudyPaths


def study_version(root: Path) -> str:
    """Returns a name of the state of the study in ``root``; another state has another name.

    It changes when a trial begins or ends, and when a confirmation ends. No file is read.
    """
    paths = StudyPaths(root)
    tables = (paths.results_csv, paths.confirmation_csv, paths.confirmation_runs_csv)
    files = list(map(str, (*tables, paths.multirun_yaml)))
    numbers = paths.numbers() if root.is_dir() else []
    result = paths.job(0).metrics_json.name  # texts are quicker than paths, for many trials
    files += [f"{root}/{number}/{result}" for number in numbers]
    marks = [(file, _mark(file)) for file in files]
    return hashlib.sha256(repr(marks).encode()).hexdigest()[:16]


def _mark(file: str) -> tuple[int, ...]:
    try:
        found = os.stat(file)  # noqa: PTH116
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
