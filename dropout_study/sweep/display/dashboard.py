"""The command that opens a study in optuna-dashboard."""

import shlex
from pathlib import Path

from dropout_study.search.storage.urls import JOURNAL_SCHEME, masked


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
