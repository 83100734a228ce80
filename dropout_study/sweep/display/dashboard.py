"""The command that opens a study in optuna-dashboard."""

import shlex
from pathlib import Path

from dropout_study.search.storage.urls import JOURNAL_SCHEME, masked


def dashboard_command(storage: str | Path) -> str:
    """Returns the shell command that shows a study's storage in a browser, while it runs or after.

    Args:
        storage: a URL, whose password is not shown (the user must put it back), or the path of a
            journal file.
    """
    text = str(storage).removeprefix(JOURNAL_SCHEME)
    if "://" in text:
        return shlex.join(["optuna-dashboard", masked(text)])
    return shlex.join(["optuna-dashboard", "--storage-class", "JournalFileStorage", text])
