"""``results.csv``: one row a trial."""

import fcntl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths, atomic_write
from dropout_study.results.record import GROUPS, WHOLE_NUMBERS, read_record

FIRST_COLUMNS = (
    *("trial", "state", "value", "val_accuracy", "test_accuracy", "train_accuracy"),
    *("train_loss", "val_loss", "test_loss", "epochs_run", "best_epoch", "seconds", "seed"),
)
LAST_COLUMNS = (*GROUPS, "job_dir", "error")


def results_frame(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Returns the table of the trials: fixed columns, then parameters, then where and what.

    Args:
        records: what ``read_record`` returns, one a trial.
    """
    rows = list(records)
    given = dict.fromkeys(key for row in rows for key in row)
    middle = [key for key in given if key not in {*FIRST_COLUMNS, *LAST_COLUMNS}]
    frame = pd.DataFrame(rows, columns=[*FIRST_COLUMNS, *middle, *LAST_COLUMNS])
    return frame.astype(dict.fromkeys(WHOLE_NUMBERS, "Int64"))


def study_frame(root: Path) -> pd.DataFrame:
    """Returns the table of the study in ``root``, from the trials' own directories alone.

    Raises:
        UserError: there is no study in ``root``.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a directory; give the directory of a study")
    jobs = StudyPaths(root).jobs()
    if not jobs:
        raise UserError(f"{root} holds no trial (directories 0, 1, ...); give a study's directory")
    return results_frame(read_record(number, paths) for number, paths in jobs)


def write_results(root: Path) -> Path:
    """Writes ``results.csv`` of the study in ``root`` again, whole or not at all; returns its path.

    Several processes may do so at once: each writes all the trials that it sees, in turn.
    """
    paths = StudyPaths(root)
    with _locked(paths.lock), atomic_write(paths.results_csv) as temporary:
        study_frame(root).to_csv(temporary, index=False)
    return paths.results_csv


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
