"""What a command that trains nothing imports: nothing that takes seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

SLOW = ("torch", "torchvision", "pandas", "optuna", "matplotlib", "scipy")
FOREIGN = Path(__file__).parent / "sweep" / "apps" / "shapes.py"
OURS = "from dropout_study.cli.train import main; main()"
THEIRS = f"import runpy; runpy.run_path({str(FOREIGN)!r}, run_name='__main__')"
TELL = f"""
import atexit, sys
roots = lambda: {{name.partition(".")[0] for name in sys.modules}}
atexit.register(lambda: print("slow:", *sorted(roots() & set({SLOW}))))
"""


def slow_imports(code: str, *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", TELL + code, *words], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize("words", [("--help",), ("--cfg", "job")])
@pytest.mark.parametrize("code", [OURS, THEIRS], ids=["ours", "theirs"])
def test_help_and_configuration_import_nothing_slow(code: str, words):
    sweeper = () if code == OURS else ("hydra/sweeper=optuna_study",)
    assert slow_imports(code, *sweeper, *words) == "slow:"


def test_a_slow_import_would_be_told():
    assert slow_imports("import optuna").startswith("slow: optuna")
