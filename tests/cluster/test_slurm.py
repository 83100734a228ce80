"""Studies on a real Slurm: ``bash tests/cluster/slurm.sh``."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from clustered import ClusterStudy
from faulty_study import wait_until

pytestmark = pytest.mark.slurm

REQUEUE = """code=$?
if [ $code = 130 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit $code
"""
"""As in docs/scaling.md."""
ACTIVE = "pending,running,completing,configuring,requeued,suspended"


def slurm(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def submit(study: ClusterStudy, *options: str) -> str:
    """Submits the study's command as a job; returns its number."""
    words = " ".join(f"'{word}'" for word in study.command)
    script = f"#!/bin/bash\nsrun --ntasks=1 {words}\n{REQUEUE}"
    output = study.paths.root.with_name("slurm-%A_%a.out")
    return subprocess.run(
        ["sbatch", "--parsable", "--requeue", "--open-mode=append", f"--output={output}", *options],
        input=script,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def states(job: str) -> list[str]:
    return slurm("squeue", "-h", "-r", "-j", job, "-t", ACTIVE, "-o", "%T").split()


def wait_for_end(*jobs: str) -> None:
    for job in jobs:
        wait_until(lambda job=job: not states(job), f"the end of job {job}")


def wait_for_start(job: str) -> None:
    wait_until(lambda: set(states(job)) == {"RUNNING"}, f"the start of job {job}")


@pytest.fixture
def study(tmp_path: Path) -> ClusterStudy:
    return ClusterStudy(tmp_path / "study", trials=20)


def printed(study: ClusterStudy) -> str:
    files = study.paths.root.parent.glob("slurm-*.out")
    return "\n".join(file.read_text() for file in files)


def test_an_array_whose_jobs_are_requeued_cancelled_and_preempted(study):
    array = submit(study, "--array=0-1")
    wait_for_start(array)
    study.wait_for_epochs(3)
    slurm("scontrol", "requeue", f"{array}_0")
    study.wait_for_epochs(4)
    slurm("scancel", f"{array}_1")
    late = submit(study)
    study.wait_for_epochs(4)
    urgent = slurm("sbatch", "--parsable", "-p", "urgent", "-c", "4", "-o/dev/null", "--wrap=true")
    wait_for_end(urgent)
    wait_for_end(array, late)
    study.check_whole()
    assert study.repeated() == 0, "SIGTERM comes before the end: states are kept"
    assert printed(study).count("SIGTERM: running trials stop after their epoch") >= 3


def test_a_killed_job_costs_what_it_has_trained_since_its_state(study):
    array = submit(study, "--array=0-1")
    wait_for_start(array)
    study.wait_for_epochs(3)
    slurm("scancel", "--full", "--signal=KILL", f"{array}_0")
    wait_for_end(array)
    study.check_whole()
    assert study.repeated() <= 1


def test_a_job_at_the_end_of_its_time_goes_on_in_its_next_time(tmp_path):
    study = ClusterStudy(tmp_path / "study", trials=2, epochs=60, epoch_s=1)
    job = submit(study, "--time=2", "--signal=TERM@30")  # Slurm sends it up to 60 s earlier
    wait_until(lambda: "SIGTERM: running trials stop" in printed(study), "the signal")
    assert 0 < sum(map(len, study.trained().values())) < 120
    wait_until(lambda: study.paths.job(1).metrics_json.is_file(), "both trials")
    wait_for_end(job)
    study.check_whole()
    assert study.repeated() == 0


def test_waves_of_submitit_one_of_whose_jobs_is_preempted(tmp_path):
    study = ClusterStudy(tmp_path / "study", trials=4, epochs=8, epoch_s=1)
    words = ["hydra/launcher=submitit_slurm", "hydra.sweeper.n_jobs=2"]
    process = subprocess.Popen(
        [*study.command, *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    study.wait_for_epochs(2)
    job = slurm("squeue", "-h", "-r", "-t", "running", "-o", "%i").split()[0]
    slurm("scancel", f"--signal={signal.SIGUSR2.name.removeprefix('SIG')}", job)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    study.check_whole()
    assert study.repeated() <= 1
