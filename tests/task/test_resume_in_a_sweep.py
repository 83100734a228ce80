"""Kills and interrupts of whole programs: what is trained on is what would have been trained."""

import csv
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_study import FaultyStudy, children, ended, is_alive, kill, wait_until

from dropout_study.paths import JobPaths, StudyPaths

NET = (
    *("data=synthetic", "data.n_train=1024", "data.val_size=64", "data.n_test=64", "report=none"),
    *("data.contrast=0.5", "model.init_std=null", "model.hidden1=32", "model.hidden2=32"),
    *("trainer.device=cpu", "trainer.batch_size=16", "trainer.resume_seconds=0"),
)
STUDY = (
    *NET,
    *("model.dropout1=interval(0,0.6)", "model.dropout2=0.2", "optimizer=adam"),
    *("optimizer.lr=tag(log,interval(0.001,0.01))", "hydra/sweeper/pruner=median"),
    *("hydra.sweeper.pruner.n_startup_trials=2", "hydra.sweeper.sampler.n_startup_trials=3"),
    *("hydra.sweeper.enqueue=[]", "hydra.sweeper.max_retries=1000", "trainer.patience=6"),
)
PROGRAM = ("-m", "dropout_study")


def study(root: Path, *given: str) -> FaultyStudy:
    return FaultyStudy(root, *STUDY, *given, program=PROGRAM)


def epochs(paths: StudyPaths, numbers: range) -> list[list[dict[str, str]]]:
    """Returns the learning curves without times; no trial has left a state."""
    assert not list(paths.root.rglob("resume.safetensors"))
    files = sorted(paths.root.rglob("history.csv"))
    assert {int(file.relative_to(paths.root).parts[0]) for file in files} == set(numbers)
    tables = [list(csv.DictReader(file.read_text().splitlines())) for file in files]
    return [[{**row, "seconds": ""} for row in table] for table in tables]


def table(study: FaultyStudy) -> list[dict[str, str]]:
    return [{**row, "seconds": "", "seconds_total": ""} for row in study.rows()]


def states(paths: StudyPaths) -> set[tuple[str, int]]:
    """Returns the states that there are, each with the moment of its writing."""
    found = set()
    for path in paths.root.rglob("resume.safetensors"):
        try:
            found.add((str(path), path.stat().st_mtime_ns))
        except FileNotFoundError:
            continue
    return found


def wait_for_an_epoch(paths: StudyPaths, process: subprocess.Popen[str]) -> None:
    before = states(paths)
    wait_until(lambda: states(paths) - before or process.poll() is not None, "an epoch")


def kill_at_random(study: FaultyStudy, kills: int, seed: int) -> int:
    """Runs a study whose programs are killed after random epochs; returns how often."""
    chance, done = random.Random(seed), 0
    while True:
        process = study.start()
        while done < kills and process.poll() is None:
            for _ in range(chance.randint(1, 3)):  # so many states are written meanwhile
                wait_for_an_epoch(study.paths, process)
            if process.poll() is not None:
                break
            workers = [each for each in children(process)[1:] if is_alive(each)]  # [0]: the guard
            if workers and chance.random() < 0.8:
                kill(chance.choice(workers))
            else:
                process.kill()
                process.wait()
            done += 1
        code, printed = ended(process)
        if code != -signal.SIGKILL:
            assert code == 0, printed
            return done


def continued(root: Path) -> list[int]:
    """Returns after which epochs trials have continued, from their logs."""
    logs = [path.read_text() for path in root.rglob("dropout_study.log")]
    return [int(n) for text in logs for n in re.findall(r"continues after epoch (\d+)", text)]


def check(tmp_path: Path, kills: int, trials: int, epochs_each: int, *given: str) -> None:
    size = (f"hydra.sweeper.n_trials={trials}", f"trainer.epochs={epochs_each}", *given)
    whole, parts = study(tmp_path / "whole", *size), study(tmp_path / "parts", *size)
    code, printed = whole.run()
    assert code == 0, printed
    done = kill_at_random(parts, kills, seed=7)
    assert done >= kills * 0.6
    assert table(parts) == table(whole)
    numbers = range(trials)
    assert epochs(parts.paths, numbers) == epochs(whole.paths, numbers)
    assert len(continued(parts.paths.root)) >= done // 3
    assert not continued(whole.paths.root)


WORKER = ("hydra.sweeper.n_jobs=1",)
WAYS = {
    "a worker": ((50, 40, 24), WORKER),
    "a population": ((12, 12, 16), ("hydra/launcher=population", "hydra.launcher.capacity=1")),
    "replicates": ((12, 6, 12), (*WORKER, "hydra.sweeper.replicates=2")),
}
"""Kills, trials and epochs of each, and how they are run."""


def test_a_study_killed_after_random_epochs(tmp_path: Path):
    check(tmp_path, 3, 4, 8, *WORKER)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_study_killed_many_times(tmp_path: Path, way: str):
    size, words = WAYS[way]
    check(tmp_path, *size, *words)


@pytest.fixture
def heeded_sigint() -> Iterator[None]:
    """Lets programs that are started heed SIGINT, which those in a shell's background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_sigint")
def test_a_single_run_is_killed_and_interrupted_and_goes_on(tmp_path: Path):
    def run(root: str, *given: str) -> subprocess.Popen[str]:
        command = [sys.executable, *PROGRAM, *NET, *given, f"hydra.run.dir={root}"]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
        )

    def history(root: str) -> list[dict[str, str]]:
        paths = JobPaths(tmp_path / root)
        assert not paths.resume.exists()
        return [
            {**row, "seconds": ""}
            for row in csv.DictReader(paths.history_csv.read_text().splitlines())
        ]

    words = ("trainer.epochs=40", "optimizer.momentum=0.9", "optimizer.lr=0.01")
    file = JobPaths(tmp_path / "parts").resume
    table, written = JobPaths(tmp_path / "parts").history_csv, set[int]()

    def goes_on() -> bool:  # it is written as a run continues, and after each epoch
        written.update(path.stat().st_mtime_ns for path in [table] if path.exists())
        return file.exists() and len(written) > 2

    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        rarely = ["trainer.resume_seconds=600"] if number == signal.SIGTERM else []
        process = run("parts", *words, *rarely)
        wait_until(goes_on, "an epoch after a state")
        before = file.stat().st_mtime_ns
        os.killpg(process.pid, number)
        written.clear()
        code, printed = ended(process)
        assert code == (-number if number == signal.SIGKILL else 130), printed
        assert file.exists()
    assert "SIGTERM: the run stops after its epoch" in printed
    assert file.stat().st_mtime_ns > before, "its state is written then"
    assert "interrupted; continue with: python -m dropout_study data=synthetic" in printed
    assert "Traceback" not in printed
    for root in ("parts", "whole"):
        code, printed = ended(run(root, *words))
        assert code == 0, printed
    assert len(continued(tmp_path / "parts")) == 3
    assert history("parts") == history("whole")
    code, printed = ended(run("parts", *words))
    assert code == 1
    assert "parts belongs to a run" in printed
