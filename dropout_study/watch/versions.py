"""Which version of a study's report is due: it changes as trials begin and end."""

import hashlib
from pathlib import Path

from dropout_study.paths import StudyPaths


def study_version(root: Path) -> str:
    """Returns a name of the state of the study in ``root``; another state has another name.

    It changes when a trial begins or ends, and when a confirmation ends. No file is read.
    """
    paths = StudyPaths(root)
    tables = (paths.results_csv, paths.confirmation_csv, paths.confirmation_runs_csv)
    marks = [(path.name, _mark(path)) for path in (*tables, paths.multirun_yaml)]
    numbers = paths.numbers() if root.is_dir() else []
    marks += [(str(number), _mark(paths.job(number).metrics_json)) for number in numbers]
    return hashlib.sha256(repr(marks).encode()).hexdigest()[:16]


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
