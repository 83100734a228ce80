"""The command that opens a study in optuna-dashboard."""

import shlex
from pathlib import Path

from dropout_study.search.storage.urls import masked


def dashboard_command(storage: str | Path) -> str:
    """Returns the shell command that shows a study's storage in a browser, while it runs or after.

    Args:
        storage: a database URL, whose password is not shown (whoever has it puts it back), or the
            path of a journal file.
    """
    text = str(storage)
    if "://" in text:
        return shlex.join(["optuna-dashboard", masked(text)])
    return shlex.join(["optuna-dashboard", "--storage-class", "JournalFileStorage", text])
