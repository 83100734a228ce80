"""The command that resumes a study, as it is printed when a sweep ends early."""

import pytest

from dropout_study.sweeper.ending import resume_command


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["/venv/bin/dropout-study", "--multirun"], "dropout-study --multirun"),
        (["/lib/dropout_study/__main__.py", "-m"], "python -m dropout_study -m"),
        (["apps/my app.py", "x=a b"], "python 'apps/my app.py' 'x=a b'"),
        (
            ["sweep", "hydra.sweeper.storage=postgresql://me:secret@host/db"],
            "sweep hydra.sweeper.storage=postgresql://me:***@host/db",
        ),
    ],
)
def test_it_can_be_pasted_into_a_shell(argv, command):
    assert resume_command(argv) == command
