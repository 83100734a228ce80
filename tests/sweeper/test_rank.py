"""Processes that a trial starts: they join it, and none outlives the sweep."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from faulty_study import is_alive, wait_until
from torch import distributed

from dropout_study.sweeper.rank import announced, rank_of
from dropout_study.sweeper.source import Assignment

APP = Path(__file__).parent / "apps" / "ranks.py"
SWEEP = ("--multirun", "hydra/sweeper=optuna_study", "+x=interval(0,1)", "hydra.sweep.dir=study")


def start(directory: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(APP), *SWEEP, *words],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )


def sleepers(directory: Path) -> list[int]:
    found = [path.read_text() for path in directory.glob("[0-9]*.[0-9]")]
    return [int(pid) for pid in found if pid]


@pytest.mark.parametrize("n_jobs", [0, 1])
def test_a_rank_runs_the_job_of_its_trial(tmp_path: Path, n_jobs):
    process = start(tmp_path, "hydra.sweeper.n_trials=2", f"hydra.sweeper.n_jobs={n_jobs}")
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed
    table = pd.read_csv(tmp_path / "study" / "results.csv")
    assert table["state"].tolist() == ["COMPLETE"] * 2
    for number in (0, 1):
        notes = [tmp_path / "study" / str(number) / f"rank_{rank}.txt" for rank in (0, 1)]
        first, second = (note.read_text() for note in notes)
        assert first == second == f"{number} {first.split()[1]}"
    assert sorted(p.name for p in (tmp_path / "study").iterdir() if p.is_dir()) == ["0", "1"]


def test_a_rank_that_fails_fails_its_trial(tmp_path: Path):
    words = ("hydra.sweeper.n_trials=1", "hydra.sweeper.n_jobs=1", "+fails=true")
    process = start(tmp_path, *words)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 1, printed
    assert "CalledProcessError" in printed
    log = (tmp_path / "study" / "0" / "ranks.log").read_text()
    assert "ValueError: the second rank's mistake" in log


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_sweep_that_is_itself_a_rank_is_refused_in_one_line(tmp_path: Path, rank):
    process = start(tmp_path, LOCAL_RANK=rank, WORLD_SIZE="2")
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    said = f"is rank {rank} of a distributed job (LOCAL_RANK={rank}), no sweep starts"
    assert said in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "study" / "journal.log").exists()


def test_ranks_of_torchrun_start_no_sweep(tmp_path: Path):
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2")
    ended = subprocess.run(
        [*torchrun, str(APP), *SWEEP],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert "no sweep starts" in ended.stderr
    assert not (tmp_path / "study" / "journal.log").exists()


def test_a_process_group_ends_with_its_trial(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MASTER_ADDR", "of.the.machine")
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    with announced(Assignment(0, overrides=[], params={}), tmp_path):
        os.environ.update(MASTER_ADDR="127.0.0.1", LOCAL_RANK="0")
        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    assert not distributed.is_initialized()
    assert os.environ["MASTER_ADDR"] == "of.the.machine"
    assert "LOCAL_RANK" not in os.environ


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, ("", 0)),
        ({"LOCAL_RANK": "0", "RANK": "0", "WORLD_SIZE": "1"}, ("", 0)),
        ({"LOCAL_RANK": "0", "RANK": "0", "WORLD_SIZE": "2"}, ("LOCAL_RANK", 0)),
        ({"LOCAL_RANK": "0", "RANK": "3"}, ("RANK", 3)),
        ({"SLURM_PROCID": "2", "SLURM_NTASKS": "4"}, ("SLURM_PROCID", 2)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, ("", 0)),
        ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"}, ("OMPI_COMM_WORLD_RANK", 0)),
        ({"LOCAL_RANK": ""}, ("", 0)),
    ],
)
def test_the_rank_is_what_a_launcher_says(environment, rank):
    assert rank_of(environment) == rank


def test_what_a_task_leaves_running_ends_with_the_sweep(tmp_path: Path):
    words = ("hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1", f"+leaves={tmp_path}")
    process = start(tmp_path, *words)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed
    assert len(sleepers(tmp_path)) == 4
    assert not any(map(is_alive, sleepers(tmp_path)))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_task_has_started_ends_with_a_killed_sweep(tmp_path: Path, number):
    words = ("hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1", f"+leaves={tmp_path}")
    process = start(tmp_path, *words, "+hangs=true")
    wait_until(lambda: sleepers(tmp_path), "a task that has started a process")
    process.send_signal(number)
    if number == signal.SIGTERM:  # the first asks the trial to leave, the second ends the sweep
        assert process.stdout is not None
        while "send it again to end now" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    wait_until(lambda: not any(map(is_alive, sleepers(tmp_path))), "their end")
