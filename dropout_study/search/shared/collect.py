"""Collects a study from its storage, on any machine."""

import re
from pathlib import Path

import optuna

from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.search.shared.files import SharedFiles
from dropout_study.search.storage.open import closing_storage, open_storage
from dropout_study.search.storage.urls import absolute_url, file_of, masked

WAIT_S = 60


def fetch_study(root: Path, url: str, name: str | None = None) -> list[str]:
    """Writes the files of a study's trials, and its configuration, into ``root``.

    Args:
        root: directory of the study; made if it does not exist.
        url: URL of the study's storage.
        name: the study's name; None for the name of ``root``.

    Returns:
        One line for each thing that is not there.

    Raises:
        UserError: the storage cannot be opened, or has no such study.
    """
    paths, name = StudyPaths(root.absolute()), name or root.absolute().name
    url = absolute_url(url, Path.cwd())
    file = file_of(url)
    if file is not None and not file.is_file():  # to open it would make a new one
        raise UserError(f"{file} does not exist")
    storage = open_storage(url, paths.journal, wait_s=WAIT_S)
    known = optuna.get_all_study_names(storage)
    if name not in known:
        raise UserError(
            f"{masked(url)} has no study `{name}`; it has: {', '.join(sorted(known)) or 'none'}; "
            "give one with --study-name"
        )
    with closing_storage(optuna.load_study(storage=storage, study_name=name)) as study:
        shared = SharedFiles(study, paths)
        shared.fetch_study()
        lost = [trial.number for trial in shared.fetch()]
        trials = study.get_trials(deepcopy=False)
    running = [trial.number for trial in trials if not trial.state.is_finished()]
    told = [(lost, "have no files in the storage"), (running, "have not ended")]
    return [f"trials {_numbers(numbers)} {what}" for numbers, what in told if numbers]


def _numbers(numbers: list[int]) -> str:
    return re.sub(r"[\[\]]", "", str(numbers))
