"""The benchmarks run: each in its smallest form, to its table."""

import subprocess
import sys
from pathlib import Path

import pytest

import dropout_study

BENCHMARKS = Path(dropout_study.__file__).parents[1] / "benchmarks"
PARTS = {"floor.py", "limits.py", "rivals.py", "sweep_peer.py"}
"""Modules of the others, without a command of their own."""

QUICK = {
    "coverage.py": (["--studies", "20", "--seeds", "8"], "8, normal: "),
    "single_run.py": (["--share", "0.002", "--repeats", "1", "--device", "cpu"], "| floor |"),
    "tables.py": (["--trials", "5", "--epochs", "2", "--repeats", "1"], "load_study: "),
}
LONG = {
    "noise_layers.py": (["--share", "0.002", "--repeats", "1", "--device", "cpu"], "| concrete |"),
    "likely_best.py": (["--studies", "1"], "| waves | 0.3 | 40 |"),
    "overhead.py": (["--finished", "5", "--more", "4"], '"finished": 5'),
    "population.py": (
        ["--share", "0.002", "--populations", "1,2", "--repeats", "1", "--device", "cpu"],
        "| p | trial-epochs/s |",
    ),
    "pruning.py": (["--seeds", "1", "--trials", "2"], "| successive halving |"),
    "sweep.py": (
        ["--quickstart", "--contenders", "workers,population", "--trials", "2", "--repeats", "1"],
        "population",
    ),
}


def check(name: str, words: list[str], told: str, directory: Path) -> None:
    """Runs a benchmark in an empty directory; it ends well and prints a table with a word."""
    command = [sys.executable, str(BENCHMARKS / name), *words]
    ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert told in ended.stdout.lower(), ended.stdout


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_benchmark_prints_its_table(name, tmp_path):
    check(name, *QUICK[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_a_long_benchmark_prints_its_table(name, tmp_path):
    check(name, *LONG[name], tmp_path)


def test_every_benchmark_is_run():
    assert {path.name for path in BENCHMARKS.glob("*.py")} == PARTS | QUICK.keys() | LONG.keys()
