"""Ctrl-C and the like: the study is left as it can be resumed, and says how."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty_study import FaultyStudy, children, ended, is_alive, wait_until

FINISHED = ("COMPLETE", "PRUNED", "FAIL")


def begun(study: FaultyStudy, number: int) -> Callable[[], bool]:
    return (study.paths.job(number).root / "app.log").exists


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_the_running_trials_leave_and_the_study_is_resumed(tmp_path: Path, number):
    study = FaultyStudy(tmp_path / "study", "hydra.sweeper.n_trials=6", "epoch_s=0.1")
    process = study.start()
    wait_until(begun(study, 2), "the third trial")
    workers = children(process)
    if number == signal.SIGTERM:  # as a cluster does, also to the workers
        for worker in workers:
            os.kill(worker, number)
        process.send_signal(number)  # and through its own program that starts processes
    os.killpg(process.pid, number)
    code, printed = ended(process)
    assert code == 130, printed
    assert "started again" not in printed
    assert f"{number.name}: running trials stop after their epoch" in printed
    assert "resume with: python" in printed
    assert f"app.py --multirun hydra.sweep.dir={study.paths.root}" in printed
    assert "Traceback" not in printed
    assert not any(map(is_alive, workers))
    states = [trial.state.name for trial in study.trials()]
    assert set(states) == {"COMPLETE", "WAITING"}
    code, printed = study.run()
    assert code == 0, printed
    assert f"resumes: {states.count('COMPLETE')} of 6 trials are finished" in printed
    assert study.column("state") == ["COMPLETE"] * 6
    assert study.column("trial") == [str(number) for number in range(6)]


def test_twice_it_ends_at_once(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", "epoch_s=600")
    process = study.start()
    wait_until(begun(study, 1), "two trials")
    workers = children(process)
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout is not None
    while "send it again to end now" not in process.stdout.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    code, printed = ended(process)
    assert code == 130, printed
    assert "resume with: python" in printed
    assert f"app.py --multirun hydra.sweep.dir={study.paths.root}" in printed
    assert "Traceback" not in printed
    assert not any(map(is_alive, workers))
    assert {trial.state.name for trial in study.trials()} == {"WAITING"}
