"""What commands import: nothing that takes seconds and is not used."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import SMALL

SLOW = ("torch", "torchvision", "pandas", "optuna", "matplotlib", "scipy")
FOREIGN = Path(__file__).parent / "sweeper" / "apps" / "shapes.py"
OURS = "from dropout_study.cli.train import main; main()"
THEIRS = f"import runpy; runpy.run_path({str(FOREIGN)!r}, run_name='__main__')"
TELL = f"""
import atexit, sys
roots = lambda: {{name.partition(".")[0] for name in sys.modules}}
atexit.register(lambda: print("slow:", *sorted(roots() & set({SLOW}))))
"""


UNUSED = ("torch._dynamo", "sympy", "torchvision", "pandas", "scipy", "matplotlib", "sqlalchemy")
SWEEPING = ("--multirun", "hydra/launcher=population", "search_space.n_trials=2")
TELL_UNUSED = f"""
import atexit, sys
atexit.register(lambda: print("unused:", *sorted(sys.modules.keys() & {{*{UNUSED}, "optuna"}})))
"""


def slow_imports(code: str, *words: str, tell: str = TELL, cwd: Path | None = None) -> str:
    command = [sys.executable, "-c", tell + code, *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize("words", [("--help",), ("--cfg", "job")])
@pytest.mark.parametrize("code", [OURS, THEIRS], ids=["ours", "theirs"])
def test_help_and_configuration_import_nothing_slow(code: str, words):
    sweeper = () if code == OURS else ("hydra/sweeper=optuna_study",)
    assert slow_imports(code, *sweeper, *words) == "slow:"


@pytest.mark.parametrize(("words", "used"), [((), ""), (SWEEPING, " optuna")])
def test_training_imports_neither_a_compiler_nor_what_a_report_needs(words, used, tmp_path):
    sizes = (*SMALL, "optimizer=adam", "~hydra.callbacks.curves")
    told = slow_imports(OURS, *words, *sizes, tell=TELL_UNUSED, cwd=tmp_path)
    assert told == f"unused:{used}"


def test_a_slow_import_would_be_told():
    assert slow_imports("import optuna").startswith("slow: optuna")
