"""Several processes on one study: together they end at ``n_trials``, no number is used twice."""

import os
import signal
from pathlib import Path

import pytest
from faulty_study import FaultyStudy, children, ended, wait_until


def check_total(study: FaultyStudy, n_trials: int) -> None:
    assert study.column("trial") == [str(number) for number in range(n_trials)]
    assert set(study.column("state")) == {"COMPLETE"}
    trials = study.trials()
    assert [trial.number for trial in trials if trial.state.name == "COMPLETE"] == list(
        range(n_trials)
    )
    # One that several took at once, at the very end, waits for a larger `n_trials`.
    assert {trial.state.name for trial in trials[n_trials:]} <= {"WAITING"}
    assert begun_once(study, n_trials)


def begun_once(study: FaultyStudy, n_trials: int) -> bool:
    """Returns whether each trial's job was run once: it says so in the log of the workers."""
    said = study.paths.workers_log.read_text().splitlines()
    return sorted(said) == sorted(f"trial {number} prints" for number in range(n_trials))


def run_together(study: FaultyStudy, count: int) -> list[str]:
    processes = [study.start() for _ in range(count)]
    ends = [ended(process) for process in processes]
    assert [code for code, _ in ends] == [0] * count, ends
    return [printed for _, printed in ends]


def test_three_processes_create_a_study_at_once(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", "hydra.sweeper.n_trials=20", "epoch_s=0.01")
    run_together(study, 3)
    check_total(study, 20)


def test_the_last_trials_of_a_process_that_dies_are_run_by_one_that_waits(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", "hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1")
    dying = study.start("epoch_s=60")
    wait_until((study.paths.job(0).root / "app.log").exists, "its trial begins")
    waiting = study.start("hydra.sweeper.may_change=[epoch_s]")
    assert waiting.stdout is not None
    assert any("waits for 1 that other processes run" in line for line in waiting.stdout)
    dying.kill()
    assert ended(dying)[0] == -signal.SIGKILL
    code, printed = ended(waiting)
    assert code == 0, printed
    assert study.column("state") == ["COMPLETE"] * 2


def test_two_processes_pause_and_promote_the_trials_of_one_study(tmp_path: Path):
    pruner = ("hydra/sweeper/pruner=pause_and_promote", "hydra.sweeper.pruner.reduction_factor=2")
    study = FaultyStudy(tmp_path / "study", *pruner, "hydra.sweeper.n_trials=12", "epochs=5")
    run_together(study, 2)
    assert study.column("trial") == [str(number) for number in range(12)]
    trials = study.trials()
    assert [trial.state.name for trial in trials] == study.column("state")
    assert [trial.last_step for trial in trials] == list(map(int, study.column("epochs_run")))
    for rung, above in ((1, 2), (2, 4), (4, 5)):
        reached = [trial for trial in trials if (trial.last_step or 0) >= rung]
        promoted = [trial for trial in trials if (trial.last_step or 0) >= above]
        assert len(promoted) >= len(reached) // 2, "the best half of each rung went on"


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["journal", "sqlite"])
def test_eight_processes_create_a_study_at_once(tmp_path: Path, storage: str):
    given = ("hydra.sweeper.n_trials=100", "hydra.sweeper.n_jobs=1")
    url = f"sqlite:///{tmp_path}/study.db" if storage == "sqlite" else None
    study = FaultyStudy(tmp_path / "study", *given, url=url)
    run_together(study, 8)
    check_total(study, 100)


@pytest.mark.slow
def test_eight_workers_on_a_thousand_trials(tmp_path: Path):
    study = FaultyStudy(
        tmp_path / "study",
        *("hydra.sweeper.n_trials=1000", "hydra.sweeper.n_jobs=8"),
        "hydra/sweeper/sampler=random",
    )
    _, printed = study.run()
    print(printed.splitlines()[-1])
    check_total(study, 1000)


def test_trials_of_a_killed_process_are_finished_by_a_living_one(tmp_path: Path):
    given = ("hydra.sweeper.n_trials=12", "hydra.sweeper.n_jobs=1", "epoch_s=0.05")
    study = FaultyStudy(tmp_path / "study", *given, url=f"sqlite:///{tmp_path}/study.db")
    killed, living = study.start(), study.start()
    wait_until((study.paths.job(3).root / "app.log").exists, "four trials")
    os.kill(killed.pid, signal.SIGKILL)
    assert ended(killed)[0] == -signal.SIGKILL
    code, printed = ended(living)
    assert code == 0, printed
    assert children(living) == []
    assert study.column("state") == ["COMPLETE"] * 12
    assert {trial.state.name for trial in study.trials()} == {"COMPLETE"}
