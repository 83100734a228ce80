"""Studies on a real Ray: ``bash tests/cluster/ray.sh``."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clustered import ClusterStudy
from faulty_study import DEADLINE_S, is_alive, wait_until

from dropout_study.paths import conf_dir

pytestmark = pytest.mark.ray

WORKERS = """
import subprocess
import sys

import ray


@ray.remote(num_cpus=1, max_retries=-1)
def work(command):
    subprocess.run(command, check=True)


ray.init()  # at RAY_ADDRESS
ray.get([work.remote(sys.argv[1:]) for _ in range(2)])
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a program, and ends it with the test."""
    assert os.environ.get("RAY_ADDRESS"), "run `bash tests/cluster/ray.sh`"
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        with (tmp_path / "printed").open("w") as printed:
            process = subprocess.Popen(
                command,
                cwd=tmp_path,
                stdout=printed,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def end_whole(study: ClusterStudy, process: subprocess.Popen[str], tmp_path: Path) -> None:
    code = process.wait(timeout=DEADLINE_S)
    assert code == 0, (tmp_path / "printed").read_text()[-4000:]
    study.check_whole()
    assert study.repeated() <= 1


def test_waves_whose_jobs_have_a_quarter_of_a_gpu_and_one_of_which_is_killed(tmp_path, run):
    study = ClusterStudy(tmp_path / "study", trials=4, epochs=8)
    words = [f"hydra.searchpath=[file://{conf_dir().resolve()}]", "hydra/launcher=ray_waves"]
    words += ["hydra.sweeper.n_jobs=2", "hydra.launcher.ray.remote.num_gpus=0.25"]
    process = run(*study.command, *words)
    study.wait_for_epochs(2)
    os.kill(study.processes()[0], signal.SIGKILL)
    end_whole(study, process, tmp_path)
    assert study.gpus() == {"0"}


def test_long_lived_workers_one_of_which_is_killed(tmp_path, run):
    study = ClusterStudy(tmp_path / "study", trials=8)
    (tmp_path / "ray_workers.py").write_text(WORKERS)
    process = run(sys.executable, "ray_workers.py", *study.command)
    wait_until(lambda: len(study.processes()) >= 2, "two trials")
    study.wait_for_epochs(2)
    sweeper = parent(study.processes()[0])
    task = parent(sweeper)  # Ray's own process, which has started the command
    os.kill(sweeper, signal.SIGKILL)
    os.kill(task, signal.SIGKILL)
    wait_until(lambda: not is_alive(sweeper), "its end")
    end_whole(study, process, tmp_path)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
