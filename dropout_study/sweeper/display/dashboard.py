"""The command that opens a study in optuna-dashboard."""

import shlex
from importlib.util import find_spec
from pathlib import Path

from dropout_study.search.storage.urls import JOURNAL_SCHEME, masked


def dashboard_hint(storage: str | Path) -> str:
    """Returns the sentence that says how to see a study in a browser.

    Args:
        storage: as in ``dashboard_command``.
    """
    command = dashboard_command(storage)
    if find_spec("optuna_dashboard") is None:
        command = f"pip install 'dropout-study[dashboard]', then {command}"
    return f"to see the study in a browser, also while it runs: {command}"


def dashboard_command(storage: str | Path) -> str:
    """Returns the shell command that shows a study's storage in a browser, also while it runs.

    Args:
        storage: a URL or the path of a journal file. A URL's password is masked; the user must
            write it.
    """
    text = str(storage).removeprefix(JOURNAL_SCHEME)
    if "://" in text:
        return shlex.join(["optuna-dashboard", masked(text)])
    return shlex.join(["optuna-dashboard", "--storage-class", "JournalFileStorage", text])
