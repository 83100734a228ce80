"""Each worker sees its GPU, told from what its environment says: no GPU is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from command_line import SMALL, run_command

from dropout_study.cli.train import main
from dropout_study.launch.launch import launch_from
from dropout_study.sweeper.workers import gpus
from dropout_study.sweeper.workers.gpus import chosen_gpus, use_gpu

APP = Path(__file__).parent / "apps" / "sees.py"


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine with so many GPUs, by its driver's tool."""
    gpus._installed.cache_clear()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    def has(count: int) -> None:
        tool = tmp_path / "bin" / "nvidia-smi"
        tool.parent.mkdir()
        lines = [f"echo 'GPU {i}: Tensor 9 (UUID: GPU-{i})'; echo '  MIG 1'" for i in range(count)]
        tool.write_text("\n".join(["#!/bin/sh", '[ "$*" = --list-gpus ] || exit 1', *lines]))
        tool.chmod(0o755)

    yield has
    gpus._installed.cache_clear()


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [(None, []), ("auto", ["0", "1", "2"]), (2, ["0", "1"]), ([2, 0], ["2", "0"])],
)
def test_the_gpus_of_the_machine(machine, asked, chosen):
    machine(3)
    assert chosen_gpus(asked) == chosen


@pytest.mark.parametrize(
    ("named", "asked", "chosen"),
    [
        ("2,3", "auto", ["2", "3"]),
        ("2,3", [1], ["3"]),
        ("GPU-8d3a, MIG-77", 2, ["GPU-8d3a", "MIG-77"]),
        ("1,-1,0", "auto", ["1"]),  # as CUDA reads it
        ("", "auto", []),
        ("NoDevFiles", "auto", []),  # Slurm's word for none
    ],
)
def test_only_those_that_this_process_may_use(machine, monkeypatch, named, asked, chosen):
    machine(8)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert chosen_gpus(asked) == chosen


def test_without_a_driver_auto_finds_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert chosen_gpus("auto") == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (0, "must be auto, a number of GPUs >= 1 or a list of indices"),
        (True, "got True; for the first GPU alone use 1"),
        ("all", "got 'all'"),
        ([], "got []"),
        ([0, 0], "for several workers a GPU set n_jobs"),
        (["0"], "got ['0']"),
        (4, "`hydra.sweeper.gpus=4`: this process sees 2 GPUs (CUDA_VISIBLE_DEVICES=5,6); use"),
        ([0, 2], "`hydra.sweeper.gpus=[0,2]`: this process sees 2 GPUs"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(told, monkeypatch, asked, says):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6")
    assert says in told(chosen_gpus, asked)


def test_more_workers_than_gpus_take_turns(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "given")
    seen = []
    for place in range(3):
        use_gpu(["4", "7"], place)
        seen.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert seen == ["4", "7", "4"]


def test_one_worker_a_gpu_before_its_task_imports_anything(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-ab,5")
    command = [
        *(sys.executable, str(APP), "--multirun", "hydra/sweeper=optuna_study", "+x=range(0,9)"),
        *("hydra.sweep.dir=study", "hydra.sweeper.n_trials=8", "hydra.sweeper.gpus=2"),
    ]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert "2 workers on 2 GPUs: 3,GPU-ab" in ended.stdout
    table = pd.read_csv(tmp_path / "study" / "results.csv")
    assert set(table["sees"]) == {"[3]", "[GPU-ab]"}
    assert not table["torch"].any()


@pytest.fixture
def sweep(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)

    def run(*words: str):
        space = ["search_space=none", "search_space.study_name=s", "optimizer.lr=interval(0.1,0.2)"]
        return run_command(main, ["--multirun", *SMALL, *space, *words], capfd)

    return run


def test_a_population_on_each_gpu_one_of_which_dies_and_one_study(sweep, monkeypatch):
    def launch(source, **parts) -> None:
        """Notes its GPU as a worker begins; the first one dies with its first trial."""
        try:
            Path("died").touch(exist_ok=False)
        except FileExistsError:
            Path(f"gpu {os.environ['CUDA_VISIBLE_DEVICES']}").touch()
            launch_from(source, **parts)
        else:
            os._exit(9)

    monkeypatch.setattr("dropout_study.launch.launch.launch_from", launch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    words = ["hydra/launcher=population", "hydra.sweeper.gpus=auto", "search_space.n_trials=6"]
    ended = sweep(*words)
    assert ended.code == 0, ended.err
    assert sorted(path.name for path in Path().glob("gpu *")) == ["gpu 3", "gpu 5"]
    assert "trial 0 is started again: its process has exited with code 9" in ended.out
    table = pd.read_csv("outputs/s/results.csv")
    assert table["state"].tolist() == ["COMPLETE"] * 6
    assert table["trial"].tolist() == list(range(6))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hydra/launcher=joblib"], "other launchers give their jobs GPUs themselves"),
        (["hydra.sweeper.n_jobs=0"], "with hydra.sweeper.n_jobs=0 trials run in this one"),
        (["hydra.sweeper.gpus=3"], "this process sees 2 GPUs"),
    ],
)
def test_a_sweep_that_cannot_deal_them_out_is_refused(sweep, monkeypatch, words, says):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    ended = sweep("hydra.sweeper.gpus=auto", *words)
    assert ended.code == 1
    assert says in ended.err
    assert not Path("outputs/s").exists()
