"""SIGKILL at random moments: nothing is lost, nothing is done twice, the table is whole."""

import random
import signal
import subprocess
from pathlib import Path

import pytest
from faulty_study import FaultyStudy, children, ended, is_alive, kill, wait_until

TARGETS = ("sweeper", "worker", "both")
SEARCH = (
    *("hydra/sweeper/pruner=median", "hydra.sweeper.pruner.n_startup_trials=3"),
    *("hydra.sweeper.sampler.n_startup_trials=5", "hydra.sweeper.max_retries=1000"),
)

PAUSES = (
    *("hydra/sweeper/pruner=pause_and_promote", "hydra.sweeper.pruner.reduction_factor=2"),
    *("hydra.sweeper.sampler.n_startup_trials=5", "hydra.sweeper.max_retries=1000"),
)


def disturb(study: FaultyStudy, kills: int, targets: tuple[str, ...], seed: int) -> int:
    """Runs a study that is killed at up to ``kills`` random moments; returns how often it was."""
    chance = random.Random(seed)
    done = 0
    while True:
        process = study.start()
        while done < kills and process.poll() is None:
            done += disturb_once(study, process, targets, chance)
        code, printed = ended(process)
        if code != -signal.SIGKILL:
            assert code == 0, printed
            return done


def disturb_once(
    study: FaultyStudy, process: subprocess.Popen, targets: tuple[str, ...], chance: random.Random
) -> bool:
    """Lets a study work on for a moment that nothing tells from others, and kills."""
    size = journal_size(study)
    wait_until(lambda: journal_size(study) > size or process.poll() is not None, "work")
    try:
        process.wait(chance.uniform(0, 0.6))
    except subprocess.TimeoutExpired:
        return strike(process, chance.choice(targets), chance)
    return False


def journal_size(study: FaultyStudy) -> int:
    return study.paths.journal.stat().st_size if study.paths.journal.exists() else 0


def strike(process: subprocess.Popen, target: str, chance: random.Random) -> bool:
    workers = children(process)
    if target == "worker":
        if workers:
            kill(chance.choice(workers))
        return bool(workers)
    if target == "both":
        for worker in chance.sample(workers, k=len(workers) // 2 + len(workers) % 2):
            kill(worker)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_alive, workers)), "workers end with their sweeper")
    return True


def check_whole(study: FaultyStudy, n_trials: int) -> None:
    """Exactly ``n_trials`` have finished, none twice, none lost; nothing is left about."""
    assert study.column("trial") == [str(number) for number in range(n_trials)]
    assert set(study.column("state")) <= {"COMPLETE", "PRUNED"}
    trials = study.trials()
    assert [trial.number for trial in trials] == list(range(n_trials))
    assert [trial.state.name for trial in trials] == study.column("state")
    assert [float(value) for value in study.column("x")] == [t.params["x"] for t in trials]
    assert study.temporaries() == []


def test_killed_at_random_moments(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", *SEARCH, "hydra.sweeper.n_trials=24", "epoch_s=0.02")
    with study.watched():
        kills = disturb(study, kills=5, targets=TARGETS, seed=1)
    assert kills >= 3
    check_whole(study, 24)


@pytest.mark.slow
def test_killed_at_fifty_random_moments(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", *SEARCH, "hydra.sweeper.n_trials=300", "epoch_s=0.02")
    with study.watched():
        assert disturb(study, kills=50, targets=TARGETS, seed=2) == 50
    check_whole(study, 300)


def test_one_worker_killed_anywhere_ends_with_the_table_of_one_never_stopped(tmp_path: Path):
    given = (*PAUSES, "hydra.sweeper.n_jobs=1", "hydra.sweeper.n_trials=12", "epoch_s=0.01")
    untouched = FaultyStudy(tmp_path / "untouched", *given)
    other = untouched.start()
    study = FaultyStudy(tmp_path / "study", *given)
    disturb(study, kills=3, targets=("sweeper", "both"), seed=3)
    assert ended(other)[0] == 0
    assert study.rows() == untouched.rows()


@pytest.mark.slow
@pytest.mark.parametrize(
    "pruner",
    [
        ["hydra/sweeper/pruner=successive_halving"],
        ["hydra/sweeper/pruner=hyperband"],
        ["hydra/sweeper/pruner=pause_and_promote", "hydra.sweeper.pruner.reduction_factor=3"],
        ["hydra/sweeper/pruner=percentile", "hydra.sweeper.pruner.percentile=50"],
    ],
    ids=" ".join,
)
def test_one_worker_killed_twenty_times(tmp_path: Path, pruner: list[str]):
    given = (
        *(*pruner, "hydra.sweeper.max_retries=1000", "hydra.sweeper.n_jobs=1", "epochs=9"),
        *("hydra.sweeper.n_trials=100", "epoch_s=0.01", "hydra.sweeper.study_name=both"),
    )
    untouched = FaultyStudy(tmp_path / "untouched", *given)
    assert untouched.run()[0] == 0
    study = FaultyStudy(tmp_path / "study", *given)
    assert disturb(study, kills=20, targets=TARGETS, seed=4) >= 15
    assert study.rows() == untouched.rows()
